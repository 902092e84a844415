"""PyScope beside other graph libraries: ``python -m benchmarks.compare``."""

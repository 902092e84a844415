"""Comparison of PyScope with TensorFlow 2.21, program by program.

See where PyScope stands, without TensorFlow (compares with the recorded results in ``data/``)::

    python -m tests.conformance.compare                      # all programs and generated ones, both modes
    python -m tests.conformance.compare scopes -m v1 -v      # programs with "scopes" in their name
    python -m tests.conformance.compare generated/17         # one generated program
    python -m tests.conformance.generate 17                  # its source

See what one program builds::

    python -m tests.conformance.runner scopes.nesting -m resource --module pyscope

Record anew, under a Python that has TensorFlow 2.21 (after adding programs)::

    python -m tests.conformance.record
"""

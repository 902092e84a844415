"""Conformance programs, grouped by area. Each takes ``tf`` and the trial ``t`` (see `tests.conformance.trial`)."""

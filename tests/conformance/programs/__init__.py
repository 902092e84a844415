"""Conformance programs by area. Each takes ``tf`` and the trial ``t`` (`tests.conformance.trial`)."""

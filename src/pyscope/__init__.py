"""TensorFlow 1 graph programs, without TensorFlow: ``import pyscope as tf``."""

from pyscope import _setup  # noqa: F401  (first: the core needs its tables)

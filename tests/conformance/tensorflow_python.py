"""Where TensorFlow is: the Python that PYSCOPE_TF_PYTHON names, or this one."""

import importlib.util
import os
import sys


def tensorflow_python():
    """Path of a Python that has TensorFlow, or None."""
    named = os.environ.get("PYSCOPE_TF_PYTHON")
    if named:
        return named
    return sys.executable if importlib.util.find_spec("tensorflow") else None

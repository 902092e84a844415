"""The same comparison against an installed TensorFlow, run now (marker ``tensorflow``)."""

import pytest

from . import registry
from .compare import compare
from .tensorflow_python import tensorflow_python

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(tensorflow_python() is None, reason="no TensorFlow (see PYSCOPE_TF_PYTHON)"),
]


@pytest.mark.parametrize("mode", registry.MODES)
def test_equal_to_tensorflow(mode):
    results, stale = compare(mode, live=True)
    assert {name: found[0] for name, found in results.items() if found} == {}
    assert stale == []

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
    different = {name: found[0] for name, found in results.items() if found}
    # Of several variables without a value TensorFlow names whichever its threads reach first: where it said otherwise
    # than we do, it is asked again, up to three times. No other difference gets a second chance.
    for _ in range(3):
        raced = [name for name, first in different.items() if "uninitialized" in str(first[1])]
        if not raced:
            break
        again, _ = compare(mode, raced, live=True)
        for name in raced:
            del different[name]
            if again[name]:
                different[name] = again[name][0]
    assert different == {}
    assert stale == []

"""``install_as_tensorflow``: what an import of tensorflow and its parts gives afterwards."""

import importlib
import sys

import pytest

import pyscope
from pyscope import _tensorflow


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """PyScope installed as tensorflow for one test; a TensorFlow some other test imported is set aside."""
    for name in [name for name in sys.modules if name == "tensorflow" or name.startswith("tensorflow.")]:
        monkeypatch.delitem(sys.modules, name)
    pyscope.install_as_tensorflow()
    yield
    _tensorflow.uninstall_as_tensorflow()
    assert not [name for name in sys.modules if name.startswith("tensorflow")]


def test_the_usual_imports():
    import tensorflow as tf
    import tensorflow.compat.v1 as tf1
    from tensorflow import nn
    from tensorflow.python.client import session
    from tensorflow.python.framework import dtypes, errors, ops, tensor_shape
    from tensorflow.python.ops import array_ops, math_ops
    from tensorflow.python.ops import variable_scope as vs
    from tensorflow.python.training.adam import AdamOptimizer

    assert tf.Graph is tf1.Graph is ops.Graph is pyscope.Graph
    assert tf.compat.v1 is tf1
    assert tf.float32 is dtypes.float32 is pyscope.float32
    assert nn is tf.nn and nn.relu is pyscope.nn.relu is tf1.nn.relu
    assert vs.get_variable is pyscope.get_variable
    assert session.Session is pyscope.Session
    assert math_ops.matmul is pyscope.matmul
    assert array_ops.reshape is pyscope.reshape
    assert errors.OpError is pyscope.errors.OpError
    assert tensor_shape.TensorShape is pyscope.TensorShape
    assert AdamOptimizer is tf.train.AdamOptimizer is pyscope.train.AdamOptimizer


def test_versions():
    import tensorflow as tf

    assert tf.__version__ == tf.VERSION == tf.version.VERSION == tf.compat.v1.__version__ == "1.15.5"
    assert pyscope.__version__ == "0.1.0"


@pytest.mark.parametrize(
    "module", ["tensorflow", "tensorflow.nn", "tensorflow.compat.v1", "tensorflow.python.ops.nn_ops"]
)
def test_a_missing_name_is_named(module):
    with pytest.raises(AttributeError) as caught:
        getattr(importlib.import_module(module), "no_such_name")  # noqa: B009
    assert str(caught.value) == f"module '{module}' has no attribute 'no_such_name': PyScope does not have it"


@pytest.mark.parametrize(
    "module", ["tensorflow.no_such", "tensorflow.python.ops.no_such", "tensorflow.compat.v2"]
)
def test_a_missing_module_is_named(module):
    parent, _, child = module.rpartition(".")
    message = f"cannot import '{child}' from '{parent}': PyScope does not have it"
    with pytest.raises(ImportError, match=message):
        importlib.import_module(module)
    with pytest.raises(ImportError, match=message):
        exec(f"from {parent} import {child}")


def test_shapes_have_dimensions_as_in_tensorflow_1():
    import tensorflow as tf

    x = tf.placeholder(tf.float32, [None, 64])
    assert x.get_shape()[1].value == 64
    assert x.get_shape()[0].value is None


def test_names_of_this_list_are_modules():
    """Every row of the table names at least modules that import, or is refused as a whole."""
    for key in _tensorflow.INTERNALS:
        try:
            module = importlib.import_module(f"tensorflow.{key}")
        except ImportError as error:
            assert "PyScope does not have it" in str(error)
        else:
            assert dir(module)


def test_programs_may_set_names():
    import tensorflow as tf

    tf.my_own = 3
    assert tf.my_own == 3
    assert not hasattr(pyscope, "my_own")


def test_import_star():
    names = {}
    exec("from tensorflow import *", names)
    assert names["placeholder"] is pyscope.placeholder
    assert "no_such_name" not in names


def test_a_second_call_changes_nothing():
    before = list(sys.meta_path)
    pyscope.install_as_tensorflow()
    assert sys.meta_path == before


def test_a_tensorflow_that_is_there_stays_untouched(tmp_path, monkeypatch):
    (tmp_path / "tensorflow.py").write_text("authentic = True")
    monkeypatch.syspath_prepend(tmp_path)
    import tensorflow

    assert not hasattr(tensorflow, "authentic")
    _tensorflow.uninstall_as_tensorflow()
    assert importlib.import_module("tensorflow").authentic
    with pytest.raises(RuntimeError, match="imported already"):
        pyscope.install_as_tensorflow()
    del sys.modules["tensorflow"]

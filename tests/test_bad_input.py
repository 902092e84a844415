"""Input that is wrong in ways no program should be: an error or a result, never a crash."""

import sys
import threading
import time

import numpy as np
import pytest

import pyscope as tf


def test_scopes_left_before_they_are_entered():
    for scope in (tf.name_scope("a"), tf.variable_scope("a")):
        with pytest.raises(AttributeError):
            scope.__exit__(None, None, None)
    assert tf.constant(1.0, name="c").name == "c:0"


def test_lists_that_hold_themselves_or_are_very_deep():
    endless = []
    endless.append(endless)
    deep = 1.0
    for _ in range(100_000):
        deep = [deep]
    for value in (endless, deep):
        with pytest.raises((ValueError, TypeError, RecursionError)):
            tf.shape(value)


def test_py_func_may_write_to_its_inputs():
    def fill(a):
        a[:] = 9
        return a

    x, c, fed = tf.placeholder(tf.float32, [2]), tf.constant([1.0, 2.0]), np.zeros(2, "f")
    with tf.Session() as sess:
        sess.run([tf.py_func(fill, [x], tf.float32), tf.py_func(fill, [c], tf.float32)], {x: fed})
        assert fed.tolist() == [0, 0]
        assert sess.run(c).tolist() == [1, 2]


def _x():
    return tf.placeholder(tf.float32, [2, 3], name="x")


_SCALAR_SHAPE = r"Shape must be rank 1 but is rank 0 for '{{node "
_NOT_SCALAR = r"Input must be scalar but has rank 1 for '{{node "
_NO_NAME = "`` is not a valid node name"

# A call, the class of TensorFlow's error, and how its message begins.
WRONG_CALLS = {
    "power of another dtype": (lambda: _x() ** tf.constant(1), TypeError, "Input 'y' of 'Pow' Op has type int32"),
    "reshape to -1": (lambda: tf.reshape(_x(), -1), ValueError, _SCALAR_SHAPE + "Reshape"),
    "reshape to a placeholder": (lambda: tf.reshape(_x(), tf.placeholder(tf.int32, [])), ValueError, _SCALAR_SHAPE),
    "tile by a number": (lambda: tf.tile(_x(), 2), ValueError, _SCALAR_SHAPE + "Tile"),
    "broadcast_to a number": (lambda: tf.broadcast_to(_x(), 3), ValueError, _SCALAR_SHAPE + "BroadcastTo"),
    "fill of a number": (lambda: tf.fill(-1, 2.0), ValueError, _SCALAR_SHAPE + "Fill"),
    "matmul transposed by a string": (
        lambda: tf.matmul(_x(), _x(), transpose_a=""), TypeError, "Expected bool for argument 'transpose_a' not ''."
    ),
    "top_k of several": (lambda: tf.nn.top_k(_x(), [2]), ValueError, _NOT_SCALAR + "TopKV2"),
    "top_k of fewer than none": (
        lambda: tf.nn.top_k(_x(), -1), ValueError, "Dimension size, given by scalar input 1, must be non-negative but"
    ),
    "split along several": (lambda: tf.split(_x(), 3, axis=[1]), ValueError, _NOT_SCALAR + "split"),
    "add_n of None": (lambda: tf.add_n(None), TypeError, "'NoneType' object is not iterable"),
    "squeeze by an array": (
        lambda: tf.squeeze(_x(), np.array([0])), TypeError, "Expected list for 'axis' argument to 'squeeze' Op, not"
    ),
    "diagonals of no number": (lambda: tf.linalg.diag(_x(), k=[]), ValueError, "diag_index must be a vector with one"),
    "a dimension beyond int64": (lambda: tf.placeholder(tf.float32, [2**70]), TypeError, "Error converting [11805916"),
    "an attribute beyond int64": (
        lambda: tf.dynamic_partition(_x(), [0, 1], 2**70), ValueError, "Value out of range: 1180591620717411303424"
    ),
    "updates without a dimension": (
        lambda: tf.scatter_nd([[0], [1]], 5, [2]), ValueError, "Shape must be at least rank 1 but is rank 0"
    ),
    "updates of a variable without a dimension": (
        lambda: tf.scatter_nd_add(tf.Variable([1.0, 2.0]), [[0]], 5.0), ValueError, "Shape must be at least rank 1 but"
    ),
    "rows and segments that differ": (
        lambda: tf.sparse_segment_sum(_x(), np.zeros(0, "i"), [0, 1]), ValueError, "Dimension 0 in both shapes must be"
    ),
    "a range of no ends": (
        lambda: tf.histogram_fixed_width(_x(), np.zeros(0, "f")), ValueError, "Dimension must be 2 but is 0"
    ),
    "sets of numbers": (lambda: tf.sets.difference(1, 2), ValueError, "Shape must be at least rank 2 but is rank 0"),
    "a constant without a name": (lambda: tf.constant(1.0, name=""), ValueError, _NO_NAME),
    "an operation without a type": (lambda: tf.get_default_graph().create_op("", []), ValueError, _NO_NAME),
    "an attribute of a wrong kind": (
        lambda: tf.cumsum([1.0], exclusive=5), TypeError, "Expected bool for argument 'exclusive' not 5."
    ),
    "a device that is a number": (lambda: tf.device(5), TypeError, "A device is a string"),
    "a variable from a list": (lambda: tf.Variable.from_proto([]), TypeError, "`variable_def` must be a VariableDef"),
    "a session that is a number": (lambda: _x().eval(session=5), TypeError, "`session` must be a tf.Session"),
    "sparse times dense": (
        lambda: tf.SparseTensor([[0, 0]], [1.0], [2, 3]) * _x(), NotImplementedError, "SparseDenseCwiseMul"
    ),
}


@pytest.mark.parametrize("label", WRONG_CALLS)
def test_wrong_calls(label):
    call, error, text = WRONG_CALLS[label]
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(text)
    assert tf.get_default_graph().get_name_scope() == ""


@pytest.mark.parametrize("argument", ["options", "run_metadata"])
def test_runs_with_wrong_options_change_nothing(argument):
    count = tf.Variable(0.0)
    step = count.assign_add(1.0)
    with tf.Session() as sess:
        sess.run(count.initializer)
        for error in (TypeError, AttributeError):        # TensorFlow's is the latter
            with pytest.raises(error, match=f"`{argument}` must be a Run"):
                sess.run(step, **{argument: 5})
        assert sess.run(count) == 0.0


def test_attributes_of_a_wrong_kind_leave_no_node():
    g = tf.get_default_graph()
    x = _x()
    for call in (
        lambda: tf.cumsum([1.0], exclusive=5),
        lambda: tf.nn.top_k(x, 2, sorted=5),
        lambda: tf.one_hot([1], 2, axis=1.5j),
        lambda: tf.reverse_sequence([[1.0]], [1], seq_axis="a"),
    ):
        with pytest.raises(TypeError):
            call()
    assert [op.name for op in g.get_operations() if op.type != "Const"] == ["x"]


def test_printing_what_is_no_scalar():
    text = tf.placeholder(tf.string)
    op = tf.get_default_graph().create_op("PrintV2", [text], [])
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="scalar"):
        sess.run(op, {text: ["a", "b"]})


def test_ranges_without_an_end_are_found_by_the_run():
    x = tf.range(np.nan, 3.0)
    assert x.shape.as_list() == [None]
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError):
        sess.run(x)


def test_groups_of_very_many_operations():
    ops = [tf.no_op() for _ in range(20_000)]
    start = time.process_time()
    assert len(tf.group(*ops).control_inputs) == 20_000
    assert time.process_time() - start < 2          # 40 ms; seconds if each were compared with all before


def test_names_of_very_many_components():
    name = "/".join(["a"] * 100_000)
    c = tf.constant(1.0, name=name)
    assert c.name == name + ":0"
    assert tf.get_default_graph().get_tensor_by_name(name + ":0") is c


def test_static_values_are_computed_in_silence():
    with pytest.raises(ValueError, match="must be non-negative"):
        tf.bincount(np.nan)              # a warning of NumPy's would be an error here


def test_protobuf_classes_are_made_once_in_any_number_of_threads(monkeypatch):
    from pyscope import config
    from pyscope.protos import _schema

    monkeypatch.setattr(_schema, "_schema", None)
    monkeypatch.setattr(_schema, "_pool", None)
    monkeypatch.setattr(config, "_classes", {})
    n, interval = 8, sys.getswitchinterval()
    start, found = threading.Barrier(n), []

    def ask():
        start.wait()
        found.append((_schema.real("GraphDef"), _schema.schema(), config._class("ConfigProto")))

    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=ask) for _ in range(n)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(found) == n
    assert len(set(found)) == 1


def test_an_axis_of_gather_is_a_scalar():
    for axis, rank in (([0], 1), ([[0]], 2)):
        with pytest.raises(ValueError, match=f"^Shape must be rank 0 but is rank {rank} for "):
            tf.gather([[1.0, 2.0]], [0], axis=axis)

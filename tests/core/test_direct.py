"""Functions whose usual calls are made in C build what the Python functions behind them build."""

import pytest

import pyscope as tf
from pyscope import _core as core


class Inputs:
    """Tensors to call functions with."""

    def __init__(self):
        self.x = tf.placeholder(tf.float32, [3, 4])
        self.y = tf.placeholder(tf.float32, [3, 4])
        self.open = tf.placeholder(tf.float32, None)
        self.half = tf.placeholder(tf.float16, [3, 4])
        self.i = tf.placeholder(tf.int32, [3, 4])
        self.column = tf.placeholder(tf.float32, [3, 1])
        self.image = tf.placeholder(tf.float32, [2, 8, 8, 3])
        self.images = tf.placeholder(tf.float32, [2, 2, 8, 8, 3])
        self.filter = tf.placeholder(tf.float32, [3, 3, 3, 5])
        self.bias = tf.placeholder(tf.float32, [4])
        self.channels = tf.placeholder(tf.float32, [8])
        self.axis = tf.placeholder(tf.int32, [])
        self.mask = tf.placeholder(tf.bool, [3, 4])
        self.v = tf.get_variable("v", [3, 4])


def _arguments(n):
    """(function, arguments, keywords) of usual and of odd calls."""
    for f in (tf.reduce_sum, tf.reduce_mean, tf.reduce_max):
        for axis in (0, -1, [0], [0, 1], (1,), [], None, 2, 1.5, n.axis, True, "0"):
            yield f, (n.x, axis), {}
            yield f, (n.open,), {"axis": axis, "keepdims": True}
        yield f, (n.v, 0), {}
        yield f, (n.x,), {"reduction_indices": 1, "keep_dims": True}
        yield f, (n.x, 0), {"reduction_indices": 1}
        yield f, (n.x, 0), {"keepdims": 1}
        yield f, (n.x, 0), {"keepdims": False, "name": "s"}
        yield f, (n.mask, 0), {}
        yield f, ([[1.0, 2.0]], 0), {}
    yield tf.reduce_all, (n.mask, 1), {}
    yield tf.reduce_any, (n.x, 1), {}
    mixed = ([n.x, n.i], [n.x, [[1.0] * 4]], [n.x, n.v], [n.x, n.bias])
    for values in ([n.x, n.y], (n.x, n.x, n.y), [n.x], n.x, [], *mixed):
        for axis in (0, -1, 1, 5, n.axis, [0], None):
            yield tf.concat, (values, axis), {}
            yield tf.stack, (values,), {"axis": axis}
        yield tf.stack, (values,), {}
        yield tf.stack, ([n.x, n.y],), {}
        yield tf.stack, (values,), {"name": ""}
        yield tf.concat, (values, 0), {"name": None}
        yield tf.concat, (values, 0, "c"), {}
    for sizes in (2, 3, 4, [1, 3], [4], n.axis, 0, True, "2"):
        yield tf.split, (n.x, sizes, 1), {}
        yield tf.split, (n.x, sizes), {"axis": -1, "name": "parts"}
        yield tf.split, (n.x, sizes), {"name": None}
    yield tf.split, (n.x, 3), {}
    yield tf.split, (n.x, [1, 2], 0, 2), {}
    yield tf.split, (n.open, 3, n.axis), {}
    for axis in (0, 1, -1, 2, 9, [0], None, n.axis, 0.5):
        yield tf.expand_dims, (n.x, axis), {}
        yield tf.expand_dims, (n.x,), {"dim": axis}
        yield tf.argmax, (n.x, axis), {}
        yield tf.argmax, (n.x,), {"dimension": axis, "output_type": tf.int32}
        yield tf.argmin, (n.i,), {"axis": axis}
        yield tf.gather, (n.x, [0, 2]), {"axis": axis}
        yield tf.reverse, (n.x, axis), {}
        yield tf.squeeze, (n.column, axis), {}
        yield tf.nn.softmax, (n.x, axis), {}
    for axes in ([1], [0], (1,), [0, 1], [-1], [1.0], n.axis):
        yield tf.squeeze, (n.column, axes), {}
        yield tf.squeeze, (n.column,), {"squeeze_dims": axes}
        yield tf.reverse, (n.x, axes), {}
    yield tf.squeeze, (n.column,), {}
    yield tf.argmax, (n.x,), {}
    yield tf.gather, (n.x, n.i), {}
    yield tf.gather, (n.x, n.i), {"batch_dims": 1}
    yield tf.gather, (n.x, n.i), {"batch_dims": 1, "axis": 1}
    yield tf.gather, (n.v, n.i), {}
    yield tf.gather, ([1, 2, 3], n.i), {}
    odd = ([1, 0, 0, 1], [1, -1, 2, 1], [1.0, 1, 1, 1], [1, 2, 2])
    for steps in ([1, 1, 1, 1], [1, 2, 2, 1], (1, 2, 2, 1), 2, [2, 2], *odd):
        for padding in ("SAME", "VALID", "same", "EXPLICIT", None, [[0, 0], [1, 1], [1, 1], [0, 0]], b"SAME"):
            yield tf.nn.conv2d, (n.image, n.filter, steps, padding), {}
            yield tf.nn.max_pool, (n.image, [1, 2, 2, 1], steps, padding), {}
            yield tf.nn.avg_pool, (n.image, steps, [1, 1, 1, 1], padding), {}
    yield tf.nn.conv2d, (n.image,), {"filters": n.filter, "strides": [1, 1, 1, 1], "padding": "SAME"}
    yield tf.nn.conv2d, (n.image, n.filter), {"strides": [1, 1, 1, 1], "padding": "SAME", "dilations": [1, 2, 2, 1]}
    yield tf.nn.conv2d, (n.image, n.filter), {"strides": [1, 1, 1, 1]}
    yield tf.nn.conv2d, (n.image, n.filter), {}
    yield tf.nn.conv2d, (n.images, n.filter, [1, 1, 1, 1], "SAME"), {}
    yield tf.nn.conv2d, (n.image, n.filter, [1, 1, 1, 1], "SAME"), {"data_format": "NCHW"}
    yield tf.nn.conv2d, (n.image, n.filter, [1, 1, 1, 1], "SAME"), {"data_format": "other"}
    yield tf.nn.max_pool, (n.image, [1, 0, 0, 1], [1, 2, 2, 1], "SAME"), {"name": "p"}
    yield tf.nn.max_pool, (), {"input": n.image, "ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "SAME"}
    yield tf.nn.bias_add, (n.x, n.bias), {}
    yield tf.nn.bias_add, (n.x, [1.0, 2.0, 3.0, 4.0]), {}
    yield tf.nn.bias_add, ([[1.0, 2.0, 3.0, 4.0]], n.bias), {}
    yield tf.nn.bias_add, (n.half, n.bias), {}
    yield tf.nn.bias_add, (n.x, n.channels), {}
    yield tf.nn.bias_add, (n.image, n.channels), {"data_format": "NCHW"}
    yield tf.nn.bias_add, (n.x, n.bias), {"data_format": "NH"}
    yield tf.nn.softmax, ([1.0, 2.0],), {}
    yield tf.nn.log_softmax, (n.x,), {"name": "s"}
    for a, b in ((n.x, n.y), (n.x, 2), (n.x, 2.0), (n.i, n.i), (n.i, 2), (n.half, n.half), (n.half, 2.0), (2.0, n.x),
                 (n.x, n.half), (n.x, n.v), (n.mask, n.mask), (n.x, "a"), (n.x, n.channels)):  # fmt: skip
        for f in (tf.truediv, tf.div, tf.add, tf.subtract, tf.maximum, tf.less, tf.equal, tf.logical_and, tf.pow):
            yield f, (a, b), {}
            yield f, (a,), {"y": b, "name": "q"}
    for shape in (None, [], [None, 3], (2, 3), 3, [2, -1], tf.TensorShape([4]), "a", [2.5]):
        yield tf.placeholder, (tf.float32, shape), {}
        yield tf.placeholder, ("int32",), {"shape": shape, "name": "p"}
    yield tf.placeholder, (), {}
    yield tf.placeholder, (3.5,), {}


def _flat(value):
    if isinstance(value, list | tuple):
        return [type(value).__name__] + [_flat(v) for v in value]
    return value.name


def _built(wrapped):
    core.replaying(False)
    try:
        with tf.Graph().as_default() as graph:
            out = []
            for f, args, keywords in _arguments(Inputs()):
                if wrapped:
                    f = getattr(f, "__wrapped__", f)
                try:
                    out.append((f.__name__, _flat(f(*args, **keywords))))
                except (TypeError, ValueError, AttributeError, IndexError, tf.errors.OpError) as e:
                    out.append((f.__name__, type(e).__name__, str(e).splitlines()[0] if str(e) else ""))
            nodes = [
                (op.name, op.type, [t.name for t in op.inputs], repr(op._attrs()), [str(t.shape) for t in op.outputs])
                for op in graph.get_operations()
            ]
            return out, nodes
    finally:
        core.replaying(True)


def test_the_same_is_built():
    results, nodes = _built(False)
    expected_results, expected_nodes = _built(True)
    for mine, other in zip(results, expected_results, strict=True):
        assert mine == other
    assert nodes == expected_nodes


@pytest.mark.parametrize("n", [2, 5, 40, 200])
def test_many_outputs(n):
    x = tf.placeholder(tf.float32, [n, 3])
    parts = tf.split(x, n)
    assert [p.shape.as_list() for p in parts] == [[1, 3]] * n
    assert all(p.op is parts[0].op for p in parts) and [p.value_index for p in parts] == list(range(n))


def test_group():
    def build(outer):
        with tf.Graph().as_default() as graph:
            a, b, c = tf.no_op(), tf.constant(1.0), tf.no_op(name="c")
            out = [tf.group(a, b), tf.group(a, b, name="all"), tf.group(), tf.group(a, a, b.op)]
            with tf.control_dependencies([c]):
                out += [tf.group(a, c), tf.group(b)]
            with tf.name_scope("s"):
                out.append(tf.group(a, [b, [c]]) if outer else tf.group(a, b, c))
            with tf.device("/cpu:0"):
                d = tf.no_op()
            out += [tf.group(a, d), tf.group(d)]
            return [(op.name, [c.name for c in op.control_inputs], op.device, str(op._attrs()))
                    for op in graph.get_operations()], [op.name for op in out]  # fmt: skip

    nodes, names = build(False)
    assert (nodes, names) == build(True)
    assert names[:4] == ["group_deps", "all", "group_deps_1", "group_deps_2"]
    assert dict((name, waits) for name, waits, _, _ in nodes)["group_deps_2"] == ["NoOp", "Const"]


def test_colocation_is_noted_without_python():
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2], name="x")
        with graph.colocate_with(x.op):
            y = x + 1.0
            with tf.device("/cpu:0"):
                z = x + 2.0
        with tf.device("/cpu:1"):
            w = tf.no_op(name="w")
        with graph.colocate_with(w):
            v = tf.no_op()
        assert y.op.colocation_groups() == [b"loc:@x"] and y.op.inputs[1].op.colocation_groups() == [b"loc:@x"]
        assert z.op.colocation_groups() == [b"loc:@x"] and z.device == "/device:CPU:0"
        assert v.colocation_groups() == [b"loc:@w"] and v.device == "/device:CPU:1"
        assert x.op.colocation_groups() == [b"loc:@x"] and (x * 2.0).op.colocation_groups() == [b"loc:@mul"]


def test_shapes_of_variables_are_remembered_apart():
    with tf.Graph().as_default():
        a, b = tf.get_variable("a", [2, 3]), tf.get_variable("b", [4])
        c = tf.get_variable("c", [4], dtype=tf.float64)
        for _ in range(3):
            assert a.read_value().shape == [2, 3] and b.read_value().shape == [4]
            assert c.read_value().dtype is tf.float64
            with pytest.raises(ValueError, match="incompatible|Dimension|Shape"):
                tf.raw_ops.AssignVariableOp(resource=a.handle, value=tf.zeros([5])) if hasattr(tf, "raw_ops") else (
                    a.assign(tf.zeros([5])))
            assert tf.gather(a, [1]).shape == [1, 3]

"""Loops: values, nodes, gradients, invariants, errors; functional and v1."""

import numpy as np
import pytest

import pyscope as tf


@pytest.fixture
def v1():
    """v1 control flow during the test."""
    tf.disable_control_flow_v2()
    yield
    tf.enable_control_flow_v2()


def run(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed)


def test_values():
    i, total = tf.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + tf.cast(i, tf.float32)), [0, 0.0])
    assert run([i, total]) == [5, 10.0]


def test_nodes_are_those_of_tensorflow():
    n = tf.constant(3, name="n")
    tf.while_loop(lambda i: i < n, lambda i: i + 1, [tf.constant(0)])
    nodes = [(op.name, op.type) for op in tf.get_default_graph().get_operations()]
    assert nodes == [("n", "Const"), ("Const", "Const"), ("while/maximum_iterations", "Const"),
                     ("while/loop_counter", "Const"), ("while", "StatelessWhile"), ("while/Identity", "Identity"),
                     ("while/Identity_1", "Identity"), ("while/Identity_2", "Identity"),
                     ("while/Identity_3", "Identity")]  # fmt: skip
    op = tf.get_default_graph().get_operation_by_name("while")
    assert op.get_attr("_num_original_outputs") == 4
    assert [t.op.name for t in op.inputs] == ["while/loop_counter", "while/maximum_iterations", "Const", "n"]


@pytest.mark.parametrize("n", [0, 1, 4])
def test_gradient_of_a_power(n):
    x = tf.placeholder(tf.float64, [])
    w = tf.get_variable("w", initializer=np.float64(1.5))
    _, y = tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * w), [0, x])
    y, (dx, dw) = run([y, tf.gradients(y, [x, w])], {x: 2.0})
    np.testing.assert_allclose([y, dx, dw], [2.0 * 1.5**n, 1.5**n, 2.0 * n * 1.5 ** (n - 1)])


def numeric_gradient(f, x, eps=1e-6):
    """Central differences of a function of an array, element by element."""
    x = np.array(x, np.float64)
    out = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = eps
        out[i] = (f(x + step) - f(x - step)) / (2 * eps)
    return out


@pytest.mark.parametrize(
    "build",
    [
        lambda x: tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y + tf.reduce_mean(y * y)), [0, x])[1],
        lambda x: tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.concat([y, y[:1] * 2.0], 0)), [0, x],
                                shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])])[1],
        lambda x: tf.while_loop(
            lambda i, y: i < 3,
            lambda i, y: (i + 1, tf.cond(tf.equal(i % 2, 0), lambda: tf.sin(y), lambda: y * x)), [0, x])[1],
        lambda x: tf.while_loop(
            lambda i, y: i < 2,
            lambda i, y: (i + 1, tf.while_loop(lambda j, z: j <= i, lambda j, z: (j + 1, z * x), [0, y])[1]),
            [0, x])[1],
        lambda x: tf.while_loop(lambda i, y: i < 5, lambda i, y: (i + 1, y * x), [0, x], maximum_iterations=2)[1],
    ],
    ids=["mean", "growing", "cond", "nested", "limited"],
)  # fmt: skip
def test_gradients_by_differences(build):
    x = tf.placeholder(tf.float64, [None])
    y = tf.reduce_sum(build(x))
    (dx,) = tf.gradients(y, x)
    value = [0.3, -1.2, 0.8]
    with tf.Session() as session:
        wanted = numeric_gradient(lambda v: session.run(y, {x: v}), value)
        np.testing.assert_allclose(session.run(dx, {x: value}), wanted, rtol=1e-6, atol=1e-8)


def test_sparse_gradient_of_a_table():
    w = tf.get_variable("w", initializer=np.arange(6.0).reshape(3, 2))
    _, total = tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s + tf.reduce_sum(tf.gather(w, [i, 0]))),
                             [0, tf.constant(0.0, tf.float64)])  # fmt: skip
    gradient = tf.convert_to_tensor(tf.gradients(total, w)[0])
    np.testing.assert_array_equal(run(gradient), [[4.0, 4.0], [1.0, 1.0], [1.0, 1.0]])


def test_variables_in_the_body():
    v = tf.get_variable("v", initializer=0.0)

    def body(i):
        with tf.control_dependencies([tf.assign_add(v, tf.cast(i, tf.float32))]):
            return i + 1

    loop = tf.while_loop(lambda i: i < 4, body, [tf.constant(0)])
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(loop) == 4 and session.run(v) == 6.0


def test_long_loop():
    assert run(tf.while_loop(lambda i: i < 20000, lambda i: i + 1, [0])) == 20000


def test_no_gradient_without_back_prop():
    x = tf.constant(2.0)
    _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, x], back_prop=False)
    assert tf.gradients(y, x) == [None]


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda x: tf.while_loop(lambda x: True, lambda x: tf.concat([x, x], 0), [x]), ValueError,
         "enters the loop with shape"),
        (lambda x: tf.while_loop(lambda x: True, lambda x: tf.cast(x, tf.int32), [x]), TypeError,
         "enters the loop with type"),
        (lambda x: tf.while_loop(1, lambda x: x, [x]), TypeError, "'cond' must be callable."),
        (lambda x: tf.while_loop(lambda x: True, 1, [x]), TypeError, "'body' must be callable."),
        (lambda x: tf.while_loop(lambda x: True, lambda x: x, [x], parallel_iterations=0), TypeError,
         "must be a positive integer"),
        (lambda x: tf.while_loop(lambda x: True, lambda x: (x, x), [x]), ValueError, "same nested structure"),
    ],
)  # fmt: skip
def test_errors(build, error, message):
    with pytest.raises(error, match=message):
        build(tf.constant([1.0]))


def test_v1_values(v1):
    y = tf.placeholder_with_default(2.0, [])
    i, s = tf.while_loop(lambda i, s: i < 4, lambda i, s: (
        i + 1, tf.cond(tf.equal(i % 2, 0), lambda: s * y, lambda: s + 1.0)), [0, 1.0])  # fmt: skip
    nested = tf.while_loop(lambda i, s: i < 3, lambda i, s: (
        i + 1, s + tf.while_loop(lambda j: j < i, lambda j: j + 1, [0])), (0, 0))  # fmt: skip
    inside = tf.cond(y > 0.0, lambda: tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s * y), [0, y])[1],
                     lambda: y)  # fmt: skip
    assert run([i, s, nested, inside]) == [4, 7.0, (3, 3), 16.0]


def test_v1_nodes(v1):
    tf.while_loop(lambda i: i < 3, lambda i: i + 1, [tf.constant(0)])
    names = [op.name for op in tf.get_default_graph().get_operations()]
    assert names == ["Const", "while/Enter", "while/Merge", "while/Less/y", "while/Less", "while/LoopCond",
                     "while/Switch", "while/Identity", "while/add/y", "while/add", "while/NextIteration",
                     "while/Exit"]  # fmt: skip


@pytest.mark.parametrize(
    "build",
    [
        lambda x: tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y + tf.reduce_mean(y * y)), [0, x])[1],
        lambda x: tf.while_loop(
            lambda i, y: i < 4,
            lambda i, y: (i + 1, tf.cond(tf.equal(i % 2, 0), lambda: tf.sin(y), lambda: y * x)), [0, x])[1],
        lambda x: tf.while_loop(
            lambda i, y: i < 2,
            lambda i, y: (i + 1, tf.while_loop(lambda j, z: j <= i, lambda j, z: (j + 1, z * x), [0, y])[1]),
            [0, x])[1],
        lambda x: tf.scan(lambda a, b: a * b, x),
    ],
    ids=["mean", "cond", "nested", "scan"],
)  # fmt: skip
def test_v1_gradients_by_differences(v1, build):
    x = tf.placeholder(tf.float64, [None])
    y = tf.reduce_sum(build(x))
    (dx,) = tf.gradients(y, x)
    value = [0.3, -1.2, 0.8]
    with tf.Session() as session:
        wanted = numeric_gradient(lambda v: session.run(y, {x: v}), value)
        np.testing.assert_allclose(session.run(dx, {x: value}), wanted, rtol=1e-6, atol=1e-8)

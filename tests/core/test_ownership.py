"""Arrays that go into a session or come out of one belong to the caller: no later run sees what is done to them."""

import numpy as np
import pytest

import pyscope as tf


def _variable(value, use_resource):
    return tf.Variable(np.array(value, np.float32), use_resource=use_resource)


UPDATES = {
    "assign": (lambda v, x: tf.assign(v, x), [3]),
    "assign_reshaped": (lambda v, x: tf.assign(v, tf.reshape(x, [3])), [3, 1]),
    "assign_row": (lambda v, x: tf.assign(v, x[0]), [2, 3]),
    "assign_transposed": (lambda v, x: tf.assign(v, tf.transpose(x)[0]), [3, 1]),
    "assign_slice": (lambda v, x: v[0:3].assign(x), [3]),
    "scatter_update": (lambda v, x: tf.scatter_update(v, [0, 1, 2], x), [3]),
    "scatter_nd_update": (lambda v, x: tf.scatter_nd_update(v, [[0], [1], [2]], x), [3]),
    "identity": (lambda v, x: tf.assign(v, tf.identity(x)), [3]),
    "py_func": (lambda v, x: tf.assign(v, tf.ensure_shape(tf.py_func(lambda a: a, [x], tf.float32), [3])), [3]),
    "tensor_array": (lambda v, x: tf.assign(v, tf.TensorArray(tf.float32, 1).write(0, x).read(0)), [3]),
    "tensor_array_rows": (lambda v, x: tf.assign(v, tf.TensorArray(tf.float32, 2).unstack(x).read(1)), [2, 3]),
    "while": (lambda v, x: tf.assign(v, tf.while_loop(lambda i, y: i < 1, lambda i, y: (i + 1, y), [0, x])[1]), [3]),
    "cond": (lambda v, x: tf.assign(v, tf.cond(tf.placeholder_with_default(True, []), lambda: x, lambda: x + 1.0)),
             [3]),
}


@pytest.fixture(params=[True, False], ids=["resource", "reference"])
def use_resource(request):
    return request.param


@pytest.fixture(params=[True, False], ids=["v2", "v1"])
def control_flow(request):
    if not request.param:
        tf.disable_control_flow_v2()
    yield
    tf.enable_control_flow_v2()


@pytest.mark.parametrize("name", UPDATES)
def test_what_is_kept_of_a_fed_array(name, use_resource, control_flow):
    function, shape = UPDATES[name]
    v = _variable([0.0, 0.0, 0.0], use_resource)
    x = tf.placeholder(tf.float32, shape)
    update, read, add = function(v, x), tf.identity(v), tf.assign_add(v, tf.ones([3]))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        given = np.ones(shape, np.float32)
        fetched = session.run(update, {x: given})
        assert given.tolist() == np.ones(shape).tolist()
        given[...] = 7.0
        assert session.run(read).tolist() == [1.0, 1.0, 1.0]
        fetched[...] = 8.0
        kept = session.run(read)
        assert kept.tolist() == [1.0, 1.0, 1.0]
        session.run(add)
        assert kept.tolist() == [1.0, 1.0, 1.0]
        assert given.tolist() == np.full(shape, 7.0).tolist()
        kept[...] = 9.0
        assert session.run(read).tolist() == [2.0, 2.0, 2.0]


FETCHES = {
    "identity": tf.identity,
    "reshape": lambda x: tf.reshape(x, [-1]),
    "transpose": tf.transpose,
    "row": lambda x: x[0],
    "unstack": lambda x: tf.unstack(x)[1],
    "tensor_array": lambda x: tf.TensorArray(tf.float32, 1).write(0, x).read(0),
    "tensor_array_rows": lambda x: tf.TensorArray(tf.float32, 2, clear_after_read=False).unstack(x).read(1),
    "tensor_array_split": lambda x: tf.TensorArray(tf.float32, 1, infer_shape=False).split(x, [2]).read(0),
    "while": lambda x: tf.while_loop(lambda i, y: i < 1, lambda i, y: (i + 1, y), [0, x])[1],
    "py_func": lambda x: tf.py_func(lambda a: a, [x], tf.float32),
}


@pytest.mark.parametrize("name", FETCHES)
def test_fetches_share_nothing_with_feeds_or_each_other(name, control_flow):
    x = tf.placeholder(tf.float32, [2, 3])
    y = FETCHES[name](x)
    with tf.Session() as session:
        given = np.arange(6, dtype=np.float32).reshape(2, 3)
        first, second = session.run([y, tf.identity(y)], {x: given})
        again = session.run(y, {x: given})
        expected = again.copy()
        first[...] = -1.0
        assert given.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
        np.testing.assert_array_equal(second, expected)
        np.testing.assert_array_equal(again, expected)
        given[...] = -2.0
        np.testing.assert_array_equal(again, expected)


def test_what_a_python_function_keeps_is_its_own(use_resource):
    buffer = np.zeros(3, np.float32)
    v = _variable([5.0, 5.0, 5.0], use_resource)
    assign = tf.assign(v, tf.ensure_shape(tf.py_func(lambda: buffer, [], tf.float32), [3]))
    seen = []
    watch = tf.py_func(lambda a: seen.append(a) or np.float32(0), [v], tf.float32)
    with tf.Session() as session:
        session.run(v.initializer)
        session.run(watch)
        fetched = session.run(assign)
        buffer[:] = 1.0
        assert session.run(v).tolist() == [0.0, 0.0, 0.0]
        fetched[:] = 2.0
        assert buffer.tolist() == [1.0, 1.0, 1.0]
        assert seen[0].tolist() == [5.0, 5.0, 5.0]
        seen[0][:] = 3.0
        assert session.run(v).tolist() == [0.0, 0.0, 0.0]


def test_feeds_of_a_partial_run_are_taken_when_they_are_given():
    x, y = tf.placeholder(tf.float32, [2]), tf.placeholder(tf.float32, [2])
    total, double = x + y, x * 2.0
    with tf.Session() as session:
        handle = session.partial_run_setup([double, total], [x, y])
        given = np.ones(2, np.float32)
        assert session.partial_run(handle, double, {x: given}).tolist() == [2.0, 2.0]
        given[:] = 9.0
        assert session.partial_run(handle, total, {y: np.ones(2, np.float32)}).tolist() == [2.0, 2.0]

"""Loops and conditions hand values over: what is written in place is seen by nobody else. Lists likewise."""

import numpy as np
import pytest

import pyscope as tf
from pyscope import _core as core
from pyscope.ops import tensor_list as lists


@pytest.fixture(params=["functional", "v1"], autouse=True)
def control_flow(request):
    if request.param == "v1":
        tf.disable_control_flow_v2()
    yield request.param
    tf.enable_control_flow_v2()


def _ones(shape=(4, 3)):
    return tf.placeholder_with_default(np.ones(shape, np.float32), None)


def test_a_value_outside_is_not_written():
    x = _ones() + 1.0
    y = tf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * 2.0), (0, x))[1]
    z = x + 5.0
    with tf.Session() as sess:
        a, b, c = sess.run([y, z, x])
        assert (a == 16).all()
        assert (b == 7).all()
        assert (c == 2).all()


def test_variables_and_feeds_are_not_written():
    v = tf.get_variable("v", initializer=np.ones(5, np.float32))
    p = tf.placeholder(tf.float32, [5])
    y, z = tf.while_loop(lambda a, b: tf.reduce_sum(a) < 100.0, lambda a, b: (a * 2.0, b + 1.0), (v, p))
    fed = np.zeros(5, np.float32)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(2):
            a, b = sess.run([y, z], {p: fed})
            assert (a == 32).all()
            assert (b == 5).all()
        assert (fed == 0).all()
        assert (sess.run(v) == 1).all()


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_values_change_places(n):
    x, y = _ones() * 2.0, _ones() * 3.0

    def body(i, a, b, c):
        return i + 1, b, a, b + a * 0.0

    found = tf.while_loop(lambda i, a, b, c: i < n, body, (0, x, y, x))
    with tf.Session() as sess:
        _, a, b, c = [np.asarray(v).flat[0] for v in sess.run(found)]
    wanted = (2, 3, 2)
    for _ in range(n):
        wanted = (wanted[1], wanted[0], wanted[1])
    assert (a, b, c) == wanted


def test_one_value_for_two_variables_of_a_loop():
    def body(i, a, b):
        s = a + b
        return i + 1, s, s

    found = tf.while_loop(lambda i, a, b: i < 4, body, (0, _ones(), _ones()))
    grown = tf.while_loop(lambda i, a, b: i < 4, lambda i, a, b: (i + 1, a + 1.0, b * 2.0), (0, found[1], found[1]))
    with tf.Session() as sess:
        a, b = sess.run(grown[1:])
    assert (a == 20).all()
    assert (b == 256).all()


def test_loops_in_loops_and_conditions():
    def inner(j, v):
        return j + 1, tf.cond(tf.equal(j % 2, 0), lambda: v + 1.0, lambda: v * 2.0)

    def outer(i, v):
        return i + 1, tf.while_loop(lambda j, _: j < 3, inner, (0, v))[1]

    y = tf.while_loop(lambda i, v: i < 2, outer, (0, _ones()))[1]
    with tf.Session() as sess:
        assert (sess.run(y) == 13).all()


def test_an_error_in_a_body_leaves_the_session_usable():
    n = tf.placeholder_with_default(3, ())

    def body(i, v):
        with tf.control_dependencies([tf.Assert(i < n, ["too far", i])]):
            return i + 1, v * 2.0

    y = tf.while_loop(lambda i, v: i < 5, body, (0, _ones()))[1]
    with tf.Session() as sess:
        for _ in range(2):
            with pytest.raises(tf.errors.InvalidArgumentError, match="assertion failed"):
                sess.run(y)
            assert (sess.run(y, {n: 9}) == 32).all()


def test_gradients_of_a_loop():
    w = tf.get_variable("w", initializer=np.full((3, 3), 0.5, np.float32))
    x = _ones()
    y = tf.while_loop(lambda i, v: i < 6, lambda i, v: (i + 1, tf.tanh(tf.matmul(v, w))), (0, x))[1]
    unrolled = x
    for _ in range(6):
        unrolled = tf.tanh(tf.matmul(unrolled, w))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(3):
            a, b = sess.run([tf.gradients(tf.reduce_sum(t), [w, x]) for t in (y, unrolled)])
            for p, q in zip(a, b):
                np.testing.assert_allclose(p, q, rtol=1e-5)


def test_constants_in_branches_and_loops_are_dead_where_these_are():
    p = tf.placeholder(tf.bool, ())
    x = tf.cond(p, lambda: tf.constant(1.0) + tf.constant(2.0), lambda: tf.constant(5.0) * tf.constant(2.0))
    y = tf.while_loop(lambda i, v: i < 4, lambda i, v: (i + 1, tf.constant([3.0]) + tf.constant([4.0])),
                      (0, tf.placeholder_with_default([0.5], [1])))[1]
    with tf.Session() as sess:
        for _ in range(2):
            assert sess.run(x, {p: True}) == 3.0
            assert sess.run(x, {p: False}) == 10.0
            assert sess.run(y).tolist() == [7.0]


def test_what_a_branch_reads_last_is_there_for_the_other():
    p = tf.placeholder(tf.bool, ())
    x = _ones() * 2.0
    y = tf.cond(p, lambda: x * 3.0, lambda: x + 1.0)
    z = tf.cond(p, lambda: y + x, lambda: y - x)
    with tf.Session() as sess:
        for _ in range(2):
            assert (sess.run(z, {p: True}) == 8).all()
            assert (sess.run(z, {p: False}) == 1).all()


def test_arrays_in_loops():
    n = 5
    source = tf.reshape(tf.range(10.0), [n, 2])
    xs = tf.TensorArray(tf.float32, n).unstack(source)
    ys = tf.TensorArray(tf.float32, n)

    def body(i, total, ys):
        x = xs.read(i)
        total = total + x
        return i + 1, total, ys.write(i, total * x)

    _, total, ys = tf.while_loop(lambda i, *_: i < n, body, (0, tf.zeros([2]), ys))
    y = ys.stack()
    grad = tf.gradients(tf.reduce_sum(y) + tf.reduce_sum(total), source)[0]
    given = np.arange(10.0).reshape(n, 2)
    with tf.Session() as sess:
        for _ in range(2):
            a, b, c = sess.run([total, y, grad])
            assert a.tolist() == given.sum(0).tolist()
            np.testing.assert_allclose(b, np.cumsum(given, 0) * given)
            np.testing.assert_allclose(c, np.cumsum(given, 0) + np.cumsum(given[::-1], 0)[::-1] + 1)


# ---------------------------------------------------------------- lists


def _list_of(*values):
    made = lists.empty_tensor_list([2], tf.float32)
    for v in values:
        made = lists.TENSOR_LIST_PUSH_BACK(made, tf.constant([v, v]))
    return made


def _stacked(handle):
    return lists.tensor_list_stack(handle, tf.float32, element_shape=[2])


def test_a_list_that_is_read_twice_stays_as_it_was():
    base = _list_of(1.0, 2.0)
    left = lists.TENSOR_LIST_PUSH_BACK(base, tf.constant([3.0, 3.0]))
    right = lists.TENSOR_LIST_PUSH_BACK(base, tf.constant([4.0, 4.0]))
    popped, last = lists.TENSOR_LIST_POP_BACK(base, [2], element_dtype=tf.float32)
    again = lists.TENSOR_LIST_PUSH_BACK(popped, tf.constant([5.0, 5.0]))
    changed = lists.tensor_list_set_item(base, 0, tf.constant([6.0, 6.0]))
    total = tf.add_n([base, changed])
    with tf.Session() as sess:
        for _ in range(2):
            found = sess.run([_stacked(x)[:, 0] for x in (base, left, right, popped, again, changed, total)] + [last])
            assert [x.tolist() for x in found] == [
                [1, 2], [1, 2, 3], [1, 2, 4], [1], [1, 5], [6, 2], [7, 4], [2, 2]]


def test_elements_not_written():
    reserved = lists.tensor_list_reserve([2], 3, tf.float32)
    written = lists.tensor_list_set_item(reserved, 1, tf.constant([1.0, 2.0]))
    other = lists.tensor_list_set_item(reserved, 2, tf.constant([5.0, 5.0]))
    with tf.Session() as sess:
        assert sess.run(_stacked(written)).tolist() == [[0, 0], [1, 2], [0, 0]]
        assert sess.run(_stacked(tf.add_n([written, other]))).tolist() == [[0, 0], [1, 2], [5, 5]]
        assert sess.run(_stacked(tf.zeros_like(written))).tolist() == [[0, 0]] * 3
        assert sess.run(lists.tensor_list_get_item(reserved, 1, tf.float32)).tolist() == [0, 0]
        assert sess.run([lists.tensor_list_length(written), lists.TENSOR_LIST_ELEMENT_SHAPE(
            written, shape_type=tf.int32)[0]]) == [3, 2]


def test_list_errors():
    made = _list_of(1.0)
    index = tf.placeholder_with_default(np.int32(4), ())
    row = tf.placeholder_with_default(np.zeros(3, np.float32), None)
    with tf.Session() as sess:
        for op, message in [
            (lists.tensor_list_get_item(made, index, tf.float32), "Trying to access element 4 in a list with 1 elem"),
            (lists.tensor_list_set_item(made, index, tf.constant([1.0, 2.0])), "Trying to modify element 4 in a list"),
            (lists.TENSOR_LIST_PUSH_BACK(made, row), "Tried to append a tensor with incompatible shape to a list"),
            (lists.TENSOR_LIST_POP_BACK(lists.empty_tensor_list([2], tf.float32), [2], element_dtype=tf.float32)[1],
             "Trying to pop from an empty list"),
        ]:
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                sess.run(op.op)


def test_rows_of_a_tensor():
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    for value in (x, x.T, x[:, 0], x[:0]):
        made = lists.tensor_list_from_tensor(tf.placeholder_with_default(value, None), value.shape[1:])
        with tf.Session() as sess:
            stacked = lists.tensor_list_stack(made, tf.float32, element_shape=value.shape[1:])
            assert sess.run(stacked).tolist() == value.tolist()


def test_a_list_is_an_object_of_the_core():
    made = core.TensorList([np.zeros(2), None], (2,), tf.float64)
    assert made.length == 2
    assert (made + made).values()[1] is None
    assert made.zeros_like().values()[0].tolist() == [0, 0]
    assert (made.shape, made.ndim, made.size) == ((), 0, 1)

"""TensorArray, and the functions that map, fold and scan with it."""

import itertools

import numpy as np
import pytest

import pyscope as tf


@pytest.fixture(params=["functional", "v1"])
def control_flow(request):
    """Each kind of control flow."""
    if request.param == "v1":
        tf.disable_control_flow_v2()
    yield request.param
    tf.enable_control_flow_v2()


def run(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed)


def test_write_and_read(control_flow):
    array = tf.TensorArray(tf.float32, size=3, clear_after_read=False)
    array = array.write(0, [1.0, 2.0]).write(1, [3.0, 4.0]).write(2, [5.0, 6.0])
    found = run([array.stack(), array.read(1), array.gather([2, 0]), array.concat(), array.size()])
    rows = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    for value, wanted in zip(found, [rows, rows[1], rows[[2, 0]], rows.reshape(-1), 3], strict=True):
        np.testing.assert_array_equal(value, wanted)


def test_whole_tensors(control_flow):
    rows = np.arange(6.0).reshape(3, 2)
    unstacked = tf.TensorArray(tf.float64, size=3).unstack(rows)
    scattered = tf.TensorArray(tf.float64, size=3).scatter([2, 0, 1], rows)
    parts = tf.TensorArray(tf.float64, size=2, infer_shape=False).split(rows, [1, 2])
    found = run([unstacked.stack(), scattered.stack(), parts.concat()])
    for value, wanted in zip(found, [rows, rows[[1, 2, 0]], rows], strict=True):
        np.testing.assert_array_equal(value, wanted)


def test_growing():
    array = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
    array = array.write(2, 7)
    np.testing.assert_array_equal(run(array.stack()), [0, 0, 7])


def test_in_a_loop(control_flow):
    _, array = tf.while_loop(lambda i, a: i < 4, lambda i, a: (i + 1, a.write(i, i * i)),
                             [0, tf.TensorArray(tf.int32, size=4)])  # fmt: skip
    np.testing.assert_array_equal(run(array.stack()), [0, 1, 4, 9])


def test_gradient_through_a_loop():
    x = tf.placeholder(tf.float64, [4])
    source = tf.TensorArray(tf.float64, size=4).unstack(x)
    one = tf.constant(1.0, tf.float64)
    _, product, array = tf.while_loop(
        lambda i, a, t: i < 4, lambda i, a, t: (i + 1, a * source.read(i), t.write(i, a * source.read(i))),
        [0, one, tf.TensorArray(tf.float64, size=4)])  # fmt: skip
    value = np.array([1.0, 2.0, 3.0, 4.0])
    dp, da = run([tf.gradients(product, x)[0], tf.gradients(array.stack(), x)[0]], {x: value})
    np.testing.assert_allclose(dp, 24.0 / value)
    products = np.cumprod(value)
    np.testing.assert_allclose(da, [products[i:].sum() / value[i] for i in range(4)])


@pytest.mark.parametrize(
    "build",
    [lambda a: a.stack() * 2.0, lambda a: a.read(1), lambda a: a.gather([1, 1]), lambda a: a.concat()],
    ids=["stack", "read", "gather", "concat"],
)
def test_gradients(control_flow, build):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    array = tf.TensorArray(tf.float32, size=2, element_shape=[2], clear_after_read=False).unstack(x)
    wanted = {"stack": [[2, 2], [2, 2]], "read": [[0, 0], [1, 1]], "gather": [[0, 0], [2, 2]],
              "concat": [[1, 1], [1, 1]]}  # fmt: skip
    found = run(tf.gradients(build(array), x)[0])
    assert found.tolist() in wanted.values()


def test_map_fn(control_flow):
    x = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(run(tf.map_fn(lambda r: tf.reduce_sum(r) * r, tf.constant(x))), x.sum(1)[:, None] * x)
    both = run(tf.map_fn(lambda r: (r[0] + r[1], r[0]), (tf.constant([1, 2]), tf.constant([3, 4]))))
    np.testing.assert_array_equal(both, [[4, 6], [1, 2]])
    assert run(tf.map_fn(lambda r: r > 1.0, tf.constant([0.5, 1.5]), dtype=tf.bool)).tolist() == [False, True]


def test_folds_and_scan(control_flow):
    values = [1.0, 2.0, 3.0, 4.0]
    x = tf.constant(values)
    step = lambda a, b: a * 2.0 + b  # noqa: E731
    scanned = list(itertools.accumulate(values, step))
    np.testing.assert_array_equal(run(tf.scan(step, x)), scanned)
    assert run(tf.foldl(step, x)) == scanned[-1]
    backwards = list(itertools.accumulate(values[::-1], step))
    assert run(tf.foldr(step, x)) == backwards[-1]
    np.testing.assert_array_equal(run(tf.scan(step, x, reverse=True)), backwards[::-1])
    np.testing.assert_array_equal(run(tf.scan(step, x, initializer=1.0)), list(
        itertools.accumulate([1.0, *values], step))[1:])  # fmt: skip


def test_gradient_of_map_fn():
    x = tf.placeholder(tf.float64, [None, 2])
    w = tf.get_variable("w", initializer=np.array([0.5, -2.0]))
    y = tf.map_fn(lambda r: tf.reduce_sum(r * w) * r, x)
    value = np.array([[1.0, 2.0], [3.0, 4.0]])
    dx, dw = run(tf.gradients(y, [x, w]), {x: value})
    wv = np.array([0.5, -2.0])
    np.testing.assert_allclose(dx, value.sum(1)[:, None] * wv + (value @ wv)[:, None])
    np.testing.assert_allclose(dw, (value * value.sum(1)[:, None]).sum(0))


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda: tf.TensorArray(tf.int32, size=2).read(5), "Trying to access element 5 in a list with 2 elements."),
        (lambda: tf.TensorArray(tf.int32, size=2).write(5, 1).size() + tf.TensorArray(tf.int32, 2).write(5, 1).read(0),
         "Trying to modify element 5 in a list with 2 elements."),
    ],
)  # fmt: skip
def test_errors_in_a_run(build, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        run(build())

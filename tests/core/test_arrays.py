"""Memory of dead values: used again, never shared, given back."""

import numpy as np

import pyscope as tf
from pyscope import _core as core


def test_results_stay_when_later_runs_use_the_memory():
    x = tf.placeholder(tf.float32, [64, 500])
    y = tf.matmul(tf.matmul(x, x, transpose_b=True), x)
    with tf.Session() as session:
        kept = [session.run(y, {x: np.full((64, 500), k, np.float32)}) for k in range(4)]
    for k, value in enumerate(kept):
        np.testing.assert_allclose(value, np.full((64, 500), 500.0 * 64 * k**3), rtol=1e-5)


def test_dead_values_wait_and_are_given_back():
    x = tf.placeholder(tf.float32, [None, 500])
    y = tf.reduce_sum(tf.matmul(tf.matmul(x, x, transpose_b=True), x))
    with tf.Session() as session:
        session.run(y, {x: np.ones((64, 500), np.float32)})
        waiting = core.bytes_at_rest()
        assert waiting >= 64 * 500 * 4
        session.run(y, {x: np.ones((64, 500), np.float32)})
        assert core.bytes_at_rest() == waiting
    assert core.bytes_at_rest() == 0


def test_other_shapes_of_the_same_size():
    a = tf.placeholder(tf.float32, [None, None])
    product = tf.matmul(a, a, transpose_b=True)
    y = tf.transpose(tf.matmul(product, a)) * 2.0
    rng = np.random.RandomState(0)
    with tf.Session() as session:
        for shape in ((40, 100), (100, 40), (1, 4000), (40, 100)):
            value = rng.rand(*shape).astype(np.float32)
            np.testing.assert_allclose(session.run(y, {a: value}), (value @ value.T @ value).T * 2, rtol=1e-4)


def test_what_waits_is_bounded():
    x = tf.placeholder(tf.float32, [None])
    y = tf.reduce_max(tf.cumsum(x))
    with tf.Session() as session:
        for k in range(60):
            session.run(y, {x: np.ones(1000000 + 70000 * k, np.float32)})
            assert core.bytes_at_rest() <= 128 << 20


def test_a_weak_reference_keeps_no_memory_busy():
    import weakref

    seen = []

    def look(value):
        seen.append(weakref.ref(value))
        return value * np.float32(2)

    x = tf.placeholder(tf.float32, [5000])
    y = tf.reduce_sum(tf.py_func(look, [tf.cumsum(x)], tf.float32))
    with tf.Session() as session:
        first = session.run(y, {x: np.ones(5000, np.float32)})
        held = seen[0]()                     # None, or the array at rest, now held by us
        second = session.run(y, {x: np.ones(5000, np.float32)})
        assert first == second
        del held

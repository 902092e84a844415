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


N = 1100  # N x N floats are 4.84 MB


def _peak(build, fuse=True):
    """The most memory that NumPy had at a time in a run, in arrays of N x N floats."""
    import tracemalloc

    config = tf.ConfigProto(intra_op_parallelism_threads=1)
    config.graph_options.rewrite_options.remapping = 0 if fuse else 2
    x = tf.placeholder(tf.float32, [N, N])
    y = build(x).op
    value = np.ones((N, N), np.float32)
    with tf.Session(config=config) as session:
        session.run(y, {x: value})
        core.forget_arrays()
        tracemalloc.start()
        try:
            session.run(y, {x: value})
            return tracemalloc.get_traced_memory()[1] / value.nbytes
        finally:
            tracemalloc.stop()


def _chain(f, n=20):
    def build(x):
        for i in range(n):
            x = f(x, i)
        return x

    return build


def test_peak_of_a_chain_in_place():
    for f in (
        lambda x, i: tf.tanh(x) if i % 2 else x + 0.5,
        lambda x, i: tf.nn.relu(x) if i % 2 else tf.sigmoid(x),
        lambda x, i: tf.reshape(x * 0.5, [N * N // (1 + i % 2), 1 + i % 2]),
        lambda x, i: tf.identity(tf.expand_dims(tf.squeeze(x), 0) * 0.5),
    ):
        assert _peak(_chain(f), fuse=False) < 1.1


def test_peak_of_a_chain_that_cannot_be_in_place():
    for f in (
        lambda x, i: tf.transpose(x) if i % 2 else x + 0.5,
        lambda x, i: tf.cumsum(x, 1) * 0.01,
        lambda x, i: tf.nn.softplus(x) if i % 2 else tf.nn.bias_add(x, tf.zeros([N])),
        lambda x, i: tf.reverse(x, [1]) + 0.5,
    ):
        assert _peak(_chain(f), fuse=False) < 2.1


def test_a_reshaped_feed_or_variable_is_not_written_into():
    value = np.arange(6.0, dtype=np.float32)
    x = tf.placeholder(tf.float32, [6])
    v = tf.Variable(value)
    with tf.Session() as session:
        session.run(v.initializer)
        for source in (x, v, tf.constant(value)):
            y = tf.reshape(source, [2, 3]) + 1.0
            for _ in range(3):
                np.testing.assert_array_equal(session.run(y, {x: value}), value.reshape(2, 3) + 1)
        for _ in range(2):
            again = tf.reshape(tf.tanh(x), [2, 3])
            got = session.run([again + 1.0, again, tf.transpose(again) * 2.0], {x: value})
            np.testing.assert_array_equal(got[0], got[1] + 1)
            np.testing.assert_array_equal(got[2], got[1].T * 2)
        np.testing.assert_array_equal(value, np.arange(6.0))

"""Independent steps side by side: the same values, effects and errors as one after the other."""

import contextlib
import threading

import numpy as np
import pytest

import pyscope as tf
from pyscope import _core as core


@contextlib.contextmanager
def eager():
    """Watch every run, and run side by side whatever may."""
    *before, _ = core._watching(0, 1, -10**6)
    try:
        yield
    finally:
        core._watching(*before)


def count():
    return core._watching()[-1]


def session(beside=2, threads=1):
    return tf.Session(
        config=tf.ConfigProto(inter_op_parallelism_threads=beside, intra_op_parallelism_threads=threads)
    )


def branches(x, n=4):
    """Sums of what sorts, cumulative sums and products make of `x`: branches that meet."""
    parts = []
    for i in range(n):
        part = tf.sort(x * float(i + 1), axis=-1)
        part = tf.cumsum(tf.reverse(part, [0]), axis=0) * 0.5
        parts.append(tf.tanh(tf.matmul(part, x)) - part)
    return parts


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("beside", [2, 5])
def test_values_are_the_same(beside, threads):
    x = tf.placeholder(tf.float32, [None, None])
    parts = branches(x)
    fetches = [tf.add_n(parts), parts[1], tf.reduce_sum(parts[2], 0)]
    value = np.random.default_rng(0).standard_normal((60, 60)).astype(np.float32)
    with session(1, threads) as sess:
        wanted = sess.run(fetches, {x: value})
    with eager(), session(beside, threads) as sess:
        before = count()
        for _ in range(12):
            for got, want in zip(sess.run(fetches, {x: value}), wanted):
                np.testing.assert_array_equal(got, want)
        assert count() > before or core._cpus() == 1


def test_one_means_never():
    x = tf.placeholder(tf.float32, [None, None])
    total = tf.add_n(branches(x))
    before = count()
    with eager(), session(1) as sess:
        for _ in range(8):
            sess.run(total, {x: np.ones((30, 30), np.float32)})
    assert count() == before


def test_small_runs_are_not_watched():
    x = tf.placeholder(tf.float32, [None])
    y = tf.tanh(x) + tf.cumsum(x)
    before = count()
    with session(2) as sess:
        for _ in range(50):
            sess.run(y, {x: np.ones(4, np.float32)})
    assert count() == before


def test_shapes_may_change():
    x = tf.placeholder(tf.float32, [None, None])
    total = tf.add_n(branches(x))
    with session(1) as plain, eager(), session(2) as sess:
        for size in [3, 40, 40, 40, 40, 40, 40, 1, 7, 60, 60, 60, 60, 60, 60, 2] * 2:
            value = np.random.default_rng(size).standard_normal((size, size)).astype(np.float32)
            np.testing.assert_array_equal(sess.run(total, {x: value}), plain.run(total, {x: value}))


def test_groups_whose_shapes_disagree():
    x = tf.placeholder(tf.float32, None)
    y = tf.placeholder(tf.float32, None)
    total = [tf.sort(tf.tanh(x * y) + y), tf.cumsum(tf.exp(y - x) * x)]
    a = np.random.default_rng(0).standard_normal((20, 30)).astype(np.float32)
    with session(1) as plain, eager(), session(2) as sess:
        for _ in range(8):
            for b in (a, a[0], a[:, :1]):
                for got, want in zip(sess.run(total, {x: a, y: b}), plain.run(total, {x: a, y: b})):
                    np.testing.assert_array_equal(got, want)


def test_nothing_is_written_that_others_read():
    # Both branches could write into `shared`, and each must see it whole.
    x = tf.placeholder(tf.float32, [None])
    shared = tf.sort(x)
    parts = [tf.cumsum(shared), tf.tanh(shared), shared * 2.0, tf.identity(shared) + 1.0, tf.sort(-shared)]
    value = np.random.default_rng(0).standard_normal(50000).astype(np.float32)
    with session(1) as plain, eager(), session(3) as sess:
        wanted = plain.run(parts, {x: value})
        for _ in range(20):
            for got, want in zip(sess.run(parts, {x: value}), wanted):
                np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("fuse", [True, False])
def test_many_read_what_one_may_write_into(fuse):
    x = tf.placeholder(tf.float32, [None])
    a, b = tf.sort(x), tf.cumsum(x)
    parts = []
    for _ in range(4):
        c, d = tf.cumsum(a), tf.sort(b) * 0.5
        parts += [tf.tanh(a) + c, tf.sort(a - b), tf.cumsum(b, reverse=True) + tf.nn.relu(d)]
        a, b = tf.nn.sigmoid(c), tf.tanh(d + c)
    total = tf.add_n(parts)
    value = np.random.default_rng(0).standard_normal(3000).astype(np.float32)
    config = tf.ConfigProto(inter_op_parallelism_threads=3, intra_op_parallelism_threads=1)
    config.graph_options.rewrite_options.remapping = 0 if fuse else 2
    with session(1) as plain, eager(), tf.Session(config=config) as sess:
        want, want_last = plain.run([total, b], {x: value})
        for _ in range(30):
            got, got_last = sess.run([total, b], {x: value})
            np.testing.assert_array_equal(got, want)
            np.testing.assert_array_equal(got_last, want_last)


def test_functions_beside_large_steps():
    x = tf.placeholder(tf.float32, [None])
    s = tf.sort(x)
    loop = tf.while_loop(lambda i, v: i < 5, lambda i, v: [i + 1, tf.tanh(v) + s[0]], [0, s])[1]
    branch = tf.cond(x[0] > 0.0, lambda: tf.cumsum(s), lambda: s * 2.0)
    outs = [loop, branch, tf.cumsum(s), tf.sort(-s), tf.cumsum(loop) + tf.sort(branch)]
    rng = np.random.default_rng(0)
    values = [rng.standard_normal(2000).astype(np.float32) for _ in range(12)]
    with session(1) as plain, eager(), session(2) as sess:
        for value in values:
            for got, want in zip(sess.run(outs, {x: value}), plain.run(outs, {x: value})):
                np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("use_resource", [True, False])
def test_effects_stay_in_order(use_resource):
    v = tf.Variable(np.zeros(2000, np.float32), use_resource=use_resource)
    x = tf.placeholder(tf.float32, [None])
    first = tf.sort(v.read_value() + x)
    other = tf.cumsum(x)
    with tf.control_dependencies([first, other]):
        assign = v.assign_add(first)
    with tf.control_dependencies([assign]):
        second = tf.sort(v.read_value() * 2.0)
        third = tf.cumsum(v.read_value())
    total = [first, second + third]
    rng = np.random.default_rng(0)
    values = [rng.standard_normal(2000).astype(np.float32) for _ in range(10)]
    seen = []
    with eager():
        for beside in (1, 2):
            with session(beside) as sess:
                sess.run(v.initializer)
                seen.append([sess.run(total, {x: value}) for value in values])
    for one, two in zip(*seen):
        np.testing.assert_array_equal(one[0], two[0])
        np.testing.assert_array_equal(one[1], two[1])


def test_the_first_error_is_raised():
    x = tf.placeholder(tf.int32, [None])
    wrong = tf.placeholder(tf.int32, [2])
    y = tf.placeholder(tf.float32, [None, None])
    long = tf.cumsum(tf.sort(y))
    outs = [long]
    for i in range(2):
        outs.append(tf.gather(tf.cast(tf.sort(x), tf.float32), wrong[i] + x, name=f"place{i}"))
        outs.append(tf.cumsum(y, axis=1))
    value = np.arange(5, dtype=np.int32)
    feeds = {x: value, y: np.ones((50, 50), np.float32)}
    with eager(), session(2) as sess:
        for round_ in range(12):
            sess.run(outs, {**feeds, wrong: [0, 0]} if round_ % 2 else {**feeds, x: value * 0, wrong: [1, 1]})
            for bad, name in (([90, 0], "place0"), ([0, 90], "place1"), ([90, 90], "place0")):
                with pytest.raises(tf.errors.InvalidArgumentError) as info:
                    sess.run(outs, {**feeds, x: value * 0, wrong: bad})
                assert name in info.value.message and info.value.op.name == name


def test_an_interrupt_ends_the_run():
    import signal

    x = tf.placeholder(tf.float32, [None, None])
    total = tf.add_n(branches(x, 8))
    value = np.random.default_rng(0).standard_normal((300, 300)).astype(np.float32)

    class Stop(BaseException):
        pass

    def stop(*_):
        raise Stop

    old = signal.signal(signal.SIGALRM, stop)
    try:
        with eager(), session(2) as sess:
            want = sess.run(total, {x: value})
            for _ in range(6):
                sess.run(total, {x: value})
            for delay in (0.001, 0.003, 0.01):
                signal.setitimer(signal.ITIMER_REAL, delay)
                with pytest.raises(Stop):
                    while True:
                        sess.run(total, {x: value})
            np.testing.assert_array_equal(sess.run(total, {x: value}), want)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


def test_several_threads_share_a_plan_and_the_pool():
    x = tf.placeholder(tf.float32, [None, None])
    total = tf.add_n(branches(x))
    wrong = []
    rng = np.random.default_rng(0)
    values = [rng.standard_normal((30 + k, 30 + k)).astype(np.float32) for k in range(4)]
    with session(1) as plain:
        wanted = [plain.run(total, {x: v}) for v in values]

    def call(sess, k):
        for _ in range(15):
            if not np.array_equal(sess.run(total, {x: values[k]}), wanted[k]):
                wrong.append(k)

    with eager(), session(2) as one, session(2, 2) as two:
        threads = [threading.Thread(target=call, args=((one, two)[k % 2], k)) for k in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert not wrong


def test_options_choose_a_pool():
    x = tf.placeholder(tf.float32, [None, None])
    total = tf.add_n(branches(x))
    config = tf.ConfigProto(intra_op_parallelism_threads=1)
    for n in (2, 1):
        config.session_inter_op_thread_pool.add().num_threads = n
    feeds = {x: np.ones((30, 30), np.float32)}
    with eager(), tf.Session(config=config) as sess:
        for pool in (-1, 1):
            before = count()
            for _ in range(8):
                sess.run(total, feeds, options=tf.RunOptions(inter_op_thread_pool=pool))
            assert count() == before
        for _ in range(8):
            sess.run(total, feeds, options=tf.RunOptions(inter_op_thread_pool=0))
        assert count() > before or core._cpus() == 1
        with pytest.raises(tf.errors.InvalidArgumentError, match="Invalid inter_op_thread_pool: 2"):
            sess.run(total, feeds, options=tf.RunOptions(inter_op_thread_pool=2))

"""Threads and processes around runs: forks, affinity, idleness, BLAS, building while running, the end of a process."""

import os
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

import pyscope as tf
from pyscope import _core as core

linux = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs sched_setaffinity")
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def run_program(text, **env):
    """Run a program in a process of its own; what it prints."""
    program = "import os, sys, threading, time\nimport numpy as np\nimport pyscope as tf\n"
    program += "from pyscope import _core as core\n"
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", program + textwrap.dedent(text)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **env},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


MODEL = """
    rng = np.random.default_rng(0)
    value = rng.standard_normal((400, 400)).astype(np.float32)
    x = tf.placeholder(tf.float32, [None, None])
    y = tf.reduce_sum(tf.matmul(tf.tanh(x) + x * 2.0, x), 0) + tf.cumsum(tf.sort(x))[0]
    sess = tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=2, inter_op_parallelism_threads=2))
    core._watching(0, 1, -10**6)
    want = sess.run(y, {x: value})
"""


@forks
def test_fork_while_other_threads_run():
    run_program(
        MODEL
        + """
    stop = False
    def work():
        while not stop:
            sess.run(y, {x: value})
    threads = [threading.Thread(target=work) for _ in range(2)]
    for t in threads: t.start()
    failed = 0
    for _ in range(4):
        time.sleep(0.005)
        child = os.fork()
        if child == 0:
            same = all(np.array_equal(sess.run(y, {x: value}), want) for _ in range(8))
            os._exit(0 if same else 1)
        failed += os.waitpid(child, 0)[1] != 0
    stop = True
    for t in threads: t.join()
    sys.exit(failed)
    """
    )


@forks
def test_multiprocessing():
    run_program(
        MODEL
        + """
    import multiprocessing
    def work(k):
        return np.array_equal(sess.run(y, {x: value}), want)
    for _ in range(6):
        sess.run(y, {x: value})
    with multiprocessing.get_context("fork").Pool(2) as pool:
        sys.exit(0 if all(pool.map(work, range(20))) else 1)
    """
    )


def test_exit_with_the_pool_asleep_or_at_work():
    run_program(MODEL + "    time.sleep(0.05)\n")
    run_program(
        MODEL
        + """
    def work():
        while True:
            sess.run(y, {x: value})
    for _ in range(2):
        threading.Thread(target=work, daemon=True).start()
    time.sleep(0.05)
    """
    )


@linux
def test_helpers_stay_where_the_program_may_run():
    out = run_program(
        """
    before = core._cpus()
    core._parallel_for_marks(10000, 10, 3)
    one = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {one})
    assert core._cpus() == 1
    assert core._parallel_for_marks(10000, 10, 3) == b"\\1" * 10000
    for task in os.listdir("/proc/self/task"):
        if int(task) != os.getpid():
            allowed = os.sched_getaffinity(int(task))
            print(len(allowed), allowed == {one})
    """,
        OPENBLAS_NUM_THREADS="1",
    )
    assert out.split("\n")[:-1] == ["1 True"] * (min(3, core._cpus()) - 1)


@linux
def test_one_processor_makes_no_thread():
    run_program(
        """
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    x = tf.placeholder(tf.float32, [None])
    with tf.Session() as sess:
        for n in (0, 2):
            config = tf.ConfigProto(intra_op_parallelism_threads=n)
            with tf.Session(config=config) as sess:
                sess.run(tf.reduce_sum(tf.tanh(x)), {x: np.ones(1000000, np.float32)})
    assert core._pool_size() == 0
    """
    )


def test_idle_threads_take_no_time():
    out = run_program(
        MODEL
        + """
    for _ in range(10):
        sess.run(y, {x: value})
    time.sleep(0.05)
    before = time.process_time()
    time.sleep(0.5)
    print(time.process_time() - before)
    """,
        OPENBLAS_NUM_THREADS="1",
    )
    assert float(out) < 0.05


def test_blas_gets_its_threads_back():
    run_program(
        """
    before = core._blas_threads()
    x = tf.placeholder(tf.float32, [None, None])
    seen = []
    outs = [tf.linalg.inv(x), tf.py_func(lambda v: seen.append(core._blas_threads()) or v, [x], tf.float32)]
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1)) as sess:
        for value in (np.eye(200), np.zeros((200, 200))):
            for _ in range(2):
                try:
                    sess.run(outs, {x: value.astype(np.float32)})
                except tf.errors.InvalidArgumentError as e:
                    assert "not invertible" in e.message
                assert core._blas_threads() == before
    assert before == 0 or set(seen) == {1}, seen
    """,
        OPENBLAS_NUM_THREADS="3",
    )


def test_running_while_another_thread_builds():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, [None])
        y = tf.reduce_sum(tf.tanh(x) * 2.0)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    wrong, made = [], []
    stop = threading.Event()

    def build():
        with graph.as_default():
            while not stop.is_set() and len(made) < 1500:
                if len(made) % 20 == 0:
                    z = x
                z = tf.reshape(z + 1.0, tf.concat([tf.shape(z), []], 0) if len(made) % 7 == 0 else [-1])
                made.append(tf.reduce_sum(z[:1]) + float(len(made)))

    def run(sess):
        value = np.arange(3, dtype=np.float32)
        want = sess.run(y, {x: value})
        try:
            for _ in range(100):
                if sess.run(y, {x: value}) != want:
                    wrong.append("y")
                if made:
                    sess.run([made[-1], y], {x: value})
        except BaseException as e:
            wrong.append(e)

    try:
        with tf.Session(graph=graph) as one, tf.Session(graph=graph) as two:
            builder = threading.Thread(target=build)
            builder.start()
            threads = [threading.Thread(target=run, args=(s,)) for s in (one, one, two)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            stop.set()
            builder.join()
    finally:
        stop.set()
        sys.setswitchinterval(interval)
    assert not wrong


def test_a_run_loads_no_package_for_types_it_does_not_use():
    run_program(
        """
    x = tf.placeholder(tf.float32, [4])
    with tf.Session() as sess:
        sess.run(tf.cast(tf.tanh(x) + 1.0, tf.int64), {x: np.ones(4)})
    assert "ml_dtypes" not in sys.modules
    """
    )


def test_function_plans_are_bounded():
    x = tf.placeholder(tf.float32, [])
    with tf.Session() as sess:
        outs = [tf.cond(x > float(i), lambda: x + 1.0, lambda: x * 2.0) for i in range(40)]
        sess.run(outs, {x: 3.0})
        assert 40 <= sess._plan_sizes()[2] <= 1024


def test_function_plans_that_run_no_more_go():
    x = tf.placeholder(tf.float32, [])
    graph = tf.get_default_graph()
    with tf.Session() as sess:
        always = tf.cond(x > 0.0, lambda: x + 1.0, lambda: x * 2.0)
        most = 0
        for i in range(2200):
            y = tf.cond(x > float(i), lambda: x + 1.0, lambda: x * 2.0)
            assert sess.run([always, y], {x: 3000.0}) == [3001.0, 3001.0]
            most = max(most, sess._plan_sizes()[2])
        assert 1024 < most <= 2052 and sess._plan_sizes()[2] < 1400  # at most twice what runs, or 1,024
    assert graph is sess.graph


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_broadcasts_in_pieces(n_threads):
    rng = np.random.default_rng(0)
    x = tf.placeholder(tf.float32, None)
    y = tf.placeholder(tf.float32, None)
    out = x - y
    config = tf.ConfigProto(intra_op_parallelism_threads=n_threads)
    with tf.Session(config=config) as sess:
        for a, b in [
            ((700, 301), (301,)),
            ((700, 301), (700, 1)),
            ((700, 1), (1, 301)),
            ((3, 70001), (3, 1)),
            ((20, 30, 50, 7), (30, 1, 7)),
            ((200003,), (1,)),
            ((200003,), ()),
            ((2, 100003), (100003,)),
            ((100003, 3), (3,)),
        ]:
            p = rng.standard_normal(a).astype(np.float32)
            q = rng.standard_normal(b).astype(np.float32)
            np.testing.assert_array_equal(sess.run(out, {x: p, y: q}), p - q)
            np.testing.assert_array_equal(sess.run(out, {x: q, y: p}), q - p)
        p = rng.standard_normal((400, 300)).astype(np.float32)
        np.testing.assert_array_equal(sess.run(out, {x: p.T, y: p[0, :1]}), p.T - p[0, 0])
        np.testing.assert_array_equal(sess.run(out, {x: p[::2, ::3], y: p[1::2, 1::3]}), p[::2, ::3] - p[1::2, 1::3])
        assert sess.run(out, {x: np.zeros((0, 3), np.float32), y: np.zeros(3, np.float32)}).shape == (0, 3)



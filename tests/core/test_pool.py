"""The thread pool: every element once, whatever the number of threads, also in children and several callers."""

import os
import threading

import numpy as np
import pytest

import pyscope as tf
from pyscope import _core as core


@pytest.mark.parametrize("n", [0, 1, 99, 100, 101, 1000, 100003])
@pytest.mark.parametrize("grain", [1, 100, 5000])
@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_every_element_once(n, grain, n_threads):
    assert core._parallel_for_marks(n, grain, n_threads) == b"\1" * n


def test_several_callers():
    wrong = []

    def call():
        for _ in range(200):
            if core._parallel_for_marks(5000, 100, 3) != b"\1" * 5000:
                wrong.append(1)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_fork():
    core._parallel_for_marks(10000, 10, 3)
    child = os.fork()
    if child == 0:
        none = core._pool_size() == 0
        done = core._parallel_for_marks(10000, 10, 3) == b"\1" * 10000
        os._exit(0 if none and done and core._pool_size() == min(3, core._cpus()) - 1 else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("n_threads", [0, 1, 2])
def test_config(n_threads):
    config = tf.ConfigProto(intra_op_parallelism_threads=n_threads)
    x = np.random.default_rng(0).standard_normal((300, 300)).astype(np.float32)
    with tf.Session(config=config) as sess:
        np.testing.assert_allclose(sess.run(tf.matmul(x, x)), x @ x, rtol=1e-3, atol=1e-4)

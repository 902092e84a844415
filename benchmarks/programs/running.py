"""What the operations of a run cost: many tiny ones, and few over large arrays."""

import numpy as np

from .calling import chain
from .sessions import aligned, calls, runs


def run_chain(tf, n, threads=None):
    """Session.run of a chain of tiny ops"""
    x, y = chain(tf, n)
    return runs(tf, 1, y, {x: np.zeros(4, np.float32)}, threads)


def run_parallel(tf, n, threads=None):
    """Session.run of parallel tiny ops and their add_n"""
    x = tf.placeholder(tf.float32, [4])
    y = tf.add_n([tf.tanh(x * float(i)) for i in range(n)])
    return runs(tf, 1, y, {x: np.zeros(4, np.float32)}, threads)


# ---------------------------------------------------------------- elementwise


def ramp(n):
    """n float32 from -1 to 1."""
    return aligned(np.linspace(-1.0, 1.0, n))


def _elementwise(tf, n, make, threads):
    x = tf.placeholder(tf.float32, [n])
    return calls(tf, 1, make(x), x, ramp(n), threads)


def elementwise_single(tf, n, threads=1):
    """x + 1.0"""
    return _elementwise(tf, n, lambda x: x + 1.0, threads)


def elementwise_chain(tf, n, threads=1):
    """10 times relu(y * 0.9 + x)"""

    def make(x):
        y = x
        for _ in range(10):
            y = tf.nn.relu(y * 0.9 + x)
        return y

    return _elementwise(tf, n, make, threads)


def elementwise_tree(tf, n, threads=1):
    """tanh(exp(-x * x) * x + 1) * sqrt(x * x + 1)"""
    return _elementwise(tf, n, lambda x: tf.tanh(tf.exp(-x * x) * x + 1.0) * tf.sqrt(x * x + 1.0), threads)


# ---------------------------------------------------------------- reductions

COLUMNS = 4000


def matrix(n, seed=0):
    """n random float32 from 0 to 1 as rows of COLUMNS."""
    return aligned(np.random.RandomState(seed).rand(max(n // COLUMNS, 1), COLUMNS))


def _reduction(tf, n, make, threads):
    x = tf.placeholder(tf.float32, [None, COLUMNS])
    return calls(tf, 1, make(x), x, matrix(n), threads)


def reduce_sum(tf, n, threads=1):
    """reduce_sum"""
    return _reduction(tf, n, lambda x: tf.reduce_sum(x), threads)


def reduce_sum_0(tf, n, threads=1):
    """reduce_sum over axis 0, rows of 4,000"""
    return _reduction(tf, n, lambda x: tf.reduce_sum(x, 0), threads)


def reduce_sum_1(tf, n, threads=1):
    """reduce_sum over axis 1, rows of 4,000"""
    return _reduction(tf, n, lambda x: tf.reduce_sum(x, 1), threads)


def reduce_max(tf, n, threads=1):
    """reduce_max"""
    return _reduction(tf, n, lambda x: tf.reduce_max(x), threads)


def sum_errors(total, n, axis):
    """The largest relative error of ``total(matrix)`` over several matrices, against sums of float64."""
    errors = []
    for seed in range(5):
        x = matrix(n, seed)
        exact = x.sum(axis, dtype=np.float64)
        errors.append(float(np.max(np.abs(total(x) - exact) / exact)))
    return max(errors)


def _sum_errors(tf, n, axis):
    x = tf.placeholder(tf.float32, [None, COLUMNS])
    call = tf.Session().make_callable(tf.reduce_sum(x, axis), [x])
    return lambda: sum_errors(call, n, axis)


def sum_error(tf, n):
    """relative error of reduce_sum"""
    return _sum_errors(tf, n, None)


def sum_error_0(tf, n):
    """relative error of reduce_sum over axis 0"""
    return _sum_errors(tf, n, 0)


# ---------------------------------------------------------------- products


def factors(m, k, n):
    """Two random matrices."""
    random = np.random.RandomState(0)
    return aligned(random.rand(m, k)), aligned(random.rand(k, n))


def _product(tf, n, sizes, threads):
    a, b = factors(*sizes)
    x, y = tf.placeholder(tf.float32, a.shape), tf.placeholder(tf.float32, b.shape)
    return runs(tf, n, tf.matmul(x, y), {x: a, y: b}, threads)


SQUARE = 1024, 1024, 1024
LAYER = 64, 784, 256


def flops(sizes):
    """Billions of floating point operations of a product."""
    return 2e-9 * sizes[0] * sizes[1] * sizes[2]


def matmul_square(tf, n, threads=1):
    """matmul of float32, 1024 x 1024 x 1024"""
    return _product(tf, n, SQUARE, threads)


def matmul_layer(tf, n, threads=1):
    """matmul of float32, 64 x 784 x 256"""
    return _product(tf, n, LAYER, threads)


def branches(tf, n, threads=1):
    """two independent chains of 50 products of 64 x 256 x 256 and tanh"""
    w = tf.placeholder(tf.float32, [256, 256])
    ends = []
    for start in (0.1, 0.2):
        y = tf.fill([64, 256], start)
        for _ in range(50):
            y = tf.tanh(tf.matmul(y, w))
        ends.append(tf.reduce_sum(y))
    return runs(tf, n, ends, {w: factors(256, 256, 1)[0] / 256}, threads)

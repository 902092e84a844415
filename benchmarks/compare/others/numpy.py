"""NumPy with ``out=``: every result goes to memory that is there already."""

import numpy as np

from ...programs.running import LAYER, SQUARE, factors, matrix, ramp, sum_errors

VERSION = np.__version__


def run_smallest(n):
    x, y = np.zeros(4, np.float32), np.empty(4, np.float32)
    one = np.float32(1)

    def timed():
        for _ in range(n):
            np.add(x, one, out=y)

    return timed


def elementwise_single(n):
    x = ramp(n)
    y = np.empty_like(x)
    return lambda: np.add(x, np.float32(1), out=y)


def elementwise_chain(n):
    x = ramp(n)
    y = np.empty_like(x)

    def timed():
        before = x
        for _ in range(10):
            np.multiply(before, np.float32(0.9), out=y)
            np.add(y, x, out=y)
            np.maximum(y, np.float32(0), out=y)
            before = y

    return timed


def elementwise_tree(n):
    x = ramp(n)
    y, z = np.empty_like(x), np.empty_like(x)
    one = np.float32(1)

    def timed():
        np.negative(x, out=y)
        np.multiply(y, x, out=y)
        np.exp(y, out=y)
        np.multiply(y, x, out=y)
        np.add(y, one, out=y)
        np.tanh(y, out=y)
        np.multiply(x, x, out=z)
        np.add(z, one, out=z)
        np.sqrt(z, out=z)
        np.multiply(y, z, out=y)

    return timed


def _reduction(n, reduce, axis):
    x = matrix(n)
    y = np.empty(x.shape[1 - axis] if axis is not None else (), np.float32)
    return lambda: reduce(x, axis, out=y)


def _product(n, sizes):
    a, b = factors(*sizes)
    y = np.empty((sizes[0], sizes[2]), np.float32)

    def timed():
        for _ in range(n):
            np.matmul(a, b, out=y)

    return timed


COLUMNS = {
    "numpy": (
        f"NumPy {VERSION}, out=",
        {
            "run_smallest": run_smallest,
            "elementwise_single": elementwise_single,
            "elementwise_chain": elementwise_chain,
            "elementwise_tree": elementwise_tree,
            "reduce_sum": lambda n: _reduction(n, np.sum, None),
            "reduce_sum_0": lambda n: _reduction(n, np.sum, 0),
            "reduce_sum_1": lambda n: _reduction(n, np.sum, 1),
            "reduce_max": lambda n: _reduction(n, np.max, None),
            "sum_error": lambda n: lambda: sum_errors(np.sum, n, None),
            "sum_error_0": lambda n: lambda: sum_errors(lambda x: np.sum(x, 0), n, 0),
            "matmul_square": lambda n: _product(n, SQUARE),
            "matmul_layer": lambda n: _product(n, LAYER),
        },
    )
}

"""Loops in C, compiled when asked for: what the machine gives, with one thread and with two."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ...programs.running import matrix, ramp, sum_errors

LOOPS = r"""
enum { ROOM = 128 };  /* partial results: enough that no addition waits for the one before */

void add_one(const float *x, float *y, long n) {
    for (long i = 0; i < n; i++) y[i] = x[i] + 1.0f;
}

#define REDUCTION(NAME, TAKE)                                        \
    float NAME(const float *x, long n) {                             \
        float part[ROOM], all = x[0] - x[0];                         \
        long i = 0;                                                  \
        for (int j = 0; j < ROOM; j++) part[j] = x[0] - x[0];        \
        for (; i + ROOM <= n; i += ROOM)                             \
            for (int j = 0; j < ROOM; j++) TAKE(part[j], x[i + j]);  \
        for (; i < n; i++) TAKE(all, x[i]);                          \
        for (int j = 0; j < ROOM; j++) TAKE(all, part[j]);           \
        return all;                                                  \
    }
#define ADD(a, b) a += b
#define MAX(a, b) a = a > b ? a : b  /* of numbers from 0 to 1, as the first x - x is no greater */
REDUCTION(sum, ADD)
REDUCTION(max, MAX)

void sum_rows(const float *x, float *y, long n_rows, long n_columns) {
    for (long i = 0; i < n_rows; i++) y[i] = sum(x + i * n_columns, n_columns);
}

void sum_columns(const float *x, float *y, long n_rows, long n_columns) {
    for (long j = 0; j < n_columns; j++) y[j] = 0.0f;
    for (long i = 0; i < n_rows; i++)
        for (long j = 0; j < n_columns; j++) y[j] += x[i * n_columns + j];
}

float multiply(long n) {  /* arithmetic in registers alone */
    float part[ROOM];
    for (int j = 0; j < ROOM; j++) part[j] = j * 1e-3f;
    for (long i = 0; i < n; i++)
        for (int j = 0; j < ROOM; j++) part[j] = part[j] * 0.999f + 0.001f;
    return sum(part, ROOM);
}
"""


def _compiler():
    """The system's compiler; an ImportError says that there is none."""
    named = os.environ.get("CC", "").split()
    found = next(filter(shutil.which, [*named[:1], "cc", "gcc", "clang"]), None)
    if found is None:
        raise ImportError("no C compiler")
    return found


def _compile():
    with tempfile.TemporaryDirectory() as directory:
        source, library = os.path.join(directory, "loops.c"), os.path.join(directory, "loops.so")
        with open(source, "w") as file:
            file.write(LOOPS)
        flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
        subprocess.run([_compiler(), *flags, source, "-o", library], check=True, capture_output=True)
        return ctypes.CDLL(library)


VERSION = ""
_loops = _compile()
_loops.sum.restype = _loops.max.restype = _loops.multiply.restype = ctypes.c_float


def _at(array):
    return ctypes.c_void_p(array.ctypes.data)


def _parts(n, threads):
    """Where the parts of n begin, in cache lines, and how long they are."""
    size = -(-n // threads // 16) * 16
    return [(start, min(size, n - start)) for start in range(0, n, size)]


def _split(calls):
    """Timed: the calls, each in a thread of its own."""
    if len(calls) == 1:
        return calls[0]
    pool = ThreadPoolExecutor(len(calls))
    return lambda: list(pool.map(lambda call: call(), calls))


def elementwise_single(n, threads=1):
    x = ramp(n)
    y = np.empty_like(x)
    return _split(
        [
            lambda start=start, size=size: _loops.add_one(_at(x[start:]), _at(y[start:]), ctypes.c_long(size))
            for start, size in _parts(n, threads)
        ]
    )


def _reduction(n, loop, threads=1):
    x = matrix(n).ravel()
    return _split(
        [lambda start=start, size=size: loop(_at(x[start:]), ctypes.c_long(size)) for start, size in _parts(n, threads)]
    )


def _axis(n, loop, axis):
    x = matrix(n)
    y = np.empty(x.shape[1 - axis], np.float32)
    return lambda: loop(_at(x), _at(y), *map(ctypes.c_long, x.shape))


def arithmetic(n, threads=1):
    """What products and convolutions may hope for."""
    return _split([lambda: _loops.multiply(ctypes.c_long(200000 // threads))] * threads)


def _sum(x):
    return _loops.sum(_at(x), ctypes.c_long(x.size))


COLUMNS = {
    "c": (
        "C loop",
        {
            "elementwise_single": elementwise_single,
            "reduce_sum": lambda n: _reduction(n, _loops.sum),
            "reduce_sum_0": lambda n: _axis(n, _loops.sum_columns, 0),
            "reduce_sum_1": lambda n: _axis(n, _loops.sum_rows, 1),
            "reduce_max": lambda n: _reduction(n, _loops.max),
            "sum_error": lambda n: lambda: sum_errors(_sum, n, None),
        },
    ),
    "machine": (  # for each program the loop that is most like it
        "C loops, a part each",
        {
            "elementwise_single": elementwise_single,
            "reduce_sum": lambda n, threads: _reduction(n, _loops.sum, threads),
            "conv_3x3": arithmetic,
            "matmul_square": arithmetic,
        },
    ),
}

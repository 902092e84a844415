"""What memory costs. A program returns a function that returns bytes, and wants a process of its own."""

import ctypes
import gc
import os
import re

import numpy as np

from . import training
from .building import add
from .sessions import aligned, session

ROWS = 2048  # a float32 matrix of so many rows and columns takes 16 MB


def resident():
    """Resident memory of this process in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak_above_start(run):
    """By how many bytes the process grew while `run` ran: the kernel's mark of the most pages it held."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # pages that the C library keeps for later are not to be had for nothing
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the mark falls to what is held now
    before = resident()
    run()
    with open("/proc/self/status") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1)) * 1024 - before


def bytes_per_op(tf, n):
    """memory per op, tf.add"""
    add(tf, 1000)()  # whatever the first calls load
    timed = add(tf, n)

    def grown():
        gc.collect()
        before = resident()
        timed()
        gc.collect()
        return (resident() - before) / n

    return grown


def _chained(tf, n, op):
    x = y = tf.placeholder(tf.float32, [None, None])
    for i in range(n):
        y = op(y, i)
    run = session(tf).make_callable(y, [x])
    run(np.zeros([2, 2], np.float32))  # plans, and loads what is needed
    value = aligned(np.zeros([ROWS, ROWS]))
    return lambda: peak_above_start(lambda: run(value))


def chained_in_place(tf, n):
    """peak of 100 chained ops on 16 MB, each may overwrite its input (tanh, product)"""
    return _chained(tf, n, lambda y, i: y * 0.5 if i % 2 else tf.tanh(y))


def chained_apart(tf, n):
    """peak of 100 chained ops on 16 MB, none may overwrite its input (cumsum, transpose)"""
    return _chained(tf, n, lambda y, i: tf.transpose(y) if i % 2 else tf.cumsum(y))


def cnn_step(tf, n):
    """peak of a training step of the CNN, batch 64"""
    x, labels, fetches = training.cnn(tf)
    initializer = tf.global_variables_initializer()

    def step(made, batch):
        made.run(fetches, dict(zip((x, labels), training.digits([28, 28, 1], batch))))

    first, second = session(tf), session(tf)
    first.run(initializer)
    step(first, 1)  # loads what is needed
    second.run(initializer)
    first.close()  # and with it what waits to be used again
    return lambda: peak_above_start(lambda: [step(second, 64) for _ in range(n)])

"""What a call of a session costs, whatever it computes; sessions have the library's default threads."""

import numpy as np

from .building import get_variable_zeros
from .sessions import calls, runs


def run_smallest(tf, n):
    """Session.run(x + 1.0, {x: 4 floats})"""
    x = tf.placeholder(tf.float32, [4])
    y = x + 1.0
    value = np.zeros(4, np.float32)
    session = tf.Session()
    session.run(y, {x: value})

    def timed():
        for _ in range(n):
            session.run(y, {x: value})

    return timed


def run_callable(tf, n):
    """make_callable(x + 1.0, [x])(4 floats)"""
    x = tf.placeholder(tf.float32, [4])
    return calls(tf, n, x + 1.0, x, np.zeros(4, np.float32), threads=None)


def run_no_op(tf, n):
    """Session.run(no_op)"""
    return runs(tf, n, tf.no_op(), threads=None)


def _run_many(tf, n, width):
    feeds = [tf.placeholder(tf.float32, [4]) for _ in range(width)]
    return runs(tf, n, [x + 1.0 for x in feeds], {x: np.zeros(4, np.float32) for x in feeds}, threads=None)


def run_10(tf, n):
    """Session.run, 10 feeds and 10 fetches"""
    return _run_many(tf, n, 10)


def run_100(tf, n):
    """Session.run, 100 feeds and 100 fetches"""
    return _run_many(tf, n, 100)


def chain(tf, n):
    """A placeholder for 4 floats, and the last of n operations in a row."""
    x = y = tf.placeholder(tf.float32, [4])
    for i in range(n):
        y = tf.add(y, x) if i % 2 else tf.tanh(y)
    return x, y


def run_first(tf, n):
    """First Session.run of a chain of tiny ops"""
    x, y = chain(tf, n)
    value = np.zeros(4, np.float32)
    session = tf.Session()

    def timed():
        session.run(y, {x: value})

    return timed


def run_initializer(tf, n):
    """First Session.run of tf.global_variables_initializer()"""
    get_variable_zeros(tf, n)()
    op = tf.global_variables_initializer()
    session = tf.Session()

    def timed():
        session.run(op)

    return timed

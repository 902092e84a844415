"""Input that is wrong in ways no program should be: an error or a result, never a crash."""

import numpy as np
import pytest

import pyscope as tf


def test_scopes_left_before_they_are_entered():
    for scope in (tf.name_scope("a"), tf.variable_scope("a")):
        with pytest.raises(AttributeError):
            scope.__exit__(None, None, None)
    assert tf.constant(1.0, name="c").name == "c:0"


def test_lists_that_hold_themselves_or_are_very_deep():
    endless = []
    endless.append(endless)
    deep = 1.0
    for _ in range(100_000):
        deep = [deep]
    for value in (endless, deep):
        with pytest.raises((ValueError, TypeError, RecursionError)):
            tf.shape(value)


def test_py_func_may_write_to_its_inputs():
    def fill(a):
        a[:] = 9
        return a

    x, c, fed = tf.placeholder(tf.float32, [2]), tf.constant([1.0, 2.0]), np.zeros(2, "f")
    with tf.Session() as sess:
        sess.run([tf.py_func(fill, [x], tf.float32), tf.py_func(fill, [c], tf.float32)], {x: fed})
        assert fed.tolist() == [0, 0]
        assert sess.run(c).tolist() == [1, 2]

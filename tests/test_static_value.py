"""Values and shapes known while building, against what TensorFlow 2.21 knows; and chains of any length."""

import numpy as np
import pytest
import recorded_nodes

import pyscope as tf
from pyscope.static_value import constant_value, constant_value_as_shape, fold_constant, fold_shape

CASES = recorded_nodes.load("static_value")


@pytest.mark.parametrize("line", CASES)
def test_as_recorded(line):
    assert recorded_nodes.evaluate(tf, "static_value", line) == CASES[line]


LENGTH = 10_000


def test_a_long_chain_of_identities_is_seen_through():
    x = tf.constant([2, 3])
    for _ in range(LENGTH):
        x = tf.identity(x)
    assert constant_value(x).tolist() == [2, 3]
    assert fold_constant(x).tolist() == [2, 3]


def test_a_long_chain_of_sums_folds():
    x = tf.constant(0)
    for _ in range(LENGTH):
        x = x + 1
    assert constant_value(x) is None
    assert fold_constant(x) == LENGTH


def test_a_long_chain_of_slices_of_a_shape_folds():
    shape = tf.shape(tf.placeholder(tf.float32, [None, 3]))
    for _ in range(1000):
        shape = tf.concat([shape[:1], shape[1:]], 0)
    assert fold_shape(shape) == (None, 3)
    assert constant_value_as_shape(shape).as_list() == [None, 3]


def test_values_that_depend_on_a_feed_do_not_fold():
    x = tf.placeholder(tf.int32, [2])
    y = x
    for _ in range(LENGTH):
        y = y * 2
    assert fold_constant(y) is None
    assert fold_shape(y) == (None, None)


def test_random_and_variable_values_do_not_fold():
    assert fold_constant(tf.random_uniform([2])) is None
    assert fold_constant(tf.Variable([1, 2]).read_value()) is None


def test_a_shape_that_set_shape_completes_folds_then():
    x = tf.placeholder(tf.float32)
    n = tf.shape(x)[0] * 2
    assert fold_constant(n) is None
    x.set_shape([3, None])
    assert fold_constant(n) == 6


def test_what_was_relied_on_cannot_be_fed():
    n = tf.constant(3)
    constant_value(n)
    with tf.Session() as sess, pytest.raises(ValueError, match="may not be fed"):
        sess.run(tf.identity(n), {n: 4})


def test_a_value_that_fails_to_compute_is_unknown():
    y = tf.gather(tf.constant([1, 2]), tf.constant([5]))
    assert fold_constant(y) is None


def test_the_caller_cannot_change_a_constant():
    value = constant_value(tf.constant([1, 2]))
    assert not value.flags.writeable or value is not constant_value(tf.constant([1, 2]))
    assert isinstance(value, np.ndarray)


def test_a_cycle_has_no_static_value():
    a = tf.constant([1, 2])
    first = tf.identity(a)
    second = tf.identity(first)
    first.op._update_input(0, second)
    assert tf.get_static_value(second) is None
    assert tf.zeros(second).shape.as_list() == [None, None]

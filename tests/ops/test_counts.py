"""Confusion matrices."""

import numpy as np
import pytest

import pyscope as tf


def value(tensor, feed=None):
    with tf.Session() as sess:
        return sess.run(tensor, feed)


def test_counts_by_label_and_prediction():
    found = value(tf.confusion_matrix([1, 2, 4, 1], [2, 2, 4, 1]))
    expected = np.zeros((5, 5), int)
    for label, prediction in ((1, 2), (2, 2), (4, 4), (1, 1)):
        expected[label, prediction] += 1
    assert found.tolist() == expected.tolist()


def test_weights_and_number_of_classes():
    found = value(tf.confusion_matrix([0, 1, 0], [[1], [1], [1]], num_classes=3, weights=[1, 2, 4]))
    assert found.tolist() == [[0, 5, 0], [0, 2, 0], [0, 0, 0]]


@pytest.mark.parametrize("labels, message", [([-1, 0], "negative"), ([0, 3], "out of bound")])
def test_labels_are_checked(labels, message):
    fed = tf.placeholder(tf.int32, [None])
    matrix = tf.confusion_matrix(fed, [0, 0], num_classes=3)
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        value(matrix, {fed: labels})


def test_histogram():
    found = value(tf.histogram_fixed_width([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], [0.0, 5.0], nbins=5))
    assert found.tolist() == [2, 1, 1, 0, 2]

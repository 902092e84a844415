"""tf.losses: values by NumPy, weights, reductions and the collection."""

import numpy as np
import pytest

import pyscope as tf

RNG = np.random.RandomState(0)
LABELS = RNG.uniform(0, 1, (4, 3)).astype(np.float32)
PREDICTIONS = RNG.uniform(0.05, 0.95, (4, 3)).astype(np.float32)
WEIGHTS = np.array([[1.0], [0.0], [2.0], [0.5]], np.float32)


def _huber(labels, predictions):
    error = np.abs(labels - predictions)
    return np.where(error < 0.2, error**2 / 2, 0.2 * error - 0.02)


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


REFERENCES = {
    "absolute_difference": (lambda y, p: np.abs(y - p), {}),
    "mean_squared_error": (lambda y, p: (y - p) ** 2, {}),
    "huber_loss": (_huber, {"delta": 0.2}),
    "hinge_loss": (lambda y, p: np.maximum(0, 1 - (2 * y - 1) * p), {}),
    "log_loss": (lambda y, p: -y * np.log(p + 1e-7) - (1 - y) * np.log(1 - p + 1e-7), {}),
    "sigmoid_cross_entropy": (lambda y, p: -y * np.log(_sigmoid(p)) - (1 - y) * np.log(1 - _sigmoid(p)), {}),
}


def value(tensor):
    with tf.Session() as sess:
        return sess.run(tensor)


@pytest.mark.parametrize("name", REFERENCES)
def test_mean_over_weights_that_are_not_zero(name):
    reference, options = REFERENCES[name]
    loss = getattr(tf.losses, name)(LABELS, PREDICTIONS, weights=WEIGHTS, **options)
    expected = (reference(LABELS, PREDICTIONS) * WEIGHTS).sum() / 9
    assert value(loss) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "reduction, reduce",
    [
        ("none", lambda x: x * WEIGHTS),
        ("weighted_sum", lambda x: (x * WEIGHTS).sum()),
        ("weighted_mean", lambda x: (x * WEIGHTS).sum() / (WEIGHTS.sum() * 3)),
        ("weighted_sum_over_batch_size", lambda x: (x * WEIGHTS).sum() / 12),
        ("weighted_sum_by_nonzero_weights", lambda x: (x * WEIGHTS).sum() / 9),
    ],
)
def test_reductions(reduction, reduce):
    loss = tf.losses.mean_squared_error(LABELS, PREDICTIONS, weights=WEIGHTS, reduction=reduction)
    np.testing.assert_allclose(value(loss), reduce((LABELS - PREDICTIONS) ** 2), rtol=1e-5)


def test_all_weights_zero_give_zero():
    assert value(tf.losses.mean_squared_error(LABELS, PREDICTIONS, weights=0.0)) == 0


def test_softmax_losses_agree():
    classes = np.array([0, 2, 1, 2])
    one_hot = np.eye(3, dtype=np.float32)[classes]
    dense = tf.losses.softmax_cross_entropy(one_hot, PREDICTIONS)
    sparse = tf.losses.sparse_softmax_cross_entropy(classes, PREDICTIONS)
    column = tf.losses.sparse_softmax_cross_entropy(classes[:, None], PREDICTIONS)
    p = np.exp(PREDICTIONS) / np.exp(PREDICTIONS).sum(1, keepdims=True)
    expected = -np.log(p[np.arange(4), classes]).mean()
    np.testing.assert_allclose(value([dense, sparse, column]), expected, rtol=1e-5)


def test_label_smoothing():
    one_hot = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    smooth = tf.losses.softmax_cross_entropy(one_hot, PREDICTIONS, label_smoothing=0.3)
    by_hand = tf.losses.softmax_cross_entropy(one_hot * 0.7 + 0.1, PREDICTIONS)
    a, b = value([smooth, by_hand])
    assert a == pytest.approx(b, rel=1e-6)


def test_collection_and_total():
    first = tf.losses.mean_squared_error(LABELS, PREDICTIONS)
    with tf.name_scope("more"):
        second = tf.losses.absolute_difference(LABELS, PREDICTIONS)
    tf.losses.mean_squared_error(LABELS, PREDICTIONS, loss_collection=None)
    extra = tf.constant(2.0)
    tf.add_to_collection(tf.GraphKeys.REGULARIZATION_LOSSES, extra)
    assert tf.losses.get_losses() == [first, second]
    assert tf.losses.get_losses("more") == [second]
    a, b, total, bare = value(
        [first, second, tf.losses.get_total_loss(), tf.losses.get_total_loss(add_regularization_losses=False)]
    )
    assert bare == pytest.approx(a + b)
    assert total == pytest.approx(a + b + 2)


def test_no_regularization_is_zero():
    assert value(tf.losses.get_regularization_loss()) == 0


def test_weights_are_checked_in_the_run():
    values, weights = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.float32, [None, 1])
    loss = tf.losses.mean_squared_error(values, values + 1.0, weights=weights)
    with tf.Session() as sess:
        feed = {values: np.zeros((3, 2)), weights: [[1.0], [1.0], [0.0]]}
        assert sess.run(loss, feed) == pytest.approx(1.0)
        feed[weights] = np.ones((2, 1))
        with pytest.raises(tf.errors.InvalidArgumentError, match="weights can not be broadcast to values"):
            sess.run(loss, feed)


@pytest.mark.parametrize("name", REFERENCES)
def test_missing_arguments(name):
    with pytest.raises(ValueError, match="must not be None"):
        getattr(tf.losses, name)(None, PREDICTIONS)

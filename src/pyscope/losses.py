"""``tf.losses``: losses that register themselves, and their sums."""

from pyscope import _core as core
from pyscope import dtypes
from pyscope.conversion import convert_to_tensor
from pyscope.graph import GraphKeys, add_to_collection, get_collection
from pyscope.ops import array
from pyscope.ops import math as math_ops
from pyscope.ops import nn as nn_ops
from pyscope.ops._rules import renamed
from pyscope.ops.weights_broadcast import assert_broadcastable, broadcast_weights

__all__ = [
    "Reduction", "absolute_difference", "add_loss", "compute_weighted_loss", "cosine_distance", "get_losses",
    "get_regularization_loss", "get_regularization_losses", "get_total_loss", "hinge_loss", "huber_loss",
    "log_loss", "mean_pairwise_squared_error", "mean_squared_error", "sigmoid_cross_entropy",
    "softmax_cross_entropy", "sparse_softmax_cross_entropy",
]  # fmt: skip


class Reduction:
    """How a loss of many elements becomes one number."""

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls):
        """All keys."""
        return (
            cls.NONE,
            cls.SUM,
            cls.MEAN,
            cls.SUM_OVER_BATCH_SIZE,
            cls.SUM_OVER_NONZERO_WEIGHTS,
            cls.SUM_BY_NONZERO_WEIGHTS,
        )

    @classmethod
    def validate(cls, key):
        """Raise ValueError if `key` is not a reduction."""
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key {key}. Key should be one of {cls.all()}.")


# ---------------------------------------------------------------- the collection


def add_loss(loss, loss_collection=GraphKeys.LOSSES):
    """Add `loss` to the collection of losses."""
    if loss_collection:
        add_to_collection(loss_collection, loss)


def get_losses(scope=None, loss_collection=GraphKeys.LOSSES):
    """The losses added so far whose names match `scope`."""
    return get_collection(loss_collection, scope)


def get_regularization_losses(scope=None):
    """The losses of regularizers."""
    return get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(scope=None, name="total_regularization_loss"):
    """Sum of the losses of regularizers, 0 if there are none."""
    from pyscope.conversion import constant

    losses = get_regularization_losses(scope)
    return math_ops.add_n(losses, name=name) if losses else constant(0.0)


def get_total_loss(add_regularization_losses=True, name="total_loss", scope=None):
    """Sum of all losses, those of regularizers included unless told otherwise."""
    losses = get_losses(scope=scope)
    if add_regularization_losses:
        losses += get_regularization_losses(scope=scope)
    return math_ops.add_n(losses, name=name)


# ---------------------------------------------------------------- weighting


def _safe_mean(losses, n_present):
    total = math_ops.reduce_sum(losses)
    return math_ops.div_no_nan(total, n_present, name="value")


def _n_present(losses, weights, per_batch=False):
    """Number of losses whose weight is not 0."""
    if isinstance(weights, float) and weights != 0.0:
        return _n_elements(losses)
    with core.name_scope(None, "num_present", (losses, weights)) as scope:
        weights = math_ops.cast(weights, dtype=dtypes.float32)
        is_zero = math_ops.equal(weights, 0.0)
        present = array.where(is_zero, array.zeros_like(weights), array.ones_like(weights))
        present = broadcast_weights(present, losses)
        if per_batch:
            axes = math_ops.range(1, array.rank(present))
            return math_ops.reduce_sum(present, axis=axes, keepdims=True, name=scope)
        return math_ops.reduce_sum(present, name=scope)


def _n_elements(losses):
    with core.name_scope(None, "num_elements", values=[losses]) as scope:
        return math_ops.cast(array.size(losses, name=scope), dtype=losses.dtype)


def compute_weighted_loss(
    losses, weights=1.0, scope=None, loss_collection=GraphKeys.LOSSES,
    reduction=Reduction.SUM_BY_NONZERO_WEIGHTS,
):  # fmt: skip
    """`losses` times `weights`, reduced to one number (in most reductions) and added to `loss_collection`.

    Parameters
    ----------
    losses : Tensor
    weights : float or Tensor
        Of the rank of `losses`, each dimension that of `losses` or 1; or a scalar.
    reduction : str
        A key of `Reduction`; the default divides the sum by the number of weights that are not 0.

    Raises
    ------
    ValueError
        If `weights` do not broadcast so.
    """
    return _kept(_weighted(losses, weights, scope, reduction), loss_collection, reduction)


def _kept(loss, loss_collection, reduction):
    """`loss`, in its collection."""
    core.get_default_graph()._last_loss_reduction = reduction
    add_loss(loss, loss_collection)
    return loss


@core.repeats(ignoring="losses weights")
def _weighted(losses, weights, name, reduction):
    Reduction.validate(reduction)
    with core.name_scope(name, "weighted_loss", (losses, weights)):
        check = assert_broadcastable(weights, losses)
        with core.get_default_graph().control_dependencies((check,)):
            losses = convert_to_tensor(losses)
            input_dtype = losses.dtype
            losses = math_ops.cast(losses, dtype=dtypes.float32)
            weights = math_ops.cast(weights, dtype=dtypes.float32)
            loss = math_ops.multiply(losses, weights)
            if reduction != Reduction.NONE:
                loss = math_ops.reduce_sum(loss)
                if reduction == Reduction.MEAN:
                    loss = _safe_mean(loss, math_ops.reduce_sum(array.ones_like(losses) * weights))
                elif reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
                    loss = _safe_mean(loss, _n_present(losses, weights))
                elif reduction == Reduction.SUM_OVER_BATCH_SIZE:
                    loss = _safe_mean(loss, _n_elements(losses))
            return math_ops.cast(loss, input_dtype)


def _given(**arguments):
    for name, value in arguments.items():
        if value is None:
            raise ValueError(f"Argument `{name}` must not be None.")


def _float_pair(first, second):
    """Both as float32, their shapes compatible."""
    first = math_ops.cast(first, dtype=dtypes.float32)
    second = math_ops.cast(second, dtype=dtypes.float32)
    first.shape.assert_is_compatible_with(second.shape)
    return first, second


# ---------------------------------------------------------------- losses of numbers


def absolute_difference(
    labels, predictions, weights=1.0, scope=None, loss_collection=GraphKeys.LOSSES,
    reduction=Reduction.SUM_BY_NONZERO_WEIGHTS,
):  # fmt: skip
    """Weighted mean of ``|predictions - labels|``. Arguments as in `compute_weighted_loss`."""
    return _kept(_absolute_difference(labels, predictions, weights, scope, reduction), loss_collection, reduction)


@core.repeats(ignoring="labels predictions weights")
def _absolute_difference(labels, predictions, weights, name, reduction):
    _given(labels=labels, predictions=predictions)
    with core.name_scope(name, "absolute_difference", (predictions, labels, weights)) as scope:
        predictions, labels = _float_pair(predictions, labels)
        losses = math_ops.abs(math_ops.subtract(predictions, labels))
        return _weighted(losses, weights, scope, reduction)


def cosine_distance(
    labels, predictions, axis=None, weights=1.0, scope=None, loss_collection=GraphKeys.LOSSES,
    reduction=Reduction.SUM_BY_NONZERO_WEIGHTS, dim=None,
):  # fmt: skip
    """Weighted mean of ``1 - sum(predictions * labels)`` over `axis` (once `dim`), of unit vectors."""
    axis = renamed("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("You must specify argument `axis`.")
    return _kept(_cosine_distance(labels, predictions, axis, weights, scope, reduction), loss_collection, reduction)


@core.repeats(ignoring="labels predictions weights")
def _cosine_distance(labels, predictions, axis, weights, name, reduction):
    _given(labels=labels, predictions=predictions)
    with core.name_scope(name, "cosine_distance_loss", (predictions, labels, weights)) as scope:
        predictions, labels = _float_pair(predictions, labels)
        products = math_ops.multiply(predictions, labels)
        losses = 1 - math_ops.reduce_sum(products, axis=(axis,), keepdims=True)
        return _weighted(losses, weights, scope, reduction)


def huber_loss(
    labels, predictions, weights=1.0, delta=1.0, scope=None, loss_collection=GraphKeys.LOSSES,
    reduction=Reduction.SUM_BY_NONZERO_WEIGHTS,
):  # fmt: skip
    """Weighted mean of a loss that is quadratic up to an error of `delta`, then linear (Huber 1964)."""
    return _kept(_huber_loss(labels, predictions, weights, delta, scope, reduction), loss_collection, reduction)


@core.repeats(ignoring="labels predictions weights")
def _huber_loss(labels, predictions, weights, delta, name, reduction):
    _given(labels=labels, predictions=predictions)
    with core.name_scope(name, "huber_loss", (predictions, labels, weights)) as scope:
        predictions, labels = _float_pair(predictions, labels)
        error = math_ops.abs(math_ops.subtract(predictions, labels))
        quadratic = math_ops.minimum(error, delta)
        linear = math_ops.subtract(error, quadratic)
        half = convert_to_tensor(0.5, dtype=quadratic.dtype)
        curve = math_ops.multiply(half, math_ops.multiply(quadratic, quadratic))
        losses = math_ops.add(curve, math_ops.multiply(delta, linear))
        return _weighted(losses, weights, scope, reduction)


def mean_squared_error(
    labels, predictions, weights=1.0, scope=None, loss_collection=GraphKeys.LOSSES,
    reduction=Reduction.SUM_BY_NONZERO_WEIGHTS,
):  # fmt: skip
    """Weighted mean of ``(predictions - labels) ** 2``. Arguments as in `compute_weighted_loss`."""
    return _kept(_mean_squared_error(labels, predictions, weights, scope, reduction), loss_collection, reduction)


@core.repeats(ignoring="labels predictions weights")
def _mean_squared_error(labels, predictions, weights, name, reduction):
    _given(labels=labels, predictions=predictions)
    with core.name_scope(name, "mean_squared_error", (predictions, labels, weights)) as scope:
        predictions, labels = _float_pair(predictions, labels)
        losses = math_ops.squared_difference(predictions, labels)
        return _weighted(losses, weights, scope, reduction)


def mean_pairwise_squared_error(
    labels, predictions, weights=1.0, scope=None, loss_collection=GraphKeys.LOSSES
):
    """Mean squared error of the differences between all pairs of elements of each row."""
    _given(labels=labels, predictions=predictions)
    with core.name_scope(scope, "mean_pairwise_squared_error", (predictions, labels, weights)) as scope:
        weights = math_ops.cast(weights, dtype=dtypes.float32)
        labels = math_ops.cast(labels, dtype=dtypes.float32)
        check = assert_broadcastable(weights, labels)
        with core.get_default_graph().control_dependencies((check,)):
            predictions = math_ops.cast(predictions, dtype=dtypes.float32)
            predictions.shape.assert_is_compatible_with(labels.shape)
            diffs = math_ops.subtract(predictions, labels)
            axis = math_ops.range(1, array.rank(diffs))
            squares = math_ops.reduce_sum(math_ops.square(diffs), axis=axis, keepdims=True)
            n = _n_present(diffs, weights, per_batch=True)
            first = 2.0 * math_ops.div_no_nan(squares, math_ops.maximum(n - 1, 0), name="value")
            total = math_ops.reduce_sum(diffs, axis=axis, keepdims=True)
            second = 2.0 * math_ops.div_no_nan(
                math_ops.square(total), math_ops.maximum(math_ops.multiply(n, n - 1), 0), name="value"
            )
            weighted = math_ops.multiply(first - second, weights)
            loss = math_ops.reduce_sum(weighted)
            mean = array.where(math_ops.reduce_sum(n) > 0, loss, array.zeros_like(loss), name="value")
            add_loss(mean, loss_collection)
            return mean


# ---------------------------------------------------------------- losses of classes


def hinge_loss(
    labels, logits, weights=1.0, scope=None, loss_collection=GraphKeys.LOSSES,
    reduction=Reduction.SUM_BY_NONZERO_WEIGHTS,
):  # fmt: skip
    """Weighted mean of ``max(0, 1 - y * logits)``, where labels 0 and 1 count as y = -1 and 1."""
    return _kept(_hinge_loss(labels, logits, weights, scope, reduction), loss_collection, reduction)


@core.repeats(ignoring="labels logits weights")
def _hinge_loss(labels, logits, weights, name, reduction):
    _given(labels=labels, logits=logits)
    with core.name_scope(name, "hinge_loss", (logits, labels, weights)) as scope:
        logits, labels = _float_pair(logits, labels)
        ones = array.ones_like(labels)
        labels = math_ops.subtract(2 * labels, ones)
        losses = nn_ops.relu(math_ops.subtract(ones, math_ops.multiply(labels, logits)))
        return _weighted(losses, weights, scope, reduction)


def log_loss(
    labels, predictions, weights=1.0, epsilon=1e-7, scope=None, loss_collection=GraphKeys.LOSSES,
    reduction=Reduction.SUM_BY_NONZERO_WEIGHTS,
):  # fmt: skip
    """Weighted mean of the cross entropy of probabilities; `epsilon` is added in the logarithms."""
    return _kept(_log_loss(labels, predictions, weights, epsilon, scope, reduction), loss_collection, reduction)


@core.repeats(ignoring="labels predictions weights")
def _log_loss(labels, predictions, weights, epsilon, name, reduction):
    _given(labels=labels, predictions=predictions)
    with core.name_scope(name, "log_loss", (predictions, labels, weights)) as scope:
        predictions, labels = _float_pair(predictions, labels)
        positive = -math_ops.multiply(labels, math_ops.log(predictions + epsilon))
        losses = positive - math_ops.multiply(1 - labels, math_ops.log(1 - predictions + epsilon))
        return _weighted(losses, weights, scope, reduction)


def sigmoid_cross_entropy(
    multi_class_labels, logits, weights=1.0, label_smoothing=0, scope=None, loss_collection=GraphKeys.LOSSES,
    reduction=Reduction.SUM_BY_NONZERO_WEIGHTS,
):  # fmt: skip
    """Weighted mean of `sigmoid_cross_entropy_with_logits`; `label_smoothing` moves labels towards 1/2."""
    loss = _sigmoid_cross_entropy(multi_class_labels, logits, weights, label_smoothing, scope, reduction)
    return _kept(loss, loss_collection, reduction)


@core.repeats(ignoring="multi_class_labels logits weights")
def _sigmoid_cross_entropy(multi_class_labels, logits, weights, label_smoothing, name, reduction):
    _given(multi_class_labels=multi_class_labels, logits=logits)
    with core.name_scope(name, "sigmoid_cross_entropy_loss", (logits, multi_class_labels, weights)) as scope:
        logits = convert_to_tensor(logits)
        labels = math_ops.cast(multi_class_labels, logits.dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = nn_ops.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return _weighted(losses, weights, scope, reduction)


def softmax_cross_entropy(
    onehot_labels, logits, weights=1.0, label_smoothing=0, scope=None, loss_collection=GraphKeys.LOSSES,
    reduction=Reduction.SUM_BY_NONZERO_WEIGHTS,
):  # fmt: skip
    """Weighted mean of the softmax cross entropy; `label_smoothing` moves labels towards equality."""
    loss = _softmax_cross_entropy(onehot_labels, logits, weights, label_smoothing, scope, reduction)
    return _kept(loss, loss_collection, reduction)


@core.repeats(ignoring="onehot_labels logits weights")
def _softmax_cross_entropy(onehot_labels, logits, weights, label_smoothing, name, reduction):
    _given(onehot_labels=onehot_labels, logits=logits)
    with core.name_scope(name, "softmax_cross_entropy_loss", (logits, onehot_labels, weights)) as scope:
        logits = convert_to_tensor(logits)
        labels = math_ops.cast(onehot_labels, logits.dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            n_classes = math_ops.cast(array.shape(labels)[-1], logits.dtype)
            share = label_smoothing / n_classes
            labels = labels * (1.0 - label_smoothing) + share
        labels = array.stop_gradient(labels, name="labels_stop_gradient")
        losses = nn_ops.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits, name="xentropy")
        return _weighted(losses, weights, scope, reduction)


def sparse_softmax_cross_entropy(
    labels, logits, weights=1.0, scope=None, loss_collection=GraphKeys.LOSSES,
    reduction=Reduction.SUM_BY_NONZERO_WEIGHTS,
):  # fmt: skip
    """Weighted mean of the cross entropy with class numbers, which may have a last dimension of size 1."""
    return _kept(_sparse_softmax_cross_entropy(labels, logits, weights, scope, reduction), loss_collection, reduction)


@core.repeats(ignoring="labels logits weights")
def _sparse_softmax_cross_entropy(labels, logits, weights, name, reduction):
    _given(labels=labels, logits=logits)
    with core.name_scope(name, "sparse_softmax_cross_entropy_loss", (logits, labels, weights)) as scope:
        labels, logits, weights = _without_last_1(labels, logits, weights)
        losses = nn_ops.sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return _weighted(losses, weights, scope, reduction)


def _without_last_1(labels, logits, weights):
    """Squeeze a last dimension of 1 off labels and weights that have one dimension too many."""
    from pyscope import cond
    from pyscope.ops.weights_broadcast import remove_squeezable_dimensions

    labels, logits = remove_squeezable_dimensions(labels, logits, expected_rank_diff=1)
    weights = convert_to_tensor(weights)
    labels_rank, weights_rank = labels.shape.ndims, weights.shape.ndims
    if labels_rank is not None and weights_rank is not None:
        if weights_rank - labels_rank == 1:
            weights = array.squeeze(weights, [-1])
        return labels, logits, weights
    rank_diff = array.rank(weights) - array.rank(labels)
    if weights_rank is None or (weights_rank > 0 and weights.shape._dims[-1] in (None, 1)):
        full = weights
        weights = cond(math_ops.equal(1, rank_diff), lambda: array.squeeze(full, [-1]), lambda: full)
    return labels, logits, weights

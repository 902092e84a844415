"""Softmax and the cross entropies."""

import numpy as np

from .. import _core as core
from .. import dtypes
from ..conversion import convert_to_tensor
from ..errors import InvalidArgumentError
from ..static_value import constant_value
from . import array
from ._rules import broadcast as broadcast_shapes
from ._rules import merge_dim, renamed, same_at_least, with_rank

__all__ = [
    "log_softmax", "sigmoid_cross_entropy_with_logits", "softmax", "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2", "sparse_softmax_cross_entropy_with_logits",
    "weighted_cross_entropy_with_logits",
]  # fmt: skip

_TYPES = "float16|bfloat16|float32|float64"


# ---------------------------------------------------------------- softmax


def _check_rank(logits):
    if not logits.ndim:
        raise InvalidArgumentError(None, None, "logits must have >= 1 dimension, got []")


def _softmax_kernel(attrs, logits):
    _check_rank(logits)
    out = np.subtract(logits, np.maximum.reduce(logits, -1, keepdims=True)) if logits.size else logits.copy()
    np.exp(out, out)
    np.divide(out, np.add.reduce(out, -1, keepdims=True), out)
    return out


def _log_softmax_kernel(attrs, logits):
    _check_rank(logits)
    if not logits.size:
        return logits
    out = np.subtract(logits, np.maximum.reduce(logits, -1, keepdims=True))
    np.subtract(out, np.log(np.add.reduce(np.exp(out), -1, keepdims=True)), out)
    return out


def _softmax_gradient(op, grad):
    from .reduce import reduce_sum

    y = op.outputs[0]
    total = reduce_sum(grad * y, -1, keepdims=True)
    return [(grad - total) * y]


def _log_softmax_gradient(op, grad):
    from .elementwise import exp
    from .reduce import reduce_sum

    probabilities = exp(op.outputs[0])
    return [grad - reduce_sum(grad, -1, keepdims=True) * probabilities]


def _softmax_type(type, output, kernel, gradient):
    return core.OpType(
        type,
        f"logits: T -> {output}: T",
        f"T: {_TYPES}",
        shape=same_at_least(1),
        kernel=kernel,
        gradient=core.replayed(gradient),
    )


SOFTMAX = _softmax_type("Softmax", "softmax", core.kernel("softmax", _softmax_kernel), _softmax_gradient)
LOG_SOFTMAX = _softmax_type(
    "LogSoftmax", "logsoftmax", core.kernel("log_softmax", _log_softmax_kernel), _log_softmax_gradient
)


@core.repeats
@core.direct(SOFTMAX, tensors="logits")
def softmax(logits, axis=None, name=None, dim=None):
    """``exp(logits) / sum(exp(logits))`` along `axis`, the last by default; `dim` is its older name."""
    axis = renamed("axis", axis, "dim", dim)
    return _along(logits, SOFTMAX, -1 if axis is None else axis, name)


@core.repeats
@core.direct(LOG_SOFTMAX, tensors="logits")
def log_softmax(logits, axis=None, name=None, dim=None):
    """``logits - log(sum(exp(logits)))`` along `axis`, the last by default; `dim` is its older name."""
    axis = renamed("axis", axis, "dim", dim)
    return _along(logits, LOG_SOFTMAX, -1 if axis is None else axis, name)


def _along(inputs, op_type, axis, name):
    """Apply an op of the last dimension along another one, by swapping the two before and after."""
    inputs = convert_to_tensor(inputs)
    if axis.__class__ is int and axis == -1:
        return op_type(inputs, name=name)
    from .arithmetic import subtract
    from .compare import less
    from .ranges import range

    shape = inputs.shape
    if not isinstance(axis, core.Tensor) and (axis == -1 or axis == shape.ndims - 1):
        return op_type(inputs, name=name)
    known = constant_value(axis) if isinstance(axis, core.Tensor) else axis
    if known is not None and not -shape.ndims <= known < shape.ndims:
        raise InvalidArgumentError(
            None,
            None,
            f"`dim` must be in the range [{-shape.ndims}, {shape.ndims}) where {shape.ndims} is the number "
            f"of dimensions in the input. Received: dim={known}",
        )
    rank = array.rank(inputs)
    if isinstance(axis, core.Tensor):
        axis = array.where(less(axis, 0), axis + rank, axis)
    elif axis < 0:
        axis += rank
    input_rank = array.rank(inputs)
    axis = axis % shape.ndims

    def swapped(x, last, name=None):
        perm = array.concat([range(axis), [last], range(axis + 1, last), [axis]], 0)
        return array.transpose(x, perm, name=name)

    out = op_type(swapped(inputs, subtract(input_rank, 1)))
    out = swapped(out, subtract(input_rank, 1), name=name)
    out.set_shape(shape)
    return out


# ---------------------------------------------------------------- cross entropy with distributions


def _cross_entropy_shape(c):
    shape = broadcast_shapes(c.shape(0), c.shape(1))
    if shape is None:
        for i in (0, 1):
            if c.shape(i) is not None:
                shape = with_rank(c.shape(i), 2)
        if shape is None:
            shape = (None, None)
    if len(shape) != 2:
        raise ValueError(f"Shape must be broadcasted with rank 2, but is rank {len(shape)}")
    return [shape[:1], shape]


def _shifted(logits):
    """Logits minus their row maximum, its exponentials, and their row sums."""
    shifted = logits - np.maximum.reduce(logits, 1, keepdims=True) if logits.size else logits
    exps = np.exp(shifted)
    return shifted, exps, np.add.reduce(exps, 1, keepdims=True)


def _cross_entropy_kernel(attrs, logits, labels):
    try:
        logits, labels = np.broadcast_arrays(logits, labels)
    except ValueError:
        shapes = [",".join(map(str, x.shape)) for x in (logits, labels)]
        raise InvalidArgumentError(
            None,
            None,
            f"logits and labels must be broadcastable: logits_size=[{shapes[0]}] labels_size=[{shapes[1]}]",
        ) from None
    shifted, exps, total = _shifted(logits)
    loss = np.add.reduce(labels * (np.log(total) - shifted), 1, logits.dtype)
    np.divide(exps, total, exps)
    return loss, exps - labels


def _scaled_rows(rows, matrix):
    """Each row of `matrix` times one element of `rows`."""
    return array.expand_dims(rows, -1) * matrix


def _logits_gradient(op, grad_loss, grad_grad):
    from .linalg import matmul

    grad = _scaled_rows(grad_loss, op.outputs[1])
    if grad_grad is not None and grad_grad.op.type != "ZerosLike":  # the gradient itself is differentiated
        probabilities = SOFTMAX(op.inputs[0])
        inner = matmul(array.expand_dims(grad_grad, 1), array.expand_dims(probabilities, 2))
        grad += (grad_grad - array.squeeze(inner, axis=1)) * probabilities
    return grad


def _cross_entropy_gradient(op, grad_loss, grad_grad):
    grad = _logits_gradient(op, grad_loss, grad_grad)
    return [grad, _scaled_rows(grad_loss, -LOG_SOFTMAX(op.inputs[0]))]


SOFTMAX_CROSS_ENTROPY_WITH_LOGITS = core.OpType(
    "SoftmaxCrossEntropyWithLogits",
    "features: T, labels: T -> loss: T, backprop: T",
    f"T: {_TYPES}",
    shape=_cross_entropy_shape,
    kernel=core.kernel("cross_entropy", _cross_entropy_kernel),
    gradient=core.replayed(_cross_entropy_gradient),
)


def _both_given(name, labels, logits):
    if labels is None or logits is None:
        raise ValueError(
            f"Both `labels` and `logits` must be provided for {name}"
            f"Received: labels={labels} and logits={logits}"
        )


@core.repeats
def softmax_cross_entropy_with_logits_v2(labels, logits, axis=None, name=None, dim=None):
    """Cross entropy of ``softmax(logits)`` with the distributions `labels`, along `axis` (default: last).

    Parameters
    ----------
    labels, logits : Tensor, shape (..., n_classes)
        `labels` are cast to the dtype of `logits`. Both get gradients.

    Returns
    -------
    Tensor, dtype of `logits`, shape (...,)
        Loss in nats.
    """
    axis = renamed("axis", axis, "dim", dim)
    return _cross_entropy(labels, logits, -1 if axis is None else axis, name)


def _cross_entropy(labels, logits, axis, name):
    from .arithmetic import subtract
    from .cast import cast
    from .ranges import range

    with core.name_scope(name, "softmax_cross_entropy_with_logits", [logits, labels]) as name:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        narrow = logits.dtype == dtypes.float16 or logits.dtype == dtypes.bfloat16
        precise = cast(logits, dtypes.float32) if narrow else logits
        labels = cast(labels, precise.dtype)
        rank = array.rank(precise)
        shape = logits.shape
        if axis != -1:

            def axis_to_end(x):
                perm = array.concat([range(axis), range(axis + 1, rank), [axis]], 0)
                return array.transpose(x, perm)

            precise, labels = axis_to_end(precise), axis_to_end(labels)
        full_shape = array.shape(precise)
        precise = _flat_outer(precise)
        labels = _flat_outer(labels)
        cost, _ = SOFTMAX_CROSS_ENTROPY_WITH_LOGITS(precise, labels, name=name)
        cost = array.reshape(cost, array.slice(full_shape, [0], [subtract(rank, 1)]))
        if shape.ndims is not None:
            dims = shape.as_list()
            del dims[axis]
            cost.set_shape(dims)
        return cast(cost, logits.dtype) if narrow else cost


def _flat_outer(x):
    """`x` as a matrix: all dimensions but the last in one."""
    from .arithmetic import subtract

    rank = array.rank(x)
    last = array.slice(array.shape(x), [subtract(rank, 1)], [1])
    out = array.reshape(x, array.concat([[-1], last], 0))
    dims = x.shape._dims
    if dims is not None:
        outer = 1
        for dim in dims[:-1]:
            outer = None if dim is None or outer is None else outer * dim
        if outer is not None:
            out.set_shape([outer, dims[-1]])
    return out


@core.repeats
def softmax_cross_entropy_with_logits(labels=None, logits=None, dim=-1, name=None, axis=None):
    """As `softmax_cross_entropy_with_logits_v2`, but gradients do not flow into `labels`."""
    dim = renamed("axis", axis, "dim", dim)
    _both_given("softmax_cross_entropy_with_logits", labels, logits)
    with core.name_scope(name, "softmax_cross_entropy_with_logits_sg", [logits, labels]) as name:
        labels = array.stop_gradient(labels, name="labels_stop_gradient")
    return _cross_entropy(labels, logits, dim, name)


# ---------------------------------------------------------------- cross entropy with class numbers


def _sparse_cross_entropy_shape(c):
    features, labels = with_rank(c.shape(0), 2), with_rank(c.shape(1), 1)
    batch = merge_dim(features[0], labels[0])
    return [(batch,), (batch, features[1])]


def _sparse_cross_entropy_kernel(attrs, logits, labels):
    if logits.ndim != 2:
        raise InvalidArgumentError(None, None, f"logits must be 2-D, but got shape {list(logits.shape)}")
    if labels.shape != logits.shape[:1]:
        raise InvalidArgumentError(
            None,
            None,
            "logits and labels must have the same first dimension, got logits shape "
            f"[{','.join(map(str, logits.shape))}] and labels shape [{','.join(map(str, labels.shape))}]",
        )
    n_rows, n_classes = logits.shape
    if labels.size and (labels.min() < 0 or labels.max() >= n_classes):
        bad = labels[(labels < 0) | (labels >= n_classes)][0]
        raise InvalidArgumentError(
            None,
            None,
            f"Received a label value of {bad} which is outside the valid range of [0, {n_classes}).  "
            f"Label values: {' '.join(map(str, labels.tolist()))}",
        )
    shifted, exps, total = _shifted(logits)
    rows = np.arange(n_rows)
    loss = np.log(total)[:, 0] - shifted[rows, labels]
    np.divide(exps, total, exps)
    exps[rows, labels] -= logits.dtype.type(1)
    return loss, exps


SPARSE_SOFTMAX_CROSS_ENTROPY_WITH_LOGITS = core.OpType(
    "SparseSoftmaxCrossEntropyWithLogits",
    "features: T, labels: Tlabels -> loss: T, backprop: T",
    f"T: {_TYPES}; Tlabels: int32|int64 = int64",
    shape=_sparse_cross_entropy_shape,
    kernel=core.kernel("sparse_cross_entropy", _sparse_cross_entropy_kernel),
    gradient=core.replayed(
        lambda op, grad_loss, grad_grad: [_logits_gradient(op, grad_loss, grad_grad), None], ignoring=(1,)
    ),
)


@core.repeats(ignoring="labels")
def sparse_softmax_cross_entropy_with_logits(labels=None, logits=None, name=None):
    """Cross entropy of ``softmax(logits)`` with integer class labels.

    Parameters
    ----------
    labels : Tensor, int32 or int64, shape (...,)
        Class indices in ``[0, n_classes)``.
    logits : Tensor, float16, float32 or float64, shape (..., n_classes)
        Unscaled log probabilities.

    Returns
    -------
    Tensor, dtype of `logits`, shape (...,)
        Loss in nats: ``log(sum(exp(logits))) - logits[label]``, with the maximum subtracted first.

    Raises
    ------
    ValueError
        If the shape of `labels` is not that of `logits` without its last dimension.
    """
    from .cast import cast

    _both_given("sparse_softmax_cross_entropy_with_logits", labels, logits)
    with core.name_scope(name, "SparseSoftmaxCrossEntropyWithLogits", [labels, logits]):
        labels = convert_to_tensor(labels)
        logits = convert_to_tensor(logits)
        precise = cast(logits, dtypes.float32) if logits.dtype == dtypes.float16 else logits
        label_shape, logit_shape = labels.shape, logits.shape
        labels_shape = array.shape(labels)
        known = label_shape.is_fully_defined() and logit_shape[:-1].is_fully_defined()
        if logit_shape.ndims == 0:
            raise ValueError(f"`logits` cannot be a scalar. Received logits={logits}`")
        if logit_shape.ndims is not None and label_shape.ndims not in (None, logit_shape.ndims - 1):
            raise ValueError(
                "`labels.shape.rank` must equal `logits.shape.rank - 1`. Received: "
                f"labels.shape={label_shape} of rank {label_shape.ndims} and logits.shape={logit_shape} of "
                f"rank {logit_shape.ndims}"
            )
        if known and label_shape != logit_shape[:-1]:
            raise ValueError(
                "`labels.shape` must equal `logits.shape` except for the last dimension. Received: "
                f"labels.shape={label_shape} and logits.shape={logit_shape}"
            )
        if logit_shape.ndims == 2:
            cost, _ = SPARSE_SOFTMAX_CROSS_ENTROPY_WITH_LOGITS(precise, labels, name=name)
            return cast(cost, dtypes.float16) if logits.dtype == dtypes.float16 else cost
        checks = []
        if not known:
            from .check import assert_equal

            checks.append(assert_equal(array.shape(labels), array.shape(logits)[:-1]))
        with core.get_default_graph().control_dependencies(checks):
            n_classes = array.shape(logits)[array.rank(logits) - 1]
            precise = array.reshape(precise, [-1, n_classes])
            labels = array.reshape(labels, [-1])
            cost, _ = SPARSE_SOFTMAX_CROSS_ENTROPY_WITH_LOGITS(precise, labels, name=name)
            cost = array.reshape(cost, labels_shape)
            cost.set_shape(label_shape)
            return cast(cost, dtypes.float16) if logits.dtype == dtypes.float16 else cost


# ---------------------------------------------------------------- cross entropy of independent classes


def _logistic_tensors(labels, logits):
    logits = convert_to_tensor(logits, name="logits")
    labels = convert_to_tensor(labels, name="labels")
    if not labels.shape.is_compatible_with(logits.shape):
        raise ValueError(
            f"`logits` and `labels` must have the same shape, received ({logits.shape} vs {labels.shape})."
        )
    return labels, logits


@core.repeats
def sigmoid_cross_entropy_with_logits(labels=None, logits=None, name=None):
    """Cross entropy of ``sigmoid(logits)`` with `labels` in ``[0, 1]``, by element.

    Built as ``max(x, 0) - x * z + log(1 + exp(-|x|))``, which does not overflow.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    from .arithmetic import add
    from .elementwise import exp, log1p

    _both_given("sigmoid_cross_entropy_with_logits", labels, logits)
    with core.name_scope(name, "logistic_loss", [logits, labels]) as name:
        labels, logits = _logistic_tensors(labels, logits)
        zeros = array.zeros_like(logits, dtype=logits.dtype)
        positive = logits >= zeros
        relu_logits = array.where(positive, logits, zeros)
        neg_abs_logits = array.where(positive, -logits, logits)
        return add(relu_logits - logits * labels, log1p(exp(neg_abs_logits)), name=name)


@core.repeats
def weighted_cross_entropy_with_logits(labels=None, logits=None, pos_weight=None, name=None, targets=None):
    """As `sigmoid_cross_entropy_with_logits`, with the positive labels' part times `pos_weight`.

    `targets` is an older name of `labels`.
    """
    from .activations import relu
    from .arithmetic import add
    from .elementwise import abs as tensor_abs
    from .elementwise import exp, log1p

    labels = renamed("labels", labels, "targets", targets)
    with core.name_scope(name, "logistic_loss", [logits, labels]) as name:
        labels, logits = _logistic_tensors(labels, logits)
        log_weight = 1 + (pos_weight - 1) * labels
        return add(
            (1 - labels) * logits,
            log_weight * (log1p(exp(-tensor_abs(logits))) + relu(-logits)),
            name=name,
        )

"""Bias: a vector added along the channels, its gradient, and the layers built on it."""

import numpy as np

from .. import _core as core
from ..conversion import convert_to_tensor
from ..errors import InvalidArgumentError
from . import array
from ._rules import NUMBER, merge_dim, with_rank, with_rank_at_least

__all__ = ["bias_add", "bias_add_v1", "relu_layer", "xw_plus_b", "xw_plus_b_v1"]


def _channels_first(attrs):
    return attrs["data_format"] in (b"NCHW", "NCHW")


def _bias_shape(c):
    first = c.attr("data_format") in (b"NCHW", "NCHW")
    value = with_rank_at_least(c.shape(0), 3 if first else 2)
    bias = with_rank(c.shape(1), 1)
    if value is None:
        return [None]
    axis = 1 if first else len(value) - 1
    channels = merge_dim(value[axis], bias[0])
    return [value[:axis] + (channels,) + value[axis + 1 :]]


def _bias_kernel(attrs, value, bias):
    if bias.ndim != 1:
        raise InvalidArgumentError(None, None, f"Biases must be 1D: [{','.join(map(str, bias.shape))}]")
    if value.ndim < 2:
        raise InvalidArgumentError(
            None, None, f"Input tensor must be at least 2D: [{','.join(map(str, value.shape))}]"
        )
    first = _channels_first(attrs)
    if bias.shape[0] != value.shape[1 if first else -1]:
        raise InvalidArgumentError(
            None,
            None,
            "Must provide as many biases as the last dimension of the input tensor: "
            f"[{bias.shape[0]}] vs. [{','.join(map(str, value.shape))}]",
        )
    if first:
        bias = bias.reshape((-1,) + (1,) * (value.ndim - 2))
    return value + bias


def _bias_grad_kernel(attrs, grad):
    axes = tuple(range(2, grad.ndim)) if _channels_first(attrs) else tuple(range(1, grad.ndim - 1))
    return np.add.reduce(grad, (0,) + axes, grad.dtype)


def _bias_grad_shape(c):
    first = c.attr("data_format") in (b"NCHW", "NCHW")
    grad = with_rank_at_least(c.shape(0), 3 if first else 2)
    if grad is None:
        return [(None,)]
    return [(grad[1 if first else -1],)]


def _bias_gradient(op, grad):
    return [grad, BIAS_ADD_GRAD(grad, data_format=op.get_attr("data_format"))]


def _bias_grad_gradient(op, grad):
    shape, bias_shape = array.shape(op.inputs[0]), array.shape(grad)
    if op.get_attr("data_format") == b"NCHW":
        expanded = array.concat([array.ones_like(shape[:1]), bias_shape, array.ones_like(shape[2:])], 0)
        multiples = array.concat([shape[:1], [1], shape[2:]], 0)
    else:
        expanded = array.concat([array.ones_like(shape[:-1]), bias_shape], 0)
        multiples = array.concat([shape[:-1], [1]], 0)
    return [array.tile(array.reshape(grad, expanded), multiples)]


def _bias_v1_gradient(op, grad):
    from .ranges import range as tensor_range
    from .reduce import reduce_sum

    axes = tensor_range(array.rank(grad) - 1)
    return [grad, reduce_sum(grad, axes)]


def _bias_v1_shape(c):
    value, bias = with_rank_at_least(c.shape(0), 2), with_rank(c.shape(1), 1)
    return [None if value is None else value[:-1] + (merge_dim(value[-1], bias[0]),)]


_FORMAT = "data_format: 'NHWC'|'NCHW' = 'NHWC'"
BIAS_ADD = core.OpType(
    "BiasAdd",
    "value: T, bias: T -> output: T",
    f"T: {NUMBER}; {_FORMAT}",
    shape=_bias_shape,
    kernel=core.kernel("bias_add", _bias_kernel),
    gradient=core.replayed(_bias_gradient),
)
BIAS_ADD_GRAD = core.OpType(
    "BiasAddGrad",
    "out_backprop: T -> output: T",
    f"T: {NUMBER}; {_FORMAT}",
    shape=_bias_grad_shape,
    kernel=core.kernel("bias_grad", _bias_grad_kernel),
    gradient=core.replayed(_bias_grad_gradient),
)
BIAS_ADD_V1 = core.OpType(
    "BiasAddV1",
    "value: T, bias: T -> output: T",
    f"T: {NUMBER}",
    shape=_bias_v1_shape,
    kernel=lambda attrs, value, bias: value + bias,
    gradient=core.replayed(_bias_v1_gradient),
)


@core.repeats
@core.direct(BIAS_ADD, tensors="value bias")
def bias_add(value, bias, data_format=None, name=None):
    """The vector `bias` added along the channels of `value`.

    Channels are the last dimension, or the second with a `data_format` that starts with ``"NC"``.

    Raises
    ------
    ValueError
        If `data_format` is neither ``"N...C"`` nor ``"NC..."``, or the sizes differ.
    """
    if data_format is None and value.__class__ is core.Tensor and bias.__class__ is core.Tensor:
        if value.dtype is bias.dtype:
            return BIAS_ADD(value, bias, name=name)
    with core.name_scope(name, "BiasAdd", [value, bias]) as name:
        if data_format is not None:
            if data_format.startswith("NC"):
                data_format = "NCHW"
            elif data_format.startswith("N") and data_format.endswith("C"):
                data_format = "NHWC"
            else:
                raise ValueError(
                    "`data_format` must be of the form `N...C` or `NC...`. "
                    f"Received: data_format={data_format}"
                )
        value = convert_to_tensor(value, name="input")
        bias = convert_to_tensor(bias, dtype=value.dtype, name="bias")
        return BIAS_ADD(value, bias, data_format=data_format or "NHWC", name=name)


def bias_add_v1(value, bias, name=None):
    """`bias_add` as the older operation `BiasAddV1`."""
    with core.name_scope(name, "BiasAddV1", [value, bias]) as name:
        value = convert_to_tensor(value, name="input")
        bias = convert_to_tensor(bias, dtype=value.dtype, name="bias")
        return BIAS_ADD_V1(value, bias, name=name)


def _product(x, weights, biases):
    from .linalg import matmul

    x = convert_to_tensor(x, name="x")
    weights = convert_to_tensor(weights, name="weights")
    biases = convert_to_tensor(biases, name="biases")
    return matmul(x, weights), biases


@core.repeats
def xw_plus_b(x, weights, biases, name=None):
    """``matmul(x, weights) + biases``."""
    with core.name_scope(name, "xw_plus_b", [x, weights, biases]) as name:
        return bias_add(*_product(x, weights, biases), name=name)


def xw_plus_b_v1(x, weights, biases, name=None):
    """``matmul(x, weights) + biases``, with the older operation `BiasAddV1`."""
    with core.name_scope(name, "xw_plus_b_v1", [x, weights, biases]) as name:
        return bias_add_v1(*_product(x, weights, biases), name=name)


def relu_layer(x, weights, biases, name=None):
    """``relu(matmul(x, weights) + biases)``."""
    from .activations import RELU

    with core.name_scope(name, "relu_layer", [x, weights, biases]) as name:
        return RELU(bias_add(*_product(x, weights, biases)), name=name)

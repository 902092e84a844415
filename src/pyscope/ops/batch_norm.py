"""Normalization of images in one operation: over the batch (FusedBatchNorm), and across channels (LRN)."""

import numpy as np

from .. import _core as core
from ..conversion import constant, convert_to_tensor
from . import _windows as win
from . import array
from ._rules import merge, merge_dim, with_rank
from ._rules import text as shape_text

__all__ = ["fused_batch_norm", "local_response_normalization", "lrn"]


# ---------------------------------------------------------------- batch norm


def _norm_shape(c):
    data_format = win.text(c.attr("data_format"))
    rank = len(data_format)
    axis = 1 if win.is_channels_first(data_format) else rank - 1
    x = with_rank(c.shape(0), rank)
    channels = x[axis]
    for i in range(1, 3 if c.attr("is_training") else 5):
        channels = merge_dim(channels, with_rank(c.shape(i), 1)[0])
    y = x[:axis] + (channels,) + x[axis + 1 :]
    return [y] + [(channels,)] * 4 + [None] * (c.op_type.type == "FusedBatchNormV3")


def _norm_grad_shape(c):
    data_format = win.text(c.attr("data_format"))
    rank = len(data_format)
    axis = 1 if win.is_channels_first(data_format) else rank - 1
    grad, x = with_rank(c.shape(0), rank), with_rank(c.shape(1), rank)
    channels = merge_dim(grad[axis], x[axis])
    for i in range(2, 5):
        channels = merge_dim(channels, with_rank(c.shape(i), 1)[0])
    return [grad[:axis] + (channels,) + grad[axis + 1 :], (channels,), (channels,), (0,), (0,)]


def _norm_kernel(attrs, x, scale, offset, mean, variance):
    data_format = win.text(attrs["data_format"])
    if x.ndim != len(data_format):
        raise win.invalid(f"input must be 4 or 5-dimensional{shape_text(x.shape)}")
    image = win.channels_last(x, data_format)
    channels = image.shape[-1]
    given = {"scale": scale, "offset": offset}
    if not attrs["is_training"]:
        given.update(mean=mean, variance=variance)
    for name, vector in given.items():
        if vector.ndim != 1:
            raise win.invalid(f"{name} must be 1-dimensional{shape_text(vector.shape)}")
        if vector.shape[0] != channels:
            raise win.invalid(
                f"{name} must have the same number of elements as the channels of x, "
                f"got {vector.shape[0]} and {channels}"
            )
    wide, epsilon = np.ascontiguousarray(image, np.float32), np.float32(attrs["epsilon"])  # sums in one order
    axes = tuple(range(image.ndim - 1))
    if attrs["is_training"]:
        n = max(image.size // max(channels, 1), 1)
        with np.errstate(all="ignore"):
            used_mean = wide.mean(axes, dtype=np.float32)
            centred = wide - used_mean
            used_variance = np.square(centred).mean(axes, dtype=np.float32)
        new_mean, new_variance = used_mean, used_variance * np.float32(n / max(n - 1, 1))
        factor = np.float32(attrs["exponential_avg_factor"])
        if factor != 1:
            new_mean = (1 - factor) * mean + factor * new_mean
            new_variance = (1 - factor) * variance + factor * new_variance
    else:
        centred = wide - mean
        used_mean, used_variance = new_mean, new_variance = mean, variance
    y = centred * (scale / np.sqrt(used_variance + epsilon)) + offset
    y = win.channels_back(y.astype(x.dtype, copy=False), data_format)
    return y, new_mean, new_variance, used_mean, used_variance


def _norm_kernel_v3(attrs, *inputs):
    return *_norm_kernel(attrs, *inputs), np.zeros((), np.float32)


def _norm_grad_kernel(attrs, grad, x, scale, mean, variance, *reserved):
    data_format = win.text(attrs["data_format"])
    wide = np.ascontiguousarray(win.channels_last(x, data_format), np.float32)
    given = np.ascontiguousarray(win.channels_last(grad, data_format), np.float32)
    axes = tuple(range(wide.ndim - 1))
    inverse = 1 / np.sqrt(variance + np.float32(attrs["epsilon"]))
    centred = wide - mean
    offset_grad = given.sum(axes)
    projected = (given * centred).sum(axes)
    dx = given
    if attrs["is_training"]:
        n = np.float32(max(wide.size // max(wide.shape[-1], 1), 1))
        dx = given - offset_grad / n - centred * (projected * inverse * inverse / n)
    dx = win.channels_back((dx * (scale * inverse)).astype(x.dtype, copy=False), data_format)
    nothing = np.zeros(0, np.float32)
    return dx, projected * inverse, offset_grad, nothing, nothing


def _norm_gradient(block, n_reserved):
    def gradient(op, *grads):
        x, scale, grad_y = op.inputs[0], op.inputs[1], grads[0]
        training, data_format = op.get_attr("is_training"), op.get_attr("data_format")
        mean, variance = (op.outputs[3:5]) if training else (op.inputs[3:5])
        first = not training and win.is_channels_first(data_format)
        there, back = {
            b"NCHW": ([0, 2, 3, 1], [0, 3, 1, 2]),
            b"NCDHW": ([0, 2, 3, 4, 1], [0, 4, 1, 2, 3]),
        }.get(data_format, (None, None))
        if first:
            x, grad_y = array.transpose(x, there), array.transpose(grad_y, there)
        if not training:
            data_format = "NHWC" if len(data_format) == 4 else "NDHWC"
        dx, dscale, doffset, _, _ = block(
            grad_y, x, scale, mean, variance, *op.outputs[5 : 5 + n_reserved],
            epsilon=op.get_attr("epsilon"), data_format=data_format, is_training=training,
        )  # fmt: skip
        if first:
            dx = array.transpose(dx, back)
        return [dx, dscale, doffset, None, None]

    return gradient


_EPSILON = "epsilon: float = 9.999999747378752e-05"
_TRAINING = "is_training: bool = True"
_FORMAT = "data_format: 'NHWC'|'NCHW' = 'NHWC'"
_FORMATS = "data_format: 'NHWC'|'NCHW'|'NDHWC'|'NCDHW' = 'NHWC'"
_HALF = "float16|bfloat16|float32"

FUSED_BATCH_NORM_GRAD_V3 = core.OpType(
    "FusedBatchNormGradV3",
    "y_backprop: T, x: T, scale: float32, reserve_space_1: U, reserve_space_2: U, reserve_space_3: U "
    "-> x_backprop: T, scale_backprop: U, offset_backprop: U, reserve_space_4: U, reserve_space_5: U",
    f"T: {_HALF}; U: float32; {_EPSILON}; {_FORMATS}; {_TRAINING}",
    shape=_norm_grad_shape,
    kernel=_norm_grad_kernel,
    gradient=None,
)
FUSED_BATCH_NORM_V3 = core.OpType(
    "FusedBatchNormV3",
    "x: T, scale: U, offset: U, mean: U, variance: U "
    "-> y: T, batch_mean: U, batch_variance: U, reserve_space_1: U, reserve_space_2: U, reserve_space_3: U",
    f"T: {_HALF}; U: bfloat16|float32; {_EPSILON}; exponential_avg_factor: float = 1.0; {_FORMATS}; {_TRAINING}",
    shape=_norm_shape,
    kernel=_norm_kernel_v3,
    gradient=_norm_gradient(FUSED_BATCH_NORM_GRAD_V3, 1),
)


@core.repeats
def fused_batch_norm(
    x, scale, offset, mean=None, variance=None, epsilon=0.001, data_format="NHWC", is_training=True,
    name=None, exponential_avg_factor=1.0,
):  # fmt: skip
    """`x` normalized over all but its channels (Ioffe and Szegedy 2015), in one operation.

    Parameters
    ----------
    x : Tensor
        ``[batch, height, width, channels]``.
    scale, offset : Tensor
        ``[channels]``.
    mean, variance : Tensor, optional
        Used instead of the batch's when not `is_training`; else moving averages to bring up to date.

    Returns
    -------
    y, mean, variance : Tensor
        The normalized images, and the (moving) statistics of the batch.
    """
    if (not is_training or exponential_avg_factor != 1.0) and (mean is None or variance is None):
        raise ValueError(
            "Both `mean` and `variance` must be a 1D tensor when `is_training` is False or "
            f"`exponential_avg_factor` != 1.0. Received: `mean` {mean!r} and `variance` {variance!r}"
        )
    x = convert_to_tensor(x, name="input")
    scale = convert_to_tensor(scale, name="scale")
    offset = convert_to_tensor(offset, name="offset")
    if mean is None:
        mean = constant([])
    if variance is None:
        variance = constant([])
    y, new_mean, new_variance, _, _, _ = FUSED_BATCH_NORM_V3(
        x, scale, offset, mean, variance, epsilon=epsilon, exponential_avg_factor=exponential_avg_factor,
        data_format=data_format, is_training=is_training, name=name,
    )  # fmt: skip
    return y, new_mean, new_variance


# ---------------------------------------------------------------- across channels


def _sum_of_neighbours(x, radius):
    """The sum over channels at most `radius` away."""
    depth = x.shape[-1]
    total = np.zeros((*x.shape[:-1], depth + 1), x.dtype)
    np.cumsum(x, -1, out=total[..., 1:])
    places = np.arange(depth)
    return total[..., np.minimum(places + radius + 1, depth)] - total[..., np.maximum(places - radius, 0)]


def _norms(attrs, x):
    total = _sum_of_neighbours(np.square(x.astype(np.float64)), attrs["depth_radius"])
    return attrs["bias"] + attrs["alpha"] * total


def _lrn_kernel(attrs, x):
    if x.ndim != 4:
        raise win.invalid("in must be 4-dimensional")
    return (x * _norms(attrs, x) ** -attrs["beta"]).astype(x.dtype)


def _lrn_grad_kernel(attrs, grad, x, y):
    norms = _norms(attrs, x)
    wide = grad.astype(np.float64)
    shared = _sum_of_neighbours(wide * y / norms, attrs["depth_radius"])
    return (wide * norms ** -attrs["beta"] - 2 * attrs["alpha"] * attrs["beta"] * x * shared).astype(x.dtype)


def _lrn_grad_shape(c):
    shape = with_rank(c.shape(0), 4)
    return [merge(merge(shape, c.shape(1)), c.shape(2))]


def _lrn_gradient(op, grad):
    names = ("depth_radius", "bias", "alpha", "beta")
    return [LRN_GRAD(grad, op.inputs[0], op.outputs[0], **{name: op.get_attr(name) for name in names})]


_LRN_ATTRS = (
    "depth_radius: int = 5; bias: float = 1.0; alpha: float = 1.0; beta: float = 0.5; "
    f"T: {_HALF} = float32"
)
LRN = core.OpType(
    "LRN",
    "input: T -> output: T",
    _LRN_ATTRS,
    shape=lambda c: [with_rank(c.shape(0), 4)],
    kernel=_lrn_kernel,
    gradient=_lrn_gradient,
)
LRN_GRAD = core.OpType(
    "LRNGrad",
    "input_grads: T, input_image: T, output_image: T -> output: T",
    _LRN_ATTRS,
    shape=_lrn_grad_shape,
    kernel=_lrn_grad_kernel,
    gradient=None,
)


@core.repeats
def lrn(input, depth_radius=5, bias=1, alpha=1, beta=0.5, name=None):
    """``input / (bias + alpha * s) ** beta``, where `s` sums the squares of channels at most `depth_radius` away."""
    return LRN(input, depth_radius=depth_radius, bias=bias, alpha=alpha, beta=beta, name=name)


local_response_normalization = lrn

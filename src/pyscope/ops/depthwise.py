"""Depthwise convolutions: a filter of its own for each channel."""

import warnings

import numpy as np

from .. import _core as core
from ..conversion import convert_to_tensor
from . import _windows as win
from . import array
from ._convolving import gradients, outputs
from ._rules import merge_dim, with_rank
from ._rules import text as shape_text
from ._windows import convert_padding, int_list, string
from .conv import ONES, conv2d, sizes_shape
from .convolution import with_space_to_batch
from .shape import deprecated_argument

__all__ = [
    "depthwise_conv2d", "depthwise_conv2d_native", "depthwise_conv2d_native_backprop_filter",
    "depthwise_conv2d_native_backprop_input", "separable_conv2d",
]  # fmt: skip


def _depthwise_shape(c):
    data_format = c.attr("data_format")
    image, window = with_rank(c.shape(0), 4), with_rank(c.shape(1), 4)
    strides, dilations = c.attr("strides"), c.attr("dilations")
    for name, given in (("stride", strides), ("dilations", dilations)):
        if len(given) != 4:
            raise ValueError(
                f"DepthwiseConv2D requires the {name} attribute to contain 4 values, but got: {len(given)}"
            )
    batch, spatial, depth = win.dims_of(image, data_format)
    depth = merge_dim(depth, window[2])
    out = outputs(c, spatial, window[:2], 4)
    depth = None if depth is None or window[3] is None else depth * window[3]
    return [win.shape_of(batch, out, depth, data_format)]


# ---------------------------------------------------------------- kernels


def _check_format(attrs):
    if win.is_channels_first(attrs["data_format"]):
        raise win.unimplemented("Depthwise convolution on CPU is only supported for NHWC format")


def _depthwise_kernel(attrs, x, w):
    _check_format(attrs)
    if x.ndim != 4:
        raise win.invalid(f"input must be 4-dimensional{shape_text(x.shape)}")
    if w.ndim != 4:
        raise win.invalid(f"filter must be 4-dimensional: {shape_text(w.shape)}")
    if x.shape[3] != w.shape[2]:
        raise win.invalid(f"input and filter must have the same depth: {x.shape[3]} vs {w.shape[2]}")
    windows = win.Windows.of_convolution(attrs, x.shape[1:3], w.shape[:2])
    padded, wide = windows.pad(win.widened(x)), win.widened(w)
    out = np.zeros((x.shape[0], *windows.outputs, *w.shape[2:]), padded.dtype)
    for tap, place in windows.taps():
        out += padded[(slice(None), *place)][..., None] * wide[tap]
    return out.reshape(*out.shape[:3], -1).astype(x.dtype, copy=False)


def _check_backward(name, windows, grad, batch, depth):
    if grad.shape[0] != batch:
        raise win.invalid(f"{name}: input and out_backprop must have the same batch size")
    for label, actual, computed in zip(("rows", "cols"), grad.shape[1:3], windows.outputs):
        if actual != computed:
            raise win.invalid(
                f"{name}: Number of {label} of out_backprop doesn't match computed: "
                f"actual = {actual}, computed = {computed}"
            )
    if grad.shape[3] != depth:
        raise win.invalid(f"{name}: depth_multiplier * in_depth not equal to out_depth")


def _backprop_input_kernel(attrs, sizes, w, grad):
    _check_format(attrs)
    sizes = sizes.tolist()
    windows = win.Windows.of_convolution(attrs, sizes[1:3], w.shape[:2])
    _check_backward("DepthwiseConv2DBackpropInput", windows, grad, sizes[0], w.shape[2] * w.shape[3])
    given, wide = win.widened(grad), win.widened(w)
    given = given.reshape(*given.shape[:3], *w.shape[2:])
    out = np.zeros((sizes[0], *windows.padded, sizes[3]), given.dtype)
    for tap, place in windows.taps():
        out[(slice(None), *place)] += np.einsum("byxcm,cm->byxc", given, wide[tap])
    return out[windows.inner].astype(grad.dtype, copy=False)


def _backprop_filter_kernel(attrs, x, sizes, grad):
    _check_format(attrs)
    sizes = sizes.tolist()
    windows = win.Windows.of_convolution(attrs, x.shape[1:3], sizes[:2])
    _check_backward("DepthwiseConv2DBackpropFilter", windows, grad, x.shape[0], sizes[2] * sizes[3])
    padded, given = windows.pad(win.widened(x)), win.widened(grad)
    given = given.reshape(*given.shape[:3], *sizes[2:])
    out = np.zeros(sizes, given.dtype)
    for tap, place in windows.taps():
        out[tap] = np.einsum("byxc,byxcm->cm", padded[(slice(None), *place)], given)
    return out.astype(grad.dtype, copy=False)


# ---------------------------------------------------------------- blocks


_of_depthwise, _of_backprop_input, _of_backprop_filter = gradients(
    lambda: (DEPTHWISE, BACKPROP_INPUT, BACKPROP_FILTER),
    ("dilations", "strides", "padding", "explicit_paddings", "data_format"),
    lambda tensors: map(array.shape, tensors),
)

_ATTRS = (
    "T: float16|bfloat16|float32|float64; strides: list(int); padding: 'SAME'|'VALID'|'EXPLICIT'; "
    "explicit_paddings: list(int) = []; data_format: 'NHWC'|'NCHW' = 'NHWC'; "
    "dilations: list(int) = [1, 1, 1, 1]"
)
DEPTHWISE = core.OpType(
    "DepthwiseConv2dNative",
    "input: T, filter: T -> output: T",
    _ATTRS,
    shape=_depthwise_shape,
    kernel=core.kernel("depthwise", _depthwise_kernel),
    gradient=_of_depthwise,
)
BACKPROP_INPUT = core.OpType(
    "DepthwiseConv2dNativeBackpropInput",
    "input_sizes: int32, filter: T, out_backprop: T -> output: T",
    _ATTRS,
    shape=sizes_shape(0, 4),
    kernel=core.kernel("depthwise_backprop_input", _backprop_input_kernel),
    gradient=_of_backprop_input,
)
BACKPROP_FILTER = core.OpType(
    "DepthwiseConv2dNativeBackpropFilter",
    "input: T, filter_sizes: int32, out_backprop: T -> output: T",
    _ATTRS,
    shape=sizes_shape(1, 4),
    kernel=core.kernel("depthwise_backprop_filter", _backprop_filter_kernel),
    gradient=_of_backprop_filter,
)


# ---------------------------------------------------------------- functions


def _steps(op, strides, padding, data_format, dilations):
    padding, explicit = convert_padding(padding)
    return {
        "strides": int_list(strides, "strides", op),
        "padding": string(padding, "padding"),
        "explicit_paddings": explicit,
        "data_format": "NHWC" if data_format is None else data_format,
        "dilations": int_list(dilations, "dilations", op),
    }


def depthwise_conv2d_native(
    input, filter, strides, padding, data_format="NHWC", dilations=ONES, name=None
):
    """Each channel of `input` convolved with its own filters; see `depthwise_conv2d`."""
    steps = _steps("depthwise_conv2d_native", strides, padding, data_format, dilations)
    return DEPTHWISE(input, filter, name=name, **steps)


def depthwise_conv2d_native_backprop_input(
    input_sizes, filter, out_backprop, strides, padding, data_format="NHWC", dilations=ONES, name=None
):
    """The gradient of `depthwise_conv2d_native` with respect to an image of shape `input_sizes`."""
    op = "depthwise_conv2d_native_backprop_input"
    steps = _steps(op, strides, padding, data_format, dilations)
    return BACKPROP_INPUT(input_sizes, filter, out_backprop, name=name, **steps)


def depthwise_conv2d_native_backprop_filter(
    input, filter_sizes, out_backprop, strides, padding, data_format="NHWC", dilations=ONES, name=None
):
    """The gradient of `depthwise_conv2d_native` with respect to a filter of shape `filter_sizes`."""
    op = "depthwise_conv2d_native_backprop_filter"
    steps = _steps(op, strides, padding, data_format, dilations)
    return BACKPROP_FILTER(input, filter_sizes, out_backprop, name=name, **steps)


def depthwise_conv2d(
    input, filter, strides, padding, rate=None, name=None, data_format=None, dilations=None
):
    """Each channel of `input` convolved with its own filters.

    `filter` is ``[height, width, channels, multiplier]``; the result has ``channels * multiplier`` channels.
    A `rate` above 1 dilates the filter, with strides of 1.
    """
    rate = deprecated_argument("dilations", dilations, "rate", rate)
    with core.name_scope(name, "depthwise", [input, filter]) as name:
        input = convert_to_tensor(input, name="tensor_in")
        filter = convert_to_tensor(filter, name="filter_in")
        if rate is None:
            rate = [1, 1]
        if any(r > 1 for r in rate) and any(s != 1 for s in strides):
            warnings.warn(
                "When dilation rate is greater than 1, then all values of strides must be 1. "
                f"Received: `dilation rate` {rate} and `strides` {strides}",
                stacklevel=2,
            )

        def op(image, _, padding):
            return depthwise_conv2d_native(image, filter, strides, padding, data_format, name=name)

        return with_space_to_batch(
            input, rate, padding, op, filter_shape=array.shape(filter), data_format=data_format
        )


def separable_conv2d(
    input, depthwise_filter, pointwise_filter, strides, padding, rate=None, name=None, data_format=None,
    dilations=None,
):  # fmt: skip
    """`depthwise_conv2d`, then a convolution with windows of one pixel that mixes the channels."""
    rate = deprecated_argument("dilations", dilations, "rate", rate)
    with core.name_scope(name, "separable_conv2d", [input, depthwise_filter, pointwise_filter]) as name:
        input = convert_to_tensor(input, name="tensor_in")
        depthwise_filter = convert_to_tensor(depthwise_filter, name="depthwise_filter")
        pointwise_filter = convert_to_tensor(pointwise_filter, name="pointwise_filter")
        for size in pointwise_filter.get_shape().with_rank(4)._dims[:2]:
            if size not in (1, None):
                raise ValueError(f"Dimensions {size} and 1 are not compatible")
        if rate is None:
            rate = [1, 1]

        def op(image, _, padding):
            return depthwise_conv2d_native(
                image, depthwise_filter, strides, padding, data_format, name="depthwise"
            )

        depthwise = with_space_to_batch(
            input, rate, padding, op, filter_shape=array.shape(depthwise_filter), data_format=data_format
        )
        return conv2d(
            depthwise, pointwise_filter, [1, 1, 1, 1], padding="VALID", data_format=data_format, name=name
        )

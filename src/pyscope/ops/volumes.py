"""Convolution and pooling of volumes, ``[batch, depth, height, width, channels]``."""

import numpy as np

from .. import _core as core
from . import _windows as win
from . import array
from ._rules import REAL, merge, with_rank
from ._rules import text as shape_text
from ._windows import int_list, steps_of, string
from .conv import backward_filter, backward_input, check_groups, forward, sizes_shape
from .pool import _counts, _first_of_maxima, _max_of_windows
from .shape import deprecated_argument

__all__ = ["avg_pool3d", "conv3d", "conv3d_backprop_filter_v2", "conv3d_transpose", "max_pool3d"]

ONES = (1, 1, 1, 1, 1)  # the default of an argument


# ---------------------------------------------------------------- shapes


def _five(c, family, *names):
    for name in names:
        label = {"strides": "stride", "dilations": "dilation"}.get(name, name)
        if len(c.attr(name)) != 5:
            raise ValueError(
                f"{family} requires the {label} attribute to contain 5 values, but got: {len(c.attr(name))}"
            )


def _conv_shape(c):
    data_format = c.attr("data_format")
    image, window = with_rank(c.shape(0), 5), with_rank(c.shape(1), 5)
    _five(c, "Conv3D", "dilations", "strides")
    batch, spatial, depth = win.dims_of(image, data_format)
    check_groups(depth, window[3], window[4])
    out = _window_outputs(c, spatial, window[:3], win.attr_dims(c.attr("dilations"), data_format))
    return [win.shape_of(batch, out, window[4], data_format)]


def _window_outputs(c, spatial, window, dilations=(1, 1, 1)):
    strides = win.attr_dims(c.attr("strides"), c.attr("data_format"))
    return [
        win.window_output(size, k, d, s, c.attr("padding"))
        for size, k, d, s in zip(spatial, window, dilations, strides)
    ]


def _pooled_shape(c):
    data_format = c.attr("data_format")
    image = with_rank(c.shape(0), 5)
    _five(c, "Pool3D", "strides", "ksize")
    batch, spatial, channels = win.dims_of(image, data_format)
    out = _window_outputs(c, spatial, win.attr_dims(c.attr("ksize"), data_format))
    return win.shape_of(batch, out, channels, data_format)


def _like_image(c):
    return [with_rank(c.shape(0), 5)]


def _grad_grad_shape(c):
    out = _pooled_shape(c)
    merge(c.shape(0), c.shape(2))
    merge(c.shape(1), out)
    return [out]


# ---------------------------------------------------------------- kernels


def _windows_of(attrs, spatial, window, family):
    """The windows of an operation; errors in TensorFlow's words."""
    if win.is_channels_first(attrs["data_format"]):
        if family == "Conv3D":
            raise win.invalid("Conv3D only supports NDHWC on CPU")
        raise win.invalid(f"{family} only supports NDHWC on CPU")
    strides = attrs["strides"]
    dilations = attrs["dilations"] if family == "Conv3D" else ONES
    if strides[0] != 1 or strides[4] != 1:
        if family == "Conv3D":
            raise win.invalid(
                "Current implementation does not yet support strides in the batch and depth dimensions."
            )
        raise win.unimplemented("Pooling is not yet supported on the batch nor channel dimension.")
    return win.Windows(spatial, window, strides[1:4], dilations[1:4], win.text(attrs["padding"]))


def _conv_kernel(attrs, x, w):
    if x.ndim != 5:
        raise win.invalid("input must be 5-dimensional")
    if w.ndim != 5:
        raise win.invalid("filter must be 5-dimensional")
    windows = _windows_of(attrs, x.shape[1:4], w.shape[:3], "Conv3D")
    if w.shape[3] == 0 or x.shape[4] % w.shape[3]:
        raise win.invalid(
            f"Input depth must be evenly divisible by filter depth: {x.shape[4]} vs {w.shape[3]}"
        )
    return forward(win.widened(w), windows, win.widened(x)).astype(x.dtype, copy=False)


def _check_grad(windows, grad, batch, channels):
    expected = (batch, *windows.outputs, channels)
    if grad.shape != expected:
        raise win.invalid(
            f"Conv3D: out_backprop has shape {shape_text(grad.shape)}, but {shape_text(expected)} is computed"
        )


def _backprop_input_kernel(attrs, sizes, w, grad):
    sizes = sizes.tolist()
    windows = _windows_of(attrs, sizes[1:4], w.shape[:3], "Conv3D")
    _check_grad(windows, grad, sizes[0], w.shape[4])
    return backward_input(win.widened(w), windows, win.widened(grad), sizes[4]).astype(grad.dtype, copy=False)


def _backprop_filter_kernel(attrs, x, sizes, grad):
    sizes = sizes.tolist()
    windows = _windows_of(attrs, x.shape[1:4], sizes[:3], "Conv3D")
    _check_grad(windows, grad, x.shape[0], sizes[4])
    return backward_filter(win.widened(x), windows, win.widened(grad), sizes[3]).astype(grad.dtype, copy=False)


def _pool_windows(attrs, x, family):
    if x.ndim != 5:
        raise win.invalid("tensor_in must be 5-dimensional")
    ksize = attrs["ksize"]
    if ksize[0] != 1 or ksize[4] != 1:
        raise win.unimplemented("Pooling is not yet supported on the batch nor channel dimension.")
    return _windows_of(attrs, x.shape[1:4], ksize[1:4], family)


def _max_kernel(attrs, x):
    return _max_of_windows(x, _pool_windows(attrs, x, "Pool3D"))


def _max_grad_kernel(attrs, x, y, grad):
    windows = _pool_windows(attrs, x, "Pool3D")
    _, which = _first_of_maxima(x, windows)
    out = np.zeros((x.shape[0], *windows.padded, x.shape[4]), grad.dtype)
    for number, (_, place) in enumerate(windows.taps()):
        out[(slice(None), *place)] += np.where(which == number, grad, grad.dtype.type(0))
    return np.ascontiguousarray(out[windows.inner])


def _max_grad_grad_kernel(attrs, x, y, grad):
    windows = _pool_windows(attrs, x, "Pool3D")
    _, which = _first_of_maxima(x, windows)
    padded = windows.pad(grad)
    out = np.zeros(which.shape, grad.dtype)
    for number, (_, place) in enumerate(windows.taps()):
        np.copyto(out, padded[(slice(None), *place)], where=which == number)
    return out


def _avg_kernel(attrs, x):
    windows = _pool_windows(attrs, x, "Pool3D")
    padded = windows.pad(win.widened(x))
    out = np.zeros((x.shape[0], *windows.outputs, x.shape[4]), padded.dtype)
    for _, place in windows.taps():
        out += padded[(slice(None), *place)]
    out /= _counts(windows, out.dtype)
    return out.astype(x.dtype, copy=False)


def _avg_grad_kernel(attrs, shape, grad):
    batch, *spatial, channels = shape.tolist()
    windows = _windows_of(attrs, spatial, attrs["ksize"][1:4], "Pool3D")
    given = win.widened(grad)
    given = given / _counts(windows, given.dtype)
    out = np.zeros((batch, *windows.padded, channels), given.dtype)
    for _, place in windows.taps():
        out[(slice(None), *place)] += given
    return np.ascontiguousarray(out[windows.inner]).astype(grad.dtype, copy=False)


# ---------------------------------------------------------------- gradients


def _steps(op, *names):
    return {name: op.get_attr(name) for name in names}


_CONV_STEPS = ("dilations", "strides", "padding", "data_format")
_POOL_STEPS = ("ksize", "strides", "padding", "data_format")


def _conv_gradient(op, grad):
    image_shape, filter_shape = array.shape_n([op.inputs[0], op.inputs[1]])
    steps = _steps(op, *_CONV_STEPS)
    return [
        CONV_3D_BACKPROP_INPUT(image_shape, op.inputs[1], grad, **steps),
        CONV_3D_BACKPROP_FILTER(op.inputs[0], filter_shape, grad, **steps),
    ]


def _backprop_input_gradient(op, grad):
    steps = _steps(op, *_CONV_STEPS)
    return [
        None,
        CONV_3D_BACKPROP_FILTER(grad, array.shape(op.inputs[1]), op.inputs[2], **steps),
        CONV_3D(grad, op.inputs[1], **steps),
    ]


def _backprop_filter_gradient(op, grad):
    steps = _steps(op, *_CONV_STEPS)
    return [
        CONV_3D_BACKPROP_INPUT(array.shape(op.inputs[0]), grad, op.inputs[2], **steps),
        None,
        CONV_3D(op.inputs[0], grad, **steps),
    ]


def _zeros_and(op, block, grad):
    return [
        array.zeros_like(op.inputs[0]),
        array.zeros_like(op.inputs[1]),
        block(op.inputs[0], op.inputs[1], grad, **_steps(op, *_POOL_STEPS)),
    ]


# ---------------------------------------------------------------- blocks

_HALF = "float16|bfloat16|float32"
_FORMAT = "data_format: 'NDHWC'|'NCDHW' = 'NDHWC'"
_CONV = (
    f"T: {_HALF}|float64; strides: list(int) >= 5; padding: 'SAME'|'VALID'; {_FORMAT}; "
    "dilations: list(int) = [1, 1, 1, 1, 1]"
)
_POOL = f"ksize: list(int) >= 5; strides: list(int) >= 5; padding: 'SAME'|'VALID'; {_FORMAT}"

CONV_3D = core.OpType(
    "Conv3D",
    "input: T, filter: T -> output: T",
    _CONV,
    shape=_conv_shape,
    kernel=_conv_kernel,
    gradient=_conv_gradient,
)
CONV_3D_BACKPROP_INPUT = core.OpType(
    "Conv3DBackpropInputV2",
    "input_sizes: Tshape, filter: T, out_backprop: T -> output: T",
    f"{_CONV}; Tshape: int32|int64 = int32",
    shape=sizes_shape(0, 5),
    kernel=_backprop_input_kernel,
    gradient=_backprop_input_gradient,
)
CONV_3D_BACKPROP_FILTER = core.OpType(
    "Conv3DBackpropFilterV2",
    "input: T, filter_sizes: int32, out_backprop: T -> output: T",
    _CONV,
    shape=sizes_shape(1, 5),
    kernel=_backprop_filter_kernel,
    gradient=_backprop_filter_gradient,
)
MAX_POOL_3D = core.OpType(
    "MaxPool3D",
    "input: T -> output: T",
    f"{_POOL}; T: {_HALF}",
    shape=lambda c: [_pooled_shape(c)],
    kernel=_max_kernel,
    gradient=lambda op, grad: [
        MAX_POOL_3D_GRAD(op.inputs[0], op.outputs[0], grad, **_steps(op, *_POOL_STEPS))
    ],
)
MAX_POOL_3D_GRAD = core.OpType(
    "MaxPool3DGrad",
    "orig_input: TInput, orig_output: TInput, grad: T -> output: T",
    f"{_POOL}; T: {_HALF} = float32; TInput: {_HALF} = float32",
    shape=_like_image,
    kernel=_max_grad_kernel,
    gradient=lambda op, grad: _zeros_and(op, MAX_POOL_3D_GRAD_GRAD, grad),
)
MAX_POOL_3D_GRAD_GRAD = core.OpType(
    "MaxPool3DGradGrad",
    "orig_input: T, orig_output: T, grad: T -> output: T",
    f"{_POOL}; T: {REAL}",
    shape=_grad_grad_shape,
    kernel=_max_grad_grad_kernel,
    gradient=lambda op, grad: _zeros_and(op, MAX_POOL_3D_GRAD, grad),
)
AVG_POOL_3D = core.OpType(
    "AvgPool3D",
    "input: T -> output: T",
    f"{_POOL}; T: {_HALF}|float64",
    shape=lambda c: [_pooled_shape(c)],
    kernel=_avg_kernel,
    gradient=lambda op, grad: [
        AVG_POOL_3D_GRAD(array.shape(op.inputs[0]), grad, **_steps(op, *_POOL_STEPS))
    ],
)
AVG_POOL_3D_GRAD = core.OpType(
    "AvgPool3DGrad",
    "orig_input_shape: int32, grad: T -> output: T",
    f"{_POOL}; T: {_HALF}|float64",
    shape=sizes_shape(0, 5),
    kernel=_avg_grad_kernel,
    gradient=lambda op, grad: [
        array.stop_gradient(op.inputs[0]),
        AVG_POOL_3D(grad, **_steps(op, *_POOL_STEPS)),
    ],
)


# ---------------------------------------------------------------- functions


def conv3d(
    input, filter=None, strides=None, padding=None, data_format="NDHWC", dilations=ONES, name=None, filters=None
):
    """Sums of products of `filter` with each patch of a batch of volumes.

    Parameters
    ----------
    input : Tensor
        ``[batch, depth, height, width, channels]``.
    filter : Tensor
        ``[depth, height, width, channels, out_channels]``.
    strides, dilations : list of int
        Five, of which the first and the last are 1.
    padding : str
        ``"SAME"`` or ``"VALID"``.
    """
    filter = deprecated_argument("filters", filters, "filter", filter)
    return CONV_3D(
        input, filter, strides=int_list(strides, "strides", "conv3d"), padding=string(padding, "padding"),
        data_format="NDHWC" if data_format is None else data_format,
        dilations=int_list(ONES if dilations is None else dilations, "dilations", "conv3d"), name=name,
    )  # fmt: skip


def conv3d_backprop_filter_v2(
    input, filter_sizes, out_backprop, strides, padding, data_format="NDHWC", dilations=ONES, name=None
):
    """The gradient of `conv3d` with respect to a filter of shape `filter_sizes`."""
    return CONV_3D_BACKPROP_FILTER(
        input, filter_sizes, out_backprop,
        strides=int_list(strides, "strides", "conv3d_backprop_filter_v2"), padding=string(padding, "padding"),
        data_format=data_format, dilations=int_list(dilations, "dilations", "conv3d_backprop_filter_v2"),
        name=name,
    )  # fmt: skip


def conv3d_transpose(
    value, filter=None, output_shape=None, strides=None, padding="SAME", data_format="NDHWC", name=None,
    input=None, filters=None, dilations=None,
):  # fmt: skip
    """The transpose of `conv3d`: from small volumes to ones of `output_shape`."""
    filter = deprecated_argument("filters", filters, "filter", filter)
    value = deprecated_argument("input", input, "value", value)
    return conv3d_transpose_v2(value, filter, output_shape, strides, padding, data_format, dilations, name)


def conv3d_transpose_v2(
    value, filter, output_shape, strides, padding="SAME", data_format="NDHWC", dilations=None, name=None
):
    """`conv3d_transpose` with its arguments in the order of TF2."""
    with core.name_scope(name, "conv3d_transpose", [value, output_shape]) as name:
        if data_format is None:
            data_format = "NDHWC"
        channel_index = 1 if data_format.startswith("NC") else 4
        strides = steps_of(strides, 3, channel_index, "strides")
        dilations = steps_of(dilations, 3, channel_index, "dilations")
        return CONV_3D_BACKPROP_INPUT(
            output_shape, filter, value, strides=strides, padding=string(padding, "padding"),
            data_format=data_format, dilations=dilations, name=name,
        )  # fmt: skip


def max_pool3d(input, ksize, strides, padding, data_format="NDHWC", name=None):
    """The maximum of each window of volumes."""
    with core.name_scope(name, "MaxPool3D", [input]) as name:
        return _pool(MAX_POOL_3D, input, ksize, strides, padding, data_format, name, 4)


def avg_pool3d(input, ksize, strides, padding, data_format="NDHWC", name=None):
    """The mean of the elements of the volume in each window."""
    with core.name_scope(name, "AvgPool3D", [input]) as name:
        return _pool(AVG_POOL_3D, input, ksize, strides, padding, data_format, name, 3)


def _pool(block, input, ksize, strides, padding, data_format, name, last):
    # TensorFlow has the channels of mean pooling at 3, which is seen with neither three nor five values.
    if data_format is None:
        data_format = "NDHWC"
    channel_index = 1 if data_format.startswith("NC") else last
    return block(
        input, ksize=steps_of(ksize, 3, channel_index, "ksize"),
        strides=steps_of(strides, 3, channel_index, "strides"), padding=string(padding, "padding"),
        data_format=data_format, name=name,
    )  # fmt: skip

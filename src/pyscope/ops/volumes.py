"""Convolution and pooling of volumes, ``[batch, depth, height, width, channels]``."""


from .. import _core as core
from . import _windows as win
from . import array
from ._convolving import backward_filter, backward_input, forward, gradients, outputs
from ._pooling import (
    STEPS,
    max_gradient,
    max_gradient_gradient,
    max_of_windows,
    mean_gradient,
    mean_of_windows,
    zeros_and,
)
from ._rules import REAL, merge, with_rank
from ._rules import text as shape_text
from ._windows import int_list, steps_of, string
from .conv import check_groups, sizes_shape
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
    out = outputs(c, spatial, window[:3], 5, pads=False)
    return [win.shape_of(batch, out, window[4], data_format)]


def _pooled_shape(c):
    data_format = c.attr("data_format")
    image = with_rank(c.shape(0), 5)
    _five(c, "Pool3D", "strides", "ksize")
    batch, spatial, channels = win.dims_of(image, data_format)
    out = [
        win.window_output(size, k, 1, s, c.attr("padding"))
        for size, k, s in zip(
            spatial, win.attr_dims(c.attr("ksize"), data_format), win.attr_dims(c.attr("strides"), data_format)
        )
    ]
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


def _pool_windows(attrs, x):
    if x.ndim != 5:
        raise win.invalid("tensor_in must be 5-dimensional")
    ksize = attrs["ksize"]
    if ksize[0] != 1 or ksize[4] != 1:
        raise win.unimplemented("Pooling is not yet supported on the batch nor channel dimension.")
    return _windows_of(attrs, x.shape[1:4], ksize[1:4], "Pool3D")


def _avg_grad_kernel(attrs, shape, grad):
    windows = _windows_of(attrs, shape.tolist()[1:4], attrs["ksize"][1:4], "Pool3D")
    return mean_gradient(windows, grad)


# ---------------------------------------------------------------- gradients


def _pool_steps(op):
    return {name: op.get_attr(name) for name in STEPS}


_of_conv, _of_backprop_input, _of_backprop_filter = gradients(
    lambda: (CONV_3D, CONV_3D_BACKPROP_INPUT, CONV_3D_BACKPROP_FILTER),
    ("dilations", "strides", "padding", "data_format"),
)


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
    kernel=core.kernel("conv3d", _conv_kernel),
    gradient=_of_conv,
)
CONV_3D_BACKPROP_INPUT = core.OpType(
    "Conv3DBackpropInputV2",
    "input_sizes: Tshape, filter: T, out_backprop: T -> output: T",
    f"{_CONV}; Tshape: int32|int64 = int32",
    shape=sizes_shape(0, 5),
    kernel=core.kernel("conv3d_backprop_input", _backprop_input_kernel),
    gradient=_of_backprop_input,
)
CONV_3D_BACKPROP_FILTER = core.OpType(
    "Conv3DBackpropFilterV2",
    "input: T, filter_sizes: int32, out_backprop: T -> output: T",
    _CONV,
    shape=sizes_shape(1, 5),
    kernel=core.kernel("conv3d_backprop_filter", _backprop_filter_kernel),
    gradient=_of_backprop_filter,
)
MAX_POOL_3D = core.OpType(
    "MaxPool3D",
    "input: T -> output: T",
    f"{_POOL}; T: {_HALF}",
    shape=lambda c: [_pooled_shape(c)],
    kernel=lambda attrs, x: max_of_windows(x, _pool_windows(attrs, x)),
    gradient=lambda op, grad: [
        MAX_POOL_3D_GRAD(op.inputs[0], op.outputs[0], grad, **_pool_steps(op))
    ],
)
MAX_POOL_3D_GRAD = core.OpType(
    "MaxPool3DGrad",
    "orig_input: TInput, orig_output: TInput, grad: T -> output: T",
    f"{_POOL}; T: {_HALF} = float32; TInput: {_HALF} = float32",
    shape=_like_image,
    kernel=lambda attrs, x, y, grad: max_gradient(x, _pool_windows(attrs, x), grad),
    gradient=lambda op, grad: zeros_and(op, MAX_POOL_3D_GRAD_GRAD, grad),
)
MAX_POOL_3D_GRAD_GRAD = core.OpType(
    "MaxPool3DGradGrad",
    "orig_input: T, orig_output: T, grad: T -> output: T",
    f"{_POOL}; T: {REAL}",
    shape=_grad_grad_shape,
    kernel=lambda attrs, x, y, grad: max_gradient_gradient(x, _pool_windows(attrs, x), grad),
    gradient=lambda op, grad: zeros_and(op, MAX_POOL_3D_GRAD, grad),
)
AVG_POOL_3D = core.OpType(
    "AvgPool3D",
    "input: T -> output: T",
    f"{_POOL}; T: {_HALF}|float64",
    shape=lambda c: [_pooled_shape(c)],
    kernel=lambda attrs, x: mean_of_windows(x, _pool_windows(attrs, x)),
    gradient=lambda op, grad: [
        AVG_POOL_3D_GRAD(array.shape(op.inputs[0]), grad, **_pool_steps(op))
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
        AVG_POOL_3D(grad, **_pool_steps(op)),
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

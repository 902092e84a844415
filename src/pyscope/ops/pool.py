"""Pooling: maxima and means of windows, and their gradients."""

from collections import namedtuple

import numpy as np

from .. import _core as core
from .. import dtypes
from . import _windows as win
from . import array
from ._pooling import (
    STEPS,
    first_of_maxima,
    max_gradient,
    max_gradient_gradient,
    max_of_windows,
    mean_gradient,
    mean_of_windows,
    zeros_and,
)
from ._rules import REAL, merge, with_rank
from ._rules import text as shape_text
from ._windows import convert_padding, int_list, steps_of, string
from .conv import sizes_shape
from .shape import deprecated_argument

__all__ = [
    "avg_pool", "avg_pool1d", "avg_pool_v2", "max_pool", "max_pool1d", "max_pool2d", "max_pool_v2",
    "max_pool_with_argmax",
]  # fmt: skip


# ---------------------------------------------------------------- shapes


def _pooled_shape(c, name):
    data_format = "NHWC" if name == "MaxPoolWithArgmax" else c.attr("data_format")
    image = with_rank(c.shape(0), 4)
    strides, ksize = c.attr("strides"), c.attr("ksize")
    family = "AvgPool" if name == "AvgPool" else "MaxPool"
    for label, given in (("stride", strides), ("ksize", ksize)):
        if len(given) != 4:
            raise ValueError(
                f"{family} requires the {label} attribute to contain 4 values, but got: {len(given)}"
            )
    batch, spatial, depth = win.dims_of(image, data_format)
    padding, pads = c.attr("padding"), [(0, 0)] * 2
    if name == "MaxPool":
        explicit = c.attr("explicit_paddings")
        win.check_explicit(padding, explicit, 4, data_format)
        pads = win.explicit_pairs(explicit, data_format) or pads
    out = [
        win.window_output(size, k, 1, s, padding, *pair)
        for size, k, s, pair in zip(
            spatial, win.attr_dims(ksize, data_format), win.attr_dims(strides, data_format), pads
        )
    ]
    if family == "MaxPool":
        _, _, window = win.dims_of(ksize, data_format)
        _, _, step = win.dims_of(strides, data_format)
        depth = win.window_output(depth, window, 1, step, padding)
    return win.shape_of(batch, out, depth, data_format)


def _pool_rule(name, n_outputs=1):
    def rule(c):
        return [_pooled_shape(c, name)] * n_outputs

    return rule


def _like_image(c):
    return [with_rank(c.shape(0), 4)]


def _grad_grad_shape(c):
    out = _pooled_shape(c, "MaxPoolGradGrad")
    merge(c.shape(0), c.shape(2))
    merge(c.shape(1), out)
    return [out]


# ---------------------------------------------------------------- kernels


def _check(family, attrs, x, data_format):
    """Refuse what TF's kernels refuse, in its words."""
    ksize, strides = attrs["ksize"], attrs["strides"]
    if win.is_channels_first(data_format):
        raise win.invalid(f"Default {family}PoolingOp only supports NHWC on device type CPU")
    for name, steps in (("ksize", ksize), ("strides", strides)):
        if any(s <= 0 for s in steps):
            if family == "Avg":
                raise win.invalid(f"{name} must be a positive int32 value, got:{min(steps)}")
            what = "specified or inferred ksize" if name == "ksize" else "specified strides"
            raise win.invalid(
                f"Sliding window {name} must be positive. The {what} is: {','.join(map(str, steps))}"
            )
    if ksize[0] != 1 or strides[0] != 1:
        raise win.unimplemented("Pooling is not yet supported on the batch dimension.")
    if x.ndim != 4:
        raise win.invalid(f"tensor_in_shape must have 2 spatial dimensions. {x.ndim} 0")
    if family == "Avg" and (ksize[3] != 1 or strides[3] != 1):
        raise win.unimplemented("Non-spatial pooling is not yet supported. Volunteers? :)")


def _windows_of(attrs, x, explicit=False):
    pads = attrs["explicit_paddings"] if explicit and win.text(attrs["padding"]) == "EXPLICIT" else ()
    return win.Windows.of_pool(x.shape[1:3], attrs["ksize"], attrs["strides"], attrs["padding"], "NHWC", pads)


def _check_pads(windows):
    for name, pad, size in zip(
        ("Top", "Bottom", "Left", "Right"), sum(windows.pads, ()), np.repeat(windows.window, 2)
    ):
        if pad >= size and pad:
            raise win.invalid(f"{name} padding {pad} needs to be smaller than the window size {size}")


def _max_of_depth(x, window, step):
    depth = x.shape[-1]
    if depth % window:
        raise win.unimplemented("Depthwise max pooling requires the depth window to evenly divide the input depth")
    if step != window:
        raise win.unimplemented("Depthwise max pooling requires the depth window to equal the depth stride")
    return x.reshape(*x.shape[:-1], depth // window, window).max(-1)


def _max_kernel(attrs, x):
    _check("Max", attrs, x, attrs["data_format"])
    ksize, strides = attrs["ksize"], attrs["strides"]
    if ksize[3] != 1:
        if ksize[1] != 1 or ksize[2] != 1:
            raise win.unimplemented(
                "MaxPooling supports exactly one of pooling across depth or pooling across width/height."
            )
        return _max_of_depth(x, ksize[3], strides[3])
    windows = _windows_of(attrs, x, True)
    _check_pads(windows)
    return max_of_windows(x, windows)


def _grad_windows(attrs, x, y, grad, of_input=False):
    """The windows of a gradient, which is shaped as `x` if it is `of_input`, else as `y`."""
    _check("Max", attrs, x, attrs["data_format"])
    if attrs["ksize"][3] != 1 or attrs["strides"][3] != 1:
        raise win.unimplemented("MaxPoolingGrad is not yet supported on the depth dimension.")
    windows = _windows_of(attrs, x, not of_input)
    out = (x.shape[0], *windows.outputs, x.shape[3])
    for name, given, expected in (("orig_output", y, out), ("grad", grad, x.shape if of_input else out)):
        if given.shape != expected:
            raise win.invalid(
                f"Expected {name} shape to be {shape_text(expected)}, but got {shape_text(given.shape)}"
            )
    return windows


def _max_grad_kernel(attrs, x, y, grad):
    return max_gradient(x, _grad_windows(attrs, x, y, grad), grad)


def _max_grad_grad_kernel(attrs, x, y, grad):
    return max_gradient_gradient(x, _grad_windows(attrs, x, y, grad, True), grad)


def _argmax_kernel(attrs, x):
    _check("Max", attrs, x, "NHWC")
    windows = _windows_of(attrs, x)
    best, which = first_of_maxima(x, windows)
    batch, height, width, depth = x.shape
    y, column = np.divmod(which, windows.window[1])
    (top, _), (left, _) = windows.pads
    y += (np.arange(windows.outputs[0]) * windows.strides[0] - top)[:, None, None]
    column += (np.arange(windows.outputs[1]) * windows.strides[1] - left)[:, None]
    flat = (y * width + column) * depth + np.arange(depth)
    if attrs["include_batch_in_index"]:
        flat += (np.arange(batch) * (height * width * depth)).reshape(-1, 1, 1, 1)
    return best, flat.astype(attrs["Targmax"].as_numpy_dtype)


def _grad_argmax_kernel(attrs, x, grad, argmax):
    out = np.zeros(x.size, grad.dtype)
    index = argmax.astype(np.int64)
    if not attrs["include_batch_in_index"]:
        index = index + (np.arange(x.shape[0]) * (x[0].size if x.size else 0)).reshape(-1, 1, 1, 1)
    np.add.at(out, index.reshape(-1), grad.reshape(-1))
    return out.reshape(x.shape)


def _avg_kernel(attrs, x):
    _check("Avg", attrs, x, attrs["data_format"])
    return mean_of_windows(x, _windows_of(attrs, x))


def _avg_grad_kernel(attrs, shape, grad):
    if shape.ndim != 1 or shape.size != 4:
        raise win.invalid("out_backprop must be 4-dimensional")
    _check("Avg", attrs, grad, attrs["data_format"])
    batch, height, width, channels = shape.tolist()
    windows = win.Windows.of_pool((height, width), attrs["ksize"], attrs["strides"], attrs["padding"])
    if grad.shape != (batch, *windows.outputs, channels):
        raise win.invalid("index * stride must be less than or equal to input size")
    return mean_gradient(windows, grad)


# ---------------------------------------------------------------- gradients


def _attrs_of(op, *names):
    return {name: op.get_attr(name) for name in names}


def _max_gradient(op, grad):
    steps = _attrs_of(op, "ksize", "strides", "padding", "explicit_paddings", "data_format")
    return [MAX_POOL_GRAD(op.inputs[0], op.outputs[0], grad, **steps)]


def _argmax_gradient(op, grad, _):
    steps = _attrs_of(op, "ksize", "strides", "padding", "include_batch_in_index")
    return [MAX_POOL_GRAD_WITH_ARGMAX(op.inputs[0], grad, op.outputs[1], **steps)]


def _avg_gradient(op, grad):
    shape = array.shape(op.inputs[0], out_type=dtypes.int32)
    return [AVG_POOL_GRAD(shape, grad, **_attrs_of(op, *STEPS))]


def _avg_grad_gradient(op, grad):
    steps = _attrs_of(op, *STEPS)
    return [array.stop_gradient(op.inputs[0]), AVG_POOL(grad, **steps)]


# ---------------------------------------------------------------- blocks

_FLOATING = "float16|bfloat16|float32|float64"
_WINDOW = "ksize: list(int) >= 4; strides: list(int) >= 4"
_PLAIN = "padding: 'SAME'|'VALID'"
_EXPLICIT = "padding: 'SAME'|'VALID'|'EXPLICIT'; explicit_paddings: list(int) = []"
_FORMAT = "data_format: 'NHWC'|'NCHW' = 'NHWC'"

MAX_POOL = core.OpType(
    "MaxPool",
    "input: T -> output: T",
    f"T: {_FLOATING}|int32|int64|uint8|int16|int8|uint16|qint8 = float32; {_WINDOW}; {_EXPLICIT}; "
    "data_format: 'NHWC'|'NCHW'|'NCHW_VECT_C' = 'NHWC'",
    shape=_pool_rule("MaxPool"),
    kernel=core.kernel("max_pool", _max_kernel),
    gradient=_max_gradient,
)
MAX_POOL_GRAD = core.OpType(
    "MaxPoolGrad",
    "orig_input: T, orig_output: T, grad: T -> output: T",
    f"{_WINDOW}; {_EXPLICIT}; {_FORMAT}; T: {REAL} = float32",
    shape=_like_image,
    kernel=core.kernel("max_pool_grad", _max_grad_kernel),
    gradient=lambda op, grad: zeros_and(op, MAX_POOL_GRAD_GRAD, grad),
)
MAX_POOL_GRAD_GRAD = core.OpType(
    "MaxPoolGradGrad",
    "orig_input: T, orig_output: T, grad: T -> output: T",
    f"{_WINDOW}; {_PLAIN}; {_FORMAT}; T: {REAL}",
    shape=_grad_grad_shape,
    kernel=_max_grad_grad_kernel,
    gradient=lambda op, grad: zeros_and(op, MAX_POOL_GRAD, grad),
)
MAX_POOL_WITH_ARGMAX = core.OpType(
    "MaxPoolWithArgmax",
    "input: T -> output: T, argmax: Targmax",
    f"{_WINDOW}; Targmax: int32|int64 = int64; {_PLAIN}; include_batch_in_index: bool = False; T: {REAL}",
    shape=_pool_rule("MaxPoolWithArgmax", 2),
    kernel=_argmax_kernel,
    gradient=_argmax_gradient,
)
MAX_POOL_GRAD_WITH_ARGMAX = core.OpType(
    "MaxPoolGradWithArgmax",
    "input: T, grad: T, argmax: Targmax -> output: T",
    f"{_WINDOW}; {_PLAIN}; include_batch_in_index: bool = False; Targmax: int32|int64; T: {REAL}",
    shape=_like_image,
    kernel=_grad_argmax_kernel,
    gradient=None,
)
AVG_POOL = core.OpType(
    "AvgPool",
    "value: T -> output: T",
    f"{_WINDOW}; {_PLAIN}; {_FORMAT}; T: {_FLOATING}",
    shape=_pool_rule("AvgPool"),
    kernel=core.kernel("avg_pool", _avg_kernel),
    gradient=_avg_gradient,
)
AVG_POOL_GRAD = core.OpType(
    "AvgPoolGrad",
    "orig_input_shape: int32, grad: T -> output: T",
    f"{_WINDOW}; {_PLAIN}; {_FORMAT}; T: {_FLOATING}",
    shape=sizes_shape(0, 4),
    kernel=core.kernel("avg_pool_grad", _avg_grad_kernel),
    gradient=_avg_grad_gradient,
)


MaxPoolWithArgmax = namedtuple("MaxPoolWithArgmax", ["output", "argmax"])


# ---------------------------------------------------------------- functions


def _windows(ksize, strides, data_format):
    channel_index = 1 if data_format.startswith("NC") else 3
    return {
        "ksize": steps_of(ksize, 2, channel_index, "ksize"),
        "strides": steps_of(strides, 2, channel_index, "strides"),
    }


def _max_padding(padding, data_format, expected_length=4):
    if isinstance(padding, (list, tuple)) and data_format == "NCHW_VECT_C":
        raise ValueError(
            "`data_format='NCHW_VECT_C'` is not supported with explicit padding. "
            f"Received: padding={padding}"
        )
    return convert_padding(padding, expected_length)


@core.repeats
@core.direct(MAX_POOL, names={"value": "input", "input": None}, lengths={"ksize": 4, "strides": 4})
def max_pool(value, ksize, strides, padding, data_format="NHWC", name=None, input=None):
    """The maximum of each window.

    Parameters
    ----------
    value : Tensor
        ``[batch, height, width, channels]``; `input` is another name of it.
    ksize, strides : int or list of int
        One, two or four.
    padding : str or list of pairs
        ``"SAME"``, ``"VALID"``, or what to add before and after each dimension.
    """
    value = deprecated_argument("input", input, "value", value)
    with core.name_scope(name, "MaxPool", [value]) as name:
        if data_format is None:
            data_format = "NHWC"
        steps = _windows(ksize, strides, data_format)
        padding, explicit = _max_padding(padding, data_format)
        if any(k == 0 for k in steps["ksize"]):
            raise ValueError(f"`ksize` cannot be zero. Received: ksize={steps['ksize']}")
        return MAX_POOL(
            value, padding=string(padding, "padding"), explicit_paddings=explicit,
            data_format=data_format, name=name, **steps,
        )  # fmt: skip


@core.repeats
def max_pool2d(input, ksize, strides, padding, data_format="NHWC", name=None):
    """`max_pool` under the name ``MaxPool2d``."""
    with core.name_scope(name, "MaxPool2d", [input]) as name:
        if data_format is None:
            data_format = "NHWC"
        steps = _windows(ksize, strides, data_format)
        padding, explicit = _max_padding(padding, data_format)
        return MAX_POOL(
            input, padding=string(padding, "padding"), explicit_paddings=explicit,
            data_format=data_format, name=name, **steps,
        )  # fmt: skip


def _windows_1d(ksize, strides, data_format):
    channel_index = 1 if data_format.startswith("NC") else 2
    return {
        "ksize": [1] + steps_of(ksize, 1, channel_index, "ksize"),
        "strides": [1] + steps_of(strides, 1, channel_index, "strides"),
    }


def max_pool1d(input, ksize, strides, padding, data_format="NWC", name=None):
    """The maximum of each window of sequences ``[batch, width, channels]``."""
    with core.name_scope(name, "MaxPool1d", [input]) as name:
        if data_format is None:
            data_format = "NWC"
        steps = _windows_1d(ksize, strides, data_format)
        padding, explicit = _max_padding(padding, data_format, 3)
        if padding == "EXPLICIT":
            explicit = [0, 0] + explicit
        axis = 1 if data_format == "NWC" else 2
        data_format = "NHWC" if data_format == "NWC" else "NCHW"
        result = MAX_POOL(
            array.expand_dims(input, axis), padding=string(padding, "padding"), explicit_paddings=explicit,
            data_format=data_format, name=name, **steps,
        )  # fmt: skip
        return array.squeeze(result, axis)


def max_pool_with_argmax(
    input, ksize, strides, padding, data_format="NHWC", Targmax=None, name=None, output_dtype=None,
    include_batch_in_index=False,
):  # fmt: skip
    """The maximum of each window, and its place in the flattened image (or in the flattened batch)."""
    if data_format != "NHWC":
        raise ValueError(
            f"`data_format` values other  than 'NHWC' are not supported. Received: data_format={data_format}"
        )
    Targmax = deprecated_argument("output_dtype", output_dtype, "Targmax", Targmax)
    result = MAX_POOL_WITH_ARGMAX(
        input,
        ksize=int_list(ksize, "ksize", "max_pool_with_argmax"),
        strides=int_list(strides, "strides", "max_pool_with_argmax"),
        padding=string(padding, "padding"),
        Targmax=dtypes.int64 if Targmax is None else Targmax,
        include_batch_in_index=include_batch_in_index,
        name=name,
    )
    return MaxPoolWithArgmax(*result)


@core.repeats
@core.direct(AVG_POOL, names={"input": None}, lengths={"ksize": 4, "strides": 4})
def avg_pool(value, ksize, strides, padding, data_format="NHWC", name=None, input=None):
    """The mean of the pixels of the image in each window.

    Parameters
    ----------
    value : Tensor
        ``[batch, height, width, channels]``; `input` is another name of it.
    ksize, strides : int or list of int
        One, two or four.
    padding : str
        ``"SAME"`` or ``"VALID"``.
    """
    with core.name_scope(name, "AvgPool", [value]) as name:
        value = deprecated_argument("input", input, "value", value)
        if data_format is None:
            data_format = "NHWC"
        steps = _windows(ksize, strides, data_format)
        return AVG_POOL(value, padding=string(padding, "padding"), data_format=data_format, name=name, **steps)


def avg_pool1d(input, ksize, strides, padding, data_format="NWC", name=None):
    """The mean of each window of sequences ``[batch, width, channels]``."""
    with core.name_scope(name, "AvgPool1D", [input]) as name:
        if data_format is None:
            data_format = "NWC"
        steps = _windows_1d(ksize, strides, data_format)
        axis = 1 if data_format == "NWC" else 2
        data_format = "NHWC" if data_format == "NWC" else "NCHW"
        result = AVG_POOL(
            array.expand_dims(input, axis), padding=string(padding, "padding"), data_format=data_format,
            name=name, **steps,
        )  # fmt: skip
        return array.squeeze(result, axis)


def _n_spatial(input, data_format, what):
    if input.shape is not None:
        n = len(input.shape) - 2
    elif data_format is not None:
        n = len(data_format) - 2
    else:
        raise ValueError(
            f"`input` must have a static shape or {what} must be given. "
            f"Received: input.shape={input.shape} and data_format={data_format}"
        )
    if not 1 <= n <= 3:
        raise ValueError(
            f"`input.shape.rank` must be 3, 4 or 5. Received: input.shape={input.shape} of rank {n + 2}."
        )
    return n


@core.repeats
def max_pool_v2(input, ksize, strides, padding, data_format=None, name=None):
    """`max_pool` in one to three spatial dimensions, as many as `input` has."""
    n = _n_spatial(input, data_format, "a data format")
    channel_index = 1 if data_format is not None and data_format.startswith("NC") else n + 1
    ksize = steps_of(ksize, n, channel_index, "ksize")
    strides = steps_of(strides, n, channel_index, "strides")
    if isinstance(padding, (list, tuple)) and n == 3:
        raise ValueError(
            f"Explicit padding is not supported with an input tensor of rank 5. Received: padding={padding}"
        )
    if n == 3:
        from .volumes import MAX_POOL_3D

        return MAX_POOL_3D(
            input, ksize=ksize, strides=strides, padding=string(padding, "padding"),
            data_format=data_format or "NDHWC", name=name,
        )  # fmt: skip
    op = max_pool1d if n == 1 else max_pool2d
    return op(input, ksize=ksize, strides=strides, padding=padding, data_format=data_format, name=name)


@core.repeats
def avg_pool_v2(input, ksize, strides, padding, data_format=None, name=None):
    """`avg_pool` in one to three spatial dimensions, as many as `input` has."""
    n = _n_spatial(input, data_format, "`data_format`")
    channel_index = 1 if data_format is not None and data_format.startswith("NC") else n + 1
    ksize = steps_of(ksize, n, channel_index, "ksize")
    strides = steps_of(strides, n, channel_index, "strides")
    if n == 1:
        return avg_pool1d(input, ksize, strides, padding, data_format, name)
    op, default = AVG_POOL, "NHWC"
    if n == 3:
        from .volumes import AVG_POOL_3D

        op, default = AVG_POOL_3D, "NDHWC"
    return op(
        input, ksize=ksize, strides=strides, padding=string(padding, "padding"),
        data_format=data_format or default, name=name,
    )  # fmt: skip

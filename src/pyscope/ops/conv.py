"""Convolutions of images: Conv2D, its two gradients, and the layers that are one of these."""

from .. import _core as core
from ..conversion import convert_to_tensor
from . import _windows as win
from . import array
from ._convolving import backward_filter, backward_input, forward, gradients, outputs
from ._rules import merge_dim, with_rank
from ._rules import text as shape_text
from ._windows import convert_padding, int_list, steps_of, string
from .shape import deprecated_argument

__all__ = [
    "conv1d", "conv1d_transpose", "conv2d", "conv2d_backprop_filter", "conv2d_backprop_input",
    "conv2d_transpose",
]  # fmt: skip

ONES = (1, 1, 1, 1)  # the default of an argument


# ---------------------------------------------------------------- shapes


def _conv_shape(c):
    data_format = c.attr("data_format")
    image, window = with_rank(c.shape(0), 4), with_rank(c.shape(1), 4)
    dilations, strides = c.attr("dilations"), c.attr("strides")
    if len(dilations) != 4:
        raise ValueError(
            f"Conv2D requires the dilation attribute to contain 4 values, but got: {len(dilations)}"
        )
    if len(strides) != 4:
        raise ValueError(
            f"Conv2D on data format {win.text(data_format)} requires the stride attribute to contain 4 values, "
            f"but got: {len(strides)}"
        )
    batch, spatial, depth = win.dims_of(image, data_format)
    check_groups(depth, window[2], window[3])
    out = outputs(c, spatial, window[:2], 4)
    return [win.shape_of(batch, out, window[3], data_format)]


def check_groups(depth, filter_depth, out_depth):
    """Refuse channels that do not divide into groups."""
    if depth is None or filter_depth is None:
        return
    if filter_depth == 0:
        raise ValueError("Depth of filter must not be 0")
    if depth % filter_depth:
        raise ValueError(
            f"Depth of input ({depth}) is not a multiple of input depth of filter ({filter_depth})"
        )
    groups = depth // filter_depth
    if out_depth is not None and out_depth % groups:
        raise ValueError(
            f"Depth of output ({out_depth}) is not a multiple of the number of groups ({groups})"
        )


def _backprop_input_shape(c):
    data_format = c.attr("data_format")
    grad, window = with_rank(c.shape(2), 4), with_rank(c.shape(1), 4)
    batch, _, depth = win.dims_of(grad, data_format)
    merge_dim(depth, window[3])
    sizes = c.constant_shape(0)
    if sizes is None:
        sizes = (None,) * 4
    if len(sizes) == 2:
        return [win.shape_of(batch, sizes, window[2], data_format)]
    if len(sizes) != 4:
        raise ValueError(
            "Conv2DBackpropInput requires input_sizes to contain 4 values or 2 values, "
            f"but got: {len(sizes)}"
        )
    given, spatial, depth = win.dims_of(sizes, data_format)
    merge_dim(given, batch)
    return [win.shape_of(batch, spatial, depth, data_format)]


def sizes_shape(index, rank):
    """Rule: the shape in input `index`, which must have `rank` dimensions."""

    def rule(c):
        return [with_rank(c.constant_shape(index), rank)]

    return rule


# ---------------------------------------------------------------- kernels in NumPy: the general case


def _check_attrs(attrs, name):
    for steps in ("strides", "dilations"):
        batch, _, depth = win.dims_of(attrs[steps], attrs["data_format"])
        if batch != 1 or depth != 1:
            raise win.unimplemented(
                f"Current implementation does not yet support {steps} in the batch and depth dimensions."
            )
    if not win.is_channels_first(attrs["data_format"]):
        return
    if name == "Conv2D":
        raise win.unimplemented(
            "The Conv2D op currently only supports the NHWC tensor format on the CPU. "
            f"The op was given the format: {win.text(attrs['data_format'])}"
        )
    raise win.invalid(f"{name}Op only supports NHWC.")


def _conv_kernel(attrs, x, w):
    _check_attrs(attrs, "Conv2D")
    for name, given in (("input", x), ("filter", w)):
        if given.ndim != 4:
            raise win.invalid(f"convolution {name} must be 4-dimensional: {shape_text(given.shape)}")
    depth, filter_depth, out_depth = x.shape[3], w.shape[2], w.shape[3]
    if filter_depth == 0:
        raise win.invalid(f"filter depth must be stricly positive, got {filter_depth}")
    if depth % filter_depth or depth == 0:
        raise win.invalid(
            f"input depth must be evenly divisible by filter depth: {depth} vs {filter_depth}"
        )
    groups = depth // filter_depth
    if out_depth % groups:
        raise win.invalid(
            f"output depth must be evenly divisible by number of groups: {out_depth} vs {groups}"
        )
    if w.shape[0] == 0 or w.shape[1] == 0:
        raise win.invalid("filter must not have zero elements (i.e. all dimensions must be non-zero)")
    windows = win.Windows.of_convolution(attrs, x.shape[1:3], w.shape[:2])
    return forward(win.widened(w), windows, win.widened(x)).astype(x.dtype, copy=False)


def _check_backward(name, windows, grad, batch, depth, filter_depth, out_depth):
    """Refuse a gradient that is none of these windows."""
    if grad.shape[0] != batch:
        raise win.invalid(
            f"{name}: input and out_backprop must have the same batch size. "
            f"Input batch: {batch}, outbackprop batch: {grad.shape[0]}, batch_dim: 0"
        )
    if filter_depth == 0 or depth % filter_depth:
        raise win.invalid(
            f"{name}: input depth must be evenly divisible by filter depth"
        )
    if grad.shape[3] != out_depth:
        raise win.invalid(f"{name}: filter and out_backprop must have the same out_depth")
    for i, (actual, computed) in enumerate(zip(grad.shape[1:3], windows.outputs)):
        if actual != computed:
            raise win.invalid(
                f"{name}: Size of out_backprop doesn't match computed: actual = {actual}, "
                f"computed = {computed} spatial_dim: {i + 1} input: {windows.spatial[i]} "
                f"filter: {windows.window[i]} output: {actual} stride: {windows.strides[i]} "
                f"dilation: {windows.dilations[i]}"
            )


def _backprop_input_kernel(attrs, sizes, w, grad):
    name = "Conv2DCustomBackpropInput"
    _check_attrs(attrs, name)
    sizes = sizes.tolist()
    if len(sizes) == 2:
        sizes = [grad.shape[0], *sizes, w.shape[2]]
    windows = win.Windows.of_convolution(attrs, sizes[1:3], w.shape[:2])
    _check_backward(name, windows, grad, sizes[0], sizes[3], w.shape[2], w.shape[3])
    out = backward_input(win.widened(w), windows, win.widened(grad), sizes[3])
    return out.astype(grad.dtype, copy=False)


def _backprop_filter_kernel(attrs, x, sizes, grad):
    name = "Conv2DCustomBackpropFilter"
    _check_attrs(attrs, name)
    sizes = sizes.tolist()
    windows = win.Windows.of_convolution(attrs, x.shape[1:3], sizes[:2])
    _check_backward(name, windows, grad, x.shape[0], x.shape[3], sizes[2], sizes[3])
    out = backward_filter(win.widened(x), windows, win.widened(grad), sizes[2])
    return out.astype(grad.dtype, copy=False)


# ---------------------------------------------------------------- gradients


_of_conv, _of_backprop_input, _of_backprop_filter = gradients(
    lambda: (CONV_2D, CONV_2D_BACKPROP_INPUT, CONV_2D_BACKPROP_FILTER),
    ("dilations", "strides", "padding", "explicit_paddings", "use_cudnn_on_gpu", "data_format"),
)

_STEPS = (
    "strides: list(int); use_cudnn_on_gpu: bool = True; padding: 'SAME'|'VALID'|'EXPLICIT'; "
    "explicit_paddings: list(int) = []; data_format: 'NHWC'|'NCHW' = 'NHWC'; "
    "dilations: list(int) = [1, 1, 1, 1]"
)
CONV_2D = core.OpType(
    "Conv2D",
    "input: T, filter: T -> output: T",
    f"T: float16|bfloat16|float32|float64|int32; {_STEPS}",
    shape=_conv_shape,
    kernel=core.kernel("conv", _conv_kernel),
    gradient=_of_conv,
)
CONV_2D_BACKPROP_INPUT = core.OpType(
    "Conv2DBackpropInput",
    "input_sizes: int32, filter: T, out_backprop: T -> output: T",
    f"T: float16|bfloat16|float32|float64|int32; {_STEPS}",
    shape=_backprop_input_shape,
    kernel=core.kernel("conv_backprop_input", _backprop_input_kernel),
    gradient=_of_backprop_input,
)
CONV_2D_BACKPROP_FILTER = core.OpType(
    "Conv2DBackpropFilter",
    "input: T, filter_sizes: int32, out_backprop: T -> output: T",
    f"T: float16|bfloat16|float32|float64; {_STEPS}",
    shape=sizes_shape(1, 4),
    kernel=core.kernel("conv_backprop_filter", _backprop_filter_kernel),
    gradient=_of_backprop_filter,
)


# ---------------------------------------------------------------- functions


def squeeze_batch_dims(inp, op, inner_rank, name=None):
    """`op` of `inp`, whose dimensions before the last `inner_rank` are one batch to it."""
    from ..tensor_shape import TensorShape

    with core.name_scope(name, "squeeze_batch_dims", [inp]):
        inp = convert_to_tensor(inp, name="input")
        shape = inp.shape
        inner = shape[-inner_rank:]
        if not inner.is_fully_defined():
            inner = array.shape(inp)[-inner_rank:]
        batch = shape[:-inner_rank]
        if not batch.is_fully_defined():
            batch = array.shape(inp)[:-inner_rank]
        if isinstance(inner, TensorShape):
            flat = array.reshape(inp, [-1] + inner.as_list())
        else:
            flat = array.reshape(inp, array.concat(([-1], inner), axis=-1))
        out = op(flat)
        out_inner = out.shape[-inner_rank:]
        if not out_inner.is_fully_defined():
            out_inner = array.shape(out)[-inner_rank:]
        out = array.reshape(out, array.concat((batch, out_inner), axis=-1))
        out.set_shape(inp.shape[:-inner_rank] + out.shape[-inner_rank:])
        return out


def rank_of(x):
    """The static rank of a tensor or array; None if unknown."""
    shape = x.shape
    return shape.ndims if hasattr(shape, "ndims") else len(shape)


@core.repeats
@core.direct(CONV_2D, names={"filters": None}, most_dims=4, lengths={"strides": 4, "dilations": 4})
def conv2d(
    input, filter=None, strides=None, padding=None, use_cudnn_on_gpu=True, data_format="NHWC",
    dilations=ONES, name=None, filters=None,
):  # fmt: skip
    """Sums of products of `filter` with each patch of a batch of images.

    Parameters
    ----------
    input : Tensor
        ``[batch, height, width, channels]``, or with more batch dimensions; channels second for ``"NCHW"``.
    filter : Tensor
        ``[height, width, channels, out_channels]``; its channels may divide those of `input` into groups.
    strides, dilations : int or list of int
        One, two or four.
    padding : str or list of pairs
        ``"SAME"``, ``"VALID"``, or what to add before and after each dimension.

    Returns
    -------
    Tensor
        ``[batch, out_height, out_width, out_channels]``.

    Raises
    ------
    ValueError
        If the shapes, strides or paddings do not fit.
    """
    filter = deprecated_argument("filters", filters, "filter", filter)
    padding, explicit = convert_padding(padding)
    if data_format is None:
        data_format = "NHWC"
    channel_index = 1 if data_format.startswith("NC") else 3
    steps = {
        "strides": steps_of(strides, 2, channel_index, "strides"),
        "padding": string(padding, "padding"),
        "use_cudnn_on_gpu": use_cudnn_on_gpu,
        "explicit_paddings": explicit,
        "data_format": data_format,
        "dilations": steps_of(dilations, 2, channel_index, "dilations"),
    }
    rank = rank_of(input)
    if rank is None or rank <= 4:
        return CONV_2D(input, filter, name=name, **steps)
    return squeeze_batch_dims(input, lambda x: CONV_2D(x, filter, **steps), 3, name)


def conv2d_backprop_input(
    input_sizes, filter=None, out_backprop=None, strides=None, padding=None, use_cudnn_on_gpu=True,
    data_format="NHWC", dilations=ONES, name=None, filters=None,
):  # fmt: skip
    """The gradient of `conv2d` with respect to an image of shape `input_sizes`."""
    filter = deprecated_argument("filters", filters, "filter", filter)
    padding, explicit = convert_padding(padding)
    return CONV_2D_BACKPROP_INPUT(
        input_sizes, filter, out_backprop,
        strides=int_list(strides, "strides", "conv2d_backprop_input"), padding=string(padding, "padding"),
        use_cudnn_on_gpu=use_cudnn_on_gpu, explicit_paddings=explicit, data_format=data_format,
        dilations=int_list(dilations, "dilations", "conv2d_backprop_input"), name=name,
    )  # fmt: skip


def conv2d_backprop_filter(
    input, filter_sizes, out_backprop, strides, padding, use_cudnn_on_gpu=True, data_format="NHWC",
    dilations=ONES, name=None,
):  # fmt: skip
    """The gradient of `conv2d` with respect to a filter of shape `filter_sizes`."""
    padding, explicit = convert_padding(padding)
    return CONV_2D_BACKPROP_FILTER(
        input, filter_sizes, out_backprop,
        strides=int_list(strides, "strides", "conv2d_backprop_filter"), padding=string(padding, "padding"),
        use_cudnn_on_gpu=use_cudnn_on_gpu, explicit_paddings=explicit, data_format=data_format,
        dilations=int_list(dilations, "dilations", "conv2d_backprop_filter"), name=name,
    )  # fmt: skip


@core.repeats
def conv2d_transpose(
    value=None, filter=None, output_shape=None, strides=None, padding="SAME", data_format="NHWC", name=None,
    input=None, filters=None, dilations=None,
):  # fmt: skip
    """The transpose of `conv2d`, which is its gradient: from small images to ones of `output_shape`.

    `filter` is ``[height, width, out_channels, channels]``.
    """
    value = deprecated_argument("input", input, "value", value)
    filter = deprecated_argument("filters", filters, "filter", filter)
    with core.name_scope(name, "conv2d_transpose", [value, filter, output_shape]) as name:
        return conv2d_transpose_v2(
            value, filter, output_shape, strides, padding, data_format, dilations, name
        )


def conv2d_transpose_v2(
    value, filter, output_shape, strides, padding="SAME", data_format="NHWC", dilations=None, name=None
):
    """`conv2d_transpose` with its arguments in the order of TF2."""
    with core.name_scope(name, "conv2d_transpose", [value, filter, output_shape]) as name:
        if data_format is None:
            data_format = "NHWC"
        channel_index = 1 if data_format.startswith("NC") else 3
        strides = steps_of(strides, 2, channel_index, "strides")
        dilations = steps_of(dilations, 2, channel_index, "dilations")
        padding, explicit = convert_padding(padding)
        return CONV_2D_BACKPROP_INPUT(
            output_shape, filter, value, strides=strides, padding=string(padding, "padding"),
            explicit_paddings=explicit, data_format=data_format, dilations=dilations, name=name,
        )  # fmt: skip


@core.repeats
def conv1d(
    value=None, filters=None, stride=None, padding=None, use_cudnn_on_gpu=None, data_format=None, name=None,
    input=None, dilations=None,
):  # fmt: skip
    """`conv2d` of sequences ``[batch, width, channels]`` with filters ``[width, channels, out_channels]``."""
    value = deprecated_argument("input", input, "value", value)
    with core.name_scope(name, "conv1d", [value, filters]) as name:
        if data_format in (None, "NHWC", "NWC"):
            data_format, start, channel_index = "NHWC", -3, 2
        elif data_format in ("NCHW", "NCW"):
            data_format, start, channel_index = "NCHW", -2, 1
        else:
            raise ValueError(f"`data_format` must be 'NWC' or 'NCW'. Received: data_format={data_format}")
        strides = [1] + steps_of(stride, 1, channel_index, "stride")
        dilations = [1] + steps_of(dilations, 1, channel_index, "dilations")
        value = array.expand_dims(value, start)
        filters = array.expand_dims(filters, 0)
        steps = {
            "strides": strides,
            "padding": string(padding, "padding"),
            "use_cudnn_on_gpu": True if use_cudnn_on_gpu is None else use_cudnn_on_gpu,
            "data_format": data_format,
            "dilations": dilations,
        }
        rank = value.shape.ndims
        if rank is None or rank <= 4:
            result = CONV_2D(value, filters, name=name, **steps)
        else:
            result = squeeze_batch_dims(value, lambda x: CONV_2D(x, filters, **steps), 3, name)
        return array.squeeze(result, [start])


def conv1d_transpose(
    input, filters, output_shape, strides, padding="SAME", data_format="NWC", dilations=None, name=None
):
    """The transpose of `conv1d`: from short sequences to ones of `output_shape`."""
    with core.name_scope(name, "conv1d_transpose", [input, filters, output_shape]) as name:
        if data_format in (None, "NWC"):
            data_format, start, channel_index = "NHWC", 1, 2
        elif data_format == "NCW":
            data_format, start, channel_index = "NCHW", 2, 1
        else:
            raise ValueError(f"`data_format` must be 'NWC' or 'NCW'. Received: data_format={data_format}")
        strides = [1] + steps_of(strides, 1, channel_index, "stride")
        dilations = [1] + steps_of(dilations, 1, channel_index, "dilations")
        input = array.expand_dims(input, start)
        filters = array.expand_dims(filters, 0)
        if not isinstance(output_shape, core.Tensor):
            output_shape = list(output_shape)
        output_shape = array.concat([output_shape[:start], [1], output_shape[start:]], 0)
        result = CONV_2D_BACKPROP_INPUT(
            output_shape, filters, input, strides=strides, padding=string(padding, "padding"), data_format=data_format,
            dilations=dilations, name=name,
        )  # fmt: skip
        return array.squeeze(result, start)

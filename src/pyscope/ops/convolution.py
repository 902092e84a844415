"""Convolution and pooling in any number of spatial dimensions, with dilated windows by way of `space_to_batch_nd`."""

import numpy as np

from .. import _core as core
from .. import dtypes
from ..conversion import convert_to_tensor
from ..static_value import constant_value
from ..tensor_shape import as_shape
from . import array
from ._windows import CHANNELS_LAST, convert_padding, ints, sequence, string
from .conv import (
    CONV_2D,
    CONV_2D_BACKPROP_INPUT,
    conv1d,
    conv1d_transpose,
    conv2d,
    conv2d_transpose,
    conv2d_transpose_v2,
    squeeze_batch_dims,
)
from .shape import deprecated_argument
from .volumes import CONV_3D, avg_pool3d, conv3d, conv3d_transpose_v2, max_pool3d

__all__ = ["atrous_conv2d", "atrous_conv2d_transpose", "conv_transpose", "convolution", "pool", "with_space_to_batch"]


# ---------------------------------------------------------------- dilation by space to batch


def _base_paddings(filter_shape, n, rate):
    extra = (filter_shape[:n] - 1) * rate
    start = extra // 2
    end = extra - start
    return array.stack([[start[i], end[i]] for i in range(n)])


def _with_skipped(given, fill, spatial_dims):
    """`given`, a row per spatial dimension, with rows of `fill` for the dimensions between the first and those."""
    row = given.get_shape().as_list()[1:]
    dtype = given.dtype.as_numpy_dtype
    static = constant_value(given)
    value = given if static is None else static
    parts, previous, i = [], 0, 0
    while i < len(spatial_dims):
        start = i
        if spatial_dims[i] > 1:
            parts.append(np.full([spatial_dims[i] - 1 - previous] + row, fill, dtype=dtype))
        while i + 1 < len(spatial_dims) and spatial_dims[i + 1] == spatial_dims[i] + 1:
            i += 1
        parts.append(value[start : i + 1])
        previous = spatial_dims[i]
        i += 1
    return array.concat(parts, 0) if static is None else np.concatenate(parts)


def _dilated(
    input_shape, dilation_rate, padding, build_op, filter_shape=None, spatial_dims=None, data_format=None,
    n_batch=1,
):  # fmt: skip
    """What applies ``build_op(n, padding)`` to an image and a filter as if its windows were dilated."""
    rate = convert_to_tensor(dilation_rate, dtypes.int32, name="dilation_rate")
    if rate.shape.ndims not in (None, 1):
        raise ValueError(
            f"`dilation_rate.shape.rank` must be 1. Received: dilation_rate={rate} of rank {rate.shape.rank}"
        )
    if not rate.shape.is_fully_defined():
        raise ValueError(
            "`dilation_rate.shape` must be fully defined. "
            f"Received: dilation_rate={rate} with shape {rate.shape}"
        )
    n = rate.shape._dims[0]
    channels_first = data_format is not None and data_format.startswith("NC")
    if spatial_dims is None:
        first = n_batch + 1 if channels_first else n_batch
        spatial_dims = range(first, n + first)
    given = list(spatial_dims)
    spatial_dims = sorted({int(d) for d in given})
    if spatial_dims != given or any(d < 1 for d in spatial_dims):
        raise ValueError(
            "`spatial_dims` must be a monotonically increasing sequence of positive integers. "
            f"Received: spatial_dims={given}"
        )
    least = spatial_dims[-1] if channels_first else spatial_dims[-1] + 1
    if input_shape.ndims is not None and input_shape.ndims < least:
        raise ValueError(
            f"`input.shape.rank` must be at least {least}. "
            f"Received: input.shape={input_shape} with rank {input_shape.rank}"
        )
    static_rate = constant_value(rate)
    known_rate = rate if static_rate is None else static_rate
    if static_rate is not None:
        if np.any(static_rate < 1):
            raise ValueError(f"`dilation_rate` must be positive. Received: dilation_rate={static_rate}")
        if np.all(static_rate == 1):
            return build_op(n, padding)
    padding, explicit = convert_padding(padding)
    base = None
    if padding == "SAME":
        if filter_shape is None:
            raise ValueError(
                "`filter_shape` must be specified for `padding='SAME'`. "
                f"Received: filter_shape={filter_shape} and padding={padding}"
            )
        filter_shape = convert_to_tensor(filter_shape, name="filter_shape")
        static_shape = constant_value(filter_shape)
        if static_shape is not None:
            base = _base_paddings(static_shape, n, known_rate)
    elif padding == "VALID":
        base = np.zeros([n, 2], np.int32)
    elif padding == "EXPLICIT":
        base = np.array(explicit).reshape([n + 2, 2])
        base = base[2:] if channels_first else base[1:-1]
    else:
        raise ValueError(f"`padding` must be one of 'SAME' or 'VALID'. Received: padding={padding}")
    op = build_op(n, "VALID")

    def call(inp, filter):
        spatial = None
        if input_shape.ndims is not None:
            dims = input_shape.as_list()
            spatial = [dims[i] for i in spatial_dims]
        if spatial is None or None in spatial:
            shape = array.shape(inp)
            spatial = array.stack([shape[i] for i in spatial_dims])
        around = _base_paddings(array.shape(filter), n, known_rate) if base is None else base
        from .blocks import batch_to_space_nd, required_space_to_batch_paddings, space_to_batch_nd

        paddings, crops = required_space_to_batch_paddings(
            input_shape=spatial, base_paddings=around, block_shape=rate
        )
        block = _with_skipped(rate, 1, spatial_dims)
        paddings = _with_skipped(paddings, 0, spatial_dims)
        crops = _with_skipped(crops, 0, spatial_dims)
        result = op(space_to_batch_nd(inp, block_shape=block, paddings=paddings), filter)
        result = batch_to_space_nd(result, block_shape=block, crops=crops)
        if channels_first and not result.shape._dims[1] and filter is not None:
            dims = result.shape.as_list()
            dims[1] = filter.shape[-1]
            result.set_shape(dims)
        return result

    return call


def with_space_to_batch(
    input, dilation_rate, padding, op, filter_shape=None, spatial_dims=None, data_format=None
):
    """``op(input, n_spatial_dims, padding)`` with windows that skip ``dilation_rate - 1`` pixels."""
    input = convert_to_tensor(input, name="input")

    def build_op(n, padding):
        return lambda inp, _: op(inp, n, padding)

    return _dilated(
        input.shape, dilation_rate, padding, build_op, filter_shape, spatial_dims, data_format
    )(input, None)


def _steps_and_rate(n, strides, dilation_rate):
    if dilation_rate is None:
        dilation_rate = [1] * n
    elif len(dilation_rate) != n:
        raise ValueError(
            f"`len(dilation_rate)` should be {n}. "
            f"Received: dilation_rate={dilation_rate} of length {len(dilation_rate)}"
        )
    dilation_rate = np.array(dilation_rate, dtype=np.int32)
    if np.any(dilation_rate < 1):
        raise ValueError(
            f"all values of `dilation_rate` must be positive. Received: dilation_rate={dilation_rate}"
        )
    if strides is None:
        strides = [1] * n
    elif len(strides) != n:
        raise ValueError(
            f"`len(strides)` should be {n}. Received: strides={strides} of length {len(strides)}"
        )
    strides = np.array(strides, dtype=np.int32)
    if np.any(strides < 1):
        raise ValueError(f"all values of `strides` must be positive. Received: strides={strides}")
    if np.any(strides > 1) and np.any(dilation_rate > 1):
        raise ValueError(
            "`strides > 1` not supported in conjunction with `dilation_rate > 1`. "
            f"Received: strides={strides} and dilation_rate={dilation_rate}"
        )
    return strides, dilation_rate


# ---------------------------------------------------------------- convolution


def convolution(
    input, filter, padding, strides=None, dilation_rate=None, name=None, data_format=None, filters=None,
    dilations=None,
):  # fmt: skip
    """Convolution in one, two or three spatial dimensions.

    Parameters
    ----------
    input : Tensor
        ``[batch, *spatial, channels]``.
    filter : Tensor
        ``[*window, channels, out_channels]``.
    strides, dilation_rate : sequence of int, optional
        One per spatial dimension; not both other than 1.
    """
    filter = deprecated_argument("filters", filters, "filter", filter)
    dilation_rate = deprecated_argument("dilations", dilations, "dilation_rate", dilation_rate)
    return _convolution(input, filter, strides, padding, data_format, dilation_rate, name)


def _as_operand(x, name, both):
    from ..variables import Variable

    if isinstance(x, (core.Tensor, Variable)):
        return x
    with core.name_scope(None, "convolution_internal", both):
        return convert_to_tensor(x, name=name)


def _convolution(input, filters, strides, padding, data_format, dilations, name):
    filters = _as_operand(filters, "filters", [filters, input])
    if not isinstance(input, core.Tensor):
        with core.name_scope(None, "convolution_internal", [filters, input]):
            input = convert_to_tensor(input, name="input")
    filters_rank, inputs_rank = filters.shape.rank, input.shape.rank
    if filters_rank:
        n = filters_rank - 2
    elif inputs_rank:
        n = inputs_rank - 2
    else:
        raise ValueError(
            "When `num_spatial_dims` is not set, one of `input.shape.rank` or `filters.shape.rank` must be known. "
            f"Received: input.shape={input.shape} of rank {inputs_rank} and "
            f"filters.shape={filters.shape} of rank {filters_rank}"
        )
    n_batch = inputs_rank - n - 1 if inputs_rank else 1
    if n not in (1, 2, 3):
        raise ValueError(f"`num_spatial_dims` must be 1, 2, or 3. Received: num_spatial_dims={n}.")
    last = data_format is None or data_format in CHANNELS_LAST
    channel_index = n_batch + n if last else n_batch
    dilated = dilations is not None
    dilations = sequence(dilations, n, channel_index, "dilations")
    dilated = dilated and any(i != 1 for i in dilations)
    strides = sequence(strides, n, channel_index, "strides")
    with core.name_scope(name, None if name else "convolution", [input, filters]) as name:
        if dilated:
            inner = slice(2, None) if channel_index == 1 else slice(1, -1)
            call = _dilated_convolution(
                as_shape(input.shape), as_shape(filters.shape), padding, strides[inner], dilations[inner],
                name, data_format, n,
            )  # fmt: skip
            return call(input, filters)
        if n == 1:
            return conv1d(
                input, filters, strides, padding, data_format=data_format, dilations=dilations, name=name
            )
        op = CONV_2D if n == 2 else CONV_3D
        steps = {
            "strides": ints(strides, "strides"),
            "padding": string(padding, "padding"),
            "data_format": ("NHWC" if n == 2 else "NDHWC") if data_format is None else data_format,
            "dilations": ints(dilations, "dilations"),
        }
        if inputs_rank is None or inputs_rank < n + 3:
            return op(input, filters, name=name, **steps)
        return squeeze_batch_dims(input, lambda x: op(x, filters, **steps), n + 1, name)


def _dilated_convolution(input_shape, filter_shape, padding, strides, dilation_rate, name, data_format, n):
    n_batch = 1
    if input_shape.ndims is not None:
        if input_shape.ndims < n + 2:
            raise ValueError(
                "`input.shape.rank` must be >= than `num_spatial_dims + 2`. "
                f"Received: input.shape={input_shape} of rank {input_shape.rank} and num_spatial_dims={n}"
            )
        n_batch = input_shape.ndims - n - 1
    channels_first = data_format is not None and data_format.startswith("NC")
    dims = input_shape._dims
    channels = None if dims is None else dims[n_batch if channels_first else n + n_batch]
    filter_channels = None if filter_shape._dims is None else filter_shape._dims[n]
    if channels is not None and filter_channels and channels % filter_channels:
        raise ValueError(
            "The number of input channels is not divisible by the corresponding number of output filters. "
            f"Received: input.shape={input_shape} with {channels} channels and "
            f"filters.shape={filter_shape} with {filter_channels} output filters."
        )
    strides, dilation_rate = _steps_and_rate(n, strides, dilation_rate)
    first = n_batch + 1 if channels_first else n_batch

    def build_op(_, padding):
        return _plain_convolution(input_shape, filter_shape, padding, data_format, strides, name, n_batch)

    return _dilated(
        input_shape, dilation_rate, padding, build_op, filter_shape, range(first, n + first), data_format, n_batch
    )


def _plain_convolution(input_shape, filter_shape, padding, data_format, strides, name, n_batch):
    """What convolves an image with a filter, both of these shapes, without dilation."""
    if input_shape.ndims is not None:
        filter_shape = filter_shape.with_rank(input_shape.ndims - n_batch + 1)
    if filter_shape.ndims is not None:
        input_shape = input_shape.with_rank(filter_shape.ndims + n_batch - 1)
    if input_shape.ndims is None:
        raise ValueError(
            "Rank of convolution must be known. "
            f"Received: input_shape={input_shape} of rank {input_shape.rank}"
        )
    n = input_shape.ndims - n_batch - 1
    if n == 1:
        if data_format is None:
            data_format = "NWC"
        elif data_format not in ("NCW", "NWC", "NCHW", "NHWC"):
            raise ValueError(f"`data_format` must be 'NWC' or 'NCW'. Received: data_format={data_format}")
        return lambda x, w: conv1d(
            value=x, filters=w, stride=strides[0], padding=padding, data_format=data_format, name=name
        )
    strides = list(strides)
    if n == 3:
        if data_format not in (None, "NDHWC", "NCDHW"):
            raise ValueError(f"`data_format` must be 'NDHWC' or 'NCDHW'. Received: data_format={data_format}")
        strides = [1, 1] + strides if data_format == "NCDHW" else [1] + strides + [1]
        return lambda x, w: conv3d(
            x, w, strides=strides, padding=padding, data_format=data_format, name=name
        )
    if data_format not in (None, "NHWC", "NCHW"):
        raise ValueError(f"`data_format` must be 'NHWC' or 'NCHW'. Received: data_format={data_format}")
    data_format = data_format or "NHWC"
    strides = [1, 1] + strides if data_format == "NCHW" else [1] + strides + [1]
    return lambda x, w: conv2d(
        input=x, filter=w, strides=strides, padding=padding, data_format=data_format, name=name
    )


def atrous_conv2d(value, filters, rate, padding, name=None):
    """`conv2d` with windows that skip ``rate - 1`` pixels in both dimensions."""
    return convolution(
        input=value, filter=filters, padding=padding, dilation_rate=np.broadcast_to(rate, (2,)), name=name
    )


def atrous_conv2d_transpose(value, filters, output_shape, rate, padding, name=None):
    """The transpose of `atrous_conv2d`: images of `output_shape` from images of its result."""
    from .blocks import batch_to_space, space_to_batch

    with core.name_scope(name, "atrous_conv2d_transpose", [value, filters, output_shape]) as name:
        value = convert_to_tensor(value, name="value")
        filters = convert_to_tensor(filters, name="filters")
        channels, window = value.get_shape(), filters.get_shape()
        if not as_shape([channels[3]]).is_compatible_with([window[3]]):
            raise ValueError(
                "`value` channel count must be compatible with `filters` input channel count. "
                f"Received: value.shape={channels} with channel count {channels[3]} and "
                f"filters.shape={window} with input channel count {window[3]}."
            )
        if rate < 1:
            raise ValueError(f"`rate` cannot be less than one. Received: rate={rate}")
        if rate == 1:
            return conv2d_transpose(
                value, filters, output_shape, strides=[1, 1, 1, 1], padding=padding, data_format="NHWC"
            )
        given = convert_to_tensor(output_shape, name="output_shape")
        if not given.get_shape().is_compatible_with([4]):
            raise ValueError(f"`output_shape` must have shape (4,). Received: output_shape={given.get_shape()}")
        if isinstance(output_shape, tuple):
            output_shape = list(output_shape)
        if isinstance(output_shape, (list, np.ndarray)):
            if not as_shape([window[2]]).is_compatible_with([output_shape[3]]):
                raise ValueError(
                    "`output_shape` channel count must be compatible with `filters` output channel count. "
                    f"Received: output_shape={output_shape} with channel count {output_shape[3]} and "
                    f"filters.shape={window} with output channel count {window[3]}."
                )
        if padding not in ("SAME", "VALID"):
            raise ValueError(f"`padding` must be either 'VALID' or 'SAME'. Received: padding={padding}")
        before, after = [0, 0], [0, 0]
        if padding == "SAME":
            size = window.as_list() if window.is_fully_defined() else array.shape(filters)
            height, width = size[0], size[1]
            height = height + (height - 1) * (rate - 1)
            width = width + (width - 1) * (rate - 1)
            total = [height - 1, width - 1]
            before[0] = total[0] // 2
            after[0] = total[0] - before[0]
            before[1] = total[1] // 2
            after[1] = total[1] - before[1]
        in_height = output_shape[1] + before[0] + after[0]
        in_width = output_shape[2] + before[1] + after[1]
        extra = [(rate - in_height % rate) % rate, (rate - in_width % rate) % rate]
        value = space_to_batch(value, paddings=[[0, extra[0]], [0, extra[1]]], block_size=rate)
        sizes = [
            rate * rate * output_shape[0],
            (in_height + extra[0]) // rate,
            (in_width + extra[1]) // rate,
            output_shape[3],
        ]
        value = CONV_2D_BACKPROP_INPUT(
            sizes, filters, value, strides=[1, 1, 1, 1], padding="VALID", data_format="NHWC"
        )
        crops = [[before[0], after[0] + extra[0]], [before[1], after[1] + extra[1]]]
        return batch_to_space(value, crops=crops, block_size=rate)


def conv_transpose(
    input, filters, output_shape, strides, padding="SAME", data_format=None, dilations=None, name=None
):
    """The transpose of a convolution in one to three spatial dimensions, as many as `output_shape` says."""
    with core.name_scope(name, "conv_transpose", [input, output_shape]) as name:
        if isinstance(output_shape, core.Tensor):
            n = output_shape.shape[0] - 2
        elif hasattr(output_shape, "__len__"):
            n = len(output_shape) - 2
        else:
            raise ValueError(
                f"`output_shape` must be a tensor or sized collection. Received: output_shape={output_shape}"
            )
        if not 1 <= n <= 3:
            raise ValueError(
                f"`output_shape` must be of length 3, 4 or 5. "
                f"Received: output_shape={output_shape} of length {n + 2}."
            )
        op = (conv1d_transpose, conv2d_transpose_v2, conv3d_transpose_v2)[n - 1]
        return op(input, filters, output_shape, strides, padding, data_format, dilations, name)


# ---------------------------------------------------------------- pooling


def pool(
    input, window_shape, pooling_type, padding, dilation_rate=None, strides=None, name=None, data_format=None,
    dilations=None,
):  # fmt: skip
    """Maxima (``"MAX"``) or means (``"AVG"``) of windows in one to three spatial dimensions.

    `strides` and `dilation_rate` are one number per spatial dimension; not both other than 1.
    """
    from .pool import avg_pool, max_pool

    dilation_rate = deprecated_argument("dilations", dilations, "dilation_rate", dilation_rate)
    with core.name_scope(name, f"{pooling_type.lower()}_pool", [input]) as scope:
        input = convert_to_tensor(input, name="input")
        n = len(window_shape)
        if n < 1 or n > 3:
            raise ValueError(
                f"`len(window_shape)` must be 1, 2, or 3. "
                f"Received: window_shape={window_shape} of length {len(window_shape)}"
            )
        input.get_shape().with_rank(n + 2)
        strides, dilation_rate = _steps_and_rate(n, strides, dilation_rate)
        if padding == "SAME" and np.any(dilation_rate > 1):
            raise ValueError(
                "pooling with 'SAME' padding is not implemented for `dilation_rate` > 1. "
                f"Received: padding={padding} and dilation_rate={dilation_rate}"
            )
        if np.any(strides > window_shape):
            raise ValueError(
                "`strides` > `window_shape` not supported due to inconsistency between CPU and GPU implementations. "
                f"Received: strides={strides} and window_shape={window_shape}"
            )
        ops = {"MAX": (max_pool, max_pool3d), "AVG": (avg_pool, avg_pool3d)}.get(pooling_type)
        if ops is None:
            raise ValueError(f"{n}-D {pooling_type} pooling is not supported.")
        op = ops[n == 3]
        window, steps = list(window_shape), list(strides)
        if data_format is None or not data_format.startswith("NC"):
            window, steps, first = [1] + window + [1], [1] + steps + [1], 1
        else:
            window, steps, first = [1, 1] + window, [1, 1] + steps, 2
        if n == 1:
            if data_format not in (None, "NWC", "NCW"):
                raise ValueError(f"data_format must be either 'NWC' or 'NCW'. Received: data_format={data_format}")
            data_format = "NCHW" if data_format == "NCW" else "NHWC"
            window, steps = [1] + window, [1] + steps

        def pooled(image, _, padding):
            if n == 1:
                image = array.expand_dims(image, first)
            result = op(image, window, steps, padding, name=scope, data_format=data_format)
            return array.squeeze(result, [first]) if n == 1 else result

        return with_space_to_batch(
            input, dilation_rate, padding, pooled, filter_shape=window_shape,
            spatial_dims=range(first, n + first),
        )  # fmt: skip

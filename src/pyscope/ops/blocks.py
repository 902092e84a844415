"""Blocks moved between space, batch and depth; patches of images."""

import numpy as np

from .. import _core as core
from .. import dtypes, errors
from .._core import OpType
from ..conversion import convert_to_tensor
from ..static_value import constant_value
from ._array_rules import dim_value, with_rank, with_rank_at_least
from .concat import stack
from .fill import zeros
from .shape import deprecated_argument


def _invalid(message):
    return errors.InvalidArgumentError(None, None, message)


# ---------------------------------------------------------------- space and batch

def _block_sizes(c):
    given, block_shape, pads_shape = c.shape(0), c.shape(1), c.shape(2)
    if block_shape is None:
        raise ValueError("block_shape must have rank 1.")
    n = with_rank(block_shape, 1)[0]
    if n is None:
        raise ValueError("block_shape must have known size.")
    pads = with_rank(pads_shape, 2)
    dim_value(pads[0], n)
    dim_value(pads[1], 2)
    with_rank_at_least(given, n + 1)
    return given, n, c.constant(1), c.constant(2)


def _space_to_batch_rule(c):
    given, n, block, pads = _block_sizes(c)
    if given is None:
        return [None]
    out = list(given)
    if block is None:
        out[: n + 1] = [None] * (n + 1)
        return [tuple(out)]
    if out[0] is not None:
        for b in block.tolist():
            if b < 1:
                raise ValueError("block_shape must be positive")
            out[0] *= b
    for i in range(n):
        d = out[1 + i]
        b = int(block[i])
        if pads is None or d is None:
            out[1 + i] = None
            continue
        before, after = pads[i].tolist()
        if before < 0 or after < 0:
            raise ValueError("paddings cannot be negative")
        padded = d + before + after
        if padded % b:
            raise ValueError("Dimension size must be evenly divisible by %d but is %d" % (b, padded))
        out[1 + i] = padded // b
    return [tuple(out)]


def _space_to_batch(x, block, pads):
    block = block.tolist()
    n = len(block)
    if x.ndim < 1 + n:
        raise _invalid("input rank should be >= %d instead of %d" % (1 + n, x.ndim))
    widths = [(0, 0)] + [tuple(p) for p in pads.tolist()] + [(0, 0)] * (x.ndim - 1 - n)
    if pads.any():
        x = np.pad(x, widths)
    dims = [x.shape[0]]
    for i, b in enumerate(block):
        if x.shape[1 + i] % b:
            raise _invalid("padded_shape[%d]=%d is not divisible by block_shape[%d]=%d" % (i, x.shape[1 + i], i, b))
        dims += [x.shape[1 + i] // b, b]
    rest = x.shape[1 + n :]
    x = x.reshape(dims + list(rest))
    order = [2 + 2 * i for i in range(n)] + [0] + [1 + 2 * i for i in range(n)]
    order += range(1 + 2 * n, x.ndim)
    batch = dims[0] * int(np.prod(block, dtype=np.int64))
    return x.transpose(order).reshape([batch] + dims[1::2] + list(rest))


SPACE_TO_BATCH_ND = OpType(
    "SpaceToBatchND",
    "input: T, block_shape: Tblock_shape, paddings: Tpaddings -> output: T",
    "T: type; Tblock_shape: int32|int64 = int32; Tpaddings: int32|int64 = int32",
    shape=_space_to_batch_rule,
    kernel=lambda attrs, x, block, pads: _space_to_batch(x, block, pads),
    gradient=lambda op, dy: [BATCH_TO_SPACE_ND(dy, op.inputs[1], op.inputs[2]), None, None],
)


def space_to_batch_nd(input, block_shape, paddings, name=None):
    """Blocks of the spatial dimensions of `input` as entries of its first, batch dimension."""
    return SPACE_TO_BATCH_ND(input, block_shape, paddings, name=name)


def _batch_to_space_rule(c):
    given, n, block, crops = _block_sizes(c)
    if given is None:
        return [None]
    out = list(given)
    if block is None:
        out[: n + 1] = [None] * (n + 1)
        return [tuple(out)]
    if out[0] is not None:
        for b in block.tolist():
            if b < 1:
                raise ValueError("block_shape must be positive")
            if out[0] % b:
                raise ValueError("Dimension size must be evenly divisible by %d but is %d" % (b, out[0]))
            out[0] //= b
    for i in range(n):
        d = out[1 + i]
        if crops is None or d is None:
            out[1 + i] = None
            continue
        before, after = crops[i].tolist()
        if before < 0 or after < 0:
            raise ValueError("crops cannot be negative")
        d = d * int(block[i]) - before - after
        if d < 0:
            raise ValueError(
                "Negative dimension size caused by subtracting %d from %d" % (before + after, d + before + after)
            )
        out[1 + i] = d
    return [tuple(out)]


def _batch_to_space(x, block, crops):
    block = block.tolist()
    n = len(block)
    total = int(np.prod(block, dtype=np.int64))
    if x.ndim < 1 + n:
        raise _invalid("input rank should be >= %d instead of %d" % (1 + n, x.ndim))
    if x.shape[0] % total:
        raise _invalid(
            "Input batch dimension (%d) is not divisible by product of block sizes (%d)" % (x.shape[0], total)
        )
    rest = x.shape[1 + n :]
    space = x.shape[1 : 1 + n]
    batch = x.shape[0] // total
    x = x.reshape(list(block) + [batch] + list(x.shape[1:]))
    order = [n]
    for i in range(n):
        order += [n + 1 + i, i]
    order += range(2 * n + 1, x.ndim)
    x = x.transpose(order).reshape([batch] + [d * b for d, b in zip(space, block)] + list(rest))
    key = [slice(None)]
    for i, (before, after) in enumerate(crops.tolist()):
        size = x.shape[1 + i]
        if before + after > size:
            raise _invalid("cropped_shape[%d]=%d must be non-negative" % (i, size - before - after))
        key.append(slice(before, size - after))
    return x[tuple(key)]


BATCH_TO_SPACE_ND = OpType(
    "BatchToSpaceND",
    "input: T, block_shape: Tblock_shape, crops: Tcrops -> output: T",
    "T: type; Tblock_shape: int32|int64 = int32; Tcrops: int32|int64 = int32",
    shape=_batch_to_space_rule,
    kernel=lambda attrs, x, block, crops: _batch_to_space(x, block, crops),
    gradient=lambda op, dy: [SPACE_TO_BATCH_ND(dy, op.inputs[1], op.inputs[2]), None, None],
)


def batch_to_space_nd(input, block_shape, crops, name=None):
    """The inverse of `space_to_batch_nd`: entries of the batch become blocks of space, cropped."""
    return BATCH_TO_SPACE_ND(input, block_shape, crops, name=name)


def space_to_batch(input, paddings, block_size=None, name=None, block_shape=None):
    """`space_to_batch_nd` of images, with square blocks."""
    block_size = deprecated_argument("block_shape", block_shape, "block_size", block_size)
    block = np.array([block_size, block_size], dtype=np.int64)
    result = space_to_batch_nd(input, paddings=paddings, block_shape=block, name=name)
    result.set_shape(result.get_shape().with_rank(4))
    return result


def batch_to_space(input, crops, block_size=None, name=None, block_shape=None):
    """`batch_to_space_nd` of images, with square blocks."""
    block_size = deprecated_argument("block_shape", block_shape, "block_size", block_size)
    block = np.array([block_size, block_size], dtype=np.int64)
    result = batch_to_space_nd(input, crops=crops, block_shape=block, name=name)
    result.set_shape(result.get_shape().with_rank(4))
    return result


def required_space_to_batch_paddings(input_shape, block_shape, base_paddings=None, name=None):
    """Paddings and crops with which `space_to_batch_nd` and its inverse fit `block_shape`."""
    with core.name_scope(name, "required_space_to_batch_paddings", [input_shape, block_shape]):
        input_shape = convert_to_tensor(input_shape, dtype=dtypes.int32, name="input_shape")
        block_shape = convert_to_tensor(block_shape, dtype=dtypes.int32, name="block_shape")
        block_shape.get_shape().assert_is_fully_defined()
        block_shape.get_shape().assert_has_rank(1)
        n = block_shape.get_shape()._dims[0]
        if n == 0:
            return zeros([0, 2], dtypes.int32), zeros([0, 2], dtypes.int32)
        input_shape.get_shape().assert_is_compatible_with([n])
        if base_paddings is not None:
            base_paddings = convert_to_tensor(base_paddings, dtype=dtypes.int32, name="base_paddings")
            base_paddings.get_shape().assert_is_compatible_with([n, 2])
        else:
            base_paddings = zeros([n, 2], dtypes.int32)
        static = [constant_value(x) for x in (block_shape, input_shape, base_paddings)]
        if all(x is not None for x in static):
            block_shape, input_shape, base_paddings = static
        before = base_paddings[:, 0]
        after = base_paddings[:, 1]
        full = input_shape + before + after
        extra = (block_shape - full % block_shape) % block_shape
        end = after + extra
        paddings = stack([[before[i], end[i]] for i in range(n)], name="paddings")
        crops = stack([[0, extra[i]] for i in range(n)], name="crops")
        return paddings, crops


# ---------------------------------------------------------------- space and depth

def _depth_dims(c, given):
    # Places of height, width and channels.
    data_format = c.attr("data_format")
    if isinstance(data_format, bytes):
        data_format = data_format.decode()
    if data_format == "NCHW_VECT_C":
        raise NotImplementedError("SpaceToDepth and DepthToSpace of NCHW_VECT_C")
    with_rank(given, 4)
    return (2, 3, 1) if data_format == "NCHW" else (1, 2, 3)


def _space_to_depth_rule(c):
    given = c.shape(0)
    h, w, ch = _depth_dims(c, given)
    b = c.attr("block_size")
    if given is None:
        return [(None,) * 4]
    out = list(given)
    for i in (h, w):
        if out[i] is not None:
            if out[i] % b:
                raise ValueError("Dimension size must be evenly divisible by %d but is %d" % (b, out[i]))
            out[i] //= b
    out[ch] = None if out[ch] is None else out[ch] * b * b
    return [tuple(out)]


def _depth_to_space_rule(c):
    given = c.shape(0)
    h, w, ch = _depth_dims(c, given)
    b = c.attr("block_size")
    if given is None:
        return [(None,) * 4]
    out = list(given)
    for i in (h, w):
        out[i] = None if out[i] is None else out[i] * b
    if out[ch] is not None:
        if out[ch] % (b * b):
            raise ValueError("Dimension size must be evenly divisible by %d but is %d" % (b * b, out[ch]))
        out[ch] //= b * b
    return [tuple(out)]


def _space_to_depth_kernel(attrs, x):
    b = attrs["block_size"]
    if attrs["data_format"] == b"NCHW":
        n, ch, h, w = x.shape
        _check_blocks(h, w, b)
        x = x.reshape(n, ch, h // b, b, w // b, b).transpose(0, 3, 5, 1, 2, 4)
        return x.reshape(n, ch * b * b, h // b, w // b)
    n, h, w, ch = x.shape
    _check_blocks(h, w, b)
    x = x.reshape(n, h // b, b, w // b, b, ch).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n, h // b, w // b, ch * b * b)


def _check_blocks(h, w, b):
    if h % b or w % b:
        raise _invalid("Image width %d and height %d should be divisible by block_size: %d" % (w, h, b))


def _depth_to_space_kernel(attrs, x):
    b = attrs["block_size"]
    nchw = attrs["data_format"] == b"NCHW"
    ch = x.shape[1 if nchw else 3]
    if ch % (b * b):
        raise _invalid("Input depth dimension %d should be divisible by: %d" % (ch, b * b))
    ch //= b * b
    if nchw:
        n, _, h, w = x.shape
        return x.reshape(n, b, b, ch, h, w).transpose(0, 3, 4, 1, 5, 2).reshape(n, ch, h * b, w * b)
    n, h, w, _ = x.shape
    return x.reshape(n, h, w, b, b, ch).transpose(0, 1, 3, 2, 4, 5).reshape(n, h * b, w * b, ch)


_DEPTH_ATTRS = "T: type; block_size: int >= 2; data_format: 'NHWC'|'NCHW'|'NCHW_VECT_C' = 'NHWC'"


def _depth_attrs(op):
    return {"block_size": op.get_attr("block_size"), "data_format": op.get_attr("data_format")}


SPACE_TO_DEPTH = OpType(
    "SpaceToDepth",
    "input: T -> output: T",
    _DEPTH_ATTRS,
    shape=_space_to_depth_rule,
    kernel=_space_to_depth_kernel,
    gradient=lambda op, dy: [DEPTH_TO_SPACE(dy, **_depth_attrs(op))],
)

DEPTH_TO_SPACE = OpType(
    "DepthToSpace",
    "input: T -> output: T",
    _DEPTH_ATTRS,
    shape=_depth_to_space_rule,
    kernel=_depth_to_space_kernel,
    gradient=lambda op, dy: [SPACE_TO_DEPTH(dy, **_depth_attrs(op))],
)


def space_to_depth(input, block_size, name=None, data_format="NHWC"):
    """Square blocks of the image as channels of one pixel."""
    return SPACE_TO_DEPTH(input, block_size=block_size, data_format=data_format, name=name)


def depth_to_space(input, block_size, name=None, data_format="NHWC"):
    """Channels of each pixel as a square block of the image."""
    return DEPTH_TO_SPACE(input, block_size=block_size, data_format=data_format, name=name)

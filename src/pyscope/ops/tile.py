"""Repeating: tile, repeat, meshgrid."""

import numpy as np

from .. import _core as core
from .. import dtypes, errors
from .._core import OpType
from ..conversion import convert_to_tensor
from . import math as math_ops
from ._array_rules import int_array, show, vector
from .concat import concat, stack
from .shape import expand_dims, rank, reshape, shape, size, transpose


def _tile_rule(c):
    given = c.shape(0)
    n = vector(c, 1)
    multiples = c.constant_shape(1)
    if given is None:
        given_rank = None if multiples is None else len(multiples)
        if given_rank is None:
            return [None if n is None else (None,) * n]
        return [(None,) * given_rank]
    if multiples is None:
        return [(None,) * len(given)]
    if len(multiples) != len(given):
        raise ValueError("Shape must be rank %d but is rank %d" % (len(given), len(multiples)))
    return [tuple(None if d is None or m is None else d * m for d, m in zip(given, multiples))]


def _tile_kernel(attrs, x, multiples):
    if multiples.ndim != 1:
        raise errors.InvalidArgumentError(
            None, None, "Expected multiples to be 1-D, but got shape %s" % show(multiples.shape)
        )
    if len(multiples) != x.ndim:
        raise errors.InvalidArgumentError(
            None, None, "Expected multiples argument to be a vector of length %d but got length %d"
            % (x.ndim, len(multiples))
        )
    for i, m in enumerate(multiples.tolist()):
        if m < 0:
            raise errors.InvalidArgumentError(None, None, "Expected multiples[%d] >= 0, but got %d" % (i, m))
    return np.tile(x, multiples) if (multiples != 1).any() else x


def _tile_gradient(op, dy):
    from ..indexed_slices import IndexedSlices

    # Interleave multiples and sizes, reshape so that every repeat has its own axis, and sum over those.
    input_shape = shape(op.inputs[0], out_type=op.inputs[1].dtype)
    split_shape = reshape(transpose(stack([op.inputs[1], input_shape])), [-1])
    axes = math_ops.range(0, size(split_shape), 2)
    if isinstance(dy, IndexedSlices):
        rows = math_ops.cast(input_shape[0], dy.indices.dtype)
        dy = math_ops.unsorted_segment_sum(dy.values, math_ops.mod(dy.indices, rows), rows)
        split_shape = concat([[1], split_shape[1:]], axis=0)
    dx = math_ops.reduce_sum(reshape(dy, split_shape), axes)
    dx.set_shape(op.inputs[0].get_shape())
    return [dx, None]


TILE = OpType(
    "Tile",
    "input: T, multiples: Tmultiples -> output: T",
    "T: type; Tmultiples: int32|int64 = int32",
    shape=_tile_rule,
    kernel=core.kernel("tile", _tile_kernel),
    gradient=core.replayed(_tile_gradient),
)


@core.repeats(ignoring="input")
@core.direct(TILE)
def tile(input, multiples, name=None):
    """`input` repeated ``multiples[i]`` times along dimension i."""
    return TILE(input, int_array(multiples), name=name)


def meshgrid(*args, **kwargs):
    """Coordinate tensors over the grid of the vectors `args`; ``indexing`` is "xy" or "ij"."""
    from .fill import ones

    indexing = kwargs.pop("indexing", "xy")
    name = kwargs.pop("name", "meshgrid")
    if kwargs:
        raise TypeError("'%s' is an invalid keyword argument for this function" % next(iter(kwargs)))
    if indexing not in ("xy", "ij"):
        raise ValueError(f"Argument `indexing` parameter must be either 'xy' or 'ij', got '{indexing}'")
    with core.name_scope(name, "meshgrid", args) as name:
        n = len(args)
        if not n:
            return []
        ones_before = (1,) * n
        output = [
            reshape(stack(x), ones_before[:i] + (-1,) + ones_before[i + 1 :]) for i, x in enumerate(args)
        ]
        shapes = [size(x) for x in args]
        dtype = convert_to_tensor(args[0]).dtype.base_dtype
        if indexing == "xy" and n > 1:
            output[0] = reshape(output[0], (1, -1) + (1,) * (n - 2))
            output[1] = reshape(output[1], (-1, 1) + (1,) * (n - 2))
            shapes[0], shapes[1] = shapes[1], shapes[0]
        factor = ones(shapes, dtype)
        return [x * factor for x in output]


# ---------------------------------------------------------------- repeat

def repeat(input, repeats, axis=None, name=None):
    """Each element, or slice along `axis`, of `input` as often as `repeats` (one number, or one for each) says."""
    if axis is None:
        input = reshape(input, [-1])
        axis = 0
    if not isinstance(axis, int):
        raise TypeError(
            f"Argument `axis` must be an int. Received `axis` = {axis} of type {type(axis).__name__}"
        )
    with core.name_scope(name, "Repeat", [input, repeats]):
        input = convert_to_tensor(input, name="data")
        repeats = _int_tensor(repeats, "repeats")
        repeats.get_shape().with_rank_at_most(1)
        input = _with_rank(input)
        input_shape = shape(input, out_type=repeats.dtype)
        axis = _positive_axis(axis, input.get_shape().ndims)
        if repeats.get_shape().num_elements() == 1:
            repeats = reshape(repeats, [])
            tiled = _tile_dimension(expand_dims(input, axis + 1), axis + 1, repeats)
            sizes = [input_shape[:axis], [repeats * input_shape[axis]], input_shape[axis + 1 :]]
            return reshape(tiled, concat(sizes, axis=0))
        return _repeat_each(input, input_shape, repeats, axis)


def _repeat_each(input, input_shape, repeats, axis):
    # Repeat everything as often as the most frequent, and mask what is too much.
    from .fill import all_dimensions, sequence_mask
    from .shape import broadcast_to
    from .slicing import boolean_mask

    op = core.op_type
    static = input.get_shape()
    if repeats.get_shape().ndims == 1 and static.ndims is not None:
        static.dims[axis].assert_is_compatible_with(repeats.get_shape().dims[0])
    repeats = broadcast_to(repeats, [input_shape[axis]])
    original = repeats
    if repeats.get_shape().ndims != axis + 1:
        repeats_shape = shape(repeats)
        repeats_rank = rank(repeats)
        repeats = broadcast_to(repeats, concat([input_shape[: axis + 1 - repeats_rank], repeats_shape], axis=0))
        repeats.set_shape([None] * (axis + 1))
    most = op("Max")(repeats, all_dimensions(repeats))
    most = op("Maximum")(convert_to_tensor(0, name="zero", dtype=most.dtype), most)
    mask = sequence_mask(repeats, most)
    tiled = _tile_dimension(expand_dims(input, axis + 1), axis + 1, most)
    result = boolean_mask(tiled, mask)
    if axis:
        total = op("Sum")(original, op("Range")(0, rank(original), 1))
        result = reshape(result, concat([input_shape[:axis], [total], input_shape[axis + 1 :]], axis=0))
    if static.ndims is not None:
        first = repeats.get_shape()._dims
        new = 0 if first and first[0] == 0 else None
        result.set_shape(static[:axis].concatenate([new]).concatenate(static[axis + 1 :]))
    return result


def _int_tensor(value, name):
    value = convert_to_tensor(value, name=name, preferred_dtype=dtypes.int32)
    if not value.dtype.is_integer:
        raise TypeError(
            f"Argument `tensor` (name: {name}) must be of type integer. Received `tensor` = {value} of dtype: "
            f"{value.dtype}"
        )
    return core.op_type("Cast")(value, DstT=dtypes.int32)


def _positive_axis(axis, n_dims):
    if n_dims is None:
        if axis < 0:
            raise ValueError(f"axis={axis} may only be negative if rank(data) is statically known.")
        return axis
    if not -n_dims <= axis < n_dims:
        raise ValueError(f"axis={axis} out of bounds: expected {-n_dims}<=axis<{n_dims}")
    return axis + n_dims if axis < 0 else axis


def _with_rank(data):
    n_dims = data.get_shape().ndims
    if n_dims is None:
        data_shape = shape(data)
        data_rank = rank(data)
        return reshape(data, concat([[1], data_shape], axis=0)[-data_rank:])
    return data if n_dims else stack([data])


def _tile_dimension(data, axis, multiple):
    n_dims = data.get_shape().ndims
    if n_dims is not None:
        multiples = [1] * n_dims
        multiples[axis] = multiple
    else:
        from .fill import ones

        all_ones = ones(rank(data), dtypes.int32)
        multiples = concat([all_ones[:axis], [multiple], all_ones[axis + 1 :]], axis=0)
    return tile(data, multiples)

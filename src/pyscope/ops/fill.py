"""Tensors of one value: zeros, ones, fill, one_hot, masks."""

import math

import numpy as np

from .. import _core as core
from .. import dtypes, errors, tensor_shape
from .._core import OpType
from ..conversion import CONST, constant, convert_to_tensor
from . import math as math_ops
from ._array_rules import int_array, product, show, with_rank
from .shape import expand_dims, maybe_set_static_shape, rank, reshape, shape_internal

# ---------------------------------------------------------------- ops


_CPP_NAMES = {"float32": "float", "float64": "double", "float16": "half"}


def _fill_rule(c):
    with_rank(c.shape(0), 1)
    with_rank(c.shape(1), 0)
    out = c.constant_shape(0)
    if out is not None and None in out:
        dims = c.constant(0)
        if dims is not None and (dims < 0).any():
            raise ValueError("Fill dimensions must be >= 0")
    return [out]


def _fill_kernel(attrs, dims, value):
    if dims.ndim != 1:
        raise errors.InvalidArgumentError(None, None, "dims must represent a vector, got shape %s" % show(dims.shape))
    if value.size != 1 or value.ndim > 1:
        raise errors.InvalidArgumentError(
            None, None, "value must represent a scalar, got shape %s" % show(value.shape)
        )
    for d in dims.tolist():
        if d < 0:
            raise errors.InvalidArgumentError(None, None, "Dimension %d must be >= 0" % d)
    if math.prod(dims.tolist()) >= 2**63:
        raise errors.InvalidArgumentError(None, None, "Shape %s would have more than 2**63 - 1 elements"
                                          % show(dims.tolist()))
    try:
        return np.full(dims, value.reshape(())[()], value.dtype)
    except (MemoryError, ValueError):
        raise errors.ResourceExhaustedError(
            None, None, "OOM when allocating tensor with shape%s and type %s on "
            "/job:localhost/replica:0/task:0/device:CPU:0 by allocator cpu"
            % (show(tuple(dims.tolist())), _CPP_NAMES.get(value.dtype.name, value.dtype.name))
        ) from None


FILL = OpType(
    "Fill",
    "dims: index_type, value: T -> output: T",
    "T: type; index_type: int32|int64 = int32",
    shape=_fill_rule,
    kernel=core.kernel("fill", _fill_kernel),
    gradient=core.replayed(lambda op, dy: [None, math_ops.reduce_sum(dy)]),
)


@core.repeats
@core.direct(FILL, literals="dims")
def fill(dims, value, name=None):
    """A tensor of shape `dims` with every element `value`."""
    result = FILL(int_array(dims), value, name=name)
    maybe_set_static_shape(result, dims)
    return result


def _zeros_like_kernel(attrs, x):
    if not isinstance(x, np.ndarray):
        return x.zeros_like()    # a list or an optional
    if x.dtype == object:
        return np.full(x.shape, b"", object)
    return np.zeros(x.shape, x.dtype)


ZEROS_LIKE = OpType(
    "ZerosLike",
    "x: T -> y: T",
    "T: type",
    shape="same",
    kernel=core.kernel("zeros_like", _zeros_like_kernel),
    gradient=core.NO_GRADIENT,
)

ONES_LIKE = OpType(
    "OnesLike",
    "x: T -> y: T",
    "T: bfloat16|float16|float32|float64|int8|uint8|int16|uint16|int32|uint32|int64|uint64|complex64"
    "|complex128|bool",
    shape="same",
    kernel=lambda attrs, x: np.ones(x.shape, x.dtype),
    gradient=core.NO_GRADIENT,
)

# ---------------------------------------------------------------- zeros and ones


_SINGLE = {}                     # (value, DType) -> array of that one element


def _repeated(value, dims, dtype):
    # An array that stores its element once, as `constant` makes it of a single value.
    single = _SINGLE.get((value, dtype))
    if single is None:
        single = np.array(value, dtype.as_numpy_dtype)
        single.flags.writeable = False
        _SINGLE[value, dtype] = single
    return np.ndarray(dims, single.dtype, single, 0, (0,) * len(dims))


def _constant_if_small(value, shape, dtype, name):
    # TF keeps constants below 1000 elements in the graph and computes larger ones with Fill.
    dims = shape._dims if type(shape) is tensor_shape.TensorShape else shape
    plain = type(value) in (int, bool) and dtype.is_numpy_compatible and dtype is not dtypes.string
    if plain and type(dims) in (tuple, list):
        n = 1
        for d in dims:
            if type(d) is not int or d < 0:
                break
            n *= d
        else:
            return CONST(value=_repeated(value, dims, dtype), dtype=dtype, name=name) if n < 1000 else None
    try:
        if isinstance(shape, int):
            return None
        if isinstance(shape, tensor_shape.TensorShape):
            if not shape.is_fully_defined():
                return None
            n = product(shape._dims)
        else:
            n = np.prod(shape)
        if n < 1000:
            return constant(value, shape=shape, dtype=dtype, name=name)
    except (NotImplementedError, TypeError):
        pass
    return None


def _full(value, shape, dtype, name):
    if not isinstance(shape, core.Tensor):
        try:
            output = _constant_if_small(value, shape, dtype, name)
            if output is not None:
                return output
            shape = convert_to_tensor(tensor_shape.TensorShape(shape))
        except (TypeError, ValueError, errors.UnimplementedError):
            shape = convert_to_tensor(shape, dtype=dtypes.int32)
    if not shape.get_shape()._dims:
        shape = reshape(shape, [-1])
    return fill(shape, constant(value, dtype=dtype), name=name)


@core.repeats
def zeros(shape, dtype=dtypes.float32, name=None):
    """A tensor of zeros (``""`` of strings, False of booleans).

    A constant below 1000 elements, else computed by Fill.
    """
    dtype = dtypes.as_dtype(dtype).base_dtype
    with core.name_scope(name, "zeros", [shape]) as name:
        if dtype == dtypes.bool:
            value = False
        elif dtype == dtypes.string:
            value = ""
        elif dtype.is_quantized:
            value = np.zeros([]).astype(dtype.as_numpy_dtype)
        else:
            value = 0
        return _full(value, shape, dtype, name)


@core.repeats
def ones(shape, dtype=dtypes.float32, name=None):
    """A tensor of ones; a constant below 1000 elements, else computed by Fill."""
    dtype = dtypes.as_dtype(dtype).base_dtype
    with core.name_scope(name, "ones", [shape]) as name:
        if dtype == dtypes.bool:
            value = True
        elif dtype.is_quantized:
            value = np.ones([]).astype(dtype.as_numpy_dtype)
        else:
            value = 1
        return _full(value, shape, dtype, name)


def _like(full, like, tensor, dtype, name, optimize):
    # A variable of known shape need not be read.
    if not isinstance(tensor, core.Tensor) and not hasattr(tensor, "_dense_var_to_tensor"):
        tensor = convert_to_tensor(tensor, name="tensor")
    static = tensor.get_shape()
    if optimize and static.is_fully_defined() and tensor.dtype != dtypes.variant:
        return full(static, dtype=dtype or tensor.dtype, name=name)
    if dtype is not None and dtype != tensor.dtype and dtype != dtypes.variant:
        return full(shape_internal(tensor, optimize=optimize), dtype=dtype, name=name)
    return like(tensor, name=name)


@core.repeats(ignoring="tensor")
def zeros_like(tensor, dtype=None, name=None, optimize=True):
    """Zeros of the shape and (unless given) type of `tensor`."""
    with core.name_scope(name, "zeros_like", [tensor]) as name:
        return _like(zeros, ZEROS_LIKE, tensor, dtype, name, optimize)


@core.repeats(ignoring="tensor")
def ones_like(tensor, dtype=None, name=None, optimize=True):
    """Ones of the shape and (unless given) type of `tensor`."""
    with core.name_scope(name, "ones_like", [tensor]) as name:
        tensor = convert_to_tensor(tensor, name="tensor")
        ones_shape = shape_internal(tensor, optimize=optimize)
        result = ones(ones_shape, dtype=tensor.dtype if dtype is None else dtype, name=name)
        result.set_shape(tensor.get_shape())
        return result


def zeros_like_v2(input, dtype=None, name=None):
    """`zeros_like` with TF2's arguments."""
    return zeros_like(input, dtype, name)


def ones_like_v2(input, dtype=None, name=None):
    """Ones as `input`, by OnesLike when its shape is not known statically."""
    with core.name_scope(name, "ones_like", [input]) as name:
        return _like(ones, ONES_LIKE, input, dtype, name, True)


# ---------------------------------------------------------------- one_hot

def _one_hot_rule(c):
    axis = c.attr("axis")
    if axis < -1:
        raise ValueError("axis must be >= -1")
    depth = c.constant(1)
    if depth is not None and depth.ndim:
        raise ValueError("Input must be scalar but has rank %d" % depth.ndim)
    with_rank(c.shape(2), 0)
    with_rank(c.shape(3), 0)
    if depth is not None:
        depth = int(depth)
        if depth < 0:
            raise ValueError("depth must be non-negative")
    given = c.shape(0)
    if given is None:
        return [None]
    if axis > len(given):
        raise ValueError("axis must be in [-1, %d)" % (len(given) + 1))
    at = len(given) if axis == -1 else axis
    return [given[:at] + (depth,) + given[at:]]


def _one_hot_kernel(attrs, indices, depth, on, off):
    axis = attrs["axis"]
    for value, what in ((depth, "depth"), (on, "on_value"), (off, "off_value")):
        if value.ndim:
            raise errors.InvalidArgumentError(
                None, None, "%s must be a scalar, but got: %s" % (what, show(value.shape))
            )
    depth = int(depth)
    if depth < 0:
        raise errors.InvalidArgumentError(None, None, "depth must be non-negative, got: %d" % depth)
    if axis != -1 and axis > indices.ndim:
        raise errors.InvalidArgumentError(
            None, None, "Expected axis to be -1 or between [0, %d).  But received: %d" % (indices.ndim + 1, axis)
        )
    at = indices.ndim if axis == -1 else axis
    flat = indices.reshape(-1)
    out = np.full((flat.size, depth), off[()], off.dtype)
    rows = np.nonzero((flat >= 0) & (flat < depth))[0]
    out[rows, flat[rows]] = on[()]
    out = out.reshape(indices.shape + (depth,))
    return out if at == indices.ndim else np.moveaxis(out, -1, at)


ONE_HOT = OpType(
    "OneHot",
    "indices: TI, depth: int32, on_value: T, off_value: T -> output: T",
    "axis: int = -1; T: type; TI: uint8|int8|int32|int64 = int64",
    shape=_one_hot_rule,
    kernel=core.kernel("one_hot", _one_hot_kernel),
    gradient=core.NO_GRADIENT,
)


@core.repeats(ignoring="indices")
def one_hot(indices, depth, on_value=None, off_value=None, axis=None, dtype=None, name=None):
    """Vectors of length `depth` with `on_value` at `indices` and `off_value` elsewhere, along a new `axis`.

    An index outside ``[0, depth)`` gives a vector of `off_value` only. Default: 1.0 and 0.0 of float32.
    """
    with core.name_scope(name, "one_hot", [indices, depth, on_value, off_value, axis, dtype]) as name:
        on_exists = on_value is not None
        off_exists = off_value is not None
        if on_exists:
            on_value = convert_to_tensor(on_value, preferred_dtype=dtype)
        if off_exists:
            off_value = convert_to_tensor(off_value, preferred_dtype=dtype)
        on_dtype = on_value.dtype.base_dtype if on_exists else None
        off_dtype = off_value.dtype.base_dtype if off_exists else None
        if on_exists or off_exists:
            if dtype is not None:
                if on_exists and on_dtype != dtype:
                    raise TypeError(f"dtype {on_dtype} of on_value does not match dtype parameter {dtype}")
                if off_exists and off_dtype != dtype:
                    raise TypeError(f"dtype {off_dtype} of off_value does not match dtype parameter {dtype}")
            else:
                dtype = on_dtype if on_exists else off_dtype
        elif dtype is None:
            dtype = dtypes.float32
        if not on_exists:
            on_value = convert_to_tensor(1, dtype, name="on_value")
            on_dtype = dtype
        if not off_exists:
            off_value = convert_to_tensor(0, dtype, name="off_value")
            off_dtype = dtype
        if on_dtype != off_dtype:
            raise TypeError(f"dtype {on_dtype} of on_value does not match dtype {off_dtype} of off_value")
        return ONE_HOT(indices, depth, on_value, off_value, axis=-1 if axis is None else axis, name=name)


# ---------------------------------------------------------------- sequence_mask

def all_dimensions(x):
    """Numbers of all dimensions of `x`, a constant when the rank is known."""
    if isinstance(x, core.Tensor) and x.get_shape().ndims is not None:
        return constant(np.arange(x.get_shape().ndims), dtype=dtypes.int32)
    return core.op_type("Range")(0, rank(x), 1)


@core.repeats(ignoring="lengths")
def sequence_mask(lengths, maxlen=None, dtype=dtypes.bool, name=None):
    """Mask whose last dimension has the first `lengths` of `maxlen` elements true."""
    op = core.op_type
    with core.name_scope(name, "SequenceMask", [lengths, maxlen]):
        lengths = convert_to_tensor(lengths)
        if maxlen is None:
            maxlen = op("Max")(lengths, all_dimensions(lengths))
            maxlen = op("Maximum")(constant(0, maxlen.dtype), maxlen)
        else:
            maxlen = convert_to_tensor(maxlen)
        n_dims = maxlen.get_shape().ndims
        if n_dims is not None and n_dims != 0:
            raise ValueError(
                f"Argument `maxlen` must be scalar for sequence_mask, received `maxlen` = {maxlen} "
                f"with shape '{maxlen.get_shape()}' instead"
            )
        row = op("Range")(constant(0, maxlen.dtype), maxlen, constant(1, maxlen.dtype))
        matrix = op("Cast")(expand_dims(lengths, -1), DstT=maxlen.dtype)
        result = row < matrix
        if dtype is None or result.dtype.is_compatible_with(dtype):
            return result
        return op("Cast")(result, DstT=dtypes.as_dtype(dtype))

"""Slices: Slice, StridedSlice and its relatives, ``tensor[...]``, boolean_mask."""

import builtins
import numbers

import numpy as np

from .. import _core as core
from .. import dtypes, errors, tensor_shape
from .._core import OpType
from ..conversion import CONST, constant, convert_to_tensor
from ..static_value import constant_value
from . import math as math_ops
from ._array_rules import int_array, show, with_rank
from .concat import concat, stack
from .fill import ones_like, zeros_like
from .shape import BROADCAST_GRADIENT_ARGS, rank, reshape, shape, squeeze

_NEW_AXIS = -1
_SHRINK = -2

# ---------------------------------------------------------------- Slice


def _slice_rule(c):
    given = c.shape(0)
    n_begin = with_rank(c.shape(1), 1)[0]
    n_size = with_rank(c.shape(2), 1)[0]
    if n_begin is not None and n_size is not None and n_begin != n_size:
        raise ValueError("Dimension 0 in both shapes must be equal, but are %d and %d. Shapes are [%d] and [%d]."
                         % (n_begin, n_size, n_begin, n_size))
    begin = c.constant_shape(1)
    if given is not None and begin is not None:
        with_rank(given, len(begin))
    sizes = c.constant(2)
    if sizes is None:
        sizes = c.constant_shape(2)
        n = len(sizes) if sizes is not None else None if begin is None else len(begin)
        return [None if n is None and given is None else (None,) * (len(given) if n is None else n)]
    sizes = sizes.tolist()
    n = len(sizes)
    given = (None,) * n if given is None else given
    begin = (None,) * n if begin is None else begin
    out = []
    for b, s, d in zip(begin, sizes, with_rank(given, n)):
        if s == -1:
            # All that remains.
            s = None if b is None or d is None else d - b
            if s is not None and s < 0:
                raise ValueError("Negative dimension size caused by subtracting %d from %d" % (b, d))
        elif s < -1:
            raise ValueError("Dim size must be >= -1, got %d" % s)
        out.append(s)
    c.constant_shape(2)
    return [tuple(out)]


def _slice_kernel(attrs, x, begin, size):
    if begin.ndim != 1 or size.ndim != 1 or len(begin) != x.ndim or len(size) != x.ndim:
        raise errors.InvalidArgumentError(
            None, None, "Expected begin and size arguments to be 1-D tensors of size %d, but got shapes %s and %s "
            "instead." % (x.ndim, show(begin.shape), show(size.shape))
        )
    key = []
    for i, (b, s, d) in enumerate(zip(begin.tolist(), size.tolist(), x.shape)):
        if s == -1:
            s = d - b
        if d == 0:
            if b != 0 or s != 0:
                raise errors.InvalidArgumentError(
                    None, None, "Expected begin[%d] == 0 (got %d) and size[%d] == 0 (got %d) when input.dim_size(%d) "
                    "== 0" % (i, b, i, s, i)
                )
        elif not 0 <= b <= d:
            raise errors.InvalidArgumentError(None, None, "Expected begin[%d] in [0, %d], but got %d" % (i, d, b))
        elif not (0 <= s and b + s <= d):
            raise errors.InvalidArgumentError(None, None, "Expected size[%d] in [0, %d], but got %d" % (i, d - b, s))
        key.append(builtins.slice(b, b + s))
    return x[tuple(key)]


def _slice_gradient(op, dy):
    from .pad import pad

    x, begin = op.inputs[0], op.inputs[1]
    x_rank = rank(x)
    sizes = shape(op.outputs[0], out_type=begin.dtype)
    column = stack([x_rank, 1])
    before = reshape(begin, column)
    after = reshape(shape(x, out_type=begin.dtype) - sizes - begin, column)
    return [pad(dy, concat([before, after], 1)), None, None]


SLICE = OpType(
    "Slice",
    "input: T, begin: Index, size: Index -> output: T",
    "T: type; Index: int32|int64",
    shape=_slice_rule,
    kernel=core.kernel("slice", _slice_kernel),
    gradient=core.replayed(_slice_gradient),
)


@core.repeats(ignoring="input_")
@core.direct(SLICE, names={"input_": "input"})
def slice(input_, begin, size, name=None):
    """The block of `input_` that starts at `begin` and has shape `size`; -1 takes all that remain."""
    return SLICE(input_, int_array(begin), int_array(size), name=name)


# ---------------------------------------------------------------- strided slices

def dense_slices(dims, begin, end, strides, masks, error):
    """Work out a strided slice of a shape that may be partly known, as TF's ``ValidateStridedSliceOp``.

    Parameters
    ----------
    dims : tuple of int and None
        Shape that is sliced.
    begin, end : list of int or None
        None where the values are not known.
    strides : list of int
    masks : (begin, end, ellipsis, new_axis, shrink_axis) bit masks
    error : callable
        Makes the exception from a message.

    Returns
    -------
    (key, block, final)
        `key` for NumPy indexing (None when begin or end is unknown), `block` the shape before axes are added
        and removed, `final` the shape after.
    """
    begin_mask, end_mask, ellipsis_mask, new_mask, shrink_mask = masks
    n = len(strides)
    rank = len(dims)
    if ellipsis_mask and (ellipsis_mask & (ellipsis_mask - 1)):
        raise error("Multiple ellipses in slice spec not allowed")
    added_after = 0
    seen = False
    for i in range(n):
        if seen and (1 << i) & new_mask:
            added_after += 1
        if (1 << i) & ellipsis_mask:
            seen = True
    if not seen:
        ellipsis_mask |= 1 << n
        n += 1
    known_bounds = begin is not None and end is not None
    dense = []            # (begin, end, stride, begin masked, end masked, shrink) of each input dimension
    gather = []
    full = 0
    for i in range(n):
        bit = 1 << i
        if bit & ellipsis_mask:
            stop = min(rank - (n - i) + 1 + added_after, rank)
            while full < stop:
                dense.append((0, 0, 1, True, True, False))
                gather.append(full)
                full += 1
        elif bit & new_mask:
            gather.append(_NEW_AXIS)
        else:
            if full == rank:
                if not rank:
                    raise error("Attempting to slice scalar input.")
                raise error("Index out of range using input dim %d; input has only %d dims" % (full, rank))
            shrink = bool(bit & shrink_mask)
            dense.append((
                begin[i] if begin is not None else 0, end[i] if end is not None else 0, strides[i],
                bool(bit & begin_mask), bool(bit & end_mask), shrink,
            ))
            gather.append(_SHRINK if shrink else full)
            full += 1
    block = []
    slices = []
    for i, (b, e, stride, b_masked, e_masked, shrink) in enumerate(dense):
        d = dims[i]
        if stride == 0:
            raise error("strides[%d] must be non-zero" % i)
        if d is None:
            block.append(1 if shrink else None)
            continue
        if shrink and stride <= 0:
            raise error("only stride 1 allowed on non-range indexing.")
        low, high = (0, d) if stride > 0 else (-1, d - 1)
        if known_bounds:
            if shrink:
                at = d + b if b < 0 else b
                if not 0 <= at < d:
                    raise error("slice index %d of dimension %d out of bounds." % (at, i))
                block.append(1)
                slices.append(at)
                continue
            if b_masked:
                b = low if stride > 0 else high
            else:
                b = max(low, min(high, d + b if b < 0 else b))
            if e_masked:
                e = high if stride > 0 else low
            else:
                e = max(low, min(high, d + e if e < 0 else e))
            length = e - b
            slices.append(builtins.slice(b, None if e < 0 else e, stride))
        elif shrink:
            block.append(1)
            continue
        elif b_masked and e_masked:
            length = d if stride > 0 else -d
        else:
            block.append(None)
            continue
        if length == 0 or (length < 0) != (stride < 0):
            block.append(0)
            slices[-1:] = [builtins.slice(0, 0)] if known_bounds else []
        else:
            block.append(-(-length // stride))
    final = []
    key = []
    for index in gather:
        if index >= 0:
            final.append(block[index])
        elif index == _NEW_AXIS:
            final.append(1)
    if known_bounds and None not in dims:
        at = 0
        for index in gather:
            if index == _NEW_AXIS:
                key.append(None)
            else:
                key.append(slices[at])
                at += 1
        key.append(Ellipsis)
    else:
        key = None
    return key, tuple(block), tuple(final)


def _masks(attr):
    return (
        attr("begin_mask"), attr("end_mask"), attr("ellipsis_mask"), attr("new_axis_mask"), attr("shrink_axis_mask")
    )


def _bounds_rule(c, first):
    n = None
    for i in range(first, first + 3):
        length = with_rank(c.shape(i), 1)[0]
        if n is not None and length is not None and n != length:
            raise ValueError(
                "Dimension 0 in both shapes must be equal, but are %d and %d. Shapes are [%d] and [%d]."
                % (n, length, n, length)
            )
        n = length if n is None else n


def _strided_slice_rule(c):
    _bounds_rule(c, 1)
    given = c.shape(0)
    strides = c.constant(3)
    if given is None or strides is None:
        return [None]
    # TF asks for these only once the strides are known.
    begin, end = c.constant(1), c.constant(2)
    _, _, final = dense_slices(
        given, None if begin is None else begin.tolist(), None if end is None else end.tolist(),
        strides.tolist(),
        _masks(c.attr), ValueError,
    )
    return [final]


def _invalid(message):
    return errors.InvalidArgumentError(None, None, message)


def _key(attrs, dims, begin, end, strides):
    if not (begin.ndim == end.ndim == strides.ndim == 1 and len(begin) == len(end) == len(strides)):
        raise _invalid(
            "Expected begin, end, and strides to be 1D equal size tensors, but got shapes %s, %s, and %s "
            "instead."
            % (show(begin.shape), show(end.shape), show(strides.shape))
        )
    return dense_slices(
        dims, begin.tolist(), end.tolist(), strides.tolist(), _masks(attrs.__getitem__), _invalid
    )


# NumPy keys of the slices of recent runs: working one out takes longer than slicing.
_KEYS = {}


def _strided_slice_kernel(attrs, x, begin, end, strides):
    asked = (
        x.shape, begin.tobytes(), end.tobytes(), strides.tobytes(), strides.dtype, attrs["begin_mask"],
        attrs["end_mask"], attrs["ellipsis_mask"], attrs["new_axis_mask"], attrs["shrink_axis_mask"],
    )
    key = _KEYS.get(asked)
    if key is None:
        key = tuple(_key(attrs, x.shape, begin, end, strides)[0])
        if len(_KEYS) >= 4096:
            _KEYS.clear()
        _KEYS[asked] = key
    return x[key]


def _strided_slice_gradient(op, dy):
    begin, end, strides = op.inputs[1:4]
    x = shape(op.inputs[0], out_type=begin.dtype)
    parts = []
    for part in (x, begin, end, strides):
        static = constant_value(part)
        parts.append(part if static is None else static)
    return [STRIDED_SLICE_GRAD(*parts, dy, **_mask_attrs(op)), None, None, None]


def _mask_attrs(op):
    names = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    return {name: op.get_attr(name) for name in names}


_STRIDED_ATTRS = (
    "T: type; Index: %s; begin_mask: int = 0; end_mask: int = 0; ellipsis_mask: int = 0; "
    "new_axis_mask: int = 0; shrink_axis_mask: int = 0"
)

STRIDED_SLICE = OpType(
    "StridedSlice",
    "input: T, begin: Index, end: Index, strides: Index -> output: T",
    _STRIDED_ATTRS % "int16|int32|int64",
    shape=core.shape_rule("strided_slice", _strided_slice_rule),
    kernel=core.kernel("strided_slice", _strided_slice_kernel),
    gradient=core.replayed(_strided_slice_gradient, copying={"begin": 1, "end": 2, "strides": 3}),
)


def strided_slice(
    input_, begin, end, strides=None, begin_mask=0, end_mask=0, ellipsis_mask=0, new_axis_mask=0,
    shrink_axis_mask=0,
    var=None, name=None,
):
    """``input_[begin:end:strides]`` per dimension; the bit masks say what ``tensor[...]`` makes of ``:``,
    ``...``
    and single indices."""
    if strides is None:
        strides = ones_like(begin)
    masks = {
        "begin_mask": begin_mask, "end_mask": end_mask, "ellipsis_mask": ellipsis_mask,
        "new_axis_mask": new_axis_mask, "shrink_axis_mask": shrink_axis_mask,
    }
    result = STRIDED_SLICE(input_, begin, end, strides, name=name, **masks)
    if var is not None:
        parent_name = name

        def assign(val, name=None):
            """Assign `val` to this slice of the variable."""
            if name is None:
                name = parent_name + "_assign"
            return var._strided_slice_assign(begin=begin, end=end, strides=strides, value=val, name=name, **masks)

        result.assign = assign
    return result


def _strided_slice_grad_rule(c):
    return [c.constant_shape(0)]


def _strided_slice_grad_kernel(attrs, dims, begin, end, strides, dy):
    dims = tuple(dims.tolist())
    key, _, final = _key(attrs, dims, begin, end, strides)
    if dy.shape != final:
        raise _invalid("shape of dy was %s instead of %s" % (show(dy.shape), show(final)))
    out = np.zeros(dims, dy.dtype)
    out[tuple(key)] = dy
    return out


def _strided_slice_grad_gradient(op, dy):
    begin, end, strides = op.inputs[1:4]
    return [None, None, None, None, strided_slice(dy, begin, end, strides, **_mask_attrs(op))]


STRIDED_SLICE_GRAD = OpType(
    "StridedSliceGrad",
    "shape: Index, begin: Index, end: Index, strides: Index, dy: T -> output: T",
    _STRIDED_ATTRS % "int32|int64",
    shape=_strided_slice_grad_rule,
    kernel=core.kernel("strided_slice_grad", _strided_slice_grad_kernel),
    gradient=core.replayed(_strided_slice_grad_gradient),
)


def strided_slice_update(x, attrs, begin, end, strides, value):
    """A copy of array `x` with `value` in the slice."""
    key, _, final = _key(attrs, x.shape, begin, end, strides)
    out = x.copy()
    try:
        out[tuple(key)] = value
    except ValueError:
        raise _invalid(
            "shape of value %s is not compatible with the slice of shape %s" % (show(value.shape), show(final))
        ) from None
    return out


def _tensor_strided_slice_update_gradient(op, dy):
    begin, end, strides = op.inputs[1:4]
    masks = _mask_attrs(op)
    d_value = strided_slice(dy, begin, end, strides, **masks)
    dx = TENSOR_STRIDED_SLICE_UPDATE(dy, begin, end, strides, zeros_like(d_value), **masks)
    slice_shape = shape(d_value, out_type=begin.dtype)
    value_shape = shape(op.inputs[4], out_type=slice_shape.dtype)
    _, axes = BROADCAST_GRADIENT_ARGS(slice_shape, value_shape)
    total = math_ops.reduce_sum(d_value, axis=axes, keepdims=True)
    return [dx, None, None, None, reshape(total, value_shape)]


TENSOR_STRIDED_SLICE_UPDATE = OpType(
    "TensorStridedSliceUpdate",
    "input: T, begin: Index, end: Index, strides: Index, value: T -> output: T",
    _STRIDED_ATTRS % "int32|int64",
    shape="same",
    kernel=lambda attrs, x, begin, end, strides, value: strided_slice_update(x, attrs, begin, end, strides,
    value),
    gradient=_tensor_strided_slice_update_gradient,
)


def tensor_strided_slice_update(
    input, begin, end, strides, value, begin_mask=0, end_mask=0, ellipsis_mask=0, new_axis_mask=0,
    shrink_axis_mask=0,
    name=None,
):
    """A copy of `input` with `value` in a strided slice of it."""
    return TENSOR_STRIDED_SLICE_UPDATE(
        input, begin, end, strides, value, begin_mask=begin_mask, end_mask=end_mask,
        ellipsis_mask=ellipsis_mask,
        new_axis_mask=new_axis_mask, shrink_axis_mask=shrink_axis_mask, name=name,
    )


# ---------------------------------------------------------------- tensor[...]

_INDEX_TYPES = (dtypes.int16, dtypes.int32, dtypes.int64)


def _is_undefined(d):
    return isinstance(d, tensor_shape.Dimension) and d.value is None


def _check_index(index):
    if isinstance(index, (numbers.Integral, tensor_shape.Dimension)):
        return
    dtype = getattr(index, "dtype", None)
    if dtype is not None:
        dtype = dtypes.as_dtype(dtype).base_dtype
        dims = index.shape
        if dtype in _INDEX_TYPES and not (dims and len(dims) == 1):
            return
    raise TypeError(
        "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 "
        f"tensors are valid indices, got {index!r}"
    )


def _bound_dtype(item):
    # The widest index type among the tensors of one slice decides about its constants.
    dtype = None
    for t in (item.start, item.stop, item.step):
        if isinstance(t, core.Tensor):
            if t.dtype == dtypes.int64:
                dtype = dtypes.int64
            elif t.dtype == dtypes.int32 and dtype != dtypes.int64:
                dtype = dtypes.int32
            elif t.dtype == dtypes.int16 and dtype is None:
                dtype = dtypes.int16
    return dtype


def _stack(values):
    array = int_array(values)
    if type(array) is np.ndarray:
        return CONST(value=array, dtype=dtypes.int32, name="stack")
    return stack(values)


def getitem(tensor, key, var=None):
    """``tensor[key]`` with integers, slices, ``...``, ``newaxis`` and scalar tensors, as one StridedSlice.

    A boolean tensor or array as key selects as `boolean_mask`. With `var` the result gets a method ``assign``
    that writes into that slice of the variable.
    """
    tensor = convert_to_tensor(tensor)
    if isinstance(key, (bool, core.Tensor, np.ndarray)) and (isinstance(key, bool) or key.dtype == bool):
        return boolean_mask(tensor=tensor, mask=key)
    if not isinstance(key, (list, tuple)):
        key = (key,)
    begin, end, strides = [], [], []
    begin_mask = end_mask = ellipsis_mask = new_axis_mask = shrink_axis_mask = 0
    bit = 1
    for item in key:
        if isinstance(item, builtins.slice):
            dtype = _bound_dtype(item)
            if item.start is not None and not _is_undefined(item.start):
                _check_index(item.start)
                begin.append(item.start)
            else:
                begin.append(0 if dtype is None else constant(0, dtype=dtype))
                begin_mask |= bit
            if item.stop is not None and not _is_undefined(item.stop):
                _check_index(item.stop)
                end.append(item.stop)
            else:
                end.append(0 if dtype is None else constant(0, dtype=dtype))
                end_mask |= bit
            if item.step is not None and not _is_undefined(item.step):
                _check_index(item.step)
                strides.append(item.step)
            else:
                strides.append(1 if dtype is None else constant(1, dtype=dtype))
        elif item is Ellipsis or item is None:
            begin.append(0)
            end.append(0)
            strides.append(1)
            if item is None:
                new_axis_mask |= bit
            else:
                ellipsis_mask |= bit
        else:
            _check_index(item)
            begin.append(item)
            end.append(item + 1)
            if isinstance(item, core.Tensor) and item.dtype in (dtypes.int16, dtypes.int64):
                strides.append(constant(1, dtype=item.dtype))
            else:
                strides.append(1)
            shrink_axis_mask |= bit
        bit <<= 1
    with core.name_scope(None, "strided_slice", [tensor] + begin + end + strides) as name:
        if begin:
            packed = [_stack(begin), _stack(end), _stack(strides)]
            types = [t.dtype for t in packed]
            if dtypes.int64 in types:
                packed = [
                    t if t.dtype == dtypes.int64 else core.op_type("Cast")(t, DstT=dtypes.int64) for t in packed
                ]
        else:
            packed = [constant([], dtype=dtypes.int32)] * 3
        return strided_slice(
            tensor, *packed, begin_mask=begin_mask, end_mask=end_mask, shrink_axis_mask=shrink_axis_mask,
            new_axis_mask=new_axis_mask, ellipsis_mask=ellipsis_mask, var=var, name=name,
        )


class _SliceAssign:
    """The method ``assign`` of a slice of a variable."""

    __slots__ = ("_graph", "_output", "_var")

    def __init__(self, var, result):
        self._var = var
        self._graph = result.graph
        self._output = result._id        # a handle would be kept alive by its own attribute

    def __call__(self, val, name=None):
        """Assign `val` to this slice of the variable."""
        op = self._graph._tensor_at(self._output).op
        begin, end, strides = op.inputs[1:4]
        if name is None:
            name = op.name + "/_assign"
        return self._var._strided_slice_assign(
            begin=begin, end=end, strides=strides, value=val, name=name, **_mask_attrs(op)
        )


def getitem_of_variable(var, key):
    """``variable[key]``; the result has a method ``assign``."""
    value = var.value()
    result = core.sliced(value, key)
    if result is None:
        return getitem(value, key, var)
    result.assign = _SliceAssign(var, result)
    return result


core.set_operators({"__getitem__": getitem})

# ---------------------------------------------------------------- boolean_mask


@core.repeats(ignoring="tensor mask")
def boolean_mask(tensor, mask, name="boolean_mask", axis=None):
    """Elements of `tensor` (slices, when `mask` has fewer dimensions) where `mask` is true."""
    from .gather import gather
    from .select import where_v2

    with core.name_scope(name, values=[tensor, mask]):
        tensor = convert_to_tensor(tensor, name="tensor")
        mask = convert_to_tensor(mask, name="mask")
        mask_shape = mask.get_shape()
        n_mask = mask_shape.ndims
        static = tensor.get_shape()
        if n_mask == 0:
            raise ValueError("mask cannot be scalar.")
        if n_mask is None:
            raise ValueError(
                "Number of mask dimensions must be specified, even if some dimensions are None.  E.g. "
                "shape=[None] is ok, but shape=None is not."
            )
        axis = 0 if axis is None else axis
        axis_value = constant_value(axis)
        if axis_value is not None:
            axis = axis_value
            static[axis : axis + n_mask].assert_is_compatible_with(mask_shape)
        leading = core.op_type("Prod")(shape(tensor)[axis : axis + n_mask], [0])
        tensor = reshape(
            tensor, concat([shape(tensor)[:axis], [leading], shape(tensor)[axis + n_mask :]], 0)
        )
        if axis_value is not None:
            first = static[axis : axis + n_mask].num_elements()
            tensor.set_shape(
                tensor_shape.as_shape(static[:axis]).concatenate([first]).concatenate(static[axis + n_mask :])
            )
        mask = reshape(mask, [-1])
        return gather(tensor, squeeze(where_v2(mask), axis=[1]), axis=axis)

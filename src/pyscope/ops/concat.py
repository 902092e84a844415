"""Joining and splitting: concat, split, stack, unstack."""

import numbers

import numpy as np

from .. import _core as core
from .. import dtypes, errors, tensor_shape
from .._core import OpType
from ..conversion import constant, convert_to_tensor
from ..static_value import constant_value
from . import math as math_ops
from ._array_rules import dim_value, merge, show, vector, with_rank, with_rank_at_least
from .identity import identity
from .shape import SHAPE_N, expand_dims, rank, shape, squeeze

# ---------------------------------------------------------------- concat


def _concat_shape(shapes, axis):
    # TF looks at the ranks before it knows the axis, so a wrong rank is reported before a wrong axis.
    n_dims = next((len(s) for s in shapes if s is not None), None)
    if n_dims == 0:
        raise ValueError("Can't concatenate scalars (use tf.stack instead)")
    if n_dims is not None:
        for s in shapes:
            with_rank(s, n_dims)
    if axis is None:
        return None if n_dims is None else (None,) * n_dims
    least = axis + 1 if axis >= 0 else -axis
    head = tail = None
    total = 0
    for s in shapes:
        if s is None:
            total = None
            continue
        with_rank_at_least(s, least)
        at = axis + len(s) if axis < 0 else axis
        d = s[at]
        total = None if total is None or d is None else total + d
        head = merge(head, s[:at])
        tail = merge(tail, s[at + 1 :])
    return None if head is None else head + (total,) + tail


def _concat_v2_rule(c):
    axis = c.constant(c.n_inputs - 1)
    with_rank(c.shape(c.n_inputs - 1), 0)
    return [_concat_shape([c.shape(i) for i in range(c.n_inputs - 1)], None if axis is None else int(axis))]


def _concat_rule(c):
    axis = c.constant(0)
    with_rank(c.shape(0), 0)
    return [_concat_shape([c.shape(i) for i in range(1, c.n_inputs)], None if axis is None else int(axis))]


def _concatenate(xs, axis):
    axis = int(axis)
    first = xs[0]
    if first.ndim == 0 or not -first.ndim <= axis < first.ndim:
        raise errors.InvalidArgumentError(
            None, None, "ConcatOp : Expected concatenating dimensions in the range [%d, %d), but got %d"
            % (-first.ndim, first.ndim, axis)
        )
    at = axis + first.ndim if axis < 0 else axis
    for i, x in enumerate(xs):
        if x.ndim != first.ndim:
            raise errors.InvalidArgumentError(
                None, None, "ConcatOp : Ranks of all input tensors should match: shape[0] = %s vs. shape[%d] = %s"
                % (show(first.shape), i, show(x.shape))
            )
        for j in range(x.ndim):
            if j != at and x.shape[j] != first.shape[j]:
                raise errors.InvalidArgumentError(
                    None, None, "ConcatOp : Dimension %d in both shapes must be equal: shape[0] = %s vs. "
                    "shape[%d] = %s" % (j, show(first.shape), i, show(x.shape))
                )
    return np.concatenate(xs, at)


def _mask_and_begin(sizes, axis):
    # One at the place of the concatenated dimension, zero elsewhere; and an all-zero begin.
    from .fill import zeros

    n_dims = shape(sizes[0])
    mask = concat(
        [zeros(expand_dims(axis, 0), dtype=dtypes.int32), [1], zeros(n_dims - axis - 1, dtype=dtypes.int32)], 0
    )
    return mask, zeros(n_dims, dtype=dtypes.int32)


def _input_shapes(inputs):
    sizes = []
    for x in inputs:
        s = shape(x)
        if s.op.type != "Const":
            return SHAPE_N(inputs)
        sizes.append(s)
    return sizes


def _concat_gradient(op, dy, first, last, dim_index):
    from ..indexed_slices import IndexedSlices
    from .slicing import slice as slice_

    if len(op.inputs) == 2:
        return [dy, None] if dim_index else [None, dy]
    axis = op.inputs[dim_index]
    values = list(op.inputs)[first:last]
    out = []
    if isinstance(dy, core.Tensor):
        if axis.op.type == "Const":
            # A constant from outside a loop is not usable in the loop of the gradient: make it there.
            here = _control_flow_context(dy.op)
            there = _control_flow_context(axis.op)
            if here is not there:
                axis = constant(value=constant_value(axis), dtype=axis.dtype)
        axis = axis % rank(values[0])
        sizes = _input_shapes(values)
        if len(sizes) > 16:
            sizes = squeeze(slice_(stack(sizes, axis=1), [axis, 0], [1, -1]))
            out = list(split(dy, sizes, axis))
        else:
            for begin, n in zip(CONCAT_OFFSET(axis, sizes), sizes):
                out.append(slice_(dy, begin, n))
    elif isinstance(dy, IndexedSlices):
        out = _concat_slices_gradient(dy, axis, values)
    else:
        raise TypeError("Expected Tensor or IndexedSlices, got %s" % type(dy))
    return out + [None] if dim_index else [None] + out


def _control_flow_context(op):
    # The context that sees the operation's outputs: an Exit's are outside its loop.
    context = getattr(op, "_control_flow_context", None)
    return context.outer_context if context is not None and op.type in ("Exit", "RefExit") else context


def _concat_slices_gradient(dy, axis, values):
    from ..indexed_slices import IndexedSlices
    from .gather import gather
    from .select import where
    from .slicing import slice as slice_

    out = []
    static = constant_value(axis)
    axis = axis % rank(values[0])
    if static is None:
        raise ValueError("Can only compute IndexedSlices gradient with statically-known concat_dim")
    if static < 0:
        n_dims = constant_value(rank(values[0]))
        if n_dims is None:
            raise ValueError(
                "Can only compute IndexedSlices gradient with negative concat_dim when first value rank is "
                "statically-known."
            )
        static %= n_dims
    sizes = [shape(x) for x in values]
    if static > 0:
        mask, begin = _mask_and_begin(sizes, axis)
        for n in sizes:
            part = slice_(dy.values, begin, concat([[-1], slice_(n, [1], [-1])], 0))
            out.append(IndexedSlices(part, dy.indices, n))
            begin = math_ops.add(begin, n * mask)
        return out
    start = constant(0, dtype=dy.indices.dtype)
    for n in sizes:
        length = gather(n, axis)
        if length.dtype != dy.indices.dtype:
            length = math_ops.cast(length, dtype=dy.indices.dtype)
        end = start + length
        chosen = squeeze(where(math_ops.logical_and(dy.indices >= start, dy.indices < end)), axis=[1])
        new_indices = gather(dy.indices, chosen) - start
        out.append(IndexedSlices(gather(dy.values, chosen), new_indices, n))
        start = end
    return out


CONCAT_V2 = OpType(
    "ConcatV2",
    "values: N*T, axis: Tidx -> output: T",
    "N: int >= 2; T: type; Tidx: int32|int64 = int32",
    shape=_concat_v2_rule,
    kernel=core.kernel("concat", lambda attrs, *xs: _concatenate(xs[:-1], xs[-1])),
    gradient=core.replayed(lambda op, dy: _concat_gradient(op, dy, 0, -1, -1)),
    lacking="T: resource|variant",
)

CONCAT = OpType(
    "Concat",
    "concat_dim: int32, values: N*T -> output: T",
    "N: int >= 2; T: type",
    shape=_concat_rule,
    kernel=lambda attrs, *xs: _concatenate(xs[1:], xs[0]),
    gradient=core.replayed(lambda op, dy: _concat_gradient(op, dy, 1, None, 0)),
)


@core.repeats(ignoring="values")
@core.direct(CONCAT_V2, "concat")
def concat(values, axis, name="concat"):
    """The tensors `values` one after the other along `axis`."""
    if not isinstance(values, (list, tuple)):
        values = [values]
    if len(values) == 1:
        # No join is needed, but the axis is checked, which leaves its constant in the graph.
        with core.name_scope(name):
            convert_to_tensor(axis, name="concat_dim", dtype=dtypes.int32).get_shape().assert_has_rank(0)
            return identity(values[0], name=name)
    return CONCAT_V2(values, axis, name=name)


def _concat_offset_kernel(attrs, axis, *shapes):
    n_dims = len(shapes[0])
    axis = int(axis)
    if not -n_dims <= axis < n_dims:
        raise errors.InvalidArgumentError(
            None, None, "Concat dim is out of range: %d vs. %d" % (axis, n_dims)
        )
    out = []
    offset = 0
    for s in shapes:
        begin = np.zeros(n_dims, s.dtype)
        begin[axis] = offset
        offset += int(s[axis])
        out.append(begin)
    return out


CONCAT_OFFSET = OpType(
    "ConcatOffset",
    "concat_dim: int32, shape: N*shape_type -> offset: N*shape_type",
    "N: int >= 2; shape_type: int32|int64 = int32",
    shape=lambda c: [c.shape(i) for i in range(1, c.n_inputs)],
    kernel=core.kernel("concat_offset", _concat_offset_kernel),
    gradient=core.NO_GRADIENT,
)

# ---------------------------------------------------------------- split


def _split_rule(c):
    n = c.attr("num_split")
    given = c.shape(1)
    axis = c.constant(0)
    if axis is not None and axis.ndim:
        raise ValueError(f"Input must be scalar but has rank {axis.ndim}")
    if given is None:
        return [None] * n
    if axis is None:
        return [(None,) * len(given)] * n
    axis = int(axis)
    if not -len(given) <= axis < len(given):
        raise ValueError(
            "Dimension size, given by scalar input %d must be in range [-%d, %d)" % (axis, len(given), len(given))
        )
    at = axis + len(given) if axis < 0 else axis
    d = given[at]
    if d is not None:
        if d % n:
            raise ValueError(
                "Dimension size must be evenly divisible by %d but is %d\n"
                "\tNumber of ways to split should evenly divide the split dimension" % (n, d)
            )
        d //= n
    return [given[:at] + (d,) + given[at + 1 :]] * n


def _parts(x, axis, sizes):
    out = []
    start = 0
    before = (slice(None),) * axis
    for n in sizes:
        out.append(x[(*before, slice(start, start + n))])
        start += n
    return out


def _split_kernel(attrs, axis, x):
    n = attrs["num_split"]
    axis = int(axis)
    if not -x.ndim <= axis < x.ndim:
        raise errors.InvalidArgumentError(
            None, None, "-input rank(-%d) <= split_dim < input rank (%d), but got %d" % (x.ndim, x.ndim, axis)
        )
    at = axis + x.ndim if axis < 0 else axis
    if x.shape[at] % n:
        raise errors.InvalidArgumentError(
            None, None, "Number of ways to split should evenly divide the split dimension, but got split_dim %d "
            "(size = %d) and num_split %d" % (at, x.shape[at], n)
        )
    return _parts(x, at, [x.shape[at] // n] * n)


SPLIT = OpType(
    "Split",
    "split_dim: int32, value: T -> output: num_split*T",
    "num_split: int >= 1; T: type",
    shape=_split_rule,
    kernel=core.kernel("split", _split_kernel),
    gradient=core.replayed(lambda op, *dys: [None, concat(list(dys), op.inputs[0])]),
)


def _split_v_rule(c):
    n = c.attr("num_split")
    given = c.shape(0)
    if given == ():
        raise ValueError("Can't split scalars")
    length = vector(c, 1)
    if length is not None and length != n:
        raise ValueError("Length of size_splits should be equal to num_outputs")
    axis = c.constant(2)
    sizes = c.constant(1)
    if axis is None:
        if given is None:
            return [None] * n
        return [given if n == 1 else (None,) * len(given)] * n
    axis = int(axis)
    if given is None:
        return [None] * n
    if not -len(given) <= axis < len(given):
        raise ValueError(
            "Dimension size, given by scalar input %d must be in range [-%d, %d)" % (axis, len(given), len(given))
        )
    at = axis + len(given) if axis < 0 else axis
    total = given[at]
    if sizes is None:
        if n == 1:
            return [given]
        return [given[:at] + (None,) + given[at + 1 :]] * n
    sizes = sizes.tolist()
    if len(sizes) != n:
        raise ValueError("Length of size_splits should be equal to num_outputs")
    known = 0
    missing = -1
    for i, s in enumerate(sizes):
        if s == -1:
            if missing >= 0:
                raise ValueError("size_splits can only have one -1")
            missing = i
        else:
            known += s
    if total is not None:
        if known > total:
            raise ValueError(
                "can't split axis of size %d into pieces of size [%s]" % (total, ",".join(str(s) for s in sizes))
            )
        if missing < 0 and known < total:
            raise ValueError(
                "can't split axis of size %d into pieces of size [%s]" % (total, ",".join(str(s) for s in sizes))
            )
    if missing >= 0:
        sizes[missing] = None if total is None else total - known
    return [given[:at] + (s,) + given[at + 1 :] for s in sizes]


def _split_v_kernel(attrs, x, sizes, axis):
    n = attrs["num_split"]
    axis = int(axis)
    sizes = sizes.tolist()
    if len(sizes) != n:
        raise errors.InvalidArgumentError(
            None, None, "size of the split_tensor must be 1-D and have the same elements as outputs got %s-D and "
            "%d elements" % (1, len(sizes))
        )
    if not -x.ndim <= axis < x.ndim:
        raise errors.InvalidArgumentError(
            None, None, "-input rank(-%d) <= split_dim < input rank (%d), but got %d" % (x.ndim, x.ndim, axis)
        )
    at = axis + x.ndim if axis < 0 else axis
    total = x.shape[at]
    missing = [i for i, s in enumerate(sizes) if s == -1]
    known = sum(s for s in sizes if s != -1)
    if len(missing) > 1:
        raise errors.InvalidArgumentError(None, None, "There can only be one -1 in the input.")
    if (not missing and known != total) or known > total or any(s < -1 for s in sizes):
        raise errors.InvalidArgumentError(
            None, None, "Determined shape must either match input shape along split_dim exactly if fully specified, "
            "or be less than the size of the input along split_dim if not fully specified.  Got: %d" % known
        )
    for i in missing:
        sizes[i] = total - known
    return _parts(x, at, sizes)


SPLIT_V = OpType(
    "SplitV",
    "value: T, size_splits: Tlen, split_dim: int32 -> output: num_split*T",
    "num_split: int >= 1; T: type; Tlen: int8|int32|int64 = int64",
    shape=_split_v_rule,
    kernel=core.kernel("split_v", _split_v_kernel),
    gradient=core.replayed(lambda op, *dys: [concat(list(dys), op.inputs[2]), None, None]),
)


@core.repeats(ignoring="value")
@core.direct(SPLIT, "split", names={"axis": "split_dim", "num_or_size_splits": "num_split"}, filled={"axis": 0})
def split(value, num_or_size_splits, axis=0, num=None, name="split"):
    """Parts of `value` along `axis`: that many equal ones, or of the sizes in a list or vector."""
    if isinstance(num_or_size_splits, (numbers.Integral, tensor_shape.Dimension)):
        return SPLIT(axis, value, num_split=int(num_or_size_splits), name=name)
    size_splits = convert_to_tensor(num_or_size_splits)
    dims = size_splits.get_shape()._dims
    if dims == ():
        raise ValueError(
            "Rank-0 tensors are not supported as the num_or_size_splits argument to split. Argument "
            "provided: %s"
            % (num_or_size_splits,)
        )
    if num is None:
        if dims:
            num = dims[0]
        if num is None:
            raise ValueError(f"Cannot infer argument `num` from shape {num_or_size_splits}")
    return SPLIT_V(value, size_splits, axis, num_split=num, name=name)


# ---------------------------------------------------------------- stack

def _pack_rule(c):
    merged = c.shape(c.n_inputs - 1)
    for i in range(c.n_inputs - 2, -1, -1):
        try:
            merged = merge(c.shape(i), merged)
        except ValueError as error:
            raise ValueError("%s\n\tFrom merging shape %d with other shapes." % (error, i)) from None
    if merged is None:
        return [None]
    axis = c.attr("axis")
    if not -len(merged) - 1 <= axis <= len(merged):
        raise ValueError("Invalid axis: %d; must be in [%d,%d)" % (axis, -len(merged) - 1, len(merged) + 1))
    at = axis + len(merged) + 1 if axis < 0 else axis
    return [merged[:at] + (c.n_inputs,) + merged[at:]]


def _pack_kernel(attrs, *xs):
    first = xs[0]
    for i, x in enumerate(xs):
        if x.shape != first.shape:
            raise errors.InvalidArgumentError(
                None, None, "Shapes of all inputs must match: values[0].shape = %s != values[%d].shape = %s"
                % (show(first.shape), i, show(x.shape))
            )
    axis = attrs["axis"]
    if not -first.ndim - 1 <= axis <= first.ndim:
        raise errors.InvalidArgumentError(
            None, None, "axis = %d not in [%d, %d)" % (axis, -first.ndim - 1, first.ndim + 1)
        )
    if len(xs) == 1:
        return np.expand_dims(first, axis)
    if first.ndim == 0:
        out = np.empty(len(xs), first.dtype)
        for i, x in enumerate(xs):
            out[i] = x[()]
        return out
    return np.stack(xs, axis)


PACK = OpType(
    "Pack",
    "values: N*T -> output: T",
    "N: int >= 1; T: type; axis: int = 0",
    shape=_pack_rule,
    kernel=core.kernel("pack", _pack_kernel),
    gradient=core.replayed(lambda op, dy: list(unstack(dy, num=op.get_attr("N"), axis=op.get_attr("axis")))),
)


def _all_alike(values):
    # Tensors of one dtype need no conversion.
    if values.__class__ not in (list, tuple) or not values or values[0].__class__ is not core.Tensor:
        return False
    dtype = values[0].dtype
    return all(v.__class__ is core.Tensor and v.dtype is dtype for v in values)


@core.repeats(ignoring="values")
def stack(values, axis=0, name="stack"):
    """The tensors `values` along a new dimension `axis`."""
    if axis == 0:
        try:
            if axis.__class__ is int and name and _all_alike(values):
                return PACK(values, axis=0, name=name)
            return convert_to_tensor(values, name=name)
        except (TypeError, ValueError, NotImplementedError):
            pass  # of different types, or shapes that only Pack can report well
    dims = convert_to_tensor(values[0], name=name).get_shape()._dims
    if dims is not None:
        n = len(dims) + 1
        if axis < -n or axis >= n:
            raise ValueError(f"Argument `axis` = {axis} not in range [{-n}, {n})")
    return PACK(values, axis=axis, name=name)


def _unpack_rule(c):
    given = c.shape(0)
    n = c.attr("num")
    axis = c.attr("axis")
    if given is None:
        return [None] * n
    if not -len(given) <= axis < len(given):
        raise ValueError("Invalid axis: %d; must be in [%d,%d)" % (axis, -len(given), len(given)))
    at = axis + len(given) if axis < 0 else axis
    dim_value(given[at], n)
    return [given[:at] + given[at + 1 :]] * n


def _unpack_kernel(attrs, x):
    axis = attrs["axis"]
    if not -x.ndim <= axis < x.ndim:
        raise errors.InvalidArgumentError(
            None, None, "axis = %d not in [%d, %d)" % (axis, -x.ndim, x.ndim)
        )
    at = axis + x.ndim if axis < 0 else axis
    n = attrs["num"]
    if x.shape[at] != n:
        raise errors.InvalidArgumentError(
            None, None, "Input shape axis %d must equal %d, got shape %s" % (at, n, show(x.shape))
        )
    before = (slice(None),) * at
    return [x[(*before, i, ...)] for i in range(n)]


UNPACK = OpType(
    "Unpack",
    "value: T -> output: num*T",
    "num: int >= 0; T: type; axis: int = 0",
    shape=_unpack_rule,
    kernel=core.kernel("unpack", _unpack_kernel),
    gradient=core.replayed(lambda op, *dys: [stack(dys, axis=op.get_attr("axis"))]),
)


@core.repeats(ignoring="value")
def unstack(value, num=None, axis=0, name="unstack"):
    """List of the tensors along `axis` of `value`; `num` of them when the shape does not say."""
    if num is None:
        value = convert_to_tensor(value)
        static = value.get_shape()
        n_dims = static.ndims
        if n_dims is not None:
            if axis < -n_dims or axis >= n_dims:
                raise ValueError(f"Argument `axis` = {axis} not in range [{-n_dims}, {n_dims})")
            num = static._dims[axis]
        if num is None:
            raise ValueError(f"Cannot infer argument `num` from shape {static}")
    return UNPACK(value, num=num, axis=axis, name=name)


def _parallel_concat_rule(c):
    passed = c.attr("shape")._dims
    if passed is None or None in passed:
        raise ValueError("All input shapes must be fully defined.")
    if not passed:
        raise ValueError("Rank of shape must be at least 1")
    for i in range(c.n_inputs):
        given = c.shape(i)
        if given is None or None in given:
            raise ValueError("All input shapes must be fully defined.")
        if given[0] != 1:
            raise ValueError("Size of first dimension must be 1.")
        merge(given[1:], passed[1:])
    return [passed]


PARALLEL_CONCAT = OpType(
    "ParallelConcat",
    "values: N*T -> output: T",
    "N: int >= 1; T: type; shape: shape",
    shape=_parallel_concat_rule,
    kernel=lambda attrs, *xs: np.concatenate(xs, 0),
    gradient=None,
)


def parallel_stack(values, name="parallel_stack"):
    """`stack` along a first dimension of tensors of fully known, equal shapes."""
    with core.name_scope(name):
        value = convert_to_tensor(values[0])
        out = tensor_shape.TensorShape([len(values)]).concatenate(value.get_shape())
        return PARALLEL_CONCAT([expand_dims(v, 0) for v in values], shape=out)

"""Elements in another order: reverse, roll, sort, searchsorted, permutations."""

import numpy as np

from .. import _core as core
from .. import dtypes, errors
from .._core import OpType
from ..conversion import constant, convert_to_tensor
from ..static_value import constant_value
from . import math as math_ops
from ._array_rules import merge, vector, with_rank, with_rank_at_least, with_rank_at_most
from .gather import tensor_scatter_nd_update
from .shape import deprecated_argument, rank, reshape, shape, shape_internal, transpose

# ---------------------------------------------------------------- reverse


def _reverse_rule(c):
    given = c.shape(0)
    n = vector(c, 1)
    if given is not None and n is not None and len(given) != n:
        raise ValueError("Shape must be rank %d but is rank %d" % (n, len(given)))
    if given is not None and len(given) > 8:
        raise ValueError("reverse does not work on tensors with more than 8 dimensions")
    return [given]


def _flip(x, axes):
    axes = set(axes)
    return x[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(x.ndim))]


REVERSE = OpType(
    "Reverse",
    "tensor: T, dims: bool -> output: T",
    "T: uint8|int8|uint16|int16|uint32|int32|uint64|int64|bool|bfloat16|float16|float32|float64|complex64"
    "|complex128|string",
    shape=_reverse_rule,
    kernel=lambda attrs, x, dims: _flip(x, np.nonzero(dims)[0].tolist()),
    gradient=lambda op, dy: [REVERSE(dy, op.inputs[1]), None],
)


def _reverse_v2_rule(c):
    given = c.shape(0)
    vector(c, 1)
    axes = c.constant(1)
    if given is None or axes is None:
        return [given]
    seen = set()
    for i, a in enumerate(axes.tolist()):
        d = a + len(given) if a < 0 else a
        if not 0 <= d < len(given):
            raise ValueError(
                "'axis'[%d] = %d is out of valid range [0, %d" % (i, a, len(given) - 1)
            )
        if d in seen:
            raise ValueError("axis %d specified more than once." % d)
        seen.add(d)
    return [given]


def _reverse_v2_kernel(attrs, x, axes):
    seen = []
    for i, a in enumerate(axes.tolist()):
        d = a + x.ndim if a < 0 else a
        if not 0 <= d < x.ndim:
            raise errors.InvalidArgumentError(
                None, None, "'axis'[%d] = %d is out of valid range [0, %d" % (i, a, x.ndim - 1)
            )
        if d in seen:
            raise errors.InvalidArgumentError(None, None, "axis %d specified more than once." % d)
        seen.append(d)
    return _flip(x, seen)


REVERSE_V2 = OpType(
    "ReverseV2",
    "tensor: T, axis: Tidx -> output: T",
    "Tidx: int32|int64 = int32; T: uint8|int8|uint16|int16|int32|uint32|int64|uint64|bool|bfloat16|float16"
    "|float32|float64|complex64|complex128|string",
    shape=_reverse_v2_rule,
    kernel=_reverse_v2_kernel,
    gradient=lambda op, dy: [REVERSE_V2(dy, op.inputs[1]), None],
)


@core.repeats(ignoring="tensor")
@core.direct(REVERSE_V2)
def reverse(tensor, axis, name=None):
    """`tensor` with the order of elements reversed along the dimensions listed in `axis`."""
    return REVERSE_V2(tensor, axis, name=name)


reverse_v2 = reverse


def _reverse_sequence_rule(c):
    given = c.shape(0)
    n = vector(c, 1)
    if given is None:
        return [None]
    seq, batch = c.attr("seq_dim"), c.attr("batch_dim")
    if batch >= len(given):
        raise ValueError("batch_dim must be < input rank: %d vs. %d" % (batch, len(given)))
    if seq >= len(given):
        raise ValueError("seq_dim must be < input rank: %d vs. %d" % (seq, len(given)))
    merged = merge((given[batch],), (n,))[0]
    return [given[:batch] + (merged,) + given[batch + 1 :]]


def _reverse_sequence_kernel(attrs, x, lengths):
    seq, batch = attrs["seq_dim"], attrs["batch_dim"]
    if seq == batch:
        raise errors.InvalidArgumentError(None, None, "batch_dim == seq_dim == %d" % seq)
    if len(lengths) != x.shape[batch]:
        raise errors.InvalidArgumentError(
            None, None, "Length of seq_lengths != input.dims(%d), (%d vs. %d)" % (batch, len(lengths), x.shape[batch])
        )
    out = x.copy()
    source = np.moveaxis(x, (batch, seq), (0, 1))
    target = np.moveaxis(out, (batch, seq), (0, 1))
    for i, n in enumerate(lengths.tolist()):
        if n < 0:
            raise errors.InvalidArgumentError(None, None, "seq_lens(%d) < 0" % i)
        if n > source.shape[1]:
            raise errors.InvalidArgumentError(None, None, "seq_lens(%d) > input.dims(%d)" % (i, seq))
        target[i, :n] = source[i, :n][::-1]
    return out


def _reverse_sequence_gradient(op, dy):
    back = reverse_sequence(
        dy, op.inputs[1], seq_axis=op.get_attr("seq_dim"), batch_axis=op.get_attr("batch_dim")
    )
    return [back, None]


REVERSE_SEQUENCE = OpType(
    "ReverseSequence",
    "input: T, seq_lengths: Tlen -> output: T",
    "seq_dim: int; batch_dim: int = 0; T: type; Tlen: int32|int64 = int64",
    shape=_reverse_sequence_rule,
    kernel=_reverse_sequence_kernel,
    gradient=_reverse_sequence_gradient,
    lacking="T: resource|variant",
)


def reverse_sequence(
    input, seq_lengths, seq_axis=None, batch_axis=None, name=None, seq_dim=None, batch_dim=None
):
    """`input` with the first ``seq_lengths[i]`` elements along `seq_axis` reversed in entry i of
    `batch_axis`."""
    seq_axis = deprecated_argument("seq_axis", seq_axis, "seq_dim", seq_dim)
    batch_axis = deprecated_argument("batch_axis", batch_axis, "batch_dim", batch_dim)
    return REVERSE_SEQUENCE(
        input, seq_lengths, seq_dim=seq_axis, batch_dim=0 if batch_axis is None else batch_axis, name=name
    )


# ---------------------------------------------------------------- permutations and rolls

def _invert_permutation_kernel(attrs, x):
    if x.ndim != 1:
        raise errors.InvalidArgumentError(None, None, "invert_permutation expects a 1D vector.")
    out = np.full(len(x), -1, x.dtype)
    for i, p in enumerate(x.tolist()):
        if not 0 <= p < len(x):
            raise errors.InvalidArgumentError(None, None, "%d is not between 0 and %d" % (p, len(x)))
        if out[p] != -1:
            raise errors.InvalidArgumentError(None, None, "%d is duplicated in the input." % p)
        out[p] = i
    return out


INVERT_PERMUTATION = OpType(
    "InvertPermutation",
    "x: T -> y: T",
    "T: int32|int64 = int32",
    shape=lambda c: [with_rank(c.shape(0), 1)],
    kernel=_invert_permutation_kernel,
    gradient=core.NO_GRADIENT,
)


def invert_permutation(x, name=None):
    """The permutation that undoes `x`."""
    return INVERT_PERMUTATION(x, name=name)


def _roll_rule(c):
    with_rank_at_least(c.shape(0), 1)
    shift, axis = with_rank_at_most(c.shape(1), 1), with_rank_at_most(c.shape(2), 1)
    if shift is not None and axis is not None and len(shift) != len(axis):
        raise ValueError(f"Shapes must be equal rank, but are {len(shift)} and {len(axis)}")
    return [c.shape(0)]


def _roll_kernel(attrs, x, shift, axis):
    if x.ndim < 1:
        raise errors.InvalidArgumentError(None, None, "input must be 1-D or higher")
    if shift.shape != axis.shape:
        raise errors.InvalidArgumentError(None, None, "shift and axis must have the same size")
    axes = np.atleast_1d(axis).tolist()
    for a in axes:
        if not 0 <= (a + x.ndim if a < 0 else a) < x.ndim:
            raise errors.InvalidArgumentError(None, None, "axis %d is out of range" % a)
    return np.roll(x, np.atleast_1d(shift).tolist(), axes)


ROLL = OpType(
    "Roll",
    "input: T, shift: Tshift, axis: Taxis -> output: T",
    "T: type; Tshift: int32|int64; Taxis: int32|int64",
    shape=_roll_rule,
    kernel=_roll_kernel,
    gradient=lambda op, dy: [ROLL(dy, -op.inputs[1], op.inputs[2]), None, None],
)


def roll(input, shift, axis, name=None):
    """`input` with elements moved `shift` places along `axis`; what leaves at one end enters at the other."""
    return ROLL(input, shift, axis, name=name)


# ---------------------------------------------------------------- sorting

def sort(values, axis=-1, direction="ASCENDING", name=None):
    """`values` sorted along `axis`; `direction` is "ASCENDING" or "DESCENDING"."""
    with core.name_scope(name, "sort"):
        return _sort(values, axis, direction, False)


def argsort(values, axis=-1, direction="ASCENDING", stable=False, name=None):
    """Indices that sort `values` along `axis`."""
    with core.name_scope(name, "argsort"):
        return _sort(values, axis, direction, True)


def _sort(values, axis, direction, want_indices):
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(
            f"Argument `direction` should be one of ASCENDING, DESCENDING. Received: direction={direction}"
        )
    axis = convert_to_tensor(axis, name="axis")
    static = constant_value(axis)
    if axis.get_shape().ndims not in (None, 0) or static is None:
        raise ValueError(f"Argument `axis` must be a constant scalar. Received: axis={axis}.")
    static = int(static)
    values = convert_to_tensor(values, name="values")
    if direction == "DESCENDING":
        return _descending(values, static, want_indices)
    return _ascending(values, static, want_indices)


def _descending(values, axis, want_indices):
    from . import nn

    k = shape(values)[axis]
    n_dims = rank(values)
    static = values.get_shape().ndims
    order = None
    top_k_input = values
    if not (axis == -1 or axis + 1 == static):
        # top_k works along the last dimension: swap the axis with it, and back afterwards.
        if axis < 0:
            axis += static or n_dims
        if static is not None:
            order = constant(
                np.r_[np.arange(axis), [static - 1], np.arange(axis + 1, static - 1), [axis]], name="transposition"
            )
        else:
            order = tensor_scatter_nd_update(math_ops.range(n_dims), [[axis], [n_dims - 1]], [n_dims - 1, axis])
        top_k_input = transpose(values, order)
    values, indices = nn.top_k(top_k_input, k)
    result = indices if want_indices else values
    return result if order is None else transpose(result, order)


def _ascending(values, axis, want_indices):
    # The largest of the negated values are the smallest; -x - 1 cannot overflow where -x could.
    dtype = values.dtype
    if dtype.is_unsigned:
        offset = dtype.max
        result = _descending(offset - values, axis, want_indices)
        return result if want_indices else offset - result
    if dtype.is_integer:
        result = _descending(-values - 1, axis, want_indices)
        return result if want_indices else -result - 1
    result = _descending(-values, axis, want_indices)
    return result if want_indices else -result


def _bound_rule(c):
    a, b = c.shape(0), c.shape(1)
    a, b = with_rank(a, 2), with_rank(b, 2)
    merge(a[:1], b[:1])
    return [b]


def _bound_kernel(side):
    def kernel(attrs, rows, values):
        if len(rows) != len(values):
            raise errors.InvalidArgumentError(
                None, None, "Leading dim_size of both tensors must match."
            )
        out = np.empty(values.shape, attrs["out_type"].as_numpy_dtype)
        for i in range(len(rows)):
            out[i] = np.searchsorted(rows[i], values[i], side)
        return out

    return kernel


_BOUND_SIGNATURE = "sorted_inputs: T, values: T -> output: out_type"

LOWER_BOUND = OpType(
    "LowerBound",
    _BOUND_SIGNATURE,
    "T: type; out_type: int32|int64 = int32",
    shape=_bound_rule,
    kernel=_bound_kernel("left"),
    gradient=None,
)

UPPER_BOUND = OpType(
    "UpperBound",
    _BOUND_SIGNATURE,
    "T: type; out_type: int32|int64 = int32",
    shape=_bound_rule,
    kernel=_bound_kernel("right"),
    gradient=None,
)


def searchsorted(sorted_sequence, values, side="left", out_type=dtypes.int32, name=None):
    """Where `values` would go in the sorted last dimension of `sorted_sequence` to keep it sorted."""
    n = shape_internal(sorted_sequence)[-1]
    n_values = shape_internal(values)[-1]
    rows = reshape(sorted_sequence, [-1, n])
    flat = reshape(values, [-1, n_values])
    if side == "right":
        output = UPPER_BOUND(rows, flat, out_type=out_type, name=name)
    elif side == "left":
        output = LOWER_BOUND(rows, flat, out_type=out_type, name=name)
    else:
        raise ValueError(f"Argument `side` must be either 'right' or 'left'. Received: `side` = '{side}'.")
    return reshape(output, shape_internal(values))

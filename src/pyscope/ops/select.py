"""Choosing elements: where, unique, set differences, dynamic_partition and dynamic_stitch."""

import numpy as np

from .. import _core as core
from .. import dtypes, errors
from .._core import OpType
from ..conversion import convert_to_tensor
from . import math as math_ops
from ._array_rules import broadcast, merge, merge_dim, position, show, with_rank, with_rank_at_least
from ._rules import check_same_shape
from .fill import zeros, zeros_like
from .gather import gather
from .shape import reshape, shape

# ---------------------------------------------------------------- where


def _where_rule(c):
    given = c.shape(0)
    return [(None, None if given is None else len(given))]


WHERE = OpType(
    "Where",
    "input: T -> index: int64",
    "T: float32|float64|int32|uint8|int16|int8|complex64|int64|qint8|quint8|qint32|bfloat16|qint16|quint16"
    "|uint16|complex128|float16|uint32|uint64|bool = bool",
    shape=_where_rule,
    kernel=core.kernel("where", lambda attrs, x: np.argwhere(x)),
    gradient=core.NO_GRADIENT,
)


def _select_rule(c):
    condition, t, e = c.shape(0), c.shape(1), c.shape(2)
    merged = merge(t, e)
    if condition is None or merged is None or not condition:
        return [merged]
    if len(condition) == 1 and len(merged) != 1:
        # A vector chooses whole rows.
        if not merged:
            raise ValueError("Shape must be at least rank 1 but is rank 0")
        return [(merge(condition, merged[:1])[0],) + merged[1:]]
    return [merge(condition, merged)]


def _select_kernel(attrs, condition, t, e):
    if condition.ndim and not (condition.ndim == 1 and t.ndim != 1):
        check_same_shape("Select", condition, t, e)
        return np.where(condition, t, e)
    if condition.ndim == 1:
        if t.ndim < 1:
            raise errors.InvalidArgumentError(
                None, None, "'then' must be at least a vector, but saw shape: %s" % show(t.shape)
            )
        if t.shape[0] != condition.shape[0]:
            raise errors.InvalidArgumentError(
                None, None, "Number of batches of 'then' must match size of 'cond', but saw: %d vs. %d"
                % (t.shape[0], condition.shape[0])
            )
    if t.shape != e.shape:
        raise errors.InvalidArgumentError(
            None, None, "'then' and 'else' must have the same size.  but received: %s vs. %s"
            % (show(t.shape), show(e.shape))
        )
    if condition.ndim == 0:
        return t if condition else e
    return np.where(condition.reshape((-1,) + (1,) * (t.ndim - 1)), t, e)


def _select_gradient(op, dy):
    condition, x = op.inputs[0], op.inputs[1]
    zero = zeros_like(x)
    return [None, SELECT(condition, dy, zero), SELECT(condition, zero, dy)]


SELECT = OpType(
    "Select",
    "condition: bool, t: T, e: T -> output: T",
    "T: type",
    shape=_select_rule,
    kernel=core.kernel("select", _select_kernel),
    gradient=core.replayed(_select_gradient, ignoring=(0,)),
)


def _select_v2_rule(c):
    return [broadcast(broadcast(c.shape(1), c.shape(2)), c.shape(0))]


def _select_v2_kernel(attrs, condition, t, e):
    try:
        return np.where(condition, t, e)
    except ValueError:
        raise errors.InvalidArgumentError(
            None, None, "condition %s, then %s, and else %s must be broadcastable"
            % (show(condition.shape), show(t.shape), show(e.shape))
        ) from None


def _select_v2_gradient(op, dy):
    from ._broadcast import reduce_gradients

    condition, x, y = op.inputs
    out = op.outputs[0]
    zero = zeros([], dtype=dy.dtype.base_dtype)
    dx = where_v2(condition, dy, zero)
    d_else = where_v2(condition, zero, dy)
    dx, _ = reduce_gradients(x, out, dx, None)
    d_else, _ = reduce_gradients(y, out, d_else, None)
    return [None, dx, d_else]


SELECT_V2 = OpType(
    "SelectV2",
    "condition: bool, t: T, e: T -> output: T",
    "T: type",
    shape=_select_v2_rule,
    kernel=core.kernel("select_v2", _select_v2_kernel),
    gradient=core.replayed(_select_v2_gradient, ignoring=(0,)),
)


@core.repeats(ignoring="condition x y")
def where(condition, x=None, y=None, name=None):
    """Coordinates of true elements; with `x` and `y`, elements of one or the other.

    `condition` has the shape of `x` and `y`, or is a vector that chooses rows.
    """
    return _where(condition, x, y, name, SELECT)


@core.repeats(ignoring="condition x y")
def where_v2(condition, x=None, y=None, name=None):
    """`where` with broadcasting."""
    return _where(condition, x, y, name, SELECT_V2)


def _where(condition, x, y, name, select):
    if x is None and y is None:
        with core.name_scope(name, "Where", [condition]) as name:
            condition = convert_to_tensor(condition, preferred_dtype=dtypes.bool, name="condition")
            return WHERE(condition, name=name)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return select(condition, x, y, name=name)


# ---------------------------------------------------------------- unique

def _first_seen(x):
    """Distinct elements in order of appearance, the index of each element among them, and their counts."""
    if x.dtype == object:
        ids = {}
        index = np.array([ids.setdefault(v, len(ids)) for v in x.tolist()], np.int64)
        values = np.empty(len(ids), object)
        values[:] = list(ids)
        return values, index, np.bincount(index, minlength=len(ids))
    values, first, inverse, counts = np.unique(
        x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False
    ) if x.dtype.kind in "fc" else np.unique(x, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return values[order], place[inverse.reshape(-1)], counts[order]


def _index(attrs, x):
    return x.astype(attrs["out_idx"].as_numpy_dtype, copy=False)


def _unique_kernel(attrs, x):
    if x.ndim != 1:
        raise errors.InvalidArgumentError(None, None, "unique expects a 1D vector.")
    values, index, _ = _first_seen(x)
    return [values, _index(attrs, index)]


UNIQUE = OpType(
    "Unique",
    "x: T -> y: T, idx: out_idx",
    "T: type; out_idx: int32|int64 = int32",
    shape=lambda c: [(None,), with_rank(c.shape(0), 1)],
    kernel=core.kernel("unique", _unique_kernel),
    gradient=core.NO_GRADIENT,
    lacking="T: resource|variant",
)


def unique(x, out_idx=dtypes.int32, name=None):
    """Distinct elements of a vector in order of appearance, and the index of each element among them."""
    return UNIQUE(x, out_idx=out_idx, name=name)


def _unique_with_counts_kernel(attrs, x):
    if x.ndim != 1:
        raise errors.InvalidArgumentError(None, None, "unique expects a 1D vector.")
    values, index, counts = _first_seen(x)
    return [values, _index(attrs, index), _index(attrs, counts)]


UNIQUE_WITH_COUNTS = OpType(
    "UniqueWithCounts",
    "x: T -> y: T, idx: out_idx, count: out_idx",
    "T: type; out_idx: int32|int64 = int32",
    shape=lambda c: [(None,), with_rank(c.shape(0), 1), (None,)],
    kernel=core.kernel("unique_with_counts", _unique_with_counts_kernel),
    gradient=core.NO_GRADIENT,
)


def unique_with_counts(x, out_idx=dtypes.int32, name=None):
    """`unique` and how often each distinct element occurs."""
    return UNIQUE_WITH_COUNTS(x, out_idx=out_idx, name=name)


def _list_diff_kernel(attrs, x, y):
    if x.ndim != 1 or y.ndim != 1:
        raise errors.InvalidArgumentError(None, None, "%s should be a 1D vector." % ("x" if x.ndim != 1 else "y"))
    gone = set(y.tolist())
    kept = np.array([i for i, v in enumerate(x.tolist()) if v not in gone], np.int64)
    return [x[kept], _index(attrs, kept)]


LIST_DIFF = OpType(
    "ListDiff",
    "x: T, y: T -> out: T, idx: out_idx",
    "T: type; out_idx: int32|int64 = int32",
    shape=lambda c: (with_rank(c.shape(0), 1), with_rank(c.shape(1), 1), [(None,), (None,)])[2],
    kernel=_list_diff_kernel,
    gradient=core.NO_GRADIENT,
)


def setdiff1d(x, y, index_dtype=dtypes.int32, name=None):
    """Elements of vector `x` that are not in `y`, and their indices in `x`."""
    return LIST_DIFF(x, y, out_idx=index_dtype, name=name)


def listdiff(x, y, out_idx=None, name=None):
    """Old name of `setdiff1d`."""
    return LIST_DIFF(x, y, out_idx=out_idx or dtypes.int32, name=name)


# ---------------------------------------------------------------- partition and stitch

def _dynamic_partition_rule(c):
    n = c.attr("num_partitions")
    data, parts = c.shape(0), c.shape(1)
    if data is None or parts is None:
        return [None] * n
    with_rank_at_least(data, len(parts))
    for p, q in zip(data, parts):
        merge_dim(p, q)
    return [(None,) + data[len(parts) :]] * n


def _dynamic_partition_kernel(attrs, data, partitions):
    n = attrs["num_partitions"]
    if data.shape[: partitions.ndim] != partitions.shape:
        raise errors.InvalidArgumentError(
            None, None, "data.shape must start with partitions.shape, got data.shape = %s, partitions.shape = %s"
            % (show(data.shape), show(partitions.shape))
        )
    flat = partitions.reshape(-1)
    rows = data.reshape((flat.size,) + data.shape[partitions.ndim :])
    if flat.size and (flat.min() < 0 or flat.max() >= n):
        bad = int(np.nonzero((flat < 0) | (flat >= n))[0][0])
        raise errors.InvalidArgumentError(
            None, None, "partitions%s = %d is not in [0, %d)" % (position(partitions.shape, bad), flat[bad], n)
        )
    return [rows[flat == i] for i in range(n)]


def _dynamic_partition_gradient(op, *dys):
    data, partitions = op.inputs
    n = op.get_attr("num_partitions")
    prefix = shape(partitions)
    numbers = reshape(math_ops.range(math_ops.reduce_prod(prefix)), prefix)
    places = dynamic_partition(numbers, partitions, n)
    stitched = PARALLEL_DYNAMIC_STITCH(places, list(dys))
    return [reshape(stitched, shape(data)), None]


DYNAMIC_PARTITION = OpType(
    "DynamicPartition",
    "data: T, partitions: int32 -> outputs: num_partitions*T",
    "num_partitions: int >= 1; T: type",
    shape=_dynamic_partition_rule,
    kernel=core.kernel("dynamic_partition", _dynamic_partition_kernel),
    gradient=_dynamic_partition_gradient,
)


def dynamic_partition(data, partitions, num_partitions, name=None):
    """`num_partitions` tensors; row i of `data` goes to number ``partitions[i]``."""
    return DYNAMIC_PARTITION(data, partitions, num_partitions=num_partitions, name=name)


def _dynamic_stitch_rule(c):
    n = c.attr("N")
    extra = None
    largest = 0
    for i in range(n):
        value = c.constant(i)
        if value is None:
            largest = None
        elif largest is not None and value.size:
            largest = max(largest, int(value.max()) + 1)
        indices, data = c.shape(i), c.shape(n + i)
        if indices is None or data is None:
            continue
        merge(indices, data[: len(indices)])
        extra = merge(extra, data[len(indices) :])
    if extra is None:
        return [None]
    return [(largest,) + extra]


def _dynamic_stitch_kernel(attrs, *inputs):
    n = attrs["N"]
    indices, data = inputs[:n], inputs[n:]
    largest = -1
    extra = data[0].shape[indices[0].ndim :]
    for i, (k, v) in enumerate(zip(indices, data)):
        if v.shape[: k.ndim] != k.shape:
            raise errors.InvalidArgumentError(
                None, None, "data[%d].shape = %s does not start with indices[%d].shape = %s"
                % (i, show(v.shape), i, show(k.shape))
            )
        if v.shape[k.ndim :] != extra:
            raise errors.InvalidArgumentError(
                None, None, "Need data[0].shape[%d:] = data[%d].shape[%d:], got data[0].shape = %s, data[%d].shape = "
                "%s, indices[0].shape = %s, indices[%d].shape = %s"
                % (indices[0].ndim, i, k.ndim, show(data[0].shape), i, show(v.shape), show(indices[0].shape),
                i,
                   show(k.shape))
            )
        if k.size:
            if k.min() < 0:
                flat = k.reshape(-1)
                bad = int(np.nonzero(flat < 0)[0][0])
                raise errors.InvalidArgumentError(
                    None, None, "indices%s is out of range" % position(k.shape, bad)
                )
            largest = max(largest, int(k.max()))
    out = np.zeros((largest + 1,) + extra, data[0].dtype)
    if out.dtype == object:
        out[...] = b""
    for k, v in zip(indices, data):
        out[k.reshape(-1)] = v.reshape((k.size,) + extra)
    return out


def _dynamic_stitch_gradient(op, dy):
    n = len(op.inputs) // 2
    if not isinstance(dy, core.Tensor):
        rows = shape(op.outputs[0])[0]
        dy = math_ops.unsorted_segment_sum(dy.values, dy.indices, rows)
    return [None] * n + [gather(dy, x) for x in list(op.inputs)[:n]]


_STITCH_ATTRS = "N: int >= 1; T: type"

DYNAMIC_STITCH = OpType(
    "DynamicStitch",
    "indices: N*int32, data: N*T -> merged: T",
    _STITCH_ATTRS,
    shape=_dynamic_stitch_rule,
    kernel=core.kernel("dynamic_stitch", _dynamic_stitch_kernel),
    gradient=_dynamic_stitch_gradient,
    lacking="T: resource|variant",
)

PARALLEL_DYNAMIC_STITCH = OpType(
    "ParallelDynamicStitch",
    "indices: N*int32, data: N*T -> merged: T",
    _STITCH_ATTRS,
    shape=_dynamic_stitch_rule,
    kernel=core.kernel("dynamic_stitch", _dynamic_stitch_kernel),
    gradient=_dynamic_stitch_gradient,
)


def dynamic_stitch(indices, data, name=None):
    """One tensor from several: ``merged[indices[m][i]] = data[m][i]``; the last one counts."""
    return DYNAMIC_STITCH(indices, data, name=name)

"""Reductions over segments: rows that share an id, sorted or not."""

import numpy as np

from .. import _core as core
from .. import dtypes
from ..conversion import convert_to_tensor
from ..errors import InvalidArgumentError
from . import array
from ._rules import NUMBER, REAL, merge, size_input, with_rank, with_rank_at_least

__all__ = [
    "segment_max", "segment_mean", "segment_min", "segment_prod", "segment_sum", "sparse_segment_mean",
    "sparse_segment_sqrt_n", "sparse_segment_sum", "unsorted_segment_max", "unsorted_segment_mean",
    "unsorted_segment_min", "unsorted_segment_prod", "unsorted_segment_sqrt_n", "unsorted_segment_sum",
]  # fmt: skip


# ---------------------------------------------------------------- sorted ids


def _fail(message):
    raise InvalidArgumentError(None, None, message)


def _segment_shape(c):
    data = with_rank_at_least(c.shape(0), 1)
    with_rank(c.shape(1), 1)
    return [None if data is None else (None,) + tuple(data[1:])]


def _check_sorted(data, ids):
    if ids.ndim != 1:
        _fail("segment_ids should be a vector.")
    if ids.shape[0] != data.shape[0]:
        _fail("segment_ids should be the same size as dimension 0 of input.")
    if ids.size and ids[0] < 0:
        _fail("segment ids must be >= 0")
    if np.any(ids[1:] < ids[:-1]):
        _fail("segment ids are not increasing")


def _sorted_kernel(function, empty):
    """Kernel that reduces runs of equal ids; ids that do not occur get `empty`."""

    def kernel(attrs, data, ids):
        _check_sorted(data, ids)
        n = int(ids[-1]) + 1 if ids.size else 0
        out = np.full((n,) + data.shape[1:], empty, data.dtype)
        if ids.size:
            starts = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]]))
            out[ids[starts]] = function.reduceat(data, starts, axis=0, dtype=data.dtype)
        return out

    return kernel


_sorted_sum = _sorted_kernel(np.add, 0)


def _counts(ids, n, ndim):
    """How often each id occurs, shaped to divide a result with `ndim` dimensions; at least 1."""
    return np.maximum(np.bincount(ids, minlength=n), 1).reshape((-1,) + (1,) * (ndim - 1))


def _sorted_mean(attrs, data, ids):
    total = _sorted_sum(attrs, data, ids)
    return (total / _counts(ids, len(total), total.ndim)).astype(data.dtype)


def _segment_mean_gradient(op, grad):
    from .arithmetic import divide

    data, ids = op.inputs
    rank = array.rank(data)
    ids_shape = array.shape(ids)
    rest = array.ones(array.expand_dims(rank - 1, 0), dtype=ids_shape.dtype)
    ones = array.ones(array.concat([ids_shape, rest], 0), dtype=grad.dtype)
    scaled = divide(grad, segment_sum(ones, ids))
    return [array.gather(scaled, ids), None]


def _segment_extremum_gradient(op, grad):
    from .arithmetic import divide
    from .cast import cast
    from .compare import equal

    data, ids = op.inputs
    zeros = array.zeros_like(data, dtype=data.dtype)
    gathered = array.gather(op.outputs[0], ids)
    chosen = equal(data, gathered)
    n_chosen = segment_sum(cast(chosen, grad.dtype), ids)
    weighted = divide(grad, n_chosen)
    return [array.where_v2(chosen, array.gather(weighted, ids), zeros), None]


def _segment_prod_gradient(op, grad):
    from .cast import cast
    from .compare import equal, greater

    data, ids = op.inputs
    # With one 0 in a segment only that element has a gradient, with two or more none has.
    is_zero = equal(data, 0)
    n_zeros = SEGMENT_SUM(cast(is_zero, dtype=dtypes.int32), ids)
    grad = array.where_v2(greater(n_zeros, 1), array.zeros_like(grad), grad)
    non_zero_data = array.where_v2(is_zero, array.ones_like(data), data)
    non_zero_prod = SEGMENT_PROD(non_zero_data, ids)
    gathered_prod = array.gather(op.outputs[0], ids)
    gathered_non_zero_prod = array.gather(non_zero_prod, ids)
    others = array.where_v2(is_zero, gathered_non_zero_prod, gathered_prod / non_zero_data)
    return [array.gather(grad, ids) * others, None]


def _segment(type, kernel, gradient, types):
    return core.OpType(
        type,
        "data: T, segment_ids: Tindices -> output: T",
        f"T: {types}; Tindices: int32|int64",
        shape=_segment_shape,
        kernel=kernel,
        gradient=gradient,
    )


SEGMENT_SUM = _segment(
    "SegmentSum",
    core.kernel("sorted_segment_sum", _sorted_sum),
    lambda op, grad: [array.gather(grad, op.inputs[1]), None],
    NUMBER,
)
SEGMENT_MEAN = _segment("SegmentMean", core.kernel("sorted_segment_mean", _sorted_mean), _segment_mean_gradient, NUMBER)
SEGMENT_MAX = _segment(
    "SegmentMax", core.kernel("sorted_segment_max", _sorted_kernel(np.maximum, 0)), _segment_extremum_gradient, REAL
)
SEGMENT_MIN = _segment(
    "SegmentMin", core.kernel("sorted_segment_min", _sorted_kernel(np.minimum, 0)), _segment_extremum_gradient, REAL
)
SEGMENT_PROD = _segment(
    "SegmentProd", core.kernel("sorted_segment_prod", _sorted_kernel(np.multiply, 1)), _segment_prod_gradient, NUMBER
)


@core.repeats(ignoring="data segment_ids")
def segment_sum(data, segment_ids, name=None):
    """Sums of the rows of `data` with equal ids; `segment_ids` (one per row) must not decrease."""
    return SEGMENT_SUM(data, segment_ids, name=name)


def segment_mean(data, segment_ids, name=None):
    """Means of the rows of `data` with equal ids; ids as in `segment_sum`."""
    return SEGMENT_MEAN(data, segment_ids, name=name)


def segment_max(data, segment_ids, name=None):
    """Largest elements of the rows of `data` with equal ids; ids as in `segment_sum`."""
    return SEGMENT_MAX(data, segment_ids, name=name)


def segment_min(data, segment_ids, name=None):
    """Smallest elements of the rows of `data` with equal ids; ids as in `segment_sum`."""
    return SEGMENT_MIN(data, segment_ids, name=name)


def segment_prod(data, segment_ids, name=None):
    """Products of the rows of `data` with equal ids; ids as in `segment_sum`."""
    return SEGMENT_PROD(data, segment_ids, name=name)


# ---------------------------------------------------------------- unsorted ids


def _unsorted_shape(c):
    data, ids = c.shape(0), c.shape(1)
    with_rank(c.shape(2), 0)
    if data is None or ids is None:
        return [None]
    if len(ids) > len(data):
        raise ValueError(f"Shape must be at least rank {len(ids)} but is rank {len(data)}")
    for m, n in zip(data, ids):
        if m is not None and n is not None and m != n:
            raise ValueError(f"Dimensions must be equal, but are {m} and {n}")
    return [(size_input(c, 2),) + tuple(data[len(ids) :])]


def _unsorted_kernel(function, empty):
    def kernel(attrs, data, ids, num_segments):
        n = int(num_segments)
        if n < 0:
            _fail(f"Input num_segments == {n} must not be negative.")
        if data.shape[: ids.ndim] != ids.shape:
            data_shape, ids_shape = (",".join(map(str, x.shape)) for x in (data, ids))
            _fail(f"data.shape = [{data_shape}] does not start with segment_ids.shape = [{ids_shape}]")
        rows = data.reshape((ids.size,) + data.shape[ids.ndim :])
        flat = ids.reshape(-1)
        if np.any(flat >= n):
            bad = int(np.flatnonzero(flat >= n)[0])
            where = list(map(int, np.unravel_index(bad, ids.shape)))
            _fail(f"segment_ids{where} = {flat[bad]} is out of range [0, {n})")
        out = np.full((n,) + rows.shape[1:], empty(data.dtype), data.dtype)
        kept = flat >= 0  # negative ids are left out
        function.at(out, flat[kept], rows[kept])
        return out

    return kernel


def _lowest(dtype):
    return np.iinfo(dtype).min if dtype.kind in "iu" else np.finfo(dtype).min


def _highest(dtype):
    return np.iinfo(dtype).max if dtype.kind in "iu" else np.finfo(dtype).max


def _gather_drop_negatives(params, ids, clipped=None, is_positive=None):
    """Rows of `params` by id, zeros for negative ids; and the clipped ids and mask, to be used again."""
    from .arithmetic import maximum
    from .compare import greater_equal

    if clipped is None:
        clipped = maximum(ids, array.zeros_like(ids))
    gathered = array.gather(params, clipped)
    if is_positive is None:
        is_positive = greater_equal(ids, 0)
        mask_shape = array.shape(is_positive)
        rest = array.ones([array.rank(gathered) - array.rank(is_positive)], dtype=mask_shape.dtype)
        is_positive = array.reshape(is_positive, array.concat([mask_shape, rest], axis=0))
        is_positive = is_positive & array.ones_like(gathered, dtype=dtypes.bool)
    zeros = array.zeros_like(gathered)
    return array.where_v2(is_positive, gathered, zeros), clipped, is_positive


def _unsorted_sum_gradient(op, grad):
    return [_gather_drop_negatives(grad, op.inputs[1])[0], None, None]


def _unsorted_extremum_gradient(op, grad):
    from .arithmetic import divide
    from .cast import cast
    from .compare import equal, logical_and

    data, ids, n = op.inputs
    gathered, clipped, is_positive = _gather_drop_negatives(op.outputs[0], ids)
    chosen = logical_and(equal(data, gathered), is_positive)
    n_chosen = unsorted_segment_sum(cast(chosen, grad.dtype), ids, n)
    weighted = divide(grad, n_chosen)
    gathered_grads, _, _ = _gather_drop_negatives(weighted, None, clipped, is_positive)
    return [array.where_v2(chosen, gathered_grads, array.zeros_like(gathered_grads)), None, None]


def _unsorted_prod_gradient(op, grad):
    from .arithmetic import maximum
    from .cast import cast
    from .compare import equal, greater

    data, ids, n = op.inputs
    is_zero = equal(data, 0)
    n_zeros = UNSORTED_SEGMENT_SUM(cast(is_zero, dtype=dtypes.int32), ids, n)
    grad = array.where_v2(greater(n_zeros, 1), array.zeros_like(grad), grad)
    non_zero_data = array.where_v2(is_zero, array.ones_like(data), data)
    non_zero_prod = UNSORTED_SEGMENT_PROD(non_zero_data, ids, n)
    clipped = maximum(ids, array.zeros_like(ids))
    gathered_prod = array.gather(op.outputs[0], clipped)
    gathered_non_zero_prod = array.gather(non_zero_prod, clipped)
    others = array.where_v2(is_zero, gathered_non_zero_prod, gathered_prod / data)
    return [_gather_drop_negatives(grad, ids, clipped)[0] * others, None, None]


def _unsorted(type, kernel, gradient, types, index_types="int32|int64"):
    return core.OpType(
        type,
        "data: T, segment_ids: Tindices, num_segments: Tnumsegments -> output: T",
        f"T: {types}; Tindices: {index_types}; Tnumsegments: int32|int64 = int32",
        shape=_unsorted_shape,
        kernel=kernel,
        gradient=gradient,
    )


UNSORTED_SEGMENT_SUM = _unsorted(
    "UnsortedSegmentSum",
    core.kernel("segment_sum", _unsorted_kernel(np.add, lambda dtype: 0)),
    _unsorted_sum_gradient,
    NUMBER,
    "int16|int32|int64",
)
UNSORTED_SEGMENT_MAX = _unsorted(
    "UnsortedSegmentMax",
    core.kernel("unsorted_segment_max", _unsorted_kernel(np.maximum, _lowest)),
    _unsorted_extremum_gradient,
    REAL,
)
UNSORTED_SEGMENT_MIN = _unsorted(
    "UnsortedSegmentMin",
    core.kernel("unsorted_segment_min", _unsorted_kernel(np.minimum, _highest)),
    _unsorted_extremum_gradient,
    REAL,
)
UNSORTED_SEGMENT_PROD = _unsorted(
    "UnsortedSegmentProd",
    core.kernel("unsorted_segment_prod", _unsorted_kernel(np.multiply, lambda dtype: 1)),
    _unsorted_prod_gradient,
    NUMBER,
)


@core.repeats(ignoring="data segment_ids")
def unsorted_segment_sum(data, segment_ids, num_segments, name=None):
    """Sums of the parts of `data` with equal ids in ``[0, num_segments)``, in any order.

    Negative ids are left out. The shape of `segment_ids` is that of the first dimensions of `data`.
    """
    return UNSORTED_SEGMENT_SUM(data, segment_ids, num_segments, name=name)


def unsorted_segment_max(data, segment_ids, num_segments, name=None):
    """Largest elements of the parts of `data` with equal ids, as in `unsorted_segment_sum`."""
    return UNSORTED_SEGMENT_MAX(data, segment_ids, num_segments, name=name)


def unsorted_segment_min(data, segment_ids, num_segments, name=None):
    """Smallest elements of the parts of `data` with equal ids, as in `unsorted_segment_sum`."""
    return UNSORTED_SEGMENT_MIN(data, segment_ids, num_segments, name=name)


def unsorted_segment_prod(data, segment_ids, num_segments, name=None):
    """Products of the parts of `data` with equal ids, as in `unsorted_segment_sum`."""
    return UNSORTED_SEGMENT_PROD(data, segment_ids, num_segments, name=name)


def _unsorted_counts(data, ids, num_segments):
    from .arithmetic import MAXIMUM

    num_segments = convert_to_tensor(num_segments)
    ids_shape = array.shape_internal(ids)
    ones = array.ones(ids_shape, dtype=data.dtype)
    n = UNSORTED_SEGMENT_SUM(ones, ids, num_segments)
    first = num_segments[None]
    rest = array.ones([array.rank(data) - array.rank(ids)], dtype=num_segments.dtype)
    n = array.reshape(n, array.concat([first, rest], axis=0))
    return MAXIMUM(n, 1)


def unsorted_segment_mean(data, segment_ids, num_segments, name=None):
    """Means of the parts of `data` with equal ids, as in `unsorted_segment_sum`."""
    with core.name_scope(name, "UnsortedSegmentMean"):
        data, ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
        n = _unsorted_counts(data, ids, num_segments)
        return UNSORTED_SEGMENT_SUM(data, ids, num_segments) / n


def unsorted_segment_sqrt_n(data, segment_ids, num_segments, name=None):
    """Sums of the parts of `data` with equal ids, divided by the square root of their number."""
    from .elementwise import SQRT

    with core.name_scope(name, "UnsortedSegmentSqrtN"):
        data, ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
        n = _unsorted_counts(data, ids, num_segments)
        return UNSORTED_SEGMENT_SUM(data, ids, num_segments) / SQRT(n)


# ---------------------------------------------------------------- rows chosen by index


def _scale_none(counts):
    return 1


def _scale_mean(counts):
    return 1 / np.maximum(counts, 1)


def _scale_sqrt_n(counts):
    return 1 / np.sqrt(np.maximum(counts, 1))


def _chosen_rows_kernel(scale):
    def kernel(attrs, data, indices, ids, num_segments=None):
        bad = np.flatnonzero((indices < 0) | (indices >= len(data)))
        if bad.size:
            _fail(f"Bad: indices[{bad[0]}] == {indices[bad[0]]} out of range [0, {len(data)})")
        rows = data[indices]
        _check_sorted(rows, ids)
        n = int(ids[-1]) + 1 if ids.size else 0
        if num_segments is not None:
            if n > num_segments:
                _fail("segment ids must be < num_segments")
            n = int(num_segments)
        out = np.zeros((n,) + data.shape[1:], data.dtype)
        np.add.at(out, ids, rows)
        if scale is not _scale_none:
            factor = scale(np.bincount(ids, minlength=n)).reshape((-1,) + (1,) * (out.ndim - 1))
            out = (out * factor).astype(data.dtype)
        return out

    return kernel


def _chosen_rows_grad_kernel(scale):
    def kernel(attrs, grad, indices, ids, dim0):
        out = np.zeros((int(dim0),) + grad.shape[1:], grad.dtype)
        factor = 1
        if scale is not _scale_none:
            factor = scale(np.bincount(ids, minlength=len(grad)))[ids].reshape((-1,) + (1,) * (grad.ndim - 1))
        np.add.at(out, indices, (grad[ids] * factor).astype(grad.dtype))
        return out

    return kernel


def _chosen_rows_shape(c):
    data = with_rank_at_least(c.shape(0), 1)
    if c.n_inputs == 4:
        with_rank(c.shape(3), 0)
    merge(with_rank(c.shape(1), 1), with_rank(c.shape(2), 1))
    n = c.constant(3) if c.n_inputs == 4 else None
    return [None if data is None else (None if n is None else int(n),) + tuple(data[1:])]


def _sparse_grad_kernel(scale):
    def kernel(attrs, grad, indices, ids, dim0):
        unique, local = np.unique(indices, return_inverse=True)
        values = _chosen_rows_grad_kernel(scale)(attrs, grad, local.reshape(-1), ids, len(unique))
        return values, unique

    return kernel


def _sparse_grad_shape(c):
    grad = with_rank_at_least(c.shape(0), 1)
    return [None if grad is None else (None,) + tuple(grad[1:]), (None,)]


def _chosen_rows_gradient(grad_op, sparse_grad_op):
    def gradient(op, grad):
        from ..indexed_slices import IndexedSlices

        indices, ids = op.inputs[1], op.inputs[2]
        data_shape = array.shape(op.inputs[0])
        if op.get_attr("sparse_gradient"):
            values, rows = sparse_grad_op()(grad, indices, ids, data_shape[0])
            out = IndexedSlices(values, rows, data_shape)
        else:
            out = grad_op()(grad, indices, ids, data_shape[0])
        return [out] + [None] * (len(op.inputs) - 1)

    return gradient


def _chosen_rows(name, scale, grad_op, sparse_grad_op, types):
    """The op types of one reduction: plain, with a number of segments, gradient, sparse gradient."""
    typed = {_scale_none: "sum", _scale_mean: "mean", _scale_sqrt_n: "sqrt_n"}[scale]
    forward = core.kernel("sparse_segment_" + typed, _chosen_rows_kernel(scale))
    index_attrs = "Tidx: int32|int64 = int32; Tsegmentids: int32|int64 = int32"
    gradient = _chosen_rows_gradient(grad_op, sparse_grad_op)
    plain = core.OpType(
        name,
        "data: T, indices: Tidx, segment_ids: Tsegmentids -> output: T",
        f"T: {types}; {index_attrs}; sparse_gradient: bool = False",
        shape=_chosen_rows_shape,
        kernel=forward,
        gradient=gradient,
    )
    numbered = core.OpType(
        name + "WithNumSegments",
        "data: T, indices: Tidx, segment_ids: Tsegmentids, num_segments: Tnumsegments -> output: T",
        f"T: {types}; Tidx: int32|int64 = int32; Tnumsegments: int32|int64 = int32; "
        "Tsegmentids: int32|int64 = int32; sparse_gradient: bool = False",
        shape=_chosen_rows_shape,
        kernel=forward,
        gradient=gradient,
    )
    backward = core.OpType(
        name + "Grad",
        "grad: T, indices: Tidx, segment_ids: Tsegmentids, output_dim0: int32 -> output: T",
        f"T: bfloat16|float16|float32|float64; {index_attrs}",
        shape=_chosen_rows_shape,
        kernel=core.kernel(f"sparse_segment_{typed}_grad", _chosen_rows_grad_kernel(scale)),
        gradient=None,
    )
    sparse = core.OpType(
        name + "GradV2",
        "grad: T, indices: Tidx, segment_ids: Tsegmentids, dense_output_dim0: int32 -> output: T, "
        "sorted_unique_indices: Tidx",
        f"T: bfloat16|float16|float32|float64; {index_attrs}",
        shape=_sparse_grad_shape,
        kernel=core.kernel(f"sparse_segment_{typed}_grad_v2", _sparse_grad_kernel(scale)),
        gradient=None,
    )
    return plain, numbered, backward, sparse


_FLOAT_ROWS = "bfloat16|float16|float32|float64"
(
    SPARSE_SEGMENT_SUM,
    SPARSE_SEGMENT_SUM_WITH_NUM_SEGMENTS,
    SPARSE_SEGMENT_SUM_GRAD,
    SPARSE_SEGMENT_SUM_GRAD_V2,
) = _chosen_rows(
    "SparseSegmentSum",
    _scale_none,
    lambda: SPARSE_SEGMENT_SUM_GRAD,
    lambda: SPARSE_SEGMENT_SUM_GRAD_V2,
    REAL,
)
(
    SPARSE_SEGMENT_MEAN,
    SPARSE_SEGMENT_MEAN_WITH_NUM_SEGMENTS,
    SPARSE_SEGMENT_MEAN_GRAD,
    SPARSE_SEGMENT_MEAN_GRAD_V2,
) = _chosen_rows(
    "SparseSegmentMean",
    _scale_mean,
    lambda: SPARSE_SEGMENT_MEAN_GRAD,
    lambda: SPARSE_SEGMENT_MEAN_GRAD_V2,
    _FLOAT_ROWS,
)
(
    SPARSE_SEGMENT_SQRT_N,
    SPARSE_SEGMENT_SQRT_N_WITH_NUM_SEGMENTS,
    SPARSE_SEGMENT_SQRT_N_GRAD,
    SPARSE_SEGMENT_SQRT_N_GRAD_V2,
) = _chosen_rows(
    "SparseSegmentSqrtN",
    _scale_sqrt_n,
    lambda: SPARSE_SEGMENT_SQRT_N_GRAD,
    lambda: SPARSE_SEGMENT_SQRT_N_GRAD_V2,
    _FLOAT_ROWS,
)


def _chosen(plain, numbered, data, indices, segment_ids, name, num_segments, sparse_gradient):
    if num_segments is None:
        return plain(data, indices, segment_ids, sparse_gradient=sparse_gradient, name=name)
    return numbered(data, indices, segment_ids, num_segments, sparse_gradient=sparse_gradient, name=name)


def sparse_segment_sum(data, indices, segment_ids, name=None, num_segments=None, sparse_gradient=False):
    """`segment_sum` of the rows ``data[indices]``; `num_segments` may add empty segments at the end."""
    return _chosen(
        SPARSE_SEGMENT_SUM, SPARSE_SEGMENT_SUM_WITH_NUM_SEGMENTS, data, indices, segment_ids, name,
        num_segments, sparse_gradient,
    )  # fmt: skip


def sparse_segment_mean(data, indices, segment_ids, name=None, num_segments=None, sparse_gradient=False):
    """`segment_mean` of the rows ``data[indices]``; `num_segments` may add empty segments at the end."""
    return _chosen(
        SPARSE_SEGMENT_MEAN, SPARSE_SEGMENT_MEAN_WITH_NUM_SEGMENTS, data, indices, segment_ids, name,
        num_segments, sparse_gradient,
    )  # fmt: skip


def sparse_segment_sqrt_n(data, indices, segment_ids, name=None, num_segments=None, sparse_gradient=False):
    """Sums of the rows ``data[indices]`` by segment, divided by the square root of the number of rows."""
    return _chosen(
        SPARSE_SEGMENT_SQRT_N, SPARSE_SEGMENT_SQRT_N_WITH_NUM_SEGMENTS, data, indices, segment_ids, name,
        num_segments, sparse_gradient,
    )  # fmt: skip

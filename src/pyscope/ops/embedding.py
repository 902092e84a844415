"""Embeddings: rows of a table, or of one split over several, by id."""

from .. import _core as core
from .. import dtypes
from ..conversion import constant, convert_to_tensor
from . import array

__all__ = ["embedding_lookup", "embedding_lookup_sparse"]


@core.repeats(ignoring="ids")
def embedding_lookup(
    params, ids, partition_strategy="mod", name=None, validate_indices=True, max_norm=None
):  # fmt: skip
    """Rows of `params` with the numbers in `ids`.

    Parameters
    ----------
    params : Tensor or Variable of shape (n, ...), a list of them, or a PartitionedVariable
        A list is one table cut into parts: by ``id % n_parts`` with the strategy ``"mod"``, into runs of ids
        with ``"div"``.
    ids : Tensor, int32 or int64, of any shape
    max_norm : float
        Rows with a larger L2 norm are scaled down to it.

    Returns
    -------
    Tensor of shape ``ids.shape + params.shape[1:]``
    """
    return _lookup(params, ids, partition_strategy, name, max_norm, None)


def _parts(params):
    from ..variables import PartitionedVariable

    if params is None:
        raise ValueError("params must be specified")
    if isinstance(params, (list, tuple)) and not params:
        raise ValueError("Length of params is currently 0. Need at least one param.")
    if isinstance(params, PartitionedVariable):
        return list(params)
    return params if isinstance(params, list) else [params]


def _is_resource_variable(x):
    return hasattr(x, "handle") and hasattr(x, "sparse_read")


def _near(param):
    """Context that places operations with `param`."""
    return core.get_default_graph().colocate_with(param.op)


def _lookup(params, ids, partition_strategy, name, max_norm, transform):
    from ..indexed_slices import convert_n_to_tensor_or_indexed_slices

    params = _parts(params)
    with core.name_scope(name, "embedding_lookup", [*params, ids]) as name:
        if not any(_is_resource_variable(p) for p in params):
            params = convert_n_to_tensor_or_indexed_slices(params, name="params")
        ids = convert_to_tensor(ids, name="ids")
        if len(params) == 1 and (not transform or ids.shape.ndims == 1):
            with _near(params[0]):
                rows = _clipped(array.gather(params[0], ids, name=name), ids, max_norm)
                if transform:
                    rows = transform(rows)
            return array.identity(rows)
        return _partitioned(params, ids, partition_strategy, name, max_norm, transform)


def _partitioned(params, ids, partition_strategy, name, max_norm, transform):
    from .cast import cast
    from .ranges import range as tensor_range

    n = len(params)
    flat = array.reshape(ids, [-1])
    positions = tensor_range(array.size(flat, out_type=dtypes.int32))
    if partition_strategy == "mod":
        part = flat % n
        local = flat // n
    elif partition_strategy == "div":
        part, local = _div_partition(params, flat)
    else:
        raise ValueError(
            f"Unrecognized partition strategy: {partition_strategy}.Must be one of either `mod` or `div`."
        )
    part = cast(part, dtypes.int32)
    local = array.dynamic_partition(local, part, n)
    positions = array.dynamic_partition(positions, part, n)
    found = []
    for param, part_ids in zip(params, local):
        with core.get_default_graph().device(None), _near(param):
            rows = array.gather(param, part_ids)
            if transform:
                rows = transform(_clipped(rows, part_ids, max_norm))
        found.append(rows)
    out = array.PARALLEL_DYNAMIC_STITCH(positions, found, name=name)
    if transform is None:
        row_shape = params[0].shape[1:]
        for param in params[1:]:
            row_shape = row_shape.merge_with(param.shape[1:])
    else:
        row_shape = out.shape[1:]
    if row_shape.is_fully_defined():
        dynamic = row_shape
    elif transform is None:
        with _near(params[0]):
            shape = array.shape(params[0])
        dynamic = shape[1:]
    else:
        dynamic = array.shape(out)[1:]
    out = array.reshape(out, array.concat([array.shape(ids), dynamic], 0))
    out.set_shape(ids.shape.concatenate(row_shape))
    return out if transform else _clipped(out, ids, max_norm)


def _div_partition(params, flat):
    """Part and number within it of each id, when parts are runs of ids, the first ones longer by one."""
    from .arithmetic import maximum
    from .cast import cast
    from .reduce import reduce_sum

    n = len(params)
    sizes = [param.shape._dims[0] if param.shape._dims else None for param in params]
    if None not in sizes and sum(sizes):
        total = constant(sum(sizes), flat.dtype)
    else:
        dims = []
        for param, size in zip(params, sizes):
            if size is None:
                with _near(param):
                    size = array.shape(param)[0]
            dims.append(size)
        total = reduce_sum(cast(array.stack(dims), flat.dtype))
    per_part = total // n
    extras = total % n
    part = maximum(flat // (per_part + 1), (flat - extras) // per_part)
    local = array.where(part < extras, flat % (per_part + 1), (flat - extras) % per_part)
    return part, local


def _clipped(rows, ids, max_norm):
    """`rows`, scaled down to the norm `max_norm`."""
    if max_norm is None:
        return rows
    from ..clip import clip_by_norm
    from .ranges import range as tensor_range

    ids_rank = convert_to_tensor(ids).shape.ndims
    rows_rank = convert_to_tensor(rows).shape.ndims
    if ids_rank and rows_rank:
        axes = list(range(ids_rank, rows_rank))
    else:
        axes = tensor_range(ids_rank or array.rank(ids), rows_rank or array.rank(rows))
    return clip_by_norm(rows, max_norm, axes=axes)


def embedding_lookup_sparse(
    params, sp_ids, sp_weights, partition_strategy="mod", name=None, combiner=None, max_norm=None
):  # fmt: skip
    """Rows of `params` chosen by a SparseTensor of ids, combined within each of its rows.

    Parameters
    ----------
    params
        As in `embedding_lookup`.
    sp_ids : SparseTensor, int32 or int64, shape (n, m)
    sp_weights : SparseTensor of the same shape, or None for all 1
    combiner : "sum", "mean" (default: divided by the sum of weights) or "sqrtn" (by the root of squares)

    Returns
    -------
    Tensor of shape ``(n,) + params.shape[1:]``
    """
    from ..sparse_tensor import SparseTensor
    from . import segment

    if combiner is None:
        combiner = "mean"
    if combiner not in ("mean", "sqrtn", "sum"):
        raise ValueError(f"combiner must be one of 'mean', 'sqrtn' or 'sum', got {combiner}")
    params = _parts(params)
    if not isinstance(sp_ids, SparseTensor):
        raise TypeError(f"sp_ids must be SparseTensor, got {type(sp_ids)}")
    if sp_weights is not None:
        if not isinstance(sp_weights, SparseTensor):
            raise TypeError(f"sp_weights must be either None or SparseTensor,got {type(sp_weights)}")
        sp_ids.values.shape.assert_is_compatible_with(sp_weights.values.shape)
        sp_ids.indices.shape.assert_is_compatible_with(sp_weights.indices.shape)
        sp_ids.dense_shape.shape.assert_is_compatible_with(sp_weights.dense_shape.shape)
    with core.name_scope(name, "embedding_lookup_sparse", [*params, sp_ids]) as name:
        segment_ids = sp_ids.indices[:, 0]
        ids = sp_ids.values
        weights = None if sp_weights is None else sp_weights.values
        direct = weights is None and len(params) == 1 and max_norm is None
        if direct and isinstance(params[0], core.Tensor):
            rows, index = params[0], ids
        elif direct and not hasattr(params[0], "_map_components"):
            rows, index = convert_to_tensor(params[0], name="params"), ids
        else:
            ids, index = array.unique(ids)
            rows = embedding_lookup(params, ids, partition_strategy=partition_strategy, max_norm=max_norm)
            direct = False
        if weights is not None:
            return _weighted(rows, index, segment_ids, weights, combiner, name)
        function = {
            "sum": segment.sparse_segment_sum,
            "mean": segment.sparse_segment_mean,
            "sqrtn": segment.sparse_segment_sqrt_n,
        }[combiner]
        return function(rows, index, segment_ids, name=name, sparse_gradient=direct)


def _weighted(rows, index, segment_ids, weights, combiner, name):
    """Weighted sums of the rows of each segment, divided as `combiner` says."""
    from .arithmetic import div_no_nan, pow
    from .cast import cast
    from .elementwise import sqrt
    from .segment import segment_sum

    if segment_ids.dtype != dtypes.int32:
        segment_ids = cast(segment_ids, dtypes.int32)
    rows = array.gather(rows, index)
    dtype = rows.dtype
    if dtype in (dtypes.float16, dtypes.bfloat16):
        rows = cast(rows, dtypes.float32)
    if weights.dtype != rows.dtype:
        weights = cast(weights, rows.dtype)
    # One weight a row: as many dimensions of size 1 as a row has.
    ones_shape = array.expand_dims(array.rank(rows) - 1, 0)
    weights_shape = array.shape(weights)
    ones = array.ones(ones_shape, dtype=weights_shape.dtype)
    static = weights.shape
    weights = array.reshape(weights, array.concat([weights_shape, ones], 0))
    if rows.shape.ndims is not None:
        weights.set_shape(static.concatenate([1] * (rows.shape.ndims - 1)))
    rows *= weights
    if combiner == "sum":
        out = segment_sum(rows, segment_ids, name=name)
    elif combiner == "mean":
        total = segment_sum(rows, segment_ids)
        out = div_no_nan(total, segment_sum(weights, segment_ids), name=name)
    else:
        total = segment_sum(rows, segment_ids)
        squares = pow(weights, 2)
        out = div_no_nan(total, sqrt(segment_sum(squares, segment_ids)), name=name)
    return out if out.dtype == dtype else cast(out, dtype)

"""Reading and writing by index: gather, gather_nd, scatter_nd and the tensor_scatter family."""

import numpy as np

from .. import _core as core
from .. import dtypes, errors
from .._core import OpType
from ..conversion import convert_to_tensor
from ..static_value import constant_value
from . import math as math_ops
from ._array_rules import merge, position, show, with_rank, with_rank_at_least
from .concat import concat, stack, unstack
from .fill import ones, zeros, zeros_like
from .identity import identity
from .shape import _dense, expand_dims, rank, reshape, shape, size, squeeze, transpose
from .tile import meshgrid, tile

# ---------------------------------------------------------------- gather


def _gather_rule(c):
    with_rank_at_least(c.shape(0), 1)
    params, indices = c.shape(0), c.shape(1)
    return [None if params is None or indices is None else indices + params[1:]]


def _gather_v2_rule(c):
    params, indices = c.shape(0), c.shape(1)
    with_rank_at_least(params, 1)
    with_rank(c.shape(2), 0)
    axis = c.constant(2)
    batch = c.attr("batch_dims")
    if axis is None:
        if params is None or indices is None:
            return [None]
        batch = batch + len(indices) if batch < 0 else batch
        return [(None,) * (len(params) + len(indices) - 1 - batch)]
    axis = int(axis)
    with_rank_at_least(params, axis + 1 if axis >= 0 else -axis)
    if params is None or indices is None:
        return [None]
    if axis < 0:
        axis += len(params)
    if not -len(indices) <= batch <= len(indices):
        raise ValueError(
            "Expected batch_dims in the range [%d, %d], but got %d" % (-len(indices), len(indices), batch)
        )
    if batch < 0:
        batch += len(indices)
    if batch >= len(params):
        raise ValueError("batch_dims (%d) must be less than rank(params) (%d)." % (batch, len(params)))
    if batch > axis:
        raise ValueError("batch_dims (%d) must be less than or equal to axis (%d)." % (batch, axis))
    return [params[:axis] + indices[batch:] + params[axis + 1 :]]


def check_indices(indices, limit, name="indices"):
    """InvalidArgumentError for the first of `indices` outside ``[0, limit)``."""
    if indices.size == 0:
        return
    if indices.size < 16:
        bad = next((i for i, v in enumerate(indices.reshape(-1).tolist()) if not 0 <= v < limit), -1)
    else:
        bad = -1
        if indices.min() < 0 or indices.max() >= limit:
            flat = indices.reshape(-1)
            bad = int(np.nonzero((flat < 0) | (flat >= limit))[0][0])
    if bad >= 0:
        raise errors.InvalidArgumentError(
            None, None, "%s%s = %d is not in [0, %d)"
            % (name, position(indices.shape, bad), indices.reshape(-1)[bad], limit)
        )


def _gather_kernel(attrs, params, indices):
    if params.ndim < 1:
        raise errors.InvalidArgumentError(None, None, "params must be at least 1 dimensional")
    check_indices(indices, params.shape[0])
    return params.take(indices, 0)


def _gather_v2_kernel(attrs, params, indices, axis):
    axis = int(axis)
    batch = attrs["batch_dims"]
    if not -params.ndim <= axis < params.ndim:
        raise errors.InvalidArgumentError(
            None, None, "Expected axis in the range [%d, %d), but got %d" % (-params.ndim, params.ndim, axis)
        )
    if axis < 0:
        axis += params.ndim
    if batch < 0:
        batch += indices.ndim
    check_indices(indices, params.shape[axis])
    if batch == 0:
        return params.take(indices, axis)
    for i in range(batch):
        if params.shape[i] != indices.shape[i]:
            raise errors.InvalidArgumentError(
                None, None, "params.shape[%d]: %d should be equal to indices.shape[%d]: %d"
                % (i, params.shape[i], i, indices.shape[i])
            )
    outer = params.shape[:batch]
    n = int(np.prod(outer, dtype=np.int64))
    p = params.reshape((n,) + params.shape[batch:])
    q = indices.reshape((n,) + indices.shape[batch:])
    out_shape = params.shape[:axis] + indices.shape[batch:] + params.shape[axis + 1 :]
    out = np.empty((n,) + out_shape[batch:], params.dtype)
    for i in range(n):
        out[i] = p[i].take(q[i], axis - batch)
    return out.reshape(out_shape)


def _params_shape(params):
    with core.get_default_graph().colocate_with(params.op):
        return shape(params)


def _gather_gradient(op, dy):
    from ..indexed_slices import IndexedSlices

    params, indices = op.inputs
    params_shape = _params_shape(params)
    n = expand_dims(size(indices), 0)
    values_shape = concat([n, params_shape[1:]], 0)
    values = reshape(_dense(dy), values_shape)
    indices = reshape(indices, n)
    return [IndexedSlices(values, indices, params_shape), None]


def _batch_indices(params_shape, indices, batch_dims):
    # Indices into params with its batch dimensions flattened together with the gathered one.
    result = indices
    dtype = indices.dtype.base_dtype
    dims = math_ops.cast(params_shape, dtype)
    stride = ones((), dtype=dtype)
    for dim in range(batch_dims, 0, -1):
        n = dims[dim - 1]
        stride *= dims[dim]
        start = zeros((), dtype=dtype)
        step = ones((), dtype=dtype)
        offsets = math_ops.range(start, n, step)
        offsets *= stride
        dim_shape = concat([tile([1], [dim - 1]), [n], tile([1], [rank(indices) - dim])], axis=0)
        result += reshape(offsets, dim_shape)
    return result


def _batch_gather_gradient(params_shape, values, indices, batch_dims, n_rows):
    n = expand_dims(size(indices), 0)
    if batch_dims:
        values_shape = shape(values)
        outer = values_shape[:batch_dims]
        inner = values_shape[batch_dims:][1:]
        n_batches = core.op_type("Prod")(outer, [0], keep_dims=False)
        flat_shape = concat([[-1], inner], 0)
        n_rows *= n_batches
        indices = _batch_indices(params_shape, indices, batch_dims)
        values = reshape(_dense(values), flat_shape)
    indices = reshape(indices, n)
    result = math_ops.unsorted_segment_sum(values, indices, n_rows)
    if batch_dims:
        result = reshape(result, concat([outer, flat_shape], 0))
    return result


def _gather_v2_gradient(op, dy):
    from ..indexed_slices import IndexedSlices

    params, indices, axis = op.inputs
    params_shape = _params_shape(params)
    n = expand_dims(size(indices), 0)
    axis_static = constant_value(axis)
    batch = int(op.get_attr("batch_dims"))
    if batch < 0:
        if indices.get_shape().ndims is None:
            raise ValueError(
                "Currently, it is unsupported to take the gradient of tf.gather when batch_dims < 0 and the "
                "rank of the indices is unknown. Please pass a positive batch_dims or use tf.ensure_shape "
                f"to update the shape of indices when calling tf.gather. Got batch_dims={batch} and "
                f"indices={indices}"
            )
        batch += indices.get_shape().ndims
    if axis_static == 0:
        tail = params_shape[1:]
        values_shape = concat([n, tail], 0)
        values = reshape(_dense(dy), values_shape)
        indices = reshape(indices, n)
        return [IndexedSlices(values, indices, params_shape), None, None]
    outer = params_shape[:axis]
    inner = params_shape[axis:][1:]
    values_shape = concat([outer, [-1], inner], 0)
    n_dims = size(values_shape)
    axis_dims = size(outer)
    batch_dims = math_ops.range(batch)
    between_dims = math_ops.range(batch, axis_dims)
    inner_dims = math_ops.range(axis_dims + 1, n_dims)
    values = reshape(_dense(dy), values_shape)
    # The gathered axis comes right after the batch dimensions, so that rows can be summed.
    order = concat([batch_dims, [axis_dims], between_dims, inner_dims], 0)
    moved = transpose(values, order)
    moved_shape = gather(params_shape, order)
    dx = _batch_gather_gradient(moved_shape, moved, indices, batch, params_shape[axis])
    back = concat([batch_dims, between_dims + 1, [batch], inner_dims], 0)
    dx = transpose(dx, back)
    return [reshape(dx, shape(params)), None, None]


GATHER = OpType(
    "Gather",
    "params: Tparams, indices: Tindices -> output: Tparams",
    "validate_indices: bool = True; Tparams: type; Tindices: int32|int64",
    shape=_gather_rule,
    kernel=core.kernel("gather", _gather_kernel),
    gradient=_gather_gradient,
)

GATHER_V2 = OpType(
    "GatherV2",
    "params: Tparams, indices: Tindices, axis: Taxis -> output: Tparams",
    "batch_dims: int = 0; Tparams: type; Tindices: int16|int32|int64; Taxis: int32|int64",
    shape=_gather_v2_rule,
    kernel=core.kernel("gather", _gather_v2_kernel),
    gradient=_gather_v2_gradient,
)


@core.repeats(ignoring="params indices")
@core.direct(GATHER_V2, names={"batch_dims": None}, tensors="params", ints="axis", filled={"axis": 0})
def gather(params, indices, validate_indices=None, name=None, axis=None, batch_dims=0):
    """Slices of `params` along `axis` at `indices`.

    A variable is read sparsely when `axis` is 0. An index outside the dimension raises InvalidArgumentError.
    """
    if axis is None:
        axis = batch_dims
    if axis.__class__ is int and params.__class__ is core.Tensor:
        return GATHER_V2(params, indices, axis, batch_dims=0 if axis == 0 else batch_dims, name=name)
    if constant_value(axis) != 0:
        return GATHER_V2(params, indices, axis, batch_dims=batch_dims, name=name)
    try:
        sparse_read = params.sparse_read
    except AttributeError:
        return GATHER_V2(params, indices, axis, name=name)
    return sparse_read(indices, name=name)


def gather_v2(params, indices, validate_indices=None, axis=None, batch_dims=0, name=None):
    """`gather` with TF2's order of arguments."""
    return gather(params, indices, validate_indices, name, axis, batch_dims)


def batch_gather(params, indices, name=None):
    """Slices of `params` by the last dimension of `indices`; the dimensions before it go together."""
    with core.name_scope(name, "BatchGather", [params, indices]):
        indices = convert_to_tensor(indices, name="indices")
        params = convert_to_tensor(params, name="params")
        if indices.get_shape().ndims is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        return _batch_gather(params, indices, indices.get_shape().ndims - 1)


def _batch_gather(params, indices, batch_dims):
    n_dims = indices.get_shape().ndims
    if batch_dims < 0 or batch_dims >= n_dims:
        raise ValueError(f"Argument `batch_dims` = {batch_dims} must be less than rank(`indices`) = {n_dims}")
    params_rank = params.get_shape().ndims
    if params_rank is not None and batch_dims >= params_rank:
        raise ValueError(f"Argument `batch_dims` = {batch_dims} must be less than rank(`params`) = {params_rank}")
    op = core.op_type
    indices_shape = shape(indices)
    params_shape = shape(params)
    result = indices
    dtype = indices.dtype.base_dtype
    stride = ones((), dtype=dtype)
    dims = op("Cast")(params_shape, DstT=dtype)
    for dim in range(batch_dims, 0, -1):
        n = dims[dim - 1]
        stride *= dims[dim]
        start = zeros((), dtype=dtype)
        step = ones((), dtype=dtype)
        offsets = op("Range")(start, n, step)
        offsets *= stride
        dim_shape = stack([1] * (dim - 1) + [n] + [1] * (n_dims - dim), axis=0)
        result += reshape(offsets, dim_shape)
    flat = reshape(result, [-1])
    outer = params_shape[batch_dims + 1 :]
    n_rows = op("Prod")(params_shape[: batch_dims + 1], [0], keep_dims=False)
    rows = reshape(params, concat([[n_rows], outer], axis=0))
    result = reshape(gather(rows, flat), concat([indices_shape, outer], axis=0))
    a, b = indices.get_shape(), params.get_shape()
    final = a[:batch_dims].merge_with(b[:batch_dims])
    result.set_shape(final.concatenate(a[batch_dims:]).concatenate(b[batch_dims + 1 :]))
    return result


# ---------------------------------------------------------------- gather_nd

def _gather_nd_rule(c):
    params, indices = c.shape(0), c.shape(1)
    with_rank_at_least(indices, 1)
    if params is None or indices is None or indices[-1] is None:
        return [None]
    depth = indices[-1]
    if depth > len(params):
        raise ValueError("indices.shape[-1] must be <= params.rank, but saw indices shape: %s and params shape: %s"
                         % (show(indices), show(params)))
    return [indices[:-1] + params[depth:]]


def _outside(indices, dims):
    # Which index tuples leave the shape.
    flat = indices.reshape(-1, indices.shape[-1])
    return ((flat < 0) | (flat >= np.array(dims[: flat.shape[1]], np.int64))).any(1)


def _tuple_text(indices, row):
    flat = indices.reshape(-1, indices.shape[-1])
    return "indices%s = [%s]" % (
        position(indices.shape[:-1], row), ", ".join(str(v) for v in flat[row].tolist())
    )


def _columns(indices):
    return tuple(indices[..., i] for i in range(indices.shape[-1]))


def _gather_nd_kernel(run, op, params, indices):
    if params.ndim < 1:
        raise errors.InvalidArgumentError(None, None, "params must be at least a vector")
    if indices.ndim < 1:
        raise errors.InvalidArgumentError(None, None, "indices must be at least a vector")
    if indices.shape[-1] > params.ndim:
        raise errors.InvalidArgumentError(
            None, None, "index innermost dimension length must be <= params rank; saw: %d vs. %d"
            % (indices.shape[-1], params.ndim)
        )

    if indices.shape[-1] == 0:
        return np.broadcast_to(params, indices.shape[:-1] + params.shape)
    bad = _outside(indices, params.shape)
    if not bad.any():
        return params[_columns(indices)]
    if op._attr("bad_indices_policy")[1] != b"IGNORE":
        raise errors.InvalidArgumentError(
            None, None, "%s does not index into param shape %s, node name: %s"
            % (_tuple_text(indices, int(bad.argmax())), show(params.shape), op.name)
        )
    # What lies outside reads as zero.
    bad = bad.reshape(indices.shape[:-1])
    out = params[_columns(np.where(bad[..., np.newaxis], 0, indices))].copy()
    out[bad] = 0
    return out


def _gather_nd_gradient(op, dy):
    from ..indexed_slices import IndexedSlices

    params, indices = op.inputs
    params_shape = shape(params, out_type=indices.dtype)
    static = indices.get_shape()._dims
    if static is not None and len(static) == 2 and static[-1] == 1:
        return [IndexedSlices(dy, squeeze(indices, axis=-1), params_shape), None]
    policy = op.get_attr("bad_indices_policy")
    return [SCATTER_ND(indices, dy, params_shape, bad_indices_policy=policy), None]


GATHER_ND = OpType(
    "GatherNd",
    "params: Tparams, indices: Tindices -> output: Tparams",
    "Tparams: type; Tindices: int16|int32|int64; bad_indices_policy: string = ''",
    shape=_gather_nd_rule,
    kernel=core.kernel("gather_nd", core.session_kernel(_gather_nd_kernel)),
    gradient=_gather_nd_gradient,
)


@core.repeats(ignoring="params indices")
def gather_nd(params, indices, name=None, batch_dims=0, bad_indices_policy=""):
    """Slices of `params` at index tuples, the last dimension of `indices`."""
    static = constant_value(batch_dims)
    if static is not None:
        batch_dims = int(static)
    if batch_dims:
        return batch_gather_nd(params, indices, batch_dims, name, bad_indices_policy)
    if bad_indices_policy in ("", "DEFAULT"):
        try:
            read = params.gather_nd
        except AttributeError:
            pass
        else:
            return read(indices, name=name)
    return GATHER_ND(params, indices, bad_indices_policy=bad_indices_policy, name=name)


def batch_gather_nd(params, indices, batch_dims, name=None, bad_indices_policy=""):
    """`gather_nd` within each of the first `batch_dims` dimensions."""
    op = core.op_type
    with core.name_scope(name, "BatchGatherND", [params, indices]):
        indices = convert_to_tensor(indices, name="indices")
        params = convert_to_tensor(params, name="params")
        if not isinstance(batch_dims, int):
            raise TypeError(f"Argument `batch_dims` must be an int; got {batch_dims}")
        if batch_dims < 0:
            raise ValueError("tf.gather_nd does not allow negative batch_dims.")
        n_params = params.get_shape().ndims
        n_indices = indices.get_shape().ndims
        if n_indices is not None and batch_dims >= n_indices:
            raise ValueError(f"Argument `batch_dims` = {batch_dims} must be less than rank(`indices`) = {n_indices}")
        if n_params is not None and batch_dims >= n_params:
            raise ValueError(f"Argument `batch_dims` = {batch_dims} must be less than rank(`params`) = {n_params}")
        params_shape = shape(params)
        indices_shape = shape(indices)
        batch_shape = params_shape[:batch_dims]
        batch_size = op("Prod")(batch_shape, [0])
        n_inner = rank(indices) - batch_dims - 1
        inner = indices_shape[batch_dims:-1]
        ranges = [
            op("Cast")(op("Range")(0, op("Cast")(x, DstT=dtypes.int32), 1), DstT=indices.dtype)
            for x in unstack(batch_shape, axis=0)
        ]
        grid = [reshape(x, shape=(-1,)) for x in meshgrid(*ranges, indexing="ij")]
        grid = transpose(stack(grid, axis=0))
        grid_shape = shape(grid)
        grid = reshape(
            grid, concat([grid_shape[:1], ones(n_inner, dtype=grid_shape.dtype), grid_shape[1:]], axis=0)
        )
        grid = tile(grid, multiples=concat(((1,), inner, (1,)), axis=0))
        flat_shape = concat(([batch_size], indices_shape[batch_dims:]), axis=0)
        flat = reshape(indices, shape=flat_shape)
        indices = concat((grid, flat), axis=-1)
        out = GATHER_ND(params, indices, bad_indices_policy=bad_indices_policy)
        out_shape = shape(out)
        return reshape(out, shape=concat((batch_shape, out_shape[1:]), axis=0))


# ---------------------------------------------------------------- scatter

def _check_scatter(indices, updates, out):
    """TF's ScatterNdShape: updates should be indices.shape[:-1] + out.shape[depth:]."""
    if indices is None or updates is None or out is None or not indices or indices[-1] is None:
        return
    depth = indices[-1]
    n_outer = len(indices) - 1
    if len(updates) < n_outer:
        raise ValueError("Shape must be at least rank %d but is rank %d" % (n_outer, len(updates)))
    try:
        merge(indices[:-1], updates[:n_outer])
    except ValueError:
        raise ValueError(
            "Dimensions [0,%d) of indices[shape=%s] = %s must match dimensions [0,%d) of updates[shape=%s] "
            "= %s: %s"
            % (n_outer, show(indices), show(indices[:-1]), n_outer, show(updates), show(updates[:n_outer]),
               _merge_text(indices[:-1], updates[:n_outer]))
        ) from None
    try:
        merge(out[depth:], updates[n_outer:])
    except ValueError as error:
        raise ValueError(
            "Dimensions [%d,%d) of input[shape=%s] = %s must match dimensions [%d,%d) of updates[shape=%s] "
            "= %s: %s"
            % (depth, len(out), show(out), show(out[depth:]), n_outer, len(updates), show(updates),
               show(updates[n_outer:]), error)
        ) from None


def _merge_text(a, b):
    try:
        merge(a, b)
    except ValueError as error:
        return error
    return ""


def _scatter_nd_rule(c):
    out = c.constant_shape(2)
    with_rank_at_least(c.shape(0), 1)
    with_rank_at_least(c.shape(1), 1)
    _check_scatter(c.shape(0), c.shape(1), out)
    return [out]


def _scatter(out, indices, updates, how, policy):
    depth = indices.shape[-1]
    bad = _outside(indices, out.shape)
    if bad.any():
        if policy != b"IGNORE":
            raise errors.InvalidArgumentError(
                None, None, "%s does not index into shape %s"
                % (_tuple_text(indices, int(bad.argmax())), show(out.shape))
            )
        kept = ~bad.reshape(indices.shape[:-1])
        indices, updates = indices[kept], updates[kept]
    if depth == 0:
        for update in updates.reshape((-1,) + out.shape):
            if how is None:
                out[...] = update
            else:
                how(out, update, out=out)
    elif how is None:
        out[_columns(indices)] = updates
    else:
        how.at(out, _columns(indices), updates)
    return out


def _scatter_nd_kernel(attrs, indices, updates, dims):
    out = np.zeros(dims, updates.dtype)
    if indices.ndim < 1:
        raise errors.InvalidArgumentError(
            None, None, "Indices shape must have rank at least one. Found:%s" % show(indices.shape)
        )
    n_outer = indices.ndim - 1
    depth = indices.shape[-1]
    text = "Dimensions [%d,%d) of %s[shape=%s] must match dimensions [%d,%d) of updates[shape=%s]"
    if updates.shape[:n_outer] != indices.shape[:-1]:
        raise errors.InvalidArgumentError(
            None, None, text % (0, n_outer, "indices", show(indices.shape), 0, n_outer, show(updates.shape))
        )
    if updates.shape[n_outer:] != out.shape[depth:]:
        raise errors.InvalidArgumentError(
            None, None, text
            % (depth, out.ndim, "input", show(out.shape), n_outer, updates.ndim, show(updates.shape))
        )
    if out.dtype == object:
        out[...] = b""
        how = None
    else:
        how = np.logical_or if out.dtype == bool else np.add
    return _scatter(out, indices, updates, how, attrs["bad_indices_policy"])


SCATTER_ND = OpType(
    "ScatterNd",
    "indices: Tindices, updates: T, shape: Tindices -> output: T",
    "T: type; Tindices: int16|int32|int64; bad_indices_policy: string = ''",
    shape=_scatter_nd_rule,
    kernel=core.kernel("scatter_nd", _scatter_nd_kernel),
    gradient=lambda op, dy: [None, gather_nd(dy, op.inputs[0]), None],
    lacking="T: resource|variant",
)


def scatter_nd(indices, updates, shape, name=None, bad_indices_policy=""):
    """Zeros of `shape` with `updates` added at `indices`."""
    return SCATTER_ND(indices, updates, shape, bad_indices_policy=bad_indices_policy, name=name)


def _tensor_scatter_rule(c):
    with_rank_at_least(c.shape(1), 1)
    _check_scatter(c.shape(1), c.shape(2), c.shape(0))
    return [c.shape(0)]


def _tensor_scatter_kernel(how):
    def kernel(attrs, x, indices, updates):
        n_outer = indices.ndim - 1
        if updates.shape[:n_outer] != indices.shape[:-1]:
            raise errors.InvalidArgumentError(
                None, None, "Outer dimensions of indices and update must match. Indices shape: %s, updates shape:%s"
                % (show(indices.shape), show(updates.shape))
            )
        n_inner = x.ndim - indices.shape[-1]
        if updates.shape[n_outer:] != x.shape[indices.shape[-1] :]:
            raise errors.InvalidArgumentError(
                None, None, "The inner %d dimensions of output.shape=%s must match the inner %d dimensions of "
                "updates.shape=%s" % (n_inner, show(x.shape), updates.ndim - n_outer, show(updates.shape))
            )
        return _scatter(x.copy(), indices, updates, how, attrs["bad_indices_policy"])

    return kernel


def _update_gradient(op, dy):
    indices = op.inputs[1]
    d_updates = gather_nd(dy, indices)
    dx = TENSOR_SCATTER_UPDATE(identity(dy), indices, zeros_like(op.inputs[2], dtype=dy.dtype))
    return [dx, None, d_updates]


def _add_gradient(op, dy):
    d_updates = gather_nd(dy, op.inputs[1])
    return [identity(dy), None, d_updates]


def _sub_gradient(op, dy):
    d_updates = gather_nd(dy, op.inputs[1])
    dx = identity(dy)
    return [dx, None, -d_updates]


def _extreme_gradient(op, dy):
    x, indices, y = op.inputs
    out = op.outputs[0]
    x_chosen = math_ops.cast(math_ops.equal(x, out), dy.dtype)
    policy = op.get_attr("bad_indices_policy")
    y_out = gather_nd(out, indices, bad_indices_policy=policy)
    y_chosen = math_ops.cast(math_ops.equal(y, y_out), dy.dtype)
    spread = scatter_nd(indices, y_chosen, shape(x, out_type=indices.dtype), bad_indices_policy=policy)
    # Equal candidates share the gradient.
    count = x_chosen + spread
    dx = dy * x_chosen / count
    d_updates = gather_nd(dy / count, indices, bad_indices_policy=policy) * y_chosen
    return [dx, None, d_updates]


def _tensor_scatter(type, how, gradient, index_types="int32|int64"):
    typed = {None: "tensor_scatter_update", np.add: "tensor_scatter_add", np.subtract: "tensor_scatter_sub"}.get(how)
    return OpType(
        type,
        "tensor: T, indices: Tindices, updates: T -> output: T",
        "T: type; Tindices: %s; bad_indices_policy: string = ''" % index_types,
        shape=_tensor_scatter_rule,
        kernel=core.kernel(typed, _tensor_scatter_kernel(how)) if typed else _tensor_scatter_kernel(how),
        gradient=gradient,
    )


TENSOR_SCATTER_UPDATE = _tensor_scatter("TensorScatterUpdate", None, _update_gradient, "int16|int32|int64|uint16")
TENSOR_SCATTER_ADD = _tensor_scatter("TensorScatterAdd", np.add, _add_gradient)
TENSOR_SCATTER_SUB = _tensor_scatter("TensorScatterSub", np.subtract, _sub_gradient)
TENSOR_SCATTER_MIN = _tensor_scatter("TensorScatterMin", np.minimum, _extreme_gradient)
TENSOR_SCATTER_MAX = _tensor_scatter("TensorScatterMax", np.maximum, _extreme_gradient)

SCATTER_ND_NON_ALIASING_ADD = OpType(
    "ScatterNdNonAliasingAdd",
    "input: T, indices: Tindices, updates: T -> output: T",
    "T: float32|float64|int32|uint8|int16|int8|complex64|int64|qint8|quint8|qint32|bfloat16|qint16|quint16"
    "|uint16|complex128|float16|uint32|uint64|bool; Tindices: int32|int64; bad_indices_policy: string = ''",
    shape=_tensor_scatter_rule,
    kernel=_tensor_scatter_kernel(np.add),
    gradient=lambda op, dy: [dy, None, gather_nd(dy, op.inputs[1])],
)


def tensor_scatter_nd_update(tensor, indices, updates, name=None):
    """A copy of `tensor` with `updates` at `indices`; of equal indices the last one counts."""
    return TENSOR_SCATTER_UPDATE(tensor, indices, updates, name=name)


def tensor_scatter_nd_add(tensor, indices, updates, name=None):
    """A copy of `tensor` with `updates` added at `indices`."""
    return TENSOR_SCATTER_ADD(tensor, indices, updates, name=name)


def tensor_scatter_nd_sub(tensor, indices, updates, name=None):
    """A copy of `tensor` with `updates` subtracted at `indices`."""
    return TENSOR_SCATTER_SUB(tensor, indices, updates, name=name)


def tensor_scatter_nd_min(tensor, indices, updates, name=None):
    """A copy of `tensor` with the smaller of it and `updates` at `indices`."""
    return TENSOR_SCATTER_MIN(tensor, indices, updates, name=name)


def tensor_scatter_nd_max(tensor, indices, updates, name=None):
    """A copy of `tensor` with the larger of it and `updates` at `indices`."""
    return TENSOR_SCATTER_MAX(tensor, indices, updates, name=name)


def scatter_nd_non_aliasing_add(input, indices, updates, name=None):
    """`input` with `updates` added at `indices`."""
    return SCATTER_ND_NON_ALIASING_ADD(input, indices, updates, name=name)


tensor_scatter_update = tensor_scatter_nd_update
tensor_scatter_add = tensor_scatter_nd_add
tensor_scatter_sub = tensor_scatter_nd_sub
tensor_scatter_min = tensor_scatter_nd_min
tensor_scatter_max = tensor_scatter_nd_max

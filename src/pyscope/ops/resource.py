"""Ops on resource variables: a handle names the variable, these read and change what it refers to.

In a run the value of a handle is a ``core.VariableState``, kept by the session under (container, shared name).
"""

import numpy as np

from .. import _core as core
from .. import errors
from . import _rules as rules
from . import _updates as updates


def handle_data(handle):
    """What a resource handle refers to: ``(shape, DType)`` with a tuple or None as the shape; None if not known."""
    op = handle.op
    if op.type == "VarHandleOp":
        return op._attr("shape")[1]._dims, op._attr("dtype")[1]
    known = handle.graph.handle_data.get(handle._id)
    return known[0] if known else None


# ---------------------------------------------------------------- shapes


def _variable_shape(c):
    known = c.variable(0)
    return known[0] if known else None


def _read_shape(c):
    known = c.variable(0)
    if known is None:
        return [None]
    shape, dtype = known
    if dtype is not c.attr("dtype"):
        raise ValueError(
            f"Trying to read variable with wrong dtype. Expected {_short(dtype)} got {_short(c.attr('dtype'))}"
        )
    return [shape]


def _short(dtype):
    """C++'s name of a type."""
    return {"float32": "float", "float64": "double", "float16": "half"}.get(dtype.name, dtype.name)


def _assign_shape(c):
    known = c.variable(0)
    if known is not None:
        shape, dtype = known
        if dtype is not c.attr("dtype"):
            raise ValueError(
                f"Trying to initialize handle for variable with wrong dtype. Expected {_short(dtype)} got "
                f"{_short(c.attr('dtype'))}"
            )
        rules.merge(shape, c.shape(1))
    return []


def _variable_shape_shape(c):
    shape = _variable_shape(c)
    return [(None if shape is None else len(shape),)]


def _scatter_shape(c):
    shape, indices, update = _variable_shape(c), c.shape(1), c.shape(2)
    rules.with_rank_at_least(shape, 1)
    if shape is not None and indices is not None and update:
        rules.merge(indices + shape[1:], update)
    return []


def _gather_shape(c):
    shape, indices = rules.with_rank_at_least(_variable_shape(c), 1), c.shape(1)
    if shape is None or indices is None:
        return [None]
    batch_dims = c.attr("batch_dims")
    return [indices + shape[1 + batch_dims :]] if not batch_dims else [
        shape[:batch_dims] + indices[batch_dims:] + shape[batch_dims + 1 :]
    ]


def gather_nd_shape(shape, indices):
    """Static shape of ``gather_nd`` over `shape`."""
    indices = rules.with_rank_at_least(indices, 1)
    if shape is None or indices is None or indices[-1] is None:
        return None
    depth = indices[-1]
    if depth > len(shape):
        raise ValueError(
            f"indices.shape[-1] must be <= params.rank, but saw indices shape: {rules.text(indices)} and params "
            f"shape: {rules.text(shape)}"
        )
    return indices[:-1] + shape[depth:]


def _gather_nd_shape(c):
    return [gather_nd_shape(_variable_shape(c), c.shape(1))]


def check_scatter_nd(shape, indices, update):
    """TF's checks that indices and updates of a scatter_nd fit `shape`."""
    indices = rules.with_rank_at_least(indices, 1)
    update = rules.with_rank_at_least(update, 1)
    if shape is None or indices is None or update is None:
        return
    n_outer = len(indices) - 1
    try:
        rules.merge(indices[:-1], update[:n_outer])
    except ValueError:
        raise ValueError(
            f"Dimensions [0,{n_outer}) of indices[shape={rules.text(indices)}] = {rules.text(indices[:-1])} must "
            f"match dimensions [0,{n_outer}) of updates[shape={rules.text(update)}] = {rules.text(update[:n_outer])}: "
            "Shapes must be equal rank"
        ) from None
    depth = indices[-1]
    if depth is None:
        return
    try:
        rules.merge(shape[depth:], update[n_outer:])
    except ValueError as error:
        raise ValueError(
            f"Dimensions [{depth},{len(shape)}) of input[shape={rules.text(shape)}] = {rules.text(shape[depth:])} "
            f"must match dimensions [{n_outer},{len(update)}) of updates[shape={rules.text(update)}] = "
            f"{rules.text(update[n_outer:])}: {error}"
        ) from None


def _scatter_nd_shape(c):
    check_scatter_nd(_variable_shape(c), c.shape(1), c.shape(2))
    return []


def _nothing(c):
    return []


# ---------------------------------------------------------------- in a run


@core.session_kernel
def _var_handle(run, op):
    name = op.get_attr("shared_name").decode() or op.name
    key = (op.get_attr("container").decode(), name)
    resources = run.resources
    state = resources.get(key)
    if state is None:
        # setdefault: two threads may meet a variable for the first time together.
        state = resources.setdefault(key, core.VariableState(name))
    return state


def _missing(run, state):
    """TF's words for a variable that has no value yet: its container or the variable does not exist."""
    if any(getattr(other, "value", None) is not None for other in run.resources.values()):
        return f"Resource localhost/{state.name}/N10tensorflow3VarE does not exist."
    return f"Container localhost does not exist. (Could not find resource: localhost/{state.name})"


def _value(run, state):
    value = state.value
    if value is None:
        raise errors.NotFoundError(None, None, _missing(run, state))
    return value


@core.session_kernel
def _is_initialized(run, op, state):
    return np.bool_(state.value is not None)


@core.session_kernel
def _read(run, op, state):
    value = state.value
    if value is None:
        raise errors.FailedPreconditionError(
            None,
            None,
            f"Could not find variable {state.name}. This could mean that the variable has been deleted. In TF1, it "
            "can also mean the variable is uninitialized. Debug info: container=localhost, status error message="
            + _missing(run, state),
        )
    return value


@core.session_kernel
def _assign(run, op, state, value):
    old = state.value
    if old is not None and old.shape != value.shape and op.get_attr("validate_shape"):
        raise updates.invalid(
            "Trying to assign to variable with tensor with wrong shape. Expected "
            f"{rules.text(old.shape)} got {rules.text(value.shape)}"
        )
    state.value = np.array(value)    # a feed may be behind it


def _updating(combine):
    @core.session_kernel
    def kernel(run, op, state, delta):
        value = _value(run, state)
        if value.shape != delta.shape:
            raise updates.invalid(
                f"Cannot update variable with shape {rules.text(value.shape)} using a Tensor with shape "
                f"{rules.text(delta.shape)}, shapes must be equal."
            )
        state.value = np.asarray(combine(value, delta))

    return kernel


@core.session_kernel
def _shape_of(run, op, state):
    return np.array(_value(run, state).shape, op.get_attr("out_type").as_numpy_dtype)


@core.session_kernel
def _gather(run, op, state, indices):
    return updates.gather(_value(run, state), indices, op.get_attr("batch_dims"))


@core.session_kernel
def _gather_nd(run, op, state, indices):
    return updates.gather_nd(_value(run, state), indices, op.name)


def _scattering(scatter, how):
    @core.session_kernel
    def kernel(run, op, state, indices, delta):
        state.value = scatter(_value(run, state), indices, delta, how)

    return kernel


_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")


@core.session_kernel
def _assign_slice(run, op, state, begin, end, strides, value):
    masks = {mask: op.get_attr(mask) for mask in _MASKS}
    state.value = updates.assign_slice(_value(run, state), begin, end, strides, value, masks)


@core.session_kernel
def _count_up_to(run, op, state):
    value, limit = _value(run, state), op.get_attr("limit")
    if value >= limit:
        raise errors.OutOfRangeError(None, None, f"Reached limit of {limit}")
    state.value = np.asarray(value + 1, value.dtype)
    return value


@core.session_kernel
def _destroy(run, op, state):
    if state.value is None and not op.get_attr("ignore_lookup_error"):
        raise errors.NotFoundError(None, None, _missing(run, state))
    state.value = None


@core.session_kernel
def _disable_copy_on_read(run, op, state):
    return None


# ---------------------------------------------------------------- gradients


def variable_shape(handle, out_type=None):
    """Shape of the variable behind `handle`: a constant where it is known."""
    from .. import conversion, dtypes

    out_type = out_type or dtypes.int32
    known = handle_data(handle)
    if known is None or known[0] is None or None in known[0]:
        return VARIABLE_SHAPE(handle, out_type=out_type)
    return conversion.constant(list(known[0]), dtype=out_type)


def _gather_gradient(op, grad):
    from ..indexed_slices import IndexedSlices
    from . import array as array_ops

    handle, indices = op.inputs[0], op.inputs[1]
    params_shape = variable_shape(handle)
    size = array_ops.expand_dims(array_ops.size(indices), 0)
    values = array_ops.reshape(grad, array_ops.concat([size, params_shape[1:]], 0))
    return [IndexedSlices(values, array_ops.reshape(indices, size), params_shape), None]


def _gather_nd_gradient(op, grad):
    from ..indexed_slices import IndexedSlices
    from . import array as array_ops

    handle, indices = op.inputs[0], op.inputs[1]
    shape = variable_shape(handle, indices.dtype)
    dims = indices.shape._dims
    if dims is not None and len(dims) == 2 and dims[-1] == 1:
        return [IndexedSlices(grad, array_ops.squeeze(indices, axis=-1), shape), None]
    return [array_ops.scatter_nd(indices, grad, shape), None]


# ---------------------------------------------------------------- op types

VAR_HANDLE_OP = core.OpType(
    "VarHandleOp",
    " -> resource: resource",
    "container: string = ''; shared_name: string = ''; debug_name: string = ''; dtype: type; shape: shape; "
    "allowed_devices: list(string) = []",
    shape="scalar",
    kernel=core.kernel("variable", _var_handle),
    stateful=True,
)

VAR_IS_INITIALIZED_OP = core.OpType(
    "VarIsInitializedOp",
    "resource: resource -> is_initialized: bool",
    shape="scalar",
    kernel=_is_initialized,
    gradient=core.NO_GRADIENT,
    stateful=True,
)

READ_VARIABLE_OP = core.OpType(
    "ReadVariableOp",
    "resource: resource -> value: dtype",
    "dtype: type",
    shape=core.shape_rule("read_variable", _read_shape),
    kernel=core.kernel("read_variable", _read),
    gradient=core.replayed(lambda op, grad: [grad]),
    stateful=True,
)

ASSIGN_VARIABLE_OP = core.OpType(
    "AssignVariableOp",
    "resource: resource, value: dtype -> ",
    "dtype: type; validate_shape: bool = False",
    shape=core.shape_rule("assign_variable", _assign_shape),
    kernel=core.kernel("assign", _assign),
    stateful=True,
)

ASSIGN_ADD_VARIABLE_OP = core.OpType(
    "AssignAddVariableOp",
    "resource: resource, value: dtype -> ",
    "dtype: type",
    shape=core.shape_rule("assign_variable", _assign_shape),
    kernel=core.kernel("assign_add", _updating(np.add)),
    stateful=True,
    lacking="dtype: bool|string",
)

ASSIGN_SUB_VARIABLE_OP = core.OpType(
    "AssignSubVariableOp",
    "resource: resource, value: dtype -> ",
    "dtype: type",
    shape=core.shape_rule("assign_variable", _assign_shape),
    kernel=core.kernel("assign_sub", _updating(np.subtract)),
    stateful=True,
    lacking="dtype: bool|string",
)

VARIABLE_SHAPE = core.OpType(
    "VariableShape",
    "input: resource -> output: out_type",
    "out_type: int32|int64 = int32",
    shape=_variable_shape_shape,
    kernel=core.kernel("shape", _shape_of),
    gradient=core.NO_GRADIENT,
    stateful=True,
)

RESOURCE_GATHER = core.OpType(
    "ResourceGather",
    "resource: resource, indices: Tindices -> output: dtype",
    "batch_dims: int = 0; validate_indices: bool = True; dtype: type; Tindices: int32|int64",
    shape=_gather_shape,
    kernel=core.kernel("resource_gather", _gather),
    gradient=_gather_gradient,
    stateful=True,
)

RESOURCE_GATHER_ND = core.OpType(
    "ResourceGatherNd",
    "resource: resource, indices: Tindices -> output: dtype",
    "dtype: type; Tindices: int32|int64",
    shape=_gather_nd_shape,
    kernel=_gather_nd,
    gradient=_gather_nd_gradient,
    stateful=True,
)


def _scatter_type(how):
    return core.OpType(
        "ResourceScatter" + how.capitalize(),
        "resource: resource, indices: Tindices, updates: dtype -> ",
        f"dtype: {'type' if how == 'update' else rules.NUMBER}; Tindices: int32|int64",
        shape=_scatter_shape,
        kernel=updates.scatter_kernel(_scattering(updates.scatter, how), how),
        stateful=True,
    )


def _scatter_nd_type(how):
    return core.OpType(
        "ResourceScatterNd" + how.capitalize(),
        "ref: resource, indices: Tindices, updates: T -> ",
        "T: type; Tindices: int32|int64; use_locking: bool = True; bad_indices_policy: string = ''",
        shape=_scatter_nd_shape,
        kernel=_scattering(updates.scatter_nd, how),
        stateful=True,
    )


RESOURCE_SCATTER = {how: _scatter_type(how) for how in ("add", "sub", "mul", "div", "min", "max", "update")}
RESOURCE_SCATTER_ND = {how: _scatter_nd_type(how) for how in ("update", "add", "sub", "max", "min")}

RESOURCE_STRIDED_SLICE_ASSIGN = core.OpType(
    "ResourceStridedSliceAssign",
    "ref: resource, begin: Index, end: Index, strides: Index, value: T -> ",
    "T: type; Index: int32|int64; begin_mask: int = 0; end_mask: int = 0; ellipsis_mask: int = 0; "
    "new_axis_mask: int = 0; shrink_axis_mask: int = 0",
    shape=_nothing,
    kernel=_assign_slice,
    stateful=True,
)

RESOURCE_COUNT_UP_TO = core.OpType(
    "ResourceCountUpTo",
    "resource: resource -> output: T",
    "limit: int; T: int32|int64",
    shape="scalar",
    kernel=_count_up_to,
    stateful=True,
)

DESTROY_RESOURCE_OP = core.OpType(
    "DestroyResourceOp",
    "resource: resource -> ",
    "ignore_lookup_error: bool = True",
    shape=_nothing,
    kernel=_destroy,
    stateful=True,
)

DISABLE_COPY_ON_READ = core.OpType(
    "DisableCopyOnRead",
    "resource: resource -> ",
    shape=_nothing,
    kernel=_disable_copy_on_read,
    stateful=True,
)

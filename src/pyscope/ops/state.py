"""Ops on reference variables, and the functions that change a variable of either kind."""

import numpy as np

from .. import _core as core
from .. import errors
from . import _rules as rules
from . import _updates as updates
from . import resource

# ---------------------------------------------------------------- shapes


def _declared_shape(c):
    return [c.attr("shape")._dims]


def _assign_shape(c):
    if c.attr("validate_shape"):
        return [rules.merge(c.shape(0), c.shape(1))]
    return [c.shape(1)]


def _update_shape(c):
    return [rules.merge(c.shape(0), c.shape(1))]


def _scatter_shape(c):
    shape, indices, update = c.shape(0), c.shape(1), c.shape(2)
    rules.with_rank_at_least(shape, 1)
    if shape is not None and indices is not None and update:
        rules.merge(indices + shape[1:], update)
    return [shape]


def _scatter_nd_shape(c):
    resource.check_scatter_nd(c.shape(0), c.shape(1), c.shape(2))
    return [c.shape(0)]


def _slice_assign_shape(c):
    return [c.shape(0)]


def _count_shape(c):
    return [rules.with_rank(c.shape(0), 0)]


# ---------------------------------------------------------------- in a run


@core.session_kernel
def _variable(run, op):
    name = op.name
    key = (op.get_attr("container").decode(), "ref:" + (op.get_attr("shared_name").decode() or name))
    resources = run.resources
    state = resources.get(key)
    if state is None:
        state = resources.setdefault(key, core.VariableState(name, is_ref=True))
    return state


def _value(state):
    value = state.value
    if value is None:
        raise errors.FailedPreconditionError(None, None, f"Attempting to use uninitialized value {state.name}")
    return value


@core.session_kernel
def _is_initialized(run, op, state):
    return np.bool_(state.value is not None)


@core.session_kernel
def _assign(run, op, state, value):
    # Before the first assignment the declared shape counts: TF has set aside a buffer of it.
    shape = op.inputs[0].shape._dims if state.value is None else state.value.shape
    if shape is not None and None not in shape and shape != value.shape and op.get_attr("validate_shape"):
        raise updates.invalid(
            f"Assign requires shapes of both tensors to match. lhs shape= {rules.text(shape)} rhs shape= "
            f"{rules.text(value.shape)}"
        )
    state.put(np.array(value))       # a feed may be behind it
    return state


def _updating(combine):
    @core.session_kernel
    def kernel(run, op, state, delta):
        value = _value(state)
        if value.shape != delta.shape:
            raise updates.invalid(
                f"var and delta do not have the same shape{rules.text(value.shape)} {rules.text(delta.shape)}"
            )
        state.put(np.asarray(combine(value, delta)))
        return state

    return kernel


def _scattering(scatter, how):
    @core.session_kernel
    def kernel(run, op, state, indices, delta):
        state.put(scatter(_value(state), indices, delta, how))
        return state

    return kernel


@core.session_kernel
def _assign_slice(run, op, state, begin, end, strides, value):
    masks = {mask: op.get_attr(mask) for mask in resource._MASKS}
    state.put(updates.assign_slice(_value(state), begin, end, strides, value, masks))
    return state


@core.session_kernel
def _count_up_to(run, op, state):
    value, limit = _value(state), op.get_attr("limit")
    if value >= limit:
        raise errors.OutOfRangeError(None, None, f"Reached limit of {limit}")
    before = value.copy()
    state.put(np.asarray(value + 1, value.dtype))
    return before


# ---------------------------------------------------------------- op types


def _variable_type(name):
    return core.OpType(
        name,
        " -> ref: &dtype",
        "shape: shape; dtype: type; container: string = ''; shared_name: string = ''",
        shape=core.shape_rule("attribute", _declared_shape),
        kernel=core.kernel("variable", _variable),
        stateful=True,
    )


VARIABLE = _variable_type("Variable")
VARIABLE_V2 = _variable_type("VariableV2")

IS_VARIABLE_INITIALIZED = core.OpType(
    "IsVariableInitialized",
    "ref: &dtype -> is_initialized: bool",
    "dtype: type",
    shape="scalar",
    kernel=_is_initialized,
)

ASSIGN = core.OpType(
    "Assign",
    "ref: &T, value: T -> output_ref: &T",
    "T: type; validate_shape: bool = True; use_locking: bool = True",
    shape=_assign_shape,
    kernel=core.kernel("assign", _assign),
    gradient=core.NO_GRADIENT,
)

ASSIGN_ADD = core.OpType(
    "AssignAdd",
    "ref: &T, value: T -> output_ref: &T",
    f"T: {rules.NUMBER}; use_locking: bool = False",
    shape=_update_shape,
    kernel=core.kernel("assign_add", _updating(np.add)),
    gradient=core.NO_GRADIENT,
)

ASSIGN_SUB = core.OpType(
    "AssignSub",
    "ref: &T, value: T -> output_ref: &T",
    f"T: {rules.NUMBER}; use_locking: bool = False",
    shape=_update_shape,
    kernel=core.kernel("assign_sub", _updating(np.subtract)),
    gradient=core.NO_GRADIENT,
)


def _scatter_type(how):
    types = {"update": "type", "min": "float16|bfloat16|float32|float64|int32|int64"}
    types["max"] = types["min"]
    return core.OpType(
        "Scatter" + how.capitalize(),
        "ref: &T, indices: Tindices, updates: T -> output_ref: &T",
        f"T: {types.get(how, rules.NUMBER)}; Tindices: int32|int64; use_locking: bool = {how == 'update'}",
        shape=_scatter_shape,
        kernel=updates.scatter_kernel(_scattering(updates.scatter, how), how),
        gradient=core.NO_GRADIENT if how in ("add", "sub", "mul", "div") else None,
    )


def _scatter_nd_type(how):
    return core.OpType(
        "ScatterNd" + how.capitalize(),
        "ref: &T, indices: Tindices, updates: T -> output_ref: &T",
        f"T: {'type' if how == 'update' else rules.NUMBER}; Tindices: int32|int64; "
        f"use_locking: bool = {how == 'update'}; bad_indices_policy: string = ''",
        shape=_scatter_nd_shape,
        kernel=_scattering(updates.scatter_nd, how),
        gradient=core.NO_GRADIENT if how in ("update", "add", "sub") else None,
    )


SCATTER = {how: _scatter_type(how) for how in ("add", "sub", "mul", "div", "min", "max", "update")}
SCATTER_ND = {how: _scatter_nd_type(how) for how in ("update", "add", "sub", "max", "min")}

STRIDED_SLICE_ASSIGN = core.OpType(
    "StridedSliceAssign",
    "ref: &T, begin: Index, end: Index, strides: Index, value: T -> output_ref: &T",
    "T: type; Index: int32|int64; begin_mask: int = 0; end_mask: int = 0; ellipsis_mask: int = 0; "
    "new_axis_mask: int = 0; shrink_axis_mask: int = 0",
    shape=_slice_assign_shape,
    kernel=_assign_slice,
)

COUNT_UP_TO = core.OpType(
    "CountUpTo",
    "ref: &T -> output: T",
    "limit: int; T: int32|int64",
    shape=_count_shape,
    kernel=_count_up_to,
)


# ---------------------------------------------------------------- functions for both kinds


def _locking(use_locking):
    return {} if use_locking is None else {"use_locking": use_locking}


def assign(ref, value, validate_shape=None, use_locking=None, name=None):
    """Change `ref` to `value`, when run.

    Returns
    -------
    Tensor
        The new value of `ref`, a reference if `ref` is a reference variable.
    """
    if ref.dtype._is_ref_dtype:
        attrs = _locking(use_locking)
        if validate_shape is not None:
            attrs["validate_shape"] = validate_shape
        return ASSIGN(ref, value, name=name, **attrs)
    return ref.assign(value, name=name)


def assign_add(ref, value, use_locking=None, name=None):
    """Add `value` to `ref`, when run; the result is the new value."""
    if ref.dtype._is_ref_dtype:
        return ASSIGN_ADD(ref, value, name=name, **_locking(use_locking))
    return ref.assign_add(value)


def assign_sub(ref, value, use_locking=None, name=None):
    """Subtract `value` from `ref`, when run; the result is the new value."""
    if ref.dtype._is_ref_dtype:
        return ASSIGN_SUB(ref, value, name=name, **_locking(use_locking))
    return ref.assign_sub(value)


def count_up_to(ref, limit, name=None):
    """Value of `ref` before adding 1 to it; OutOfRangeError once it has reached `limit`."""
    if ref.dtype._is_ref_dtype:
        return COUNT_UP_TO(ref, name=name, limit=limit)
    return resource.RESOURCE_COUNT_UP_TO(ref.handle, name=name, limit=limit, T=ref.dtype)


def is_variable_initialized(ref, name=None):
    """Bool scalar: has `ref` a value in this session?"""
    if ref.dtype._is_ref_dtype:
        return IS_VARIABLE_INITIALIZED(ref, name=name)
    return ref.is_initialized(name=name)


def _scatter(how, ref, indices, delta, use_locking, name, types=SCATTER, resource_types=resource.RESOURCE_SCATTER):
    if ref.dtype._is_ref_dtype:
        return types[how](ref, indices, delta, name=name, **_locking(use_locking))
    from ..conversion import convert_to_tensor

    delta = convert_to_tensor(delta, ref.dtype)
    return ref._lazy_read(resource_types[how](ref.handle, indices, delta, name=name))


def _scatter_nd(how, ref, indices, delta, use_locking, name):
    return _scatter(how, ref, indices, delta, use_locking, name, SCATTER_ND, resource.RESOURCE_SCATTER_ND)


def scatter_update(ref, indices, updates, use_locking=True, name=None):
    """Replace rows `indices` of `ref` by `updates`, when run."""
    return _scatter("update", ref, indices, updates, use_locking, name)


def scatter_add(ref, indices, updates, use_locking=False, name=None):
    """Add `updates` to rows `indices` of `ref`, when run."""
    return _scatter("add", ref, indices, updates, use_locking, name)


def scatter_sub(ref, indices, updates, use_locking=False, name=None):
    """Subtract `updates` from rows `indices` of `ref`, when run."""
    return _scatter("sub", ref, indices, updates, use_locking, name)


def scatter_mul(ref, indices, updates, use_locking=False, name=None):
    """Multiply rows `indices` of `ref` by `updates`, when run."""
    return _scatter("mul", ref, indices, updates, use_locking, name)


def scatter_div(ref, indices, updates, use_locking=False, name=None):
    """Divide rows `indices` of `ref` by `updates`, when run."""
    return _scatter("div", ref, indices, updates, use_locking, name)


def scatter_max(ref, indices, updates, use_locking=False, name=None):
    """Raise rows `indices` of `ref` to at least `updates`, when run."""
    return _scatter("max", ref, indices, updates, use_locking, name)


def scatter_min(ref, indices, updates, use_locking=False, name=None):
    """Lower rows `indices` of `ref` to at most `updates`, when run."""
    return _scatter("min", ref, indices, updates, use_locking, name)


def scatter_nd_update(ref, indices, updates, use_locking=True, name=None):
    """Replace the slices of `ref` that `indices` points at by `updates`, when run."""
    return _scatter_nd("update", ref, indices, updates, use_locking, name)


def scatter_nd_add(ref, indices, updates, use_locking=False, name=None):
    """Add `updates` to the slices of `ref` that `indices` points at, when run."""
    return _scatter_nd("add", ref, indices, updates, use_locking, name)


def scatter_nd_sub(ref, indices, updates, use_locking=False, name=None):
    """Subtract `updates` from the slices of `ref` that `indices` points at, when run."""
    return _scatter_nd("sub", ref, indices, updates, use_locking, name)


def batch_scatter_update(ref, indices, updates, use_locking=True, name=None):
    """Replace entries of `ref` by `updates` along its last indexed dimension, the leading ones in step.

    Parameters
    ----------
    ref : Variable
    indices : Tensor, int32 or int64, known rank
        ``ref[i1, ..., in, indices[i1, ..., in, j]] = updates[i1, ..., in, j]``.
    """
    from ..conversion import convert_to_tensor
    from . import array as array_ops
    from . import math as math_ops

    with core.name_scope(name):
        indices = convert_to_tensor(indices, name="indices")
        indices_shape = array_ops.shape(indices)
        n_dims = indices.get_shape().ndims
        if n_dims is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        nd_indices = array_ops.expand_dims(indices, axis=-1)
        parts = []
        for dimension in range(n_dims - 1):
            size = indices_shape[dimension]
            shape = [1] * (n_dims + 1)
            shape[dimension] = size
            steps = array_ops.reshape(math_ops.RANGE(0, size, 1), shape)
            if steps.dtype.base_dtype != nd_indices.dtype:
                steps = math_ops.CAST(steps, DstT=nd_indices.dtype)
            parts.append(steps * array_ops.ones_like(nd_indices))
        parts.append(nd_indices)
        return scatter_nd_update(ref, array_ops.concat(parts, axis=-1), updates, use_locking=use_locking)

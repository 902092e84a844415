"""Arithmetic of the ops that change variables: what reference and resource variables share.

Every function returns a new array and leaves its arguments alone, so that whoever read a variable earlier keeps what
was read.
"""

import numpy as np

from .. import _core as core
from .. import errors
from . import _rules as rules


def invalid(message):
    """The error of a kernel whose inputs do not fit; the executor adds the operation."""
    return errors.InvalidArgumentError(None, None, message)


def _truncated_quotient(value, delta):
    """Division as C does it: integers round toward zero."""
    if value.dtype.kind not in "iu":
        return np.divide(value, delta)
    if not np.all(delta):
        raise invalid("Integer division by zero")
    quotient = np.floor_divide(value, delta)
    return quotient + ((quotient < 0) & (quotient * delta != value))


COMBINE = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": _truncated_quotient,
    "min": np.minimum,
    "max": np.maximum,
}


def _position(shape, flat):
    """``[i,j]`` for the flat position `flat` of an array of `shape`; empty for a scalar."""
    return "[" + ",".join(str(i) for i in np.unravel_index(flat, shape)) + "]" if shape else ""


def check_rows(indices, n_rows):
    """Raise TF's error unless all of `indices` are in ``[0, n_rows)``."""
    outside = (indices < 0) | (indices >= n_rows)
    if outside.any():
        first = int(np.argmax(outside.ravel()))
        raise invalid(
            f"indices{_position(indices.shape, first)} = {indices.ravel()[first]} is not in [0, {n_rows})"
        )


def _fold(target, index, updates, how):
    """``target[index] = how(target[index], updates)``, one after another where an index repeats."""
    if how == "update":
        target[index] = updates
        return
    combine = COMBINE[how]
    if isinstance(combine, np.ufunc):
        combine.at(target, index, updates)
        return
    updates = np.broadcast_to(updates, target[index].shape)
    flat = np.stack([np.ravel(i) for i in index], axis=-1)
    for at, update in zip(flat, updates.reshape(len(flat), *updates.shape[np.ndim(index[0]) :])):
        target[tuple(at)] = combine(target[tuple(at)], update)


def scatter(value, indices, updates, how):
    """`value` with its rows `indices` updated; `updates` has one row per index, or is a scalar."""
    if value.ndim == 0:
        raise invalid("params must be at least 1-D, got shape []")
    if updates.ndim and updates.shape != indices.shape + value.shape[1:]:
        raise invalid(
            "Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], got updates.shape "
            f"{rules.text(updates.shape)}, indices.shape {rules.text(indices.shape)}, params.shape "
            f"{rules.text(value.shape)}"
        )
    check_rows(indices, value.shape[0])
    result = value.copy()
    _fold(result, (indices,), updates, how)
    return result


def scatter_kernel(kernel, how):
    """`kernel`, a session kernel that scatters, behind the core's for the updates that it knows."""
    return core.kernel("scatter_" + how, kernel) if how in ("add", "sub", "update") else kernel


def scatter_nd(value, indices, updates, how):
    """`value` with the slices that the last dimension of `indices` points at updated."""
    if indices.ndim < 1:
        raise invalid("Indices shape must have rank at least one. Found:[]")
    depth = indices.shape[-1]
    outer = indices.shape[:-1]
    text = rules.text
    for i, n in enumerate(outer):
        if i >= updates.ndim or updates.shape[i] != n:
            found = updates.shape[i] if i < updates.ndim else "?"
            raise invalid(
                f"Dimensions [{i},{i + 1}) of indices[shape={text(indices.shape)}] = {n} must match dimensions "
                f"[{i},{i + 1}) of updates[shape={text(updates.shape)}] = {found}"
            )
    if depth > value.ndim or updates.shape[len(outer) :] != value.shape[depth:]:
        raise invalid(
            f"Dimensions [{depth},{value.ndim}) of input[shape={text(value.shape)}] must match dimensions "
            f"[{depth},{updates.ndim}) of updates[shape={text(updates.shape)}]"
        )
    outside = ((indices < 0) | (indices >= np.array(value.shape[:depth]))).any(axis=-1)
    if outside.any():
        first = int(np.argmax(outside.ravel()))
        wanted = ", ".join(str(i) for i in indices.reshape(-1, depth)[first])
        raise invalid(f"indices[{first}] = [{wanted}] does not index into shape {text(value.shape)}")
    result = value.copy()
    _fold(result, tuple(np.moveaxis(indices, -1, 0)), updates, how)
    return result


def gather(value, indices, batch_dims=0):
    """Rows `indices` of `value`; the first `batch_dims` dimensions go together."""
    check_rows(indices, value.shape[batch_dims])
    if not batch_dims:
        return value[indices]
    lead = value.shape[:batch_dims]
    flat_value = value.reshape(-1, *value.shape[batch_dims:])
    flat_indices = indices.reshape(len(flat_value), *indices.shape[batch_dims:])
    rows = np.arange(len(flat_value)).reshape(-1, *(1,) * (flat_indices.ndim - 1))
    picked = flat_value[rows, flat_indices]
    return picked.reshape(*lead, *picked.shape[1:])


def gather_nd(value, indices, name):
    """The slices of `value` that the last dimension of `indices` points at."""
    depth = indices.shape[-1]
    if depth > value.ndim:
        raise invalid(f"index innermost dimension length must be <= params rank; saw: {depth} vs. {value.ndim}")
    outside = ((indices < 0) | (indices >= np.array(value.shape[:depth]))).any(axis=-1)
    if outside.any():
        first = int(np.argmax(outside.ravel()))
        wanted = ", ".join(str(i) for i in indices.reshape(-1, depth)[first])
        raise invalid(
            f"indices[{first}] = [{wanted}] does not index into param shape "
            f"{rules.text(value.shape)}, node name: {name}"
        )
    if not depth:
        return np.broadcast_to(value, indices.shape[:-1] + value.shape).copy()
    return value[tuple(np.moveaxis(indices, -1, 0))]


def assign_slice(value, begin, end, strides, update, masks):
    """`value` with the given slice replaced by `update`, broadcast; `masks` is a mapping of the op's attributes."""
    from .slicing import _key

    index = tuple(_key(masks, value.shape, begin, end, strides)[0])
    result = value.copy()
    shape = np.shape(result[index])
    try:
        result[index] = np.broadcast_to(update, shape)
    except ValueError:
        raise invalid(
            f"Cannot broadcast input shape {rules.text(update.shape)} into final shape {rules.text(shape)}"
        ) from None
    return result

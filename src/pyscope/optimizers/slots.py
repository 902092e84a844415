"""Slots: the variables an optimizer keeps beside each variable it trains, such as ``w/Adam``.

A slot is named after its variable and lies on the same device. Names are made unique per scope, so the second slot of
one optimizer is ``w/Adam_1``.
"""

from ..graph import colocate_with
from ..initializers import zeros
from ..scopes import get_variable, get_variable_scope, make_slot_quickly, variable_scope
from ..variables import RefVariable, Variable, is_resource_variable

__all__ = ["create_slot", "create_slot_with_initializer", "create_zeros_slot"]

_ZEROS = zeros()


def _create(primary, initial_value, name, shape, dtype, validate_shape, colocate_with_primary):
    prefix = primary._shared_name if isinstance(primary, Variable) else primary.op.name
    with variable_scope(None, prefix + "/" + name) as scope:
        if colocate_with_primary:
            slot = make_slot_quickly(scope, primary, initial_value, shape, dtype) if validate_shape else None
            if slot is not None:
                return slot
            with colocate_with(primary):
                return _create_here(primary, initial_value, shape, dtype, validate_shape)
        return _create_here(primary, initial_value, shape, dtype, validate_shape)


def _create_here(primary, initial_value, shape, dtype, validate_shape):
    scope = get_variable_scope()
    partitioner = scope.partitioner
    scope.set_partitioner(None)
    use_resource = None
    if is_resource_variable(primary):
        use_resource = True
    elif isinstance(primary, RefVariable):
        use_resource = False
    slot = get_variable(
        "",
        initializer=initial_value,
        trainable=False,
        use_resource=use_resource,
        shape=shape,
        dtype=dtype,
        validate_shape=validate_shape,
    )
    scope.set_partitioner(partitioner)
    if isinstance(primary, Variable) and primary._save_slice_info:
        _copy_slice_info(primary, slot)
    return slot


def _copy_slice_info(primary, slot):
    """The slot of a part of a partitioned variable is that part of the whole variable's slot."""
    info = primary._save_slice_info
    slot_name = slot.name[len(primary.op.name + "/") : -2]
    n = slot.shape.ndims
    if n != 0:
        slot._set_save_slice_info(
            Variable.SaveSliceInfo(
                info.full_name + "/" + slot_name, info.full_shape[:n], info.var_offset[:n], info.var_shape[:n]
            )
        )


def create_slot(primary, val, name, colocate_with_primary=True):
    """Slot `name` of `primary` that starts as the tensor `val`."""
    return _create(primary, val, name, None, None, val.get_shape().is_fully_defined(), colocate_with_primary)


def create_slot_with_initializer(primary, initializer, shape, dtype, name, colocate_with_primary=True):
    """Slot `name` of `primary` with its own initializer, shape and dtype."""
    # A value is not asked for a shape; an initializer is told one.
    given_shape = shape if callable(initializer) else None
    return _create(
        primary, initializer, name, given_shape, dtype, shape.is_fully_defined(), colocate_with_primary
    )


def create_zeros_slot(primary, name, dtype=None, colocate_with_primary=True):
    """Slot `name` of `primary` that starts as zeros of the shape of `primary`."""
    dtype = primary.dtype if dtype is None else dtype
    shape = primary.get_shape()
    if shape.is_fully_defined():
        return create_slot_with_initializer(primary, _ZEROS, shape, dtype, name, colocate_with_primary)
    from ..ops import array

    value = primary.initialized_value() if isinstance(primary, Variable) else primary
    zeros_value = array.zeros(array.shape(value), dtype=dtype)
    return create_slot(primary, zeros_value, name, colocate_with_primary)

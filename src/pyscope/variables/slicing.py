"""``variable[...]``: a slice of the current value that can also be assigned to."""

import functools

from ..ops import array as array_ops


def read_slice(variable, slice_spec):
    """The slice as a tensor; its ``assign(value)`` changes that slice of `variable`."""
    return array_ops._slice_helper(variable.value(), slice_spec, variable)


def slice_assigner(variable, name, **slice_arguments):
    """The function that becomes ``tensor.assign`` of a slice called `name`."""
    return functools.partial(_assign, variable, name, slice_arguments)


def _assign(variable, parent_name, slice_arguments, val, name=None):
    if name is None:
        name = parent_name + "_assign"
    return variable._strided_slice_assign(value=val, name=name, **slice_arguments)

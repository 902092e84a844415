"""Set operations on the last dimension."""

import numpy as np

from .. import _core as core
from ..errors import InvalidArgumentError
from ._rules import with_rank_at_least

__all__ = ["set_difference", "set_intersection", "set_union"]

_SETS = {
    b"a-b": lambda a, b: a - b,
    b"b-a": lambda a, b: b - a,
    b"intersection": lambda a, b: a & b,
    b"union": lambda a, b: a | b,
}


def _shape(c):
    a, b = with_rank_at_least(c.shape(0), 2), with_rank_at_least(c.shape(1), 2)
    rank = len(a) if a is not None else len(b) if b is not None else None
    return [(None, rank), (None,), (rank,)]


def _kernel(attrs, a, b):
    if a.shape[:-1] != b.shape[:-1]:
        raise InvalidArgumentError(None, None, f"Mismatched group shapes: {a.shape[:-1]} vs {b.shape[:-1]}")
    operation = attrs["set_operation"]
    combine = _SETS[operation if isinstance(operation, bytes) else operation.encode()]
    indices, values, longest = [], [], 0
    for group in np.ndindex(a.shape[:-1]):
        members = sorted(combine(set(a[group].tolist()), set(b[group].tolist())))
        longest = max(longest, len(members))
        for i, member in enumerate(members):
            indices.append((*group, i))
            values.append(member)
    return [
        np.array(indices, np.int64).reshape(len(values), a.ndim),
        np.array(values, a.dtype),
        np.array((*a.shape[:-1], longest), np.int64),
    ]


DENSE_TO_DENSE_SET_OPERATION = core.OpType(
    "DenseToDenseSetOperation",
    "set1: T, set2: T -> result_indices: int64, result_values: T, result_shape: int64",
    "set_operation: string; validate_indices: bool = True; T: int8|int16|int32|int64|uint8|uint16|string",
    shape=_shape,
    kernel=_kernel,
    gradient=core.NO_GRADIENT,
)


def _combined(a, b, operation, validate_indices):
    from ..conversion import convert_to_tensor
    from ..sparse_tensor import SparseTensor

    if isinstance(a, SparseTensor) or isinstance(b, SparseTensor):
        raise NotImplementedError("set operations on SparseTensors")
    a, b = convert_to_tensor(a), convert_to_tensor(b)
    parts = DENSE_TO_DENSE_SET_OPERATION(a, b, set_operation=operation, validate_indices=validate_indices)
    return SparseTensor(*parts)


def set_difference(a, b, aminusb=True, validate_indices=True):
    """Elements of each set in the last dimension of `a` that are not in `b`, as a SparseTensor.

    With ``aminusb=False``, the other way round.
    """
    return _combined(a, b, "a-b" if aminusb else "b-a", validate_indices)


def set_intersection(a, b, validate_indices=True):
    """Elements in the sets of both `a` and `b`, as a SparseTensor."""
    return _combined(a, b, "intersection", validate_indices)


def set_union(a, b, validate_indices=True):
    """Elements in the sets of `a` or `b`, as a SparseTensor."""
    return _combined(a, b, "union", validate_indices)

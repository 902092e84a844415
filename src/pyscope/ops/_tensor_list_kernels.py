"""Tensor lists in a run: their values, and the kernels of the operations on them."""

import numpy as np

from .. import errors
from .._core import TensorList

_UNSET = None                    # an element that was reserved and not written


def _invalid(message):
    return errors.InvalidArgumentError(None, None, message)


def _text(shape):
    return "<unknown>" if shape is None else "[" + ",".join("?" if d < 0 else str(d) for d in shape) + "]"


def _runtime_shape(value):
    """A shape given in a run: a vector, or -1 for unknown rank."""
    return None if value.ndim == 0 else tuple(value.tolist())


def _compatible(a, b):
    return a is None or b is None or (len(a) == len(b) and all(x < 0 or y < 0 or x == y for x, y in zip(a, b)))


def _merged(a, b):
    if a is None:
        return b
    if b is None:
        return a
    return tuple(y if x < 0 else x for x, y in zip(a, b))


def short(dtype):
    return {"float32": "float", "float64": "double", "float16": "half"}.get(dtype.name, dtype.name)


def _is_full(shape):
    return shape is not None and all(d >= 0 for d in shape)


def _element_shape(values, *shapes):
    """The shape that all elements should have, from what is known of it and those that are set."""
    shape = None
    for other in shapes:
        if not _compatible(shape, other):
            raise _invalid(f"Tried to stack elements of a list with incompatible element shapes. {_text(shape)} vs. "
                           f"{_text(other)}")
        shape = _merged(shape, other)
    if not _is_full(shape):
        for x in values:
            if x is not None:
                shape = _merged(shape, x.shape)
                break
    return shape


def _list_of(value):
    if not isinstance(value, TensorList):
        raise _invalid("Input handle is not a list. Saw: '<unknown>'")
    return value


def empty(attrs, shape, limit):
    if limit.ndim:
        raise _invalid(f"max_num_elements expected to be a scalar but got shape: {_text(limit.shape)}")
    return TensorList([], _runtime_shape(shape), attrs["element_dtype"], int(limit))


def reserve(attrs, shape, n):
    if n < 0:
        raise _invalid("The num_elements to reserve must be a non negative number, but got " + str(int(n)))
    return TensorList([_UNSET] * int(n), _runtime_shape(shape), attrs["element_dtype"])


def push(attrs, handle, x):
    old = _list_of(handle)
    if not _compatible(old.element_shape, x.shape):
        raise _invalid("Tried to append a tensor with incompatible shape to a list. Op element shape: "
                       f"{_text(x.shape)} list shape: {_text(old.element_shape)}")
    if old.limit != -1 and old.length >= old.limit:
        raise _invalid(f"Tried to push item into a full list list size: {old.length} max_num_elements: {old.limit}")
    items = old.items
    if len(items) != old.length:     # somebody has pushed onto this very list: branch off
        items = old.values()
    items.append(x)
    return TensorList(items, old.element_shape, old.dtype, old.limit, old.length + 1)


def _zeros(attrs, shape, task):
    if not _is_full(shape):
        raise _invalid(f"{task} an uninitialized element requires a fully defined element shape, got: {_text(shape)}")
    return np.zeros(shape, attrs["element_dtype"].as_numpy_dtype)


def pop(attrs, handle, shape):
    old = _list_of(handle)
    if old.dtype != attrs["element_dtype"]:
        raise _invalid(f"Invalid data types; op elements {short(attrs['element_dtype'])} but list elements "
                       f"{short(old.dtype)}")
    if old.length == 0:
        raise _invalid("Trying to pop from an empty list.")
    x = old.items[old.length - 1]
    if x is None:
        x = _zeros(attrs, _element_shape([], _runtime_shape(shape), old.element_shape), "Popping")
    return [TensorList(old.items, old.element_shape, old.dtype, old.limit, old.length - 1), x]


def length(attrs, handle):
    return np.array(_list_of(handle).length, np.int32)


def element_shape(attrs, handle):
    shape = _list_of(handle).element_shape
    dtype = attrs["shape_type"].as_numpy_dtype
    return np.array(-1, dtype) if shape is None else np.array(shape, dtype).reshape(-1)


def set(attrs, handle, index, x):
    old = _list_of(handle)
    index = int(index)
    items = old.values()
    if attrs["resize_if_index_out_of_bounds"] and index >= len(items):
        items += [_UNSET] * (index + 1 - len(items))
    if not 0 <= index < len(items):
        raise _invalid(f"Trying to modify element {index} in a list with {old.length} elements.")
    if not _compatible(old.element_shape, x.shape):
        raise _invalid(f"Tried to set a tensor with incompatible shape at a list index. Item element shape: "
                       f"{_text(x.shape)} list shape: {_text(old.element_shape)}")
    items[index] = x
    return TensorList(items, old.element_shape, old.dtype, old.limit)


def get(attrs, handle, index, shape):
    old = _list_of(handle)
    if old.dtype != attrs["element_dtype"]:
        raise _invalid(f"Invalid data types; op elements {short(attrs['element_dtype'])} but list elements "
                       f"{short(old.dtype)}")
    index = int(index)
    if not 0 <= index < old.length:
        raise _invalid(f"Trying to access element {index} in a list with {old.length} elements.")
    x = old.items[index]
    if x is None:
        wanted = _element_shape(old.values(), _runtime_shape(shape), old.element_shape)
        if not _is_full(wanted):
            raise _invalid(f"Trying to read an uninitialized tensor but element_shape is not fully defined: "
                           f"{_text(wanted)} and no list element is set.")
        x = _zeros(attrs, wanted, "Reading")
    return x


def _joined(attrs, values, shape, task):
    """Elements stacked; those not written are zeros."""
    dtype = attrs["element_dtype"].as_numpy_dtype
    for x in values:
        if x is not None and shape is not None and not _compatible(shape, x.shape):
            raise _invalid(f"Tried to stack list which contains elements of different shapes: element has shape "
                           f"{_text(x.shape)}, expected {_text(shape)}")
    if not _is_full(shape):
        which = "a" if values else "an empty"
        raise _invalid(f"Tried to {task} elements from {which} list with non-fully-defined "
                       f"element_shape: {_text(shape)}")
    out = np.empty((len(values), *shape), dtype)
    for i, x in enumerate(values):
        out[i] = 0 if x is None else x
    return out


def stack(attrs, handle, shape):
    old = _list_of(handle)
    n = attrs["num_elements"]
    if n != -1 and old.length != n:
        raise _invalid(f"Operation expected a list with {n} elements but got a list with {old.length} elements.")
    values = old.values()
    return _joined(attrs, values, _element_shape(values, _runtime_shape(shape), old.element_shape), "stack")


def gather(attrs, handle, indices, shape):
    old = _list_of(handle)
    for i in indices.tolist():
        if not 0 <= i < old.length:
            raise _invalid(f"Index {i} out of range; list only has {old.length} elements.")
    values = old.values()
    wanted = _element_shape(values, _runtime_shape(shape), old.element_shape)
    return _joined(attrs, [values[i] for i in indices.tolist()], wanted, "gather")


def from_tensor(attrs, x, shape):
    if x.ndim == 0:
        raise _invalid("Tensor must be at least a vector, but saw shape: []")
    wanted = _runtime_shape(shape)
    if not _compatible(wanted, x.shape[1:]):
        raise _invalid(f"Specified a list with shape {_text(wanted)} from a tensor with shape {_text(x.shape[1:])}")
    return TensorList(list(x) if x.ndim > 1 else [np.asarray(v) for v in _scalars(x)], wanted, attrs["element_dtype"])


def _scalars(x):
    return [x[i:i + 1].reshape(()) for i in range(len(x))]


def _rows(x):
    return list(x) if x.ndim > 1 else _scalars(x)


def concat(attrs, handle, shape, leading):
    old = _list_of(handle)
    wanted = _element_shape([], _runtime_shape(shape), old.element_shape)
    values = old.values()
    leading = leading.tolist()
    rest = None if wanted is None else wanted[1:]
    for x in values:
        if x is not None:
            rest = _merged(rest, x.shape[1:])
    parts = []
    for i, x in enumerate(values):
        if x is None:
            n = leading[i] if i < len(leading) else wanted[0] if wanted else -1
            if n < 0 or not _is_full(rest):
                raise _invalid("Concat requires the leading dimension of elements that have not been set")
            x = np.zeros((n, *rest), attrs["element_dtype"].as_numpy_dtype)
        elif x.ndim == 0:
            raise _invalid("Concat saw a scalar shape at index 0 but requires at least vectors.")
        parts.append(x)
    if not parts:
        if not _is_full(rest):
            raise _invalid("All except the first dimension must be fully defined when concating an empty tensor list. "
                           f"element_shape: {_text(wanted)}")
        return [np.zeros((0, *rest), attrs["element_dtype"].as_numpy_dtype), np.zeros(0, np.int64)]
    for x in parts:
        if x.shape[1:] != parts[0].shape[1:]:
            raise _invalid("Tried to concat tensors with unequal shapes: "
                           f"{_text(parts[0].shape[1:])} vs {_text(x.shape[1:])}")
    return [np.concatenate(parts), np.array([len(x) for x in parts], np.int64)]


def split(attrs, x, shape, lengths):
    if lengths.ndim != 1:
        raise _invalid(f"Expected lengths to be a vector, received shape: {_text(lengths.shape)}")
    if x.ndim == 0:
        raise _invalid(f"Tensor must be at least a vector, but saw shape: {_text(x.shape)}")
    total = int(lengths.sum())
    if total > len(x):
        raise _invalid(f"Attempting to slice [{total - int(lengths[-1])}, {total}) from tensor with length {len(x)}")
    if total < len(x):
        raise _invalid(f"Unused values in tensor. Length of tensor: {len(x)} Values used: {total}")
    ends = np.cumsum(lengths).tolist()
    return TensorList([x[end - n:end] for n, end in zip(lengths.tolist(), ends)], _runtime_shape(shape),
                      attrs["element_dtype"])


def resize(attrs, handle, size):
    old = _list_of(handle)
    n = int(size)
    if n < 0:
        raise _invalid("TensorListSlice expects size to be non-negative. Got: " + str(n))
    items = old.values()[:n]
    return TensorList(items + [_UNSET] * (n - len(items)), old.element_shape, old.dtype, old.limit)


def scatter(attrs, x, indices, shape, n=None):
    n = -1 if n is None else int(n)
    flat = indices.tolist()
    if flat and min(flat) < 0:
        raise _invalid(f"Indices in TensorListScatter must all be non-negative: {min(flat)}")
    size = max(n, max(flat, default=-1) + 1)
    if n >= 0 and size > n:
        raise _invalid(f"TensorListScatter: Trying to scatter at index {size - 1} in list with size {n}")
    items = [_UNSET] * size
    for i, row in zip(flat, _rows(x)):
        items[i] = row
    return TensorList(items, _runtime_shape(shape), attrs["element_dtype"])


def scatter_into(attrs, handle, x, indices):
    old = _list_of(handle)
    items = old.values()
    flat = indices.tolist()
    if flat and max(flat) >= len(items):
        items += [_UNSET] * (max(flat) + 1 - len(items))
    for i, row in zip(flat, _rows(x)):
        items[i] = row
    return TensorList(items, old.element_shape, old.dtype, old.limit)


def concat_lists(attrs, a, b):
    a, b = _list_of(a), _list_of(b)
    return TensorList(a.values() + b.values(), _merged(a.element_shape, b.element_shape), a.dtype)

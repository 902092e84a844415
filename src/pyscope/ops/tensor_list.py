"""Tensor lists: lists of tensors that operations take and give as one variant tensor.

In a run a list is a `TensorList`, which never changes: operations that write give a new one. Lists that grow by
pushing share their storage, so that a loop of n pushes costs O(n).

Statically a list's handle data is ``((element shape, element dtype),)``.
"""

import numpy as np

from .. import _core as core
from .. import dtypes, errors, tensor_shape
from ..conversion import convert_to_tensor
from . import _rules as rules

_UNSET = None                    # an element that was reserved and not written


class TensorList:
    """A list in a run: the first `length` items of a list that other TensorLists may share.

    Attributes
    ----------
    items : list of ndarray or None
        None is an element that has not been written.
    element_shape : tuple or None
        Shape of the elements, -1 for unknown sizes; None: unknown rank.
    dtype : DType
    limit : int
        The largest allowed length; -1 for any.
    """

    __slots__ = ("dtype", "element_shape", "items", "length", "limit")
    shape = ()                   # a list is a scalar, also as an element of another list

    def __init__(self, items, element_shape, dtype, limit=-1, length=None):
        self.items = items
        self.length = len(items) if length is None else length
        self.element_shape = element_shape
        self.dtype = dtype
        self.limit = limit

    def values(self):
        """The elements as a list of its own."""
        return self.items[:self.length]

    def zeros_like(self):
        """A list of zeros of the same shapes."""
        return TensorList([None if x is None else np.zeros_like(x) for x in self.values()], self.element_shape, self.dtype,
                          self.limit)

    def __add__(self, other):
        """Elementwise sum, as AddN of lists gives it."""
        if self.length != other.length:
            raise errors.InvalidArgumentError(
                None, None, f"Trying to add two lists of tensors with different lengths. One is {self.length} and other "
                f"is {other.length}")
        items = [b if a is None else a if b is None else a + b for a, b in zip(self.values(), other.values())]
        return TensorList(items, _merged(self.element_shape, other.element_shape), self.dtype, self.limit)


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


# ---------------------------------------------------------------- static shapes


def _list_data(c, i=0):
    """``(shape, dtype)`` of the elements of a list input; None when not known."""
    data = c.handle_data(i)
    return data[0] if data and len(data) == 1 else None


def _given_shape(c, i):
    """The element shape given by input `i`; a scalar means unknown rank."""
    if c.shape(i) == ():
        return None
    return c.constant_shape(i)


def _check_dtype(c, data, task):
    if data is not None and data[1] is not None and data[1].base_dtype != c.attr("element_dtype"):
        raise ValueError(f"Trying to {task} with wrong element dtype. List has type {_short(data[1])} but trying to "
                         f"{_VERBS[task]} element with type {_short(c.attr('element_dtype'))}")


_VERBS = {"push to list": "push", "read from list": "read", "write to list": "write", "set element in list": "set"}


def _short(dtype):
    return {"float32": "float", "float64": "double", "float16": "half"}.get(dtype.name, dtype.name)


def _made_rule(c):
    c.set_handle_data(0, ((_given_shape(c, 0), c.attr("element_dtype")),))
    return [()]


def _from_tensor_rule(c):
    shape = c.shape(0)
    given = _given_shape(c, 1)
    rules.merge(None if shape is None else shape[1:], given)
    c.set_handle_data(0, ((given, c.attr("element_dtype")),))
    return [()]


def _scatter_rule(c):
    c.set_handle_data(0, ((_given_shape(c, 2), c.attr("element_dtype")),))
    return [()]


def _scatter_into_rule(c):
    data = _list_data(c)
    if data is not None:
        c.set_handle_data(0, (data,))
    return [()]


def _split_rule(c):
    c.set_handle_data(0, ((_given_shape(c, 1), c.attr("element_dtype")),))
    return [()]


def _push_rule(c):
    data = _list_data(c)
    _check_dtype(c, data, "push to list")
    c.set_handle_data(0, ((None if data is None else data[0], c.attr("element_dtype")),))
    return [()]


def _pop_rule(c):
    data = _list_data(c)
    _check_dtype(c, data, "read from list")
    shape = None if data is None else data[0]
    c.set_handle_data(0, ((shape, c.attr("element_dtype")),))
    return [(), rules.merge(shape, _given_shape(c, 1))]


def _set_rule(c):
    rules.with_rank(c.shape(1), 0)
    data = _list_data(c)
    _check_dtype(c, data, "set element in list")
    c.set_handle_data(0, ((None if data is None else data[0], c.attr("element_dtype")),))
    return [()]


def _get_rule(c):
    data = _list_data(c)
    _check_dtype(c, data, "read from list")
    return [rules.merge(None if data is None else data[0], _given_shape(c, 2))]


def _stack_rule(c):
    data = _list_data(c)
    _check_dtype(c, data, "read from list")
    shape = rules.merge(None if data is None else data[0], _given_shape(c, 1))
    n = c.attr("num_elements")
    return [None if shape is None else (n if n >= 0 else None, *shape)]


def _gather_rule(c):
    data = _list_data(c)
    _check_dtype(c, data, "read from list")
    shape = rules.merge(None if data is None else data[0], _given_shape(c, 2))
    indices = c.shape(1)
    return [None if shape is None or indices is None else indices + shape]


def _concat_rule(c):
    data = _list_data(c)
    _check_dtype(c, data, "read from list")
    shape = rules.merge(None if data is None else data[0], _given_shape(c, 1))
    return [None if shape is None else (None, *shape[1:]), (None,)]


def _same_list_rule(c):
    data = _list_data(c)
    if data is not None:
        c.set_handle_data(0, (data,))
    return [()]


def _element_shape_rule(c):
    data = _list_data(c)
    return [None if data is None or data[0] is None else (len(data[0]),)]


# ---------------------------------------------------------------- kernels


def _list_of(value):
    if not isinstance(value, TensorList):
        raise _invalid("Input handle is not a list. Saw: '<unknown>'")
    return value


def _empty_kernel(attrs, shape, limit):
    if limit.ndim:
        raise _invalid(f"max_num_elements expected to be a scalar but got shape: {_text(limit.shape)}")
    return TensorList([], _runtime_shape(shape), attrs["element_dtype"], int(limit))


def _reserve_kernel(attrs, shape, n):
    if n < 0:
        raise _invalid("The num_elements to reserve must be a non negative number, but got " + str(int(n)))
    return TensorList([_UNSET] * int(n), _runtime_shape(shape), attrs["element_dtype"])


def _push_kernel(attrs, handle, x):
    old = _list_of(handle)
    if not _compatible(old.element_shape, x.shape):
        raise _invalid(f"Tried to append a tensor with incompatible shape to a list. Op element shape: {_text(x.shape)} "
                       f"list shape: {_text(old.element_shape)}")
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


def _pop_kernel(attrs, handle, shape):
    old = _list_of(handle)
    if old.dtype != attrs["element_dtype"]:
        raise _invalid(f"Invalid data types; op elements {_short(attrs['element_dtype'])} but list elements "
                       f"{_short(old.dtype)}")
    if old.length == 0:
        raise _invalid("Trying to pop from an empty list.")
    x = old.items[old.length - 1]
    if x is None:
        x = _zeros(attrs, _element_shape([], _runtime_shape(shape), old.element_shape), "Popping")
    return [TensorList(old.items, old.element_shape, old.dtype, old.limit, old.length - 1), x]


def _length_kernel(attrs, handle):
    return np.array(_list_of(handle).length, np.int32)


def _element_shape_kernel(attrs, handle):
    shape = _list_of(handle).element_shape
    dtype = attrs["shape_type"].as_numpy_dtype
    return np.array(-1, dtype) if shape is None else np.array(shape, dtype).reshape(-1)


def _set_kernel(attrs, handle, index, x):
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


def _get_kernel(attrs, handle, index, shape):
    old = _list_of(handle)
    if old.dtype != attrs["element_dtype"]:
        raise _invalid(f"Invalid data types; op elements {_short(attrs['element_dtype'])} but list elements "
                       f"{_short(old.dtype)}")
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
        raise _invalid(f"Tried to {task} elements from {'an empty ' if not values else 'a '}list with non-fully-defined "
                       f"element_shape: {_text(shape)}")
    out = np.empty((len(values), *shape), dtype)
    for i, x in enumerate(values):
        out[i] = 0 if x is None else x
    return out


def _stack_kernel(attrs, handle, shape):
    old = _list_of(handle)
    n = attrs["num_elements"]
    if n != -1 and old.length != n:
        raise _invalid(f"Operation expected a list with {n} elements but got a list with {old.length} elements.")
    values = old.values()
    return _joined(attrs, values, _element_shape(values, _runtime_shape(shape), old.element_shape), "stack")


def _gather_kernel(attrs, handle, indices, shape):
    old = _list_of(handle)
    for i in indices.tolist():
        if not 0 <= i < old.length:
            raise _invalid(f"Index {i} out of range; list only has {old.length} elements.")
    values = old.values()
    wanted = _element_shape(values, _runtime_shape(shape), old.element_shape)
    return _joined(attrs, [values[i] for i in indices.tolist()], wanted, "gather")


def _from_tensor_kernel(attrs, x, shape):
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


def _concat_kernel(attrs, handle, shape, leading):
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


def _split_kernel(attrs, x, shape, lengths):
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


def _resize_kernel(attrs, handle, size):
    old = _list_of(handle)
    n = int(size)
    if n < 0:
        raise _invalid("TensorListSlice expects size to be non-negative. Got: " + str(n))
    items = old.values()[:n]
    return TensorList(items + [_UNSET] * (n - len(items)), old.element_shape, old.dtype, old.limit)


def _scatter_kernel(attrs, x, indices, shape, n=None):
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


def _scatter_into_kernel(attrs, handle, x, indices):
    old = _list_of(handle)
    items = old.values()
    flat = indices.tolist()
    if flat and max(flat) >= len(items):
        items += [_UNSET] * (max(flat) + 1 - len(items))
    for i, row in zip(flat, _rows(x)):
        items[i] = row
    return TensorList(items, old.element_shape, old.dtype, old.limit)


def _concat_lists_kernel(attrs, a, b):
    a, b = _list_of(a), _list_of(b)
    return TensorList(a.values() + b.values(), _merged(a.element_shape, b.element_shape), a.dtype)


# ---------------------------------------------------------------- gradients


def _shape_of(x):
    from .array import shape

    return shape(x)


def _push_gradient(op, dlist):
    return list(TENSOR_LIST_POP_BACK(dlist, _shape_of(op.inputs[1]), element_dtype=op._attr("element_dtype")[1]))


def _pop_gradient(op, dlist, delement):
    if dlist is None:
        dlist = empty_tensor_list(TENSOR_LIST_ELEMENT_SHAPE(op.outputs[0], shape_type=dtypes.int32), delement.dtype)
    if delement is None:
        from .array import zeros_like

        delement = zeros_like(op.outputs[1])
    return [TENSOR_LIST_PUSH_BACK(dlist, delement), None]


def _stack_gradient(op, dtensor):
    return [tensor_list_from_tensor(dtensor, dtensor.shape[1:]), None]


def _concat_gradient(op, dtensor, dlengths):
    shape = TENSOR_LIST_ELEMENT_SHAPE(op.inputs[0], shape_type=dtypes.int32)
    return [TENSOR_LIST_SPLIT(dtensor, shape, op.outputs[1]), None, None]


def _rest_of_shape(tensor):
    from .slicing import slice as slice_

    return slice_(_shape_of(tensor), [1], [-1])


def _split_gradient(op, dlist):
    from .array import concat

    tensor, _, lengths = op.inputs
    shape = concat([[-1], _rest_of_shape(tensor)], axis=0)
    return [TENSOR_LIST_CONCAT_V2(dlist, shape, lengths, element_dtype=tensor.dtype)[0], None, None]


def _from_tensor_gradient(op, dlist):
    t = op.inputs[0]
    dims = t.shape._dims
    if dlist is None:
        dlist = empty_tensor_list(TENSOR_LIST_ELEMENT_SHAPE(op.outputs[0], shape_type=dtypes.int32), t.dtype)
    n = dims[0] if dims else None
    return [TENSOR_LIST_STACK(dlist, _rest_of_shape(t), element_dtype=t.dtype, num_elements=-1 if n is None else n), None]


def _get_gradient(op, ditem):
    size = TENSOR_LIST_LENGTH(op.inputs[0])
    reserved = TENSOR_LIST_RESERVE(TENSOR_LIST_ELEMENT_SHAPE(op.inputs[0], shape_type=dtypes.int32), size,
                                   element_dtype=ditem.dtype)
    return [TENSOR_LIST_SET_ITEM(reserved, op.inputs[1], ditem), None, None]


def _set_gradient(op, dlist):
    from .array import zeros_like

    _, index, item = op.inputs
    list_grad = TENSOR_LIST_SET_ITEM(dlist, index, zeros_like(item))
    element_grad = tensor_list_get_item(dlist, index, item.dtype, _shape_of(item))
    if op._attr("resize_if_index_out_of_bounds")[1]:
        list_grad = TENSOR_LIST_RESIZE(list_grad, TENSOR_LIST_LENGTH(op.inputs[0]))
    return [list_grad, None, element_grad]


def _resize_gradient(op, dlist):
    return [TENSOR_LIST_RESIZE(dlist, TENSOR_LIST_LENGTH(op.inputs[0])), None]


def _gather_gradient(op, dtensor):
    source, indices, _ = op.inputs
    shape = TENSOR_LIST_ELEMENT_SHAPE(source, shape_type=dtypes.int32)
    dlist = tensor_list_reserve(shape, TENSOR_LIST_LENGTH(source), dtensor.dtype)
    return [tensor_list_scatter(dtensor, indices, input_handle=dlist), None, None]


def _scatter_gradient(op, dlist):
    tensor, indices = op.inputs[0], op.inputs[1]
    grad = TENSOR_LIST_GATHER(dlist, indices, _rest_of_shape(tensor), element_dtype=tensor.dtype)
    return [grad] + [None] * (len(op.inputs) - 1)


def _scatter_into_gradient(op, dlist):
    from .array import zeros_like

    _, tensor, indices = op.inputs
    grad = TENSOR_LIST_GATHER(dlist, indices, _rest_of_shape(tensor), element_dtype=tensor.dtype)
    return [tensor_list_scatter(zeros_like(tensor), indices, indices, input_handle=dlist), grad, None]


# ---------------------------------------------------------------- op types


def _list_type(name, signature, attrs, shape, kernel, gradient):
    return core.OpType(name, signature, attrs, shape=shape, kernel=kernel, gradient=gradient)


_MADE = "element_dtype: type; shape_type: int32|int64"
_ELEMENT = "element_dtype: type"

EMPTY_TENSOR_LIST = _list_type(
    "EmptyTensorList", "element_shape: shape_type, max_num_elements: int32 -> handle: variant", _MADE,
    _made_rule, _empty_kernel, core.NO_GRADIENT)
TENSOR_LIST_RESERVE = _list_type(
    "TensorListReserve", "element_shape: shape_type, num_elements: int32 -> handle: variant", _MADE,
    _made_rule, _reserve_kernel, core.NO_GRADIENT)
TENSOR_LIST_PUSH_BACK = _list_type(
    "TensorListPushBack", "input_handle: variant, tensor: element_dtype -> output_handle: variant", _ELEMENT,
    _push_rule, _push_kernel, _push_gradient)
TENSOR_LIST_POP_BACK = _list_type(
    "TensorListPopBack",
    "input_handle: variant, element_shape: int32 -> output_handle: variant, tensor: element_dtype", _ELEMENT,
    _pop_rule, _pop_kernel, _pop_gradient)
TENSOR_LIST_ELEMENT_SHAPE = _list_type(
    "TensorListElementShape", "input_handle: variant -> element_shape: shape_type", "shape_type: int32|int64",
    _element_shape_rule, _element_shape_kernel, core.NO_GRADIENT)
TENSOR_LIST_LENGTH = _list_type(
    "TensorListLength", "input_handle: variant -> length: int32", "",
    "scalar", _length_kernel, core.NO_GRADIENT)
TENSOR_LIST_SET_ITEM = _list_type(
    "TensorListSetItem", "input_handle: variant, index: int32, item: element_dtype -> output_handle: variant",
    "element_dtype: type; resize_if_index_out_of_bounds: bool = False",
    _set_rule, _set_kernel, _set_gradient)
TENSOR_LIST_GET_ITEM = _list_type(
    "TensorListGetItem", "input_handle: variant, index: int32, element_shape: Tshape -> item: element_dtype",
    "element_dtype: type; Tshape: int32|int64 = int32",
    _get_rule, _get_kernel, _get_gradient)
TENSOR_LIST_STACK = _list_type(
    "TensorListStack", "input_handle: variant, element_shape: int32 -> tensor: element_dtype",
    "element_dtype: type; num_elements: int = -1",
    _stack_rule, _stack_kernel, _stack_gradient)
TENSOR_LIST_FROM_TENSOR = _list_type(
    "TensorListFromTensor", "tensor: element_dtype, element_shape: shape_type -> output_handle: variant", _MADE,
    _from_tensor_rule, _from_tensor_kernel, _from_tensor_gradient)
TENSOR_LIST_CONCAT_V2 = _list_type(
    "TensorListConcatV2",
    "input_handle: variant, element_shape: shape_type, leading_dims: int64 -> tensor: element_dtype, lengths: int64",
    _MADE, _concat_rule, _concat_kernel, _concat_gradient)
TENSOR_LIST_SPLIT = _list_type(
    "TensorListSplit", "tensor: element_dtype, element_shape: shape_type, lengths: int64 -> output_handle: variant",
    _MADE, _split_rule, _split_kernel, _split_gradient)
TENSOR_LIST_RESIZE = _list_type(
    "TensorListResize", "input_handle: variant, size: int32 -> output_handle: variant", "",
    _same_list_rule, _resize_kernel, _resize_gradient)
TENSOR_LIST_GATHER = _list_type(
    "TensorListGather", "input_handle: variant, indices: int32, element_shape: int32 -> values: element_dtype",
    _ELEMENT, _gather_rule, _gather_kernel, _gather_gradient)
TENSOR_LIST_SCATTER = _list_type(
    "TensorListScatter", "tensor: element_dtype, indices: int32, element_shape: shape_type -> output_handle: variant",
    _MADE, _scatter_rule, _scatter_kernel, _scatter_gradient)
TENSOR_LIST_SCATTER_V2 = _list_type(
    "TensorListScatterV2",
    "tensor: element_dtype, indices: int32, element_shape: shape_type, num_elements: int32 -> output_handle: variant",
    _MADE, _scatter_rule, _scatter_kernel, _scatter_gradient)
TENSOR_LIST_SCATTER_INTO_EXISTING_LIST = _list_type(
    "TensorListScatterIntoExistingList",
    "input_handle: variant, tensor: element_dtype, indices: int32 -> output_handle: variant", _ELEMENT,
    _scatter_into_rule, _scatter_into_kernel, _scatter_into_gradient)
TENSOR_LIST_CONCAT_LISTS = _list_type(
    "TensorListConcatLists", "input_a: variant, input_b: variant -> output: variant", _ELEMENT,
    _same_list_rule, _concat_lists_kernel, core.NO_GRADIENT)


# ---------------------------------------------------------------- functions


def element_shape_argument(shape):
    """`shape` as what the list ops take: -1 for an unknown rank, -1 for unknown sizes."""
    if isinstance(shape, core.Tensor):
        return shape
    if isinstance(shape, tensor_shape.TensorShape):
        shape = None if shape._dims is None else shape.as_list()
    if shape is None:
        return -1
    if isinstance(shape, (np.ndarray, np.generic)) or not shape:
        return convert_to_tensor(shape, dtype=dtypes.int32)
    return [-1 if d is None else getattr(d, "value", d) if not isinstance(d, core.Tensor) else d for d in shape]


def empty_tensor_list(element_shape, element_dtype, max_num_elements=None, name=None):
    """An empty list, to be pushed onto."""
    return EMPTY_TENSOR_LIST(element_shape_argument(element_shape), -1 if max_num_elements is None else max_num_elements,
                             element_dtype=element_dtype, name=name)


def tensor_list_reserve(element_shape, num_elements, element_dtype, name=None):
    """A list of so many elements that have yet to be set."""
    return TENSOR_LIST_RESERVE(element_shape_argument(element_shape), num_elements, element_dtype=element_dtype,
                               name=name)


def tensor_list_push_back(input_handle, tensor, name=None):
    """The list with one element more."""
    return TENSOR_LIST_PUSH_BACK(input_handle, tensor, name=name)


def tensor_list_pop_back(input_handle, element_dtype, name=None):
    """The list without its last element, and that element."""
    return TENSOR_LIST_POP_BACK(input_handle, -1, element_dtype=element_dtype, name=name)


def tensor_list_from_tensor(tensor, element_shape, name=None):
    """The rows of a tensor as a list."""
    tensor = convert_to_tensor(tensor)
    return TENSOR_LIST_FROM_TENSOR(tensor, element_shape_argument(element_shape), name=name)


def tensor_list_get_item(input_handle, index, element_dtype, element_shape=None, name=None):
    """One element."""
    return TENSOR_LIST_GET_ITEM(input_handle, index, element_shape_argument(element_shape),
                                element_dtype=element_dtype, name=name)


def tensor_list_gather(input_handle, indices, element_dtype, element_shape=None, name=None):
    """Some elements, stacked."""
    return TENSOR_LIST_GATHER(input_handle, indices, element_shape_argument(element_shape),
                              element_dtype=element_dtype, name=name)


def tensor_list_scatter(tensor, indices, element_shape=None, input_handle=None, name=None):
    """The rows of a tensor put at `indices` of a list, a new one if none is given."""
    tensor = convert_to_tensor(tensor)
    if input_handle is not None:
        return TENSOR_LIST_SCATTER_INTO_EXISTING_LIST(input_handle, tensor, indices, name=name)
    return TENSOR_LIST_SCATTER_V2(tensor, indices, element_shape_argument(element_shape), -1, name=name)


def tensor_list_stack(input_handle, element_dtype, num_elements=-1, element_shape=None, name=None):
    """All elements, stacked."""
    return TENSOR_LIST_STACK(input_handle, element_shape_argument(element_shape), element_dtype=element_dtype,
                             num_elements=-1 if num_elements is None else num_elements, name=name)


def tensor_list_concat(input_handle, element_dtype, element_shape=None, name=None):
    """All elements, joined along their first dimension."""
    shape = element_shape_argument(element_shape)
    leading = convert_to_tensor([], dtype=dtypes.int64)
    return TENSOR_LIST_CONCAT_V2(input_handle, shape, leading, element_dtype=element_dtype, name=name)[0]


def tensor_list_split(tensor, element_shape, lengths, name=None):
    """A tensor cut along its first dimension into a list of parts of these lengths."""
    return TENSOR_LIST_SPLIT(tensor, element_shape_argument(element_shape), lengths, name=name)


def tensor_list_set_item(input_handle, index, item, resize_if_index_out_of_bounds=False, name=None):
    """The list with another element at `index`."""
    return TENSOR_LIST_SET_ITEM(input_handle, index, item, name=name,
                                resize_if_index_out_of_bounds=bool(resize_if_index_out_of_bounds))


def tensor_list_length(input_handle, name=None):
    """Number of elements."""
    return TENSOR_LIST_LENGTH(input_handle, name=name)

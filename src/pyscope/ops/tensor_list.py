"""Tensor lists: lists of tensors that operations take and give as one variant tensor.

Statically a list's handle data is ``((element shape, element dtype),)``.
"""

import numpy as np

from .. import _core as core
from .. import dtypes, tensor_shape
from ..conversion import convert_to_tensor
from . import _rules as rules
from . import _tensor_list_kernels as kernels

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
        raise ValueError(f"Trying to {task} with wrong element dtype. List has type {kernels.short(data[1])} but "
                         f"trying to {_VERBS[task]} element with type {kernels.short(c.attr('element_dtype'))}")


_VERBS = {"push to list": "push", "read from list": "read", "write to list": "write", "set element in list": "set"}


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
    stacked = TENSOR_LIST_STACK(dlist, _rest_of_shape(t), element_dtype=t.dtype, num_elements=-1 if n is None else n)
    return [stacked, None]


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
    _made_rule, kernels.empty, core.NO_GRADIENT)
TENSOR_LIST_RESERVE = _list_type(
    "TensorListReserve", "element_shape: shape_type, num_elements: int32 -> handle: variant", _MADE,
    _made_rule, core.kernel("list_reserve", kernels.reserve), core.NO_GRADIENT)
TENSOR_LIST_PUSH_BACK = _list_type(
    "TensorListPushBack", "input_handle: variant, tensor: element_dtype -> output_handle: variant", _ELEMENT,
    _push_rule, core.kernel("list_push", kernels.push), _push_gradient)
TENSOR_LIST_POP_BACK = _list_type(
    "TensorListPopBack",
    "input_handle: variant, element_shape: int32 -> output_handle: variant, tensor: element_dtype", _ELEMENT,
    _pop_rule, core.kernel("list_pop", kernels.pop), _pop_gradient)
TENSOR_LIST_ELEMENT_SHAPE = _list_type(
    "TensorListElementShape", "input_handle: variant -> element_shape: shape_type", "shape_type: int32|int64",
    _element_shape_rule, core.kernel("list_element_shape", kernels.element_shape), core.NO_GRADIENT)
TENSOR_LIST_LENGTH = _list_type(
    "TensorListLength", "input_handle: variant -> length: int32", "",
    "scalar", core.kernel("list_length", kernels.length), core.NO_GRADIENT)
TENSOR_LIST_SET_ITEM = _list_type(
    "TensorListSetItem", "input_handle: variant, index: int32, item: element_dtype -> output_handle: variant",
    "element_dtype: type; resize_if_index_out_of_bounds: bool = False",
    _set_rule, core.kernel("list_set", kernels.set), _set_gradient)
TENSOR_LIST_GET_ITEM = _list_type(
    "TensorListGetItem", "input_handle: variant, index: int32, element_shape: Tshape -> item: element_dtype",
    "element_dtype: type; Tshape: int32|int64 = int32",
    _get_rule, core.kernel("list_get", kernels.get), _get_gradient)
TENSOR_LIST_STACK = _list_type(
    "TensorListStack", "input_handle: variant, element_shape: int32 -> tensor: element_dtype",
    "element_dtype: type; num_elements: int = -1",
    _stack_rule, core.kernel("list_stack", kernels.stack), _stack_gradient)
TENSOR_LIST_FROM_TENSOR = _list_type(
    "TensorListFromTensor", "tensor: element_dtype, element_shape: shape_type -> output_handle: variant", _MADE,
    _from_tensor_rule, core.kernel("list_from_tensor", kernels.from_tensor), _from_tensor_gradient)
TENSOR_LIST_CONCAT_V2 = _list_type(
    "TensorListConcatV2",
    "input_handle: variant, element_shape: shape_type, leading_dims: int64 -> tensor: element_dtype, lengths: int64",
    _MADE, _concat_rule, kernels.concat, _concat_gradient)
TENSOR_LIST_SPLIT = _list_type(
    "TensorListSplit", "tensor: element_dtype, element_shape: shape_type, lengths: int64 -> output_handle: variant",
    _MADE, _split_rule, kernels.split, _split_gradient)
TENSOR_LIST_RESIZE = _list_type(
    "TensorListResize", "input_handle: variant, size: int32 -> output_handle: variant", "",
    _same_list_rule, kernels.resize, _resize_gradient)
TENSOR_LIST_GATHER = _list_type(
    "TensorListGather", "input_handle: variant, indices: int32, element_shape: int32 -> values: element_dtype",
    _ELEMENT, _gather_rule, kernels.gather, _gather_gradient)
TENSOR_LIST_SCATTER = _list_type(
    "TensorListScatter", "tensor: element_dtype, indices: int32, element_shape: shape_type -> output_handle: variant",
    _MADE, _scatter_rule, kernels.scatter, _scatter_gradient)
TENSOR_LIST_SCATTER_V2 = _list_type(
    "TensorListScatterV2",
    "tensor: element_dtype, indices: int32, element_shape: shape_type, num_elements: int32 -> output_handle: variant",
    _MADE, _scatter_rule, kernels.scatter, _scatter_gradient)
TENSOR_LIST_SCATTER_INTO_EXISTING_LIST = _list_type(
    "TensorListScatterIntoExistingList",
    "input_handle: variant, tensor: element_dtype, indices: int32 -> output_handle: variant", _ELEMENT,
    _scatter_into_rule, kernels.scatter_into, _scatter_into_gradient)
TENSOR_LIST_CONCAT_LISTS = _list_type(
    "TensorListConcatLists", "input_a: variant, input_b: variant -> output: variant", _ELEMENT,
    _same_list_rule, kernels.concat_lists, core.NO_GRADIENT)


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
    limit = -1 if max_num_elements is None else max_num_elements
    return EMPTY_TENSOR_LIST(element_shape_argument(element_shape), limit, element_dtype=element_dtype, name=name)


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

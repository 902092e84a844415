"""TensorArray: an array of tensors that loops read and write.

With functional control flow it is a tensor list, passed along as the array's `flow`; with v1 control flow a resource
with operations of its own (`tensor_array_v1`).
"""

import weakref

from pyscope import _core as core
from pyscope import dtypes, tensor_shape
from pyscope.control_flow.cond import control_flow_v2
from pyscope.conversion import convert_to_tensor
from pyscope.graph import name_scope
from pyscope.ops import tensor_list
from pyscope.static_value import constant_value

Tensor = core.Tensor

__all__ = ["TensorArray"]


class _ListArray:
    """A TensorArray that is a tensor list."""

    def __init__(self, dtype, size=None, dynamic_size=None, clear_after_read=None, tensor_array_name=None,
                 handle=None, flow=None, infer_shape=True, element_shape=None, colocate_with_first_write_call=True,
                 name=None):
        self._dynamic_size = dynamic_size
        self._size = size
        if flow is not None and (not isinstance(flow, Tensor) or flow.dtype != dtypes.variant):
            raise TypeError(f"Expected `flow` to be a variant tensor, but received `{flow.dtype}` instead.")
        if flow is None and size is None:
            raise ValueError("Argument `size` must be provided if argument `flow` is not provided.")
        if flow is not None and size is not None:
            raise ValueError("Cannot provide both `flow` and `size` arguments at the same time.")
        if flow is not None and element_shape is not None:
            raise ValueError("Cannot provide both `flow` and `element_shape` argumentsat the same time.")
        self._dtype = dtypes.as_dtype(dtype).base_dtype
        self._element_shape = [tensor_shape.as_shape(element_shape)]
        self._infer_shape = infer_shape
        with name_scope(name, "TensorArrayV2", [size, flow]) as scope:
            self._flow = flow if flow is not None else tensor_list.tensor_list_reserve(
                element_shape, size, dtypes.as_dtype(dtype), name=scope)
        self._colocate_with_first_write_call = None
        self._colocate_with = None

    handle = None

    @property
    def flow(self):
        return self._flow

    @property
    def dtype(self):
        return self._dtype

    @property
    def element_shape(self):
        return self._element_shape[0]

    def _check_element_shape(self, shape):
        if not shape.is_compatible_with(self.element_shape):
            raise ValueError(f"Inconsistent shapes: saw {shape} but expected {self.element_shape} ")
        if self._infer_shape:
            self._element_shape[0] = self.element_shape.merge_with(shape)

    def _value(self, value):
        return convert_to_tensor(value, preferred_dtype=self._dtype, name="value")

    def identity(self):
        from pyscope.ops.identity import identity

        return build_ta_with_new_flow(self, identity(self._flow))

    def grad(self, source, flow=None, name=None):
        raise NotImplementedError

    def read(self, index, name=None):
        with name_scope(name, "TensorArrayV2Read", [self._flow, index]):
            return tensor_list.tensor_list_get_item(self._flow, index, self._dtype, self.element_shape, name=name)

    def write(self, index, value, name=None):
        with name_scope(name, "TensorArrayV2Write", [self._flow, index, value]):
            value = self._value(value)
            self._check_element_shape(value.shape)
            flow = tensor_list.tensor_list_set_item(self._flow, index, value, self._dynamic_size, name=name)
            return build_ta_with_new_flow(self, flow)

    def stack(self, name=None):
        with name_scope(name, "TensorArrayV2Stack", [self._flow]):
            size = -1
            if not self._dynamic_size and self._size is not None:
                size = constant_value(self._size) if isinstance(self._size, Tensor) else self._size
                size = None if size is None else int(size)
            return tensor_list.tensor_list_stack(self._flow, self._dtype, size, self.element_shape)

    def gather(self, indices, name=None):
        return tensor_list.tensor_list_gather(self._flow, indices, self._dtype, self.element_shape, name=name)

    def concat(self, name=None):
        dims = self.element_shape._dims
        shape = None if dims is None else [None, *dims[1:]]
        return tensor_list.tensor_list_concat(self._flow, self._dtype, shape, name=name)

    def unstack(self, value, name=None):
        with name_scope(name, "TensorArrayUnstack", [self._flow, value]):
            value = self._value(value)
            self._check_element_shape(value.shape[1:])
            flow = tensor_list.tensor_list_from_tensor(value, value.shape[1:])
            return build_ta_with_new_flow(self, flow)

    def scatter(self, indices, value, name=None):
        with name_scope(name, "TensorArrayScatter", [self._flow, value, indices]):
            value = self._value(value)
            self._check_element_shape(value.shape[1:])
            flow = tensor_list.tensor_list_scatter(value, indices, self.element_shape, self._flow)
            return build_ta_with_new_flow(self, flow)

    def split(self, value, lengths, name=None):
        from pyscope.ops.cast import cast

        with name_scope(name, "TensorArraySplit", [self._flow, value, lengths]):
            value = self._value(value)
            lengths = cast(lengths, dtypes.int64)
            check_split(self, value, lengths)
            flow = tensor_list.tensor_list_split(value, self.element_shape, lengths, name=name)
            return build_ta_with_new_flow(self, flow)

    def size(self, name=None):
        if not self._dynamic_size and self._size is not None:
            return convert_to_tensor(self._size, dtype=dtypes.int32)
        return tensor_list.tensor_list_length(self._flow, name=name)

    def close(self, name=None):
        from pyscope.control_flow.basic import no_op

        return no_op(name=name)


def check_split(array, value, lengths):
    """When all parts are known to be equally long, they must suit the array's elements."""
    known = constant_value(lengths)
    if value.shape._dims is not None and known is not None and known.ndim and known.size and known.max() == known.min():
        array._check_element_shape(tensor_shape.TensorShape([int(known[0])]).concatenate(value.shape[1:]))


class TensorArray:
    """An array of tensors of one dtype, for use in loops; every write gives a new TensorArray to go on with.

    Parameters
    ----------
    dtype : DType
    size : int or Tensor, int32
        Number of elements.
    dynamic_size : bool
        Whether writes past the end enlarge the array.
    clear_after_read : bool
        With v1 control flow: whether an element can be read only once.
    tensor_array_name : str, optional
    handle, flow : Tensor, optional
        Of an existing array.
    infer_shape : bool
        Whether all elements have the same shape.
    element_shape : TensorShape, optional
        What is known of the elements' shapes.
    """

    def __init__(self, dtype, size=None, dynamic_size=None, clear_after_read=None, tensor_array_name=None,
                 handle=None, flow=None, infer_shape=True, element_shape=None, colocate_with_first_write_call=True,
                 name=None):
        if (flow is not None and flow.dtype == dtypes.variant) or control_flow_v2():
            implementation = _ListArray
        else:
            from pyscope.tensor_array_v1 import ResourceArray as implementation
        self._implementation = implementation(dtype, size, dynamic_size, clear_after_read, tensor_array_name, handle,
                                              flow, infer_shape, element_shape, colocate_with_first_write_call, name)
        self._implementation.parent = weakref.ref(self)

    @property
    def flow(self):
        """The tensor that stands for the array as written so far."""
        return self._implementation._flow

    @property
    def dtype(self):
        """The dtype of the elements."""
        return self._implementation._dtype

    @property
    def handle(self):
        """The resource behind the array; None if it is a tensor list."""
        return self._implementation.handle

    @property
    def element_shape(self):
        """What is known of the elements' shapes."""
        return self._implementation.element_shape

    @property
    def dynamic_size(self):
        """Whether writes past the end enlarge the array."""
        return self._implementation._dynamic_size

    @property
    def _infer_shape(self):
        return self._implementation._infer_shape

    def identity(self):
        """This array behind an identity of its flow."""
        return self._implementation.identity()

    def grad(self, source, flow=None, name=None):
        """The array of the gradients of this one (v1 control flow)."""
        return self._implementation.grad(source, flow=flow, name=name)

    def read(self, index, name=None):
        """The element at `index`."""
        return self._implementation.read(index, name=name)

    def write(self, index, value, name=None):
        """The array with `value` written at `index`."""
        return self._implementation.write(index, value, name=name)

    def stack(self, name=None):
        """All elements as one tensor, shape (size, ...)."""
        return self._implementation.stack(name=name)

    def gather(self, indices, name=None):
        """The elements at `indices` as one tensor."""
        return self._implementation.gather(indices, name=name)

    def concat(self, name=None):
        """All elements joined along their first dimension."""
        return self._implementation.concat(name=name)

    def unstack(self, value, name=None):
        """The array with the rows of `value` as its elements."""
        return self._implementation.unstack(value, name=name)

    def scatter(self, indices, value, name=None):
        """The array with the rows of `value` written at `indices`."""
        return self._implementation.scatter(indices, value, name=name)

    def split(self, value, lengths, name=None):
        """The array with parts of `value` of these lengths as its elements."""
        return self._implementation.split(value, lengths, name=name)

    def size(self, name=None):
        """The number of elements, an int32 tensor."""
        return self._implementation.size(name=name)

    def close(self, name=None):
        """Operation that lets go of the array."""
        return self._implementation.close(name=name)


def build_ta_with_new_flow(old, flow):
    """The array `old` as of `flow`."""
    old = old._implementation if isinstance(old, TensorArray) else old
    if not isinstance(old, _ListArray) and control_flow_v2():
        raise NotImplementedError(
            "Attempting to build a graph-mode TF2-style TensorArray from either an eager-mode TensorArray or a "
            "TF1-style TensorArray.  This is not currently supported.  You may be attempting to capture a TensorArray "
            "inside a tf.function or tf.data map function. Instead, construct a new TensorArray inside the function.")
    new = TensorArray(old.dtype, handle=old.handle, flow=flow, infer_shape=old._infer_shape,
                      colocate_with_first_write_call=old._colocate_with_first_write_call)
    implementation = new._implementation
    implementation._dynamic_size = old._dynamic_size
    implementation._size = old._size
    implementation._colocate_with = old._colocate_with
    implementation._element_shape = old._element_shape  # shared, so that what one learns the other knows
    return new

"""TensorArrays of v1 control flow: a resource, and a scalar flow that orders what is done with it."""

import contextlib

import numpy as np

from pyscope import _core as core
from pyscope import dtypes, errors, tensor_shape
from pyscope.conversion import convert_to_tensor
from pyscope.graph import control_dependencies, device, get_default_graph, name_scope
from pyscope.static_value import constant_value

Tensor = core.Tensor


# ---------------------------------------------------------------- kernels


class _Array:
    """The elements of one array in a run, and the arrays of their gradients."""

    __slots__ = ("attrs", "gradients", "is_gradient", "items", "read")

    def __init__(self, attrs, n, is_gradient=False):
        self.attrs = attrs
        self.items = [None] * n
        self.read = [False] * n
        self.gradients = {}
        self.is_gradient = is_gradient

    def write(self, index, value):
        index = int(index)
        if index >= len(self.items) and self.attrs["dynamic_size"]:
            n = index + 1 - len(self.items)
            self.items += [None] * n
            self.read += [False] * n
        if not 0 <= index < len(self.items):
            raise _invalid(f"TensorArray {_name(self)}: Tried to write to index {index} but array is not resizeable "
                           f"and size is: {len(self.items)}")
        old = self.items[index]
        if old is not None:
            if not self.is_gradient:
                raise _invalid(f"TensorArray {_name(self)}: Could not write to TensorArray index {index} because it "
                               "has already been written to.")
            value = old + value
        self.items[index] = value

    def take(self, index):
        index = int(index)
        if not 0 <= index < len(self.items):
            raise _invalid(f"TensorArray {_name(self)}: Tried to read from index {index} but array size is: "
                           f"{len(self.items)}")
        if self.read[index]:
            raise _invalid(f"TensorArray {_name(self)}: Could not read index {index} twice because it was cleared "
                           "after a previous read (perhaps try setting clear_after_read = false?).")
        value = self.items[index]
        if value is None:
            shape = self.attrs["element_shape"]._dims
            if shape is None:
                for other in self.items:
                    if other is not None:
                        shape = other.shape
            if shape is None or None in shape:
                raise _invalid(f"TensorArray {_name(self)}: Could not read from TensorArray index {index}.  "
                               "Furthermore, the element shape is not fully defined: <unknown>.  It is possible you "
                               "are working with a resizeable TensorArray and stop_gradients is not allowing the "
                               "gradients to be written.  If you set the full element_shape property on the "
                               "forward TensorArray, the proper all-zeros tensor will be returned instead of incurring "
                               "this error.")
            value = np.zeros(shape, self.attrs["dtype"].as_numpy_dtype)
        if self.attrs["clear_after_read"]:
            self.items[index] = None
            self.read[index] = True
        return value


def _name(array):
    return (array.attrs["tensor_array_name"] or b"").decode() or "TensorArray"


def _invalid(message):
    return errors.InvalidArgumentError(None, None, message)


_FLOW = np.zeros((), np.float32)


def _create_kernel(attrs, size):
    own = {name: attrs[name] for name in ("dtype", "element_shape", "dynamic_size", "clear_after_read",
                                          "tensor_array_name")}
    return [_Array(own, int(size)), _FLOW]


def _write_kernel(attrs, array, index, value, flow):
    array.write(index, value)
    return flow


def _read_kernel(attrs, array, index, flow):
    return array.take(index)


def _stacked(attrs, values):
    if not values:
        shape = attrs["element_shape"]._dims
        if shape is None or None in shape:
            raise _invalid("TensorArray has size zero, but element shape is not fully defined. Currently only static "
                           "shapes are supported when packing zero-size TensorArrays.")
        return np.zeros((0, *shape), attrs["dtype"].as_numpy_dtype)
    for x in values:
        if x.shape != values[0].shape:
            raise _invalid("TensorArray has inconsistent shapes.")
    return np.stack(values)


def _gather_kernel(attrs, array, indices, flow):
    return _stacked(attrs, [array.take(i) for i in indices.tolist()])


def _scatter_kernel(attrs, array, indices, value, flow):
    for k, i in enumerate(indices.tolist()):
        array.write(i, value[k:k + 1].reshape(value.shape[1:]).copy())
    return flow


def _concat_kernel(attrs, array, flow):
    values = [array.take(i) for i in range(len(array.items))]
    if not values:
        rest = attrs["element_shape_except0"]._dims
        return [np.zeros((0, *(rest or ())), attrs["dtype"].as_numpy_dtype), np.zeros(0, np.int64)]
    return [np.concatenate(values), np.array([len(x) for x in values], np.int64)]


def _split_kernel(attrs, array, value, lengths, flow):
    if int(lengths.sum()) != len(value):
        raise _invalid(f"Expected sum of lengths to be equal to values.shape[0], but sum of lengths is {lengths.sum()} "
                       f"and value's shape is: {list(value.shape)} ")
    start = 0
    for i, n in enumerate(lengths.tolist()):
        array.write(i, value[start:start + n].copy())
        start += n
    return flow


def _gradient_kernel(attrs, array, flow):
    found = array.gradients.get(attrs["source"])
    if found is None:
        own = {**array.attrs, "clear_after_read": False}
        found = array.gradients[attrs["source"]] = _Array(own, len(array.items), is_gradient=True)
    return [found, flow]


# ---------------------------------------------------------------- gradients


def _source(tensor):
    """The part of a name that tells one call of `gradients` from another."""
    parts = tensor.name.split("/")
    positions = [i for i, part in enumerate(parts) if part.startswith("gradients")]
    if not positions:
        raise ValueError(
            f"Expected op/tensor name to start with gradients (excluding scope), got: {tensor.name}. This means that a "
            "tf.gradients op with this op in its dependency path has a custom name that does not start with "
            "'gradients'. Please make sure all calls to tf.gradients that have non-empty `name` arguments use names "
            "that start with 'gradients'.")
    return "/".join(parts[:positions[-1] + 1])


def _grad_array(op, dtype, flow, source):
    from pyscope.tensor_array import TensorArray

    array = TensorArray(dtype, handle=op.inputs[0], flow=flow, colocate_with_first_write_call=False)
    return array.grad(source=source, flow=flow)


def _behind_write(op, flow):
    """`flow` after the write that is undone."""
    from pyscope.ops.identity import identity

    done = identity(op.outputs[0], "flow_out")
    with control_dependencies([done]):
        return identity(flow, "write_barrier")


def _read_gradient(op, grad):
    array = _grad_array(op, op._attr("dtype")[1], op.inputs[2], _source(grad))
    return [None, None, array.write(op.inputs[1], grad).flow]


def _write_gradient(op, flow):
    source = _source(flow)
    flow = _behind_write(op, flow)
    array = _grad_array(op, op.inputs[2].dtype, flow, source)
    return [None, None, array.read(op.inputs[1]), flow]


def _gather_gradient(op, grad):
    array = _grad_array(op, op._attr("dtype")[1], op.inputs[2], _source(grad))
    return [None, None, array.scatter(op.inputs[1], grad).flow]


def _scatter_gradient(op, flow):
    source = _source(flow)
    flow = _behind_write(op, flow)
    array = _grad_array(op, op.inputs[2].dtype, flow, source)
    return [None, None, array.gather(op.inputs[1]), flow]


def _concat_gradient(op, grad, lengths_grad):
    array = _grad_array(op, op._attr("dtype")[1], op.inputs[1], _source(grad))
    return [None, array.split(grad, lengths=op.outputs[1]).flow]


def _split_gradient(op, flow):
    source = _source(flow)
    flow = _behind_write(op, flow)
    array = _grad_array(op, op.inputs[1].dtype, flow, source)
    return [None, array.concat(), None, flow]


# ---------------------------------------------------------------- op types


def _gather_rule(c):
    shape, indices = c.attr("element_shape")._dims, c.shape(1)
    return [None if shape is None or indices is None else (indices[0], *shape)]


def _concat_rule(c):
    rest = c.attr("element_shape_except0")._dims
    return [None if rest is None else (None, *rest), (None,)]


def _read_rule(c):
    data = c.handle_data(0)
    return [data[0][0] if data else None]


def _create_rule(c):
    if c.attr("identical_element_shapes"):
        c.set_handle_data(0, ((c.attr("element_shape")._dims, c.attr("dtype")),))
    return [(2,), ()]


def _type(name, signature, attrs, shape, kernel, gradient):
    return core.OpType("TensorArray" + name, signature, attrs, shape=shape, kernel=kernel, gradient=gradient,
                       stateful=True)


TENSOR_ARRAY = _type(
    "V3", "size: int32 -> handle: resource, flow: float32",
    "dtype: type; element_shape: shape = None; dynamic_size: bool = False; clear_after_read: bool = True; "
    "identical_element_shapes: bool = False; tensor_array_name: string = ''",
    _create_rule, _create_kernel, core.NO_GRADIENT)
TENSOR_ARRAY_GRAD = _type(
    "GradV3", "handle: resource, flow_in: float32 -> grad_handle: resource, flow_out: float32", "source: string",
    lambda c: [(2,), ()], _gradient_kernel, core.NO_GRADIENT)
TENSOR_ARRAY_WRITE = _type(
    "WriteV3", "handle: resource, index: int32, value: T, flow_in: float32 -> flow_out: float32", "T: type",
    "scalar", core.kernel("array_write", _write_kernel), _write_gradient)
TENSOR_ARRAY_READ = _type(
    "ReadV3", "handle: resource, index: int32, flow_in: float32 -> value: dtype", "dtype: type",
    _read_rule, core.kernel("array_read", _read_kernel), _read_gradient)
TENSOR_ARRAY_GATHER = _type(
    "GatherV3", "handle: resource, indices: int32, flow_in: float32 -> value: dtype",
    "dtype: type; element_shape: shape = None", _gather_rule,
    core.kernel("array_gather", _gather_kernel), _gather_gradient)
TENSOR_ARRAY_SCATTER = _type(
    "ScatterV3", "handle: resource, indices: int32, value: T, flow_in: float32 -> flow_out: float32", "T: type",
    "scalar", _scatter_kernel, _scatter_gradient)
TENSOR_ARRAY_CONCAT = _type(
    "ConcatV3", "handle: resource, flow_in: float32 -> value: dtype, lengths: int64",
    "dtype: type; element_shape_except0: shape = None", _concat_rule, _concat_kernel, _concat_gradient)
TENSOR_ARRAY_SPLIT = _type(
    "SplitV3", "handle: resource, value: T, lengths: int64, flow_in: float32 -> flow_out: float32", "T: type",
    "scalar", _split_kernel, _split_gradient)
TENSOR_ARRAY_SIZE = _type(
    "SizeV3", "handle: resource, flow_in: float32 -> size: int32", "",
    "scalar", lambda attrs, array, flow: np.array(len(array.items), np.int32), core.NO_GRADIENT)
TENSOR_ARRAY_CLOSE = _type(
    "CloseV3", "handle: resource -> ", "", lambda c: [], lambda attrs, array: None, core.NO_GRADIENT)


# ---------------------------------------------------------------- the array


class ResourceArray:
    """A TensorArray that is a resource."""

    def __init__(self, dtype, size=None, dynamic_size=None, clear_after_read=None, tensor_array_name=None,
                 handle=None, flow=None, infer_shape=True, element_shape=None, colocate_with_first_write_call=True,
                 name=None):
        if handle is not None:
            if tensor_array_name:
                raise ValueError("Cannot provide both `handle` and `tensor_array_name` arguments at the same time.")
            if not isinstance(handle, Tensor):
                raise TypeError(f"Expected `handle` to be a Tensor, but got `{handle}` of type `{type(handle)}` "
                                "instead.")
            for what, value in (("size", size), ("element_shape", element_shape), ("dynamic_size", dynamic_size),
                                ("clear_after_read", clear_after_read)):
                if value is not None:
                    first = "a `handle`" if what == "size" else "`handle`"
                    raise ValueError(f"Cannot provide both {first} and `{what}` arguments at the same time.")
        elif size is None:
            raise ValueError("Argument `size` must be provided if handle is not provided.")
        self._dynamic_size = dynamic_size or False
        self._dtype = dtypes.as_dtype(dtype).base_dtype
        self._colocate_with_first_write_call = colocate_with_first_write_call
        self._colocate_with = [] if colocate_with_first_write_call else None
        self._element_shape = [tensor_shape.as_shape(element_shape)]
        self._infer_shape = infer_shape
        self._size = size
        with name_scope(name, "TensorArray", [handle, size, flow]) as scope:
            if handle is not None:
                self._handle = handle
                if flow is None:
                    raise ValueError("flow must not be None if handle is not None.")
                self._flow = flow
                return
            attrs = {"dtype": dtype, "element_shape": element_shape, "identical_element_shapes": infer_shape,
                     "dynamic_size": self._dynamic_size, "tensor_array_name": tensor_array_name or "", "name": scope,
                     "clear_after_read": True if clear_after_read is None else clear_after_read}
            if colocate_with_first_write_call:
                with device(None), get_default_graph().colocate_with(None, ignore_existing=True):
                    self._handle, self._flow = TENSOR_ARRAY(size, **attrs)
            else:
                self._handle, self._flow = TENSOR_ARRAY(size, **attrs)

    @property
    def flow(self):
        return self._flow

    @property
    def dtype(self):
        return self._dtype

    @property
    def handle(self):
        return self._handle

    @property
    def element_shape(self):
        return self._element_shape[0]

    def _check_element_shape(self, shape):
        if not shape.is_compatible_with(self.element_shape):
            raise ValueError(f"Inconsistent shapes: saw {shape} but expected {self.element_shape} ")
        if self._infer_shape:
            self._element_shape[0] = self.element_shape.merge_with(shape)

    def _place(self, value):
        """Context manager: with the first value written."""
        if not self._colocate_with_first_write_call:
            return contextlib.nullcontext()
        if not self._colocate_with:
            self._colocate_with.append(value)
        return get_default_graph().colocate_with(self._colocate_with[0])

    def _new(self, flow):
        from pyscope.tensor_array import build_ta_with_new_flow

        return build_ta_with_new_flow(self, flow)

    def _value(self, value):
        return convert_to_tensor(value, preferred_dtype=self._dtype, name="value")

    def identity(self):
        from pyscope.ops.identity import identity

        return self._new(identity(self._flow))

    def grad(self, source, flow=None, name=None):
        from pyscope.ops.identity import identity
        from pyscope.tensor_array import TensorArray

        flow = self._flow if flow is None else flow
        graph = get_default_graph()
        with name_scope(name, "TensorArrayGrad", [self._handle]), graph.colocate_with(self._handle):
            handle, _ = TENSOR_ARRAY_GRAD(self._handle, flow, source=source, name=name)
            with control_dependencies([handle]):
                flow = identity(flow, name="gradient_flow")
            array = TensorArray(self._dtype, handle=handle, flow=flow, infer_shape=self._infer_shape,
                                colocate_with_first_write_call=False)
            array._implementation._element_shape = self._element_shape
            return array

    def read(self, index, name=None):
        value = TENSOR_ARRAY_READ(self._handle, index, self._flow, dtype=self._dtype, name=name)
        value.set_shape(self._element_shape[0])
        return value

    def write(self, index, value, name=None):
        with name_scope(name, "TensorArrayWrite", [self._handle, index, value]):
            value = self._value(value)
            self._check_element_shape(value.shape)
            with self._place(value):
                flow = TENSOR_ARRAY_WRITE(self._handle, index, value, self._flow, name=name)
            return self._new(flow)

    def stack(self, name=None):
        from pyscope.ops.ranges import range as number_range

        graph = get_default_graph()
        with graph.colocate_with(self._handle), name_scope(name, "TensorArrayStack", [self._handle]):
            value = self.gather(number_range(0, self.size()), name=name)
            dims = self.element_shape._dims
            if dims is not None and not self._dynamic_size and self._size is not None:
                size = constant_value(self._size) if isinstance(self._size, Tensor) else self._size
                value.set_shape([None if size is None else int(size), *dims])
            return value

    def gather(self, indices, name=None):
        value = TENSOR_ARRAY_GATHER(self._handle, indices, self._flow, dtype=self._dtype, name=name,
                                    element_shape=self.element_shape)
        dims = self.element_shape._dims
        if dims is not None:
            value.set_shape([None, *dims])
        return value

    def concat(self, name=None):
        dims = self.element_shape._dims
        value, _ = TENSOR_ARRAY_CONCAT(
            self._handle, self._flow, dtype=self._dtype, name=name,
            element_shape_except0=tensor_shape.TensorShape(None if dims is None else dims[1:]))
        if dims is not None:
            first = None
            if self._infer_shape:
                size = constant_value(self.size())
                if size is not None and dims[0] is not None:
                    first = int(size) * dims[0]
            value.set_shape([first, *dims[1:]])
        return value

    def unstack(self, value, name=None):
        from pyscope.ops.array import shape
        from pyscope.ops.ranges import range as number_range

        with name_scope(name, "TensorArrayUnstack", [self._handle, value]):
            n = shape(value)[0]
            return self.scatter(number_range(0, n), value, name=name)

    def scatter(self, indices, value, name=None):
        with name_scope(name, "TensorArrayScatter", [self._handle, value, indices]):
            value = self._value(value)
            self._check_element_shape(value.shape[1:])
            with self._place(value):
                flow = TENSOR_ARRAY_SCATTER(self._handle, indices, value, self._flow, name=name)
            return self._new(flow)

    def split(self, value, lengths, name=None):
        from pyscope.ops.cast import cast
        from pyscope.tensor_array import check_split

        with name_scope(name, "TensorArraySplit", [self._handle, value, lengths]):
            value = convert_to_tensor(value, dtype=self._dtype, name="value")
            with self._place(value):
                lengths = cast(lengths, dtypes.int64)
                check_split(self, value, lengths)
                flow = TENSOR_ARRAY_SPLIT(self._handle, value, lengths, self._flow, name=name)
            return self._new(flow)

    def size(self, name=None):
        if not self._dynamic_size and self._size is not None:
            return convert_to_tensor(self._size, dtype=dtypes.int32)
        return TENSOR_ARRAY_SIZE(self._handle, self._flow, name=name)

    def close(self, name=None):
        return TENSOR_ARRAY_CLOSE(self._handle, name=name)

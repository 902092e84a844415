"""Arrays to TensorProto and back: ``make_tensor_proto``, ``make_ndarray``."""

import numbers

import numpy as np

from .. import dtypes, tensor_shape

# The repeated field that holds values one by one, by dtype.
_FIELDS = {
    dtypes.float32: "float_val",
    dtypes.float64: "double_val",
    dtypes.float16: "half_val",
    dtypes.bfloat16: "half_val",
    dtypes.complex64: "scomplex_val",
    dtypes.complex128: "dcomplex_val",
    dtypes.int64: "int64_val",
    dtypes.uint32: "uint32_val",
    dtypes.uint64: "uint64_val",
    dtypes.bool: "bool_val",
    dtypes.string: "string_val",
}
for _dtype in dtypes.TABLE[1:34]:
    if _dtype not in _FIELDS and (_dtype.is_integer or _dtype.is_quantized):
        _FIELDS[_dtype] = "int_val"
    elif _dtype not in _FIELDS and _dtype.is_floating:
        _FIELDS[_dtype] = "float8_val"

# TF packs these into tensor_content when there are two or more; uint16, bool and complex never.
_CONTENT_DTYPES = frozenset(
    d
    for d in _FIELDS
    if not (d.is_bool or d.is_complex or d is dtypes.string)
    and d.name not in ("uint16", "int4", "uint4", "int2", "uint2")
)

_FAMILIES = {
    "b": (bool,),
    "c": (numbers.Complex, np.number),
    "f": (numbers.Real, np.integer, np.floating),
    "i": (numbers.Integral, np.integer, tensor_shape.Dimension),
    "s": (bytes, str),
}
_FAMILIES["u"] = _FAMILIES["i"]


def make_tensor_proto(values, dtype=None, shape=None, verify_shape=False, allow_broadcast=False):
    """TensorProto of a Python value, list or array.

    Parameters
    ----------
    values : number, str, bytes, bool, nested lists of these, or array
        A TensorProto is returned as it is.
    dtype : DType or what names one, optional
        By default that of `values`; Python floats become float32, ints int32 where they fit.
    shape : iterable of int, optional
        May ask for more elements than there are values: readers repeat the last one.
    verify_shape : bool
        Demand that `values` has just this shape.
    allow_broadcast : bool
        Let only a scalar or a vector of length one be repeated.

    Raises
    ------
    TypeError
        If the values don't have the type.
    ValueError
        If there are too many values for the shape, or they are ragged.
    """
    from . import TensorProto

    if allow_broadcast and verify_shape:
        raise ValueError("allow_broadcast and verify_shape are not both allowed.")
    if isinstance(values, TensorProto):
        return values
    dtype = dtypes.as_dtype(dtype) if dtype else None
    if _is_array_like(values):
        values = np.asarray(values)
    array = _to_array(values, dtype, shape)

    actual = dtype if dtype is not None and dtype.is_quantized else dtypes.as_dtype(array.dtype)
    if dtype is not None and dtype.base_dtype is not actual.base_dtype:
        raise TypeError(f"`dtype` {dtype} is not compatible with {values} of dtype {array.dtype}.")
    shape = _check_shape(array, shape, verify_shape, allow_broadcast)
    size = int(np.prod(shape, dtype=np.int64))

    proto = TensorProto(dtype=actual._enum, tensor_shape={"dim": [{"size": d} for d in shape]})
    if size == array.size and size > 1 and actual in _CONTENT_DTYPES:
        if array.nbytes >= 1 << 31:
            raise ValueError("Cannot create a tensor proto whose content is larger than 2GB.")
        proto.tensor_content = array.tobytes()
    elif actual is dtypes.string and not isinstance(values, np.ndarray):
        # Not by way of the array: NumPy drops zero bytes at the end of strings.
        try:
            proto.string_val.extend([_as_bytes(v) for v in _leaves(values)])
        except TypeError:
            raise TypeError(
                f"Failed to convert elements of {values} to Tensor. Consider casting elements to a supported "
                "type. See https://www.tensorflow.org/api_docs/python/tf/dtypes for supported TF dtypes."
            ) from None
    else:
        _fill(proto, actual, array.ravel())
    return proto


def _to_array(values, dtype, shape):
    wanted = dtype.as_numpy_dtype if dtype is not None and dtype.is_numpy_compatible else None
    if isinstance(values, (np.ndarray, np.generic)):
        return values.astype(wanted) if wanted is not None else values
    if values is None:
        raise ValueError("None values not supported.")
    if shape is not None and np.prod(shape, dtype=np.int64) == 0:
        array = np.empty(shape, dtype=wanted)
    else:
        _check_values(values, dtype)
        # In two steps: what is out of range wraps around, where NumPy 2 would refuse Python ints.
        if wanted is not None and np.issubdtype(wanted, np.number):
            array = np.array(values).astype(wanted)
        else:
            array = np.array(values, dtype=wanted)
        dense = _dense_shape(values)
        if list(array.shape) != dense and not (dtype is not None and dtype.is_quantized):
            raise ValueError(
                f"Expected values {values} to be a dense tensor with shape {dense}, "
                f"but got shape {list(array.shape)}."
            )
    if dtype is None and array.dtype == np.float64:
        return array.astype(np.float32)
    if dtype is None and array.dtype == np.int64:
        narrow = array.astype(np.int32)
        return narrow if np.array_equal(narrow, array) else array
    return array


def _check_shape(array, shape, verify_shape, allow_broadcast):
    if shape is None:
        return array.shape
    shape = tuple([int(d) for d in shape])
    size = int(np.prod(shape, dtype=np.int64))
    if allow_broadcast:
        mismatch = array.shape not in ((), (1,)) and array.size != size
    else:
        mismatch = verify_shape and array.shape != shape
    if mismatch:
        raise TypeError(f"Expected Tensor's shape: {shape}, but got {array.shape}.")
    if not allow_broadcast and array.size > size:
        raise ValueError(f"Too many elements provided. Takes at most {size}, but got {array.size}.")
    return shape


def _fill(proto, dtype, flat):
    """Append the values of the vector `flat` to their field of `proto`."""
    field = _FIELDS.get(dtype)
    if field is None:
        raise TypeError(f"Element type not supported in TensorProto: {dtype.name}.")
    if field == "string_val":
        flat = [_as_bytes(v) for v in flat.tolist()]
    elif dtype.is_complex:
        flat = flat.view(flat.real.dtype)
    elif field == "half_val":
        flat = flat.view(np.uint16)
    elif field == "float8_val":
        proto.float8_val = flat.tobytes()
        return
    elif flat.dtype.names:  # quantized: a record of one integer
        flat = flat[flat.dtype.names[0]]
    elif dtype.size == 1 and flat.dtype.kind not in "iub":  # ml_dtypes' narrow integers
        flat = flat.astype(np.int8)
    getattr(proto, field).extend(flat if isinstance(flat, list) else flat.tolist())


def make_ndarray(tensor):
    """Array with the values of a TensorProto. Raises TypeError for types without values, as resources."""
    shape = [d.size for d in tensor.tensor_shape.dim]
    size = int(np.prod(shape, dtype=np.int64))
    dtype = dtypes.as_dtype(tensor.dtype)
    np_type = dtype.as_numpy_dtype
    if tensor.tensor_content:
        return np.frombuffer(tensor.tensor_content, dtype=np_type).copy().reshape(shape)
    field = _FIELDS.get(dtype)
    if field is None:
        raise TypeError(
            f"Unsupported tensor type: {tensor.dtype}. See "
            "https://www.tensorflow.org/api_docs/python/tf/dtypes for supported TF dtypes."
        )
    stored = getattr(tensor, field)
    if dtype is dtypes.string:
        values = np.array([*stored, b""][: max(len(stored), 1)] if size else [], dtype=object)
    elif field == "half_val":
        values = np.array(stored, dtype=np.uint16).view(np_type)
    elif field == "float8_val":
        values = np.frombuffer(stored, dtype=np.uint8).view(np_type)
    elif dtype.is_complex:
        values = np.array(stored, dtype=np_type(0).real.dtype).view(np_type)
    else:
        values = np.array(stored, dtype=np_type)
    if values.size == 0:
        return np.zeros(shape, np_type)
    if values.size < size:
        values = np.concatenate([values, np.repeat(values[-1:], size - values.size)])
    return values.reshape(shape)


# Checks of Python values, with TF's texts.


def _is_symbolic(value):
    """Whether `value` is a tensor or variable of a graph."""
    return hasattr(value, "graph") and hasattr(value, "op")


def _is_array_like(value):
    if isinstance(value, (bytes, str, list, tuple)) or _is_symbolic(value):
        return False
    if callable(getattr(value, "__array__", None)):
        return True
    if isinstance(getattr(value, "__array_interface__", None), dict):
        return True
    try:
        memoryview(value)
    except TypeError:
        return False
    return True


def _leaves(values):
    if isinstance(values, (list, tuple)):
        for value in values:
            yield from _leaves(value)
    else:
        yield values


def _dense_shape(values):
    """Lengths along the first elements of nested lists."""
    if not isinstance(values, (list, tuple)):
        return []
    return [len(values), *_dense_shape(values[0])] if values else [0]


def _as_bytes(value):
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    raise TypeError(f"Expected binary or unicode string, got {value!r}")


def _check_values(values, dtype):
    """Raise TypeError unless all leaves of `values` suit `dtype` (None: are not symbolic)."""
    if dtype is not None and dtype.is_quantized:
        if not isinstance(values, (list, tuple)):
            _reject(values, dtype)
        for value in values:  # the leaves are tuples
            if isinstance(values, list):
                _check_values(value, dtype)
            elif not isinstance(value, _FAMILIES["i"]):
                _reject(value, dtype)
        return
    family = None if dtype is None else _FAMILIES.get(dtype._kind)
    for value in _leaves(values):
        if family is None:
            good = not _is_symbolic(value)
        else:
            good = isinstance(value, family) or (
                isinstance(value, np.ndarray) and issubclass(value.dtype.type, family)
            )
        if not good:
            _reject(value, dtype)


def _reject(value, dtype):
    if dtype is None:
        raise TypeError("Expected any non-tensor type, but got a tensor instead.")
    raise TypeError(f"Expected {dtype.name}, but got {value} of type '{type(value).__name__}'.")

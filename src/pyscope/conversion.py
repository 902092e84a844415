"""From Python values to tensors: `constant`, `convert_to_tensor` and the registry behind it."""

import numpy as np

from pyscope import _core as core
from pyscope import dtypes, tensor_shape
from pyscope.protos._tensor import _as_bytes, _check_shape, _leaves, _to_array

Tensor = core.Tensor

CONST = core.OpType(
    "Const",
    " -> output: dtype",
    "value: tensor; dtype: type",
    shape="value",
    kernel=lambda attrs: attrs["value"],
    gradient=core.NO_GRADIENT,
    scoped=False,
)

_INT32_MIN, _INT32_MAX = -(2**31), 2**31 - 1


def constant_array(value, dtype=None, shape=None, verify_shape=False):
    """``(array, DType)`` of a constant; Python floats become float32 and ints int32 unless `dtype` says otherwise.

    Raises
    ------
    TypeError, ValueError
        When the values do not suit `dtype`, are ragged, or do not fill `shape`.
    """
    if dtype is not None:
        dtype = dtypes.as_dtype(dtype)
    kind = type(value)
    if shape is None:
        if kind is float and (dtype is None or dtype is dtypes.float32):
            return np.array(value, np.float32), dtypes.float32
        if kind is int and (dtype is None or dtype is dtypes.int32) and _INT32_MIN <= value <= _INT32_MAX:
            return np.array(value, np.int32), dtypes.int32
        if kind is list or kind is tuple:
            array = _plain_array(value, dtype)
            if array is not None:
                return array
    if hasattr(value, "DESCRIPTOR"):
        from pyscope import protos

        value = protos.make_ndarray(value)
    if shape is not None:
        shape = tuple([int(d) for d in shape])
    leaves = value
    if isinstance(value, Tensor):
        raise TypeError("Expected any non-tensor type, but got a tensor instead.")
    if not isinstance(value, (np.ndarray, np.generic)) and hasattr(value, "__array__"):
        value = leaves = np.asarray(value)
    array = np.asarray(_to_array(value, dtype, shape))    # it hands back a NumPy scalar as one
    if array.dtype.kind in "USO" and not (dtype is not None and dtype.is_quantized):
        array = _text_array(leaves, array.shape)
    found = dtype if dtype is not None and dtype.is_quantized else dtypes.as_dtype(array.dtype)
    if dtype is not None and found.base_dtype != dtype.base_dtype:
        raise TypeError(f"`dtype` {dtype} is not compatible with {value} of dtype {array.dtype}.")
    if array is value or array.base is not None:
        array = array.copy()
    if shape is not None:
        _check_shape(array, shape, verify_shape, False)
        missing = int(np.prod(shape, dtype=np.int64)) - array.size
        if array.size == 1 and missing > 0:
            array = np.broadcast_to(array.reshape(()), shape)
        elif missing > 0:
            flat = array.reshape(-1)
            array = np.concatenate([flat, np.repeat(flat[-1:], missing)]).reshape(shape)
        else:
            array = array.reshape(shape)
    return array, found


def _plain_array(values, dtype):
    """``(array, DType)`` of a flat list of Python ints or of floats, as most lists are; None for any other."""
    kinds = set(map(type, values))
    if len(kinds) != 1:
        return None
    kind = kinds.pop()
    if kind is int and (dtype is None or dtype is dtypes.int32 or dtype is dtypes.int64):
        number = np.int64 if dtype is dtypes.int64 else np.int32
        try:
            return np.array(values, number), dtype or dtypes.int32
        except OverflowError:
            return None
    if kind is float and (dtype is None or dtype is dtypes.float32):
        return np.array(values, np.float32), dtypes.float32
    return None


def _text_array(values, shape):
    """Object array of the bytes of strings in nested lists or an array."""
    flat = values.ravel().tolist() if isinstance(values, np.ndarray) else list(_leaves(values))
    try:
        flat = [_as_bytes(v) for v in flat]
    except TypeError:
        raise TypeError(f"Failed to convert elements of {values} to Tensor. Consider casting elements to a supported "
                        "type. See https://www.tensorflow.org/api_docs/python/tf/dtypes for supported TF dtypes."
                        ) from None
    text = np.empty(len(flat), dtype=object)
    text[:] = flat
    return text.reshape(shape)


@core.repeats
@core.quick("constant")
def constant(value, dtype=None, shape=None, name="Const", verify_shape=False):
    """Tensor with a fixed value.

    Parameters
    ----------
    value : number, str, bytes, bool, nested lists of these, or array
    dtype : DType, optional
    shape : list of int, optional
        A single value is repeated to fill it.
    verify_shape : bool
        Demand that `value` has just `shape`.

    Raises
    ------
    TypeError, ValueError
        When the values do not suit `dtype` or do not fill `shape`.
    """
    array, found = constant_array(value, dtype, shape, verify_shape)
    return core.constant(array, found, name if type(name) is str and name else _constant_name(name))


def _constant_name(name):
    if name is None:
        return "Const"
    if name == "":
        raise ValueError("`` is not a valid node name. Accepted names conform to Regex "
                         f"/re.compile({core.OP_NAME_PATTERN!r})/")
    if isinstance(name, str):
        return str(name)
    raise TypeError(f"'{type(name).__name__}' object is not subscriptable")


def _requested(dtype, tensor):
    return ValueError(f"Tensor conversion requested dtype {dtype.name} for Tensor with dtype {tensor.dtype.name}: "
                      f"{tensor!r}")


def _prefixed(message, name):
    return message if name is None else f"{name}: {message}"


_REGISTRY = []                   # (priority, number, types, function)
_BY_TYPE = {}                    # type -> functions, made when first asked for


def register_tensor_conversion_function(base_type, conversion_func, priority=100):
    """Make `convert_to_tensor` understand objects of a type.

    Parameters
    ----------
    base_type : type or tuple of types
    conversion_func : function
        ``f(value, dtype=None, name=None, as_ref=False)`` returning a Tensor or NotImplemented.
    priority : int
        Smaller is asked first.
    """
    types = base_type if isinstance(base_type, tuple) else (base_type,)
    if not all(isinstance(t, type) for t in types):
        raise TypeError(f"Argument `base_type` must be a type or a tuple of types. Obtained: {base_type}")
    if not callable(conversion_func):
        raise TypeError(f"Argument `conversion_func` must be callable. Received {conversion_func}.")
    _REGISTRY.append((priority, len(_REGISTRY), types, conversion_func))
    _REGISTRY.sort(key=lambda entry: entry[:2])
    _BY_TYPE.clear()
    if priority < 100:               # asked before that of variables
        core.note_conversion(types)


def _functions_for(kind):
    found = _BY_TYPE.get(kind)
    if found is None:
        found = _BY_TYPE[kind] = [f for _, _, types, f in _REGISTRY if issubclass(kind, types)]
    return found


def convert(value, dtype=None, name=None, as_ref=False, preferred_dtype=None):
    """`convert_to_tensor` with positional arguments; the core's slow paths call it."""
    if dtype is not None:
        dtype = dtypes.as_dtype(dtype)
    if type(value) is Tensor:
        if dtype is not None and not dtype.is_compatible_with(value.dtype):
            raise _requested(dtype, value)
        return value
    if preferred_dtype is not None:
        preferred_dtype = dtypes.as_dtype(preferred_dtype)
    overload = getattr(value, "__tf_tensor__", None)
    if overload is not None:
        return overload(dtype, name)
    for function in _functions_for(type(value)):
        result = None
        if dtype is None and preferred_dtype is not None:
            try:
                result = function(value, dtype=preferred_dtype, name=name, as_ref=as_ref)
            except (TypeError, ValueError):
                pass
            else:
                if result is not NotImplemented and result.dtype.base_dtype != preferred_dtype.base_dtype:
                    raise RuntimeError(_prefixed(
                        f"Conversion function {function!r} for type {type(value)} returned incompatible dtype: "
                        f"requested = {preferred_dtype.base_dtype.name}, actual = {result.dtype.base_dtype.name}",
                        name))
        if result is None:
            result = function(value, dtype=dtype, name=name, as_ref=as_ref)
        if result is NotImplemented:
            continue
        if not isinstance(result, Tensor):
            raise RuntimeError(_prefixed(f"Conversion function {function!r} for type {type(value)} returned "
                                         f"non-Tensor: {result!r}", name))
        if dtype is not None and not dtype.is_compatible_with(result.dtype):
            raise RuntimeError(_prefixed(f"Conversion function {function} for type {type(value)} returned "
                                         f"incompatible dtype: requested = {dtype.name}, actual = {result.dtype.name}",
                                         name))
        return result
    raise TypeError(_prefixed(f"Cannot convert {value!r} with type {type(value)} to Tensor: no conversion function "
                              "registered.", name))


def convert_to_tensor(value, dtype=None, name=None, preferred_dtype=None, dtype_hint=None, as_ref=False):
    """Tensor for a tensor, number, list, array, variable or whatever has a registered conversion.

    Parameters
    ----------
    value : object
    dtype : DType, optional
        Must fit the value.
    preferred_dtype, dtype_hint : DType, optional
        Tried when `dtype` is not given.

    Raises
    ------
    TypeError
        When no conversion is registered for the type.
    ValueError
        When a tensor of another dtype is given.
    """
    return convert(value, dtype, name, as_ref, preferred_dtype if dtype_hint is None else dtype_hint)


def convert_n_to_tensor(values, dtype=None, name=None, preferred_dtype=None):
    """A list of tensors for a list of values; see `convert_to_tensor`."""
    if not isinstance(values, (list, tuple)):
        raise TypeError("values must be a sequence.")
    return [convert(v, dtype, None if name is None else f"{name}_{i}", False, preferred_dtype)
            for i, v in enumerate(values)]


def convert_to_tensor_or_indexed_slices(value, dtype=None, name=None):
    """`convert_to_tensor`, leaving IndexedSlices and SparseTensors as they are."""
    if type(value) is Tensor:
        return convert(value, dtype, name)
    if hasattr(value, "dense_shape"):
        if dtype is not None and not dtypes.as_dtype(dtype).is_compatible_with(value.dtype):
            raise ValueError(f"Tensor conversion requested dtype {dtypes.as_dtype(dtype).name} for Tensor with dtype "
                             f"{value.dtype.name}: {value!r}")
        return value
    return convert(value, dtype, name)


# ---------------------------------------------------------------- the built-in conversions


def _convert_constant(value, dtype=None, name=None, as_ref=False):
    return constant(value, dtype, name=name or "Const")


def _convert_shape(shape, dtype=None, name=None, as_ref=False):
    if not shape.is_fully_defined():
        raise ValueError(f"Cannot convert a partially known TensorShape {shape} to a Tensor.")
    dims = shape.as_list()
    large = [d for d in dims if d >= 2**31]
    if dtype is not None:
        if dtype not in (dtypes.int32, dtypes.int64):
            raise TypeError(f"Cannot convert TensorShape {shape} to dtype {dtype}. Allowed dtypes are tf.int32 and "
                            "tf.int64.")
        if dtype is dtypes.int32 and large:
            raise ValueError(f"Cannot convert TensorShape {shape} to dtype int32; a dimension is too large. Consider "
                             "using tf.int64.")
    else:
        dtype = dtypes.int64 if large else dtypes.int32
    return constant(dims, dtype, name="shape_as_tensor" if name is None else name)


def _convert_dimension(dim, dtype=None, name=None, as_ref=False):
    if dim.value is None:
        raise ValueError(f"Cannot convert unknown Dimension {dim} to a Tensor.")
    if dtype is not None and dtype not in (dtypes.int32, dtypes.int64):
        raise TypeError(f"Cannot convert Dimension {dim} to dtype {dtype}. Allowed dtypes are tf.int32 and tf.int64.")
    return constant(dim.value, dtype or dtypes.int32, name="shape_as_tensor" if name is None else name)


def _holds_tensor(values):
    for v in values:
        if isinstance(v, (list, tuple)):
            if _holds_tensor(v):
                return True
        elif isinstance(v, Tensor) or hasattr(v, "_dense_var_to_tensor"):
            return True
    return False


def _element_dtype(values):
    for v in values:
        if isinstance(v, (list, tuple)):
            found = _element_dtype(v)
            if found is not None:
                return found
        elif isinstance(v, Tensor) or hasattr(v, "_dense_var_to_tensor"):
            return v.dtype.base_dtype
    return None


def _pack(values, dtype, name):
    """A Pack of nested lists that hold tensors; inner lists become Packs of their own."""
    must_pack = False
    elements = []
    with core.name_scope(name) as scope:
        for i, element in enumerate(values):
            if isinstance(element, Tensor):
                if dtype is not None and element.dtype.base_dtype != dtype:
                    raise TypeError("Cannot convert a list containing a tensor of dtype "
                                    f"{element.dtype.base_dtype} to {dtype} (Tensor is: {element!r})")
                elements.append(element)
                must_pack = True
            elif isinstance(element, (list, tuple)):
                converted = _pack(element, dtype, str(i))
                if isinstance(converted, Tensor):
                    must_pack = True
                elements.append(converted)
            elif hasattr(element, "_dense_var_to_tensor"):
                elements.append(convert(element, dtype))
                must_pack = True
            else:
                elements.append(element)
        if not must_pack:
            return elements
        elements = [e if isinstance(e, Tensor) else constant(e, dtype, name=str(i)) for i, e in enumerate(elements)]
        return core.op_type("Pack")(elements, axis=0, name=scope)


def _convert_list(values, dtype=None, name=None, as_ref=False):
    """Lists that hold tensors are stacked; other lists are constants."""
    if as_ref or not _holds_tensor(values):
        return NotImplemented
    found = _element_dtype(values)
    if found is None:
        return NotImplemented
    if dtype is None:
        dtype = found
    elif dtype != found:
        dims = _cast_all(values, dtype)
        return _pack(dims, dtype, name or "packed")
    return _pack(values, dtype, name or "packed")


def _cast_all(values, dtype):
    from pyscope.ops.cast import cast

    return [_cast_all(v, dtype) if isinstance(v, (list, tuple))
            else cast(v, dtype) if isinstance(v, Tensor) and v.dtype.base_dtype != dtype else v for v in values]


register_tensor_conversion_function((list, tuple), _convert_list, 99)
register_tensor_conversion_function((list, tuple), _convert_constant, 100)
register_tensor_conversion_function(tensor_shape.TensorShape, _convert_shape, 100)
register_tensor_conversion_function(tensor_shape.Dimension, _convert_dimension, 100)
register_tensor_conversion_function(object, _convert_constant, 200)

core.set_converters(convert=convert)


def constant_value(tensor, partial=False):
    """The value of `tensor` when it is statically known, as an array; else None."""
    from pyscope.static_value import constant_value as known

    return known(tensor, partial)

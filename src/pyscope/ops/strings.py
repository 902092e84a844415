"""Ops on strings, whose elements are bytes."""

import numpy as np

from .. import _core as core
from .. import dtypes
from ..errors import InvalidArgumentError

__all__ = [
    "as_string", "string_join", "string_length", "string_lower", "string_strip", "string_to_number", "string_upper",
    "substr",
]  # fmt: skip


def _by_element(function):
    """Kernel that applies ``function(attrs, element)`` to each string."""

    def kernel(attrs, x):
        out = np.empty(x.shape, object)
        flat = out.reshape(-1)
        for i, value in enumerate(x.reshape(-1).tolist()):
            flat[i] = function(attrs, value)
        return flat.reshape(x.shape)

    return kernel


# ---------------------------------------------------------------- joining


def _join_shape(c):
    shape = ()
    for i in range(c.n_inputs):
        dims = c.shape(i)
        if dims is None:
            return [None]
        if dims == ():
            continue
        if shape == ():
            shape = dims
        elif len(shape) != len(dims):
            raise ValueError(f"Shapes must be equal rank, but are {len(shape)} and {len(dims)}")
        else:
            shape = tuple(b if a is None else a for a, b in zip(shape, dims))
    return [shape]


def _join_kernel(attrs, *parts):
    parts = np.broadcast_arrays(*parts)
    out = np.empty(parts[0].shape, object)
    flat = out.reshape(-1)
    for i, pieces in enumerate(zip(*(p.reshape(-1).tolist() for p in parts))):
        flat[i] = attrs["separator"].join(pieces)
    return flat.reshape(out.shape)


STRING_JOIN = core.OpType(
    "StringJoin",
    "inputs: N*string -> output: string",
    "N: int >= 0; separator: string = ''",
    shape=_join_shape,
    kernel=_join_kernel,
    gradient=core.NO_GRADIENT,
)


def string_join(inputs, separator="", name=None):
    """The strings of several tensors of one shape (or scalars) joined by element.

    Parameters
    ----------
    inputs : list of Tensor, string
    separator : str
    """
    return STRING_JOIN(inputs, separator=separator, name=name)


# ---------------------------------------------------------------- numbers


def _as_string_kernel(attrs, x):
    kind = attrs["T"]
    width = "" if attrs["width"] < 0 else str(attrs["width"])
    precision = "" if attrs["precision"] < 0 else f".{attrs['precision']}"
    fill = attrs["fill"].decode()
    if kind is dtypes.bool:
        form = None
    elif kind.is_integer:
        form = f"%{fill}{width}d"
    elif kind is dtypes.string:
        form = f"%{fill}{width}s"
    else:
        form = f"%{fill}{width}{precision}" + ("e" if attrs["scientific"] else "g" if attrs["shortest"] else "f")

    def text(value):
        if form is None:
            return b"true" if value else b"false"
        if kind is dtypes.string:
            return form.encode() % value
        if kind.is_complex:
            return f"({form % value.real},{form % value.imag})".encode()
        return (form % value).encode()

    out = np.empty(x.shape, object)
    flat = out.reshape(-1)
    for i, value in enumerate(x.reshape(-1).tolist()):
        flat[i] = text(value)
    return flat.reshape(x.shape)


AS_STRING = core.OpType(
    "AsString",
    "input: T -> output: string",
    "T: float32|float64|int32|uint8|int16|int8|int64|bfloat16|uint16|float16|uint32|uint64|complex64|complex128|bool"
    "|variant|string; precision: int = -1; scientific: bool = False; shortest: bool = False; width: int = -1; "
    "fill: string = ''",
    shape="same",
    kernel=_as_string_kernel,
    gradient=core.NO_GRADIENT,
)


def as_string(input, precision=-1, scientific=False, shortest=False, width=-1, fill="", name=None):
    """Each element written as a string, in the manner of C's printf."""
    return AS_STRING(input, precision=precision, scientific=scientific, shortest=shortest, width=width, fill=fill,
                     name=name)


def _number_kernel(attrs, x):
    target = attrs["out_type"].as_numpy_dtype
    read = float if attrs["out_type"].is_floating else int
    values = []
    for text in x.reshape(-1).tolist():
        try:
            if b"_" in text:
                raise ValueError(text)
            values.append(read(text))
        except ValueError:
            raise InvalidArgumentError(None, None, "StringToNumberOp could not correctly convert string: "
                                                   f"{text.decode(errors='replace')}") from None
    return np.array(values, target).reshape(x.shape)


STRING_TO_NUMBER = core.OpType(
    "StringToNumber",
    "string_tensor: string -> output: out_type",
    "out_type: float32|float64|int32|int64|uint32|uint64 = float32",
    shape="same",
    kernel=_number_kernel,
    gradient=core.NO_GRADIENT,
)


def string_to_number(string_tensor=None, out_type=dtypes.float32, name=None, input=None):
    """Each string read as a number; InvalidArgumentError in the run where one is none."""
    return STRING_TO_NUMBER(string_tensor if input is None else input, out_type=out_type, name=name)


# ---------------------------------------------------------------- parts and forms


def _substr_shape(c):
    dims, other = c.shape(0), c.shape(1)
    if dims is None or other is None:
        return [None]
    try:
        return [tuple(np.broadcast_shapes(*[tuple(-1 if d is None else d for d in s) for s in (dims, other)]))] \
            if None not in (*dims, *other) else [(None,) * max(len(dims), len(other))]
    except ValueError:
        raise ValueError(f"Incompatible shapes: {list(dims)} and {list(other)}") from None


def _substr_kernel(attrs, x, pos, length):
    x, pos, length = np.broadcast_arrays(x, pos, length)
    by_character = attrs["unit"] == b"UTF8_CHAR"
    out = np.empty(x.shape, object)
    flat = out.reshape(-1)
    for i, (text, p, n) in enumerate(zip(x.reshape(-1).tolist(), pos.reshape(-1).tolist(),
                                         length.reshape(-1).tolist())):
        units = text.decode() if by_character else text
        if not -len(units) <= p <= len(units):
            raise InvalidArgumentError(None, None, f"pos {p} out of range for string b'{text.decode()}' at index {i}")
        start = p if p >= 0 else len(units) + p
        part = units[start:start + n]
        flat[i] = part.encode() if by_character else part
    return flat.reshape(x.shape)


SUBSTR = core.OpType(
    "Substr",
    "input: string, pos: T, len: T -> output: string",
    "T: int32|int64; unit: 'BYTE'|'UTF8_CHAR' = 'BYTE'",
    shape=_substr_shape,
    kernel=_substr_kernel,
    gradient=core.NO_GRADIENT,
)


def substr(input, pos, len, name=None, unit="BYTE"):
    """`len` units of each string from `pos` on; a unit is a byte or a character."""
    return SUBSTR(input, pos, len, unit=unit, name=name)


def _length_kernel(attrs, x):
    by_character = attrs["unit"] == b"UTF8_CHAR"
    return np.array([len(v.decode() if by_character else v) for v in x.reshape(-1).tolist()],
                    np.int32).reshape(x.shape)


STRING_LENGTH = core.OpType(
    "StringLength",
    "input: string -> output: int32",
    "unit: 'BYTE'|'UTF8_CHAR' = 'BYTE'",
    shape="same",
    kernel=_length_kernel,
    gradient=core.NO_GRADIENT,
)


def string_length(input, name=None, unit="BYTE"):
    """Length of each string, in bytes or characters."""
    return STRING_LENGTH(input, unit=unit, name=name)


def _cased(upper):
    def change(attrs, text):
        if attrs["encoding"] == b"utf-8":
            text = text.decode()
            return (text.upper() if upper else text.lower()).encode()
        return text.upper() if upper else text.lower()

    return change


STRING_LOWER = core.OpType(
    "StringLower",
    "input: string -> output: string",
    "encoding: string = ''",
    shape="same",
    kernel=_by_element(_cased(False)),
    gradient=core.NO_GRADIENT,
)

STRING_UPPER = core.OpType(
    "StringUpper",
    "input: string -> output: string",
    "encoding: string = ''",
    shape="same",
    kernel=_by_element(_cased(True)),
    gradient=core.NO_GRADIENT,
)


def string_lower(input, encoding="", name=None):
    """Each string in lower case; ASCII letters only unless `encoding` is "utf-8"."""
    return STRING_LOWER(input, encoding=encoding, name=name)


def string_upper(input, encoding="", name=None):
    """Each string in upper case; ASCII letters only unless `encoding` is "utf-8"."""
    return STRING_UPPER(input, encoding=encoding, name=name)


STRING_STRIP = core.OpType(
    "StringStrip",
    "input: string -> output: string",
    shape="same",
    kernel=_by_element(lambda attrs, text: text.strip()),
    gradient=core.NO_GRADIENT,
)


def string_strip(input, name=None):
    """Each string without white space at its ends."""
    return STRING_STRIP(input, name=name)

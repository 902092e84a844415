"""Element types: ``DType``, its interned instances (``float32`` ...) and ``as_dtype``.

Numbers are TF's ``DataType`` enum; the type of a reference (a TF1 variable's output) is its base type's
number plus 100. There is one object per number, so ``is`` and ``==`` agree between dtypes.
"""

import builtins

import numpy as np

_REF = 100  # DT_FLOAT_REF = DT_FLOAT + 100, and so on

# enum, name, kind, bytes, NumPy type. Kinds: f float, i integer, u unsigned, c complex, b bool, s string,
# q quantized, h handle. `None` as the NumPy type: ml_dtypes has it under the same name, if that is installed.
_ROWS = (
    (1, "float32", "f", 4, np.float32),
    (2, "float64", "f", 8, np.float64),
    (3, "int32", "i", 4, np.int32),
    (4, "uint8", "u", 1, np.uint8),
    (5, "int16", "i", 2, np.int16),
    (6, "int8", "i", 1, np.int8),
    (7, "string", "s", 0, object),
    (8, "complex64", "c", 8, np.complex64),
    (9, "int64", "i", 8, np.int64),
    (10, "bool", "b", 1, np.bool_),
    (11, "qint8", "q", 1, np.dtype([("qint8", np.int8)])),
    (12, "quint8", "q", 1, np.dtype([("quint8", np.uint8)])),
    (13, "qint32", "q", 4, np.dtype([("qint32", np.int32)])),
    (14, "bfloat16", "f", 2, None),
    (15, "qint16", "q", 2, np.dtype([("qint16", np.int16)])),
    (16, "quint16", "q", 2, np.dtype([("quint16", np.uint16)])),
    (17, "uint16", "u", 2, np.uint16),
    (18, "complex128", "c", 16, np.complex128),
    (19, "float16", "f", 2, np.float16),
    (20, "resource", "h", 0, None),
    (21, "variant", "h", 0, None),
    (22, "uint32", "u", 4, np.uint32),
    (23, "uint64", "u", 8, np.uint64),
    (24, "float8_e5m2", "f", 1, None),
    (25, "float8_e4m3fn", "f", 1, None),
    (26, "float8_e4m3fnuz", "f", 1, None),
    (27, "float8_e4m3b11fnuz", "f", 1, None),
    (28, "float8_e5m2fnuz", "f", 1, None),
    (29, "int4", "i", 1, None),
    (30, "uint4", "u", 1, None),
    (31, "int2", "i", 1, None),
    (32, "uint2", "u", 1, None),
    (33, "float4_e2m1fn", "f", 1, None),
)

# What TF's C++ counts as numeric leaves out the types narrower than 16 bits that NumPy does not know.
_NOT_NUMERIC = frozenset(range(24, 34))

_LIMITS: dict[object, tuple] = {
    np.bool_: (False, True),
    np.uint8: (0, 255),
    np.uint16: (0, 65535),
    np.uint32: (0, 2**32 - 1),
    np.uint64: (0, 2**64 - 1),
    np.int8: (-128, 127),
    np.int16: (-(2**15), 2**15 - 1),
    np.int32: (-(2**31), 2**31 - 1),
    np.int64: (-(2**63), 2**63 - 1),
    np.float32: (-1, 1),
    np.float64: (-1, 1),
}

# Indexed by enum: DType or None. The core reads it once, at import.
TABLE: list = [None] * (_REF + len(_ROWS) + 1)


class DType:
    """The type of a tensor's elements; one interned object for each of TF's ``DataType`` numbers."""

    __slots__ = (
        "_enum", "_is_ref_dtype", "_kind", "_np", "name", "size", "base_dtype", "_as_ref",
        "is_floating", "is_integer", "is_bool", "is_complex", "is_unsigned", "is_quantized",
        "is_numeric", "is_numpy_compatible", "__weakref__",
    )  # fmt: skip

    _enum: int
    _is_ref_dtype: builtins.bool
    _kind: str  # a letter of _ROWS
    _np: object
    name: str
    size: int  # bytes of an element; 0 for strings and handles
    base_dtype: "DType"
    _as_ref: "DType"
    is_floating: builtins.bool
    is_integer: builtins.bool
    is_bool: builtins.bool
    is_complex: builtins.bool
    is_unsigned: builtins.bool
    is_quantized: builtins.bool
    is_numeric: builtins.bool
    is_numpy_compatible: builtins.bool

    def __new__(cls, type_enum):
        number = int(type_enum)
        found = TABLE[number] if 0 <= number < len(TABLE) else None
        if found is None:
            raise TypeError(f"{number} does not correspond to a valid tensorflow::DataType")
        return found

    @property
    def as_datatype_enum(self):
        """The ``DataType`` number."""
        return self._enum

    @property
    def _type_enum(self):
        return self._enum

    @property
    def real_dtype(self):
        """The type of the real part; the type itself when it is not complex."""
        if self.is_complex:
            return float32 if self.base_dtype is complex64 else float64
        return self

    @property
    def as_numpy_dtype(self):
        """The NumPy type that holds such elements (``object`` for strings).

        Raises
        ------
        KeyError
            For `resource` and `variant`, which have none.
        NotImplementedError
            For types that only the package ml_dtypes gives to NumPy, when it is not installed.
        """
        if self._np is None:
            self._np = _ml_dtype(self)
        return self._np

    @property
    def min(self):
        """Smallest finite value. Raises TypeError for types without order."""
        return self._extreme("min")

    @property
    def max(self):
        """Largest finite value. Raises TypeError for types without order."""
        return self._extreme("max")

    def _extreme(self, which):
        text = f"Cannot find {which}imum value of {self}"
        if self.is_quantized:
            raise TypeError(f"{text} with quantized type {self.base_dtype}.")
        if self._kind in "bsc":
            raise TypeError(f"{text} with type {self.base_dtype}.")
        if self._kind == "h":
            raise TypeError(f"{text}.")
        np_type = self.as_numpy_dtype
        info = np
        if np_type.__module__ != "numpy":
            import ml_dtypes as info
        return getattr(info.finfo(np_type) if self.is_floating else info.iinfo(np_type), which)

    @property
    def limits(self):
        """``(0, max)``: intensity range of images with this type. Raises ValueError where undefined."""
        np_type = self.as_numpy_dtype
        if np_type not in _LIMITS:
            raise ValueError(f"{self} does not have defined limits.")
        return 0, _LIMITS[np_type][1]

    def is_compatible_with(self, other):
        """Whether a tensor of type `other` is accepted where this type is wanted (a ref is, for its base)."""
        other = as_dtype(other)
        return self is other or self is other.base_dtype

    def is_subtype_of(self, other):
        """Whether `other` is this type."""
        return self == other

    def most_specific_common_supertype(self, types):
        """This type if all of `types` equal it, else None."""
        return self if all(self == other for other in types) else None

    def __eq__(self, other):
        if self is other:
            return True
        if other.__class__ is DType or other is None:
            return False
        try:
            return as_dtype(other) is self
        except TypeError:
            return False

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return self._enum

    def __repr__(self):
        return "tf." + self.name

    def __str__(self):
        return f"<dtype: '{self.name}'>"

    def __reduce__(self):
        return as_dtype, (self.name,)


def _ml_dtype(dtype):
    """NumPy type of `dtype` out of the package ml_dtypes, which we do not require."""
    if dtype._kind == "h":
        raise KeyError(dtype._enum)
    name = dtype.base_dtype.name
    try:
        import ml_dtypes
    except ImportError:
        text = f"{name} in NumPy needs the package ml_dtypes, which is not installed"
        raise NotImplementedError(text) from None
    return getattr(ml_dtypes, name)


def _intern():
    for base_enum, base_name, kind, size, np_type in _ROWS:
        pair = [object.__new__(DType), object.__new__(DType)]
        for is_ref, dtype in enumerate(pair):
            dtype._enum = base_enum + _REF * is_ref
            dtype._is_ref_dtype = builtins.bool(is_ref)
            dtype._kind = kind
            dtype._np = np_type
            dtype.name = base_name + "_ref" * is_ref
            dtype.size = size
            dtype.base_dtype, dtype._as_ref = pair
            dtype.is_floating = kind == "f"
            dtype.is_integer = kind in "iu"
            dtype.is_bool = kind == "b"
            dtype.is_complex = kind == "c"
            dtype.is_unsigned = kind == "u"
            dtype.is_quantized = kind == "q"
            dtype.is_numeric = kind in "fiucq" and base_enum not in _NOT_NUMERIC
            dtype.is_numpy_compatible = kind != "h"
            TABLE[dtype._enum] = dtype
            globals()[dtype.name] = dtype


_intern()

float32: DType = TABLE[1]
float64: DType = TABLE[2]
int32: DType = TABLE[3]
uint8: DType = TABLE[4]
int16: DType = TABLE[5]
int8: DType = TABLE[6]
string: DType = TABLE[7]
complex64: DType = TABLE[8]
int64: DType = TABLE[9]
bool: DType = TABLE[10]
qint8: DType = TABLE[11]
quint8: DType = TABLE[12]
qint32: DType = TABLE[13]
bfloat16: DType = TABLE[14]
qint16: DType = TABLE[15]
quint16: DType = TABLE[16]
uint16: DType = TABLE[17]
complex128: DType = TABLE[18]
float16: DType = TABLE[19]
resource: DType = TABLE[20]
variant: DType = TABLE[21]
uint32: DType = TABLE[22]
uint64: DType = TABLE[23]
float32_ref: DType = float32._as_ref
float64_ref: DType = float64._as_ref
int32_ref: DType = int32._as_ref
int64_ref: DType = int64._as_ref
bool_ref: DType = bool._as_ref
string_ref: DType = string._as_ref
half, half_ref = float16, float16._as_ref
double, double_ref = float64, float64._as_ref

QUANTIZED_DTYPES = frozenset(d for d in TABLE if d is not None and d.is_quantized)

# NumPy scalar types to dtypes; text is a string tensor however NumPy stores it.
_NP_TO_TF: dict = {row[4]: TABLE[row[0]] for row in _ROWS if row[4] is not None and row[4] is not object}
_NP_TO_TF.update({np.object_: string, np.bytes_: string, np.str_: string})
# Platform types that are distinct objects with a fixed-width twin (longlong beside int64 on Linux).
for _type in (np.intc, np.uintc, np.int_, np.uint, np.longlong, np.ulonglong):
    if _type not in _NP_TO_TF:
        _NP_TO_TF[_type] = _NP_TO_TF[np.dtype(f"{np.dtype(_type).kind}{np.dtype(_type).itemsize}").type]
if hasattr(np, "dtypes") and hasattr(np.dtypes, "StringDType"):  # NumPy 2
    _NP_TO_TF[np.dtypes.StringDType()] = string

_ANY_TO_TF: dict = {d._enum: d for d in TABLE if d is not None}
_ANY_TO_TF.update({d.name: d for d in TABLE if d is not None})
_ANY_TO_TF.update({"half": float16, "half_ref": half_ref, "float": float32, "float_ref": float32_ref,
                   "double": float64, "double_ref": double_ref})  # fmt: skip
_ANY_TO_TF.update({builtins.float: float32, builtins.bool: bool, object: string})
_ANY_TO_TF.update(_NP_TO_TF)


def as_dtype(type_value):
    """The DType that `type_value` names: a DType, its number or name, a NumPy type, or one with ``.dtype``.

    Raises
    ------
    TypeError
        If it names none.
    """
    if type_value.__class__ is DType:
        return type_value
    if isinstance(type_value, np.dtype):
        found = _NP_TO_TF.get(type_value.type)
        if found is not None:
            return found
    try:
        return _ANY_TO_TF[type_value]
    except (KeyError, TypeError):  # TypeError: not hashable
        pass
    found = _from_numpy(type_value)
    if found is None:
        raise TypeError(f"Cannot convert the argument `type_value`: {type_value!r} to a TensorFlow DType.")
    return found


def _from_numpy(value):
    """The DType of `value` by its ``dtype`` or, for ml_dtypes' types, by its name; None if there is none."""
    if isinstance(value, np.dtype):
        value = value.type
    elif not isinstance(value, type):
        try:
            value = np.dtype(value.dtype).type
        except (AttributeError, TypeError):
            return None
    if getattr(value, "__module__", None) == "ml_dtypes":
        return _ANY_TO_TF.get(value.__name__)
    return _NP_TO_TF.get(value)

"""Changing element types: casts, and complex numbers from and to their parts."""

import numpy as np

from .. import _core as core
from .. import dtypes
from ..conversion import constant, convert_to_tensor
from ..errors import UnimplementedError
from . import array
from ._broadcast import reduce_gradients
from ._rules import after
from .identity import bitcast

__all__ = [
    "angle", "bitcast", "cast", "complex", "conj", "imag", "real", "saturate_cast", "to_bfloat16",
    "to_complex128", "to_complex64", "to_double", "to_float", "to_int32", "to_int64",
]  # fmt: skip


# ---------------------------------------------------------------- casts


_OPAQUE = (dtypes.string, dtypes.resource, dtypes.variant)
_C_NAMES = {dtypes.float32: "float", dtypes.float64: "double", dtypes.float16: "half"}


def _cast_kernel(attrs, x):
    source, target = attrs["SrcT"].base_dtype, attrs["DstT"].base_dtype
    if source != target and (source in _OPAQUE or target in _OPAQUE):
        source, target = _C_NAMES.get(source, source.name), _C_NAMES.get(target, target.name)
        raise UnimplementedError(None, None, f"Cast {source} to {target} is not supported")
    if source.is_complex and not target.is_complex:
        x = x.real
    return x.astype(target.as_numpy_dtype)


def _cast_gradient(op, grad):
    source, target = op.inputs[0].dtype.base_dtype, grad.dtype.base_dtype
    if _differentiable(source) and _differentiable(target):
        return [cast(grad, source)]
    return [None]


def _differentiable(dtype):
    return dtype.is_floating or dtype.is_complex


CAST = core.OpType(
    "Cast",
    "x: SrcT -> y: DstT",
    "SrcT: type; DstT: type; Truncate: bool = False",
    shape="same",
    kernel=core.kernel("cast", _cast_kernel),
    gradient=core.replayed(_cast_gradient),
)


@core.repeats(ignoring="x")
def cast(x, dtype, name=None):
    """`x` (a Tensor, SparseTensor or IndexedSlices) with elements of type `dtype`.

    Floating point numbers are truncated to integers; everything but 0 becomes True. A tensor that has the
    type already comes back as it is.
    """
    base = dtypes.as_dtype(dtype).base_dtype
    if x.__class__ is core.Tensor:
        return x if base is x.dtype else CAST(x, DstT=base, name=name)
    from ..indexed_slices import IndexedSlices
    from ..sparse_tensor import SparseTensor

    if base == getattr(x, "dtype", None) and (isinstance(x, core.Tensor) or hasattr(x, "handle")):
        return x
    if isinstance(x, core.Tensor):
        return CAST(x, DstT=base, name=name)
    with core.name_scope(name, "Cast", [x]) as name:
        if isinstance(x, SparseTensor):
            return SparseTensor(x.indices, cast(x.values, base, name=name), x.dense_shape)
        if isinstance(x, IndexedSlices):
            return IndexedSlices(cast(x.values, base, name=name), x.indices, x.dense_shape)
        x = convert_to_tensor(x, name="x")
        return x if x.dtype == base else CAST(x, DstT=base, name=name)


def saturate_cast(value, dtype, name=None):
    """`value` cast to `dtype`, with values outside its range set to the nearest limit."""
    from ..clip import CLIP_BY_VALUE

    with core.name_scope(name, "saturate_cast", [value]) as name:
        value = convert_to_tensor(value, name="value")
        dtype = dtypes.as_dtype(dtype).base_dtype
        if value.dtype.is_complex:
            if dtype.is_complex:
                source, target = value.dtype.real_dtype, dtype.real_dtype
                if source.min < target.min or source.max > target.max:
                    value = CLIP_BY_VALUE(
                        value,
                        convert_to_tensor(target.min * (1 + 1j), dtype=value.dtype),
                        convert_to_tensor(target.max * (1 + 1j), dtype=value.dtype),
                        name="clamp",
                    )
                return cast(value, dtype, name=name)
            value = real(value)
        low, high = _limits_within(value.dtype, dtype.real_dtype)
        value = CLIP_BY_VALUE(
            value,
            convert_to_tensor(low, dtype=value.dtype),
            convert_to_tensor(high, dtype=value.dtype),
            name="clamp",
        )
        return cast(value, dtype, name=name)


def _limits_within(source, target):
    """The range of `target` in numbers of `source`, rounded inwards."""
    number = source.as_numpy_dtype
    try:
        common = np.promote_types(number, target.as_numpy_dtype)
    except TypeError:
        common = float
    low = number(np.maximum(source.min, target.min))
    if np.array(low, common) < np.array(target.min, common):
        low = np.nextafter(low, number(0), dtype=number)
    high = number(np.minimum(float(source.max), float(target.max)))
    if np.array(high, common) > np.array(target.max, common):
        high = np.nextafter(high, number(0), dtype=number)
    return low, high


@core.repeats(ignoring="x")
def to_float(x, name="ToFloat"):
    """`x` cast to float32."""
    return cast(x, dtypes.float32, name=name)


@core.repeats(ignoring="x")
def to_double(x, name="ToDouble"):
    """`x` cast to float64."""
    return cast(x, dtypes.float64, name=name)


@core.repeats(ignoring="x")
def to_int32(x, name="ToInt32"):
    """`x` cast to int32."""
    return cast(x, dtypes.int32, name=name)


@core.repeats(ignoring="x")
def to_int64(x, name="ToInt64"):
    """`x` cast to int64."""
    return cast(x, dtypes.int64, name=name)


def to_bfloat16(x, name="ToBFloat16"):
    """`x` cast to bfloat16."""
    return cast(x, dtypes.bfloat16, name=name)


def to_complex64(x, name="ToComplex64"):
    """`x` cast to complex64."""
    return cast(x, dtypes.complex64, name=name)


def to_complex128(x, name="ToComplex128"):
    """`x` cast to complex128."""
    return cast(x, dtypes.complex128, name=name)


# ---------------------------------------------------------------- complex numbers


def _complex_kernel(attrs, real, imag):
    out = np.empty(np.broadcast_shapes(real.shape, imag.shape), attrs["Tout"].as_numpy_dtype)
    out.real, out.imag = real, imag
    return out


COMPLEX = core.OpType(
    "Complex",
    "real: T, imag: T -> out: Tout",
    "T: float32|float64 = float32; Tout: complex64|complex128 = complex64",
    shape="broadcast",
    kernel=_complex_kernel,
    gradient=core.replayed(lambda op, grad: reduce_gradients(op.inputs[0], op.inputs[1], real(grad), imag(grad))),
)


def complex(real, imag, name=None):
    """Complex numbers from two tensors of real numbers, both float32 or both float64."""
    real = convert_to_tensor(real, name="real")
    imag = convert_to_tensor(imag, name="imag")
    with core.name_scope(name, "Complex", [real, imag]) as name:
        types = real.dtype, imag.dtype
        if types == (dtypes.float64, dtypes.float64):
            out = dtypes.complex128
        elif types == (dtypes.float32, dtypes.float32):
            out = dtypes.complex64
        else:
            raise TypeError(
                "The `real` and `imag` components have incorrect types: "
                f"{real.dtype.name} {imag.dtype.name}. "
                f"They must be consistent, and one of {[dtypes.float32, dtypes.float64]}"
            )
        return COMPLEX(real, imag, Tout=out, name=name)


def _part(type, kernel, gradient):
    return core.OpType(
        type,
        "input: T -> output: Tout",
        "T: complex64|complex128 = complex64; Tout: float32|float64 = float32",
        shape="same",
        kernel=lambda attrs, x: kernel(x),
        gradient=core.replayed(gradient),
    )


def _angle_gradient(op, grad):
    from .elementwise import reciprocal

    x = op.inputs[0]
    with after(grad):
        re = real(x)
        im = imag(x)
        z = reciprocal(complex(im, re))
        zero = constant(0, dtype=grad.dtype)
        return [-complex(grad, zero) * z]


REAL = _part("Real", np.real, lambda op, grad: [complex(grad, constant(0, dtype=grad.dtype))])
IMAG = _part("Imag", np.imag, lambda op, grad: [complex(constant(0, dtype=grad.dtype), grad)])
ANGLE = _part("Angle", np.angle, _angle_gradient)

CONJ = core.OpType(
    "Conj",
    "input: T -> output: T",
    "T: complex64|complex128|variant = complex64",
    shape="same",
    kernel=lambda attrs, x: np.conj(x),
    gradient=core.replayed(lambda op, grad: [conj(grad)]),
)


def real(input, name=None):
    """Real part of each element; real tensors come back as they are."""
    with core.name_scope(name, "Real", [input]) as name:
        input = convert_to_tensor(input, name="input")
        if input.dtype.is_complex:
            return REAL(input, Tout=input.dtype.real_dtype, name=name)
        if input.dtype.is_numeric:
            return input
        raise TypeError(f"input must be a numeric tensor, but got tensor with dtype {input.dtype}")


def imag(input, name=None):
    """Imaginary part of each element; zeros for real tensors."""
    with core.name_scope(name, "Imag", [input]) as name:
        input = convert_to_tensor(input, name="input")
        if input.dtype.is_complex:
            return IMAG(input, Tout=input.dtype.real_dtype, name=name)
        return array.zeros_like(input)


def angle(input, name=None):
    """Argument of each complex element, in ``(-pi, pi]``; 0 or pi for real tensors."""
    with core.name_scope(name, "Angle", [input]) as name:
        input = convert_to_tensor(input, name="input")
        if input.dtype.is_complex:
            return ANGLE(input, Tout=input.dtype.real_dtype, name=name)
        return array.where(input < 0, np.pi * array.ones_like(input), array.zeros_like(input))


def conj(x, name=None):
    """Complex conjugate of each element; real tensors come back as they are."""
    if isinstance(x, core.Tensor) and (x.dtype.is_floating or x.dtype.is_integer):
        return x
    with core.name_scope(name, "Conj", [x]) as name:
        x = convert_to_tensor(x, name="x")
        if x.dtype.is_complex or x.dtype == dtypes.variant:
            return CONJ(x, name=name)
        if x.dtype.is_floating or x.dtype.is_integer:
            return x
        raise TypeError(f"Expected numeric or variant tensor, got dtype {x.dtype!r}.")

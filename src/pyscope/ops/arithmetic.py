"""Elementwise arithmetic of two or more tensors: ``+ - * /``, their variants, powers and sums of many."""

import numpy as np

from .. import _core as core
from .. import dtypes, tensor_shape
from ..conversion import constant, convert_to_tensor
from ..errors import InternalError, InvalidArgumentError
from . import array
from ._broadcast import reduce_gradients, shapes_known_and_equal
from ._rules import FLOATING, INEXACT, NUMBER, after, binary, check_same_shape, merge_all

__all__ = [
    "accumulate_n", "add", "add_n", "add_v1", "atan2", "div", "div_no_nan", "divide", "floor_div", "floordiv",
    "floormod", "maximum", "minimum", "mod", "multiply", "multiply_no_nan", "next_after", "polyval", "pow",
    "realdiv", "reciprocal_no_nan", "scalar_mul", "squared_difference", "subtract", "truediv", "truncatediv",
    "truncatemod", "xdivy", "xlog1py", "xlogy",
]  # fmt: skip

_ARITHMETIC = (
    "bfloat16|float16|float32|float64|uint8|int8|uint16|int16|int32|uint32|uint64|int64|complex64|complex128"
)


def _is_tensor(x):
    return x.__class__ is core.Tensor


def _pair(x, y):
    """Convert both; `y` takes the dtype of `x` if its values allow."""
    x = convert_to_tensor(x, name="x")
    y = convert_to_tensor(y, name="y", dtype_hint=x.dtype.base_dtype)
    return x, y


# ---------------------------------------------------------------- add, subtract, multiply


def _add_gradient(op, grad):
    x, y = op.inputs
    if shapes_known_and_equal(x, y, grad):
        return [grad, grad]
    return reduce_gradients(x, y, grad, grad)


ADD = binary(
    "Add",
    np.add,
    _add_gradient,
    "bfloat16|float16|float32|float64|uint8|int8|int16|int32|int64|complex64|complex128|string",
)
ADD_V2 = binary(
    "AddV2",
    np.add,
    _add_gradient,
    "bfloat16|float16|float32|float64|uint8|uint16|uint32|uint64|int8|int16|int32|int64|complex64|complex128",
)


def _add_any(x, y, name=None):
    with core.name_scope(name, "Add", [x]) as name:
        x, y = _pair(x, y)
        return (ADD if x.dtype.base_dtype is dtypes.string else ADD_V2)(x, y, name=name)


_ADD = core.BinaryCall(ADD_V2, "Add", _add_any)


def add(x, y, name=None):
    """``x + y`` by element, broadcasting; strings are joined."""
    return _ADD(x, y, name)


@core.direct(ADD)
def add_v1(x, y, name=None):
    """``x + y`` as the older operation `Add`."""
    return ADD(x, y, name=name)


def _sub_gradient(op, grad):
    x, y = op.inputs
    if shapes_known_and_equal(x, y, grad):
        return [grad, -grad]
    return reduce_gradients(x, y, grad, -grad)


SUB = binary(
    "Sub",
    np.subtract,
    _sub_gradient,
    "bfloat16|float16|float32|float64|uint8|int8|uint16|int16|int32|int64|complex64|complex128|uint32|uint64",
)


@core.direct(SUB)
def subtract(x, y, name=None):
    """``x - y`` by element, broadcasting."""
    return SUB(x, y, name=name)


def _mul_gradient(op, grad):
    from .cast import conj

    x, y = op.inputs
    if shapes_known_and_equal(x, y, grad) and grad.dtype in (dtypes.int32, dtypes.float32):
        return [MUL(grad, y), MUL(grad, x)]
    return reduce_gradients(x, y, MUL(grad, conj(y)), MUL(conj(x), grad))


MUL = binary("Mul", np.multiply, _mul_gradient, _ARITHMETIC)


@core.direct(MUL)
def multiply(x, y, name=None):
    """``x * y`` by element, broadcasting."""
    return MUL(x, y, name=name)


def _mul_no_nan_kernel(attrs, x, y):
    return np.where(y == 0, np.zeros((), x.dtype), x * y)


def _mul_no_nan_gradient(op, grad):
    x, y = op.inputs
    gx, gy = MUL_NO_NAN(grad, y), MUL_NO_NAN(x, grad)
    if shapes_known_and_equal(x, y, grad):
        return [gx, gy]
    return reduce_gradients(x, y, gx, gy)


MUL_NO_NAN = binary("MulNoNan", _mul_no_nan_kernel, _mul_no_nan_gradient, INEXACT)


def _same_dtype_pair(x, y):
    x = convert_to_tensor(x, name="x")
    y = convert_to_tensor(y, name="y", dtype=x.dtype.base_dtype)
    return x, y


def multiply_no_nan(x, y, name=None):
    """``x * y``, and 0 wherever `y` is 0, even if `x` is infinite or NaN there."""
    with core.name_scope(name, "multiply_no_nan", [x, y]) as name:
        x, y = _same_dtype_pair(x, y)
        return MUL_NO_NAN(x, y, name=name)


def scalar_mul(scalar, x, name=None):
    """`x` (a Tensor or IndexedSlices) times a 0-D `scalar`.

    Raises
    ------
    ValueError
        If `scalar` has dimensions.
    """
    from ..indexed_slices import IndexedSlices

    scalar = convert_to_tensor(scalar, dtype=dtypes.as_dtype(x.dtype).base_dtype, name="scalar")
    if scalar.shape.ndims != 0:
        raise ValueError(f"The input scalar must be a 0-D value. Received shape {scalar.shape}.")
    if isinstance(x, IndexedSlices):
        return IndexedSlices(MUL(scalar, x.values, name=name), x.indices, x.dense_shape)
    return MUL(scalar, x, name=name)


# ---------------------------------------------------------------- division


def _check_divisor(x, y):
    if x.dtype.kind in "iu" and np.any(y == 0):
        raise InvalidArgumentError(None, None, "Integer division by zero")


def _truncated_quotient(x, y):
    quotient = np.asarray(x // y)
    # // rounds towards minus infinity; one more where that went past the truncated value.
    np.add(quotient, ((x < 0) != (y < 0)) & (quotient * y != x), out=quotient, casting="unsafe")
    return quotient


def _div_kernel(attrs, x, y):
    _check_divisor(x, y)
    return _truncated_quotient(x, y) if x.dtype.kind in "iu" else np.divide(x, y)


def _divide_gradient(quotient):
    """Gradient of ``x / y``, whose nodes are built by `quotient`."""

    def gradient(op, grad):
        from .cast import conj

        x, y = op.inputs
        cx, cy = conj(x), conj(y)
        gx = quotient(grad, cy)
        gy = grad * quotient(quotient(-cx, cy), cy)  # d(x/y)/dy = -x / y**2
        return reduce_gradients(x, y, gx, gy)

    return gradient


def realdiv(x, y, name=None):
    """``x / y`` by element of floating point or complex tensors."""
    return REAL_DIV(x, y, name=name)


@core.repeats(ignoring="x y")
def divide(x, y, name=None):
    """``x / y`` with Python's rules: integers are divided as floating point numbers."""
    if name is not None:
        return truediv(x, y, name)
    if not _is_tensor(x):
        x = convert_to_tensor(x, dtype=y.dtype.base_dtype if _is_tensor(y) else None)
    return x / y


DIV = binary("Div", _div_kernel, _divide_gradient(divide), _ARITHMETIC)
REAL_DIV = binary("RealDiv", np.divide, _divide_gradient(realdiv), _ARITHMETIC)

_FLOAT_OF = {
    dtypes.uint8: dtypes.float32,
    dtypes.int8: dtypes.float32,
    dtypes.uint16: dtypes.float32,
    dtypes.int16: dtypes.float32,
    dtypes.uint32: dtypes.float64,
    dtypes.int32: dtypes.float64,
    dtypes.uint64: dtypes.float64,
    dtypes.int64: dtypes.float64,
    dtypes.bfloat16: None,
    dtypes.float16: None,
    dtypes.float32: None,
    dtypes.float64: None,
    dtypes.complex64: None,
    dtypes.complex128: None,
}


def _float_pair(x, y, where):
    """`x` and `y`, of one dtype, cast to a floating point type if they are integers."""
    from .cast import cast

    x_dtype, y_dtype = x.dtype.base_dtype, y.dtype.base_dtype
    if x_dtype != y_dtype:
        raise TypeError(f"`x` and `y` must have the same dtype, got {x_dtype!r} != {y_dtype!r}.")
    if x_dtype not in _FLOAT_OF:
        wanted = ", ".join([repr(dtype) for dtype in _FLOAT_OF])
        raise TypeError(f"Invalid dtype {x_dtype!r} in {where}. Expected one of {{{wanted}}}.")
    dtype = _FLOAT_OF[x_dtype]
    return (x, y) if dtype is None else (cast(x, dtype), cast(y, dtype))


@core.repeats(ignoring="x y")
@core.direct(REAL_DIV, "truediv", floating=True)
def truediv(x, y, name=None):
    """``x / y``; integers are divided as float32 (up to 16 bits) or float64.

    Raises
    ------
    TypeError
        If the dtypes differ or have no division.
    """
    with core.name_scope(name, "truediv", [x, y]) as name:
        x, y = _pair(x, y)
        x, y = _float_pair(x, y, "__truediv__")
        return REAL_DIV(x, y, name=name)


@core.repeats(ignoring="x y")
@core.direct(REAL_DIV, "div", floating=True)
def div(x, y, name=None):
    """``x / y`` with Python 2's rules: integers are divided and rounded down."""
    with core.name_scope(name, "div", [x, y]) as name:
        x, y = _same_dtype_pair(x, y)
        dtype = x.dtype.base_dtype
        if dtype.is_floating or dtype.is_complex:
            return REAL_DIV(x, y, name=name)
        return FLOOR_DIV(x, y, name=name)


def _div_no_nan_kernel(attrs, x, y):
    return np.where(y == 0, np.zeros((), x.dtype), np.divide(x, y))


def _div_no_nan_gradient(op, grad):
    from .cast import conj

    x, y = conj(op.inputs[0]), conj(op.inputs[1])
    gx = div_no_nan(grad, y)
    gy = grad * div_no_nan(div_no_nan(-x, y), y)
    return reduce_gradients(x, y, gx, gy)


DIV_NO_NAN = binary(
    "DivNoNan",
    _div_no_nan_kernel,
    _div_no_nan_gradient,
    "float16|float32|bfloat16|float64|complex64|complex128",
)


@core.repeats(ignoring="x y")
def div_no_nan(x, y, name=None):
    """``x / y``, and 0 wherever `y` is 0."""
    with core.name_scope(name, "div_no_nan", [x, y]) as name:
        if not _is_tensor(x) and _is_tensor(y):
            x = convert_to_tensor(x, dtype=y.dtype.base_dtype, name="x")
        else:
            x, y = _pair(x, y)
        x, y = _float_pair(x, y, "tf.math.divide_no_nan")
        return DIV_NO_NAN(x, y, name=name)


def reciprocal_no_nan(x, name=None):
    """``1 / x``, and 0 wherever `x` is 0."""
    with core.name_scope(name, "reciprocal_no_nan", [x]) as name:
        x = convert_to_tensor(x, name="x")
        return DIV_NO_NAN(constant(1, dtype=x.dtype.base_dtype, name="one"), x, name=name)


def _floor_div_kernel(attrs, x, y):
    _check_divisor(x, y)
    if x.dtype.kind in "iu":
        return np.floor_divide(x, y)
    return np.floor(np.divide(x, y))  # not np.floor_divide, which corrects the rounding of the quotient


FLOOR_DIV = binary("FloorDiv", _floor_div_kernel, lambda op, grad: [None, None], _ARITHMETIC)


@core.direct(FLOOR_DIV)
def floor_div(x, y, name=None):
    """``x // y`` by element, rounded towards minus infinity."""
    return FLOOR_DIV(x, y, name=name)


@core.repeats(ignoring="x y")
def floordiv(x, y, name=None):
    """``x // y`` by element, rounded towards minus infinity."""
    return FLOOR_DIV(x, y, name=name, default_name="floordiv")


def _unexpected():
    """The error of truncating by an integer 0, of which TF's kernel knows no better."""
    return InternalError(
        None, None, "Unexpected error in binary operator (only integer div and mod should have errors)"
    )


def _truncate_div_kernel(attrs, x, y):
    if x.dtype.kind in "iu" and np.any(y == 0):
        raise _unexpected()
    return _truncated_quotient(x, y) if x.dtype.kind in "iu" else np.trunc(np.divide(x, y))


TRUNCATE_DIV = binary("TruncateDiv", _truncate_div_kernel, lambda op, grad: [None, None], _ARITHMETIC,
                      lacking="T: complex64|complex128")


@core.direct(TRUNCATE_DIV)
def truncatediv(x, y, name=None):
    """``x / y`` by element, rounded towards 0."""
    return TRUNCATE_DIV(x, y, name=name)


def _floor_mod_kernel(attrs, x, y):
    _check_divisor(x, y)
    if x.dtype.kind in "iu":
        return np.remainder(x, y)
    remainder = np.fmod(x, y)
    return np.where((remainder != 0) & ((y < 0) != (remainder < 0)), remainder + y, remainder)


def _floor_mod_gradient(op, grad):
    from .cast import conj
    from .elementwise import negative

    x, y = conj(op.inputs[0]), conj(op.inputs[1])
    floor_xy = FLOOR_DIV(x, y)
    return reduce_gradients(x, y, grad, grad * negative(floor_xy))


FLOOR_MOD = binary(
    "FloorMod",
    _floor_mod_kernel,
    _floor_mod_gradient,
    "int8|int16|int32|int64|uint8|uint16|uint32|uint64|bfloat16|float16|float32|float64",
)


@core.direct(FLOOR_MOD)
def mod(x, y, name=None):
    """``x % y`` by element, with the sign of `y`."""
    return FLOOR_MOD(x, y, name=name)


@core.direct(FLOOR_MOD)
def floormod(x, y, name=None):
    """``x % y`` by element, with the sign of `y`."""
    return FLOOR_MOD(x, y, name=name)


def _truncate_mod_kernel(attrs, x, y):
    if x.dtype.kind in "iu" and np.any(y == 0):
        raise _unexpected()
    return np.fmod(x, y)


TRUNCATE_MOD = binary(
    "TruncateMod", _truncate_mod_kernel, None, "int32|int64|bfloat16|float16|float32|float64",
    lacking="T: bfloat16|float16",
)
MOD = binary("Mod", _truncate_mod_kernel, None, "int32|int64|float16|float16|bfloat16|float32|float64")


@core.direct(TRUNCATE_MOD)
def truncatemod(x, y, name=None):
    """Remainder of the division rounded towards 0, with the sign of `x`."""
    return TRUNCATE_MOD(x, y, name=name)


# ---------------------------------------------------------------- maximum, minimum, difference


def _extremum_gradient(first_wins):
    """Gradient of maximum or minimum: it goes to `x` where the comparison holds, else to `y`."""

    def gradient(op, grad):
        from . import compare

        x, y = op.inputs
        zeros = array.zeros_like(grad)
        mask = getattr(compare, first_wins)(x, y)
        gx = array.where_v2(mask, grad, zeros)
        gy = array.where_v2(mask, zeros, grad)
        return reduce_gradients(x, y, gx, gy)

    return gradient


_ORDERED = FLOATING + "|int8|uint8|int16|uint16|int32|uint32|int64|uint64"
MAXIMUM = binary("Maximum", np.maximum, _extremum_gradient("greater_equal"), _ORDERED)
MINIMUM = binary("Minimum", np.minimum, _extremum_gradient("less_equal"), _ORDERED)


@core.direct(MAXIMUM)
def maximum(x, y, name=None):
    """The larger of `x` and `y` by element, broadcasting."""
    return MAXIMUM(x, y, name=name)


@core.direct(MINIMUM)
def minimum(x, y, name=None):
    """The smaller of `x` and `y` by element, broadcasting."""
    return MINIMUM(x, y, name=name)


def _squared_difference_kernel(attrs, x, y):
    difference = x - y
    return difference * (difference.conj() if x.dtype.kind == "c" else difference)


def _squared_difference_gradient(op, grad):
    x, y = op.inputs
    with after(grad):
        x_grad = scalar_mul(2.0, grad) * (x - y)
    y_grad = -x_grad
    if shapes_known_and_equal(x, y, grad):
        return [x_grad, y_grad]
    return reduce_gradients(x, y, x_grad, y_grad)


SQUARED_DIFFERENCE = binary(
    "SquaredDifference",
    _squared_difference_kernel,
    _squared_difference_gradient,
    "bfloat16|float16|float32|float64|int32|int64|complex64|complex128",
)


@core.direct(SQUARED_DIFFERENCE)
def squared_difference(x, y, name=None):
    """``(x - y) ** 2`` by element, broadcasting; ``conj(x - y) * (x - y)`` of complex tensors."""
    return SQUARED_DIFFERENCE(x, y, name=name)


# ---------------------------------------------------------------- powers and products with logarithms


def _pow_kernel(attrs, x, y):
    if x.dtype.kind == "i" and np.any(y < 0):
        raise InvalidArgumentError(None, None, "Integers to negative integer powers are not allowed")
    return np.power(x, y)


def _pow_gradient(op, grad):
    from .cast import conj
    from .compare import not_equal
    from .elementwise import log

    x, y = op.inputs
    cx, cy = conj(x), conj(y)
    gx = grad * cy * pow(cx, cy - 1)
    mask = not_equal(cx, 0) if x.dtype.is_complex else cx > 0  # where log(x) exists
    safe_x = array.where(mask, cx, array.ones_like(x))
    log_x = array.where(mask, log(safe_x), array.zeros_like(x))
    gy = grad * conj(op.outputs[0]) * log_x
    return reduce_gradients(x, y, gx, gy)


POW = binary(
    "Pow",
    _pow_kernel,
    _pow_gradient,
    "bfloat16|float32|float16|float64|int8|int16|int32|int64|complex64|complex128",
)


@core.direct(POW)
def pow(x, y, name=None):
    """``x ** y`` by element, broadcasting."""
    return POW(x, y, name=name)


def _zero_first(function):
    """Kernel of a product that is 0 wherever `x` is 0, whatever the other factor."""

    def kernel(attrs, x, y):
        return np.where(x == 0, np.zeros((), x.dtype), function(x, y))

    return kernel


def _product_gradient(partials):
    """Gradient of x*f(y) with 0*f(y) = 0; ``partials(x, y, x_is_not_0)`` gives both partial derivatives."""

    def gradient(op, grad):
        from .cast import cast
        from .compare import not_equal
        from .reduce import reduce_sum

        x, y = op.inputs
        sx, sy = array.shape(x), array.shape(y)
        rx, ry = array.BROADCAST_GRADIENT_ARGS(sx, sy)
        with after(grad):
            not_zero_x = cast(not_equal(x, cast(0.0, dtype=x.dtype)), dtype=x.dtype)
            partial_x, partial_y = partials(x, y, not_zero_x)
            return [
                array.reshape(reduce_sum(partial_x * grad, rx), sx),
                array.reshape(reduce_sum(partial_y * grad, ry), sy),
            ]

    return gradient


def _xdivy_partials(x, y, not_zero_x):
    from .elementwise import negative

    return XDIVY(not_zero_x, y), XDIVY(negative(x), y**2)


_ZERO_FIRST = "float16|bfloat16|float32|float64|complex64|complex128"
XLOGY = binary(
    "Xlogy",
    _zero_first(lambda x, y: x * np.log(y)),
    _product_gradient(lambda x, y, not_zero_x: (XLOGY(not_zero_x, y), XDIVY(x, y))),
    _ZERO_FIRST,
)
XLOG1PY = binary(
    "Xlog1py",
    _zero_first(lambda x, y: x * np.log1p(y)),
    _product_gradient(lambda x, y, not_zero_x: (XLOG1PY(not_zero_x, y), XDIVY(x, y + 1.0))),
    _ZERO_FIRST,
)
XDIVY = binary("Xdivy", _zero_first(np.divide), _product_gradient(_xdivy_partials), _ZERO_FIRST)


@core.direct(XLOGY)
def xlogy(x, y, name=None):
    """``x * log(y)``, and 0 wherever `x` is 0."""
    return XLOGY(x, y, name=name)


def xlog1py(x, y, name=None):
    """``x * log(1 + y)``, and 0 wherever `x` is 0."""
    with core.name_scope(name, "xlog1py", [x]):
        return XLOG1PY(x, y)


def xdivy(x, y, name=None):
    """``x / y``, and 0 wherever `x` is 0."""
    with core.name_scope(name, "xdivy", [x]):
        return XDIVY(x, y)


def _atan2_gradient(op, grad):
    from .elementwise import square

    y, x = op.inputs
    with after(grad):
        grad_inv = grad / (square(y) + square(x))
        gy = x * grad_inv
        gx = -y * grad_inv
        return reduce_gradients(y, x, gy, gx)


ATAN2 = binary("Atan2", np.arctan2, _atan2_gradient, FLOATING, inputs=("y", "x"))


@core.direct(ATAN2)
def atan2(y, x, name=None):
    """Angle in radians of the point ``(x, y)``, in ``[-pi, pi]``."""
    return ATAN2(y, x, name=name)


def _next_after_gradient(op, grad):
    from .reduce import reduce_sum

    x1, x2 = op.inputs
    s1, s2 = array.shape(x1), array.shape(x2)
    r1, r2 = array.BROADCAST_GRADIENT_ARGS(s1, s2)
    with after(grad):
        partial_1 = array.ones(s1, dtype=x1.dtype)
        partial_2 = array.zeros(s2, dtype=x2.dtype)
        return [
            array.reshape(reduce_sum(partial_1 * grad, r1), s1),
            array.reshape(reduce_sum(partial_2 * grad, r2), s2),
        ]


NEXT_AFTER = core.OpType(
    "NextAfter",
    "x1: T, x2: T -> output: T",
    "T: float64|float32 = float32",
    shape="broadcast",
    kernel=np.nextafter,
    gradient=_next_after_gradient,
)


@core.direct(NEXT_AFTER)
def next_after(x1, x2, name=None):
    """The representable number after `x1` in the direction of `x2`."""
    return NEXT_AFTER(x1, x2, name=name)


# ---------------------------------------------------------------- sums of many tensors


def _add_n_kernel(attrs, *inputs):
    if len(inputs) == 1:
        return inputs[0]
    if isinstance(inputs[0], np.ndarray):
        check_same_shape("AddN", *inputs)
    total = inputs[0] + inputs[1]
    for x in inputs[2:]:
        total = total + x
    return total


def _add_n_gradient(op, grad):
    return [grad] * len(op.inputs)


ADD_N = core.OpType(
    "AddN",
    "inputs: N*T -> sum: T",
    f"N: int >= 1; T: {NUMBER}|variant",
    shape=merge_all,
    kernel=core.kernel("add_n", _add_n_kernel),
    gradient=core.replayed(_add_n_gradient),
)

ACCUMULATE_N_V2 = core.OpType(
    "AccumulateNV2",
    "inputs: N*T -> sum: T",
    f"N: int >= 1; T: {NUMBER}; shape: shape",
    shape=lambda c: [c.attr("shape")._dims],
    kernel=core.kernel("add_n", _add_n_kernel),
    gradient=core.replayed(_add_n_gradient),
)


@core.repeats(ignoring="inputs")
def add_n(inputs, name=None):
    """Sum of a list of tensors (or IndexedSlices) of one shape and dtype.

    Raises
    ------
    ValueError
        If `inputs` is empty or not such a list.
    """
    if inputs.__class__ is list and len(inputs) > 1 and all([x.__class__ is core.Tensor for x in inputs]):
        return ADD_N(inputs, name=name)
    from ..indexed_slices import IndexedSlices, convert_n_to_tensor_or_indexed_slices

    wanted = "Inputs must be an iterable of at least one Tensor/IndexedSlices with the same dtype and shape."
    inputs = list(inputs)
    if not inputs:
        raise ValueError(wanted)
    inputs = convert_n_to_tensor_or_indexed_slices(inputs)
    if not all(isinstance(x, (core.Tensor, IndexedSlices)) for x in inputs):
        raise ValueError(wanted)
    if len(inputs) == 1:
        values = convert_to_tensor(inputs[0])
        return array.identity(values, name=name) if name else values
    return ADD_N(inputs, name=name)


def accumulate_n(inputs, shape=None, tensor_dtype=None, name=None):
    """Sum of a list of tensors, checked against `shape` and `tensor_dtype` if given; else use `add_n`."""
    from ..indexed_slices import convert_n_to_tensor_or_indexed_slices

    wanted = "inputs must be a list of at least one Tensor with the same dtype and shape"
    if not inputs or not isinstance(inputs, (list, tuple)):
        raise ValueError(wanted)
    inputs = convert_n_to_tensor_or_indexed_slices(inputs)
    if not all(isinstance(x, core.Tensor) and x.dtype == inputs[0].dtype for x in inputs):
        raise ValueError(wanted)
    shape = tensor_shape.unknown_shape() if shape is None else tensor_shape.as_shape(shape)
    for x in inputs:
        shape = shape.merge_with(x.shape)
    if tensor_dtype is not None and tensor_dtype != inputs[0].dtype:
        raise TypeError(
            f"The `tensor_dtype` argument is {tensor_dtype}, but `input` is of type {inputs[0].dtype}. "
            "These must be equal. Try casting the input to the desired type."
        )
    if len(inputs) == 1:
        return inputs[0] if name is None else array.identity(inputs[0], name=name)
    return add_n(inputs, name=name)


def polyval(coeffs, x, name=None):
    """Value at `x` of the polynomial with the list `coeffs`, highest power first (Horner's rule)."""
    if not isinstance(coeffs, list):
        raise ValueError(f"Argument coeffs must be list type. Received type {type(coeffs)}.")
    with core.name_scope(name, "polyval", [*coeffs, x]) as name:
        x = convert_to_tensor(x, name="x")
        if not coeffs:
            return array.zeros_like(x, name=name)
        coeffs = [convert_to_tensor(coeff, name=f"coeff_{i}") for i, coeff in enumerate(coeffs)]
        p = coeffs[0]
        for coeff in coeffs[1:]:
            p = coeff + p * x
        return p

"""Elementwise functions of one tensor: signs, powers, exponentials, trigonometry, rounding."""

import numpy as np

from .. import _core as core
from ..conversion import constant, convert_to_tensor
from . import array
from ._rules import FLOATING, SIGNED, SIGNED_OR_COMPLEX, after, unary, unary_gradient

__all__ = [
    "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "exp", "expm1", "floor",
    "log", "log1p", "log_sigmoid", "negative", "reciprocal", "rint", "round", "rsqrt", "sigmoid", "sign",
    "sin", "sinh", "sqrt", "square", "tan", "tanh",
]  # fmt: skip


def _times_derivative(derivative):
    """Gradient ``grad * derivative(x)``, built after `grad` is known."""

    def gradient(op, grad):
        from .cast import conj

        with after(grad):
            return [grad * derivative(conj(op.inputs[0]))]

    return gradient


def _of_result(fused):
    """Gradient built by a fused op of the function's result: ``fused()(conj(y), grad)``."""

    def gradient(op, grad):
        from .cast import conj

        with after(grad):
            return [fused()(conj(op.outputs[0]), grad)]

    return gradient


def _zero_gradient(op, grad):
    return [None]


# ---------------------------------------------------------------- signs

ABS = unary("Abs", np.absolute, lambda op, grad: [grad * sign(op.inputs[0])], SIGNED)

COMPLEX_ABS = core.OpType(
    "ComplexAbs",
    "x: T -> y: Tout",
    "T: complex64|complex128 = complex64; Tout: float32|float64 = float32",
    shape="same",
    kernel=lambda attrs, x: np.absolute(x),
    gradient=lambda op, grad: _complex_abs_gradient(op, grad),
)


def _complex_abs_gradient(op, grad):
    from .arithmetic import div_no_nan
    from .cast import complex

    x, y = op.inputs[0], op.outputs[0]
    return [div_no_nan(complex(grad, array.zeros_like(grad)) * x, complex(y, array.zeros_like(y)))]


@core.repeats(ignoring="x")
def abs(x, name=None):
    """Absolute value of each element; of complex tensors, the (real) magnitude."""
    with core.name_scope(name, "Abs", [x]) as name:
        x = convert_to_tensor(x, name="x")
        if x.dtype.is_complex:
            return COMPLEX_ABS(x, Tout=x.dtype.real_dtype, name=name)
        return ABS(x, name=name)


NEG = unary("Neg", np.negative, lambda op, grad: [-grad], SIGNED_OR_COMPLEX)


@core.direct(NEG)
def negative(x, name=None):
    """``-x`` of each element."""
    return NEG(x, name=name)


def _sign_kernel(attrs, x):
    if x.dtype.kind == "c":
        return np.where(x == 0, x, x / np.absolute(x))
    return np.sign(x)


SIGN = unary("Sign", _sign_kernel, lambda op, grad: [array.zeros_like(op.inputs[0])], SIGNED_OR_COMPLEX)


def sign(x, name=None):
    """-1, 0 or 1 by the sign of each element; ``x / |x|`` (or 0) of complex tensors."""
    x = convert_to_tensor(x)
    if not x.dtype.is_complex:
        return SIGN(x, name=name)
    from .arithmetic import DIV_NO_NAN
    from .cast import cast

    return DIV_NO_NAN(x, cast(COMPLEX_ABS(x, Tout=x.dtype.real_dtype), dtype=x.dtype), name=name)


# ---------------------------------------------------------------- squares, roots, reciprocals


def _square_gradient(op, grad):
    from .arithmetic import multiply
    from .cast import conj

    with after(grad):
        x = conj(op.inputs[0])
        return [multiply(grad, multiply(x, constant(2.0, dtype=x.dtype)))]


SQUARE = unary(
    "Square", np.square, _square_gradient, SIGNED + "|uint8|uint16|uint32|uint64|complex64|complex128"
)


@core.direct(SQUARE)
def square(x, name=None):
    """``x ** 2`` of each element."""
    return SQUARE(x, name=name)


def _sqrt_grad_gradient(op, grad):
    from .cast import conj

    with after(grad):
        ga = grad / op.inputs[0]
        return [-conj(ga) * op.outputs[0], 0.5 * ga]


def _zero_where_zero(dy, grad):
    """`grad`, but 0 where `dy` is: a gradient that nobody wants is not NaN where the function has none."""
    return np.where(dy == 0, dy.dtype.type(0), grad)


def _sqrt_grad_kernel(attrs, y, dy):
    return _zero_where_zero(dy, _half(y) * dy / np.conj(y))


SQRT_GRAD = unary_gradient("SqrtGrad", _sqrt_grad_kernel, _sqrt_grad_gradient)
SQRT = unary("Sqrt", np.sqrt, lambda op, grad: [SQRT_GRAD(op.outputs[0], grad)])


def _half(y):
    return y.dtype.type(0.5)


@core.direct(SQRT)
def sqrt(x, name=None):
    """Square root of each element."""
    return SQRT(x, name=name)


def _rsqrt_kernel(attrs, x):
    return np.reciprocal(np.sqrt(x))


def _rsqrt_grad_kernel(attrs, y, dy):
    y = np.conj(y)
    return _zero_where_zero(dy, -_half(y) * dy * y * y * y)  # d(x ** -1/2) = -1/2 * y ** 3


def _rsqrt_grad_gradient(op, grad):
    from .cast import conj

    a, b = op.inputs
    with after(grad):
        ca, cg = conj(a), conj(grad)
        return [-1.5 * cg * b * square(ca), RSQRT_GRAD(ca, grad)]


RSQRT_GRAD = unary_gradient("RsqrtGrad", _rsqrt_grad_kernel, _rsqrt_grad_gradient)
RSQRT = unary("Rsqrt", _rsqrt_kernel, lambda op, grad: [RSQRT_GRAD(op.outputs[0], grad)])


@core.direct(RSQRT)
def rsqrt(x, name=None):
    """``1 / sqrt(x)`` of each element."""
    return RSQRT(x, name=name)


def _reciprocal_grad_kernel(attrs, y, dy):
    y = np.conj(y)
    return _zero_where_zero(dy, -dy * y * y)  # d(1 / x) = -1 / x ** 2


def _reciprocal_grad_gradient(op, grad):
    from .cast import conj

    b = op.inputs[1]
    with after(grad):
        ca, cg = conj(op.inputs[0]), conj(grad)
        return [cg * -2.0 * b * ca, RECIPROCAL_GRAD(ca, grad)]


def _reciprocal_gradient(op, grad):
    return [RECIPROCAL_GRAD(op.outputs[0], grad)]


RECIPROCAL_GRAD = unary_gradient("ReciprocalGrad", _reciprocal_grad_kernel, _reciprocal_grad_gradient)
RECIPROCAL = unary("Reciprocal", np.reciprocal, _reciprocal_gradient, SIGNED_OR_COMPLEX)
INV_GRAD = unary_gradient("InvGrad", _reciprocal_grad_kernel, _reciprocal_grad_gradient)
INV = unary("Inv", np.reciprocal, _reciprocal_gradient, SIGNED_OR_COMPLEX)


@core.direct(RECIPROCAL)
def reciprocal(x, name=None):
    """``1 / x`` of each element."""
    return RECIPROCAL(x, name=name)


# ---------------------------------------------------------------- exponentials and logarithms


def _exp_gradient(op, grad):
    from .cast import conj

    with after(grad):
        return [grad * conj(op.outputs[0])]  # y = e**x


EXP = unary("Exp", np.exp, _exp_gradient)
EXPM1 = unary("Expm1", np.expm1, _times_derivative(lambda x: exp(x)))
LOG = unary("Log", np.log, _times_derivative(lambda x: reciprocal(x)))
LOG1P = unary("Log1p", np.log1p, _times_derivative(lambda x: reciprocal(1 + x)))


@core.direct(EXP)
def exp(x, name=None):
    """``e ** x`` of each element."""
    return EXP(x, name=name)


@core.direct(EXPM1)
def expm1(x, name=None):
    """``e ** x - 1`` of each element, precise near 0."""
    return EXPM1(x, name=name)


@core.direct(LOG)
def log(x, name=None):
    """Natural logarithm of each element."""
    return LOG(x, name=name)


@core.direct(LOG1P)
def log1p(x, name=None):
    """``log(1 + x)`` of each element, precise near 0."""
    return LOG1P(x, name=name)


# ---------------------------------------------------------------- trigonometry


def _cos_gradient(op, grad):
    from .cast import conj

    with after(grad):
        x = conj(op.inputs[0])
        return [-grad * sin(x)]


def _tan_gradient(op, grad):
    from .cast import conj

    with after(grad):
        x = conj(op.inputs[0])
        return [square(reciprocal(cos(x))) * grad]


def _arc_gradient(derivative, negated=False):
    """Gradient ``(-)grad * derivative(x**2, 1)``."""

    def gradient(op, grad):
        from .cast import conj

        with after(grad):
            x2 = square(conj(op.inputs[0]))
            slope = derivative(x2, constant(1, dtype=grad.dtype))
            return [-grad * slope if negated else grad * slope]

    return gradient


def _one_over_root(x2, one):
    from .arithmetic import subtract

    return reciprocal(sqrt(subtract(one, x2)))


def _one_over_sum(x2, one):
    from .arithmetic import add

    return reciprocal(add(one, x2))


def _one_over_difference(x2, one):
    from .arithmetic import subtract

    return reciprocal(subtract(one, x2))


def _over_result(function):
    """Gradient ``grad / function(y)`` of an inverse hyperbolic function."""

    def gradient(op, grad):
        from .cast import conj

        with after(grad):
            return [grad / function(conj(op.outputs[0]))]

    return gradient


SIN = unary("Sin", np.sin, _times_derivative(lambda x: cos(x)))
COS = unary("Cos", np.cos, _cos_gradient)
TAN = unary("Tan", np.tan, _tan_gradient)
ASIN = unary("Asin", np.arcsin, _arc_gradient(_one_over_root))
ACOS = unary("Acos", np.arccos, _arc_gradient(_one_over_root, negated=True))
ATAN = unary("Atan", np.arctan, _arc_gradient(_one_over_sum))
SINH = unary("Sinh", np.sinh, _times_derivative(lambda x: cosh(x)))
COSH = unary("Cosh", np.cosh, _times_derivative(lambda x: sinh(x)))
ASINH = unary("Asinh", np.arcsinh, _over_result(lambda y: cosh(y)))
ACOSH = unary("Acosh", np.arccosh, _over_result(lambda y: sinh(y)))
ATANH = unary("Atanh", np.arctanh, _arc_gradient(_one_over_difference))


@core.direct(SIN)
def sin(x, name=None):
    """Sine of each element, in radians."""
    return SIN(x, name=name)


@core.direct(COS)
def cos(x, name=None):
    """Cosine of each element, in radians."""
    return COS(x, name=name)


@core.direct(TAN)
def tan(x, name=None):
    """Tangent of each element, in radians."""
    return TAN(x, name=name)


@core.direct(ASIN)
def asin(x, name=None):
    """Inverse sine of each element, in ``[-pi/2, pi/2]``."""
    return ASIN(x, name=name)


@core.direct(ACOS)
def acos(x, name=None):
    """Inverse cosine of each element, in ``[0, pi]``."""
    return ACOS(x, name=name)


@core.direct(ATAN)
def atan(x, name=None):
    """Inverse tangent of each element, in ``[-pi/2, pi/2]``."""
    return ATAN(x, name=name)


@core.direct(SINH)
def sinh(x, name=None):
    """Hyperbolic sine of each element."""
    return SINH(x, name=name)


@core.direct(COSH)
def cosh(x, name=None):
    """Hyperbolic cosine of each element."""
    return COSH(x, name=name)


@core.direct(ASINH)
def asinh(x, name=None):
    """Inverse hyperbolic sine of each element."""
    return ASINH(x, name=name)


@core.direct(ACOSH)
def acosh(x, name=None):
    """Inverse hyperbolic cosine of each element; NaN below 1."""
    return ACOSH(x, name=name)


@core.direct(ATANH)
def atanh(x, name=None):
    """Inverse hyperbolic tangent of each element; NaN outside ``[-1, 1]``."""
    return ATANH(x, name=name)


# ---------------------------------------------------------------- tanh and the logistic function


def _tanh_grad_gradient(op, grad):
    from .cast import conj

    with after(grad):
        a, b = conj(op.inputs[0]), conj(op.inputs[1])
        return [grad * -2.0 * b * a, TANH_GRAD(a, grad)]


def _tanh_grad_kernel(attrs, y, dy):
    return dy * (y.dtype.type(1) - y * y)


TANH_GRAD = unary_gradient("TanhGrad", _tanh_grad_kernel, _tanh_grad_gradient, typed="tanh_grad")
TANH = unary("Tanh", np.tanh, _of_result(lambda: TANH_GRAD))


@core.direct(TANH)
def tanh(x, name=None):
    """Hyperbolic tangent of each element."""
    return TANH(x, name=name)


def sigmoid_kernel(attrs, x):
    """``1 / (1 + e**-x)``, in one buffer."""
    out = np.negative(x, out=np.empty_like(x))
    np.exp(out, out)
    np.add(out, x.dtype.type(1), out)
    return np.reciprocal(out, out)


def _sigmoid_grad_kernel(attrs, y, dy):
    return dy * (y * (y.dtype.type(1) - y))


def _sigmoid_grad_gradient(op, grad):
    from .cast import conj

    with after(grad):
        a, b = conj(op.inputs[0]), conj(op.inputs[1])
        gb = grad * b
        return [gb - 2.0 * gb * a, SIGMOID_GRAD(a, grad)]


SIGMOID_GRAD = unary_gradient("SigmoidGrad", _sigmoid_grad_kernel, _sigmoid_grad_gradient, typed="sigmoid_grad")
SIGMOID = unary("Sigmoid", core.kernel("sigmoid", sigmoid_kernel), _of_result(lambda: SIGMOID_GRAD))


@core.direct(SIGMOID)
def sigmoid(x, name=None):
    """``1 / (1 + e**-x)`` of each element."""
    return SIGMOID(x, name=name)


def log_sigmoid(x, name=None):
    """``log(sigmoid(x))`` of each element, as ``-softplus(-x)``."""
    from .activations import SOFTPLUS

    with core.name_scope(name, "LogSigmoid", [x]) as name:
        x = convert_to_tensor(x, name="x")
        return NEG(SOFTPLUS(-x), name=name)


# ---------------------------------------------------------------- rounding


def _round_kernel(attrs, x):
    return x if x.dtype.kind in "iu" else np.rint(x)


FLOOR = unary("Floor", np.floor, _zero_gradient, FLOATING)
CEIL = unary("Ceil", np.ceil, _zero_gradient, FLOATING)
RINT = unary("Rint", np.rint, _zero_gradient, FLOATING)
ROUND = unary("Round", _round_kernel, _zero_gradient, SIGNED_OR_COMPLEX)


@core.direct(FLOOR)
def floor(x, name=None):
    """Largest integer not above each element."""
    return FLOOR(x, name=name)


@core.direct(CEIL)
def ceil(x, name=None):
    """Smallest integer not below each element."""
    return CEIL(x, name=name)


@core.direct(RINT)
def rint(x, name=None):
    """Nearest integer of each element, halves to the even one."""
    return RINT(x, name=name)


def round(x, name=None):
    """Nearest integer of each element, halves to the even one; integer tensors come back as they are."""
    x = convert_to_tensor(x, name="x")
    return x if x.dtype.is_integer else ROUND(x, name=name)

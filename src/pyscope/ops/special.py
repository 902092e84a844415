"""Special functions: error functions, the gamma function and its derivatives."""

import math

import numpy as np

from .. import _core as core
from ..conversion import constant
from . import array
from ._rules import FLOATING, after, binary, unary

__all__ = [
    "digamma", "erf", "erfc", "erfcinv", "erfinv", "lgamma", "ndtri", "polygamma", "zeta",
]  # fmt: skip


# ---------------------------------------------------------------- kernels

# Rational approximations of erf and erfc: Cephes Math Library, ndtr.c (S. Moshier); errors near 1e-16.
_ERF = (
    (9.60497373987051638749, 90.0260197203842689217, 2232.00534594684319226, 7003.32514112805075473,
     55592.3013010394962768),
    (1.0, 33.5617141647503099647, 521.357949780152679795, 4594.32382970980127987, 22629.0000613890934246,
     49267.3942608635921086),
)  # fmt: skip
_ERFC_BELOW_8 = (
    (2.46196981473530512524e-10, 0.564189564831068821977, 7.46321056442269912687, 48.6371970985681366614,
     196.520832956077098242, 526.445194995477358631, 934.528527171957607540, 1027.55188689515710272,
     557.535335369399327526),
    (1.0, 13.2281951154744992508, 86.7072140885989742329, 354.937778887819891062, 975.708501743205489753,
     1823.90916687909736289, 2246.33760818710981792, 1656.66309194161350182, 557.535340817727675546),
)  # fmt: skip
_ERFC_FROM_8 = (
    (0.564189583547755073984, 1.27536670759978104416, 5.01905042251180477414, 6.16021097993053585195,
     7.40974269950448939160, 2.97886665372100240670),
    (1.0, 2.26052863220117276590, 9.39603524938001434673, 12.0489539808096656605, 17.0814450747565897222,
     9.60896809063285878198, 3.36907645100081516050),
)  # fmt: skip


def _ratio(x, table):
    return np.polyval(table[0], x) / np.polyval(table[1], x)


def _erf(x):
    small = np.clip(x, -1, 1)
    return np.where(np.abs(x) <= 1, small * _ratio(small * small, _ERF), 1 - _erfc_above_1(x, np.abs(x)))


def _erfc(x):
    return np.where(np.abs(x) < 1, 1 - _erf(x), _erfc_above_1(x, np.abs(x)))


def _erfc_above_1(x, size):
    """erfc(x) for ``|x| >= 1``; what it gives elsewhere is not used."""
    size = np.maximum(size, 1)
    ratio = np.where(
        size < 8, _ratio(np.minimum(size, 8), _ERFC_BELOW_8), _ratio(np.clip(size, 8, 1e30), _ERFC_FROM_8)
    )
    tail = np.exp(-size * size) * ratio
    return np.where(x < 0, 2 - tail, tail)


def _in_double(function):
    """Kernel that computes in double precision and rounds to the tensor's type."""

    def kernel(attrs, *inputs):
        return np.asarray(function(*[x.astype(np.float64) for x in inputs])).astype(inputs[0].dtype)

    return kernel


def _each(function):
    """`function` of Python floats, for arrays; where it raises the limit is infinite."""

    def safe(x):
        try:
            return function(x)
        except (ValueError, OverflowError):
            return math.inf

    ufunc = np.frompyfunc(safe, 1, 1)
    return lambda x: np.asarray(ufunc(x), np.float64)


_lgamma = _each(math.lgamma)


def _digamma(x):
    """Reflection for x < 1/2, recurrence up to 10, then the asymptotic series (Abramowitz and Stegun 6.3)."""
    reflected = x < 0.5
    y = np.where(reflected, 1 - x, x)
    total = np.zeros_like(y)
    for _ in range(10):
        small = y < 10
        total = total - np.where(small, 1 / y, 0)
        y = np.where(small, y + 1, y)
    z = 1 / (y * y)
    series = z * np.polyval((-1 / 12, 691 / 32760, -1 / 132, 1 / 240, -1 / 252, 1 / 120, -1 / 12), z)
    total = total + np.log(y) - 0.5 / y + series
    total = np.where(reflected, total - np.pi / np.tan(np.pi * x), total)
    return np.where((x <= 0) & (x == np.floor(x)), np.nan, total)


_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)


def _zeta(x, q):
    """Hurwitz zeta function, by the Euler-Maclaurin formula after 12 terms."""
    total = np.zeros(np.broadcast_shapes(x.shape, q.shape))
    for k in range(12):
        total = total + (q + k) ** -x
    a = q + 12
    total = total + a ** (1 - x) / (x - 1) + 0.5 * a**-x
    term = x * a ** (-x - 1)
    for k, bernoulli in enumerate(_BERNOULLI, 1):
        total = total + term * (bernoulli / math.factorial(2 * k))
        term = term * (x + 2 * k - 1) * (x + 2 * k) / (a * a)
    total = np.where(q <= 0, np.where(q == np.floor(q), np.inf, np.nan), total)
    return np.where(x == 1, np.inf, np.where(x < 1, np.nan, total))


def _polygamma(n, x):
    sign = np.where(n % 2 == 0, -1.0, 1.0)
    derivative = sign * np.exp(_lgamma(n + 1)) * _zeta(n + 1, x)
    out = np.where(n == 0, _digamma(x), derivative)
    return np.where((n < 0) | (n != np.floor(n)), np.nan, out)


def _ndtri(p):
    from statistics import NormalDist

    inside = (p > 0) & (p < 1)
    quantile = np.asarray(np.frompyfunc(NormalDist().inv_cdf, 1, 1)(np.where(inside, p, 0.5)), np.float64)
    edge = np.where(p == 0, -np.inf, np.where(p == 1, np.inf, np.nan))
    return np.where(inside, quantile, edge)


def _erfinv(x):
    y = _ndtri(0.5 * (x + 1)) / math.sqrt(2)
    step = (_erf(y) - x) * np.exp(y * y) * (math.sqrt(math.pi) / 2)  # one step of Newton's: precise near 0
    return np.where(np.abs(x) < 0.9, y - step, y)


# ---------------------------------------------------------------- error functions


def _erf_gradient(factor):
    """Gradient ``grad * factor * exp(-x**2)``."""

    def gradient(op, grad):
        from .cast import conj
        from .elementwise import exp, square

        scale = constant(factor, dtype=grad.dtype)
        with after(grad):
            x = conj(op.inputs[0])
            return [grad * scale * exp(-square(x))]

    return gradient


def _erfinv_gradient(op, grad):
    from .elementwise import exp, square

    scale = constant(np.sqrt(np.pi) / 2, dtype=grad.dtype)
    with after(grad):
        return [grad * scale * exp(square(op.outputs[0]))]


def _ndtri_gradient(op, grad):
    from .elementwise import exp, square

    scale = constant(np.sqrt(2 * np.pi), dtype=grad.dtype)
    with after(grad):
        return [grad * scale * exp(square(op.outputs[0]) / 2.0)]


ERF = unary("Erf", _in_double(_erf), _erf_gradient(2 / np.sqrt(np.pi)), FLOATING)
ERFC = unary("Erfc", _in_double(_erfc), _erf_gradient(-2 / np.sqrt(np.pi)), FLOATING)
ERFINV = unary("Erfinv", _in_double(_erfinv), _erfinv_gradient, FLOATING)
NDTRI = unary("Ndtri", _in_double(_ndtri), _ndtri_gradient, FLOATING)


def erf(x, name=None):
    """Error function of each element: ``2/sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to x."""
    return ERF(x, name=name)


def erfc(x, name=None):
    """``1 - erf(x)`` of each element, precise for large x."""
    return ERFC(x, name=name)


def erfinv(x, name=None):
    """Inverse of the error function."""
    with core.name_scope(name, "erfinv", [x]):
        return ERFINV(x)


def erfcinv(x, name=None):
    """Inverse of the complementary error function."""
    from ..conversion import convert_to_tensor

    with core.name_scope(name, "erfcinv", [x]):
        x = convert_to_tensor(x, name="start")
        return -ndtri(0.5 * x) * np.sqrt(0.5)


def ndtri(x, name=None):
    """Quantiles of the standard normal distribution."""
    with core.name_scope(name, "ndtri", [x]):
        return NDTRI(x)


# ---------------------------------------------------------------- gamma function


def _lgamma_gradient(op, grad):
    from .cast import conj

    with after(grad):
        return [grad * digamma(conj(op.inputs[0]))]


def _digamma_gradient(op, grad):
    from .cast import conj

    with after(grad):
        x = conj(op.inputs[0])
        return [grad * polygamma(constant(1, dtype=x.dtype), x)]


def _second_argument_gradient(partial):
    """Gradient of the second argument alone: ``partial(a, x) * grad``, summed over broadcasting."""

    def gradient(op, grad):
        from .cast import conj
        from .reduce import reduce_sum

        a, x = op.inputs
        sa, sx = array.shape(a), array.shape(x)
        _, rx = array.BROADCAST_GRADIENT_ARGS(sa, sx)
        with after(grad):
            return [None, array.reshape(reduce_sum(partial(conj(a), conj(x)) * grad, rx), sx)]

    return gradient


LGAMMA = unary("Lgamma", _in_double(_lgamma), _lgamma_gradient, FLOATING)
DIGAMMA = unary("Digamma", _in_double(_digamma), _digamma_gradient, FLOATING)
POLYGAMMA = binary(
    "Polygamma",
    _in_double(_polygamma),
    _second_argument_gradient(lambda n, x: polygamma(n + 1, x)),
    "float32|float64",
    inputs=("a", "x"),
)
ZETA = binary(
    "Zeta",
    _in_double(_zeta),
    _second_argument_gradient(lambda x, q: -x * zeta(x + 1, q)),
    "float32|float64",
    inputs=("x", "q"),
)


def lgamma(x, name=None):
    """Logarithm of the absolute value of the gamma function of each element."""
    return LGAMMA(x, name=name)


def digamma(x, name=None):
    """Derivative of `lgamma` of each element."""
    return DIGAMMA(x, name=name)


def polygamma(a, x, name=None):
    """The `a`-th derivative of `digamma` at `x`, for ``a = 0, 1, 2 ...``."""
    return POLYGAMMA(a, x, name=name)


def zeta(x, q, name=None):
    """Hurwitz zeta function: the sum of ``(q + n) ** -x`` over ``n = 0, 1, 2 ...``."""
    return ZETA(x, q, name=name)

"""Comparisons, logic, bits and tests for NaN and infinity."""

import numpy as np

from .. import _core as core
from ._rules import FLOATING, INTEGER, NUMBER, broadcast, comparison, incompatible

__all__ = [
    "approximate_equal", "bitwise_and", "bitwise_or", "bitwise_xor", "equal", "greater", "greater_equal",
    "invert", "is_finite", "is_inf", "is_nan", "left_shift", "less", "less_equal", "logical_and",
    "logical_not", "logical_or", "logical_xor", "not_equal", "population_count", "right_shift",
]  # fmt: skip


# ---------------------------------------------------------------- equality and order


def _equality_shape(c):
    """Broadcasting, unless shapes may differ: then an incompatible pair compares as one unequal whole."""
    try:
        return [broadcast(c.shape(0), c.shape(1))]
    except ValueError:
        if c.attr("incompatible_shape_error"):
            raise
        return [()]


def _equality_kernel(function, otherwise):
    def kernel(attrs, x, y):
        try:
            np.broadcast(x, y)
        except ValueError:
            if attrs["incompatible_shape_error"]:
                raise incompatible(x, y) from None
            return np.asarray(otherwise)
        return np.asarray(function(x, y), np.bool_)

    return kernel


def _equality(type, function, otherwise):
    return core.OpType(
        type,
        "x: T, y: T -> z: bool",
        "T: type; incompatible_shape_error: bool = True",
        shape=_equality_shape,
        kernel=_equality_kernel(function, otherwise),
        gradient=core.NO_GRADIENT,
        lacking="T: resource|variant",
    )


EQUAL = _equality("Equal", np.equal, False)
NOT_EQUAL = _equality("NotEqual", np.not_equal, True)
LESS = comparison("Less", np.less)
LESS_EQUAL = comparison("LessEqual", np.less_equal)
GREATER = comparison("Greater", np.greater)
GREATER_EQUAL = comparison("GreaterEqual", np.greater_equal)

APPROXIMATE_EQUAL = core.OpType(
    "ApproximateEqual",
    "x: T, y: T -> z: bool",
    f"T: {NUMBER}; tolerance: float = 9.999999747378752e-06",
    shape="broadcast",
    kernel=lambda attrs, x, y: np.absolute(x - y) < x.real.dtype.type(attrs["tolerance"]),
    gradient=core.NO_GRADIENT,
)


@core.direct(EQUAL)
def equal(x, y, name=None):
    """``x == y`` by element, broadcasting."""
    return EQUAL(x, y, name=name)


@core.direct(NOT_EQUAL)
def not_equal(x, y, name=None):
    """``x != y`` by element, broadcasting."""
    return NOT_EQUAL(x, y, name=name)


@core.direct(LESS)
def less(x, y, name=None):
    """``x < y`` by element, broadcasting."""
    return LESS(x, y, name=name)


@core.direct(LESS_EQUAL)
def less_equal(x, y, name=None):
    """``x <= y`` by element, broadcasting."""
    return LESS_EQUAL(x, y, name=name)


@core.direct(GREATER)
def greater(x, y, name=None):
    """``x > y`` by element, broadcasting."""
    return GREATER(x, y, name=name)


@core.direct(GREATER_EQUAL)
def greater_equal(x, y, name=None):
    """``x >= y`` by element, broadcasting."""
    return GREATER_EQUAL(x, y, name=name)


def approximate_equal(x, y, tolerance=1e-05, name=None):
    """``|x - y| < tolerance`` by element."""
    return APPROXIMATE_EQUAL(x, y, tolerance=tolerance, name=name)


# ---------------------------------------------------------------- logic


def _logical(type, kernel):
    return core.OpType(
        type, "x: bool, y: bool -> z: bool", shape="broadcast", kernel=kernel, gradient=core.NO_GRADIENT
    )


LOGICAL_AND = _logical("LogicalAnd", np.logical_and)
LOGICAL_OR = _logical("LogicalOr", np.logical_or)
LOGICAL_NOT = core.OpType(
    "LogicalNot", "x: bool -> y: bool", shape="same", kernel=np.logical_not, gradient=core.NO_GRADIENT
)


@core.direct(LOGICAL_AND)
def logical_and(x, y, name=None):
    """``x and y`` of bool tensors, by element."""
    return LOGICAL_AND(x, y, name=name)


@core.direct(LOGICAL_OR)
def logical_or(x, y, name=None):
    """``x or y`` of bool tensors, by element."""
    return LOGICAL_OR(x, y, name=name)


@core.direct(LOGICAL_NOT)
def logical_not(x, name=None):
    """``not x`` of each element of a bool tensor."""
    return LOGICAL_NOT(x, name=name)


def logical_xor(x, y, name="LogicalXor"):
    """Whether exactly one of two bool tensors is true, by element."""
    return LOGICAL_AND(LOGICAL_OR(x, y), LOGICAL_NOT(LOGICAL_AND(x, y)), name=name)


# ---------------------------------------------------------------- bits


def _bitwise(type, kernel):
    return core.OpType(
        type,
        "x: T, y: T -> z: T",
        f"T: {INTEGER}",
        shape="broadcast",
        kernel=kernel,
        gradient=core.NO_GRADIENT,
    )


def _shift_kernel(function):
    def kernel(attrs, x, y):
        bits = 8 * x.dtype.itemsize
        return function(x, np.clip(y, 0, bits - 1))  # further shifts are undefined in C

    return kernel


def _population_count(attrs, x):
    x = x.view(f"u{x.dtype.itemsize}") if x.ndim else x.reshape(1).view(f"u{x.dtype.itemsize}").reshape(())
    count = np.zeros(x.shape, np.uint8)
    for bit in range(8 * x.dtype.itemsize):
        count = count + ((x >> x.dtype.type(bit)) & x.dtype.type(1)).astype(np.uint8)
    return count


BITWISE_AND = _bitwise("BitwiseAnd", np.bitwise_and)
BITWISE_OR = _bitwise("BitwiseOr", np.bitwise_or)
BITWISE_XOR = _bitwise("BitwiseXor", np.bitwise_xor)
LEFT_SHIFT = _bitwise("LeftShift", _shift_kernel(np.left_shift))
RIGHT_SHIFT = _bitwise("RightShift", _shift_kernel(np.right_shift))
INVERT = core.OpType(
    "Invert", "x: T -> y: T", f"T: {INTEGER}", shape="same", kernel=np.invert, gradient=core.NO_GRADIENT
)
POPULATION_COUNT = core.OpType(
    "PopulationCount",
    "x: T -> y: uint8",
    f"T: {INTEGER}",
    shape="same",
    kernel=_population_count,
    gradient=core.NO_GRADIENT,
)


@core.direct(BITWISE_AND)
def bitwise_and(x, y, name=None):
    """``x & y`` of integers, by element."""
    return BITWISE_AND(x, y, name=name)


@core.direct(BITWISE_OR)
def bitwise_or(x, y, name=None):
    """``x | y`` of integers, by element."""
    return BITWISE_OR(x, y, name=name)


@core.direct(BITWISE_XOR)
def bitwise_xor(x, y, name=None):
    """``x ^ y`` of integers, by element."""
    return BITWISE_XOR(x, y, name=name)


@core.direct(LEFT_SHIFT)
def left_shift(x, y, name=None):
    """``x << y`` of integers, by element."""
    return LEFT_SHIFT(x, y, name=name)


@core.direct(RIGHT_SHIFT)
def right_shift(x, y, name=None):
    """``x >> y`` of integers, by element; the sign bit of signed types is repeated."""
    return RIGHT_SHIFT(x, y, name=name)


@core.direct(INVERT)
def invert(x, name=None):
    """``~x`` of integers, by element."""
    return INVERT(x, name=name)


@core.direct(POPULATION_COUNT)
def population_count(x, name=None):
    """Number of bits set in each integer."""
    return POPULATION_COUNT(x, name=name)


# ---------------------------------------------------------------- NaN and infinity


def _test(type, kernel):
    return core.OpType(
        type, "x: T -> y: bool", f"T: {FLOATING}", shape="same", kernel=kernel, gradient=core.NO_GRADIENT
    )


IS_NAN = _test("IsNan", np.isnan)
IS_INF = _test("IsInf", np.isinf)
IS_FINITE = _test("IsFinite", np.isfinite)


@core.direct(IS_NAN)
def is_nan(x, name=None):
    """Whether each element is NaN."""
    return IS_NAN(x, name=name)


@core.direct(IS_INF)
def is_inf(x, name=None):
    """Whether each element is infinite."""
    return IS_INF(x, name=name)


@core.direct(IS_FINITE)
def is_finite(x, name=None):
    """Whether each element is neither infinite nor NaN."""
    return IS_FINITE(x, name=name)

"""The operators of Tensor: ``+``, ``<``, ``@`` and so on."""

from .. import _core as core
from .. import dtypes
from ..conversion import convert_to_tensor
from .arithmetic import ADD, ADD_V2, FLOOR_DIV, FLOOR_MOD, MUL, POW, REAL_DIV, SUB, div, truediv
from .cast import CAST
from .compare import (
    BITWISE_AND,
    BITWISE_OR,
    BITWISE_XOR,
    GREATER,
    GREATER_EQUAL,
    INVERT,
    LESS,
    LESS_EQUAL,
    LOGICAL_AND,
    LOGICAL_NOT,
    LOGICAL_OR,
    logical_xor,
)  # fmt: skip
from .elementwise import NEG, abs
from .linalg import matmul

Tensor = core.Tensor


def _add(x, y, name):
    from ..sparse_tensor import SparseTensor

    if not isinstance(y, (Tensor, SparseTensor)):
        y = convert_to_tensor(y, dtype_hint=x.dtype.base_dtype, name="y")
    return (ADD if x.dtype.base_dtype is dtypes.string else ADD_V2)(x, y, name=name)


def _multiply(x, y, name):
    from ..sparse_tensor import SparseTensor

    if isinstance(y, SparseTensor):
        raise NotImplementedError("SparseDenseCwiseMul: PyScope does not multiply a SparseTensor by a dense one")
    if any(type(v) is Tensor and v.dtype is dtypes.bool for v in (x, y)):
        product = MUL(CAST(x, DstT=dtypes.int32), CAST(y, DstT=dtypes.int32), name=name)
        return CAST(product, DstT=dtypes.bool)
    return MUL(x, y, name=name)


def _logical_or_bitwise(logical, bitwise):
    def operator(x, y, name):
        if x.dtype.base_dtype is dtypes.bool:
            return logical(x, y, name=name)
        return bitwise(x, y)

    return operator


def _plain(op_type):
    return lambda x, y, name: op_type(x, y, name=name)


def _forward(name, build, plain):
    """``x op y`` with a Tensor on the left; `plain` is the op type that serves numeric arguments at once.

    If `x` cannot be combined with `y`, the reflected method of `y` may know how.
    """
    reflected = f"__r{name}__"

    def operator(x, y):
        with core.name_scope(None, name, [x, y]) as scope:
            try:
                return build(x, y, scope)
            except (TypeError, ValueError):
                if not hasattr(type(y), reflected):
                    raise
                try:
                    # Python's slot of Tensor.__rpow__ would ask the left operand again.
                    out = OPERATORS[reflected](y, x) if type(y) is Tensor else getattr(y, reflected)(x)
                except (TypeError, ValueError):
                    out = NotImplemented
                if out is NotImplemented:
                    raise
                return out

    operator = core.repeats(operator, ignoring="x y")
    return operator if plain is None else core.BinaryCall(plain, name, operator)


def _backward(name, build, plain):
    """``x op y`` with a Tensor on the right alone: `x` is converted to its dtype."""

    def operator(y, x):
        with core.name_scope(None, name, [x, y]) as scope:
            return build(convert_to_tensor(x, dtype=y.dtype.base_dtype, name="x"), y, scope)

    operator = core.repeats(operator, ignoring="x y")
    return operator if plain is None else core.BinaryCall(plain, name, operator, reflected=True)


def _invert(x):
    return LOGICAL_NOT(x) if x.dtype.base_dtype is dtypes.bool else INVERT(x)


# Name of the scope and the method; how it is built; the op type if two numeric Tensors need nothing but that.
_BINARY = (
    ("add", _add, ADD_V2),
    ("sub", _plain(SUB), SUB),
    ("mul", _multiply, MUL),
    ("div", lambda x, y, name: div(x, y, name), None),
    ("truediv", lambda x, y, name: truediv(x, y, name), None),
    ("floordiv", _plain(FLOOR_DIV), FLOOR_DIV),
    ("mod", _plain(FLOOR_MOD), FLOOR_MOD),
    ("pow", _plain(POW), POW),
    ("matmul", lambda x, y, name: matmul(x, y, name=name), None),
    ("and", _logical_or_bitwise(LOGICAL_AND, BITWISE_AND), None),
    ("or", _logical_or_bitwise(LOGICAL_OR, BITWISE_OR), None),
    ("xor", _logical_or_bitwise(logical_xor, BITWISE_XOR), None),
)

OPERATORS = {
    "__abs__": lambda x: abs(x),
    "__invert__": _invert,
}


_NUMBERS = (int, float)
_PLAIN_FLOATS = (dtypes.float32, dtypes.float64)


@core.direct(NEG)
def _neg(x):
    return NEG(x)


def _comparison(op_type):
    @core.direct(op_type)
    def operator(x, y):
        return op_type(x, y)

    return operator


@core.direct(REAL_DIV, "truediv", floating=True)
def _truediv(x, y):
    if type(y) is Tensor and x.dtype is y.dtype and x.dtype.is_floating:
        return REAL_DIV(x, y, default_name="truediv")
    if type(y) in _NUMBERS and x.dtype in _PLAIN_FLOATS:
        return REAL_DIV(x, y, default_name="truediv")
    return _truediv_of_any(x, y)


for _name, _build, _op_type in _BINARY:
    OPERATORS[f"__{_name}__"] = _forward(_name, _build, _op_type)
    OPERATORS[f"__r{_name}__"] = _backward(_name, _build, _op_type)
_truediv_of_any = OPERATORS["__truediv__"]
OPERATORS["__truediv__"] = _truediv

OPERATORS["__neg__"] = _neg
for _name, _op_type in (("lt", LESS), ("le", LESS_EQUAL), ("gt", GREATER), ("ge", GREATER_EQUAL)):
    OPERATORS[f"__{_name}__"] = _comparison(_op_type)

core.set_operators(OPERATORS)

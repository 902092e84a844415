"""Assertions on values, ranks, types and shapes: checked at once when they are known, else by nodes in the
graph."""

import numpy as np

from .. import _core as core
from .. import dtypes, errors
from ..conversion import convert_to_tensor
from ..sparse_tensor import SparseTensor
from ..static_value import constant_value
from . import array, math
from .identity import ensure_shape  # noqa: F401  (TF defines it among the checks)

_NUMERIC = frozenset((
    "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
    "uint64", "qint8",
    "qint16", "qint32", "quint8", "quint16", "complex64", "complex128", "bfloat16",
))


def _assert(condition, data, summarize):
    from ..control_flow import Assert

    return Assert(condition, data, summarize=summarize)


def _no_op(name=None):
    from ..control_flow import no_op

    return no_op(name=name)


def _static_text(value):
    if not isinstance(value, core.Tensor):
        return str(value)
    static = constant_value(value)
    return str(value if static is None else static)


def _assert_static(condition, data):
    """Raise now what the graph would raise when it runs."""
    if not condition:
        raise errors.InvalidArgumentError(None, None, "\n".join(_static_text(x) for x in data))


def _prefix(message):
    return "%s.  " % message if message else ""


# ---------------------------------------------------------------- comparisons

def _compare(sign, scope, function, static_function, x, y, data, summarize, message, name):
    with core.name_scope(name, scope, [x, y, data]):
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y")
        if data is None:
            data = [
                "Condition x %s y did not hold element-wise:" % sign, "x (%s) = " % x.name, x, "y (%s) = " % y.name, y
            ]
        if message is not None:
            data = [message] + list(data)
        condition = math.reduce_all(function(x, y))
        x_static = constant_value(x)
        y_static = constant_value(y)
        if x_static is not None and y_static is not None:
            _assert_static(np.all(static_function(x_static, y_static)), data)
        return _assert(condition, data, summarize)


def assert_equal(x, y, data=None, summarize=None, message=None, name=None):
    """Operation that fails unless ``x == y`` for every pair of elements."""
    with core.name_scope(name, "assert_equal", [x, y, data]):
        if x is y:
            return _no_op()
    return _compare("==", "assert_equal", math.equal, np.equal, x, y, data, summarize, message, name)


def assert_none_equal(x, y, data=None, summarize=None, message=None, name=None):
    """Operation that fails unless ``x != y`` for every pair of elements."""
    return _compare("!=", "assert_none_equal", math.not_equal, np.not_equal, x, y, data, summarize, message, name)


def assert_less(x, y, data=None, summarize=None, message=None, name=None):
    """Operation that fails unless ``x < y`` for every pair of elements."""
    return _compare("<", "assert_less", math.less, np.less, x, y, data, summarize, message, name)


def assert_less_equal(x, y, data=None, summarize=None, message=None, name=None):
    """Operation that fails unless ``x <= y`` for every pair of elements."""
    return _compare("<=", "assert_less_equal", math.less_equal, np.less_equal, x, y, data, summarize, message, name)


def assert_greater(x, y, data=None, summarize=None, message=None, name=None):
    """Operation that fails unless ``x > y`` for every pair of elements."""
    return _compare(">", "assert_greater", math.greater, np.greater, x, y, data, summarize, message, name)


def assert_greater_equal(x, y, data=None, summarize=None, message=None, name=None):
    """Operation that fails unless ``x >= y`` for every pair of elements."""
    return _compare(
        ">=", "assert_greater_equal", math.greater_equal, np.greater_equal, x, y, data, summarize, message,
        name
    )


def _sign(scope, text, compare, zero_first, x, data, summarize, message, name):
    message = _prefix(message)
    with core.name_scope(name, scope, [x, data]):
        x = convert_to_tensor(x, name="x")
        if data is None:
            text = text % x.name
            data = [message, *text.split("|"), x]
        zero = convert_to_tensor(0, dtype=x.dtype)
        if zero_first:
            return compare(zero, x, data=data, summarize=summarize)
        return compare(x, zero, data=data, summarize=summarize)


def assert_negative(x, data=None, summarize=None, message=None, name=None):
    """Operation that fails unless every element is below zero."""
    text = "Condition x < 0 did not hold element-wise:|x (%s) = "
    return _sign("assert_negative", text, assert_less, False, x, data, summarize, message, name)


def assert_positive(x, data=None, summarize=None, message=None, name=None):
    """Operation that fails unless every element is above zero."""
    text = "Condition x > 0 did not hold element-wise:|x (%s) = "
    return _sign("assert_positive", text, assert_less, True, x, data, summarize, message, name)


def assert_non_negative(x, data=None, summarize=None, message=None, name=None):
    """Operation that fails unless every element is zero or above."""
    text = "Condition x >= 0 did not hold element-wise:|x (%s) = "
    return _sign("assert_non_negative", text, assert_less_equal, True, x, data, summarize, message, name)


def assert_non_positive(x, data=None, summarize=None, message=None, name=None):
    """Operation that fails unless every element is zero or below."""
    text = "Condition x <= 0 did not hold element-wise:x (%s) = "
    return _sign("assert_non_positive", text, assert_less_equal, False, x, data, summarize, message, name)


def assert_near(x, y, rtol=None, atol=None, data=None, summarize=None, message=None, name=None):
    """Operation that fails unless ``abs(x - y) < atol + rtol * abs(y)``; both tolerances default to 10
    eps."""
    message = _prefix(message)
    with core.name_scope(name, "assert_near", [x, y, rtol, atol, data]):
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y", dtype=x.dtype)
        dtype = x.dtype.real_dtype if x.dtype.is_complex else x.dtype
        eps = np.finfo(dtype.as_numpy_dtype).eps
        rtol = convert_to_tensor(10 * eps if rtol is None else rtol, name="rtol", dtype=dtype)
        atol = convert_to_tensor(10 * eps if atol is None else atol, name="atol", dtype=dtype)
        if data is None:
            data = [
                message, "x and y not equal to tolerance rtol = %s, atol = %s" % (rtol, atol),
                "x (%s) = " % x.name, x,
                "y (%s) = " % y.name, y,
            ]
        tolerance = atol + rtol * math.abs(y)
        difference = math.abs(x - y)
        return _assert(math.reduce_all(math.less(difference, tolerance)), data, summarize)


# ---------------------------------------------------------------- ranks

_STATIC_FAILED = "Static rank condition failed"


def _rank_nodes(x, ranks, static_condition, dynamic_condition, data, summarize):
    for r in ranks:
        assert_type(r, dtypes.int32)
    static = tuple(constant_value(r) for r in ranks)
    if None not in [None if r is None else 0 for r in static]:
        for r in static:
            if r.ndim != 0:
                raise ValueError("Rank must be a scalar.")
        x_rank = x.get_shape().ndims
        if x_rank is not None:
            if not static_condition(x_rank, static):
                raise ValueError(_STATIC_FAILED, x_rank, static)
            return _no_op("static_checks_determined_all_ok")
    condition = dynamic_condition(array.rank(x), ranks)
    for r, known in zip(ranks, static):
        if known is None:
            from ..control_flow import with_dependencies

            check = assert_rank(r, 0, data=["Rank must be a scalar. Received rank: ", r])
            condition = with_dependencies([check], condition)
    return _assert(condition, data, summarize)


def _name_of(x):
    return "" if isinstance(x, SparseTensor) else x.name


def assert_rank(x, rank, data=None, summarize=None, message=None, name=None):
    """Operation that fails unless `x` has `rank` dimensions; ValueError when that is known now."""
    with core.name_scope(name, "assert_rank", (x, rank) + tuple(data or [])):
        if not isinstance(x, SparseTensor):
            x = convert_to_tensor(x, name="x")
        rank = convert_to_tensor(rank, name="rank")
        message = _prefix(message)
        if data is None:
            data = [message, "Tensor %s must have rank" % _name_of(x), rank, "Received shape: ", array.shape(x)]
        try:
            return _rank_nodes(
                x, (rank,), lambda actual, given: actual == given[0],
                lambda actual, given: math.equal(actual, given[0]), data, summarize,
            )
        except ValueError as error:
            if error.args[0] != _STATIC_FAILED:
                raise ValueError(error.args[0]) from None
            raise ValueError(
                "%sTensor %s must have rank %d.  Received rank %d, shape %s"
                % (message, _name_of(x), error.args[2][0], error.args[1], x.get_shape())
            ) from None


def assert_rank_at_least(x, rank, data=None, summarize=None, message=None, name=None):
    """Operation that fails unless `x` has `rank` dimensions or more; ValueError when that is known now."""
    with core.name_scope(name, "assert_rank_at_least", (x, rank) + tuple(data or [])):
        x = convert_to_tensor(x, name="x")
        rank = convert_to_tensor(rank, name="rank")
        message = _prefix(message)
        if data is None:
            data = [
                message, "Tensor %s must have rank at least" % x.name, rank, "Received shape: ", array.shape(x)
            ]
        try:
            return _rank_nodes(
                x, (rank,), lambda actual, given: actual >= given[0],
                lambda actual, given: math.greater_equal(actual, given[0]), data, summarize,
            )
        except ValueError as error:
            if error.args[0] != _STATIC_FAILED:
                raise
            raise ValueError(
                "%sTensor %s must have rank at least %d.  Received rank %d, shape %s"
                % (message, x.name, error.args[2][0], error.args[1], x.get_shape())
            ) from None


def _rank_in(actual, given):
    if not given:
        return convert_to_tensor(False)
    result = math.equal(given[0], actual)
    for r in given[1:]:
        result = math.logical_or(result, math.equal(r, actual))
    return result


def assert_rank_in(x, ranks, data=None, summarize=None, message=None, name=None):
    """Operation that fails unless the rank of `x` is one of `ranks`; ValueError when that is known now."""
    with core.name_scope(name, "assert_rank_in", (x,) + tuple(ranks) + tuple(data or [])):
        if not isinstance(x, SparseTensor):
            x = convert_to_tensor(x, name="x")
        ranks = tuple(convert_to_tensor(r, name="rank") for r in ranks)
        message = _prefix(message)
        if data is None:
            data = [
                message, "Tensor %s must have rank in" % _name_of(x), *ranks, "Received shape: ", array.shape(x)
            ]
        try:
            return _rank_nodes(
                x, ranks, lambda actual, given: actual in given, _rank_in, data, summarize
            )
        except ValueError as error:
            if error.args[0] != _STATIC_FAILED:
                raise
            raise ValueError(
                "%sTensor %s must have rank in %s.  Received rank %d, shape %s"
                % (message, _name_of(x), tuple(r.item() for r in error.args[2]), error.args[1], x.get_shape())
            ) from None


def assert_scalar(tensor, name=None, message=None):
    """`tensor` as a Tensor; ValueError unless its static shape is a scalar's."""
    with core.name_scope(name, "assert_scalar", [tensor]) as scope:
        tensor = convert_to_tensor(tensor, name=scope)
        shape = tensor.get_shape()
        if shape.ndims != 0:
            raise ValueError(
                "%sExpected scalar shape for %s, saw shape: %s." % (_prefix(message), tensor.name, shape)
            )
        return tensor


# ---------------------------------------------------------------- types

def assert_integer(x, message=None, name=None):
    """NoOp; TypeError unless `x` has an integer type."""
    with core.name_scope(name, "assert_integer", [x]):
        x = convert_to_tensor(x, name="x")
        if not x.dtype.is_integer:
            raise TypeError(
                '%sExpected "x" to be integer type.  Found: %s of dtype %s' % (_prefix(message), x.name, x.dtype)
            )
        return _no_op("statically_determined_was_integer")


def assert_type(tensor, tf_type, message=None, name=None):
    """NoOp; TypeError unless `tensor` has type `tf_type`."""
    tf_type = dtypes.as_dtype(tf_type)
    with core.name_scope(name, "assert_type", [tensor]):
        if not isinstance(tensor, SparseTensor):
            tensor = convert_to_tensor(tensor, name="tensor")
        if tensor.dtype != tf_type:
            raise TypeError(
                f"{_prefix(message)}{getattr(tensor, 'name', 'tensor')} must be of type {tf_type!r}; got "
                f"{tensor.dtype!r}"
            )
        return _no_op("statically_determined_correct_type")


def _same_type(items, expected):
    wanted = expected
    mismatch = False
    for item in items:
        if item is not None:
            found = item.dtype.base_dtype
            if not wanted:
                wanted = found
            elif wanted != found:
                mismatch = True
                break
    if not mismatch:
        return wanted
    wanted, first = expected, None
    for item in items:
        if item is None:
            continue
        found = item.dtype.base_dtype
        item_name = getattr(item, "name", None) or str(item)
        if not wanted:
            wanted, first = found, item_name
        elif wanted != found:
            raise ValueError(
                "%s, type=%s, must be of the same type (%s)%s."
                % (item_name, found, wanted, " as %s" % first if first else "")
            )
    return wanted


def assert_same_float_dtype(tensors=None, dtype=None):
    """The common floating point type of `tensors` and `dtype`; float32 when there is none to go by."""
    if tensors:
        dtype = _same_type(tensors, dtype)
    if not dtype:
        return dtypes.float32
    if not dtype.is_floating:
        raise ValueError("Expected floating point type, got %s." % dtype)
    return dtype


def is_numeric_tensor(tensor):
    """Whether `tensor` is a Tensor of numbers."""
    return isinstance(tensor, core.Tensor) and tensor.dtype.name in _NUMERIC


def assert_proper_iterable(values):
    """TypeError when `values` is a tensor, an array, a string, or not iterable."""
    if isinstance(values, (core.Tensor, SparseTensor, np.ndarray, str, bytes)):
        raise TypeError(
            'Expected argument "values" to be a "proper" iterable.  Found: %s' % type(values)
        )
    if not hasattr(values, "__iter__"):
        raise TypeError('Expected argument "values" to be iterable.  Found: %s' % type(values))


# ---------------------------------------------------------------- order

def _monotonic(x, compare):
    from ..control_flow import cond

    x = array.reshape(x, [-1])
    if not is_numeric_tensor(x):
        raise TypeError("Expected x to be numeric, instead found: %s" % x)
    short = math.less(array.size(x), 2)
    n = array.shape(x) - 1

    def compared():
        return compare(array.strided_slice(x, [1], [1] + n), array.strided_slice(x, [0], n))

    return cond(short, lambda: convert_to_tensor([], dtype=dtypes.bool), compared)


def is_non_decreasing(x, name=None):
    """Whether no element is below the one before it."""
    with core.name_scope(name, "is_non_decreasing", [x]):
        return math.reduce_all(_monotonic(x, math.greater_equal))


def is_strictly_increasing(x, name=None):
    """Whether every element is above the one before it."""
    with core.name_scope(name, "is_strictly_increasing", [x]):
        return math.reduce_all(_monotonic(x, math.greater))


# ---------------------------------------------------------------- shapes

def _dimension_sizes(x):
    from ..control_flow import cond

    dynamic = array.shape(x)
    dims = x.get_shape()._dims
    if dims == ():
        return (1,)
    if dims is not None:
        return [dynamic[i] if d is None else d for i, d in enumerate(dims)]
    return cond(math.equal(array.rank(x), 0), lambda: array.constant([1]), lambda: dynamic)


def _is_number(size):
    try:
        int(size)
    except (ValueError, TypeError):
        return False
    return True


def assert_shapes(shapes, data=None, summarize=None, message=None, name=None):
    """Operation that fails unless tensors have the given symbolic shapes.

    Parameters
    ----------
    shapes : dict or list of pairs
        Tensor to a sequence of sizes: a number, a symbol that stands for one size everywhere, None or "." for any;
        a leading ``...`` or "*" for any number of dimensions.
    """
    from ..control_flow import group

    if isinstance(shapes, dict):
        shapes = shapes.items()
    prefix = _prefix(message)
    graph = core.get_default_graph()
    with core.name_scope(name, "assert_shapes", [shapes, data]):
        constraints = [
            (x if isinstance(x, SparseTensor) else convert_to_tensor(x), s) for x, s in shapes if s is not None
        ]

        def name_of(x):
            if isinstance(x, SparseTensor):
                return "shape=%s dtype=%s" % (x.shape, x.dtype.name)
            return x.name

        records = []                 # tensor, whether innermost dimensions only, actual sizes, symbols
        for x, symbols in constraints:
            if not (hasattr(symbols, "__iter__") or hasattr(symbols, "__getitem__")):
                raise ValueError(
                    "%sTensor %s.  Specified shape must be an iterable.  An iterable has the attribute "
                    "`__iter__` or `__getitem__`.  Received specified shape: %s" % (prefix, name_of(x), symbols)
                )
            symbols = tuple(symbols)
            innermost = False
            for i, symbol in enumerate(symbols):
                if symbol not in [Ellipsis, "*"]:
                    continue
                if i != 0:
                    raise ValueError(
                        "%sTensor %s specified shape index %d.  Symbol `...` or `*` for a variable number of "
                        "unspecified dimensions is only allowed as the first entry" % (prefix, name_of(x), i)
                    )
                innermost = True
            sizes = _dimension_sizes(x)
            records.append((x, innermost, sizes, (symbols[1:] if innermost else symbols) or (1,)))
        rank_checks = []
        keywords = {"data": data, "summarize": summarize, "message": message, "name": name}
        for x, innermost, _, symbols in records:
            rank = len(symbols)
            if innermost:
                if rank in (0, 1):
                    continue
                check = assert_rank_at_least(x=x, rank=rank, **keywords)
            elif rank in (0, 1):
                check = assert_rank_in(x=x, ranks=[0, 1], **keywords)
            else:
                check = assert_rank(x=x, rank=rank, **keywords)
            rank_checks.append(check)
        size_checks = []
        specified = {}
        for x, innermost, sizes, symbols in records:
            for i, symbol in enumerate(symbols):
                if symbol in (None, "."):
                    continue
                dim = i - len(symbols) if innermost else i
                if symbol not in specified and not _is_number(symbol):
                    with graph.control_dependencies(rank_checks):
                        specified[symbol] = (sizes[dim], x, dim)
                    continue
                if _is_number(symbol):
                    wanted, text = int(symbol), "Specified explicitly"
                else:
                    wanted, by, at = specified[symbol]
                    text = "Specified by tensor %s dimension %d" % (name_of(by), at)
                with graph.control_dependencies(rank_checks):
                    actual = sizes[dim]
                if _is_number(actual) and _is_number(wanted):
                    if int(actual) != int(wanted):
                        raise ValueError(
                            "%s%s.  Tensor %s dimension %s must have size %d.  Received size %d, shape %s"
                            % (prefix, text, name_of(x), dim, wanted, actual, x.get_shape())
                        )
                    continue
                condition = math.equal(convert_to_tensor(actual), convert_to_tensor(wanted))
                info = data
                if data is None:
                    info = [
                        prefix, text, "Tensor %s dimension" % name_of(x), dim, "must have size", wanted,
                        "Received shape: ", array.shape(x),
                    ]
                size_checks.append(_assert(condition, info, summarize))
    with graph.control_dependencies(rank_checks):
        return group(size_checks)


# ---------------------------------------------------------------- finite numbers

def verify_tensor_all_finite(t=None, msg=None, name=None, x=None, message=None):
    """`x`; running it raises InvalidArgumentError with `message` when it has a NaN or an infinity."""
    from ..control_flow import with_dependencies

    x = array.deprecated_argument("x", x, "t", t)
    message = array.deprecated_argument("message", message, "msg", msg)
    with core.name_scope(name, "VerifyFinite", [x]):
        x = convert_to_tensor(x, name="x")
        with core.get_default_graph().colocate_with(x.op):
            checked = array.check_numerics(x, message=message)
            return with_dependencies([checked], x)

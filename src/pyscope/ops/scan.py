"""Running sums and products along an axis, positions of extrema, and counts of values."""

import numpy as np

from .. import _core as core
from .. import dtypes
from ..conversion import constant, convert_to_tensor
from ..errors import InvalidArgumentError
from . import array
from ._rules import FLOATING, NUMBER, REAL, renamed, with_rank

__all__ = [
    "arg_max", "arg_min", "argmax", "argmin", "bincount", "cumprod", "cumsum", "cumulative_logsumexp",
]  # fmt: skip


# ---------------------------------------------------------------- running sums and products


def _scan_kernel(function, start):
    """Kernel that accumulates `function` along an axis; `start(dtype)` comes first in exclusive scans."""

    def kernel(attrs, x, axis):
        axis, rank = int(axis), x.ndim
        if not -rank <= axis < rank:
            raise InvalidArgumentError(
                None, None, f"ScanOp: Expected scan axis in the range [{-rank}, {rank}), but got {axis}"
            )
        if attrs["reverse"]:
            x = np.flip(x, axis)
        out = function.accumulate(x, axis, x.dtype)
        if attrs["exclusive"]:
            moved, out = np.moveaxis(out, axis, 0), np.empty_like(out)
            shifted = np.moveaxis(out, axis, 0)
            shifted[:1] = start(x.dtype)
            shifted[1:] = moved[:-1]
        return np.flip(out, axis) if attrs["reverse"] else out

    return kernel


def _scan(type, kernel, gradient, types=NUMBER):
    return core.OpType(
        type,
        "x: T, axis: Tidx -> out: T",
        f"exclusive: bool = False; reverse: bool = False; T: {types}; Tidx: int32|int64 = int32",
        shape="same",
        kernel=kernel,
        gradient=gradient,
    )


def _cumsum_gradient(op, grad):
    exclusive, reverse = op.get_attr("exclusive"), op.get_attr("reverse")
    return [cumsum(grad, op.inputs[1], exclusive=exclusive, reverse=not reverse), None]


def _cumprod_gradient(op, grad):
    from .arithmetic import div_no_nan

    x, axis = op.inputs
    exclusive, reverse = op.get_attr("exclusive"), op.get_attr("reverse")
    prod = cumprod(x, axis, exclusive=exclusive, reverse=reverse)
    out = cumsum(prod * grad, axis, exclusive=exclusive, reverse=not reverse)
    return [div_no_nan(out, x), None]


def _cumulative_logsumexp_gradient(op, grad):
    from .compare import greater, less
    from .elementwise import exp, log

    x, axis = op.inputs
    y = op.outputs[0]
    exclusive, reverse = op.get_attr("exclusive"), op.get_attr("reverse")
    # Positive and negative parts apart, so that each has a logarithm.
    log_positive = array.where_v2(greater(grad, 0), log(grad), grad.dtype.min)
    log_negative = array.where_v2(less(grad, 0), log(-grad), grad.dtype.min)

    def part(log_grad):
        return exp(
            cumulative_logsumexp(log_grad - y, axis=axis, reverse=not reverse, exclusive=exclusive) + x
        )

    positive = part(log_positive)
    return [positive - part(log_negative), None]


CUMSUM = _scan("Cumsum", _scan_kernel(np.add, lambda dtype: 0), _cumsum_gradient)
CUMPROD = _scan("Cumprod", _scan_kernel(np.multiply, lambda dtype: 1), _cumprod_gradient)
CUMULATIVE_LOGSUMEXP = _scan(
    "CumulativeLogsumexp",
    _scan_kernel(np.logaddexp, lambda dtype: -np.inf),
    _cumulative_logsumexp_gradient,
    FLOATING,
)


@core.repeats(ignoring="x")
def cumsum(x, axis=0, exclusive=False, reverse=False, name=None):
    """Running sum along `axis`, from the end with `reverse`; `exclusive` leaves out the element itself."""
    return _scanned(CUMSUM, x, axis, exclusive, reverse, name)


@core.repeats(ignoring="x")
def cumprod(x, axis=0, exclusive=False, reverse=False, name=None):
    """Running product along `axis`; `exclusive` and `reverse` as in `cumsum`."""
    return _scanned(CUMPROD, x, axis, exclusive, reverse, name)


def cumulative_logsumexp(x, axis=0, exclusive=False, reverse=False, name=None):
    """Running ``log(sum(exp(x)))`` along `axis`; `exclusive` and `reverse` as in `cumsum`."""
    return _scanned(CUMULATIVE_LOGSUMEXP, x, axis, exclusive, reverse, name)


def _scanned(op_type, x, axis, exclusive, reverse, name):
    with core.name_scope(name, op_type.type, [x]) as name:
        x = convert_to_tensor(x, name="x")
        return op_type(x, axis, exclusive=exclusive, reverse=reverse, name=name)


# ---------------------------------------------------------------- positions of extrema


def _arg_shape(c):
    shape = c.shape(0)
    with_rank(c.shape(1), 0)
    if shape is None:
        return [None]
    rank = len(shape)
    if rank <= 1:
        return [()]
    axis = c.constant(1)
    if axis is None:
        return [(None,) * (rank - 1)]
    axis = int(axis)
    if not -rank <= axis < rank:
        raise ValueError(
            f"Dimension ({axis}) must be in the range [{-rank}, {rank}), where {rank} is the number of "
            "dimensions in the input."
        )
    axis %= rank
    return [shape[:axis] + shape[axis + 1 :]]


def _arg_kernel(function, worst):
    def kernel(attrs, x, axis):
        axis = int(axis)
        if not -x.ndim <= axis < x.ndim:
            raise InvalidArgumentError(
                None, None, f"Expected dimension in the range [{-x.ndim}, {x.ndim}), but got {axis}"
            )
        if x.shape[axis] == 0:
            raise InvalidArgumentError(
                None, None, f"Reduction axis {axis} is empty in shape [{','.join(map(str, x.shape))}]"
            )
        index = np.asarray(function(x, axis))
        if x.dtype.kind == "f" and np.isnan(np.take_along_axis(x, np.expand_dims(index, axis), axis)).any():
            index = np.asarray(function(np.where(np.isnan(x), worst, x), axis))  # TF passes over NaN
        return index.astype(attrs["output_type"].as_numpy_dtype)

    return kernel


def _arg(type, function, worst, index_types, output_types):
    return core.OpType(
        type,
        "input: T, dimension: Tidx -> output: output_type",
        f"T: {REAL}|qint8|quint8|qint32|qint16|quint16|bool; Tidx: {index_types} = int32; "
        f"output_type: {output_types} = int64",
        shape=_arg_shape,
        kernel=core.kernel("arg_max" if type == "ArgMax" else "arg_min", _arg_kernel(function, worst)),
        gradient=lambda op, grad: [None, None],
    )


ARG_MAX = _arg("ArgMax", np.argmax, -np.inf, "int16|int32|int64", "int16|uint16|int32|int64")
ARG_MIN = _arg("ArgMin", np.argmin, np.inf, "int32|int64", "int32|int64")


@core.repeats(ignoring="input")
def arg_max(input, dimension, output_type=dtypes.int64, name=None):
    """Position of the largest element along `dimension`: an older spelling of `argmax`."""
    return ARG_MAX(input, dimension, output_type=dtypes.as_dtype(output_type), name=name)


@core.repeats(ignoring="input")
def arg_min(input, dimension, output_type=dtypes.int64, name=None):
    """Position of the smallest element along `dimension`: an older spelling of `argmin`."""
    return ARG_MIN(input, dimension, output_type=dtypes.as_dtype(output_type), name=name)


@core.repeats(ignoring="input")
@core.direct(ARG_MAX, names={"axis": "dimension", "dimension": None}, ints="axis", filled={"axis": 0})
def argmax(input, axis=None, name=None, dimension=None, output_type=dtypes.int64):
    """Position of the (first) largest element along `axis`, 0 by default.

    `dimension` is an older name of `axis`.
    """
    from .cast import cast

    axis = renamed("axis", axis, "dimension", dimension)
    if axis is None:
        axis = 0
    if hasattr(axis, "dtype"):
        if axis.dtype in (dtypes.int8, dtypes.int16, dtypes.uint8, dtypes.uint16):
            axis = cast(axis, dtypes.int32)
        elif axis.dtype not in (dtypes.int32, dtypes.int64):
            raise TypeError(f"axis tensor dtypes {axis.dtype} is not supported")
    elif not isinstance(axis, int):
        raise TypeError("axis must be int or Tensor with integer datatype")
    return arg_max(input, axis, output_type, name)


@core.repeats(ignoring="input")
@core.direct(ARG_MIN, names={"axis": "dimension", "dimension": None}, ints="axis", filled={"axis": 0})
def argmin(input, axis=None, name=None, dimension=None, output_type=dtypes.int64):
    """Position of the (first) smallest element along `axis`, 0 by default.

    `dimension` is an older name of `axis`.
    """
    axis = renamed("axis", axis, "dimension", dimension)
    return arg_min(input, 0 if axis is None else axis, output_type, name)


# ---------------------------------------------------------------- counts


def _count(values, size, weights, binary, dtype):
    if values.size and values.min() < 0:
        raise InvalidArgumentError(None, None, "Input arr must be non-negative!")
    kept = values < size
    if binary:
        return (np.bincount(values[kept], minlength=size) > 0).astype(dtype)
    if weights.size:
        out = np.zeros(size, dtype)
        np.add.at(out, values[kept], weights[kept])
        return out
    return np.bincount(values[kept], minlength=size).astype(dtype)


def _bincount_kernel(attrs, arr, size, weights):
    if size < 0:
        raise InvalidArgumentError(None, None, f"size ({size}) must be non-negative")
    return _count(arr.reshape(-1), int(size), weights.reshape(-1), False, weights.dtype)


def _bincount_shape(c):
    with_rank(c.shape(1), 0)
    size = c.constant(1)
    return [(None if size is None else int(size),)]


BINCOUNT = core.OpType(
    "Bincount",
    "arr: int32, size: int32, weights: T -> bins: T",
    "T: int32|int64|float32|float64",
    shape=_bincount_shape,
    kernel=_bincount_kernel,
    gradient=None,
)


def _dense_bincount_shape(c):
    shape, size = c.shape(0), c.constant(1)
    size = None if size is None else int(size)
    if size is not None and size < 0:
        raise ValueError(f"size ({size}) must be non-negative")
    if shape is None:
        return [None]
    if len(shape) > 2:
        raise ValueError(f"Shape must be at most rank 2 but is rank {len(shape)}")
    return [(size,) if len(shape) == 1 else (shape[0], size)]


def _dense_bincount_kernel(attrs, x, size, weights):
    if x.ndim > 2:
        raise InvalidArgumentError(None, None, f"Shape must be at most rank 2 but is rank {x.ndim}")
    size, binary = int(size), attrs["binary_output"]
    if x.ndim < 2:
        return _count(x.reshape(-1), size, weights.reshape(-1), binary, weights.dtype)
    rows = [
        _count(row, size, weights[i] if weights.size else weights.reshape(-1), binary, weights.dtype)
        for i, row in enumerate(x)
    ]
    return np.array(rows, weights.dtype).reshape(len(rows), size)


DENSE_BINCOUNT = core.OpType(
    "DenseBincount",
    "input: Tidx, size: Tidx, weights: T -> output: T",
    "Tidx: int32|int64; T: int32|int64|float32|float64; binary_output: bool = False",
    shape=_dense_bincount_shape,
    kernel=_dense_bincount_kernel,
    gradient=None,
)


def bincount(arr, weights=None, minlength=None, maxlength=None, dtype=dtypes.int32):
    """How often each of ``0, 1, 2 ...`` occurs in `arr`, or the sum of their `weights`.

    The result has one element more than the largest value, at least `minlength` and at most `maxlength`.
    """
    from .arithmetic import MAXIMUM, MINIMUM
    from .cast import cast
    from .reduce import reduce_max

    with core.name_scope("bincount"):
        arr = convert_to_tensor(arr, name="arr")
        if weights is not None:
            weights = convert_to_tensor(weights, name="weights")
        if not arr.dtype.is_integer:
            arr = cast(arr, dtypes.int32)
        not_empty = array.size(arr) > 0
        size = cast(not_empty, arr.dtype) * (reduce_max(arr) + 1)
        if minlength is not None:
            size = MAXIMUM(convert_to_tensor(minlength, name="minlength", dtype=arr.dtype), size)
        if maxlength is not None:
            size = MINIMUM(convert_to_tensor(maxlength, name="maxlength", dtype=arr.dtype), size)
        if weights is not None:
            weights = array.reshape(weights, [-1])
        arr = array.reshape(arr, [-1])
        if weights is None:
            weights = constant([], dtype=dtype)
        return DENSE_BINCOUNT(arr, size, weights, binary_output=False)

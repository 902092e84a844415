"""Diagonals of tensors and of batches of matrices."""

import numbers

import numpy as np

from .. import _core as core
from .. import dtypes, errors
from .._core import OpType
from ..conversion import convert_to_tensor
from . import math as math_ops
from ._array_rules import merge, merge_dim, show, with_rank, with_rank_at_least, with_rank_at_most
from .concat import concat
from .fill import ones, zeros, zeros_like
from .shape import rank, reshape, shape
from .slicing import slice as slice_

_ALIGN = "align: 'LEFT_RIGHT'|'RIGHT_LEFT'|'LEFT_LEFT'|'RIGHT_RIGHT' = 'RIGHT_LEFT'"


def _invalid(message):
    return errors.InvalidArgumentError(None, None, message)


def _check_matrix(x):
    if x.ndim < 2:
        raise _invalid("input must be at least 2-dim, received shape: %s" % show(x.shape))


# ---------------------------------------------------------------- tensors

def _diag_rule(c):
    given = c.shape(0)
    with_rank_at_least(given, 1)
    return [None if given is None else given + given]


def _diag_kernel(attrs, x):
    if x.ndim < 1:
        raise _invalid("Input must be at least rank 1, got 0")
    out = np.zeros((x.size, x.size), x.dtype)
    np.fill_diagonal(out, x.reshape(-1))
    return out.reshape(x.shape + x.shape)


def _diag_part_rule(c):
    given = c.shape(0)
    if given is None:
        return [None]
    if len(given) % 2 or not given:
        raise ValueError("Input must have even and non-zero rank, input rank is %d" % len(given))
    half = len(given) // 2
    return [tuple(merge_dim(given[i], given[i + half]) for i in range(half))]


def _diag_part_kernel(attrs, x):
    half = x.ndim // 2
    if x.ndim % 2 or not x.ndim:
        raise _invalid(
            "The rank of the tensor should be                                          even and positive, got shape "
            + show(x.shape)
        )
    if x.shape[:half] != x.shape[half:]:
        raise _invalid("Invalid shape %s: dimensions %d and %d do not match." % (show(x.shape), 0, half))
    n = int(np.prod(x.shape[:half], dtype=np.int64))
    return np.diagonal(x.reshape(n, n)).reshape(x.shape[:half])


_DIAG_TYPES = "T: bfloat16|float16|float32|float64|int32|int64|complex64|complex128"

DIAG = OpType(
    "Diag",
    "diagonal: T -> output: T",
    _DIAG_TYPES,
    shape=_diag_rule,
    kernel=_diag_kernel,
    gradient=lambda op, dy: [DIAG_PART(dy)],
)

DIAG_PART = OpType(
    "DiagPart",
    "input: T -> diagonal: T",
    _DIAG_TYPES,
    shape=_diag_part_rule,
    kernel=_diag_part_kernel,
    gradient=lambda op, dy: [DIAG(dy)],
)


@core.repeats(ignoring="diagonal")
def diag(diagonal, name=None):
    """Tensor of twice the rank of `diagonal`, zero off its diagonal."""
    return DIAG(diagonal, name=name)


@core.repeats(ignoring="input")
def tensor_diag_part(input, name=None):
    """Diagonal of a tensor whose first half of dimensions equals the second."""
    return DIAG_PART(input, name=name)


diag_part = tensor_diag_part

# ---------------------------------------------------------------- bands of matrices


def _band(k):
    # (lowest, highest) diagonal; one number stands for both.
    if k.ndim > 1 or k.size not in (1, 2):
        raise _invalid(
            "diag_index must be a scalar or vector, received shape: %s" % show(k.shape) if k.ndim > 1 else
            "diag_index must have only one or two elements, received %d elements." % k.size
        )
    flat = k.reshape(-1).tolist()
    lower, upper = flat[0], flat[-1]
    if lower > upper:
        raise _invalid("lower_diag_index must not be larger than upper_diag_index: %d > %d" % (lower, upper))
    return lower, upper


def _align(attrs):
    above, below = attrs["align"].split(b"_")
    return above == b"LEFT", below == b"LEFT"


def _diagonal_places(d, n_rows, n_cols, longest, left_above, left_below):
    """Length of diagonal `d` and where it starts in its row of the packed form."""
    length = min(n_rows + min(d, 0), n_cols - max(d, 0))
    left = (d >= 0 and left_above) or (d <= 0 and left_below)
    return length, 0 if left else longest - length


def _longest(lower, upper, n_rows, n_cols):
    return min(n_rows + min(upper, 0), n_cols - max(lower, 0))


def _check_band(lower, upper, n_rows, n_cols):
    for d, what in ((lower, "lower"), (upper, "upper")):
        if not (-n_rows < d < n_cols or d == 0):
            raise _invalid(
                "%s_diag_index is out of bound: %d. It must be between %d and %d"
                % (what, d, -n_rows, n_cols)
            )


def _set_band(out, packed, lower, upper, longest, left_above, left_below):
    n_rows, n_cols = out.shape[-2:]
    for i, d in enumerate(range(upper, lower - 1, -1)):
        length, start = _diagonal_places(d, n_rows, n_cols, longest, left_above, left_below)
        if length <= 0:
            continue
        r, c = max(-d, 0), max(d, 0)
        steps = np.arange(length)
        out[..., r + steps, c + steps] = packed[..., i, start : start + length]


def _diagonals(k):
    """The lowest and the highest diagonal that a constant `k` names."""
    flat = k.reshape(-1).tolist()
    if len(flat) not in (1, 2):
        raise ValueError(f"diag_index must be a vector with one or two elements. It has {len(flat)} elements.")
    return flat[0], flat[-1]


def _matrix_diag_v3_rule(c):
    given = c.shape(0)
    with_rank_at_most(c.shape(1), 1)
    for i in (2, 3, 4):
        with_rank(c.shape(i), 0)
    with_rank_at_least(given, 1)
    k, n_rows, n_cols = c.constant(1), c.constant(2), c.constant(3)
    if given is None or k is None:
        return [None]
    lower, upper = _diagonals(k)
    if lower > upper:
        raise ValueError(
            "lower_diag_index is greater than upper_diag_index: %d > %d" % (lower, upper)
        )
    n_diags = upper - lower + 1
    if lower < upper:
        if len(given) < 2:
            raise ValueError("Shape must be at least rank 2 but is rank %d" % len(given))
        if given[-2] is not None and given[-2] != n_diags:
            raise ValueError(
                "The number of rows of `diagonal` doesn't match the number of diagonals implied from "
                "`d_lower` and `d_upper`.\nnum_diags = %d, d_lower = %d, d_upper = %d\ndiagonal.shape = %s"
                % (n_diags, lower, upper, show(given))
            )
        batch = given[:-2]
    else:
        batch = given[:-1]
    longest = given[-1]
    if n_rows is None or n_cols is None:
        return [batch + (None, None)]
    n_rows, n_cols = int(n_rows), int(n_cols)
    if longest is None:
        if n_rows == -1 or n_cols == -1:
            return [batch + (None if n_rows == -1 else n_rows, None if n_cols == -1 else n_cols)]
        return [batch + (n_rows, n_cols)]
    least_rows = longest - min(upper, 0)
    least_cols = longest + max(lower, 0)
    if n_rows == -1 and n_cols == -1:
        n_rows = n_cols = max(least_rows, least_cols)
    if n_rows == -1:
        n_rows = least_rows
    elif n_rows < least_rows:
        raise ValueError("num_rows %d is too small" % n_rows)
    if n_cols == -1:
        n_cols = least_cols
    elif n_cols < least_cols:
        raise ValueError("num_cols %d is too small." % n_cols)
    if n_rows != least_rows and n_cols != least_cols:
        raise ValueError(
            "num_rows and num_cols are not consistent with lower_diag_index, upper_diag_index, and the "
            "length of the given diagonals.\nnum_rows = %d != min_num_rows = %d, num_cols = %d != "
            "min_num_cols = %d"
            % (n_rows, least_rows, n_cols, least_cols)
        )
    return [batch + (n_rows, n_cols)]


def _matrix_diag_v3_kernel(attrs, diagonal, k, n_rows, n_cols, padding):
    lower, upper = _band(k)
    if diagonal.ndim < 1:
        raise _invalid("diagonal must be at least 1-dim, received shape: %s" % show(diagonal.shape))
    for name, value in (("num_rows", n_rows), ("num_cols", n_cols), ("padding_value", padding)):
        if value.ndim:
            raise _invalid("%s must be a scalar" % name)
    packed = diagonal if lower < upper else diagonal[..., np.newaxis, :]
    if packed.ndim < 2 or packed.shape[-2] != upper - lower + 1:
        raise _invalid(
            "The number of diagonals provided in the input does not match the lower_diag_index and "
            "upper_diag_index range."
        )
    longest = packed.shape[-1]
    n_rows, n_cols = int(n_rows), int(n_cols)
    least_rows = longest - min(upper, 0)
    least_cols = longest + max(lower, 0)
    if n_rows == -1 and n_cols == -1:
        n_rows = n_cols = max(least_rows, least_cols)
    elif n_rows == -1:
        n_rows = least_rows
    elif n_cols == -1:
        n_cols = least_cols
    if n_rows < least_rows:
        raise _invalid("The number of rows is too small.")
    if n_cols < least_cols:
        raise _invalid("The number of columns is too small.")
    if n_rows != least_rows and n_cols != least_cols:
        raise _invalid("The number of rows or columns is not consistent with the specified d_lower, d_upper, and "
                       "diagonal.")
    out = np.full(packed.shape[:-2] + (n_rows, n_cols), padding[()], diagonal.dtype)
    _set_band(out, packed, lower, upper, longest, *_align(attrs))
    return out


def _matrix_diag_v3_gradient(op, dy):
    part = matrix_diag_part(dy, k=op.inputs[1], align=op.get_attr("align"))
    return [part, None, None, None, None]


MATRIX_DIAG_V3 = OpType(
    "MatrixDiagV3",
    "diagonal: T, k: int32, num_rows: int32, num_cols: int32, padding_value: T -> output: T",
    "T: type; " + _ALIGN,
    shape=_matrix_diag_v3_rule,
    kernel=_matrix_diag_v3_kernel,
    gradient=_matrix_diag_v3_gradient,
)


def matrix_diag(
    diagonal, name="diag", k=0, num_rows=-1, num_cols=-1, padding_value=0, align="RIGHT_LEFT"
):
    """Matrices with the given diagonal, or band of diagonals, and `padding_value` elsewhere."""
    if getattr(diagonal, "dtype", None) == "bool":
        padding_value = bool(padding_value)
    return MATRIX_DIAG_V3(diagonal, k, num_rows, num_cols, padding_value, align=align, name=name)


def _matrix_diag_part_v3_rule(c):
    given = c.shape(0)
    with_rank_at_least(given, 2)
    with_rank_at_most(c.shape(1), 1)
    with_rank(c.shape(2), 0)
    k = c.constant(1)
    if given is None or k is None:
        return [None]
    lower, upper = _diagonals(k)
    if lower > upper:
        raise ValueError("lower_diag_index is greater than upper_diag_index")
    n_rows, n_cols = given[-2:]
    for d, what in ((lower, "lower"), (upper, "upper")):
        if n_rows is not None and n_cols is not None and not (-n_rows < d < n_cols or d == 0):
            raise ValueError("%s_diag_index %d is out of bound, num_rows: %d, num_cols: %d."
                             % (what, d, n_rows, n_cols))
    out = given[:-2]
    if lower < upper:
        out += (upper - lower + 1,)
    if n_rows is None or n_cols is None:
        return [out + (None,)]
    return [out + (_longest(lower, upper, n_rows, n_cols),)]


def _matrix_diag_part_v3_kernel(attrs, x, k, padding):
    _check_matrix(x)
    if padding.ndim:
        raise _invalid("padding_value must be a scalar")
    lower, upper = _band(k)
    n_rows, n_cols = x.shape[-2:]
    _check_band(lower, upper, n_rows, n_cols)
    if lower == upper:
        return np.diagonal(x, lower, -2, -1)
    longest = _longest(lower, upper, n_rows, n_cols)
    above, below = _align(attrs)
    out = np.full(x.shape[:-2] + (upper - lower + 1, longest), padding[()], x.dtype)
    for i, d in enumerate(range(upper, lower - 1, -1)):
        length, start = _diagonal_places(d, n_rows, n_cols, longest, above, below)
        out[..., i, start : start + length] = np.diagonal(x, d, -2, -1)
    return out


def _matrix_diag_part_v3_gradient(op, dy):
    matrix = op.inputs[0].get_shape()[-2:]
    align = op.get_attr("align")
    if matrix.is_fully_defined():
        rows, cols = matrix.as_list()
        dx = matrix_diag(dy, k=op.inputs[1], num_rows=rows, num_cols=cols, align=align)
    else:
        dx = matrix_set_diag(zeros_like(op.inputs[0]), dy, k=op.inputs[1], align=align)
    return [dx, None, None]


MATRIX_DIAG_PART_V3 = OpType(
    "MatrixDiagPartV3",
    "input: T, k: int32, padding_value: T -> diagonal: T",
    "T: type; " + _ALIGN,
    shape=_matrix_diag_part_v3_rule,
    kernel=_matrix_diag_part_v3_kernel,
    gradient=_matrix_diag_part_v3_gradient,
)


def matrix_diag_part(input, name="diag_part", k=0, padding_value=0, align="RIGHT_LEFT"):
    """Diagonal ``k`` of each matrix, or the band of diagonals ``k = (lowest, highest)`` from the highest
    down."""
    if getattr(input, "dtype", None) == "bool":
        padding_value = bool(padding_value)
    return MATRIX_DIAG_PART_V3(input, k, padding_value, align=align, name=name)


def _matrix_set_diag_v3_rule(c):
    given, diagonal = c.shape(0), c.shape(1)
    with_rank_at_least(given, 2)
    with_rank_at_least(diagonal, 1)
    with_rank_at_most(c.shape(2), 1)
    k = c.constant(2)
    if k is None or given is None or diagonal is None:
        return [given]
    flat = k.reshape(-1).tolist()
    lower, upper = flat[0], flat[-1]
    if lower > upper:
        raise ValueError("lower_diag_index is greater than upper_diag_index")
    n_batch = len(given) - 2
    one = lower == upper
    if len(diagonal) != n_batch + (1 if one else 2):
        raise ValueError("Shape must be rank %d but is rank %d" % (n_batch + (1 if one else 2), len(diagonal)))
    n_rows, n_cols = given[-2:]
    batch = merge(given[:-2], diagonal[:n_batch])
    if not one and diagonal[-2] is not None and diagonal[-2] != upper - lower + 1:
        raise ValueError("Dimensions must be equal, but are %d and %d" % (upper - lower + 1, diagonal[-2]))
    if n_rows is not None and n_cols is not None:
        merge_dim(_longest(lower, upper, n_rows, n_cols), diagonal[-1])
    return [batch + (n_rows, n_cols)]


def _matrix_set_diag_v3_kernel(attrs, x, diagonal, k):
    _check_matrix(x)
    lower, upper = _band(k)
    n_rows, n_cols = x.shape[-2:]
    _check_band(lower, upper, n_rows, n_cols)
    longest = _longest(lower, upper, n_rows, n_cols)
    expected = x.shape[:-2] + ((upper - lower + 1,) if lower < upper else ()) + (longest,)
    _check_set_diagonal(x, diagonal, expected)
    out = x.copy()
    packed = diagonal if lower < upper else diagonal[..., np.newaxis, :]
    _set_band(out, packed, lower, upper, longest, *_align(attrs))
    return out


def _packed_shape(op, dy):
    # Shape of the diagonals, worked out when the graph runs.
    from ..control_flow import cond

    grad_shape = shape(dy)
    batch = grad_shape[:-2]
    matrix = grad_shape[-2:]
    k = reshape(op.inputs[2], [-1])
    lower = k[0]
    upper = k[-1]
    y = cond(math_ops.less(upper, 0), lambda: upper, lambda: 0)
    x = cond(math_ops.greater(lower, 0), lambda: -lower, lambda: 0)
    longest = math_ops.minimum(matrix[0] + y, matrix[1] + x)
    postfix = cond(
        math_ops.equal(lower, upper),
        lambda: convert_to_tensor([longest]),
        lambda: convert_to_tensor([upper - lower + 1, longest]),
    )
    return concat([batch, postfix], 0)


def _matrix_set_diag_v3_gradient(op, dy):
    diagonal = op.inputs[1].get_shape()
    align = op.get_attr("align")
    if not diagonal.is_fully_defined():
        diagonal = _packed_shape(op, dy)
    dx = matrix_set_diag(dy, zeros(diagonal, dtype=dy.dtype), k=op.inputs[2], align=align)
    d_diagonal = matrix_diag_part(dy, k=op.inputs[2], align=align)
    return [dx, d_diagonal, None]


MATRIX_SET_DIAG_V3 = OpType(
    "MatrixSetDiagV3",
    "input: T, diagonal: T, k: int32 -> output: T",
    "T: type; " + _ALIGN,
    shape=_matrix_set_diag_v3_rule,
    kernel=_matrix_set_diag_v3_kernel,
    gradient=_matrix_set_diag_v3_gradient,
)


def matrix_set_diag(input, diagonal, name="set_diag", k=0, align="RIGHT_LEFT"):
    """`input` with the given diagonal, or band of diagonals, of each matrix replaced."""
    return MATRIX_SET_DIAG_V3(input, diagonal, k, align=align, name=name)


# ---------------------------------------------------------------- main diagonals: the ops of older graphs

def _matrix_diag_rule(c):
    given = c.shape(0)
    with_rank_at_least(given, 1)
    return [None if given is None else given + given[-1:]]


def _matrix_diag_kernel(attrs, x):
    if x.ndim < 1:
        raise _invalid("diagonal must be at least 1-dim, received shape: []")
    n = x.shape[-1]
    out = np.zeros(x.shape + (n,), x.dtype)
    out[..., np.arange(n), np.arange(n)] = x
    return out


MATRIX_DIAG = OpType(
    "MatrixDiag",
    "diagonal: T -> output: T",
    "T: type",
    shape=_matrix_diag_rule,
    kernel=_matrix_diag_kernel,
    gradient=lambda op, dy: [matrix_diag_part(dy)],
)


def _matrix_diag_part_rule(c):
    given = c.shape(0)
    with_rank_at_least(given, 2)
    if given is None:
        return [None]
    return [given[:-2] + (None if None in given[-2:] else min(given[-2:]),)]


def _matrix_diag_part_kernel(attrs, x):
    _check_matrix(x)
    return np.diagonal(x, 0, -2, -1)


def _matrix_diag_part_gradient(op, dy):
    matrix = op.inputs[0].get_shape()[-2:]
    if matrix.is_fully_defined() and matrix[0] == matrix[1]:
        return [matrix_diag(dy)]
    return [matrix_set_diag(zeros_like(op.inputs[0]), dy)]


MATRIX_DIAG_PART = OpType(
    "MatrixDiagPart",
    "input: T -> diagonal: T",
    "T: type",
    shape=_matrix_diag_part_rule,
    kernel=_matrix_diag_part_kernel,
    gradient=_matrix_diag_part_gradient,
)


def _check_set_diagonal(x, diagonal, expected):
    if diagonal.shape != expected:
        raise _invalid(
            "Either first dimensions of diagonal don't match input.shape[:-2], or diagonal.shape[:-1] is "
            "not equal to the longests diagonal in range [lower_diag_index:upper_diag_index].\nInput shape: "
            "%s\nDiagonal shape: %s\nExpected diagonal shape: %s"
            % (show(x.shape), show(diagonal.shape), show(expected))
        )


def _matrix_set_diag_kernel(attrs, x, diagonal):
    _check_matrix(x)
    n = min(x.shape[-2:])
    _check_set_diagonal(x, diagonal, (*x.shape[:-2], n))
    out = x.copy()
    out[..., np.arange(n), np.arange(n)] = diagonal
    return out


def _matrix_set_diag_gradient(op, dy):
    given = op.inputs[0].get_shape().merge_with(dy.get_shape())
    diagonal = op.inputs[1].get_shape()
    batch = given[:-2].merge_with(diagonal[:-1])
    matrix = given[-2:]
    if batch.is_fully_defined() and matrix.is_fully_defined():
        diagonal = batch.as_list() + [min(matrix.as_list())]
    else:
        with core.get_default_graph().colocate_with(dy.op):
            grad_shape = shape(dy)
            grad_rank = rank(dy)
            batch = slice_(grad_shape, [0], [grad_rank - 2])
            matrix = slice_(grad_shape, [grad_rank - 2], [2])
            diagonal = concat([batch, [math_ops.reduce_min(matrix)]], 0)
    dx = matrix_set_diag(dy, zeros(diagonal, dtype=dy.dtype))
    return [dx, matrix_diag_part(dy)]


MATRIX_SET_DIAG = OpType(
    "MatrixSetDiag",
    "input: T, diagonal: T -> output: T",
    "T: type",
    shape=lambda c: [with_rank_at_least(c.shape(0), 2)],
    kernel=_matrix_set_diag_kernel,
    gradient=_matrix_set_diag_gradient,
)


# ---------------------------------------------------------------- bands

def _band_part_kernel(attrs, x, below, above):
    _check_matrix(x)
    n_rows, n_cols = x.shape[-2:]
    below, above = int(below), int(above)
    if not below <= n_rows:
        raise _invalid(
            "num_lower must be negative or less or equal to number of rows (%d) got: %d" % (n_rows, below)
        )
    if not above <= n_cols:
        raise _invalid(
            "num_upper must be negative or less or equal to number of columns (%d) got: %d" % (n_cols, above)
        )
    if below < 0 and above < 0:
        return x
    offset = np.arange(n_cols) - np.arange(n_rows)[:, np.newaxis]
    keep = np.ones((n_rows, n_cols), bool)
    if below >= 0:
        keep &= offset >= -below
    if above >= 0:
        keep &= offset <= above
    return np.where(keep, x, np.zeros((), x.dtype))


def _band_part_rule(c):
    with_rank(c.shape(1), 0)
    with_rank(c.shape(2), 0)
    return [with_rank_at_least(c.shape(0), 2)]


MATRIX_BAND_PART = OpType(
    "MatrixBandPart",
    "input: T, num_lower: Tindex, num_upper: Tindex -> band: T",
    "T: type; Tindex: int32|int64 = int64",
    shape=_band_part_rule,
    kernel=_band_part_kernel,
    gradient=lambda op, dy: [matrix_band_part(dy, op.inputs[1], op.inputs[2]), None, None],
)


@core.repeats(ignoring="input")
def matrix_band_part(input, num_lower, num_upper, name=None):
    """`input` with zeros outside `num_lower` diagonals below and `num_upper` above the main one; -1 keeps
    all."""
    return MATRIX_BAND_PART(input, num_lower, num_upper, name=name)


@core.repeats
def eye(num_rows, num_columns=None, batch_shape=None, dtype=dtypes.float32, name=None):
    """Identity matrix of `num_rows` by `num_columns` (square when None), or a batch of them."""
    with core.name_scope(name, "eye", [num_rows, num_columns, batch_shape]):
        is_square = num_columns is None
        batch_shape = [] if batch_shape is None else batch_shape
        num_columns = num_rows if is_square else num_columns
        if isinstance(num_rows, core.Tensor) or isinstance(num_columns, core.Tensor):
            n = math_ops.minimum(num_rows, num_columns)
        else:
            if not isinstance(num_rows, numbers.Integral) or not isinstance(num_columns, numbers.Integral):
                raise TypeError(
                    "Arguments `num_rows` and `num_columns` must be positive integer values. Received: "
                    f"num_rows={num_rows}, num_columns={num_columns}"
                )
            is_square = num_rows == num_columns
            n = min(num_rows, num_columns)
        whole = None
        if isinstance(batch_shape, core.Tensor) or isinstance(n, core.Tensor):
            batch_shape = convert_to_tensor(batch_shape, name="shape", dtype=dtypes.int32)
            diagonal = concat((batch_shape, [n]), axis=0)
            if not is_square:
                whole = concat((batch_shape, [num_rows, num_columns]), axis=0)
        else:
            batch_shape = list(batch_shape)
            diagonal = [*batch_shape, n]
            whole = [*batch_shape, num_rows, num_columns]
        diagonal = ones(diagonal, dtype=dtype)
        if is_square:
            return matrix_diag(diagonal)
        return matrix_set_diag(zeros(whole, dtype=dtype), diagonal)

"""Products of matrices and vectors, and norms."""

import numpy as np

from .. import _core as core
from .. import dtypes
from ..conversion import convert_to_tensor
from ..errors import FailedPreconditionError, InvalidArgumentError
from . import array
from ._rules import REAL, broadcast, merge, merge_dim, renamed, text, with_rank_at_least

__all__ = ["adjoint", "cross", "matmul", "matvec", "norm", "normalize", "tensordot", "trace"]


# ---------------------------------------------------------------- matrix products


def _matmul_kernel(attrs, a, b):
    if attrs["transpose_a"]:
        a = a.T
    if attrs["transpose_b"]:
        b = b.T
    try:
        return np.matmul(a, b)
    except ValueError:
        raise _sizes_differ(a.T if attrs["transpose_a"] else a, b.T if attrs["transpose_b"] else b) from None


def _sizes_differ(a, b, flags=""):
    return InvalidArgumentError(
        None, None, f"Matrix size-incompatible: In[0]: {text(a.shape)}, In[1]: {text(b.shape)}{flags}"
    )


def _matmul_gradient(op, grad):
    from .cast import conj

    transpose_a, transpose_b = op.get_attr("transpose_a"), op.get_attr("transpose_b")
    a, b = conj(op.inputs[0]), conj(op.inputs[1])
    if not transpose_a and not transpose_b:
        grad_a = MATMUL(grad, b, transpose_b=True, grad_a=True)
        grad_b = MATMUL(a, grad, transpose_a=True, grad_b=True)
    elif not transpose_a:
        grad_a = MATMUL(grad, b, grad_a=True)
        grad_b = MATMUL(grad, a, transpose_a=True, grad_b=True)
    elif not transpose_b:
        grad_a = MATMUL(b, grad, transpose_b=True, grad_a=True)
        grad_b = MATMUL(a, grad, grad_b=True)
    else:
        grad_a = MATMUL(b, grad, transpose_a=True, transpose_b=True, grad_a=True)
        grad_b = MATMUL(grad, a, transpose_a=True, transpose_b=True, grad_b=True)
    return [grad_a, grad_b]


MATMUL = core.OpType(
    "MatMul",
    "a: T, b: T -> product: T",
    "transpose_a: bool = False; transpose_b: bool = False; T: bfloat16|float16|float32|float64|int32|int64"
    "|uint8|uint16|uint32|uint64|complex64|complex128; grad_a: bool = False; grad_b: bool = False",
    shape="matmul",
    kernel=core.kernel("matmul", _matmul_kernel),
    gradient=core.replayed(_matmul_gradient),
)


def _batch_shape(c, merged=broadcast):
    x, y = with_rank_at_least(c.shape(0), 2), with_rank_at_least(c.shape(1), 2)
    if x is None or y is None:
        return [None]
    rows, inner_x = (x[-1], x[-2]) if c.attr("adj_x") else (x[-2], x[-1])
    inner_y, columns = (y[-1], y[-2]) if c.attr("adj_y") else (y[-2], y[-1])
    batch = merged(x[:-2], y[:-2])
    merge_dim(inner_x, inner_y)
    return [None if batch is None else tuple(batch) + (rows, columns)]


def _batch_kernel(attrs, x, y):
    for i, matrix in enumerate((x, y)):
        if matrix.ndim < 2:
            raise InvalidArgumentError(None, None, f"In[{i}] ndims must be >= 2: {matrix.ndim}")
    try:
        return _batch_product(attrs, x, y)
    except ValueError:
        inner = x.shape[-2 if attrs["adj_x"] else -1], y.shape[-1 if attrs["adj_y"] else -2]
        if inner[0] != inner[1]:
            flags = f" {int(attrs['adj_x'])} {int(attrs['adj_y'])}"
            raise _sizes_differ(x, y, flags) from None
        raise InvalidArgumentError(
            None,
            None,
            f"In[0] and In[1] must have compatible batch dimensions: {text(x.shape)} vs. {text(y.shape)}",
        ) from None


def _batch_product(attrs, x, y):
    if "Tout" in attrs:
        out = attrs["Tout"].as_numpy_dtype
        x, y = x.astype(out, copy=False), y.astype(out, copy=False)
    if attrs["adj_x"]:
        x = np.conj(np.swapaxes(x, -1, -2)) if x.dtype.kind == "c" else np.swapaxes(x, -1, -2)
    if attrs["adj_y"]:
        y = np.conj(np.swapaxes(y, -1, -2)) if y.dtype.kind == "c" else np.swapaxes(y, -1, -2)
    return np.matmul(x, y)


def _batch_products(op, grad, **marks):
    """Gradients of both factors, before the sums over broadcast batches."""
    x, y = op.inputs
    adj_x, adj_y = op.get_attr("adj_x"), op.get_attr("adj_y")
    mark_x = {"grad_a": True} if marks else {}
    mark_y = {"grad_b": True} if marks else {}
    if not adj_x:
        grad_x = matmul(grad, y, adjoint_b=not adj_y, **mark_x)
        if adj_y:
            grad_y = matmul(grad, x, adjoint_a=True, **mark_y)
        else:
            grad_y = matmul(x, grad, adjoint_a=True, **mark_y)
    else:
        grad_x = matmul(y, grad, adjoint_a=adj_y, adjoint_b=True, **mark_x)
        if adj_y:
            grad_y = matmul(grad, x, adjoint_a=True, adjoint_b=True, **mark_y)
        else:
            grad_y = matmul(x, grad, **mark_y)
    return grad_x, grad_y


def _batch_gradient(op, grad):
    from .reduce import reduce_sum

    x, y = op.inputs
    grad_x, grad_y = _batch_products(op, grad, marked=True)
    x_dims, y_dims = x.shape._dims, y.shape._dims
    if x_dims is not None and y_dims is not None:
        x_batch, y_batch = x_dims[:-2], y_dims[:-2]
        if x_batch == y_batch and None not in x_batch:
            return [grad_x, grad_y]
    sx, sy = array.shape(x), array.shape(y)
    rx, ry = array.BROADCAST_GRADIENT_ARGS(sx[:-2], sy[:-2])
    grad_x = array.reshape(reduce_sum(grad_x, rx), sx)
    grad_y = array.reshape(reduce_sum(grad_y, ry), sy)
    return [grad_x, grad_y]


_BATCH_FLAGS = "adj_x: bool = False; adj_y: bool = False; grad_x: bool = False; grad_y: bool = False"
_V3_IN = "bfloat16|float16|float32|float64|uint8|int8|int16|int32|int64|complex64|complex128"
_V3_OUT = "bfloat16|float16|float32|float64|int16|int32|int64|complex64|complex128"

BATCH_MATMUL = core.OpType(
    "BatchMatMul",
    "x: T, y: T -> output: T",
    f"T: bfloat16|float16|float32|float64|int32|int64|complex64|complex128; {_BATCH_FLAGS}",
    shape=lambda c: _batch_shape(c, merge),
    kernel=core.kernel("batch_matmul", _batch_kernel),
    gradient=core.replayed(lambda op, grad: list(_batch_products(op, grad))),
)
BATCH_MATMUL_V2 = core.OpType(
    "BatchMatMulV2",
    "x: T, y: T -> output: T",
    "T: bfloat16|float16|float32|float64|int16|int32|int64|uint8|uint16|uint32|uint64|complex64|complex128; "
    + _BATCH_FLAGS,
    shape=_batch_shape,
    kernel=core.kernel("batch_matmul", _batch_kernel),
    gradient=core.replayed(_batch_gradient),
)
BATCH_MATMUL_V3 = core.OpType(
    "BatchMatMulV3",
    "x: Ta, y: Tb -> output: Tout",
    f"Ta: {_V3_IN}; Tb: {_V3_IN}; Tout: {_V3_OUT}; {_BATCH_FLAGS}",
    shape=_batch_shape,
    kernel=core.kernel("batch_matmul", _batch_kernel),
    gradient=core.replayed(_batch_gradient),
)


@core.repeats
@core.direct(MATMUL, most_dims=2)
def matmul(
    a, b, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False, a_is_sparse=False,
    b_is_sparse=False, output_type=None, grad_a=False, grad_b=False, name=None,
):  # fmt: skip
    """Product of the matrices `a` and `b`, or of two batches of them (leading dimensions, which broadcast).

    `transpose_*` swaps the last two dimensions first, `adjoint_*` takes the complex conjugate as well.

    Raises
    ------
    ValueError
        If both a transpose and an adjoint of one factor are wanted, or the inner dimensions differ.
    """
    from .cast import conj

    if a.__class__ is core.Tensor and b.__class__ is core.Tensor:
        a_dims, b_dims = a.shape._dims, b.shape._dims
        if a_dims is not None and b_dims is not None and len(a_dims) <= 2 and len(b_dims) <= 2:
            if not (adjoint_a or adjoint_b or a_is_sparse or b_is_sparse or output_type):  # what most calls are
                if transpose_a is transpose_b is grad_a is grad_b is False:
                    return MATMUL(a, b, name=name)
                return MATMUL(
                    a, b, transpose_a=transpose_a, transpose_b=transpose_b, grad_a=grad_a, grad_b=grad_b, name=name
                )
    with core.name_scope(name, "MatMul", [a, b]) as name:
        for which, transpose, adjoint in (("a", transpose_a, adjoint_a), ("b", transpose_b, adjoint_b)):
            if transpose and adjoint:
                raise ValueError(
                    f"Only one of `transpose_{which}` and `adjoint_{which}` can be True. Received "
                    f"`transpose_{which}`={transpose}, `adjoint_{which}`={adjoint}."
                )
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, name="b", dtype_hint=a.dtype.base_dtype)
        a_dims, b_dims = a.shape._dims, b.shape._dims
        mixed = bool(output_type and (output_type != a.dtype or output_type != b.dtype))
        sparse = a_is_sparse or b_is_sparse
        may_be_batch = a_dims is None or len(a_dims) > 2 or b_dims is None or len(b_dims) > 2
        marks = {"grad_x": grad_a, "grad_y": grad_b}
        if may_be_batch and not sparse:
            if transpose_a:
                a, adjoint_a = conj(a), True
            if transpose_b:
                b, adjoint_b = conj(b), True
            if mixed:
                return BATCH_MATMUL_V3(
                    a, b, adj_x=adjoint_a, adj_y=adjoint_b, Tout=output_type, name=name, **marks
                )
            return BATCH_MATMUL_V2(a, b, adj_x=adjoint_a, adj_y=adjoint_b, name=name, **marks)
        if adjoint_a:
            a, transpose_a = conj(a), True
        if adjoint_b:
            b, transpose_b = conj(b), True
        narrow = (dtypes.bfloat16, dtypes.float32)
        if sparse and a.dtype in narrow and b.dtype in narrow:
            return SPARSE_MATMUL(
                a, b, transpose_a=transpose_a, transpose_b=transpose_b, a_is_sparse=a_is_sparse,
                b_is_sparse=b_is_sparse, name=name,
            )  # fmt: skip
        if mixed:
            return BATCH_MATMUL_V3(
                a, b, adj_x=transpose_a, adj_y=transpose_b, Tout=output_type, name=name, **marks
            )
        return MATMUL(
            a, b, transpose_a=transpose_a, transpose_b=transpose_b, grad_a=grad_a, grad_b=grad_b, name=name
        )


def _sparse_matmul_gradient(op, grad):
    from .cast import cast

    a, b = op.inputs
    sparse = {
        a: op.get_attr("a_is_sparse"),
        b: op.get_attr("b_is_sparse"),
        grad: grad.op.type == "ReluGrad",
    }

    def product(x, y, out_dtype, transpose_a=False, transpose_b=False):
        x_is_sparse, y_is_sparse = sparse[x], sparse[y]
        if transpose_b:
            y = array.transpose(y)
        out = matmul(x, y, transpose_a=transpose_a, a_is_sparse=x_is_sparse, b_is_sparse=y_is_sparse)
        return out if out.dtype == out_dtype else cast(out, out_dtype)

    transpose_a, transpose_b = op.get_attr("transpose_a"), op.get_attr("transpose_b")
    if not transpose_a and not transpose_b:
        return [product(grad, b, a.dtype, transpose_b=True), product(a, grad, b.dtype, transpose_a=True)]
    if not transpose_a:
        return [product(grad, b, a.dtype), product(grad, a, b.dtype, transpose_a=True)]
    if not transpose_b:
        return [product(b, grad, a.dtype, transpose_b=True), product(a, grad, b.dtype)]
    return [
        product(b, grad, a.dtype, transpose_a=True, transpose_b=True),
        product(grad, a, b.dtype, transpose_a=True, transpose_b=True),
    ]


SPARSE_MATMUL = core.OpType(
    "SparseMatMul",
    "a: Ta, b: Tb -> product: float32",
    "transpose_a: bool = False; transpose_b: bool = False; a_is_sparse: bool = False; "
    "b_is_sparse: bool = False; Ta: float32|bfloat16 = float32; Tb: float32|bfloat16 = float32",
    shape="matmul",
    kernel=lambda attrs, a, b: _matmul_kernel(attrs, a.astype(np.float32), b.astype(np.float32)),
    gradient=_sparse_matmul_gradient,
)


def matvec(a, b, transpose_a=False, adjoint_a=False, a_is_sparse=False, b_is_sparse=False, name=None):
    """Product of a matrix and a vector, or of batches of them."""
    with core.name_scope(name, "MatVec", [a, b]):
        column = array.expand_dims(b, axis=-1)
        out = matmul(
            a,
            column,
            transpose_a=transpose_a,
            adjoint_a=adjoint_a,
            a_is_sparse=a_is_sparse,
            b_is_sparse=b_is_sparse,
        )
        return array.squeeze(out, axis=-1)


def adjoint(matrix, name=None):
    """Each matrix in the last two dimensions, transposed and conjugated."""
    with core.name_scope(name, "adjoint", [matrix]):
        matrix = convert_to_tensor(matrix, name="matrix")
        return array.matrix_transpose(matrix, conjugate=True)


# ---------------------------------------------------------------- tensordot


@core.repeats
def tensordot(a, b, axes, name=None):
    """Sum of products over pairs of axes of `a` and `b`, as ``numpy.tensordot``.

    `axes` is a number n (the last n axes of `a` with the first n of `b`) or two lists of axes.
    """
    with core.name_scope(name, "Tensordot", [a, b, axes]) as name:
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, name="b")
        a_axes, b_axes = _tensordot_axes(a, axes)
        a_matrix, a_free, a_free_static = _tensordot_matrix(a, a_axes)
        b_matrix, b_free, b_free_static = _tensordot_matrix(b, b_axes, flipped=True)
        product = matmul(a_matrix, b_matrix)
        if isinstance(a_free, list) and isinstance(b_free, list):
            if product.shape.is_fully_defined() and product.shape.as_list() == a_free + b_free:
                return product
            return array.reshape(product, a_free + b_free, name=name)
        a_free = convert_to_tensor(a_free, dtype=dtypes.int32)
        b_free = convert_to_tensor(b_free, dtype=dtypes.int32)
        product = array.reshape(product, array.concat([a_free, b_free], 0), name=name)
        if a_free_static is not None and b_free_static is not None:
            product.set_shape(a_free_static + b_free_static)
        return product


def _tensordot_axes(a, axes):
    from .ranges import range as tensor_range

    rank = a.shape.ndims
    if isinstance(axes, (int, np.integer)):
        if axes < 0:
            raise ValueError(f"`axes` must be at least 0. Received: {axes}.")
        if rank is None:
            rank = array.rank(a)
            return tensor_range(rank - axes, rank, dtype=dtypes.int32), tensor_range(axes, dtype=dtypes.int32)
        if axes > rank:
            raise ValueError(
                f"`axes` must not be larger than the number of dimensions of tensor {a}.  "
                f"Received {axes}, vs tensor dimensions {rank}."
            )
        return list(range(rank - axes, rank)), list(range(axes))
    if isinstance(axes, (list, tuple)):
        if len(axes) != 2:
            raise ValueError(f"`axes` must be an integer or have length 2. Received {axes}.")
        a_axes, b_axes = axes
        if isinstance(a_axes, (int, np.integer)) and isinstance(b_axes, (int, np.integer)):
            a_axes, b_axes = [a_axes], [b_axes]
        if len(a_axes) != len(b_axes):
            raise ValueError(
                f"Different number of contraction axes `a` and `b`, {len(a_axes)} != {len(b_axes)}."
            )
        return a_axes, b_axes
    axes = convert_to_tensor(axes, name="axes", dtype=dtypes.int32)
    return axes[0], axes[1]


def _tensordot_matrix(a, axes, flipped=False):
    """`a` as a matrix with its contracted axes as columns (rows if `flipped`), and its other dimensions."""
    from .ranges import range as tensor_range
    from .reduce import reduce_prod

    known = isinstance(axes, (list, tuple))
    rank = a.shape.ndims
    if known and rank is not None:
        dims = a.shape.as_list()
        axes = [i if i >= 0 else i + rank for i in axes]
        free = [i for i in range(rank) if i not in axes]
        free_dims = [dims[i] for i in free]
        if None not in dims:
            sizes = [int(np.prod(free_dims)), int(np.prod([dims[i] for i in axes]))]
            perm, shape = (axes + free, sizes[::-1]) if flipped else (free + axes, sizes)
            if perm != list(range(rank)):
                a = array.transpose(a, perm)
            if a.shape.as_list() != shape:
                a = array.reshape(a, shape)
            return a, free_dims, free_dims
        static = free_dims
        axes = convert_to_tensor(axes, dtype=dtypes.int32, name="axes")
        free = convert_to_tensor(free, dtype=dtypes.int32, name="free")
        shape = array.shape(a)
    else:
        static = None
        shape = array.shape(a)
        rank = array.rank(a)
        axes = convert_to_tensor(axes, dtype=dtypes.int32, name="axes")
        axes = array.where(axes >= 0, axes, axes + rank)
        free, _ = array.setdiff1d(tensor_range(rank), axes, dtypes.int32)
    free_dims = array.gather(shape, free)
    axes_dims = array.gather(shape, axes)
    free_size = reduce_prod(free_dims)
    axes_size = reduce_prod(axes_dims)
    if flipped:
        perm = array.concat([axes, free], 0)
        matrix_shape = array.stack([axes_size, free_size])
    else:
        perm = array.concat([free, axes], 0)
        matrix_shape = array.stack([free_size, axes_size])
    return array.reshape(array.transpose(a, perm), matrix_shape), free_dims, static


# ---------------------------------------------------------------- cross product, trace, norms


def _cross_shape(c):
    shape = merge(c.shape(0), c.shape(1))
    if shape is not None:
        with_rank_at_least(shape, 1)
        if shape[-1] not in (None, 3):
            raise ValueError(f"Dimension must be 3 but is {shape[-1]}")
        shape = shape[:-1] + (3,)
    return [shape]


def _cross_kernel(attrs, a, b):
    if a.shape != b.shape:
        raise InvalidArgumentError(
            None, None, f"Both inputs must be of same shape: {text(a.shape)} vs. {text(b.shape)}"
        )
    if a.ndim < 1 or a.shape[-1] != 3:
        raise FailedPreconditionError(None, None, "Cross-products are only defined for 3-element vectors.")
    a0, a1, a2 = a[..., 0], a[..., 1], a[..., 2]
    b0, b1, b2 = b[..., 0], b[..., 1], b[..., 2]
    return np.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=-1)


CROSS = core.OpType(
    "Cross",
    "a: T, b: T -> product: T",
    f"T: {REAL}",
    shape=_cross_shape,
    kernel=_cross_kernel,
    gradient=lambda op, grad: [cross(op.inputs[1], grad), cross(grad, op.inputs[0])],
)


def cross(a, b, name=None):
    """Cross products of the 3-element vectors in the last dimension."""
    return CROSS(a, b, name=name)


@core.repeats
def trace(x, name=None):
    """Sum of the diagonal of each matrix in the last two dimensions."""
    from .reduce import reduce_sum

    with core.name_scope(name, "Trace", [x]) as name:
        x = convert_to_tensor(x, name="x")
        return reduce_sum(array.matrix_diag_part(x), [-1], name=name)


@core.repeats
def norm(tensor, ord="euclidean", axis=None, keepdims=None, name=None, keep_dims=None):
    """Norm of vectors (`axis` None or an int) or matrices (`axis` a pair).

    `ord` is ``"euclidean"``, 1, 2, ``numpy.inf``; any positive number for vectors, ``"fro"`` for matrices.

    Raises
    ------
    ValueError
        If `axis` or `ord` is none of these.
    """
    from .arithmetic import pow as tensor_pow
    from .cast import conj
    from .elementwise import abs as tensor_abs
    from .elementwise import sqrt
    from .reduce import reduce_max, reduce_sum

    keepdims = bool(renamed("keepdims", keepdims, "keep_dims", keep_dims))
    of_matrix = isinstance(axis, (tuple, list)) and len(axis) == 2
    if of_matrix:
        axis = tuple(axis)
        if not isinstance(axis[0], int) or not isinstance(axis[1], int) or axis[0] == axis[1]:
            raise ValueError(f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {axis}")
        known = ["euclidean", "fro", 1, 2, np.inf]
        if ord not in known:
            raise ValueError(f"'ord' must be a supported matrix norm in {known}, got {ord}")
    else:
        if not (isinstance(axis, int) or axis is None):
            raise ValueError(f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {axis}")
        if ord not in ["euclidean", 1, 2, np.inf] and (not np.isreal(ord) or ord <= 0):
            raise ValueError(f"'ord' must be a supported vector norm, got {ord}")
        if axis is not None:
            axis = (axis,)
    with core.name_scope(name, "norm", [tensor]):
        tensor = convert_to_tensor(tensor)
        if of_matrix and ord == 2:
            raise NotImplementedError("norm: the spectral norm of matrices (ord=2 with two axes)")
        if ord in ("fro", "euclidean", 2):
            result = sqrt(reduce_sum(tensor * conj(tensor), axis, keepdims=True))
        else:
            result = tensor_abs(tensor)
            first = None if axis is None else axis[0]
            if ord == 1:
                result = reduce_sum(result, first, keepdims=True)
                if of_matrix:
                    result = reduce_max(result, axis[-1], keepdims=True)
            elif ord == np.inf:
                if of_matrix:
                    result = reduce_sum(result, axis[1], keepdims=True)
                result = reduce_max(result, first, keepdims=True)
            else:
                total = reduce_sum(tensor_pow(result, ord), axis, keepdims=True)
                result = tensor_pow(total, 1.0 / ord)
        return result if keepdims else array.squeeze(result, axis)


def normalize(tensor, ord="euclidean", axis=None, name=None):
    """`tensor` divided by its `norm`, and that norm (with the dimensions of `axis` kept)."""
    from .cast import cast

    with core.name_scope(name, "normalize", [tensor]):
        tensor = convert_to_tensor(tensor)
        size = cast(norm(tensor, ord, axis, keepdims=True), tensor.dtype)
        return tensor / size, size

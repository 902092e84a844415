"""Inverses, determinants, linear systems and matrix decompositions, of one matrix or batches of them."""

import numpy as np

from .. import _core as core
from ..conversion import convert_to_tensor
from ..errors import InvalidArgumentError
from . import array
from ._rules import broadcast, merge_dim, with_rank_at_least
from .linalg import adjoint, matmul

__all__ = [
    "cholesky", "cholesky_solve", "log_matrix_determinant", "logdet", "matrix_determinant", "matrix_inverse",
    "matrix_solve", "matrix_solve_ls", "matrix_triangular_solve", "qr", "self_adjoint_eig",
    "self_adjoint_eigvals", "svd",
]  # fmt: skip

_TYPES = "float64|float32|float16|complex64|complex128"


def _square(shape):
    """`shape` of square matrices, or None; both matrix dimensions known if one is."""
    shape = with_rank_at_least(shape, 2)
    if shape is None:
        return None
    size = merge_dim(shape[-2], shape[-1])
    return shape[:-2] + (size, size)


def _square_shape(c):
    return [_square(c.shape(0))]


def _batch_square_shape(c):
    shape = _square(c.shape(0))
    return [None if shape is None else shape[:-2]]


def _conj_t(x):
    x = np.swapaxes(x, -1, -2)
    return np.conj(x) if x.dtype.kind == "c" else x


def _working(x):
    """`x`, which must be square, in a type that LAPACK knows."""
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise InvalidArgumentError(None, None, "Input matrix must be square.")
    return x.astype(np.float32) if x.dtype == np.float16 else x


# ---------------------------------------------------------------- inverse and determinants


def _inverse_kernel(attrs, x):
    matrix = _working(_conj_t(x) if attrs["adjoint"] else x)
    try:
        return np.linalg.inv(matrix).astype(x.dtype)
    except np.linalg.LinAlgError:
        raise InvalidArgumentError(None, None, "Input is not invertible.") from None


def _inverse_gradient(op, grad):
    inverse, flipped = op.outputs[0], op.get_attr("adjoint")
    product = matmul(grad, inverse, adjoint_a=flipped, adjoint_b=not flipped)
    return [-matmul(inverse, product, adjoint_a=not flipped)]


MATRIX_INVERSE = core.OpType(
    "MatrixInverse",
    "input: T -> output: T",
    f"adjoint: bool = False; T: {_TYPES}",
    shape=_square_shape,
    kernel=_inverse_kernel,
    gradient=_inverse_gradient,
)


def matrix_inverse(input, adjoint=False, name=None):
    """Inverse of each square matrix, or of its adjoint."""
    return MATRIX_INVERSE(input, adjoint=adjoint, name=name)


def _times_inverse(op, factor, size):
    """`factor` times the inverse of the adjoint input: the gradient of determinants."""
    inverse = matrix_inverse(op.inputs[0], adjoint=True)
    return array.reshape(factor(), array.concat([array.shape(size), [1, 1]], 0)) * inverse


def _determinant_gradient(op, grad):
    c = op.outputs[0]
    return [_times_inverse(op, lambda: grad * c, c)]


def _log_determinant_gradient(op, _, grad):
    return [_times_inverse(op, lambda: grad, op.outputs[1])]


def _log_determinant_kernel(attrs, x):
    sign, log = np.linalg.slogdet(_working(x))
    return np.asarray(sign, x.dtype), np.asarray(log, x.dtype)


MATRIX_DETERMINANT = core.OpType(
    "MatrixDeterminant",
    "input: T -> output: T",
    "T: float16|float32|float64|complex64|complex128",
    shape=_batch_square_shape,
    kernel=lambda attrs, x: np.asarray(np.linalg.det(_working(x)), x.dtype),
    gradient=_determinant_gradient,
)
LOG_MATRIX_DETERMINANT = core.OpType(
    "LogMatrixDeterminant",
    "input: T -> sign: T, log_abs_determinant: T",
    "T: float16|float32|float64|complex64|complex128",
    shape=lambda c: _batch_square_shape(c) * 2,
    kernel=_log_determinant_kernel,
    gradient=_log_determinant_gradient,
)


def matrix_determinant(input, name=None):
    """Determinant of each square matrix."""
    return MATRIX_DETERMINANT(input, name=name)


def log_matrix_determinant(input, name=None):
    """Sign and logarithm of the absolute value of each determinant."""
    return LOG_MATRIX_DETERMINANT(input, name=name)


# ---------------------------------------------------------------- Cholesky


def _cholesky_kernel(attrs, x):
    try:
        return np.linalg.cholesky(_working(x)).astype(x.dtype)
    except np.linalg.LinAlgError:  # one of them is not positive definite: it becomes NaN, the others do not
        out = np.empty_like(x)
        for index in np.ndindex(x.shape[:-2]):
            try:
                out[index] = np.linalg.cholesky(_working(x[index]))
            except np.linalg.LinAlgError:
                out[index] = np.tril(np.full(x.shape[-2:], np.nan, x.dtype))
        return out


def _cholesky_gradient(op, grad):
    factor = op.outputs[0]
    n_rows = array.shape(factor)[-1]
    batch_shape = array.shape(factor)[:-2]
    inverse = matrix_triangular_solve(factor, array.eye(n_rows, batch_shape=batch_shape, dtype=factor.dtype))
    middle = matmul(factor, grad, adjoint_a=True)
    middle = array.matrix_set_diag(middle, 0.5 * array.matrix_diag_part(middle))
    middle = array.matrix_band_part(middle, -1, 0)
    out = matmul(matmul(inverse, middle, adjoint_a=True), inverse)
    out += adjoint(out)
    return [out * 0.5]


CHOLESKY = core.OpType(
    "Cholesky",
    "input: T -> output: T",
    f"T: {_TYPES}",
    shape=_square_shape,
    kernel=_cholesky_kernel,
    gradient=_cholesky_gradient,
)


def cholesky(input, name=None):
    """Lower triangular factor L of each positive definite matrix ``L @ L^H``; NaN where it is not."""
    return CHOLESKY(input, name=name)


def cholesky_solve(chol, rhs, name=None):
    """Solutions X of ``A @ X = rhs``, where ``chol = cholesky(A)``."""
    with core.name_scope(name, "cholesky_solve", [chol, rhs]):
        y = MATRIX_TRIANGULAR_SOLVE(chol, rhs, adjoint=False, lower=True)
        return MATRIX_TRIANGULAR_SOLVE(chol, y, adjoint=True, lower=True)


# ---------------------------------------------------------------- linear systems


def _solve_shape(c):
    matrix, rhs = _square(c.shape(0)), with_rank_at_least(c.shape(1), 2)
    if matrix is None or rhs is None:
        return [None]
    merge_dim(matrix[-2], rhs[-2])
    batch = broadcast(matrix[:-2], rhs[:-2])
    return [None if batch is None else tuple(batch) + (merge_dim(matrix[-1], rhs[-2]), rhs[-1])]


def _solve_kernel(attrs, matrix, rhs):
    a = _working(_conj_t(matrix) if attrs["adjoint"] else matrix)
    if rhs.ndim < 2 or rhs.shape[-2] != a.shape[-1]:
        raise InvalidArgumentError(None, None, "Input matrix and rhs are incompatible.")
    try:
        return np.linalg.solve(a, rhs.astype(a.dtype, copy=False)).astype(rhs.dtype)
    except np.linalg.LinAlgError:
        raise InvalidArgumentError(None, None, "Input matrix is not invertible.") from None


def _solve_gradient(op, grad):
    a, flipped, c = op.inputs[0], op.get_attr("adjoint"), op.outputs[0]
    grad_b = matrix_solve(a, grad, adjoint=not flipped)
    if flipped:
        return [-matmul(c, grad_b, adjoint_b=True), grad_b]
    return [-matmul(grad_b, c, adjoint_b=True), grad_b]


MATRIX_SOLVE = core.OpType(
    "MatrixSolve",
    "matrix: T, rhs: T -> output: T",
    f"adjoint: bool = False; T: {_TYPES}",
    shape=_solve_shape,
    kernel=_solve_kernel,
    gradient=_solve_gradient,
)


def matrix_solve(matrix, rhs, adjoint=False, name=None):
    """Solutions X of ``matrix @ X = rhs``, or with the adjoint of `matrix`."""
    return MATRIX_SOLVE(matrix, rhs, adjoint=adjoint, name=name)


def _triangular_kernel(attrs, matrix, rhs):
    lower = attrs["lower"]
    a = np.tril(matrix) if lower else np.triu(matrix)
    if attrs["adjoint"]:
        a, lower = _conj_t(a), not lower
    shape = np.broadcast_shapes(a.shape[:-2], rhs.shape[:-2]) + rhs.shape[-2:]
    out = np.zeros(shape, rhs.dtype)
    rows = range(a.shape[-1]) if lower else range(a.shape[-1] - 1, -1, -1)
    for i in rows:
        known = np.matmul(a[..., i : i + 1, :], out)[..., 0, :]
        out[..., i, :] = (rhs[..., i, :] - known) / a[..., i, i][..., None]
    return out


def _triangular_gradient(op, grad):
    from .reduce import reduce_sum

    a, b = op.inputs
    c = op.outputs[0]
    flipped, lower = op.get_attr("adjoint"), op.get_attr("lower")
    grad_b = matrix_triangular_solve(a, grad, lower=lower, adjoint=not flipped)
    if flipped:
        grad_a = -matmul(c, grad_b, adjoint_b=True)
    else:
        grad_a = -matmul(grad_b, c, adjoint_b=True)
    grad_a = array.matrix_band_part(grad_a, -1, 0) if lower else array.matrix_band_part(grad_a, 0, -1)
    if a.shape.is_fully_defined() and b.shape.is_fully_defined() and a.shape[:-2] == b.shape[:-2]:
        return [grad_a, grad_b]
    a_shape, b_shape = array.shape(a), array.shape(b)
    ra, rb = array.BROADCAST_GRADIENT_ARGS(a_shape[:-2], b_shape[:-2])
    grad_a = array.reshape(reduce_sum(grad_a, axis=ra), a_shape)
    grad_b = array.reshape(reduce_sum(grad_b, axis=rb), b_shape)
    return [grad_a, grad_b]


MATRIX_TRIANGULAR_SOLVE = core.OpType(
    "MatrixTriangularSolve",
    "matrix: T, rhs: T -> output: T",
    f"lower: bool = True; adjoint: bool = False; T: bfloat16|{_TYPES}",
    shape=_solve_shape,
    kernel=_triangular_kernel,
    gradient=_triangular_gradient,
)


def matrix_triangular_solve(matrix, rhs, lower=True, adjoint=False, name=None):
    """Solutions X of ``matrix @ X = rhs``, reading the lower (or upper) triangle of `matrix` alone."""
    with core.name_scope(name, "triangular_solve", [matrix, rhs]):
        return MATRIX_TRIANGULAR_SOLVE(matrix, rhs, lower=lower, adjoint=adjoint)


def matrix_solve_ls(matrix, rhs, l2_regularizer=0.0, fast=True, name=None):
    """Least squares solutions of ``matrix @ X = rhs``, through the normal equations.

    With more columns than rows, the solution of least norm. `l2_regularizer` times the squared norm of X is
    added.
    """
    matrix = convert_to_tensor(matrix, name="matrix")
    dims = matrix.shape._dims
    if dims is not None and len(dims) < 2:
        raise ValueError(f"Shape must be at least rank 2 but is rank {len(dims)}: matrix_solve_ls takes matrices")
    if not fast or dims is None or dims[-1] is None or dims[-2] is None:
        raise NotImplementedError("matrix_solve_ls: fast=False, or matrices of unknown size")
    with core.name_scope(name, "matrix_solve_ls", [matrix, rhs, l2_regularizer]):
        tall = dims[-2] >= dims[-1]
        chol = _regularized_cholesky(matrix, l2_regularizer, tall)
        if tall:
            return cholesky_solve(chol, matmul(matrix, rhs, adjoint_a=True))
        return matmul(matrix, cholesky_solve(chol, rhs), adjoint_a=True)


def _regularized_cholesky(matrix, l2_regularizer, tall):
    """Cholesky factor of ``A^H A`` (or ``A A^H``) plus the regularizer."""
    product = matmul(matrix, matrix, adjoint_a=tall, adjoint_b=not tall)
    if isinstance(l2_regularizer, core.Tensor) or l2_regularizer != 0:
        shape = array.shape(matrix)
        batch_shape = shape[:-2]
        size = shape[-1] if tall else shape[-2]
        identity = array.eye(size, batch_shape=batch_shape, dtype=matrix.dtype)
        static = matrix.shape[-1 if tall else -2]
        identity.set_shape(matrix.shape[:-2].concatenate([static, static]))
        product += l2_regularizer * identity
    return CHOLESKY(product)


# ---------------------------------------------------------------- QR


def _qr_shape(c):
    shape = with_rank_at_least(c.shape(0), 2)
    if shape is None:
        return [None, None]
    *batch, m, n = shape
    batch = tuple(batch)
    if c.attr("full_matrices"):
        return [batch + (m, m), batch + (m, n)]
    p = min(m, n) if m is not None and n is not None else None
    return [batch + (m, p), batch + (p, n)]


def _qr_kernel(attrs, x):
    # LAPACK's signs are those of Eigen's Householder reflections.
    return np.linalg.qr(x, mode="complete" if attrs["full_matrices"] else "reduced")


def _qr_gradient(op, dq, dr):
    q, r = op.outputs
    r_dims, q_dims = r.shape._dims, q.shape._dims
    if r_dims is None or r_dims[-2] is None or r_dims[-1] is None:
        raise NotImplementedError(f"QrGrad not implemented with dynamic shapes. Received r.shape: {r.shape}")
    if r_dims[-2] > r_dims[-1] and q_dims[-2] == q_dims[-1]:
        raise NotImplementedError(
            "QrGrad not implemented when nrows > ncols and full_matrices is true. Received "
            f"r.shape={r.shape} with nrows={r_dims[-2]}and ncols={r_dims[-1]}."
        )
    if q.dtype.is_complex:
        raise NotImplementedError("The gradient of Qr with complex numbers")

    def solve(x, r):
        return adjoint(matrix_triangular_solve(r, adjoint(x), lower=False, adjoint=False))

    def tall(q, r, dq, dr):
        qdq = matmul(q, dq, adjoint_a=True)
        qdq_ = qdq - adjoint(qdq)
        rdr = matmul(r, dr, adjoint_b=True)
        rdr_ = rdr - adjoint(rdr)
        lower = array.matrix_band_part(qdq_ + rdr_, -1, 0)
        first = matmul(q, dr + solve(lower, r))
        return first + solve(dq - matmul(q, qdq), r)

    n_rows, n_columns = q_dims[-2], r_dims[-1]
    if n_rows >= n_columns:
        return [tall(q, r, dq, dr)]
    y = op.inputs[0][..., :, n_rows:]
    u = r[..., :, :n_rows]
    dv = dr[..., :, n_rows:]
    du = dr[..., :, :n_rows]
    dy = matmul(q, dv)
    dx = tall(q, u, dq + matmul(y, dv, adjoint_b=True), du)
    return [array.concat([dx, dy], axis=-1)]


QR = core.OpType(
    "Qr",
    "input: T -> q: T, r: T",
    f"full_matrices: bool = False; T: {_TYPES}",
    shape=_qr_shape,
    kernel=_qr_kernel,
    gradient=_qr_gradient,
)


def qr(input, full_matrices=False, name=None):
    """Orthogonal Q and upper triangular R with ``Q @ R`` each matrix."""
    return QR(input, full_matrices=full_matrices, name=name)


# ---------------------------------------------------------------- singular values


def _svd_shape(c):
    shape = with_rank_at_least(c.shape(0), 2)
    if shape is None:
        return [None, None, None] if c.attr("compute_uv") else [None, (0,), (0,)]
    *batch, m, n = shape
    batch = tuple(batch)
    p = min(m, n) if m is not None and n is not None else None
    if not c.attr("compute_uv"):
        return [batch + (p,), (0,), (0,)]
    if c.attr("full_matrices"):
        return [batch + (p,), batch + (m, m), batch + (n, n)]
    return [batch + (p,), batch + (m, p), batch + (n, p)]


def _svd_kernel(attrs, x):
    if not attrs["compute_uv"]:
        s = np.linalg.svd(x, compute_uv=False)
        empty = np.zeros((0,), x.dtype)
        return s.astype(x.dtype), empty, empty
    u, s, vh = np.linalg.svd(x, full_matrices=attrs["full_matrices"])
    return s.astype(x.dtype), u, _conj_t(vh)


def _safe_reciprocal(x, epsilon=1e-20):
    from .elementwise import reciprocal

    return x * reciprocal(x * x + epsilon)


def _differences(x):
    """Safe reciprocals of the differences between all pairs of elements, 0 on the diagonal."""
    gaps = array.expand_dims(x, -2) - array.expand_dims(x, -1)
    return array.matrix_set_diag(_safe_reciprocal(gaps), array.zeros_like(x))


def _svd_gradient(op, grad_s, grad_u, grad_v):
    from .cast import cast
    from .elementwise import square

    a = op.inputs[0]
    shape = a.shape.with_rank_at_least(2)
    grad_s = cast(grad_s, a.dtype)
    grad_s_mat = array.matrix_diag(grad_s)
    if not op.get_attr("compute_uv"):
        _, u, v = svd(a, compute_uv=True)
        grad = matmul(u, matmul(grad_s_mat, v, adjoint_b=True))
        grad.set_shape(shape)
        return [grad]
    m, n = shape._dims[-2], shape._dims[-1]
    if m is None or n is None:
        raise NotImplementedError(
            "SVD gradient has not been implemented for input with unknown inner matrix shape."
        )
    if op.get_attr("full_matrices") or a.dtype.is_complex:
        raise NotImplementedError("The gradient of Svd with full_matrices or complex numbers")
    s, u, v = op.outputs
    s = cast(s, a.dtype)
    transposed = m > n
    if transposed:
        m, n, u, v, grad_u, grad_v = n, m, v, u, grad_v, grad_u
    with core.get_default_graph().control_dependencies([grad_s, grad_u, grad_v]):
        s_mat = array.matrix_diag(s)
        s2 = square(s)
        array.shape(s)  # TF makes it for complex numbers, and leaves it
        f = _differences(s2)
        s_inv_mat = array.matrix_diag(_safe_reciprocal(s))
        v1 = v[..., :, :m]
        grad_v1 = grad_v[..., :, :m]
        u_gu = matmul(u, grad_u, adjoint_a=True)
        v_gv = matmul(v1, grad_v1, adjoint_a=True)
        f_u = f * u_gu
        f_v = f * v_gv
        inner = grad_s_mat + matmul(f_u + adjoint(f_u), s_mat) + matmul(s_mat, f_v + adjoint(f_v))
        out = matmul(u, matmul(inner, v1, adjoint_b=True))
        if m != n:
            gv1t = array.matrix_transpose(grad_v1, conjugate=True)
            gv1t_v1 = matmul(gv1t, v1)
            rest = gv1t - matmul(gv1t_v1, v1, adjoint_b=True)
            u_s_inv = matmul(u, s_inv_mat)
            out = out + matmul(u_s_inv, rest)
        if transposed:
            out = array.matrix_transpose(out, conjugate=True)
        out.set_shape(shape)
        return [out]


SVD = core.OpType(
    "Svd",
    "input: T -> s: T, u: T, v: T",
    f"compute_uv: bool = True; full_matrices: bool = False; T: {_TYPES}",
    shape=_svd_shape,
    kernel=_svd_kernel,
    gradient=_svd_gradient,
)


def svd(tensor, full_matrices=False, compute_uv=True, name=None):
    """Singular values s, largest first, and vectors u, v, with ``u @ diag(s) @ v^H`` each matrix.

    Returns
    -------
    s, u, v : Tensors; s alone with ``compute_uv=False``
    """
    from .cast import real

    s, u, v = SVD(tensor, compute_uv=compute_uv, full_matrices=full_matrices, name=name)
    return (real(s), u, v) if compute_uv else real(s)


# ---------------------------------------------------------------- eigenvalues


def _eig_shape(c):
    shape = _square(c.shape(0))
    if shape is None:
        return [None, None if c.attr("compute_v") else (0,)]
    return [shape[:-1], shape if c.attr("compute_v") else (0,)]


def _eig_kernel(attrs, x):
    if attrs["compute_v"]:
        e, v = np.linalg.eigh(x)
        return e.astype(x.dtype), v
    return np.linalg.eigvalsh(x).astype(x.dtype), np.zeros((0,), x.dtype)


def _eig_gradient(op, grad_e, grad_v):
    e = op.outputs[0]
    with core.get_default_graph().control_dependencies([grad_e, grad_v]):
        if op.get_attr("compute_v"):
            v = op.outputs[1]
            f = _differences(e)
            inner = array.matrix_diag(grad_e) + f * matmul(v, grad_v, adjoint_a=True)
            grad = matmul(v, matmul(inner, v, adjoint_b=True))
        else:
            _, v = self_adjoint_eig(op.inputs[0])
            grad = matmul(v, matmul(array.matrix_diag(grad_e), v, adjoint_b=True))
        grad = array.matrix_band_part(grad + adjoint(grad), -1, 0)
        return [array.matrix_set_diag(grad, 0.5 * array.matrix_diag_part(grad))]


SELF_ADJOINT_EIG_V2 = core.OpType(
    "SelfAdjointEigV2",
    "input: T -> e: T, v: T",
    f"compute_v: bool = True; T: {_TYPES}",
    shape=_eig_shape,
    kernel=_eig_kernel,
    gradient=_eig_gradient,
)


def self_adjoint_eig(tensor, name=None):
    """Eigenvalues, smallest first, and eigenvectors (columns) of each symmetric or Hermitian matrix."""
    e, v = SELF_ADJOINT_EIG_V2(tensor, compute_v=True, name=name)
    return e, v


def self_adjoint_eigvals(tensor, name=None):
    """Eigenvalues, smallest first, of each symmetric or Hermitian matrix."""
    e, _ = SELF_ADJOINT_EIG_V2(tensor, compute_v=False, name=name)
    return e


def logdet(matrix, name=None):
    """Logarithm of the determinant of each positive definite matrix."""
    from .cast import real
    from .elementwise import log
    from .reduce import reduce_sum

    with core.name_scope(name, "logdet", [matrix]):
        chol = CHOLESKY(matrix)
        return 2.0 * reduce_sum(log(real(array.matrix_diag_part(chol))), axis=[-1])

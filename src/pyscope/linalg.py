"""``tf.linalg``: a list of names."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "clip": "global_norm",
    "ops.diag": """
        band_part=matrix_band_part diag=matrix_diag diag_part=matrix_diag_part eye
        set_diag=matrix_set_diag tensor_diag=diag tensor_diag_part=diag_part
    """,
    "ops.decompositions": """
        cholesky cholesky_solve det=matrix_determinant eigh=self_adjoint_eig
        eigvalsh=self_adjoint_eigvals inv=matrix_inverse logdet lstsq=matrix_solve_ls qr
        slogdet=log_matrix_determinant solve=matrix_solve svd triangular_solve=matrix_triangular_solve
    """,
    "ops.einsum": "einsum",
    "ops.linalg": "adjoint cross matmul matvec norm normalize tensordot trace",
    "ops.normalization": "l2_normalize",
    "ops.shape": "matrix_transpose transpose=matrix_transpose",
})

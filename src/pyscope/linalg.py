"""``tf.linalg``: a list of names."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "ops.diag": """
        band_part=matrix_band_part diag=matrix_diag diag_part=matrix_diag_part eye
        set_diag=matrix_set_diag tensor_diag=diag tensor_diag_part=diag_part
    """,
    "ops.linalg": "cross matmul matvec norm normalize tensordot trace",
    "ops.normalization": "l2_normalize",
    "ops.shape": "matrix_transpose transpose=matrix_transpose",
})

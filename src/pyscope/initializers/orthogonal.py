"""Orthogonal matrices as initial values."""

from .. import dtypes
from ..ops import array as array_ops
from ..ops import math as math_ops
from ..ops import random as random_ops
from ..ops.decompositions import QR
from .base import Initializer, float_dtype


class Orthogonal(Initializer):
    """A random orthogonal matrix, from the QR decomposition of a normal one (Saxe et al. 2014).

    With more than two dimensions all but the last count as rows; a matrix that is not square has orthonormal rows or
    columns.

    Parameters
    ----------
    gain : float
        Factor.
    seed : int, optional
        Op seed.
    dtype : DType
        Used if the call does not give one; floating-point.
    """

    def __init__(self, gain=1.0, seed=None, dtype=dtypes.float32):
        self.gain = gain
        self.dtype = float_dtype(dtype)
        self.seed = seed

    def __call__(self, shape, dtype=None, partition_info=None):
        dtype = self.dtype if dtype is None else dtype
        if len(shape) < 2:
            raise ValueError(
                "The tensor to initialize, specified by argument `shape` must be at least two-dimensional. Received "
                f"shape={shape}"
            )
        n_rows = 1
        for dim in shape[:-1]:
            n_rows *= dim
        n_rows, n_columns = int(n_rows), int(shape[-1])
        wide = n_rows < n_columns
        flat_shape = (n_columns, n_rows) if wide else (n_rows, n_columns)
        a = random_ops.random_normal(flat_shape, dtype=dtype, seed=self.seed)
        q, r = QR(a, full_matrices=False)
        # Signs of the diagonal make the distribution uniform over orthogonal matrices (Mezzadri 2007).
        q *= math_ops.sign(array_ops.diag_part(r))
        if wide:
            q = array_ops.matrix_transpose(q)
        return self.gain * array_ops.reshape(q, shape)

    def get_config(self):
        return {"gain": self.gain, "seed": self.seed, "dtype": self.dtype.name}

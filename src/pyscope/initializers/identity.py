"""The identity matrix as initial value."""

from .. import dtypes
from ..ops import array as array_ops
from ..ops import diag as diag_ops
from ..tensor_shape import TensorShape
from .base import Initializer, float_dtype


class Identity(Initializer):
    """The identity matrix, or the part of it that a partition is.

    Parameters
    ----------
    gain : float
        Factor.
    dtype : DType
        Used if the call does not give one; floating-point.
    """

    def __init__(self, gain=1.0, dtype=dtypes.float32):
        self.gain = gain
        self.dtype = float_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        full_shape = shape if partition_info is None else partition_info.full_shape
        if len(full_shape) != 2:
            raise ValueError(
                "The tensor to initialize, specified by argument `shape` must be at least two-dimensional. Received "
                f"shape={shape}"
            )
        dtype = self.dtype if dtype is None else dtype
        if isinstance(full_shape, TensorShape):
            full_shape = full_shape.as_list()
        matrix = diag_ops.eye(*full_shape, dtype=dtype)
        if partition_info is not None:
            matrix = array_ops.slice(matrix, partition_info.var_offset, shape)
        return self.gain * matrix

    def get_config(self):
        return {"gain": self.gain, "dtype": self.dtype.name}

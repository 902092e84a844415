"""Initializers with a value that is known beforehand."""

import numpy as np

from .. import dtypes
from ..conversion import constant
from ..ops import array as array_ops
from .base import Initializer


class Zeros(Initializer):
    """All zeros (False, empty strings).

    Parameters
    ----------
    dtype : DType
        Used if the call does not give one.
    """

    def __init__(self, dtype=dtypes.float32):
        self.dtype = dtypes.as_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        return array_ops.zeros(shape, self.dtype if dtype is None else dtype)

    def get_config(self):
        return {"dtype": self.dtype.name}


class Ones(Initializer):
    """All ones (True).

    Parameters
    ----------
    dtype : DType
        Used if the call does not give one.
    """

    def __init__(self, dtype=dtypes.float32):
        self.dtype = dtypes.as_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        return array_ops.ones(shape, self.dtype if dtype is None else dtype)

    def get_config(self):
        return {"dtype": self.dtype.name}


class Constant(Initializer):
    """The given value.

    Parameters
    ----------
    value : scalar, list, tuple or ndarray
        If it has fewer elements than the variable, its last one is repeated.
    dtype : DType
        Used if the call does not give one.
    verify_shape : bool
        Refuse a value whose shape is not that of the variable.
    """

    def __init__(self, value=0, dtype=dtypes.float32, verify_shape=False):
        if not (np.isscalar(value) or isinstance(value, (list, tuple, np.ndarray))):
            raise TypeError(
                f"Invalid type for initial value={value} of type: {type(value).__name__}. Expected Python scalar, list "
                "or tuple of values, or numpy.ndarray."
            )
        self.value = value
        self.dtype = dtypes.as_dtype(dtype)
        self._verify_shape = verify_shape

    def __call__(self, shape, dtype=None, partition_info=None, verify_shape=None):
        return constant(
            self.value,
            dtype=self.dtype if dtype is None else dtype,
            shape=shape,
            verify_shape=self._verify_shape if verify_shape is None else verify_shape,
        )

    def get_config(self):
        return {"value": self.value, "dtype": self.dtype.name}

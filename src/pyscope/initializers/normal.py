"""Initializers with values from a normal distribution."""

from .. import dtypes
from ..ops import random as random_ops
from .base import Initializer, float_dtype


class RandomNormal(Initializer):
    """Normal values.

    Parameters
    ----------
    mean, stddev : scalar or Tensor
        Mean and standard deviation.
    seed : int, optional
        Op seed.
    dtype : DType
        Used if the call does not give one; floating-point.
    """

    def __init__(self, mean=0.0, stddev=1.0, seed=None, dtype=dtypes.float32):
        self.mean = mean
        self.stddev = stddev
        self.seed = seed
        self.dtype = float_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        dtype = self.dtype if dtype is None else dtype
        return random_ops.random_normal(shape, self.mean, self.stddev, dtype, seed=self.seed)

    def get_config(self):
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed, "dtype": self.dtype.name}


class TruncatedNormal(Initializer):
    """Normal values, those beyond two standard deviations drawn again.

    Parameters
    ----------
    mean, stddev : scalar or Tensor
        Mean and standard deviation before the truncation.
    seed : int, optional
        Op seed.
    dtype : DType
        Used if the call does not give one; floating-point.
    """

    def __init__(self, mean=0.0, stddev=1.0, seed=None, dtype=dtypes.float32):
        self.mean = mean
        self.stddev = stddev
        self.seed = seed
        self.dtype = float_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        dtype = self.dtype if dtype is None else dtype
        return random_ops.truncated_normal(shape, self.mean, self.stddev, dtype, seed=self.seed)

    def get_config(self):
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed, "dtype": self.dtype.name}

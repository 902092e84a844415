"""Initializers with values from a uniform distribution."""

import math

from .. import dtypes
from ..ops import random as random_ops
from .base import Initializer, float_dtype


class RandomUniform(Initializer):
    """Uniform values in ``[minval, maxval)``.

    Parameters
    ----------
    minval, maxval : scalar or Tensor
        Limits; `maxval` defaults to 1 for floating-point types and has to be given for integers.
    seed : int, optional
        Op seed.
    dtype : DType
        Used if the call does not give one.
    """

    def __init__(self, minval=0.0, maxval=None, seed=None, dtype=dtypes.float32):
        self.minval = minval
        self.maxval = maxval
        self.seed = seed
        self.dtype = dtypes.as_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        dtype = self.dtype if dtype is None else dtype
        return random_ops.random_uniform(shape, self.minval, self.maxval, dtype, seed=self.seed)

    def get_config(self):
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed, "dtype": self.dtype.name}


class UniformUnitScaling(Initializer):
    """Uniform values that keep the scale of the input: within ``factor * sqrt(3 / fan_in)`` of zero.

    The input size is the product of all dimensions but the last, of the whole variable if it is partitioned.
    (Sussillo and Abbott 2014, https://arxiv.org/abs/1412.6558)

    Parameters
    ----------
    factor : float
        About 1.15 for tanh, 1.43 for relu in deep networks.
    seed : int, optional
        Op seed.
    dtype : DType
        Used if the call does not give one.
    """

    def __init__(self, factor=1.0, seed=None, dtype=dtypes.float32):
        self.factor = factor
        self.seed = seed
        self.dtype = float_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        dtype = self.dtype if dtype is None else dtype
        scale_shape = shape if partition_info is None else partition_info.full_shape
        input_size = 1.0
        for dim in scale_shape[:-1]:
            input_size *= float(dim)
        limit = math.sqrt(3 / max(input_size, 1.0)) * self.factor
        return random_ops.random_uniform(shape, -limit, limit, dtype, seed=self.seed)

    def get_config(self):
        return {"factor": self.factor, "seed": self.seed, "dtype": self.dtype.name}

"""Initializers: what variables start from, a family a file."""

from ..variables.initialization import (
    global_variables_initializer as global_variables,
)
from ..variables.initialization import (
    local_variables_initializer as local_variables,
)
from ..variables.initialization import (
    variables_initializer as variables,
)
from .base import Initializer, get_fans
from .constant import Constant, Ones, Zeros
from .identity import Identity
from .normal import RandomNormal, TruncatedNormal
from .orthogonal import Orthogonal
from .uniform import RandomUniform, UniformUnitScaling
from .variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    VarianceScaling,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
)

# Names in ``tf.initializers``; with ``_initializer`` appended most are names in ``tf`` too.
zeros = Zeros
ones = Ones
constant = Constant
random_uniform = RandomUniform
random_normal = RandomNormal
truncated_normal = TruncatedNormal
uniform_unit_scaling = UniformUnitScaling
variance_scaling = VarianceScaling
glorot_uniform = GlorotUniform
glorot_normal = GlorotNormal
orthogonal = Orthogonal
identity = Identity

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "Identity",
    "Initializer",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "UniformUnitScaling",
    "VarianceScaling",
    "Zeros",
    "constant",
    "get_fans",
    "global_variables",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "local_variables",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "uniform_unit_scaling",
    "variables",
    "variance_scaling",
    "zeros",
]

"""``tf.keras.initializers`` as TF 1.15 has them: the same classes, some with smaller defaults."""

from .. import dtypes
from . import normal as normal_family
from . import uniform as uniform_family
from .base import Initializer
from .constant import Constant, Ones, Zeros
from .identity import Identity
from .orthogonal import Orthogonal
from .variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    VarianceScaling,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
)


class RandomNormal(normal_family.RandomNormal):
    """Normal values, by default with standard deviation 0.05."""

    def __init__(self, mean=0.0, stddev=0.05, seed=None, dtype=dtypes.float32):
        super().__init__(mean=mean, stddev=stddev, seed=seed, dtype=dtype)


class RandomUniform(uniform_family.RandomUniform):
    """Uniform values, by default within 0.05 of zero."""

    def __init__(self, minval=-0.05, maxval=0.05, seed=None, dtype=dtypes.float32):
        super().__init__(minval=minval, maxval=maxval, seed=seed, dtype=dtype)


class TruncatedNormal(normal_family.TruncatedNormal):
    """Truncated normal values, by default with standard deviation 0.05."""

    def __init__(self, mean=0.0, stddev=0.05, seed=None, dtype=dtypes.float32):
        super().__init__(mean=mean, stddev=stddev, seed=seed, dtype=dtype)


zeros = Zeros
ones = Ones
constant = Constant
normal = random_normal = RandomNormal
uniform = random_uniform = RandomUniform
truncated_normal = TruncatedNormal
identity = Identity
orthogonal = Orthogonal
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform

_BY_NAME = {
    "Initializer": Initializer,
    "Zeros": Zeros,
    "zeros": Zeros,
    "Ones": Ones,
    "ones": Ones,
    "Constant": Constant,
    "constant": Constant,
    "RandomNormal": RandomNormal,
    "random_normal": RandomNormal,
    "normal": RandomNormal,
    "RandomUniform": RandomUniform,
    "random_uniform": RandomUniform,
    "uniform": RandomUniform,
    "TruncatedNormal": TruncatedNormal,
    "truncated_normal": TruncatedNormal,
    "VarianceScaling": VarianceScaling,
    "Orthogonal": Orthogonal,
    "orthogonal": Orthogonal,
    "Identity": Identity,
    "identity": Identity,
    "GlorotNormal": GlorotNormal,
    "glorot_normal": GlorotNormal,
    "GlorotUniform": GlorotUniform,
    "glorot_uniform": GlorotUniform,
    "lecun_normal": lecun_normal,
    "lecun_uniform": lecun_uniform,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
}


def serialize(initializer):
    """``{"class_name": ..., "config": ...}`` of an initializer; the name of a function."""
    if initializer is None:
        return None
    if hasattr(initializer, "get_config"):
        return {"class_name": type(initializer).__name__, "config": initializer.get_config()}
    if hasattr(initializer, "__name__"):
        return initializer.__name__
    raise ValueError("Cannot serialize", initializer)


def deserialize(config, custom_objects=None):
    """The initializer that `config`, from `serialize`, describes; the name of a function gives the function."""
    known = {**_BY_NAME, **(custom_objects or {})}
    name = config if isinstance(config, str) else config["class_name"]
    if name not in known:
        raise ValueError(f"Unknown initializer:{name}")
    found = known[name]
    if isinstance(config, str):
        return found() if isinstance(found, type) else found
    return found.from_config(config["config"]) if hasattr(found, "from_config") else found(**config["config"])


def get(identifier):
    """An initializer for a name, a config, or an initializer itself."""
    if identifier is None:
        return None
    if isinstance(identifier, str):
        identifier = {"class_name": identifier, "config": {}}
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if callable(identifier):
        return identifier
    raise ValueError(f"Could not interpret initializer identifier: {identifier}")


__all__ = sorted(set(_BY_NAME) | {"deserialize", "get", "serialize"})

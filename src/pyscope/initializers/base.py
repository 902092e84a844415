"""What initializers share."""

from .. import dtypes


class Initializer:
    """Makes the initial value of a variable: ``initializer(shape, dtype=None, partition_info=None)``."""

    def __call__(self, shape, dtype=None, partition_info=None):
        raise NotImplementedError

    def get_config(self):
        """The arguments of the constructor, as plain values."""
        return {}

    @classmethod
    def from_config(cls, config):
        """The initializer that `config`, from ``get_config``, describes."""
        return cls(**config)


def float_dtype(dtype):
    """`dtype` as a DType, which must be floating-point."""
    dtype = dtypes.as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError(f"Argument `dtype` is expected to be floating point. Received: {dtype}.")
    return dtype


def get_fans(shape):
    """Number of inputs and outputs of one unit of a weight tensor of `shape`, the receptive field counted in."""
    if len(shape) < 1:
        fan_in = fan_out = 1
    elif len(shape) == 1:
        fan_in = fan_out = shape[0]
    elif len(shape) == 2:
        fan_in, fan_out = shape[0], shape[1]
    else:
        field = 1
        for dim in shape[:-2]:
            field *= dim
        fan_in, fan_out = shape[-2] * field, shape[-1] * field
    return int(fan_in), int(fan_out)

"""Dropout."""

from .. import _core as core
from .. import tensor_shape
from ..conversion import constant, convert_to_tensor
from . import array
from ._rules import renamed

__all__ = ["dropout"]


@core.repeats
def dropout(x, keep_prob=None, noise_shape=None, seed=None, name=None, rate=None):
    """Zeros in place of a share `rate` of the elements of `x`, the others scaled by ``1 / (1 - rate)``.

    Parameters
    ----------
    x : Tensor of floating point numbers
    keep_prob : float or scalar Tensor
        Older way to say ``1 - rate``.
    noise_shape : shape or int32 Tensor
        Shape of the random choice, broadcast over `x`: elements that share a choice go together.

    Raises
    ------
    ValueError
        If `rate` is not in ``[0, 1)``, missing, or given both ways, or `x` is not floating point.
    """
    try:
        rate_from_keep_prob = 1.0 - keep_prob if keep_prob is not None else None
    except TypeError:
        raise ValueError(
            f"`keep_prob` must be a floating point number or Tensor. Received: keep_prob={keep_prob}"
        ) from None
    rate = renamed("rate", rate, "keep_prob", rate_from_keep_prob)
    if rate is None:
        raise ValueError(f"`rate` must be provided. Received: rate={rate}")
    return _dropout(x, rate, noise_shape, seed, name)


def _dropout(x, rate, noise_shape, seed, name):
    from .arithmetic import MUL, REAL_DIV, SUB
    from .cast import CAST
    from .random import random_uniform

    with core.name_scope(name, "dropout", [x]):
        is_number = _is_real(rate)
        if is_number and (rate < 0 or rate >= 1):
            raise ValueError(
                f"`rate` must be a scalar tensor or a float in the range [0, 1). Received: rate={rate}"
            )
        x = convert_to_tensor(x, name="x")
        dtype = x.dtype
        if not dtype.is_floating:
            raise ValueError(
                f"`x.dtype` must be a floating point tensor as `x` will be scaled. Received: x_dtype={dtype}"
            )
        if is_number and rate == 0:
            from ..random_seed import get_seed

            get_seed(seed)  # later operations get the seeds they would have had
            return x
        if is_number:
            ret = MUL(x, convert_to_tensor(1 / (1 - rate), dtype=dtype))
        elif isinstance(rate, core.Tensor):
            rate.shape.assert_has_rank(0)
            if rate.dtype != dtype:
                if not rate.dtype.is_compatible_with(dtype):
                    raise ValueError(
                        "`x.dtype` must be compatible with `rate.dtype`. "
                        f"Received: x.dtype={dtype} and rate.dtype={rate.dtype}"
                    )
                rate = CAST(rate, DstT=dtype, name="rate")
            one = constant(1, dtype=dtype)
            ret = REAL_DIV(x, SUB(one, rate))
        else:
            raise ValueError(f"`rate` must be a scalar or scalar tensor. Received: rate={rate}")
        noise = random_uniform(shape=_noise_shape(x, noise_shape), dtype=dtype, seed=seed)
        keep = noise >= rate
        ret = array.where_v2(keep, ret, constant(0, dtype=dtype))
        ret.set_shape(x.shape)
        return ret


def _is_real(value):
    from numbers import Real

    return isinstance(value, Real)


def _noise_shape(x, noise_shape):
    """`noise_shape`, its unknown dimensions taken from `x`."""
    if noise_shape is None:
        return array.shape(x)
    try:
        wanted = tensor_shape.as_shape(noise_shape)
    except (TypeError, ValueError):
        return noise_shape
    dims = x.shape._dims
    if dims is None or len(dims) != len(wanted._dims):
        return noise_shape
    return tensor_shape.TensorShape([n if m is None else m for m, n in zip(wanted._dims, dims)])

"""Means, variances and what is normalized by them; L2 losses and norms."""

import numpy as np

from .. import _core as core
from .. import dtypes
from ..conversion import constant, convert_to_tensor
from . import array
from ._rules import renamed

__all__ = [
    "batch_norm_with_global_normalization", "batch_normalization", "l2_loss", "l2_normalize",
    "log_poisson_loss", "moments", "normalize_moments", "sufficient_statistics", "weighted_moments",
    "zero_fraction",
]  # fmt: skip


def _l2_loss_kernel(attrs, x):
    flat = x.reshape(-1)
    if x.dtype == np.float16:
        flat = flat.astype(np.float32)
    return np.asarray(np.dot(flat, flat) / 2, x.dtype)


L2_LOSS = core.OpType(
    "L2Loss",
    "t: T -> output: T",
    "T: float16|bfloat16|float32|float64",
    shape="scalar",
    kernel=core.kernel("l2_loss", _l2_loss_kernel),
    gradient=core.replayed(lambda op, grad: [op.inputs[0] * grad]),
)


@core.repeats
def l2_loss(t, name=None):
    """Half the sum of squares of all elements."""
    return L2_LOSS(t, name=name)


@core.repeats
def l2_normalize(x, axis=None, epsilon=1e-12, name=None, dim=None):
    """`x` divided by its L2 norm along `axis`, which is taken to be at least ``sqrt(epsilon)``.

    `dim` is an older name of `axis`.
    """
    from .arithmetic import maximum, multiply
    from .cast import complex, imag, real
    from .elementwise import rsqrt, square
    from .reduce import reduce_sum

    axis = renamed("axis", axis, "dim", dim)
    with core.name_scope(name, "l2_normalize", [x]) as name:
        x = convert_to_tensor(x, name="x")
        if x.dtype.is_complex:
            square_real = square(real(x))
            square_imag = square(imag(x))
            square_sum = real(reduce_sum(square_real + square_imag, axis, keepdims=True))
            factor = rsqrt(maximum(square_sum, epsilon))
            norm_real = multiply(real(x), factor)
            norm_imag = multiply(imag(x), factor)
            return complex(norm_real, norm_imag, name=name)
        square_sum = reduce_sum(square(x), axis, keepdims=True)
        factor = rsqrt(maximum(square_sum, epsilon))
        return multiply(x, factor, name=name)


# ---------------------------------------------------------------- moments


def sufficient_statistics(x, axes, shift=None, keep_dims=None, name=None, keepdims=None):
    """Count, sum and sum of squares of `x` (minus `shift`) over `axes`, and `shift`: what `moments` needs."""
    from .arithmetic import squared_difference, subtract
    from .cast import cast
    from .elementwise import square
    from .reduce import reduce_prod, reduce_sum

    axes = list(set(axes))
    keep_dims = bool(renamed("keepdims", keepdims, "keep_dims", keep_dims))
    with core.name_scope(name, "sufficient_statistics", [x, shift]):
        x = convert_to_tensor(x, name="x")
        dims = x.shape._dims
        if dims is not None and all(dims[d] is not None for d in axes):
            counts = 1
            for d in axes:
                counts *= dims[d]
            counts = constant(counts, dtype=x.dtype)
        else:
            rank = array.rank(x)
            positive = [axis + rank if axis < 0 else axis for axis in axes]
            counts = reduce_prod(array.gather(cast(array.shape(x), x.dtype), positive), name="count")
        if shift is not None:
            shift = convert_to_tensor(shift, name="shift")
            m_ss = subtract(x, shift)
            v_ss = squared_difference(x, shift)
        else:
            m_ss = x
            v_ss = square(x)
        m_ss = reduce_sum(m_ss, axes, keepdims=keep_dims, name="mean_ss")
        v_ss = reduce_sum(v_ss, axes, keepdims=keep_dims, name="var_ss")
    return counts, m_ss, v_ss, shift


def normalize_moments(counts, mean_ss, variance_ss, shift, name=None):
    """Mean and variance from `sufficient_statistics`."""
    from .arithmetic import add, multiply, subtract
    from .elementwise import reciprocal, square

    with core.name_scope(name, "normalize", [counts, mean_ss, variance_ss, shift]):
        divisor = reciprocal(counts, name="divisor")
        if shift is not None:
            shifted_mean = multiply(mean_ss, divisor, name="shifted_mean")
            mean = add(shifted_mean, shift, name="mean")
        else:
            shifted_mean = mean = multiply(mean_ss, divisor, name="mean")
        variance = subtract(multiply(variance_ss, divisor), square(shifted_mean), name="variance")
    return mean, variance


@core.repeats
def moments(x, axes, shift=None, name=None, keep_dims=None, keepdims=None):
    """Mean and variance of `x` over `axes`; `shift` is ignored, `keep_dims` an older name of `keepdims`."""
    from .arithmetic import squared_difference
    from .cast import cast
    from .reduce import reduce_mean

    keep_dims = renamed("keepdims", keepdims, "keep_dims", keep_dims)
    with core.name_scope(name, "moments", [x, axes]):
        half = x.dtype == dtypes.float16
        y = cast(x, dtypes.float32) if half else x
        mean = reduce_mean(y, axes, keepdims=True, name="mean")
        squares = squared_difference(y, array.stop_gradient(mean))
        variance = reduce_mean(squares, axes, keepdims=True, name="variance")
        if not keep_dims:
            mean = array.squeeze(mean, axes)
            variance = array.squeeze(variance, axes)
        if half:
            return cast(mean, dtypes.float16), cast(variance, dtypes.float16)
        return mean, variance


@core.repeats
def weighted_moments(x, axes, frequency_weights, name=None, keep_dims=None, keepdims=None):
    """Mean and variance of `x` over `axes`, each element counted `frequency_weights` times."""
    from .arithmetic import div_no_nan, squared_difference
    from .cast import cast
    from .reduce import reduce_sum

    keep_dims = renamed("keepdims", keepdims, "keep_dims", keep_dims)
    with core.name_scope(name, "weighted_moments", [x, frequency_weights, axes]):
        x = convert_to_tensor(x, name="x")
        weights = convert_to_tensor(frequency_weights, name="frequency_weights")
        half = x.dtype == dtypes.float16
        if half:
            x = cast(x, dtypes.float32)
        if weights.dtype != x.dtype:
            weights = cast(weights, x.dtype)
        total = reduce_sum(weights * x, axes, name="weighted_input_sum", keepdims=True)
        spread = weights + array.zeros_like(x)
        weight_sum = reduce_sum(spread, axes, name="sum_of_weights", keepdims=True)
        mean = div_no_nan(total, weight_sum)
        distance = reduce_sum(
            weights * squared_difference(x, mean), axes, name="weighted_distsq", keepdims=True
        )
        variance = div_no_nan(distance, weight_sum)
        if not keep_dims:
            mean = array.squeeze(mean, axis=axes)
            variance = array.squeeze(variance, axis=axes)
        if half:
            mean, variance = cast(mean, dtypes.float16), cast(variance, dtypes.float16)
        return mean, variance


@core.repeats
def batch_normalization(x, mean, variance, offset, scale, variance_epsilon, name=None):
    """``scale * (x - mean) / sqrt(variance + variance_epsilon) + offset`` (Ioffe and Szegedy 2015).

    `scale` and `offset` may be None.
    """
    from .cast import cast
    from .elementwise import rsqrt

    with core.name_scope(name, "batchnorm", [x, mean, variance, scale, offset]):
        inv = rsqrt(variance + variance_epsilon)
        if scale is not None:
            inv *= scale
        scaled = x * cast(inv, x.dtype)
        return scaled + cast(offset - mean * inv if offset is not None else -mean * inv, x.dtype)


def batch_norm_with_global_normalization(
    t=None, m=None, v=None, beta=None, gamma=None, variance_epsilon=None, scale_after_normalization=None,
    name=None, input=None, mean=None, variance=None,
):  # fmt: skip
    """Older spelling of `batch_normalization`, whose `gamma` counts only with `scale_after_normalization`."""
    t = renamed("input", input, "t", t)
    m = renamed("mean", mean, "m", m)
    v = renamed("variance", variance, "v", v)
    return batch_normalization(
        t, m, v, beta, gamma if scale_after_normalization else None, variance_epsilon, name
    )


# ---------------------------------------------------------------- other statistics


def _count_nonzero(x, dtype):
    from .cast import cast
    from .compare import not_equal
    from .reduce import reduce_sum

    with core.name_scope("count_nonzero", values=[x]):
        zero = array.zeros([], dtype=x.dtype)
        return reduce_sum(cast(not_equal(x, zero), dtype=dtype), name="nonzero_count")


@core.repeats
def zero_fraction(value, name=None):
    """Share of the elements that are 0, as float32."""
    from .. import cond
    from .cast import cast

    with core.name_scope(name, "zero_fraction", [value]):
        value = convert_to_tensor(value, name="value")
        size = array.size(value, out_type=dtypes.int64)
        n_nonzero = cond(
            size <= dtypes.int32.max,
            true_fn=lambda: cast(_count_nonzero(value, dtypes.int32), dtype=dtypes.int64),
            false_fn=lambda: _count_nonzero(value, dtypes.int64),
        )
        with core.name_scope("counts_to_fraction"):
            n_zero = size - n_nonzero
            zeros = cast(n_zero, dtype=dtypes.float32)
            fraction = zeros / cast(size, dtype=dtypes.float32)
        return array.identity(fraction, "fraction")


def log_poisson_loss(targets, log_input, compute_full_loss=False, name=None):
    """Negative log likelihood of counts `targets` under rates ``exp(log_input)``.

    Without the term ``log(targets!)``, unless `compute_full_loss` adds Stirling's approximation of it.
    """
    from .compare import logical_and
    from .elementwise import exp, log

    with core.name_scope(name, "log_poisson_loss", [log_input, targets]):
        log_input = convert_to_tensor(log_input, name="log_input")
        targets = convert_to_tensor(targets, name="targets")
        if not targets.shape.is_compatible_with(log_input.shape):
            raise ValueError(
                "`log_input` and `targets` must have the same shape, "
                f"received ({log_input.shape} vs {targets.shape})."
            )
        result = exp(log_input) - log_input * targets
        if compute_full_loss:
            half = constant(0.5, dtype=targets.dtype)
            two_pi = constant(2 * np.pi, dtype=targets.dtype)
            stirling = targets * log(targets) - targets + half * log(two_pi * targets)
            zeros = array.zeros_like(targets, dtype=targets.dtype)
            ones = array.ones_like(targets, dtype=targets.dtype)
            small = logical_and(targets >= zeros, targets <= ones)
            result += array.where(small, zeros, stirling)
        return result

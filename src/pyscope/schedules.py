"""Learning rates that change with the global step."""

import math

from . import _core as core
from . import nest
from .conversion import constant, convert_to_tensor
from .graph import get_default_graph
from .ops import array
from .ops.arithmetic import add, divide, minimum, multiply, pow
from .ops.cast import cast
from .ops.elementwise import ceil, cos, exp, floor, log, negative, sqrt

__all__ = [
    "cosine_decay", "cosine_decay_restarts", "exponential_decay", "inverse_time_decay", "linear_cosine_decay",
    "natural_exp_decay", "noisy_linear_cosine_decay", "piecewise_constant", "piecewise_constant_decay",
    "polynomial_decay",
]  # fmt: skip


def _scope(name, default):
    return get_default_graph().name_scope(name or default)


def _initial(learning_rate):
    return convert_to_tensor(learning_rate, name="initial_learning_rate")


@core.repeats(ignoring="global_step")
def exponential_decay(learning_rate, global_step, decay_steps, decay_rate, staircase=False, name=None):
    """``learning_rate * decay_rate ** (global_step / decay_steps)``.

    Parameters
    ----------
    learning_rate : float or Tensor
        Where it starts; its dtype is that of the result.
    global_step : int, Tensor or Variable
    decay_steps : int or Tensor, positive
    decay_rate : float or Tensor
    staircase : bool
        Decay in steps: with the quotient rounded down.
    name : str, optional

    Returns
    -------
    Tensor, scalar
    """
    with _scope(name, "ExponentialDecay") as name:
        rate = _initial(learning_rate)
        dtype = rate.dtype
        decay_steps = cast(decay_steps, dtype)
        decay_rate = cast(decay_rate, dtype)
        p = cast(global_step, dtype) / decay_steps
        if staircase:
            p = floor(p)
        return multiply(rate, pow(decay_rate, p), name=name)


@core.repeats(ignoring="global_step")
def natural_exp_decay(learning_rate, global_step, decay_steps, decay_rate, staircase=False, name=None):
    """``learning_rate * exp(-decay_rate * global_step / decay_steps)``; parameters as of `exponential_decay`."""
    return exponential_decay(
        learning_rate, global_step, decay_steps, exp(negative(decay_rate)), staircase=staircase, name=name
    )


@core.repeats(ignoring="global_step")
def inverse_time_decay(learning_rate, global_step, decay_steps, decay_rate, staircase=False, name=None):
    """``learning_rate / (1 + decay_rate * global_step / decay_steps)``; parameters as of `exponential_decay`."""
    with _scope(name, "InverseTimeDecay") as name:
        rate = _initial(learning_rate)
        dtype = rate.dtype
        decay_steps = cast(decay_steps, dtype)
        decay_rate = cast(decay_rate, dtype)
        p = cast(global_step, dtype) / decay_steps
        if staircase:
            p = floor(p)
        one = cast(constant(1), dtype)
        return divide(rate, add(one, multiply(decay_rate, p)), name=name)


def piecewise_constant(x, boundaries, values, name=None):
    """``values[i]`` for `x` above ``boundaries[i - 1]`` and not above ``boundaries[i]``.

    Parameters
    ----------
    x : Tensor or Variable, scalar
        Such as the global step.
    boundaries : list of numbers or Tensors, increasing
        Of the dtype of `x`; integers serve for an int64 `x`.
    values : list of numbers or Tensors
        One more than `boundaries`, of one dtype.

    Raises
    ------
    ValueError
        If dtypes or lengths do not fit.
    """
    from .control_flow.case import case

    boundaries = [convert_to_tensor(b) for b in nest.flatten(boundaries)]
    values = [convert_to_tensor(v) for v in nest.flatten(values)]
    position = convert_to_tensor(x)
    dtype = position.dtype.base_dtype
    for i, boundary in enumerate(boundaries):
        own = boundary.dtype.base_dtype
        if own != dtype:
            if own != "int32" or dtype != "int64":
                raise ValueError(f"Boundaries ({own}) must have the same dtype as x ({dtype}).")
            boundaries[i] = cast(boundary, dtype)
    for value in values[1:]:
        if value.dtype.base_dtype != values[0].dtype.base_dtype:
            raise ValueError(
                f"Values must have elements all with the same dtype ({values[0].dtype.base_dtype} vs "
                f"{value.dtype.base_dtype})."
            )
    if len(boundaries) != len(values) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")
    with _scope(name, "PiecewiseConstant"):
        position = convert_to_tensor(x)
        pairs = [(position <= boundaries[0], lambda: values[0]), (position > boundaries[-1], lambda: values[-1])]
        for low, high, value in zip(boundaries[:-1], boundaries[1:], values[1:-1]):
            pairs.append(((position > low) & (position <= high), lambda value=value: value))
        return case(pairs, lambda: values[0], exclusive=True)


piecewise_constant_decay = piecewise_constant


@core.repeats(ignoring="global_step")
def polynomial_decay(
    learning_rate, global_step, decay_steps, end_learning_rate=0.0001, power=1.0, cycle=False, name=None
):
    """``(learning_rate - end_learning_rate) * (1 - global_step / decay_steps) ** power + end_learning_rate``.

    Parameters
    ----------
    learning_rate, end_learning_rate : float or Tensor
        Where it starts, and where it is after `decay_steps`.
    global_step : int, Tensor or Variable
    decay_steps : int or Tensor, positive
    power : float or Tensor
    cycle : bool
        Start again after `decay_steps`, each time with longer steps, rather than stay at the end.
    name : str, optional
    """
    from .ops.compare import equal

    with _scope(name, "PolynomialDecay") as name:
        rate = _initial(learning_rate)
        dtype = rate.dtype
        end = cast(end_learning_rate, dtype)
        power = cast(power, dtype)
        step = cast(global_step, dtype)
        n_steps = cast(decay_steps, dtype)
        if cycle:
            # The first multiple of decay_steps at or above the step; 1 for step 0.
            multiplier = array.where_v2(equal(step, 0), 1.0, ceil(step / decay_steps))
            n_steps = multiply(n_steps, multiplier)
        else:
            step = minimum(step, n_steps)
        p = divide(step, n_steps)
        return add(multiply(rate - end, pow(1 - p, power)), end, name=name)


def _half_wave(fraction):
    """``0.5 * (1 + cos(pi * fraction))``: from 1 to 0 over one unit."""
    return 0.5 * (1.0 + cos(constant(math.pi) * fraction))


@core.repeats(ignoring="global_step")
def cosine_decay(learning_rate, global_step, decay_steps, alpha=0.0, name=None):
    """Half a cosine wave from `learning_rate` down to ``alpha * learning_rate`` (Loshchilov & Hutter 2016).

    Parameters
    ----------
    learning_rate : float or Tensor
    global_step : int, Tensor or Variable
    decay_steps : int or Tensor, positive
    alpha : float or Tensor
        What remains at the end, as a fraction.
    name : str, optional
    """
    with _scope(name, "CosineDecay"):
        rate = _initial(learning_rate)
        dtype = rate.dtype
        decay_steps = cast(decay_steps, dtype)
        step = minimum(cast(global_step, dtype), decay_steps)
        decayed = (1 - alpha) * _half_wave(step / decay_steps) + alpha
        return multiply(rate, decayed)


def cosine_decay_restarts(
    learning_rate, global_step, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0, name=None
):
    """Cosine decay that starts again and again (SGDR, Loshchilov & Hutter 2016).

    Parameters
    ----------
    learning_rate : float or Tensor
    global_step : int, Tensor or Variable
    first_decay_steps : int or Tensor, positive
        Steps of the first period.
    t_mul : float or Tensor
        How much longer each period is than the one before.
    m_mul : float or Tensor
        How much higher each period starts than the one before.
    alpha : float or Tensor
        What remains at the end of a period, as a fraction.
    name : str, optional
    """
    from .control_flow.cond import cond
    from .ops.compare import equal

    with _scope(name, "SGDRDecay") as name:
        rate = _initial(learning_rate)
        dtype = rate.dtype
        first_decay_steps = cast(first_decay_steps, dtype)
        alpha = cast(alpha, dtype)
        t_mul = cast(t_mul, dtype)
        m_mul = cast(m_mul, dtype)
        completed = cast(global_step, dtype) / first_decay_steps

        def equal_periods():
            restart = floor(completed)
            return restart, completed - restart

        def growing_periods():
            restart = floor(log(1.0 - completed * (1.0 - t_mul)) / log(t_mul))
            before = (1.0 - t_mul**restart) / (1.0 - t_mul)
            return restart, (completed - before) / t_mul**restart

        restart, fraction = cond(equal(t_mul, 1.0), equal_periods, growing_periods)
        height = m_mul**restart
        wave = 0.5 * height * (1.0 + cos(constant(math.pi) * fraction))
        return multiply(rate, (1 - alpha) * wave + alpha, name=name)


def linear_cosine_decay(
    learning_rate, global_step, decay_steps, num_periods=0.5, alpha=0.0, beta=0.001, name=None
):
    """A falling line times cosine waves (Bello et al. 2017, https://arxiv.org/abs/1709.07417).

    Parameters
    ----------
    learning_rate : float or Tensor
    global_step : int, Tensor or Variable
    decay_steps : int or Tensor, positive
    num_periods : float or Tensor
        Cosine waves until the end.
    alpha, beta : float or Tensor
        ``(alpha + line) * wave + beta`` is what the learning rate is multiplied by.
    name : str, optional
    """
    with _scope(name, "LinearCosineDecay") as name:
        rate = _initial(learning_rate)
        dtype = rate.dtype
        decay_steps = cast(decay_steps, dtype)
        num_periods = cast(num_periods, dtype)
        alpha = cast(alpha, dtype)
        beta = cast(beta, dtype)
        step = minimum(cast(global_step, dtype), decay_steps)
        line = (decay_steps - step) / decay_steps
        completed = step / decay_steps
        wave = _half_wave(2.0 * num_periods * completed)
        return multiply(rate, (alpha + line) * wave + beta, name=name)


def noisy_linear_cosine_decay(
    learning_rate,
    global_step,
    decay_steps,
    initial_variance=1.0,
    variance_decay=0.55,
    num_periods=0.5,
    alpha=0.0,
    beta=0.001,
    name=None,
):
    """`linear_cosine_decay` with noise on the line (Bello et al. 2017).

    Parameters
    ----------
    learning_rate, global_step, decay_steps, num_periods, alpha, beta, name
        As of `linear_cosine_decay`.
    initial_variance, variance_decay : float or Tensor
        The variance of the noise is ``initial_variance / (1 + global_step) ** variance_decay``.
    """
    from .ops.random import random_normal

    with _scope(name, "NoisyLinearCosineDecay") as name:
        rate = _initial(learning_rate)
        dtype = rate.dtype
        decay_steps = cast(decay_steps, dtype)
        initial_variance = cast(initial_variance, dtype)
        variance_decay = cast(variance_decay, dtype)
        num_periods = cast(num_periods, dtype)
        alpha = cast(alpha, dtype)
        beta = cast(beta, dtype)
        step = minimum(cast(global_step, dtype), decay_steps)
        line = (decay_steps - step) / decay_steps
        variance = initial_variance / pow(1.0 + step, variance_decay)
        std = sqrt(variance)
        line = line + random_normal(line.shape, stddev=std)
        completed = step / decay_steps
        wave = _half_wave(2.0 * num_periods * completed)
        return multiply(rate, (alpha + line) * wave + beta, name=name)

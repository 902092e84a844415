"""Clipping: by value, and by norms that keep directions."""

from collections.abc import Sequence

import numpy as np

from . import _core as core
from . import errors
from .conversion import constant, convert_to_tensor
from .graph import colocate_with
from .indexed_slices import IndexedSlices
from .ops import _rules as rules
from .ops import array
from .ops.arithmetic import maximum, minimum
from .ops.cast import cast
from .ops.elementwise import rsqrt, sqrt
from .ops.reduce import reduce_sum

__all__ = ["clip_by_average_norm", "clip_by_global_norm", "clip_by_norm", "clip_by_value", "global_norm"]

# ---------------------------------------------------------------- the fused op


def _clip_kernel(attrs, x, low, high):
    if not all(bound.ndim == 0 or bound.shape == x.shape for bound in (low, high)):
        raise errors.InvalidArgumentError(
            None,
            None,
            "clip_value_min and clip_value_max must be either of the same shape as input, or a scalar. input shape: "
            f"{rules.text(x.shape)}clip_value_min shape: {rules.text(low.shape)}clip_value_max shape: "
            f"{rules.text(high.shape)}",
        )
    return np.minimum(np.maximum(x, low), high)


def _clip_gradient(op, grad):
    """The gradient goes to `x`, or to the bound that replaced it."""
    from .ops.compare import greater, less, logical_or
    from .ops.select import where
    from .ops.shape import BROADCAST_GRADIENT_ARGS

    x, low, high = op.inputs
    x_shape, low_shape, high_shape = array.shape(x), array.shape(low), array.shape(high)
    zeros = array.zeros(array.shape(grad), grad.dtype)
    is_low, is_high = less(x, low), greater(x, high)
    low_axes = BROADCAST_GRADIENT_ARGS(x_shape, low_shape)[1]
    high_axes = BROADCAST_GRADIENT_ARGS(x_shape, high_shape)[1]
    x_grad = where(logical_or(is_low, is_high), zeros, grad)
    low_grad = where(is_low, grad, zeros)
    high_grad = where(is_high, grad, zeros)
    return [
        x_grad,
        array.reshape(reduce_sum(low_grad, low_axes), low_shape),
        array.reshape(reduce_sum(high_grad, high_axes), high_shape),
    ]


CLIP_BY_VALUE = core.OpType(
    "ClipByValue",
    "t: T, clip_value_min: T, clip_value_max: T -> output: T",
    f"T: {rules.NUMBER}",
    shape="same",
    kernel=_clip_kernel,
    gradient=core.replayed(_clip_gradient),
)

# ---------------------------------------------------------------- functions


def _values(t):
    return t.values if isinstance(t, IndexedSlices) else t


def _like(t, values):
    """`values` as IndexedSlices if `t` is one."""
    return IndexedSlices(values, t.indices, t.dense_shape) if isinstance(t, IndexedSlices) else values


def _check_tensors(t_list):
    if not isinstance(t_list, Sequence) or isinstance(t_list, str):
        raise TypeError(f"`t_list` should be a sequence of tensors. Received {type(t_list)}.")
    return list(t_list)


@core.repeats
def clip_by_value(t, clip_value_min, clip_value_max, name=None):
    """`t` with elements below `clip_value_min` raised to it and elements above `clip_value_max` lowered to it.

    Parameters
    ----------
    t : Tensor or IndexedSlices
    clip_value_min, clip_value_max : Tensor or number
        Broadcast to the shape of `t`.

    Raises
    ------
    ValueError
        If the bounds would broadcast `t` to another shape.
    """
    with core.name_scope(name, "clip_by_value", [t, clip_value_min, clip_value_max]) as name:
        values = convert_to_tensor(_values(t), name="t")
        not_above = minimum(values, clip_value_max)
        values.shape.assert_is_compatible_with(not_above.shape)
        clipped = maximum(not_above, clip_value_min, name=name)
        values.shape.assert_is_compatible_with(clipped.shape)
        return _like(t, clipped)


@core.repeats
def clip_by_norm(t, clip_norm, axes=None, name=None):
    """`t`, scaled down where its L2 norm along `axes` is more than `clip_norm`.

    Parameters
    ----------
    t : Tensor or IndexedSlices
    clip_norm : Tensor or number
        A number below 0 counts as 0.
    axes : list of int, optional
        Default all axes.
    """
    with core.name_scope(name, "clip_by_norm", [t, clip_norm]) as name:
        values = convert_to_tensor(_values(t), name="t")
        if np.isscalar(clip_norm):
            if clip_norm < 0:
                clip_norm = 0
        else:
            clip_norm = cast(maximum(clip_norm, 0), dtype=values.dtype)
        squares = reduce_sum(values * values, axes, keepdims=True)
        positive = squares > 0
        # The square root of 0 has no derivative: its place is taken by 1 before and by the 0 itself after.
        safe = array.where(positive, squares, array.ones_like(squares))
        norm = array.where(positive, sqrt(safe), squares)
        scaled = values * clip_norm
        values.shape.assert_is_compatible_with(scaled.shape)
        return _like(t, array.identity(scaled / maximum(norm, clip_norm), name=name))


@core.repeats
def global_norm(t_list, name=None):
    """L2 norm of all elements of a list of tensors together; None in the list is skipped.

    Raises
    ------
    TypeError
        If `t_list` is not a sequence.
    """
    from .ops.normalization import l2_loss

    t_list = _check_tensors(t_list)
    with core.name_scope(name, "global_norm", t_list) as name:
        values = [t if t is None else convert_to_tensor(_values(t), name=f"t_{i}") for i, t in enumerate(t_list)]
        halves = []
        for value in values:
            if value is not None:
                with colocate_with(value):
                    halves.append(l2_loss(value))
        half = reduce_sum(array.stack(halves))
        return sqrt(half * constant(2.0, dtype=half.dtype), name="global_norm")


@core.repeats
def clip_by_global_norm(t_list, clip_norm, use_norm=None, name=None):
    """The tensors of a list, all scaled by the same factor so that their global norm is at most `clip_norm`.

    Parameters
    ----------
    t_list : sequence of Tensor, IndexedSlices or None
    clip_norm : Tensor or number, positive
    use_norm : Tensor, optional
        The global norm, if it is known already.

    Returns
    -------
    list_clipped : list of Tensor, IndexedSlices or None
        NaN where the norm is not finite.
    global_norm : Tensor, scalar

    Raises
    ------
    TypeError
        If `t_list` is not a sequence.
    """
    t_list = _check_tensors(t_list)
    if use_norm is None:
        use_norm = global_norm(t_list, name)
    with core.name_scope(name, "clip_by_global_norm", [*t_list, clip_norm]) as name:
        finite_scale = clip_norm * minimum(1.0 / use_norm, constant(1.0, dtype=use_norm.dtype) / clip_norm)
        # The difference is 0, or NaN for a norm that is infinite or NaN.
        scale = finite_scale + (use_norm - use_norm)
        values = [t if t is None else convert_to_tensor(_values(t), name=f"t_{i}") for i, t in enumerate(t_list)]
        clipped = []
        for i, value in enumerate(values):
            if value is not None:
                with colocate_with(value):
                    value = array.identity(value * cast(scale, value.dtype), name=f"{name}_{i}")
            clipped.append(value)
        return [_like(t, value) for t, value in zip(t_list, clipped)], use_norm


@core.repeats
def clip_by_average_norm(t, clip_norm, name=None):
    """`t`, scaled down if its L2 norm divided by its number of elements is more than `clip_norm`."""
    from .ops.ranges import range

    with core.name_scope(name, "clip_by_average_norm", [t, clip_norm]) as name:
        t = convert_to_tensor(t, name="t")
        n_elements = cast(array.size(t), np.float32)
        inverse_norm = rsqrt(reduce_sum(t * t, range(array.rank(t))))
        return array.identity(
            t * clip_norm * minimum(inverse_norm * n_elements, constant(1.0) / clip_norm), name=name
        )

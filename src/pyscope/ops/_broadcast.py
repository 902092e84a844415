"""Gradients of broadcasting: what was repeated going forward is summed going back."""

from .. import _core as core
from . import array


def shapes_known_and_equal(x, y, grad):
    """Whether both arguments and the gradient are Tensors of one fully known shape: nothing was broadcast."""
    if not isinstance(grad, core.Tensor):
        return False
    dims = x.shape._dims
    return dims is not None and None not in dims and dims == y.shape._dims and dims == grad.shape._dims


def reduce_gradients(x, y, gx, gy):
    """Sum `gx` and `gy` (either may be None) over the axes along which `x` and `y` were broadcast."""
    if gx is None and gy is None:
        return [None, None]
    x_shape = array.shape(x)
    y_shape = array.shape(y)
    axes = _static_axes(x.shape._dims, y.shape._dims)
    if axes is None:
        axes = array.BROADCAST_GRADIENT_ARGS(x_shape, y_shape)
        x_reduced = y_reduced = True
    else:
        x_rank, y_rank = len(x.shape._dims), len(y.shape._dims)
        x_reduced = axes[0] or x_rank < y_rank
        y_reduced = axes[1] or y_rank < x_rank
    return [
        _reduce(gx, x_shape, axes[0]) if x_reduced else gx,
        _reduce(gy, y_shape, axes[1]) if y_reduced else gy,
    ]


def _reduce(grad, shape, axes):
    from .reduce import reduce_sum

    if grad is None:
        return None
    return array.reshape(reduce_sum(grad, axes, keepdims=True), shape)


def _static_axes(x_dims, y_dims):
    """Axes to sum over for `x` and for `y`, or None when they depend on the data."""
    if x_dims is None or y_dims is None:
        return None
    rank = max(len(x_dims), len(y_dims))
    x_dims = (1,) * (rank - len(x_dims)) + tuple(x_dims)
    y_dims = (1,) * (rank - len(y_dims)) + tuple(y_dims)
    x_axes, y_axes = [], []
    for axis, (m, n) in enumerate(zip(x_dims, y_dims)):
        if m == 1 and n != 1:
            x_axes.append(axis)
        elif n == 1 and m != 1:
            y_axes.append(axis)
        elif m is None or n is None:
            return None
    return x_axes, y_axes

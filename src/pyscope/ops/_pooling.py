"""What pooling of images and of volumes share: kernels in NumPy over `Windows`, channels last."""

import numpy as np

from . import array
from ._windows import widened

# ---------------------------------------------------------------- maxima


def lowest(dtype):
    return np.array(-np.inf, dtype) if dtype.kind not in "iu" else np.iinfo(dtype).min


def max_of_windows(x, windows):
    padded = windows.pad(x, lowest(x.dtype))
    out = None
    for _, place in windows.taps():
        seen = padded[(slice(None), *place)]
        out = seen.copy() if out is None else np.maximum(out, seen, out=out)
    return out


def first_of_maxima(x, windows):
    """For each window its maximum, and the number of the tap that has it, the first of several."""
    padded = windows.pad(x, lowest(x.dtype))
    best = which = None
    for number, (_, place) in enumerate(windows.taps()):
        seen = padded[(slice(None), *place)]
        if best is None:
            best, which = seen.copy(), np.zeros(seen.shape, np.int64)
            continue
        better = seen > best
        best[better] = seen[better]
        which[better] = number
    return best, which


def max_gradient(x, windows, grad):
    """The gradient of `max_of_windows` with respect to `x`."""
    _, which = first_of_maxima(x, windows)
    out = np.zeros((x.shape[0], *windows.padded, x.shape[-1]), grad.dtype)
    for number, (_, place) in enumerate(windows.taps()):
        out[(slice(None), *place)] += np.where(which == number, grad, grad.dtype.type(0))
    return np.ascontiguousarray(out[windows.inner])


def max_gradient_gradient(x, windows, grad):
    """Of each window the element of `grad` that lies where `x` has its maximum."""
    _, which = first_of_maxima(x, windows)
    padded = windows.pad(grad)
    out = np.zeros(which.shape, grad.dtype)
    for number, (_, place) in enumerate(windows.taps()):
        np.copyto(out, padded[(slice(None), *place)], where=which == number)
    return out


# ---------------------------------------------------------------- means


def counts(windows, dtype):
    """How many pixels of the image each window meets."""
    made = np.ones((), dtype)
    for axis, (size, k, s, o, (before, _)) in enumerate(
        zip(windows.spatial, windows.window, windows.strides, windows.outputs, windows.pads)
    ):
        start = np.arange(o) * s - before
        met = np.minimum(start + k, size) - np.maximum(start, 0)
        shape = [1] * (len(windows.spatial) + 1)
        shape[axis] = o
        made = made * met.reshape(shape)
    return made.astype(dtype)


def mean_of_windows(x, windows):
    padded = windows.pad(widened(x))
    out = np.zeros((x.shape[0], *windows.outputs, x.shape[-1]), padded.dtype)
    for _, place in windows.taps():
        out += padded[(slice(None), *place)]
    out /= counts(windows, out.dtype)
    return out.astype(x.dtype, copy=False)


def mean_gradient(windows, grad):
    """The gradient of `mean_of_windows` with respect to the images."""
    given = widened(grad)
    given = given / counts(windows, given.dtype)
    out = np.zeros((grad.shape[0], *windows.padded, grad.shape[-1]), given.dtype)
    for _, place in windows.taps():
        out[(slice(None), *place)] += given
    return np.ascontiguousarray(out[windows.inner]).astype(grad.dtype, copy=False)


# ---------------------------------------------------------------- gradients

STEPS = ("ksize", "strides", "padding", "data_format")


def zeros_and(op, block, grad):
    """Gradients of a gradient of maxima: it is locally constant in all but its last input."""
    return [
        array.zeros_like(op.inputs[0]),
        array.zeros_like(op.inputs[1]),
        block(op.inputs[0], op.inputs[1], grad, **{name: op.get_attr(name) for name in STEPS}),
    ]

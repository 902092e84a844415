"""What convolutions of images and of volumes share: kernels in NumPy over `Windows`, and gradients."""

import numpy as np

from . import _windows as win
from . import array


def outputs(c, spatial, window, n_dims, pads=True):
    """How many windows fit into each spatial dimension, by the attributes of a shape rule's node."""
    data_format, padding = c.attr("data_format"), c.attr("padding")
    pairs = [(0, 0)] * len(spatial)
    if pads:
        explicit = c.attr("explicit_paddings")
        win.check_explicit(padding, explicit, n_dims, data_format)
        pairs = win.explicit_pairs(explicit, data_format) or pairs
    return [
        win.window_output(size, k, d, s, padding, *pair)
        for size, k, d, s, pair in zip(
            spatial,
            window,
            win.attr_dims(c.attr("dilations"), data_format),
            win.attr_dims(c.attr("strides"), data_format),
            pairs,
        )
    ]


# ---------------------------------------------------------------- kernels: the general case


def forward(w, windows, x):
    """Convolution of channels-last `x`, in groups if the filter has fewer channels."""
    x = windows.pad(x)
    depth, out_depth = w.shape[-2:]
    groups = x.shape[-1] // depth
    out = np.zeros((x.shape[0], *windows.outputs, out_depth), x.dtype)
    part = out_depth // groups
    for g in range(groups):
        for tap, place in windows.taps():
            seen = x[(slice(None), *place, slice(g * depth, (g + 1) * depth))]
            out[..., g * part : (g + 1) * part] += seen @ w[tap][:, g * part : (g + 1) * part]
    return out


def backward_input(w, windows, grad, n_channels):
    """The gradient of `forward` with respect to the image."""
    depth, out_depth = w.shape[-2:]
    groups = n_channels // depth
    part = out_depth // groups
    out = np.zeros((grad.shape[0], *windows.padded, n_channels), grad.dtype)
    for g in range(groups):
        given = grad[..., g * part : (g + 1) * part]
        for tap, place in windows.taps():
            put = (slice(None), *place, slice(g * depth, (g + 1) * depth))
            out[put] += given @ w[tap][:, g * part : (g + 1) * part].T
    return out[windows.inner]


def backward_filter(x, windows, grad, depth):
    """The gradient of `forward` with respect to the filter, whose inputs have `depth` channels."""
    x = windows.pad(x)
    groups = x.shape[-1] // depth
    part = grad.shape[-1] // groups
    out = np.zeros((*windows.window, depth, grad.shape[-1]), grad.dtype)
    for g in range(groups):
        given = grad[..., g * part : (g + 1) * part].reshape(-1, part)
        for tap, place in windows.taps():
            seen = x[(slice(None), *place, slice(g * depth, (g + 1) * depth))].reshape(-1, depth)
            out[tap][:, g * part : (g + 1) * part] = seen.T @ given
    return out


# ---------------------------------------------------------------- gradients


def gradients(blocks, names, shapes=array.shape_n):
    """Gradient functions of a convolution and of the two gradients it has itself.

    Parameters
    ----------
    blocks : callable
        Returns the three blocks: they are not there yet when their gradients are.
    names : sequence of str
        Attributes that the three have in common.
    shapes : callable
        Yields the shapes of a list of two tensors.
    """

    def steps_of(op):
        return {name: op.get_attr(name) for name in names}

    def of_forward(op, grad):
        _, of_image, of_filter = blocks()
        steps, given = steps_of(op), iter(shapes([op.inputs[0], op.inputs[1]]))
        return [
            of_image(next(given), op.inputs[1], grad, **steps),
            of_filter(op.inputs[0], next(given), grad, **steps),
        ]

    def of_backward_input(op, grad):
        forward, _, of_filter = blocks()
        steps = steps_of(op)
        return [
            None,
            of_filter(grad, array.shape(op.inputs[1]), op.inputs[2], **steps),
            forward(grad, op.inputs[1], **steps),
        ]

    def of_backward_filter(op, grad):
        forward, of_image, _ = blocks()
        steps = steps_of(op)
        return [
            of_image(array.shape(op.inputs[0]), grad, op.inputs[2], **steps),
            None,
            forward(op.inputs[0], grad, **steps),
        ]

    return of_forward, of_backward_input, of_backward_filter

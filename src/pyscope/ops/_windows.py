"""What convolution and pooling share: windows that slide over the spatial dimensions of a batch of images.

Arrays are channels last here, ``[batch, *spatial, channels]``; `channels_last` brings others into that order.
"""

from itertools import product

import numpy as np

from .. import errors

CHANNELS_LAST = ("NWC", "NHC", "NHWC", "NWHC", "NDHWC", "NDWHC")


def invalid(message):
    return errors.InvalidArgumentError(None, None, message)


def unimplemented(message):
    return errors.UnimplementedError(None, None, message)


def text(value):
    """A string attribute as text."""
    return value.decode() if isinstance(value, bytes) else value


def is_channels_first(data_format):
    return text(data_format).startswith("NC")


# ---------------------------------------------------------------- arguments


def sequence(value, n, channel_index, name):
    """`value` for each of `n` spatial dimensions, with a 1 for batch and one for the channels at `channel_index`.

    Raises
    ------
    ValueError
        If there are neither 1 nor `n` nor ``n + 2`` values.
    """
    if value is None:
        return [1] * (n + 2)
    if isinstance(value, int) or not hasattr(value, "__len__"):
        value = [value]
    else:
        value = list(value)
    given = len(value)
    if given == n + 2:
        return value
    if given == 1:
        value = value * n
    elif given != n:
        raise ValueError(
            f"{name} should be of length 1, {n} or {n + 2}. Received: {name}={value} of length {given}"
        )
    return [1, 1] + value if channel_index == 1 else [1] + value + [1]


def steps_of(value, n, channel_index, name):
    """`sequence`, as ints."""
    return ints(sequence(value, n, channel_index, name), name)


def convert_padding(padding, expected_length=4):
    """The attributes `padding` and `explicit_paddings` for a padding that may be a list of pairs."""
    if padding == "EXPLICIT":
        raise ValueError(
            "'EXPLICIT' is not a valid value for `padding`. To use explicit padding, `padding` must be a list."
        )
    explicit = []
    if not isinstance(padding, (list, tuple)):
        return padding, explicit
    for i, pair in enumerate(padding):
        problem = None
        if not isinstance(pair, (list, tuple)):
            problem = f"type {type(pair)}"
        elif len(pair) != 2:
            problem = f"size {len(pair)}"
        if problem is not None:
            raise ValueError(
                "When `padding` is a list, each element of `padding` must be a list/tuple of size 2. "
                f"Received: padding={padding} with element at index {i} of {problem}"
            )
        explicit.extend(pair)
    if len(padding) != expected_length:
        raise ValueError(
            f"When padding is a list, it must be of size {expected_length}. "
            f"Received: padding={padding} of size {len(padding)}"
        )
    return "EXPLICIT", explicit


def ints(values, name):
    """A list of ints; complains before any name is taken, as TF's op functions do."""
    made = []
    for value in values:
        try:
            if isinstance(value, str):
                raise ValueError
            made.append(int(value))
        except (TypeError, ValueError):
            raise TypeError(f"Expected int for argument '{name}' not {value!r}.") from None
    return made


def int_list(value, name, op):
    """A list of ints given to the op called `op`, which takes no single number."""
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"Expected list for '{name}' argument to '{op}' Op, not {value!r}.")
    return ints(value, name)


def string(value, name):
    """A string given for a string attribute, checked before any name is taken."""
    if not isinstance(value, (str, bytes)):
        raise TypeError(f"Expected string for argument '{name}' not {value!r}.")
    return value


# ---------------------------------------------------------------- static shapes


def attr_dims(attribute, data_format):
    """The entries of a list of four or five that belong to the spatial dimensions."""
    return attribute[2:] if is_channels_first(data_format) else attribute[1:-1]


def dims_of(shape, data_format):
    """Batch, spatial dimensions and channels of a known-rank shape."""
    if is_channels_first(data_format):
        return shape[0], shape[2:], shape[1]
    return shape[0], shape[1:-1], shape[-1]


def shape_of(batch, spatial, channels, data_format):
    """The shape with these parts."""
    if is_channels_first(data_format):
        return (batch, channels, *spatial)
    return (batch, *spatial, channels)


def subtract(size, window):
    if size is None or window is None:
        return None
    if window > size:
        raise ValueError(f"Negative dimension size caused by subtracting {window} from {size}")
    return size - window


def window_output(size, window, dilation, stride, padding, before=0, after=0):
    """How many windows fit into one dimension, each number possibly unknown."""
    if stride <= 0:
        raise ValueError(f"Stride must be > 0, but got {stride}")
    if dilation < 1:
        raise ValueError(f"Dilation rate must be >= 1, but got {dilation}")
    padding = text(padding)
    if padding == "SAME":
        return None if size is None else -(-size // stride)
    if padding == "EXPLICIT" and size is not None:
        size += before + after
    if dilation > 1 and window is not None:
        window = subtract(window, 1) * dilation + 1
    size = subtract(size, window)
    return None if size is None else (size + stride) // stride


def check_explicit(padding, explicit, n_dims, data_format):
    """Refuse explicit paddings that do not fit the padding or the dimensions."""
    if text(padding) != "EXPLICIT":
        if explicit:
            raise ValueError(
                "explicit_paddings attribute must be empty if the padding attribute is not EXPLICIT"
            )
        return
    if len(explicit) != 2 * n_dims:
        raise ValueError(
            f"explicit_paddings attribute must contain {2 * n_dims} values, but got: {len(explicit)}"
        )
    if any(p < 0 for p in explicit):
        raise ValueError("All elements of explicit_paddings must be nonnegative")
    depth = 1 if is_channels_first(data_format) else n_dims - 1
    if any(explicit[i] for i in (0, 1, 2 * depth, 2 * depth + 1)):
        raise ValueError("Nonzero explicit padding in the batch or depth dimensions is not supported")


def explicit_pairs(explicit, data_format):
    """Pairs (before, after) of the spatial dimensions in a flat list."""
    pairs = [(explicit[i], explicit[i + 1]) for i in range(0, len(explicit), 2)]
    return attr_dims(pairs, data_format)


# ---------------------------------------------------------------- geometry at run time


class Windows:
    """Where the windows of one call lie, in each spatial dimension.

    Parameters
    ----------
    spatial, window, strides, dilations : sequence of int
        Sizes of the image and of the window, and the window's steps.
    padding : str
    pads : sequence of (int, int)
        Rows before and after the image; for explicit padding.
    """

    def __init__(self, spatial, window, strides, dilations, padding, pads=None):
        self.spatial, self.window = tuple(spatial), tuple(window)
        self.strides, self.dilations = tuple(strides), tuple(dilations)
        reach = [d * (k - 1) + 1 for d, k in zip(self.dilations, self.window)]
        if padding == "SAME":
            self.outputs = tuple(-(-size // s) for size, s in zip(self.spatial, self.strides))
            total = [
                max((o - 1) * s + r - size, 0)
                for o, s, r, size in zip(self.outputs, self.strides, reach, self.spatial)
            ]
            self.pads = tuple((t // 2, t - t // 2) for t in total)
            return
        self.pads = tuple(pads) if padding == "EXPLICIT" else ((0, 0),) * len(self.spatial)
        self.outputs = tuple((size - r + s) // s for size, r, s in zip(self.padded, reach, self.strides))
        for o, size, r, s in zip(self.outputs, self.padded, reach, self.strides):
            if o < 0:
                raise invalid(
                    f"Computed output size would be negative: {o} "
                    f"[input_size: {size}, effective_filter_size: {r}, stride: {s}]"
                )

    @classmethod
    def of_convolution(cls, attrs, spatial, window):
        """The windows of a convolution with these attributes."""
        data_format, padding = attrs["data_format"], text(attrs["padding"])
        return cls(
            spatial,
            window,
            attr_dims(attrs["strides"], data_format),
            attr_dims(attrs["dilations"], data_format),
            padding,
            explicit_pairs(attrs["explicit_paddings"], data_format) if padding == "EXPLICIT" else None,
        )

    @classmethod
    def of_pool(cls, spatial, ksize, strides, padding, data_format="NHWC", explicit=()):
        """The windows of a pooling op, whose attributes speak of all dimensions."""
        window = attr_dims(ksize, data_format)
        return cls(
            spatial,
            window,
            attr_dims(strides, data_format),
            (1,) * len(window),
            text(padding),
            explicit_pairs(explicit, data_format),
        )

    @property
    def padded(self):
        return tuple(size + a + b for size, (a, b) in zip(self.spatial, self.pads))

    def taps(self):
        """Each place in the window with the slices of a padded image that it meets."""
        for tap in product(*map(range, self.window)):
            starts = [k * d for k, d in zip(tap, self.dilations)]
            yield (
                tap,
                tuple(
                    slice(start, start + (o - 1) * s + 1 if o else start, s)
                    for start, o, s in zip(starts, self.outputs, self.strides)
                ),
            )

    def pad(self, x, value=0):
        """`x` with `value` around it; `x` itself when nothing is to be added."""
        if not any(a or b for a, b in self.pads):
            return x
        out = np.full((x.shape[0], *self.padded, x.shape[-1]), value, x.dtype)
        out[self.inner] = x
        return out

    @property
    def inner(self):
        """The place of the image in its padded form."""
        return (slice(None), *(slice(a, a + size) for (a, _), size in zip(self.pads, self.spatial)))


def channels_last(x, data_format):
    """A view of `x` with the channels last."""
    return np.moveaxis(x, 1, -1) if is_channels_first(data_format) else x


def channels_back(x, data_format):
    """`x`, whose channels are last, in the order of `data_format`."""
    return np.ascontiguousarray(np.moveaxis(x, -1, 1)) if is_channels_first(data_format) else x


def widened(x):
    """Half precision as float32, in which sums are formed."""
    return x.astype(np.float32) if x.dtype.itemsize == 2 and x.dtype.kind in "fV" else x

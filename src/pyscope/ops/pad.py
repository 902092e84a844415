"""Padding: Pad, PadV2, MirrorPad and its gradient."""

import numpy as np

from .. import _core as core
from .. import errors
from .._core import OpType
from ..static_value import constant_value
from ._array_rules import dim_value, show, with_rank
from .concat import stack
from .shape import rank, reshape, shape


def _padding_rule(sign):
    def rule(c):
        given = c.shape(0)
        n, two = with_rank(c.shape(1), 2)
        dim_value(two, 2)
        if given is not None and n is not None and len(given) != n:
            raise ValueError("Shape must be rank %d but is rank %d" % (n, len(given)))
        paddings = c.constant(1)
        if paddings is None:
            if given is not None:
                return [(None,) * len(given)]
            return [None if n is None else (None,) * n]
        if given is None:
            given = (None,) * len(paddings)
        out = []
        for d, (before, after) in zip(given, paddings.tolist()):
            if before < 0 or after < 0:
                raise ValueError("Paddings must be non-negative")
            out.append(None if d is None else d + sign * (before + after))
        return [tuple(out)]

    return rule


def _check_paddings(x, paddings):
    if paddings.ndim != 2 or paddings.shape[1] != 2:
        raise errors.InvalidArgumentError(
            None, None, "paddings must be a matrix with 2 columns: %s" % show(paddings.shape)
        )
    if len(paddings) != x.ndim:
        raise errors.InvalidArgumentError(
            None, None, "The first dimension of paddings must be the rank of inputs%s %s"
            % (show(paddings.shape), show(x.shape))
        )
    pairs = paddings.tolist()
    for before, after in pairs:
        if before < 0 or after < 0:
            raise errors.InvalidArgumentError(
                None, None, "Paddings must be non-negative: %d %d" % (before, after)
            )
    return pairs


def _pad_constant(x, paddings, value):
    pairs = _check_paddings(x, paddings)
    if not paddings.any():
        return x
    out = np.full([b + d + a for d, (b, a) in zip(x.shape, pairs)], value, x.dtype)
    out[tuple(slice(b, b + d) for d, (b, a) in zip(x.shape, pairs))] = x
    return out


def _pad_gradient(op, dy):
    from .slicing import slice as slice_

    x, paddings = op.inputs[0], op.inputs[1]
    before = slice_(paddings, [0, 0], stack([rank(x), 1]))
    begin = reshape(before, [-1])
    dx = slice_(dy, begin, shape(x, out_type=begin.dtype))
    return [dx] + [None] * (len(op.inputs) - 1)


PAD = OpType(
    "Pad",
    "input: T, paddings: Tpaddings -> output: T",
    "T: type; Tpaddings: int32|int64 = int32",
    shape=_padding_rule(1),
    kernel=core.kernel("pad", lambda attrs, x, paddings: _pad_constant(x, paddings, b"" if x.dtype == object else 0)),
    gradient=core.replayed(_pad_gradient),
    lacking="T: resource|variant",
)

PAD_V2 = OpType(
    "PadV2",
    "input: T, paddings: Tpaddings, constant_values: T -> output: T",
    "T: type; Tpaddings: int32|int64 = int32",
    shape=_padding_rule(1),
    kernel=lambda attrs, x, paddings, value: _pad_constant(x, paddings, value[()]),
    gradient=core.replayed(_pad_gradient),
)


def _mirror_indices(n, before, after, reflect):
    # Source of each element of a padded axis; REFLECT leaves the border out, SYMMETRIC repeats it.
    border = 1 if reflect else 0
    return np.concatenate([
        np.arange(before + border - 1, border - 1, -1), np.arange(n),
        np.arange(n - 1 - border, n - 1 - border - after, -1),
    ]).astype(np.intp)


def _mirror_pairs(x_shape, pairs, reflect):
    least = 1 if reflect else 0
    for d, (before, after) in zip(x_shape, pairs):
        if before > d - least or after > d - least:
            text = "paddings must be %s the dimension size: %d, %d %s %d" % (
                "less than" if reflect else "no greater than", before, after,
                "not less than" if reflect else "greater than", d,
            )
            raise errors.InvalidArgumentError(None, None, text)


def _mirror_pad_kernel(attrs, x, paddings):
    pairs = _check_paddings(x, paddings)
    reflect = attrs["mode"] == b"REFLECT"
    _mirror_pairs(x.shape, pairs, reflect)
    for axis, (before, after) in enumerate(pairs):
        if before or after:
            x = x.take(_mirror_indices(x.shape[axis], before, after, reflect), axis)
    return x


def _mirror_pad_grad_kernel(attrs, dy, paddings):
    pairs = _check_paddings(dy, paddings)
    reflect = attrs["mode"] == b"REFLECT"
    for axis, (before, after) in enumerate(pairs):
        if before or after:
            n = dy.shape[axis] - before - after
            dims = list(dy.shape)
            dims[axis] = n
            out = np.zeros(dims, dy.dtype)
            np.add.at(
                np.moveaxis(out, axis, 0), _mirror_indices(n, before, after, reflect), np.moveaxis(dy, axis, 0)
            )
            dy = out
    return dy


MIRROR_PAD = OpType(
    "MirrorPad",
    "input: T, paddings: Tpaddings -> output: T",
    "T: type; Tpaddings: int32|int64 = int32; mode: 'REFLECT'|'SYMMETRIC'",
    shape=_padding_rule(1),
    kernel=_mirror_pad_kernel,
    gradient=lambda op, dy: [MIRROR_PAD_GRAD(dy, op.inputs[1], mode=op.get_attr("mode")), None],
)

MIRROR_PAD_GRAD = OpType(
    "MirrorPadGrad",
    "input: T, paddings: Tpaddings -> output: T",
    "T: type; Tpaddings: int32|int64 = int32; mode: 'REFLECT'|'SYMMETRIC'",
    shape=_padding_rule(-1),
    kernel=_mirror_pad_grad_kernel,
    gradient=lambda op, dy: [MIRROR_PAD(dy, op.inputs[1], mode=op.get_attr("mode")), None],
)


@core.repeats(ignoring="tensor")
def pad(tensor, paddings, mode="CONSTANT", name=None, constant_values=0):
    """`tensor` with ``paddings[i] = [before, after]`` elements added at the ends of dimension i.

    `mode` is "CONSTANT" (`constant_values`), "REFLECT" (mirrored without the border) or "SYMMETRIC" (with it).
    """
    mode = mode.upper()
    if mode == "CONSTANT":
        # Zeros need no third input.
        if (
            not isinstance(constant_values, core.Tensor) and np.ndim(constant_values) == 0
            and constant_values == np.zeros_like(constant_values)
        ):
            result = PAD(tensor, paddings, name=name)
        else:
            result = PAD_V2(tensor, paddings, constant_values, name=name)
    elif mode in ("REFLECT", "SYMMETRIC"):
        result = MIRROR_PAD(tensor, paddings, mode=mode, name=name)
    else:
        raise ValueError(
            "Value of argument `mode` expected to be one of \"CONSTANT\", \"REFLECT\", or \"SYMMETRIC\". "
            f"Received `mode` = {mode}"
        )
    static = result.op.inputs[0].get_shape()._dims
    if static is not None and not result.get_shape().is_fully_defined():
        known = _paddings_constant(paddings)
        if known is not None:
            dims = []
            for padding, d in zip(known, static):
                if padding is None or d is None or any(x is None for x in padding):
                    dims.append(None)
                else:
                    dims.append(int(sum(padding)) + d)
            result.set_shape(dims)
    return result


def _paddings_constant(paddings):
    if isinstance(paddings, core.Tensor):
        return constant_value(paddings, partial=True)
    if isinstance(paddings, (list, tuple)):
        return [_paddings_constant(x) for x in paddings]
    return paddings

"""Ops that hand a value on: Identity and its kin, placeholders, checks of a value or a shape."""

import numpy as np

from .. import _core as core
from .. import errors
from .._core import OpType
from ._array_rules import merge, show


def _pass(attrs, x):
    return x


def _pass_gradient(op, dy):
    return [dy]


IDENTITY = OpType(
    "Identity",
    "input: T -> output: T",
    "T: type",
    shape="same",
    kernel=_pass,
    gradient=core.replayed(_pass_gradient),
)


@core.repeats(ignoring="input")
def identity(input, name=None):
    """A tensor with the value of `input`."""
    parts = getattr(input, "_map_components", None)
    if parts is not None:
        return parts(identity)
    return IDENTITY(input, name=name)


def _identity_n_rule(c):
    return [c.shape(i) for i in range(c.n_inputs)]


IDENTITY_N = OpType(
    "IdentityN",
    "input: [T] -> output: [T]",
    "T: list(type) >= 1",
    shape=_identity_n_rule,
    kernel=lambda attrs, *inputs: list(inputs),
    gradient=lambda op, *dys: list(dys),
)


def identity_n(input, name=None):
    """Tensors with the values of the list `input`."""
    return IDENTITY_N(input, name=name)


SNAPSHOT = OpType(
    "Snapshot",
    "input: T -> output: T",
    "T: type",
    shape="same",
    kernel=lambda attrs, x: x.copy(),
    gradient=None,
)


def snapshot(input, name=None):
    """A copy of `input` at this point of the run."""
    return SNAPSHOT(input, name=name)


DEEP_COPY = OpType(
    "DeepCopy",
    "x: T -> y: T",
    "T: type",
    shape="same",
    kernel=lambda attrs, x: x.copy(),
    gradient=None,
    stateful=True,
)

STOP_GRADIENT = OpType(
    "StopGradient",
    "input: T -> output: T",
    "T: type",
    shape="same",
    kernel=_pass,
    gradient=core.NO_GRADIENT,
)


@core.repeats(ignoring="input")
def stop_gradient(input, name=None):
    """`input`, taken as a constant when gradients are computed."""
    parts = getattr(input, "_map_components", None)
    if parts is not None:
        return parts(stop_gradient)
    return STOP_GRADIENT(input, name=name)


def _prevent_gradient_gradient(op, dy):
    message = op.get_attr("message")
    if isinstance(message, bytes):
        message = repr(message)
    raise LookupError("Gradient explicitly disabled. Reason: %s" % message)


PREVENT_GRADIENT = OpType(
    "PreventGradient",
    "input: T -> output: T",
    "T: type; message: string = ''",
    shape="same",
    kernel=_pass,
    gradient=_prevent_gradient_gradient,
)


def prevent_gradient(input, message="", name=None):
    """`input`; asking for a gradient through it raises LookupError with `message`."""
    return PREVENT_GRADIENT(input, message=message, name=name)


GUARANTEE_CONST = OpType(
    "GuaranteeConst",
    "input: T -> output: T",
    "T: type",
    shape="same",
    kernel=_pass,
    gradient=None,
    stateful=True,
)


def guarantee_const(input, name=None):
    """`input`, promised never to change; here a plain identity."""
    return GUARANTEE_CONST(input, name=name)


DEBUG_GRADIENT_IDENTITY = OpType(
    "DebugGradientIdentity",
    "input: T -> output: T",
    "T: type",
    shape="same",
    kernel=_pass,
    gradient=None,
)


# ---------------------------------------------------------------- placeholders

def _placeholder_rule(c):
    shape = c.attr("shape")
    return [None if shape is None else shape._dims]


PLACEHOLDER = OpType(
    "Placeholder",
    " -> output: dtype",
    "dtype: type; shape: shape = None",
    shape=core.shape_rule("attribute", _placeholder_rule),
    kernel=None,
    gradient=None,
)


@core.direct(PLACEHOLDER)
def placeholder(dtype, shape=None, name=None):
    """A tensor whose value is given by ``feed_dict`` when it is needed.

    Parameters
    ----------
    dtype : DType
        Type of the values to be fed.
    shape : TensorShape, list or None
        Static shape; a dimension of None takes any size, and None takes any shape.
    """
    return PLACEHOLDER(dtype=dtype, shape=shape, name=name)


PLACEHOLDER_V2 = OpType(
    "PlaceholderV2",
    " -> output: dtype",
    "dtype: type; shape: shape",
    shape=core.shape_rule("attribute", _placeholder_rule),
    kernel=None,
    gradient=None,
)


def _placeholder_with_default_rule(c):
    dims = _placeholder_rule(c)[0]
    given = c.shape(0)
    merge(given, dims)
    # Any value of the declared shape may be fed, so a more precise default does not narrow it.
    return [dims]


PLACEHOLDER_WITH_DEFAULT = OpType(
    "PlaceholderWithDefault",
    "input: dtype -> output: dtype",
    "dtype: type; shape: shape",
    shape=_placeholder_with_default_rule,
    kernel=_pass,
    gradient=core.replayed(_pass_gradient),
)


@core.repeats
def placeholder_with_default(input, shape, name=None):
    """A placeholder that has the value `input` when nothing is fed."""
    return PLACEHOLDER_WITH_DEFAULT(input, shape=shape, name=name)


# ---------------------------------------------------------------- checks

def _check_numerics_kernel(attrs, x):
    if np.isfinite(x).all():
        return x
    found = []
    if np.isinf(x).any():
        found.append("Inf")
    if np.isnan(x).any():
        found.append("NaN")
    text = attrs["message"].decode() + " : Tensor had " + " and ".join(found) + " values"
    raise errors.InvalidArgumentError(None, None, text)


def _check_numerics_gradient(op, dy):
    message = op.get_attr("message")
    text = "Not a number (NaN) or infinity (Inf) values detected in gradient. %s" % message
    return [CHECK_NUMERICS(dy, message=text)]


CHECK_NUMERICS = OpType(
    "CheckNumerics",
    "tensor: T -> output: T",
    "T: bfloat16|float16|float32|float64; message: string",
    shape="same",
    kernel=_check_numerics_kernel,
    gradient=_check_numerics_gradient,
    stateful=True,
)


def check_numerics(tensor, message, name=None):
    """`tensor`; InvalidArgumentError with `message` when it has a NaN or an infinity."""
    return CHECK_NUMERICS(tensor, message=message, name=name)


def _ensure_shape_rule(c):
    return [merge(_placeholder_rule(c)[0], c.shape(0))]


def _ensure_shape_kernel(run, op, x):
    dims = op._attr("shape")[1]._dims
    if dims is not None and (
        len(dims) != x.ndim or any(d is not None and d != n for d, n in zip(dims, x.shape))
    ):
        raise errors.InvalidArgumentError(
            None, None, "Shape of tensor %s %s is not compatible with expected shape %s."
            % (op.inputs[0].name.removesuffix(":0"), show(x.shape), show(dims))
        )
    return x


ENSURE_SHAPE = OpType(
    "EnsureShape",
    "input: T -> output: T",
    "shape: shape; T: type",
    shape=_ensure_shape_rule,
    kernel=core.session_kernel(_ensure_shape_kernel),
    gradient=core.replayed(_pass_gradient),
)


def ensure_shape(x, shape, name=None):
    """`x` with the static shape `shape`, checked again when it runs."""
    return ENSURE_SHAPE(x, shape=shape, name=name)


# ---------------------------------------------------------------- reinterpretation

def _bitcast_rule(c):
    shape = c.shape(0)
    if shape is None:
        return [None]
    old, new = c.attr("T").size, c.attr("type").size
    if new < old:
        return [shape + (old // new,)]
    if new > old:
        if not shape:
            raise ValueError("Shape must be at least rank 1 but is rank 0")
        if shape[-1] is not None and shape[-1] != new // old:
            raise ValueError("Dimension must be %d but is %d" % (new // old, shape[-1]))
        return [shape[:-1]]
    return [shape]


def _bitcast_kernel(attrs, x):
    target = np.dtype(attrs["type"].as_numpy_dtype)
    x = np.ascontiguousarray(x).reshape(x.shape)  # ascontiguousarray gives a scalar a dimension
    if target.itemsize == x.dtype.itemsize:
        return x.view(target)
    if target.itemsize < x.dtype.itemsize:
        return x.reshape(x.shape + (1,)).view(target)
    return x.view(target).reshape(x.shape[:-1])


BITCAST = OpType(
    "Bitcast",
    "input: T -> output: type",
    "T: bfloat16|float16|float32|float64|int64|int32|uint8|uint16|uint32|uint64|int8|int16|complex64"
    "|complex128|qint8|quint8|qint16|quint16|qint32; "
    "type: bfloat16|float16|float32|float64|int64|int32|uint8|uint16|uint32|uint64|int8|int16|complex64"
    "|complex128|qint8|quint8|qint16|quint16|qint32",
    shape=_bitcast_rule,
    kernel=_bitcast_kernel,
    gradient=core.NO_GRADIENT,
)


def bitcast(input, type, name=None):
    """The bits of `input` read as `type`; a last dimension appears or goes where the sizes differ."""
    return BITCAST(input, type=type, name=name)

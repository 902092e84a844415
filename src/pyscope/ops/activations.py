"""Activation functions."""

import numpy as np

from .. import _core as core
from .. import dtypes
from ..conversion import convert_to_tensor
from . import array
from ._rules import REAL, activation, activation_gradient, after, merge_both
from .elementwise import sigmoid_kernel

__all__ = [
    "crelu", "elu", "gelu", "leaky_relu", "relu", "relu6", "selu", "silu", "softplus", "softsign", "swish",
]  # fmt: skip

SELU_SCALE = 1.0507009873554804934193349852946  # Klambauer et al. 2017, "Self-Normalizing Neural Networks"
SELU_SCALE_ALPHA = 1.7580993408473768599402175208123


def _of_result(fused):
    """Gradient that needs the activation's result: ``fused()(grad, y)``."""
    return lambda op, grad: [fused()(grad, op.outputs[0])]


# ---------------------------------------------------------------- rectifiers


def _zero_for_second(fused):
    """Gradient of a piecewise linear derivative: through the incoming gradient alone."""

    def gradient(op, grad):
        x = op.inputs[1]
        return [fused()(grad, x), array.zeros_like(x)]

    return gradient


def _relu_kernel(attrs, x):
    return np.maximum(x, x.dtype.type(0))


def _relu_grad_kernel(attrs, grad, x):
    return grad * (x > 0)


def _relu6_kernel(attrs, x):
    return np.minimum(np.maximum(x, x.dtype.type(0)), x.dtype.type(6))


def _relu6_grad_kernel(attrs, grad, x):
    return grad * ((x > 0) & (x < 6))


RELU = activation("Relu", core.kernel("relu", _relu_kernel), _of_result(lambda: RELU_GRAD), REAL + "|qint8")
RELU_GRAD = activation_gradient(
    "ReluGrad", _relu_grad_kernel, _zero_for_second(lambda: RELU_GRAD), REAL, typed="relu_grad"
)
RELU6 = activation("Relu6", _relu6_kernel, _of_result(lambda: RELU6_GRAD), REAL)
RELU6_GRAD = activation_gradient("Relu6Grad", _relu6_grad_kernel, _zero_for_second(lambda: RELU6_GRAD), REAL)


@core.direct(RELU)
def relu(features, name=None):
    """``max(x, 0)`` of each element."""
    return RELU(features, name=name)


@core.direct(RELU6)
def relu6(features, name=None):
    """``min(max(x, 0), 6)`` of each element."""
    return RELU6(features, name=name)


@core.repeats
def crelu(features, name=None, axis=-1):
    """`relu` of `features` and of their negative, joined along `axis`."""
    with core.name_scope(name, "CRelu", [features]) as name:
        features = convert_to_tensor(features, name="features")
        return RELU(array.concat([features, -features], axis, name=name))


def _leaky_kernel(attrs, x):
    return np.where(x > 0, x, x * x.dtype.type(attrs["alpha"]))


def _leaky_grad_kernel(attrs, grad, x):
    return np.where(x > 0, grad, grad * grad.dtype.type(attrs["alpha"]))


def _leaky_gradient(op, grad):
    return [LEAKY_RELU_GRAD(grad, op.inputs[0], alpha=op.get_attr("alpha"))]


def _leaky_grad_gradient(op, grad):
    x = op.inputs[1]
    return [LEAKY_RELU_GRAD(grad, x, alpha=op.get_attr("alpha")), array.zeros_like(x)]


_LEAKY_ATTRS = "alpha: float = 0.20000000298023224; T: float16|bfloat16|float32|float64 = float32"
LEAKY_RELU = core.OpType(
    "LeakyRelu",
    "features: T -> activations: T",
    _LEAKY_ATTRS,
    shape="same",
    kernel=_leaky_kernel,
    gradient=core.replayed(_leaky_gradient),
)
LEAKY_RELU_GRAD = core.OpType(
    "LeakyReluGrad",
    "gradients: T, features: T -> backprops: T",
    _LEAKY_ATTRS,
    shape=merge_both,
    kernel=_leaky_grad_kernel,
    gradient=core.replayed(_leaky_grad_gradient),
)


@core.repeats
def leaky_relu(features, alpha=0.2, name=None):
    """``x`` where positive, else ``alpha * x``; integers are cast to float32."""
    from .cast import cast

    with core.name_scope(name, "LeakyRelu", [features, alpha]) as name:
        features = convert_to_tensor(features, name="features")
        if features.dtype.is_integer:
            features = cast(features, dtypes.float32)
        if isinstance(alpha, np.ndarray):
            alpha = alpha.item()
        return LEAKY_RELU(features, alpha=alpha, name=name)


# ---------------------------------------------------------------- exponential units


def _elu_kernel(attrs, x):
    return np.where(x < 0, np.expm1(np.minimum(x, x.dtype.type(0))), x)


def _elu_grad_kernel(attrs, grad, y):
    return np.where(y < 0, (y + y.dtype.type(1)) * grad, grad)


def _selu_kernel(attrs, x):
    real = x.dtype.type
    negative = real(SELU_SCALE_ALPHA) * np.expm1(np.minimum(x, real(0)))
    return np.where(x < 0, negative, real(SELU_SCALE) * x)


def _selu_grad_kernel(attrs, grad, y):
    real = y.dtype.type
    return np.where(y < 0, grad * (y + real(SELU_SCALE_ALPHA)), grad * real(SELU_SCALE))


def _unit_grad_gradient(fused, zero):
    def gradient(op, grad):
        y = op.inputs[1]
        return [
            fused()(grad, y),
            array.where(y < zero, grad * op.inputs[0], array.zeros_like(y)),
        ]

    return gradient


_HALF_FIRST = "float16|bfloat16|float32|float64"
ELU = activation("Elu", _elu_kernel, _of_result(lambda: ELU_GRAD), _HALF_FIRST)
ELU_GRAD = activation_gradient(
    "EluGrad", _elu_grad_kernel, _unit_grad_gradient(lambda: ELU_GRAD, 0), _HALF_FIRST, second="outputs"
)
SELU = activation("Selu", _selu_kernel, _of_result(lambda: SELU_GRAD), _HALF_FIRST)
SELU_GRAD = activation_gradient(
    "SeluGrad", _selu_grad_kernel, _unit_grad_gradient(lambda: SELU_GRAD, 0.0), _HALF_FIRST, second="outputs"
)


@core.direct(ELU)
def elu(features, name=None):
    """``x`` where positive, else ``e**x - 1``."""
    return ELU(features, name=name)


@core.direct(SELU)
def selu(features, name=None):
    """Scaled `elu` that keeps mean 0 and variance 1 (Klambauer et al. 2017)."""
    return SELU(features, name=name)


# ---------------------------------------------------------------- smooth units


def _softplus_kernel(attrs, x):
    return np.logaddexp(x, x.dtype.type(0))


def _softplus_gradient(op, grad):
    from .elementwise import sigmoid

    return [grad * sigmoid(op.inputs[0])]


def _softplus_grad_kernel(attrs, grad, x):
    return grad * sigmoid_kernel(attrs, x)


def _softplus_grad_gradient(op, grad):
    from .elementwise import exp

    dy, x = op.inputs
    with after(grad):
        return [SOFTPLUS_GRAD(grad, x), grad * dy / (exp(-x) + 2.0 + exp(x))]


def _softsign_kernel(attrs, x):
    return x / (np.absolute(x) + x.dtype.type(1))


def _softsign_grad_kernel(attrs, grad, x):
    return grad / np.square(np.absolute(x) + x.dtype.type(1))


SOFTPLUS = activation("Softplus", _softplus_kernel, _softplus_gradient, _HALF_FIRST)
SOFTPLUS_GRAD = activation_gradient(
    "SoftplusGrad", _softplus_grad_kernel, _softplus_grad_gradient, _HALF_FIRST
)
SOFTSIGN = activation(
    "Softsign", _softsign_kernel, lambda op, grad: [SOFTSIGN_GRAD(grad, op.inputs[0])], _HALF_FIRST
)
SOFTSIGN_GRAD = activation_gradient("SoftsignGrad", _softsign_grad_kernel, None, _HALF_FIRST)


@core.direct(SOFTPLUS)
def softplus(features, name=None):
    """``log(e**x + 1)`` of each element."""
    return SOFTPLUS(features, name=name)


@core.direct(SOFTSIGN)
def softsign(features, name=None):
    """``x / (|x| + 1)`` of each element."""
    return SOFTSIGN(features, name=name)


@core.repeats
def swish(features, beta=1.0):
    """``x * sigmoid(beta * x)`` of each element (Ramachandran et al. 2017)."""
    from ..gradients import custom_gradient
    from .cast import cast
    from .elementwise import sigmoid, square
    from .reduce import reduce_sum

    features = convert_to_tensor(features, name="features")
    beta = cast(convert_to_tensor(beta, name="beta"), features.dtype)

    @custom_gradient
    def swish_impl(features, beta):
        def grad(dy):
            with after(dy):  # recompute rather than keep: the activations may be large
                gate = sigmoid(beta * features)
            slope = gate * (1.0 + beta * features * (1.0 - gate))
            beta_grad = reduce_sum(dy * square(features) * gate * (1.0 - gate))
            return dy * slope, beta_grad

        return features * sigmoid(beta * features), grad

    return swish_impl(features, beta)


silu = swish


@core.repeats
def gelu(features, approximate=False, name=None):
    """``x`` times the normal distribution's cumulative probability of x (Hendrycks and Gimpel 2016)."""
    from .arithmetic import pow as tensor_pow
    from .cast import cast
    from .elementwise import tanh
    from .special import erfc

    with core.name_scope(name, "Gelu", [features]):
        features = convert_to_tensor(features, name="features")
        if not features.dtype.is_floating:
            raise ValueError(
                f"`features.dtype` must be a floating point tensor.Received:features.dtype={features.dtype}"
            )
        if approximate:
            coeff = cast(0.044715, features.dtype)
            inner = 0.7978845608028654 * (features + coeff * tensor_pow(features, 3))  # sqrt(2 / pi)
            return 0.5 * features * (1.0 + tanh(inner))
        return 0.5 * features * erfc(-features * cast(0.7071067811865476, features.dtype))  # sqrt(1 / 2)

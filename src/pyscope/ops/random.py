"""Random tensors whose ops go through one stream per session: uniform, normal, shuffles, draws of classes.

The numbers are those of TF's CPU kernels for the same seeds (src/core/kernels/random.pxi). An op's generator
starts in the session's first run of the op and moves on with each.
"""

import numpy as np

from .. import _core as core
from .. import dtypes, errors
from .._core import OpType
from ..conversion import convert_to_tensor
from ..random_seed import get_seed
from ..tensor_shape import dimension_value
from ._array_rules import scalar, show, vector, with_rank
from ._rules import size_input
from .arithmetic import add, maximum, multiply
from .shape import broadcast_dynamic_shape, broadcast_to, maybe_set_static_shape
from .shape import shape as shape_of

FLOATS = "float16|bfloat16|float32|float64"
_LOGITS = "float32|float64|int32|uint8|int16|int8|int64|bfloat16|uint16|float16|uint32|uint64"


# ---------------------------------------------------------------- rules and kernels


def random_shape(c):
    """The shape given by the vector that is input 0."""
    vector(c, 0)
    return [c.constant_shape(0)]


def int_range_rule(low):
    """As `random_shape`; inputs `low` and ``low + 1`` are scalar bounds."""

    def rule(c):
        vector(c, 0)
        for i, name in ((low, "minval"), (low + 1, "maxval")):
            shape = c.shape(i)
            if shape:
                raise ValueError(f"{name} must be a scalar; got a tensor of shape {show(shape)}")
        return [c.constant_shape(0)]

    return rule


def multinomial_rule(c):
    """(rows of the logits, number of samples)."""
    rows = with_rank(c.shape(0), 2)[0]
    scalar(c, 1)
    return [(rows, size_input(c, 1))]


def _samples_rule(c):
    # The shape of the samples for each parameter, then the shape of the parameters.
    vector(c, 0)
    samples, parameters = c.constant_shape(0), c.shape(1)
    return [None if samples is None or parameters is None else samples + parameters]


def invalid(message):
    """An InvalidArgumentError for the executor to complete."""
    return errors.InvalidArgumentError(None, None, message)


def checked_shape(shape, lone=False):
    """The shape in a vector of sizes, as a tuple; with `lone` a scalar stands for a vector of one."""
    if shape.ndim != 1 and not (lone and shape.ndim == 0):
        raise invalid(f"shape must be a vector of {{int32,int64}}, got shape {show(shape.shape)}")
    sizes = tuple(shape.reshape(-1).tolist())
    for size in sizes:
        if size < 0:
            raise invalid(f"Dimension {size} must be >= 0")
    return sizes


def checked_range(minval, maxval):
    """Scalar bounds as ints, ``lo < hi``."""
    for name, bound in (("minval", minval), ("maxval", maxval)):
        if bound.ndim:
            raise invalid(f"{name} must be 0-D, got shape {show(bound.shape)}")
    lo, hi = int(minval), int(maxval)
    if lo >= hi:
        raise invalid(f"Need minval < maxval, got {lo} >= {hi}")
    return lo, hi


def multinomial_values(generator, dtype, logits, num_samples):
    """Class indices for each row of `logits`."""
    if logits.ndim != 2:
        raise invalid(f"logits should be a matrix, got shape {show(logits.shape)}")
    if num_samples.ndim:
        raise invalid(f"num_samples should be a scalar, got shape {show(num_samples.shape)}")
    if num_samples < 0:
        raise invalid(f"num_samples should be non-negative, got {num_samples}")
    if not logits.shape[1]:
        raise invalid("num_classes should be positive, got 0")
    return core.random_multinomial(generator, logits, int(num_samples), dtype)


def _generator(run, op):
    """The op's generator and the NumPy dtype of its output, kept by the session."""

    def make():
        return (
            core.PhiloxGenerator(op.get_attr("seed"), op.get_attr("seed2")),
            np.dtype(op.outputs[0].dtype.as_numpy_dtype),
        )

    return run.op_state(op, make)


def _fill_kernel(kind):
    @core.session_kernel
    def kernel(run, op, shape):
        generator, dtype = _generator(run, op)
        return core.random_fill(kind, generator, checked_shape(shape), dtype)

    return kernel


@core.session_kernel
def _uniform_int_kernel(run, op, shape, minval, maxval):
    generator, dtype = _generator(run, op)
    lo, hi = checked_range(minval, maxval)
    return core.random_fill("int", generator, checked_shape(shape), dtype, lo, hi)


@core.session_kernel
def _shuffle_kernel(run, op, value):
    generator = run.op_state(op, lambda: core.PhiloxGenerator(op.get_attr("seed"), op.get_attr("seed2")))
    return core.random_shuffle(generator, value)


@core.session_kernel
def _multinomial_kernel(run, op, logits, num_samples):
    generator, dtype = _generator(run, op)
    return multinomial_values(generator, dtype, logits, num_samples)


@core.session_kernel
def _gamma_kernel(run, op, shape, alpha):
    generator, _ = _generator(run, op)
    return core.random_gamma(generator, checked_shape(shape), alpha)


@core.session_kernel
def _poisson_kernel(run, op, shape, rate):
    generator, dtype = _generator(run, op)
    return core.random_poisson(generator, checked_shape(shape), rate, dtype)


# ---------------------------------------------------------------- ops


def _random(op_type, kind):
    return OpType(
        op_type,
        "shape: T -> output: dtype",
        f"seed: int = 0; seed2: int = 0; dtype: {FLOATS}; T: int32|int64",
        shape=random_shape,
        kernel=_fill_kernel(kind),
        gradient=core.NO_GRADIENT,
        stateful=True,
    )


RANDOM_UNIFORM = _random("RandomUniform", "uniform")
RANDOM_STANDARD_NORMAL = _random("RandomStandardNormal", "normal")
TRUNCATED_NORMAL = _random("TruncatedNormal", "truncated_normal")

RANDOM_UNIFORM_INT = OpType(
    "RandomUniformInt",
    "shape: T, minval: Tout, maxval: Tout -> output: Tout",
    "seed: int = 0; seed2: int = 0; Tout: int32|int64; T: int32|int64",
    shape=int_range_rule(1),
    kernel=_uniform_int_kernel,
    stateful=True,
)

RANDOM_SHUFFLE = OpType(
    "RandomShuffle",
    "value: T -> output: T",
    "seed: int = 0; seed2: int = 0; T: type",
    shape="same",
    kernel=_shuffle_kernel,
    gradient=core.NO_GRADIENT,
    stateful=True,
)

MULTINOMIAL = OpType(
    "Multinomial",
    "logits: T, num_samples: int32 -> output: output_dtype",
    f"seed: int = 0; seed2: int = 0; T: {_LOGITS}; output_dtype: int32|int64 = int64",
    shape=multinomial_rule,
    kernel=_multinomial_kernel,
    gradient=core.NO_GRADIENT,
    stateful=True,
)

RANDOM_GAMMA = OpType(
    "RandomGamma",
    "shape: S, alpha: T -> output: T",
    "seed: int = 0; seed2: int = 0; S: int32|int64; T: float16|float32|float64",
    shape=_samples_rule,
    kernel=_gamma_kernel,
    stateful=True,
)

RANDOM_POISSON = OpType(
    "RandomPoissonV2",
    "shape: S, rate: R -> output: dtype",
    "seed: int = 0; seed2: int = 0; S: int32|int64; R: float16|float32|float64|int32|int64 = float64; "
    "dtype: float16|float32|float64|int32|int64 = int64",
    shape=_samples_rule,
    kernel=_poisson_kernel,
    stateful=True,
)


# ---------------------------------------------------------------- functions


def _seeds(seed):
    seed1, seed2 = get_seed(seed)
    return {"seed": seed1 or 0, "seed2": seed2 or 0}


def shape_tensor(shape):
    """`shape` as a tensor called "shape"; int32 if it is empty."""
    dtype = None
    if isinstance(shape, (tuple, list)):
        dtype = None if shape else dtypes.int32
        shape = tuple(map(dimension_value, shape))
    return convert_to_tensor(shape, dtype=dtype, name="shape")


def _scaled(op_type, default_name, shape, mean, stddev, dtype, seed, name):
    with core.name_scope(name, default_name, [shape, mean, stddev]) as scope:
        sizes = shape_tensor(shape)
        mean = convert_to_tensor(mean, dtype=dtype, name="mean")
        stddev = convert_to_tensor(stddev, dtype=dtype, name="stddev")
        result = add(op_type(sizes, dtype=dtype, **_seeds(seed)) * stddev, mean, name=scope)
        maybe_set_static_shape(result, shape)
        return result


@core.repeats
def random_normal(shape, mean=0.0, stddev=1.0, dtype=dtypes.float32, seed=None, name=None):
    """Normally distributed random values.

    Parameters
    ----------
    shape : int vector
    mean, stddev : Tensor or number, broadcast to `shape`
    dtype : float16, float32 or float64
    seed : int, optional
        Together with the graph's seed it decides the stream (see `set_random_seed`).
    """
    return _scaled(RANDOM_STANDARD_NORMAL, "random_normal", shape, mean, stddev, dtype, seed, name)


@core.repeats
def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=dtypes.float32, seed=None, name=None):
    """Normal random values, those beyond two standard deviations from the mean drawn again."""
    return _scaled(TRUNCATED_NORMAL, "truncated_normal", shape, mean, stddev, dtype, seed, name)


def _checked_dtype(dtype, accepted):
    dtype = dtypes.as_dtype(dtype)
    if dtype not in accepted:
        raise ValueError(f"Argument `dtype` got invalid value {dtype}. Accepted dtypes are {accepted}.")
    return dtype


_UNIFORM_DTYPES = (
    dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64
)  # fmt: skip


@core.repeats
def random_uniform(shape, minval=0, maxval=None, dtype=dtypes.float32, seed=None, name=None):
    """Random values uniform in ``[minval, maxval)``.

    `maxval` defaults to 1 for floating `dtype`; integers need it, and scalar bounds.

    Raises
    ------
    ValueError
        If `dtype` is an integer type and `maxval` is None, or if `dtype` is another type than the ops have.
    """
    dtype = _checked_dtype(dtype, _UNIFORM_DTYPES)
    if maxval is None:
        if dtype.is_integer:
            raise ValueError("Must specify maxval for integer dtype %r" % dtype)
        maxval = 1
    with core.name_scope(name, "random_uniform", [shape, minval, maxval]) as scope:
        shape = shape_tensor(shape)
        from_zero = isinstance(minval, int) and minval == 0
        to_one = isinstance(maxval, int) and maxval == 1
        if not (from_zero and to_one) or dtype.is_integer:
            minval = convert_to_tensor(minval, dtype=dtype, name="min")
            maxval = convert_to_tensor(maxval, dtype=dtype, name="max")
        seeds = _seeds(seed)
        if dtype.is_integer:
            result = RANDOM_UNIFORM_INT(shape, minval, maxval, name=scope, **seeds)
        else:
            result = RANDOM_UNIFORM(shape, dtype=dtype, **seeds)
            if not from_zero:
                result = add(result * (maxval - minval), minval, name=scope)
            elif not to_one:
                result = multiply(result, maxval)
        maybe_set_static_shape(result, shape)
        return result


@core.repeats(ignoring="value")
def random_shuffle(value, seed=None, name=None):
    """`value` with its first dimension in random order."""
    return RANDOM_SHUFFLE(value, name=name, **_seeds(seed))


def _categorical(logits, num_samples, dtype, seed):
    logits = convert_to_tensor(logits, name="logits")
    dtype = _checked_dtype(dtype or dtypes.int64, (dtypes.int32, dtypes.int64))
    return MULTINOMIAL(logits, num_samples, output_dtype=dtype, **_seeds(seed))


@core.repeats
def multinomial(logits, num_samples, seed=None, name=None, output_dtype=None):
    """Older spelling of `categorical`."""
    with core.name_scope(name, "multinomial", [logits]):
        return _categorical(logits, num_samples, output_dtype, seed)


@core.repeats
def categorical(logits, num_samples, dtype=None, seed=None, name=None):
    """Class indices drawn with probabilities ``softmax(logits)``.

    Parameters
    ----------
    logits : Tensor, shape (n_rows, n_classes)
    num_samples : int, draws per row
    dtype : int32 or int64 (default)

    Returns
    -------
    Tensor, shape (n_rows, num_samples)
    """
    with core.name_scope(name, "categorical", [logits]):
        return _categorical(logits, num_samples, dtype, seed)


def _concat_static_shape(result, shape, parameters):
    # As maybe_set_static_shape, for samples of each parameter.
    graph = core.get_default_graph()
    if getattr(graph, "building_function", False) and not result.get_shape().is_fully_defined():
        from ..static_value import constant_value_as_shape

        result.set_shape(constant_value_as_shape(shape).concatenate(convert_to_tensor(parameters).get_shape()))


def random_gamma(shape, alpha, beta=None, dtype=dtypes.float32, seed=None, name=None):
    """Gamma distributed values: `shape` samples for each element of `alpha` and `beta`.

    Parameters
    ----------
    shape : int vector
    alpha : Tensor, the shape of the distribution
    beta : Tensor that broadcasts with `alpha`, the inverse scale; default 1
    dtype : float16, float32 or float64

    Returns
    -------
    Tensor, shape ``shape + (alpha + beta).shape``
    """
    with core.name_scope(name, "random_gamma", [shape, alpha, beta]):
        shape = convert_to_tensor(shape, name="shape", dtype=dtypes.int32)
        alpha = convert_to_tensor(alpha, name="alpha", dtype=dtype)
        beta = convert_to_tensor(1 if beta is None else beta, name="beta", dtype=dtype)
        alpha = broadcast_to(alpha, broadcast_dynamic_shape(shape_of(alpha), shape_of(beta)))
        # The smallest normal number stands in for samples that underflow to 0.
        tiny = np.finfo(alpha.dtype.as_numpy_dtype).tiny
        result = maximum(tiny, RANDOM_GAMMA(shape, alpha, **_seeds(seed)) / beta)
        _concat_static_shape(result, shape, alpha)
        return result


def random_poisson(lam, shape, dtype=dtypes.float32, seed=None, name=None):
    """Poisson distributed values: `shape` samples for each element of the rates `lam`."""
    with core.name_scope(name, "random_poisson", [lam, shape]):
        shape = convert_to_tensor(shape, name="shape", dtype=dtypes.int32)
        result = RANDOM_POISSON(shape, lam, dtype=dtype, **_seeds(seed))
        _concat_static_shape(result, shape, lam)
        return result


@core.repeats(ignoring="value")
def random_crop(value, size, seed=None, name=None):
    """A part of `value` of shape `size` at a random place.

    Raises
    ------
    InvalidArgumentError
        In a run where a dimension of `value` is smaller than asked for.
    """
    from .. import Assert
    from ..control_flow.basic import with_dependencies
    from .reduce import reduce_all
    from .slicing import slice

    with core.name_scope(name, "random_crop", [value, size]) as scope:
        value = convert_to_tensor(value, name="value")
        size = convert_to_tensor(size, dtype=dtypes.int32, name="size")
        shape = shape_of(value)
        told = ["Need value.shape >= size, got ", shape, size]
        check = Assert(reduce_all(shape >= size), told, summarize=1000)
        shape = with_dependencies([check], shape)
        limit = shape - size + 1
        offset = random_uniform(shape_of(shape), dtype=size.dtype, maxval=size.dtype.max, seed=seed) % limit
        return slice(value, offset, size, name=scope)

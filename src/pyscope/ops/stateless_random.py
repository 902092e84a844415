"""Random tensors that depend on a seed tensor alone, so that equal seeds give equal values.

A seed of two integers is scrambled into the key and counter of a Philox stream, then the same fills as in
random.py run on it. Only the Philox algorithm exists here; TF also has ThreeFry on other devices.
"""

import numpy as np

from .. import _core as core
from .. import dtypes
from .._core import OpType
from ..conversion import convert_to_tensor
from ._array_rules import vector, with_rank
from .arithmetic import add
from .random import (
    _LOGITS,
    FLOATS,
    _checked_dtype,
    checked_range,
    checked_shape,
    int_range_rule,
    invalid,
    multinomial_rule,
    multinomial_values,
    random_shape,
    shape_tensor,
)
from .shape import maybe_set_static_shape

_PHILOX, _THREEFRY, _AUTO_SELECT = 1, 2, 3
_ALGORITHMS = {"philox": _PHILOX, "threefry": _THREEFRY, "autoselect": _AUTO_SELECT}


# ---------------------------------------------------------------- rules and kernels


def _check_seed(shape):
    length = with_rank(shape, 1)[0]
    if length is not None and length != 2:
        raise ValueError(f"Dimension must be 2 but is {length}")


def _key_counter_rule(c):
    _check_seed(c.shape(0))
    return [(1,), (2,)]


def _key_counter_alg_rule(c):
    return [*_key_counter_rule(c), ()]


def _check_stream(c):
    # Inputs 1 to 3 are key, counter and algorithm.
    vector(c, 1)
    vector(c, 2)
    with_rank(c.shape(3), 0)


def _stream_rule(c):
    _check_stream(c)
    return random_shape(c)


def _stream_int_rule(c):
    _check_stream(c)
    return int_range_rule(4)(c)


def _stateless_multinomial_rule(c):
    _check_seed(c.shape(2))
    return multinomial_rule(c)


def _seeded(seed):
    if seed.shape != (2,):
        raise invalid("seed must have shape [2], not [%s]" % ",".join(map(str, seed.shape)))
    return core.PhiloxGenerator.from_stateless_seed(int(seed[0]), int(seed[1]))


def _key_counter(attrs, seed):
    generator = _seeded(seed)
    counter = generator.counter
    return (
        np.array([generator.key], np.uint64),
        np.array([counter & 0xFFFFFFFFFFFFFFFF, counter >> 64], np.uint64),
    )


def _key_counter_alg(attrs, seed):
    return (*_key_counter(attrs, seed), np.array(_PHILOX, np.int32))


def _stream(key, counter, alg):
    if alg == _THREEFRY:
        raise NotImplementedError("The ThreeFry algorithm is not there; use alg='philox' or 'auto_select'.")
    if alg not in (_PHILOX, _AUTO_SELECT):
        raise invalid(f"Unsupported algorithm id: {int(alg)}")
    if key.shape != (1,):
        raise invalid("key must have shape [1], not [%s]" % ",".join(map(str, key.shape)))
    if counter.ndim != 1 or len(counter) < 2:
        raise invalid(f"The size of the counter must be at least 2 for Philox, got {counter.size}")
    return core.PhiloxGenerator.from_key_counter(int(key[0]), int(counter[0]) | int(counter[1]) << 64)


def _fill_kernel(kind):
    def kernel(attrs, shape, key, counter, alg):
        dtype = np.dtype(attrs["dtype"].as_numpy_dtype)
        return core.random_fill(kind, _stream(key, counter, alg), checked_shape(shape), dtype)

    return kernel


def _int_kernel(attrs, shape, key, counter, alg, minval, maxval):
    lo, hi = checked_range(minval, maxval)
    return core.random_fill("int", _stream(key, counter, alg), checked_shape(shape), minval.dtype, lo, hi)


def _stateless_multinomial_kernel(attrs, logits, num_samples, seed):
    dtype = np.dtype(attrs["output_dtype"].as_numpy_dtype)
    return multinomial_values(_seeded(seed), dtype, logits, num_samples)


# ---------------------------------------------------------------- ops


def _stateless(op_type, kind, types=FLOATS, default="float32"):
    return OpType(
        op_type,
        "shape: Tshape, key: uint64, counter: uint64, alg: int32 -> output: dtype",
        f"dtype: {types} = {default}; Tshape: int32|int64 = int32",
        shape=_stream_rule,
        kernel=_fill_kernel(kind),
        gradient=core.NO_GRADIENT,
    )


STATELESS_UNIFORM = _stateless("StatelessRandomUniformV2", "uniform")
STATELESS_NORMAL = _stateless("StatelessRandomNormalV2", "normal")
STATELESS_TRUNCATED_NORMAL = _stateless("StatelessTruncatedNormalV2", "truncated_normal")
STATELESS_FULL_INT = _stateless(
    "StatelessRandomUniformFullIntV2", "bits", "int32|int64|uint32|uint64", "uint64"
)

STATELESS_INT = OpType(
    "StatelessRandomUniformIntV2",
    "shape: Tshape, key: uint64, counter: uint64, alg: int32, minval: dtype, maxval: dtype -> output: dtype",
    "dtype: int32|int64|uint32|uint64; Tshape: int32|int64 = int32",
    shape=_stream_int_rule,
    kernel=_int_kernel,
    gradient=core.NO_GRADIENT,
)

STATELESS_MULTINOMIAL = OpType(
    "StatelessMultinomial",
    "logits: T, num_samples: int32, seed: Tseed -> output: output_dtype",
    f"T: {_LOGITS}; Tseed: int32|int64 = int64; output_dtype: int32|int64 = int64",
    shape=_stateless_multinomial_rule,
    kernel=_stateless_multinomial_kernel,
    gradient=core.NO_GRADIENT,
)

GET_KEY_COUNTER = OpType(
    "StatelessRandomGetKeyCounter",
    "seed: Tseed -> key: uint64, counter: uint64",
    "Tseed: int32|int64 = int64",
    shape=_key_counter_rule,
    kernel=_key_counter,
)

GET_KEY_COUNTER_ALG = OpType(
    "StatelessRandomGetKeyCounterAlg",
    "seed: Tseed -> key: uint64, counter: uint64, alg: int32",
    "Tseed: int32|int64 = int64",
    shape=_key_counter_alg_rule,
    kernel=_key_counter_alg,
)


# ---------------------------------------------------------------- functions


def _algorithm(alg):
    if alg is None:
        return _AUTO_SELECT
    if isinstance(alg, (int, core.Tensor)):
        return alg
    if not isinstance(alg, str):
        raise TypeError(f"Can't convert argument `alg` (of value {alg} and type {type(alg)}) to int.")
    number = _ALGORITHMS.get(alg.strip().lower().replace("-", "").replace("_", ""))
    if number is None:
        raise ValueError(
            f"Argument `alg` got unsupported value {alg}. Supported values are philox for the Philox "
            "algorithm, threefry for the ThreeFry algorithm, and auto_select for auto-selection."
        )
    return number


def _words_to_uint64(words):
    """One uint64 of a uint32 vector of two, the low word first."""
    from .cast import cast
    from .compare import bitwise_or, left_shift

    low = cast(words[0], dtypes.uint64)
    high = cast(words[1], dtypes.uint64)
    return bitwise_or(low, left_shift(high, convert_to_tensor(32, dtypes.uint64, name="Const")))


def _philox_stream(seed):
    # What StatelessRandomGetKeyCounter computes, as nodes.
    from .cast import cast
    from .concat import stack
    from .shape import reshape

    key = convert_to_tensor([0x02461E293EC8F720], dtypes.uint64, name="Const")
    counter = cast(seed, dtypes.uint64)
    mixed = STATELESS_FULL_INT([4], key, counter, _PHILOX, dtype=dtypes.uint32)
    key = reshape(_words_to_uint64(mixed[:2]), [1])
    return key, stack([0, _words_to_uint64(mixed[2:])], axis=0)


def _stream_inputs(seed, alg):
    """Key, counter and algorithm tensors for `seed`."""
    alg = _algorithm(alg)
    if alg == _PHILOX:
        return (*_philox_stream(seed), alg)
    if alg == _AUTO_SELECT:
        return (*GET_KEY_COUNTER(seed), alg)
    raise NotImplementedError(f"Random algorithm {alg} is not there; use 'philox' or 'auto_select'.")


_UNIFORM_DTYPES = (
    dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64,
    dtypes.int32, dtypes.int64, dtypes.uint32, dtypes.uint64,
)  # fmt: skip


def stateless_random_uniform(
    shape, seed, minval=0, maxval=None, dtype=dtypes.float32, name=None, alg="auto_select"
):
    """Uniform values in ``[minval, maxval)``, the same for the same `seed`.

    With `minval` and `maxval` None an integer `dtype` is used over its whole range.

    Parameters
    ----------
    shape : int vector
    seed : int32 or int64, shape (2,)
    """
    dtype = _checked_dtype(dtype, _UNIFORM_DTYPES)
    if dtype.is_integer:
        if (minval is None) != (maxval is None):
            raise ValueError(
                f"For integer `dtype` argument {dtype}, argument `minval` and `maxval` must be both None or "
                f"not None. Got `minval`={minval} and `maxval`={maxval}."
            )
        if minval is not None and dtype in (dtypes.uint32, dtypes.uint64):
            raise ValueError(
                f"Argument `dtype` got invalid value {dtype} when argument `minval` is not None. "
                "Please don't use unsigned integers in this case."
            )
    elif maxval is None:
        maxval = 1
    with core.name_scope(name, "stateless_random_uniform", [shape, seed, minval, maxval]) as scope:
        shape = shape_tensor(shape)
        if dtype.is_integer and minval is None:
            result = STATELESS_FULL_INT(shape, *_stream_inputs(seed, alg), dtype=dtype, name=scope)
        else:
            minval = convert_to_tensor(minval, dtype=dtype, name="min")
            maxval = convert_to_tensor(maxval, dtype=dtype, name="max")
            stream = _stream_inputs(seed, alg)
            if dtype.is_integer:
                result = STATELESS_INT(shape, *stream, minval, maxval, name=scope)
            else:
                values = STATELESS_UNIFORM(shape, *stream, dtype=dtype)
                result = add(values * (maxval - minval), minval, name=scope)
        maybe_set_static_shape(result, shape)
        return result


def _scaled(op_type, default_name, shape, seed, mean, stddev, dtype, name, alg):
    with core.name_scope(name, default_name, [shape, seed, mean, stddev]) as scope:
        shape = shape_tensor(shape)
        mean = convert_to_tensor(mean, dtype=dtype, name="mean")
        stddev = convert_to_tensor(stddev, dtype=dtype, name="stddev")
        values = op_type(shape, *_stream_inputs(seed, alg), dtype=dtype)
        result = add(values * stddev, mean, name=scope)
        maybe_set_static_shape(result, shape)
        return result


def stateless_random_normal(
    shape, seed, mean=0.0, stddev=1.0, dtype=dtypes.float32, name=None, alg="auto_select"
):
    """Normal values, the same for the same `seed`."""
    return _scaled(STATELESS_NORMAL, "stateless_random_normal", shape, seed, mean, stddev, dtype, name, alg)


def stateless_truncated_normal(
    shape, seed, mean=0.0, stddev=1.0, dtype=dtypes.float32, name=None, alg="auto_select"
):
    """Normal values within two standard deviations, the same for the same `seed`."""
    return _scaled(
        STATELESS_TRUNCATED_NORMAL, "stateless_truncated_normal", shape, seed, mean, stddev, dtype, name, alg
    )


def _categorical(logits, num_samples, dtype, seed):
    logits = convert_to_tensor(logits, name="logits")
    dtype = _checked_dtype(dtype or dtypes.int64, (dtypes.int32, dtypes.int64))
    return STATELESS_MULTINOMIAL(logits, num_samples, seed, output_dtype=dtype)


def stateless_multinomial(logits, num_samples, seed, output_dtype=dtypes.int64, name=None):
    """Older spelling of `stateless_categorical`."""
    with core.name_scope(name, "stateless_multinomial", [logits, seed]):
        return _categorical(logits, num_samples, output_dtype, seed)


def stateless_categorical(logits, num_samples, seed, dtype=dtypes.int64, name=None):
    """Class indices drawn with probabilities ``softmax(logits)``, the same for the same `seed`."""
    with core.name_scope(name, "stateless_categorical", [logits, seed]):
        return _categorical(logits, num_samples, dtype, seed)

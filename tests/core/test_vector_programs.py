"""Groups of elementwise steps as programs: the same numbers as step by step, for every instruction set and size."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pyscope as tf
from pyscope import _core as core
from pyscope.clip import CLIP_BY_VALUE
from pyscope.ops import activations, arithmetic, elementwise

LEVELS = [level for level in (-1, 0, 1, 2) if core._use_vectors(level) is not None]
core._use_vectors(-2)
SPECIAL = [
    0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-38, 3.4e38, -3.4e38, 0.5, 2.5, -2.5, 8388609.0,
]  # fmt: skip
SIZES = [1, 3, 4, 15, 16, 17, 127, 128, 129, 255, 300, 1000, 5003]


@pytest.fixture(params=LEVELS)
def level(request):
    core._use_vectors(request.param)
    yield request.param
    core._use_vectors(-2)


def run(fetches, feeds, rewrites):
    """The values of `fetches`, and how many steps the plan has."""
    with tf.Session() as sess:
        sess._use_rewrites(rewrites)
        return sess.run(fetches, feeds)


def check(fetches, feeds):
    """Fused and not fused, the numbers are the same to the last bit (NaN is NaN)."""
    together = run(fetches, feeds, ["fusion"])
    alone = run(fetches, feeds, [])
    for t, got, expected in zip(fetches, together, alone):
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected, err_msg=t.op.type)


def numbers(n, dtype, seed=0, low=-3, high=3):
    rng = np.random.RandomState(seed)
    x = rng.uniform(low, high, n).astype(dtype)
    with np.errstate(over="ignore"):
        x[rng.randint(0, n, n // 4)] = np.resize(np.array(SPECIAL).astype(dtype), n // 4)
    return x


UNARY = [
    tf.negative, tf.abs, tf.square, tf.sqrt, tf.rsqrt, tf.reciprocal, tf.sign, tf.rint, tf.round, tf.floor, tf.ceil,
    tf.nn.relu, tf.nn.relu6, tf.nn.leaky_relu, tf.nn.softsign, tf.exp, tf.log, tf.tanh, tf.sigmoid,
    lambda x: tf.cast(x > 0.5, x.dtype), lambda x: tf.cast(tf.cast(x > 0.5, tf.int32) * 3, x.dtype),
    lambda x: tf.clip_by_value(x, -0.5, 0.75),
    lambda x: tf.where(tf.logical_not(x > 1.0), x, -x),
]  # fmt: skip
BINARY = [
    tf.add, tf.subtract, tf.multiply, tf.realdiv, tf.div, tf.maximum, tf.minimum, tf.squared_difference,
    tf.div_no_nan, tf.math.multiply_no_nan, arithmetic.add_v1,
    activations.RELU_GRAD, activations.RELU6_GRAD, activations.LEAKY_RELU_GRAD, activations.ELU_GRAD,
    activations.SOFTSIGN_GRAD, elementwise.TANH_GRAD, elementwise.SIGMOID_GRAD, elementwise.SQRT_GRAD,
    elementwise.RSQRT_GRAD, elementwise.RECIPROCAL_GRAD, elementwise.INV_GRAD,
    lambda x, y: tf.where(x < y, x, y), lambda x, y: tf.where(x <= y, x, y), lambda x, y: tf.where(x > y, x, y),
    lambda x, y: tf.where(x >= y, x, y), lambda x, y: tf.where(tf.equal(x, y), x, -y),
    lambda x, y: tf.where(tf.not_equal(x, y), x, -y),
    lambda x, y: tf.where(tf.logical_and(x > 0.0, y > 0.0), x, y),
    lambda x, y: tf.where(tf.logical_or(x > 0.0, y > 0.0), x, y),
    lambda x, y: tf.add_n([x, y, x, x * y]), lambda x, y: CLIP_BY_VALUE(x, y, x + 1.0),
    lambda x, y: tf.where_v2(x > y, x, 0.0), lambda x, y: tf.where_v2(x > y, tf.constant(1.0, x.dtype), y),
    lambda x, y: tf.where_v2(x > y, tf.constant(1.0, x.dtype), tf.constant(2.0, x.dtype)),
]  # fmt: skip


# ---------------------------------------------------------------- every operation


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [5, 16, 131, 700])
def test_every_function_of_one_tensor(level, dtype, n):
    x = tf.placeholder(dtype, [None])
    fetches = []
    for f in UNARY:
        # From memory, from the accumulator, from a slot, and for more than one reader.
        fetches += [f(x), f(x + 1.0), f(f(x)), f(x) + f(x + 2.0)]
    check(fetches, {x: numbers(n, dtype)})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [5, 16, 131, 700])
def test_every_function_of_two_tensors(level, dtype, n):
    x, y = tf.placeholder(dtype, [None]), tf.placeholder(dtype, [None])
    fetches = []
    for f in BINARY:
        fetches += [f(x, y), f(x + 1.0, y), f(x, y + 1.0), f(x + 1.0, y + 2.0), f(y * 2.0, y * 2.0)]
    check(fetches, {x: numbers(n, dtype, 1), y: numbers(n, dtype, 2)})


@pytest.mark.parametrize("f", [tf.add, tf.subtract, tf.multiply, tf.realdiv, tf.maximum, tf.squared_difference,
                               lambda x, y: tf.where(x < y, x * 2.0, x), lambda x, y: tf.cast(y > x, x.dtype)])
def test_single_elements_on_either_side(level, f):
    x, s = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [])
    y = tf.square(x)
    fetches = [f(x, s) if "lambda" in f.__name__ else g for g in (f(x, s), f(y, s))]
    if "lambda" not in f.__name__:
        fetches += [f(s, x), f(s, y), f(x, tf.constant(0.25)), f(tf.constant(0.25), tf.exp(x))]
    for value in (0.75, np.inf, np.nan, -0.0):
        check(fetches, {x: numbers(300, np.float32), s: np.float32(value)})


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("offset", [0, 1, 3])
def test_sizes_and_places(level, n, offset):
    """Arrays that begin anywhere; what is next to them is neither read nor written."""
    x, y = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None])
    z = tf.nn.relu(tf.tanh(x * y) + 0.5 * x - tf.sqrt(tf.abs(y)))
    room = np.full(n + 64, np.nan, np.float32)
    room[offset : offset + n] = numbers(n, np.float32)
    v = room[offset : offset + n]
    check([z, tf.less(z, x), tf.exp(z)], {x: v, y: v + 1})
    assert np.isnan(room[offset + n :]).all()


@pytest.mark.parametrize("n", [1, 7, 500, 70001])
@pytest.mark.parametrize("width", [1, 7, 128, 200, 256])
def test_rows(level, n, width):
    if n * width > 3000000:
        n = 3000000 // width
    x, row = tf.placeholder(tf.float32, [None, width]), tf.placeholder(tf.float32, [width])
    y = tf.nn.relu(tf.nn.bias_add(x, row) * row - 1.0)
    check([y, row - y], {x: numbers(n * width, np.float32).reshape(n, width), row: numbers(width, np.float32, 3)})


def test_types_that_change_in_a_group(level):
    x = tf.placeholder(tf.float32, [None])
    n = tf.placeholder(tf.int32, [None])
    wide = tf.cast(tf.exp(x), tf.float64) * 2.0 + tf.cast(n, tf.float64)
    back = tf.cast(wide, tf.float32) - tf.cast(n, tf.float32)
    mask = tf.logical_and(back > 0.0, wide > 1.0)
    chosen = tf.where(mask, back, tf.sin(back))
    fetches = [wide, back, mask, chosen, tf.logical_not(mask), tf.cast(mask, tf.float32) + chosen]
    for size in (4, 16, 333, 9001):
        check(fetches, {x: numbers(size, np.float32, 1), n: np.arange(size, dtype=np.int32) - 7})


def test_one_step_that_has_no_loop_of_its_own(level):
    x = tf.placeholder(tf.float32, [None])
    with tf.Session() as sess:
        text = sess.plan(tf.nn.leaky_relu(x), [x])
        assert ("together" in text) == (level >= 0)
    check([tf.nn.leaky_relu(x)], {x: numbers(300, np.float32)})


def test_shapes_that_do_not_agree(level):
    x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    z = tf.where_v2(x > y, x, y) + tf.nn.leaky_relu(x)
    check([z], {x: np.ones((3, 1), np.float32), y: np.zeros((1, 4), np.float32)})
    check([z], {x: np.arange(20, dtype=np.float32)[::2], y: np.ones(10, np.float32)})
    check([z], {x: np.zeros((0, 2), np.float32), y: np.zeros((0, 2), np.float32)})
    c = tf.placeholder(tf.bool)
    w = tf.where(c, x * 2.0, y)
    check([w], {c: [True, False], x: np.ones((2, 3)), y: np.zeros((2, 3))})
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError):
        sess.run(w, {c: [True, False], x: np.ones((3, 3)), y: np.zeros((3, 3))})


def test_a_result_in_place_of_what_is_read_later(level):
    """An input may hold a result only from the last instruction on that reads it."""
    x = tf.placeholder(tf.float32, [None])
    a = tf.cumsum(x)                     # made by a step outside, so that its array may be written
    b = a + 1.0
    c = tf.tanh(b) * a
    d = tf.nn.relu(c) - a * b
    for fetches in ([b, c, d], [d, b], [c], [d]):
        check(fetches, {x: np.linspace(-1, 1, 3001).astype(np.float32)})


def test_more_instructions_than_one_call_takes(level):
    x = tf.placeholder(tf.float32, [None])
    kept, y = [], x
    for i in range(700):
        y = tf.nn.relu(y * 0.9 + x) if i % 3 else tf.tanh(y) - x
        if i % 50 == 0:
            kept.append(y)
    total = tf.add_n([tf.tanh(x * float(i)) for i in range(200)])
    for n in (4, 16, 1000):
        check([y, tf.add_n(kept), total], {x: np.linspace(-1, 1, n).astype(np.float32)})


def test_threads_change_nothing(level):
    x = tf.placeholder(tf.float32, [None])
    y = tf.exp(-x * x) * x + 1.0
    fetches = [y, y > 1.0, tf.sigmoid(y)]
    v = np.linspace(-2, 2, 1000003).astype(np.float32)
    values = []
    for threads in (1, 3):
        with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as sess:
            values.append(sess.run(fetches, {x: v}))
    for one, other in zip(*values):
        np.testing.assert_array_equal(one, other)


# ---------------------------------------------------------------- random programs


@st.composite
def programs(draw):
    """[(function, indices of its inputs)], and which results are fetched."""
    n = draw(st.integers(1, 25))
    steps = []
    for i in range(n):
        inputs = st.integers(0, i + 2)
        if draw(st.booleans()):
            steps.append((draw(st.integers(0, len(UNARY) - 1)), (draw(inputs),)))
        else:
            steps.append((draw(st.integers(0, len(BINARY) - 1)), (draw(inputs), draw(inputs))))
    fetched = draw(st.sets(st.integers(0, n - 1), min_size=1, max_size=4))
    return steps, sorted(fetched)


@given(program=programs(), n=st.sampled_from(SIZES), dtype=st.sampled_from([np.float32, np.float64]),
       at=st.sampled_from(LEVELS))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_programs(program, n, dtype, at):
    core._use_vectors(at)
    try:
        with tf.Graph().as_default():
            x, y = tf.placeholder(dtype, [None]), tf.placeholder(dtype, [None])
            made = [x, y, x + y]
            steps, fetched = program
            for f, inputs in steps:
                made.append((UNARY if len(inputs) == 1 else BINARY)[f](*[made[i] for i in inputs]))
            check([made[i + 3] for i in fetched], {x: numbers(n, dtype, 1), y: numbers(n, dtype, 2)})
    finally:
        core._use_vectors(-2)


# ---------------------------------------------------------------- functions


def exact(name, x):
    x = x.astype(np.float64)
    if name == "sigmoid":
        e = np.exp(-np.abs(x))
        return np.where(x < 0, e, 1) / (1 + e)
    return getattr(np, name)(x)


@pytest.mark.parametrize("name, most", [("exp", 1.05), ("log", 1.0), ("tanh", 2.1), ("sigmoid", 2.1)])
def test_functions_of_every_size_of_number(level, name, most):
    """Units in the last place from the true value, over floats of all exponents and some intervals densely."""
    x = np.arange(0, 1 << 32, 16381, dtype=np.uint64).astype(np.uint32).view(np.float32)
    x = np.concatenate([x, np.linspace(-104, 89, 400001).astype(np.float32), np.array(SPECIAL, np.float32),
                        np.linspace(-1, 2, 400001).astype(np.float32)])
    given_ = tf.placeholder(tf.float32, [None])
    (got,) = run([getattr(tf, name)(given_)], {given_: x}, [])
    with np.errstate(all="ignore"):
        wanted = exact(name, x)
        rounded = wanted.astype(np.float32)
        finite = np.isfinite(rounded) & np.isfinite(got)
        np.testing.assert_array_equal(got[~finite], rounded[~finite])
        unit = np.spacing(np.abs(rounded[finite])).astype(np.float64)
        off = np.abs(got[finite].astype(np.float64) - wanted[finite]) / unit
    if level >= 0:                       # else NumPy's functions
        assert off.max() <= most


def test_strides_of_a_function(level):
    x = tf.placeholder(tf.float32, [None, 3])
    v = numbers(3 * 700, np.float32).reshape(3, 700).T
    with tf.Session() as sess:
        whole = sess.run(tf.exp(x), {x: np.ascontiguousarray(v)})
        np.testing.assert_array_equal(sess.run(tf.exp(x), {x: v}), whole)


def test_a_sum_of_one_tensor(level):
    from pyscope.ops.arithmetic import ADD_N

    x = tf.placeholder(tf.float32, [None])
    check([ADD_N([tf.tanh(x)]) * 2.0, ADD_N([x])], {x: numbers(300, np.float32)})

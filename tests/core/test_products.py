"""Matrix products by tiles: every way round, every size, whatever the number of threads."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pyscope as tf
from pyscope import _core as core
from pyscope.ops.identity import placeholder

RNG = np.random.default_rng(0)

# Sizes about those of tiles, strips and blocks of terms.
SIDES = [1, 2, 3, 7, 8, 13, 14, 15, 16, 17, 29, 31, 32, 33, 65, 100]
TERMS = [1, 2, 3, 9, 31, 64, 255, 256, 257, 600]


@pytest.fixture(params=[2, 1, 0], ids=["widest", "avx2", "portable"])
def level(request):
    before = core._use_tiles(request.param)
    yield request.param
    core._use_tiles(before)


def product(a, b, transpose_a=False, transpose_b=False, n_threads=1):
    with tf.Graph().as_default():
        x, y = placeholder(a.dtype, [None] * a.ndim), placeholder(b.dtype, [None] * b.ndim)
        config = tf.ConfigProto(intra_op_parallelism_threads=n_threads)
        with tf.Session(config=config) as sess:
            if a.ndim == 2:
                z = tf.matmul(x, y, transpose_a=transpose_a, transpose_b=transpose_b)
            else:
                z = tf.matmul(x, y, adjoint_a=transpose_a, adjoint_b=transpose_b)
            return sess.run(z, {x: a, y: b})


def check(a, b, transpose_a=False, transpose_b=False, n_threads=1):
    """Against float64: rounding of each term and of each partial sum, at most."""
    made = product(a, b, transpose_a, transpose_b, n_threads)
    x = np.swapaxes(a, -1, -2) if transpose_a else a
    y = np.swapaxes(b, -1, -2) if transpose_b else b
    wide = np.float64 if a.dtype == np.float32 else np.longdouble
    exact = np.matmul(x.astype(wide), y.astype(wide))
    bound = np.matmul(np.abs(x).astype(wide), np.abs(y).astype(wide)) * np.finfo(a.dtype).eps * (x.shape[-1] + 2)
    assert made.shape == exact.shape and made.dtype == a.dtype
    assert np.all(np.abs(made - exact) <= bound + np.finfo(a.dtype).tiny)


def matrix(rows, columns, transposed=False, dtype=np.float32):
    return RNG.standard_normal((columns, rows) if transposed else (rows, columns)).astype(dtype)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    m=st.sampled_from(SIDES),
    n=st.sampled_from(SIDES),
    k=st.sampled_from(TERMS),
    turn_a=st.booleans(),
    turn_b=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
    n_threads=st.sampled_from([1, 3]),
)
def test_any_sizes(level, m, n, k, turn_a, turn_b, dtype, n_threads):
    check(matrix(m, k, turn_a, dtype), matrix(k, n, turn_b, dtype), turn_a, turn_b, n_threads)


@pytest.mark.parametrize("turn_a", [False, True])
@pytest.mark.parametrize("turn_b", [False, True])
@pytest.mark.parametrize("sizes", [(300, 260, 520), (1100, 300, 40), (64, 1024, 300), (600, 12, 70), (3, 700, 90)])
def test_several_blocks(sizes, turn_a, turn_b):
    m, n, k = sizes
    check(matrix(m, k, turn_a), matrix(k, n, turn_b), turn_a, turn_b)


@pytest.mark.parametrize("turn_a", [False, True])
@pytest.mark.parametrize("turn_b", [False, True])
def test_rows_that_are_pages_apart(turn_a, turn_b):
    check(matrix(96, 1024, turn_a), matrix(1024, 300, turn_b), turn_a, turn_b)
    check(matrix(1024, 80, turn_a), matrix(80, 1024, turn_b), turn_a, turn_b)


@pytest.mark.parametrize("shape", [(256, 320, 200), (64, 784, 1000), (1000, 784, 64), (130, 3000, 90)])
@pytest.mark.parametrize("turn_a", [False, True])
@pytest.mark.parametrize("turn_b", [False, True])
def test_threads_give_the_same_bits(shape, turn_a, turn_b):
    m, k, n = shape
    a, b = matrix(m, k, turn_a), matrix(k, n, turn_b)
    one = product(a, b, turn_a, turn_b, 1)
    for n_threads in 2, 3, 5:
        np.testing.assert_array_equal(product(a, b, turn_a, turn_b, n_threads), one)


def test_a_result_does_not_depend_on_what_is_beside_it():
    a, b = matrix(70, 333), matrix(333, 90)
    whole = product(a, b)
    for rows, columns in ((slice(0, 9), slice(0, 90)), (slice(33, 70), slice(17, 50)), (slice(3, 70), slice(60, 77))):
        part = product(np.ascontiguousarray(a[rows]), np.ascontiguousarray(b[:, columns]))
        np.testing.assert_array_equal(part, whole[rows, columns])


def test_memory_orders_and_alignment(level):
    def layouts(x):
        yield x
        yield np.asfortranarray(x)
        yield np.repeat(np.repeat(x, 2, 0), 3, 1)[::2, ::3]
        yield x[::-1, ::-1].copy()[::-1, ::-1]
        shifted = np.empty(x.size + 3, x.dtype)[3:].reshape(x.shape)
        shifted[...] = x
        yield shifted
        yield np.broadcast_to(x[:1], x.shape)
        yield np.broadcast_to(x[:, :1], x.shape)

    for a in layouts(matrix(37, 50)):
        for b in layouts(matrix(50, 43)):
            for turn_a in False, True:
                for turn_b in False, True:
                    check(a.T if turn_a else a, b.T if turn_b else b, turn_a, turn_b)


@pytest.mark.parametrize("m, n, k", [(0, 5, 6), (5, 0, 6), (5, 6, 0), (0, 0, 0), (1, 1, 0), (40, 50, 0)])
@pytest.mark.parametrize("turn", [False, True])
def test_no_elements(level, m, n, k, turn):
    made = product(matrix(m, k, turn), matrix(k, n, turn), turn, turn)
    np.testing.assert_array_equal(made, np.zeros((m, n), np.float32))


@pytest.mark.parametrize("turn_a", [False, True])
@pytest.mark.parametrize("turn_b", [False, True])
def test_infinities_and_nans_go_where_they_belong(level, turn_a, turn_b):
    a, b = matrix(33, 40), matrix(40, 35)
    a[5, 7] = np.nan
    a[9, 3] = np.inf
    b[11, 34] = -np.inf
    b[39, 0] = np.nan
    with np.errstate(invalid="ignore"):
        wanted = np.matmul(a.astype(np.float64), b.astype(np.float64)).astype(np.float32)
    made = product(a.T.copy() if turn_a else a, b.T.copy() if turn_b else b, turn_a, turn_b)
    np.testing.assert_allclose(made, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("turn_a", [False, True])
@pytest.mark.parametrize("turn_b", [False, True])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_batches(level, turn_a, turn_b, n_threads):
    def batch(lead, rows, columns, transposed):
        return RNG.standard_normal((*lead, *((columns, rows) if transposed else (rows, columns)))).astype(np.float32)

    for lead_a, lead_b in (((3,), (3,)), ((2, 3), (3,)), ((4, 1), (1, 5)), ((0,), (0,))):
        check(batch(lead_a, 33, 64, turn_a), batch(lead_b, 64, 47, turn_b), turn_a, turn_b, n_threads)
    same = batch((4,), 20, 20, False)
    check(same, same, turn_a, turn_b, n_threads)
    check(same, same[:1], turn_a, turn_b, n_threads)


def test_inputs_stay():
    a, b = matrix(64, 100), matrix(100, 70)
    x, y = a.copy(), b.copy()
    product(a, b)
    np.testing.assert_array_equal(a, x)
    np.testing.assert_array_equal(b, y)

"""The typed kernels of products, layout, rows and sums beside NumPy, row by row."""

# ruff: noqa: B023  (lambdas are called before their loop goes on)

import numpy as np
import pytest

import pyscope as tf
from pyscope import _core as core
from pyscope.ops import array, elementwise
from pyscope.ops.identity import placeholder

RNG = np.random.default_rng(0)


def _value(shape, dtype=np.float32):
    if np.dtype(dtype).kind == "b":
        return RNG.random(shape) > 0.5
    if np.dtype(dtype).kind in "iu":
        return RNG.integers(0, 100, shape).astype(dtype)
    x = RNG.standard_normal(shape)
    return (x + 1j * RNG.standard_normal(shape)).astype(dtype) if np.dtype(dtype).kind == "c" else x.astype(dtype)


def _run(build, *values, n_threads=1):
    """What ``build(*placeholders)`` gives for `values`; arrays that are not contiguous are fed as they are."""
    with tf.Graph().as_default():
        feeds = [placeholder(v.dtype, [None] * v.ndim) for v in values]
        config = tf.ConfigProto(intra_op_parallelism_threads=n_threads)
        with tf.Session(config=config) as sess:
            return sess.run(build(*feeds), dict(zip(feeds, values)))


def _layouts(x):
    """`x` in memory orders that have the same elements."""
    yield x
    if x.ndim >= 2:
        yield np.asfortranarray(x)
    if x.ndim and x.shape[-1]:
        wide = np.repeat(x, 2, axis=-1)
        yield wide[..., ::2]


# ---------------------------------------------------------------- products

PRODUCTS = [(1, 1, 1), (2, 3, 4), (0, 3, 4), (2, 0, 4), (2, 3, 0), (1, 300, 1), (200, 1, 100), (130, 257, 140)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.complex64, np.float16])
@pytest.mark.parametrize("sizes", PRODUCTS)
def test_matmul(sizes, dtype):
    m, k, n = sizes
    if dtype == np.float16 and m * n * k > 10000:
        return
    a, b = _value((m, k), dtype), _value((k, n), dtype)
    want = a @ b
    for n_threads in (1, 3):
        for flip_a in (False, True):
            for flip_b in (False, True):
                for x in _layouts(a.T.copy() if flip_a else a):
                    for y in _layouts(b.T.copy() if flip_b else b):
                        got = _run(lambda p, q: tf.matmul(p, q, flip_a, flip_b), x, y, n_threads=n_threads)
                        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-3)


def test_large_product_in_threads():
    a, b = _value((300, 400)), _value((400, 500))
    np.testing.assert_allclose(_run(tf.matmul, a, b, n_threads=3), a @ b, rtol=1e-3, atol=1e-3)
    a, b = _value((500, 400)), _value((400, 30))
    np.testing.assert_allclose(_run(tf.matmul, a, b, n_threads=3), a @ b, rtol=1e-3, atol=1e-3)


BATCHES = [
    ((2, 3, 4), (2, 4, 5)),
    ((3, 4), (7, 4, 5)),
    ((2, 1, 3, 4), (6, 4, 5)),
    ((0, 3, 4), (0, 4, 5)),
    ((3, 0, 4), (3, 4, 5)),
    ((3, 2, 0), (3, 0, 5)),
    ((5, 1, 1), (5, 1, 1)),
    ((8, 60, 70), (8, 70, 80)),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.complex64])
@pytest.mark.parametrize("shapes", BATCHES)
def test_batch_matmul(shapes, dtype):
    a, b = _value(shapes[0], dtype), _value(shapes[1], dtype)
    for n_threads in (1, 3):
        for x in _layouts(a):
            for y in _layouts(b):
                got = _run(tf.matmul, x, y, n_threads=n_threads)
                np.testing.assert_allclose(got, a @ b, rtol=1e-3, atol=1e-3)
    got = _run(lambda p, q: tf.matmul(p, q, adjoint_a=True), np.swapaxes(a, -1, -2).copy(), b)
    want = np.conj(a) @ b
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-3)
    got = _run(lambda p, q: tf.matmul(p, q, transpose_b=True), a, np.swapaxes(b, -1, -2).copy())
    np.testing.assert_allclose(got, a @ b, rtol=1e-3, atol=1e-3)


def test_product_keeps_nan():
    a = np.array([[1, np.nan], [2, 3]], np.float32)
    got = _run(tf.matmul, a, np.eye(2, dtype=np.float32))
    np.testing.assert_array_equal(np.isnan(got), [[True, True], [False, False]])


def test_product_errors():
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Matrix size-incompatible: In\[0\]: \[2,3\], In\[1\]"):
        _run(tf.matmul, _value((2, 3)), _value((4, 5)))
    with pytest.raises(tf.errors.InvalidArgumentError, match="compatible batch dimensions"):
        _run(tf.matmul, _value((2, 3, 3)), _value((4, 3, 3)))


# ---------------------------------------------------------------- layout

SHAPES = [(), (1,), (7,), (0,), (3, 4), (3, 0), (1, 5), (2, 3, 4), (2, 1, 4, 3), (70, 90), (3, 50, 40)]
TYPES = [np.float32, np.float64, np.bool_, np.int8, np.float16, np.complex128]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_layout(shape, dtype):
    x0 = _value(shape, dtype)
    n = len(shape)
    orders = [tuple(range(n)), tuple(reversed(range(n))), tuple(range(1, n)) + (0,) * (n > 0)]
    for x in _layouts(x0):
        same = np.testing.assert_array_equal
        same(_run(lambda p: tf.reshape(p, [-1]) if x.size else tf.reshape(p, [0]), x), x.reshape(-1))
        for at in range(-n - 1, n + 1):
            same(_run(lambda p: tf.expand_dims(p, at), x), np.expand_dims(x, at))
            same(_run(lambda p: tf.stack([p, p, p], at), x), np.stack([x, x, x], at))
        same(_run(tf.shape, x), x.shape)
        same(_run(tf.size, x), x.size)
        for order in orders:
            for n_threads in (1, 2):
                same(_run(lambda p: tf.transpose(p, order), x, n_threads=n_threads), x.transpose(order))
        for axis in range(-n, n):
            same(_run(lambda p: tf.concat([p, p], axis), x), np.concatenate([x, x], axis))
            size = x.shape[axis]
            parts = _run(lambda p: tf.unstack(p, size, axis), x) if size else []
            for part, want in zip(parts, np.moveaxis(x, axis, 0)):
                same(part, want)
            sizes = [size // 2, 0, size - size // 2]
            got = _run(lambda p: tf.split(p, sizes, axis), x)
            for part, want in zip(got, np.split(x, [size // 2, size // 2], axis)):
                same(part, want)
            for part in _run(lambda p: tf.split(p, 1, axis), x):
                same(part, x)
        squeezed = tuple(d for d in x.shape if d != 1)
        same(_run(tf.squeeze, x), x.reshape(squeezed))
        for axis in range(-n, n):
            if x.shape[axis] == 1:
                same(_run(lambda p: tf.squeeze(p, [axis]), x), np.squeeze(x, axis))
        if n:
            key = tuple(slice(d // 3, d - d // 4) for d in x.shape)
            begin, size = [k.start for k in key], [k.stop - k.start for k in key]
            same(_run(lambda p: tf.slice(p, begin, size), x), x[key])
            same(_run(lambda p: p[1:, ...][..., ::2], x), x[1:, ...][..., ::2])
            same(_run(lambda p: p[-2:-1], x), x[-2:-1])
            if x.shape[0]:
                same(_run(lambda p: p[-1], x), x[-1])
            same(_run(lambda p: p[::-1], x), x[::-1])
            repeats = [2, 1, 3, 0][:n]
            same(_run(lambda p: tf.tile(p, repeats), x), np.tile(x, repeats))
            widths = [(1, 0), (0, 2), (1, 1), (0, 0)][:n]
            if dtype not in (np.bool_,):
                same(_run(lambda p: tf.pad(p, widths), x), np.pad(x, widths))


@pytest.mark.parametrize("value", [np.float32(0), np.float32(2.5), np.int64(7), np.bool_(True), np.complex64(1j)])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (40, 50)])
def test_fill(shape, value):
    dims = np.array(shape, np.int32)
    np.testing.assert_array_equal(_run(lambda p: tf.fill(dims, p), np.asarray(value)), np.full(shape, value))


PAIRS = [((2, 3), (3,)), ((2, 3), (2, 3)), ((1, 3), (2, 1)), ((), (4,)), ((1,), (1, 1)), ((5, 1, 3), (1, 3))]


@pytest.mark.parametrize("shapes", PAIRS)
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_broadcast_gradient_args(shapes, dtype):
    a, b = (np.array(s, dtype) for s in shapes)
    kernel = array.BROADCAST_GRADIENT_ARGS.kernel
    got = _run(lambda p, q: list(array.BROADCAST_GRADIENT_ARGS(p, q)), a, b)
    from pyscope.ops.shape import _broadcast_gradient_args_kernel

    assert kernel.name == "broadcast_gradient_args"
    for x, y in zip(got, _broadcast_gradient_args_kernel({}, a, b)):
        np.testing.assert_array_equal(x, y)
        assert x.dtype == dtype


def test_large_copies_in_threads():
    x = _value((300, 500, 4))
    for order in [(1, 0, 2), (2, 0, 1), (2, 1, 0), (0, 2, 1)]:
        got = _run(lambda p: tf.transpose(p, order), x, n_threads=3)
        np.testing.assert_array_equal(got, x.transpose(order))
    np.testing.assert_array_equal(_run(lambda p: tf.tile(p, [2, 1, 3]), x, n_threads=3), np.tile(x, (2, 1, 3)))
    np.testing.assert_array_equal(_run(lambda p: p[5:, ::3], x, n_threads=3), x[5:, ::3])


# ---------------------------------------------------------------- rows


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.complex64, np.bool_])
@pytest.mark.parametrize("shape", [(5,), (5, 3), (4, 5, 6), (300, 128)])
@pytest.mark.parametrize("index_type", [np.int32, np.int64])
def test_gather(shape, dtype, index_type):
    x = _value(shape, dtype)
    for axis in range(len(shape)):
        for index_shape in [(), (0,), (4,), (2, 3), (500,)]:
            i = RNG.integers(0, shape[axis], index_shape).astype(index_type)
            got = _run(lambda p, q: tf.gather(p, q, axis=axis), x, i, n_threads=2)
            np.testing.assert_array_equal(got, x.take(i, axis))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[1\] = -1 is not in \[0, "):
        _run(tf.gather, x, np.array([0, -1], index_type))


@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64])
@pytest.mark.parametrize("shape", [(5,), (5, 3), (50, 700)])
def test_scatter(shape, dtype, resource):
    start = _value(shape, dtype)
    for index_shape in [(0,), (4,), (2, 3), (100,)]:
        i = RNG.integers(0, shape[0], index_shape).astype(np.int32)
        rows = _value(index_shape + shape[1:], dtype)
        for how, ufunc in [("add", np.add), ("sub", np.subtract), ("update", None)]:
            want = start.copy()
            if ufunc is None:
                i = np.unique(i).astype(np.int32)
                rows = _value(i.shape + shape[1:], dtype)
                want[i] = rows
            else:
                ufunc.at(want, i, rows)
            with tf.Graph().as_default():
                v = tf.Variable(start, use_resource=resource)
                read = tf.identity(v)
                with tf.control_dependencies([read]):
                    op = getattr(tf, "scatter_" + how)(v, i, rows)
                with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=2)) as sess:
                    sess.run(tf.global_variables_initializer())
                    before, _ = sess.run([read, op])
                    if resource:  # a read of a reference variable is its memory
                        np.testing.assert_array_equal(before, start)
                    np.testing.assert_allclose(sess.run(v), want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64])
def test_segment_sum(dtype):
    for ids_shape, rest in [((6,), ()), ((6,), (4,)), ((2, 3), (2, 300)), ((0,), (4,)), ((), (3,))]:
        x = _value(ids_shape + rest, dtype)
        ids = np.asarray(RNG.integers(-1, 4, ids_shape)).astype(np.int32)
        want = np.zeros((5,) + rest, dtype)
        np.add.at(want, ids[ids >= 0], x[ids >= 0])
        got = _run(lambda p, q: tf.unsorted_segment_sum(p, q, 5), x, ids)
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


# ---------------------------------------------------------------- by element

ACTIVATIONS = [
    (tf.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    (tf.nn.relu, lambda x: np.where(x < 0, 0, x)),
    (lambda x: elementwise.SIGMOID_GRAD(x, x + 1), lambda x: (x + 1) * x * (1 - x)),
    (lambda x: elementwise.TANH_GRAD(x, x + 1), lambda x: (x + 1) * (1 - x * x)),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("row", ACTIVATIONS)
def test_activations(row, dtype):
    for shape in [(), (0,), (7,), (3, 5), (300, 400)]:
        x = np.asarray(_value(shape, dtype) * 10)
        if x.size > 3:
            x.reshape(-1)[:3] = np.nan, np.inf, -np.inf
        with np.errstate(all="ignore"):
            want = row[1](x)
        for y in _layouts(x):
            np.testing.assert_allclose(_run(row[0], y, n_threads=2), want, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64, np.complex64])
@pytest.mark.parametrize("n", [1, 2, 5, 70])
def test_add_n(n, dtype):
    for shape in [(), (0, 3), (7,), (200, 300) if n < 70 else (4,)]:
        terms = [_value(shape, dtype) for _ in range(n)]
        got = _run(lambda *ps: tf.add_n(list(ps)), *terms, n_threads=2)
        np.testing.assert_allclose(got, sum(terms[1:], terms[0]), rtol=1e-4, atol=1e-4)
        doubled = _run(lambda p: tf.add_n([p + 1] * n), terms[0])
        np.testing.assert_allclose(doubled, (terms[0] + 1) * n, rtol=1e-4, atol=1e-4)


def test_kernels_have_loops():
    for name in ("MatMul", "BatchMatMulV2", "ConcatV2", "Reshape", "ResourceGather", "AddN", "Sigmoid"):
        assert type(core.OPTYPES[name].kernel).__name__ == "CoreKernel"


# ---------------------------------------------------------------- reductions

REDUCED = [
    ((7,), 0),
    ((300000,), 0),
    ((3, 5), 0),
    ((3, 5), 1),
    ((3, 5), (0, 1)),
    ((1, 5), 0),
    ((5, 1), 1),
    ((2, 3, 4), (0, 2)),
    ((2, 3, 4), (-1, 0)),
    ((4, 3, 5, 6), (0, 2)),
    ((4, 3, 5, 6), (1, 3)),
    ((700, 300), 0),
    ((700, 300), 1),
    ((3, 5000), 0),
    ((200000, 2), 0),
    ((130, 2, 900), (0, 2)),
    ((0, 3), 0),
    ((0, 3), 1),
    ((3, 4), ()),
]
REDUCTIONS = [
    (tf.reduce_sum, np.sum),
    (tf.reduce_mean, np.mean),
    (tf.reduce_max, np.max),
    (tf.reduce_min, np.min),
    (tf.reduce_prod, np.prod),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64])
@pytest.mark.parametrize("shape, axis", REDUCED)
def test_reductions(shape, axis, dtype):
    x0 = _value(shape, dtype)
    for function, reference in REDUCTIONS:
        x = np.exp(x0 / 1000) if function is tf.reduce_prod and np.dtype(dtype).kind == "f" else x0
        if x.size == 0 and function not in (tf.reduce_sum, tf.reduce_prod):
            continue
        with np.errstate(all="ignore"):
            if function is tf.reduce_mean and np.dtype(dtype).kind == "i":
                want = np.trunc(np.mean(x, axis))
            elif function in (tf.reduce_max, tf.reduce_min):
                want = reference(x, axis)
            else:
                want = reference(x, axis, dtype if np.dtype(dtype).kind == "i" else np.float64)
        for y in _layouts(x) if x.size < 1000 else [x]:
            found = [_run(lambda p: function(p, axis), y, n_threads=n_threads) for n_threads in (1, 3)]
            np.testing.assert_array_equal(*found)
            np.testing.assert_allclose(found[0], want, rtol=1e-4 if dtype == np.float32 else 1e-7, atol=1e-4)
            kept = _run(lambda p: function(p, axis, keepdims=True), y)
            np.testing.assert_array_equal(kept.reshape(found[0].shape), found[0])
            assert kept.ndim == x.ndim


@pytest.mark.parametrize("n", [1, 10, 130, 5000, 200000])
def test_sums_are_pairwise(n):
    x = np.full((n, 3), 0.1, np.float32)
    want = np.full(3, np.float32(0.1), np.float64) * n
    np.testing.assert_allclose(_run(lambda p: tf.reduce_sum(p, 0), x), want, rtol=2e-6)
    np.testing.assert_allclose(_run(lambda p: tf.reduce_sum(p, 1), x.T.copy()), want, rtol=2e-6)
    np.testing.assert_allclose(_run(tf.nn.l2_loss, x), (np.float64(np.float32(0.1)) ** 2) * 3 * n / 2, rtol=2e-6)


@pytest.mark.parametrize("n", [3, 100, 70000])
@pytest.mark.parametrize("at", [0, 1, -1])
def test_extrema_keep_nan(n, at):
    x = _value((n, 3))
    x[at, 1] = np.nan
    for function in (tf.reduce_max, tf.reduce_min):
        np.testing.assert_array_equal(np.isnan(_run(lambda p: function(p, 0), x)), [False, True, False])
        assert np.isnan(_run(function, x))


@pytest.mark.parametrize("shape", [(4,), (300, 7), (2, 0)])
def test_logic(shape):
    for share in (0.0, 0.5, 1.0):
        x = RNG.random(shape) < share
        for axis in range(len(shape)):
            np.testing.assert_array_equal(_run(lambda p: tf.reduce_all(p, axis), x), x.all(axis))
            np.testing.assert_array_equal(_run(lambda p: tf.reduce_any(p, axis), x), x.any(axis))


# ---------------------------------------------------------------- softmax, bias


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (5,), (64, 10), (3, 5000), (2, 3, 4), (600, 130), (0, 3), (2, 0)])
def test_softmax(shape, dtype):
    x = _value(shape, dtype) * 20
    e = np.exp(x - x.max(-1, keepdims=True, initial=-np.inf), dtype=np.float64)
    p = e / e.sum(-1, keepdims=True)
    for y in _layouts(x):
        for n_threads in (1, 3):
            got = _run(tf.nn.softmax, y, n_threads=n_threads)
            np.testing.assert_allclose(got, p, rtol=1e-4, atol=1e-7)
            got = _run(tf.nn.log_softmax, y, n_threads=n_threads)
            shifted = np.float64(x) - x.max(-1, keepdims=True, initial=-np.inf)
            with np.errstate(all="ignore"):
                want = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
            np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)
    if len(shape) == 2:
        t = np.abs(_value(shape, dtype))

        def both(a, b):
            loss = tf.nn.softmax_cross_entropy_with_logits_v2(labels=b, logits=a)
            return [loss, *tf.gradients(loss, a)]

        loss, grad = _run(both, x, t, n_threads=2)
        log_p = np.float64(x) - x.max(-1, keepdims=True, initial=-np.inf)
        with np.errstate(all="ignore"):
            log_p = log_p - np.log(np.exp(log_p).sum(-1, keepdims=True))
        np.testing.assert_allclose(loss, -(t * log_p).sum(-1), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(grad, p - t, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
@pytest.mark.parametrize("shape", [(1, 1), (64, 10), (3, 4, 5), (300, 400), (0, 3)])
def test_bias(shape, dtype):
    from pyscope.ops.bias import BIAS_ADD_GRAD

    x, b = _value(shape, dtype), _value(shape[-1:], dtype)
    for y in _layouts(x):
        np.testing.assert_allclose(_run(tf.nn.bias_add, y, b, n_threads=2), x + b, rtol=1e-5)
        got = _run(BIAS_ADD_GRAD, y, n_threads=2)
        np.testing.assert_allclose(got, x.sum(tuple(range(x.ndim - 1))), rtol=1e-4, atol=1e-4)


# ---------------------------------------------------------------- updates

@pytest.mark.parametrize("family", ["MOMENTUM", "ADAM", "ADAGRAD", "RMS_PROP", "FTRL", "GRADIENT_DESCENT"])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("option", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_typed_rules(family, sparse, option, dtype):
    from pyscope.ops import training

    op_type = getattr(getattr(training, family), "resource_sparse" if sparse else "resource_dense")
    if op_type is None:
        return
    call = op_type.kernel.fallback.function.__self__
    start = [np.abs(_value((6, 5), dtype)) + 0.1 for _ in call.states]
    given = {}
    for name in call.arguments:
        if name == "indices":
            given[name] = np.array([4, 1, 4], np.int32)
        elif name in ("grad", "delta"):
            given[name] = _value((3 if sparse else 6, 5), dtype)
        else:
            given[name] = np.asarray({"lr_power": -0.5, "beta1_power": 0.9, "beta2_power": 0.99}.get(name, 0.2), dtype)
    options = {name: option for name in call.options}
    want = [x.copy() for x in start]
    grad = given[call.grad]
    scalars = {k: v[()] for k, v in given.items() if k not in ("indices", call.grad)}
    with np.errstate(all="ignore"):
        if sparse:
            for i, row in zip(given["indices"], grad):
                rows = [x[i : i + 1] for x in want]
                call.rule(*rows, **scalars, **options, **{call.grad: row[None]})
        else:
            call.rule(*want, **scalars, **options, **{call.grad: grad})
    with tf.Graph().as_default():
        variables = [tf.Variable(x, use_resource=True) for x in start]
        op = op_type(*[v.handle for v in variables], *[given[name] for name in call.arguments], **options)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            sess.run(op)
            # Terms of up to 10 may cancel: two units in their last place are what a fused multiply-add changes.
            slack = 2 * np.spacing(dtype(10))
            for got, expected in zip(sess.run(variables), want):
                np.testing.assert_allclose(got, expected, rtol=1e-5 if dtype == np.float32 else 1e-12, atol=slack)


@pytest.mark.parametrize("columns", [2, 3, 10, 64])
@pytest.mark.parametrize("rows", [100, 1025, 8200, 70003])
def test_reductions_of_few_columns(rows, columns):
    x = np.random.RandomState(rows).rand(rows, columns).astype(np.float32)
    x[rows // 2, 1] = np.nan
    exact = x.astype(np.float64)
    np.testing.assert_allclose(_run(lambda p: tf.reduce_sum(p, 0), x), exact.sum(0), rtol=1e-6)
    np.testing.assert_array_equal(_run(lambda p: tf.reduce_max(p, 0), x), x.max(0))
    np.testing.assert_array_equal(_run(lambda p: tf.reduce_min(p, 0), x), x.min(0))

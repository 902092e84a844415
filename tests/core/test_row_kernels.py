"""Typed kernels of rows, choices and ranks against the Python kernels beside them, and their errors."""

import numpy as np
import pytest

import pyscope as tf
from pyscope import _core as core
from pyscope.ops import fill, gather, ranges, ranking, scan, segment, select, sparse  # noqa: F401  (op types)


def _run(name, *inputs, **attrs):
    """What the op gives, and what its Python kernel gives."""
    op_type = core.OPTYPES[name]
    tensors = [[tf.placeholder_with_default(v, None) for v in x] if isinstance(x, list) else
               tf.placeholder_with_default(x, None) for x in inputs]
    made = op_type(*tensors, **attrs)
    made = [made] if isinstance(made, core.Tensor) else list(made)
    with tf.Session() as sess:
        found = sess.run(made)
    flat = [v for x in inputs for v in (x if isinstance(x, list) else [x])]
    seen = {key: made[0].op._attr(key)[1] for key in op_type.attrs}
    wanted = op_type.kernel.fallback(seen, *flat)
    wanted = list(wanted) if isinstance(wanted, (list, tuple)) else [wanted]
    return found, wanted


def _check(name, *inputs, rtol=0.0, **attrs):
    found, wanted = _run(name, *inputs, **attrs)
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted):
        assert a.dtype == b.dtype
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=10 * rtol)


RNG = np.random.RandomState(0)
REALS = [np.float32, np.float64, np.int32, np.int64]


def _numbers(shape, dtype):
    return np.asarray(RNG.randn(*shape) * 10).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int8, np.float16, np.bool_, np.complex128])
@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 4), (5, 1, 3), (40, 2000)])
def test_select(dtype, shape):
    t, e = _numbers(shape, dtype), _numbers(shape, dtype)
    condition = np.asarray(RNG.rand(*shape) < 0.5)
    _check("Select", condition, t, e)
    _check("Select", np.array(True), t, e)
    _check("SelectV2", condition, t, e)
    _check("SelectV2", np.array(False), t, e[:1] if shape else e)
    if len(shape) > 1:
        _check("Select", RNG.rand(shape[0]) < 0.5, t, e)
        _check("SelectV2", condition, t, _numbers((), dtype))
        _check("SelectV2", condition, _numbers(shape[1:], dtype), e)
        _check("SelectV2", condition[:, :1], t, e[:1])
        _check("SelectV2", condition[0], _numbers((), dtype), e)


def test_select_of_strings_and_of_what_does_not_fit():
    with tf.Session() as sess:
        assert sess.run(tf.where([True, False], ["a", "b"], ["c", "d"])).tolist() == [b"a", b"d"]
        with pytest.raises(tf.errors.InvalidArgumentError, match="must be broadcastable"):
            x = tf.placeholder_with_default(np.zeros(3, np.float32), None)
            sess.run(tf.where_v2(tf.placeholder_with_default([True, False], None), x, x))


@pytest.mark.parametrize("shape", [(), (0,), (9,), (3, 4), (2, 3, 4)])
def test_where(shape):
    _check("Where", np.asarray(RNG.rand(*shape) < 0.5))
    _check("Where", np.round(RNG.rand(*shape)))


CASTS = [np.float32, np.float64, np.int32, np.int64, np.uint8, np.bool_, np.int16, np.float16, np.complex64]


@pytest.mark.parametrize("target", CASTS)
@pytest.mark.parametrize("source", CASTS)
def test_cast(source, target):
    for x in (np.array(3, source), np.arange(5).astype(source), np.abs(_numbers((3, 700), np.float32)).astype(source)):
        found = tf.cast(tf.placeholder_with_default(x, None), target)
        with tf.Session() as sess:
            y = sess.run(found)
        np.testing.assert_array_equal(y, (x.real if source == np.complex64 else x).astype(target))


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float32])
@pytest.mark.parametrize("given", [(0, 5, 1), (0, 5, 2), (3, 3, 1), (5, 0, -2), (-4, 9, 3)])
def test_range(dtype, given):
    _check("Range", *[np.array(v, dtype) for v in given])


def test_range_errors():
    with tf.Session() as sess:
        delta = tf.placeholder_with_default(0, ())
        with pytest.raises(tf.errors.InvalidArgumentError, match="Requires delta != 0"):
            sess.run(tf.range(0, 3, delta))
        with pytest.raises(tf.errors.InvalidArgumentError, match="Requires start <= limit when delta > 0"):
            sess.run(tf.range(5, delta, 1))


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_, np.complex128])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_one_hot(dtype, axis):
    indices = np.array([[0, 3, -1], [2, 9, 1]], np.int32)
    for on, off in ((1, 0), (0, 1)):
        _check("OneHot", indices, np.array(4, np.int32), np.array(on, dtype), np.array(off, dtype), axis=axis)
    _check("OneHot", indices.astype(np.uint8), np.array(0, np.int32), np.array(1, dtype), np.array(0, dtype))


def test_sparse_to_dense():
    indices = np.array([[0, 1], [0, 2], [2, 0]], np.int64)
    shape = np.array([3, 4], np.int64)
    for values in (np.array([1, 2, 3], np.float32), np.array(7, np.float32)):
        _check("SparseToDense", indices, shape, values, np.array(0, np.float32))
    _check("SparseToDense", indices[::-1].copy(), shape, np.array([1, 2, 3], np.int16), np.array(-1, np.int16),
           validate_indices=False)
    _check("SparseToDense", np.array([1, 3]), np.array([5]), np.array([1.0, 2.0]), np.array(9.0))
    _check("SparseToDense", np.array(2), np.array([5]), np.array(1.0), np.array(9.0))


@pytest.mark.parametrize("order, message", [([0, 2, 1], "is out of order"), ([0, 1, 1], "is repeated")])
def test_sparse_to_dense_errors(order, message):
    indices = np.array([[0, 1], [0, 2], [2, 0]], np.int64)[order]
    dense = tf.sparse_to_dense(tf.constant(indices), [3, 4], [1.0, 2.0, 3.0])
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match=message):
        sess.run(dense)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float32])
@pytest.mark.parametrize("out_idx", [tf.int32, tf.int64])
def test_unique(dtype, out_idx):
    for x in (np.zeros(0), np.array([5, -1, 5, 7, -1, 1000000]), RNG.randint(0, 300, 1000)):
        _check("Unique", x.astype(dtype), out_idx=out_idx)
        _check("UniqueWithCounts", x.astype(dtype), out_idx=out_idx)


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.complex128])
def test_partition_and_stitch(dtype):
    data = _numbers((6, 2, 5), dtype)
    parts = np.array([2, 0, 2, 0, 2, 2], np.int32)
    _check("DynamicPartition", data, parts, num_partitions=4)
    _check("DynamicPartition", data, RNG.randint(0, 3, (6, 2)).astype(np.int32), num_partitions=3)
    places = [np.array([4, 0], np.int32), np.array([[1, 4]], np.int32), np.array(6, np.int32)]
    rows = [_numbers((2, 3), dtype), _numbers((1, 2, 3), dtype), _numbers((3,), dtype)]
    _check("DynamicStitch", places, rows)
    _check("ParallelDynamicStitch", places, rows)


def test_partition_and_stitch_errors():
    x = tf.constant([1.0, 2.0])
    with tf.Session() as sess:
        parts = tf.placeholder_with_default([0, 5], None)
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"partitions\[1\] = 5 is not in \[0, 2\)"):
            sess.run(tf.dynamic_partition(x, parts, 2))
        with pytest.raises(tf.errors.InvalidArgumentError, match="is out of range"):
            sess.run(tf.dynamic_stitch([parts - 1], [x]))


IDS = np.array([0, 0, 1, 3, 3, 3, 6])


@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("ids", [IDS, IDS.astype(np.int32), np.zeros(7, np.int64)])
@pytest.mark.parametrize("rest", [(), (3,), (2, 300)])
def test_segments(dtype, ids, rest):
    data = _numbers((7, *rest), dtype)
    for name in ("Sum", "Mean", "Max", "Min", "Prod"):
        if name != "Mean":
            _check("UnsortedSegment" + name, data, ids[::-1] - 1, np.array(8, np.int32), rtol=1e-4)
        _check("Segment" + name, data, ids, rtol=1e-5)
    rows = np.array([4, 0, 6, 6, 1, 2, 3], np.int32)
    for name in ("Sum", "Mean", "SqrtN"):
        if dtype in (np.float32, np.float64) or name == "Sum":
            _check("SparseSegment" + name, data, rows, ids, rtol=1e-5)
            _check(f"SparseSegment{name}WithNumSegments", data, rows, ids, np.array(9, np.int32), rtol=1e-5)
        if dtype in (np.float32, np.float64):
            for version in ("", "V2"):
                _check(f"SparseSegment{name}Grad{version}", data, rows, ids, np.array(8, np.int32), rtol=1e-5)


def test_empty_segments():
    data, ids = np.zeros((0, 3), np.float32), np.zeros(0, np.int32)
    _check("SegmentSum", data, ids)
    _check("SparseSegmentMean", np.ones((4, 3), np.float32), ids, ids)


@pytest.mark.parametrize("ids, message", [([1, 0], "segment ids are not increasing"), ([-1, 0], "must be >= 0")])
def test_segment_errors(ids, message):
    ids = tf.placeholder_with_default(np.array(ids, np.int32), None)
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match=message):
        sess.run(tf.segment_sum([1.0, 2.0], ids))


@pytest.mark.parametrize("dtype", [*REALS, np.int16])
@pytest.mark.parametrize("output", [tf.int32, tf.int64])
@pytest.mark.parametrize("shape, axis", [((9,), 0), ((64, 10), 1), ((64, 10), -2), ((3, 4, 5), 1), ((2, 30000), 1)])
def test_extremes(dtype, output, shape, axis):
    x = _numbers(shape, dtype)
    for name in ("ArgMax", "ArgMin"):
        _check(name, x, np.array(axis, np.int32), output_type=output)


def test_extremes_pass_over_nan():
    nan, inf = np.nan, np.inf
    x = np.array([[nan, 1, 2], [nan, nan, nan], [nan, -inf, 3], [2, nan, 1], [-inf, -inf, nan]], np.float32)
    with tf.Session() as sess:
        assert sess.run(tf.argmax(x, 1)).tolist() == [2, 0, 2, 0, 0]
        assert sess.run(tf.argmin(x, 1)).tolist() == [1, 0, 1, 2, 0]


@pytest.mark.parametrize("dtype", [*REALS, np.int8])
@pytest.mark.parametrize("shape", [(5,), (4, 100), (2, 3, 1000)])
def test_top_k(dtype, shape):
    x = _numbers(shape, dtype)       # with many equal integers
    for k in (0, 1, 2, 5, shape[-1] // 2, shape[-1]):
        _check("TopKV2", x, np.array(min(k, shape[-1]), np.int32))


def test_top_k_with_nan():
    _check("TopKV2", np.array([1, np.nan, 3], np.float32), np.array(2, np.int32))


def test_in_top_k():
    x = _numbers((50, 20), np.float32).round()
    targets = RNG.randint(-1, 21, 50)
    for k in (1, 3, 20):
        _check("InTopKV2", x, targets, np.array(k, np.int64))
    x[::3, 4] = np.inf
    x[1::3, 2] = np.nan
    _check("InTopKV2", x, targets.astype(np.int32), np.array(5, np.int32))


@pytest.mark.parametrize("op_type", [scan.ARG_MAX, scan.ARG_MIN])
def test_extremes_of_long_rows_pass_over_nan(op_type):
    x = _numbers((3, 500), np.float32)
    x[0, 17] = x[1, 3] = np.nan
    x[2] = np.nan
    function = np.nanargmax if op_type is scan.ARG_MAX else np.nanargmin
    with tf.Session() as sess:
        rows, columns = sess.run([op_type(tf.constant(x), 1), op_type(tf.constant(x.T.copy()), 0)])
    assert rows.tolist() == columns.tolist() == [function(x[0]), function(x[1]), 0]


@pytest.mark.parametrize("dtype", [*REALS, np.float16])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_points(dtype, depth):
    shape = (4, 3, 50)
    points = np.stack([RNG.randint(0, d, (2, 6)) for d in shape[:depth]], -1)
    updates = _numbers((2, 6, *shape[depth:]), dtype)
    x = _numbers(shape, dtype)
    _check("ScatterNd", points, updates, np.array(shape), rtol=1e-2 if dtype == np.float16 else 1e-5)
    for name in ("Update", "Add", "Sub"):
        _check("TensorScatter" + name, x, points.astype(np.int32), updates, rtol=1e-2 if dtype == np.float16 else 1e-5)
    found = tf.gather_nd(tf.placeholder_with_default(x, None), points)
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(found), x[tuple(np.moveaxis(points, -1, 0))])


def test_points_outside():
    points = tf.placeholder_with_default(np.array([[1, 5]]), None)
    x = tf.zeros([4, 4])
    with tf.Session() as sess:
        for op in (tf.gather_nd(x, points), tf.scatter_nd(points, [1.0], [4, 4]),
                   tf.tensor_scatter_update(x, points, [1.0])):
            with pytest.raises(tf.errors.InvalidArgumentError, match="does not index into"):
                sess.run(op)
        with pytest.raises(tf.errors.InvalidArgumentError, match="Dimensions .* must match dimensions"):
            sess.run(tf.scatter_nd(points, tf.placeholder_with_default([1.0, 2.0], None), [6, 6]))


def test_what_is_scattered_into_stays_as_it_was():
    x = tf.Variable(np.arange(6, dtype=np.float32))
    y = x + 0.0
    changed = tf.tensor_scatter_update(y, [[1]], [9.0])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        a, b, c = sess.run([changed, y, tf.tensor_scatter_add(x, [[2]], [9.0])])
        assert a.tolist() == [0, 9, 2, 3, 4, 5]
        assert b.tolist() == [0, 1, 2, 3, 4, 5]
        assert c.tolist() == [0, 1, 11, 3, 4, 5]
        assert sess.run(x).tolist() == [0, 1, 2, 3, 4, 5]


KEYS = [
    lambda x: x[1], lambda x: x[:, -1], lambda x: x[1:3, ::2], lambda x: x[..., 0], lambda x: x[:, None, 1],
    lambda x: x[5:2], lambda x: x[-1, 0, 2], lambda x: x[::-1],
]


@pytest.mark.parametrize("key", KEYS)
def test_gradients_of_slices(key):
    value = _numbers((4, 3, 5), np.float64)
    x = tf.placeholder_with_default(value, None)
    dy = _numbers(key(value).shape, np.float64)
    grad = tf.gradients(key(x), x, grad_ys=tf.constant(dy))[0]
    wanted = np.zeros((4, 3, 5))
    places = key(np.arange(60).reshape(4, 3, 5))
    wanted.reshape(-1)[np.asarray(places).reshape(-1)] = dy.reshape(-1)
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(grad), wanted)

"""Convolutions against sums written out, in many geometries; gradients as adjoints."""

import itertools

import numpy as np
import pytest

import pyscope as tf


def run(fetches, feed=None):
    with tf.Session() as session:
        return session.run(fetches, feed)


def pads_of(size, window, stride, dilation, padding):
    """(rows before, rows after, windows) of one dimension."""
    reach = (window - 1) * dilation + 1
    if padding == "SAME":
        out = -(-size // stride)
        total = max((out - 1) * stride + reach - size, 0)
        return total // 2, total - total // 2, out
    before, after = padding if padding != "VALID" else (0, 0)
    return before, after, (size + before + after - reach) // stride + 1


def reference(x, w, strides, padding, dilations):
    """The convolution, one output pixel after the other, in double precision."""
    x, w = x.astype(np.float64), w.astype(np.float64)
    given = [padding] * 2 if isinstance(padding, str) else padding[1:3]
    (top, bottom, rows), (left, right, cols) = (
        pads_of(x.shape[1 + i], w.shape[i], strides[i], dilations[i], given[i]) for i in range(2)
    )
    x = np.pad(x, [(0, 0), (top, bottom), (left, right), (0, 0)])
    groups = x.shape[3] // w.shape[2]
    part = w.shape[3] // groups
    out = np.zeros((x.shape[0], rows, cols, w.shape[3]))
    for y, column, g in itertools.product(range(rows), range(cols), range(groups)):
        y0, x0 = y * strides[0], column * strides[1]
        patch = x[:, y0:, x0:][:, :: dilations[0], :: dilations[1]][:, : w.shape[0], : w.shape[1]]
        patch = patch[..., g * w.shape[2] : (g + 1) * w.shape[2]]
        kernel = w[..., g * part : (g + 1) * part]
        out[:, y, column, g * part : (g + 1) * part] = np.einsum("bijc,ijco->bo", patch, kernel)
    return out


# image, filter, strides, padding, dilations
CASES = [
    ((2, 7, 6, 3), (3, 2, 3, 5), (1, 1), "SAME", (1, 1)),
    ((2, 7, 6, 3), (3, 2, 3, 5), (1, 1), "VALID", (1, 1)),
    ((2, 9, 8, 1), (5, 5, 1, 32), (1, 1), "SAME", (1, 1)),
    ((1, 28, 28, 1), (5, 5, 1, 32), (1, 1), "SAME", (1, 1)),
    ((2, 14, 14, 32), (5, 5, 32, 64), (1, 1), "SAME", (1, 1)),
    ((3, 8, 15, 16), (3, 3, 16, 48), (1, 1), "SAME", (1, 1)),
    ((2, 11, 10, 4), (3, 3, 4, 17), (2, 2), "SAME", (1, 1)),
    ((2, 11, 10, 4), (3, 4, 4, 33), (2, 3), "VALID", (1, 1)),
    ((2, 11, 10, 4), (2, 2, 4, 7), (3, 3), "SAME", (1, 1)),
    ((2, 9, 9, 5), (1, 1, 5, 20), (1, 1), "SAME", (1, 1)),
    ((2, 9, 9, 5), (1, 1, 5, 70), (2, 2), "SAME", (1, 1)),
    ((1, 12, 13, 6), (3, 3, 6, 40), (1, 1), "SAME", (2, 3)),
    ((1, 12, 13, 6), (3, 3, 6, 12), (1, 1), "VALID", (2, 1)),
    ((1, 12, 13, 6), (3, 2, 6, 5), (2, 3), "SAME", (2, 2)),
    ((2, 7, 7, 64), (3, 3, 64, 72), (1, 1), "SAME", (1, 1)),
    ((9, 5, 4, 70), (3, 3, 70, 64), (1, 1), "SAME", (1, 1)),
    ((2, 8, 9, 2), (4, 4, 2, 20), (2, 2), "SAME", (1, 1)),
    ((2, 6, 7, 3), (3, 3, 3, 9), (1, 2), [(0, 0), (2, 1), (0, 3), (0, 0)], (1, 1)),
    ((2, 6, 6, 4), (3, 3, 2, 6), (1, 1), "SAME", (1, 1)),
    ((1, 40, 1, 8), (7, 1, 8, 16), (1, 1), "SAME", (1, 1)),
    ((1, 1, 40, 8), (1, 7, 8, 16), (1, 1), "SAME", (1, 1)),
    ((1, 5, 40, 3), (5, 40, 3, 10), (1, 1), "VALID", (1, 1)),
    ((0, 6, 6, 4), (3, 3, 4, 6), (1, 1), "SAME", (1, 1)),
    ((2, 3, 3, 100), (3, 3, 100, 130), (1, 1), "SAME", (1, 1)),
    ((3, 13, 17, 33), (1, 1, 33, 65), (1, 1), "VALID", (1, 1)),
    ((9, 23, 23, 16), (3, 3, 16, 33), (1, 1), "SAME", (1, 1)),
    ((5, 40, 41, 8), (3, 3, 8, 32), (2, 1), "SAME", (1, 1)),
    ((30, 14, 14, 20), (3, 3, 20, 32), (1, 1), "VALID", (1, 1)),
    ((2, 6, 6, 70), (3, 3, 70, 500), (1, 1), "SAME", (1, 1)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_conv2d_and_its_gradients(case, dtype):
    shape, window, strides, padding, dilations = case
    random = np.random.RandomState(3)
    image, kernel = random.uniform(-1, 1, shape).astype(dtype), random.uniform(-1, 1, window).astype(dtype)
    x, w = tf.placeholder(dtype, [None] * 4), tf.placeholder(dtype, window)
    y = tf.nn.conv2d(x, w, strides, padding, dilations=dilations)
    expected = reference(image, kernel, strides, padding, dilations)
    up = random.uniform(-1, 1, expected.shape).astype(dtype)
    found, dx, dw = run([y, *tf.gradients(y, [x, w], tf.constant(up))], {x: image, w: kernel})
    tolerance = 1e-11 if dtype == "float64" else 1e-5
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, tolerance, tolerance * 10)
    assert dx.shape == image.shape and dw.shape == kernel.shape
    # <up, conv(a, w)> = <dx, a> for every image a, and likewise for filters.
    for _ in range(2):
        a, b = random.uniform(-1, 1, shape), random.uniform(-1, 1, window)
        wide = up.astype(np.float64)
        np.testing.assert_allclose(
            (dx.astype(np.float64) * a).sum(),
            (wide * reference(a, kernel, strides, padding, dilations)).sum(),
            rtol=tolerance * 10, atol=tolerance * 1000,
        )  # fmt: skip
        np.testing.assert_allclose(
            (dw.astype(np.float64) * b).sum(),
            (wide * reference(image, b, strides, padding, dilations)).sum(),
            rtol=tolerance * 10, atol=tolerance * 1000,
        )  # fmt: skip


@pytest.mark.parametrize("dtype", ["float16", "int32"])
def test_other_types(dtype):
    random = np.random.RandomState(1)
    image, kernel = (random.randint(-3, 4, s).astype(dtype) for s in ((1, 5, 5, 2), (3, 3, 2, 4)))
    found = run(tf.nn.conv2d(tf.constant(image), tf.constant(kernel), 1, "SAME"))
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, reference(image, kernel, (1, 1), "SAME", (1, 1)))


def test_inputs_that_are_not_contiguous():
    image = np.random.RandomState(1).uniform(-1, 1, (2, 8, 8, 6)).astype(np.float32)
    kernel = np.random.RandomState(2).uniform(-1, 1, (4, 3, 3, 3)).astype(np.float32).transpose(1, 2, 3, 0)
    x, w = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    found = run(tf.nn.conv2d(x, w, 1, "SAME"), {x: image[:, ::2, :, ::2], w: kernel})
    expected = reference(image[:, ::2, :, ::2], kernel, (1, 1), "SAME", (1, 1))
    np.testing.assert_allclose(found, expected, 1e-5, 1e-6)


def pool_reference(x, ksize, strides, padding, function):
    """`function` of the pixels of each window that are in the image."""
    (top, _, rows), (left, _, cols) = (
        pads_of(x.shape[1 + i], ksize[i], strides[i], 1, padding) for i in range(2)
    )
    out = np.zeros((x.shape[0], rows, cols, x.shape[3]), x.dtype)
    for y, column in itertools.product(range(rows), range(cols)):
        y0, x0 = y * strides[0] - top, column * strides[1] - left
        patch = x[:, max(y0, 0) : y0 + ksize[0], max(x0, 0) : x0 + ksize[1]]
        out[:, y, column] = function(patch, (1, 2))
    return out


@pytest.mark.parametrize("op, function", [(tf.nn.max_pool, np.max), (tf.nn.avg_pool, np.mean)])
@pytest.mark.parametrize(
    "shape, ksize, strides, padding",
    [
        ((2, 6, 5, 3), (2, 2), (2, 2), "SAME"),
        ((2, 6, 5, 3), (2, 2), (2, 2), "VALID"),
        ((1, 7, 8, 40), (3, 3), (2, 2), "SAME"),
        ((2, 7, 6, 17), (3, 2), (1, 1), "VALID"),
        ((2, 9, 9, 1), (2, 3), (3, 4), "SAME"),
        ((1, 4, 4, 65), (4, 4), (1, 1), "SAME"),
        ((2, 8, 8, 19), (2, 2), (2, 2), "SAME"),
        ((0, 4, 4, 2), (2, 2), (2, 2), "SAME"),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pooling_and_its_gradient(op, function, shape, ksize, strides, padding, dtype):
    random = np.random.RandomState(2)
    n = int(np.prod(shape))
    image = random.permutation(n).reshape(shape).astype(dtype) / 64
    x = tf.placeholder(dtype, [None] * 4)
    y = op(x, ksize, strides, padding)
    expected = pool_reference(image, ksize, strides, padding, function)
    up = random.uniform(-1, 1, expected.shape).astype(dtype)
    found, dx = run([y, tf.gradients(y, x, tf.constant(up))[0]], {x: image})
    np.testing.assert_allclose(found, expected, 1e-5)
    # Near `image` the result is linear: a small step changes it by its gradient.
    step = random.uniform(-1, 1, shape) / 1000
    moved = pool_reference(image + step, ksize, strides, padding, function)
    expected = pool_reference(image.astype(np.float64), ksize, strides, padding, function)
    np.testing.assert_allclose((dx * step).sum(), (up * (moved - expected)).sum(), 1e-3, 1e-5)


def test_the_first_of_equal_maxima_gets_the_gradient():
    x = tf.placeholder(tf.float32, [None, 2, 2, 1])
    y = tf.nn.max_pool(x, 2, 2, "VALID")
    image = np.array([[3, 3], [3, 1]], np.float32).reshape(1, 2, 2, 1)
    assert run(tf.gradients(y, x)[0], {x: image}).ravel().tolist() == [1, 0, 0, 0]


def test_a_nan_is_not_hidden_by_a_convolution():
    image = np.zeros((1, 4, 4, 1), np.float32)
    image[0, 1, 1] = np.nan
    found = run(tf.nn.conv2d(tf.constant(image), tf.ones([3, 3, 1, 2]), 1, "SAME"))
    assert np.isnan(found[0, :3, :3]).all() and not np.isnan(found[0, 3]).any()


def test_gradients_that_do_not_fit_are_refused():
    up = tf.placeholder(tf.float32, [None] * 4)
    dx = tf.nn.conv2d_backprop_input([2, 6, 5, 4], tf.ones([3, 3, 4, 2]), up, [1, 1, 1, 1], "SAME")
    with pytest.raises(tf.errors.InvalidArgumentError, match="computed = 6 spatial_dim: 1"):
        run(dx, {up: np.ones((2, 5, 5, 2), np.float32)})
    with pytest.raises(tf.errors.InvalidArgumentError, match="same batch size"):
        run(dx, {up: np.ones((1, 6, 5, 2), np.float32)})


@pytest.mark.parametrize("shape", [(16, 20, 20, 24), (1, 40, 40, 24), (3, 6, 6, 400)], ids=str)
@pytest.mark.parametrize("window", [1, 3])
def test_threads_share_a_convolution(shape, window):
    random = np.random.RandomState(4)
    image = random.uniform(-1, 1, shape).astype(np.float32)
    x = tf.constant(image)
    w = tf.constant(random.uniform(-1, 1, (window, window, shape[3], 80)).astype(np.float32))
    y = tf.nn.max_pool(tf.nn.relu(tf.nn.conv2d(x, w, 1, "SAME")), 2, 2, "SAME")
    fetches = [y, *tf.gradients(y * y, [x, w])]
    found = []
    for n_threads in (1, 2, 3):
        with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=n_threads)) as session:
            found.append(session.run(fetches))
    for others in found[1:]:
        for one, other in zip(found[0], others):
            np.testing.assert_array_equal(one, other)      # to the last bit


def depthwise_reference(x, w, strides, padding, dilations=(1, 1)):
    """Each channel by itself, in double precision."""
    parts = [
        reference(x[..., c : c + 1], w[:, :, c : c + 1].reshape(*w.shape[:2], 1, -1), strides, padding, dilations)
        for c in range(x.shape[3])
    ]
    return np.concatenate(parts, 3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "shape, window, stride, padding",
    [
        ((2, 7, 6, 3), (3, 2, 3, 1), 1, "SAME"),
        ((2, 7, 6, 5), (3, 3, 5, 2), 1, "VALID"),
        ((1, 12, 11, 40), (3, 3, 40, 1), 2, "SAME"),
        ((2, 9, 8, 17), (5, 5, 17, 1), 3, "SAME"),
        ((3, 6, 6, 4), (3, 3, 4, 3), 1, [(0, 0), (2, 1), (0, 2), (0, 0)]),
        ((2, 3, 2, 8), (5, 4, 8, 1), 1, "SAME"),
        ((40, 5, 5, 16), (3, 3, 16, 1), 1, "SAME"),
    ],
    ids=str,
)
def test_depthwise_convolutions_and_their_gradients(shape, window, stride, padding, dtype):
    random = np.random.RandomState(5)
    image, kernel = random.uniform(-1, 1, shape).astype(dtype), random.uniform(-1, 1, window).astype(dtype)
    x, w = tf.placeholder(dtype, [None] * 4), tf.placeholder(dtype, window)
    y = tf.nn.depthwise_conv2d(x, w, [1, stride, stride, 1], padding)
    expected = depthwise_reference(image, kernel, (stride, stride), padding)
    up = random.uniform(-1, 1, expected.shape).astype(dtype)
    fetches = [y, *tf.gradients(y, [x, w], tf.constant(up))]
    found, dx, dw = run(fetches, {x: image, w: kernel})
    tolerance = 1e-11 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(found, expected, tolerance, tolerance)
    for _ in range(2):
        a, b = random.uniform(-1, 1, shape), random.uniform(-1, 1, window)
        wide = up.astype(np.float64)
        for gradient, by, other in (
            (dx, a, depthwise_reference(a, kernel, (stride, stride), padding)),
            (dw, b, depthwise_reference(image, b, (stride, stride), padding)),
        ):
            np.testing.assert_allclose(
                (gradient.astype(np.float64) * by).sum(), (wide * other).sum(), tolerance * 10, tolerance * 1000
            )
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=3)) as session:
        for one, other in zip(session.run(fetches, {x: image, w: kernel}), (found, dx, dw)):
            np.testing.assert_array_equal(one, other)


def test_depthwise_gradients_that_do_not_fit_are_refused():
    up = tf.placeholder(tf.float32, [None] * 4)
    dx = tf.nn.depthwise_conv2d_native_backprop_input(
        [2, 6, 5, 4], tf.ones([3, 3, 4, 2]), up, [1, 1, 1, 1], "SAME"
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match="Number of rows of out_backprop"):
        run(dx, {up: np.ones((2, 5, 5, 8), np.float32)})
    with pytest.raises(tf.errors.InvalidArgumentError, match="depth_multiplier"):
        run(dx, {up: np.ones((2, 6, 5, 4), np.float32)})


def volume_reference(x, w, strides, padding, dilations):
    """A convolution of volumes: of its planes, one for each plane of the filter."""
    before, after, planes = pads_of(x.shape[1], w.shape[0], strides[0], dilations[0], padding)
    x = np.pad(x, [(0, 0), (before, after), (0, 0), (0, 0), (0, 0)])
    return np.stack(
        [
            sum(
                reference(x[:, d * strides[0] + k * dilations[0]], w[k], strides[1:], padding, dilations[1:])
                for k in range(w.shape[0])
            )
            for d in range(planes)
        ],
        1,
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "shape, window, strides, padding, dilations",
    [
        ((2, 5, 6, 7, 3), (3, 3, 3, 3, 9), (1, 1, 1), "SAME", (1, 1, 1)),
        ((1, 6, 7, 8, 4), (3, 2, 3, 4, 17), (2, 1, 2), "SAME", (1, 1, 1)),
        ((2, 6, 5, 6, 16), (2, 3, 3, 16, 33), (1, 1, 1), "VALID", (1, 1, 1)),
        ((1, 9, 9, 9, 5), (3, 3, 3, 5, 6), (1, 1, 1), "SAME", (3, 1, 2)),
        ((2, 3, 4, 5, 6), (1, 1, 1, 6, 8), (1, 1, 1), "VALID", (1, 1, 1)),
        ((2, 4, 4, 5, 6), (1, 1, 1, 6, 8), (2, 2, 2), "SAME", (1, 1, 1)),
        ((2, 5, 6, 7, 40), (3, 3, 3, 40, 33), (3, 2, 1), "VALID", (1, 1, 1)),
    ],
    ids=str,
)
def test_conv3d_and_its_gradients(shape, window, strides, padding, dilations, dtype):
    random = np.random.RandomState(6)
    image, kernel = random.uniform(-1, 1, shape).astype(dtype), random.uniform(-1, 1, window).astype(dtype)
    x, w = tf.placeholder(dtype, [None] * 5), tf.placeholder(dtype, window)
    y = tf.nn.conv3d(x, w, [1, *strides, 1], padding, dilations=[1, *dilations, 1])
    expected = volume_reference(image, kernel, strides, padding, dilations)
    up = random.uniform(-1, 1, expected.shape).astype(dtype)
    fetches = [y, *tf.gradients(y, [x, w], tf.constant(up))]
    found, dx, dw = run(fetches, {x: image, w: kernel})
    tolerance = 1e-11 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(found, expected, tolerance, tolerance * 10)
    a, b = random.uniform(-1, 1, shape), random.uniform(-1, 1, window)
    wide = up.astype(np.float64)
    for gradient, by, other in (
        (dx, a, volume_reference(a, kernel, strides, padding, dilations)),
        (dw, b, volume_reference(image, b, strides, padding, dilations)),
    ):
        np.testing.assert_allclose(
            (gradient.astype(np.float64) * by).sum(), (wide * other).sum(), tolerance * 10, tolerance * 1000
        )
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=3)) as session:
        for one, other in zip(session.run(fetches, {x: image, w: kernel}), (found, dx, dw)):
            np.testing.assert_array_equal(one, other)

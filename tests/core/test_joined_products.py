"""Products joined with what reads them: same values, same errors, fewer steps."""

import numpy as np
import pytest

import pyscope as tf
from pyscope import _core as core

RNG = np.random.default_rng(0)


def _numbers(*shape, dtype=np.float32):
    return RNG.standard_normal(shape).astype(dtype)


def _run(fetches, feeds, rewrites):
    """The values of `fetches`, and the plan's text."""
    with tf.Session() as sess:
        sess._use_rewrites(rewrites)
        values = sess.run(fetches, feeds)
        return values, sess.plan(fetches, list(feeds))


def both(fetches, feeds, joined):
    """`fetches` with and without joining: equal to the last bit; `joined` steps do the work of others, too."""
    plain, _ = _run(fetches, feeds, [])
    values, text = _run(fetches, feeds, ["products"])
    assert sum(" with " in line for line in text.splitlines()) == joined, text
    for one, other in zip(values, plain):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    again, _ = _run(fetches, feeds, core_rewrites())
    for one, other in zip(again, plain):
        np.testing.assert_array_equal(one, other)


def core_rewrites():
    return ["identities", "shapes", "constants", "common", "fusion", "controls", "products"]


@pytest.fixture(params=[2, 1, 0], ids=["widest", "avx2", "portable"])
def level(request):
    before = core._use_tiles(request.param)
    yield request.param
    core._use_tiles(before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", [(64, 156, 512), (5, 3, 2), (33, 300, 47), (1, 200, 300), (64, 1024, 10), (0, 4, 5)])
@pytest.mark.parametrize("relu", [False, True])
def test_rows_and_rectifiers(level, sizes, dtype, relu):
    m, k, n = sizes
    x, w = tf.placeholder(dtype, [None, k]), tf.placeholder(dtype, [k, n])
    b = tf.placeholder(dtype, [n])
    feeds = {x: _numbers(m, k, dtype=dtype), w: _numbers(k, n, dtype=dtype), b: _numbers(n, dtype=dtype)}
    for y in (tf.matmul(x, w) + b, b + tf.matmul(x, w), tf.nn.bias_add(tf.matmul(x, w), b)):
        both([tf.nn.relu(y) if relu else y], feeds, 1)
    if relu:
        both([tf.nn.relu(tf.matmul(x, w))], feeds, 1)


def test_what_others_read_is_not_joined():
    x, w, b = tf.placeholder(tf.float32, [4, 5]), tf.placeholder(tf.float32, [5, 6]), tf.placeholder(tf.float32, [6])
    feeds = {x: _numbers(4, 5), w: _numbers(5, 6), b: _numbers(6)}
    product = tf.matmul(x, w)
    both([product + b, product], feeds, 0)
    both([product + b, tf.tanh(product)], feeds, 0)
    y = tf.matmul(x, w) + b
    both([tf.nn.relu(y), y], feeds, 1)
    both([product + tf.placeholder_with_default(np.float32(1), [])], feeds, 0)
    both([product + tf.placeholder_with_default(_numbers(4, 1), [4, 1])], feeds, 0)


def test_rectified_nans_and_zeros():
    x, w = tf.placeholder(tf.float32, [3, 1]), tf.placeholder(tf.float32, [1, 40])
    given = np.zeros((1, 40), np.float32)
    given[0, :4] = np.nan, np.inf, -np.inf, -0.0
    feeds = {x: np.array([[1], [-1], [0]], np.float32), w: given}
    both([tf.nn.relu(tf.matmul(x, w))], feeds, 1)
    (one,), _ = _run([tf.nn.relu(tf.matmul(x, w))], feeds, ["products"])
    (other,), _ = _run([tf.nn.relu(tf.matmul(x, w))], feeds, [])
    np.testing.assert_array_equal(np.signbit(one), np.signbit(other))


@pytest.mark.parametrize("n", [2, 3, 7])
@pytest.mark.parametrize("sizes", [(156, 64, 512), (3, 2, 4), (40, 256, 33), (1, 5, 90), (20, 6, 1)])
def test_sums_of_products(level, n, sizes):
    m, k, columns = sizes
    pairs = [(tf.placeholder(tf.float32, [k, m]), tf.placeholder(tf.float32, [k, columns])) for _ in range(n)]
    feeds = {t: _numbers(*t.shape.as_list()) for pair in pairs for t in pair}
    total = tf.add_n([tf.matmul(a, b, transpose_a=True) for a, b in pairs])
    both([total], feeds, n - 1)
    extra = tf.placeholder(tf.float32, [m, columns])
    given = _numbers(m, columns)
    kept = given.copy()
    feeds[extra] = given
    both([tf.add_n([extra] + [tf.matmul(a, b, transpose_a=True) for a, b in pairs])], feeds, n)
    np.testing.assert_array_equal(given, kept)


def test_sums_of_long_products_are_not_joined():
    a, b, c = (tf.placeholder(tf.float32, s) for s in ([9, 300], [300, 8], [9, 8]))
    feeds = {t: _numbers(*t.shape.as_list()) for t in (a, b, c)}
    both([tf.add_n([c, tf.matmul(a, b)])], feeds, 0)


def test_sums_in_another_order_are_not_joined():
    a, b, c = (tf.placeholder(tf.float32, s) for s in ([9, 3], [3, 8], [9, 8]))
    feeds = {t: _numbers(*t.shape.as_list()) for t in (a, b, c)}
    first, second = tf.matmul(a, b), tf.matmul(a * 2.0, b)
    both([tf.add_n([second, first, c])], feeds, 0)
    both([tf.add_n([first, second, c])], feeds, 0)
    both([tf.add_n([first, first])], feeds, 0)


def test_two_products_and_a_residue():
    x, h, c = (tf.placeholder(tf.float32, s) for s in ([4, 5], [4, 6], [4, 7]))
    w, u, b = (tf.placeholder(tf.float32, s) for s in ([5, 7], [6, 7], [7]))
    feeds = {t: _numbers(*t.shape.as_list()) for t in (x, h, c, w, u, b)}
    both([tf.tanh(tf.matmul(x, w) + tf.matmul(h, u) + b)], {t: feeds[t] for t in (x, h, w, u, b)}, 1)
    both([c * 2.0 + tf.matmul(x, w)], {t: feeds[t] for t in (x, c, w)}, 1)
    both([tf.matmul(x, w) + c], {t: feeds[t] for t in (x, c, w)}, 1)
    # The sum reads what it is added to, too.
    s = tf.placeholder(tf.float32, [6, 6])
    both([s + tf.matmul(s, s), tf.add_n([s * 2.0, tf.matmul(s, s)])], {s: _numbers(6, 6)}, 2)
    d = s + 1.0
    both([d + tf.matmul(d, s)], {s: _numbers(6, 6)}, 1)


def test_training_steps_give_the_same():
    def losses(rewrites):
        with tf.Graph().as_default():
            x, labels = tf.placeholder(tf.float32, [8, 5, 6]), tf.placeholder(tf.int64, [8])
            rng = np.random.default_rng(1)
            w = tf.Variable(rng.standard_normal((10, 16)).astype("f"))
            b = tf.Variable(np.zeros(16, "f"))
            h = c = tf.zeros([8, 4])
            for x_t in tf.unstack(x, axis=1):
                i, j, f, o = tf.split(tf.matmul(tf.concat([x_t, h], 1), w) + b, 4, axis=1)
                c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
                h = tf.tanh(c) * tf.sigmoid(o)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=h))
            step = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
            feed = {x: rng.random((8, 5, 6)), labels: rng.integers(0, 4, 8)}
            with tf.Session() as sess:
                sess._use_rewrites(rewrites)
                sess.run(tf.global_variables_initializer())
                return [sess.run([step, loss], feed)[1] for _ in range(4)], sess.plan([step, loss], list(feed))

    joined, text = losses(core_rewrites())
    plain, without = losses([name for name in core_rewrites() if name != "products"])
    assert joined == plain and " with " not in without
    assert text.count(" with AddN") == 4 and text.count(" with AddV2") == 5, text


def test_shapes_that_are_not_what_the_graph_says():
    def promised(shape):
        t = tf.placeholder(tf.float32, None)
        given = tf.identity(t)
        given.set_shape(shape)
        return t, given

    (feed_x, x), (feed_w, w), (feed_b, b) = promised([4, 5]), promised([5, 6]), promised([6])
    feeds = {feed_x: _numbers(4, 5), feed_w: _numbers(5, 6), feed_b: _numbers(6)}
    y = tf.nn.relu(tf.nn.bias_add(tf.matmul(x, w), b))
    z = tf.matmul(x, w) + b
    total = tf.add_n([tf.zeros([4, 6]) * 1.0, tf.matmul(x, w)])
    with tf.Session() as sess:
        assert sess.run(y, feeds).shape == (4, 6)
        assert sess.run(z, {**feeds, feed_b: _numbers(1)}).shape == (4, 6)
        assert sess.run(z, {**feeds, feed_x: _numbers(7, 5), feed_b: _numbers(7, 1)}).shape == (7, 6)
        with pytest.raises(tf.errors.InvalidArgumentError, match="Matrix size-incompatible"):
            sess.run(y, {**feeds, feed_w: _numbers(4, 6)})
        with pytest.raises(tf.errors.InvalidArgumentError, match="Must provide as many biases"):
            sess.run(y, {**feeds, feed_b: _numbers(5)})
        with pytest.raises(tf.errors.InvalidArgumentError, match="must have the same size and shape"):
            sess.run(total, {**feeds, feed_x: _numbers(3, 5)})


def test_the_plan_names_what_is_joined():
    x, w, b = tf.placeholder(tf.float32, [4, 5]), tf.placeholder(tf.float32, [5, 6]), tf.placeholder(tf.float32, [6])
    y = tf.nn.relu(tf.nn.bias_add(tf.matmul(x, w, name="product"), b, name="bias"), name="y")
    with tf.Session() as sess:
        assert "MatMul product with BiasAdd bias with Relu y(" in sess.plan(y, [x, w, b])


def test_the_switch_of_the_configuration():
    x, w, b = tf.placeholder(tf.float32, [4, 5]), tf.placeholder(tf.float32, [5, 6]), tf.placeholder(tf.float32, [6])
    y = tf.matmul(x, w) + b
    with tf.Session() as sess:
        assert " with " in sess.plan(y, [x, w, b])
    off = tf.ConfigProto(graph_options=tf.GraphOptions(rewrite_options={"remapping": 2}))
    with tf.Session(config=off) as sess:
        assert " with " not in sess.plan(y, [x, w, b])


def test_updates_of_reference_variables_come_between():
    with tf.Graph().as_default():
        b = tf.Variable(np.ones(6, "f"), use_resource=False)
        x, w = tf.placeholder(tf.float32, [4, 5]), tf.placeholder(tf.float32, [5, 6])
        feeds = {x: _numbers(4, 5), w: _numbers(5, 6)}
        y = tf.matmul(x, w) + b
        with tf.control_dependencies([y]):
            update = tf.assign_add(b, np.ones(6, "f"))
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            given = sess.run([y, update], feeds)[0]
            np.testing.assert_allclose(given, feeds[x] @ feeds[w] + 1, rtol=1e-5, atol=1e-5)

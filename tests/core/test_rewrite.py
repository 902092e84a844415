"""Rewrites of plans: each does what it says, can be switched off, and changes no value, effect or error."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pyscope as tf
from pyscope import _core as core

NAMES = "identities", "shapes", "constants", "common", "fusion", "controls", "products", "convolutions"


def steps(fetches, feeds=None, rewrites=NAMES):
    """The values of `fetches`, and the types of the operations that ran for them."""
    with tf.Session() as sess:
        sess._use_rewrites(rewrites)
        trace = []
        tensors = list(feeds or {})
        values = sess._run_ids(
            tuple(t._id for t in fetches), tuple(t._id for t in tensors), (), [feeds[t] for t in tensors], trace
        )
    return values, [row[0].type for row in trace]


def test_switches_of_the_configuration():
    from pyscope.session import _rewrites

    def allowed(**fields):
        return sorted(_rewrites(tf.ConfigProto(graph_options=tf.GraphOptions(**fields)).graph_options))

    every = sorted(NAMES)
    off = 2
    assert allowed() == every
    assert allowed(optimizer_options=tf.OptimizerOptions(opt_level=-1)) == []
    assert allowed(optimizer_options={"opt_level": -1, "do_common_subexpression_elimination": True}) == ["common"]
    assert allowed(optimizer_options={"opt_level": -1, "do_constant_folding": True}) == ["constants", "shapes"]
    assert allowed(rewrite_options={"disable_meta_optimizer": True}) == []
    for field, name in (
        ("constant_folding", "constants"),
        ("common_subgraph_elimination", "common"),
        ("shape_optimization", "shapes"),
    ):
        assert allowed(rewrite_options={field: off}) == [n for n in every if n != name]
    several = "fusion", "products", "convolutions"
    assert allowed(rewrite_options={"remapping": off}) == [n for n in every if n not in several]
    both = [n for n in every if n not in ("identities", "controls")]
    assert allowed(rewrite_options={"dependency_optimization": off}) == both


# ---------------------------------------------------------------- one by one


def test_identities_are_skipped():
    x = tf.placeholder(tf.float32, [2])
    y = tf.identity(tf.stop_gradient(tf.identity(x)))
    z = tf.reduce_sum(y)
    given_ = np.array([1, 2], np.float32)
    values, ran = steps([y, z, x + 0.0], {x: given_}, ["identities"])
    assert ran == ["Sum", "AddV2"]
    np.testing.assert_array_equal(values[0], [1, 2])
    assert values[1] == 3
    assert not np.shares_memory(values[0], given_)
    assert steps([z], {x: given_}, [])[1] == ["Identity", "StopGradient", "Identity", "Sum"]


def test_fetches_of_one_value_are_arrays_of_their_own():
    x = tf.placeholder(tf.float32, [2])
    y = x + 1.0
    with tf.Session() as sess:
        a, b, c = sess.run([y, tf.identity(y), x + 1.0], {x: [1, 2]})
        for v in (a, b, c):
            np.testing.assert_array_equal(v, [2, 3])
        a[0], b[0] = 7, 8
        assert c[0] == 2 and b[0] == 8 and a[0] == 7
        k = tf.constant([1.0, 2.0])
        a, b = sess.run([tf.identity(k), k])
        a[0] = 5
        assert b[0] == 1
        assert sess.run(tf.identity(k))[0] == 1


def test_a_fed_identity_is_what_is_fed():
    x = tf.constant(1.0)
    y = tf.identity(x)
    z = y + 1.0
    for rewrites in ([], NAMES):
        assert steps([z, y + 0.0, x], {y: np.float32(5)}, rewrites)[0] == [6, 5, 1]
        assert steps([z], {x: np.float32(4)}, rewrites)[0] == [5]


def test_identity_of_a_variable_waits_for_what_it_waited_for():
    v = tf.Variable(1.0)
    before = v.read_value()
    with tf.control_dependencies([before, tf.assign_add(v, 1.0)]):
        after = tf.identity(v.read_value())
    with tf.control_dependencies([after]):
        last = tf.identity(tf.assign_add(v, 10.0))
    with tf.Session() as sess:
        sess.run(v.initializer)
        assert sess.run([after, last]) == [2, 12]
        assert sess.run([last, after]) == [23, 13]


def test_what_is_only_waited_for_runs_if_it_has_an_effect():
    x = tf.placeholder(tf.float32, [2])
    v = tf.get_variable("v", initializer=1.0)
    counted = []

    def count(value):
        counted.append(1)
        return value

    with tf.control_dependencies([x * 2.0, tf.tanh(v.assign_add(1.0)), tf.py_func(count, [x], tf.float32)]):
        y = tf.identity(x)
    with tf.Session() as sess:
        sess.run(v.initializer)
        for k in (1, 2):
            np.testing.assert_array_equal(sess.run(y, {x: [1, 2]}), [1, 2])
            assert sess.run(v) == 1 + k and len(counted) == k


def test_the_gradient_that_nobody_asked_for_does_not_run():
    x = tf.placeholder(tf.float32, [2, 3])
    w = tf.placeholder(tf.float32, [3, 4])
    found = tf.gradients(tf.reduce_sum(tf.tanh(tf.matmul(x, w))), [w], gate_gradients=True)
    feeds = {x: np.ones((2, 3), np.float32), w: np.ones((3, 4), np.float32)}
    values, ran = steps(found, feeds, ["controls"])
    plain, all_ran = steps(found, feeds, [])
    assert ran.count("MatMul") == 2 and all_ran.count("MatMul") == 3
    np.testing.assert_array_equal(values[0], plain[0])
    with tf.control_dependencies([tf.tanh(x)]):
        y = w * 2.0
    assert steps([y], feeds, ["controls"])[1] == ["Mul"]


def test_constants_are_folded():
    x = tf.placeholder(tf.float32, [])
    two = tf.exp(tf.constant(0.0)) + 1.0
    y = tf.reshape(tf.fill([2, 2], two), [4]) * x
    values, ran = steps([y, two], {x: np.float32(3)}, ["constants"])
    assert ran == ["Mul"]
    np.testing.assert_array_equal(values[0], [6] * 4)
    assert values[1] == 2
    # A folded constant may be fed all the same.
    assert steps([two * x], {x: np.float32(3), two: np.float32(7)}, NAMES)[0] == [21]


def test_large_and_random_and_failing_constants_are_not_folded():
    big = tf.reduce_sum(tf.fill([1000, 1000], 1.0))
    values, ran = steps([big], rewrites=["constants"])
    assert values == [1e6] and ran == ["Fill", "Sum"]
    r = tf.random_normal([2])
    assert "RandomStandardNormal" in steps([r], rewrites=["constants"])[1]
    bad = tf.gather(tf.constant([1.0, 2.0]), tf.constant([5]), name="bad")
    with tf.Session() as sess:
        for _ in range(2):
            with pytest.raises(tf.errors.InvalidArgumentError, match="out of|not in") as caught:
                sess.run(bad)
            assert caught.value.op is bad.op


def test_a_function_of_the_program_is_called_every_time():
    calls = []

    def count(x):
        calls.append(1)
        return x

    y = tf.py_func(count, [tf.constant(1.0)], tf.float32, stateful=False)
    with tf.Session() as sess:
        sess.run([y, tf.identity(y)])
        sess.run(y)
    assert len(calls) == 2


def test_common_steps_run_once():
    x = tf.placeholder(tf.float32, [2, 2])
    a, b = tf.reduce_sum(x, 1), tf.reduce_sum(x, 1)
    other = tf.reduce_sum(x, 0)
    values, ran = steps([a, b, other, a + 1.0, b + 1.0], {x: np.array([[1, 2], [3, 4]], np.float32)}, ["common"])
    assert ran == ["Sum", "Sum", "AddV2"]
    for value, expected in zip(values, ([3, 7], [3, 7], [4, 6], [4, 8], [4, 8])):
        np.testing.assert_array_equal(value, expected)
    r = tf.random_uniform([3]), tf.random_uniform([3])
    assert steps(r, rewrites=["common"])[1].count("RandomUniform") == 2


def test_attributes_tell_steps_apart():
    x = tf.placeholder(tf.float32, [2])
    y = [tf.nn.leaky_relu(x, 0.1), tf.nn.leaky_relu(x, 0.2), tf.nn.leaky_relu(x, 0.1)]
    values, ran = steps(y, {x: np.array([-1, 1], np.float32)}, ["common"])
    assert len(ran) == 2
    np.testing.assert_array_equal(values[0], values[2])
    assert values[1][0] == np.float32(-0.2)


def test_shapes_that_are_certain_are_constants():
    x = tf.placeholder(tf.float32, [2, 3])
    from pyscope.ops.shape import RANK, SHAPE, SIZE

    y = tf.exp(x)
    found = [SHAPE(y), SIZE(y, out_type=tf.int64), RANK(y)]
    values, ran = steps(found, {x: np.zeros((2, 3), np.float32)}, ["shapes"])
    assert ran == []                     # not even Exp: it cannot fail
    np.testing.assert_array_equal(values[0], [2, 3])
    assert values[1:] == [6, 2] and values[0].dtype == np.int32 and values[1].dtype == np.int64


def test_shapes_that_are_only_promised_are_computed():
    from pyscope.ops.shape import SHAPE

    x = tf.py_func(lambda: np.zeros(4, np.float32), [], tf.float32)
    x.set_shape([3])
    assert list(steps([SHAPE(tf.exp(x))])[0][0]) == [4]
    c = tf.constant([2, 3])
    y = tf.zeros(c)
    assert y.shape.as_list() == [2, 3]
    assert list(steps([SHAPE(y)], {c: np.array([4, 5], np.int32)})[0][0]) == [4, 5]


def test_a_placeholder_that_is_not_fed_is_still_missed():
    x = tf.placeholder(tf.float32, [2, 3], name="missing")
    from pyscope.ops.shape import SHAPE

    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="missing"):
        sess.run(SHAPE(tf.exp(x)))


# ---------------------------------------------------------------- fusion


def test_elementwise_steps_run_together():
    x = tf.placeholder(tf.float32, [None])
    y = tf.nn.relu(tf.tanh(x * 2.0) + x)
    v = np.linspace(-2, 2, 10001).astype(np.float32)
    values, ran = steps([y], {x: v})
    assert ran == ["Relu"]
    np.testing.assert_array_equal(values[0], steps([y], {x: v}, [])[0][0])
    assert len(steps([y], {x: v}, [])[1]) == 4


def test_what_is_fetched_or_read_elsewhere_is_there():
    x = tf.placeholder(tf.float32, [3])
    a = x + 1.0
    b = a * a
    c = tf.exp(b)
    total = tf.reduce_sum(b)
    d = c - total
    v = np.array([1, 2, 3], np.float32)
    values, ran = steps([a, c, d, total], {x: v})
    assert "Sum" in ran
    for got, expected in zip(values, steps([a, c, d, total], {x: v}, [])[0]):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("n", [1, 5, 300, 5000, 70001])
def test_rows_scalars_and_casts_in_blocks(n):
    x = tf.placeholder(tf.float32, [None, 7])
    row = tf.placeholder(tf.float32, [7])
    s = tf.placeholder(tf.float32, [])
    y = tf.nn.relu((x + row) * s - row / 3.0)
    z = tf.cast(tf.cast(y, tf.float64) * 2.0, tf.float32)
    compare = tf.less(y, z)
    rng = np.random.RandomState(n)
    feed = {
        x: rng.randn(n, 7).astype(np.float32),
        row: rng.randn(7).astype(np.float32),
        s: np.float32(1.5),
    }
    for got, expected in zip(steps([y, z, compare], feed)[0], steps([y, z, compare], feed, [])[0]):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 6, 3000])
def test_every_loop_of_our_own(dtype, n):
    x = tf.placeholder(dtype, [None, 5])
    bias = tf.placeholder(dtype, [5])
    one = tf.placeholder(dtype, [])
    s = tf.nn.sigmoid(tf.nn.bias_add(x, bias))
    t = tf.tanh(s * x)
    r = tf.rsqrt(tf.squared_difference(s, one) + tf.squared_difference(x, t) + 1.0)
    whole = tf.add_n([s, t, tf.nn.relu(r - s), x, r, s])
    counted = tf.cast(tf.cast(whole > 0.5, dtype) + 1.0, np.float64) * 0.5
    fetches = [whole, counted, *tf.gradients(tf.reduce_sum(whole * whole), [x, bias])]
    rng = np.random.RandomState(n)
    feed = {x: rng.randn(n, 5).astype(dtype), bias: rng.randn(5).astype(dtype), one: dtype(0.25)}
    for got, expected in zip(steps(fetches, feed)[0], steps(fetches, feed, [])[0]):
        np.testing.assert_allclose(got, expected, rtol=4 * np.finfo(dtype).eps)
    assert "AddN" not in steps(fetches, feed, [])[1] or len(steps(fetches, feed)[1]) < len(steps(fetches, feed, [])[1])


def test_many_tensors_are_added_in_a_group():
    x = tf.placeholder(tf.float32, [None])
    y = tf.add_n([tf.tanh(x * float(i)) for i in range(300)]) + x
    for n in (4, 20000):
        v = np.linspace(-1, 1, n).astype(np.float32)
        values, ran = steps([y], {x: v})
        assert ran == ["AddV2"]
        np.testing.assert_array_equal(values[0], steps([y], {x: v}, [])[0][0])


def test_ops_that_do_not_broadcast_still_complain():
    x, g = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    from pyscope.ops.activations import RELU_GRAD

    for y in (RELU_GRAD(g, tf.exp(x)), tf.add_n([g, tf.exp(x), x]), tf.nn.bias_add(tf.exp(x), g)):
        for rewrites in ([], NAMES):
            with tf.Session() as sess:
                sess._use_rewrites(rewrites)
                with pytest.raises(tf.errors.InvalidArgumentError) as caught:
                    sess.run(y, {x: np.ones(3), g: np.ones((3, 1, 2))})
                assert caught.value.op is y.op


def test_a_group_takes_an_input_that_dies_for_its_result():
    import tracemalloc

    n = 1 << 20
    x = tf.placeholder(tf.float32, [n])
    y = tf.cumsum(x)                     # made by a step outside, so that its array may be written
    for _ in range(50):
        y = (y + 1.0) * 0.5
    v = np.zeros(n, np.float32)
    with tf.Session() as sess:
        sess.run(y, {x: v})
        tracemalloc.start()
        sess.run(y, {x: v})
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 1.5 * 4 * n


def test_shapes_that_do_not_agree_run_one_by_one():
    x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    z = tf.exp(x + y) * x
    a, b = np.ones((3, 1), np.float32), np.ones((1, 4), np.float32)
    np.testing.assert_array_equal(steps([z], {x: a, y: b})[0][0], steps([z], {x: a, y: b}, [])[0][0])
    strided = np.arange(20, dtype=np.float32)[::2]
    got = steps([z], {x: strided, y: strided})[0][0]
    np.testing.assert_array_equal(got, steps([z], {x: strided, y: strided}, [])[0][0])
    empty = np.zeros((0, 2), np.float32)
    assert steps([z], {x: empty, y: empty})[0][0].shape == (0, 2)
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="Incompatible shapes") as caught:
        sess.run(z, {x: np.ones(3), y: np.ones(4)})
    assert caught.value.op.type == "AddV2"


def test_a_row_does_not_join_what_only_may_have_rows():
    x = tf.placeholder(tf.float32, [None, None])
    y = tf.tanh(x) + tf.constant([1.0, 2.0, 3.0])
    for shape in ((2, 1), (2, 3), (1, 3)):
        v = np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape)
        np.testing.assert_array_equal(steps([y], {x: v})[0][0], steps([y], {x: v}, [])[0][0])


def test_a_group_does_not_run_after_what_waits_for_it():
    v = tf.Variable(1.0)
    x = tf.placeholder(tf.float32, [2])
    seen = []
    a = x + 1.0
    b = tf.exp(a)
    noted = tf.py_func(lambda t: seen.append("b") or np.float32(0), [b], tf.float32)
    with tf.control_dependencies([noted]):
        c = tf.identity(a) * 2.0
    with tf.control_dependencies([tf.group(c)]):
        assigned = tf.assign(v, 5.0)
    d = tf.exp(c) + a
    with tf.Session() as sess:
        sess.run(v.initializer)
        got, value = sess.run([d, assigned], {x: [0, 1]})
        np.testing.assert_allclose(got, np.exp([2, 4]) + [1, 2], rtol=1e-6)
        assert value == 5 and seen == ["b"]


def test_one_of_two_branches_that_meet_again():
    """A step outside the group stands between two that could be members."""
    x = tf.placeholder(tf.float32, [4])
    a = tf.exp(x)
    low = tf.cumsum(a)
    b = a + low
    c = tf.tanh(a)
    y = b * c
    v = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
    for got, expected in zip(steps([y, c, b], {x: v})[0], steps([y, c, b], {x: v}, [])[0]):
        np.testing.assert_array_equal(got, expected)


def test_feeds_and_constants_are_never_written():
    x = tf.placeholder(tf.float32, [5])
    k = tf.constant(np.arange(5, dtype=np.float32))
    y = tf.exp(tf.square(x + k) * k)
    v = np.ones(5, np.float32)
    kept = v.copy()
    with tf.Session() as sess:
        first = sess.run(y, {x: v})
        np.testing.assert_array_equal(v, kept)
        np.testing.assert_array_equal(sess.run(y, {x: v}), first)


def test_the_trace_names_what_ran_together():
    x = tf.placeholder(tf.float32, [3])
    y = tf.tanh(x + 1.0, name="y")
    report = tf.RunMetadata()
    with tf.Session() as sess:
        sess.run(y, {x: [1, 2, 3]}, options=tf.RunOptions(trace_level=3), run_metadata=report)
    (node,) = report.step_stats.dev_stats[0].node_stats
    assert node.node_name == "y" and "add" in node.timeline_label
    assert node.output[0].tensor_description.allocation_description.requested_bytes == 12


# ---------------------------------------------------------------- plans as text, and how many are kept


def test_a_plan_can_be_read():
    x = tf.placeholder(tf.float32, [100, 8], name="x")
    w = tf.constant(np.zeros((8, 4), np.float32))
    h = tf.matmul(x, w, name="h")
    y = tf.nn.relu(tf.tanh(h + 1.0), name="y")
    loss = tf.reduce_sum(y, name="loss")
    with tf.Session() as sess:
        text = sess.plan([loss, "y"], [x])
        kept = sess.plan(loss.op, ["x:0"])
    for part in ("MatMul h", "together  3 operations", "Relu y", "in place of r", "float32 [100,8] x:0", "128 bytes"):
        assert part in text
    assert "at most 1604 bytes" in text
    assert str(2 * 100 * 4 * 8 + 3 * 400 + 1) + " floating point" in text
    assert "fetch" in text and "fetch" not in kept
    unknown = tf.placeholder(tf.float32)
    with tf.Session() as sess:
        assert "unknown" in sess.plan(tf.matmul(unknown, unknown), [unknown])


def test_a_session_keeps_a_limited_number_of_plans():
    x = tf.constant(1.0)
    graph = tf.get_default_graph()
    with tf.Session() as sess:
        feeds = [tf.placeholder(tf.float32, []) for _ in range(1500)]
        always = x + 1.0
        for f in feeds:
            assert sess.run(always, {f: 0.0, x: 2.0}) == 3
            assert sess.run([always, x]) == [2, 1]
        assert len(sess._plan_sizes()) == 3 and max(sess._plan_sizes()) <= 1024
    assert graph is sess.graph


# ---------------------------------------------------------------- any program

UNARY = [tf.tanh, tf.exp, tf.square, tf.negative, tf.nn.relu, tf.identity, tf.stop_gradient, tf.abs, tf.sqrt]
BINARY = [tf.add, tf.subtract, tf.multiply, tf.maximum, tf.divide, tf.less]
SHAPES = [(), (1,), (3,), (2, 3), (1, 3), (2, 1), (0, 3)]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_program_gives_the_same_with_and_without(data):
    with tf.Graph().as_default():
        rng = np.random.RandomState(data.draw(st.integers(0, 2**16)))
        tensors, feeds = [], {}
        for _ in range(data.draw(st.integers(1, 3))):
            shape = data.draw(st.sampled_from(SHAPES))
            known = data.draw(st.sampled_from([shape, [None] * len(shape), None]))
            x = tf.placeholder(tf.float32, known)
            feeds[x] = np.float32(rng.standard_normal(shape))
            tensors.append(x)
        for _ in range(data.draw(st.integers(1, 14))):
            kind = data.draw(st.integers(0, 9))
            x = data.draw(st.sampled_from(tensors))
            if kind < 4:
                y = data.draw(st.sampled_from(UNARY))(x)
            elif kind < 8:
                other = data.draw(st.one_of(st.sampled_from(tensors), st.sampled_from([0.5, -2.0])))
                try:
                    y = data.draw(st.sampled_from(BINARY))(x, other)
                except ValueError:       # shapes that are known not to fit
                    continue
            elif kind == 8:
                y = tf.reduce_sum(x)
            else:
                y = tf.constant(rng.randn(3).astype(np.float32))
            if y.dtype == tf.bool:
                y = tf.cast(y, tf.float32)
            tensors.append(y)
        fetches = data.draw(st.lists(st.sampled_from(tensors), min_size=1, max_size=4, unique=True))
        fetches = [t for t in fetches if t not in feeds] or [tf.identity(tensors[0])]
        inner = data.draw(st.sampled_from(tensors))
        if inner not in fetches and inner.shape.is_fully_defined() and data.draw(st.booleans()):
            feeds[inner] = np.float32(rng.standard_normal(inner.shape.as_list()))
        outcomes = []
        for rewrites in ([], NAMES, *[[name] for name in NAMES]):
            with tf.Session() as sess:
                sess._use_rewrites(rewrites)
                for _ in range(2):
                    try:
                        outcomes.append(sess.run(fetches, feeds))
                    except tf.errors.OpError as e:
                        outcomes.append((type(e), e.message))
        for found in outcomes[1:]:
            if isinstance(outcomes[0], tuple):
                assert found == outcomes[0]
                continue
            assert not isinstance(found, tuple), found
            for a, b in zip(outcomes[0], found):
                assert np.shape(a) == np.shape(b) and a.dtype == b.dtype
                np.testing.assert_array_max_ulp(*(np.where(np.isfinite(v), v, 0) for v in (a, b)), maxulp=1)
                for test in np.isnan, np.isposinf, np.isneginf:
                    np.testing.assert_array_equal(test(a), test(b))


def test_session_kernels_are_left_alone():
    assert core.OPTYPES["ReadVariableOp"].stateful

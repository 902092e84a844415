"""The executor against a NumPy interpreter, and its laws: order, lifetimes, aliasing."""

import gc
import signal
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pyscope as tf
from pyscope import _core as core
from pyscope.ops.identity import identity, placeholder

UNARY = {"floor": (tf.floor, np.floor), "neg": (tf.negative, np.negative), "abs": (tf.abs, np.abs),
         "identity": (identity, lambda x: x), "square": (tf.square, np.square)}  # fmt: skip
BINARY = {"add": (tf.add, np.add), "sub": (tf.subtract, np.subtract), "mul": (tf.multiply, np.multiply),
          "max": (tf.maximum, np.maximum)}  # fmt: skip
SHAPES = [(), (3,), (1,), (2, 3), (2, 1), (1, 3), (4, 1, 3)]


@st.composite
def programs(draw):
    """Shapes of the inputs, then nodes as (op name, input positions), then what to fetch."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    nodes = []
    for i in range(draw(st.integers(1, 12))):
        position = st.integers(0, len(shapes) + i - 1)
        if draw(st.booleans()):
            nodes.append((draw(st.sampled_from(sorted(UNARY))), (draw(position),)))
        else:
            nodes.append((draw(st.sampled_from(sorted(BINARY))), (draw(position), draw(position))))
    n = len(shapes) + len(nodes)
    return shapes, nodes, draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=4))


def _build(values, nodes, column):
    values = list(values)
    for name, inputs in nodes:
        functions = UNARY.get(name) or BINARY[name]
        values.append(functions[column](*[values[i] for i in inputs]))
    return values


@settings(max_examples=300, deadline=None)
@given(programs(), st.integers(0, 2**32 - 1))
def test_random_graphs_equal_numpy(program, seed):
    shapes, nodes, fetched = program
    rng = np.random.default_rng(seed)
    with tf.Graph().as_default(), tf.Session() as sess:
        inputs = [placeholder(tf.float32, shape) for shape in shapes]
        with np.errstate(all="ignore"):
            tensors = _build(inputs, nodes, 0)
        before = []
        for _ in range(3):
            feeds = [np.asarray(rng.standard_normal(shape), np.float32) for shape in shapes]
            kept = [feed.copy() for feed in feeds]
            with np.errstate(all="ignore"):
                wanted = _build(kept, nodes, 1)
            found = sess.run([tensors[i] for i in fetched], dict(zip(inputs, feeds)))
            for i, value in zip(fetched, found):
                np.testing.assert_array_equal(value, wanted[i])
                assert np.shape(value) == np.shape(wanted[i])
            for feed, copy in zip(feeds, kept):
                np.testing.assert_array_equal(feed, copy)
            # What an earlier run gave stays as it was.
            for value, copy in before:
                np.testing.assert_array_equal(value, copy)
            before += [(value, np.array(value)) for value in found]


def test_feed_cuts_the_graph():
    x = placeholder(tf.float32, [2])
    y = tf.tanh(x)
    z = y + 1.0
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(z, {y: [1.0, 2.0]}), [2.0, 3.0])


def test_fetched_array_is_the_callers_own():
    x = placeholder(tf.float32, [3])
    c = tf.constant([1.0, 2.0, 3.0])
    y = identity(x)
    with tf.Session() as sess:
        feed = np.ones(3, np.float32)
        for fetch in (c, y, x + 1.0):
            first = sess.run(fetch, {x: feed})
            first += 100.0
            assert sess.run(fetch, {x: feed})[0] < 50
        np.testing.assert_array_equal(feed, np.ones(3))


def test_assigned_feed_is_copied():
    v = tf.Variable([0.0, 0.0])
    x = placeholder(tf.float32, [2])
    update = v.assign(identity(x))
    with tf.Session() as sess:
        feed = np.array([1.0, 2.0], np.float32)
        sess.run(update, {x: feed})
        feed[:] = 9.0
        value = sess.run(v)
        np.testing.assert_array_equal(value, [1.0, 2.0])
        value[:] = 7.0
        np.testing.assert_array_equal(sess.run(v), [1.0, 2.0])


def test_value_read_before_an_update_stays():
    v = tf.Variable([1.0, 1.0])
    before = v.read_value()
    with tf.control_dependencies([before]):
        add = v.assign_add([1.0, 1.0], read_value=False)
    with tf.control_dependencies([add]):
        after = v.read_value()
    with tf.Session() as sess:
        sess.run(v.initializer)
        old, new = sess.run([before, after])
        np.testing.assert_array_equal(old, [1.0, 1.0])
        np.testing.assert_array_equal(new, [2.0, 2.0])


def test_stateful_ops_run_once_per_run():
    v = tf.Variable(0.0)
    add = v.assign_add(1.0)
    with tf.Session() as sess:
        sess.run(v.initializer)
        a, b, c = sess.run([add, add + 0.0, identity(add)])
        assert (a, b, c) == (1.0, 1.0, 1.0)
        assert sess.run(v) == 1.0


def test_sessions_have_their_own_variables():
    v = tf.Variable(1.0)
    with tf.Session() as a, tf.Session() as b:
        a.run(v.initializer)
        a.run(v.assign(5.0))
        with pytest.raises(tf.errors.FailedPreconditionError):
            b.run(v)
        b.run(v.initializer)
        assert (a.run(v), b.run(v)) == (5.0, 1.0)


def test_deep_chain():
    x = placeholder(tf.float32, [2])
    y = x
    for _ in range(20_000):
        y = tf.negative(y)
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(y, {x: [1.0, 2.0]}), [1.0, 2.0])


def test_cycle_is_an_error():
    a = identity(1.0, name="a")
    b = identity(a, name="b")
    a.op._update_input(0, b)
    with tf.Session() as sess:
        with pytest.raises(tf.errors.InvalidArgumentError, match="contains a cycle with 2 nodes"):
            sess.run(b)


def test_edited_graph_is_planned_again():
    x = tf.constant(1.0)
    y = tf.constant(2.0)
    z = tf.negative(x)
    with tf.Session() as sess:
        assert sess.run(z) == -1.0
        z.op._update_input(0, y)
        assert sess.run(z) == -2.0


def test_edits_that_do_not_fit_change_nothing():
    x = tf.constant(1.0)
    z = tf.negative(x)
    with tf.Graph().as_default():
        other = tf.constant(1.0)
    for index, tensor, error, text in (
        (5, x, tf.errors.OutOfRangeError, r"Input index \[5\] is greater than the number of total inputs \[1\]"),
        (-1, x, tf.errors.OutOfRangeError, "Cannot update edge"),
        (0, other, ValueError, "must be from the same graph"),
        (0, None, TypeError, "None"),
    ):
        with pytest.raises(error, match=text):
            z.op._update_input(index, tensor)
    with pytest.raises(TypeError):
        z.op._add_control_input(None)
    with tf.Session() as sess:
        assert sess.run(z) == -1.0


def test_input_of_another_dtype_ends_the_run():
    x = tf.constant(1.0)
    z = tf.negative(x)
    z.op._update_input(0, tf.constant(1, tf.int64))
    text = "Input 0 of node Neg was passed int64 from Const_1:0 incompatible with expected float."
    with tf.Session() as sess:
        with pytest.raises(tf.errors.InvalidArgumentError, match=text):
            sess.run(z)
        z.op._update_input(0, x)
        assert sess.run(z) == -1.0


def test_order_without_ascending_ids():
    x = placeholder(tf.float32, [])
    early = identity(x)
    late = x * 3.0
    early.op._update_input(0, late)
    with tf.Session() as sess:
        assert sess.run(early + 1.0, {x: 2.0}) == 7.0


def test_many_threads_share_a_plan():
    x = placeholder(tf.float32, [None])
    y = x
    for _ in range(20):
        y = tf.tanh(y) + x
    failures = []

    def work(k):
        feed = np.full(100 * k + 1, k, np.float32)
        want = sess.run(y, {x: feed})
        for _ in range(100):
            if not np.array_equal(sess.run(y, {x: feed}), want):
                failures.append(k)

    with tf.Session() as sess:
        threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert not failures


def test_large_arrays_are_freed():
    x = placeholder(tf.float32, [None])
    y = tf.tanh(x) * 2.0
    with tf.Session() as sess:
        value = sess.run(y, {x: np.ones(1 << 18, np.float32)})
        ref = weakref.ref(value)
        del value
        gc.collect()
        assert ref() is None


def test_session_lets_go_of_its_graph():
    class Probe:
        pass

    graph = tf.Graph()
    graph.probe = Probe()
    ref = weakref.ref(graph.probe)
    with graph.as_default():
        x = placeholder(tf.float32, [])
        y = x + 1.0
        with tf.Session() as sess:
            sess.run(y, {x: 1.0})
    del graph, x, y, sess
    gc.collect()
    assert ref() is None


def test_float_errors_pass_in_silence():
    x = placeholder(tf.float32, [2])
    with tf.Session() as sess:
        found = sess.run(tf.log(x) / 0.0, {x: [-1.0, 0.0]})
    assert np.isnan(found[0])
    with pytest.warns(RuntimeWarning):
        np.float64(1.0) / np.float64(0.0)


def test_error_names_the_step():
    x = placeholder(tf.float32, None)
    y = tf.add(x, placeholder(tf.float32, None, name="other"), name="sum")
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError) as caught:
        sess.run(y, {x: [1.0, 2.0], "other:0": [1.0, 2.0, 3.0]})
    assert caught.value.message == "Incompatible shapes: [2] vs. [3]\n\t [[{{node sum}}]]"
    assert caught.value.op is y.op


_CURRENT: list = [None]
_FAILS = core.OpType(
    "PyScopeTestFails", "x: T -> y: T", "T: type", shape="same", kernel=lambda attrs, x: _CURRENT[0](attrs, x)
)


def _fails(x):
    return _FAILS(x)


def test_kernel_failure_leaves_the_session_usable():
    calls = []

    def kernel(attrs, x):
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        if len(calls) == 2:
            raise MemoryError
        return x + 1

    _CURRENT[:] = [kernel]
    y = _fails(placeholder(tf.float32, [], name="p"))
    with tf.Session() as sess:
        with pytest.raises(KeyboardInterrupt):
            sess.run(y, {"p:0": 1.0})
        with pytest.raises(tf.errors.ResourceExhaustedError):
            sess.run(y, {"p:0": 1.0})
        assert sess.run(y, {"p:0": 1.0}) == 2.0


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers that send signals")
@pytest.mark.parametrize("error", [KeyboardInterrupt, TimeoutError])
def test_what_a_signal_handler_raises_ends_the_run_as_it_is(error):
    def late(*_):
        raise error("late")

    if error is KeyboardInterrupt:
        endless = tf.while_loop(lambda i: i < 1, lambda i: i * 0, [0])
    else:
        endless = tf.zeros([10**6]) + tf.placeholder_with_default(1.0, [])
        for _ in range(1000):
            endless = tf.sin(endless)
    after = tf.constant(2.0) + 1.0
    old = signal.signal(signal.SIGALRM, late)
    try:
        with tf.Session() as sess:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(error, match="late"):
                sess.run(endless)
            assert sess.run(after) == 3.0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


def test_kernel_values_get_the_declared_dtype():
    _CURRENT[:] = [lambda attrs, x: x.astype(np.float64)]
    y = _fails(placeholder(tf.float32, [2], name="p"))
    with tf.Session() as sess:
        found = sess.run(y, {"p:0": [1.0, 2.0]})
    assert found.dtype == np.float32


@pytest.mark.parametrize("order", ["C", "F", "reversed", "step"])
def test_feed_layouts(order):
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    feed = {"C": base, "F": np.asfortranarray(base), "reversed": base[::-1], "step": base[:, ::2]}[order]
    x = placeholder(tf.float32, feed.shape)
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(tf.negative(x) + x * 2.0, {x: feed}), feed)
        np.testing.assert_array_equal(sess.run(x + tf.constant(feed[:1]), {x: feed}), feed + feed[:1])
        np.testing.assert_array_equal(sess.run(x + 1.0, {x: feed.astype(">f4")}), feed + 1)


def test_broadcast_of_large_operands():
    a, b = np.random.default_rng(0).standard_normal((2, 300, 200)).astype(np.float32)
    x, y = placeholder(tf.float32, [300, 200]), placeholder(tf.float32, None)
    z = x * y
    with tf.Session() as sess:
        for other in (b, b[:1], b[:, :1], b[0], np.float32(2), b[:1, :1], a[None]):
            np.testing.assert_array_equal(sess.run(z, {x: a, y: other}), a * other)

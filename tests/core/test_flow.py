"""TF1's control flow in a run: dead branches, loops, loops in loops and in dead branches."""

import numpy as np
import pytest

import pyscope as tf
from pyscope import _core as core
from pyscope.ops.identity import identity, placeholder


def _op(name):
    return core.OPTYPES[name]


def _ops():
    from pyscope.control_flow import flow_ops  # noqa: F401

    return [_op(name) for name in ("Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond")]


def _while(cond, body, values, name):
    switch, merge, enter, leave, following, loop_cond = _ops()
    entered = [enter(v, frame_name=name) for v in values]
    merged = [merge([e, e])[0] for e in entered]
    go_on = loop_cond(cond(*merged))
    switched = [switch(m, go_on) for m in merged]
    for m, r in zip(merged, body(*[identity(s[1]) for s in switched])):
        m.op._update_input(1, following(r))
    return [leave(s[0]) for s in switched]


def _constant_in(value, name):
    return _ops()[2](value, frame_name=name, is_constant=True)


def test_dead_branch_does_not_run():
    switch, merge, *_ = _ops()
    p, x = placeholder(tf.bool, []), placeholder(tf.float32, [])
    v = tf.Variable(0.0)
    false, true = switch(x, p)
    true = identity(true)
    with tf.control_dependencies([true]):
        seven = tf.constant(7.0)
        count = v.assign_add(1.0, read_value=False)
    value, index = merge([false * 2.0, true + seven])
    with tf.Session() as sess:
        sess.run(v.initializer)
        assert sess.run([value, index], {p: True, x: 1.0}) == [8.0, 1]
        assert sess.run([value, index], {p: False, x: 1.0}) == [2.0, 0]
        sess.run(count, {p: False, x: 1.0})
        assert sess.run(v) == 0.0
        sess.run(count, {p: True, x: 1.0})
        assert sess.run(v) == 1.0
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"Retval\[0\] does not have value"):
            sess.run(seven, {p: False, x: 1.0})


def test_loops_nest():
    n, x = placeholder(tf.float32, []), placeholder(tf.float32, [])

    def body(i, total):
        bound = _constant_in(i, "inner")
        _, total = _while(lambda j, a: j < bound, lambda j, a: (j + 1.0, a + 1.0), [i * 0.0, total], "inner")
        return i + 1.0, total

    limit = _constant_in(n, "outer")
    result = _while(lambda i, a: i < limit, body, [tf.constant(0.0), x], "outer")
    with tf.Session() as sess:
        for k in (0, 1, 5, 30):
            assert sess.run(result, {n: k, x: 0.5}) == [k, 0.5 + k * (k - 1) / 2]
        assert sess.run(result[1], {n: 5, x: 0.0}) == 10.0


def test_loop_in_a_dead_branch():
    switch, merge, *_ = _ops()
    p, x = placeholder(tf.bool, []), placeholder(tf.float32, [])
    false, true = switch(x, p)
    result = _while(lambda i, a: tf.less(i, a), lambda i, a: (i + 1.0, a), [true * 0.0, true], "dead")
    value, _ = merge([false, result[0]])
    with tf.Session() as sess:
        assert [sess.run(value, {p: b, x: 3.5}) for b in (True, False, True)] == [4.0, 3.5, 4.0]


def test_arrays_that_went_round_are_kept_apart():
    x = placeholder(tf.float32, [2])
    five = _constant_in(tf.constant(5.0), "loop")
    result = _while(lambda i, a: i < five, lambda i, a: (i + 1.0, a * 2.0), [tf.constant(0.0), x], "loop")
    with tf.Session() as sess:
        feed = np.ones(2, np.float32)
        first = sess.run(result[1], {x: feed})
        second = sess.run(result[1], {x: feed * 3})
        np.testing.assert_array_equal(first, [32.0, 32.0])
        np.testing.assert_array_equal(second, [96.0, 96.0])
        np.testing.assert_array_equal(feed, [1.0, 1.0])

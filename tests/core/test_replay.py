"""Gradients that are built from memory are those that the gradient functions build."""

import numpy as np
import pytest

import pyscope as tf
from pyscope import _core as core


def _gru_step(x, h, w, b):
    both = tf.concat([x, h], 1)
    reset, update = tf.split(tf.sigmoid(tf.matmul(both, w) + b), 2, axis=1)
    candidate = tf.tanh(tf.matmul(tf.concat([x, reset * h], 1), w[:, :3]))
    return update * h + (1.0 - update) * candidate


def _many(n):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    w = tf.get_variable("w", [5, 6])
    b = tf.get_variable("b", [6])
    h = tf.zeros([tf.shape(x)[0], 3])
    with tf.name_scope("steps"):
        for _ in range(n):
            h = _gru_step(x, h, w, b)
    y = tf.nn.softmax(tf.reshape(h, [-1, 1, 3]))
    y = tf.where(y > 0.1, tf.exp(y), tf.square(y) / (1.0 + y))
    y = tf.nn.bias_add(tf.reduce_sum(tf.matmul(y, y, transpose_a=True), 1), b[1:4])
    return tf.reduce_mean(y[:, 1] * tf.stack([y[:, 0], y[:, 2]], 1)[:, 0]), [w, b, x]


def _slices(n):
    x = tf.get_variable("v", [n + 1, 3])
    total = 0.0
    for i in range(n):
        total = total + tf.exp(-tf.square(x[i] - 0.5 * i)) + x[i, 1] * x[i : i + 2][1]
    return tf.reduce_sum(total), [x]


def _devices(n):
    x = tf.get_variable("v", [3, 3])
    y = x
    for i in range(n):
        with tf.device(f"/cpu:{i % 2}"):
            y = tf.matmul(y, x) + y
    return tf.reduce_sum(y), [x]


def _unused(n):
    x = tf.get_variable("v", [4, 6])
    y = x
    for _ in range(n):
        a, _, c = tf.split(y, 3, axis=1)
        y = tf.concat([a, c, a], 1)
    loss = tf.nn.softmax_cross_entropy_with_logits(labels=tf.nn.softmax(y), logits=x)
    return tf.reduce_mean(loss), [x]


def _built(program, colocate, gate):
    with tf.Graph().as_default() as graph:
        y, xs = program(4)
        first = tf.gradients(y, xs, colocate_gradients_with_ops=colocate, gate_gradients=gate)
        tf.gradients([tf.reduce_sum(g) for g in first], xs[:1], gate_gradients=gate)
        tf.train.AdamOptimizer(0.1).minimize(y)
        return graph.as_graph_def()


@pytest.mark.parametrize("gate", [False, True])
@pytest.mark.parametrize("colocate", [False, True])
@pytest.mark.parametrize("program", [_many, _slices, _devices, _unused])
def test_replayed_is_called(program, colocate, gate):
    _built(program, colocate, gate)
    core.replaying(False)
    try:
        called = _built(program, colocate, gate)
    finally:
        core.replaying(True)
    assert _built(program, colocate, gate) == called


def test_order_of_equal_constants():
    for i in (0, 2, 1, 0):
        with tf.Graph().as_default():
            x = tf.constant(np.arange(3.0))
            (dx,) = tf.gradients(x[i], x)
            assert np.flatnonzero(tf.Session().run(dx)).tolist() == [i]


def test_colocation_is_that_of_the_moment():
    with tf.Graph().as_default() as graph:
        a, b = tf.constant(1.0, name="a"), tf.constant(2.0, name="b")
        with tf.colocate_with(a):
            c = tf.constant(3.0, name="c")
        with tf.colocate_with(c):
            d = tf.constant(4.0, name="d")
        c.op._set_attr("_class", ("list(string)", (b"loc:@b",)))
        assert d.op.colocation_groups() == [b"loc:@a"]
        assert c.op.colocation_groups() == [b"loc:@b"]
        assert b.op.colocation_groups() == [b"loc:@b"]
        with graph.control_dependencies([b]):
            pass
        assert b.op.get_attr("_has_manual_control_dependencies")


def test_part_of_a_chain_is_searched_alone():
    with tf.Graph().as_default():
        y = tf.constant(1.0)
        chain = [y]
        for _ in range(2000):
            chain.append(tf.tanh(chain[-1]))
        search = core.Search(tf.get_default_graph(), [chain[1990].op], [chain[1995].op])
        pending, reachable = search.pending()
        assert len(pending) == 6
        assert reachable == {chain[1995].op._id}
        assert tf.gradients(chain[5], chain[10]) == [None]


@pytest.mark.parametrize(
    "optimizer",
    [
        tf.train.AdamOptimizer(0.1),
        tf.train.GradientDescentOptimizer(0.1),
        tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
        tf.train.RMSPropOptimizer(0.1, centered=True),
        tf.train.AdagradOptimizer(0.1),
        tf.train.AdadeltaOptimizer(0.1),
        tf.train.FtrlOptimizer(0.1),
    ],
    ids=lambda o: o.get_name(),
)
def test_repeated_updates_are_those_of_the_optimizer(optimizer):
    def built():
        with tf.Graph().as_default() as graph:
            loss, shared = 0.0, tf.ones([2, 3])
            for i in range(6):
                with tf.variable_scope("a" if i % 2 else "b/c"):
                    v = tf.get_variable(f"v{i}", [2, 3] if i < 4 else [1500], tf.float64 if i == 3 else tf.float32)
                loss = loss + tf.cast(tf.reduce_sum(v * v), tf.float32)
            variables = tf.trainable_variables()
            optimizer.minimize(loss, global_step=tf.train.get_or_create_global_step())
            pairs = [(shared, v) for v in variables if v.shape.as_list() == [2, 3] and v.dtype == tf.float32]
            optimizer.apply_gradients([*pairs, *[(v.read_value(), v) for v, in zip(variables)]], name="again")
            return graph.as_graph_def()

    core.replaying(False)
    try:
        called = built()
    finally:
        core.replaying(True)
    assert built() == called

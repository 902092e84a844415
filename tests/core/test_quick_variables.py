"""Variables that the core builds by itself have the operations of those that are built call by call."""

import numpy as np
import pytest

import pyscope as tf
from pyscope import _core as core


def _record(use_resource):
    with tf.Graph().as_default() as graph:
        tf.get_variable("a/c", [2, 3], initializer=tf.constant_initializer(0.5), use_resource=use_resource)
        tf.get_variable("z", [2, 3], initializer=tf.zeros_initializer(), use_resource=use_resource)
        tf.get_variable("g", [2, 3], use_resource=use_resource, trainable=False)
        tf.Variable([0.0, -0.0], name="v", use_resource=use_resource)
        tf.Variable(lambda: tf.ones([2]), name="v", use_resource=use_resource)
        with tf.name_scope("s"):
            tf.Variable(tf.fill([2], 1.5), use_resource=use_resource)
        tf.Variable(3, dtype=tf.float64, use_resource=use_resource, trainable=False)
        nodes = [
            (op.name, op.type, {key: str(value) for key, value in sorted(op._attrs().items())}, op.inputs, op.device)
            for op in graph.get_operations()
        ]
        return (
            [(*node[:3], [t.name for t in node[3]], node[4]) for node in nodes],
            [repr(v) for v in tf.global_variables()],
            [v.name for v in tf.trainable_variables()],
            [(v.op.name, v.initializer.name, v.initial_value.name) for v in tf.global_variables()],
        )


@pytest.mark.parametrize("use_resource", [True, False])
def test_the_same_operations(use_resource, monkeypatch):
    quick = _record(use_resource)
    monkeypatch.setattr(core, "can_build_quickly", lambda graph: False)
    assert quick == _record(use_resource)


@pytest.mark.parametrize("use_resource", [True, False])
def test_they_start_from_their_values(use_resource):
    half = tf.get_variable("half", [2], initializer=tf.constant_initializer(0.5), use_resource=use_resource)
    signs = tf.Variable([0.0, -0.0], use_resource=use_resource)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(sess.run(half), [0.5, 0.5])
        np.testing.assert_array_equal(np.signbit(sess.run(signs)), [False, True])


def test_unknown_shapes_are_refused_for_reference_variables():
    with pytest.raises(ValueError, match="initial_value must have a shape specified"):
        tf.Variable(tf.placeholder(tf.float32, [None]), use_resource=False)


def test_constants_tell_zeros_apart():
    with tf.Session() as sess:
        for _ in range(2):
            assert not np.signbit(sess.run(tf.constant(0.0)))
            assert np.signbit(sess.run(tf.constant(-0.0)))
            assert not np.signbit(sess.run(tf.constant([0.0, 1.0]))).any()
            assert np.signbit(sess.run(tf.constant([-0.0, 1.0])))[0]


def test_groups_of_operations_on_several_devices():
    with tf.device("/cpu:0"):
        a = tf.no_op(name="a")
    b, c = tf.no_op(name="b"), tf.no_op(name="c")
    assert tf.group(b, c, b, name="same").control_inputs == [b, c]
    assert [op.type for op in tf.group(a, b, name="two").control_inputs] == ["NoOp", "NoOp"]
    assert tf.get_default_graph().get_operation_by_name("two/NoOp") in tf.group(a, b).graph.get_operations()

"""Calls that the core makes by a short way: the same nodes, errors and documentation as the long one."""

import copy
import inspect
import pickle

import numpy as np
import pytest

import pyscope as tf
from pyscope import _core as core


def _nodes(build):
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2, 3], name="x")
        y = tf.placeholder(tf.float32, [3, 4], name="y")
        build(x, y)
        return [
            (op.name, op.type, [t.name for t in op.inputs], [str(t.shape) for t in op.outputs])
            for op in graph.get_operations()
        ]


@pytest.mark.parametrize(
    "build",
    [
        lambda f, x, y: f(tf.matmul)(x, y),
        lambda f, x, y: f(tf.matmul)(x, x, transpose_b=True, name="product"),
        lambda f, x, y: f(tf.matmul)(x, np.ones((3, 1), np.float32)),
        lambda f, x, y: f(tf.placeholder)(tf.int32),
        lambda f, x, y: f(tf.placeholder)(shape=[None, 2], dtype=tf.int32, name="p"),
        lambda f, x, y: f(tf.constant)(1.0),
        lambda f, x, y: f(tf.constant)([1, 2, 3], tf.int64, name="c"),
        lambda f, x, y: f(tf.constant)([0.5, 0.0]),
        lambda f, x, y: f(tf.constant)(2, shape=[2]),
        lambda f, x, y: f(tf.reshape)(x, [3, -1]),
        lambda f, x, y: f(tf.reshape)(x, tf.constant([6]), name="flat"),
        lambda f, x, y: f(tf.transpose)(x),
        lambda f, x, y: f(tf.transpose)(x, [1, 0], "turned"),
        lambda f, x, y: f(tf.tile)(x, [1, 2]),
        lambda f, x, y: f(tf.fill)([2, 2], 1.5),
        lambda f, x, y: f(tf.slice)(x, [0, 0], [1, -1]),
    ],
)
def test_short_way_builds_what_the_function_builds(build):
    assert _nodes(lambda x, y: build(lambda f: f, x, y)) == _nodes(lambda x, y: build(inspect.unwrap, x, y))


def test_calls_look_like_functions():
    assert str(inspect.signature(tf.placeholder)) == "(dtype, shape=None, name=None)"
    assert tf.matmul.__name__ == "matmul" and "matrices" in tf.matmul.__doc__
    assert inspect.isroutine(tf.matmul)
    assert pickle.loads(pickle.dumps(tf.matmul)) is tf.matmul
    assert copy.deepcopy(tf.constant) is tf.constant


def test_calls_bind_as_functions_do():
    class Layer:
        product = tf.matmul

    with pytest.raises((TypeError, ValueError)):
        Layer().product(tf.constant([[1.0]]), tf.constant([[1.0]]))


def test_wrong_calls():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'b'"):
        tf.matmul(tf.constant([[1.0]]))
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        tf.constant(1.0, wrong=True)
    with pytest.raises(TypeError):
        tf.name_scope()
    with pytest.raises(TypeError, match="You likely meant to pass this into the `values` kwarg"):
        tf.name_scope("a", [1.0])


def test_shared_constants_cannot_be_spoiled():
    first, second = tf.constant([1, 2]), tf.constant([1, 2])
    with tf.Session() as sess:
        value = sess.run(first)
        try:
            value[0] = 9
        except ValueError:
            pass
        np.testing.assert_array_equal(sess.run(second), [1, 2])


def test_remembered_shapes_follow_the_constants():
    x = tf.placeholder(tf.float32, [4, 6])
    for _ in range(2):
        for shape in ([24], [2, -1], [-1, 3], [6, 4]):
            wanted = [24 // 2 if d == -1 and shape[0] == 2 else 24 // 3 if d == -1 else d for d in shape]
            assert tf.reshape(x, shape).shape.as_list() == wanted
            assert tf.reshape(x, tf.constant(np.array(shape, np.int32))).shape.as_list() == wanted
        assert tf.reduce_sum(x, 0).shape.as_list() == [6]
        assert tf.reduce_sum(x, 1, keepdims=True).shape.as_list() == [4, 1]
        assert tf.reduce_sum(x, tf.placeholder(tf.int32, [1])).shape.ndims is None
    with pytest.raises(ValueError, match="Cannot reshape a tensor with 24 elements"):
        tf.reshape(x, [5, 5])


def test_direct_wants_the_defaults_of_the_op_type():
    with pytest.raises(ValueError, match="is not the default"):

        @core.direct(core.op_type("MatMul"))
        def product(a, b, transpose_a=True):
            """Never made."""


@pytest.mark.parametrize("tensor", [True, False])
def test_control_dependencies_of_tensors_and_operations(tensor):
    x = tf.constant(1.0)
    with tf.control_dependencies((x if tensor else x.op,)):
        y = tf.constant(2.0)
    assert y.op.control_inputs == [x.op]
    assert x.op.get_attr("_has_manual_control_dependencies") is True


def test_get_variable_shares_only_what_fits():
    v = tf.get_variable("v", [2, 3])
    with tf.variable_scope("", reuse=True):
        assert tf.get_variable("v") is v
        assert tf.get_variable("v", (2, 3), tf.float32) is v
        assert tf.get_variable("v", tf.TensorShape([2, 3]), initializer=tf.zeros_initializer()) is v
        with pytest.raises(ValueError, match="specified shape"):
            tf.get_variable("v", [3, 2])
        with pytest.raises(ValueError, match="specified dtype"):
            tf.get_variable("v", [2, 3], tf.float64)
        with pytest.raises(ValueError, match="does not exist"):
            tf.get_variable("w", [2, 3])
    with pytest.raises(ValueError, match="already exists"):
        tf.get_variable("v", [2, 3])


def test_default_names_of_variable_scopes_with_captured_and_empty_scopes():
    names = []

    def note():
        with tf.variable_scope(None, "d") as scope:
            names.append(scope.name)

    with tf.variable_scope("") as top:
        note()
        with tf.variable_scope("a") as a:
            note()
            with tf.variable_scope("b/c"):
                note()
                with tf.variable_scope(top):
                    note()
                    with tf.variable_scope(a):
                        note()
                note()
            note()
    note()
    core.get_variable_scope_store().close_variable_subscopes(None)
    note()
    assert names == ["d", "a/d", "a/b/c/d", "d_1", "a/d_1", "a/b/c/d_1", "a/d_1", "d_1", "d"]

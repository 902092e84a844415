"""Conditionals: values, nodes, gradients, state, errors; functional and v1."""

import numpy as np
import pytest

import pyscope as tf


@pytest.fixture
def v1():
    """v1 control flow during the test."""
    tf.disable_control_flow_v2()
    yield
    tf.enable_control_flow_v2()


def run(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed)


def test_values_follow_the_predicate():
    x = tf.placeholder(tf.float32, [])
    z = tf.cond(x < 3.0, lambda: x + 1.0, lambda: x * 2.0)
    assert [run(z, {x: v}) for v in (1.0, 5.0)] == [2.0, 10.0]


def test_nodes_are_those_of_tensorflow():
    x = tf.placeholder(tf.float32, [], name="x")
    z = tf.cond(x < 3.0, lambda: x + 1.0, lambda: x * 2.0)
    nodes = [(op.name, op.type) for op in tf.get_default_graph().get_operations()]
    assert nodes == [("x", "Placeholder"), ("Less/y", "Const"), ("Less", "Less"), ("cond", "StatelessIf"),
                     ("cond/Identity", "Identity")]  # fmt: skip
    assert z.op.inputs[0].op.get_attr("_lower_using_switch_merge") is True
    library = tf.get_default_graph().as_graph_def().library
    assert sorted([n.op for n in f.node_def] for f in library.function) == [["Const", "AddV2"], ["Const", "Mul"]]


def test_structures_and_names():
    flag = tf.placeholder(tf.bool, [])
    x = tf.constant(2.0)
    many = tf.cond(flag, lambda: {"a": x, "b": [x, -x]}, lambda: {"a": -x, "b": [x * x, x]}, name="many")
    assert many["a"].op.name == "many/Identity"
    assert run(many, {flag: False}) == {"a": -2.0, "b": [4.0, 2.0]}


def test_only_the_branch_taken_runs():
    flag = tf.placeholder(tf.bool, [])
    v = tf.get_variable("v", initializer=0.0)
    changed = tf.cond(flag, lambda: tf.assign_add(v, 1.0), lambda: tf.assign_sub(v, 10.0))
    with tf.Session() as session:
        session.run(v.initializer)
        assert [session.run(changed, {flag: f}) for f in (True, False)] == [1.0, -9.0]


@pytest.mark.parametrize("value", [2.0, -1.5])
def test_gradient(value):
    x = tf.placeholder(tf.float64, [])
    w = tf.get_variable("w", initializer=np.float64(0.7))
    z = tf.cond(x > 0.0, lambda: tf.sin(x) * w, lambda: x * x * w * w)
    dx, dw = run(tf.gradients(z, [x, w]), {x: value})
    if value > 0:
        np.testing.assert_allclose([dx, dw], [np.cos(value) * 0.7, np.sin(value)])
    else:
        np.testing.assert_allclose([dx, dw], [2 * value * 0.49, 2 * 0.7 * value**2])


def test_gradient_of_nested_conditionals():
    x = tf.placeholder(tf.float64, [])
    one = tf.constant(1.0, tf.float64)
    z = tf.cond(x > 0.0, lambda: tf.cond(x > 1.0, lambda: x**3, lambda: tf.exp(x)), lambda: one)
    (dx,) = tf.gradients(z, x)
    np.testing.assert_allclose([run(dx, {x: v}) for v in (2.0, 0.5, -1.0)], [12.0, np.exp(0.5), 0.0])


def test_gradients_keep_tensors_and_names():
    """The If gets outputs for what its gradient needs; tensors that a program holds stay what they are."""
    x = tf.placeholder(tf.float32, [])
    z = tf.cond(x > 0.0, lambda: tf.exp(tf.sin(x)) * 2.0, lambda: x)
    op = z.op.inputs[0].op
    before = op.outputs[0]
    assert len(op.outputs) == 1
    tf.gradients(z, x)
    assert len(op.outputs) > 1
    assert op.outputs[0] is before and before.name == "cond:0" and before.consumers() == [z.op]


@pytest.mark.parametrize("index, value, slope", [(0, 4.0, 4.0), (1, np.sin(2.0), np.cos(2.0)), (7, 5.0, 0.0)])
def test_switch_case(index, value, slope):
    x, i = tf.constant(2.0, tf.float64), tf.placeholder(tf.int32, [])
    y = tf.switch_case(i, [lambda: x * x, lambda: tf.sin(x), lambda: tf.constant(5.0, tf.float64)])
    np.testing.assert_allclose(run([y, tf.gradients(y, x)[0]], {i: index}), [value, slope])


def test_case():
    x = tf.placeholder(tf.int32, [])
    y = tf.case([(tf.equal(x, 1), lambda: tf.constant(10)), (x > 5, lambda: tf.constant(20))],
                default=lambda: tf.constant(30))  # fmt: skip
    assert [run(y, {x: v}) for v in (1, 7, 3)] == [10, 20, 30]


def test_assertion():
    x = tf.placeholder(tf.float32, [None])
    with tf.control_dependencies([tf.Assert(tf.reduce_all(x > 0.0), [x, "not positive"])]):
        y = tf.identity(x)
    assert run(y, {x: [1.0]}) == [1.0]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"assertion failed: \[-1 2\] \[not positive\]"):
        run(y, {x: [-1.0, 2.0]})


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda p: tf.cond(p, lambda: 1.0, lambda: 1), TypeError, "must have the same number, type"),
        (lambda p: tf.cond(True, lambda: 1, lambda: 2), TypeError, "pred must not be a Python bool"),
        (lambda p: tf.cond(p, 1, lambda: 2), TypeError, "'true_fn' must be callable."),
        (lambda p: tf.cond(p, lambda: 1), TypeError, "'false_fn' argument required"),
        (lambda p: tf.cond(p, lambda: 1, lambda: 1, fn1=lambda: 1), TypeError, "may not be set simultaneously"),
    ],
)
def test_errors(build, error, message):
    p = tf.placeholder(tf.bool, [])
    with pytest.raises(error, match=message):
        build(p)


def test_tensors_of_a_branch_stay_inside():
    p = tf.placeholder(tf.bool, [])
    kept = []
    with pytest.raises(ValueError, match="accessed from false_fn"):
        tf.cond(p, lambda: kept.append(tf.constant(1.0)) or kept[0], lambda: kept[0] + 1.0)


def test_v1_nodes(v1):
    x = tf.placeholder(tf.float32, [], name="x")
    z = tf.cond(x < 3.0, lambda: x + 1.0, lambda: tf.constant(2.0))
    names = [op.name for op in tf.get_default_graph().get_operations()]
    assert names == ["x", "Less/y", "Less", "cond/Switch", "cond/switch_t", "cond/switch_f", "cond/pred_id",
                     "cond/add/y", "cond/add", "cond/add/Switch", "cond/Const", "cond/Merge"]  # fmt: skip
    assert [run(z, {x: v}) for v in (1.0, 5.0)] == [2.0, 2.0]


def test_v1_gradient(v1):
    x = tf.placeholder(tf.float64, [])
    z = tf.cond(x > 0.0, lambda: x * x * x, lambda: tf.sin(x))
    (dx,) = tf.gradients(z, x)
    np.testing.assert_allclose([run(dx, {x: v}) for v in (2.0, -1.0)], [12.0, np.cos(-1.0)])

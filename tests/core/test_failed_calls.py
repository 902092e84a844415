"""What a call that fails leaves behind: constants made of its arguments, but no claim to a name."""

import pytest

import pyscope as tf


def _names():
    return [op.name for op in tf.get_default_graph().get_operations()]


@pytest.fixture
def values():
    return tf.constant([1.0, 2.0], name="x"), tf.constant([1.0, 2.0, 3.0], name="y"), tf.constant(1.0, name="s")


def test_a_name_taken_as_it_is_stays_free(values):
    x, y, s = values
    with pytest.raises(ValueError, match="Shape must be rank 2"):
        tf.matmul(x, y, name="w/")
    with pytest.raises(ValueError, match="Can't concatenate scalars"):
        tf.concat([s, s], 0, name="w")
    assert tf.identity(x, name="w").op.name == "w_1"
    assert tf.identity(x, name="w/").op.name == "w"
    assert _names() == ["x", "y", "s", "w/axis", "w_1", "w"]


def test_the_scope_of_a_failed_call_can_name_another(values):
    x, y, _ = values
    with tf.name_scope("scope") as scope:
        for build in (lambda: tf.add(x, y, name=scope), lambda: tf.matmul(x, y, name=scope),
                      lambda: tf.stack([x, y], name=scope)):
            with pytest.raises(ValueError, match="must be"):
                build()
        assert tf.add(x, x, name=scope).op.name == "scope"
        with pytest.raises(ValueError, match="Duplicate node name in graph: 'scope'"):
            tf.add(x, x, name=scope)


def test_arguments_are_converted_before_the_name_is_found_taken(values):
    x, y, s = values
    tf.identity(x, name="w/")
    with pytest.raises(ValueError, match="Duplicate node name in graph: 'w'"):
        tf.concat([s, s], 0, name="w")
    assert _names() == ["x", "y", "s", "w", "w/axis"]


def test_nested_control_dependencies_name_an_operation_once():
    a, b, d = (tf.constant(1.0, name=name) for name in "abd")
    with tf.control_dependencies([a.op, d]):
        inside = tf.identity(b)
        with tf.control_dependencies([b, a]):
            assert [op.name for op in (-inside).op.control_inputs] == ["b"]
            assert [op.name for op in (-d).op.control_inputs] == ["a", "b"]
            assert [op.name for op in tf.constant(1.0).op.control_inputs] == ["a", "d", "b"]

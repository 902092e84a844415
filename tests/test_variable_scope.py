"""Variable scopes and get_variable: names, reuse, defaults, getters, partitions, templates."""

import threading

import pytest

import pyscope as tf


def names(operations):
    return [op.name for op in operations]


# ---------------------------------------------------------------- names


def test_nested_scopes_prefix_variables_and_operations():
    with tf.variable_scope("a"), tf.variable_scope("b") as scope:
        v = tf.get_variable("v", [2])
        assert v.name == "a/b/v:0"
        assert tf.constant(1.0).op.name == "a/b/Const"
    assert scope.name == "a/b"
    assert scope.original_name_scope == "a/b/"


def test_name_scopes_do_not_prefix_variables():
    with tf.name_scope("n"), tf.variable_scope("a"):
        assert tf.get_variable("v", [1]).name == "a/v:0"
        assert tf.Variable(1.0, name="w").name == "n/a/w:0"


def test_a_name_opened_twice_has_one_variable_scope_and_two_name_scopes():
    with tf.variable_scope("a") as first:
        pass
    with tf.variable_scope("a") as second:
        pass
    assert (first.name, second.name) == ("a", "a")
    assert (first.original_name_scope, second.original_name_scope) == ("a/", "a_1/")


def test_default_names_are_unique_among_siblings_until_the_parent_is_left():
    with tf.variable_scope("p") as parent:
        opened = []
        for _ in range(3):
            with tf.variable_scope(None, default_name="d") as scope:
                opened.append(scope.name)
        assert opened == ["p/d", "p/d_1", "p/d_2"]
    with tf.variable_scope(parent), tf.variable_scope(None, "d") as scope:
        assert scope.name == "p/d"
        assert scope.original_name_scope == "p_1/d/"


def test_a_captured_scope_leaves_the_counts_as_they_were():
    with tf.variable_scope("p") as parent:
        with tf.variable_scope(None, "d"):
            pass
        with tf.variable_scope(parent):
            with tf.variable_scope(None, "d") as inner:
                assert inner.name == "p/d_1"
            with tf.variable_scope("p2"), tf.variable_scope(None, "d"):
                pass
        with tf.variable_scope(None, "d") as again:
            assert again.name == "p/d_1"


def test_default_names_probe_past_scopes_that_were_opened_by_name():
    with tf.variable_scope("d_1"), tf.variable_scope("inner"):
        pass
    found = []
    for _ in range(3):
        with tf.variable_scope(None, "d") as scope:
            found.append(scope.name)
    assert found == ["d", "d_2", "d_3"]


def test_a_captured_scope_ignores_where_it_is_entered():
    with tf.variable_scope("a") as scope:
        pass
    with tf.variable_scope("b"), tf.variable_scope(scope) as again:
        assert again.name == "a"
        assert again.original_name_scope == "a/"
        assert tf.get_variable("v", [1]).name == "a/v:0"
        assert tf.no_op().name == "b/a/NoOp"


def test_the_root_scope_can_be_captured_and_entered():
    root = tf.get_variable_scope()
    with tf.variable_scope("a"), tf.variable_scope(root):
        assert tf.get_variable("v", [1]).name == "v:0"
        assert tf.no_op().name == "a/NoOp"


def test_auxiliary_name_scope():
    with tf.variable_scope("a") as scope:
        pass
    with tf.variable_scope(scope, auxiliary_name_scope=False) as again:
        assert tf.no_op().name == "NoOp"
        with tf.name_scope(again.original_name_scope):
            assert tf.no_op().name == "a/NoOp"
    with tf.variable_scope("b"), tf.variable_scope("c", auxiliary_name_scope=False) as inner:
        assert (inner.name, inner.original_name_scope) == ("b/c", "b/")


def test_one_object_can_be_entered_again():
    manager = tf.variable_scope("a")
    with manager as first:
        pass
    with tf.variable_scope("b"), manager as second:
        assert second.name == "b/a"
        assert second.original_name_scope == "a/"
    assert first.name == "a"


def test_values_choose_the_graph():
    other = tf.Graph()
    with other.as_default():
        x = tf.constant(1.0)
    with tf.variable_scope("a", values=[x]):
        assert tf.get_default_graph() is other
    assert tf.get_default_graph() is not other


@pytest.mark.parametrize("make", [
    lambda x: tf.variable_op_scope([x], "a", "d"),
    lambda x: tf.variable_op_scope([x], None, "a"),
])
def test_variable_op_scope(make):
    with make(tf.constant(1.0)) as scope:
        assert scope.name == "a"


def test_op_scope():
    with tf.op_scope([tf.constant(1.0)], None, "d") as name:
        assert name == "d/"


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ({"name_or_scope": None}, TypeError, "If default_name is None then name_or_scope is required"),
    ({"name_or_scope": "a", "reuse": 3}, ValueError, "The reuse parameter must be True or False or None."),
    ({"name_or_scope": 3}, TypeError, "VariableScope: name_or_scope must be a string or VariableScope."),
    ({"name_or_scope": None, "default_name": "d", "reuse": True}, ValueError,
     "reuse=True cannot be used without a name_or_scope"),
    ({"name_or_scope": "a", "auxiliary_name_scope": 1}, TypeError,
     "The auxiliary_name_scope must be `True` or `False`, while get 1"),
])
def test_bad_arguments_leave_scopes_as_they_were(arguments, error, message):
    with pytest.raises(error) as caught, tf.variable_scope(**arguments):
        pass
    assert str(caught.value) == message
    assert tf.get_variable_scope().name == ""
    assert tf.get_default_graph().get_name_scope() == ""


def test_improper_nesting_is_noticed():
    outer, inner = tf.variable_scope("a"), tf.variable_scope("b")
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(RuntimeError, match="Improper nesting of variable_scope."):
        outer.__exit__(None, None, None)


def test_each_thread_starts_at_the_root_with_the_variables_of_all():
    graph = tf.get_default_graph()
    found = []

    def work():
        with graph.as_default():
            found.append(tf.get_variable_scope().name)
            with tf.variable_scope(None, "d") as scope:
                found.append(scope.name)
            with tf.variable_scope("a", reuse=True):
                found.append(tf.get_variable("v", [1]))

    with tf.variable_scope("a"):
        v = tf.get_variable("v", [1])
    with tf.variable_scope(None, "d"):
        for _ in range(2):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
    assert found == ["", "d", v, "", "d", v]


# ---------------------------------------------------------------- reuse


def test_making_twice_is_refused():
    tf.get_variable("v", [1])
    with pytest.raises(ValueError, match="^Variable v already exists, disallowed. Did you mean to set reuse=True or "
                                         "reuse=tf.AUTO_REUSE in VarScope?"):
        tf.get_variable("v", [1])


def test_sharing_what_does_not_exist_is_refused():
    with tf.variable_scope("a", reuse=True), pytest.raises(ValueError, match="^Variable a/v does not exist, or was "
                                                                             "not created with tf.get_variable"):
        tf.get_variable("v", [1])


def test_reuse_modes():
    with tf.variable_scope("a"):
        v = tf.get_variable("v", [2])
    with tf.variable_scope("a", reuse=True), tf.variable_scope(tf.get_variable_scope()):
        assert tf.get_variable("v", [2]) is v
        assert tf.get_variable("v") is v
    with tf.variable_scope("a", reuse=tf.AUTO_REUSE):
        assert tf.get_variable("v", tf.TensorShape([None])) is v
        w = tf.get_variable("w", [2])
        assert tf.get_variable("w", [2]) is w
    with tf.variable_scope("a") as scope:
        scope.reuse_variables()
        assert scope.reuse is True
        assert tf.get_variable("v", [2]) is v
    with tf.variable_scope("b", reuse=True), tf.variable_scope("c", reuse=False) as inner:
        assert inner.reuse is True


@pytest.mark.parametrize(("arguments", "message"), [
    ({"shape": [3]}, "Trying to share variable v, but specified shape (3,) and found shape (2,)."),
    ({"shape": [2], "dtype": tf.int32},
     "Trying to share variable v, but specified dtype int32 and found dtype float32."),
    ({"shape": [2], "initializer": [1.0, 2.0]}, "If initializer is a constant, do not specify shape."),
])
def test_what_is_shared_must_agree(arguments, message):
    tf.get_variable("v", [2])
    with tf.variable_scope("", reuse=True), pytest.raises(ValueError) as caught:
        tf.get_variable("v", **arguments)
    assert str(caught.value) == message


# ---------------------------------------------------------------- defaults of scopes


def test_defaults_are_inherited_and_overridden():
    with tf.variable_scope("a", initializer=tf.ones_initializer(), dtype=tf.float64, use_resource=False,
                           caching_device="/cpu:0"):
        v = tf.get_variable("v", [2])
        assert v.dtype.base_dtype == tf.float64
        assert v.op.type == "VariableV2"
        assert v.value().device == "/device:CPU:0"
        with tf.variable_scope("b", dtype=tf.int32, use_resource=True) as inner:
            assert inner.initializer is not None
            w = tf.get_variable("w", [2], initializer=tf.zeros_initializer())
            assert w.dtype == tf.int32
            assert w.op.type == "VarHandleOp"


def test_constraints_are_not_inherited():
    with tf.variable_scope("a", constraint=abs):
        assert tf.get_variable("v", [1]).constraint is abs
        with tf.variable_scope("b"):
            assert tf.get_variable("v", [1]).constraint is None


def test_regularization_losses():
    with tf.variable_scope("a", regularizer=lambda v: tf.reduce_sum(v * v, name="penalty")):
        tf.get_variable("v", [2])
        tf.get_variable("w", [2], regularizer=tf.no_regularizer)
    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    assert [loss.name for loss in losses] == ["a/v/Regularizer/penalty:0"]
    total = tf.add_n(losses)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(total) == session.run(losses[0]) >= 0.0


def test_custom_getters_nest():
    calls = []

    def outer(getter, name, *args, **kwargs):
        calls.append("outer")
        return getter(name + "_outer", *args, **kwargs)

    def inner(getter, *args, **kwargs):
        calls.append("inner")
        assert "constraint" in kwargs
        return getter(*args, **kwargs) * 2.0

    with tf.variable_scope("a", custom_getter=outer), tf.variable_scope("b", custom_getter=inner):
        doubled = tf.get_variable("v", [1])
    assert calls == ["inner", "outer"]
    assert doubled.op.type == "Mul"
    assert [v.name for v in tf.global_variables()] == ["a/b/v_outer:0"]


def test_custom_getters_must_be_callable():
    with pytest.raises(ValueError, match="Passed a custom_getter which is not callable: 3"):
        tf.get_variable("v", [1], custom_getter=3)


def test_creators_make_variables():
    made = []

    def creator(next_creator, **kwargs):
        made.append(kwargs["name"])
        kwargs["trainable"] = False
        return next_creator(**kwargs)

    with tf.variable_creator_scope(creator):
        v = tf.get_variable("v", [1], initializer=tf.zeros_initializer())
        tf.Variable(1.0, name="w")
    assert made == ["v", "w"]
    assert not v.trainable
    assert tf.trainable_variables() == []


# ---------------------------------------------------------------- initializers of get_variable


@pytest.mark.parametrize(("shape", "initializer"), [
    (None, [1.0, 2.0]),
    (None, lambda: tf.constant([1.0, 2.0])),
    ([2], tf.constant_initializer([1.0, 2.0])),
    ([2], lambda shape, dtype, partition_info: tf.constant([1.0, 2.0])),
    ([2], lambda shape, dtype: tf.constant([1.0, 2.0])),
], ids=["value", "nullary", "object", "with partition_info", "function"])
def test_forms_of_initializers(shape, initializer):
    v = tf.get_variable("v", shape, initializer=initializer)
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(v).tolist() == [1.0, 2.0]


@pytest.mark.parametrize(("arguments", "message"), [
    ({}, "Variable v did not get an initializer, so its `shape` argument must be specified."),
    ({"shape": [2], "initializer": [1.0, 2.0]}, "If initializer is a constant, do not specify shape."),
    ({"shape": [1], "dtype": tf.complex64}, "An initializer for variable v of <dtype: 'complex64'> is required"),
    ({"initializer": [1.0], "dtype": tf.int32},
     "Initializer type '<dtype: 'float32'>' and explicit dtype '<dtype: 'int32'>' don't match."),
])
def test_bad_initializers(arguments, message):
    with pytest.raises(ValueError) as caught:
        tf.get_variable("v", **arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize(("dtype", "value"), [(tf.int32, 0), (tf.bool, False), (tf.string, b"")])
def test_default_initializers(dtype, value):
    v = tf.get_variable("v", [1], dtype)
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(v).tolist() == [value]


def test_local_variables():
    v = tf.get_local_variable("v", [1])
    assert tf.local_variables() == [v]
    assert not v.trainable
    assert tf.global_variables() == []


def test_the_quick_way_builds_the_same_nodes():
    def build():
        tf.get_variable("v", [2], initializer=tf.zeros_initializer())
        tf.get_variable("a/w", [2, 3], tf.float64, initializer=tf.ones_initializer(), trainable=False)
        tf.Variable(1.0, name="v")
        tf.Variable(tf.Variable(2.0) * 3.0)
        return tf.get_default_graph()

    with tf.Graph().as_default():
        quick = build()
    with tf.Graph().as_default() as slow, slow.device(lambda op: ""):  # a device function makes it go the long way
        build()
    assert quick.as_graph_def() == slow.as_graph_def()
    assert quick.get_all_collection_keys() == slow.get_all_collection_keys()


# ---------------------------------------------------------------- partitions


def test_partitioned_variable():
    v = tf.get_variable("v", [5, 2], initializer=tf.ones_initializer(), partitioner=tf.fixed_size_partitioner(2))
    assert [part.name for part in v] == ["v/part_0:0", "v/part_1:0"]
    assert [part.shape.as_list() for part in v] == [[3, 2], [2, 2]]
    assert [part._get_save_slice_info().spec for part in v] == ["5 2 0,3:0,2", "5 2 3,2:0,2"]
    assert len(v) == 2
    whole = tf.convert_to_tensor(v)
    assert whole.op.name == "v"
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(whole).shape == (5, 2)
        session.run(v.assign(tf.zeros([5, 2])))
        assert session.run(whole).sum() == 0.0


def test_partitioned_variables_are_shared_as_one():
    partitioner = tf.fixed_size_partitioner(2)
    with tf.variable_scope("a", partitioner=partitioner):
        v = tf.get_variable("v", [4])
        scalar = tf.get_variable("scalar", [])
    assert scalar.name == "a/scalar:0"
    with tf.variable_scope("a", reuse=True):
        assert tf.get_variable("v", [4]) is v
    with pytest.raises(ValueError, match="^Partitioned variable with name a/v already exists."):
        with tf.variable_scope("a", partitioner=partitioner):
            tf.get_variable("v", [4])
    with pytest.raises(ValueError, match="^No partitioner was provided, but a partitioned version of the variable was "
                                         "found: a/v/part_0."):
        with tf.variable_scope("a"):
            tf.get_variable("v", [4])


@pytest.mark.parametrize(("partitioner", "shape", "message"), [
    (3, [2], "Partitioner must be callable, but received: 3"),
    (lambda shape, dtype: 3, [2], "Partitioner must return a sequence, but saw: 3"),
    (lambda shape, dtype: [1, 1], [2],
     "Partitioner returned a partition list that does not match the Variable's rank: [1, 1] vs. (2,)"),
    (lambda shape, dtype: [0], [2], "Partitioner returned zero partitions for some axes: [0]"),
    (lambda shape, dtype: [2, 2], [2, 2],
     "Can only slice a variable along one dimension: shape: (2, 2), partitioning: [2, 2]"),
    (lambda shape, dtype: [1], tf.TensorShape([None]),
     "Shape of a new partitioned variable must be fully defined, but instead was (None,)."),
])
def test_bad_partitioners(partitioner, shape, message):
    with pytest.raises(ValueError) as caught:
        tf.get_variable("v", shape, partitioner=partitioner)
    assert str(caught.value) == message


@pytest.mark.parametrize(("partitioner", "shape", "dtype", "parts"), [
    (tf.fixed_size_partitioner(3), [2, 4], tf.float32, [2, 1]),
    (tf.fixed_size_partitioner(3, axis=1), [2, 4], tf.float32, [1, 3]),
    (tf.variable_axis_size_partitioner(16), [4, 2], tf.float32, [2, 1]),
    (tf.variable_axis_size_partitioner(16, max_shards=3), [8, 2], tf.float32, [3, 1]),
    (tf.variable_axis_size_partitioner(32, bytes_per_string_element=8), [4, 2], tf.string, [2, 1]),
    (tf.min_max_variable_partitioner(4, min_slice_size=8), [8], tf.float32, [4]),
    (tf.min_max_variable_partitioner(4, axis=1, min_slice_size=64), [2, 16], tf.float64, [1, 4]),
])
def test_partitioners(partitioner, shape, dtype, parts):
    assert list(partitioner(shape=tf.TensorShape(shape), dtype=dtype)) == parts


def test_create_partitioned_variables():
    parts = tf.create_partitioned_variables([4, 2], [2, 1], tf.zeros_initializer(), name="p")
    assert [part.name for part in parts] == ["p/part_0:0", "p/part_1:0"]


# ---------------------------------------------------------------- templates


def test_templates_share_their_variables():
    template = tf.make_template("t", lambda x: x * tf.get_variable("w", []))
    first, second = template(tf.constant(1.0)), template(tf.constant(2.0))
    assert [v.name for v in template.variables] == ["t/w:0"]
    assert (first.op.name, second.op.name) == ("t/mul", "t_1/mul")
    assert template.variable_scope.name == "t"
    assert tf.make_template("t", lambda: tf.get_variable("w", []), create_scope_now_=True).variable_scope.name == "t_1"


def test_templates_refuse_new_trainable_variables():
    template = tf.make_template("t", lambda: tf.Variable(1.0))
    template()
    with pytest.raises(ValueError, match="^Trainable variable created when calling a template after the first time"):
        template()


def test_a_template_that_failed_starts_afresh():
    attempts = []

    def body():
        attempts.append(tf.get_variable_scope().reuse)
        if len(attempts) == 1:
            raise KeyError("first")
        return tf.get_variable("v", [1])

    template = tf.make_template("t", body)
    with pytest.raises(KeyError):
        template()
    assert template().name == "t/v:0"

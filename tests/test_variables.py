"""Variables of both kinds: construction, reading, assigning, state in sessions, conversion to protos."""

import gc
import weakref

import numpy as np
import pytest

import pyscope as tf

KINDS = [pytest.param(True, id="resource"), pytest.param(False, id="ref")]
both = pytest.mark.parametrize("use_resource", KINDS)


def run(fetch, *before):
    """Value of `fetch` after initializing all variables and running `before` one after another."""
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for op in before:
            session.run(op)
        return session.run(fetch)


# ---------------------------------------------------------------- construction


def test_nodes_of_a_resource_variable():
    tf.Variable([1.0, 2.0], name="v")
    assert [(op.name, op.type) for op in tf.get_default_graph().get_operations()] == [
        ("v/Initializer/initial_value", "Const"), ("v", "VarHandleOp"),
        ("v/IsInitialized/VarIsInitializedOp", "VarIsInitializedOp"), ("v/Assign", "AssignVariableOp"),
        ("v/Read/ReadVariableOp", "ReadVariableOp"),
    ]


def test_nodes_of_a_reference_variable():
    tf.Variable([1.0, 2.0], name="v", use_resource=False)
    assert [(op.name, op.type) for op in tf.get_default_graph().get_operations()] == [
        ("v/initial_value", "Const"), ("v", "VariableV2"), ("v/Assign", "Assign"), ("v/read", "Identity"),
    ]


@both
def test_properties(use_resource):
    v = tf.Variable([[1, 2]], name="v", dtype=tf.float32, constraint=abs, use_resource=use_resource)
    assert isinstance(v, tf.Variable)
    assert (v.name, v._shared_name, v.op.name) == ("v:0", "v", "v")
    assert v.dtype.base_dtype == tf.float32
    assert v.shape.as_list() == v.get_shape().as_list() == [1, 2]
    assert v.graph is tf.get_default_graph()
    assert (v.trainable, v.constraint, v.device) == (True, abs, "")
    assert v.initial_value.op.type == "Const"
    assert repr(v) == f"<tf.Variable 'v:0' shape=(1, 2) dtype={'float32' if use_resource else 'float32_ref'}>"
    assert {v: 1}[v] == 1
    assert v == v
    assert v.ref() == v.ref()
    assert v.ref().deref() is v


@both
def test_collections(use_resource):
    a = tf.Variable(1.0, use_resource=use_resource)
    b = tf.Variable(1.0, trainable=False, use_resource=use_resource)
    c = tf.Variable(1.0, collections=["mine"], use_resource=use_resource)
    assert tf.global_variables() == [a, b]
    assert tf.trainable_variables() == [a, c]
    assert tf.get_collection("mine") == [c]


@both
@pytest.mark.parametrize(("arguments", "error"), [
    ({}, ValueError), ({"initial_value": 1.0, "collections": "no"}, ValueError),
    ({"initial_value": 1.0, "constraint": 3}, ValueError), ({"initial_value": "a", "dtype": tf.float32}, TypeError),
    ({"initial_value": 1.0, "name": "bad name"}, ValueError),
    ({"initial_value": 1.0, "aggregation": 9}, ValueError), ({"initial_value": 1.0, "synchronization": 9}, ValueError),
])
def test_bad_arguments(arguments, error, use_resource):
    with pytest.raises(error):
        tf.Variable(**arguments, use_resource=use_resource)
    assert tf.global_variables() == []


def test_default_kind():
    assert tf.resource_variables_enabled()
    tf.disable_resource_variables()
    try:
        assert not tf.resource_variables_enabled()
        assert tf.Variable(1.0).op.type == "VariableV2"
        assert tf.get_variable("v", [1]).op.type == "VariableV2"
        assert tf.get_variable("w", [1], use_resource=True).op.type == "VarHandleOp"
    finally:
        tf.enable_resource_variables()
    assert tf.Variable(1.0).op.type == "VarHandleOp"


@both
def test_unknown_shapes(use_resource):
    x = tf.placeholder(tf.float32)
    v = tf.Variable(x, validate_shape=False, use_resource=use_resource)
    assert v.shape.ndims is None
    with tf.Session() as session:
        session.run(v.initializer, {x: [1.0, 2.0]})
        assert session.run(v).tolist() == [1.0, 2.0]
        session.run(tf.assign(v, x, validate_shape=False), {x: 3.0})
        assert session.run(v) == 3.0


def test_shape_argument():
    v = tf.Variable([1.0, 2.0], shape=tf.TensorShape([None]))
    assert v.shape.as_list() == [None]
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(v.assign([1.0, 2.0, 3.0])).tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="is not compatible with the explicitly supplied `shape` argument"):
        tf.Variable([1.0], shape=[2])


@both
def test_control_dependencies_do_not_reach_the_initializer(use_resource):
    with tf.control_dependencies([tf.no_op()]):
        v = tf.Variable(1.0, use_resource=use_resource)
    assert list(v.initializer.control_inputs) == []
    assert list(v.initial_value.op.control_inputs) == []


@both
def test_devices(use_resource):
    with tf.device("/device:CPU:0"):
        v = tf.Variable(tf.zeros_initializer()([2]), use_resource=use_resource)
        w = tf.Variable(lambda: tf.zeros([2]), use_resource=use_resource)
    assert v.device == w.device == w.initializer.device == "/device:CPU:0"
    assert w.initial_value.device == ""
    c = tf.Variable(1.0, caching_device="/device:CPU:0", use_resource=use_resource)
    assert c.value().device == "/device:CPU:0"


# ---------------------------------------------------------------- initial values that read variables


@pytest.fixture
def v1_control_flow():
    tf.disable_control_flow_v2()
    yield
    tf.enable_control_flow_v2()


@both
def test_initialized_value(use_resource, v1_control_flow):
    v = tf.Variable(2.0, use_resource=use_resource)
    value = v.initialized_value()
    with tf.Session() as session:
        assert session.run(value) == 2.0
        session.run(v.initializer)
        session.run(v.assign(5.0))
        assert session.run(value) == 5.0


def test_initialized_value_in_functional_control_flow():
    v = tf.Variable(2.0)
    assert run(v.initialized_value() * 2.0, v.assign(3.0)) == 6.0


def test_initial_values_of_reference_variables_are_guarded(v1_control_flow):
    v = tf.Variable(2.0, name="v", use_resource=False)
    w = tf.Variable(v * 3.0, name="w", use_resource=False)
    with tf.Session() as session:
        session.run(w.initializer)
        assert session.run(w) == 6.0
    assert w.initializer.inputs[1].op.name == "mul_w"


def test_deep_initial_values_need_no_deep_stack():
    x = tf.constant(1.0)
    for _ in range(3000):
        x = tf.identity(x)
    assert tf.Variable(x).initializer.inputs[1] is x


# ---------------------------------------------------------------- reading and assigning


@both
def test_assignments(use_resource):
    v = tf.Variable([1.0, 2.0], use_resource=use_resource)
    assert run(v, v.assign([3.0, 4.0])).tolist() == [3.0, 4.0]
    assert run(v.assign_add([1.0, 1.0])).tolist() == [2.0, 3.0]
    assert run(v.assign_sub([1.0, 1.0])).tolist() == [0.0, 1.0]
    assert run(v, v.assign([5.0, 6.0], read_value=False)).tolist() == [5.0, 6.0]
    assert run(v, tf.assign(v, [7.0, 8.0]).op, tf.assign_add(v, [1.0, 1.0]).op).tolist() == [8.0, 9.0]
    assert run(tf.assign_sub(v, v)).tolist() == [0.0, 0.0]


def test_assigning_returns_the_variable_after_the_change():
    v = tf.Variable(1.0)
    chained = v.assign_add(1.0).assign_add(2.0)
    assert isinstance(chained, tf.Variable)
    assert chained.op.type == "AssignAddVariableOp"
    assert run(chained) == 4.0
    assert run(v.assign(3.0) * 2.0) == 6.0


@both
def test_wrong_shapes_and_types_are_refused_when_building(use_resource):
    v = tf.Variable([1.0, 2.0], use_resource=use_resource)
    n = tf.get_default_graph().version
    with pytest.raises(ValueError):
        v.assign(tf.constant([1.0, 2.0, 3.0]))
    with pytest.raises((TypeError, ValueError)):
        v.assign("text")
    with pytest.raises(ValueError):
        v.assign_add(tf.constant([1.0, 2.0, 3.0]))
    assert tf.get_default_graph().version <= n + 2  # the constants


@both
def test_wrong_shapes_are_refused_when_running(use_resource):
    v = tf.Variable([1.0, 2.0], use_resource=use_resource)
    x = tf.placeholder(tf.float32)
    for op in (v.assign(x), v.assign_add(x), v.assign_sub(x)):
        with tf.Session() as session:
            session.run(v.initializer)
            with pytest.raises(tf.errors.InvalidArgumentError):
                session.run(op, {x: [1.0, 2.0, 3.0]})
            assert session.run(v).tolist() == [1.0, 2.0]


@both
def test_what_was_read_never_changes(use_resource):
    v = tf.Variable(np.zeros(3, np.float32), use_resource=use_resource)
    with tf.Session() as session:
        session.run(v.initializer)
        before = session.run(v)
        session.run(v.assign_add(np.ones(3, np.float32)))
        session.run(tf.scatter_update(v, [0], [9.0]))
        assert before.tolist() == [0.0, 0.0, 0.0]
        after = session.run(v)
        assert after.tolist() == [9.0, 1.0, 1.0]
        if after.flags.writeable:
            after[:] = -1.0
        assert session.run(v).tolist() == [9.0, 1.0, 1.0]


@both
def test_a_fed_array_can_be_changed_after_loading(use_resource):
    v = tf.Variable([0.0, 0.0], use_resource=use_resource)
    array = np.array([1.0, 2.0], np.float32)
    with tf.Session() as session:
        v.load(array, session)
        array[:] = 7.0
        assert session.run(v).tolist() == [1.0, 2.0]
        assert v.eval(session).tolist() == [1.0, 2.0]
        assert v.eval().tolist() == [1.0, 2.0]


@both
def test_operators_in_both_orders(use_resource):
    v = tf.Variable([4.0, 9.0], use_resource=use_resource)
    cases = {
        v + 1.0: [5, 10], 1.0 + v: [5, 10], v - 1.0: [3, 8], 1.0 - v: [-3, -8], v * v: [16, 81], v / 2.0: [2, 4.5],
        2.0 / v: [0.5, 2 / 9], v // 2.0: [2, 4], v % 4.0: [0, 1], v ** 2.0: [16, 81], 2.0 ** (v - v): [1, 1],
        -v: [-4, -9], abs(-v): [4, 9], v[1]: 9, v[::-1]: [9, 4], np.ones(2, np.float32) + v: [5, 10],
    }
    with tf.Session() as session:
        session.run(v.initializer)
        for tensor, expected in cases.items():
            np.testing.assert_allclose(session.run(tensor), expected, rtol=1e-6)
        assert session.run([v > 5.0, v <= 4.0])[0].tolist() == [False, True]


def test_in_place_operators():
    v = tf.Variable(1.0)
    with pytest.raises(RuntimeError, match="^`variable \\+= value` with `tf.Variable`s is not supported."):
        v += 1.0
    w = r = tf.Variable(1.0, use_resource=False)
    w += 1.0
    assert w is not r


@both
def test_slices_can_be_assigned(use_resource):
    v = tf.Variable(np.arange(6, dtype=np.float32).reshape(2, 3), use_resource=use_resource)
    assert run(v, v[0, 1:].assign([7.0, 8.0])).tolist() == [[0, 7, 8], [3, 4, 5]]
    assert run(v, v[..., ::2].assign(9.0 * tf.ones([2, 2]))).tolist() == [[9, 1, 9], [9, 4, 9]]
    assert run(v, v[1].assign([0.0, 0.0, 0.0])).tolist() == [[0, 1, 2], [0, 0, 0]]


@both
@pytest.mark.parametrize(("name", "expected"), [
    ("update", [[1, 2], [5, 5], [3, 4]]), ("add", [[3, 4], [7, 7], [5, 6]]), ("sub", [[1, 0], [-3, -3], [-1, -2]]),
    ("mul", [[2, 4], [10, 10], [6, 8]]), ("div", [[2, 1], [0.4, 0.4], [2 / 3, 0.5]]), ("max", [[2, 2], [5, 5], [3, 4]]),
    ("min", [[1, 2], [2, 2], [2, 2]]),
])
def test_scatter(name, expected, use_resource):
    v = tf.Variable(2.0 * np.ones((3, 2), np.float32), use_resource=use_resource)
    updates = [[3.0, 4.0], [1.0, 2.0], [5.0, 5.0]]
    scatter = getattr(tf, "scatter_" + name)
    np.testing.assert_allclose(run(scatter(v, [2, 0, 1], updates)), expected, rtol=1e-6)
    sparse = tf.IndexedSlices(tf.constant(updates), tf.constant([2, 0, 1]))
    np.testing.assert_allclose(run(getattr(v, "scatter_" + name)(sparse)), expected, rtol=1e-6)
    with pytest.raises(TypeError):
        getattr(v, "scatter_" + name)(1.0)


@both
def test_repeated_indices_add_up(use_resource):
    v = tf.Variable([0.0, 0.0], use_resource=use_resource)
    assert run(tf.scatter_add(v, [1, 1, 1], [1.0, 2.0, 3.0])).tolist() == [0.0, 6.0]
    assert run(tf.scatter_sub(v, [1, 1], 1.0)).tolist() == [0.0, -2.0]


@both
def test_scatter_nd(use_resource):
    v = tf.Variable(np.zeros((2, 2), np.float32), use_resource=use_resource)
    assert run(tf.scatter_nd_update(v, [[0, 1], [1, 0]], [1.0, 2.0])).tolist() == [[0, 1], [2, 0]]
    assert run(v.scatter_nd_add([[0], [0]], [[1.0, 1.0], [2.0, 3.0]])).tolist() == [[3, 4], [0, 0]]
    assert run(v.scatter_nd_sub([[1, 1]], [1.0])).tolist() == [[0, 0], [0, -1]]


@both
@pytest.mark.parametrize("indices", [[2], [-1]])
def test_indices_out_of_range(indices, use_resource):
    v = tf.Variable([0.0, 0.0], use_resource=use_resource)
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"indices\[0\] = {indices[0]} is not in \[0, 2\)"):
        run(tf.scatter_add(v, indices, [1.0]))


def test_batch_scatter_update():
    v = tf.Variable(np.zeros((2, 3), np.float32))
    sparse = tf.IndexedSlices(tf.constant([[1.0], [2.0]]), tf.constant([[0], [2]]))
    assert run(v.batch_scatter_update(sparse)).tolist() == [[1, 0, 0], [0, 0, 2]]


def test_gathers():
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    assert run(v.sparse_read([1, 0])).tolist() == [[3, 4], [1, 2]]
    assert run(v.gather_nd([[0, 1], [1, 1]])).tolist() == [2, 4]
    assert tf.gather(v, [0]).op.type == "ResourceGather"
    with pytest.raises(tf.errors.InvalidArgumentError):
        run(v.sparse_read([5]))


@both
def test_count_up_to(use_resource):
    v = tf.Variable(0, use_resource=use_resource)
    count = v.count_up_to(2)
    with tf.Session() as session:
        session.run(v.initializer)
        assert [session.run(count), session.run(count)] == [0, 1]
        with pytest.raises(tf.errors.OutOfRangeError, match="Reached limit of 2"):
            session.run(count)
        assert session.run(v) == 2


# ---------------------------------------------------------------- before initialization


@both
def test_reading_before_initialization(use_resource):
    v = tf.Variable(1.0, name="v", use_resource=use_resource)
    words = "Could not find variable v." if use_resource else "Attempting to use uninitialized value v"
    with tf.Session() as session:
        for fetch in (v, v + 1.0):
            with pytest.raises(tf.errors.FailedPreconditionError, match=words):
                session.run(fetch)
        with pytest.raises(tf.errors.OpError):
            session.run(v.assign_add(1.0))
        assert not session.run(tf.is_variable_initialized(v))
        session.run(v.initializer)
        assert session.run(tf.is_variable_initialized(v))


@both
def test_report_uninitialized_variables(use_resource):
    a = tf.Variable(1.0, name="a", use_resource=use_resource)
    tf.Variable(1.0, name="b", use_resource=use_resource)
    report = tf.report_uninitialized_variables()
    with tf.Session() as session:
        assert session.run(report).tolist() == [b"a", b"b"]
        session.run(a.initializer)
        assert session.run(report).tolist() == [b"b"]
        session.run(tf.global_variables_initializer())
        assert session.run(report).tolist() == []


def test_assert_variables_initialized():
    assert tf.assert_variables_initialized() is None
    v = tf.Variable(1.0, use_resource=False)
    check = tf.assert_variables_initialized()
    with tf.Session() as session:
        with pytest.raises(tf.errors.FailedPreconditionError):
            session.run(check)
        session.run(v.initializer)
        session.run(check)


def test_older_names():
    v = tf.Variable(1.0)
    assert tf.all_variables() == [v]
    for make in (tf.initialize_all_variables, tf.initialize_local_variables, lambda: tf.initialize_variables([v])):
        assert make().type == "NoOp"


@both
def test_sessions_have_their_own_state(use_resource):
    v = tf.Variable(1.0, use_resource=use_resource)
    with tf.Session() as one, tf.Session() as two:
        one.run(v.initializer)
        two.run(v.initializer)
        one.run(v.assign(5.0).op)
        assert (one.run(v), two.run(v)) == (5.0, 1.0)


# ---------------------------------------------------------------- protos


@both
def test_protos(use_resource):
    v = tf.Variable([1.0], name="s/v", trainable=False, use_resource=use_resource)
    proto = v.to_proto()
    assert (proto.variable_name, proto.is_resource, proto.trainable) == ("s/v:0", use_resource, False)
    again = tf.Variable.from_proto(proto)
    assert again.name == v.name
    assert again.initializer is v.initializer
    assert again.initial_value is v.initial_value
    assert again.value().dtype.base_dtype == tf.float32
    assert v.to_proto(export_scope="s").variable_name == "v:0"
    assert v.to_proto(export_scope="other") is None


def test_save_slice_info():
    info = tf.Variable.SaveSliceInfo("v", [4, 2], [2, 0], [2, 2])
    assert info.spec == "4 2 2,2:0,2"
    again = tf.Variable.SaveSliceInfo(save_slice_info_def=info.to_proto(), import_scope="s")
    assert (again.full_name, again.full_shape, again.var_offset) == ("s/v", [4, 2], [2, 0])


def test_nothing_lives_on_after_its_graph():
    with tf.Graph().as_default() as graph:
        with tf.variable_scope("a"):
            tf.get_variable("v", [1])
        alive = weakref.ref(graph)
    del graph
    with tf.variable_scope("b"):
        pass
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("use_resource", [False, True])
def test_a_variable_keeps_its_value_when_the_array_that_was_fed_changes(use_resource):
    v = tf.Variable(np.zeros(3, np.float32), use_resource=use_resource, validate_shape=False)
    x = tf.placeholder(tf.float32, [None])
    assign = tf.assign(v, x, validate_shape=False)
    with tf.Session() as session:
        session.run(v.initializer)
        for n in (3,) if use_resource else (3, 4):
            fed = np.arange(n, dtype=np.float32)
            session.run(assign, {x: fed})
            fed[:] = 99
            assert session.run(v).tolist() == list(range(n))

"""What the core makes by a short way is what the long way makes: slices, repeated initializers, imported nodes."""

import numpy as np
import pytest

import pyscope as tf
from pyscope import _core as core
from pyscope.ops import slicing

KEYS = [
    0, 2, -1, slice(None), slice(1, None), slice(None, 2), slice(-2, None), slice(0, 3, 2), Ellipsis, None,
    (0, 1), (slice(None), 1), (slice(1, 3), slice(None), 0), (Ellipsis, 0), (0, None, slice(2)), (None, Ellipsis),
    (slice(None, None, -1),), slice(5, 1), (slice(None), slice(7, 9)),
]  # fmt: skip


def _sliced(getitem, shape, key):
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, shape, name="x")
        with tf.name_scope("scope"):
            y = getitem(x, key)
            getitem(x, key)
        return y.shape.as_list() if y.shape.ndims is not None else None, graph.as_graph_def().SerializeToString(
            deterministic=True
        )


@pytest.mark.parametrize("shape", [[4, 3, 2], [None, 3, 2], None])
@pytest.mark.parametrize("key", KEYS, ids=str)
def test_a_slice_made_in_the_core(shape, key):
    assert _sliced(lambda x, key: x[key], shape, key) == _sliced(slicing.getitem, shape, key)


@pytest.mark.parametrize("key", [True, np.int64(1), [0], 1.5, "a", (0,) * 17, slice(2**40)], ids=str)
def test_other_keys_are_left_to_python(key):
    assert core.sliced(tf.zeros([2, 3]), key) is None


@pytest.mark.parametrize("key", [4, -5, (0, 3), (0, 0, 0, 0), slice(0, 3, 0)], ids=str)
def test_a_slice_that_fails(key):
    texts = []
    for getitem in (lambda x, key: x[key], slicing.getitem):
        with tf.Graph().as_default() as graph:
            x = tf.placeholder(tf.float32, [4, 3, 2], name="x")
            with pytest.raises(ValueError) as error:
                getitem(x, key)
            x[0]
            texts.append((str(error.value), [op.name for op in graph.get_operations()]))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("use_resource", [True, False])
def test_assigning_to_a_slice_of_a_variable(use_resource):
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.get_variable("v", initializer=np.arange(4.0), use_resource=use_resource)
        part = v[1:3]
        sess.run(tf.global_variables_initializer())
        changed = part.assign([10.0, 20.0])
        assert sess.run(changed).tolist() == [0.0, 10.0, 20.0, 3.0]
        assert part.op.name + "/_assign" in [op.name for op in v.graph.get_operations()]


def test_slices_of_a_variable_do_not_keep_their_graph():
    import gc
    import weakref

    with tf.Graph().as_default() as graph:
        v = tf.get_variable("v", [4])
        assert v[0].assign is not None
    found = weakref.ref(graph)
    del v, graph
    gc.collect()
    assert found() is None


# ---------------------------------------------------------------- variables as arguments

CALLS = {
    "matmul": lambda x, v: (tf.matmul(x, v), tf.matmul(v, x), tf.matmul(v, v), tf.matmul(v, v, transpose_b=True)),
    "operators": lambda x, v: (x + v, v + x, x - v, v * v, x / v, v > x, 2.0 * v, v @ x, x ** v),
    "arithmetic": lambda x, v: (tf.add(x, v), tf.multiply(v, x), tf.subtract(v, 1.0), tf.maximum(v, x), tf.tanh(v)),
    "layout": lambda x, v: (tf.reshape(v, [-1]), tf.transpose(v), tf.transpose(v, [1, 0]), tf.tile(v, [2, 1]),
                            tf.concat([x, v], 0), tf.split(v, 2), tf.split(v, [1, 2], 1), tf.unstack(v),
                            tf.stack([v, x]), tf.slice(v, [0, 0], [1, 1]), tf.fill([2], v[0, 0]), v[:, 1]),
    "gather": lambda x, v: (tf.gather(v, [0]), tf.nn.embedding_lookup(v, [1, 0]), tf.gather_nd(v, [[0, 0]])),
    "others": lambda x, v: (tf.reduce_sum(v), tf.shape(v), tf.identity(v), tf.nn.relu(v), tf.cast(v, tf.int32),
                            tf.nn.bias_add(x, v[0]), tf.zeros_like(v), tf.where(v > x, v, x), tf.nn.softmax(v),
                            tf.convert_to_tensor(v), v.value(), v.read_value(), tf.add_n([v, x, v])),
}  # fmt: skip


def _with_variables(calls, direct, prepare):
    core.reading_directly(direct)
    try:
        with tf.Graph().as_default() as graph:
            x = tf.placeholder(tf.float32, [3, 3], name="x")
            v = tf.get_variable("v", [3, 3], initializer=tf.zeros_initializer())
            with prepare(x):
                for _ in range(2):
                    with tf.name_scope("scope"):
                        try:
                            calls(x, v)
                        except ValueError as error:
                            assert "split" in str(error)
            return graph.as_graph_def().SerializeToString(deterministic=True)
    finally:
        core.reading_directly(True)


@pytest.mark.parametrize("prepare", [
    lambda x: tf.name_scope("plain"), lambda x: tf.control_dependencies([x]), lambda x: tf.device("/cpu:0"),
    lambda x: tf.variable_scope("v"),
], ids=["plain", "controlled", "placed", "scoped"])  # fmt: skip
@pytest.mark.parametrize("name", CALLS)
def test_variables_as_arguments(name, prepare):
    assert _with_variables(CALLS[name], True, prepare) == _with_variables(CALLS[name], False, prepare)


def test_a_programs_own_conversion_of_variables():
    from pyscope.variables.resource_variable import ResourceVariable

    core.note_conversion((int,))
    with tf.Graph().as_default():
        v = tf.get_variable("v", [2])
        assert core.read_variable(v) is not None
        try:
            core.note_conversion((ResourceVariable,))
            assert core.read_variable(v) is None
        finally:
            core.reading_directly(True)


def test_an_attribute_of_a_wrong_kind_is_found_before_a_variable_is_read():
    with tf.Graph().as_default() as graph:
        v = tf.get_variable("v", [1, 3, 3, 1])
        n_before = graph.n_operations
        with pytest.raises(TypeError, match="Expected int for argument 'depth_radius'"):
            tf.nn.lrn(v, depth_radius="a")
        assert graph.n_operations == n_before
        assert tf.nn.lrn(v).name == "LRN:0"


# ---------------------------------------------------------------- lists of outputs


@pytest.mark.parametrize("n", [0, 1, 2, 4, 5])
def test_a_node_with_a_list_of_outputs(n):
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [4, 3], name="x")
        if n in (0, 5):
            with pytest.raises(ValueError, match="less than minimum 1" if n == 0 else "evenly|divisible|split"):
                tf.split(x, n)
        else:
            parts = tf.split(x, n)
            assert [p.name for p in parts] == [f"split:{i}" for i in range(n)]
            assert [p.shape.as_list() for p in parts] == [[4 // n, 3]] * n
            assert [op.name for op in graph.get_operations()] == ["x", "split/split_dim", "split"]


# ---------------------------------------------------------------- initializers

INITIALIZERS = [
    lambda: None, tf.zeros_initializer, tf.ones_initializer, tf.glorot_normal_initializer,
    lambda: tf.random_uniform_initializer(0, 2), lambda: tf.random_uniform_initializer(0.0, 2.0),
    lambda: tf.random_normal_initializer(-0.0, 0.5), lambda: tf.random_normal_initializer(0.0, 0.5),
    lambda: tf.truncated_normal_initializer(stddev=0.1, seed=3),
    lambda: tf.variance_scaling_initializer(2.0, "fan_in"),
]  # fmt: skip


def _variables(use_resource, repeated, seed):
    core.replaying(repeated)
    try:
        with tf.Graph().as_default() as graph:
            if seed is not None:
                tf.set_random_seed(seed)
            for i in range(3):
                for k, make in enumerate(INITIALIZERS):
                    tf.get_variable(f"v{i}_{k}", [40, 30], initializer=make(), use_resource=use_resource)
            tf.get_variable("integer", [3], tf.int32, use_resource=use_resource)
            return graph.as_graph_def().SerializeToString(deterministic=True)
    finally:
        core.replaying(True)


@pytest.mark.parametrize("seed", [None, 5])
@pytest.mark.parametrize("use_resource", [True, False])
def test_repeated_initializers(use_resource, seed):
    assert _variables(use_resource, True, seed) == _variables(use_resource, False, seed)


def test_an_initializer_that_changes():
    initializer = tf.random_normal_initializer(stddev=0.5)
    with tf.Graph().as_default() as graph:
        tf.get_variable("a", [3000], initializer=initializer)
        initializer.stddev = 0.25
        tf.get_variable("b", [3000], initializer=initializer)
        names = ("a/Initializer/random_normal/stddev", "b/Initializer/random_normal/stddev")
        assert [float(graph.get_operation_by_name(n).get_attr("value").float_val[0]) for n in names] == [0.5, 0.25]


# ---------------------------------------------------------------- imported nodes that share a kind


def _network():
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 4], name="x")
        for i in range(3):
            w = tf.get_variable(f"w{i}", [4, 4])
            x = tf.tanh(tf.matmul(x, w) + tf.constant(float(i)) + tf.constant([0.5, i, 1, 2]))
        tf.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(x[:, 0]))
        return graph.as_graph_def(add_shapes=True)


@pytest.mark.parametrize("prefix", ["", "a/b"])
def test_imported_values_are_a_nodes_own(prefix):
    graph_def = _network()
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name=prefix)
        start = prefix + "/" if prefix else ""
        for node in graph_def.node:
            op = graph.get_operation_by_name(start + node.name)
            for name, value in node.attr.items():
                if name == "_class":
                    wanted = [b"loc:@" + (start + s[5:].decode()).encode() for s in value.list.s]
                    assert op.get_attr(name) == wanted
                elif name != "_output_shapes":
                    assert op.node_def.attr[name] == value, (node.name, name)
        ops = [graph.get_operation_by_name(f"{start}w{i}/Assign") for i in (0, 1)]
        ops[0]._set_attr("_mark", ("int", 1))
        with pytest.raises(ValueError):
            ops[1].get_attr("_mark")


def test_imported_attributes_without_a_value():
    graph_def = tf.GraphDef()
    node = graph_def.node.add(name="c", op="Const")
    node.attr["dtype"].type = tf.float32.as_datatype_enum
    node.attr["value"].placeholder = "p"
    with tf.Graph().as_default(), pytest.raises(ValueError, match="NodeDef missing attr 'value' from Op<name=Const"):
        tf.import_graph_def(graph_def)
    node.attr["value"].s = b"text"
    with tf.Graph().as_default(), pytest.raises(ValueError, match="type .string. when .tensor. expected"):
        tf.import_graph_def(graph_def)


def test_imported_nodes_deep_in_scopes():
    graph_def = tf.GraphDef()
    deep = "/".join(["s"] * 5000)
    for name in (deep + "/x", deep + "/y_3", "s/s/z", "s_1/s"):
        graph_def.node.add(name=name, op="NoOp")
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        assert [op.name for op in graph.get_operations()] == [node.name for node in graph_def.node]
        assert tf.no_op(name="s").name == "s"

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import recorded

import pyscope as tf
from pyscope import _core as core
from pyscope import dtypes, protos
from pyscope.tensor_shape import TensorShape

pytest.importorskip("google.protobuf")

@pytest.mark.parametrize("line, expected", recorded.load("tensor_proto"))
@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
def test_tensor_proto_as_tensorflow(line, expected):
    tf = SimpleNamespace(make_tensor_proto=protos.make_tensor_proto, make_ndarray=protos.make_ndarray)
    assert recorded.evaluate(line, {"tf": tf}) == expected


def queue_type():
    """The OpType of a queue, one of our own while the library has none."""
    try:
        return core.op_type("FIFOQueueV2")
    except NotImplementedError:
        return core.OpType(
            "FIFOQueueV2",
            "-> handle: resource",
            "component_types: list(type) >= 1; shapes: list(shape) = []; capacity: int = -1; "
            "container: string = ''; shared_name: string = ''",
            shape="scalar",
            stateful=True,
        )


def test_graph_def_as_tensorflow():
    """The same program's graph as a GraphDef that TensorFlow 2.21 wrote."""
    a = tf.placeholder(tf.float32, [None, 3], name="a")
    split = tf.split(a, 3, axis=1, name="split")
    with tf.device("/cpu:0"):
        with tf.control_dependencies([split[0]]):
            y = tf.constant(1.0, name="d/y")
        core.op_type("AddV2")(split[1], y, name="d")
    core.constant(np.broadcast_to(np.float32(0), (2, 3)), tf.float32, "z")
    tf.constant([b"x", b"y"], name="s")
    queue = queue_type()(component_types=[tf.float32, tf.int32], shapes=[[2], []], capacity=3, name="q")
    queue.op._set_device("/device:CPU:*")
    tf.placeholder(tf.string, name="u")
    core.op_type("Assert")(tf.constant(True, name="t"), [a], summarize=3, name="f")

    data = json.loads((recorded.DATA / "graph_def.json").read_text())
    expected = protos.GraphDef.FromString(bytes.fromhex(data["graph_def"]))
    assert tf.get_default_graph().as_graph_def(add_shapes=True) == expected


def test_functions_raise_the_oldest_consumer():
    function = SimpleNamespace(name="f", to_bytes=protos.FunctionDef(signature={"name": "f"}).SerializeToString)
    tf.get_default_graph()._add_function(function)
    result = tf.get_default_graph().as_graph_def()
    assert [f.signature.name for f in result.library.function] == ["f"]
    assert (result.versions.producer, result.versions.min_consumer) == (2474, 12)


def test_function_def_names_as_tensorflow():
    """Results take names first, then arguments, then nodes; who comes late to one gets a number."""
    x = tf.placeholder(tf.float32, [2], name="Mul/x")
    x.op._set_attr("_user_specified_name", ("string", b"x"))
    split = tf.split(x, 2, axis=0, name="split")
    attrs = {"_construction_context": ("string", b"kEagerRuntime")}
    f = protos.function_def("f", tf.get_default_graph(), [x], split, [split[0].op], attrs)
    assert [a.name for a in f.signature.input_arg] == ["mul_x"]
    assert [a.name for a in f.signature.output_arg] == ["split", "split_0"]
    assert [n.name for n in f.node_def] == ["split/split_dim", "split_1"]
    assert list(f.node_def[1].input) == ["split/split_dim:output:0", "mul_x"]
    assert dict(f.ret) == {"split": "split_1:output:0", "split_0": "split_1:output:1"}
    assert dict(f.control_ret) == {"split": "split_1"}
    assert sorted(f.arg_attr[0].attr) == ["_output_shapes", "_user_specified_name"]


@pytest.mark.parametrize(
    "dtype, depth, innermost",
    [
        ("float32", 4, "TFT_FLOAT"),
        ("bfloat16", 4, "TFT_UNSET"),
        ("resource", 4, "TFT_UNSET"),
        ("variant", 2, "TFT_ARRAY"),
    ],
)
def test_makers_of_tensor_lists_carry_their_full_type(dtype, depth, innermost):
    result = core.op_type("TensorListReserve")(tf.constant(-1), 3, element_dtype=dtypes.as_dtype(dtype))
    full_type = protos.node_def(result.op).experimental_type
    types = [full_type.type_id]
    while full_type.args:
        full_type = full_type.args[0]
        types.append(full_type.type_id)
    assert len(types) == depth and protos.FullTypeId.Name(types[-1]) == innermost


@pytest.mark.parametrize(
    "kind, value",
    [
        ("int", -3),
        ("float", 0.5),
        ("bool", False),
        ("string", b"\xff"),
        ("type", dtypes.float32_ref),
        ("shape", TensorShape(None)),
        ("shape", TensorShape([None, 2])),
        ("list(int)", (1, 2)),
        ("list(int)", ()),
        ("list(type)", (dtypes.int32,)),
        ("list(string)", (b"a",)),
        ("list(shape)", (TensorShape([1]), TensorShape([]))),
    ],
)
def test_attributes_come_back(kind, value):
    node = protos.NodeDef()
    protos._graph_def.set_attr(node.attr["x"], kind, value)
    assert protos.attr_from_proto(node.attr["x"]) == (kind, value)


def test_broadcast_value_stays_one_value():
    for value in (np.float32(2), np.complex64(1j), np.True_):
        array = np.broadcast_to(value, (2, 3))
        attr = protos.AttrValue()
        protos._graph_def.set_attr(attr, "tensor", array)
        again = protos.attr_from_proto(attr)[1]
        assert again.strides == (0, 0) and np.array_equal(again, array)


def test_attr_value_is_what_get_attr_returns():
    assert protos.attr_value("type", dtypes.int32) is dtypes.int32
    assert protos.attr_value("shape", TensorShape([2])) == TensorShape([2]).as_proto()
    assert protos.make_ndarray(protos.attr_value("tensor", np.arange(3))).tolist() == [0, 1, 2]
    assert protos.attr_value("list(shape)", []) == []
    assert protos.attr_value("func", "f") == protos.NameAttrList(name="f")


def test_import_leaves_protobuf_alone():
    program = "import sys, pyscope.protos; sys.exit('google.protobuf' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_all_messages_are_made():
    tables = protos._schema.schema()
    for name in tables.messages:
        message = protos._schema.real(name)()
        assert message.DESCRIPTOR.full_name == f"tensorflow.{name}" and not message.ByteSize()
    assert protos.DT_FLOAT == 1 and protos.DataType.Name(101) == "DT_FLOAT_REF"
    assert not hasattr(protos, "NoSuchMessage")
    assert "Summary" in dir(protos)


@pytest.mark.tensorflow
def test_messages_agree_with_tensorflow():
    """Each field of ours has TensorFlow's number and type; both live in one process."""
    tf = pytest.importorskip("tensorflow")
    pool = tf.compat.v1.GraphDef.DESCRIPTOR.file.pool
    for name, fields in protos._schema.schema().messages.items():
        try:
            theirs = pool.FindMessageTypeByName(f"tensorflow.{name}").fields_by_name
        except KeyError:  # in a module that TensorFlow imports late
            continue
        ours = protos._schema.real(name).DESCRIPTOR.fields_by_name
        for field in fields:
            a, b = ours[field.name], theirs[field.name]
            assert a.number == b.number
            if field.name != "queue_closed_exception_types":  # error codes, plain ints here
                assert (a.type, a.has_presence) == (b.type, b.has_presence)

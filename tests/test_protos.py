import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import recorded

from pyscope import dtypes, protos
from pyscope.tensor_shape import TensorShape

pytest.importorskip("google.protobuf")

FLOAT = ("type", dtypes.float32)


def shape_attr(dims):
    return "shape", TensorShape(dims)


class FakeOp:
    """What the messages read of an Operation."""

    stateful = False

    def __init__(self, graph, op_type, name, inputs=(), shapes=((),), outputs="output", **attrs):
        self.type, self.name, self.inputs, self._attributes = op_type, name, inputs, attrs
        self.control_inputs, self.device, self._id = [], "", len(graph)
        self.op_type = SimpleNamespace(stateful=self.stateful, outputs=[Arg(outputs, attrs)])
        self.outputs = [
            SimpleNamespace(op=self, value_index=i, shape=TensorShape(shape), dtype=dtypes.float32)
            for i, shape in enumerate(shapes)
        ]
        graph.append(self)

    def _attrs(self):
        return self._attributes


class Arg:
    type_list_attr = None

    def __init__(self, name, attrs):
        self.name = name
        self.number_attr = "num_split" if "num_split" in attrs else None


def fake_graph(ops, functions=()):
    return SimpleNamespace(get_operations=lambda: ops, _functions=dict(functions))


def const(ops, name, value, dtype):
    value = np.asarray(value)
    return FakeOp(ops, "Const", name, shapes=[value.shape], dtype=("type", dtype), value=("tensor", value))


@pytest.mark.parametrize("line, expected", recorded.load("tensor_proto"))
@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
def test_tensor_proto_as_tensorflow(line, expected):
    tf = SimpleNamespace(make_tensor_proto=protos.make_tensor_proto, make_ndarray=protos.make_ndarray)
    assert recorded.evaluate(line, {"tf": tf}) == expected


def test_graph_def_as_tensorflow():
    """The same nodes, written by hand, as a GraphDef that TensorFlow 2.21 wrote."""
    ops = []
    a = FakeOp(ops, "Placeholder", "a", shapes=[(None, 3)], dtype=FLOAT, shape=shape_attr([None, 3]))
    axis = const(ops, "split/split_dim", np.int32(1), dtypes.int32)
    split = FakeOp(
        ops,
        "Split",
        "split",
        [axis.outputs[0], a.outputs[0]],
        [(None, 1)] * 3,
        num_split=("int", 3),
        T=FLOAT,
        _has_manual_control_dependencies=("bool", True),
    )
    y = const(ops, "d/y", np.float32(1), dtypes.float32)
    y.control_inputs = [split]
    d = FakeOp(ops, "AddV2", "d", [split.outputs[1], y.outputs[0]], [(None, 1)], T=FLOAT)
    y.device = d.device = "/device:CPU:0"
    const(ops, "z", np.broadcast_to(np.float32(0), (2, 3)), dtypes.float32)
    const(ops, "s", np.array([b"x", b"y"], object), dtypes.string)
    queue = FakeOp(
        ops,
        "FIFOQueueV2",
        "q",
        component_types=("list(type)", [dtypes.float32, dtypes.int32]),
        capacity=("int", 3),
        container=("string", b""),
        shared_name=("string", b""),
    )
    queue.device = "/device:CPU:*"
    queue._attributes["shapes"] = ("list(shape)", [TensorShape([2]), TensorShape([])])
    FakeOp(ops, "Placeholder", "u", shapes=[None], dtype=("type", dtypes.string), shape=shape_attr(None))
    t = const(ops, "t", np.True_, dtypes.bool)
    FakeOp(
        ops,
        "Assert",
        "f",
        [t.outputs[0], a.outputs[0]],
        [],
        T=("list(type)", [dtypes.float32]),
        summarize=("int", 3),
    )

    data = json.loads((recorded.DATA / "graph_def.json").read_text())
    expected = protos.GraphDef.FromString(bytes.fromhex(data["graph_def"]))
    assert protos.graph_def(fake_graph(ops), add_shapes=True) == expected


def test_functions_raise_the_oldest_consumer():
    function = SimpleNamespace(to_function_def=lambda: protos.FunctionDef(signature={"name": "f"}))
    result = protos.graph_def(fake_graph([], {"f": function}))
    assert [f.signature.name for f in result.library.function] == ["f"]
    assert (result.versions.producer, result.versions.min_consumer) == (2474, 12)


def test_function_def_names_as_tensorflow():
    """Results take names first, then arguments, then nodes; who comes late to one gets a number."""
    ops = []
    x = FakeOp(
        ops,
        "Placeholder",
        "Mul/x",
        shapes=[(2,)],
        dtype=FLOAT,
        shape=shape_attr([2]),
        _user_specified_name=("string", b"x"),
    )
    axis = const(ops, "split/split_dim", np.int32(0), dtypes.int32)
    split = FakeOp(
        ops, "Split", "split", [axis.outputs[0], x.outputs[0]], [(1,), (1,)], num_split=("int", 2), T=FLOAT
    )
    attrs = {"_construction_context": ("string", b"kEagerRuntime")}
    f = protos.function_def("f", fake_graph(ops), x.outputs, split.outputs, [split], attrs)
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
    ops = []
    FakeOp(ops, "TensorListReserve", "list", element_dtype=("type", dtypes.as_dtype(dtype)))
    full_type = protos.node_def(ops[0]).experimental_type
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

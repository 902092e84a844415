"""Graphs as GraphDefs and back; what TensorFlow does is in tests/conformance/programs/graph_defs.py."""

import pathlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import pyscope as tf
from pyscope import _core as core
from pyscope import dtypes, protos

pytest.importorskip("google.protobuf")


def again(graph_def):
    """`graph_def` after it has been imported and written."""
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        return graph.as_graph_def()


ARRAYS = st.sampled_from(
    [d for d in dtypes.TABLE[1:24] if d is not None and d._kind in "fiucb" and d is not dtypes.bfloat16]
).flatmap(lambda d: hnp.arrays(d.as_numpy_dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))


@settings(max_examples=150, deadline=None)
@given(ARRAYS)
def test_arrays_come_back(array):
    message = protos.AttrValue.FromString(core.attr_bytes("tensor", array))
    dtype = dtypes.as_dtype(array.dtype)
    repeats = array.size > 1 and not any(array.strides)
    assert repeats or message.tensor == protos.make_tensor_proto(array, dtype)
    with tf.Graph().as_default() as graph:
        core.constant(array, dtype, "c")
        graph_def = graph.as_graph_def()
    assert again(graph_def) == graph_def
    assert np.array_equal(protos.make_ndarray(message.tensor), array, equal_nan=array.dtype.kind in "fc")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab_/.-1"), st.integers(0, 3)), min_size=1, max_size=30), st.randoms())
def test_graphs_come_back(steps, random):
    with tf.Graph().as_default() as graph:
        tensors = [tf.constant(1.0)]
        for letter, number in steps:
            x, y = random.choice(tensors), random.choice(tensors)
            with tf.name_scope(f"n{letter}x"), tf.control_dependencies([x] if number == 3 else []):
                with tf.device("/cpu:0" if number == 2 else None):
                    tensors.append(tf.add(x, y, name=f"op{letter}{number}x") if number else tf.stack([x, y])[0])
        graph_def = graph.as_graph_def()
    assert again(graph_def) == graph_def
    shuffled = protos.GraphDef.FromString(graph_def.SerializeToString())
    nodes = list(shuffled.node)
    random.shuffle(nodes)
    del shuffled.node[:]
    shuffled.node.extend(nodes)
    key = {node.name: node for node in graph_def.node}
    assert {node.name: node for node in again(shuffled).node} == key


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=40))
def test_bytes_that_are_no_graph_do_no_harm(data):
    graph = tf.Graph()
    try:
        core.GraphImport(graph, b"\x0a\x07\x0a\x01a\x12\x02No" + data, "", {}, 0).build()
    except (ValueError, tf.errors.NotFoundError):
        assert graph.n_operations == 0


def test_unpacked_and_repeated_fields_are_read():
    """Writers may spell lists one by one, and a field twice: the last one counts."""
    node = protos.NodeDef(name="c", op="Const")
    node.attr["dtype"].type = 1
    tensor = b"\x08\x01" + b"\x12\x04\x12\x02\x08\x02" + b"".join(b"\x2d" + np.float32(v).tobytes() for v in (1, 2))
    data = node.SerializeToString() + b"\x2a" + bytes([len(tensor) + 11]) + b"\x0a\x05value\x12" + bytes(
        [len(tensor) + 2]) + b"\x42" + bytes([len(tensor)]) + tensor
    graph = tf.Graph()
    core.GraphImport(graph, b"\x0a" + bytes([len(data)]) + data, "", {}, 0).build()
    assert graph.get_operations()[0]._attr("value")[1].tolist() == [1.0, 2.0]


def test_failed_import_leaves_the_graph():
    x = tf.constant(1.0, name="x")
    before = tf.get_default_graph().as_graph_def()
    broken = protos.GraphDef.FromString(before.SerializeToString())
    broken.node.add(name="y", op="Identity", input=["x"]).attr["T"].type = 3
    with pytest.raises(ValueError, match="Input 0 of node import/y was passed float from import/x:0"):
        tf.import_graph_def(broken)
    assert tf.get_default_graph().as_graph_def() == before
    assert x.consumers() == []


def test_large_constants_are_written_once():
    array = np.arange(1 << 18, dtype=np.float32)
    tf.constant(array, name="c")
    core.constant(np.broadcast_to(np.float32(2), (1 << 14, 1 << 14)), tf.float32, "repeated")
    graph_def = tf.get_default_graph().as_graph_def()
    assert array.nbytes < graph_def.ByteSize() < array.nbytes + 300
    big, repeated = tf.import_graph_def(graph_def, return_elements=["c", "repeated"])
    assert np.array_equal(big._attr("value")[1], array)
    assert repeated._attr("value")[1].strides == (0, 0)


def test_functions_are_built_when_called():
    x = tf.placeholder(tf.float32, [], name="x")
    tf.cond(x > 0.0, lambda: x * 2.0, lambda: -x, name="c")
    graph_def = tf.get_default_graph().as_graph_def()
    with tf.Graph().as_default() as graph:
        out, = tf.import_graph_def(graph_def, return_elements=["c/Identity:0"])
        assert graph.as_graph_def().library == graph_def.library
        with tf.Session() as session:
            assert session.run(out, {"import/x:0": -3.0}) == 3.0
        tf.import_graph_def(graph_def)
        other = protos.GraphDef.FromString(graph_def.SerializeToString())
        other.library.function[0].node_def[0].name = "renamed"
        with pytest.raises(ValueError, match="different function with the same name already exists"):
            tf.import_graph_def(other)


def test_written_graphs(tmp_path):
    tf.constant([1.0, 2.0], name="c")
    graph = tf.get_default_graph()
    path = tf.io.write_graph(graph, str(tmp_path / "new"), "g.pb", as_text=False)
    assert protos.GraphDef.FromString(pathlib.Path(path).read_bytes()) == graph.as_graph_def()
    from google.protobuf import text_format

    path = tf.train.write_graph(graph.as_graph_def(), str(tmp_path), "g.pbtxt")
    read = text_format.Parse(pathlib.Path(path).read_text(), protos.GraphDef())
    assert read == graph.as_graph_def()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["g.pbtxt", "new"]


def test_freezing_refuses_what_it_cannot_do():
    v = tf.get_variable("v", [], initializer=tf.ones_initializer())
    out = tf.cond(tf.constant(True), lambda: v * 2.0, lambda: v * 3.0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(NotImplementedError, match="takes a variable into a function"):
            tf.graph_util.convert_variables_to_constants(session, session.graph_def, [out.op.name])

"""ONNX Runtime, and onnx.helper, which makes the nodes of its models."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from ...programs.running import LAYER, SQUARE, factors

VERSION = onnxruntime.__version__


def add(n):
    def timed():
        nodes = []
        for i in range(n):
            nodes.append(helper.make_node("Add", ["x", "x"], ["y%d" % i]))

    return timed


def add_number(n):
    def timed():
        nodes = []
        for i in range(n):
            nodes.append(helper.make_node("Constant", [], ["c%d" % i], value_float=1.0))
            nodes.append(helper.make_node("Add", ["x", "c%d" % i], ["y%d" % i]))

    return timed


def _session(nodes, inputs, result):
    one = helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(result, TensorProto.FLOAT, None)],
        [one],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _runs(session, n, result, feeds):
    session.run([result], feeds)

    def timed():
        for _ in range(n):
            session.run([result], feeds)

    return timed


def _smallest():
    return _session([helper.make_node("Add", ["x", "one"], ["y"])], {"x": [4]}, "y")


def run_smallest(n):
    return _runs(_smallest(), n, "y", {"x": np.zeros(4, np.float32)})


def run_callable(n):
    """Input and output bound to memory that the runtime owns: nothing is handed over."""
    session = _smallest()
    binding = session.io_binding()
    binding.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros(4, np.float32)))
    binding.bind_ortvalue_output("y", onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros(4, np.float32)))
    session.run_with_iobinding(binding)

    def timed():
        for _ in range(n):
            session.run_with_iobinding(binding)

    return timed


def run_chain(n):
    names = ["x"] + ["y%d" % i for i in range(n)]
    nodes = [
        helper.make_node("Add", [names[i], "x"], [names[i + 1]])
        if i % 2
        else helper.make_node("Tanh", [names[i]], [names[i + 1]])
        for i in range(n)
    ]
    return _runs(_session(nodes, {"x": [4]}, names[-1]), 1, names[-1], {"x": np.zeros(4, np.float32)})


def _product(n, sizes):
    a, b = factors(*sizes)
    session = _session([helper.make_node("MatMul", ["a", "b"], ["y"])], {"a": a.shape, "b": b.shape}, "y")
    return _runs(session, n, "y", {"a": a, "b": b})


COLUMNS = {
    "onnxruntime": (
        "ONNX Runtime " + VERSION,
        {
            "run_smallest": run_smallest,
            "run_callable": run_callable,
            "run_chain": run_chain,
            "matmul_square": lambda n: _product(n, SQUARE),
            "matmul_layer": lambda n: _product(n, LAYER),
        },
    ),
    "onnx.helper": ("onnx.helper " + onnx.__version__, {"add": add, "add_number": add_number}),
}

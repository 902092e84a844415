"""What comes nearest to some of the programs in libraries that are not TensorFlow.

Their programs are written differently, so these rows give an idea of the cost, not a comparison of equals. A program is
``program(module, n)`` and returns the function to time, as in ``benchmarks.programs``.
"""

import numpy as np


def _pytensor_add(pytensor, n):
    import pytensor.tensor as pt

    x = pt.scalar("x", dtype="float32")

    def timed():
        for _ in range(n):
            pt.add(x, x)

    return timed


def _pytensor_add_number(pytensor, n):
    import pytensor.tensor as pt

    x = pt.scalar("x", dtype="float32")

    def timed():
        for _ in range(n):
            x + 1.0

    return timed


def _pytensor_run(pytensor, n):
    import pytensor.tensor as pt

    x = pt.vector("x", dtype="float32")
    call = pytensor.function([x], x + np.float32(1))
    value = np.zeros(4, np.float32)
    call(value)

    def timed():
        for _ in range(n):
            call(value)

    return timed


def _onnx_add(onnxruntime, n):
    """Nodes of the model format that ONNX Runtime runs."""
    from onnx import helper

    def timed():
        nodes = []
        for i in range(n):
            nodes.append(helper.make_node("Add", ["x", "x"], ["y%d" % i]))

    return timed


def _onnx_session(onnxruntime, nodes, result):
    from onnx import TensorProto, helper

    one = helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])],
        [helper.make_tensor_value_info(result, TensorProto.FLOAT, [4])],
        [one],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def _onnx_run(onnxruntime, n):
    from onnx import helper

    session = _onnx_session(onnxruntime, [helper.make_node("Add", ["x", "one"], ["y"])], "y")
    feeds = {"x": np.zeros(4, np.float32)}
    session.run(["y"], feeds)

    def timed():
        for _ in range(n):
            session.run(["y"], feeds)

    return timed


def _onnx_chain(onnxruntime, n):
    from onnx import helper

    names = ["x"] + ["y%d" % i for i in range(n)]
    nodes = [
        helper.make_node("Add", [names[i], "x"], [names[i + 1]])
        if i % 2
        else helper.make_node("Tanh", [names[i]], [names[i + 1]])
        for i in range(n)
    ]
    session = _onnx_session(onnxruntime, nodes, names[-1])
    feeds = {"x": np.zeros(4, np.float32)}
    session.run([names[-1]], feeds)

    def timed():
        session.run([names[-1]], feeds)

    return timed


# Library, name of the TF1 program -> what stands for it.
PROGRAMS = {
    ("pytensor", "add"): _pytensor_add,
    ("pytensor", "add_number"): _pytensor_add_number,
    ("pytensor", "run_smallest"): _pytensor_run,
    ("onnxruntime", "add"): _onnx_add,
    ("onnxruntime", "run_smallest"): _onnx_run,
    ("onnxruntime", "run_chain"): _onnx_chain,
}

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


def _pytensor_trusted(pytensor, n):
    import pytensor.tensor as pt

    x = pt.vector("x", dtype="float32")
    call = pytensor.function([x], x + np.float32(1))
    call.trust_input = True
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


def _onnx_bound(onnxruntime, n):
    from onnx import helper

    session = _onnx_session(onnxruntime, [helper.make_node("Add", ["x", "one"], ["y"])], "y")
    binding = session.io_binding()
    binding.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros(4, np.float32)))
    binding.bind_ortvalue_output("y", onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros(4, np.float32)))
    session.run_with_iobinding(binding)

    def timed():
        for _ in range(n):
            session.run_with_iobinding(binding)

    return timed


def _onnx_ir_add(onnx_ir, n):
    from onnx_ir import tape

    x = onnx_ir.Value(name="x")

    def timed():
        made = tape.Tape()
        for _ in range(n):
            made.op("Add", [x, x])

    return timed


def _torch_add(torch, n):
    """Nodes of the autograd tape: the cheapest of PyTorch's graphs to build."""
    x = torch.tensor(1.0, requires_grad=True)

    def timed():
        kept = []
        for _ in range(n):
            kept.append(torch.add(x, x))

    return timed


def _torch_add_number(torch, n):
    x = torch.tensor(1.0, requires_grad=True)

    def timed():
        kept = []
        for _ in range(n):
            kept.append(x + 1.0)

    return timed


def _torch_run(torch, n):
    x = torch.zeros(4)

    def timed():
        for _ in range(n):
            x + 1.0

    return timed


def _jax_add(jax, n):
    """Equations of a traced function."""
    import jax.numpy as jnp

    def program(x):
        for _ in range(n):
            jnp.add(x, x)
        return x

    return lambda: jax.make_jaxpr(program)(1.0)


def _jax_call(jax, n, value):
    call = jax.jit(lambda x: x + 1.0)
    call(value).block_until_ready()

    def timed():
        for _ in range(n):
            call(value)

    return timed


def _jax_run(jax, n):
    return _jax_call(jax, n, np.zeros(4, np.float32))


def _jax_run_bound(jax, n):
    return _jax_call(jax, n, jax.device_put(np.zeros(4, np.float32)))


# Library, name of the TF1 program -> what stands for it.
PROGRAMS = {
    ("pytensor", "add"): _pytensor_add,
    ("pytensor", "add_number"): _pytensor_add_number,
    ("pytensor", "run_smallest"): _pytensor_run,
    ("pytensor", "run_callable"): _pytensor_trusted,
    ("onnxruntime", "add"): _onnx_add,
    ("onnxruntime", "run_smallest"): _onnx_run,
    ("onnxruntime", "run_callable"): _onnx_bound,
    ("onnxruntime", "run_chain"): _onnx_chain,
    ("onnx_ir", "add"): _onnx_ir_add,
    ("torch", "add"): _torch_add,
    ("torch", "add_number"): _torch_add_number,
    ("torch", "run_smallest"): _torch_run,
    ("jax", "add"): _jax_add,
    ("jax", "run_smallest"): _jax_run,
    ("jax", "run_callable"): _jax_run_bound,
}

"""The functional forms of conditionals and loops: If, Case and While, which call functions of the graph."""

import numpy as np

from pyscope import _core as core
from pyscope import errors
from pyscope.conversion import convert_to_tensor


def function_graph(op, name):
    """The graph of the function that `op` calls as attribute `name`."""
    graph = op.graph
    function = op._attr(name)[1].name
    while graph is not None:
        found = graph._functions.get(function)
        if found is not None:
            return found.graph
        graph = graph.outer_graph
    raise errors.NotFoundError(None, None, f"Function {function} is not defined.")


def _truth(value):
    """Whether a predicate holds: numbers that are not zero, strings that are not empty."""
    if isinstance(value, np.ndarray):
        if value.ndim:
            return value.size > 0
        value = value[()]
    return bool(value)


def _if_kernel(run, op, condition, *inputs):
    return run.call(function_graph(op, "then_branch" if _truth(condition) else "else_branch"), inputs)


def _case_kernel(run, op, index, *inputs):
    names = op._attr("branches")[1]
    index = int(index)
    if not 0 <= index < len(names):
        index = len(names) - 1
    graph = op.graph
    while names[index].name not in graph._functions:
        graph = graph.outer_graph
    return run.call(graph._functions[names[index].name].graph, inputs)


def _while_kernel(run, op, *values):
    cond, body = function_graph(op, "cond"), function_graph(op, "body")
    call = run.call
    while _truth(call(cond, values)[0]):
        values = call(body, values)
    return values


def _output_shapes(c):
    shapes = c.attr("output_shapes")
    types = c.attr("Tout")
    if not shapes:
        return [None] * len(types)
    return [s._dims for s in shapes]


def _while_shapes(c):
    shapes = c.attr("output_shapes")
    if not shapes:
        return [None] * c.n_inputs
    return [s._dims for s in shapes]


def _if_gradient(op, *grads):
    from pyscope.control_flow.cond_gradient import if_gradient

    return if_gradient(op, *grads)


def _case_gradient(op, *grads):
    from pyscope.control_flow.cond_gradient import case_gradient

    return case_gradient(op, *grads)


def _while_gradient(op, *grads):
    from pyscope.control_flow.while_gradient import while_gradient

    return while_gradient(op, *grads)


def _if_type(name, stateful):
    return core.OpType(
        name,
        "cond: Tcond, input: [Tin] -> output: [Tout]",
        "Tcond: type; Tin: list(type) >= 0; Tout: list(type) >= 0; then_branch: func; else_branch: func; "
        "output_shapes: list(shape) = []",
        shape=_output_shapes,
        kernel=core.kernel("if", core.session_kernel(_if_kernel)),
        gradient=_if_gradient,
        stateful=stateful,
    )


IF = _if_type("If", True)
STATELESS_IF = _if_type("StatelessIf", False)


def _case_type(name, stateful):
    return core.OpType(
        name,
        "branch_index: int32, input: [Tin] -> output: [Tout]",
        "Tin: list(type) >= 0; Tout: list(type) >= 0; branches: list(func) >= 1; output_shapes: list(shape) = []",
        shape=_output_shapes,
        kernel=core.session_kernel(_case_kernel),
        gradient=_case_gradient,
        stateful=stateful,
    )


CASE = _case_type("Case", True)
STATELESS_CASE = _case_type("StatelessCase", False)


def _while_type(name, stateful):
    return core.OpType(
        name,
        "input: [T] -> output: [T]",
        "T: list(type) >= 0; cond: func; body: func; output_shapes: list(shape) = []; parallel_iterations: int = 10",
        shape=_while_shapes,
        kernel=core.kernel("while", core.session_kernel(_while_kernel)),
        gradient=_while_gradient,
        stateful=stateful,
    )


WHILE = _while_type("While", True)
STATELESS_WHILE = _while_type("StatelessWhile", False)


def _call_kernel(run, op, *inputs):
    return run.call(function_graph(op, "f"), inputs)


def _call_type(name, stateful):
    return core.OpType(
        name,
        "args: [Tin] -> output: [Tout]",
        "Tin: list(type) >= 0; Tout: list(type) >= 0; f: func; config: string = ''; config_proto: string = ''; "
        "executor_type: string = ''",
        shape="unknown",
        kernel=core.session_kernel(_call_kernel),
        gradient=None,
        stateful=stateful,
    )


PARTITIONED_CALL = _call_type("PartitionedCall", False)
STATEFUL_PARTITIONED_CALL = _call_type("StatefulPartitionedCall", True)


def mark_lowering(op, lower=True):
    """Note on an If, Case or While that it may be run by its parts."""
    op._set_attr("_lower_using_switch_merge", ("bool", lower))


def scalar_predicate(pred):
    """`pred` as a tensor without dimensions, squeezed if it may have some."""
    pred = convert_to_tensor(pred)
    if pred._rank != 0:
        from pyscope.ops.shape import squeeze

        pred = squeeze(pred)
    return pred


def outputs_and_op(result):
    """``(op, outputs)`` of what calling an OpType with a list of outputs gave; no op if it was stateless and empty."""
    if isinstance(result, core.Operation):
        return result, []
    if not result:
        return None, []
    return result[0].op, list(result)

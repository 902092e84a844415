"""Initial values that read other variables: read what those will be initialized to instead."""

from .. import _core as core
from ..graph import GraphKeys

HOLDERS = ("Variable", "VariableV2", "VarHandleOp")
LEFT_ALONE = ("IsVariableInitialized", "VarIsInitializedOp", "ReadVariableOp", "If")


def guarded(name, initial_value):
    """`initial_value` with every reference variable it depends on replaced by ``initialized_value``.

    The operations between are copied, with `name` added to their names. What has a cycle (a loop) stays as it is.
    """
    if not isinstance(initial_value, core.Tensor):
        raise TypeError(f"initial_value needs to be a Tensor: {initial_value}")
    if not core.depends_on_variable(initial_value):
        return initial_value  # as nearly always
    op = initial_value.op
    order = _dependencies(op)
    if order is None:
        return initial_value
    safe = {}
    for node in order:
        safe[node] = _safe_operation(name, node, safe)
    return safe[op].outputs[initial_value.value_index]


def _dependencies(op):
    """`op` and all it depends on, each after its inputs; None if there is a cycle. Stops where copying stops.

    An explicit stack: graphs may be deeper than Python's.
    """
    if _has_cycle(op):
        return None
    order, seen, stack = [], {op}, [(op, _followed(op))]
    while stack:
        node, inputs = stack[-1]
        for tensor in inputs:
            if tensor.op not in seen:
                seen.add(tensor.op)
                stack.append((tensor.op, _followed(tensor.op)))
                break
        else:
            order.append(node)
            stack.pop()
    return order


def _followed(op):
    return iter(()) if op.type in LEFT_ALONE or op.type in HOLDERS else iter(op.inputs)


def _predecessors(op):
    for tensor in op.inputs:
        yield tensor.op
    yield from op.control_inputs


def _has_cycle(op):
    started, finished, stack = {op}, set(), [(op, _predecessors(op))]
    while stack:
        node, predecessors = stack[-1]
        for other in predecessors:
            if other in finished:
                continue
            if other in started:
                return True
            started.add(other)
            stack.append((other, _predecessors(other)))
            break
        else:
            finished.add(node)
            stack.pop()
    return False


def _safe_operation(name, op, safe):
    if op.type in LEFT_ALONE:
        return op
    if op.type in HOLDERS:
        value = _initialized_value(op)
        return op if value is None else value.op
    inputs = [safe[tensor.op].outputs[tensor.value_index] for tensor in op.inputs]
    if all(new is old for new, old in zip(inputs, op.inputs)):
        return op
    op_type = "Switch" if op.type == "RefSwitch" else op.type
    return op.graph.create_op(
        op_type,
        inputs,
        [tensor.dtype for tensor in op.outputs],
        name=(op.name + "_" + name).replace(":", "_"),
        attrs=op.node_def.attr,
    )


def _initialized_value(op):
    """``initialized_value()`` of the variable that `op` holds, if it is in a collection."""
    names = (op.name, op.name + ":0")
    try:
        for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES):
            for variable in op.graph.get_collection(key):
                if variable.name in names:
                    return variable.initialized_value()
    except AttributeError:  # something else than variables in the collection
        return None
    return None

"""Gradients of v1 conditionals: of Switch and Merge."""

from pyscope import _core as core
from pyscope import dtypes
from pyscope.control_flow import flow_ops
from pyscope.control_flow.contexts import context_of, output_context
from pyscope.graph import get_default_graph


def as_indexed_slices(x):
    """`x` as IndexedSlices of all its rows."""
    from pyscope.indexed_slices import IndexedSlices
    from pyscope.ops.ranges import range as number_range
    from pyscope.ops.shape import SHAPE

    if not isinstance(x, core.Tensor):
        return x
    dims = SHAPE(x)
    return IndexedSlices(x, number_range(0, dims[0]), dims)


def switch_gradient(op, *grads):
    """Gradient of Switch: a Merge of what comes from the two sides."""
    context = context_of(op)
    if context is not None and context.IsWhileContext():
        from pyscope.control_flow.loop_gradients import switch_gradient as loop_switch_gradient

        return loop_switch_gradient(op, grads)
    if context is not None and context.IsCondContext():
        if grads[1 - context.branch] is None:
            if op.inputs[0].dtype == dtypes.resource:
                return [flow_ops.merge([grads[context.branch]] * 2, name="cond_resource_grad")[0], None]
            return [None, None]
        return [flow_ops.merge(list(grads), name="cond_grad")[0], None]
    false = flow_ops.switch(grads[0], op.inputs[1])[0]
    true = flow_ops.switch(grads[1], op.inputs[1])[1]
    return [flow_ops.merge([false, true])[0], None]


def merge_gradient(op, grad):
    """Gradient of Merge: a Switch to the side the value came from."""
    context = output_context(op.inputs[0].op)
    if context is not None and context.IsWhileContext():
        from pyscope.control_flow.loop_gradients import merge_gradient as loop_merge_gradient

        return loop_merge_gradient(grad)
    if context is not None and context.IsCondContext():
        pred = context.pred
        current = get_default_graph()._get_control_flow_context()
        state = None if current is None else current.grad_state
        if state is not None:
            found = state.history_map.get(pred.name)
            if found is None:
                state.grad_context.Exit()
                history = state.add_forward_accumulator(pred)
                state.grad_context.Enter()
                found = state.history_map[pred.name] = state.add_backward_value(history, pred)
            pred = found
        return list(flow_ops.switch_ref_or_tensor(grad, pred, name="cond_grad"))
    from pyscope.ops.compare import equal

    return [flow_ops.switch_ref_or_tensor(grad, equal(op.outputs[1], i))[1] for i in range(len(op.inputs))]


def zeros_in_branch(op, index):
    """Zeros for an output of `op`, which was made in a branch, there only when that branch is not taken."""
    from pyscope.ops.array import zeros
    from pyscope.ops.identity import identity
    from pyscope.ops.resource import VARIABLE_SHAPE, handle_data
    from pyscope.ops.shape import SHAPE

    value = op.outputs[index]
    context = context_of(op)
    other = flow_ops.switch(op.inputs[0], context.pred)[1 - context.branch]
    pivot = identity(other)
    if value.dtype == dtypes.resource:
        with get_default_graph().control_dependencies([pivot]):
            return zeros(VARIABLE_SHAPE(other), dtype=handle_data(value)[1])
    dims = SHAPE(other)
    with get_default_graph().control_dependencies([pivot]):
        return zeros(dims, dtype=value.dtype)

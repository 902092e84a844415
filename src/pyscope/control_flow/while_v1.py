"""Loops of Enter, Merge, Switch, NextIteration and Exit."""

from pyscope.control_flow.contexts import WhileContext
from pyscope.conversion import constant, convert_to_tensor
from pyscope.graph import get_default_graph, name_scope
from pyscope.tensor_shape import TensorShape


def while_loop_v1(cond, body, loop_vars, shape_invariants, parallel_iterations, back_prop, swap_memory, name,
                  maximum_iterations, return_same_structure):
    """`tf.while_loop` with v1 control flow."""
    with name_scope(name, "while", loop_vars):
        if not loop_vars:
            raise ValueError("'loop_vars' must be provided.")
        if maximum_iterations is not None:
            cond, body, loop_vars = _counted(cond, body, loop_vars, maximum_iterations, return_same_structure)
            maximum_iterations = cond.limit
            if shape_invariants is not None:
                shape_invariants = (TensorShape([]), shape_invariants)
        context = WhileContext(maximum_iterations, parallel_iterations, back_prop, swap_memory)
        if context.outer_context is None:
            get_default_graph().add_to_collection("while_context", context)
        result = context.BuildLoop(cond, body, loop_vars, shape_invariants, return_same_structure)
        return result if maximum_iterations is None else result[1]


def _counted(cond, body, loop_vars, limit, return_same_structure):
    """The loop with a counter that stops it after `limit` iterations."""
    from pyscope.ops.compare import logical_and

    limit = convert_to_tensor(limit, name="maximum_iterations")
    if limit._rank != 0:
        raise ValueError(f"'maximum_iterations' must be a scalar. Received shape: {limit.shape}")
    counter = constant(0, dtype=limit.dtype, name="iteration_counter")
    single = len(loop_vars) == 1 and not return_same_structure

    def counted_cond(i, values):
        return logical_and(i < limit, cond(values) if single else cond(*values))

    def counted_body(i, values):
        return (i + 1, body(values) if single else body(*values))

    counted_cond.limit = limit
    return counted_cond, counted_body, (counter, loop_vars[0] if single else loop_vars)

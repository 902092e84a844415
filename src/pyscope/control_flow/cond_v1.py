"""Conditionals of Switch and Merge."""

from pyscope import func_graph as functions
from pyscope import nest
from pyscope.control_flow import flow_ops
from pyscope.control_flow.contexts import CondContext
from pyscope.graph import get_default_graph, name_scope


def _unpack_single(value):
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value


def _branch(context, function, name):
    try:
        context.Enter()
        original, result = context.BuildCondBranch(function)
        if original is None:
            raise ValueError(f"'{name}' must have a return value.")
        context.ExitResult(result)
    finally:
        context.Exit()
    return original, result


def cond_v1(pred, true_fn, false_fn, strict=False, name=None):
    """`tf.cond` with v1 control flow."""
    from pyscope.ops.identity import identity

    with name_scope(name, "cond", [pred]):
        if isinstance(pred, bool):
            raise TypeError("'pred' must not be a Python bool.")
        p_false, p_true = flow_ops.switch(pred, pred)
        pivot_true = identity(p_true, name="switch_t")
        pivot_false = identity(p_false, name="switch_f")
        pred = identity(pred, name="pred_id")
        for t in (p_true, p_false, pivot_true, pivot_false, pred):
            t.op.graph.prevent_fetching(t.op)
        context_true = CondContext(pred, pivot_true, branch=1)
        original_true, true = _branch(context_true, true_fn, "true_fn")
        context_false = CondContext(pred, pivot_false, branch=0)
        original_false, false = _branch(context_false, false_fn, "false_fn")
        if not strict:
            original_true = _unpack_single(original_true)
            original_false = _unpack_single(original_false)
        try:
            nest.assert_same_structure(original_true, original_false, expand_composites=True)
        except (TypeError, ValueError):
            nest.map_structure(lambda x, y: None, original_true, original_false)     # unless only slices differ
            raise
        if not true:
            raise ValueError("'true_fn' and 'false_fn' must return at least one result.")
        true = nest.flatten(true, expand_composites=True)
        false = nest.flatten(false, expand_composites=True)
        for x, y in zip(true, false):
            if x.dtype.base_dtype != y.dtype.base_dtype:
                raise ValueError("Outputs of 'true_fn' and 'false_fn' must have the same type(s). Received "
                                 f"{x.dtype.name} from 'true_fn' and {y.dtype.name} from 'false_fn'.")
        merges = [flow_ops.merge(pair)[0] for pair in zip(false, true)]
        if context_true.outer_context is None:
            graph = get_default_graph()
            graph.add_to_collection("cond_context", context_true)
            graph.add_to_collection("cond_context", context_false)
        merges = functions.pack_sequence_as(original_true, merges)
        return merges if strict else _unpack_single(merges)

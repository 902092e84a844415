"""`cond`: one of two branches, chosen by a tensor in each run.

By default a conditional is an If that calls functions made of the branches; after `disable_control_flow_v2` it is
built of Switch and Merge (`cond_v1`).
"""

from pyscope import dtypes, nest
from pyscope import func_graph as functions
from pyscope.control_flow import dependencies, functional
from pyscope.graph import get_default_graph, name_scope

__all__ = ["cond"]


def control_flow_v2():
    """Whether conditionals and loops built now are functional operations."""
    from pyscope.behavior import control_flow_v2_enabled

    return control_flow_v2_enabled() or get_default_graph().building_function


def cond(pred, true_fn=None, false_fn=None, strict=False, name=None, fn1=None, fn2=None):
    """What `true_fn()` returns in runs where `pred` holds, else what `false_fn()` returns.

    Both are called once, to build their operations; in a run only those of one branch run.

    Parameters
    ----------
    pred : Tensor, bool, shape ()
    true_fn, false_fn : callable
        Without arguments; return a tensor or equal structures of tensors (of operations, to have them run).
    strict : bool
        With v1 control flow: keep lists of one tensor as lists.
    name : str, optional
        Scope of the operations.

    Raises
    ------
    TypeError
        If a branch is missing or not callable, or the branches return different structures or dtypes.
    """
    if fn1 is not None:
        if true_fn is not None:
            raise TypeError("cond(): 'true_fn' and 'fn1' may not be set simultaneously.")
        true_fn = fn1
    elif true_fn is None:
        raise TypeError("cond(): 'true_fn' argument required")
    if fn2 is not None:
        if false_fn is not None:
            raise TypeError("cond(): 'false_fn' and 'fn2' may not be set simultaneously.")
        false_fn = fn2
    elif false_fn is None:
        raise TypeError("cond(): 'false_fn' argument required")
    if not callable(true_fn):
        raise TypeError("'true_fn' must be callable.")
    if not callable(false_fn):
        raise TypeError("'false_fn' must be callable.")
    if not control_flow_v2():
        from pyscope.control_flow.cond_v1 import cond_v1

        return cond_v1(pred, true_fn, false_fn, strict, name)
    return _functional_cond(pred, true_fn, false_fn, name)


def branch_graph(name, function, pred):
    """The function graph of one branch."""
    outer = get_default_graph()
    graph = functions.FuncGraph(name, collections=outer._collections)
    return functions.trace(graph, function, add_control_dependencies=getattr(outer, "_add_control_dependencies", False),
                           op_return_value=pred)


def _functional_cond(pred, true_fn, false_fn, name):
    if isinstance(pred, bool):
        raise TypeError("pred must not be a Python bool", pred)
    with name_scope(name or "cond") as scope:
        true_name = functions.unique_function_name(scope, "true")
        false_name = functions.unique_function_name(scope, "false")
        pred = functional.scalar_predicate(pred)
        branches = [branch_graph(true_name, true_fn, pred), branch_graph(false_name, false_fn, pred)]
        verify_captures(branches, ["true_fn", "false_fn"])
        return build_if(pred, branches, [g.external_captures for g in branches], scope)


def build_if(pred, branches, inputs, name=None):
    """An If over two finished function graphs, with an identity of each output; the outputs in their structure."""
    def make(tensors, stateful):
        op_type = functional.IF if stateful else functional.STATELESS_IF
        return op_type(pred, tensors, Tout=branches[0].output_types, then_branch=functions.add_function(branches[0]),
                       else_branch=functions.add_function(branches[1]),
                       output_shapes=common_shapes(branches), name=name)

    return build_branching("cond", branches, inputs, make)


def build_branching(kind, branches, inputs, make, lower=True):
    """What If and Case have in common: equal signatures, the operation, its marks, identities of its outputs."""
    from pyscope.ops.identity import identity

    _match_indices(kind, branches)
    check_same_outputs(kind, branches)
    tensors = _match_inputs(branches, inputs)
    outer = get_default_graph()
    with outer.control_dependencies(dependencies.controls_of(*branches)):
        stateful = any(op.op_type.stateful for graph in branches for op in graph.get_operations())
        op, outputs = functional.outputs_and_op(make(tensors, stateful))
        for i, output in enumerate(outputs):
            _join_handle_data(output, [graph.outputs[i] for graph in branches])
        if op is not None:
            for graph in branches:
                graph.outer_graph = get_default_graph()
            op._branch_graphs = branches
            functional.mark_lowering(op, lower)
            dependencies.set_read_only_attr(op, branches, 1)
            op.graph.prevent_fetching(op)
        outputs = [identity(t) for t in outputs]
    return _pack(branches[0].structured_outputs, outputs)


def _pack(structure, tensors):
    """`tensors` arranged as `structure`, where None stays None."""
    tensors = iter(tensors)
    leaves = [None if leaf is None else next(tensors) for leaf in nest.flatten(structure, expand_composites=True)]
    return functions.pack_sequence_as(structure, leaves)


def common_shapes(branches):
    shapes = []
    for outputs in zip(*[graph.outputs for graph in branches]):
        shape = outputs[0].shape
        for other in outputs[1:]:
            shape = shape.most_specific_compatible_shape(other.shape)
        shapes.append(shape)
    return shapes


def _join_handle_data(tensor, inside):
    """Let an output refer to what the branches' outputs refer to, if that is one thing each."""
    if tensor.dtype not in (dtypes.resource, dtypes.variant):
        return
    from pyscope.ops.resource import handle_data
    from pyscope.tensor_shape import TensorShape

    found = [((handle_data(t),) if t.dtype is dtypes.resource else t._handle_data) for t in inside]
    if any(data is None or data == (None,) or len(data) != 1 for data in found):
        return
    shape = TensorShape(found[0][0][0])
    for data in found[1:]:
        shape = shape.most_specific_compatible_shape(TensorShape(data[0][0]))
    tensor._handle_data = ((shape._dims, found[0][0][1]),)


def _match_inputs(branches, inputs):
    """Give all branches the inputs of each; returns the tensors outside, each once."""
    tensors = list({id(t): t for branch in inputs for t in branch}.values())
    for graph, mine in zip(branches, inputs):
        known = {id(t): placeholder for t, placeholder in zip(mine, graph.inputs)}
        placeholders = []
        for t in tensors:
            placeholder = known.get(id(t))
            if placeholder is None:
                placeholder = graph.add_input(t.dtype, t.shape)
            placeholders.append(placeholder)
        graph.inputs = placeholders
        graph.reset_captures(tensors, placeholders)
    return tensors


def _match_indices(kind, branches):
    """Indices of IndexedSlices become int64 where the branches differ."""
    from pyscope.indexed_slices import IndexedSlices

    outputs = [nest.flatten(graph.structured_outputs) for graph in branches]
    lengths = [len(out) for out in outputs]
    assert len(set(lengths)) == 1, lengths
    positions = []
    position = 0
    for i, leaves in enumerate(zip(*outputs)):
        sparse = [isinstance(leaf, IndexedSlices) for leaf in leaves]
        if len(set(sparse)) != 1:
            raise TypeError(f"Cannot reconcile tf.{'cond' if kind == 'cond' else 'switch_case'} {i}-th outputs:\n"
                            f"  branches returned: {leaves}")
        if sparse[0]:
            positions.append(position + 1)
        if leaves[0] is not None:
            position += len(nest.flatten(leaves[0], expand_composites=True))
    if not positions:
        return
    for i in positions:
        if len({graph.outputs[i].dtype for graph in branches}) != 1:
            from pyscope.ops.cast import cast

            for graph in branches:
                if graph.outputs[i].dtype == dtypes.int32:
                    with graph.as_default():
                        graph.outputs[i] = cast(graph.outputs[i], dtypes.int64)
    for graph in branches:
        graph.structured_outputs = _pack(graph.structured_outputs, graph.outputs)


def check_same_outputs(kind, branches):
    """TypeError or ValueError unless all branches return equal structures of equal dtypes."""
    first = branches[0]
    for i, graph in enumerate(branches[1:], 1):
        def complain(detail, graph=graph, i=i):
            a, b = ("true_fn", "false_fn") if kind == "cond" else ("branches[0]", f"branches[{i}]")
            raise TypeError(
                f"{a} and {b} arguments to {'tf.cond' if kind == 'cond' else 'tf.switch_case'} must have the same "
                "number, type, and overall structure of return values.\n\n"
                f"{a} output: {first.structured_outputs}\n{b} output: {graph.structured_outputs}\n\n"
                f"Error details:\n{detail}")

        try:
            nest.assert_same_structure(first.structured_outputs, graph.structured_outputs, expand_composites=True)
        except (TypeError, ValueError) as e:
            complain(str(e))
        if len(first.outputs) != len(graph.outputs):
            raise ValueError(f"Lengths of branch outputs of {kind} must match.\n"
                             f"len(graphs[0].outputs): {len(first.outputs)}\n"
                             f"len(graphs[{i}].outputs): {len(graph.outputs)}\n")
        for x, y in zip(first.outputs, graph.outputs):
            if x.dtype != y.dtype:
                complain(f"{x} and {y} have different types")


def verify_captures(branches, names):
    """ValueError when one branch uses a tensor of another."""
    for i, graph in enumerate(branches):
        for t in graph.external_captures:
            for k, other in enumerate(branches):
                if t.graph is other:
                    raise ValueError(f"Tensor {t.name} in {names[k]} is accessed from {names[i]}.")


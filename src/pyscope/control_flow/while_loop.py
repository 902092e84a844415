"""`while_loop`: repeat a body while a condition holds.

By default a loop is a While that calls functions made of the condition and the body; after
`disable_control_flow_v2` it is built of Enter, Merge, Switch, NextIteration and Exit (`while_v1`).
"""

from pyscope import _core as core
from pyscope import dtypes, nest
from pyscope import func_graph as functions
from pyscope.control_flow import dependencies, functional
from pyscope.control_flow.cond import control_flow_v2
from pyscope.conversion import constant, convert_to_tensor, convert_to_tensor_or_indexed_slices
from pyscope.graph import get_default_graph, name_scope
from pyscope.tensor_shape import TensorShape

__all__ = ["while_loop"]


def while_loop(cond, body, loop_vars, shape_invariants=None, parallel_iterations=10, back_prop=True,
               swap_memory=False, name=None, maximum_iterations=None, return_same_structure=False):
    """Repeat `body` while `cond` holds; the loop variables after the last iteration.

    Both are called once, with tensors of the loop variables' dtypes, to build their operations.

    Parameters
    ----------
    cond : callable
        From the loop variables to a bool tensor.
    body : callable
        From the loop variables to their next values, in the same structure, with the same dtypes and shapes.
    loop_vars : list or tuple
        Initial values: tensors, TensorArrays, nested structures of these.
    shape_invariants : structure of TensorShape, optional
        Shapes that hold in every iteration, for variables that change theirs.
    parallel_iterations : int
        Kept as an attribute of the operation.
    back_prop : bool
        Whether gradients pass through the loop.
    maximum_iterations : int or Tensor, int32, optional
        Stop after so many iterations.
    return_same_structure : bool
        Return a list of one variable as a list.

    Raises
    ------
    TypeError, ValueError
        When `body` returns another structure, dtype or shape.
    """
    if not callable(cond):
        raise TypeError("'cond' must be callable.")
    if not callable(body):
        raise TypeError("'body' must be callable.")
    if parallel_iterations < 1:
        raise TypeError("'parallel_iterations' must be a positive integer.")
    loop_vars = functions.variables_to_tensors(loop_vars)
    if not control_flow_v2():
        from pyscope.control_flow.while_v1 import while_loop_v1

        return while_loop_v1(cond, body, loop_vars, shape_invariants, parallel_iterations, back_prop, swap_memory,
                             name, maximum_iterations, return_same_structure)
    return _functional_while(cond, body, loop_vars, shape_invariants, parallel_iterations, maximum_iterations, name,
                             return_same_structure, back_prop)


class WhileBodyGraph(functions.FuncGraph):
    """Graph of a loop's body."""

    def zeros_like_output(self, tensor):
        """Zeros for an output here that no gradient reached; by its shape, so that its value need not be kept."""
        from pyscope.ops.array import zeros, zeros_like
        from pyscope.ops.shape import SHAPE

        if tensor.dtype is dtypes.variant:
            return zeros_like(tensor, optimize=False)
        if tensor.shape.is_fully_defined():
            return constant(0, shape=tensor.shape, dtype=tensor.dtype)
        return zeros(SHAPE(tensor), tensor.dtype)


def _shape_of(var, invariant):
    """The shape that holds in every iteration for a tensor, given what the program says of it."""
    if invariant is None:
        return var.shape
    if not isinstance(invariant, TensorShape):
        shape = getattr(invariant, "shape", None)
        if isinstance(shape, TensorShape) and hasattr(invariant, "dtype"):
            return shape
        raise TypeError(f"'shape' must be one of TypeSpec, TensorShape or None. Received: {type(invariant)}")
    return invariant


def _shapes_of(var):
    """The shapes that hold by default: a sparse tensor may have another number of elements in each iteration."""
    from pyscope.sparse_tensor import SparseTensor

    if isinstance(var, SparseTensor):
        rank = var.dense_shape.shape[0]
        rank = getattr(rank, "value", rank)
        return [TensorShape([None, rank]), TensorShape([None]), TensorShape([rank])]
    return [t.shape for t in functions.flatten(var)]


def _invariants(loop_vars, shape_invariants):
    """A flat list of shapes, one per tensor of `loop_vars`."""
    if shape_invariants is None:
        return [shape for var in nest.flatten(loop_vars) for shape in _shapes_of(var)]
    nest.assert_same_structure(loop_vars, shape_invariants)
    out = []
    for var, invariant in zip(nest.flatten(loop_vars), nest.flatten(shape_invariants)):
        if functions.is_tensor_array(var):
            out.append(_shape_of(var.flow, invariant))
        elif isinstance(var, functions.Tensor):
            out.append(_shape_of(var, invariant))
        else:
            out.extend(_shapes_of(var))
    return out


def _to_tensor(x):
    return x if functions.is_tensor_array(x) else convert_to_tensor_or_indexed_slices(x)


def _to_flows(structure):
    return nest.map_structure(lambda x: x.flow if functions.is_tensor_array(x) else x, structure,
                              expand_composites=True)


def _functional_while(cond, body, loop_vars, shape_invariants, parallel_iterations, maximum_iterations, name,
                      return_same_structure, back_prop):
    from pyscope.ops.identity import identity, stop_gradient

    original = loop_vars
    loop_vars = _to_flows(loop_vars)
    loop_vars = nest.map_structure(_to_tensor, loop_vars, expand_composites=True)
    flat = nest.flatten(loop_vars, expand_composites=True)
    shapes = _invariants(loop_vars, shape_invariants)
    n = len(flat)
    outer = get_default_graph()
    automatic = getattr(outer, "_add_control_dependencies", False)

    def pack(tensors):
        leaves = nest.flatten(original, expand_composites=True)
        tensors = list(tensors)
        for i, leaf in enumerate(leaves):
            if functions.is_tensor_array(leaf):
                from pyscope.tensor_array import build_ta_with_new_flow

                tensors[i] = build_ta_with_new_flow(leaf, tensors[i])
        return nest.pack_sequence_as(loop_vars, tensors, expand_composites=True)

    with name_scope(name or "while") as scope:
        cond_name = functions.unique_function_name(scope, "cond")
        body_name = functions.unique_function_name(scope, "body")
        limit = convert_to_tensor(-1 if maximum_iterations is None else maximum_iterations, dtype=dtypes.int32,
                                  name="maximum_iterations")
        counter = constant(0, dtype=limit.dtype if maximum_iterations is not None else None, name="loop_counter")
        arguments = [(counter.dtype, counter.shape, counter.op.name), (limit.dtype, limit.shape, limit.op.name)]
        arguments += [(t.dtype, shape, None) for t, shape in zip(flat, shapes)]

        def wrapped_cond(counter, limit, *args):
            pred = cond(*pack(args))
            if isinstance(pred, functions.Tensor) and pred._rank != 0:
                pred = functional.scalar_predicate(pred)
            if maximum_iterations is None:
                return pred
            from pyscope.ops.compare import logical_and

            return logical_and(counter < limit, pred)

        cond_graph = functions.FuncGraph(cond_name, collections=outer._collections)
        functions.trace(cond_graph, wrapped_cond, arguments, automatic)

        def wrapped_body(counter, limit, *args):
            for outside, inside in zip(flat, args):
                functions.copy_handle_data(outside, inside)
            for t in cond_graph.external_captures:
                body_graph.capture(t)
            outputs = body(*pack(args))
            if not nest.is_nested(outputs):
                outputs = [outputs]
            try:
                nest.assert_same_structure(outputs, original, check_types=False, expand_composites=True)
            except ValueError:
                nest.assert_same_structure(functions.variables_to_tensors(outputs),
                                           functions.variables_to_tensors(original), check_types=False,
                                           expand_composites=True)
            return [counter + 1, limit, *_to_flows(outputs)]

        body_graph = WhileBodyGraph(body_name, collections=outer._collections)
        functions.trace(body_graph, wrapped_body, arguments, automatic)
        captures = body_graph.external_captures
        body_graph.outputs.extend(body_graph.internal_captures)
        add_captures(cond_graph, captures[len(cond_graph.external_captures):])
        _check_shapes(body_graph.outputs[2:2 + n], shapes, flat)
        tensors = [counter, limit, *flat, *captures]
        _check_signatures(cond_graph, body_graph, tensors)
        with outer.control_dependencies(dependencies.controls_of(cond_graph, body_graph)):
            output_shapes = [t.shape for t in body_graph.outputs]
            output_shapes[2:2 + n] = shapes
            outputs = build_while(tensors, cond_graph, body_graph, output_shapes, parallel_iterations, scope,
                                  len(body_graph.outputs))
        if not get_default_graph().building_function:
            outputs = [identity(t) for t in outputs]
    outputs = outputs[2:2 + n]
    if not back_prop:
        outputs = [stop_gradient(t) for t in outputs]
    outputs = pack(outputs)
    if return_same_structure:
        return outputs
    leaves = nest.flatten(outputs, expand_composites=True)
    return leaves[0] if len(leaves) == 1 else outputs


def add_captures(cond_graph, tensors):
    """Give a condition the inputs that only the body uses."""
    from pyscope.ops.identity import PLACEHOLDER

    prefix = cond_graph.unique_name(cond_graph.name + "___redundant_placeholder")
    with cond_graph.as_default(), name_scope(None), core.ControlDependencies(cond_graph, None):
        for i, t in enumerate(tensors):
            placeholder = PLACEHOLDER(dtype=t.dtype, shape=None, name=f"{prefix}{i}")
            cond_graph.add_capture(t, placeholder)
            cond_graph.inputs.append(placeholder)


def build_while(tensors, cond_graph, body_graph, output_shapes, parallel_iterations, name, num_original_outputs):
    """A While over two finished function graphs; its outputs."""
    stateful = any(op.op_type.stateful for graph in (cond_graph, body_graph) for op in graph.get_operations())
    op_type = functional.WHILE if stateful else functional.STATELESS_WHILE
    op, outputs = functional.outputs_and_op(op_type(
        tensors, cond=functions.add_function(cond_graph), body=functions.add_function(body_graph),
        output_shapes=output_shapes, parallel_iterations=parallel_iterations, name=name))
    for inside, outside in zip(body_graph.outputs, outputs):
        functions.copy_handle_data(inside, outside)
    functional.mark_lowering(op)
    dependencies.set_read_only_attr(op, [cond_graph, body_graph], 0)
    op._set_attr("_num_original_outputs", ("int", num_original_outputs))
    cond_graph.outer_graph = body_graph.outer_graph = get_default_graph()
    op._cond_graph = cond_graph
    op._body_graph = body_graph
    return outputs


def _check_shapes(tensors, shapes, inputs):
    for t, shape, outside in zip(tensors, shapes, inputs):
        dims, wanted = t.shape._dims, shape._dims
        if wanted is not None and (dims is None or len(dims) != len(wanted)
                                   or any(w is not None and d != w for d, w in zip(dims, wanted))):
            raise ValueError(
                f"Input tensor `{outside.name}` enters the loop with shape {shape}, but has shape {t.shape} after one "
                "iteration. To allow the shape to vary across iterations, use the `shape_invariants` argument of "
                "tf.while_loop to specify a less-specific shape.")


def _check_signatures(cond_graph, body_graph, tensors):
    n = len(tensors)
    assert len(cond_graph.inputs) == n, f"cond_graph takes {len(cond_graph.inputs)} inputs; Expected: {n}"
    assert len(cond_graph.outputs) == 1, f"cond_graph has {len(cond_graph.outputs)} outputs; Expected: 1"
    assert len(body_graph.inputs) == n, f"body_graph takes {len(body_graph.inputs)} inputs; Expected: {n}"
    assert len(body_graph.outputs) == n, f"body_graph has {len(body_graph.outputs)} outputs; Expected: {n}"
    for before, after, t in zip(body_graph.inputs, body_graph.outputs, tensors):
        if before.dtype != after.dtype:
            raise TypeError(f"Loop var {t.name} enters the loop with type {before.dtype} but has type {after.dtype} "
                            f"after 1 iteration. {t.name} type should remain constant.")

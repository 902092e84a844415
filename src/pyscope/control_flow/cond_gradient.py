"""Gradients of If and Case.

The gradient of a conditional is a conditional over the gradients of its branches. What those need of the values
computed inside the branches becomes further outputs of the forward operation, wrapped in optionals, since only the
branch taken has them.
"""

from pyscope import dtypes, nest
from pyscope import func_graph as functions
from pyscope.control_flow import functional
from pyscope.control_flow.cond import build_branching, build_if, check_same_outputs, common_shapes
from pyscope.conversion import constant, convert_to_tensor
from pyscope.gradients import gradients_in, is_trainable
from pyscope.graph import get_default_graph, name_scope


def if_gradient(op, *grads):
    """The gradient function of If and StatelessIf."""
    forward = _forward_graphs(op, ["then_branch", "else_branch"])
    backward = [_gradient_graph(graph, grads) for graph in forward]
    _fill_with_zeros(forward, backward)
    if any(graph.op_needs_rewrite for graph in backward):
        _add_intermediates("cond", op, forward, backward)
        for name, graph in zip(["then_branch", "else_branch"], forward):
            op._set_attr(name, ("func", functions.add_function(graph)))
    inputs = [_grad_inputs(f, b) for f, b in zip(forward, backward)]
    _match_slices("cond", backward)
    return [None, *build_if(op.inputs[0], backward, inputs)]


def case_gradient(op, *grads):
    """The gradient function of Case and StatelessCase."""
    n = len(op._attr("branches")[1])
    forward = _forward_graphs(op, [None] * n)
    backward = [_gradient_graph(graph, grads) for graph in forward]
    _fill_with_zeros(forward, backward)
    if any(graph.op_needs_rewrite for graph in backward):
        _add_intermediates("case", op, forward, backward)
        op._set_attr("branches", ("list(func)", tuple(functions.add_function(graph) for graph in forward)))
    inputs = [_grad_inputs(f, b) for f, b in zip(forward, backward)]
    _match_slices("case", backward)

    def make(tensors, stateful):
        op_type = functional.CASE if stateful else functional.STATELESS_CASE
        return op_type(op.inputs[0], tensors, Tout=backward[0].output_types,
                       branches=[functions.add_function(g) for g in backward],
                       output_shapes=common_shapes(backward), name="gradient")

    return [None, *build_branching("case", backward, inputs, make)]


def _forward_graphs(op, names):
    graphs = getattr(op, "_branch_graphs", None)
    if graphs is None:
        if names[0] is None:
            graph, graphs = op.graph, []
            for name in op._attr("branches")[1]:
                while name.name not in graph._functions:
                    graph = graph.outer_graph
                graphs.append(graph._functions[name.name].graph)
        else:
            graphs = [functional.function_graph(op, name) for name in names]
    inputs = op.inputs[1:]
    for graph in graphs:
        for outside, inside in zip(inputs, graph.inputs):
            functions.copy_handle_data(outside, inside)
        graph.reset_captures(inputs, graph.inputs)
        graph._forward_cond = op
    return graphs


def _gradient_graph(forward, grads):
    graph = _CondGradFuncGraph(functions.unique_gradient_name(forward.name), forward)

    def function():
        ys = [(y, g) for y, g in zip(forward.outputs, grads)
              if is_trainable(y) and not (g is None and y.dtype is dtypes.variant)]
        return gradients_in(forward, [y for y, _ in ys], forward.inputs, grad_ys=[g for _, g in ys])

    return functions.trace(graph, function, add_control_dependencies=True)


class _CondGradFuncGraph(functions.FuncGraph):
    """Graph of the gradient of a branch: tensors computed in the branch come to it through optionals."""

    def __init__(self, name, forward):
        super().__init__(name, collections=get_default_graph()._collections)
        self.op_needs_rewrite = False
        self.wrapped = {}            # id of a tensor of the branch -> (tensor, its optional there)
        self._forward = forward
        self._unwrapped = {}         # id of a tensor of the branch -> (tensor, what stands for it here)

    def _capture_helper(self, tensor, name):
        from pyscope.ops.optional import OPTIONAL_FROM_VALUE, OPTIONAL_GET_VALUE

        forward = self._forward
        if (tensor.graph is not forward or any(tensor is t for t in forward.inputs)
                or any(tensor is t for t in forward.outputs)):
            return super()._capture_helper(tensor, name)
        found = self._unwrapped.get(id(tensor))
        if found is not None:
            return found[1]
        if tensor.op.type == "Const":
            inside = constant(tensor.op._attr("value")[1], dtype=tensor.dtype)
        elif tensor.dtype is dtypes.resource:
            inside = super()._capture_helper(forward.inputs[resource_input(tensor, forward)], name)
        else:
            if id(tensor) not in self.wrapped:
                self.wrapped[id(tensor)] = (tensor, self._optional(tensor, OPTIONAL_FROM_VALUE))
            optional = super()._capture_helper(self.wrapped[id(tensor)][1], name)
            inside = OPTIONAL_GET_VALUE(optional, output_types=[tensor.dtype], output_shapes=[tensor.shape])[0]
            functions.copy_handle_data(tensor, inside)
        self._unwrapped[id(tensor)] = (tensor, inside)
        return inside

    def _optional(self, tensor, wrap):
        forward = self._forward
        for consumer in tensor.consumers():
            if consumer.type == "OptionalFromValue" and any(consumer.outputs[0] is t for t in forward.outputs):
                return consumer.outputs[0]
        self.op_needs_rewrite = True
        with forward.as_default():
            return wrap([tensor])


def resource_input(tensor, graph):
    """Index of the input of a function graph that a resource in it goes back to."""
    while True:
        for i, t in enumerate(graph.inputs):
            if t is tensor:
                return i
        op = tensor.op
        if op.type in ("Identity", "While", "StatelessWhile"):
            tensor = op.inputs[tensor.value_index]
        elif op.type in ("If", "StatelessIf"):
            branches = [functional.function_graph(op, name) for name in ("then_branch", "else_branch")]
            found = {resource_input(g.outputs[tensor.value_index], g) for g in branches}
            if len(found) != 1:
                raise AssertionError(f"Expected cond branches ({op.type} op) to each have the same input->output "
                                     "mapping of resources.")
            tensor = op.inputs[found.pop() + 1]
        else:
            raise ValueError("Taking gradient of a while loop which creates a resource in its body is not supported: "
                             f"{op.name} ({op.type})")


def _fill_with_zeros(forward, backward):
    """Zeros in place of a gradient that one branch has and another has not."""
    from pyscope.ops.array import zeros_like

    outputs = [graph.structured_outputs for graph in backward]
    for i, found in enumerate(zip(*outputs)):
        if any(x is None for x in found) and any(x is not None for x in found):
            for k, x in enumerate(found):
                if x is None:
                    with backward[k].as_default():
                        outputs[k][i] = _zeros(forward[k].inputs[i], zeros_like)
    for graph in backward:
        graph.outputs = [t for t in functions.flatten(graph.structured_outputs) if t is not None]


def _zeros(tensor, zeros_like):
    if tensor.dtype is dtypes.resource:
        from pyscope.ops.array import zeros
        from pyscope.ops.resource import handle_data
        from pyscope.tensor_shape import TensorShape

        shape, dtype = handle_data(tensor)
        return zeros(TensorShape(shape), dtype=dtype)
    return zeros_like(tensor)


def _add_intermediates(kind, op, forward, backward):
    """Let the forward operation give what the gradients need of its branches."""
    from pyscope.ops.optional import OPTIONAL_NONE

    wrapped = [[optional for _, optional in graph.wrapped.values()] for graph in backward]
    n = max(len(w) for w in wrapped)
    extra = []
    for graph, mine in zip(forward, wrapped):
        with graph.as_default():
            extra.append(mine + [OPTIONAL_NONE() for _ in range(n - len(mine))])
    for graph, mine in zip(forward, extra):
        graph.outputs.extend(mine)
    check_same_outputs(kind, forward)
    for graph in forward:
        graph.name += "_rewritten"
    op._set_attr("Tout", ("list(type)", tuple(forward[0].output_types)))
    op._set_attr("output_shapes", ("list(shape)", tuple(forward[0].output_shapes)))
    op._add_outputs([t.dtype for t in extra[0]], [t.shape for t in extra[0]])


def _grad_inputs(forward, backward):
    """What to pass to the gradient of a branch: tensors of the graph around it."""
    found = []
    for t in backward.external_captures:
        if t.graph is forward:
            for i, output in enumerate(forward.outputs):
                if output is t:
                    t = forward._forward_cond.outputs[i]
                    break
            else:
                for outside, inside in forward.captures:
                    if inside is t:
                        t = outside
                        break
                else:
                    raise ValueError(f"Could not find external tensor capture {t} in captures or outputs")
        found.append(t)
    return found


def _whole_shape(x):
    from pyscope.ops.shape import SHAPE

    if not x.shape.is_fully_defined():
        return SHAPE(x)
    with name_scope(None, "Shape"):
        return convert_to_tensor(x.shape)


def _match_slices(kind, backward):
    """Where one branch gives IndexedSlices and another a tensor, make the tensor IndexedSlices too."""
    from pyscope.indexed_slices import IndexedSlices
    from pyscope.ops.ranges import range as number_range

    outputs = [graph.structured_outputs for graph in backward]
    for i, found in enumerate(zip(*outputs)):
        sparse = [isinstance(x, IndexedSlices) for x in found]
        if not any(sparse) or all(sparse):
            continue
        for k, x in enumerate(found):
            if sparse[k]:
                continue
            if not isinstance(x, functions.Tensor):
                raise TypeError(f"Cannot reconcile {'tf.cond' if kind == 'cond' else 'tf.switch_case'} {i}-th outputs:"
                                f"\n  outputs from all branches: {found}")
            with backward[k].as_default():
                dims = _whole_shape(x)
                outputs[k][i] = IndexedSlices(x, number_range(0, dims[0]), dims)
    for graph in backward:
        graph.outputs = [t for t in nest.flatten(graph.structured_outputs, expand_composites=True) if t is not None]

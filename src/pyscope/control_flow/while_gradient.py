"""Gradient of While.

The gradient of a loop is a loop that runs the gradient of the body as often, last iteration first. What it needs of
the values computed inside the forward loop is pushed onto tensor lists, further variables of the forward loop, and
popped in the backward loop.
"""

from pyscope import _core as core
from pyscope import dtypes
from pyscope import func_graph as functions
from pyscope.control_flow import functional
from pyscope.control_flow.cond_gradient import resource_input
from pyscope.control_flow.while_loop import WhileBodyGraph, build_while
from pyscope.conversion import constant, convert_to_tensor
from pyscope.gradients import gradients_in, is_trainable

# Of these the forward loop is given the result rather than their large input.
_REDUCTIONS = frozenset(["Shape", "Size", "Rank", "TensorListElementShape", "TensorListLength"])


def while_gradient(op, *grads):
    """The gradient function of While and StatelessWhile."""
    from pyscope.ops.identity import identity

    cond_graph = getattr(op, "_cond_graph", None) or functional.function_graph(op, "cond")
    body_graph = getattr(op, "_body_graph", None) or functional.function_graph(op, "body")
    body_graph._while = op
    n_before = len(body_graph.outputs)
    n_original = op._attr("_num_original_outputs")[1]
    outputs = op.outputs
    grads = [_initial_grad(grad, inside, before, after) for grad, inside, before, after in zip(
        grads[:n_original], body_graph.outputs, op.inputs, outputs)] + [None] * (len(outputs) - n_original)
    chosen = [i for i, grad in enumerate(grads) if grad is not None]
    ys = [body_graph.outputs[i] for i in chosen]
    xs = [body_graph.inputs[i] for i in chosen]
    grad_graph, arguments = _gradient_graph(ys, xs, [grads[i] for i in chosen], cond_graph, body_graph, op)
    if grad_graph.extra_inputs:
        cond_graph.name += "_rewritten"
        body_graph.name += "_rewritten"
        new = body_graph.outputs[n_before:]
        op._set_attr("cond", ("func", functions.add_function(cond_graph)))
        op._set_attr("body", ("func", functions.add_function(body_graph)))
        op._set_attr("output_shapes", ("list(shape)", tuple(body_graph.output_shapes)))
        op._add_while_inputs(grad_graph.extra_inputs)
        op._add_outputs([t.dtype for t in new], [t.shape for t in new])
        for inside, outside in zip(new, op.outputs[n_before:]):
            functions.copy_handle_data(inside, outside)
    op._set_attr("_num_original_outputs", ("int", len(op.outputs)))
    tensors = arguments + _resolved_captures(body_graph, grad_graph, op)
    tensors = _rewrite_slices(grads, grad_graph, tensors, op.inputs)
    name = functions.unique_gradient_name(op._attr("cond")[1].name)
    cond_grad_graph = functions.FuncGraph(name)
    functions.trace(cond_grad_graph, lambda counter, limit, total, *rest: counter < total,
                    [(t.dtype, t.shape, None) for t in tensors], add_control_dependencies=True)
    results = build_while(tensors, cond_grad_graph, grad_graph, grad_graph.output_shapes,
                          op._attr("parallel_iterations")[1], f"{op.name}_grad", len(grad_graph.outputs))
    results = [identity(t) for t in results]
    return _structured(results, grads, grad_graph)


def _initial_grad(grad, inside, before, after):
    """The gradient that enters the backward loop for an output; None when there is none."""
    if not is_trainable(inside):
        return None
    if inside.op.type == "TensorListPopBack" and inside.value_index == 0:
        if not _is_trainable_dtype(inside.op._attr("element_dtype")[1]):
            return None
    if grad is None and after.dtype in (dtypes.resource, dtypes.variant):
        if before._handle_data or before.dtype is dtypes.resource or before.dtype is dtypes.variant:
            return _zeros_like(before, after)
    if hasattr(grad, "dense_shape") and not isinstance(grad, core.Tensor):
        return convert_to_tensor(grad)
    return grad


def _is_trainable_dtype(dtype):
    return dtype.is_floating or dtype.is_complex or dtype in (dtypes.resource, dtypes.variant)


def _zeros_like(before, after):
    from pyscope.ops.array import zeros, zeros_like
    from pyscope.ops.resource import VARIABLE_SHAPE, handle_data

    if after.dtype is dtypes.resource:
        return zeros(VARIABLE_SHAPE(after), dtype=handle_data(before)[1])
    return zeros_like(after)


def _gradient_graph(ys, xs, grads, cond_graph, body_graph, op):
    """The function graph of one backward iteration, and the tensors to start it with."""
    total = op.outputs[0]
    limit = op.inputs[1]
    counter = constant(0, dtype=total.dtype, name="grad_counter")
    arguments = [counter, limit, total, *grads]
    graph = _WhileGradFuncGraph(functions.unique_gradient_name(body_graph.name), cond_graph, body_graph, limit, op)

    def function(counter, limit, total, *grad_ys):
        found = gradients_in(body_graph, ys, xs, grad_ys=list(grad_ys), unconnected_gradients="zero")
        return [counter + 1, limit, total, *found]

    functions.trace(graph, function, [(t.dtype, t.shape, None) for t in arguments], add_control_dependencies=True)
    for placeholder in graph.internal_captures:
        output = graph.capture_outputs[id(placeholder)]
        graph.outputs.append(output)
        graph.structured_outputs.append(output)
    return graph, arguments


def _accumulator(tensor):
    """The list onto which a body pushes `tensor` in each iteration, as the body returns it; None if there is none."""
    graph = tensor.graph
    for consumer in tensor.consumers():
        if consumer.type != "TensorListPushBack":
            continue
        index = _index(graph.inputs, consumer.inputs[0])
        if index is None:
            continue
        pushed = consumer.outputs[0]
        if _index(graph.outputs, pushed) is None:
            readers = pushed.consumers()
            if not readers or readers[0].type != "Identity":
                continue
            pushed = readers[0].outputs[0]
        if index < len(graph.outputs) and graph.outputs[index] is pushed:
            return pushed
    return None


def _index(tensors, tensor):
    for i, t in enumerate(tensors):
        if t is tensor:
            return i
    return None


class _WhileGradFuncGraph(WhileBodyGraph):
    """Graph of one backward iteration: tensors of the forward body come to it through lists."""

    def __init__(self, name, cond_graph, body_graph, limit, op):
        super().__init__(name)
        self.extra_inputs = []       # empty lists, new inputs of the forward loop
        self.capture_outputs = {}    # id of a captured placeholder -> what the iteration returns for it
        self._forward = body_graph
        self._forward_cond = cond_graph
        self._limit = limit
        self._while_op = op
        self._indirect = {}          # id of a tensor outside -> (tensor, what stands for it here)

    def moved_output(self, op_type, inputs, attrs, name):
        """Measure tensors of the forward body there: the result is smaller than what would be pushed onto a list."""
        forward = self._forward
        if any(t.graph is not forward or _accumulator(t) is not None for t in inputs):
            return None
        cache = forward.__dict__.setdefault("_moved_outputs", {})
        key = (op_type.type, tuple(id(t) for t in inputs), tuple(sorted(attrs)), name)
        if key not in cache:
            with forward.as_default():
                cache[key] = (inputs, op_type(*inputs, name=name, **attrs))
        return cache[key][1]

    def _capture_helper(self, tensor, name):
        found = self._indirect.get(id(tensor))
        if found is not None:
            return found[1]
        forward = self._forward
        if tensor.graph is not forward:
            known = id(tensor) in self._captured
            inside = super()._capture_helper(tensor, name)
            if not known:
                self.capture_outputs[id(inside)] = inside
                self._indirect[id(tensor)] = (tensor, inside)
            return inside
        while tensor.op.type == "Identity":
            tensor = tensor.op.inputs[0]
        found = self._indirect.get(id(tensor))
        if found is not None:
            return found[1]
        if _index(forward.inputs, tensor) is not None and _index(forward.outputs, tensor) is not None:
            inside = super()._capture_helper(tensor, name)
            self.capture_outputs[id(inside)] = inside
        elif tensor.op.type == "Const":
            inside = constant(tensor.op._attr("value")[1], dtype=tensor.dtype)
        elif tensor.dtype is dtypes.resource:
            inside = self._capture_resource(tensor)
        else:
            inside = self._pop(tensor, name)
        self._indirect[id(tensor)] = (tensor, inside)
        return inside

    def _capture_resource(self, tensor):
        forward = self._forward
        index = resource_input(tensor, forward)
        outside = forward._while.inputs[index]
        if resource_input(forward.outputs[index], forward) != index:
            raise AssertionError(f"Resource tensors must be loop invariants {outside}")
        return self.capture(outside)

    def _pop(self, tensor, name):
        """The value of `tensor` in the forward iteration that this one undoes."""
        from pyscope.ops.tensor_list import empty_tensor_list, tensor_list_pop_back, tensor_list_push_back

        forward = self._forward
        accumulator = _accumulator(tensor)
        if accumulator is None:
            outer = forward.outer_graph
            with outer.as_default(), core.ControlDependencies(outer, None):
                empty = empty_tensor_list(tensor.shape, tensor.dtype, self._limit,
                                          name=f"{tensor.name}/accumulator".replace(":", "_"))
            self.extra_inputs.append(empty)
            with forward.as_default():
                accumulator = tensor_list_push_back(empty, tensor)
            forward.outputs.append(accumulator)
            with self._forward_cond.as_default():
                self._forward_cond.capture(empty)
        captured = super()._capture_helper(accumulator, name)
        rest, inside = tensor_list_pop_back(captured, tensor.dtype)
        self.capture_outputs[id(captured)] = rest
        return inside


def _resolved_captures(body_graph, grad_graph, op):
    """What to pass for the captures of the backward body: tensors of the graph around the forward loop."""
    found = []
    for t in grad_graph.external_captures:
        if t.graph is body_graph:
            t = op.outputs[_index(body_graph.outputs, t)]
        found.append(t)
    return found


def _structured(results, grads, graph):
    from pyscope.indexed_slices import IndexedSlices

    out = []
    position = structured = 3
    for grad in grads:
        if grad is None:
            out.append(None)
            continue
        kind = graph.structured_outputs[structured]
        structured += 1
        if isinstance(kind, IndexedSlices):
            out.append(IndexedSlices(results[position], results[position + 1], results[position + 2]))
            position += 3
        else:
            out.append(results[position])
            position += 1
    return out


def _rewrite_slices(grads, graph, tensors, inputs):
    """Sparse gradients in a loop: those of variables stay sparse and grow by concatenation, others become dense."""
    from pyscope.indexed_slices import IndexedSlices

    inputs = [t for grad, t in zip(grads, inputs) if grad is not None]
    for before, output in zip(inputs, list(graph.structured_outputs[3:])):
        if not isinstance(output, IndexedSlices):
            continue
        if before.dtype is dtypes.resource:
            tensors = _keep_sparse(graph, output, before, tensors)
            continue
        with graph.as_default():
            dense = convert_to_tensor(output)
        graph.structured_outputs[_index(graph.structured_outputs, output)] = dense
        graph.outputs = functions.flatten(graph.structured_outputs)
    return tensors


def _keep_sparse(graph, output, before, tensors):
    from pyscope.indexed_slices import IndexedSlices
    from pyscope.ops.array import concat, zeros
    from pyscope.ops.resource import VARIABLE_SHAPE

    values_shape = output.values.shape
    if values_shape.is_fully_defined():
        values = zeros([0, *values_shape.as_list()[1:]], dtype=output.values.dtype, name="values_init")
    else:
        whole = VARIABLE_SHAPE(before)
        values = zeros(concat([[0], whole[1:]], 0), dtype=output.values.dtype, name="values_init")
    indices = constant([], output.indices.dtype, name="indices_init")
    start = [values, indices, VARIABLE_SHAPE(before, name="shape_init")]
    with graph.as_default():
        inside = []
        for t in start:
            placeholder = graph.capture(t)
            graph._captured.pop(id(t))
            graph.inputs.pop(_index(graph.inputs, placeholder))
            inside.append(placeholder)

        def joined(old, new):
            parts = old.op.inputs[0].op.inputs[:-1]      # an identity of a concatenation
            return concat([new, *parts[1:]], 0)

        new = IndexedSlices(joined(output.values, inside[0]), joined(output.indices, inside[1]), inside[2])
    position = _index(functions.flatten(graph.structured_outputs), output.values)
    graph.structured_outputs[_index(graph.structured_outputs, output)] = new
    graph.outputs = functions.flatten(graph.structured_outputs)
    graph.inputs = graph.inputs[:position] + inside + graph.inputs[position + 1:]
    return tensors[:position] + start + tensors[position + 1:]

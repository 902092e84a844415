"""Contexts of v1 control flow: what a graph does to operations made in a branch or in a loop.

While a context is open, `Graph._decorate` hands it every new operation. Tensors from outside are replaced by what
brings them in: a Switch for a branch, an Enter for a loop.
"""

from pyscope import _core as core
from pyscope import func_graph as functions
from pyscope import nest
from pyscope.control_flow import flow_ops
from pyscope.conversion import convert_to_tensor
from pyscope.graph import get_default_graph
from pyscope.tensor_shape import TensorShape


def context_of(op):
    """The context an operation was made in, or None."""
    return getattr(op, "_control_flow_context", None)


def output_context(op):
    """The context of the outputs of `op`: outside the loop for an Exit."""
    context = context_of(op)
    if op.type in ("Exit", "RefExit") and context is not None:
        context = context.outer_context
    return context


def no_context(graph):
    """Context manager: operations made inside wait for nothing and belong to no context."""
    return core.ControlDependencies(graph, None)


def set_context(op, context):
    """Say that `op` belongs to `context`."""
    op._control_flow_context = context


class ControlFlowContext:
    """What branches and loops have in common."""

    def __init__(self):
        self._nested_contexts = []
        self._outer_context = get_default_graph()._get_control_flow_context()
        if self._outer_context is not None:
            self._outer_context._nested_contexts.append(self)
        self._context_stack = []
        self._values = set()             # names of the tensors known in here
        self._external_values = {}       # name outside -> what stands for it in here

    @property
    def name(self):
        """The context's name, unique in its graph."""
        return self._name

    @property
    def outer_context(self):
        """The context around this one, or None."""
        return self._outer_context

    def AddName(self, name):  # noqa: N802  (TF's names)
        """Take the tensor `name` as known in here."""
        self._values.add(name)

    def Enter(self):  # noqa: N802
        """Open the context."""
        graph = get_default_graph()
        self._context_stack.append(graph._get_control_flow_context())
        graph._set_control_flow_context(self)

    def Exit(self):  # noqa: N802
        """Close the context."""
        get_default_graph()._set_control_flow_context(self._context_stack.pop())

    def ExitResult(self, result):  # noqa: N802
        """Make the results known outside."""
        if self._outer_context is not None:
            for x in nest.flatten(result, expand_composites=True):
                self._outer_context.AddName(x.name)

    def GetWhileContext(self):  # noqa: N802
        """The innermost loop around, or None."""
        return None if self._outer_context is None else self._outer_context.GetWhileContext()

    def AddInnerOp(self, op):  # noqa: N802
        """Hear of an operation made in a context inside."""
        if self._outer_context is not None:
            self._outer_context.AddInnerOp(op)

    def GetControlPivot(self):  # noqa: N802
        """The tensor that operations in here can wait for."""
        return None

    def IsWhileContext(self):  # noqa: N802
        """Whether this is a loop."""
        return False

    def IsCondContext(self):  # noqa: N802
        """Whether this is a branch."""
        return False

    def _remove_external_controls(self, op):
        """Drop control inputs from outside the loop around; returns (kept, dropped)."""
        controls = op.control_inputs
        loop = self.GetWhileContext()
        if loop is None:
            return controls, []
        inside, outside = [], []
        for x in controls:
            context = output_context(x)
            within = context is not None and context.GetWhileContext() is loop
            (inside if within else outside).append(x)
        if outside:
            op._remove_all_control_inputs()
            op._add_control_inputs(inside)
        return inside, outside

    def _note_outputs(self, op):
        names = [t.name for t in op.outputs]
        context = self
        while context is not None:
            context._values.update(names)
            context = context._outer_context

    def __str__(self):
        return self.name


class CondContext(ControlFlowContext):
    """One branch of a conditional.

    Parameters
    ----------
    pred, pivot : Tensor
        The predicate, and a tensor that is there when the branch is taken.
    branch : int
        1 for the branch taken when `pred` holds.
    """

    def __init__(self, pred, pivot, branch, name="cond_text"):
        self._name = get_default_graph().unique_name(name)
        super().__init__()
        self._pred = pred
        self._pivot = pivot
        self._branch = branch
        self._values.add(pred.name)
        self._external_values[pred.name] = pred
        self._values.add(pivot.name)
        set_context(pivot.op, self)

    @property
    def pred(self):
        """The predicate."""
        return self._pred

    @property
    def pivot(self):
        """A tensor that is there when the branch is taken."""
        return self._pivot

    @property
    def branch(self):
        """1 for the branch taken when the predicate holds, else 0."""
        return self._branch

    @property
    def grad_state(self):
        """Of the loop around, if that is the gradient of one."""
        loop = self.GetWhileContext()
        return None if loop is None else loop.grad_state

    @property
    def back_prop(self):
        """Whether gradients pass through the loop around."""
        loop = self.GetWhileContext()
        return False if loop is None else loop.back_prop

    def GetControlPivot(self):  # noqa: N802
        return self._pivot

    def IsCondContext(self):  # noqa: N802
        return True

    def AddValue(self, val):  # noqa: N802
        """What stands for `val` in here; a Switch brings in what is new."""
        if val.name in self._values:
            return self._external_values.get(val.name, val)
        result = val
        self._values.add(val.name)
        if self._outer_context is not None:
            result = self._outer_context.AddValue(val)
            self._values.add(result.name)
            self._external_values[result.name] = result
        graph = get_default_graph()
        with no_context(graph):
            result = flow_ops.switch_ref_or_tensor(result, self._pred)[self._branch]
            if self._outer_context is not None:
                self._outer_context.AddInnerOp(result.op)
        graph.prevent_fetching(result.op)
        set_context(result.op, self)
        context = self
        while context is not None:
            context._values.add(result.name)
            context = context._outer_context
        self._external_values[val.name] = result
        return result

    def AddOp(self, op):  # noqa: N802
        """Take in a new operation."""
        self._add_op(op)

    def _add_op(self, op):
        inputs = op.inputs
        if not inputs:
            self._remove_external_controls(op)
            if not any(_is_within(x, self) for x in op.control_inputs):
                op._add_control_input(self._pivot.op)
        else:
            for i, x in enumerate(inputs):
                real = x if op.type == "Merge" and x.op.type == "NextIteration" else self.AddValue(x)
                if real is not x:
                    op._update_input(i, real)
            self._remove_external_controls(op)
        self._note_outputs(op)
        if self._outer_context is not None or op.type not in ("Exit", "RefExit"):
            op.graph.prevent_fetching(op)
        if self._outer_context is not None:
            self._outer_context.AddInnerOp(op)

    def _output(self, val):
        """`val` as a result of the branch: through a Switch if it comes from outside."""
        if val.name in self._values:
            return self._external_values.get(val.name, val)
        real = val
        self._values.add(val.name)
        if self._outer_context is not None:
            real = self._outer_context.AddValue(val)
            self._values.add(real.name)
            self._external_values[real.name] = real
        real = flow_ops.switch_ref_or_tensor(real, self._pred)[self._branch]
        self._external_values[val.name] = real
        return real

    def _result(self, v):
        if isinstance(v, functions.Operation):
            from pyscope.control_flow.basic import with_dependencies

            return with_dependencies([v], self._pivot)
        return self._output(convert_to_tensor(v.flow if functions.is_tensor_array(v) else v))

    def BuildCondBranch(self, fn):  # noqa: N802
        """Call `fn` in here; returns what it returned, and that as results of the branch."""
        from pyscope.ops.identity import identity

        graph = get_default_graph()
        before = graph.get_collection("_SUMMARY_V2")
        original = fn()
        after = graph.get_collection("_SUMMARY_V2")
        if len(after) > len(before):
            graph.get_collection_ref("_SUMMARY_V2")[:] = before
            with graph.control_dependencies(after[len(before):]):
                if original is None:
                    from pyscope.control_flow.basic import no_op

                    return no_op(), None
                if not isinstance(original, functions.Operation):
                    original = nest.map_structure(identity, functions.variables_to_tensors(original),
                                                  expand_composites=True)
        if original is None:
            return None, None
        original = functions.variables_to_tensors(original)
        result = nest.map_structure(self._result, original, expand_composites=True)
        return original, result if isinstance(result, (list, tuple)) else [result]


def _is_within(op, context):
    """Whether `op` was made in `context` or in one inside it."""
    found = context_of(op)
    while found is not None:
        if found is context:
            return True
        found = found.outer_context
    return False


class WhileContext(ControlFlowContext):
    """A loop.

    Parameters
    ----------
    maximum_iterations : Tensor, optional
    parallel_iterations : int
    back_prop, swap_memory : bool
    """

    def __init__(self, maximum_iterations=None, parallel_iterations=10, back_prop=True, swap_memory=False,
                 name="while_context"):
        super().__init__()
        self.maximum_iterations = maximum_iterations
        self.parallel_iterations = parallel_iterations
        self.back_prop = back_prop
        self.swap_memory = swap_memory
        self._name = get_default_graph().unique_name(name)
        self.grad_state = None
        self._pivot_for_pred = None
        self._pivot_for_body = None
        self._pivot = None
        self.loop_enters = []
        self.loop_exits = []

    @property
    def pivot(self):
        """The predicate of the loop."""
        return self._pivot

    def GetWhileContext(self):  # noqa: N802
        return self

    def IsWhileContext(self):  # noqa: N802
        return True

    def GetControlPivot(self):  # noqa: N802
        return self._pivot_for_pred if self._pivot_for_body is None else self._pivot_for_body

    def AddValue(self, val):  # noqa: N802
        """What stands for `val` in here; an Enter brings in what is new."""
        if val.name in self._values or context_of(val.op) is self:
            return self._external_values.get(val.name, val)
        self._values.add(val.name)
        graph = get_default_graph()
        current = graph._get_control_flow_context()
        current = None if current is None else current.GetWhileContext()
        if current is not None and current.grad_state is not None:
            forward = output_context(val.op)
            forward = None if forward is None else forward.GetWhileContext()
            if forward is current.grad_state.forward_context:
                real = self._external_values[val.name] = current.grad_state.real_value(val)
                return real
        result = val
        if self._outer_context is not None:
            result = self._outer_context.AddValue(val)
        with no_context(graph):
            inside = flow_ops.enter(result, self._name, is_constant=True, parallel_iterations=self.parallel_iterations)
            graph.prevent_feeding(inside)
            if self._outer_context is not None:
                self._outer_context.AddInnerOp(inside.op)
        self._fix_controls([inside])
        self._values.add(inside.name)
        self._external_values[val.name] = inside
        return inside

    def AddOp(self, op):  # noqa: N802
        """Take in a new operation."""
        if op.type in ("Shape", "Size", "Rank"):
            current = get_default_graph()._get_control_flow_context()
            current = None if current is None else current.GetWhileContext()
            if current is not None and current.grad_state is not None:
                # What measures a value of the forward loop goes there: cheaper to keep than the value.
                context = context_of(op.inputs[0].op)
                loop = None if context is None else context.GetWhileContext()
                if loop is current.grad_state.forward_context:
                    set_context(op, context)
                    context._add_op(op)
                    return
        self._add_op(op)

    def _add_op(self, op):
        from pyscope.ops.identity import identity

        inputs = op.inputs
        if not inputs:
            controls, external = self._remove_external_controls(op)
            if not controls:
                op._add_control_input(self.GetControlPivot().op)
        else:
            for i, x in enumerate(inputs):
                real = self.AddValue(x)
                if real is not x:
                    op._update_input(i, real)
            _, external = self._remove_external_controls(op)
            if not op.control_inputs and all(
                    t.op.type in ("Enter", "RefEnter") and t.op._attr("is_constant")[1] for t in op.inputs):
                op._add_control_input(self.GetControlPivot().op)
        for t in op.outputs:
            self._values.add(t.name)
        if external:
            with no_context(op.graph):
                self.Enter()
                external = [identity(x.outputs[0]).op for x in external if x.outputs]
                self.Exit()
            op._add_control_inputs(external)
        if self._outer_context is not None or op.type not in ("Exit", "RefExit"):
            op.graph.prevent_fetching(op)
            for t in op.outputs:
                op.graph.prevent_feeding(t)
        if self._outer_context is not None:
            self._outer_context.AddInnerOp(op)

    def _fix_controls(self, enters):
        """Enters belong to the loop and wait for the open control dependencies that are valid outside it."""
        graph = get_default_graph()
        loop = self.outer_context
        loop = None if loop is None else loop.GetWhileContext()
        for x in enters:
            keep = []
            source = x.op.inputs[0].op
            for op in core.current_control_inputs(graph, source.outputs[0]):
                context = self.outer_context
                wanted = output_context(op)
                while context is not wanted:
                    if context is None or context is loop:
                        break
                    context = context.outer_context
                else:
                    keep.append(op)
            set_context(x.op, self)
            if keep:
                x.op._add_control_inputs(keep)
            core.note_in_control_blocks(graph, x.op)

    def _initialize_values(self, tensors):
        self._values = {t.name for t in tensors}

    def BuildLoop(self, pred, body, loop_vars, shape_invariants, return_same_structure):  # noqa: N802
        """Build the loop in here; returns the loop variables after it."""
        from pyscope.control_flow.while_loop import _invariants, _to_tensor

        original = nest.flatten(loop_vars, expand_composites=True)
        loop_vars = nest.map_structure(_to_tensor, loop_vars)
        flat = functions.flatten(loop_vars)
        shapes = _invariants(loop_vars, shape_invariants)
        try:
            self.Enter()
            result, exits = self._build(pred, body, original, loop_vars, flat, shapes)
        finally:
            self.Exit()
        packed = functions.pack_sequence_as(result, exits)
        if return_same_structure:
            return packed
        return packed[0] if len(exits) == 1 else packed

    def _build(self, pred, body, original, loop_vars, flat, shapes):
        from pyscope.ops.identity import IDENTITY, identity

        graph = get_default_graph()
        self._initialize_values(flat)
        real = [self._outer_context.AddValue(t) for t in flat] if self._outer_context is not None else flat
        enters = []
        with no_context(graph):
            for t, shape in zip(real, shapes):
                inside = flow_ops.enter(t, self._name, is_constant=False,
                                        parallel_iterations=self.parallel_iterations, use_input_shape=False)
                if not fits(t.shape, shape):
                    raise ValueError(
                        f"The shape invariant specified for {t.name} is not compatible with the initial shape of the "
                        f"loop variable. It enters the loop with shape {t.shape}, but the specified shape invariant is "
                        f"{shape}.")
                inside.set_shape(shape)
                graph.prevent_feeding(inside)
                if self._outer_context is not None:
                    self._outer_context.AddInnerOp(inside.op)
                enters.append(inside)
        context, pivot = self._outer_context, None
        while context is not None and pivot is None:
            pivot = context.GetControlPivot()
            context = context.outer_context
        if pivot is not None:
            for t in enters:
                source = t.op.inputs[0].op
                if source.type in ("Enter", "RefEnter") and source._attr("is_constant")[1]:
                    t.op._add_control_input(pivot.op)
        self._fix_controls(enters)
        self._initialize_values(enters)
        self.loop_enters = enters
        merges = [flow_ops.merge([t, t])[0] for t in enters]
        self._pivot_for_pred = merges[0]
        predicate = convert_to_tensor(pred(*_pack(loop_vars, original, merges)))
        self._pivot = flow_ops.loop_cond(predicate, name="LoopCond")
        switches = [flow_ops.switch_ref_or_tensor(t, self._pivot) for t in merges]
        inside = [(flow_ops.REF_IDENTITY if t[1].dtype._enum > 100 else IDENTITY)(t[1]) for t in switches]
        self._pivot_for_body = inside[0]
        packed = _pack(loop_vars, original, inside)
        before = graph.get_collection("_SUMMARY_V2")
        result = body(*packed)
        after = graph.get_collection("_SUMMARY_V2")
        if not nest.is_nested(result):
            result = [result]
        if len(after) > len(before):
            graph.get_collection_ref("_SUMMARY_V2")[:] = before
            with graph.control_dependencies(after[len(before):]):
                result = nest.map_structure(lambda x: x if functions.is_tensor_array(x) else identity(x), result,
                                            expand_composites=True)
        result = functions.variables_to_tensors(result)
        nest.assert_same_structure(list(packed), list(result), expand_composites=True)
        tensors = [convert_to_tensor(x) for x in functions.flatten(result)]
        if len(merges) != len(tensors):
            raise ValueError("Number of inputs and outputs of 'body' must match 'loop_vars'. Got "
                             f"{len(merges)} for the number of inputs/outputs, and {len(tensors)} for 'loop_vars'.")
        for m, t in zip(merges, tensors):
            self._add_back_edge(m, t)
        self.loop_exits = [flow_ops.exit(t[0]) for t in switches]
        self.ExitResult(self.loop_exits)
        return result, self.loop_exits

    def _add_back_edge(self, m, t):
        t = flow_ops.next_iteration(t)
        if not fits(t.shape, m.shape):
            outside = m.op.inputs[0].op.inputs[0]
            raise ValueError(
                f"Input tensor '{outside.name}' enters the loop with shape {outside.shape}, but has shape {t.shape} "
                "after one iteration. To allow the shape to vary across iterations, use the `shape_invariants` "
                "argument of tf.while_loop to specify a less-specific shape.")
        m.op._update_input(1, t)


def _pack(loop_vars, original, tensors):
    """Tensors in the structure of the loop variables, with TensorArrays where those have them."""
    tensors = list(tensors)
    for i, leaf in enumerate(original):
        if functions.is_tensor_array(leaf):
            from pyscope.tensor_array import build_ta_with_new_flow

            tensors[i] = build_ta_with_new_flow(leaf, tensors[i])
    return nest.pack_sequence_as(loop_vars, tensors, expand_composites=True)


def fits(shape, wanted):
    """Whether `shape` is at least as specific as `wanted`."""
    a, b = TensorShape(shape)._dims, TensorShape(wanted)._dims
    if b is None:
        return True
    return a is not None and len(a) == len(b) and all(y is None or x == y for x, y in zip(a, b))

"""Gradients of v1 loops.

For each forward loop there is a gradient loop that runs as often. The forward loop gets a counter, and a stack for each
value that the gradient loop needs; the gradient loop pops what iteration by iteration was pushed.
"""

from pyscope import _core as core
from pyscope import dtypes
from pyscope.control_flow import flow_ops
from pyscope.control_flow.contexts import CondContext, WhileContext, context_of, no_context, output_context, set_context
from pyscope.conversion import constant, convert_to_tensor
from pyscope.graph import colocate_with, get_default_graph

_SWITCHES = ("Switch", "RefSwitch")
_ENTERS = ("Enter", "RefEnter")
_EXITS = ("Exit", "RefExit")


def while_context(op):
    """The innermost loop around an operation, or None."""
    context = context_of(op)
    return None if context is None else context.GetWhileContext()


def is_loop_exit(op):
    """Whether an operation brings a value out of a loop."""
    return op.type in _EXITS


def _is_cond_switch(op):
    for t in op.outputs:
        for consumer in t.consumers():
            context = context_of(consumer)
            if consumer.type in _ENTERS:
                context = context.outer_context
            if context is None or not context.IsCondContext():
                return False
    return True


def is_loop_switch(op):
    """Whether an operation is the Switch of a loop variable."""
    if op.type not in _SWITCHES:
        return False
    context = context_of(op)
    return context is not None and context.IsWhileContext() and not _is_cond_switch(op)


def _constant_enter(value):
    """The Enter by which a value that does not change came into its loop, or None."""
    op = value.op
    while op.type in ("Identity", "RefIdentity", "Switch", "RefSwitch"):
        op = op.inputs[0].op
    if op.type in _ENTERS and op._attr("is_constant")[1]:
        return op
    return None


class _Within:
    """Context manager: a control flow context, or none, is open."""

    def __init__(self, context):
        self.context = context

    def __enter__(self):
        if self.context is not None:
            self.context.Enter()

    def __exit__(self, *exc):
        if self.context is not None:
            self.context.Exit()


def _add_forward_counter(context, outer_state):
    """Give a forward loop a counter; returns (how often it ran, the counter in the loop)."""
    from pyscope.ops.arithmetic import add

    n = constant(0, name="f_count")
    if outer_state is not None:
        n.op._add_control_input(outer_state.forward_index.op.inputs[0].op)
    context.Enter()
    context.AddName(n.name)
    inside = flow_ops.enter(n, context.name, is_constant=False, parallel_iterations=context.parallel_iterations,
                            name="f_count")
    context.loop_enters.append(inside)
    merged = flow_ops.merge([inside, inside])[0]
    switched = flow_ops.switch(merged, context.pivot)
    following = flow_ops.next_iteration(add(switched[1], 1))
    merged.op._update_input(1, following)
    total = flow_ops.exit(switched[0], name="f_count")
    context.loop_exits.append(total)
    context.ExitResult([total])
    context.Exit()
    return total, following


def _add_backward_counter(context, count, outer_state):
    """Let a gradient loop run `count` times; returns its counter."""
    from pyscope.ops.arithmetic import subtract
    from pyscope.ops.compare import greater_equal

    one = constant(1, name="b_count")
    context.Enter()
    context.AddName(count.name)
    inside = flow_ops.enter(count, context.name, is_constant=False, parallel_iterations=context.parallel_iterations,
                            name="b_count")
    context.loop_enters.append(inside)
    merged = flow_ops.merge([inside, inside])[0]
    context._pivot_for_pred = merged
    context._pivot = flow_ops.loop_cond(greater_equal(merged, one), name="b_count")
    switched = flow_ops.switch(merged, context._pivot)
    index = subtract(switched[1], one)
    context._pivot_for_body = index
    following = flow_ops.next_iteration(index)
    merged.op._update_input(1, following)
    final = flow_ops.exit(switched[0], name="b_count")
    context.loop_exits.append(final)
    if outer_state is not None:
        outer_state.grad_sync._add_control_input(final.op)
    context.ExitResult([final])
    context.Exit()
    return following


class GradLoopState:
    """What is known of the gradient loop of one forward loop."""

    def __init__(self, forward, outer_state):
        self.outer_grad_state = outer_state
        self.history_map = {}            # name of a forward value -> what stands for it in the gradient loop
        self.switch_map = {}             # forward Switch -> Merge of its gradient
        self.unused_exits = []
        self.deferred_exits = []
        self.forward_loop_exits = list(forward.loop_exits)
        self.pending_exits_count = len(forward.loop_exits)
        self._forward_sync = None
        self._grad_sync = None
        outer = forward.outer_context if outer_state is None else outer_state.forward_context
        with _Within(outer):
            count, self.forward_index = _add_forward_counter(forward, outer_state)
        self.forward_context = forward

        def gradient_context():
            context = WhileContext(forward.maximum_iterations, forward.parallel_iterations, forward.back_prop,
                                   forward.swap_memory, forward.name)
            context.grad_state = self
            self.grad_context = context
            return context

        if outer_state is not None:
            outer.AddName(count.name)
            history = outer_state.add_forward_accumulator(count)
            with _Within(outer_state.grad_context):
                context = gradient_context()
                count = outer_state.add_backward_value(history, count)
                self.grad_index = _add_backward_counter(context, count, outer_state)
        else:
            with _Within(outer):
                self.grad_index = _add_backward_counter(gradient_context(), count, outer_state)

    @property
    def forward_sync(self):
        """Runs at the end of each forward iteration."""
        if self._forward_sync is None:
            with no_context(get_default_graph()):
                self._forward_sync = flow_ops.CONTROL_TRIGGER(name="f_sync")
            set_context(self._forward_sync, self.forward_context)
            self.forward_index.op._add_control_input(self._forward_sync)
        return self._forward_sync

    @property
    def grad_sync(self):
        """Runs at the end of each iteration of the gradient loop."""
        if self._grad_sync is None:
            with no_context(get_default_graph()):
                self._grad_sync = flow_ops.CONTROL_TRIGGER(name="b_sync")
            set_context(self._grad_sync, self.grad_context)
            self.grad_index.op._add_control_input(self._grad_sync)
            if self.grad_context.outer_context is not None:
                self.grad_context.outer_context.AddInnerOp(self._grad_sync)
        return self._grad_sync

    def add_forward_accumulator(self, value, dead_branch=False):
        """A stack onto which the forward loop pushes `value` in each iteration."""
        from pyscope.ops.stack import STACK, STACK_PUSH

        graph = get_default_graph()
        current = graph._get_control_flow_context()
        with no_context(graph):
            with _Within(current), colocate_with(value):
                size = constant(-1, dtypes.int32)
                stack = STACK(size, elem_type=value.dtype.base_dtype, name="f_acc")
            inside = self.forward_context.AddValue(stack)
            swap = self.forward_context.swap_memory
            context = output_context(value.op)
            if context is self.forward_context:
                with _Within(context):
                    push = STACK_PUSH(inside, value, swap_memory=swap)
                self.forward_index.op._add_control_input(push.op)
            else:
                if not isinstance(context, CondContext):
                    raise TypeError(f"value_ctxt is not a CondContext: {context}")
                with _Within(context.outer_context if dead_branch else context):
                    push = STACK_PUSH(inside, value, swap_memory=swap)
                if dead_branch:
                    set_context(push.op, context)
                self.forward_sync._add_control_input(push.op)
            push.op._add_control_input(self.forward_index.op.inputs[0].op)
        return stack

    def add_backward_value(self, history, value, dead_branch=False):
        """What the gradient loop pops off the stack `history` of `value`."""
        from pyscope.ops.stack import STACK_POP

        history_context = context_of(history.op)
        branch_context = None
        context = context_of(value.op)
        while context is not None and context is not history_context:
            if isinstance(context, CondContext):
                branch_context = context
                break
            context = context.outer_context
        with no_context(get_default_graph()):
            with _Within(self.grad_context):
                if branch_context is not None:
                    state, pred = self, None
                    while pred is None and state is not None:
                        pred = state.history_map.get(branch_context.pred.name)
                        state = state.outer_grad_state
                    if pred is None:
                        pred = branch_context.pred
                    branch = branch_context.branch
                    history = flow_ops.switch_ref_or_tensor(history, pred)[1 - branch if dead_branch else branch]
                pop = STACK_POP(history, elem_type=value.dtype.base_dtype)
                pop.set_shape(value.shape)
        if self.grad_context.parallel_iterations > 1:
            self.grad_sync._add_control_input(pop.op)
        return pop

    def real_value(self, value):
        """What stands for a value of the forward loop in the gradient loop."""
        found = self.history_map.get(value.name)
        if found is not None:
            return found
        current, state, history = value, self, None
        while True:
            source = _constant_enter(current)
            if source is not None:
                current = source.inputs[0]
                state = state.outer_grad_state
                if state is None:
                    found = self.grad_context.AddValue(current)
                    break
            elif current.op.type == "Const":
                found = constant(current.op._attr("value")[1], dtype=current.dtype)
                break
            else:
                self.grad_context.Exit()
                history = state.add_forward_accumulator(current)
                self.grad_context.Enter()
                break
        if found is None:
            found = state.add_backward_value(history, current)
            if state is not self:
                found = self.grad_context.AddValue(found)
        self.history_map[value.name] = found
        return found


class ControlFlowState:
    """The gradient loops of one call of `gradients`."""

    def __init__(self, between, pending, colocate):
        self._map = {}                   # forward context -> GradLoopState
        added = []
        for op in list(between):
            if is_loop_exit(op):
                if colocate:
                    with colocate_with(op):
                        self._add(op, between, pending, added)
                else:
                    self._add(op, between, pending, added)
        for op in added:
            for t in op.inputs:
                if t.op._id in pending:
                    pending[t.op._id] += 1

    def _add(self, op, between, pending, added):
        forward = while_context(op)
        if forward in self._map:
            return
        outer = forward.outer_context
        outer = None if outer is None else outer.GetWhileContext()
        state = self._map[forward] = GradLoopState(forward, None if outer is None else self._map.get(outer))
        for t in state.forward_loop_exits:
            if t.op._id not in pending:
                pending[t.op._id] = 0
                between.append(t.op)
                added.append(t.op)

    def state_of(self, op, before):
        """The state of the loop around an operation; of the loop outside, before an Exit."""
        if before and is_loop_exit(op):
            context = context_of(op).outer_context
            context = None if context is None else context.GetWhileContext()
        else:
            context = while_context(op)
        return None if context is None else self._map.get(context)

    def within(self, op, before):
        """Context manager: the gradient loop for an operation is open."""
        state = self.state_of(op, before)
        return _Within(None if state is None else state.grad_context)

    def unused_exits(self, pending, queued):
        """Exits that no gradient will reach, of loops all of whose exits are ready."""
        found = []
        for state in self._map.values():
            for y in state.forward_loop_exits:
                if pending.get(y.op._id, 0) == 0:
                    state.pending_exits_count -= 1
                    if y.op._id not in queued:
                        state.unused_exits.append(y)
                    if state.pending_exits_count == 0:
                        found.extend(state.unused_exits)
            for y in state.forward_context.loop_enters:
                if pending.get(y.op._id, 0) == 0:
                    pending[y.op._id] = 1
        return found

    def defer_exit(self, op, has_gradient, set_zeros, queue):
        """An Exit is ready: once all of its loop are, all go into the queue."""
        from pyscope.gradients import is_trainable

        state = self.state_of(op, before=False)
        state.deferred_exits.append(op.outputs[0])
        state.pending_exits_count -= 1
        if state.pending_exits_count:
            return
        some = False
        for y in state.deferred_exits:
            if has_gradient(y.op):
                some = True
                queue.append(y.op)
            else:
                state.unused_exits.append(y)
        for y in state.unused_exits:
            if some and is_trainable(y):
                set_zeros(y, self.zeros_for_exit(y))
            queue.append(y.op)

    def zeros_for_exit(self, value):
        """Zeros for an Exit that no gradient reached."""
        from pyscope.ops.array import zeros, zeros_like
        from pyscope.ops.shape import SHAPE

        forward = context_of(value.op)
        outer = forward.outer_context
        outer = None if outer is None else outer.GetWhileContext()
        state = None if outer is None else self._map.get(outer)
        full = value.shape.is_fully_defined()
        if state is None:
            return zeros(value.shape, value.dtype) if full else zeros_like(value, optimize=False)
        if full:
            with _Within(state.grad_context):
                return zeros(value.shape, value.dtype)
        with _Within(forward.outer_context):
            dims = SHAPE(value)
        history = state.add_forward_accumulator(dims)
        with _Within(state.grad_context):
            return zeros(state.add_backward_value(history, dims), value.dtype)

    def zeros_like(self, op, index):
        """Zeros for an output that no gradient reached; None for the Switch of a loop variable."""
        from pyscope.gradients import zeros_like_output
        from pyscope.ops.array import zeros
        from pyscope.ops.resource import VARIABLE_SHAPE, handle_data
        from pyscope.ops.shape import SHAPE

        if is_loop_switch(op):
            return None
        dead = op.type in _SWITCHES
        state = self._map.get(while_context(op))
        if state is None:
            return zeros_like_output(op, index)
        context = context_of(op)
        value = op.outputs[index]
        if value.shape.is_fully_defined():
            if value.dtype == dtypes.resource:
                result = zeros(VARIABLE_SHAPE(value), dtype=handle_data(value)[1])
            else:
                result = constant(0, shape=value.shape, dtype=value.dtype)
            if dead:
                pred = state.history_map.get(context.pred.name)
                result = flow_ops.switch_ref_or_tensor(result, pred)[1 - context.branch]
            return result
        if dead:
            with _Within(context.outer_context):
                value = flow_ops.switch_ref_or_tensor(op.inputs[0], context.pred)[1 - context.branch]
                dims = SHAPE(value)
            set_context(value.op, context)
            set_context(dims.op, context)
        else:
            with _Within(context):
                dims = SHAPE(value)
        state.grad_context.Exit()
        history = state.add_forward_accumulator(dims, dead_branch=dead)
        state.grad_context.Enter()
        return zeros(state.add_backward_value(history, dims, dead), value.dtype)

    def finish(self):
        """Close gradient loops whose variables get no gradient from the body."""
        from pyscope.ops.array import zeros
        from pyscope.ops.shape import SHAPE

        for state in self._map.values():
            for merged in state.switch_map.values():
                first, second = merged.op.inputs
                if first is not second:
                    continue
                if first.shape.is_fully_defined():
                    with _Within(state.grad_context):
                        following = flow_ops.next_iteration(constant(0, dtype=first.dtype, shape=first.shape))
                else:
                    with _Within(state.grad_context.outer_context):
                        grad = zeros(SHAPE(first.op.inputs[0]))
                    with _Within(state.grad_context):
                        following = flow_ops.next_iteration(grad)
                merged.op._update_input(1, following)


# ---------------------------------------------------------------- gradient functions


def switch_gradient(op, grads):
    """Gradient of the Switch of a loop variable: the Merge of a variable of the gradient loop."""
    state = get_default_graph()._get_control_flow_context().grad_state
    merged = state.switch_map.get(op)
    if merged is not None:
        if grads[1] is not None:
            merged.op._update_input(1, flow_ops.next_iteration(convert_to_tensor(grads[1])))
        return [None, None]
    if grads[0] is None:
        return [None, None]
    merged = state.switch_map[op] = flow_ops.merge([grads[0], grads[0]], name="b_switch")[0]
    return [merged, None]


def merge_gradient(grad):
    """Gradient of the Merge of a loop variable."""
    return list(flow_ops.switch_ref_or_tensor(grad, get_default_graph()._get_control_flow_context().pivot))


def exit_gradient(op, grad):
    """Gradient of Exit: an Enter of the gradient loop."""
    context = get_default_graph()._get_control_flow_context()
    if not context.back_prop:
        return [None]
    if context_of(op).grad_state is not None:
        raise TypeError("Second-order gradient for while loops not supported.")
    if not isinstance(grad, core.Tensor):
        grad = convert_to_tensor(grad)
    context.AddName(grad.name)
    with _Within(context):
        result = flow_ops.enter(grad, context.name, is_constant=False,
                                parallel_iterations=context.parallel_iterations, name="b_exit")
        context.loop_enters.append(result)
    return [result]


def enter_gradient(op, grad):
    """Gradient of Enter: an Exit of the gradient loop, or the sum over its iterations."""
    context = get_default_graph()._get_control_flow_context()
    if context is None or not context.back_prop or context.grad_state is None:
        return [grad]
    if op._attr("is_constant")[1]:
        if isinstance(grad, core.Tensor):
            return [_accumulate(context, op, grad)]
        return [_accumulate(context, op, convert_to_tensor(grad))]
    result = flow_ops.exit(grad)
    context.loop_exits.append(result)
    context.ExitResult([result])
    return [result]


def _accumulate(context, op, grad):
    """The sum of `grad` over the iterations of a gradient loop."""
    from pyscope.ops.arithmetic import add
    from pyscope.ops.array import zeros
    from pyscope.ops.shape import SHAPE

    context.Exit()
    if grad.shape.is_fully_defined():
        with _Within(context.outer_context):
            start = constant(0, grad.dtype, shape=grad.shape, name="b_acc")
    else:
        value = op.inputs[0]
        outer = context.outer_context
        if isinstance(outer, WhileContext) and outer.grad_state is not None:
            with _Within(context.grad_state.forward_context.outer_context):
                dims = SHAPE(value)
            state = context.grad_state.outer_grad_state
            history = state.add_forward_accumulator(dims)
            with _Within(outer):
                start = zeros(state.add_backward_value(history, dims), grad.dtype)
        else:
            with _Within(outer):
                start = zeros(SHAPE(value), grad.dtype)
    context.Enter()
    context.AddName(start.name)
    inside = flow_ops.enter(start, context.name, is_constant=False, parallel_iterations=context.parallel_iterations,
                            name="b_acc")
    context.loop_enters.append(inside)
    merged = flow_ops.merge([inside, inside], name="b_acc")[0]
    false, true = flow_ops.switch(merged, context.pivot)
    merged.op._update_input(1, flow_ops.next_iteration(add(true, grad)))
    result = flow_ops.exit(false, name="b_acc")
    context.loop_exits.append(result)
    context.ExitResult([result])
    return result

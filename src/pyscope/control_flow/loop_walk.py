"""The walk back from ys to xs where v1 loops stand in between: it goes round each loop in a gradient loop."""

from collections import deque

from pyscope import _core as core
from pyscope import dtypes
from pyscope.control_flow.loop_gradients import ControlFlowState, is_loop_exit, is_loop_switch
from pyscope.gradients import Colocation, aggregate, call, gradient_function, is_trainable, refine
from pyscope.graph import name_scope

Tensor = core.Tensor


class LoopWalk:
    """As `core.Backward`, in Python and with the gradient loops; walks when made.

    Parameters
    ----------
    search : core.Search
        The operations between.
    """

    def __init__(self, search, from_ops, to_ops, ys, grad_ys, colocate, gate_gradients, method, stop_gradients):
        self.colocate = colocate
        self.gate = gate_gradients
        self.method = method
        self.collected = {}              # node id -> list of gradients per output, later the sum
        self.pending, reachable = search.pending()
        self.queue = deque()
        self.loops = ControlFlowState(self._between(to_ops), self.pending, colocate)
        for y, grad in zip(ys, grad_ys):
            self.collect(y, grad)
        queued = set()
        for op in to_ops:
            if self.pending.get(op._id, 0) == 0 and op._id not in queued and op._id in reachable:
                queued.add(op._id)
                self.queue.append(op)
        for y in self.loops.unused_exits(self.pending, queued):
            if is_trainable(y):
                self.collect(y, self.loops.zeros_for_exit(y))
                self.queue.append(y.op)
        self.stop = {t.op._id for t in stop_gradients}
        for op in from_ops:
            if all(self.pending.get(t.op._id, 0) <= 0 for t in op.inputs):
                self.stop.add(op._id)
        while self.queue:
            self._visit(self.queue.popleft())
        self.loops.finish()

    def found(self, x):
        """The gradient that arrived at `x`, or None."""
        grads = self.collected.get(x.op._id)
        found = None if grads is None else grads[x.value_index]
        if isinstance(found, list):
            return found[0] if found else None
        return found

    def collect(self, tensor, grad):
        """Note a gradient of `tensor`."""
        op = tensor.op
        grads = self.collected.get(op._id)
        if grads is None:
            grads = self.collected[op._id] = [[] for _ in op.outputs]
        found = grads[tensor.value_index]
        if isinstance(found, list):
            found.append(grad)
        else:                            # the Switch of a loop variable, visited before
            grads[tensor.value_index] = grad

    def _between(self, to_ops):
        order, seen, queue = [], set(), deque(to_ops)
        while queue:
            op = queue.popleft()
            if op._id in self.pending and op._id not in seen:
                seen.add(op._id)
                order.append(op)
                queue.extend(t.op for t in op.inputs)
        return order

    def _visit(self, op):
        """Add up the gradients of the outputs of an operation, and collect those of its inputs."""
        with Colocation(op, self.colocate), self.loops.within(op, before=False):
            grads = self._sum_up_in_loop(op)
            if any(g is not None for g in grads) and op._id not in self.stop:
                function = gradient_function(op)
                if function is not None:
                    self._ask(function, op, grads)
        for t in op.inputs:
            before = t.op
            if before._id in self.pending:
                self.pending[before._id] -= 1
                self._enqueue(before, self.pending[before._id])

    def _ask(self, function, op, grads):
        for i, output in enumerate(op.outputs):
            if grads[i] is None and is_trainable(output):
                grads[i] = self.loops.zeros_like(op, i)
        with name_scope(op.name + "_grad"):
            in_grads = call(function, op, grads, self.gate)
        for i, (t, grad) in enumerate(zip(op.inputs, in_grads)):
            if grad is not None:
                if isinstance(grad, Tensor) and t.dtype.base_dtype is not dtypes.resource:
                    refine(op, i, grad)
                self.collect(t, grad)

    def _sum_up_in_loop(self, op):
        """`_sum_up`, outside the gradient loop if an Exit leads into it."""
        state = self.loops.state_of(op, before=False)
        outer = self.loops.state_of(op, before=True)
        if state is outer:
            return self._sum_up(op)
        state.grad_context.Exit()
        try:
            with self.loops.within(op, before=True):
                return self._sum_up(op)
        finally:
            state.grad_context.Enter()

    def _sum_up(self, op):
        """Replace the lists of gradients collected for the outputs of `op` by their sums."""
        grads = self.collected.get(op._id)
        if grads is None:
            return [None] * len(op.outputs)
        for i, found in enumerate(grads):
            if isinstance(found, list):
                grads[i] = aggregate(op, found, self.method, self.colocate) if found else None
        return list(grads)

    def _enqueue(self, op, n_pending):
        """Queue an operation when its gradients are there; the Switch of a loop variable more than once."""
        if n_pending != 0 and not (n_pending > 0 and is_loop_switch(op)):
            return
        if is_loop_exit(op):
            def has_gradient(o):
                return any(g is not None and g != [] for g in self.collected.get(o._id, ()))

            self.loops.defer_exit(op, has_gradient, self.collect, self.queue)
        else:
            self.queue.append(op)

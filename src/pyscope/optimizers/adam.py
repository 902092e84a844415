"""Adam."""

from ..control_flow.basic import group
from ..conversion import convert_to_tensor
from ..graph import colocate_with, control_dependencies, get_default_graph, init_scope
from ..ops import state
from ..ops.cast import cast
from ..ops.elementwise import sqrt
from ..ops.resource import RESOURCE_SCATTER
from ..ops.training import ADAM
from .base import Optimizer

__all__ = ["AdamOptimizer"]


class AdamOptimizer(Optimizer):
    """Adam (Kingma & Ba 2015, https://arxiv.org/abs/1412.6980), in the form before its section 2.1::

        m += (gradient - m) * (1 - beta1)
        v += (gradient**2 - v) * (1 - beta2)
        variable -= learning_rate * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v) + epsilon)

    With sparse gradients the moments of all rows decay, not only those of the rows with a gradient.

    Parameters
    ----------
    learning_rate, beta1, beta2, epsilon : float, Tensor or callable
    use_locking : bool
    name : str
    use_own_namescope_for_non_slot_vars : bool
        Put ``beta1_power`` and ``beta2_power`` into a scope of the optimizer's name.
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta1=0.9,
        beta2=0.999,
        epsilon=1e-8,
        use_locking=False,
        name="Adam",
        use_own_namescope_for_non_slot_vars=False,
    ):
        super().__init__(use_locking, name, use_own_namescope_for_non_slot_vars)
        self._lr = learning_rate
        self._beta1 = beta1
        self._beta2 = beta2
        self._epsilon = epsilon
        self._lr_t = None
        self._beta1_t = None
        self._beta2_t = None
        self._epsilon_t = None

    def _get_beta_accumulators(self):
        graph = get_default_graph()
        if graph.building_function:
            with init_scope():
                graph = get_default_graph()
        return (
            self._get_non_slot_variable("beta1_power", graph=graph),
            self._get_non_slot_variable("beta2_power", graph=graph),
        )

    def _create_slots(self, var_list):
        first = min(var_list, key=lambda v: v.name)
        self._create_non_slot_variable(initial_value=self._beta1, name="beta1_power", colocate_with=first)
        self._create_non_slot_variable(initial_value=self._beta2, name="beta2_power", colocate_with=first)
        for v in var_list:
            self._zeros_slot(v, "m", self._name)
            self._zeros_slot(v, "v", self._name)

    def _prepare(self):
        lr = self._call_if_callable(self._lr)
        beta1 = self._call_if_callable(self._beta1)
        beta2 = self._call_if_callable(self._beta2)
        epsilon = self._call_if_callable(self._epsilon)
        self._lr_t = convert_to_tensor(lr, name="learning_rate")
        self._beta1_t = convert_to_tensor(beta1, name="beta1")
        self._beta2_t = convert_to_tensor(beta2, name="beta2")
        self._epsilon_t = convert_to_tensor(epsilon, name="epsilon")

    def _arguments(self, dtype):
        values = (*self._get_beta_accumulators(), self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t)
        return [value if value.dtype is dtype else cast(value, dtype) for value in values]

    def _apply_dense(self, grad, var):
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        arguments = self._arguments(var.dtype.base_dtype)
        return ADAM.dense(var, m, v, *arguments, grad, use_locking=self._use_locking).op

    def _resource_apply_dense(self, grad, var):
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        arguments = self._arguments(grad.dtype.base_dtype)
        return ADAM.resource_dense(
            var.handle, m.handle, v.handle, *arguments, grad, use_locking=self._use_locking
        )

    def _apply_sparse_shared(self, grad, var, indices, scatter_add):
        beta1_power, beta2_power, lr, beta1, beta2, epsilon = self._arguments(var.dtype.base_dtype)
        rate = lr * sqrt(1 - beta2_power) / (1 - beta1_power)
        m = self.get_slot(var, "m")
        m_change = grad * (1 - beta1)
        m_t = state.assign(m, m * beta1, use_locking=self._use_locking)
        with control_dependencies([m_t]):
            m_t = scatter_add(m, indices, m_change)
        v = self.get_slot(var, "v")
        v_change = (grad * grad) * (1 - beta2)
        v_t = state.assign(v, v * beta2, use_locking=self._use_locking)
        with control_dependencies([v_t]):
            v_t = scatter_add(v, indices, v_change)
        v_sqrt = sqrt(v_t)
        update = state.assign_sub(var, rate * m_t / (v_sqrt + epsilon), use_locking=self._use_locking)
        return group(update, m_t, v_t)

    def _apply_sparse(self, grad, var):
        def scatter_add(slot, indices, values):
            return state.scatter_add(slot, indices, values, use_locking=self._use_locking)

        return self._apply_sparse_shared(grad.values, var, grad.indices, scatter_add)

    def _resource_scatter_add(self, slot, indices, values):
        with control_dependencies([RESOURCE_SCATTER["add"](slot.handle, indices, values)]):
            return slot.value()

    def _resource_apply_sparse(self, grad, var, indices):
        return self._apply_sparse_shared(grad, var, indices, self._resource_scatter_add)

    def _finish(self, update_ops, name_scope):
        with control_dependencies(update_ops):
            beta1_power, beta2_power = self._get_beta_accumulators()
            with colocate_with(beta1_power):
                update_beta1 = beta1_power.assign(beta1_power * self._beta1_t, use_locking=self._use_locking)
                update_beta2 = beta2_power.assign(beta2_power * self._beta2_t, use_locking=self._use_locking)
        return group(*update_ops, update_beta1, update_beta2, name=name_scope)

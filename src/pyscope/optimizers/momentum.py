"""Momentum, plain and Nesterov's."""

from ..conversion import convert_to_tensor
from ..ops.cast import cast
from ..ops.training import MOMENTUM
from .base import Optimizer

__all__ = ["MomentumOptimizer"]


class MomentumOptimizer(Optimizer):
    """Gradient descent with momentum (Polyak 1964)::

        accumulation = momentum * accumulation + gradient
        variable -= learning_rate * accumulation

    Parameters
    ----------
    learning_rate, momentum : float, Tensor or callable
    use_locking : bool
    name : str
    use_nesterov : bool
        Nesterov's form (Sutskever et al. 2013): the variable holds the point looked ahead to.
    """

    def __init__(self, learning_rate, momentum, use_locking=False, name="Momentum", use_nesterov=False):
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._momentum = momentum
        self._use_nesterov = use_nesterov

    def _create_slots(self, var_list):
        for v in var_list:
            self._zeros_slot(v, "momentum", self._name)

    def _prepare(self):
        learning_rate = self._call_if_callable(self._learning_rate)
        self._learning_rate_tensor = convert_to_tensor(learning_rate, name="learning_rate")
        momentum = self._call_if_callable(self._momentum)
        self._momentum_tensor = convert_to_tensor(momentum, name="momentum")

    def _arguments(self, dtype):
        return cast(self._learning_rate_tensor, dtype), cast(self._momentum_tensor, dtype)

    def _options(self):
        return {"use_locking": self._use_locking, "use_nesterov": self._use_nesterov}

    def _apply_dense(self, grad, var):
        rate, momentum = self._arguments(var.dtype.base_dtype)
        return MOMENTUM.dense(var, self.get_slot(var, "momentum"), rate, grad, momentum, **self._options()).op

    def _resource_apply_dense(self, grad, var):
        rate, momentum = self._arguments(grad.dtype.base_dtype)
        slot = self.get_slot(var, "momentum")
        return MOMENTUM.resource_dense(var.handle, slot.handle, rate, grad, momentum, **self._options())

    def _apply_sparse(self, grad, var):
        rate, momentum = self._arguments(var.dtype.base_dtype)
        slot = self.get_slot(var, "momentum")
        return MOMENTUM.sparse(var, slot, rate, grad.values, grad.indices, momentum, **self._options()).op

    def _resource_apply_sparse(self, grad, var, indices):
        rate, momentum = self._arguments(grad.dtype)
        slot = self.get_slot(var, "momentum")
        return MOMENTUM.resource_sparse(
            var.handle, slot.handle, rate, grad, indices, momentum, **self._options()
        )

"""Adadelta."""

from ..conversion import convert_to_tensor
from ..ops.cast import cast
from ..ops.training import ADADELTA
from .base import Optimizer

__all__ = ["AdadeltaOptimizer"]


class AdadeltaOptimizer(Optimizer):
    """Adadelta (Zeiler 2012, https://arxiv.org/abs/1212.5701)::

        accum = rho * accum + (1 - rho) * gradient**2
        update = sqrt(accum_update + epsilon) / sqrt(accum + epsilon) * gradient
        accum_update = rho * accum_update + (1 - rho) * update**2
        variable -= learning_rate * update

    Parameters
    ----------
    learning_rate, rho, epsilon : float, Tensor or callable
        The paper's form has a learning rate of 1.
    use_locking : bool
    name : str
    """

    def __init__(self, learning_rate=0.001, rho=0.95, epsilon=1e-8, use_locking=False, name="Adadelta"):
        super().__init__(use_locking, name)
        self._lr = learning_rate
        self._rho = rho
        self._epsilon = epsilon
        self._lr_t = None
        self._rho_t = None
        self._epsilon_t = None

    def _create_slots(self, var_list):
        for v in var_list:
            self._zeros_slot(v, "accum", self._name)
            self._zeros_slot(v, "accum_update", self._name)

    def _prepare(self):
        lr = self._call_if_callable(self._lr)
        rho = self._call_if_callable(self._rho)
        epsilon = self._call_if_callable(self._epsilon)
        self._lr_t = convert_to_tensor(lr, name="lr")
        self._rho_t = convert_to_tensor(rho, name="rho")
        self._epsilon_t = convert_to_tensor(epsilon, name="epsilon")

    def _states(self, var):
        return [self.get_slot(var, "accum"), self.get_slot(var, "accum_update")]

    def _arguments(self, dtype):
        return [cast(value, dtype) for value in (self._lr_t, self._rho_t, self._epsilon_t)]

    def _apply_dense(self, grad, var):
        arguments = self._arguments(var.dtype.base_dtype)
        return ADADELTA.dense(var, *self._states(var), *arguments, grad, use_locking=self._use_locking)

    def _resource_apply_dense(self, grad, var):
        handles = [slot.handle for slot in self._states(var)]
        arguments = self._arguments(grad.dtype.base_dtype)
        return ADADELTA.resource_dense(
            var.handle, *handles, *arguments, grad, use_locking=self._use_locking
        )

    def _apply_sparse(self, grad, var):
        arguments = self._arguments(var.dtype.base_dtype)
        return ADADELTA.sparse(
            var, *self._states(var), *arguments, grad.values, grad.indices, use_locking=self._use_locking
        )

    def _resource_apply_sparse(self, grad, var, indices):
        handles = [slot.handle for slot in self._states(var)]
        arguments = self._arguments(grad.dtype)
        return ADADELTA.resource_sparse(
            var.handle, *handles, *arguments, grad, indices, use_locking=self._use_locking
        )

"""Optimizers with L1 and L2 penalties that are applied exactly, after the step (Duchi & Singer 2009)."""

from ..conversion import constant, convert_to_tensor
from ..graph import colocate_with
from ..ops.cast import cast
from ..ops.training import PROXIMAL_ADAGRAD, PROXIMAL_GRADIENT_DESCENT
from .base import Optimizer

__all__ = ["ProximalAdagradOptimizer", "ProximalGradientDescentOptimizer"]


class _ProximalOptimizer(Optimizer):
    """What both have in common; `_family` has the op types, `_slot_names` the slots beside the variable."""

    _family = PROXIMAL_GRADIENT_DESCENT
    _slot_names: tuple = ()

    def __init__(
        self, learning_rate, l1_regularization_strength, l2_regularization_strength, use_locking, name
    ):
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength
        self._l1_regularization_strength_tensor = None
        self._l2_regularization_strength_tensor = None
        self._learning_rate_tensor = None

    def _prepare(self):
        self._learning_rate_tensor = convert_to_tensor(self._learning_rate, name="learning_rate")
        self._l1_regularization_strength_tensor = convert_to_tensor(
            self._l1_regularization_strength, name="l1_regularization_strength"
        )
        self._l2_regularization_strength_tensor = convert_to_tensor(
            self._l2_regularization_strength, name="l2_regularization_strength"
        )

    def _states(self, var):
        return [self.get_slot(var, name) for name in self._slot_names]

    def _arguments(self):
        return [
            self._learning_rate_tensor,
            self._l1_regularization_strength_tensor,
            self._l2_regularization_strength_tensor,
        ]

    def _apply_dense(self, grad, var):
        return self._family.dense(
            var, *self._states(var), *self._arguments(), grad, use_locking=self._use_locking
        )

    def _resource_apply_dense(self, grad, var):
        handles = [slot.handle for slot in self._states(var)]
        return self._family.resource_dense(
            var.handle, *handles, *self._arguments(), grad, use_locking=self._use_locking
        )

    def _apply_sparse(self, grad, var):
        return self._family.sparse(
            var, *self._states(var), *self._arguments(), grad.values, grad.indices, use_locking=self._use_locking
        )

    def _resource_apply_sparse(self, grad, var, indices):
        handles = [slot.handle for slot in self._states(var)]
        arguments = [cast(value, grad.dtype) for value in self._arguments()]
        return self._family.resource_sparse(
            var.handle, *handles, *arguments, grad, indices, use_locking=self._use_locking
        )


class ProximalGradientDescentOptimizer(_ProximalOptimizer):
    """Gradient descent, then the exact L1 and L2 step.

    Parameters
    ----------
    learning_rate : float or Tensor
    l1_regularization_strength, l2_regularization_strength : float or Tensor
    use_locking : bool
    name : str
    """

    def __init__(
        self,
        learning_rate,
        l1_regularization_strength=0.0,
        l2_regularization_strength=0.0,
        use_locking=False,
        name="ProximalGradientDescent",
    ):
        super().__init__(
            learning_rate, l1_regularization_strength, l2_regularization_strength, use_locking, name
        )


class ProximalAdagradOptimizer(_ProximalOptimizer):
    """Adagrad, then the exact L1 and L2 step.

    Parameters
    ----------
    learning_rate : float or Tensor
    initial_accumulator_value : float
        Where the accumulators start, more than 0.
    l1_regularization_strength, l2_regularization_strength : float or Tensor
    use_locking : bool
    name : str

    Raises
    ------
    ValueError
        If `initial_accumulator_value` is not positive.
    """

    _family = PROXIMAL_ADAGRAD
    _slot_names = ("accumulator",)

    def __init__(
        self,
        learning_rate,
        initial_accumulator_value=0.1,
        l1_regularization_strength=0.0,
        l2_regularization_strength=0.0,
        use_locking=False,
        name="ProximalAdagrad",
    ):
        if initial_accumulator_value <= 0.0:
            raise ValueError(f"initial_accumulator_value must be positive: {initial_accumulator_value}")
        super().__init__(
            learning_rate, l1_regularization_strength, l2_regularization_strength, use_locking, name
        )
        self._initial_accumulator_value = initial_accumulator_value

    def _create_slots(self, var_list):
        for v in var_list:
            with colocate_with(v):
                start = constant(
                    self._initial_accumulator_value, shape=v.get_shape(), dtype=v.dtype.base_dtype
                )
            self._get_or_make_slot(v, start, "accumulator", self._name)

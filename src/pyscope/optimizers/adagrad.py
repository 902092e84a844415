"""Adagrad."""

from ..conversion import convert_to_tensor
from ..ops.cast import cast
from ..ops.training import ADAGRAD
from .base import Optimizer

__all__ = ["AdagradOptimizer"]


class AdagradOptimizer(Optimizer):
    """Adagrad (Duchi et al. 2011)::

        accumulator += gradient**2
        variable -= learning_rate * gradient / sqrt(accumulator)

    Parameters
    ----------
    learning_rate : float, Tensor or callable
    initial_accumulator_value : float
        Where the accumulators start, more than 0.
    use_locking : bool
    name : str

    Raises
    ------
    ValueError
        If `initial_accumulator_value` is not positive.
    """

    def __init__(self, learning_rate, initial_accumulator_value=0.1, use_locking=False, name="Adagrad"):
        if initial_accumulator_value <= 0.0:
            raise ValueError(f"initial_accumulator_value must be positive: {initial_accumulator_value}")
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_accumulator_value = initial_accumulator_value
        self._learning_rate_tensor = None

    def _create_slots(self, var_list):
        from ..initializers import constant

        for v in var_list:
            dtype = v.dtype.base_dtype
            if v.get_shape().is_fully_defined():
                initial = constant(self._initial_accumulator_value, dtype=dtype)
            else:
                initial = self._initial_value_of_unknown_shape(v, dtype)
            self._get_or_make_slot_with_initializer(
                v, initial, v.get_shape(), dtype, "accumulator", self._name
            )

    def _initial_value_of_unknown_shape(self, v, dtype):
        from ..ops import array

        def initial():
            return cast(array.fill(array.shape(v), self._initial_accumulator_value), dtype)

        return initial

    def _prepare(self):
        self._learning_rate_tensor = convert_to_tensor(
            self._call_if_callable(self._learning_rate), name="learning_rate"
        )

    def _apply_dense(self, grad, var):
        rate = cast(self._learning_rate_tensor, var.dtype.base_dtype)
        slot = self.get_slot(var, "accumulator")
        return ADAGRAD.dense(var, slot, rate, grad, use_locking=self._use_locking)

    def _resource_apply_dense(self, grad, var):
        rate = cast(self._learning_rate_tensor, grad.dtype.base_dtype)
        slot = self.get_slot(var, "accumulator")
        return ADAGRAD.resource_dense(var.handle, slot.handle, rate, grad, use_locking=self._use_locking)

    def _apply_sparse(self, grad, var):
        rate = cast(self._learning_rate_tensor, var.dtype.base_dtype)
        slot = self.get_slot(var, "accumulator")
        return ADAGRAD.sparse(var, slot, rate, grad.values, grad.indices, use_locking=self._use_locking)

    def _resource_apply_sparse(self, grad, var, indices):
        rate = cast(self._learning_rate_tensor, grad.dtype)
        slot = self.get_slot(var, "accumulator")
        return ADAGRAD.resource_sparse(
            var.handle, slot.handle, rate, grad, indices, use_locking=self._use_locking
        )

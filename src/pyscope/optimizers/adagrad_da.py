"""Adagrad with dual averaging."""

from ..conversion import constant, convert_to_tensor
from ..graph import colocate_with, device
from ..ops import array
from ..ops.cast import cast
from ..ops.training import ADAGRAD_DA
from .base import Optimizer

__all__ = ["AdagradDAOptimizer"]


class AdagradDAOptimizer(Optimizer):
    """Adagrad with regularized dual averaging (Duchi et al. 2011), for sparse linear models.

    The variable is computed afresh from the sums of all gradients and of their squares, so features that were not
    seen lately are regularized as well.

    Parameters
    ----------
    learning_rate : float or Tensor
    global_step : Tensor or Variable, int64
        Steps done.
    initial_gradient_squared_accumulator_value : float
        More than 0.
    l1_regularization_strength, l2_regularization_strength : float or Tensor
    use_locking : bool
    name : str

    Raises
    ------
    ValueError
        If `initial_gradient_squared_accumulator_value` is not positive.
    """

    def __init__(
        self,
        learning_rate,
        global_step,
        initial_gradient_squared_accumulator_value=0.1,
        l1_regularization_strength=0.0,
        l2_regularization_strength=0.0,
        use_locking=False,
        name="AdagradDA",
    ):
        if initial_gradient_squared_accumulator_value <= 0.0:
            raise ValueError(
                "initial_gradient_squared_accumulator_value must be positive: "
                f"{initial_gradient_squared_accumulator_value}"
            )
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_gradient_squared_accumulator_value = initial_gradient_squared_accumulator_value
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength
        self._global_step = global_step
        self._learning_rate_tensor = None
        self._global_step_on_worker = None

    def _create_slots(self, var_list):
        start = self._initial_gradient_squared_accumulator_value
        for v in var_list:
            shape, dtype = v.get_shape(), v.dtype.base_dtype
            with colocate_with(v):
                zeros = constant(0.0, shape=shape, dtype=dtype)
                squares = constant(start, shape=shape, dtype=dtype)
            self._get_or_make_slot(v, zeros, "gradient_accumulator", self._name)
            self._get_or_make_slot(v, squares, "gradient_squared_accumulator", self._name)

    def _prepare(self):
        self._learning_rate_tensor = convert_to_tensor(self._learning_rate, name="learning_rate")
        with colocate_with(self._learning_rate_tensor):
            self._global_step_on_worker = array.identity(self._global_step) + 1

    def _states(self, var):
        return [self.get_slot(var, "gradient_accumulator"), self.get_slot(var, "gradient_squared_accumulator")]

    def _arguments(self, var, dtype):
        with device(var.device):
            step = array.identity(self._global_step_on_worker)
        values = (
            self._learning_rate_tensor, self._l1_regularization_strength, self._l2_regularization_strength
        )  # fmt: skip
        return [*(cast(value, dtype) for value in values), step]

    def _apply_dense(self, grad, var):
        arguments = self._arguments(var, var.dtype.base_dtype)
        return ADAGRAD_DA.dense(var, *self._states(var), grad, *arguments, use_locking=self._use_locking)

    def _resource_apply_dense(self, grad, var):
        handles = [slot.handle for slot in self._states(var)]
        arguments = self._arguments(var, grad.dtype.base_dtype)
        return ADAGRAD_DA.resource_dense(
            var.handle, *handles, grad, *arguments, use_locking=self._use_locking
        )

    def _apply_sparse(self, grad, var):
        arguments = self._arguments(var, var.dtype.base_dtype)
        return ADAGRAD_DA.sparse(
            var, *self._states(var), grad.values, grad.indices, *arguments, use_locking=self._use_locking
        )

    def _resource_apply_sparse(self, grad, var, indices):
        handles = [slot.handle for slot in self._states(var)]
        arguments = self._arguments(var, grad.dtype)
        return ADAGRAD_DA.resource_sparse(
            var.handle, *handles, grad, indices, *arguments, use_locking=self._use_locking
        )

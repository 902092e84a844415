"""FTRL-Proximal."""

from .. import dtypes
from ..conversion import convert_to_tensor
from ..ops.cast import cast
from ..ops.training import FTRL, FTRL_V2
from .base import Optimizer

__all__ = ["FtrlOptimizer"]


class FtrlOptimizer(Optimizer):
    """Follow the regularized leader (McMahan et al. 2013, "Ad Click Prediction: a View from the Trenches").

    Parameters
    ----------
    learning_rate : float or Tensor
    learning_rate_power : float
        At most 0; 0 for a fixed learning rate.
    initial_accumulator_value : float
        Where the accumulators start, at least 0.
    l1_regularization_strength, l2_regularization_strength : float
        At least 0.
    use_locking : bool
    name : str
    accum_name, linear_name : str, optional
        In the names of the slots; default `name`.
    l2_shrinkage_regularization_strength : float
        L2 penalty on the present weights, at least 0; the other L2 penalty works on the accumulated ones.
    beta : float, optional
        Beta of the paper; default 0.

    Raises
    ------
    ValueError
        If a parameter is out of its range.
    """

    def __init__(
        self,
        learning_rate,
        learning_rate_power=-0.5,
        initial_accumulator_value=0.1,
        l1_regularization_strength=0.0,
        l2_regularization_strength=0.0,
        use_locking=False,
        name="Ftrl",
        accum_name=None,
        linear_name=None,
        l2_shrinkage_regularization_strength=0.0,
        beta=None,
    ):
        super().__init__(use_locking, name)
        _check(initial_accumulator_value >= 0, "initial_accumulator_value", initial_accumulator_value)
        _check(learning_rate_power <= 0, "learning_rate_power", learning_rate_power, "negative")
        _check(l1_regularization_strength >= 0, "l1_regularization_strength", l1_regularization_strength)
        _check(l2_regularization_strength >= 0, "l2_regularization_strength", l2_regularization_strength)
        _check(
            l2_shrinkage_regularization_strength >= 0,
            "l2_shrinkage_regularization_strength",
            l2_shrinkage_regularization_strength,
        )
        self._learning_rate = learning_rate
        self._learning_rate_power = learning_rate_power
        self._initial_accumulator_value = initial_accumulator_value
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength
        self._beta = 0.0 if beta is None else beta
        self._l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self._learning_rate_tensor = None
        self._learning_rate_power_tensor = None
        self._l1_regularization_strength_tensor = None
        self._adjusted_l2_regularization_strength_tensor = None
        self._l2_shrinkage_regularization_strength_tensor = None
        self._accum_name = accum_name
        self._linear_name = linear_name

    def _create_slots(self, var_list):
        from ..ops import array

        def initial_accumulator(shape, dtype=dtypes.float32, partition_info=None):
            return array.ones(shape=shape, dtype=dtype) * self._initial_accumulator_value

        for v in var_list:
            self._get_or_make_slot_with_initializer(
                v, initial_accumulator, v.shape, v.dtype, "accum", self._accum_name or self._name
            )
            self._zeros_slot(v, "linear", self._linear_name or self._name)

    def _prepare(self):
        from ..ops.arithmetic import maximum

        self._learning_rate_tensor = convert_to_tensor(self._learning_rate, name="learning_rate")
        self._l1_regularization_strength_tensor = convert_to_tensor(
            self._l1_regularization_strength, name="l1_regularization_strength"
        )
        # Beta of the paper is an L2 penalty that grows as the learning rate falls.
        adjusted = self._l2_regularization_strength + self._beta / (2.0 * maximum(self._learning_rate, 1e-36))
        self._adjusted_l2_regularization_strength_tensor = convert_to_tensor(
            adjusted, name="adjusted_l2_regularization_strength"
        )
        self._beta_tensor = convert_to_tensor(self._beta, name="beta")
        self._l2_shrinkage_regularization_strength_tensor = convert_to_tensor(
            self._l2_shrinkage_regularization_strength, name="l2_shrinkage_regularization_strength"
        )
        self._learning_rate_power_tensor = convert_to_tensor(
            self._learning_rate_power, name="learning_rate_power"
        )

    @property
    def _shrinks(self):
        return self._l2_shrinkage_regularization_strength > 0.0

    @property
    def _family(self):
        return FTRL_V2 if self._shrinks else FTRL

    def _states(self, var):
        return [self.get_slot(var, "accum"), self.get_slot(var, "linear")]

    def _arguments(self, dtype):
        values = [
            self._learning_rate_tensor,
            self._l1_regularization_strength_tensor,
            self._adjusted_l2_regularization_strength_tensor,
        ]
        if self._shrinks:
            values.append(self._l2_shrinkage_regularization_strength_tensor)
        values.append(self._learning_rate_power_tensor)
        return [cast(value, dtype) for value in values]

    def _apply_dense(self, grad, var):
        arguments = self._arguments(var.dtype.base_dtype)
        return self._family.dense(var, *self._states(var), grad, *arguments, use_locking=self._use_locking)

    def _resource_apply_dense(self, grad, var):
        handles = [slot.handle for slot in self._states(var)]
        arguments = self._arguments(var.dtype.base_dtype)
        return self._family.resource_dense(
            var.handle, *handles, grad, *arguments, use_locking=self._use_locking
        )

    def _apply_sparse(self, grad, var):
        arguments = self._arguments(var.dtype.base_dtype)
        return self._family.sparse(
            var, *self._states(var), grad.values, grad.indices, *arguments, use_locking=self._use_locking
        )

    def _resource_apply_sparse(self, grad, var, indices):
        handles = [slot.handle for slot in self._states(var)]
        arguments = self._arguments(grad.dtype)
        return self._family.resource_sparse(
            var.handle, *handles, grad, indices, *arguments, use_locking=self._use_locking
        )


def _check(holds, name, value, sign="positive"):
    if not holds:
        raise ValueError(f"{name} {value:f} needs to be {sign} or zero")

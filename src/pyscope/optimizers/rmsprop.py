"""RMSProp, plain and centered."""

from ..conversion import convert_to_tensor
from ..ops.cast import cast
from ..ops.training import CENTERED_RMS_PROP, RMS_PROP
from .base import Optimizer

__all__ = ["RMSPropOptimizer"]


class RMSPropOptimizer(Optimizer):
    """RMSProp (Tieleman & Hinton 2012, lecture 6 of "Neural Networks for Machine Learning")::

        rms = decay * rms + (1 - decay) * gradient**2
        step = momentum * step + learning_rate * gradient / sqrt(rms + epsilon)
        variable -= step

    Parameters
    ----------
    learning_rate, decay, momentum, epsilon : float, Tensor or callable
    use_locking : bool
    centered : bool
        Divide by the estimated variance of the gradient rather than by its second moment (Graves 2013).
    name : str
    """

    def __init__(
        self,
        learning_rate,
        decay=0.9,
        momentum=0.0,
        epsilon=1e-10,
        use_locking=False,
        centered=False,
        name="RMSProp",
    ):
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._decay = decay
        self._momentum = momentum
        self._epsilon = epsilon
        self._centered = centered
        self._learning_rate_tensor = None
        self._decay_tensor = None
        self._momentum_tensor = None
        self._epsilon_tensor = None

    def _create_slots(self, var_list):
        from ..initializers import ones
        from ..ops import array

        for v in var_list:
            dtype = v.dtype.base_dtype
            first_rms = ones(dtype=dtype) if v.get_shape().is_fully_defined() else array.ones_like(v)
            self._get_or_make_slot_with_initializer(v, first_rms, v.get_shape(), dtype, "rms", self._name)
            if self._centered:
                self._zeros_slot(v, "mg", self._name)
            self._zeros_slot(v, "momentum", self._name)

    def _prepare(self):
        learning_rate = self._call_if_callable(self._learning_rate)
        decay = self._call_if_callable(self._decay)
        momentum = self._call_if_callable(self._momentum)
        epsilon = self._call_if_callable(self._epsilon)
        self._learning_rate_tensor = convert_to_tensor(learning_rate, name="learning_rate")
        self._decay_tensor = convert_to_tensor(decay, name="decay")
        self._momentum_tensor = convert_to_tensor(momentum, name="momentum")
        self._epsilon_tensor = convert_to_tensor(epsilon, name="epsilon")

    def _states(self, var):
        names = ("mg", "rms", "momentum") if self._centered else ("rms", "momentum")
        return [self.get_slot(var, name) for name in names]

    def _arguments(self, dtype):
        values = (self._learning_rate_tensor, self._decay_tensor, self._momentum_tensor, self._epsilon_tensor)
        return [cast(value, dtype) for value in values]

    @property
    def _family(self):
        return CENTERED_RMS_PROP if self._centered else RMS_PROP

    def _apply_dense(self, grad, var):
        arguments = self._arguments(var.dtype.base_dtype)
        return self._family.dense(var, *self._states(var), *arguments, grad, use_locking=self._use_locking).op

    def _resource_apply_dense(self, grad, var):
        handles = [slot.handle for slot in self._states(var)]
        arguments = self._arguments(grad.dtype.base_dtype)
        return self._family.resource_dense(
            var.handle, *handles, *arguments, grad, use_locking=self._use_locking
        )

    def _apply_sparse(self, grad, var):
        arguments = self._arguments(var.dtype.base_dtype)
        return self._family.sparse(
            var, *self._states(var), *arguments, grad.values, grad.indices, use_locking=self._use_locking
        )

    def _resource_apply_sparse(self, grad, var, indices):
        handles = [slot.handle for slot in self._states(var)]
        arguments = self._arguments(grad.dtype)
        return self._family.resource_sparse(
            var.handle, *handles, *arguments, grad, indices, use_locking=self._use_locking
        )

"""Gradient descent."""

from ..conversion import convert_to_tensor
from ..indexed_slices import IndexedSlices
from ..ops.cast import cast
from ..ops.resource import RESOURCE_SCATTER
from ..ops.training import GRADIENT_DESCENT
from .base import Optimizer

__all__ = ["GradientDescentOptimizer"]


class GradientDescentOptimizer(Optimizer):
    """Gradient descent: ``variable -= learning_rate * gradient``.

    Parameters
    ----------
    learning_rate : float, Tensor or callable
    use_locking : bool
    name : str
    """

    def __init__(self, learning_rate, use_locking=False, name="GradientDescent"):
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._learning_rate_tensor = None

    def _prepare(self):
        self._learning_rate_tensor = convert_to_tensor(
            self._call_if_callable(self._learning_rate), name="learning_rate"
        )

    def _apply_dense(self, grad, var):
        rate = cast(self._learning_rate_tensor, var.dtype.base_dtype)
        return GRADIENT_DESCENT.dense(var, rate, grad, use_locking=self._use_locking).op

    def _resource_apply_dense(self, grad, handle):
        rate = cast(self._learning_rate_tensor, grad.dtype.base_dtype)
        return GRADIENT_DESCENT.resource_dense(handle.handle, rate, grad, use_locking=self._use_locking)

    # Rows that come several times need not be added up first: the scatter ops do.

    def _apply_sparse_duplicate_indices(self, grad, var):
        values = grad.values * cast(self._learning_rate_tensor, var.dtype.base_dtype)
        delta = IndexedSlices(values, grad.indices, grad.dense_shape)
        return var.scatter_sub(delta, use_locking=self._use_locking)

    def _resource_apply_sparse_duplicate_indices(self, grad, handle, indices):
        values = -grad * cast(self._learning_rate_tensor, grad.dtype.base_dtype)
        return RESOURCE_SCATTER["add"](handle.handle, indices, values)

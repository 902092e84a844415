"""Losses that regularizers make of variables."""

from . import _core as core
from .conversion import register_tensor_conversion_function
from .graph import GraphKeys, get_default_graph

name_scope = core.name_scope


def regularize(variable, name, regularizer):
    """Put the loss of `variable` into the graph's regularization losses, unless there is none."""

    def loss():
        with get_default_graph().colocate_with(variable.op), name_scope(name + "/Regularizer/"):
            return regularizer(variable)

    if regularizer(variable) is not None:
        get_default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, LazyEvalTensor(loss))


class LazyEvalTensor:
    """A regularization loss: made anew wherever it is used, so that it may be used inside a loop or branch."""

    def __init__(self, thunk):
        self._thunk = thunk
        self._master_tensor = thunk()

    def _as_tensor(self, dtype=None, name=None, as_ref=False):
        assert not as_ref
        assert dtype in (None, self.dtype)
        return self._thunk()

    def _as_graph_element(self):
        return self._master_tensor

    def eval(self, *args, **kwargs):
        """Value of the loss."""
        return self._as_tensor().eval(*args, **kwargs)

    def __str__(self):
        return str(self._master_tensor)

    def __hash__(self):
        return id(self)


def _master(name):
    return property(lambda self: getattr(self._master_tensor, name))


def _operator(name):
    return lambda self, *args: getattr(self._as_tensor(), name)(*args)


for _name in "device dtype graph name op shape value_index get_shape".split():
    setattr(LazyEvalTensor, _name, _master(_name))
for _name in """__abs__ __add__ __and__ __bool__ __div__ __eq__ __floordiv__ __ge__ __getitem__ __gt__ __invert__
    __iter__ __le__ __len__ __lt__ __matmul__ __mod__ __mul__ __ne__ __neg__ __or__ __pow__ __radd__ __rand__ __rdiv__
    __rfloordiv__ __rmatmul__ __rmod__ __rmul__ __ror__ __rpow__ __rsub__ __rtruediv__ __rxor__ __sub__ __truediv__
    __xor__""".split():
    setattr(LazyEvalTensor, _name, _operator(_name))

register_tensor_conversion_function(LazyEvalTensor, LazyEvalTensor._as_tensor)

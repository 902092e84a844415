"""Joins the compiled core to the Python halves it calls; imported before everything else."""

from importlib import import_module

from pyscope import _core as core
from pyscope import dtypes, tensor_shape

_OPERATOR_MODULES = ("pyscope.handles", "pyscope.ops.operators", "pyscope.ops.slicing")


def _load_operator(name):
    for module in _OPERATOR_MODULES:
        import_module(module)


def _load_op_type(name):
    from pyscope import _ops_index

    _ops_index.load_all()


def _fold_constant(tensor):
    from pyscope.static_value import fold_constant

    core.set_converters(fold_constant=fold_constant)
    return fold_constant(tensor)


def _fold_shape(tensor):
    from pyscope.static_value import fold_shape

    core.set_converters(fold_shape=fold_shape)
    return fold_shape(tensor)


def _convert(*args):
    from pyscope.conversion import convert  # sets itself as the core's converter

    return convert(*args)


def _make_graph():
    from pyscope.graph import Graph

    return Graph()


core.set_graph_factory(_make_graph)
core.set_dtypes(dtypes.TABLE)
core.set_shape_class(tensor_shape.TensorShape)
core.set_converters(convert=_convert, as_dtype=dtypes.as_dtype, as_shape=tensor_shape.as_shape,
                    fold_constant=_fold_constant, fold_shape=_fold_shape)
core.set_loaders(_load_operator, _load_op_type)

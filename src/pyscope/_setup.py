"""Joins the compiled core to the Python halves it calls; imported before everything else."""

from pyscope import _core as core
from pyscope import dtypes, tensor_shape

core.set_dtypes(dtypes.TABLE)
core.set_shape_class(tensor_shape.TensorShape)
core.set_converters(as_dtype=dtypes.as_dtype, as_shape=tensor_shape.as_shape)

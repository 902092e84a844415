"""IndexedSlices: rows of a larger tensor, the sparse form of gradients."""

import collections
import warnings

from . import _core as core
from . import dtypes, tensor_shape
from .conversion import convert_to_tensor, register_tensor_conversion_function
from .static_value import constant_value, constant_value_as_shape

IndexedSlicesValue = collections.namedtuple("IndexedSlicesValue", ["values", "indices", "dense_shape"])

# Dense tensors from this many elements on are worth a warning.
_LARGE = 100000000


class IndexedSlices:
    """Slices ``values[i]`` of a tensor at rows ``indices[i]``; rows may repeat and then add up.

    Parameters
    ----------
    values : Tensor, shape (n, ...)
    indices : Tensor, int32 or int64, shape (n,)
    dense_shape : Tensor or None
        Shape of the whole tensor.
    """

    def __init__(self, values, indices, dense_shape=None):
        self._values = values
        self._indices = indices
        self._dense_shape = dense_shape

    @property
    def values(self):
        """The slices, one a row."""
        return self._values

    @property
    def indices(self):
        """Row numbers of the slices."""
        return self._indices

    @property
    def dense_shape(self):
        """Shape tensor of the whole, or None."""
        return self._dense_shape

    @property
    def shape(self):
        """Static shape of the whole."""
        if self._dense_shape is None:
            return tensor_shape.TensorShape(None)
        return constant_value_as_shape(self._dense_shape)

    def get_shape(self):
        """Static shape of the whole."""
        return self.shape

    @property
    def name(self):
        """Name of `values`."""
        return self._values.name

    @property
    def device(self):
        """Device of `values`."""
        return self._values.device

    @property
    def op(self):
        """Operation that makes `values`."""
        return self._values.op

    @property
    def dtype(self):
        """Element type of `values`."""
        return self._values.dtype

    @property
    def graph(self):
        """Graph of `values`."""
        return self._values.graph

    def _components(self):
        if self._dense_shape is None:
            return [self._values, self._indices]
        return [self._values, self._indices, self._dense_shape]

    def _from_components(self, parts):
        return IndexedSlices(*parts)

    def _map_components(self, function):
        return IndexedSlices(*[function(part) for part in self._components()])

    def consumers(self):
        """Operations that use one of the parts."""
        return [op for part in self._components() for op in part.consumers()]

    def __str__(self):
        shape = "" if self._dense_shape is None else ", dense_shape=%s" % (self._dense_shape,)
        return "IndexedSlices(indices=%s, values=%s%s)" % (self._indices, self._values, shape)

    def __neg__(self):
        return IndexedSlices(-self._values, self._indices, self._dense_shape)


def convert_to_tensor_or_indexed_slices(value, dtype=None, name=None):
    """`value` as a Tensor; IndexedSlices and SparseTensor are left as they are."""
    if isinstance(value, core.Tensor) or hasattr(value, "_components"):
        if dtype and not dtypes.as_dtype(dtype).is_compatible_with(value.dtype):
            raise ValueError(
                f"Incompatible tensor conversion requested to `dtype` {dtypes.as_dtype(dtype).name} for "
                f"`value` ({value}) with dtype {value.dtype.name}."
            )
        return value
    return convert_to_tensor(value, dtype=dtype, name=name)


def convert_n_to_tensor_or_indexed_slices(values, dtype=None, name=None):
    """A list of `convert_to_tensor_or_indexed_slices`; None stays None."""
    out = []
    for i, value in enumerate(values):
        if value is not None:
            part_name = None if name is None else "%s_%d" % (name, i)
            value = convert_to_tensor_or_indexed_slices(value, dtype, part_name)
        out.append(value)
    return out


def to_tensor_without_warning(slices):
    """Sum of the slices as one tensor; what is not an IndexedSlices is returned as it is."""
    if not isinstance(slices, IndexedSlices):
        return slices
    if slices.dense_shape is None:
        raise ValueError("Tensor conversion requested for IndexedSlices without dense_shape: %s" % str(slices))
    from .ops import math as math_ops

    return math_ops.unsorted_segment_sum(slices.values, slices.indices, slices.dense_shape[0])


def _to_tensor(value, dtype=None, name=None, as_ref=False):
    if dtype and not dtype.is_compatible_with(value.dtype):
        raise ValueError(
            f"Incompatible tensor conversion requested to `dtype` {dtype.name} for IndexedSlices ({value}) "
            f"with dtype {value.dtype.name}"
        )
    if value.dense_shape is None:
        raise ValueError(
            "Tensor conversion requested for IndexedSlices for argument `value` without dense_shape: "
            f"{value!s}"
        )
    static = constant_value(value.dense_shape)
    if static is not None:
        n = 1
        for d in static.tolist():
            n *= d
        if n >= _LARGE:
            warnings.warn(
                "Converting sparse IndexedSlices to a dense Tensor with %d elements. This may consume a "
                "large amount of memory." % n, stacklevel=2,
            )
    return core.op_type("UnsortedSegmentSum")(value.values, value.indices, value.dense_shape[0], name=name)


register_tensor_conversion_function(IndexedSlices, _to_tensor)

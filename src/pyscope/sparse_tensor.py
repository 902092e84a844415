"""SparseTensor: coordinates and values of the elements that are not zero."""

import collections

from . import _core as core
from . import dtypes, tensor_shape
from .conversion import convert_to_tensor
from .static_value import constant_value_as_shape

SparseTensorValue = collections.namedtuple("SparseTensorValue", ["indices", "values", "dense_shape"])


class SparseTensor:
    """A tensor given by the coordinates and values of some of its elements.

    Parameters
    ----------
    indices : Tensor, int64, shape (n, rank)
    values : Tensor, shape (n,)
    dense_shape : Tensor, int64, shape (rank,)
    """

    @classmethod
    def from_value(cls, sparse_tensor_value):
        """SparseTensor of a SparseTensorValue (or of a SparseTensor)."""
        if not is_sparse(sparse_tensor_value):
            raise TypeError(
                f"Argument sparse_tensor_value={sparse_tensor_value} is neither a SparseTensor nor "
                "SparseTensorValue."
            )
        return cls(sparse_tensor_value.indices, sparse_tensor_value.values, sparse_tensor_value.dense_shape)

    def __init__(self, indices, values, dense_shape):
        with core.name_scope(None, "SparseTensor", [indices, values, dense_shape]):
            indices = convert_to_tensor(indices, name="indices", dtype=dtypes.int64)
            values = convert_to_tensor(values, name="values")
            dense_shape = convert_to_tensor(dense_shape, name="dense_shape", dtype=dtypes.int64)
            static = constant_value_as_shape(dense_shape)
        self._indices = indices
        self._values = values
        self._dense_shape = dense_shape
        self._static_shape = static
        n, rank = tensor_shape.TensorShape(indices.get_shape()).with_rank(2).dims
        n_values = values.get_shape().with_rank(1).dims[0]
        shape_rank = dense_shape.get_shape().with_rank(1).dims[0]
        n.assert_is_compatible_with(n_values)
        rank.assert_is_compatible_with(shape_rank)

    @property
    def indices(self):
        """Coordinates, one row a value."""
        return self._indices

    @property
    def values(self):
        """The values."""
        return self._values

    @property
    def dense_shape(self):
        """Shape tensor of the whole."""
        return self._dense_shape

    def with_values(self, new_values):
        """The same coordinates with other values."""
        return SparseTensor(self._indices, new_values, self._dense_shape)

    @property
    def op(self):
        """Operation that makes `values`."""
        return self._values.op

    @property
    def dtype(self):
        """Element type."""
        return self._values.dtype

    @property
    def graph(self):
        """Graph of the parts."""
        return self._indices.graph

    @property
    def name(self):
        """Name of `values`."""
        return self._values.name

    @property
    def shape(self):
        """Static shape of the whole."""
        return self._static_shape

    def get_shape(self):
        """Static shape of the whole."""
        return self._static_shape

    def set_shape(self, shape):
        """Narrow the static shape."""
        self._static_shape = self._static_shape.merge_with(tensor_shape.as_shape(shape))

    def _components(self):
        return [self._indices, self._values, self._dense_shape]

    def _from_components(self, parts):
        return SparseTensor(*parts)

    def _map_components(self, function):
        return SparseTensor(*[function(part) for part in self._components()])

    def consumers(self):
        """Operations that use one of the parts."""
        return [op for part in self._components() for op in part.consumers()]

    def eval(self, feed_dict=None, session=None):
        """SparseTensorValue from a run of the parts in `session` or the default session."""
        if session is None:
            from .session import get_default_session

            session = get_default_session()
            if session is None:
                raise ValueError(
                    "Cannot evaluate tensor using `eval()`: No default session is registered. Use `with "
                    "sess.as_default()` or pass an explicit session to `eval(session=sess)`"
                )
        return SparseTensorValue(*session.run(self._components(), feed_dict))

    def __mul__(self, other):
        raise NotImplementedError("SparseDenseCwiseMul: PyScope does not multiply a SparseTensor by a dense one")

    def __truediv__(self, other):
        raise NotImplementedError("SparseDenseCwiseDiv: PyScope does not divide a SparseTensor by a dense one")

    def __repr__(self):
        return "SparseTensor(indices=%s, values=%s, dense_shape=%s)" % (
            self._indices, self._values, self._dense_shape
        )


def convert_to_tensor_or_sparse_tensor(value, dtype=None, name=None):
    """`value` as a SparseTensor if it is sparse, else as a Tensor."""
    if dtype is not None:
        dtype = dtypes.as_dtype(dtype)
    if isinstance(value, SparseTensorValue):
        value = SparseTensor.from_value(value)
    if isinstance(value, SparseTensor):
        if dtype and not dtype.is_compatible_with(value.dtype):
            raise RuntimeError(
                f"Sparse dtype mismatch. Requested: {dtype.name},  Actual: {value.dtype.name}"
            )
        return value
    return convert_to_tensor(value, dtype=dtype, name=name)


def is_sparse(x):
    """Whether `x` is a SparseTensor or a SparseTensorValue."""
    return isinstance(x, (SparseTensor, SparseTensorValue))

"""Sparse tensors to dense ones, sparse placeholders, edit distance."""

import numpy as np

from .. import _core as core
from .. import dtypes, errors, tensor_shape
from .._core import OpType
from ..conversion import convert_to_tensor
from ..sparse_tensor import SparseTensor, SparseTensorValue
from ..static_value import constant_value_as_shape
from . import math as math_ops
from ._array_rules import show, with_rank
from .fill import zeros, zeros_like
from .gather import gather_nd
from .identity import placeholder, placeholder_with_default


def _sparse_to_dense_rule(c):
    with_rank(c.shape(1), 1)
    return [c.constant_shape(1)]


def _sparse_to_dense_kernel(attrs, indices, dims, values, default):
    dims = tuple(dims.tolist())
    if indices.ndim > 2:
        raise errors.InvalidArgumentError(
            None, None, "sparse_indices should be a scalar, vector, or matrix, got shape %s" % show(indices.shape)
        )
    n = indices.shape[0] if indices.ndim else 1
    table = indices.reshape(n, -1) if indices.ndim == 2 else indices.reshape(n, 1)
    if table.shape[1] != len(dims):
        raise errors.InvalidArgumentError(
            None, None, "output_shape has incorrect number of elements: %d should be: %d" % (len(dims), table.shape[1])
        )
    out = np.full(dims, default[()], values.dtype)
    previous = None
    rows = table.tolist()
    for i, row in enumerate(rows):
        if any(not 0 <= k < d for k, d in zip(row, dims)):
            raise errors.InvalidArgumentError(
                None, None, "indices[%d] = [%s] is out of bounds: need 0 <= index < [%s]"
                % (i, ",".join(map(str, row)), ",".join(map(str, dims)))
            )
        if attrs["validate_indices"] and previous is not None:
            if row == previous:
                raise errors.InvalidArgumentError(
                    None, None, "indices[%d] = [%s] is repeated" % (i, ",".join(map(str, row)))
                )
            if row < previous:
                raise errors.InvalidArgumentError(
                    None, None, "indices[%d] = [%s] is out of order. Many sparse ops require sorted indices.\n    Use "
                    "`tf.sparse.reorder` to create a correctly ordered copy.\n\n" % (i, ",".join(map(str, row)))
                )
        previous = row
    out[tuple(table[:, i] for i in range(table.shape[1]))] = values
    return out


def _sparse_to_dense_gradient(op, dy):
    indices, dims = op.inputs[:2]
    d_values = gather_nd(dy, indices)
    d_default = math_ops.reduce_sum(dy) - math_ops.reduce_sum(d_values)
    return [zeros_like(indices), zeros_like(dims), d_values, d_default]


SPARSE_TO_DENSE = OpType(
    "SparseToDense",
    "sparse_indices: Tindices, output_shape: Tindices, sparse_values: T, default_value: T -> dense: T",
    "validate_indices: bool = True; T: type; Tindices: int32|int64",
    shape=_sparse_to_dense_rule,
    kernel=core.kernel("sparse_to_dense", _sparse_to_dense_kernel),
    gradient=_sparse_to_dense_gradient,
)


def sparse_to_dense(
    sparse_indices, output_shape, sparse_values, default_value=0, validate_indices=True, name=None
):
    """`default_value` everywhere except `sparse_values` at `sparse_indices`."""
    return SPARSE_TO_DENSE(
        sparse_indices, output_shape, sparse_values, default_value, validate_indices=validate_indices, name=name
    )


def sparse_tensor_to_dense(sp_input, default_value=None, validate_indices=True, name=None):
    """Dense form of a SparseTensor."""
    sp_input = _sparse(sp_input)
    if default_value is None:
        default_value = zeros([], dtype=sp_input.dtype)
    return sparse_to_dense(
        sp_input.indices, sp_input.dense_shape, sp_input.values, default_value=default_value,
        validate_indices=validate_indices, name=name,
    )


def _sparse(value):
    if isinstance(value, SparseTensorValue):
        return SparseTensor.from_value(value)
    if not isinstance(value, SparseTensor):
        raise TypeError("Input must be a SparseTensor.")
    return value


def sparse_placeholder(dtype, shape=None, name=None):
    """SparseTensor of placeholders, to be fed a SparseTensorValue."""
    shape_name = None if name is None else name + "/shape"
    default_name = None if name is None else name + "/shape_default"
    if shape is None:
        rank = None
        dense_shape = placeholder(dtypes.int64, shape=[rank], name=shape_name)
        static = constant_value_as_shape(dense_shape)
    else:
        if isinstance(shape, core.Tensor):
            rank = shape.get_shape()._dims[0]
            static = constant_value_as_shape(shape)
        else:
            rank = len(shape)
            dims = [tensor_shape.dimension_value(d) for d in shape]
            static = tensor_shape.TensorShape([None if d == -1 else d for d in dims])
            dims = tuple(-1 if d is None else d for d in dims)
            shape = convert_to_tensor(dims, dtype=dtypes.int64, name=default_name)
        dense_shape = placeholder_with_default(shape, shape=shape.get_shape(), name=shape_name)
    values = placeholder(dtype, shape=[None], name=None if name is None else name + "/values")
    indices = placeholder(dtypes.int64, shape=[None, rank], name=None if name is None else name + "/indices")
    result = SparseTensor(indices, values, dense_shape)
    result.set_shape(static)
    return result


# ---------------------------------------------------------------- edit distance

def _edit_distance_rule(c):
    for i in (0, 3):
        with_rank(c.shape(i), 2)
    for i in (1, 2, 4, 5):
        with_rank(c.shape(i), 1)
    a, b = c.constant(2), c.constant(5)
    if a is None or b is None or len(a) != len(b):
        return [None]
    return [tuple(max(p, q) for p, q in zip(a.tolist()[:-1], b.tolist()[:-1]))]


def _levenshtein(a, b):
    previous = list(range(len(b) + 1))
    for i, p in enumerate(a, 1):
        row = [i]
        for j, q in enumerate(b, 1):
            row.append(min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (p != q)))
        previous = row
    return previous[-1]


def _sequences(indices, values):
    groups = {}
    for row, value in zip(indices.tolist(), values.tolist()):
        groups.setdefault(tuple(row[:-1]), []).append(value)
    return groups


def _edit_distance_kernel(attrs, h_indices, h_values, h_shape, t_indices, t_values, t_shape):
    dims = tuple(max(p, q) for p, q in zip(h_shape.tolist()[:-1], t_shape.tolist()[:-1]))
    out = np.zeros(dims, np.float32)
    hypothesis, truth = _sequences(h_indices, h_values), _sequences(t_indices, t_values)
    for key in {*hypothesis, *truth}:
        a, b = hypothesis.get(key, []), truth.get(key, [])
        if b or not attrs["normalize"]:
            out[key] = _levenshtein(b, a)
            if attrs["normalize"]:
                out[key] /= len(b)
        else:
            out[key] = np.inf if a else 0
    return out


EDIT_DISTANCE = OpType(
    "EditDistance",
    "hypothesis_indices: int64, hypothesis_values: T, hypothesis_shape: int64, truth_indices: int64, "
    "truth_values: T, truth_shape: int64 -> output: float32",
    "normalize: bool = True; T: type",
    shape=_edit_distance_rule,
    kernel=_edit_distance_kernel,
    gradient=core.NO_GRADIENT,
)


def edit_distance(hypothesis, truth, normalize=True, name="edit_distance"):
    """Levenshtein distance of sequences, divided by the length of the true one when `normalize`."""
    if not isinstance(hypothesis, (SparseTensor, SparseTensorValue)):
        raise TypeError("Hypothesis must be a SparseTensor.")
    if not isinstance(truth, (SparseTensor, SparseTensorValue)):
        raise TypeError("Truth must be a SparseTensor.")
    return EDIT_DISTANCE(
        hypothesis.indices, hypothesis.values, hypothesis.dense_shape, truth.indices, truth.values,
        truth.dense_shape,
        normalize=normalize, name=name,
    )

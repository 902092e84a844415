"""The largest elements and the n-th one; checks of a prediction's rank; counts in ranges."""

from collections import namedtuple

import numpy as np

from .. import _core as core
from .. import dtypes
from ..errors import InvalidArgumentError
from . import array
from ._rules import REAL, merge_dim, size_input, with_rank, with_rank_at_least

__all__ = ["in_top_k", "nth_element", "top_k"]


def _top_k_of(x, k, sort):
    """Values and positions of the `k` largest along the last axis; equal ones in order of position."""
    if x.ndim < 1:
        raise InvalidArgumentError(None, None, "input must be >= 1-D, got shape []")
    if k < 0:
        raise InvalidArgumentError(None, None, f"Need k >= 0, got {k}")
    if x.shape[-1] < k:
        raise InvalidArgumentError(
            None, None, f"input must have at least k columns. Had {x.shape[-1]}, needed {k}"
        )
    if k == 1:
        index = np.argmax(x, -1)[..., None]
    else:
        # The last k of a stable ascending sort of the reversed rows, reversed: the largest, first ones first.
        n = x.shape[-1]
        index = n - 1 - np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1][..., :k]
    return np.take_along_axis(x, index, -1), index


def _top_k_kernel(attrs, x, k):
    values, index = _top_k_of(x, int(k), attrs["sorted"])
    return values, index.astype(attrs["index_type"].as_numpy_dtype)


def _top_k_shape(c):
    shape = with_rank_at_least(c.shape(0), 1)
    k = c.attr("k") if c.n_inputs == 1 else size_input(c, 1)
    if shape is None:
        return [None, None]
    if k is not None and shape[-1] is not None and shape[-1] < k:
        raise ValueError(f"input must have last dimension >= k = {k} but is {shape[-1]}")
    out = shape[:-1] + (k,)
    return [out, out]


def _top_k_gradient(op, grad, _):
    from .cast import cast
    from .ranges import range
    from .reduce import reduce_prod

    x, index = op.inputs[0], op.outputs[1]
    in_shape, index_shape = array.shape(x), array.shape(index)
    # Rows as a matrix, and positions within the flat input.
    k = array.gather(cast(index_shape, dtypes.int64), array.size(index_shape) - 1)
    index_rows = array.reshape(index, array.stack([-1, k]))
    n_columns = array.gather(cast(in_shape, dtypes.int64), array.size(in_shape) - 1)
    n_rows = array.shape(index_rows)[0]
    starts = range(0, cast(n_rows, dtypes.int64) * n_columns, n_columns)
    flat = array.reshape(index_rows + cast(array.expand_dims(starts, -1), dtypes.int32), [-1])
    scattered = array.scatter_nd(
        array.expand_dims(flat, -1), array.reshape(grad, [-1]), [reduce_prod(in_shape)]
    )
    out = [array.reshape(scattered, in_shape)]
    return out + [array.zeros([], dtype=dtypes.int32)] * (len(op.inputs) - 1)


TOP_K_V2 = core.OpType(
    "TopKV2",
    "input: T, k: Tk -> values: T, indices: index_type",
    f"sorted: bool = True; T: {REAL}; Tk: int16|int32|int64 = int32; index_type: int16|int32|int64 = int32",
    shape=_top_k_shape,
    kernel=core.kernel("top_k", _top_k_kernel),
    gradient=_top_k_gradient,
)


TopKV2 = namedtuple("TopKV2", ["values", "indices"])


@core.repeats(ignoring="input")
def top_k(input, k=1, sorted=True, index_type=dtypes.int32, name=None):
    """The `k` largest elements along the last dimension, largest first, and their positions.

    Returns
    -------
    values, indices : Tensors of shape (..., k)
    """
    return TopKV2(*TOP_K_V2(input, k, sorted=sorted, index_type=dtypes.as_dtype(index_type), name=name))


def _nth_kernel(attrs, x, n):
    n = int(n)
    if n < 0:
        raise InvalidArgumentError(None, None, f"n must be non-negative but is {n}")
    if x.ndim < 1 or x.shape[-1] <= n:
        raise InvalidArgumentError(None, None, "Input must have at least n+1 columns")
    if attrs["reverse"]:
        n = x.shape[-1] - 1 - n
    return np.partition(x, n, axis=-1)[..., n]


def _nth_shape(c):
    shape, n = with_rank_at_least(c.shape(0), 1), c.constant(1)
    with_rank(c.shape(1), 0)
    if shape is None:
        return [None]
    if n is not None and shape[-1] is not None and shape[-1] <= n:
        raise ValueError(f"Input must have last dimension > n = {int(n)} but is {shape[-1]}")
    return [shape[:-1]]


def _nth_gradient(op, grad):
    from .arithmetic import divide
    from .cast import cast
    from .compare import equal
    from .reduce import reduce_sum

    x, y = op.inputs[0], op.outputs[0]
    chosen = cast(equal(array.expand_dims(y, -1), x), grad.dtype)
    grad = array.expand_dims(grad, -1)
    n_chosen = array.expand_dims(reduce_sum(chosen, -1), -1)
    return [divide(chosen, n_chosen) * grad, None]


NTH_ELEMENT = core.OpType(
    "NthElement",
    "input: T, n: int32 -> values: T",
    f"reverse: bool = False; T: {REAL}",
    shape=_nth_shape,
    kernel=_nth_kernel,
    gradient=_nth_gradient,
)


def nth_element(input, n, reverse=False, name=None):
    """The `n`-th smallest element (from 0) along the last dimension, or the n-th largest with `reverse`."""
    return NTH_ELEMENT(input, n, reverse=reverse, name=name)


def _in_top_k_kernel(attrs, predictions, targets, k):
    n_rows, n_classes = predictions.shape
    if len(targets) != n_rows:
        raise InvalidArgumentError(
            None, None, f"First dimension of predictions {n_rows} must match length of targets {len(targets)}"
        )
    valid = (targets >= 0) & (targets < n_classes)
    chosen = predictions[np.arange(n_rows), np.where(valid, targets, 0)]
    higher = np.add.reduce(predictions > chosen[:, None], 1, np.int64)
    finite = np.isfinite(chosen) & np.logical_and.reduce(np.isfinite(predictions), 1)
    return valid & finite & (higher < k)


def _in_top_k_shape(c):
    predictions, targets = with_rank(c.shape(0), 2), with_rank(c.shape(1), 1)
    return [(merge_dim(predictions[0], targets[0]),)]


IN_TOP_K_V2 = core.OpType(
    "InTopKV2",
    "predictions: float32, targets: T, k: T -> precision: bool",
    "T: int32|int64 = int32",
    shape=_in_top_k_shape,
    kernel=core.kernel("in_top_k", _in_top_k_kernel),
    gradient=None,
)


@core.repeats(ignoring="targets")
def in_top_k(predictions, targets, k, name=None):
    """Whether the score of each row's target is among the row's `k` best; ties count as in."""
    with core.name_scope(name, "in_top_k"):
        return IN_TOP_K_V2(predictions, targets, k, name=name)

"""Tables of counts: confusion matrices and histograms."""

import numpy as np

from .. import _core as core
from .. import dtypes
from ..conversion import convert_to_tensor
from ..errors import InvalidArgumentError
from . import array
from ._rules import with_rank

__all__ = ["confusion_matrix", "histogram_fixed_width"]


def confusion_matrix(labels, predictions, num_classes=None, dtype=dtypes.int32, name=None, weights=None):
    """How often each class (row) was predicted as each class (column), or the sum of `weights`.

    Parameters
    ----------
    labels, predictions : integer Tensors of one shape, in ``[0, num_classes)``
        A last dimension of size 1 may be missing in one of them.
    num_classes : int
        One more than the largest value by default.

    Returns
    -------
    Tensor of type `dtype` and shape (num_classes, num_classes)
    """
    from ..control_flow.basic import with_dependencies
    from .arithmetic import maximum
    from .cast import cast
    from .check import assert_less, assert_non_negative
    from .reduce import reduce_max
    from .weights_broadcast import remove_squeezable_dimensions

    with core.name_scope(name, "confusion_matrix", (predictions, labels, num_classes, weights)):
        labels = convert_to_tensor(labels, name="labels")
        predictions = convert_to_tensor(predictions, name="predictions")
        labels, predictions = remove_squeezable_dimensions(labels, predictions)
        predictions = cast(predictions, dtypes.int64)
        labels = cast(labels, dtypes.int64)
        check = assert_non_negative(labels, message="`labels` contains negative values")
        labels = with_dependencies([check], labels)
        check = assert_non_negative(predictions, message="`predictions` contains negative values")
        predictions = with_dependencies([check], predictions)
        if num_classes is None:
            num_classes = maximum(reduce_max(predictions), reduce_max(labels)) + 1
        else:
            bound = cast(num_classes, dtypes.int64)
            labels = with_dependencies([assert_less(labels, bound, message="`labels` out of bound")], labels)
            check = assert_less(predictions, bound, message="`predictions` out of bound")
            predictions = with_dependencies([check], predictions)
        if weights is not None:
            weights = convert_to_tensor(weights, name="weights")
            predictions.shape.assert_is_compatible_with(weights.shape)
            weights = cast(weights, dtype)
        shape = array.stack([num_classes, num_classes])
        indices = array.stack([labels, predictions], axis=1)
        values = array.ones_like(predictions, dtype) if weights is None else weights
        return array.scatter_nd(indices=indices, updates=values, shape=cast(shape, dtypes.int64))


# ---------------------------------------------------------------- histograms


def _histogram_kernel(attrs, values, value_range, nbins):
    nbins = int(nbins)
    if nbins <= 0:
        raise InvalidArgumentError(None, None, f"nbins should be a positive number, but got '{nbins}'")
    low, high = np.float64(value_range[0]), np.float64(value_range[1])
    if not low < high:
        raise InvalidArgumentError(
            None, None, f"value_range should satisfy value_range[0] < value_range[1], but got '[{low}, {high}]'"
        )
    step = (high - low) / nbins
    bins = np.clip(np.floor((np.float64(values).reshape(-1) - low) / step), 0, nbins - 1)
    return np.bincount(bins.astype(np.int64), minlength=nbins).astype(attrs["dtype"].as_numpy_dtype)


def _histogram_shape(c):
    (n_ends,) = with_rank(c.shape(1), 1)
    if n_ends not in (None, 2):
        raise ValueError(f"Dimension must be 2 but is {n_ends}")
    with_rank(c.shape(2), 0)
    nbins = c.constant(2)
    return [(None if nbins is None else int(nbins),)]


HISTOGRAM_FIXED_WIDTH = core.OpType(
    "HistogramFixedWidth",
    "values: T, value_range: T, nbins: int32 -> out: dtype",
    "T: int32|int64|float32|float64; dtype: int32|int64 = int32",
    shape=_histogram_shape,
    kernel=_histogram_kernel,
    gradient=None,
)


def histogram_fixed_width(values, value_range, nbins=100, dtype=dtypes.int32, name=None):
    """Number of `values` in each of `nbins` parts of equal width of `value_range`.

    What lies outside counts in the first or the last part.
    """
    return HISTOGRAM_FIXED_WIDTH(
        values, value_range, nbins, dtype=dtypes.as_dtype(dtype), name=name, default_name="histogram_fixed_width"
    )

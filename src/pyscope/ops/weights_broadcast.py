"""Weights that fit values: a scalar, or of the same rank and each dimension equal or 1."""

from .. import _core as core
from ..conversion import convert_to_tensor
from ..static_value import constant_value
from . import array

__all__ = ["assert_broadcastable", "broadcast_weights", "remove_squeezable_dimensions"]

_PREFIX = "weights can not be broadcast to values."


def assert_broadcastable(weights, values):
    """Operation that checks `weights` against `values`: nothing to do if their shapes are known.

    Raises
    ------
    ValueError
        If they are known not to fit.
    """
    from .. import no_op

    with core.name_scope(None, "assert_broadcastable", (weights, values)) as scope:
        weights, weights_shape, weights_rank = _described("weights", weights)
        static_weights_rank = constant_value(weights_rank)
        values, values_shape, values_rank = _described("values", values)
        static_values_rank = constant_value(values_rank)
        if static_weights_rank is not None and static_values_rank is not None:
            if static_weights_rank == 0:
                return no_op(name="static_scalar_check_success")
            if static_weights_rank != static_values_rank:
                raise ValueError(
                    f"{_PREFIX} values.rank={static_values_rank}. weights.rank={static_weights_rank}. "
                    f"values.shape={values.shape}. weights.shape={weights.shape}. Received "
                    f"weights={weights}, values={values}"
                )
            weights_dims, values_dims = constant_value(weights_shape), constant_value(values_shape)
            if weights_dims is not None and values_dims is not None:
                for i, (m, n) in enumerate(zip(weights_dims, values_dims)):
                    if m not in (1, n):
                        raise ValueError(
                            f"{_PREFIX} Mismatch at dim {i}. values.shape={values_dims}, "
                            f"weights.shape={weights_dims}. Received weights={weights}, values={values}"
                        )
                return no_op(name="static_dims_check_success")
        from .. import Assert, cond
        from .compare import equal

        is_scalar = equal(0, weights_rank, name="is_scalar")
        data = (
            _PREFIX,
            "weights.shape=", weights.name, weights_shape,
            "values.shape=", values.name, values_shape,
            "is_scalar=", is_scalar,
        )  # fmt: skip
        fits = cond(
            is_scalar,
            lambda: is_scalar,
            lambda: _same_rank_fits(weights_rank, weights_shape, values_rank, values_shape),
            name="is_valid_shape",
        )
        return Assert(fits, data, name=scope)


def _described(name, x):
    with core.name_scope(None, name, (x,)) as scope:
        x = convert_to_tensor(x, name=scope)
        return x, array.shape(x, name="shape"), array.rank(x, name="rank")


def _same_rank_fits(weights_rank, weights_shape, values_rank, values_shape):
    from .. import cond
    from .compare import equal

    parts = (weights_rank, weights_shape, values_rank, values_shape)
    with core.name_scope(None, "has_valid_nonscalar_shape", parts) as scope:
        same_rank = equal(values_rank, weights_rank, name="is_same_rank")
        return cond(same_rank, lambda: _dims_fit(weights_shape, values_shape), lambda: same_rank, name=scope)


def _dims_fit(weights_shape, values_shape):
    from .compare import equal
    from .sets import set_difference

    with core.name_scope(None, "has_invalid_dims", (weights_shape, values_shape)) as scope:
        values_column = array.expand_dims(values_shape, -1)
        valid = array.concat((values_column, array.ones_like(values_column)), axis=1)
        weights_column = array.expand_dims(weights_shape, -1)
        invalid = set_difference(weights_column, valid)
        n_invalid = array.size(invalid.values, name="num_invalid_dims")
        return equal(0, n_invalid, name=scope)


def broadcast_weights(weights, values):
    """`weights` with the shape of `values`."""
    from .arithmetic import multiply

    with core.name_scope(None, "broadcast_weights", (weights, values)) as scope:
        values = convert_to_tensor(values, name="values")
        weights = convert_to_tensor(weights, dtype=values.dtype.base_dtype, name="weights")
        if weights.shape.is_fully_defined() and weights.shape == values.shape:
            return weights
        check = assert_broadcastable(weights, values)
        with core.get_default_graph().control_dependencies((check,)):
            return multiply(weights, array.ones_like(values), name=scope)


def remove_squeezable_dimensions(labels, predictions, expected_rank_diff=0, name=None):
    """Squeeze a last dimension of 1 off whichever has one more than `expected_rank_diff` allows."""
    from .. import cond
    from .compare import equal

    with core.name_scope(name, "remove_squeezable_dimensions", [labels, predictions]):
        predictions = convert_to_tensor(predictions)
        labels = convert_to_tensor(labels)
        p_dims, l_dims = predictions.shape._dims, labels.shape._dims
        if l_dims is not None and p_dims is not None:
            rank_diff = len(p_dims) - len(l_dims)
            if rank_diff == expected_rank_diff + 1 and p_dims[-1] in (None, 1):
                predictions = array.squeeze(predictions, [-1])
            elif rank_diff == expected_rank_diff - 1 and l_dims[-1] in (None, 1):
                labels = array.squeeze(labels, [-1])
            return labels, predictions
        rank_diff = array.rank(predictions) - array.rank(labels)
        full_predictions, full_labels = predictions, labels
        if p_dims is None or p_dims[-1] in (None, 1):
            predictions = cond(
                equal(expected_rank_diff + 1, rank_diff),
                lambda: array.squeeze(full_predictions, [-1]),
                lambda: full_predictions,
            )
        if l_dims is None or l_dims[-1] in (None, 1):
            labels = cond(
                equal(expected_rank_diff - 1, rank_diff),
                lambda: array.squeeze(full_labels, [-1]),
                lambda: full_labels,
            )
        return labels, predictions

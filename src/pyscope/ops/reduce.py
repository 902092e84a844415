"""Reductions over axes: sums, means, extrema, logic, norms, and the statistics built from them."""

import numpy as np

from .. import _core as core
from .. import dtypes
from ..conversion import constant, convert_to_tensor
from ..errors import InvalidArgumentError
from ..static_value import constant_value
from . import array
from ._rules import REAL, reduced, reduction, renamed

__all__ = [
    "count_nonzero", "reduce_all", "reduce_any", "reduce_euclidean_norm", "reduce_logsumexp", "reduce_max",
    "reduce_mean", "reduce_min", "reduce_prod", "reduce_std", "reduce_sum", "reduce_variance",
]  # fmt: skip


# ---------------------------------------------------------------- kernels


def _axes(x, axes):
    """The axes in the array `axes` as a tuple of numbers below the rank of `x`."""
    rank, out = x.ndim, []
    for axis in axes.reshape(-1).tolist():
        if not -rank <= axis < rank:
            raise InvalidArgumentError(
                None, None, f"Invalid reduction dimension ({axis} for input with {rank} dimension(s)"
            )
        axis %= rank
        if axis in out:
            raise InvalidArgumentError(
                None, None, f"Invalid reduction arguments: Axes contains duplicate dimension: {axis}"
            )
        out.append(axis)
    return tuple(out)


def _alone(x, axes, keep):
    """`x` in the shape of the result if each element is alone in its sum, else None. TF hands its memory on."""
    if len(axes) and x.size != 1:
        for axis in axes:
            if x.shape[axis] != 1:
                return None
    if keep or not axes:
        return x
    return x.reshape([n for i, n in enumerate(x.shape) if i not in axes])


def _sum_kernel(attrs, x, axes):
    axes = _axes(x, axes)
    same = _alone(x, axes, attrs["keep_dims"])
    if same is not None:
        return same
    if x.dtype == np.float16:  # TF adds halves in single precision
        return np.add.reduce(x, axes, np.float32, keepdims=attrs["keep_dims"]).astype(np.float16)
    return np.add.reduce(x, axes, x.dtype, keepdims=attrs["keep_dims"])


def _mean_kernel(attrs, x, axes):
    axes = _axes(x, axes)
    keep = attrs["keep_dims"]
    same = _alone(x, axes, keep)
    if same is not None:
        return same
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    if x.dtype.kind in "iu":
        total = np.asarray(
            np.add.reduce(x, axes, np.int64 if x.dtype.kind == "i" else np.uint64, keepdims=keep)
        )
        quotient = np.absolute(total) // max(count, 1)
        return (np.sign(total) * quotient).astype(x.dtype)  # rounded towards 0
    kind = np.float32 if x.dtype == np.float16 else x.dtype.type
    total = np.add.reduce(x, axes, kind, keepdims=keep)
    return np.divide(total, kind(count)).astype(x.dtype)


def _prod_kernel(attrs, x, axes):
    axes = _axes(x, axes)
    same = _alone(x, axes, attrs["keep_dims"])
    return np.multiply.reduce(x, axes, x.dtype, keepdims=attrs["keep_dims"]) if same is None else same


def _extremum_kernel(function, empty):
    def kernel(attrs, x, axes):
        axes = _axes(x, axes)
        same = _alone(x, axes, attrs["keep_dims"])
        if same is not None:
            return same
        if x.size == 0:
            limits = np.iinfo(x.dtype) if x.dtype.kind in "iu" else np.finfo(x.dtype)
            value = (
                getattr(limits, empty) if x.dtype.kind in "iu" else (-np.inf if empty == "min" else np.inf)
            )
            return function.reduce(x, axes, keepdims=attrs["keep_dims"], initial=x.dtype.type(value))
        return function.reduce(x, axes, keepdims=attrs["keep_dims"])

    return kernel


def _logic_kernel(function):
    return lambda attrs, x, axes: function.reduce(x, _axes(x, axes), keepdims=attrs["keep_dims"])


def _norm_kernel(attrs, x, axes):
    squares = (x * np.conj(x)).astype(np.float32 if x.dtype == np.float16 else x.dtype)
    total = np.add.reduce(squares, _axes(x, axes), squares.dtype, keepdims=attrs["keep_dims"])
    return np.sqrt(total).astype(x.dtype)


# ---------------------------------------------------------------- gradients


def reduced_shape(input_shape, axes):
    """Shape with 1 in place of each reduced dimension: an array if all is constant, else a Tensor."""
    from .ranges import range

    known_shape = constant_value(input_shape) if isinstance(input_shape, core.Tensor) else input_shape
    if known_shape is not None:
        known_axes = constant_value(axes) if isinstance(axes, core.Tensor) else axes
        if known_axes is not None:
            out = np.array(known_shape, np.int32)
            out[np.array(known_axes, np.int32)] = 1
            return out
    axes = convert_to_tensor(axes)
    rank = array.size(input_shape, out_type=axes.dtype)
    axes = (axes + rank) % rank
    axes_shape = array.shape(axes)
    return array.dynamic_stitch(
        [range(rank), axes], [input_shape, array.ones(axes_shape, dtype=input_shape.dtype)]
    )


def _sum_gradient(op, grad):
    x = op.inputs[0]
    dims = x.shape._dims
    if dims is not None:
        axes = constant_value(op.inputs[1])
        if axes is not None:
            if np.array_equal(axes, np.arange(len(dims))):
                grad = array.reshape(grad, [1] * len(dims))
                shape = array.shape(x) if None in dims else constant(dims, dtype=dtypes.int32)
                return [array.tile(grad, shape), None]
            if None not in dims:
                kept, multiples = _tile_plan(dims, tuple(axes.reshape(-1).tolist()))
                return [array.tile(array.reshape(grad, kept), multiples), None]
    input_shape = array.shape(x)
    if not op.get_attr("keep_dims"):
        with core.get_default_graph().colocate_with(input_shape.op):
            kept = reduced_shape(input_shape, op.inputs[1])
        grad = array.reshape(grad, kept)
    return [array.broadcast_to(grad, input_shape), None]


def _tile_plan(dims, axes):
    """How to spread a reduced gradient: the shape to give it, and how often to repeat each dimension.

    TF computes the repetitions with two operations, which stay in the graph, once per graph, shape and axes.
    """
    from .arithmetic import maximum

    core.not_again()
    cache = core.get_default_graph().extras.setdefault("reduced_shape_cache", {})
    plan = cache.get((dims, axes))
    if plan is None:
        kept = reduced_shape(dims, axes)
        dims // maximum(kept, 1)
        plan = kept.tolist(), (np.array(dims) // np.maximum(kept, 1)).tolist()
        cache[dims, axes] = plan
    return plan


def _mean_gradient(op, grad):
    from .arithmetic import truediv
    from .cast import cast

    total = _sum_gradient(op, grad)[0]
    in_dims, out_dims = op.inputs[0].shape._dims, op.outputs[0].shape._dims
    if in_dims is not None and out_dims is not None and None not in in_dims and None not in out_dims:
        factor = int(np.prod(in_dims)) // max(int(np.prod(out_dims)), 1)
        factor = constant(factor, dtype=total.dtype)
    else:
        input_shape = array.shape(op.inputs[0])
        rank = array.size(input_shape)
        axes = cast(op.inputs[1], rank.dtype)
        axes = (axes + rank) % rank
        factor = reduce_prod(array.gather(input_shape, axes))
    return [truediv(total, cast(factor, total.dtype)), None]


def _extremum_gradient(op, grad):
    from .arithmetic import divide
    from .cast import cast
    from .compare import equal

    x, y = op.inputs[0], op.outputs[0]
    input_shape = array.shape(x)
    if op.get_attr("keep_dims"):
        kept = array.shape(y)
    else:
        kept = reduced_shape(input_shape, op.inputs[1])
        y = array.reshape(y, kept)
        grad = array.reshape(grad, kept)
    # Elements that share the extremum share its gradient.
    chosen = cast(equal(y, x), grad.dtype)
    n_chosen = array.reshape(reduce_sum(chosen, op.inputs[1]), kept)
    return [divide(chosen, n_chosen) * grad, None]


def _prod_gradient(op, grad):
    from .cast import cast, conj
    from .ranges import range
    from .scan import cumprod

    x = op.inputs[0]
    input_shape = array.shape(x)
    axes = array.reshape(op.inputs[1], [-1])
    if not op.get_attr("keep_dims"):
        grad = array.reshape(grad, reduced_shape(input_shape, op.inputs[1]))
    grad = array.broadcast_to(grad, input_shape)
    with core.get_default_graph().device("/cpu:0"):
        rank = array.rank(x)
        axes = cast(axes, rank.dtype)
        dropped = (axes + rank) % rank
        index = range(0, rank)
        other, _ = array.setdiff1d(index, dropped, dropped.dtype)
        perm = array.concat([dropped, other], 0)
        n_dropped = reduce_prod(array.gather(input_shape, dropped))
        n_other = reduce_prod(array.gather(input_shape, other))
    permuted = array.transpose(x, perm)
    permuted_shape = array.shape(permuted)
    reshaped = array.reshape(permuted, (n_dropped, n_other))
    # The product of all other elements, also where some are 0: those before times those after.
    left = cumprod(reshaped, axis=0, exclusive=True)
    right = cumprod(reshaped, axis=0, exclusive=True, reverse=True)
    y = array.reshape(conj(left) * conj(right), permuted_shape)
    out = grad * array.transpose(y, array.invert_permutation(perm))
    return [array.reshape(out, input_shape), None]


def _norm_gradient(op, grad):
    from .arithmetic import truediv

    x, y = op.inputs[0], op.outputs[0]
    if not op.get_attr("keep_dims"):
        kept = reduced_shape(array.shape(x), op.inputs[1])
        y = array.reshape(y, kept)
        grad = array.reshape(grad, kept)
    return [truediv(x, y / grad), None]


# ---------------------------------------------------------------- op types

_ORDERED = REAL + "|qint8|quint8|qint32|qint16|quint16"

SUM = reduction("Sum", core.kernel("sum", _sum_kernel), _sum_gradient)
MEAN = reduction("Mean", core.kernel("mean", _mean_kernel), _mean_gradient)
PROD = reduction("Prod", core.kernel("prod", _prod_kernel), _prod_gradient)
MAX = reduction("Max", core.kernel("max", _extremum_kernel(np.maximum, "min")), _extremum_gradient, _ORDERED)
MIN = reduction("Min", core.kernel("min", _extremum_kernel(np.minimum, "max")), _extremum_gradient, _ORDERED)
EUCLIDEAN_NORM = reduction("EuclideanNorm", _norm_kernel, _norm_gradient)


def _logic(type, function, typed):
    return core.OpType(
        type,
        "input: bool, reduction_indices: Tidx -> output: bool",
        "keep_dims: bool = False; Tidx: int32|int64 = int32",
        shape=reduced,
        kernel=core.kernel(typed, _logic_kernel(function)),  # of 0 and 1
        gradient=None,
    )


ALL = _logic("All", np.logical_and, "min")
ANY = _logic("Any", np.logical_or, "max")


# ---------------------------------------------------------------- functions


_AXES = [[*range(rank)] for rank in range(9)]


def _all_axes(x, axis):
    """The axes to reduce: `axis`, or all of `x`."""
    if axis is not None:
        return axis
    if x.__class__ is core.Tensor:
        dims = x.shape._dims
        rank = None if dims is None else len(dims)
    else:
        rank = getattr(getattr(x, "shape", None), "rank", None)
    if rank:
        return constant(_AXES[rank] if rank < len(_AXES) else np.arange(rank, dtype=np.int32))
    from .ranges import range

    return range(0, array.rank(x))


def _scalar_if_all(out, axis, keepdims):
    """Tell the shape of a reduction over all axes, which an input of unknown rank hides."""
    if axis is None and not keepdims and not out.shape.is_fully_defined():
        out.set_shape(())
    return out


_NAMES = {
    "input_tensor": "input", "axis": "reduction_indices", "keepdims": "keep_dims", "reduction_indices": None,
    "keep_dims": None,
}  # fmt: skip


def _reduce(op_type, x, axis, keepdims, name, reduction_indices=None, keep_dims=None):
    axis = renamed("axis", axis, "reduction_indices", reduction_indices)
    keepdims = bool(renamed("keepdims", keepdims, "keep_dims", keep_dims))
    out = op_type(x, _all_axes(x, axis), keep_dims=keepdims, name=name)
    return _scalar_if_all(out, axis, keepdims)


@core.repeats(ignoring="input_tensor")
@core.direct(SUM, names=_NAMES)
def reduce_sum(input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None):
    """Sum over `axis` (an int, a list of them, or None for all); `keepdims` keeps them with size 1.

    `reduction_indices` and `keep_dims` are older names of `axis` and `keepdims`.

    Raises
    ------
    ValueError
        If an axis is out of range, or an argument was given under both names.
    """
    return _reduce(SUM, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


@core.repeats(ignoring="input_tensor")
@core.direct(MEAN, names=_NAMES)
def reduce_mean(input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None):
    """Mean over `axis`; of integers, rounded towards 0. Arguments as in `reduce_sum`."""
    return _reduce(MEAN, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


@core.repeats(ignoring="input_tensor")
@core.direct(PROD, names=_NAMES)
def reduce_prod(input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None):
    """Product over `axis`. Arguments as in `reduce_sum`."""
    return _reduce(PROD, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


@core.repeats(ignoring="input_tensor")
@core.direct(MAX, names=_NAMES)
def reduce_max(input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None):
    """Largest element over `axis`. Arguments as in `reduce_sum`."""
    return _reduce(MAX, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


@core.repeats(ignoring="input_tensor")
@core.direct(MIN, names=_NAMES)
def reduce_min(input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None):
    """Smallest element over `axis`. Arguments as in `reduce_sum`."""
    return _reduce(MIN, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


@core.repeats(ignoring="input_tensor")
@core.direct(ALL, names=_NAMES)
def reduce_all(input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None):
    """Whether all elements of a bool tensor over `axis` are true. Arguments as in `reduce_sum`."""
    return _reduce(ALL, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


@core.repeats(ignoring="input_tensor")
@core.direct(ANY, names=_NAMES)
def reduce_any(input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None):
    """Whether any element of a bool tensor over `axis` is true. Arguments as in `reduce_sum`."""
    return _reduce(ANY, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


@core.repeats(ignoring="input_tensor")
def reduce_euclidean_norm(input_tensor, axis=None, keepdims=False, name=None):
    """Square root of the sum of squares over `axis`."""
    return _reduce(EUCLIDEAN_NORM, input_tensor, axis, keepdims, name)


@core.repeats(ignoring="input_tensor")
def reduce_logsumexp(
    input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None
):
    """``log(sum(exp(x)))`` over `axis`, with the maximum subtracted first. Arguments as in `reduce_sum`."""
    from .arithmetic import add, subtract
    from .compare import is_finite
    from .elementwise import exp, log

    axis = renamed("axis", axis, "reduction_indices", reduction_indices)
    keepdims = renamed("keepdims", keepdims, "keep_dims", keep_dims)
    with core.name_scope(name, "ReduceLogSumExp", [input_tensor]) as name:
        raw_max = reduce_max(input_tensor, axis=axis, keepdims=True)
        shift = array.stop_gradient(array.where_v2(is_finite(raw_max), raw_max, 0))
        result = log(reduce_sum(exp(subtract(input_tensor, shift)), axis=axis, keepdims=keepdims))
        if not keepdims:
            shift = array.reshape(shift, array.SHAPE(result))
        return _scalar_if_all(add(result, shift, name=name), axis, keepdims)


@core.repeats(ignoring="input_tensor")
def reduce_variance(input_tensor, axis=None, keepdims=False, name=None):
    """Mean squared distance from the mean over `axis`.

    Raises
    ------
    TypeError
        If `input_tensor` has integers.
    """
    from .arithmetic import MUL
    from .cast import CONJ, REAL
    from .elementwise import square

    with core.name_scope(name or "reduce_variance"):
        x = convert_to_tensor(input_tensor)
        means = reduce_mean(x, axis=axis, keepdims=True)
        if means.dtype.is_integer:
            raise TypeError(f"Input must be either real or complex. Received integer type {means.dtype}.")
        diff = x - means
        if diff.dtype.is_complex:
            squares = REAL(MUL(CONJ(diff), diff), Tout=diff.dtype.real_dtype)
        else:
            squares = square(diff)
        return reduce_mean(squares, axis=axis, keepdims=keepdims)


@core.repeats(ignoring="input_tensor")
def reduce_std(input_tensor, axis=None, keepdims=False, name=None):
    """Standard deviation over `axis`: the square root of `reduce_variance`."""
    from .elementwise import sqrt

    with core.name_scope(name or "reduce_std"):
        x = convert_to_tensor(input_tensor)
        return sqrt(reduce_variance(x, axis=axis, keepdims=keepdims))


def count_nonzero(
    input_tensor=None, axis=None, keepdims=None, dtype=dtypes.int64, name=None, reduction_indices=None,
    keep_dims=None, input=None,
):  # fmt: skip
    """Number of elements over `axis` that are not 0 (or not empty, or true), as `dtype`."""
    from .cast import cast
    from .compare import not_equal

    keepdims = renamed("keepdims", keepdims, "keep_dims", keep_dims)
    x = renamed("input", input, "input_tensor", input_tensor)
    axis = renamed("axis", axis, "reduction_indices", reduction_indices)
    with core.name_scope(name, "count_nonzero", [x]):
        x = convert_to_tensor(x, name="input")
        predicate = x if x.dtype == dtypes.bool else not_equal(x, array.zeros([], dtype=x.dtype))
        counts = reduce_sum(cast(predicate, dtypes.int64), axis=axis, keepdims=keepdims)
        return cast(counts, dtype=dtype)

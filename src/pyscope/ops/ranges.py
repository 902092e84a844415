"""Sequences of evenly spaced numbers."""

import builtins

import numpy as np

from .. import _core as core
from .. import dtypes
from ..conversion import convert_to_tensor, register_tensor_conversion_function
from ..errors import InvalidArgumentError
from . import array
from ._rules import FLOATING, with_rank

__all__ = ["lin_space", "linspace", "range"]


def _range_size(start, limit, delta):
    """Number of elements of a range, in exact arithmetic for integers and doubles for the rest."""
    if delta == 0:
        raise ValueError("Requires delta != 0")
    if delta > 0 and start > limit:
        raise ValueError(f"Requires start <= limit when delta > 0: {start}/{limit}")
    if delta < 0 and start < limit:
        raise ValueError(f"Requires start >= limit when delta < 0: {start}/{limit}")
    if isinstance(start, int):
        return -((start - limit) // delta)
    return int(np.ceil(abs((limit - start) / delta)))


def _range_shape(c):
    for i in builtins.range(3):
        with_rank(c.shape(i), 0)
    values = [c.constant(i) for i in builtins.range(3)]
    if any(value is None for value in values):
        return [(None,)]
    values = [value.item() for value in values]
    if not all(map(np.isfinite, values)):
        return [(None,)]             # the run finds fault with that
    return [(_range_size(*values),)]


def _range_kernel(attrs, start, limit, delta):
    if delta == 0:
        raise InvalidArgumentError(None, None, f"Requires delta != 0: {delta}")
    try:
        size = _range_size(start.item(), limit.item(), delta.item())
    except ValueError as error:
        raise InvalidArgumentError(None, None, str(error)) from None
    if start.dtype.kind in "iu":
        first, step = start.item(), delta.item()
        return np.arange(first, first + size * step, step, start.dtype)
    # Each element is the one before plus delta, rounded each time, as TF's loop does.
    out = np.full(size, delta, start.dtype)
    if size:
        out[0] = start
    return np.add.accumulate(out, dtype=start.dtype)


RANGE = core.OpType(
    "Range",
    "start: Tidx, limit: Tidx, delta: Tidx -> output: Tidx",
    "Tidx: bfloat16|float16|float32|float64|int8|int16|int32|int64|uint16|uint32|uint64 = int32",
    shape=_range_shape,
    kernel=core.kernel("range", _range_kernel),
    gradient=core.NO_GRADIENT,
)

_BY_PRECISION = [
    dtypes.int32, dtypes.int64, dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64,
]  # fmt: skip


@core.repeats(reading="start limit delta")
def range(start, limit=None, delta=1, dtype=None, name="range"):
    """Numbers from `start` (0 if only one bound is given) up to, but without, `limit`, in steps of `delta`.

    Without `dtype` they have the most precise type of the three arguments.
    """
    from .cast import cast

    if limit is None:
        start, limit = 0, start
    with core.name_scope(name, "Range", [start, limit, delta]) as name:
        if not isinstance(start, core.Tensor):
            start = convert_to_tensor(start, dtype=dtype, name="start")
        if not isinstance(limit, core.Tensor):
            limit = convert_to_tensor(limit, dtype=dtype, name="limit")
        if not isinstance(delta, core.Tensor):
            delta = convert_to_tensor(delta, dtype=dtype, name="delta")
        if dtype is None:
            types = [start.dtype, limit.dtype, delta.dtype]
            if not all(t in _BY_PRECISION for t in types):
                raise AssertionError
            dtype = max(types, key=_BY_PRECISION.index)
        return RANGE(cast(start, dtype), cast(limit, dtype), cast(delta, dtype), name=name)


def _convert_range(value, dtype=None, name=None, as_ref=False):
    return range(value.start, value.stop, value.step, dtype=dtype, name=name)


register_tensor_conversion_function(builtins.range, _convert_range)


# ---------------------------------------------------------------- linspace


def _lin_space_shape(c):
    for i in builtins.range(3):
        with_rank(c.shape(i), 0)
    num = c.constant(2)
    if num is None:
        return [(None,)]
    if num <= 0:
        raise ValueError(f"Requires num > 0: {num}")
    return [(int(num),)]


def _lin_space_kernel(attrs, start, stop, num):
    if num <= 0:
        raise InvalidArgumentError(None, None, f"Requires num > 0: {num}")
    if num == 1:
        return start.reshape(1)
    step = (stop - start) / (int(num) - 1)
    out = (start + step * np.arange(int(num), dtype=start.dtype)).astype(start.dtype)
    out[-1] = stop
    return out


LIN_SPACE = core.OpType(
    "LinSpace",
    "start: T, stop: T, num: Tidx -> output: T",
    f"T: {FLOATING}; Tidx: int32|int64 = int32",
    shape=_lin_space_shape,
    kernel=_lin_space_kernel,
    gradient=core.NO_GRADIENT,
)


@core.repeats(reading="start stop num")
def linspace(start, stop, num, name=None, axis=0):
    """`num` numbers from `start` to `stop`, both included; of tensors, stacked along a new `axis`.

    TF 2 builds this from several operations; `LIN_SPACE` is the single one of TF 1.
    """
    from .arithmetic import MAXIMUM
    from .cast import cast
    from .compare import EQUAL

    with core.name_scope(name, "linspace", [start, stop]):
        start = convert_to_tensor(start, name="start")
        stop = convert_to_tensor(stop, name="stop", dtype=start.dtype)
        num_int = _int_tensor(num)
        num = cast(num_int, dtype=start.dtype)
        shape = array.broadcast_dynamic_shape(array.shape(start), array.shape(stop))
        start = array.broadcast_to(start, shape)
        stop = array.broadcast_to(stop, shape)
        first = array.expand_dims(start, axis=axis)
        last = array.expand_dims(stop, axis=axis)
        shape = array.shape(first)
        n_dims = array.shape(shape)[0]
        axis = array.where_v2(axis >= 0, axis, n_dims + axis)
        n_inner = MAXIMUM(num_int - 2, 0)
        n_steps = MAXIMUM(num_int - 1, 1)
        delta = (last - first) / cast(n_steps, last.dtype)
        first = cast(first, delta.dtype)
        last = cast(last, delta.dtype)
        range_end = array.where_v2(num_int >= 0, n_steps, -1)
        steps = cast(range(1, range_end, dtype=dtypes.int64), delta.dtype)
        along_axis = EQUAL(axis, range(n_dims))
        steps = array.reshape(steps, array.where_v2(along_axis, n_inner, 1))
        inner = first + delta * steps
        joined = array.concat((first, inner, last), axis=axis)
        begin = array.zeros_like(shape)
        size = array.concat((shape[0:axis], array.reshape(num_int, [1]), shape[axis + 1 :]), axis=0)
        return array.slice(joined, begin, size)


lin_space = linspace


def _int_tensor(num):
    from .cast import CAST

    num = convert_to_tensor(num, name="num", dtype_hint=dtypes.int32)
    if not num.dtype.is_integer:
        raise TypeError(
            "Argument `tensor` (name: num) must be of type integer. "
            f"Received `tensor` = {num} of dtype: {num.dtype}"
        )
    return CAST(num, DstT=dtypes.int32)

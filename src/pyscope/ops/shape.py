"""Shapes: reading, changing and broadcasting them."""

import numpy as np

from .. import _core as core
from .. import dtypes, errors, tensor_shape
from .._core import OpType
from ..conversion import constant, convert_to_tensor
from . import math as math_ops
from ._array_rules import (
    broadcast,
    int_array,
    n_elements,
    show,
    vector,
    with_rank,
    with_rank_at_most,
)


def _out(attrs, values):
    return np.array(values, dtype=attrs["out_type"].as_numpy_dtype)


def deprecated_argument(new_name, new_value, old_name, old_value):
    """The value given under the new or the old spelling of an argument, not both."""
    if old_value is not None:
        if new_value is not None:
            raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'.")
        return old_value
    return new_value


def is_sparse(x):
    from ..sparse_tensor import SparseTensor, SparseTensorValue

    return isinstance(x, (SparseTensor, SparseTensorValue))


# ---------------------------------------------------------------- reading

def _shape_rule(c):
    shape = c.shape(0)
    return [(None if shape is None else len(shape),)]


SHAPE = OpType(
    "Shape",
    "input: T -> output: out_type",
    "T: type; out_type: int32|int64 = int32",
    shape=_shape_rule,
    kernel=core.kernel("shape", lambda attrs, x: _out(attrs, x.shape)),
    gradient=core.NO_GRADIENT,
)


@core.repeats(ignoring="input")
def shape(input, name=None, out_type=dtypes.int32):
    """Shape of a tensor as a vector; a constant when it is known statically."""
    return shape_internal(input, name, optimize=True, out_type=out_type or dtypes.int32)


def shape_v2(input, out_type=dtypes.int32, name=None):
    """`shape` with TF2's order of arguments."""
    return shape_internal(input, name, optimize=True, out_type=out_type or dtypes.int32)


def shape_internal(input, name=None, optimize=True, out_type=None):
    with core.name_scope(name, "Shape", [input]) as name:
        if input.__class__ is not core.Tensor and is_sparse(input):
            return core.op_type("Cast")(input.dense_shape, DstT=out_type or dtypes.int32)
        input = convert_to_tensor(input)
        static = input.get_shape()
        if optimize and static.is_fully_defined():
            if not out_type:
                return convert_to_tensor(static)
            out_type = dtypes.as_dtype(out_type)
            return constant([*static._dims], out_type, name=name)
        return SHAPE(input, out_type=out_type or dtypes.int32, name=name)


def _shape_n_rule(c):
    return [(None if s is None else len(s),) for s in map(c.shape, range(c.n_inputs))]


SHAPE_N = OpType(
    "ShapeN",
    "input: N*T -> output: N*out_type",
    "N: int >= 1; T: type; out_type: int32|int64 = int32",
    shape=_shape_n_rule,
    kernel=core.kernel("shape", lambda attrs, *xs: [_out(attrs, x.shape) for x in xs]),
    gradient=core.NO_GRADIENT,
)


def shape_n(input, out_type=dtypes.int32, name=None):
    """Shapes of several tensors of one type."""
    return SHAPE_N(input, out_type=out_type, name=name)


SIZE = OpType(
    "Size",
    "input: T -> output: out_type",
    "T: type; out_type: int32|int64 = int32",
    shape="scalar",
    kernel=core.kernel("size", lambda attrs, x: _out(attrs, x.size)),
    gradient=core.NO_GRADIENT,
)


@core.repeats(ignoring="input")
def size(input, name=None, out_type=dtypes.int32):
    """Number of elements of a tensor; a constant when it is known statically."""
    return size_internal(input, name, optimize=True, out_type=out_type or dtypes.int32)


def size_v2(input, out_type=dtypes.int32, name=None):
    """`size` with TF2's order of arguments."""
    return size_internal(input, name, optimize=True, out_type=out_type or dtypes.int32)


def size_internal(input, name=None, optimize=True, out_type=dtypes.int32):
    with core.name_scope(name, "Size", [input]) as name:
        if is_sparse(input):
            cast = core.op_type("Cast")(input.dense_shape, DstT=out_type)
            return core.op_type("Prod")(cast, 0, name=name)
        input = convert_to_tensor(input)
        static = input.get_shape()
        if optimize:
            if static.is_fully_defined():
                return constant(static.num_elements(), out_type, name=name)
            if static._dims is not None and 0 in static._dims:
                return constant(0, out_type, name=name)
        return SIZE(input, out_type=out_type, name=name)


RANK = OpType(
    "Rank",
    "input: T -> output: int32",
    "T: type",
    shape="scalar",
    kernel=lambda attrs, x: np.array(x.ndim, np.int32),
    gradient=core.NO_GRADIENT,
)


@core.repeats(ignoring="input")
def rank(input, name=None):
    """Number of dimensions of a tensor; a constant when it is known statically."""
    return rank_internal(input, name, optimize=True)


def rank_internal(input, name=None, optimize=True):
    with core.name_scope(name, "Rank", [input]) as name:
        if is_sparse(input):
            return SIZE(input.dense_shape, name=name)
        input = convert_to_tensor(input)
        static = input.get_shape()
        if optimize and static.ndims is not None:
            return constant(static.ndims, dtypes.int32, name=name)
        return RANK(input, name=name)


# ---------------------------------------------------------------- reshape

def _reshape_rule(c):
    given = c.shape(0)
    vector(c, 1)
    out = c.constant_shape(1)
    if out is None:
        return [None]
    n_in = n_elements(given)
    if None not in out:
        n_out = n_elements(out)
        if n_in is not None and n_in != n_out:
            raise ValueError(_reshape_text(n_in, out, n_out))
        return [out]
    if n_in is not None and out.count(None) == 1:
        known_out = 1
        for d in out:
            if d is not None:
                known_out *= d
        if known_out != 0:
            if n_in % known_out:
                raise ValueError("Dimension size must be evenly divisible by %d but is %d" % (known_out, n_in))
            missing = n_in // known_out
            out = tuple(missing if d is None else d for d in out)
    return [out]


def _reshape_text(n_in, out, n_out):
    return "Cannot reshape a tensor with %d elements to shape %s (%d elements)" % (n_in, show(out), n_out)


def _reshape_kernel(attrs, x, shape):
    dims = shape.tolist()
    if not isinstance(dims, list):
        dims = [dims]
        if dims != [-1]:
            raise errors.InvalidArgumentError(None, None, "sizes input must be 1-D, not []")
    product = 1              # zero sizes are left out, so that -1 can be worked out beside them
    unknown = -1
    for i, d in enumerate(dims):
        if d == -1:
            if unknown >= 0:
                raise errors.InvalidArgumentError(
                    None, None, "Only one input size may be -1, not both %d and %d" % (unknown, i)
                )
            unknown = i
        elif d < 0:
            raise errors.InvalidArgumentError(None, None, "Size %d must be non-negative, not %d" % (i, d))
        elif d:
            product *= d
    if unknown >= 0:
        n = x.size
        if 0 in dims:
            n = 1
            for d in x.shape:
                n *= d or 1
        missing = n // product
        if product * missing != n and 0 not in x.shape:
            raise errors.InvalidArgumentError(
                None, None, "Input to reshape is a tensor with %d values, but the requested shape requires a "
                "multiple of %d" % (n, product)
            )
        dims[unknown] = missing
        product *= missing
    if 0 in dims:
        product = 0
    if product != x.size:
        raise errors.InvalidArgumentError(
            None, None, "Input to reshape is a tensor with %d values, but the requested shape has %d"
            % (x.size, product)
        )
    return x.reshape(dims)


def _dense(dy):
    """A gradient as one tensor: the sum of its slices when it is an IndexedSlices."""
    if isinstance(dy, core.Tensor):
        return dy
    from ..indexed_slices import to_tensor_without_warning

    return to_tensor_without_warning(dy)


def _reshape_gradient(op, dy):
    static = op.inputs[0].get_shape()._dims
    if static is not None and static.count(None) == 1 and 0 not in static:
        return [reshape(_dense(dy), [-1 if d is None else d for d in static]), None]
    return [reshape(_dense(dy), shape(op.inputs[0])), None]


RESHAPE = OpType(
    "Reshape",
    "tensor: T, shape: Tshape -> output: T",
    "T: type; Tshape: int32|int64 = int32",
    shape=_reshape_rule,
    kernel=core.kernel("reshape", _reshape_kernel),
    gradient=core.replayed(_reshape_gradient, ignoring=(1,)),
)


def maybe_set_static_shape(tensor, given):
    # Inside a function a captured shape is a placeholder; its value outside is still known to Python.
    graph = core.get_default_graph()
    if getattr(graph, "building_function", False) and isinstance(given, core.Tensor):
        if not tensor.get_shape().is_fully_defined():
            from ..static_value import constant_value_as_shape

            tensor.set_shape(constant_value_as_shape(given))


@core.repeats(ignoring="tensor")
@core.direct(RESHAPE, literals="shape")
def reshape(tensor, shape, name=None):
    """`tensor` with its elements in the same order and the shape `shape`; one -1 is worked out."""
    result = RESHAPE(tensor, int_array(shape), name=name)
    maybe_set_static_shape(result, shape)
    return result


def _reshape_to_input(op, dy):
    return reshape(_dense(dy), shape(op.inputs[0]))


def _expand_dims_rule(c):
    dim = c.constant(1)
    given = c.shape(0)
    dim_shape = c.shape(1)
    if dim is None or (dim.size != 1):
        if dim is not None and dim.size != 1:
            raise ValueError("'dim' input must be a tensor with a single value")
        return [None]
    with_rank_at_most(dim_shape, 1)
    if given is None:
        return [None]
    axis = int(dim.reshape(())[()])
    if not -len(given) - 1 <= axis <= len(given):
        raise ValueError("dim %d not in the interval [%d, %d]." % (axis, -len(given) - 1, len(given)))
    if axis < 0:
        axis += len(given) + 1
    return [given[:axis] + (1,) + given[axis:]]


def _expand_dims_kernel(attrs, x, dim):
    if dim.size != 1:
        raise errors.InvalidArgumentError(None, None, "'dim' must be a tensor with a single value")
    axis = int(dim.reshape(())[()])
    if not -x.ndim - 1 <= axis <= x.ndim:
        raise errors.InvalidArgumentError(
            None, None, "Tried to expand dim index %d for tensor with %d dimensions." % (axis, x.ndim)
        )
    if axis < 0:
        axis += x.ndim + 1
    return x.reshape(x.shape[:axis] + (1,) + x.shape[axis:])


EXPAND_DIMS = OpType(
    "ExpandDims",
    "input: T, dim: Tdim -> output: T",
    "T: type; Tdim: int32|int64 = int32",
    shape=_expand_dims_rule,
    kernel=core.kernel("expand_dims", _expand_dims_kernel),
    gradient=core.replayed(lambda op, dy: [_reshape_to_input(op, dy), None], ignoring=(1,)),
)


@core.repeats(ignoring="input")
@core.direct(EXPAND_DIMS, names={"axis": "dim", "dim": None})
def expand_dims(input, axis=None, name=None, dim=None):
    """`input` with a dimension of size 1 put in at `axis`."""
    axis = deprecated_argument("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    return EXPAND_DIMS(input, axis, name=name)


def _squeeze_rule(c):
    given = c.shape(0)
    axes = c.attr("squeeze_dims")
    if given is None:
        return [None]
    if None in given and not axes:
        return [None]
    wanted = set()
    for i, a in enumerate(axes):
        if not -len(given) <= a < len(given):
            raise ValueError("squeeze_dims[%d] not in [%d,%d)." % (i, -len(given), len(given)))
        wanted.add(a + len(given) if a < 0 else a)
    out = []
    for i, d in enumerate(given):
        if axes:
            if i in wanted:
                if d is not None and d != 1:
                    raise ValueError("Can not squeeze dim[%d], expected a dimension of 1, got %d" % (i, d))
                continue
            out.append(d)
        elif d != 1:
            out.append(d)
    return [tuple(out)]


def _squeeze_kernel(attrs, x):
    axes = attrs["squeeze_dims"]
    if not axes:
        return x.reshape([d for d in x.shape if d != 1])
    wanted = set()
    for a in axes:
        if not -x.ndim <= a < x.ndim:
            raise errors.InvalidArgumentError(
                None, None, "Tried to squeeze dim index %d for tensor with %d dimensions." % (a, x.ndim)
            )
        a = a + x.ndim if a < 0 else a
        if x.shape[a] != 1:
            raise errors.InvalidArgumentError(
                None, None, "Can not squeeze dim[%d], expected a dimension of 1, got %d" % (a, x.shape[a])
            )
        wanted.add(a)
    return x.reshape([d for i, d in enumerate(x.shape) if i not in wanted])


SQUEEZE = OpType(
    "Squeeze",
    "input: T -> output: T",
    "T: type; squeeze_dims: list(int) >= 0 = []",
    shape=_squeeze_rule,
    kernel=core.kernel("squeeze", _squeeze_kernel),
    gradient=core.replayed(lambda op, dy: [_reshape_to_input(op, dy)]),
)


@core.repeats(ignoring="input")
@core.direct(SQUEEZE, names={"axis": "squeeze_dims", "squeeze_dims": None})
def squeeze(input, axis=None, name=None, squeeze_dims=None):
    """`input` without its dimensions of size 1, or without those listed in `axis`."""
    axis = deprecated_argument("axis", axis, "squeeze_dims", squeeze_dims)
    if axis is None:
        axis = []
    elif np.isscalar(axis):
        axis = [axis]
    elif not isinstance(axis, (list, tuple)):
        raise TypeError(f"Expected list for 'axis' argument to 'squeeze' Op, not {axis!r}.")
    return SQUEEZE(input, squeeze_dims=axis, name=name)


# ---------------------------------------------------------------- transpose

def _transpose_rule(c):
    given = c.shape(0)
    n_perm = vector(c, 1)
    perm = c.constant(1)
    rank = n_perm if given is None else len(given)
    if rank is None and perm is not None:
        rank = len(perm)
    if rank is None:
        return [None]
    if given is not None:
        if n_perm is not None and n_perm != rank:
            raise ValueError("Dimension must be %d but is %d" % (rank, n_perm))
    if perm is None:
        return [(None,) * rank]
    if given is None:
        given = (None,) * rank
    out = []
    for p in perm.tolist():
        if not -rank <= p < rank:
            raise ValueError("perm dim %d is out of range of input rank %d" % (p, rank))
        out.append(given[p])
    return [tuple(out)]


def _check_perm(x, perm):
    if perm.ndim != 1:
        raise errors.InvalidArgumentError(None, None, "perm must be rank 1, got shape %s" % show(perm.shape))
    if len(perm) != x.ndim:
        raise errors.InvalidArgumentError(
            None, None, "transpose expects a vector of size %d. But input(1) is a vector of size %d"
            % (x.ndim, len(perm))
        )
    seen = set()
    axes = []
    for p in perm.tolist():
        d = p + x.ndim if p < 0 else p
        if not 0 <= d < x.ndim:
            raise errors.InvalidArgumentError(None, None, "%d is out of range [0 .. %d)" % (d, x.ndim))
        seen.add(d)
        axes.append(d)
    for i in range(x.ndim):
        if i not in seen:
            raise errors.InvalidArgumentError(
                None, None, "%d is missing from {%s}." % (i, ",".join(str(p) for p in axes))
            )
    return axes


TRANSPOSE = OpType(
    "Transpose",
    "x: T, perm: Tperm -> y: T",
    "T: type; Tperm: int32|int64 = int32",
    shape=_transpose_rule,
    kernel=core.kernel("transpose", lambda attrs, x, perm: x.transpose(_check_perm(x, perm))),
    gradient=core.replayed(lambda op, dy: [transpose(dy, core.op_type("InvertPermutation")(op.inputs[1])), None]),
)

CONJUGATE_TRANSPOSE = OpType(
    "ConjugateTranspose",
    "x: T, perm: Tperm -> y: T",
    "T: type; Tperm: int32|int64 = int32",
    shape=_transpose_rule,
    kernel=lambda attrs, x, perm: x.transpose(_check_perm(x, perm)).conj(),
    gradient=lambda op, dy: [
        transpose(dy, core.op_type("InvertPermutation")(op.inputs[1]), conjugate=True), None
    ],
)


@core.repeats(ignoring="a")
@core.direct(TRANSPOSE, "transpose", names={"a": "x"}, literals="perm")
def transpose(a, perm=None, name="transpose", conjugate=False):
    """`a` with its dimensions permuted, reversed when `perm` is None."""
    if perm is None and not conjugate and a.__class__ is core.Tensor and a._rank is not None:
        return TRANSPOSE(a, [*range(a._rank - 1, -1, -1)], name=name, default_name="transpose")
    with core.name_scope(name, "transpose", [a]) as name:
        if not isinstance(a, core.Tensor):
            a = convert_to_tensor(a, name="a")
        op = CONJUGATE_TRANSPOSE if conjugate and a.dtype.is_complex else TRANSPOSE
        if perm is None:
            n_dims = a.get_shape().ndims
            if n_dims is None:
                perm = core.op_type("Range")(RANK(a) - 1, -1, -1)
            else:
                perm = np.arange(n_dims - 1, -1, -1, dtype=np.int32)
        return op(a, perm, name=name)


def matrix_transpose(a, name="matrix_transpose", conjugate=False):
    """`a` with its last two dimensions swapped."""
    from .concat import concat

    with core.name_scope(name, values=[a]):
        a = convert_to_tensor(a, name="a")
        static = a.get_shape()
        n_dims = static.ndims
        if n_dims is not None:
            if n_dims < 2:
                raise ValueError(
                    "Argument `a` should be a (batch) matrix with rank >= 2.  Received `a` = "
                    f"{a} with shape: {static}"
                )
            perm = [*range(n_dims - 2), n_dims - 1, n_dims - 2]
        else:
            a_rank = rank(a)
            perm = concat((core.op_type("Range")(0, a_rank - 2, 1), [a_rank - 1, a_rank - 2]), 0)
        return transpose(a, perm=perm, conjugate=conjugate)


# ---------------------------------------------------------------- broadcasting

def _broadcast_to_rule(c):
    given = c.shape(0)
    n = vector(c, 1)
    out = c.constant_shape(1)
    if given is None or out is None:
        if given is None and out is None:
            return [None if n is None else (None,) * n]
        return [out]
    if len(given) > len(out):
        raise ValueError(
            "Shape must be at least rank %d but is rank %d" % (len(given), len(out))
        )
    return [_broadcast_to_static(given, out)]


def _broadcast_to_static(given, out):
    result = list(out)
    for i in range(1, len(given) + 1):
        p, q = given[-i], out[-i]
        if p is not None and q is not None and p != q and p != 1:
            raise ValueError(
                "Dimensions must be equal, but are %d and %d" % (p, q)
            )
        if q is None and p is not None and p > 1:
            result[-i] = p
    return tuple(result)


def _broadcast_to_kernel(attrs, x, shape):
    dims = shape.tolist()
    if not isinstance(dims, list):
        dims = [dims]
    ok = len(dims) >= x.ndim and all(
        p == 1 or p == q for p, q in zip(reversed(x.shape), reversed(dims))
    )
    if not ok:
        if len(dims) < x.ndim:
            text = "Rank of input (%d) must be no greater than rank of output shape (%d)." % (x.ndim, len(dims))
        else:
            text = "Incompatible shapes: %s vs. %s" % (show(x.shape), show(tuple(dims)))
        raise errors.InvalidArgumentError(None, None, text)
    return np.broadcast_to(x, dims)


def _broadcast_to_gradient(op, dy):
    value, target = op.inputs
    value_shape = shape(value, out_type=target.dtype)
    from ..static_value import fold_constant

    static = fold_constant(target)
    if static is not None:
        target = constant(static.tolist(), dtype=target.dtype)
    _, axes = BROADCAST_GRADIENT_ARGS(target, value_shape)
    total = math_ops.reduce_sum(dy, axis=axes, keepdims=True)
    return [reshape(total, value_shape), None]


BROADCAST_TO = OpType(
    "BroadcastTo",
    "input: T, shape: Tidx -> output: T",
    "T: type; Tidx: int32|int64 = int32",
    shape=_broadcast_to_rule,
    kernel=_broadcast_to_kernel,
    gradient=core.replayed(_broadcast_to_gradient),
)


def broadcast_to(input, shape, name=None):
    """`input` repeated along dimensions of size 1, and along new leading ones, to the shape `shape`."""
    return BROADCAST_TO(input, shape, name=name)


def _broadcast_args_rule(c):
    a, b = vector(c, 0), vector(c, 1)
    return [(None if a is None or b is None else max(a, b),)]


def _broadcast_args_kernel(attrs, a, b):
    n = max(len(a), len(b))
    p = np.concatenate([np.ones(n - len(a), a.dtype), a])
    q = np.concatenate([np.ones(n - len(b), b.dtype), b])
    if ((p != q) & (p != 1) & (q != 1)).any():
        raise errors.InvalidArgumentError(
            None, None, "Incompatible shapes: %s vs. %s" % (show(tuple(a.tolist())), show(tuple(b.tolist())))
        )
    return np.where(p == 1, q, p)


BROADCAST_ARGS = OpType(
    "BroadcastArgs",
    "s0: T, s1: T -> r0: T",
    "T: int32|int64 = int32",
    shape=_broadcast_args_rule,
    kernel=_broadcast_args_kernel,
    gradient=None,
)


def broadcast_dynamic_shape(shape_x, shape_y):
    """Shape, as a tensor, of two operands broadcast together."""
    return BROADCAST_ARGS(shape_x, shape_y)


def broadcast_static_shape(shape_x, shape_y):
    """TensorShape of two operands of static shapes broadcast together."""
    a, b = shape_x._dims, shape_y._dims
    try:
        return tensor_shape.TensorShape(broadcast(a, b))
    except ValueError:
        raise ValueError(
            "Incompatible shapes for broadcasting. Two shapes are compatible if for each dimension pair "
            f"they are either equal or one of them is 1. Received: {shape_x} and {shape_y}."
        ) from None


def _broadcast_gradient_args_rule(c):
    vector(c, 0)
    vector(c, 1)
    return [(None,), (None,)]


def _broadcast_gradient_args_kernel(attrs, a, b):
    x, y = a.tolist(), b.tolist()
    n = max(len(x), len(y))
    x = [1] * (n - len(x)) + x
    y = [1] * (n - len(y)) + y
    first, second = [], []
    for i, (p, q) in enumerate(zip(x, y)):
        # Where both are 1 the sum over that axis changes nothing, and TF sums over it on both sides.
        if p == q:
            if p == 1:
                first.append(i)
                second.append(i)
        elif p == 1:
            first.append(i)
        elif q == 1:
            second.append(i)
        else:
            raise errors.InvalidArgumentError(
                None, None, "Incompatible shapes: %s vs. %s"
                % (show(tuple(a.tolist())), show(tuple(b.tolist())))
            )
    if x == y:
        # Equal shapes need no sum at all.
        first, second = [], []
    return [np.array(first, a.dtype), np.array(second, a.dtype)]


BROADCAST_GRADIENT_ARGS = OpType(
    "BroadcastGradientArgs",
    "s0: T, s1: T -> r0: T, r1: T",
    "T: int32|int64 = int32",
    shape=_broadcast_gradient_args_rule,
    kernel=core.kernel("broadcast_gradient_args", _broadcast_gradient_args_kernel),
    gradient=core.NO_GRADIENT,
)


# ---------------------------------------------------------------- indices and shapes

def _unravel_index_rule(c):
    indices, dims = c.shape(0), c.shape(1)
    if indices is None or dims is None:
        return [None]
    with_rank(dims, 1)
    if not indices:
        return [dims]
    n = 1
    for d in indices:
        n = None if d is None or n is None else n * d
    return [(dims[0], n)]


def _unravel_index_kernel(attrs, indices, dims):
    total = int(np.prod(dims, dtype=np.int64))
    if indices.size and (indices.min() < 0 or indices.max() >= total):
        raise errors.InvalidArgumentError(None, None, "index is out of bound as with dims")
    return np.stack(np.unravel_index(indices, tuple(dims.tolist()))).astype(indices.dtype, copy=False)


UNRAVEL_INDEX = OpType(
    "UnravelIndex",
    "indices: Tidx, dims: Tidx -> output: Tidx",
    "Tidx: int32|int64 = int32",
    shape=_unravel_index_rule,
    kernel=_unravel_index_kernel,
    gradient=None,
)


def unravel_index(indices, dims, name=None):
    """Coordinates in an array of shape `dims` of flat `indices`, one row a dimension."""
    return UNRAVEL_INDEX(indices, dims, name=name)

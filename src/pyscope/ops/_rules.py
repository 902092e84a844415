"""What many op types share: type lists, shape rules and makers of families.

A shape rule takes the core's shape context and returns one shape per output: a tuple of ints and None
(unknown dimension), or None (unknown rank). Names and texts follow TF's C++ shape functions.
"""

import numpy as np

from .. import _core as core
from ..errors import InvalidArgumentError

# Allowed types, in TF's order (its error messages list them so).
FLOATING = "bfloat16|float16|float32|float64"
INEXACT = FLOATING + "|complex64|complex128"
SIGNED = FLOATING + "|int8|int16|int32|int64"
SIGNED_OR_COMPLEX = SIGNED + "|complex64|complex128"
REAL = "float32|float64|int32|uint8|int16|int8|int64|bfloat16|uint16|float16|uint32|uint64"
NUMBER = (
    "float32|float64|int32|uint8|int16|int8|complex64|int64|qint8|quint8|qint32|bfloat16|qint16|quint16|uint16"
    "|complex128|float16|uint32|uint64"
)
INTEGER = "int8|int16|int32|int64|uint8|uint16|uint32|uint64"


# ---------------------------------------------------------------- dimensions and ranks


def text(shape):
    """`shape` as TF's C++ prints it: ``[2,?]``, or ``<unknown>``."""
    if shape is None:
        return "<unknown>"
    return "[" + ",".join("?" if dim is None else str(dim) for dim in shape) + "]"


def with_rank(shape, rank):
    """`shape`, which must have `rank` dimensions; all unknown if nothing was known."""
    if shape is None:
        return (None,) * rank
    if len(shape) != rank:
        raise ValueError(f"Shape must be rank {rank} but is rank {len(shape)}")
    return shape


def with_rank_at_least(shape, rank):
    """`shape`, which must have `rank` dimensions or more."""
    if shape is not None and len(shape) < rank:
        raise ValueError(f"Shape must be at least rank {rank} but is rank {len(shape)}")
    return shape


def with_rank_at_most(shape, rank):
    """`shape`, which must have `rank` dimensions or fewer."""
    if shape is not None and len(shape) > rank:
        raise ValueError(f"Shape must be at most rank {rank} but is rank {len(shape)}")
    return shape


def size_input(c, index):
    """The size that integer scalar `index` gives, or None while it is not known."""
    value = c.constant(index)
    if value is None:
        return None
    if value.ndim:
        raise ValueError(f"Input must be scalar but has rank {value.ndim}")
    if value < 0:
        raise ValueError(f"Dimension size, given by scalar input {index}, must be non-negative but is {int(value)}")
    return int(value)


def merge_dim(a, b):
    """What two views of one dimension say together."""
    if a is None:
        return b
    if b is None or a == b:
        return a
    raise ValueError(f"Dimensions must be equal, but are {a} and {b}")


def merge(a, b):
    """What two views of one shape say together."""
    if a is None or b is None:
        return b if a is None else a
    if len(a) != len(b):
        raise ValueError(f"Shapes must be equal rank, but are {len(a)} and {len(b)}")
    for i, (m, n) in enumerate(zip(a, b)):
        if m is not None and n is not None and m != n:
            raise ValueError(
                f"Dimension {i} in both shapes must be equal, but are {m} and {n}. "
                f"Shapes are {text(a)} and {text(b)}."
            )
    return tuple(n if m is None else m for m, n in zip(a, b))


def broadcast(a, b):
    """NumPy broadcasting of two partly known shapes."""
    if a is None or b is None:
        return None
    rank = max(len(a), len(b))
    out = []
    for m, n in zip((1,) * (rank - len(a)) + tuple(a), (1,) * (rank - len(b)) + tuple(b)):
        if m == 1 or n == 1:
            out.append(n if m == 1 else m)
        elif m is None or n is None:
            out.append(n if m is None else m)  # beside n > 1, an unknown dimension is 1 or n
        elif m == n:
            out.append(m)
        else:
            raise ValueError(f"Dimensions must be equal, but are {m} and {n}")
    return tuple(out)


# ---------------------------------------------------------------- rules


def merge_both(c):
    """One output, with the merged shape of two inputs."""
    return [merge(c.shape(0), c.shape(1))]


def merge_all(c):
    """One output, with the merged shape of all inputs."""
    shape = c.shape(c.n_inputs - 1)
    for i in range(c.n_inputs - 2, -1, -1):
        try:
            shape = merge(c.shape(i), shape)
        except ValueError as error:
            raise ValueError(f"{error}\n\tFrom merging shape {i} with other shapes.") from None
    return [shape]


def same_at_least(rank):
    """Rule: the shape of input 0, which has at least `rank` dimensions."""

    def rule(c):
        return [with_rank_at_least(c.shape(0), rank)]

    return rule


def reduced(c):
    """Rule of reductions: input 1 holds the axes to drop, or to keep as 1 with `keep_dims`."""
    shape, keep = c.shape(0), c.attr("keep_dims")
    with_rank_at_most(c.shape(1), 1)
    axes = c.constant(1)
    if axes is None or shape is None:
        return [(None,) * len(shape) if keep and shape is not None else None]
    rank, dropped = len(shape), set()
    for axis in axes.reshape(-1).tolist():
        if not -rank <= axis < rank:
            raise ValueError(f"Invalid reduction dimension {axis} for input with {rank} dimensions.")
        dropped.add(axis % rank)
    if keep:
        return [tuple(1 if i in dropped else dim for i, dim in enumerate(shape))]
    return [tuple(dim for i, dim in enumerate(shape) if i not in dropped)]


# ---------------------------------------------------------------- shapes that do not fit, at run time


def incompatible(x, y):
    """The error of two arrays that do not broadcast."""
    return InvalidArgumentError(None, None, f"Incompatible shapes: {text(x.shape)} vs. {text(y.shape)}")


def _broadcasting(kernel):
    """`kernel` of two inputs, with TF's words when they do not broadcast."""

    def checked(attrs, x, y):
        try:
            return kernel(attrs, x, y)
        except ValueError:
            raise incompatible(x, y) from None

    return checked


def check_same_shape(type, *inputs):
    """Raise InvalidArgumentError if some input has another shape than the first."""
    for i, x in enumerate(inputs):
        if x.shape != inputs[0].shape:
            error = InvalidArgumentError(
                None,
                None,
                f"Inputs to operation {{node}} of type {type} must have the same size and shape.  "
                f"Input 0: {text(inputs[0].shape)} != input {i}: {text(x.shape)}",
            )
            error._names_node = True
            raise error


def _of_one_shape(type, kernel):
    """`kernel` of two inputs that must not broadcast."""

    def checked(attrs, x, y):
        if x.shape != y.shape:
            check_same_shape(type, x, y)
        return kernel(attrs, x, y)

    return checked


# ---------------------------------------------------------------- makers


def _replayed(gradient):
    """The gradients of these families follow from dtypes and static shapes alone."""
    return None if gradient is None else core.replayed(gradient)


def unary(type, kernel, gradient, types=INEXACT, arg="x", out="y"):
    """OpType of an elementwise function of one tensor."""
    return core.OpType(
        type, f"{arg}: T -> {out}: T", f"T: {types}", shape="same", kernel=kernel, gradient=_replayed(gradient)
    )


def unary_gradient(type, kernel, gradient, types=INEXACT, typed=None):
    """OpType of a fused derivative: of the function's result `y` and the incoming gradient `dy`.

    `typed` names the core's loop for it, if there is one.
    """
    kernel = _of_one_shape(type, kernel)
    return core.OpType(
        type,
        "y: T, dy: T -> z: T",
        f"T: {types}",
        shape="same",
        kernel=kernel if typed is None else core.kernel(typed, kernel),
        gradient=_replayed(gradient),
    )


def activation(type, kernel, gradient, types=FLOATING):
    """OpType of an activation function, with the argument names of TF's nn ops."""
    return unary(type, kernel, gradient, types, "features", "activations")


def activation_gradient(type, kernel, gradient, types=FLOATING, second="features", typed=None):
    """OpType of an activation's derivative; `typed` names the core's loop for it, if there is one."""
    kernel = _of_one_shape(type, kernel)
    return core.OpType(
        type,
        f"gradients: T, {second}: T -> backprops: T",
        f"T: {types}",
        shape=merge_both,
        kernel=kernel if typed is None else core.kernel(typed, kernel),
        gradient=_replayed(gradient),
    )


def binary(type, kernel, gradient, types, inputs=("x", "y"), shape="broadcast", lacking=None):
    """OpType of an elementwise function of two tensors that broadcast."""
    return core.OpType(
        type,
        f"{inputs[0]}: T, {inputs[1]}: T -> z: T",
        f"T: {types}",
        shape=shape,
        kernel=kernel if isinstance(kernel, np.ufunc) else _broadcasting(kernel),
        gradient=_replayed(gradient),
        lacking=lacking,
    )


def comparison(type, kernel, types=REAL):
    """OpType of an elementwise comparison: bool, and without a gradient."""
    return core.OpType(
        type,
        "x: T, y: T -> z: bool",
        f"T: {types}",
        shape="broadcast",
        kernel=kernel,
        gradient=core.NO_GRADIENT,
    )


def reduction(type, kernel, gradient, types=NUMBER):
    """OpType of a reduction over the axes in its second input."""
    return core.OpType(
        type,
        "input: T, reduction_indices: Tidx -> output: T",
        f"keep_dims: bool = False; T: {types}; Tidx: int32|int64 = int32",
        shape=reduced,
        kernel=kernel,
        gradient=_replayed(gradient),
    )


# ---------------------------------------------------------------- arguments and kernels


def renamed(new_name, new, old_name, old):
    """The value of an argument that has a newer and an older name.

    Raises
    ------
    ValueError
        If both were given.
    """
    if old is None:
        return new
    if new is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'.")
    return old


def after(grad):
    """Context in which new nodes wait for `grad`, as in TF's gradients of elementwise functions."""
    return core.get_default_graph().control_dependencies([grad])

"""Helpers of shape rules: checks and merges of partly known shapes, with TF's messages.

A shape is a tuple of ints and None, or None for unknown rank.
"""


import numpy as np


def int_array(values):
    """A long list of Python ints as an int32 array, which converts faster; anything else as it is."""
    if type(values) not in (list, tuple) or len(values) <= 16:  # the core makes constants of short lists
        return values
    for v in values:
        if type(v) is not int:
            return values
    try:
        return np.array(values, np.int32)
    except OverflowError:
        return values


def show(shape):
    """The shape as TF's C++ prints it: ``[?,3]``, or ``?`` for unknown rank."""
    if shape is None:
        return "?"
    return "[%s]" % ",".join("?" if d is None else str(d) for d in shape)


def with_rank(shape, rank):
    if shape is None:
        return (None,) * rank
    if len(shape) != rank:
        raise ValueError("Shape must be rank %d but is rank %d" % (rank, len(shape)))
    return shape


def with_rank_at_least(shape, rank):
    if shape is not None and len(shape) < rank:
        raise ValueError("Shape must be at least rank %d but is rank %d" % (rank, len(shape)))
    return shape


def with_rank_at_most(shape, rank):
    if shape is not None and len(shape) > rank:
        raise ValueError("Shape must be at most rank %d but is rank %d" % (rank, len(shape)))
    return shape


def merge_dim(a, b):
    if a is None:
        return b
    if b is None or a == b:
        return a
    raise ValueError("Dimensions must be equal, but are %d and %d" % (a, b))


def merge(a, b):
    if a is None:
        return b
    if b is None or a == b:
        return a
    if len(a) != len(b):
        raise ValueError("Shapes must be equal rank, but are %d and %d" % (len(a), len(b)))
    out = []
    for i, (p, q) in enumerate(zip(a, b)):
        if p is not None and q is not None and p != q:
            raise ValueError(
                "Dimension %d in both shapes must be equal, but are %d and %d. Shapes are %s and %s."
                % (i, p, q, show(a), show(b))
            )
        out.append(q if p is None else p)
    return tuple(out)


def dim_value(dim, value):
    """`dim`, which should be `value`."""
    if dim is not None and dim != value:
        raise ValueError("Dimension must be %d but is %d" % (value, dim))
    return value


def n_elements(shape):
    """Number of elements, or None; 0 as soon as one dimension is 0."""
    if shape is None:
        return None
    total = 1
    unknown = False
    for d in shape:
        if d is None:
            unknown = True
        elif d == 0:
            return 0
        else:
            total *= d
    return None if unknown else total


def known(shape):
    return shape is not None and None not in shape


def vector(c, i):
    """Check that input `i` is a vector; its length or None."""
    return with_rank(c.shape(i), 1)[0]


def scalar(c, i):
    with_rank(c.shape(i), 0)


def same(c):
    return [c.shape(0)]


def unknown_rank(c):
    return [None]


def broadcast(a, b):
    """Shape of two operands broadcast together."""
    if a is None or b is None:
        return None
    if len(a) < len(b):
        a, b = b, a
    out = list(a[: len(a) - len(b)])
    for p, q in zip(a[len(a) - len(b) :], b):
        if p == q:
            out.append(p)
        elif p == 1:
            out.append(q)
        elif q == 1:
            out.append(p)
        elif p is None:
            out.append(q)
        elif q is None:
            out.append(p)
        else:
            raise ValueError("Dimensions must be equal, but are %d and %d" % (p, q))
    return tuple(out)


def position(shape, flat):
    """``[i,j]`` of a flat index, as TF names an element in messages; nothing for a scalar."""
    if not shape:
        return ""
    index = []
    for d in reversed(shape):
        index.append(flat % d if d else 0)
        flat //= d or 1
    return "[%s]" % ",".join(str(i) for i in reversed(index))


def product(values):
    total = 1
    for v in values:
        total *= int(v)
    return total

"""Static shapes: ``TensorShape``, and TF1's ``Dimension`` objects.

A ``TensorShape`` holds a tuple of ints and Nones, or None when not even the rank is known. Only what
indexing, iteration and text show depends on the mode: ints and None (TF2, the default) or Dimensions (TF1).
"""

_v2_behavior = True


def set_v2_tensorshape(on):
    """Choose what a shape's items are: int and None (True), or ``Dimension`` objects (False)."""
    global _v2_behavior
    _v2_behavior = bool(on)


def enable_v2_tensorshape():
    """Make ``shape[i]`` an int or None, as in TF2."""
    set_v2_tensorshape(True)


def disable_v2_tensorshape():
    """Make ``shape[i]`` a ``Dimension``, as in TF1."""
    set_v2_tensorshape(False)


def dimension_value(dimension):
    """The int or None in `dimension`, be it a Dimension or already that."""
    return dimension._value if isinstance(dimension, Dimension) else dimension


def dimension_at_index(shape, index):
    """Item `index` of `shape` as a Dimension in both modes; unknown where the rank is."""
    assert isinstance(shape, TensorShape)
    return Dimension(None) if shape._dims is None else shape.dims[index]


def _dim(value):
    """`value` as int or None, for the constructors."""
    if value is None or value.__class__ is int and value >= 0:
        return value
    if isinstance(value, Dimension):
        return value._value
    if isinstance(value, int):
        number = value
    else:
        try:
            number = int(value.__index__())
        except AttributeError:
            raise TypeError(
                "Dimension value must be integer or None or have an __index__ method, "
                f"got value '{value!r}' with type '{type(value)!r}'"
            ) from None
    if number < 0:
        raise ValueError(f"Dimension {number} must be >= 0")
    return number


def _known(dimension, other, combine):
    """``combine(a, b)`` of two dimensions' values, or None if either is unknown."""
    other = as_dimension(other)._value
    if dimension._value is None or other is None:
        return None
    return combine(dimension._value, other)


def _operator(combine):
    """A binary operator that leaves operands it cannot convert to the other side."""

    def method(self, other):
        if not _converts(other):
            return NotImplemented
        return Dimension(_known(self, other, combine))

    return method


def _converts(value):
    try:
        as_dimension(value)
    except (TypeError, ValueError):
        return False
    return True


class Dimension:
    """One dimension of a shape: a size or, with value None, one not known. Arithmetic carries the unknown."""

    __slots__ = ("_value",)

    def __init__(self, value):
        self._value = _dim(value)

    @property
    def value(self):
        """The size, or None."""
        return self._value

    def __repr__(self):
        return f"Dimension({self._value!r})"

    def __str__(self):
        return "?" if self._value is None else str(self._value)

    # TF's rule: comparing with an unknown dimension is neither true nor false but None.
    def __eq__(self, other):
        if not _converts(other):
            return NotImplemented
        return _known(self, other, lambda a, b: a == b)

    def __ne__(self, other):
        if not _converts(other):
            return NotImplemented
        return _known(self, other, lambda a, b: a != b)

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, other):
        return _known(self, other, lambda a, b: a < b)

    def __le__(self, other):
        return _known(self, other, lambda a, b: a <= b)

    def __gt__(self, other):
        return _known(self, other, lambda a, b: a > b)

    def __ge__(self, other):
        return _known(self, other, lambda a, b: a >= b)

    def __bool__(self):
        return bool(self._value)

    def __int__(self):
        return self._value

    def __index__(self):
        return self._value

    __add__ = _operator(lambda a, b: a + b)
    __sub__ = _operator(lambda a, b: a - b)
    __mul__ = _operator(lambda a, b: a * b)
    __floordiv__ = _operator(lambda a, b: a // b)

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return Dimension(_known(self, other, lambda a, b: b - a))

    def __rfloordiv__(self, other):
        return Dimension(_known(self, other, lambda a, b: b // a))

    def __mod__(self, other):
        return Dimension(_known(self, other, lambda a, b: a % b))

    def __rmod__(self, other):
        return as_dimension(other) % self

    def __truediv__(self, other):
        raise TypeError(
            f"unsupported operand type(s) for /: 'Dimension' and '{type(other).__name__}', "
            "please use // instead"
        )

    def __rtruediv__(self, other):
        raise TypeError(
            f"unsupported operand type(s) for /: '{type(other).__name__}' and 'Dimension', "
            "please use // instead"
        )

    def is_compatible_with(self, other):
        """Whether the two are equal or one is unknown."""
        return _known(self, other, lambda a, b: a == b) is not False

    def assert_is_compatible_with(self, other):
        """Raise ValueError unless `is_compatible_with(other)`."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {other} are not compatible")

    def merge_with(self, other):
        """What both say together. Raises ValueError if they differ."""
        other = as_dimension(other)
        self.assert_is_compatible_with(other)
        return Dimension(other._value if self._value is None else self._value)

    def __reduce__(self):
        return Dimension, (self._value,)


def as_dimension(value):
    """`value` itself if it is a Dimension, else ``Dimension(value)``."""
    return value if isinstance(value, Dimension) else Dimension(value)


class TensorShape:
    """The static shape of a tensor: fully known, partly known, or of unknown rank.

    Parameters
    ----------
    dims : None, int, Dimension, TensorShape, TensorShapeProto, or iterable of int, None, Dimension
        None means unknown rank; a single number a vector of that length.

    Raises
    ------
    TypeError
        If an item is not a dimension.
    ValueError
        If a dimension is negative.
    """

    __slots__ = ("_dims",)

    def __init__(self, dims):
        if isinstance(dims, (tuple, list)):
            self._dims = tuple([_dim(d) for d in dims])
        elif dims is None:
            self._dims = None
        elif isinstance(dims, TensorShape):
            self._dims = dims._dims
        elif hasattr(dims, "unknown_rank"):  # a TensorShapeProto, ours or TensorFlow's
            sizes = [None if d.size == -1 else d.size for d in dims.dim]
            self._dims = None if dims.unknown_rank else tuple(sizes)
        else:
            self._dims = _dims_of_iterable(dims)

    @classmethod
    def _from_dims(cls, dims):
        """The shape with `dims`, a tuple of ints and Nones or None, which is not checked."""
        shape = cls.__new__(cls)
        shape._dims = dims
        return shape

    @property
    def _v2_behavior(self):
        return _v2_behavior

    @property
    def rank(self):
        """Number of dimensions, or None."""
        return None if self._dims is None else len(self._dims)

    ndims = rank

    @property
    def dims(self):
        """List of Dimensions, or None if the rank is unknown."""
        return None if self._dims is None else [Dimension(d) for d in self._dims]

    def as_list(self):
        """List of ints and Nones. Raises ValueError if the rank is unknown."""
        if self._dims is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self._dims)

    def as_proto(self):
        """This shape as a TensorShapeProto (needs the package protobuf)."""
        from . import protos

        if self._dims is None:
            return protos.TensorShapeProto(unknown_rank=True)
        return protos.TensorShapeProto(dim=[{"size": -1 if d is None else d} for d in self._dims])

    def num_elements(self):
        """Product of the dimensions, or None if one is unknown."""
        if not self.is_fully_defined():
            return None
        count = 1
        for d in self._dims:
            count *= d
        return count

    def is_fully_defined(self):
        """Whether rank and all dimensions are known."""
        return self._dims is not None and None not in self._dims

    def assert_is_fully_defined(self):
        """Raise ValueError unless `is_fully_defined()`."""
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined")

    # Text and items: here the mode shows.

    def __repr__(self):
        if _v2_behavior:
            return f"TensorShape({None if self._dims is None else list(self._dims)})"
        return f"TensorShape({self.dims})"

    def __str__(self):
        if self._dims is None:
            return "<unknown>"
        unknown = "None" if _v2_behavior else "?"
        items = [unknown if d is None else str(d) for d in self._dims]
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"

    def __len__(self):
        if self._dims is None:
            raise ValueError("Cannot take the length of shape with unknown rank.")
        return len(self._dims)

    def __bool__(self):
        return self._dims is not None

    def __iter__(self):
        if self._dims is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return iter(self._dims if _v2_behavior else self.dims)

    def __getitem__(self, key):
        if isinstance(key, slice):
            return self._slice(key)
        if self._dims is None:
            return None if _v2_behavior else Dimension(None)
        return (self._dims if _v2_behavior else self.dims)[key]

    def _slice(self, key):
        if self._dims is not None:
            return TensorShape._from_dims(self._dims[key])
        if key.step is not None:
            raise ValueError("Steps are not yet handled")
        start = 0 if key.start is None else key.start
        if key.stop is None or start < 0 or key.stop < 0:
            return TensorShape._from_dims(None)
        return unknown_shape(key.stop - start)

    # Two shapes.

    def merge_with(self, other):
        """What both shapes say together. Raises ValueError if they contradict each other."""
        other = as_shape(other)
        if self._dims is None:
            return other
        if other._dims is None:
            return self
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are not compatible")
        return TensorShape._from_dims(tuple([b if a is None else a for a, b in zip(self._dims, other._dims)]))

    def concatenate(self, other):
        """Dimensions of this shape, then those of `other`; unknown if either rank is."""
        other = as_shape(other)
        if self._dims is None or other._dims is None:
            return TensorShape._from_dims(None)
        return TensorShape._from_dims(self._dims + other._dims)

    __add__ = concatenate
    __concat__ = concatenate

    def __radd__(self, other):
        return as_shape(other).concatenate(self)

    def most_specific_compatible_shape(self, other):
        """The most specific shape that both are compatible with."""
        other = as_shape(other)
        if self._dims is None or other._dims is None or len(self._dims) != len(other._dims):
            return TensorShape._from_dims(None)
        return TensorShape._from_dims(tuple([a if a == b else None for a, b in zip(self._dims, other._dims)]))

    def most_specific_common_supertype(self, others):
        """The most specific shape of which this and all `others` are subtypes; None if one is no shape."""
        if not all(isinstance(other, TensorShape) for other in others):
            return None
        shape = self
        for other in others:
            shape = shape.most_specific_compatible_shape(other)
        return shape

    def is_subtype_of(self, other):
        """Whether every tensor of this static shape is also of shape `other`."""
        if not isinstance(other, TensorShape):
            return False
        if other._dims is None:
            return True
        if self.rank != other.rank:
            return False
        return all(b is None or a == b for a, b in zip(self._dims, other._dims))

    def is_compatible_with(self, other):
        """Whether some fully known shape is an instance of both."""
        a, b = self._dims, as_shape(other)._dims
        if a is None or b is None:
            return True
        return len(a) == len(b) and all(x is None or y is None or x == y for x, y in zip(a, b))

    def assert_is_compatible_with(self, other):
        """Raise ValueError unless `is_compatible_with(other)`."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are incompatible")

    def __eq__(self, other):
        if other.__class__ is not TensorShape:
            try:
                other = as_shape(other)
            except TypeError:
                return NotImplemented
        return self._dims == other._dims

    def __hash__(self):
        return hash(self._dims)

    # Rank.

    def assert_same_rank(self, other):
        """Raise ValueError if both ranks are known and differ."""
        other = as_shape(other)
        if self._dims is not None and other._dims is not None and len(self._dims) != len(other._dims):
            raise ValueError(f"Shapes {self} and {other} must have the same rank")

    def assert_has_rank(self, rank):
        """Raise ValueError if the rank is known and not `rank`."""
        if self.rank not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}")

    def with_rank(self, rank):
        """This shape, or one of `rank` unknown dimensions. Raises ValueError if the rank is another."""
        self.assert_has_rank(rank)
        return unknown_shape(rank) if self._dims is None else self

    def with_rank_at_least(self, rank):
        """This shape. Raises ValueError if its rank is known and less than `rank`."""
        if self._dims is not None and len(self._dims) < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank):
        """This shape. Raises ValueError if its rank is known and more than `rank`."""
        if self._dims is not None and len(self._dims) > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}")
        return self

    def __reduce__(self):
        return TensorShape, (self._dims,)


def _dims_of_iterable(dims):
    """Tuple of dimensions of an iterable, or of a single number."""
    try:
        items = iter(dims)
    except TypeError:
        return (_dim(dims),)
    result = []
    for d in items:
        try:
            result.append(_dim(d))
        except TypeError as e:
            raise TypeError(
                f"Failed to convert '{dims!r}' to a shape: '{d!r}'could not be converted to a dimension. "
                "A shape should either be single dimension (e.g. 10), "
                "or an iterable of dimensions (e.g. [1, 10, None])."
            ) from e
    return tuple(result)


def as_shape(shape):
    """`shape` itself if it is a TensorShape, else ``TensorShape(shape)``."""
    return shape if isinstance(shape, TensorShape) else TensorShape(shape)


def unknown_shape(rank=None, **kwargs):
    """A shape of `rank` unknown dimensions; of unknown rank by default. `ndims` also means `rank`."""
    if rank is None and "ndims" in kwargs:
        rank = kwargs.pop("ndims")
    if kwargs:
        raise TypeError(f"Unknown argument: {kwargs}")
    return TensorShape._from_dims(None if rank is None else (None,) * rank)


def scalar():
    """The shape of a scalar, ``()``."""
    return TensorShape._from_dims(())


def vector(length):
    """The shape ``(length,)``."""
    return TensorShape([length])


def matrix(rows, cols):
    """The shape ``(rows, cols)``."""
    return TensorShape([rows, cols])

"""Cutting a variable into parts along one dimension."""

class PartitionInfo:
    """What initializers may want to know about a part: the shape of the whole and where the part begins."""

    __slots__ = ("_full_shape", "_var_offset")

    def __init__(self, full_shape, var_offset):
        if not isinstance(full_shape, (list, tuple)):
            raise TypeError(
                f"`full_shape` must be a sequence (like tuple or list) instead of {type(full_shape).__name__}"
            )
        if not isinstance(var_offset, (list, tuple)):
            raise TypeError(
                f"`var_offset` must be a sequence (like tuple or list) instead of {type(var_offset).__name__}"
            )
        if len(var_offset) != len(full_shape):
            raise ValueError(
                f"Expected equal length, but `var_offset` is of length {len(var_offset)} while full_shape is of "
                f"length {len(full_shape)}."
            )
        for offset, size in zip(var_offset, full_shape):
            if offset < 0 or offset >= size:
                raise ValueError(
                    f"Expected 0 <= offset < shape but found offset={offset}, shape={size} for "
                    f"var_offset={var_offset}, full_shape={full_shape}"
                )
        self._full_shape = full_shape
        self._var_offset = var_offset

    @property
    def full_shape(self):
        """Shape of the whole variable."""
        return self._full_shape

    @property
    def var_offset(self):
        """Where the part begins in each dimension."""
        return self._var_offset

    def single_offset(self, shape):
        """Where a part of `shape` begins in the one dimension that is cut; 0 if none is."""
        dim = self.single_slice_dim(shape)
        return 0 if dim is None else self.var_offset[dim]

    def single_slice_dim(self, shape):
        """The one dimension in which a part of `shape` is less than the whole; None if there is none."""
        if not isinstance(shape, (tuple, list)):
            raise TypeError(f"`shape` must be a sequence (like tuple or list) instead of {type(shape).__name__}")
        if len(shape) != len(self.full_shape):
            raise ValueError(
                f"Expected equal length, but received shape={shape} of length {len(shape)} while "
                f"self.full_shape={self.full_shape} is of length {len(self.full_shape)}."
            )
        found = None
        for i, (size, offset, full) in enumerate(zip(shape, self.var_offset, self.full_shape)):
            if offset + size > full:
                raise ValueError(
                    f"With self.var_offset={self.var_offset}, a partition of shape={shape} would exceed "
                    f"self.full_shape={self.full_shape} in dimension {i}."
                )
        for i, (size, full) in enumerate(zip(shape, self.full_shape)):
            if size == full:
                continue
            if found is not None:
                raise ValueError(
                    f"Cannot use single_slice_dim() with shape={shape} and self.full_shape={self.full_shape} since "
                    f"slice dim could be either dimension {i} or {found}."
                )
            found = i
        return found


def call_partitioner(partitioner, shape, dtype):
    """What `partitioner` says about a variable of `shape`, checked: a number of parts for each dimension."""
    if not shape.is_fully_defined():
        raise ValueError(f"Shape of a new partitioned variable must be fully defined, but instead was {shape}.")
    if shape.ndims < 1:
        raise ValueError(f"A partitioned Variable must have rank at least 1, shape: {shape}")
    slicing = partitioner(shape=shape, dtype=dtype)
    if not isinstance(slicing, (list, tuple, str, bytes, range)):
        raise ValueError(f"Partitioner must return a sequence, but saw: {slicing}")
    if len(slicing) != shape.ndims:
        raise ValueError(
            "Partitioner returned a partition list that does not match the Variable's rank: "
            f"{slicing} vs. {shape}"
        )
    if any(p < 1 for p in slicing):
        raise ValueError(f"Partitioner returned zero partitions for some axes: {slicing}")
    if sum(p > 1 for p in slicing) > 1:
        raise ValueError(
            f"Can only slice a variable along one dimension: shape: {shape}, partitioning: {slicing}"
        )
    return slicing


def parts_of(full_shape, slicing):
    """Offset and shape of each part; the first ones are one longer if the division leaves a rest."""
    dim = next((i for i, p in enumerate(slicing) if p > 1), 0)
    n_parts = max(slicing[dim], 1)
    size, n_longer = divmod(full_shape[dim], n_parts)
    offset = [0] * len(full_shape)
    for i in range(n_parts):
        shape = list(full_shape)
        shape[dim] = size + (i < n_longer)
        yield list(offset), shape
        offset[dim] += shape[dim]

"""Functions that say into how many parts ``get_variable`` cuts a variable."""

import math

from . import dtypes
from .tensor_shape import TensorShape


def _element_size(dtype, bytes_per_string_element):
    dtype = dtypes.as_dtype(dtype)
    return bytes_per_string_element if dtype.base_dtype == dtypes.string else dtype.size


def variable_axis_size_partitioner(max_shard_bytes, axis=0, bytes_per_string_element=16, max_shards=None):
    """Partitioner that keeps parts at or below `max_shard_bytes` if cutting along `axis` can.

    Parameters
    ----------
    max_shard_bytes : int
        Largest size of a part.
    axis : int
        Dimension to cut.
    bytes_per_string_element : int
        Size to count for one element of a string variable.
    max_shards : int, optional
        Most parts to make, even if they become larger.
    """
    if max_shard_bytes < 1 or bytes_per_string_element < 1:
        raise ValueError(
            "Both max_shard_bytes and bytes_per_string_element must be positive. "
            f"Currently, max_shard_bytes is {max_shard_bytes} and"
            f"bytes_per_string_element is {bytes_per_string_element}"
        )
    if max_shards and max_shards < 1:
        raise ValueError("max_shards must be positive.")

    def partitioner(shape, dtype):
        if not isinstance(shape, TensorShape):
            raise ValueError(f"shape is not a TensorShape: {shape}")
        if not shape.is_fully_defined():
            raise ValueError(f"shape is not fully defined: {shape}")
        size = shape.as_list()[axis]
        bytes_per_slice = 1.0 * (shape.num_elements() / size) * _element_size(dtype, bytes_per_string_element)
        slices_per_part = max(1, math.floor(max_shard_bytes / bytes_per_slice))
        n_parts = math.ceil(size / slices_per_part)
        if max_shards:
            n_parts = min(max_shards, n_parts)
        partitions = [1] * shape.ndims
        partitions[axis] = n_parts
        return partitions

    return partitioner


def min_max_variable_partitioner(max_partitions=1, axis=0, min_slice_size=256 << 10, bytes_per_string_element=16):
    """Partitioner that cuts along `axis` into at most `max_partitions` parts of about `min_slice_size` bytes or more.

    Parameters
    ----------
    max_partitions : int
        Most parts to make.
    axis : int
        Dimension to cut.
    min_slice_size : int
        Least bytes of a part.
    bytes_per_string_element : int
        Size to count for one element of a string variable.
    """

    def partitioner(shape, dtype):
        if axis >= len(shape):
            raise ValueError(f"Cannot partition variable along axis {axis} when shape is only {shape}")
        total = shape.num_elements() * _element_size(dtype, bytes_per_string_element)
        partitions = [1] * len(shape)
        partitions[axis] = max(1, min(shape.as_list()[axis], max_partitions, math.ceil(total / min_slice_size)))
        return partitions

    return partitioner


def fixed_size_partitioner(num_shards, axis=0):
    """Partitioner that cuts along `axis` into `num_shards` parts, or as many as there are slices."""

    def partitioner(shape, **kwargs):
        partitions = [1] * len(shape)
        partitions[axis] = min(num_shards, shape.as_list()[axis])
        return partitions

    return partitioner


def create_partitioned_variables(
    shape, slicing, initializer, dtype=dtypes.float32, trainable=True, collections=None, name=None, reuse=None
):
    """List of the parts of a new variable cut as `slicing` says (at most one entry above 1)."""
    from . import scopes

    if len(shape) != len(slicing):
        raise ValueError(
            "The 'shape' and 'slicing' of a partitioned Variable must have the length: "
            f"shape: {shape}, slicing: {slicing}"
        )
    if len(shape) < 1:
        raise ValueError(f"A partitioned Variable must have rank at least 1: shape: {shape}")
    with scopes.variable_scope(name, "PartitionedVariable", reuse=reuse):
        whole = scopes._get_partitioned_variable(
            name=None,
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            trainable=trainable,
            partitioner=lambda **kwargs: slicing,
            collections=collections,
        )
    return list(whole)

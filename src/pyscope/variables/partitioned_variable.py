"""A variable in several parts along one axis."""

from .. import _core as core
from ..conversion import register_tensor_conversion_function
from ..graph import get_default_graph
from ..ops import array as array_ops


class PartitionedVariable:
    """The parts of one variable, in order; as a tensor, the parts joined.

    Parameters
    ----------
    name : str
        Name of the whole.
    shape : TensorShape
        Shape of the whole.
    dtype : DType
    variable_list : list of Variable
        The parts, each with its SaveSliceInfo.
    partitions : list of int
        Number of parts in each dimension.
    """

    def __init__(self, name, shape, dtype, variable_list, partitions):
        if not isinstance(variable_list, (list, tuple)):
            raise TypeError(f"variable_list is not a list or tuple: {variable_list}")
        if not isinstance(partitions, (list, tuple)):
            raise TypeError(f"partitions is not a list or tuple: {partitions}")
        if not all(p >= 1 for p in partitions):
            raise ValueError(f"partition values must be positive: {partitions}")
        if not variable_list:
            raise ValueError("variable_list may not be empty")
        if any(v._get_save_slice_info() is None for v in variable_list):
            raise ValueError(
                f"All variables must have a save_slice_info available: {[v.name for v in variable_list]}"
            )
        if len(shape) != len(partitions):
            raise ValueError(f"len(shape) != len(partitions): {shape} vs. {partitions}")
        for v in variable_list:
            full_shape = v._get_save_slice_info().full_shape
            if full_shape != shape:
                raise ValueError(
                    f"All variables' full shapes must match shape: {shape}; but full shapes were: {[full_shape]}"
                )
        self._variable_list = sorted(variable_list, key=lambda v: v._get_save_slice_info().var_offset)
        self._name = name
        self._shape = shape
        self._dtype = dtype
        self._partitions = partitions

    def __iter__(self):
        return iter(self._variable_list)

    def __len__(self):
        axes = self._partition_axes()
        if len(axes) > 1:
            raise ValueError(f"Cannot get a length for {len(axes)} > 1 partition axes")
        return len(self._variable_list)

    def _partition_axes(self):
        return [i for i, p in enumerate(self._partitions) if p > 1] or [0]

    def _partition_axis(self, problem):
        axes = self._partition_axes()
        if len(axes) > 1:
            raise NotImplementedError(problem.format(axes))
        return axes[0]

    def as_tensor(self):
        """The parts joined, free of the control dependencies around the call."""
        with get_default_graph().control_dependencies(None):
            return self._concat()

    def _concat(self):
        parts = self._variable_list
        if len(parts) == 1:
            with core.name_scope(None):
                return array_ops.identity(parts[0], name=self._name)
        axis = self._partition_axis(
            "Cannot concatenate along more than one dimension: {}.  Multi-axis partition concat is not supported"
        )
        with core.name_scope(self._name + "/ConcatPartitions/"):
            whole = array_ops.concat(parts, axis)
        with core.name_scope(None):
            return array_ops.identity(whole, name=self._name)

    @property
    def name(self):
        """Name of the whole, without ``:0``."""
        return self._name

    @property
    def dtype(self):
        """Type of the values."""
        return self._dtype

    @property
    def shape(self):
        """Shape of the whole."""
        return self._shape

    def get_shape(self):
        """Shape of the whole."""
        return self._shape

    def _get_variable_list(self):
        return self._variable_list

    def _get_partitions(self):
        return self._partitions

    def _change(self, method, value, use_locking, name, read_value):
        axis = self._partition_axis(
            "Cannot do assign action along more than one dimension: {}.  Multi-axis partition assign action is not "
            "supported "
        )
        parts = self._variable_list
        if isinstance(value, list):
            assert len(value) == len(parts)
            values = value
        elif isinstance(value, PartitionedVariable):
            values = list(value)
        else:
            values = array_ops.split(value, [part.shape._dims[axis] for part in parts], axis=axis)
        changed = [
            getattr(part, method)(v, use_locking=use_locking, name=name, read_value=read_value)
            for part, v in zip(parts, values)
        ]
        return changed if read_value else [c.op for c in changed]

    def assign(self, value, use_locking=False, name=None, read_value=True):
        """Set every part, when run; the list of what assigning to the parts gives."""
        return self._change("assign", value, use_locking, name, read_value)

    def assign_add(self, value, use_locking=False, name=None, read_value=True):
        """Add to every part, when run; the list of what adding to the parts gives."""
        return self._change("assign_add", value, use_locking, name, read_value)

    def assign_sub(self, value, use_locking=False, name=None, read_value=True):
        """Subtract from every part, when run; the list of what subtracting from the parts gives."""
        return self._change("assign_sub", value, use_locking, name, read_value)

    @staticmethod
    def _TensorConversionFunction(v, dtype=None, name=None, as_ref=False):
        if dtype is not None and not dtype.is_compatible_with(v.dtype):
            raise ValueError(
                f"Incompatible type conversion requested to type '{dtype.name}' for variable of type '{v.dtype.name}'"
            )
        if as_ref:
            raise NotImplementedError("PartitionedVariable doesn't support being used as a reference.")
        return v.as_tensor()


register_tensor_conversion_function(PartitionedVariable, PartitionedVariable._TensorConversionFunction)

"""The variables of a graph that ``get_variable`` made, by name, and how a new one is made."""

from . import _core as core
from . import dtypes
from ._callables import argument_names, has_kwargs, needs_no_arguments
from ._partitions import PartitionInfo, call_partitioner, parts_of
from .conversion import convert_to_tensor
from .graph import init_scope
from .regularization import regularize
from .tensor_shape import as_shape
from .variables import toggle
from .variables.base import Variable, VariableAggregation, VariableSynchronization, validate_placement
from .variables.partitioned_variable import PartitionedVariable

name_scope = core.name_scope

_AUTO = VariableSynchronization.AUTO
_NONE = VariableAggregation.NONE


class VariableStore:
    """The variables of one graph that ``get_variable`` made, by full name."""

    __slots__ = ("_partitioned_vars", "_vars")

    def __init__(self):
        self._vars = {}
        self._partitioned_vars = {}

    @staticmethod
    def _check_initializer_dtype(initializer, dtype):
        init_dtype = convert_to_tensor(initializer).dtype.base_dtype
        if init_dtype != dtype:
            raise ValueError(f"Initializer type '{init_dtype}' and explicit dtype '{dtype}' don't match.")

    def get_variable(
        self,
        name,
        shape=None,
        dtype=dtypes.float32,
        initializer=None,
        regularizer=None,
        reuse=None,
        trainable=None,
        collections=None,
        caching_device=None,
        partitioner=None,
        validate_shape=True,
        use_resource=None,
        custom_getter=None,
        constraint=None,
        synchronization=_AUTO,
        aggregation=_NONE,
    ):
        """The variable `name`, made if need be; arguments as for ``tf.get_variable``."""
        if custom_getter is not None and not callable(custom_getter):
            raise ValueError(f"Passed a custom_getter which is not callable: {custom_getter}")
        dtype = getattr(dtype, "base_dtype", dtype)
        synchronization, aggregation, trainable = validate_placement(synchronization, aggregation, trainable, name)
        if custom_getter is None:
            return self._true_getter(
                name,
                shape,
                dtype,
                initializer,
                regularizer,
                reuse,
                trainable,
                collections,
                caching_device,
                partitioner,
                validate_shape,
                use_resource,
                constraint,
                synchronization,
                aggregation,
            )
        arguments = {
            "getter": self._true_getter,
            "name": name,
            "shape": shape,
            "dtype": dtype,
            "initializer": initializer,
            "regularizer": regularizer,
            "reuse": reuse,
            "trainable": trainable,
            "collections": collections,
            "caching_device": caching_device,
            "partitioner": partitioner,
            "validate_shape": validate_shape,
            "use_resource": use_resource,
            "synchronization": synchronization,
            "aggregation": aggregation,
        }
        # Getters written before constraints existed do not take one.
        if "constraint" in argument_names(custom_getter) or has_kwargs(custom_getter):
            arguments["constraint"] = constraint
        return custom_getter(**arguments)

    def _true_getter(
        self,
        name,
        shape=None,
        dtype=dtypes.float32,
        initializer=None,
        regularizer=None,
        reuse=None,
        trainable=None,
        collections=None,
        caching_device=None,
        partitioner=None,
        validate_shape=True,
        use_resource=None,
        constraint=None,
        synchronization=_AUTO,
        aggregation=_NONE,
    ):
        """What custom getters end with."""
        is_scalar = shape is not None and isinstance(shape, (list, tuple)) and not shape
        shared_parts = reuse is True and partitioner is None and name in self._partitioned_vars
        if (partitioner is not None and not is_scalar) or shared_parts:
            if not shared_parts and not callable(partitioner):
                raise ValueError(f"Partitioner must be callable, but received: {partitioner}")
            arguments = {
                "name": name,
                "shape": shape,
                "dtype": dtype,
                "initializer": initializer,
                "regularizer": regularizer,
                "reuse": reuse,
                "trainable": trainable,
                "collections": collections,
                "caching_device": caching_device,
                "partitioner": partitioner,
                "validate_shape": validate_shape,
                "use_resource": use_resource,
                "constraint": constraint,
                "synchronization": synchronization,
                "aggregation": aggregation,
            }
            if shared_parts:
                return self._get_partitioned_variable(**arguments)
            with name_scope(None):
                return self._get_partitioned_variable(**arguments)
        if self._partitioned_vars and f"{name}/part_0" in self._vars:
            raise ValueError(
                "No partitioner was provided, but a partitioned version of the variable was found: "
                f"{name}/part_0. Perhaps a variable of the same name was already created with partitioning?"
            )
        return self._get_single_variable(
            name,
            shape,
            dtype,
            initializer,
            regularizer,
            None,
            reuse,
            trainable,
            collections,
            caching_device,
            validate_shape,
            use_resource,
            constraint,
            synchronization,
            aggregation,
        )

    def _get_partitioned_variable(
        self,
        name,
        partitioner,
        shape=None,
        dtype=dtypes.float32,
        initializer=None,
        regularizer=None,
        reuse=None,
        trainable=None,
        collections=None,
        caching_device=None,
        validate_shape=True,
        use_resource=None,
        constraint=None,
        synchronization=_AUTO,
        aggregation=_NONE,
    ):
        """The PartitionedVariable `name`, made if need be."""
        if name in self._vars:
            raise ValueError(
                "A partitioner was provided, but an unpartitioned version of the variable was found: "
                f"{name}.  Perhaps a variable of the same name was already created without partitioning?"
            )
        shape = as_shape(shape)
        if isinstance(initializer, core.Tensor):
            shape = shape.merge_with(initializer.get_shape())
        partitions = call_partitioner(partitioner, shape, dtype) if not reuse or partitioner else None
        if name in self._partitioned_vars:
            return self._existing_parts(name, shape, dtype, partitions, reuse)
        if reuse is True:
            raise ValueError(
                f"PartitionedVariable {name} does not exist, or was not created with tf.get_variable(). Did you mean "
                "to set reuse=False or reuse=tf.AUTO_REUSE in VarScope?"
            )
        full_shape = shape.as_list()
        parts = list(parts_of(full_shape, partitions))
        self._check_number_of_parts(name, len(parts))
        variables = []
        for i, (offset, part_shape) in enumerate(parts):
            part_name = f"{name}/part_{i}"
            with name_scope(part_name + "/PartitionedInitializer"):
                init, init_shape, dtype = self._part_initializer(
                    name, initializer, shape, dtype, offset, part_shape
                )
            with name_scope(None):
                variable = self._get_single_variable(
                    part_name,
                    shape=init_shape,
                    dtype=dtype,
                    initializer=init,
                    partition_info=PartitionInfo(full_shape=list(full_shape), var_offset=offset),
                    regularizer=regularizer,
                    reuse=reuse,
                    trainable=trainable,
                    collections=collections,
                    caching_device=caching_device,
                    validate_shape=validate_shape,
                    use_resource=use_resource,
                    constraint=constraint,
                    synchronization=synchronization,
                    aggregation=aggregation,
                )
            variable._set_save_slice_info(Variable.SaveSliceInfo(name, list(full_shape), offset, part_shape))
            variables.append(variable)
        whole = PartitionedVariable(
            name=name, shape=shape, dtype=dtype, variable_list=variables, partitions=partitions
        )
        self._partitioned_vars[name] = whole
        return whole

    def _existing_parts(self, name, shape, dtype, partitions, reuse):
        if reuse is False:
            raise ValueError(
                f"Partitioned variable with name {name} already exists. Did you mean to set reuse=True or "
                "reuse=tf.AUTO_REUSE in VarScope?"
            )
        found = self._partitioned_vars[name]
        if not shape.is_compatible_with(found.get_shape()):
            raise ValueError(
                f"Trying to reuse partitioned variable {name}, but specified shape {shape} and found shape "
                f"{found.get_shape()}."
            )
        if not dtype.is_compatible_with(found.dtype):
            raise ValueError(
                f"Trying to reuse partitioned variable {name}, but specified dtype {dtype.name} and found dtype "
                f"{found.dtype.name}."
            )
        if partitions is not None and found._get_partitions() != partitions:
            raise ValueError(
                f"Trying to reuse partitioned variable {name}, but specified partitions {partitions} and found "
                f"partitions {found._get_partitions()}."
            )
        return found

    def _check_number_of_parts(self, name, n_parts):
        if f"{name}/part_0" not in self._vars:
            return
        intro = (
            "Partitioner returned a different partitioning than what was already found.  Partitioner returned "
            f"{n_parts} shards, and shard {name}/part_0 was found, but "
        )
        if f"{name}/part_{n_parts - 1}" not in self._vars:
            raise ValueError(f"{intro}{name}/part_{n_parts - 1} was not.")
        if f"{name}/part_{n_parts}" in self._vars:
            raise ValueError(f"{intro}so was the extra shard {name}/part_{n_parts}.")

    def _part_initializer(self, name, initializer, shape, dtype, offset, part_shape):
        """Initializer of one part, the shape to give ``_get_single_variable`` and the dtype."""
        from .ops import array as array_ops

        if initializer is None:
            return self._default_initializer(name, dtype), part_shape, dtype
        if callable(initializer):
            return initializer, part_shape, dtype
        if isinstance(initializer, core.Tensor):
            init = array_ops.slice(initializer, offset, part_shape)
            return init, None, init.dtype.base_dtype
        return array_ops.slice(convert_to_tensor(initializer, dtype=dtype), offset, part_shape), None, dtype

    def _get_single_variable(
        self,
        name,
        shape=None,
        dtype=dtypes.float32,
        initializer=None,
        regularizer=None,
        partition_info=None,
        reuse=None,
        trainable=None,
        collections=None,
        caching_device=None,
        validate_shape=True,
        use_resource=None,
        constraint=None,
        synchronization=_AUTO,
        aggregation=_NONE,
    ):
        """The variable or part of a variable `name`, made if need be."""
        from_value = initializer is not None and not callable(initializer)
        if shape is not None and from_value:
            raise ValueError("If initializer is a constant, do not specify shape.")
        dtype = dtypes.as_dtype(dtype)
        if shape is not None:
            shape = as_shape(shape)
        found = self._vars.get(name)
        if found is not None:
            return self._existing(name, found, shape, dtype, reuse)
        if reuse is True:
            raise ValueError(
                f"Variable {name} does not exist, or was not created with tf.get_variable(). Did you mean to set "
                "reuse=tf.AUTO_REUSE in VarScope?"
            )
        if initializer is None:
            if shape is None:
                raise ValueError(
                    f"Variable {name} did not get an initializer, so its `shape` argument must be specified."
                )
            initializer = self._default_initializer(name, dtype)
        if from_value:
            initial_value, variable_dtype = initializer, None
        else:
            initial_value, variable_dtype = self._bound(initializer, shape, dtype, partition_info)
        if use_resource is None:
            use_resource = toggle.resource_variables_enabled()
        variable = Variable(
            initial_value=initial_value,
            name=name,
            trainable=trainable,
            collections=collections,
            caching_device=caching_device,
            dtype=variable_dtype,
            validate_shape=validate_shape,
            constraint=constraint,
            use_resource=use_resource,
            synchronization=synchronization,
            aggregation=aggregation,
            shape=shape,
        )
        self._vars[name] = variable
        if regularizer:
            regularize(variable, name, regularizer)
        return variable

    @staticmethod
    def _existing(name, found, shape, dtype, reuse):
        if reuse is False:
            message = (
                f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE "
                "in VarScope?"
            )
            if found.dtype._is_ref_dtype:
                message += " Originally defined at:\n\n"
            raise ValueError(message)
        if shape is not None and not shape.is_compatible_with(found.get_shape()):
            raise ValueError(
                f"Trying to share variable {name}, but specified shape {shape} and found shape {found.get_shape()}."
            )
        if not dtype.is_compatible_with(found.dtype):
            raise ValueError(
                f"Trying to share variable {name}, but specified dtype {dtype.name} and found dtype "
                f"{found.dtype.name}."
            )
        return found

    @staticmethod
    def _bound(initializer, shape, dtype, partition_info):
        """The initializer as a callable without arguments, and the dtype of the variable."""
        if isinstance(initializer, type):
            with init_scope():
                initializer = initializer()
        if shape is not None and shape.is_fully_defined():
            dims = shape.as_list()
            if "partition_info" in argument_names(initializer):
                return (
                    lambda: initializer(dims, dtype=dtype, partition_info=partition_info)
                ), dtype.base_dtype
            return (lambda: initializer(dims, dtype=dtype)), dtype.base_dtype
        if needs_no_arguments(initializer):
            return initializer, None
        raise ValueError(
            "The initializer passed is not valid. It should be a callable with no arguments and the shape should not "
            "be provided or an instance of `tf.keras.initializers.*' and `shape` should be fully defined."
        )

    @staticmethod
    def _default_initializer(name, dtype):
        """Glorot's for floating-point variables, zeros for integers, booleans and strings."""
        from .initializers import GlorotUniform, Zeros

        if dtype.is_floating:
            return GlorotUniform()
        if dtype.is_integer or dtype.is_unsigned or dtype.is_bool or dtype == dtypes.string:
            return Zeros()
        raise ValueError(f"An initializer for variable {name} of {dtype.base_dtype} is required")

    # TF's name of it, which libraries call.
    def _get_default_initializer(self, name, shape=None, dtype=dtypes.float32):
        return self._default_initializer(name, dtype), False

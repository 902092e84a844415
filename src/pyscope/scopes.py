"""Sharing variables by name: ``get_variable``, and the stores behind it.

Variable scopes themselves, which are entered often, are in the compiled core.
"""

import enum

from . import _core as core
from . import dtypes
from ._callables import argument_names, has_kwargs, needs_no_arguments
from .conversion import constant_array, convert_to_tensor, register_tensor_conversion_function
from .graph import GraphKeys, get_default_graph, init_scope
from .initializers.constant import Ones, Zeros
from .tensor_shape import TensorShape, as_shape
from .variables import toggle
from .variables.base import Variable, VariableAggregation, VariableSynchronization, validate_placement
from .variables.partitioned_variable import PartitionedVariable
from .variables.resource_variable import ResourceVariable


class _ReuseMode(enum.Enum):
    """How a variable scope treats variables that exist."""

    AUTO_REUSE = 1


AUTO_REUSE = _ReuseMode.AUTO_REUSE

core.set_variable_scope_defaults(AUTO_REUSE, dtypes.float32)

name_scope = core.name_scope
variable_scope = core.variable_scope
VariableScope = core.VariableScope
get_variable_scope = core.get_variable_scope
get_variable_scope_store = core.get_variable_scope_store
_pure_variable_scope = core._pure_variable_scope

_AUTO = VariableSynchronization.AUTO
_NONE = VariableAggregation.NONE


def op_scope(values, name, default_name=None):
    """Older spelling of ``name_scope(name, default_name, values)``."""
    return name_scope(name, default_name=default_name, values=values)


def variable_op_scope(
    values,
    name_or_scope,
    default_name=None,
    initializer=None,
    regularizer=None,
    caching_device=None,
    partitioner=None,
    custom_getter=None,
    reuse=None,
    dtype=None,
    use_resource=None,
    constraint=None,
):
    """Older spelling of ``variable_scope(name_or_scope, default_name, values)``."""
    return variable_scope(
        name_or_scope,
        default_name=default_name,
        values=values,
        initializer=initializer,
        regularizer=regularizer,
        caching_device=caching_device,
        partitioner=partitioner,
        custom_getter=custom_getter,
        reuse=reuse,
        dtype=dtype,
        use_resource=use_resource,
        constraint=constraint,
    )


def no_regularizer(_):
    """A regularizer that does nothing, to switch off that of the enclosing scope."""
    return None


def variable_creator_scope(variable_creator):
    """Context manager: ``variable_creator(next_creator, **kwargs)`` makes the variables inside.

    The keywords are those of ``tf.Variable``; `next_creator` takes them, too, and makes the variable.
    """
    return get_default_graph()._variable_creator_scope(variable_creator)


def _get_unique_variable_scope(prefix):
    """`prefix`, with a suffix if such a scope has been opened in the current one."""
    return get_variable_scope_store().unique_scope(prefix)


# ---------------------------------------------------------------- partitions


class _PartitionInfo:
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


def _call_partitioner(partitioner, shape, dtype):
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


def _parts(full_shape, slicing):
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


# ---------------------------------------------------------------- the store


class _VariableStore:
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
        partitions = _call_partitioner(partitioner, shape, dtype) if not reuse or partitioner else None
        if name in self._partitioned_vars:
            return self._existing_parts(name, shape, dtype, partitions, reuse)
        if reuse is True:
            raise ValueError(
                f"PartitionedVariable {name} does not exist, or was not created with tf.get_variable(). Did you mean "
                "to set reuse=False or reuse=tf.AUTO_REUSE in VarScope?"
            )
        full_shape = shape.as_list()
        parts = list(_parts(full_shape, partitions))
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
                    partition_info=_PartitionInfo(full_shape=list(full_shape), var_offset=offset),
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
            _regularize(variable, name, regularizer)
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


def _regularize(variable, name, regularizer):
    """Put the loss of `variable` into the graph's regularization losses, unless there is none."""

    def loss():
        with get_default_graph().colocate_with(variable.op), name_scope(name + "/Regularizer/"):
            return regularizer(variable)

    if regularizer(variable) is not None:
        get_default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, _LazyEvalTensor(loss))


class _LazyEvalTensor:
    """A regularization loss: made anew wherever it is used, so that it may be used inside a loop or branch."""

    def __init__(self, thunk):
        self._thunk = thunk
        self._master_tensor = thunk()

    def _as_tensor(self, dtype=None, name=None, as_ref=False):
        assert not as_ref
        assert dtype in (None, self.dtype)
        return self._thunk()

    def _as_graph_element(self):
        return self._master_tensor

    def eval(self, *args, **kwargs):
        """Value of the loss."""
        return self._as_tensor().eval(*args, **kwargs)

    def __str__(self):
        return str(self._master_tensor)

    def __hash__(self):
        return id(self)


def _master(name):
    return property(lambda self: getattr(self._master_tensor, name))


def _operator(name):
    return lambda self, *args: getattr(self._as_tensor(), name)(*args)


for _name in "device dtype graph name op shape value_index get_shape".split():
    setattr(_LazyEvalTensor, _name, _master(_name))
for _name in """__abs__ __add__ __and__ __bool__ __div__ __eq__ __floordiv__ __ge__ __getitem__ __gt__ __invert__ __iter__
    __le__ __len__ __lt__ __matmul__ __mod__ __mul__ __ne__ __neg__ __or__ __pow__ __radd__ __rand__ __rdiv__
    __rfloordiv__ __rmatmul__ __rmod__ __rmul__ __ror__ __rpow__ __rsub__ __rtruediv__ __rxor__ __sub__ __truediv__
    __xor__""".split():
    setattr(_LazyEvalTensor, _name, _operator(_name))

register_tensor_conversion_function(_LazyEvalTensor, _LazyEvalTensor._as_tensor)


# ---------------------------------------------------------------- get_variable

_STORE_KEY = ("__variable_store",)


def _get_default_variable_store():
    """The store of the default graph; bodies of functions share that of the graph around them."""
    graph = get_default_graph()
    while graph.is_function and graph.outer_graph is not None:
        graph = graph.outer_graph
    store = graph._variable_store
    if store is None:
        store = graph._variable_store = _VariableStore()
    return store


def get_variable(
    name,
    shape=None,
    dtype=None,
    initializer=None,
    regularizer=None,
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
    """The variable `name` of the current variable scope: shared or made, as the scope's ``reuse`` says.

    Parameters
    ----------
    name : str
        Name in the scope.
    shape : TensorShape or list of int
        Not if `initializer` is a value.
    dtype : DType
        Default: that of the scope, float32 unless set.
    initializer : initializer, callable without arguments, or value, optional
        Default: that of the scope, or else ``glorot_uniform_initializer`` (zeros for integers, booleans, strings).
    regularizer : function, optional
        Its value for the new variable goes to ``GraphKeys.REGULARIZATION_LOSSES``.
    trainable, collections, caching_device, validate_shape, use_resource, constraint, synchronization, aggregation
        As for ``tf.Variable``.
    partitioner : function, optional
        Says how to cut the variable; the result is a PartitionedVariable then.
    custom_getter : function, optional
        Called instead, with the true getter as its first argument.

    Raises
    ------
    ValueError
        If the variable exists but may not be shared or differs, or does not exist but may not be made.
    """
    scope = get_variable_scope()
    store = _get_default_variable_store()
    plain = (
        custom_getter is None
        and partitioner is None
        and scope._custom_getter is None
        and scope._partitioner is None
        and synchronization is _AUTO
        and aggregation is _NONE
    )
    if (
        plain
        and scope._reuse
        and (initializer is None or callable(initializer))
        and (scope._initializer is None or callable(scope._initializer))
    ):
        # Sharing what exists, the common case: nothing of the rest can matter.
        prefix = scope._name
        found = store._vars.get(prefix + "/" + name if prefix else name)
        if (
            found is not None
            and (shape is None or _same_shape(shape, found))
            and (dtype is None or dtype is found.dtype)
            and (dtype is not None or scope._dtype is found.dtype)
        ):
            return found
    if (
        plain
        and regularizer is None
        and collections is None
        and caching_device is None
        and constraint is None
        and validate_shape is True
        and shape is not None
    ):
        made = _make_quickly(store, scope, name, shape, dtype, initializer, trainable, use_resource)
        if made is not None:
            return made
    return scope.get_variable(
        store,
        name,
        shape,
        dtype,
        initializer,
        regularizer,
        None,
        trainable,
        collections,
        caching_device,
        partitioner,
        validate_shape,
        use_resource,
        custom_getter,
        constraint,
        synchronization,
        aggregation,
    )


def _make_quickly(store, scope, name, shape, dtype, initializer, trainable, use_resource):
    """A new variable full of zeros or ones with nothing special about it; None if it is not that simple."""
    if initializer is None:
        initializer = scope._initializer
    fill = _FILLS.get(initializer.__class__)
    if (
        fill is None
        or scope._reuse is True
        or scope._regularizer is not None
        or scope._caching_device is not None
        or scope._constraint is not None
        or name.__class__ is not str
        or not name
        or name[-1] == "/"
        or store._partitioned_vars
    ):
        return None
    if use_resource is None:
        use_resource = scope._use_resource
        if use_resource is None:
            use_resource = toggle._use_resource
    graph = get_default_graph()
    if not use_resource or graph._variable_creator_stack or not core.can_build_quickly(graph):
        return None
    prefix = scope._name
    full_name = prefix + "/" + name if prefix else name
    if full_name in store._vars:
        return None
    if dtype is None:
        dtype = scope._dtype
    if dtype.__class__ is not dtypes.DType:
        return None
    shape = as_shape(shape)
    array = _filled(fill, shape._dims, dtype)
    if array is None:
        return None
    old = core.exchange_scope(graph, 0)  # names of variables follow from variable scopes alone
    try:
        variable = ResourceVariable._from_constant(
            graph, full_name, array, dtype, shape, fill, trainable is None or bool(trainable)
        )
    finally:
        core.exchange_scope(graph, old)
    store._vars[full_name] = variable
    return variable


_FILLS = {Zeros: "zeros", Ones: "ones"}
_filled_arrays = {}


def _filled(fill, dims, dtype):
    """The array of a constant of zeros or ones; None if TF would not make a constant, or not of this type."""
    try:
        return _filled_arrays[fill, dims, dtype]
    except KeyError:
        pass
    n_elements = 1
    for dim in (None,) if dims is None else dims:
        if dim is None:
            return None
        n_elements *= dim
    if n_elements >= 1000 or not (dtype.is_floating or dtype.is_integer) or dtype.is_quantized or dtype._is_ref_dtype:
        return None
    if len(_filled_arrays) > 1000:
        _filled_arrays.clear()
    array = constant_array(0 if fill == "zeros" else 1, dtype, dims)[0]
    _filled_arrays[fill, dims, dtype] = array
    return array


def _same_shape(shape, variable):
    """True if `shape`, as given, is plainly the shape of `variable`."""
    dims = variable.shape._dims
    if shape.__class__ is TensorShape:
        return shape._dims == dims
    return shape.__class__ in (list, tuple) and tuple(shape) == dims


def get_local_variable(
    name,
    shape=None,
    dtype=None,
    initializer=None,
    regularizer=None,
    trainable=False,
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
    """As ``get_variable``, for a variable in ``GraphKeys.LOCAL_VARIABLES`` that is not trained."""
    if collections:
        collections += [GraphKeys.LOCAL_VARIABLES]
    else:
        collections = [GraphKeys.LOCAL_VARIABLES]
    return get_variable(
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=False,
        collections=collections,
        caching_device=caching_device,
        partitioner=partitioner,
        validate_shape=validate_shape,
        use_resource=use_resource,
        synchronization=synchronization,
        aggregation=aggregation,
        custom_getter=custom_getter,
        constraint=constraint,
    )


def _get_partitioned_variable(
    name,
    shape=None,
    dtype=None,
    initializer=None,
    regularizer=None,
    trainable=True,
    collections=None,
    caching_device=None,
    partitioner=None,
    validate_shape=True,
    use_resource=None,
    constraint=None,
    synchronization=_AUTO,
    aggregation=_NONE,
):
    """A partitioned variable of the current scope; an empty name means the scope's own."""
    return get_variable_scope()._get_partitioned_variable(
        _get_default_variable_store(),
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
        collections=collections,
        caching_device=caching_device,
        partitioner=partitioner,
        validate_shape=validate_shape,
        use_resource=use_resource,
        constraint=constraint,
        synchronization=synchronization,
        aggregation=aggregation,
    )

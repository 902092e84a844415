"""Resource variables: a handle, and ops that read and write what it refers to."""

from .. import _core as core
from .. import dtypes
from ..conversion import CONST, convert_to_tensor, register_tensor_conversion_function
from ..graph import GraphKeys, control_dependencies, get_default_graph, init_scope
from ..ops import resource as ops
from ..tensor_shape import TensorShape, as_shape
from . import guard
from .base import (
    Variable,
    VariableAggregation,
    VariableSynchronization,
    control_flow_context,
    prepend_name_scope,
    strip_name_scope,
    validate_placement,
)

_GLOBAL = (GraphKeys.GLOBAL_VARIABLES,)
_TRAINABLE = (GraphKeys.GLOBAL_VARIABLES, GraphKeys.TRAINABLE_VARIABLES)


def check_collections(collections):
    """Raise unless `collections` can be a variable's collections."""
    if not isinstance(collections, (list, tuple, set)):
        raise ValueError(
            "collections argument to Variable constructor must be a list, tuple, or set. Got "
            f"{collections} of type {type(collections)}"
        )


class BaseResourceVariable(Variable):
    """What the variable itself and the result of assigning to it have in common."""

    _in_graph_mode = True
    _cached_value = None
    _caching_device = None
    _constraint = None
    _initial_value = None
    _initializer_op = None
    _is_initialized_op = None
    _save_slice_info = None
    _graph_element = None
    _validate_shape = True

    def __repr__(self):
        return f"<tf.Variable '{self.name}' shape={self.get_shape()} dtype={self.dtype.name}>"

    def __bool__(self):
        return bool(self.read_value())

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        raise NotImplementedError("__deepcopy__() is only available when eager execution is enabled.")

    @property
    def dtype(self):
        """Type of the value."""
        return self._dtype

    @property
    def device(self):
        """Device of the handle."""
        return self._handle.device

    @property
    def graph(self):
        """The graph the variable is in."""
        return self._handle.graph

    @property
    def name(self):
        """Name with ``:0``."""
        return self._handle_name

    @property
    def shape(self):
        """Static shape."""
        return self._shape

    def set_shape(self, shape):
        """Narrow the static shape."""
        self._shape = self._shape.merge_with(shape)

    def _shape_as_list(self):
        dims = self._shape._dims
        return None if dims is None else list(dims)

    def _shape_tuple(self):
        return self._shape._dims

    @property
    def create(self):
        """The operation that initializes the variable."""
        return self._initializer_op

    @property
    def handle(self):
        """Tensor, dtype resource: what the ops on the variable take."""
        return self._handle

    @property
    def initializer(self):
        """The operation that initializes the variable."""
        return self._initializer_op

    @property
    def initial_value(self):
        """Tensor that the initializer assigns."""
        return self._initial_value

    @property
    def constraint(self):
        """Projection to apply after an optimizer changed the value, or None."""
        return self._constraint

    @property
    def op(self):
        """The operation of the handle."""
        return self._handle.op

    @property
    def trainable(self):
        """Whether optimizers train the variable."""
        return self._trainable

    @property
    def synchronization(self):
        """When copies of a distributed variable are brought together."""
        return self._synchronization

    @property
    def aggregation(self):
        """How copies of a distributed variable are brought together."""
        return self._aggregation

    def _as_graph_element(self):
        return self._graph_element

    def eval(self, session=None):
        """The value in `session`, or in the default session."""
        return self._graph_element.eval(session=session)

    def numpy(self):
        """Only with eager execution, which PyScope has not."""
        raise NotImplementedError("numpy() is only available when eager execution is enabled.")

    # ------------------------------------------------------------ reading

    def _read_variable_op(self):
        if self._caching_device is None:
            return ops.READ_VARIABLE_OP(self._handle, dtype=self._dtype)
        graph = get_default_graph()
        with graph.colocate_with(None, ignore_existing=True), graph.device(self._caching_device):
            return ops.READ_VARIABLE_OP(self._handle, dtype=self._dtype)

    def value(self):
        """Tensor with the value when it is read; the same for all readers of this tensor."""
        found = core.read_variable(self) if self.__class__ is ResourceVariable else None
        if found is not None:
            return found
        if self._cached_value is not None:
            return self._cached_value
        graph = get_default_graph()
        if not graph.decorated:
            return self._read_variable_op()
        with graph.colocate_with(None, ignore_existing=True):
            return self._read_variable_op()

    def read_value(self):
        """A fresh tensor with the value at this point of the control dependencies."""
        from ..ops import array as array_ops

        with core.name_scope("Read"):
            value = self._read_variable_op()
        return array_ops.identity(value)

    def sparse_read(self, indices, name=None):
        """Rows `indices` of the value."""
        with core.name_scope("Gather" if name is None else name) as scope:
            return ops.RESOURCE_GATHER(self._handle, indices, dtype=self._dtype, name=scope)

    def gather_nd(self, indices, name=None):
        """The slices of the value that `indices` points at."""
        from ..ops import array as array_ops

        with core.name_scope("GatherNd" if name is None else name) as scope:
            value = ops.RESOURCE_GATHER_ND(self._handle, indices, dtype=self._dtype, name=scope)
        return array_ops.identity(value)

    def is_initialized(self, name=None):
        """Bool scalar: does the variable have a value in the session?"""
        return ops.VAR_IS_INITIALIZED_OP(self._handle, name=name)

    def count_up_to(self, limit):
        """The value before adding 1 to it; OutOfRangeError once it has reached `limit`."""
        return ops.RESOURCE_COUNT_UP_TO(self._handle, limit=limit, T=self._dtype)

    # ------------------------------------------------------------ writing

    def _lazy_read(self, op):
        return _UnreadVariable(self._handle, self._dtype, self._shape, op, self._unique_id)

    def _update(self, op_type, delta, name, read_value):
        graph = get_default_graph()
        if self._cached_value is None:
            op = op_type(self._handle, convert_to_tensor(delta, dtype=self._dtype), name=name)
        else:
            with graph.control_dependencies([self._cached_value]):
                op = op_type(self._handle, convert_to_tensor(delta, dtype=self._dtype), name=name)
        return self._lazy_read(op) if read_value else op

    def assign_add(self, delta, use_locking=None, name=None, read_value=True):
        """Add `delta`, when run; the new value, or the operation if `read_value` is False."""
        return self._update(ops.ASSIGN_ADD_VARIABLE_OP, delta, name, read_value)

    def assign_sub(self, delta, use_locking=None, name=None, read_value=True):
        """Subtract `delta`, when run; the new value, or the operation if `read_value` is False."""
        return self._update(ops.ASSIGN_SUB_VARIABLE_OP, delta, name, read_value)

    def assign(self, value, use_locking=None, name=None, read_value=True):
        """Set the value, when run; the new value, or the operation if `read_value` is False."""
        value = convert_to_tensor(value, dtype=self._dtype)
        if not self._shape.is_compatible_with(value.shape):
            tensor_name = "" if self.name is None else " " + str(self.name)
            raise ValueError(
                f"Cannot assign value to variable '{tensor_name}': Shape mismatch.The variable shape "
                f"{self._shape}, and the assigned value shape {value.shape} are incompatible."
            )
        validate = self._validate_shape and self._shape.is_fully_defined()
        op = ops.ASSIGN_VARIABLE_OP(self._handle, value, name=name, validate_shape=validate)
        return self._lazy_read(op) if read_value else op

    def _scatter(self, how, sparse_delta, name):
        from ..indexed_slices import IndexedSlices

        if not isinstance(sparse_delta, IndexedSlices):
            raise TypeError(f"Argument `sparse_delta` must be a `tf.IndexedSlices`. Received arg: {sparse_delta}")
        values = convert_to_tensor(sparse_delta.values, self._dtype)
        return self._lazy_read(ops.RESOURCE_SCATTER[how](self._handle, sparse_delta.indices, values, name=name))

    def scatter_sub(self, sparse_delta, use_locking=False, name=None):
        """Subtract IndexedSlices."""
        return self._scatter("sub", sparse_delta, name)

    def scatter_add(self, sparse_delta, use_locking=False, name=None):
        """Add IndexedSlices."""
        return self._scatter("add", sparse_delta, name)

    def scatter_max(self, sparse_delta, use_locking=False, name=None):
        """Take the maximum with IndexedSlices."""
        return self._scatter("max", sparse_delta, name)

    def scatter_min(self, sparse_delta, use_locking=False, name=None):
        """Take the minimum with IndexedSlices."""
        return self._scatter("min", sparse_delta, name)

    def scatter_mul(self, sparse_delta, use_locking=False, name=None):
        """Multiply by IndexedSlices."""
        return self._scatter("mul", sparse_delta, name)

    def scatter_div(self, sparse_delta, use_locking=False, name=None):
        """Divide by IndexedSlices."""
        return self._scatter("div", sparse_delta, name)

    def scatter_update(self, sparse_delta, use_locking=False, name=None):
        """Replace rows by IndexedSlices."""
        return self._scatter("update", sparse_delta, name)

    def batch_scatter_update(self, sparse_delta, use_locking=False, name=None):
        """Replace entries along the last indexed dimension, the leading ones in step."""
        from ..indexed_slices import IndexedSlices
        from ..ops import state

        if not isinstance(sparse_delta, IndexedSlices):
            raise TypeError(f"Argument `sparse_delta` must be a `tf.IndexedSlices`. Received arg: {sparse_delta}")
        return self._lazy_read(
            state.batch_scatter_update(
                self, sparse_delta.indices, sparse_delta.values, use_locking=use_locking, name=name
            )
        )

    def _scatter_nd(self, how, indices, updates, name):
        updates = convert_to_tensor(updates, self._dtype)
        return self._lazy_read(ops.RESOURCE_SCATTER_ND[how](self._handle, indices, updates, name=name))

    def scatter_nd_sub(self, indices, updates, name=None):
        """Subtract `updates` from the slices that `indices` points at."""
        return self._scatter_nd("sub", indices, updates, name)

    def scatter_nd_add(self, indices, updates, name=None):
        """Add `updates` to the slices that `indices` points at."""
        return self._scatter_nd("add", indices, updates, name)

    def scatter_nd_update(self, indices, updates, name=None):
        """Replace the slices that `indices` points at by `updates`."""
        return self._scatter_nd("update", indices, updates, name)

    def scatter_nd_max(self, indices, updates, name=None):
        """Take the maximum of the slices that `indices` points at and `updates`."""
        return self._scatter_nd("max", indices, updates, name)

    def scatter_nd_min(self, indices, updates, name=None):
        """Take the minimum of the slices that `indices` points at and `updates`."""
        return self._scatter_nd("min", indices, updates, name)

    def _strided_slice_assign(self, begin, end, strides, value, name, **masks):
        def assign():
            delta = convert_to_tensor(value, dtype=self._dtype)
            return ops.RESOURCE_STRIDED_SLICE_ASSIGN(self._handle, begin, end, strides, delta, name=name, **masks)

        if self._cached_value is None:
            return self._lazy_read(assign())
        with get_default_graph().control_dependencies([self._cached_value]):
            return self._lazy_read(assign())

    # ------------------------------------------------------------ the rest

    def to_proto(self, export_scope=None):
        """A VariableDef, or None if the variable is outside `export_scope`."""
        if export_scope is not None and not self._handle.name.startswith(export_scope):
            return None
        from .. import protos

        snapshot = self._graph_element if self._cached_value is None else self._cached_value
        variable_def = protos.VariableDef(
            variable_name=strip_name_scope(self._handle.name, export_scope),
            initializer_name=strip_name_scope(self.initializer.name, export_scope),
            snapshot_name=strip_name_scope(snapshot.name, export_scope),
            is_resource=True,
            trainable=self.trainable,
            synchronization=self.synchronization.value,
            aggregation=self.aggregation.value,
        )
        if self._initial_value is not None:
            variable_def.initial_value_name = strip_name_scope(self._initial_value.name, export_scope)
        if self._save_slice_info:
            variable_def.save_slice_info_def.MergeFrom(self._save_slice_info.to_proto(export_scope=export_scope))
        return variable_def

    def _dense_var_to_tensor(self, dtype=None, name=None, as_ref=False):
        if dtype is not None and not dtype.is_compatible_with(self._dtype):
            raise ValueError(
                f"Incompatible type conversion requested to type {dtype.name} for `tf.Variable of type "
                f"{self._dtype.name}. (Variable: {self})"
            )
        return self.read_value().op.inputs[0] if as_ref else self.value()

    def __iadd__(self, other):
        raise RuntimeError(
            "`variable += value` with `tf.Variable`s is not supported. Use `variable.assign_add(value)` to modify "
            "the variable, or `out = variable + value` if you need to get a new output Tensor."
        )

    def __isub__(self, other):
        raise RuntimeError(
            "`variable -= value` with `tf.Variable`s is not supported. Use `variable.assign_sub(value)` to modify "
            "the variable, or `out = variable * value` if you need to get a new output Tensor."
        )

    def __imul__(self, other):
        raise _in_place("*")

    def __itruediv__(self, other):
        raise _in_place("/")

    __idiv__ = __itruediv__

    def __ipow__(self, other):
        raise _in_place("**")


def _in_place(operator):
    return RuntimeError(
        f"`var {operator}= value` with `tf.Variable`s is not supported. Use `var.assign(var {operator} value)` to "
        f"modify the variable, or `out = var {operator} value` if you need to get a new output Tensor."
    )


class ResourceVariable(BaseResourceVariable):
    """A variable behind a resource handle: the default kind. Parameters as for ``tf.Variable``."""

    def __init__(
        self,
        initial_value=None,
        trainable=None,
        collections=None,
        validate_shape=True,
        caching_device=None,
        name=None,
        dtype=None,
        variable_def=None,
        import_scope=None,
        constraint=None,
        distribute_strategy=None,
        synchronization=None,
        aggregation=None,
        shape=None,
    ):
        self._validate_shape = validate_shape
        if variable_def:
            if initial_value is not None:
                raise ValueError(
                    "The variable_def and initial_value args to `tf.Variable` are mutually exclusive, but got both: "
                    f"variable_def={variable_def},\ninitial_value={initial_value}"
                )
            self._init_from_proto(variable_def, import_scope)
            return
        synchronization, aggregation, trainable = validate_placement(synchronization, aggregation, trainable, name)
        self._synchronization = synchronization
        self._aggregation = aggregation
        self._trainable = trainable
        if initial_value is None:
            raise ValueError(
                "The `initial_value` arg to `tf.Variable` must be specified except when you are not providing a "
                "`variable_def`. You provided neither."
            )
        if (
            isinstance(initial_value, core.Tensor)
            and initial_value.graph.building_function
        ):
            raise ValueError(
                f"Argument `initial_value` ({initial_value}) could not be lifted out of a `tf.function`. (Tried to "
                f"create variable with name='{name}'). To avoid this error, when constructing `tf.Variable`s inside "
                "of `tf.function` you can create the `initial_value` tensor in a `tf.init_scope` or pass a callable "
                "`initial_value` (e.g., `tf.Variable(lambda : tf.truncated_normal([10, 40]))`). Please file a "
                "feature request if this restriction inconveniences you."
            )
        if collections is None:
            collections = [GraphKeys.GLOBAL_VARIABLES]
        else:
            check_collections(collections)
        if constraint is not None and not callable(constraint):
            raise ValueError(
                "Argument `constraint` must be None or a callable. a callable. Got a "
                f"{type(constraint)}:  {constraint}"
            )
        if trainable and GraphKeys.TRAINABLE_VARIABLES not in collections:
            collections = [*collections, GraphKeys.TRAINABLE_VARIABLES]
        self._constraint = constraint
        self._caching_device = caching_device
        graph = get_default_graph()
        if (
            caching_device is None
            and core.can_build_quickly(graph)
            and (name is None or (name.__class__ is str and name and name[-1] != "/"))
            and (initial_value.__class__ is not core.Tensor or initial_value.graph is graph)
        ):
            if shape is not None:
                shape = as_shape(shape)
            self._adopt(
                graph,
                dict.fromkeys(collections),
                core.build_resource_variable(
                    graph, name or "Variable", initial_value, callable(initial_value), dtype, shape, None
                ),
            )
            return
        with init_scope():
            self._build(initial_value, name, dtype, shape, collections)

    @classmethod
    def _plain(cls, graph, name, value, dtype, shape, constant_name, trainable, beside=None):
        """A variable of `get_variable`, in its usual collections, that starts from what the function `value` returns.

        With `constant_name` it starts from a constant of that name, whose array is `value`. `beside` is an operation to
        place it with.
        """
        self = cls.__new__(cls)
        self._synchronization = VariableSynchronization.AUTO
        self._aggregation = VariableAggregation.NONE
        self._trainable = trainable
        collections = _TRAINABLE if trainable else _GLOBAL
        self._adopt(
            graph,
            collections,
            core.build_resource_variable(
                graph, name, value, constant_name is None, dtype, shape, constant_name, beside
            ),
        )
        return self

    def _adopt(self, graph, collections, built):
        """Take what the core has built, and go into the collections."""
        (
            name,
            self._initial_value,
            self._handle,
            self._is_initialized_op,
            self._initializer_op,
            self._graph_element,
            self._dtype,
            self._shape,
        ) = built
        self._unique_id = name
        self._handle_name = name + ":0"
        graph._collect_variable(collections, self)

    def _build(self, initial_value, name, dtype, shape, collections):
        """Add the variable's five operations and put it into its collections."""
        init_from_fn = callable(initial_value)
        with core.name_scope(name, "Variable", [] if init_from_fn else [initial_value]) as scope:
            graph = get_default_graph()
            handle_name = scope[:-1]
            with graph._attr_scope({"_class": ("list(string)", (b"loc:@" + handle_name.encode(),))}):
                with core.name_scope("Initializer"), graph.device(None):
                    if init_from_fn:
                        initial_value = initial_value()
                    initial_value = convert_to_tensor(initial_value, name="initial_value", dtype=dtype)
                if shape is None:
                    shape = initial_value.shape
                elif not initial_value.shape.is_compatible_with(shape):
                    raise ValueError(
                        "In this `tf.Variable` creation, the initial value's shape "
                        f"({initial_value.shape}) is not compatible with the explicitly supplied `shape` argument "
                        f"({shape})."
                    )
                else:
                    shape = as_shape(shape)
                dtype = initial_value.dtype.base_dtype
                handle = ops.VAR_HANDLE_OP(
                    shape=shape,
                    dtype=dtype,
                    shared_name=handle_name,
                    debug_name=scope,
                    name=scope,
                    container=graph._container or "",
                )
            if control_flow_context(initial_value.op) is not None:
                raise ValueError(
                    f"The `initial_value` passed to `tf.Variable` {scope} is from inside a control-flow  construct, "
                    "such as a loop or conditional. When creating a `tf.Variable` inside a loop or conditional, use a "
                    f"lambda as the `initial_value`. Got: initial_value=({initial_value})"
                )
            device = handle.device
            with core.name_scope("IsInitialized"):
                self._is_initialized_op = ops.VAR_IS_INITIALIZED_OP(handle)
            with core.name_scope("Assign") as assign_name, graph.colocate_with(
                None, ignore_existing=True
            ), graph.device(device):
                self._initializer_op = ops.ASSIGN_VARIABLE_OP(
                    handle, guard.guarded(scope, initial_value), name=assign_name
                )
            with core.name_scope("Read"):
                with graph.device(device):
                    self._graph_element = ops.READ_VARIABLE_OP(handle, dtype=dtype)
                if self._caching_device is not None:
                    from ..ops import array as array_ops

                    with graph.colocate_with(None, ignore_existing=True), graph.device(self._caching_device):
                        self._cached_value = array_ops.identity(self._graph_element)
            self._handle = handle
            self._handle_name = handle_name + ":0"
            self._unique_id = handle_name
            self._initial_value = initial_value
            self._dtype = dtype
            self._shape = shape
            graph.add_to_collections(collections, self)

    def _init_from_proto(self, variable_def, import_scope):
        if not variable_def.is_resource:
            raise ValueError(
                "The `variable_def` you passed to `tf.Variable` is Trying to restore a TF 1.x Reference Variable as "
                f"a TF 2.x ResourceVariable. This is unsupported. Got variable_def={variable_def}"
            )
        graph = get_default_graph()

        def element(name, **allow):
            return graph.as_graph_element(prepend_name_scope(name, import_scope), **allow)

        self._handle = element(variable_def.variable_name, allow_operation=False)
        self._handle_name = self._unique_id = self._handle.name
        self._shape = TensorShape(self._handle.op.get_attr("shape"))
        self._dtype = dtypes.as_dtype(self._handle.op.get_attr("dtype"))
        self._initializer_op = element(variable_def.initializer_name)
        if variable_def.initial_value_name:
            self._initial_value = element(variable_def.initial_value_name)
        self._synchronization, self._aggregation, self._trainable = validate_placement(
            variable_def.synchronization,
            variable_def.aggregation,
            variable_def.trainable,
            variable_def.variable_name,
        )
        if variable_def.snapshot_name:
            snapshot = element(variable_def.snapshot_name)
            if snapshot.op.type != "ReadVariableOp":
                self._cached_value = snapshot
            while snapshot.op.type != "ReadVariableOp":
                snapshot = snapshot.op.inputs[0]
            self._graph_element = snapshot
        else:
            self._graph_element = graph.get_tensor_by_name(self._handle.op.name + "/Read/ReadVariableOp:0")
        if variable_def.HasField("save_slice_info_def"):
            self._save_slice_info = Variable.SaveSliceInfo(
                save_slice_info_def=variable_def.save_slice_info_def, import_scope=import_scope
            )


_PLACEMENT = validate_placement(None, None, None, None)


class _UnreadVariable(BaseResourceVariable):
    """A variable as it is after `parent_op` changed it; reading it waits for the change."""

    def __init__(self, handle, dtype, shape, parent_op, unique_id):
        self._handle = handle
        self._handle_name = handle.name
        self._dtype = dtype
        self._shape = shape
        self._parent_op = parent_op
        self._unique_id = unique_id
        self._synchronization, self._aggregation, self._trainable = _PLACEMENT
        if not get_default_graph().building_function:
            with control_dependencies([parent_op]):
                self._graph_element = ops.READ_VARIABLE_OP(handle, dtype=dtype)

    @property
    def name(self):
        """Name of the operation that changed the variable."""
        return self._parent_op.name

    @property
    def op(self):
        """The operation that changed the variable."""
        return self._parent_op

    def _read_variable_op(self):
        with get_default_graph().control_dependencies([self._parent_op]):
            return ops.READ_VARIABLE_OP(self._handle, dtype=self._dtype)

    def value(self):
        """Tensor with the value after the change."""
        return self._read_variable_op()

    def read_value(self):
        """Tensor with the value after the change."""
        return self._read_variable_op()


def _after_parent(name):
    method = getattr(BaseResourceVariable, name)

    def delayed(self, *args, **kwargs):
        with get_default_graph().control_dependencies([self._parent_op]):
            return method(self, *args, **kwargs)

    delayed.__name__ = name
    delayed.__doc__ = method.__doc__
    return delayed


for _name in """assign assign_add assign_sub scatter_sub scatter_add scatter_max scatter_min scatter_mul scatter_div
    scatter_update batch_scatter_update scatter_nd_sub scatter_nd_add scatter_nd_update scatter_nd_max
    scatter_nd_min""".split():
    setattr(_UnreadVariable, _name, _after_parent(_name))


def is_resource_variable(variable):
    """True if `variable` is behind a resource handle."""
    return isinstance(variable, BaseResourceVariable) or hasattr(variable, "_should_act_as_resource_variable")


core.set_variable_op_types(
    CONST,
    ops.VAR_HANDLE_OP,
    ops.VAR_IS_INITIALIZED_OP,
    ops.ASSIGN_VARIABLE_OP,
    ops.READ_VARIABLE_OP,
    convert_to_tensor,
    guard.guarded,
    guard.HOLDERS,
    guard.LEFT_ALONE,
)

register_tensor_conversion_function(BaseResourceVariable, BaseResourceVariable._dense_var_to_tensor)
core.set_resource_variable_class(ResourceVariable)

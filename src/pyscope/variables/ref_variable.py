"""Reference variables: an operation whose output is the variable's memory itself, as in TensorFlow 1."""

from .. import _core as core
from ..conversion import convert_to_tensor, register_tensor_conversion_function
from ..graph import GraphKeys, get_default_graph, init_scope
from ..ops import state as ops
from ..ops.identity import IDENTITY
from ..tensor_shape import TensorShape
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
from .resource_variable import _GLOBAL, _TRAINABLE, check_collections


class RefVariable(Variable):
    """A variable that is its own buffer. Parameters as for ``tf.Variable``."""

    _in_graph_mode = True
    _distribute_strategy = None

    def __init__(
        self,
        initial_value=None,
        trainable=None,
        collections=None,
        validate_shape=True,
        caching_device=None,
        name=None,
        variable_def=None,
        dtype=None,
        expected_shape=None,
        import_scope=None,
        constraint=None,
        synchronization=None,
        aggregation=None,
        shape=None,
    ):
        self._save_slice_info = None
        if variable_def:
            if initial_value:
                raise ValueError("variable_def and initial_value are mutually exclusive.")
            self._caching_device = None
            self._constraint = None
            self._init_from_proto(variable_def, import_scope)
            return
        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        if collections is None:
            collections = [GraphKeys.GLOBAL_VARIABLES]
        else:
            check_collections(collections)
        if constraint is not None and not callable(constraint):
            raise ValueError("The `constraint` argument must be a callable.")
        synchronization, aggregation, trainable = validate_placement(synchronization, aggregation, trainable, name)
        self._synchronization = synchronization
        self._aggregation = aggregation
        self._trainable = trainable
        self._constraint = constraint
        self._caching_device = caching_device
        if trainable and GraphKeys.TRAINABLE_VARIABLES not in collections:
            collections = [*collections, GraphKeys.TRAINABLE_VARIABLES]
        graph = get_default_graph()
        if (
            caching_device is None
            and validate_shape is True
            and core.can_build_quickly(graph)
            and (name is None or (name.__class__ is str and name and name[-1] != "/"))
            and (initial_value.__class__ is not core.Tensor or initial_value.graph is graph)
            and (shape is None or shape.__class__ is TensorShape)
        ):
            self._adopt(
                graph,
                dict.fromkeys(collections),
                core.build_reference_variable(
                    graph, name or "Variable", initial_value, callable(initial_value), dtype, shape, None
                ),
            )
            return
        with init_scope():
            self._build(initial_value, name, dtype, shape, validate_shape)
            get_default_graph().add_to_collections(collections, self)

    @classmethod
    def _plain(cls, graph, name, value, dtype, shape, constant_name, trainable, beside=None):
        """A variable of `get_variable`, in its usual collections, that starts from what the function `value` returns.

        With `constant_name` it starts from a constant of that name, whose array is `value`.
        """
        self = cls.__new__(cls)
        self._save_slice_info = self._constraint = self._caching_device = None
        self._synchronization = VariableSynchronization.AUTO
        self._aggregation = VariableAggregation.NONE
        self._trainable = trainable
        self._adopt(
            graph,
            _TRAINABLE if trainable else _GLOBAL,
            core.build_reference_variable(graph, name, value, constant_name is None, dtype, shape, constant_name),
        )
        return self

    def _adopt(self, graph, collections, built):
        """Take what the core has built, and go into the collections."""
        self._initial_value, self._variable, self._initializer_op, self._snapshot = built
        self._name = self._variable.name
        graph._collect_variable(collections, self)

    def _build(self, initial_value, name, dtype, shape, validate_shape):
        """Add the variable's operations."""
        from ..ops import array as array_ops

        init_from_fn = callable(initial_value)
        with core.name_scope(name, "Variable", [] if init_from_fn else [initial_value]) as scope:
            graph = get_default_graph()
            if init_from_fn:
                with graph._attr_scope({"_class": ("list(string)", (b"loc:@" + scope[:-1].encode(),))}):
                    with core.name_scope("Initializer"), graph.device(None):
                        initial_value = convert_to_tensor(initial_value(), name="initial_value", dtype=dtype)
                        shape = self._own_shape(shape, initial_value, validate_shape)
                    variable = ops.VARIABLE_V2(shape=shape, dtype=initial_value.dtype.base_dtype, name=scope)
            else:
                initial_value = convert_to_tensor(initial_value, name="initial_value", dtype=dtype)
                if control_flow_context(initial_value.op) is not None:
                    raise ValueError(
                        f"Initializer for variable {scope} is from inside a control-flow construct, such as a loop or "
                        "conditional. When creating a variable inside a loop or conditional, use a lambda as the "
                        "initializer."
                    )
                shape = self._own_shape(shape, initial_value, validate_shape)
                variable = ops.VARIABLE_V2(shape=shape, dtype=initial_value.dtype.base_dtype, name=scope)
            self._initial_value = initial_value
            self._variable = variable
            self._name = variable.name
            if validate_shape and not initial_value.shape.is_fully_defined():
                raise ValueError(f"initial_value must have a shape specified: {initial_value}")
            self._initializer_op = ops.assign(
                variable, guard.guarded(scope, initial_value), validate_shape=validate_shape
            ).op
            if self._caching_device is not None:
                with graph.device(self._caching_device):
                    self._snapshot = array_ops.identity(variable, name="read")
            else:
                with graph.colocate_with(variable.op):
                    self._snapshot = array_ops.identity(variable, name="read")

    @staticmethod
    def _own_shape(shape, initial_value, validate_shape):
        if shape is not None:
            return shape
        return initial_value.shape if validate_shape else TensorShape(None)

    def _init_from_proto(self, variable_def, import_scope):
        graph = get_default_graph()

        def element(name):
            return graph.as_graph_element(prepend_name_scope(name, import_scope))

        self._variable = element(variable_def.variable_name)
        self._name = self._variable.name
        self._initializer_op = element(variable_def.initializer_name)
        self._initial_value = element(variable_def.initial_value_name) if variable_def.initial_value_name else None
        self._synchronization, self._aggregation, self._trainable = validate_placement(
            variable_def.synchronization,
            variable_def.aggregation,
            variable_def.trainable,
            variable_def.variable_name,
        )
        self._snapshot = element(variable_def.snapshot_name)
        if variable_def.HasField("save_slice_info_def"):
            self._save_slice_info = Variable.SaveSliceInfo(
                save_slice_info_def=variable_def.save_slice_info_def, import_scope=import_scope
            )

    def __repr__(self):
        return f"<tf.Variable '{self.name}' shape={self.get_shape()} dtype={self.dtype.name}>"

    def _as_graph_element(self):
        return self._variable

    def _ref(self):
        return self._variable

    @property
    def name(self):
        """Name with ``:0``."""
        return self._name

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

    @property
    def device(self):
        """Device of the variable."""
        return self._variable.device

    @property
    def dtype(self):
        """Type of the variable, a reference type."""
        return self._variable.dtype

    @property
    def op(self):
        """The operation that holds the variable."""
        return self._variable.op

    @property
    def graph(self):
        """The graph the variable is in."""
        return self._variable.graph

    @property
    def shape(self):
        """Static shape."""
        return self._variable.get_shape()

    def set_shape(self, shape):
        """Narrow the static shape."""
        self._variable.set_shape(shape)
        self._snapshot.set_shape(shape)

    def value(self):
        """Tensor with the value, read once per run."""
        return self._snapshot

    def read_value(self):
        """A fresh tensor with the value at this point of the control dependencies."""
        from ..ops import array as array_ops

        return array_ops.identity(self._variable, name="read")

    def eval(self, session=None):
        """The value in `session`, or in the default session."""
        return self._variable.eval(session=session)

    @property
    def sparse_read(self):
        """Only resource variables have it; ``tf.gather`` asks."""
        raise AttributeError

    @property
    def gather_nd(self):
        """Only resource variables have it; ``tf.gather_nd`` asks."""
        raise AttributeError

    def count_up_to(self, limit):
        """The value before adding 1 to it; OutOfRangeError once it has reached `limit`."""
        return ops.count_up_to(self._variable, limit=limit)

    # ------------------------------------------------------------ writing

    def assign(self, value, use_locking=False, name=None, read_value=True):
        """Set the value, when run; the variable's new value, or the operation if `read_value` is False."""
        assigned = ops.assign(self._variable, value, use_locking=use_locking, name=name)
        return assigned if read_value else assigned.op

    def assign_add(self, delta, use_locking=False, name=None, read_value=True):
        """Add `delta`, when run; the variable's new value, or the operation if `read_value` is False."""
        assigned = ops.assign_add(self._variable, delta, use_locking=use_locking, name=name)
        return assigned if read_value else assigned.op

    def assign_sub(self, delta, use_locking=False, name=None, read_value=True):
        """Subtract `delta`, when run; the variable's new value, or the operation if `read_value` is False."""
        assigned = ops.assign_sub(self._variable, delta, use_locking=use_locking, name=name)
        return assigned if read_value else assigned.op

    def _scatter(self, how, sparse_delta, use_locking, name):
        from ..indexed_slices import IndexedSlices

        if not isinstance(sparse_delta, IndexedSlices):
            raise TypeError(f"sparse_delta is not IndexedSlices: {sparse_delta}")
        return ops.SCATTER[how](
            self._variable, sparse_delta.indices, sparse_delta.values, use_locking=use_locking, name=name
        )

    def scatter_sub(self, sparse_delta, use_locking=False, name=None):
        """Subtract IndexedSlices."""
        return self._scatter("sub", sparse_delta, use_locking, name)

    def scatter_add(self, sparse_delta, use_locking=False, name=None):
        """Add IndexedSlices."""
        return self._scatter("add", sparse_delta, use_locking, name)

    def scatter_max(self, sparse_delta, use_locking=False, name=None):
        """Take the maximum with IndexedSlices."""
        return self._scatter("max", sparse_delta, use_locking, name)

    def scatter_min(self, sparse_delta, use_locking=False, name=None):
        """Take the minimum with IndexedSlices."""
        return self._scatter("min", sparse_delta, use_locking, name)

    def scatter_mul(self, sparse_delta, use_locking=False, name=None):
        """Multiply by IndexedSlices."""
        return self._scatter("mul", sparse_delta, use_locking, name)

    def scatter_div(self, sparse_delta, use_locking=False, name=None):
        """Divide by IndexedSlices."""
        return self._scatter("div", sparse_delta, use_locking, name)

    def scatter_update(self, sparse_delta, use_locking=False, name=None):
        """Replace rows by IndexedSlices."""
        return self._scatter("update", sparse_delta, use_locking, name)

    def batch_scatter_update(self, sparse_delta, use_locking=False, name=None):
        """Replace entries along the last indexed dimension, the leading ones in step."""
        return ops.batch_scatter_update(
            self, sparse_delta.indices, sparse_delta.values, use_locking=use_locking, name=name
        )

    def scatter_nd_sub(self, indices, updates, name=None):
        """Subtract `updates` from the slices that `indices` points at."""
        return ops.SCATTER_ND["sub"](self._variable, indices, updates, use_locking=True, name=name)

    def scatter_nd_add(self, indices, updates, name=None):
        """Add `updates` to the slices that `indices` points at."""
        return ops.SCATTER_ND["add"](self._variable, indices, updates, use_locking=True, name=name)

    def scatter_nd_update(self, indices, updates, name=None):
        """Replace the slices that `indices` points at by `updates`."""
        return ops.SCATTER_ND["update"](self._variable, indices, updates, use_locking=True, name=name)

    def scatter_nd_max(self, indices, updates, name=None):
        """Take the maximum of the slices that `indices` points at and `updates`."""
        return ops.SCATTER_ND["max"](self._variable, indices, updates, use_locking=True, name=name)

    def scatter_nd_min(self, indices, updates, name=None):
        """Take the minimum of the slices that `indices` points at and `updates`."""
        return ops.SCATTER_ND["min"](self._variable, indices, updates, use_locking=True, name=name)

    def _strided_slice_assign(self, begin, end, strides, value, name, **masks):
        return ops.STRIDED_SLICE_ASSIGN(self._variable, begin, end, strides, value, name=name, **masks)

    # ------------------------------------------------------------ the rest

    def to_proto(self, export_scope=None):
        """A VariableDef, or None if the variable is outside `export_scope`."""
        if export_scope is not None and not self._variable.name.startswith(export_scope):
            return None
        from .. import protos

        variable_def = protos.VariableDef(
            variable_name=strip_name_scope(self._variable.name, export_scope),
            initializer_name=strip_name_scope(self.initializer.name, export_scope),
            snapshot_name=strip_name_scope(self._snapshot.name, export_scope),
            trainable=self.trainable,
            synchronization=self.synchronization.value,
            aggregation=self.aggregation.value,
        )
        if self._initial_value is not None:
            variable_def.initial_value_name = strip_name_scope(self._initial_value.name, export_scope)
        if self._save_slice_info:
            variable_def.save_slice_info_def.MergeFrom(self._save_slice_info.to_proto(export_scope=export_scope))
        return variable_def

    @staticmethod
    def _TensorConversionFunction(v, dtype=None, name=None, as_ref=False):
        if dtype and not dtype.is_compatible_with(v.dtype):
            raise ValueError(
                f"Incompatible type conversion requested to type '{dtype.name}' for variable of type '{v.dtype.name}'"
            )
        return v._variable if as_ref else v._snapshot


def _in_place(operator, method):
    def replaced(self, other):
        return getattr(self, method)(other)

    replaced.__doc__ = f"``self {operator} other``: a tensor, the variable stays as it is."
    return replaced


for _operator, _inplace, _method in (
    ("+", "__iadd__", "__add__"),
    ("-", "__isub__", "__sub__"),
    ("*", "__imul__", "__mul__"),
    ("/", "__itruediv__", "__truediv__"),
    ("/", "__idiv__", "__div__"),
    ("**", "__ipow__", "__pow__"),
):
    setattr(RefVariable, _inplace, _in_place(_operator, _method))


register_tensor_conversion_function(RefVariable, RefVariable._TensorConversionFunction)

core.set_reference_variable_op_types(ops.VARIABLE_V2, ops.ASSIGN, IDENTITY)

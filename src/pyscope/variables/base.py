"""``tf.Variable``: what reference and resource variables have in common.

``Variable(...)`` itself makes neither: its metaclass hands the arguments to the variable creators in force, the last of
which picks the kind (see ``creation``).
"""

import enum

from .. import _core as core


class VariableSynchronization(enum.Enum):
    """When copies of a distributed variable are brought together."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(enum.Enum):
    """How copies of a distributed variable are brought together."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3
    ONLY_FIRST_TOWER = 3  # its name in older programs

    def __hash__(self):
        return hash(self.value)


_AUTO = VariableSynchronization.AUTO
_NONE = VariableAggregation.NONE


def validate_placement(synchronization, aggregation, trainable, name):
    """Synchronization, aggregation and trainable of variable `name`, checked and with their defaults."""
    if aggregation is None:
        aggregation = _NONE
    elif aggregation.__class__ is not VariableAggregation:
        try:
            aggregation = VariableAggregation(aggregation)
        except ValueError:
            raise ValueError(f"Invalid variable aggregation mode: {aggregation} for variable: {name}") from None
    if synchronization is None:
        synchronization = _AUTO
    elif synchronization.__class__ is not VariableSynchronization:
        try:
            synchronization = VariableSynchronization(synchronization)
        except ValueError:
            raise ValueError(
                f"Invalid variable synchronization mode: {synchronization} for variable: {name}"
            ) from None
    if trainable is None:
        trainable = synchronization is not VariableSynchronization.ON_READ
    return synchronization, aggregation, trainable


class Reference:
    """A variable or tensor as a dictionary key: equal only to a reference to the same object."""

    __slots__ = ("_wrapped",)

    def __init__(self, wrapped):
        self._wrapped = wrapped

    def deref(self):
        """The object referred to."""
        return self._wrapped

    def __eq__(self, other):
        return isinstance(other, Reference) and self._wrapped is other._wrapped

    def __hash__(self):
        return id(self._wrapped)

    def __repr__(self):
        return f"<Reference wrapping {self._wrapped!r}>"


class _VariableMeta(type):
    def __call__(cls, *args, **kwargs):
        if cls is Variable:
            return _create(*args, **kwargs)
        return type.__call__(cls, *args, **kwargs)


creation = None          # the module, which needs this one; loaded when first used


def _create(
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
    use_resource=None,
    synchronization=_AUTO,
    aggregation=_NONE,
    shape=None,
):
    global creation
    if creation is None:
        from . import creation

    if variable_def is None and not core.get_default_graph()._variable_creator_stack:
        return creation.make(
            initial_value, trainable, collections, validate_shape, caching_device, name, dtype, expected_shape,
            import_scope, constraint, use_resource, synchronization, aggregation, shape,
        )  # fmt: skip
    return creation.create(
        initial_value=initial_value,
        trainable=trainable,
        validate_shape=validate_shape,
        caching_device=caching_device,
        name=name,
        variable_def=variable_def,
        dtype=dtype,
        import_scope=import_scope,
        constraint=constraint,
        synchronization=synchronization,
        aggregation=_NONE if aggregation is None else aggregation,
        shape=shape,
        experimental_enable_variable_lifting=None,
        expected_shape=expected_shape,
        collections=collections,
        use_resource=use_resource,
    )


class SaveSliceInfo:
    """Which slice of a full variable one part of it is, as savers want to know."""

    def __init__(
        self,
        full_name=None,
        full_shape=None,
        var_offset=None,
        var_shape=None,
        save_slice_info_def=None,
        import_scope=None,
    ):
        if save_slice_info_def:
            self.full_name = prepend_name_scope(save_slice_info_def.full_name, import_scope)
            self.full_shape = list(save_slice_info_def.full_shape)
            self.var_offset = list(save_slice_info_def.var_offset)
            self.var_shape = list(save_slice_info_def.var_shape)
        else:
            self.full_name = full_name
            self.full_shape = full_shape
            self.var_offset = var_offset
            self.var_shape = var_shape

    @property
    def spec(self):
        """The slice as text: ``"4 3 0,2:0,3"``, the full shape, then offset and length in each dimension."""
        full_shape = " ".join(str(int(dim)) for dim in self.full_shape)
        parts = ":".join(f"{int(offset)},{int(size)}" for offset, size in zip(self.var_offset, self.var_shape))
        return f"{full_shape} {parts}"

    def to_proto(self, export_scope=None):
        """A SaveSliceInfoDef, or None if the variable is outside `export_scope`."""
        if export_scope is not None and not self.full_name.startswith(export_scope):
            return None
        from .. import protos

        return protos.SaveSliceInfoDef(
            full_name=strip_name_scope(self.full_name, export_scope),
            full_shape=self.full_shape,
            var_offset=self.var_offset,
            var_shape=self.var_shape,
        )


def control_flow_context(op):
    """The cond or while block that `op` was made in, None outside of all."""
    # Nothing was ever set on any operation in most graphs: a cheap way out.
    return getattr(op, "_control_flow_context", None) if op.graph.user_data else None


def prepend_name_scope(name, import_scope):
    """`name` as it is called after an import under `import_scope`."""
    if not import_scope:
        return name
    scope = import_scope[:-1] if import_scope.endswith("/") else import_scope
    for mark in ("loc:@", "^"):
        if name.startswith(mark):
            return f"{mark}{scope}/{name[len(mark):]}"
    return f"{scope}/{name}"


def strip_name_scope(name, export_scope):
    """`name` without a leading `export_scope`."""
    if not export_scope:
        return name
    scope = export_scope[:-1] if export_scope.endswith("/") else export_scope
    for mark in ("loc:@", "^", ""):
        if name.startswith(f"{mark}{scope}/"):
            return mark + name[len(mark) + len(scope) + 1 :]
    return name


class Variable(metaclass=_VariableMeta):
    """Values that last from one ``Session.run`` to the next.

    Parameters
    ----------
    initial_value : Tensor, value that converts to one, or callable without arguments
        What the initializer assigns.
    trainable : bool, optional
        Put the variable into ``GraphKeys.TRAINABLE_VARIABLES``, which optimizers train. Default True, but False if
        `synchronization` is ``ON_READ``.
    collections : list of str, optional
        Graph collections; by default ``[GraphKeys.GLOBAL_VARIABLES]``.
    validate_shape : bool
        Whether the shape of `initial_value` has to be known.
    caching_device : str or function, optional
        Where reads are cached.
    name : str, optional
        Default ``"Variable"``, made unique.
    variable_def : VariableDef, optional
        Find the variable in the graph instead of making it.
    dtype : DType, optional
        `initial_value` is converted to it.
    expected_shape
        Ignored; older programs pass it.
    import_scope : str, optional
        With `variable_def`: the scope it was imported under.
    constraint : function, optional
        Projection of the value after an optimizer changed it.
    use_resource : bool, optional
        Resource variable or reference variable; the default follows the variable scope, then
        ``enable_resource_variables``.
    shape : TensorShape, optional
        Shape of the variable, if it is less specific than that of `initial_value`.
    """

    SaveSliceInfo = SaveSliceInfo
    __array_priority__ = 100  # so that NumPy leaves ``array + variable`` to us

    def __hash__(self):
        return id(self)

    def __eq__(self, other):
        return self is other

    def __ne__(self, other):
        return self is not other

    def __iter__(self):
        return iter(self.read_value())

    @property
    def _shared_name(self):
        """The name without ``:0``."""
        name = self.name
        return name[: name.index(":")]

    def get_shape(self):
        """Static shape, as ``shape``."""
        return self.shape

    def initialized_value(self):
        """The value if there is one, else the initial value; for initial values that depend on each other."""
        from ..control_flow import cond
        from ..graph import init_scope
        from ..ops import state

        with init_scope():
            return cond(state.is_variable_initialized(self), self.read_value, lambda: self.initial_value)

    def load(self, value, session=None):
        """Set the value in `session`, or in the default session, without adding to the graph."""
        if session is None:
            from ..session import get_default_session

            session = get_default_session()
            if session is None:
                raise ValueError(
                    "Either session argument should be provided or default session should be established"
                )
        session.run(self.initializer, {self.initializer.inputs[1]: value})

    @staticmethod
    def from_proto(variable_def, import_scope=None):
        """The variable that a VariableDef describes, found in the default graph."""
        from . import creation

        return creation.from_proto(variable_def, import_scope=import_scope)

    def ref(self):
        """A hashable reference to this variable."""
        return Reference(self)

    experimental_ref = ref

    def _set_save_slice_info(self, save_slice_info):
        self._save_slice_info = save_slice_info

    def _get_save_slice_info(self):
        return self._save_slice_info

    def __getitem__(self, slice_spec):
        global _getitem
        if _getitem is None:
            from ..ops.slicing import getitem_of_variable as _getitem
        return _getitem(self, slice_spec)


_getitem = None          # loaded when first used


def _delegate(name):
    operator = getattr(core.Tensor, name)

    def method(self, *args, **kwargs):
        return operator(self.value(), *args, **kwargs)

    method.__name__ = method.__qualname__ = name
    return method


_OPERATORS = """__add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __div__ __rdiv__ __truediv__ __rtruediv__
__floordiv__ __rfloordiv__ __mod__ __rmod__ __lt__ __le__ __gt__ __ge__ __and__ __rand__ __or__ __ror__ __xor__
__rxor__ __pow__ __rpow__ __invert__ __neg__ __abs__ __matmul__ __rmatmul__""".split()


def install_operators():
    """Give variables the operators of tensors, on their current value."""
    for name in _OPERATORS:
        if hasattr(core.Tensor, name):
            setattr(Variable, name, _delegate(name))


install_operators()



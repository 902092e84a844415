"""Sharing variables by name: ``get_variable``, and the stores behind it.

Variable scopes themselves, which are entered often, are in the compiled core.
"""

import enum

from . import _core as core
from . import dtypes
from ._partitions import PartitionInfo as _PartitionInfo  # noqa: F401  (libraries know it here)
from .conversion import constant_array
from .graph import GraphKeys, get_default_graph
from .initializers.constant import Constant, Ones, Zeros
from .initializers.normal import RandomNormal, TruncatedNormal
from .initializers.uniform import RandomUniform
from .initializers.variance_scaling import GlorotNormal, GlorotUniform, VarianceScaling
from .tensor_shape import TensorShape, as_shape
from .variable_store import VariableStore as _VariableStore
from .variables import toggle
from .variables.base import VariableAggregation, VariableSynchronization
from .variables.resource_variable import ResourceVariable


class _ReuseMode(enum.Enum):
    """How a variable scope treats variables that exist."""

    AUTO_REUSE = 1


AUTO_REUSE = _ReuseMode.AUTO_REUSE

core.set_auto_reuse(AUTO_REUSE)

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


# ---------------------------------------------------------------- get_variable

_STORE_KEY = ("__variable_store",)


def _get_default_variable_store():
    """The store of the default graph; bodies of functions share that of the graph around them."""
    graph = get_default_graph()
    while graph.is_function and graph.outer_graph is not None:
        graph = graph.outer_graph
    store = graph.variable_store
    if store is None:
        store = graph.variable_store = _VariableStore()
    return store


@core.quick("get_variable")
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


def make_slot_quickly(scope, primary, initializer, shape, dtype):
    """The slot, named as `scope`, of a resource variable, when nothing is special about either; else None."""
    graph = get_default_graph()
    op = primary.op
    if (
        primary.__class__ is not ResourceVariable
        or primary._save_slice_info
        or initializer.__class__ not in _FILLS
        or shape.__class__ is not TensorShape
        or op.graph is not graph
        or op.device
        or scope._reuse
        or scope._custom_getter is not None
        or not core.can_build_quickly(graph)
    ):
        return None
    return _make_quickly(
        _get_default_variable_store(), scope, "", shape, dtype, initializer, False, True, op
    )


def _make_quickly(store, scope, name, shape, dtype, initializer, trainable, use_resource, beside=None):
    """A new variable with nothing special about it; None if it is not that simple."""
    if initializer is None:
        initializer = scope._initializer
    if (
        scope._reuse is True
        or scope._regularizer is not None
        or scope._caching_device is not None
        or scope._constraint is not None
        or name.__class__ is not str
        or (beside is None and (not name or name[-1] == "/"))
        or store._partitioned_vars
    ):
        return None
    if use_resource is None:
        use_resource = scope._use_resource
        if use_resource is None:
            use_resource = toggle._use_resource
    graph = get_default_graph()
    if graph._variable_creator_stack or not core.can_build_quickly(graph):
        return None
    prefix = scope._name
    full_name = prefix + "/" + name if prefix else name
    if full_name in store._vars:
        return None
    if dtype is None:
        dtype = scope._dtype
    if dtype.__class__ is not dtypes.DType:
        return None
    if shape.__class__ is not TensorShape:
        seen = core.seen_shape(shape)
        shape = as_shape(shape) if seen is None else seen
    if initializer.__class__ is Constant:
        fill, value = "Const", _filled_with(initializer, shape._dims, dtype)
    else:
        fill = _FILLS.get(initializer.__class__)
        value = None if fill is None else _filled(fill, shape._dims, dtype)
    if value is None:
        fill = None
        value = _bound(initializer, shape._dims, dtype)
        if value is None:
            return None
    kind = ResourceVariable
    if not use_resource:
        if beside is not None:
            return None
        from .variables.ref_variable import RefVariable as kind
    old = core.exchange_scope(graph, 0)  # names of variables follow from variable scopes alone
    try:
        variable = kind._plain(
            graph, full_name, value, dtype, shape, fill, trainable is None or bool(trainable), beside
        )
    finally:
        core.exchange_scope(graph, old)
    store._vars[full_name] = variable
    return variable


def _bound(initializer, dims, dtype):
    """A function that calls `initializer` for a shape that is known, or None."""
    if dims is None or None in dims or dtype._is_ref_dtype:
        return None
    if initializer is None:
        if not dtype.is_floating:
            return None
        initializer = _GLOROT
    elif not initializer.__class__.__module__.startswith("pyscope.initializers."):
        return None  # a class, or a function whose arguments have to be looked at
    settings = _GLOROT_SETTINGS if initializer is _GLOROT else _settings(initializer)
    call = None
    if settings is not None and (initializer.__class__ in _FILLS or get_default_graph().seed is None):
        call = _calls.get((settings, dims, dtype))
    else:
        settings = None
    if call is None:
        length = list(dims)
        if settings is not None:     # whatever becomes of the initializer, the call stays the same
            mutable, initializer = initializer, initializer.__class__.__new__(initializer.__class__)
            initializer.__dict__.update(mutable.__dict__)

        def call():
            return initializer(length, dtype=dtype)

        if settings is not None:
            if len(_calls) > 1000:
                _calls.clear()
            call = _calls[settings, dims, dtype] = core.RepeatedCall(call)
    return call


def _settings(initializer):
    """What the nodes of an initializer follow from but for shape and dtype; None if that may be more."""
    cls = initializer.__class__
    if cls not in _REPEATED:
        return None
    settings = [cls]
    for value in vars(initializer).values():
        kind = value.__class__
        if kind not in _SETTING_TYPES:
            return None
        settings.append(kind)
        settings.append(value if value or kind is not float else repr(value))    # 0.0 and -0.0 are equal keys
    return tuple(settings)


_REPEATED = frozenset([
    Zeros, Ones, GlorotUniform, GlorotNormal, VarianceScaling, RandomUniform, RandomNormal, TruncatedNormal,
])  # fmt: skip
_SETTING_TYPES = frozenset([float, int, str, type(None), dtypes.DType])
_GLOROT = GlorotUniform()
_GLOROT_SETTINGS = _settings(_GLOROT)
_FILLS = {Zeros: "zeros", Ones: "ones"}
_filled_arrays = {}
_calls = {}          # settings of an initializer, shape, dtype -> RepeatedCall


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


def _filled_with(initializer, dims, dtype):
    """The array of a constant of one number; None unless everything about it is plain."""
    value = initializer.value
    kind = value.__class__
    if (
        initializer._verify_shape
        or dims is None
        or None in dims
        or not (dtype is dtypes.float32 or dtype is dtypes.float64)
        or not (kind is float or kind is int)
        or not value  # 0.0 and -0.0 are equal keys
    ):
        return None
    try:
        return _filled_arrays[kind, value, dims, dtype]
    except KeyError:
        pass
    if len(_filled_arrays) > 1000:
        _filled_arrays.clear()
    try:
        array = constant_array(value, dtype, dims)[0]
    except (TypeError, ValueError, OverflowError):
        return None
    _filled_arrays[kind, value, dims, dtype] = array
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

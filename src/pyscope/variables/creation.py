"""From ``tf.Variable(...)`` to a variable: the creators in force, then the kind asked for."""

from .. import _core as core
from ..graph import get_default_graph
from . import toggle
from .base import VariableAggregation
from .ref_variable import RefVariable
from .resource_variable import ResourceVariable


def _chain(creator, following):
    return lambda **kwargs: creator(following, **kwargs)


def _last(**kwargs):
    return default_variable_creator(None, **kwargs)


def create(**kwargs):
    """Make a variable through the creators opened with ``variable_creator_scope``, the innermost first."""
    creators = get_default_graph()._variable_creator_stack
    if not creators:
        return _last(**kwargs)
    creator = _last
    for _, outer in creators:
        creator = _chain(outer, creator)
    return creator(**kwargs)


def make(
    initial_value, trainable, collections, validate_shape, caching_device, name, dtype, expected_shape, import_scope,
    constraint, use_resource, synchronization, aggregation, shape,
):  # fmt: skip
    """The variable that `default_variable_creator` makes, where no creator can have a say."""
    if use_resource is None:
        use_resource = core.get_variable_scope()._use_resource
        if use_resource is None:
            use_resource = toggle.resource_variables_enabled()
    if aggregation is None:
        aggregation = VariableAggregation.NONE
    if use_resource:
        return type.__call__(
            ResourceVariable, initial_value, trainable, collections, validate_shape, caching_device, name, dtype, None,
            import_scope, constraint, None, synchronization, aggregation, shape,
        )  # fmt: skip
    return type.__call__(
        RefVariable, initial_value, trainable, collections, validate_shape, caching_device, name, None, dtype,
        expected_shape, import_scope, constraint, synchronization, aggregation, shape,
    )  # fmt: skip


def default_variable_creator(next_creator=None, **kwargs):
    """Make the variable that the keywords of ``tf.Variable`` describe; the last creator of every chain."""
    assert next_creator is None
    use_resource = kwargs.get("use_resource")
    if use_resource is None:
        from ..scopes import get_variable_scope

        use_resource = get_variable_scope().use_resource
    if use_resource is None:
        use_resource = toggle.resource_variables_enabled()
    arguments = {name: kwargs.get(name) for name in _ARGUMENTS}
    arguments["validate_shape"] = kwargs.get("validate_shape", True)
    if use_resource:
        return ResourceVariable(**arguments)
    return RefVariable(**arguments, expected_shape=kwargs.get("expected_shape"))


_ARGUMENTS = (
    "initial_value",
    "trainable",
    "collections",
    "caching_device",
    "name",
    "dtype",
    "constraint",
    "variable_def",
    "import_scope",
    "synchronization",
    "aggregation",
    "shape",
)


def from_proto(variable_def, import_scope=None):
    """The variable that a VariableDef describes, found in the default graph."""
    if not hasattr(variable_def, "is_resource"):
        from ..errors import ArgumentTypeError

        raise ArgumentTypeError(f"`variable_def` must be a VariableDef, but got \"{type(variable_def).__name__}\"")
    kind = ResourceVariable if variable_def.is_resource else RefVariable
    return kind(variable_def=variable_def, import_scope=import_scope)

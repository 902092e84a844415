"""Variables: the two kinds, how they are made, and how they get their first values."""

from .. import _core as core
from .base import SaveSliceInfo, Variable, VariableAggregation, VariableSynchronization
from .creation import default_variable_creator
from .initialization import (
    all_variables,
    assert_variables_initialized,
    global_variables,
    global_variables_initializer,
    initialize_all_variables,
    initialize_local_variables,
    initialize_variables,
    is_variable_initialized,
    local_variables,
    local_variables_initializer,
    model_variables,
    moving_average_variables,
    report_uninitialized_variables,
    trainable_variables,
    variables_initializer,
)
from .partitioned_variable import PartitionedVariable
from .ref_variable import RefVariable
from .resource_variable import BaseResourceVariable, ResourceVariable, is_resource_variable
from .toggle import disable_resource_variables, enable_resource_variables, resource_variables_enabled

core.set_variable_classes(ResourceVariable, RefVariable)

__all__ = [
    "BaseResourceVariable",
    "PartitionedVariable",
    "RefVariable",
    "ResourceVariable",
    "SaveSliceInfo",
    "Variable",
    "VariableAggregation",
    "VariableSynchronization",
    "all_variables",
    "assert_variables_initialized",
    "default_variable_creator",
    "disable_resource_variables",
    "enable_resource_variables",
    "global_variables",
    "global_variables_initializer",
    "initialize_all_variables",
    "initialize_local_variables",
    "initialize_variables",
    "is_resource_variable",
    "is_variable_initialized",
    "local_variables",
    "local_variables_initializer",
    "model_variables",
    "moving_average_variables",
    "report_uninitialized_variables",
    "resource_variables_enabled",
    "trainable_variables",
    "variables_initializer",
]

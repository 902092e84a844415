"""Collections of variables, and giving their members their first values."""

import os

from .. import _core as core
from .. import dtypes
from ..conversion import constant
from ..graph import GraphKeys, get_default_graph


def global_variables(scope=None):
    """Variables of the default graph, by default those that checkpoints save; `scope` filters names."""
    return get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


def all_variables():
    """Older name of `global_variables`."""
    return global_variables()


def local_variables(scope=None):
    """Variables of this process only, as counters and metrics."""
    return get_default_graph().get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def model_variables(scope=None):
    """Variables that inference needs."""
    return get_default_graph().get_collection(GraphKeys.MODEL_VARIABLES, scope)


def trainable_variables(scope=None):
    """Variables that optimizers train."""
    return get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def moving_average_variables(scope=None):
    """Variables that moving averages are kept of."""
    return get_default_graph().get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


def variables_initializer(var_list, name="init"):
    """Operation that runs the initializers of all of `var_list`."""
    from ..control_flow import basic as control

    if var_list:
        return control.group(*[v.initializer for v in var_list], name=name)
    return control.no_op(name=name)


def initialize_variables(var_list, name="init"):
    """Older name of `variables_initializer`."""
    return variables_initializer(var_list, name=name)


def global_variables_initializer():
    """Operation that initializes all global variables."""
    return variables_initializer(global_variables())


def initialize_all_variables():
    """Older name of `global_variables_initializer`."""
    return global_variables_initializer()


def local_variables_initializer():
    """Operation that initializes all local variables."""
    return variables_initializer(local_variables())


def initialize_local_variables():
    """Older name of `local_variables_initializer`."""
    return local_variables_initializer()


def is_variable_initialized(variable):
    """Bool scalar: has `variable` a value in this session?"""
    from ..ops import state

    return state.is_variable_initialized(variable)


def _checked(var_list):
    """`var_list`, by default all global and local variables, or else the operations that hold variables."""
    if var_list is not None:
        return var_list
    found = global_variables() + local_variables()
    if found:
        return found
    holders = ("Variable", "VariableV2", "AutoReloadVariable")
    return [op.outputs[0] for op in get_default_graph().get_operations() if op.type in holders]


def assert_variables_initialized(var_list=None):
    """Operation that fails with FailedPreconditionError if one of the variables has no value; None without any."""
    from ..ops import array as array_ops

    var_list = _checked(var_list)
    if not var_list:
        return None
    ranks = []
    for variable in var_list:
        with get_default_graph().colocate_with(variable.op):
            ranks.append(array_ops.rank_internal(variable, optimize=False))
    return ranks[0] if len(ranks) == 1 else array_ops.stack(ranks)


def report_uninitialized_variables(var_list=None, name="report_uninitialized_variables"):
    """1-D string tensor with the names of those variables that have no value yet."""
    from ..ops import array as array_ops
    from ..ops import math as math_ops
    from ..ops import state

    var_list = _checked(var_list)
    graph = get_default_graph()
    with core.name_scope(name):
        initialized = [state.is_variable_initialized(v) for v in var_list]
        device = os.environ.get("TF_DEVICE_FOR_UNINITIALIZED_VARIABLE_REPORTING", "/cpu:0")
        with graph.device(device):
            if not var_list:
                return constant([], dtype=dtypes.string)
            missing = math_ops.logical_not(array_ops.stack(initialized))
            names = constant([v.op.name for v in var_list])
            return array_ops.boolean_mask(names, missing)

"""The switches between TF 1 and TF 2 behaviour that a program may call."""

from pyscope.tensor_shape import disable_v2_tensorshape, enable_v2_tensorshape
from pyscope.variables import toggle

__all__ = [
    "control_flow_v2_enabled", "disable_control_flow_v2", "disable_eager_execution", "disable_tensor_equality",
    "disable_v2_behavior", "disable_v2_tensorshape", "enable_control_flow_v2", "enable_eager_execution",
    "enable_tensor_equality", "enable_v2_behavior", "enable_v2_tensorshape", "executing_eagerly",
    "executing_eagerly_outside_functions",
]  # fmt: skip

_control_flow_v2 = [True]


def executing_eagerly():
    """Whether operations run as they are called: never, PyScope builds graphs."""
    return False


def executing_eagerly_outside_functions():
    """Whether operations outside functions run as they are called: never."""
    return False


def disable_eager_execution():
    """Accepted for programs that call it: graphs are all PyScope has."""


def enable_eager_execution(config=None, device_policy=None, execution_mode=None):
    """Raises NotImplementedError: PyScope builds and runs graphs only."""
    raise NotImplementedError("tf.enable_eager_execution: PyScope builds and runs graphs; it has no eager execution")


def disable_tensor_equality():
    """Accepted for programs that call it: ``==`` of tensors compares identity, as in TF's graph mode."""


def enable_tensor_equality():
    """Accepted for programs that call it: in graph mode TF compares identity after it, too."""


def enable_control_flow_v2():
    """Build conditionals and loops as functional If and While operations."""
    _control_flow_v2[0] = True


def disable_control_flow_v2():
    """Build conditionals and loops from Switch, Merge, Enter, Exit and NextIteration."""
    _control_flow_v2[0] = False


def control_flow_v2_enabled():
    """Whether conditionals and loops are functional operations."""
    return _control_flow_v2[0]


def enable_v2_behavior():
    """Resource variables, functional control flow, TensorShapes of ints: the default here."""
    enable_v2_tensorshape()
    toggle.enable_resource_variables()
    enable_control_flow_v2()


def disable_v2_behavior():
    """Reference variables, v1 control flow, TensorShapes of Dimensions, as in TF 1."""
    disable_v2_tensorshape()
    toggle.disable_resource_variables()
    disable_control_flow_v2()

"""Which kind of variable is made when a program does not say."""

_use_resource = True


def enable_resource_variables():
    """Make resource variables by default: reads and writes are ordered and a read never changes afterwards."""
    global _use_resource
    _use_resource = True


def disable_resource_variables():
    """Make reference variables by default, as TensorFlow 1 did."""
    global _use_resource
    _use_resource = False


def resource_variables_enabled():
    """True if variables are resource variables by default."""
    return _use_resource

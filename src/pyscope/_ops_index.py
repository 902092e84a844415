"""Loading every module that defines op types, for those who look them up by name."""

import pkgutil
from importlib import import_module

_PACKAGES = ("pyscope.ops", "pyscope.control_flow", "pyscope.optimizers")


def load_all():
    """Import all modules with OpType blocks."""
    import_module("pyscope.conversion")
    import_module("pyscope.tensor_array_v1")
    import_module("pyscope.clip")
    for name in _PACKAGES:
        try:
            package = import_module(name)
        except ModuleNotFoundError:
            continue
        for module in pkgutil.iter_modules(package.__path__):
            import_module(f"{name}.{module.name}")

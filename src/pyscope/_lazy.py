"""Namespaces whose names load the module that defines them when first asked for.

A program uses a few dozen of the API's names; loading only their modules keeps ``import pyscope`` a matter of
milliseconds.
"""

import sys
from importlib import import_module
from types import ModuleType


def namespace(module_name, table):
    """The ``__getattr__`` and ``__dir__`` of a namespace module.

    Parameters
    ----------
    module_name : str
        The namespace's own ``__name__``.
    table : dict of str to str
        Defining module, without the leading ``pyscope.``, to its public names separated by blanks; ``new=old``
        publishes `old` under another name, and ``name=`` the module itself.
    """
    where = {}
    for source, names in table.items():
        for name in names.split():
            public, renamed, original = name.partition("=")
            where[public] = (source, None if renamed and not original else original or public)

    def __getattr__(name):
        found = where.get(name)
        if found is None:
            raise AttributeError(f"module '{module_name}' has no attribute '{name}': PyScope does not have it")
        module = import_module("pyscope." + found[0])
        value = module if found[1] is None else getattr(module, found[1])
        setattr(sys.modules[module_name], name, value)
        return value

    class Namespace(ModuleType):
        public = where

        def __setattr__(self, name, value):
            # Importing the submodule pyscope.device sets that name here: tf.device must stay the function.
            if not (isinstance(value, ModuleType) and name in where and where[name][1] is not None):
                super().__setattr__(name, value)

    sys.modules[module_name].__class__ = Namespace

    def __dir__():
        return sorted({*where, *vars(sys.modules[module_name])})

    return __getattr__, __dir__

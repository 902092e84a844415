"""The public names: each loads, and none is hidden by a module of the same name."""

import subprocess
import sys

LOAD_EVERYTHING = """
import importlib, pkgutil, types
import pyscope

modules = [module.name for module in pkgutil.walk_packages(pyscope.__path__, "pyscope.")]
for name in modules:
    if not name.endswith("__main__"):
        importlib.import_module(name)
for space in [pyscope, *(importlib.import_module(name) for name in modules if not name.endswith("__main__"))]:
    for name, (source, original) in getattr(type(space), "public", {}).items():
        module = importlib.import_module("pyscope." + source)
        wanted = module if original is None else getattr(module, original)
        assert getattr(space, name) is wanted, f"{space.__name__}.{name}"
"""


def test_no_submodule_hides_a_public_name():
    done = subprocess.run([sys.executable, "-W", "error", "-c", LOAD_EVERYTHING], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

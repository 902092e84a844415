"""``python -m pyscope PROGRAM [ARGS...]``: run a TensorFlow 1 program, unmodified, on PyScope."""

import os
import runpy
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec
from types import ModuleType

from pyscope._tensorflow import install_as_tensorflow
from pyscope._version import __version__

USAGE = """\
usage: python -m pyscope PROGRAM [ARGS...]
       python -m pyscope -m MODULE [ARGS...]

Run a TensorFlow 1 program as __main__, with `import tensorflow` meaning PyScope.

  PROGRAM       a Python file, or a directory or zip file with a __main__.py
  -m MODULE     a module or package, found as python -m finds it
  -h, --help    show these lines
  --version     show the version of PyScope
"""


def main(argv):
    """Run the command line `argv` (without the interpreter); returns an exit status or raises SystemExit."""
    if not argv:
        return _usage_error("a program to run is missing")
    first = argv[0]
    if first in ("-h", "--help"):
        print(USAGE, end="")
        return 0
    if first == "--version":
        print(f"PyScope {__version__}")
        return 0
    if first == "-m":
        if len(argv) < 2:
            return _usage_error("-m wants the name of a module")
        return _run(_run_module, argv[1], argv[1:])
    if first.startswith("-"):
        return _usage_error(f"unknown option {first}")
    return _run(_run_file, first, argv)


def _usage_error(message):
    return _error(f"{message}\n\n{USAGE.rstrip()}", 2)


def _error(message, status):
    print(f"python -m pyscope: {message}", file=sys.stderr)
    return status


def _run(runner, target, argv):
    """Call ``runner(target)`` as the program; an uncaught exception shows the program's frames only."""
    install_as_tensorflow()
    sys.argv[:] = argv
    try:
        return runner(target)
    except Exception as error:
        traceback = error.__traceback__
        while traceback is not None and traceback.tb_frame.f_code.co_filename in _LAUNCHERS:
            traceback = traceback.tb_next
        sys.excepthook(type(error), error.with_traceback(traceback), traceback)
        return 1


_LAUNCHERS = (main.__code__.co_filename, runpy.run_path.__code__.co_filename)


def _run_file(path):
    """Run a file, or the __main__.py in a directory or zip file, as ``python path`` does."""
    safe_path = getattr(sys.flags, "safe_path", False)
    if os.path.isdir(path) or not path.endswith((".py", ".pyw")) and _is_zip(path):
        if not safe_path:
            del sys.path[0]  # python -m put the current directory there; run_path adds the program's own
        runpy.run_path(path, run_name="__main__")
        return 0
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        where = os.path.abspath(path)
        return _error(f"can't open file {where!r}: [Errno {error.errno}] {error.strerror}", 2)
    if not safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    # A module of its own that stays in sys.modules: atexit handlers and pickle find the program there.
    full_path = os.path.abspath(path)
    module = ModuleType("__main__")
    module.__file__ = full_path
    module.__loader__ = SourceFileLoader("__main__", full_path)
    module.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = module
    exec(compile(source, full_path, "exec", dont_inherit=True), module.__dict__)
    return 0


def _is_zip(path):
    from zipfile import is_zipfile

    return is_zipfile(path)


def _run_module(name):
    """Run a module or a package's __main__ as ``python -m name`` does."""
    try:
        spec = find_spec(name)
        missing = spec is None
        if not missing and spec.submodule_search_locations is not None:
            missing = find_spec(f"{name}.__main__") is None
            if missing:
                why = f"{name!r} is a package and cannot be directly executed"
                return _error(f"No module named {name}.__main__; {why}", 1)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise
        missing = True
    if missing:
        return _error(f"No module named {name}", 1)
    runpy.run_module(name, run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

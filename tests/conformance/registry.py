"""The list of conformance programs: functions ``f(tf, t)`` marked with `program`."""

import importlib
import pathlib

MODES = ("resource", "v1")

_programs = {}


def program(function=None, *, modes=MODES):
    """Register ``function(tf, t)``; its name is ``file.function``.

    Parameters
    ----------
    modes : tuple of str
        The modes in which the program makes sense: ``"resource"`` and ``"v1"``.
    """

    def register(function):
        name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        if name in _programs:
            raise ValueError(f"two conformance programs are called {name}")
        function.modes = modes
        _programs[name] = function
        return function

    return register if function is None else register(function)


def programs():
    """All hand-written programs, name -> function, in the order of files and lines."""
    if not _programs:
        folder = pathlib.Path(__file__).parent / "programs"
        for path in sorted(folder.glob("[a-z]*.py")):
            importlib.import_module(f"{__package__}.programs.{path.stem}")
    return dict(_programs)


def names(mode):
    """The names of the hand-written programs of `mode`."""
    return [name for name, function in programs().items() if mode in function.modes]


def load(name):
    """The function of a program: hand-written, or ``generated/<seed>``."""
    if name.startswith("generated/"):
        from . import generate

        return generate.load(int(name.partition("/")[2]))
    return programs()[name]

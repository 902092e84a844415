"""What arguments a callable takes, without importing ``inspect``, which takes milliseconds."""

import functools
import types


def _function(target):
    """The Python function behind `target` and the number of leading arguments that are bound."""
    if isinstance(target, types.FunctionType):
        return target, 0
    if isinstance(target, types.MethodType):
        function, n_bound = _function(target.__func__)
        return function, n_bound + 1
    if isinstance(target, type):
        function, n_bound = _function(target.__init__)
        return function, n_bound + 1
    call = getattr(type(target), "__call__", None)  # noqa: B004  (the function itself)
    if isinstance(call, types.FunctionType):
        return call, 1
    return None, 0


def argument_names(target):
    """Names of the arguments that `target` takes by position or keyword, without ``self``; a tuple."""
    if isinstance(target, functools.partial):
        names = argument_names(target.func)[len(target.args) :]
        return tuple(name for name in names if name not in target.keywords)
    function, n_bound = _function(target)
    if function is None:
        return ()
    code = function.__code__
    return code.co_varnames[n_bound : code.co_argcount + code.co_kwonlyargcount]


def has_kwargs(target):
    """True if `target` takes arbitrary keywords; what is not written in Python is taken to."""
    if isinstance(target, functools.partial):
        return has_kwargs(target.func)
    function, _ = _function(target)
    return function is None or bool(function.__code__.co_flags & 0x08)


def needs_no_arguments(target):
    """True if `target` can be called without arguments."""
    if isinstance(target, functools.partial):
        function, n_bound = _function(target.func)
        if function is None:
            return True
        given = len(target.args) + n_bound
        code = function.__code__
        optional = set(code.co_varnames[code.co_argcount - len(function.__defaults__ or ()) : code.co_argcount])
        required = [name for name in code.co_varnames[given : code.co_argcount] if name not in optional]
        return all(name in target.keywords for name in required)
    function, n_bound = _function(target)
    if function is None:
        return True
    return function.__code__.co_argcount - n_bound <= len(function.__defaults__ or ())

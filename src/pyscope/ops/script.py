"""Python functions as ops: py_func, numpy_function and py_function."""

import itertools
import weakref

import numpy as np

from .. import _core as core
from .. import dtypes, errors
from .._core import OpType

_TOKENS = itertools.count()

# A function lives as long as the graphs that call it: they hold it, the registry does not.
_FUNCTIONS = weakref.WeakValueDictionary()


class _Function:
    """A registered Python function; of its own, since not everything callable can be referred to weakly."""

    __slots__ = ("call", "__weakref__")

    def __init__(self, call):
        self.call = call


def _array(value):
    result = np.asarray(value, order="C")
    if result.dtype.kind in "SU":
        flat = [v.encode() if isinstance(v, str) else bytes(v) for v in result.reshape(-1).tolist()]
        out = np.empty(len(flat), object)
        out[:] = flat
        return out.reshape(result.shape)
    return result


def _call(attrs, *inputs):
    token = attrs["token"].decode()
    function = _FUNCTIONS.get(token)
    if function is None:
        raise errors.InvalidArgumentError(
            None, None, f"ValueError: Could not find callback with key={token} in the registry."
        )
    try:
        # The function may write to what it is given, which can be a constant, a variable or a fed array.
        result = function.call(*[v.copy() if isinstance(v, np.ndarray) else v for v in inputs])
        if isinstance(result, bytes) or not isinstance(result, (tuple, list)):
            result = [] if result is None else [result]
        result = [_array(value) for value in result]
    except errors.OpError:
        raise
    except Exception as error:
        raise _as_run_error(error) from error
    wanted = attrs["Tout"]
    if len(result) != len(wanted):
        raise errors.InvalidArgumentError(
            None, None, "%s returns %d values, but expects to see %d values." % (token, len(result), len(wanted))
        )
    for i, (value, dtype) in enumerate(zip(result, wanted)):
        found = dtypes.as_dtype(value.dtype)
        if found != dtype:
            raise errors.InvalidArgumentError(
                None, None, "%d-th value returned by %s is %s, but expects %s"
                % (i, token, _cpp_name(found), _cpp_name(dtype))
            )
    return result


_CPP_NAMES = {"float32": "float", "float64": "double", "float16": "half"}


def _cpp_name(dtype):
    return _CPP_NAMES.get(dtype.name, dtype.name)


_CLASSES = (
    (errors.InvalidArgumentError, (ValueError, TypeError)),
    (errors.OutOfRangeError, (StopIteration,)),
    (errors.ResourceExhaustedError, (MemoryError,)),
    (errors.UnimplementedError, (NotImplementedError,)),
)


def _as_run_error(error):
    text = "%s: %s" % (type(error).__name__, error)
    for run_error, causes in _CLASSES:
        if isinstance(error, causes):
            return run_error(None, None, text)
    return errors.UnknownError(None, None, text)


def _unknown_rule(c):
    return [None] * len(c.attr("Tout"))


_ATTRS = "token: string; Tin: list(type) >= 0; Tout: list(type) >= 0"

PY_FUNC = OpType(
    "PyFunc",
    "input: [Tin] -> output: [Tout]",
    _ATTRS,
    shape=_unknown_rule,
    kernel=_call,
    gradient=core.NO_GRADIENT,
    stateful=True,
)

PY_FUNC_STATELESS = OpType(
    "PyFuncStateless",
    "input: [Tin] -> output: [Tout]",
    _ATTRS,
    shape=_unknown_rule,
    kernel=_call,
    gradient=core.NO_GRADIENT,
)

EAGER_PY_FUNC = OpType(
    "EagerPyFunc",
    "input: [Tin] -> output: [Tout]",
    "token: string; is_async: bool = False; Tin: list(type) >= 0; Tout: list(type) >= 0",
    shape=_unknown_rule,
    kernel=None,             # its function computes with eager tensors, which do not exist here
    gradient=None,
    stateful=True,
)


def _make(op_type, func, inp, Tout, name):
    if not callable(func):
        raise ValueError(f"Expected func to be callable. Received func={func} of type {type(func)}.")
    from ..conversion import convert_to_tensor

    inputs = [
        convert_to_tensor(x) if hasattr(x, "_dense_var_to_tensor") else x for x in inp
    ]
    several = isinstance(Tout, (list, tuple))
    types = [dtypes.as_dtype(t) for t in (Tout if several else [Tout])]
    token = "pyfunc_%d" % next(_TOKENS)
    function = _Function(func)
    _FUNCTIONS[token] = function
    graph = core.get_default_graph()
    outer = getattr(graph, "outer_graph", None)
    while outer is not None:
        graph, outer = outer, getattr(outer, "outer_graph", None)
    held = getattr(graph, "_py_funcs_used_in_graph", None)
    if held is None:
        held = graph._py_funcs_used_in_graph = []
    held.append(function)
    result = op_type(inputs, token=token, Tout=types, name=name)
    if several:
        return result
    return result[0] if isinstance(result, (list, tuple)) else result


def py_func(func, inp, Tout, stateful=True, name=None):
    """Outputs of the Python function `func` of the values of `inp`, as NumPy arrays.

    Parameters
    ----------
    func : callable
        Takes arrays, returns an array or a list of arrays of the types `Tout`.
    inp : list of tensors
    Tout : DType or list of DType
    stateful : bool
        False says that equal inputs give equal outputs.
    """
    return _make(PY_FUNC if stateful else PY_FUNC_STATELESS, func, inp, Tout, name)


def _decorator_or_none(script_op, op_name, func, inp, Tout, **keywords):
    if Tout is None:
        raise TypeError(
            f"Missing required argument: 'Tout'\n  If using {op_name} as a decorator, set `Tout`\n  **by "
            f"name** above the function:\n  `@{op_name}(Tout=tout)`"
        )
    if func is None:
        if inp is not None:
            raise TypeError(
                f"Don't set the `inp` argument when using {op_name} as a decorator (`func=None`)."
            )

        def decorator(function):
            def wrapper(*args):
                return script_op(function, inp=args, Tout=Tout, **keywords)

            wrapper.__name__ = getattr(function, "__name__", "wrapper")
            wrapper.__doc__ = function.__doc__
            wrapper.__wrapped__ = function
            return wrapper

        return decorator
    if inp is None:
        raise TypeError(
            "Missing argument `inp`:\n  You must set the `inp` argument (the list of arguments to the\n  "
            f"function), unless you use `{op_name}` as a decorator(`func=None`)."
        )
    return None


def numpy_function(func=None, inp=None, Tout=None, stateful=True, name=None):
    """`py_func`; without `func` a decorator."""
    made = _decorator_or_none(
        numpy_function, "tf.numpy_function", func, inp, Tout, stateful=stateful, name=name
    )
    return py_func(func, inp, Tout, stateful, name) if made is None else made


def py_function(func=None, inp=None, Tout=None, name=None):
    """The op of TF's function over eager tensors; it builds, and running it raises."""
    made = _decorator_or_none(py_function, "tf.py_function", func, inp, Tout, name=name)
    return _make(EAGER_PY_FUNC, func, inp, Tout, name) if made is None else made

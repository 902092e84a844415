"""JSON forms of what programs see: tensors' values, graph elements, shapes, errors."""

import hashlib
import re

import numpy as np

# Longer arrays are recorded as a digest (exact dtypes) or as a summary (floats).
LONG = 400

_NODE_SUFFIX = "\n\t [["


def array_form(array, exact=False):
    """The JSON form of an array: dtype, shape and elements in C order."""
    array = np.asarray(array)
    form = {"dtype": _dtype_name(array.dtype), "shape": list(array.shape)}
    flat = array.reshape(-1)
    if array.dtype.kind in "OSU":
        form["data"] = [text_form(item) for item in flat.tolist()]
    elif array.dtype.kind == "V" or form["dtype"] in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        form["data"] = flat.astype(np.float32).tolist()
    elif flat.size > LONG and (exact or array.dtype.kind in "biu"):
        form["digest"] = hashlib.sha256(np.ascontiguousarray(flat).tobytes()).hexdigest()[:20]
    elif flat.size > LONG:
        wide = flat.astype(np.complex128 if flat.dtype.kind == "c" else np.float64)
        weights = np.cos(np.arange(flat.size))
        form["summary"] = [number_form(x) for x in (wide.sum(), abs(wide).sum(), (wide * weights).sum())]
        form["data"] = [number_form(x) for x in (*flat[:20], *flat[-20:])]
    else:
        form["data"] = [number_form(x) for x in flat]
    return form


def number_form(x):
    """A JSON number that reads back as exactly this NumPy scalar; complex ones become pairs."""
    if isinstance(x, (bool, np.bool_)):
        return bool(x)
    if isinstance(x, (int, np.integer)):
        return int(x)
    if isinstance(x, (complex, np.complexfloating)):
        return [number_form(x.real), number_form(x.imag)]
    if not np.isfinite(x):
        return str(float(x))
    return float(str(x)) if isinstance(x, np.floating) else float(x)


def text_form(item):
    """Strings as themselves, bytes as text where they are text."""
    if isinstance(item, bytes):
        try:
            return "b:" + item.decode()
        except UnicodeDecodeError:
            return "x:" + item.hex()
    return str(item)


def value_form(value, exact=False):
    """The JSON form of anything a program shows."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, bytes):
        return {"bytes": text_form(value)}
    if isinstance(value, (np.ndarray, np.generic)):
        form = array_form(value, exact)
        # Whether a fetch gives an array or a scalar is visible to programs.
        form["array"] = "array" if isinstance(value, np.ndarray) else "scalar"
        return form
    if isinstance(value, int):
        return value
    if isinstance(value, (float, complex)):
        return {"number": number_form(value)}
    if isinstance(value, dict):
        return {"dict": [[_key_form(key), value_form(item, exact)] for key, item in value.items()],
                "class": type(value).__name__}
    if isinstance(value, (list, tuple)):
        return {"class": type(value).__name__, "items": [value_form(item, exact) for item in value]}
    if isinstance(value, (set, frozenset)):
        return {"set": sorted(str(_key_form(item)) for item in value)}
    if isinstance(value, type):
        return {"type": value.__name__}
    if isinstance(value, BaseException):
        return error_form(value)
    return _object_form(value, exact)


def _key_form(key):
    return key if isinstance(key, (str, int)) else value_form(key)


def _object_form(value, exact):
    kind = type(value).__name__
    if kind == "TensorShape":
        return {"shape": None if value.rank is None else value.as_list()}
    if kind == "Dimension":
        return {"dimension": value.value}
    if kind == "DType":
        return {"dtype_name": value.name}
    if kind in ("IndexedSlices", "SparseTensorValue", "IndexedSlicesValue"):
        parts = ("values", "indices", "dense_shape")
        return {"class": kind, **{part: value_form(getattr(value, part), exact) for part in parts}}
    if kind in ("Graph", "FuncGraph"):
        return {"class": "Graph"}
    if kind.endswith("Tensor"):
        return {"class": "Tensor", "name": value.name, "dtype": value.dtype.name,
                "shape": shape_form(value.shape)}
    name = getattr(value, "name", None)
    return {"class": kind} if name is None else {"class": kind, "name": str(name)}


def shape_form(shape):
    """A static shape as a list with None for unknown sizes; None for an unknown rank."""
    return None if shape.rank is None else shape.as_list()


def error_form(error):
    """The class of an exception and the line of its message that says what happened."""
    form = {"error": type(error).__name__, "line": headline(error)}
    op = getattr(error, "op", None)
    if op is not None and hasattr(op, "name"):
        form["op"] = op.name
    bases = [base.__name__ for base in type(error).__mro__[1:]]
    form["bases"] = bases[: bases.index("Exception")] if "Exception" in bases else []
    return form


def headline(error):
    """First line of an exception's message.

    TensorFlow starts the message of a failed run with a banner and the traceback of the op; the line
    a reader wants is the last before the name of the node, and that is the one compared.
    """
    text = str(error.args[0]) if isinstance(error,
                                            KeyError) and error.args else str(getattr(error, "message",
                                                error))
    if text.startswith("Graph execution error:"):
        lines = text.partition("\n\nOriginal stack trace")[0].partition(_NODE_SUFFIX)[0].splitlines()
        starts = [i for i, line in enumerate(lines) if line.startswith("Node: ")]
        rest = lines[starts[-1] + 1 if starts else 2 :]
        if rest and re.match(r"\d+ root error", rest[0]):
            rest = rest[1:]
        text = "\n".join(rest)
        text = re.sub(r"^\s*\(\d+\) [A-Z_]+: ", "", text)
    line = text.split("\n", 1)[0]
    line = re.sub(r"\bpyfunc_\d+", "pyfunc_#", line)
    line = re.sub(r"(\w)_\d{3,}\b", r"\1_#", line)
    line = re.sub(r"<[\w.]+\.(\w+) object at 0x[0-9a-f]+>", r"<\1 object>", line)
    line = re.sub(r"0x[0-9a-f]{6,}", "0x#", line)
    # TensorFlow lists them in the order of a hash table.
    line = re.sub(r" with these attrs: .*", " with these attrs: ...", line)
    # The name of the allocator is that of the machine's best.
    line = re.sub(r"by allocator \w+", "by allocator ...", line)
    line = re.sub(r"\(Previous registration was in .*\)", "(Previous registration was in ...)", line)
    return line


def _dtype_name(dtype):
    return {"object": "string", "bytes": "string"}.get(dtype.name,
                                                       dtype.name if dtype.kind not in "SU" else "string")

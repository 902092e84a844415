"""Differences between two records of a program, each with the field it is in."""

import math
import re

import numpy as np

# Relative and absolute tolerance of shown floats, by dtype.
_TOLERANCE = {"float16": (2e-3, 1e-3), "bfloat16": (2e-2, 1e-2), "float64": (1e-10, 1e-12),
              "complex128": (1e-10, 1e-12)}
_FLOAT32 = (1e-5, 1e-6)


def differences(expected, actual, limit=40):
    """Differences as ``(field, cause, expected, actual)``, in the order a reader should look at them.

    ``field`` is a path such as ``graphs[0].nodes[3].attr.T``; ``cause`` is a text shared by like differences.
    """
    if "crash" in actual:
        return [("crash", "the process died", None, actual["crash"])]
    found = []
    for key in ("unrecorded", "uncaught"):
        if expected.get(key) != actual.get(key):
            found.append((key, _error_cause(key, actual.get(key)), expected.get(key), actual.get(key)))
    _events(expected["events"], actual["events"], found)
    if "unrecorded" not in actual and "graphs" in expected:
        _lengths("graphs", expected["graphs"], actual["graphs"], found)
        for i, (a, b) in enumerate(zip(expected["graphs"], actual["graphs"], strict=False)):
            _graph(f"graphs[{i}]", a, b, found)
    return found[:limit]


def _error_cause(key, form):
    return f"{key}: {form['error']}: {form['line']}" if form else f"{key}: nothing raised"


def _lengths(field, a, b, found):
    if len(a) != len(b):
        found.append((f"{field}.length", f"number of {field.rpartition('.')[2]}", len(a), len(b)))


def _events(expected, actual, found):
    for i, (a, b) in enumerate(zip(expected, actual, strict=False)):
        field = f"events[{i}]"
        if "error" in a or "error" in b:
            _error(field, a, b, found)
        elif "value" in a and "value" in b:
            if not _same_value(a["value"], b["value"], a.get("exact"), a.get("ulp")):
                found.append((field, "shown value", a["value"], b["value"]))
        elif a != b:
            found.append((field, "event", a, b))
    _lengths("events", expected, actual, found)


def _error(field, a, b, found):
    for key in ("error", "line", "op", "bases"):
        if a.get(key) != b.get(key):
            cause = f"error.{key} of {_kind(a)}"
            if "PyScope does not have it" in b.get("line", ""):
                cause = b["line"]
            elif key == "error":
                cause = f"{_kind(a)} expected, raised {_kind(b)}"
            found.append((f"{field}.{key}", cause, _brief(a), _brief(b)))
            break


def _kind(form):
    """The class of an error and its message without what is particular: names, numbers, shapes."""
    line = re.sub(r"'[^']*'|\"[^\"]*\"|\{\{.*?\}\}|\[[^]]*\]|\([^)]*\)", "~", form.get("line", ""))
    line = re.sub(r"[\w/]*\d[\w/]*|(operation|[Vv]ariable|value) \S+", "~", line)
    return f"{form.get('error')}: {line[:60]}"


def _brief(form):
    return f"{form['error']}: {form.get('line')} (op {form.get('op')})" if form.get("error") else form


def _same_value(a, b, exact, ulp):
    if isinstance(a, dict) and isinstance(b, dict):
        if "data" in a and "dtype" in a:
            return _same_array(a, b, exact, ulp)
        if a.keys() == {"number"} == b.keys():
            return _close(a["number"], b["number"], (1e-9, 1e-12))
        return a.keys() == b.keys() and all(_same_value(a[key], b[key], exact, ulp) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_same_value(x, y, exact, ulp) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and a == b


def _same_array(a, b, exact, ulp):
    if any(a.get(key) != b.get(key) for key in ("dtype", "shape", "array", "digest")):
        return False
    kind = a["dtype"]
    if exact or not ("float" in kind or "complex" in kind):
        return a["data"] == b["data"] and a.get("summary") == b.get("summary")
    if ulp is not None:
        return _within_ulp(a["data"], b["data"], ulp, kind)
    tolerance = _TOLERANCE.get(kind, _FLOAT32)
    if "summary" in a and not _close(a["summary"], b.get("summary"), (1e-4, 1e-3)):
        return False
    return _close(a["data"], b["data"], tolerance)


def _within_ulp(a, b, ulp, dtype):
    a, b = np.array(a, dtype), np.array(b, dtype)
    # Near zero a normal number is a difference of larger ones, so the spacing of those counts.
    spacing = np.spacing(np.maximum(np.abs(a), np.asarray(1e-2, dtype)))
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= ulp * spacing))


def _close(a, b, tolerance):
    if isinstance(a, list) or isinstance(b, list):
        return (isinstance(a, list) and isinstance(b, list) and len(a) == len(b)
                and all(_close(x, y, tolerance) for x, y in zip(a, b, strict=True)))
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    return math.isclose(a, b, rel_tol=tolerance[0], abs_tol=tolerance[1])


def _graph(field, a, b, found):
    """Nodes by position until names part; then one difference for the place where they part."""
    for i, (x, y) in enumerate(zip(a["nodes"], b["nodes"], strict=False)):
        if (x["name"], x["op"]) != (y["name"], y["op"]):
            other = x["op"] != y["op"]
            cause = f"node {x['op']} expected, {y['op']} built" if other else f"name of {x['op']}"
            before = [f"{n['name']} ({n['op']})" for n in a["nodes"][max(0, i - 2) : i + 3]]
            after = [f"{n['name']} ({n['op']})" for n in b["nodes"][max(0, i - 2) : i + 3]]
            found.append((f"{field}.nodes[{i}]", cause, before, after))
            break
        _node(f"{field}.nodes[{i}]", x, y, found)
    else:
        if len(a["nodes"]) != len(b["nodes"]):
            n = min(len(a["nodes"]), len(b["nodes"]))
            extra = [[f"{m['name']} ({m['op']})" for m in g["nodes"][n : n + 4]] for g in (a, b)]
            kind = (a["nodes"][n:] or b["nodes"][n:])[0]["op"]
            cause = f"nodes {'missing' if a['nodes'][n:] else 'too many'} at the end, from {kind}"
            found.append((f"{field}.nodes[{n}]", cause, *extra))
    _mapping(f"{field}.collections", "collection", a["collections"], b["collections"], found)
    _functions(f"{field}.functions", a["functions"], b["functions"], found)
    for key in ("seed", "finalized"):
        if a[key] != b[key]:
            found.append((f"{field}.{key}", f"graph.{key}", a[key], b[key]))


def _node(field, x, y, found):
    if x == y:
        return
    what = f"{x['name']} ({x['op']})"
    labels = {"in": "inputs", "ctl": "control inputs", "dev": "device", "out": "output dtypes or shapes",
              "missing": "absence from as_graph_def"}
    for key, label in labels.items():
        if x.get(key) != y.get(key):
            found.append((f"{field}.{key}", f"{label} of {x['op']}", [what, x.get(key)], [what, y.get(key)]))
    if x.get("attr") != y.get("attr"):
        _mapping(f"{field}.attr", f"attribute of {x['op']}:", x.get("attr", {}), y.get("attr", {}), found,
                 what)


def _mapping(field, label, a, b, found, what=None):
    for key in sorted(a.keys() | b.keys()):
        if a.get(key) != b.get(key):
            pair = (a.get(key), b.get(key))
            found.append((f"{field}.{key}", f"{label} {key}",
                          *([what, form] if what else form for form in pair)))


def _functions(field, a, b, found):
    if a.keys() != b.keys():
        found.append((f"{field}.names", "names of functions", sorted(a), sorted(b)))
        return
    for name in a:
        x, y = a[name], b[name]
        if x == y:
            continue
        if x is None or y is None:
            found.append((f"{field}.{name}", "function without a body", x, y))
            continue
        for key in ("args", "results", "control_results"):
            if x[key] != y[key]:
                found.append((f"{field}.{name}.{key}", f"{key} of a function", x[key], y[key]))
        parts = ({"nodes": x["nodes"], "collections": {}, "functions": {}, "seed": 0, "finalized": 0},
                 {"nodes": y["nodes"], "collections": {}, "functions": {}, "seed": 0, "finalized": 0})
        _graph(f"{field}.{name}", *parts, found)

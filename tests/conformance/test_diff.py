"""The comparison itself: it sees each kind of difference, and DIFFERENCES.md explains only what it names."""

import copy

import numpy as np
import pytest

from . import deliberate, generate, recorded
from .diff import differences
from .values import array_form, headline

NODE = {"name": "a", "op": "Add", "in": ["x:0"], "out": [["float32", [2]]], "attr": {"T": ["type", "float32"]}}
GRAPH = {"nodes": [NODE], "functions": {}, "collections": {"c": ["v"]}, "seed": None, "finalized": False}
RECORD = {"events": [{"value": array_form(np.float32([1.0, 2.0]))}, {"error": "ValueError", "line": "no"}],
          "graphs": [GRAPH]}


def _change(path, value):
    record = copy.deepcopy(RECORD)
    place = record
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return record


@pytest.mark.parametrize(("path", "value"), [
    (("events", 0, "value", "data"), [1.0, 2.1]),
    (("events", 0, "value", "dtype"), "float64"),
    (("events", 1, "error"), "TypeError"),
    (("events", 1, "line"), "yes"),
    (("events",), []),
    (("graphs", 0, "nodes", 0, "name"), "b"),
    (("graphs", 0, "nodes", 0, "in"), ["y:0"]),
    (("graphs", 0, "nodes", 0, "dev"), "/device:CPU:0"),
    (("graphs", 0, "nodes", 0, "out"), [["float32", [None]]]),
    (("graphs", 0, "nodes", 0, "attr"), {}),
    (("graphs", 0, "nodes"), [NODE, NODE]),
    (("graphs", 0, "collections"), {}),
    (("graphs", 0, "seed"), 3),
    (("graphs",), []),
    (("uncaught",), {"error": "ValueError", "line": "", "bases": []}),
])
def test_a_difference_is_found(path, value):
    assert differences(RECORD, _change(path, value))
    assert not differences(RECORD, copy.deepcopy(RECORD))


def test_floats_are_close_unless_exact():
    close = array_form(np.float32([1.0, 2.0]) * np.float32(1 + 1e-6))
    assert not differences({"events": RECORD["events"][:1]}, {"events": [{"value": close}]})
    exact = {"events": [{**RECORD["events"][0], "exact": True}]}
    assert differences(exact, {"events": [{"value": close, "exact": True}]})


def test_rows_accept_what_they_name():
    rows = deliberate.load("| program | mode | field | reason |\n| --- | --- | --- | --- |\n"
                           "| `a.b` | `*` | `graphs[0].nodes[*].dev` | why |\n")
    found = [("graphs[0].nodes[3].dev", "", None, None), ("graphs[0].nodes[3].in", "", None, None)]
    remaining, used = deliberate.split("a.b", "v1", found, rows)
    assert [difference[0] for difference in remaining] == ["graphs[0].nodes[3].in"]
    assert used == set(rows)
    assert deliberate.split("a.c", "v1", found, rows) == (found, set())


def test_headline_is_what_went_wrong():
    message = "Graph execution error:\n\nDetected at node 'x' defined at\nNode: 'x'\nbad\n\t [[{{node x}}]]\n\nOriginal"
    assert headline(ValueError(message)) == "bad"
    assert headline(KeyError("k: v\nmore")) == "k: v"


def test_generated_programs_are_the_recorded_ones():
    assert len({generate.source(seed) for seed in range(50)}) == 50
    for mode in ("resource", "v1"):
        assert f"generated/{recorded.GENERATED - 1}" in recorded.read(f"generated_{mode}")

"""The math and nn ops build the nodes that TensorFlow builds, in its order, and fail as it does."""

import json

import op_nodes
import pytest

import pyscope as tf

PROGRAMS = op_nodes.load()

# Static shapes that TF's C++ knows less or more of than we do.
_SHAPES_DIFFER = {"sparse_xent_dynamic", "grad_reduce"}


@pytest.mark.parametrize("name", PROGRAMS)
def test_nodes(name):
    found = op_nodes.nodes(tf, PROGRAMS[name]["lines"])
    expected = PROGRAMS[name]["nodes"]
    if name in _SHAPES_DIFFER:
        found, expected = [[_without_shape(node) for node in nodes] for nodes in (found, expected)]
    for got, wanted in zip(found, expected):
        assert got == wanted
    assert len(found) == len(expected)


def _without_shape(node):
    fields = node.split(" | ")
    return fields[:4] + fields[5:]


ERRORS = json.loads(op_nodes.ERRORS.read_text())


@pytest.mark.parametrize("line", ERRORS)
def test_errors(line):
    assert op_nodes.error(tf, line) == ERRORS[line]

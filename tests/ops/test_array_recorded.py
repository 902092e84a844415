"""Array ops against nodes, values and errors recorded from TensorFlow 2.21."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

import recorded_nodes  # noqa: E402

import pyscope as tf  # noqa: E402

CASES = [
    (name, line, expected)
    for name in ("array_nodes", "slicing", "array_gradients", "array_values", "checks")
    for line, expected in recorded_nodes.load(name).items()
]


@pytest.mark.parametrize(("name", "line", "expected"), CASES, ids=[f"{n}-{line[:60]}" for n, line, _ in CASES])
def test_as_recorded(name, line, expected):
    assert recorded_nodes.evaluate(tf, name, line) == expected

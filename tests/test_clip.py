"""Clipping against nodes, values and errors recorded from TensorFlow 2.21."""

import pytest
import recorded_nodes

import pyscope as tf

CASES = [
    (name, line, expected)
    for name in ("clip_nodes", "clip_gradients", "clip_values")
    for line, expected in recorded_nodes.load(name).items()
]


@pytest.mark.parametrize(("name", "line", "expected"), CASES, ids=[f"{n}-{line[:60]}" for n, line, _ in CASES])
def test_as_recorded(name, line, expected):
    assert recorded_nodes.evaluate(tf, name, line) == expected

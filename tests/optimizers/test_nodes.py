"""What optimizers, moving averages and the global step add to a graph, and their errors, as TensorFlow 2.21 does."""

import pytest
import recorded_nodes

import pyscope as tf

CASES = [
    (name, line, expected)
    for name in ("training_nodes",)
    for line, expected in recorded_nodes.load(name).items()
]


@pytest.mark.parametrize(("name", "line", "expected"), CASES, ids=[f"{n}-{line[:60]}" for n, line, _ in CASES])
def test_as_recorded(name, line, expected):
    assert recorded_nodes.evaluate(tf, name, line) == expected

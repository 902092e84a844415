"""Each test starts with an empty default graph and leaves none behind."""

import pytest

import pyscope as tf


@pytest.fixture(autouse=True)
def graph():
    """The test's own default graph, with the behaviour switches as they are at import."""
    graph = tf.Graph()
    with graph.as_default():
        yield graph

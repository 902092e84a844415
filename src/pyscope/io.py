"""``tf.io``: a list of names."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "graph_io": "write_graph",
})

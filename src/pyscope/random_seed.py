"""The two seeds of a random op, from the seed of its graph and its own."""

from . import _core as core

DEFAULT_GRAPH_SEED = 87654321
_MAXINT32 = 2**31 - 1


def get_seed(op_seed):
    """Seeds for an op of the default graph: a pair of ints, or (None, None) if neither seed is set.

    With a graph seed and no `op_seed` the op's seed is the number of such calls made before in this graph.
    The pair (0, 0), which kernels take for "any seed", is returned as ``(0, 2**31 - 1)``.
    """
    graph = core.get_default_graph()
    graph_seed = graph.seed
    if graph_seed is None:
        if op_seed is None:
            return None, None
        graph_seed = DEFAULT_GRAPH_SEED
    elif op_seed is None:
        if hasattr(graph, "_seed_used"):
            graph._seed_used = True
        op_seed = graph.extras.get("random_seeds_given", 0)
        graph.extras["random_seeds_given"] = op_seed + 1
    seeds = graph_seed % _MAXINT32, op_seed % _MAXINT32
    return (0, _MAXINT32) if seeds == (0, 0) else seeds


def set_random_seed(seed):
    """Set the seed of the default graph, from which random ops without one of their own derive theirs."""
    core.get_default_graph().seed = seed

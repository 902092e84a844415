"""Graphs as files."""

import os

from pyscope import protos
from pyscope.graph import Graph

__all__ = ["write_graph"]


def write_graph(graph_or_graph_def, logdir, name, as_text=True):
    """Write a graph into the file `name` of the directory `logdir`, which is made when missing.

    Parameters
    ----------
    graph_or_graph_def : Graph or GraphDef
    as_text : bool
        Write protobuf's text format rather than its bytes.

    Returns
    -------
    str
        The path of the file.
    """
    os.makedirs(logdir, exist_ok=True)
    path = os.path.join(logdir, name)
    is_graph = isinstance(graph_or_graph_def, Graph)
    if as_text:
        from google.protobuf import text_format

        graph_def = graph_or_graph_def.as_graph_def() if is_graph else graph_or_graph_def
        data = text_format.MessageToString(graph_def).encode()
    elif is_graph:
        data = protos.graph_def_bytes(graph_or_graph_def)
    else:
        data = graph_or_graph_def.SerializeToString(deterministic=True)
    # Whoever reads the file meanwhile sees the old one or the new one.
    unfinished = f"{path}.tmp{os.getpid()}"
    with open(unfinished, "wb") as file:
        file.write(data)
    os.replace(unfinished, path)
    return path

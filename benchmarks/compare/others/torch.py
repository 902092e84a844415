"""PyTorch: the tape of eager operations with gradients, the nodes of TorchScript, and those of torch.fx."""

import operator

import torch
from torch import fx

VERSION = torch.__version__
torch.set_num_threads(1)


def _times(n, make):
    """Timed: n results of `make`, kept as graphs keep theirs."""

    def timed():
        kept = []
        for _ in range(n):
            kept.append(make())

    return timed


def tape_add(n):
    x = torch.tensor(1.0, requires_grad=True)
    return _times(n, lambda: torch.add(x, x))


def tape_add_number(n):
    x = torch.tensor(1.0, requires_grad=True)
    return _times(n, lambda: x + 1.0)


def jit_add(n):
    graph = torch._C.Graph()
    x = graph.addInput()

    def timed():
        for _ in range(n):
            graph.appendNode(graph.create("aten::add", [x, x], 1))

    return timed


def jit_add_number(n):
    graph = torch._C.Graph()
    x = graph.addInput()

    def timed():
        for _ in range(n):
            graph.appendNode(graph.create("aten::add", [x, graph.insertConstant(1.0)], 1))

    return timed


def fx_add(n):
    graph = fx.Graph()
    x = graph.placeholder("x")

    def timed():
        for _ in range(n):
            graph.call_function(torch.add, (x, x))

    return timed


def fx_add_number(n):
    graph = fx.Graph()
    x = graph.placeholder("x")

    def timed():
        for _ in range(n):
            graph.call_function(operator.add, (x, 1.0))

    return timed


def run_smallest(n):
    """Eager: no graph at all."""
    x = torch.zeros(4)

    def timed():
        for _ in range(n):
            x + 1.0

    return timed


COLUMNS = {
    "torch": ("PyTorch " + VERSION, {"add": tape_add, "add_number": tape_add_number, "run_smallest": run_smallest}),
    "torch.jit": ("torch.jit", {"add": jit_add, "add_number": jit_add_number}),
    "torch.fx": ("torch.fx", {"add": fx_add, "add_number": fx_add_number}),
}

"""PyTensor with its C virtual machine."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode

VERSION = pytensor.__version__
MODE = Mode(linker="cvm", optimizer="fast_run")


def _few(n):
    if n > 1000:
        raise NotImplementedError("takes too long")


def add(n):
    _few(n)
    x = pt.scalar("x", dtype="float32")

    def timed():
        for _ in range(n):
            pt.add(x, x)

    return timed


def add_number(n):
    _few(n)
    x = pt.scalar("x", dtype="float32")

    def timed():
        for _ in range(n):
            x + 1.0

    return timed


def _calls(n, make, mode, trusted):
    x = pt.vector("x", dtype="float32")
    call = pytensor.function([x], make(x), mode=mode)
    call.trust_input = trusted
    value = np.zeros(4, np.float32)
    call(value)

    def timed():
        for _ in range(n):
            call(value)

    return timed


def run_smallest(n):
    return _calls(n, lambda x: x + np.float32(1), MODE, trusted=False)


def run_callable(n):
    return _calls(n, lambda x: x + np.float32(1), MODE, trusted=True)


def run_chain(n):
    """Without fusion, which would make one operation of the chain."""
    _few(n)

    def make(x):
        y = x
        for i in range(n):
            y = y + x if i % 2 else pt.tanh(y)
        return y

    return _calls(1, make, MODE.excluding("fusion"), trusted=True)


COLUMNS = {
    "pytensor": (
        "PyTensor " + VERSION,
        {
            "add": add,
            "add_number": add_number,
            "run_smallest": run_smallest,
            "run_callable": run_callable,
            "run_chain": run_chain,
        },
    )
}

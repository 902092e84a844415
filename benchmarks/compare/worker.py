"""One library in a process of its own: reads names of cases, one a line, and writes what they took as JSON lines.

This file also runs under the Python 3.7 of TensorFlow 1.15.
"""

import contextlib
import gc
import importlib
import json
import os
import sys
import time
from statistics import median

from .. import cases
from . import others

TURN = 0.2  # seconds


def load(library):
    """The module to time and its version."""
    if library == "pyscope":
        import pyscope as tf

        return tf, tf.__version__
    if library == "tensorflow":
        tf = importlib.import_module("tensorflow.compat.v1")
        tf.disable_eager_execution()
        return tf, tf.__version__
    module = importlib.import_module(library)
    return module, module.__version__


def measure(module, program, n, clock=time.perf_counter):
    """Seconds per time: a fresh graph, the collector on but with nothing left over from before."""
    graph = module.Graph().as_default() if hasattr(module, "get_default_graph") else contextlib.nullcontext()
    with graph:
        timed = program(module, n)
        gc.collect()
        start = clock()
        timed()
        return (clock() - start) / n


def turn(module, program, n, clock):
    """The median of as many measurements as fit into TURN seconds, at least one.

    A measurement may take less than a millisecond, and the processes take turns: the first finds cold caches.
    """
    end = time.perf_counter() + TURN
    values = [measure(module, program, n, clock)]
    while time.perf_counter() < end and len(values) < 50:
        values.append(measure(module, program, n, clock))
    return median(values)


def resident():
    """Resident memory of this process in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def bytes_per_op(module, program):
    """Growth of the process over ``MEMORY_OPS`` operations, per operation."""
    with module.Graph().as_default():
        program(module, 1000)()  # whatever the first calls load
        timed = program(module, cases.MEMORY_OPS)
        gc.collect()
        before = resident()
        timed()
        gc.collect()
        return (resident() - before) / cases.MEMORY_OPS


def answer(library, module, question):
    """What is asked for, or why it can't be had."""
    try:
        if question == "memory":
            return {"value": bytes_per_op(module, cases.programs.add)}
        case = cases.by_name(question)
        program = case.program
        if library not in ("pyscope", "tensorflow"):
            program = others.PROGRAMS.get((library, program.__name__))
            if program is None:
                return {"missing": "no such program"}
        if case.slow:
            measure(module, program, 10)  # the warm-up of cases that have no full one
        clock = time.process_time if case.group in cases.BY_PROCESSOR else time.perf_counter
        return {"value": turn(module, program, case.n, clock)}
    except Exception as error:
        return {"missing": "%s: %s" % (type(error).__name__, str(error).split("\n")[0])}


def main(library):
    """Answer until the input ends."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries that print do not disturb the replies
    module, version = load(library)
    print(json.dumps({"version": version}), file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(library, module, line.strip())), file=replies, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])

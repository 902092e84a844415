"""One library in a process of its own: reads questions, one a line, and writes the answers, all as JSON.

This file also runs under the Python 3.7 of TensorFlow 1.15.
"""

import contextlib
import functools
import gc
import importlib
import json
import os
import sys
import time
from statistics import median

from .. import cases

TURN = 0.1  # seconds


class Lean:
    """TensorFlow with the settings that make calls of small graphs cheapest: one thread that runs one operation after
    the other, and graphs taken as they are."""

    def __init__(self, tf):
        self._tf = tf

    def __getattr__(self, name):
        return getattr(self._tf, name)

    def Session(self, config=None):
        """A session with these settings, besides those of `config`."""
        config = config or self._tf.ConfigProto()
        config.experimental.executor_type = "SINGLE_THREADED_EXECUTOR"
        options = config.graph_options
        options.optimizer_options.opt_level = self._tf.OptimizerOptions.L0
        options.rewrite_options.disable_meta_optimizer = True
        return self._tf.Session(config=config)


def load(library):
    """Version, and column -> (label or None for the library's own, module, names of programs or None for all)."""
    if library == "pyscope":
        import pyscope as tf

        return tf.__version__, {"pyscope": (None, tf, None)}
    if library == "tensorflow":
        tf = importlib.import_module("tensorflow.compat.v1")
        tf.disable_eager_execution()
        lean = "TensorFlow %s, lean" % tf.__version__
        return tf.__version__, {"tensorflow": (None, tf, None), "tensorflow lean": (lean, Lean(tf), None)}
    module = importlib.import_module("benchmarks.compare.others." + library)
    columns = {}
    for column, (label, programs) in module.COLUMNS.items():
        columns[column] = label, programs, sorted(programs)
    return module.VERSION, columns


# ---------------------------------------------------------------- measuring


@functools.lru_cache(maxsize=2)
def _prepared(program, n, **more):
    """Other libraries compile for seconds: what is prepared once serves all turns of a case."""
    return program(n, **more)


def _prepare(library, module, case, n, more):
    """What to time, and the context to time it in."""
    if library not in ("pyscope", "tensorflow"):
        program = module[case.program.__name__]
        if cases.GROUPS[case.group].again:
            return _prepared(program, n, **more), contextlib.nullcontext()
        return program(n, **more), contextlib.nullcontext()
    graph = module.Graph()
    with graph.as_default():
        return case.program(module, n, **more), graph.as_default()


def _measure(timed, context, n, clock):
    """Seconds per time: the collector is on."""
    with context:
        start = clock()
        timed()
        return (clock() - start) / n


def turn(prepare, case):
    """The median of as many measurements as fit into TURN seconds, at least one.

    A measurement may take less than a millisecond, and the processes take turns: the first finds cold caches.
    """
    group = cases.GROUPS[case.group]
    clock = time.process_time if group.by_processor else time.perf_counter
    again = group.again and not case.once
    end = time.perf_counter() + TURN
    values, timed = [], None
    while not values or (time.perf_counter() < end and len(values) < 50):
        if timed is None or not again:
            timed, context = prepare(case.n)
            gc.collect()
        values.append(_measure(timed, context, case.n, clock))
        if again:
            context = contextlib.nullcontext()
    return median(values)


def answer(library, columns, question):
    """What is asked for, or why it can't be had."""
    try:
        module = columns[question["column"]][1]
        case = cases.by_name(question["case"])
        more = {"threads": question["threads"]} if "threads" in question else {}

        def prepare(n):
            return _prepare(library, module, case, n, more)

        if case.unit != "s" and "threads" not in question:
            timed, context = prepare(case.n)
            with context:
                return {"value": timed()}
        if case.slow and question.get("first"):
            timed, context = prepare(10)  # the warm-up of cases that have no full one
            _measure(timed, context, 10, time.perf_counter)
        return {"value": turn(prepare, case)}
    except Exception as error:
        return {"missing": "{}: {}".format(type(error).__name__, str(error).split("\n")[0])}


def main(library):
    """Answer until the input ends."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries that print do not disturb the replies
    version, columns = load(library)
    described = {name: {"label": label, "programs": programs} for name, (label, _, programs) in columns.items()}
    print(json.dumps({"version": version, "columns": described}), file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(library, columns, json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])

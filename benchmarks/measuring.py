"""How the pytest-benchmark cases time a program of ``benchmarks.programs``."""

import pyscope as tf

from . import cases


def rows(*groups):
    """The timed cases of some groups, without the millions and what else takes long."""
    chosen = [case for case in cases.CASES if case.group in groups and case.unit == "s"]
    return [case for case in chosen if case.instead is None and not case.heavy]


def measure(benchmark, case):
    """A fresh graph for each round; the preparation is not timed. Seconds per time go to ``extra_info``."""

    def prepare():
        graph = tf.Graph()
        with graph.as_default():
            return (graph, case.program(tf, case.n)), {}

    def timed(graph, program):
        with graph.as_default():
            program()

    benchmark.pedantic(timed, setup=prepare, rounds=3 if case.slow else 10, warmup_rounds=0 if case.slow else 1)
    if benchmark.stats is not None:  # None with --benchmark-disable
        benchmark.extra_info["seconds per time"] = benchmark.stats.stats.median / case.n

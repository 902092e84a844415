"""Which programs are measured, how often, and what each may cost.

This file also runs under the Python 3.7 of TensorFlow 1.15.
"""

from typing import NamedTuple

from .programs import building, calling, memory, naming, running, training

# Columns of the table. What a bar is against is a tuple of them, of which the best counts, or OTHERS: all that have
# a figure.
TF = ("tensorflow",)
LEAN = ("tensorflow lean",)  # the same library, with settings that make its calls cheapest: see compare/worker.py
FASTEST_TF = TF + LEAN
ORT = ("onnxruntime",)
PYTENSOR = ("pytensor",)
JAX = ("jax",)
NUMPY = ("numpy",)
C = ("c",)
OTHERS = ()


class Group(NamedTuple):
    """A table of the report."""

    title: str
    by_processor: bool = False  # timed by the processor time of the process: what one thread does, whoever else runs
    again: bool = False  # what is prepared once can be timed again


GROUPS = {
    "nodes": Group("Adding nodes, beside other graph builders", by_processor=True),
    "build": Group("Building", by_processor=True),
    "names": Group("Names and scopes", by_processor=True),
    "call": Group("Calling", again=True),
    "run": Group("Running small operations", again=True),
    "arrays": Group("Running over large arrays, one thread", again=True),
    "products": Group("Products and convolutions, one thread", again=True),
    "train": Group("Training, one thread", again=True),
    "cores": Group("A second core: time with one thread over time with two", again=True),
    "memory": Group("Memory"),
    "import": Group("Import and size"),
}


class Case(NamedTuple):
    """A row of the table."""

    name: str  # unique
    group: str  # key of GROUPS
    program: object  # function of the library and n
    n: int  # how often the thing happens in one measurement
    bars: dict  # columns -> how many times faster than the best of them (or smaller, where it is no time)
    limit: float = None  # PyScope's value is at most this
    floor: float = None  # PyScope's value is at least this
    unit: str = "s"  # of the value: s, bytes, times, or none
    rate: tuple = None  # (unit, amount): shown as amount per second
    slow: bool = False  # takes long on other libraries: one measurement suffices; --quick leaves it out
    heavy: bool = False  # minutes or gigabytes on other libraries, which take part only with --heavy
    instead: str = None  # other libraries are represented by the case of this name
    grows: tuple = None  # (name, factor): one costs at most `factor` times what it costs in the case of that name
    fresh: bool = False  # wants a process of its own
    once: bool = False  # prepared anew each time, whatever the group says


def _name(program, n, counted, per):
    if per:
        counted = counted or per + "s"
    return program.__doc__ + (f", {n:,} {counted}" if counted else "") + (", per " + per if per else "")


def _case(group, program, n, bars=None, counted="", per="", instead=None, grows=None, **more):
    """`instead` and `grows` name a case of the same program by its n; a number for `bars` is against TensorFlow."""
    if not isinstance(bars, dict):
        bars = {} if bars is None else {TF: bars}
    if instead:
        more["instead"] = _name(program, instead, counted, per)
    if grows:
        more["grows"] = _name(program, grows[0], counted, per), grows[1]
    return Case(_name(program, n, counted, per), group, program, n, bars, **more)


def _nodes(program):
    """Among a thousand, a hundred thousand and, where only PyScope is asked, a million."""
    bars = {TF: 250, OTHERS: 1}
    return [
        _case("nodes", program, 1000, bars, counted="ops"),
        _case("nodes", program, 100000, bars, counted="ops", slow=True),
        _case("nodes", program, 1000000, bars, counted="ops", slow=True, instead=100000, grows=(1000, 2.0)),
    ]


BUILD = [
    _case("build", building.constant, 1000, 80),
    _case("build", building.matmul, 1000, 200),
    _case("build", building.placeholder, 1000, 100),
    _case("build", building.variable, 200, 100),
    _case("build", building.variable_reference, 200, 100),
    _case("build", building.get_variable_zeros, 200, 120),
    _case("build", building.get_variable_constant, 200, 120),
    _case("build", building.get_variable_reference, 200, 120),
    _case("build", building.get_variable_glorot, 100, 150),
    _case("build", building.get_variable_glorot_reference, 100, 150),
    _case("build", building.get_variable_reuse, 500, 60),
    _case("build", building.initializer, 1000, 20, per="variable"),
    _case("build", building.gradients, 1000, 100, counted="ops", per="op"),
    _case("build", building.gradients, 100000, 100, counted="ops", per="op", slow=True),
    _case("build", building.gradients_mlp, 3, 100),
    _case("build", building.minimize, 1, 100),
    _case("build", building.gradients_of_parts[20000], 100, slow=True),
    _case("build", building.gradients_of_parts[1000000], 1000, heavy=True)._replace(
        grows=(building.gradients_of_parts[20000].__doc__, 2.0)
    ),
    _case("build", building.attention_training, 30, per="step", slow=True),
    _case("build", building.attention_training, 3000, per="step", heavy=True),
    _case("build", building.gaussian_cells, 10, per="row", slow=True),
    _case("build", building.gaussian_cells, 1000, per="row", heavy=True),
    _case("build", building.as_graph_def, 10000, 1, per="node"),
    _case("build", building.as_graph_def_mixed, 4000, 1, per="node"),
    _case("build", building.import_graph_def, 10000, 25, per="node"),
    _case("build", building.import_graph_def_mixed, 4000, 25, per="node"),
]

NAMES = [
    _case("names", naming.name_scope_same, 2000, 12),
    _case("names", naming.name_scope_new, 2000, 12),
    _case("names", naming.name_scope_deep, 2000, 12),
    _case("names", naming.control_dependencies, 2000, 12),
    _case("names", naming.variable_scope_same, 1000, 20),
    _case("names", naming.variable_scope_reopened, 1000, 20),
    _case("names", naming.variable_scope_deep, 1000, 20),
    _case("names", naming.variable_scope_new, 500, 25, counted="names"),
    _case("names", naming.variable_scope_new, 2000, 50, counted="names"),
    _case("names", naming.variable_scope_new, 20000, 350, counted="names", slow=True, grows=(500, 2.0)),
]

CALL = [
    _case("call", calling.run_smallest, 500, {TF: 40, ORT: 1, JAX: 1}, limit=2e-6),
    _case("call", calling.run_callable, 500, {ORT: 1, PYTENSOR: 1}, limit=0.5e-6),
    _case("call", calling.run_no_op, 500, {TF: 25, LEAN: 25}),
    _case("call", calling.run_10, 100, 40),
    _case("call", calling.run_100, 20, 40),
    _case("call", calling.run_first, 10000, {TF: 100, LEAN: 8}, limit=1.5e-6, per="op", slow=True, once=True),
    _case("call", calling.run_initializer, 1000, 400, per="variable", once=True),
]

RUN = [
    _case("run", running.run_chain, 1000, {FASTEST_TF: 3, ORT: 5, PYTENSOR: 2}, limit=40e-9, per="op"),
    _case("run", running.run_chain, 10000, {FASTEST_TF: 3, ORT: 5}, limit=40e-9, per="op", slow=True),
    _case("run", running.run_parallel, 1000, {FASTEST_TF: 8}, per="op"),
]


def _group_of_ops(program):
    """Elementwise operations that should run as one."""
    return [
        _case("arrays", program, n, {TF: bar, NUMPY: bar, JAX: 1 / 1.3}, per="float", slow=n > 1000000)
        for n, bar in ((1000000, 3), (4000000, 5))
    ]


def _bandwidth(program, n, size):
    """Beside a C loop that moves so many bytes a float."""
    return _case("arrays", program, n, {C: 0.9}, counted="floats", rate=("GB/s", size * 1e-9))


ARRAYS = [
    *_group_of_ops(running.elementwise_chain),
    *_group_of_ops(running.elementwise_tree),
    _bandwidth(running.elementwise_single, 1000000, 8),
    _bandwidth(running.elementwise_single, 4000000, 8),
    _bandwidth(running.reduce_sum, 10000000, 4),
    _bandwidth(running.reduce_sum_0, 10000000, 4),
    _bandwidth(running.reduce_sum_1, 10000000, 4),
    _bandwidth(running.reduce_max, 10000000, 4),
    # What a pairwise sum of so many addends may lose at most: half a unit in the last place a level.
    _case("arrays", running.sum_error, 10000000, limit=24 * 2.0**-24, counted="floats", unit=""),
    _case("arrays", running.sum_error_0, 10000000, limit=12 * 2.0**-24, counted="floats", unit=""),
]

BEST_PRODUCT = NUMPY + TF + ORT
PRODUCTS = [
    _case("products", running.matmul_square, 3, {BEST_PRODUCT: 0.97}, rate=("GFLOP/s", running.flops(running.SQUARE))),
    _case("products", running.matmul_layer, 50, {BEST_PRODUCT: 0.97}, rate=("GFLOP/s", running.flops(running.LAYER))),
    _case("products", training.conv_3x3, 1),
    _case("products", training.conv_1x1, 2),
    _case("products", training.conv_rgb, 1),
]

TRAIN = [
    _case("train", training.train_gradients, 20),
    _case("train", training.train_sgd, 20, 1.3),
    _case("train", training.train_adam, 20),
    _case("train", training.train_cnn, 2, {TF: 1, JAX: 1}),
    _case("train", training.train_lstm, 5, 1.5),
    _case("train", training.train_lstm_dynamic, 5, 1.5),
    _case("train", training.train_word2vec, 20, 2),
]


def _cores(program, n, floor=1.8, counted=""):
    case = _case("cores", program, n, counted=counted, floor=floor, unit="times")
    return case._replace(name=case.name + ", 2 threads")


TINY = 0.95  # no slower; what is measured twice differs by so much

CORES = [
    _cores(running.elementwise_chain, 4000000, counted="floats"),
    _cores(running.elementwise_tree, 4000000, counted="floats"),
    _cores(running.elementwise_single, 4000000, counted="floats"),
    _cores(running.reduce_sum, 10000000, counted="floats"),
    _cores(running.reduce_sum_0, 10000000, counted="floats"),
    _cores(training.conv_3x3, 1),
    _cores(running.matmul_square, 3),
    _cores(running.branches, 1),
    _cores(training.train_cnn, 1, None),
    _cores(running.run_chain, 1000, TINY, counted="ops"),
    _cores(running.run_parallel, 1000, TINY, counted="ops"),
]

MB = 2**20
MEMORY = [
    _case("memory", memory.bytes_per_op, 100000, limit=200, counted="ops", unit="bytes", fresh=True, slow=True),
    _case("memory", memory.chained_in_place, 100, 1, limit=17 * MB, unit="bytes", fresh=True),
    _case("memory", memory.chained_apart, 100, 1, limit=34 * MB, unit="bytes", fresh=True),
    _case("memory", memory.cnn_step, 3, 1, unit="bytes", fresh=True),
]

CASES = [
    *_nodes(building.add),
    *_nodes(building.add_number),
    *BUILD,
    *NAMES,
    *CALL,
    *RUN,
    *ARRAYS,
    *PRODUCTS,
    *TRAIN,
    *CORES,
    *MEMORY,
]
_BY_NAME = {case.name: case for case in CASES}

IMPORT_SECONDS = 0.015  # above NumPy's own
IMPORT_BYTES = 10 * MB
WHEEL_BYTES = 5 * MB


def by_name(name):
    """The case called `name`."""
    return _BY_NAME[name]

"""Which programs are timed, how often, and what each may cost.

This file also runs under the Python 3.7 of TensorFlow 1.15.
"""

from collections import namedtuple

from . import programs

# name      unique; what the table shows
# group     build, names, run or train
# program   function of the library and n
# n         how often per measurement
# bar       wanted: the reference's time over PyScope's; None: no bar
# slow      True: two measurements suffice, with a small warm-up
# instead   this case stands for the case `instead` on other libraries, which would take too long
# heavy     True: minutes or gigabytes on other libraries, so only timed with ``--heavy``
Case = namedtuple("Case", "name group program n bar slow instead heavy")


def _case(group, program, n, bar=None, slow=False, label="", instead=None, heavy=False):
    name = program.__doc__.strip() + (", " + label if label else "")
    return Case(name, group, program, n, bar, slow or heavy, instead, heavy)


CASES = [
    _case("build", programs.add, 1000, 250, label="1,000 ops"),
    _case("build", programs.add, 100000, 250, slow=True, label="100,000 ops"),
    _case("build", programs.add, 1000000, 250, slow=True, label="1,000,000 ops", instead="tf.add(x, x), 100,000 ops"),
    _case("build", programs.add_number, 1000, 250, label="1,000 ops"),
    _case("build", programs.add_number, 100000, 250, slow=True, label="100,000 ops"),
    _case(
        "build", programs.add_number, 1000000, 250, slow=True, label="1,000,000 ops", instead="x + 1.0, 100,000 ops"
    ),
    _case("build", programs.constant, 1000, 80),
    _case("build", programs.matmul, 1000, 200),
    _case("build", programs.placeholder, 1000, 100),
    _case("build", programs.variable, 200, 100),
    _case("build", programs.variable_reference, 200, 100),
    _case("build", programs.get_variable_zeros, 200, 120),
    _case("build", programs.get_variable_constant, 200, 120),
    _case("build", programs.get_variable_reference, 200, 120),
    _case("build", programs.get_variable_glorot, 200, 150),
    _case("build", programs.get_variable_reuse, 500, 60),
    _case("build", programs.initializer, 1000, 20, label="1,000 variables, per variable"),
    _case("build", programs.gradients, 1000, 100, label="1,000 ops, per op"),
    _case("build", programs.gradients, 100000, 100, slow=True, label="100,000 ops, per op"),
    _case("build", programs.gradients_mlp, 3, 100),
    _case("build", programs.minimize, 1, 100),
    _case("build", programs.gradients_of_parts_small, 100, 1000, slow=True),
    _case(
        "build",
        programs.gradients_of_parts,
        1000,
        1000,
        heavy=True,
        instead="tf.gradients of 10 ops of a graph of 20,000",
    ),
    _case("build", programs.attention_training, 30, slow=True, label="30 steps"),
    _case("build", programs.attention_training, 300, heavy=True, label="300 steps"),
    _case("build", programs.attention_training, 3000, heavy=True, label="3,000 steps"),
    _case("build", programs.gaussian_cells, 10, slow=True, label="10 rows"),
    _case("build", programs.gaussian_cells, 100, heavy=True, label="100 rows"),
    _case("build", programs.gaussian_cells, 1000, heavy=True, label="1,000 rows"),
    _case("build", programs.as_graph_def, 10000, 1, label="10,000 nodes, per node"),
    _case("build", programs.as_graph_def_mixed, 4000, 1, label="4,000 nodes, per node"),
    _case("build", programs.import_graph_def, 10000, 25, label="10,000 nodes, per node"),
    _case("build", programs.import_graph_def_mixed, 4000, 25, label="4,000 nodes, per node"),
    _case("names", programs.name_scope_same, 2000, 12),
    _case("names", programs.name_scope_new, 2000, 12),
    _case("names", programs.name_scope_deep, 2000, 12),
    _case("names", programs.control_dependencies, 2000, 12),
    _case("names", programs.variable_scope_same, 1000, 20),
    _case("names", programs.variable_scope_reopened, 1000, 20),
    _case("names", programs.variable_scope_deep, 1000, 20),
    _case("names", programs.variable_scope_new, 500, 25, label="500"),
    _case("names", programs.variable_scope_new, 2000, 50, label="2,000"),
    _case("names", programs.variable_scope_new, 20000, 350, slow=True, label="20,000"),
    _case("run", programs.run_smallest, 500, 40),
    _case("run", programs.run_callable, 500),
    _case("run", programs.run_no_op, 500, 25),
    _case("run", programs.run_10, 100, 40),
    _case("run", programs.run_100, 20, 40),
    _case("run", programs.run_first, 10000, 100, slow=True, label="10,000 ops, per op"),
    _case("run", programs.run_chain, 1000, 3, label="1,000 ops, per op"),
    _case("run", programs.run_chain, 10000, 3, slow=True, label="10,000 ops, per op"),
    _case("run", programs.run_parallel, 1000, 8, label="1,000 ops, per op"),
    _case("run", programs.elementwise_single, 1000000, label="1,000,000 floats, per float"),
    _case("run", programs.elementwise_chain, 1000000, 3, label="1,000,000 floats, per float"),
    _case("run", programs.elementwise_chain, 4000000, 5, slow=True, label="4,000,000 floats, per float"),
    _case("run", programs.elementwise_tree, 1000000, 3, label="1,000,000 floats, per float"),
    _case("run", programs.elementwise_tree, 4000000, 5, slow=True, label="4,000,000 floats, per float"),
    _case("run", programs.run_initializer, 1000, 400, label="1,000 variables, per variable"),
    _case("train", programs.train_gradients, 20),
    _case("train", programs.train_sgd, 20, 1.3),
    _case("train", programs.train_adam, 20),
    _case("train", programs.train_word2vec, 20, 2),
    _case("train", programs.train_lstm, 5, 1.5),
    _case("train", programs.train_cnn, 2, 1),
    _case("train", programs.conv_3x3, 1),
    _case("train", programs.conv_1x1, 2),
    _case("train", programs.conv_rgb, 1),
]

# Cost per op of the second at most this many times that of the first, in PyScope.
GROWTH = [
    ("tf.add(x, x), 1,000 ops", "tf.add(x, x), 1,000,000 ops", 2.0),
    ("x + 1.0, 1,000 ops", "x + 1.0, 1,000,000 ops", 2.0),
    ("variable_scope, new names, 500", "variable_scope, new names, 20,000", 2.0),
]

# Groups that are timed by the processor time of the process: what one thread does, whoever else wants the processor.
BY_PROCESSOR = ("build", "names")

MEMORY_OPS = 100000
BYTES_PER_OP = 200
IMPORT_ABOVE_NUMPY = 0.015


def by_name(name):
    """The case called `name`."""
    return next(case for case in CASES if case.name == name)

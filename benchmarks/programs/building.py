"""What building a graph costs: operations, variables, gradients, GraphDefs."""

from .networks import attention, gru_cell, gru_layer, mlp


def add(tf, n):
    """tf.add(x, x)"""
    x = tf.constant(1.0)

    def timed():
        for _ in range(n):
            tf.add(x, x)

    return timed


def add_number(tf, n):
    """x + 1.0"""
    x = tf.constant(1.0)

    def timed():
        for _ in range(n):
            x + 1.0

    return timed


def constant(tf, n):
    """tf.constant(1.0)"""

    def timed():
        for _ in range(n):
            tf.constant(1.0)

    return timed


def matmul(tf, n):
    """tf.matmul(a, b)"""
    a = tf.placeholder(tf.float32, [None, 3])
    b = tf.placeholder(tf.float32, [3, 4])

    def timed():
        for _ in range(n):
            tf.matmul(a, b)

    return timed


def placeholder(tf, n):
    """tf.placeholder(tf.float32, [None, 3])"""

    def timed():
        for _ in range(n):
            tf.placeholder(tf.float32, [None, 3])

    return timed


def variable(tf, n):
    """tf.Variable of a constant"""

    def timed():
        for _ in range(n):
            tf.Variable([0.0, 1.0], name="v")

    return timed


def variable_reference(tf, n):
    """tf.Variable of a constant, reference variable"""

    def timed():
        for _ in range(n):
            tf.Variable([0.0, 1.0], name="v", use_resource=False)

    return timed


def get_variable_zeros(tf, n):
    """tf.get_variable, new, zeros"""

    def timed():
        for i in range(n):
            tf.get_variable("v%d" % i, [2, 3], initializer=tf.zeros_initializer())

    return timed


def get_variable_constant(tf, n):
    """tf.get_variable, new, constant"""

    def timed():
        for i in range(n):
            tf.get_variable("v%d" % i, [2, 3], initializer=tf.constant_initializer(0.5))

    return timed


def get_variable_reference(tf, n):
    """tf.get_variable, new, zeros, reference variable"""

    def timed():
        for i in range(n):
            tf.get_variable("v%d" % i, [2, 3], initializer=tf.zeros_initializer(), use_resource=False)

    return timed


def get_variable_glorot(tf, n):
    """tf.get_variable, new, default initializer (Glorot's)"""

    def timed():
        for i in range(n):
            tf.get_variable("v%d" % i, [2, 3])

    return timed


def get_variable_glorot_reference(tf, n):
    """tf.get_variable, new, default initializer, reference variable"""

    def timed():
        for i in range(n):
            tf.get_variable("v%d" % i, [2, 3], use_resource=False)

    return timed


def get_variable_reuse(tf, n):
    """tf.get_variable, reuse"""
    get_variable_zeros(tf, n)()

    def timed():
        with tf.variable_scope("", reuse=True):
            for i in range(n):
                tf.get_variable("v%d" % i, [2, 3])

    return timed


def initializer(tf, n):
    """tf.global_variables_initializer()"""
    get_variable_zeros(tf, n)()

    def timed():
        tf.global_variables_initializer()

    return timed


def gradients(tf, n):
    """tf.gradients of a chain of tanh"""
    x = y = tf.constant(0.5)
    for _ in range(n):
        y = tf.tanh(y)

    def timed():
        tf.gradients(y, x)

    return timed


def minimize(tf, n):
    """10-layer MLP with AdamOptimizer.minimize, whole graph"""
    optimizer = tf.train.AdamOptimizer

    def timed():
        for _ in range(n):
            with tf.Graph().as_default():
                _, _, loss = mlp(tf, [64] * 10 + [10])
                optimizer(0.001).minimize(loss)

    return timed


def gradients_mlp(tf, n):
    """tf.gradients of a 10-layer MLP"""
    losses = []
    for _ in range(n):
        with tf.Graph().as_default():
            losses.append((mlp(tf, [64] * 10 + [10])[2], tf.trainable_variables()))

    def timed():
        for loss, variables in losses:
            with loss.graph.as_default():
                tf.gradients(loss, variables)

    return timed


def _gradients_of_parts(size):
    def program(tf, n):
        chain = [tf.constant(0.5)]
        for _ in range(size):
            chain.append(tf.tanh(chain[-1]))
        starts = [i * (size // n) for i in range(n)]

        def timed():
            for start in starts:
                tf.gradients(chain[start + 10], chain[start])

        return timed

    program.__doc__ = f"tf.gradients of 10 ops of a graph of {size:,}"
    return program


# Of a small graph and of a large one: time must follow the part.
gradients_of_parts = {size: _gradients_of_parts(size) for size in (20000, 1000000)}


def attention_training(tf, n, batch=4, units=8, n_layers=4, n_decoded=100):
    """GRU encoder of 4 layers and attention decoder of 100 steps, unrolled, with gradients and Adam"""

    def timed():
        with tf.Graph().as_default():
            inputs = tf.unstack(tf.placeholder(tf.float32, [n, batch, units]))
            targets = tf.unstack(tf.placeholder(tf.float32, [n_decoded, batch, units]))
            for i in range(n_layers):
                layer = gru_layer(tf, "encoder%d" % i, units, units)
                h, outputs = tf.zeros([batch, units]), []
                for x in inputs:
                    h = gru_cell(tf, x, h, *layer)
                    outputs.append(h)
                inputs = outputs
            states = tf.stack(inputs, 1)
            layer = gru_layer(tf, "decoder", 2 * units, units)
            w = tf.get_variable("attention", [units, units])
            loss, last = 0.0, tf.zeros([batch, units])
            for target in targets:
                h = gru_cell(tf, tf.concat([last, attention(tf, h, states, w)], 1), h, *layer)
                loss = loss + tf.reduce_mean(tf.square(h - target))
                last = target
            tf.train.AdamOptimizer(0.001).minimize(loss)

    return timed


def gaussian_cells(tf, n, n_columns=100):
    """Gaussians of sliced inputs, 100 a row, added up cell by cell, with gradients"""

    def timed():
        with tf.Graph().as_default():
            x = tf.get_variable("x", [n])
            centers = tf.get_variable("centers", [n_columns])
            total = tf.constant(0.0)
            for i in range(n):
                for j in range(n_columns):
                    total = total + tf.exp(-tf.square(x[i] - centers[j]))
            tf.gradients(total, [x, centers])

    return timed


def as_graph_def(tf, n):
    """Graph.as_graph_def()"""
    add(tf, n)()
    return tf.get_default_graph().as_graph_def


def _mixed(tf, n):
    """At least n nodes: networks with variables, gradients and Adam, and constants of several types."""
    graph = tf.get_default_graph()
    while len(graph.get_operations()) < n:
        with tf.name_scope("net"), tf.variable_scope("net%d" % len(graph.get_operations())):
            loss = mlp(tf, [64] * 10 + [10])[2]
            tf.train.AdamOptimizer(0.001).minimize(loss)
        with tf.name_scope("constants"):
            for k in range(50):
                x = tf.constant(float(k)) + k
                tf.stack([x, x * 0.5])
                tf.constant([k, k + 1], tf.int64)
    return graph


def as_graph_def_mixed(tf, n):
    """Graph.as_graph_def(), variables, networks and constants"""
    return _mixed(tf, n).as_graph_def


def _import(tf, make, n):
    with tf.Graph().as_default():
        graph_def = make(tf, n)()

    def timed():
        with tf.Graph().as_default():
            tf.import_graph_def(graph_def)

    return timed


def import_graph_def(tf, n):
    """tf.import_graph_def"""
    return _import(tf, as_graph_def, n)


def import_graph_def_mixed(tf, n):
    """tf.import_graph_def, variables, networks and constants"""
    return _import(tf, as_graph_def_mixed, n)

"""The timed programs: ordinary TF1 code that takes the library as `tf`, the same text for every library.

A program prepares what it needs in the default graph and returns a function without arguments: the part that is timed.
`n` is how often the thing in question happens in one call of that function.

This file also runs under the Python 3.7 of TensorFlow 1.15.
"""

import numpy as np

# ---------------------------------------------------------------- building


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


def get_variable_reuse(tf, n):
    """tf.get_variable, reuse"""
    for i in range(n):
        tf.get_variable("v%d" % i, [2, 3], initializer=tf.zeros_initializer())

    def timed():
        with tf.variable_scope("", reuse=True):
            for i in range(n):
                tf.get_variable("v%d" % i, [2, 3])

    return timed


def _variables(tf, n):
    for i in range(n):
        tf.get_variable("v%d" % i, [2, 3], initializer=tf.zeros_initializer())


def initializer(tf, n):
    """tf.global_variables_initializer()"""
    _variables(tf, n)

    def timed():
        tf.global_variables_initializer()

    return timed


def run_initializer(tf, n):
    """First Session.run of tf.global_variables_initializer()"""
    _variables(tf, n)
    op = tf.global_variables_initializer()
    session = tf.Session()

    def timed():
        session.run(op)

    return timed


def gradients(tf, n):
    """tf.gradients of a chain of tanh"""
    x = y = tf.constant(0.5)
    for _ in range(n):
        y = tf.tanh(y)

    def timed():
        tf.gradients(y, x)

    return timed


def _mlp(tf, sizes):
    x = tf.placeholder(tf.float32, [None, sizes[0]])
    labels = tf.placeholder(tf.int64, [None])
    h = x
    for i, (n_in, n_out) in enumerate(zip(sizes[:-1], sizes[1:])):
        with tf.variable_scope("layer%d" % i):
            w = tf.get_variable("w", [n_in, n_out])
            b = tf.get_variable("b", [n_out], initializer=tf.zeros_initializer())
            h = tf.matmul(h, w) + b
            if i < len(sizes) - 2:
                h = tf.nn.relu(h)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=h))
    return x, labels, loss


def minimize(tf, n):
    """10-layer MLP with AdamOptimizer.minimize, whole graph"""
    optimizer = tf.train.AdamOptimizer

    def timed():
        for _ in range(n):
            with tf.Graph().as_default():
                _, _, loss = _mlp(tf, [64] * 10 + [10])
                optimizer(0.001).minimize(loss)

    return timed


def gradients_mlp(tf, n):
    """tf.gradients of a 10-layer MLP"""
    losses = []
    for _ in range(n):
        with tf.Graph().as_default():
            losses.append((_mlp(tf, [64] * 10 + [10])[2], tf.trainable_variables()))

    def timed():
        for loss, variables in losses:
            with loss.graph.as_default():
                tf.gradients(loss, variables)

    return timed


def _tanh_chain(tf, n):
    y = tf.constant(0.5)
    chain = [y]
    for _ in range(n):
        y = tf.tanh(y)
        chain.append(y)
    return chain


def _gradients_of_parts(size):
    def program(tf, n):
        chain = _tanh_chain(tf, size)
        starts = [i * (size // n) for i in range(n)]

        def timed():
            for start in starts:
                tf.gradients(chain[start + 10], chain[start])

        return timed

    program.__doc__ = f"tf.gradients of 10 ops of a graph of {size:,}"
    return program


gradients_of_parts_small = _gradients_of_parts(20000)
gradients_of_parts = _gradients_of_parts(1000000)


def _gru_cell(tf, x, h, gates, candidate):
    """One step of a gated recurrent unit (Cho et al. 2014) from plain operations."""
    reset, update = tf.split(tf.sigmoid(tf.matmul(tf.concat([x, h], 1), gates[0]) + gates[1]), 2, axis=1)
    new = tf.tanh(tf.matmul(tf.concat([x, reset * h], 1), candidate[0]) + candidate[1])
    return update * h + (1.0 - update) * new


def _gru_layer(tf, name, n_in, n_units):
    with tf.variable_scope(name):
        gates = tf.get_variable("gates_w", [n_in + n_units, 2 * n_units]), tf.get_variable("gates_b", [2 * n_units])
        new = tf.get_variable("new_w", [n_in + n_units, n_units]), tf.get_variable("new_b", [n_units])
    return gates, new


def _attention(tf, query, states, w):
    """What `query` finds in `states` [batch, time, units], by scaled products (Luong et al. 2015)."""
    scores = tf.squeeze(tf.matmul(states, tf.expand_dims(tf.matmul(query, w), 2)), 2)
    return tf.squeeze(tf.matmul(tf.expand_dims(tf.nn.softmax(scores), 1), states), 1)


def attention_training(tf, n, batch=4, units=8, n_layers=4, n_decoded=100):
    """GRU encoder of 4 layers with attention decoder of 100 steps, unrolled, gradients and Adam, per step"""

    def timed():
        with tf.Graph().as_default():
            inputs = tf.unstack(tf.placeholder(tf.float32, [n, batch, units]))
            targets = tf.unstack(tf.placeholder(tf.float32, [n_decoded, batch, units]))
            for i in range(n_layers):
                layer = _gru_layer(tf, "encoder%d" % i, units, units)
                h, outputs = tf.zeros([batch, units]), []
                for x in inputs:
                    h = _gru_cell(tf, x, h, *layer)
                    outputs.append(h)
                inputs = outputs
            states = tf.stack(inputs, 1)
            layer = _gru_layer(tf, "decoder", 2 * units, units)
            w = tf.get_variable("attention", [units, units])
            loss, last = 0.0, tf.zeros([batch, units])
            for target in targets:
                h = _gru_cell(tf, tf.concat([last, _attention(tf, h, states, w)], 1), h, *layer)
                loss = loss + tf.reduce_mean(tf.square(h - target))
                last = target
            tf.train.AdamOptimizer(0.001).minimize(loss)

    return timed


def gaussian_cells(tf, n, n_columns=100):
    """Gaussians of sliced inputs, 100 a row, added up cell by cell, and their gradients, per row"""

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
    x = tf.constant(1.0)
    for _ in range(n):
        tf.add(x, x)
    graph = tf.get_default_graph()

    def timed():
        graph.as_graph_def()

    return timed


def _mixed(tf, n):
    """At least n nodes: networks with variables, gradients and Adam, and constants of several types."""
    graph = tf.get_default_graph()
    while len(graph.get_operations()) < n:
        with tf.name_scope("net"), tf.variable_scope("net%d" % len(graph.get_operations())):
            loss = _mlp(tf, [64] * 10 + [10])[2]
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


def import_graph_def(tf, n):
    """tf.import_graph_def"""
    with tf.Graph().as_default() as graph:
        x = tf.constant(1.0)
        for _ in range(n):
            tf.add(x, x)
        graph_def = graph.as_graph_def()

    def timed():
        with tf.Graph().as_default():
            tf.import_graph_def(graph_def)

    return timed


def import_graph_def_mixed(tf, n):
    """tf.import_graph_def, variables, networks and constants"""
    with tf.Graph().as_default():
        graph_def = _mixed(tf, n).as_graph_def()

    def timed():
        with tf.Graph().as_default():
            tf.import_graph_def(graph_def)

    return timed


# ---------------------------------------------------------------- names


def name_scope_same(tf, n):
    """name_scope, same name"""

    def timed():
        for _ in range(n):
            with tf.name_scope("scope"):
                pass

    return timed


def name_scope_new(tf, n):
    """name_scope, new names"""

    def timed():
        for i in range(n):
            with tf.name_scope("scope%d" % i):
                pass

    return timed


def _nested(enter, depth, body):
    if depth:
        with enter("level%d" % depth):
            _nested(enter, depth - 1, body)
    else:
        body()


def name_scope_deep(tf, n):
    """name_scope, 10 deep"""

    def body():
        for _ in range(n):
            with tf.name_scope("scope"):
                pass

    return lambda: _nested(tf.name_scope, 10, body)


def control_dependencies(tf, n):
    """control_dependencies"""
    x = tf.constant(1.0)

    def timed():
        for _ in range(n):
            with tf.control_dependencies([x]):
                pass

    return timed


def variable_scope_same(tf, n):
    """variable_scope, same name"""

    def timed():
        for _ in range(n):
            with tf.variable_scope("scope"):
                pass

    return timed


def variable_scope_reopened(tf, n):
    """variable_scope, captured scope reopened"""
    with tf.variable_scope("scope") as scope:
        pass

    def timed():
        for _ in range(n):
            with tf.variable_scope(scope, reuse=True):
                pass

    return timed


def variable_scope_deep(tf, n):
    """variable_scope, 10 deep"""

    def body():
        for _ in range(n):
            with tf.variable_scope("scope"):
                pass

    return lambda: _nested(tf.variable_scope, 10, body)


def variable_scope_new(tf, n):
    """variable_scope, new names"""

    def timed():
        for i in range(n):
            with tf.variable_scope("scope%d" % i):
                pass

    return timed


# ---------------------------------------------------------------- runs


def run_smallest(tf, n):
    """Session.run(x + 1.0, {x: 4 floats})"""
    x = tf.placeholder(tf.float32, [4])
    y = x + 1.0
    value = np.zeros(4, np.float32)
    session = tf.Session()
    session.run(y, {x: value})

    def timed():
        for _ in range(n):
            session.run(y, {x: value})

    return timed


def run_callable(tf, n):
    """make_callable(x + 1.0, [x])(4 floats)"""
    x = tf.placeholder(tf.float32, [4])
    value = np.zeros(4, np.float32)
    session = tf.Session()
    call = session.make_callable(x + 1.0, [x])
    call(value)

    def timed():
        for _ in range(n):
            call(value)

    return timed


def run_no_op(tf, n):
    """Session.run(no_op)"""
    op = tf.no_op()
    session = tf.Session()
    session.run(op)

    def timed():
        for _ in range(n):
            session.run(op)

    return timed


def _run_many(tf, n, width):
    feeds = [tf.placeholder(tf.float32, [4]) for _ in range(width)]
    fetches = [x + 1.0 for x in feeds]
    feed_dict = {x: np.zeros(4, np.float32) for x in feeds}
    session = tf.Session()
    session.run(fetches, feed_dict)

    def timed():
        for _ in range(n):
            session.run(fetches, feed_dict)

    return timed


def run_10(tf, n):
    """Session.run, 10 feeds and 10 fetches"""
    return _run_many(tf, n, 10)


def run_100(tf, n):
    """Session.run, 100 feeds and 100 fetches"""
    return _run_many(tf, n, 100)


def _chain(tf, n):
    x = y = tf.placeholder(tf.float32, [4])
    for i in range(n):
        y = tf.add(y, x) if i % 2 else tf.tanh(y)
    return x, y


def run_first(tf, n):
    """First Session.run of a chain of tiny ops"""
    x, y = _chain(tf, n)
    value = np.zeros(4, np.float32)
    session = tf.Session()

    def timed():
        session.run(y, {x: value})

    return timed


def run_chain(tf, n):
    """Session.run of a chain of tiny ops"""
    x, y = _chain(tf, n)
    value = np.zeros(4, np.float32)
    session = tf.Session()
    session.run(y, {x: value})

    def timed():
        session.run(y, {x: value})

    return timed


def run_parallel(tf, n):
    """Session.run of parallel tiny ops and their add_n"""
    x = tf.placeholder(tf.float32, [4])
    y = tf.add_n([tf.tanh(x * float(i)) for i in range(n)])
    value = np.zeros(4, np.float32)
    session = tf.Session()
    session.run(y, {x: value})

    def timed():
        session.run(y, {x: value})

    return timed


def _elementwise(tf, n, make):
    x = tf.placeholder(tf.float32, [n])
    y = make(x)
    value = np.linspace(-1.0, 1.0, n).astype(np.float32)
    session = tf.Session()
    run = session.make_callable(y, [x])
    run(value)

    def timed():
        run(value)

    return timed


def elementwise_single(tf, n):
    """x + 1.0"""
    return _elementwise(tf, n, lambda x: x + 1.0)


def elementwise_chain(tf, n):
    """10 times relu(y * 0.9 + x)"""

    def make(x):
        y = x
        for _ in range(10):
            y = tf.nn.relu(y * 0.9 + x)
        return y

    return _elementwise(tf, n, make)


def elementwise_tree(tf, n):
    """tanh(exp(-x * x) * x + 1) * sqrt(x * x + 1)"""
    return _elementwise(tf, n, lambda x: tf.tanh(tf.exp(-x * x) * x + 1.0) * tf.sqrt(x * x + 1.0))


# ---------------------------------------------------------------- training


def _train(tf, n, make_fetches):
    """Timed: a run of ``make_fetches(loss)``, with one thread; that of BLAS is up to the environment."""
    tf.set_random_seed(1)
    x, labels, loss = _mlp(tf, [784, 256, 128, 10])
    fetches = make_fetches(loss)
    rng = np.random.RandomState(0)
    feed_dict = {x: rng.rand(64, 784).astype(np.float32), labels: rng.randint(0, 10, 64)}
    session = tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1))
    session.run(tf.global_variables_initializer())
    session.run(fetches, feed_dict)

    def timed():
        for _ in range(n):
            session.run(fetches, feed_dict)

    return timed


def train_gradients(tf, n):
    """gradients of MLP 784-256-128-10, batch 64"""
    return _train(tf, n, lambda loss: tf.gradients(loss, tf.trainable_variables()))


def train_sgd(tf, n):
    """training step, MLP 784-256-128-10, batch 64, gradient descent"""
    optimizer = tf.train.GradientDescentOptimizer(0.01)
    return _train(tf, n, lambda loss: [optimizer.minimize(loss), loss])


def train_adam(tf, n):
    """training step, MLP 784-256-128-10, batch 64, Adam"""
    optimizer = tf.train.AdamOptimizer(0.001)
    return _train(tf, n, lambda loss: [optimizer.minimize(loss), loss])


# ---------------------------------------------------------------- convolutions


def _weights(tf, name, shape):
    return tf.get_variable(name, initializer=tf.constant(np.random.RandomState(0).normal(0, 0.05, shape).astype("f")))


def _started(tf, n, fetches, feed=None):
    session = tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1))
    session.run(tf.global_variables_initializer())
    session.run(fetches, feed)

    def timed():
        for _ in range(n):
            session.run(fetches, feed)

    return timed


def train_cnn(tf, n):
    """training step, CNN 28x28 (5x5x32, 5x5x64, 1024), batch 64, gradient descent"""
    x = tf.placeholder(tf.float32, [None, 28, 28, 1])
    labels = tf.placeholder(tf.int64, [None])
    h = x
    for i, (n_in, n_out) in enumerate([(1, 32), (32, 64)]):
        w, b = _weights(tf, "w%d" % i, [5, 5, n_in, n_out]), _weights(tf, "b%d" % i, [n_out])
        h = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(h, w, [1, 1, 1, 1], "SAME"), b))
        h = tf.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    h = tf.reshape(h, [-1, 7 * 7 * 64])
    h = tf.nn.relu(tf.matmul(h, _weights(tf, "w2", [3136, 1024])) + _weights(tf, "b2", [1024]))
    logits = tf.matmul(h, _weights(tf, "w3", [1024, 10])) + _weights(tf, "b3", [10])
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    train = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
    random = np.random.RandomState(1)
    feed = {x: random.rand(64, 28, 28, 1).astype("f"), labels: random.randint(0, 10, 64)}
    return _started(tf, n, [train, loss], feed)


def _layer(tf, n, image, window, stride):
    x, w = _weights(tf, "x", image), _weights(tf, "w", window)
    y = tf.nn.conv2d(x, w, [1, stride, stride, 1], "SAME")
    grads = tf.gradients(y, [x, w])
    return _started(tf, n, [y.op] + [g.op for g in grads])


def conv_3x3(tf, n):
    """convolution 3x3, 64 to 64 channels, 16 images of 56x56, and both gradients"""
    return _layer(tf, n, [16, 56, 56, 64], [3, 3, 64, 64], 1)


def conv_1x1(tf, n):
    """convolution 1x1, 256 to 64 channels, 16 images of 28x28, and both gradients"""
    return _layer(tf, n, [16, 28, 28, 256], [1, 1, 256, 64], 1)


def conv_rgb(tf, n):
    """convolution 7x7 in steps of 2, 3 to 64 channels, 4 images of 224x224, and both gradients"""
    return _layer(tf, n, [4, 224, 224, 3], [7, 7, 3, 64], 2)


# ---------------------------------------------------------------- rows and recurrences


def train_word2vec(tf, n):
    """training step, word2vec: 50,000 words x 128, batch 128, nce_loss of 64 negatives, gradient descent"""
    tf.set_random_seed(1)
    inputs = tf.placeholder(tf.int32, [128])
    labels = tf.placeholder(tf.int32, [128, 1])
    embeddings = tf.Variable(tf.random_uniform([50000, 128], -1.0, 1.0))
    weights = tf.Variable(tf.truncated_normal([50000, 128], stddev=0.1))
    biases = tf.Variable(tf.zeros([50000]))
    embedded = tf.nn.embedding_lookup(embeddings, inputs)
    loss = tf.reduce_mean(
        tf.nn.nce_loss(
            weights=weights, biases=biases, labels=labels, inputs=embedded, num_sampled=64, num_classes=50000
        )
    )
    step = tf.train.GradientDescentOptimizer(1.0).minimize(loss)
    rng = np.random.RandomState(0)
    words = (np.exp(rng.rand(128) * np.log(50000.0)) - 1).astype(np.int32)
    return _started(tf, n, [step, loss], {inputs: words, labels: np.roll(words, 1)[:, None]})


def train_lstm(tf, n):
    """training step, LSTM of plain ops: 28 steps x 128 units, batch 64, unrolled, gradient descent"""
    tf.set_random_seed(1)
    n_steps, n_inputs, n_units, batch = 28, 28, 128, 64
    x = tf.placeholder(tf.float32, [batch, n_steps, n_inputs])
    labels = tf.placeholder(tf.int64, [batch])
    w = tf.get_variable("w", [n_inputs + n_units, 4 * n_units])
    b = tf.get_variable("b", [4 * n_units], initializer=tf.zeros_initializer())
    out_w = tf.get_variable("out_w", [n_units, 10])
    out_b = tf.get_variable("out_b", [10], initializer=tf.zeros_initializer())
    h = c = tf.zeros([batch, n_units])
    for x_t in tf.unstack(x, axis=1):
        gates = tf.matmul(tf.concat([x_t, h], 1), w) + b
        i, j, f, o = tf.split(gates, 4, axis=1)
        c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
        h = tf.tanh(c) * tf.sigmoid(o)
    logits = tf.matmul(h, out_w) + out_b
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    rng = np.random.RandomState(0)
    feed = {x: rng.rand(batch, n_steps, n_inputs).astype(np.float32), labels: rng.randint(0, 10, batch)}
    return _started(tf, n, [step, loss], feed)

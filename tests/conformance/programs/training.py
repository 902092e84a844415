"""Optimizers, schedules, clipping and whole training loops."""

from ..registry import program


def _train(tf, t, optimizer, steps=3, sparse=False):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    w = tf.get_variable("w", [3, 2], initializer=tf.constant_initializer([0.1, 0.2, -0.1, 0.3, 0.5, -0.4]))
    b = tf.get_variable("b", [2], initializer=tf.zeros_initializer())
    output = tf.matmul(x, w) + b
    if sparse:
        table = tf.get_variable("table", initializer=[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        output += tf.nn.embedding_lookup(table, [0, 2, 0, 0])
    loss = tf.reduce_mean(tf.square(output - y), name="loss")
    train = optimizer.minimize(loss, name="train")
    t.show(train, optimizer.get_name(), [v.name for v in optimizer.variables()], optimizer.get_slot_names())
    for name in optimizer.get_slot_names():
        t.show(optimizer.get_slot(w, name))
    feed = {x: [[1, 2, 3], [4, 5, 6], [-1, 0, 1], [0.5, 0.5, 2]], y: [[1, 0], [0, 1], [1, 1], [0, 0]]}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(steps):
            session.run(train, feed)
            t.show(session.run([loss, *tf.trainable_variables()], feed))
        t.show(session.run(optimizer.variables()))


@program
def gradient_descent(tf, t):
    _train(tf, t, tf.train.GradientDescentOptimizer(0.01))


@program
def gradient_descent_sparse(tf, t):
    _train(tf, t, tf.train.GradientDescentOptimizer(0.01, use_locking=True, name="SGD"), sparse=True)


@program
def momentum(tf, t):
    _train(tf, t, tf.train.MomentumOptimizer(0.01, 0.9))


@program
def nesterov_sparse(tf, t):
    _train(tf, t, tf.train.MomentumOptimizer(0.01, 0.9, use_nesterov=True), sparse=True)


@program
def adagrad(tf, t):
    _train(tf, t, tf.train.AdagradOptimizer(0.1))


@program
def adagrad_sparse(tf, t):
    _train(tf, t, tf.train.AdagradOptimizer(0.1, initial_accumulator_value=0.2), sparse=True)


@program
def adadelta(tf, t):
    _train(tf, t, tf.train.AdadeltaOptimizer(1.0, rho=0.9, epsilon=1e-6))


@program
def adadelta_sparse(tf, t):
    _train(tf, t, tf.train.AdadeltaOptimizer(1.0), sparse=True)


@program
def rmsprop(tf, t):
    _train(tf, t, tf.train.RMSPropOptimizer(0.01, decay=0.8, momentum=0.1))


@program
def rmsprop_centered_sparse(tf, t):
    _train(tf, t, tf.train.RMSPropOptimizer(0.01, centered=True), sparse=True)


@program
def rmsprop_sparse(tf, t):
    _train(tf, t, tf.train.RMSPropOptimizer(0.01), sparse=True)


@program
def adam(tf, t):
    _train(tf, t, tf.train.AdamOptimizer(0.05))


@program
def adam_sparse(tf, t):
    _train(tf, t, tf.train.AdamOptimizer(learning_rate=0.05, beta1=0.8, beta2=0.9, epsilon=1e-4, name="A"),
           sparse=True)


@program
def ftrl(tf, t):
    _train(tf, t, tf.train.FtrlOptimizer(0.1, l1_regularization_strength=0.01,
                                         l2_regularization_strength=0.02))


@program
def ftrl_sparse(tf, t):
    _train(tf, t, tf.train.FtrlOptimizer(0.1), sparse=True)


@program
def ftrl_shrinkage(tf, t):
    _train(tf, t, tf.train.FtrlOptimizer(0.1, l2_shrinkage_regularization_strength=0.1))


@program
def compute_and_apply(tf, t):
    w = tf.get_variable("w", initializer=[1.0, 2.0])
    u = tf.get_variable("u", initializer=3.0)
    loss = tf.reduce_sum(w * w)
    step = tf.train.get_or_create_global_step()
    optimizer = tf.train.AdamOptimizer(0.1)
    pairs = optimizer.compute_gradients(loss, [w, u])
    t.show(pairs)
    clipped = [(tf.clip_by_norm(g, 1.0), v) for g, v in pairs if g is not None]
    train = optimizer.apply_gradients(clipped, global_step=step, name="apply")
    t.show(train, optimizer.get_slot(w, "m"), optimizer.get_slot(w, "none"), optimizer.get_slot(u, "m"),
           optimizer.variables())
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        t.show([(session.run(train), session.run([step, w])) for _ in range(3)])


@program
def optimizer_arguments(tf, t):
    w = tf.get_variable("w", initializer=[1.0, 2.0])
    u = tf.get_variable("u", initializer=3.0, trainable=False)
    loss = tf.reduce_sum(w * u, name="loss")
    rate = tf.placeholder_with_default(0.1, [], name="rate")
    sgd = tf.train.GradientDescentOptimizer(rate)
    for gate in (sgd.GATE_NONE, sgd.GATE_OP, sgd.GATE_GRAPH):
        t.show(sgd.minimize(loss, gate_gradients=gate, var_list=[w, u]))
    t.show(sgd.compute_gradients(loss, grad_loss=tf.constant(2.0)),
           sgd.compute_gradients(loss, colocate_gradients_with_ops=True))
    t.show(sgd.compute_gradients(loss, var_list=(u,), aggregation_method=tf.AggregationMethod.ADD_N))
    train = tf.train.MomentumOptimizer(lambda: 0.1, lambda: 0.9).minimize(loss,
        global_step=tf.Variable(0, trainable=False, name="step"))
    t.show(train)


@program
def optimizer_errors(tf, t):
    w = tf.get_variable("w", initializer=[1.0, 2.0])
    u = tf.get_variable("u", initializer=3.0)
    n = tf.get_variable("n", initializer=3)
    sgd = tf.train.GradientDescentOptimizer(0.1)
    loss = tf.reduce_sum(w)
    for action in (
        lambda: sgd.minimize(tf.constant(1.0)), lambda: sgd.minimize(loss, var_list=[u]),
        lambda: sgd.minimize(loss, var_list=[]),
        lambda: sgd.apply_gradients([]), lambda: sgd.apply_gradients([(None, w)]),
        lambda: sgd.compute_gradients(loss, gate_gradients=7),
        lambda: sgd.minimize(tf.cast(n, tf.int32)),
        lambda: sgd.apply_gradients([(tf.constant([1.0, 1.0]), 3)]), lambda: sgd.apply_gradients([("a", w)]),
        lambda: sgd.compute_gradients(loss, var_list=[tf.constant(1.0)]),
        lambda: sgd.minimize(tf.constant(1), var_list=[w]),
        lambda: tf.train.Optimizer(False, None),
        lambda: tf.train.GradientDescentOptimizer("rate").minimize(loss),
        lambda: tf.train.AdamOptimizer(0.1).get_slot(w, "m"),
        lambda: sgd.apply_gradients([(tf.constant([1.0, 2.0, 3.0]), w)]),
        lambda: tf.train.FtrlOptimizer(0.1, initial_accumulator_value=-1.0),
        lambda: tf.train.FtrlOptimizer(0.1, learning_rate_power=1.0),
        lambda: tf.train.AdagradOptimizer(0.1, initial_accumulator_value=0.0),
        lambda: sgd.apply_gradients([(tf.constant([1.0, 2.0]), w)], name="bad name"),
    ):
        with t.error():
            t.show(action())


@program
def schedules(tf, t):
    step = tf.placeholder(tf.int32, [], name="step")
    rates = [
        tf.train.exponential_decay(0.1, step, 10, 0.9),
        tf.train.exponential_decay(0.1, step, 10, 0.9, staircase=True, name="stairs"),
        tf.train.piecewise_constant(step, [5, 15], [1.0, 0.5, 0.1]),
        tf.train.polynomial_decay(0.1, step, 20, 0.01, power=0.5),
        tf.train.polynomial_decay(0.1, step, 20, cycle=True), tf.train.natural_exp_decay(0.1, step, 10, 0.5),
        tf.train.natural_exp_decay(0.1, step, 10, 0.5, staircase=True),
        tf.train.inverse_time_decay(0.1, step, 10, 0.5),
        tf.train.inverse_time_decay(0.1, step, 10, 0.5, staircase=True),
        tf.train.cosine_decay(0.1, step, 20, alpha=0.1),
        tf.train.cosine_decay_restarts(0.1, step, 7), tf.train.linear_cosine_decay(0.1, step, 20),
    ]
    with tf.Session() as session:
        for value in (0, 5, 6, 15, 23, 41):
            t.show(session.run(rates, {step: value}))
    for action in (
        lambda: tf.train.exponential_decay(0.1, None, 10, 0.9),
        lambda: tf.train.piecewise_constant(step, [1, 2], [0.1]),
        lambda: tf.train.cosine_decay(0.1, None, 10), lambda: tf.train.polynomial_decay(0.1, None, 10),
        lambda: tf.train.piecewise_constant(step, [1.5], [1, 2]),
        lambda: tf.train.inverse_time_decay(0.1, None, 10, 0.1),
        lambda: tf.train.natural_exp_decay(0.1, None, 1, 0.1),
    ):
        with t.error():
            action()


@program
def clipping(tf, t):
    x = tf.constant([[3.0, -4.0], [0.5, 12.0]])
    y = tf.constant([1.0, -2.0])
    clipped, norm = tf.clip_by_global_norm([x, None, y], 5.0)
    slices = tf.IndexedSlices(x, tf.constant([0, 2]), tf.constant([4, 2]))
    tensors = [
        tf.clip_by_value(x, -1.0, 1.0), tf.clip_by_norm(x, 2.0), tf.clip_by_norm(x, 2.0, axes=[1]),
        tf.clip_by_average_norm(x, 1.0),
        tf.global_norm([x, y]), norm, clipped[0], clipped[2],
        tf.clip_by_global_norm([y], 1.0, use_norm=tf.constant(4.0))[0][0],
        tf.gradients(tf.clip_by_norm(x, 2.0), x)[0], tf.gradients(tf.clip_by_value(x, -1.0, 1.0), x)[0],
    ]
    t.show(clipped, tf.clip_by_global_norm([slices, x], 1.0)[0])
    with tf.Session() as session:
        t.show(*session.run(tensors))
    for action in (lambda: tf.clip_by_global_norm(x, 1.0), lambda: tf.global_norm(x),
                   lambda: tf.clip_by_value(x, "a", 1.0), lambda: tf.clip_by_global_norm(3, 1.0)):
        with t.error():
            action()


@program
def classifier(tf, t):
    """Two layers with dropout, weight decay, a decayed rate and momentum, on made-up data."""
    import numpy as np

    tf.set_random_seed(42)
    state = np.random.RandomState(0)
    data = state.randn(60, 4).astype(np.float32)
    labels = (data[:, 0] * data[:, 1] > 0).astype(np.int32)
    x = tf.placeholder(tf.float32, [None, 4], "x")
    y = tf.placeholder(tf.int32, [None], "y")
    keep = tf.placeholder_with_default(1.0, [], "keep")

    def dense(inputs, units, name, activation=None):
        with tf.variable_scope(name, regularizer=lambda w: 1e-3 * tf.nn.l2_loss(w)):
            w = tf.get_variable("w", [inputs.shape[1], units], initializer=tf.glorot_uniform_initializer())
            b = tf.get_variable("b", [units], initializer=tf.zeros_initializer(),
                                regularizer=tf.no_regularizer)
            out = tf.nn.bias_add(tf.matmul(inputs, w), b)
            return out if activation is None else activation(out)

    hidden = tf.nn.dropout(dense(x, 8, "hidden", tf.nn.tanh), rate=1.0 - keep, seed=3)
    logits = dense(hidden, 2, "logits")
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    loss = tf.add_n([tf.reduce_mean(losses), *tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)])
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.2, step, 10, 0.8, staircase=True)
    train = tf.train.MomentumOptimizer(rate, 0.9).minimize(loss, global_step=step)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1, output_type=tf.int32), y), tf.float32))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for i in range(12):
            batch = slice(i * 20 % 60, i * 20 % 60 + 20)
            _, value = session.run([train, loss], {x: data[batch], y: labels[batch], keep: 0.9})
            t.show(value)
        t.show(session.run([accuracy, step, rate], {x: data, y: labels}))


@program
def regression_with_queue_of_slots(tf, t):
    """Three optimizers on the same variables: slots and power accumulators get distinct names."""
    with tf.variable_scope("model"):
        w = tf.get_variable("w", [2, 1], initializer=tf.ones_initializer())
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    loss = tf.nn.l2_loss(tf.matmul(x, w) - 1.0)
    ops = [tf.train.AdamOptimizer(0.01).minimize(loss), tf.train.AdamOptimizer(0.02).minimize(loss)]
    with tf.name_scope("second"), tf.variable_scope("training"):
        ops.append(tf.train.RMSPropOptimizer(0.01).minimize(loss))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for op in ops:
            session.run(op)
            t.show(session.run([loss, w]))


@program
def moving_averages(tf, t):
    with t.error():
        w = tf.get_variable("w", initializer=[1.0, 2.0])
        average = tf.train.ExponentialMovingAverage(0.9)
        update = average.apply([w])
        t.show(average.average(w), average.average_name(w), tf.moving_average_variables())
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(w.assign([5.0, 6.0]))
            session.run(update)
            t.show(session.run(average.average(w)))

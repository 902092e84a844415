"""Initializers with seeds, random numbers."""

from ..registry import program


def _run(tf, t, tensors, **how):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        t.show(*session.run(tensors), **how)


@program
def constants(tf, t):
    import numpy as np

    variables = [
        tf.get_variable("a", [2, 3], initializer=tf.zeros_initializer()),
        tf.get_variable("b", [2], initializer=tf.ones_initializer(tf.float64), dtype=tf.float64),
        tf.get_variable("c", [2, 2], initializer=tf.constant_initializer(1.5)),
        tf.get_variable("d", [2, 2], initializer=tf.constant_initializer([1, 2, 3, 4])),
        tf.get_variable("e", [2, 2], initializer=tf.constant_initializer(np.eye(2)), dtype=tf.int32),
        tf.get_variable("f", [3, 4], initializer=tf.initializers.identity(gain=2.0)),
        tf.get_variable("g", [2], initializer=tf.zeros_initializer),
        tf.get_variable("h", [2], initializer=tf.keras.initializers.Ones()),
        tf.get_variable("i", [2], initializer=tf.zeros_initializer(), dtype=tf.bool),
        tf.get_variable("j", [], initializer=tf.constant_initializer(4, dtype=tf.int64), dtype=tf.int64),
    ]
    with t.error():
        tf.get_variable("k", [2, 2], initializer=tf.constant_initializer([1, 2, 3], verify_shape=True))
    with t.error():
        tf.get_variable("l", [2, 2], initializer=tf.constant_initializer([1, 2, 3]))
    with t.error():
        tf.get_variable("m", [2, 2], initializer=tf.constant_initializer([1, 2, 3, 4, 5]))
    with t.error():
        tf.constant_initializer(object())
    with t.error():
        tf.initializers.identity()([2, 2, 2])
    with t.error():
        tf.get_variable("n", [2], initializer=tf.ones_initializer(), dtype=tf.string)
    t.show(tf.constant_initializer(3).get_config(), tf.ones_initializer().get_config(),
           tf.zeros_initializer()([2]))
    _run(tf, t, variables)


@program
def uniform_family(tf, t):
    variables = []
    cases = [
        tf.random_uniform_initializer(seed=1), tf.random_uniform_initializer(-2.0, 3.0, seed=2),
        tf.uniform_unit_scaling_initializer(seed=3), tf.uniform_unit_scaling_initializer(1.43, seed=4),
        tf.glorot_uniform_initializer(seed=5), tf.initializers.he_uniform(seed=6),
        tf.initializers.lecun_uniform(seed=7),
        tf.variance_scaling_initializer(scale=2.0, mode="fan_avg", distribution="uniform", seed=8),
        tf.initializers.variance_scaling(mode="fan_out", distribution="uniform", seed=9),
    ]
    for i, initializer in enumerate(cases):
        variables.append(tf.get_variable(f"v{i}", [5, 7], initializer=initializer))
        t.show(sorted(initializer.get_config()))
    variables.append(tf.get_variable("int", [9], tf.int32,
                                     initializer=tf.random_uniform_initializer(0, 10, seed=1,
                                         dtype=tf.int32)))
    variables.append(tf.get_variable("conv", [3, 3, 2, 4], initializer=tf.glorot_uniform_initializer(seed=1)))
    variables.append(tf.get_variable("vector", [6], tf.float64,
                                     initializer=tf.glorot_uniform_initializer(seed=1)))
    variables.append(tf.get_variable("default", [4, 4]))
    _run(tf, t, variables[:-1], ulp=1)
    _run(tf, t, [variables[0], variables[1]], exact=True)


@program
def normal_family(tf, t):
    variables = []
    cases = [
        tf.random_normal_initializer(seed=1), tf.random_normal_initializer(1.0, 0.5, seed=2),
        tf.truncated_normal_initializer(seed=3),
        tf.truncated_normal_initializer(0.0, 0.1, seed=4), tf.glorot_normal_initializer(seed=5),
        tf.initializers.he_normal(seed=6),
        tf.initializers.lecun_normal(seed=7), tf.variance_scaling_initializer(seed=8),
        tf.variance_scaling_initializer(distribution="untruncated_normal", seed=9),
    ]
    for i, initializer in enumerate(cases):
        variables.append(tf.get_variable(f"v{i}", [6, 5], initializer=initializer))
    variables.append(tf.get_variable("double", [6, 5], tf.float64,
                                     initializer=tf.random_normal_initializer(seed=1, dtype=tf.float64)))
    _run(tf, t, variables, ulp=4)


@program
def orthogonal(tf, t):
    a = tf.get_variable("a", [4, 4], initializer=tf.orthogonal_initializer(seed=3))
    b = tf.get_variable("b", [2, 5], initializer=tf.orthogonal_initializer(gain=2.0, seed=4))
    c = tf.get_variable("c", [6, 3], initializer=tf.initializers.orthogonal(seed=5))
    with t.error():
        tf.get_variable("d", [4], initializer=tf.orthogonal_initializer())
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        a, b, c = session.run([a, b, c])
        t.show((a @ a.T).round(4) + 0.0, (b @ b.T).round(4) + 0.0, (c.T @ c).round(4) + 0.0)


@program
def with_graph_seed(tf, t):
    tf.set_random_seed(1234)
    a = tf.get_variable("a", [3, 3])
    b = tf.get_variable("b", [3, 3], initializer=tf.truncated_normal_initializer(stddev=0.1))
    c = tf.get_variable("c", [4], initializer=tf.random_uniform_initializer(seed=5))
    t.show(tf.get_default_graph().seed)
    _run(tf, t, [a, c], exact=True)
    _run(tf, t, [b], ulp=4)


@program
def errors(tf, t):
    for action in (
        lambda: tf.variance_scaling_initializer(scale=-1.0),
        lambda: tf.variance_scaling_initializer(mode="fan"),
        lambda: tf.variance_scaling_initializer(distribution="cauchy"),
        lambda: tf.random_uniform_initializer()("no shape"),
        lambda: tf.truncated_normal_initializer(dtype=tf.int32),
        lambda: tf.random_normal_initializer(dtype=tf.string),
        lambda: tf.glorot_uniform_initializer(dtype=tf.int32),
        lambda: tf.get_variable("a", [2], tf.int32, initializer=tf.random_normal_initializer()),
    ):
        with t.error():
            t.show(action())


@program
def uniform_numbers(tf, t):
    tensors = [
        tf.random_uniform([5], seed=1), tf.random_uniform([2, 3], -1.0, 1.0, seed=2),
        tf.random_uniform([4], 0, 100, tf.int32, seed=3),
        tf.random_uniform([4], 0, 10**12, tf.int64, seed=4), tf.random_uniform([3], dtype=tf.float64, seed=5),
        tf.random_uniform([3], dtype=tf.float16, seed=6), tf.random_uniform([], seed=7),
        tf.random_uniform([0], seed=8),
        tf.random_uniform([1000], seed=9), tf.random_uniform([3], maxval=5, dtype=tf.int32, seed=10),
        tf.random.uniform([1], seed=11),
        tf.random_uniform([700], 0, 7, tf.int32, seed=12),
    ]
    with tf.Session() as session:
        for _ in range(3):
            t.show(*session.run(tensors), exact=True)
    with tf.Session() as session:
        t.show(session.run(tensors[0]), exact=True)


@program
def normal_numbers(tf, t):
    tensors = [
        tf.random_normal([5], seed=1), tf.random_normal([2, 3], 1.0, 2.0, seed=2),
        tf.truncated_normal([6], seed=3),
        tf.random_normal([3], dtype=tf.float64, seed=4),
        tf.truncated_normal([3], 1.0, 0.1, tf.float64, seed=5), tf.random_normal([], seed=6),
        tf.random_normal([7], seed=7), tf.truncated_normal([301], seed=8), tf.random_normal([301], seed=8),
    ]
    with tf.Session() as session:
        for _ in range(2):
            t.show(*session.run(tensors), ulp=4)


@program
def graph_seeds(tf, t):
    tf.set_random_seed(7)
    a, b = tf.random_uniform([2]), tf.random_uniform([2])
    c = tf.random_uniform([2], seed=3)
    tf.set_random_seed(8)
    d = tf.random_uniform([2])
    t.show(tf.get_seed(None), tf.get_seed(3), tf.get_default_graph().seed)
    with tf.Session() as session:
        t.show(*session.run([a, b, c, d]), *session.run([a, b, c, d]), exact=True)
    with tf.Graph().as_default():
        t.show(tf.get_seed(None), tf.get_seed(5), tf.get_seed(0))
        tf.set_random_seed(0)
        t.show(tf.get_seed(0), tf.get_seed(None))


@program
def shuffles_and_choices(tf, t):
    x = tf.range(10)
    tensors = [tf.random_shuffle(x, seed=1), tf.multinomial([[0.0, 1.0, 2.0]], 6, seed=2)]
    with tf.Session() as session:
        t.show(*session.run(tensors), exact=True)


@program
def dropout(tf, t):
    x = tf.ones([4, 5])
    a = tf.nn.dropout(x, keep_prob=0.6, seed=1)
    b = tf.nn.dropout(x, rate=0.25, seed=2)
    c = tf.nn.dropout(x, rate=0.5, noise_shape=[4, 1], seed=3)
    d = tf.nn.dropout(x, rate=0.0)
    e = tf.nn.dropout(x, rate=tf.placeholder_with_default(0.5, []), seed=4)
    gradient = tf.gradients(tf.reduce_sum(a), x)[0]
    with tf.Session() as session:
        t.show(*session.run([a, b, c, d, e, gradient]))
    for arguments in ({"keep_prob": 1.5}, {"rate": 1.0}, {"rate": -0.1}, {"keep_prob": 0.5, "rate": 0.4}, {},
                      {"rate": "a"}):
        with t.error():
            tf.nn.dropout(x, **arguments)
    with t.error():
        tf.nn.dropout(tf.constant([1, 2]), rate=0.5)


@program
def random_errors(tf, t):
    for action in (
        lambda: tf.random_uniform([2], dtype=tf.int32), lambda: tf.random_uniform([2], dtype=tf.string),
        lambda: tf.random_uniform([-1]),
        lambda: tf.random_uniform("a"), lambda: tf.random_normal([2], dtype=tf.int32),
        lambda: tf.random_uniform([2.5]),
        lambda: tf.random_uniform([2], 5, 5, tf.int32, seed=1), lambda: tf.set_random_seed("a"),
        lambda: tf.random_uniform([2], seed="a"),
        lambda: tf.random_uniform([2], seed=2**70), lambda: tf.random_uniform([2], seed=-5),
    ):
        with t.error():
            value = action()
            with tf.Session() as session:
                t.show(value, session.run(value) if value is not None else None)

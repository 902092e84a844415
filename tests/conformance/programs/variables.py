"""Variables: construction, methods, operators, assignment, scatter, state of sessions."""

from ..registry import program


@program
def construction(tf, t):
    import numpy as np

    tf.Variable(1.0)
    tf.Variable([1, 2], name="a", dtype=tf.float32)
    tf.Variable(lambda: tf.ones([2]), name="b")
    tf.Variable(tf.random_uniform([3], seed=4), name="c", trainable=False)
    tf.Variable(np.zeros((2, 2), np.int32), name="d", expected_shape=None)
    tf.Variable(tf.placeholder(tf.float32), validate_shape=False, name="e")
    tf.Variable("text", name="f")
    tf.Variable(initial_value=True, name="g")
    tf.Variable(1.0, name="h", caching_device="/cpu:0", use_resource=True)
    tf.Variable(1.0, name="i", use_resource=False)
    tf.Variable(2.0, constraint=lambda x: x, collections=["only"], name="j")
    tf.Variable(3.0, name="a")
    with tf.name_scope("s"):
        tf.Variable(1.0, name="a")
    for v in tf.global_variables():
        t.show(v, v.name, v.dtype, v.shape, v.get_shape(), v.op, v.device, v.graph is tf.get_default_graph(),
               v.trainable)
        t.show(v.initial_value, v.initializer, v.value(), str(v), repr(v))
    for bad in (lambda: tf.Variable(), lambda: tf.Variable(None),
                lambda: tf.Variable(tf.placeholder(tf.float32)),
                lambda: tf.Variable(1.0, name="bad name"), lambda: tf.Variable("a", dtype=tf.float32),
                lambda: tf.Variable(1.0, collections="no"), lambda: tf.Variable(1.0, constraint=3),
                lambda: tf.Variable([1, [2]])):
        with t.error():
            bad()


@program
def assignments(tf, t):
    v = tf.get_variable("v", [2, 2], initializer=tf.ones_initializer())
    ops = [v.assign([[1.0, 2.0], [3.0, 4.0]]), v.assign_add(tf.ones([2, 2])),
           v.assign_sub([[1.0, 1.0], [1.0, 1.0]]),
           tf.assign(v, tf.zeros([2, 2]), name="zero"), tf.assign_add(v, tf.ones([2, 2])),
           tf.assign_sub(v, v),
           v.assign(v * 2.0 + 1.0, use_locking=True, name="named"), v.assign(v + 1.0, read_value=False)]
    with tf.Session() as session:
        session.run(v.initializer)
        for op in ops:
            t.show(session.run(op), session.run(v))
        v.load([[9.0, 8.0], [7.0, 6.0]], session)
        t.show(v.eval(session), v.eval())
    for bad in ([1.0, 2.0], "x", [[1, 2], [3, None]], tf.constant([[1, 2], [3, 4]]), tf.ones([3, 2])):
        with t.error():
            v.assign(bad)
    with t.error():
        tf.assign(tf.constant(1.0), 2.0)


@program
def unvalidated_shapes(tf, t):
    x = tf.placeholder(tf.float32)
    v = tf.Variable(x, validate_shape=False, name="v")
    grow = tf.assign(v, x * 2.0, validate_shape=False)
    with tf.Session() as session:
        session.run(v.initializer, {x: [1.0, 2.0]})
        t.show(session.run(v), v.shape)
        t.show(session.run(grow, {x: [[1.0], [2.0]]}), session.run(v))


@program
def operators(tf, t):
    v = tf.Variable([4.0, 9.0], name="v")
    n = tf.Variable([7, 3], name="n")
    b = tf.Variable([True, False], name="b")
    m = tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="m")
    results = [v + 1, 1 + v, v - 1, 1 - v, v * 2, 2 * v, v / 2, 2 / v, v // 2, 5 // v, v % 3, 10 % v, v**2,
               2**v, -v, abs(v),
               v < 5, v <= 4, v > 5, v >= 9, n // 2, n % 2, n / 2, ~b, b & True, b | False, b ^ True, v[0],
               v[1:], v[..., tf.newaxis],
               m @ m, m[:, 1], m[1], v + v, v[::-1]]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        t.show(*session.run(results))
    with t.error():
        iter(v)
    with t.error():
        v += "a"
    t.show(v == v, v in [n, v])


@program
def slice_assignment(tf, t):
    v = tf.get_variable("v", [3, 4], initializer=tf.zeros_initializer(), use_resource=False)
    op = v[1:, 2].assign([5.0, 6.0])
    with tf.Session() as session:
        session.run(v.initializer)
        session.run(op)
        t.show(session.run(v))


@program
def scatter_methods(tf, t):
    v = tf.get_variable("v", initializer=[[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    slices = tf.IndexedSlices(tf.constant([[10.0, 20.0], [1.0, 2.0]]), tf.constant([2, 0]))
    ops = [v.scatter_add(slices), v.scatter_sub(slices), v.scatter_update(slices),
           tf.scatter_add(v, [0, 0], [[1.0, 1.0], [1.0, 1.0]]),
           tf.scatter_sub(v, [1], [[1.0, 1.0]]), tf.scatter_update(v, [2], [[0.0, 0.0]], name="update"),
           tf.scatter_mul(v, [1], [[3.0, 3.0]]),
           tf.scatter_div(v, [1], [[2.0, 2.0]]), tf.scatter_max(v, [0], [[5.0, 0.0]]),
           tf.scatter_min(v, [0], [[-5.0, 0.0]]),
           tf.scatter_nd_update(v, [[0, 1]], [9.0]), tf.scatter_nd_add(v, [[0, 1], [2, 0]], [1.0, 2.0]),
           tf.scatter_nd_sub(v, [[0, 1]], [1.0])]
    bad = tf.scatter_add(v, [5], [[1.0, 1.0]], name="bad")
    with tf.Session() as session:
        session.run(v.initializer)
        for op in ops:
            t.show(session.run(op))
            t.show(session.run(v))
        with t.error():
            session.run(bad)
        t.show(session.run(v))
        with t.error():
            t.show(session.run(v.sparse_read([0, 2])))
        t.show(session.run(tf.gather(v, [2, 0])))
    with t.error():
        v.scatter_add(tf.constant(1.0))


@program
def count_up_to(tf, t):
    v = tf.Variable(0, name="v")
    op = v.count_up_to(2)
    with tf.Session() as session:
        session.run(v.initializer)
        t.show(session.run(op), session.run(op))
        with t.error():
            session.run(op)
        t.show(session.run(v))
    with t.error():
        tf.count_up_to(tf.Variable(1.0), 3)


@program
def uninitialized(tf, t):
    a = tf.get_variable("a", [2], initializer=tf.zeros_initializer())
    b = tf.Variable(1.0, name="b")
    c = tf.Variable(1.0, name="c")
    report = tf.report_uninitialized_variables()
    checked = tf.is_variable_initialized(a)
    with tf.Session() as session:
        for fetch in (a, b + 1.0, a.assign_add([1.0, 1.0]), a.read_value()):
            with t.error():
                session.run(fetch)
        with t.error():
            session.run(c)
        t.show(session.run(report), session.run(checked))
        session.run(a.initializer)
        t.show(session.run(report), session.run(checked))
        session.run(tf.global_variables_initializer())
        t.show(session.run([a, b, c]))


@program
def initial_values_depend(tf, t):
    a = tf.Variable(tf.random_uniform([2], seed=1), name="a")
    b = tf.Variable(a * 2.0, name="c")
    e = tf.Variable(a.initial_value * 2.0, name="d")
    with tf.Session() as session:
        session.run(a.initializer)
        session.run(b.initializer)
        x, y = session.run([a, b])
        t.show(x, y, e.initial_value, b.initial_value, exact=True)


@program
def sessions_keep_state(tf, t):
    v = tf.Variable(1.0, name="v")
    up = tf.assign_add(v, 1.0)
    first, second = tf.Session(), tf.Session()
    first.run(v.initializer)
    second.run(v.initializer)
    first.run(up)
    first.run(up)
    second.run(up)
    t.show(first.run(v), second.run(v))
    first.close()
    with t.error():
        first.run(v)
    t.show(second.run(v))
    second.close()


@program
def read_is_a_copy(tf, t):
    v = tf.get_variable("v", initializer=[1.0, 2.0])
    with tf.Session() as session:
        session.run(v.initializer)
        before = session.run(v)
        session.run(v.assign([5.0, 6.0]))
        t.show(before, session.run(v))
        before[0] = 77.0
        t.show(session.run(v))


@program(modes=("resource",))
def resource_flags(tf, t):
    t.show(tf.resource_variables_enabled(), tf.executing_eagerly(), tf.executing_eagerly_outside_functions())
    tf.disable_resource_variables()
    try:
        t.show(tf.resource_variables_enabled())
        v = tf.Variable(1.0, name="ref")
        w = tf.get_variable("ref2", [1])
        t.show(v, w, v.assign(2.0), v.read_value())
    finally:
        tf.enable_resource_variables()
    t.show(tf.Variable(1.0, name="resource"))


@program
def flags(tf, t):
    t.show(tf.resource_variables_enabled(), tf.executing_eagerly())
    with tf.variable_scope("s", use_resource=True):
        t.show(tf.get_variable("a", [1]))
    with tf.variable_scope("s", use_resource=False):
        t.show(tf.get_variable("b", [1]))


@program
def as_keys_and_feeds(tf, t):
    v = tf.Variable([1.0, 2.0], name="v")
    d = {v.name: 1}
    with tf.Session() as session:
        session.run(v.initializer)
        t.show(session.run(v * 2.0, {v.value() if tf.resource_variables_enabled() else v: [5.0, 5.0]}), d)
        t.show(session.run("v:0") if not tf.resource_variables_enabled() else None)


@program
def moving_state(tf, t):
    """A running mean kept by assignments in an order that control dependencies fix."""
    x = tf.placeholder(tf.float32, [])
    mean = tf.get_variable("mean", initializer=0.0, trainable=False)
    count = tf.get_variable("count", initializer=0.0, trainable=False)
    up = count.assign_add(1.0)
    with tf.control_dependencies([up]):
        update = mean.assign_add((x - mean) / (count.read_value()))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for value in (1.0, 2.0, 6.0):
            t.show(session.run(update, {x: value}))
        t.show(session.run([mean, count]))


@program
def global_steps(tf, t):
    t.show(tf.train.get_global_step())
    step = tf.train.get_or_create_global_step()
    t.show(step, tf.train.get_or_create_global_step() is step, tf.train.get_global_step() is step,
           step.dtype.base_dtype)
    with t.error():
        tf.train.create_global_step()
    with tf.Session() as session:
        session.run(step.initializer)
        t.show(tf.train.global_step(session, step))
        session.run(tf.assign_add(step, 3))
        t.show(tf.train.global_step(session, step))
    with tf.Graph().as_default():
        tf.Variable(1.0, name="global_step")
        with t.error():
            tf.train.get_global_step()


@program
def initialized_value(tf, t):
    a = tf.Variable(2.0, name="a")
    with t.error():
        b = tf.Variable(a.initialized_value() * 2.0, name="b")
        with tf.Session() as session:
            session.run(a.initializer)
            session.run(b.initializer)
            t.show(session.run(b))

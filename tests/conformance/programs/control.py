"""cond, while_loop, case, py_func, Print, assertions."""

from ..registry import program


@program
def simple_cond(tf, t):
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.constant(3.0, name="y")
    z = tf.cond(x < y, lambda: x + 1.0, lambda: y * 2.0)
    many = tf.cond(x > 0.0, lambda: (x, [y, x * y]), lambda: (y, [x, x - y]), name="many")
    t.show(z, many)
    with tf.Session() as session:
        for value in (1.0, 5.0, -1.0):
            t.show(session.run([z, many], {x: value}))


@program
def cond_gradients(tf, t):
    x = tf.placeholder(tf.float32, [], name="x")
    w = tf.get_variable("w", initializer=2.0)
    z = tf.cond(x > 0.0, lambda: x * w, lambda: x * x * w)
    grads = tf.gradients(z, [x, w])
    t.show(grads)
    with tf.Session() as session:
        session.run(w.initializer)
        for value in (3.0, -3.0):
            t.show(session.run([z, grads], {x: value}))


@program
def cond_with_state(tf, t):
    flag = tf.placeholder(tf.bool, [], name="flag")
    v = tf.get_variable("v", initializer=0.0)
    op = tf.cond(flag, lambda: tf.assign_add(v, 1.0), lambda: tf.assign_sub(v, 10.0))
    nothing = tf.cond(flag, lambda: tf.no_op(), lambda: tf.group(v.assign(100.0)))
    t.show(op, nothing)
    with tf.Session() as session:
        session.run(v.initializer)
        for value in (True, False):
            t.show(session.run(op, {flag: value}), session.run(v))
            session.run(nothing, {flag: value})
            t.show(session.run(v))


@program
def cond_forms(tf, t):
    flag = tf.placeholder_with_default(True, [])
    x = tf.constant([1.0, 2.0])
    t.show(tf.cond(tf.constant(True), lambda: x, lambda: x * 2.0),
           tf.cond(flag, lambda: [x], lambda: [x + 1.0]),
           tf.cond(flag, lambda: [x], lambda: [x + 1.0], strict=True))
    t.show(tf.cond(flag, true_fn=lambda: {"a": x}, false_fn=lambda: {"a": x * 3.0}),
           tf.cond(flag, fn1=lambda: 1, fn2=lambda: 2))
    nested = tf.cond(flag, lambda: tf.cond(x[0] > 5.0, lambda: x, lambda: -x), lambda: x * 0.0)
    with tf.name_scope("s"), tf.control_dependencies([tf.no_op()]):
        t.show(tf.cond(flag, lambda: tf.identity(x, name="inside"), lambda: x))
    with tf.Session() as session:
        t.show(session.run(nested), session.run(nested, {flag: False}))
    for action in (lambda: tf.cond(flag, lambda: x, lambda: 1),
                   lambda: tf.cond(flag, lambda: (x, x), lambda: x),
                   lambda: tf.cond(True, lambda: x, lambda: x), lambda: tf.cond(flag, x, lambda: x),
                   lambda: tf.cond(flag, lambda: None, lambda: None), lambda: tf.cond(flag, lambda: x),
                   lambda: tf.cond(x, lambda: x, lambda: x), lambda: tf.cond(flag, lambda: "a", lambda: 1.0),
                   lambda: tf.cond(flag, lambda: x, lambda: x, fn1=lambda: x),
                   lambda: tf.cond(flag, lambda: [], lambda: [])):
        with t.error():
            t.show(action())


@program
def simple_while(tf, t):
    i, total = tf.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + tf.cast(i, tf.float32)),
                             [tf.constant(0), tf.constant(0.0)])
    single = tf.while_loop(lambda i: i < 10, lambda i: i * 2, [1], name="single")
    t.show(i, total, single)
    with tf.Session() as session:
        t.show(session.run([i, total, single]))


@program
def while_gradients(tf, t):
    x = tf.placeholder(tf.float32, [], name="x")
    w = tf.get_variable("w", initializer=1.5)
    _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: [i + 1, y * x * w], [0, x])
    grads = tf.gradients(y, [x, w])
    t.show(grads)
    with tf.Session() as session:
        session.run(w.initializer)
        t.show(session.run([y, grads], {x: 2.0}))


@program
def while_forms(tf, t):
    import collections

    State = collections.namedtuple("State", "n m")
    x = tf.constant([[1.0]])
    grown = tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, tf.concat([x, x], 0)), (0, x),
                          shape_invariants=(tf.TensorShape([]), tf.TensorShape([None, 1])),
                          parallel_iterations=4)
    state = tf.while_loop(lambda i, s: i < 2, lambda i, s: (i + 1, State(s.n + 1, s.m * 2.0)),
                          (tf.constant(0), State(tf.constant(0), tf.constant(1.0))))
    limited = tf.while_loop(lambda i: True, lambda i: i + 1, [tf.constant(0)], maximum_iterations=7,
                            back_prop=False)
    nested = tf.while_loop(lambda i, s: i < 3, lambda i,
                           s: (i + 1, s + tf.while_loop(lambda j: j < i, lambda j: j + 1, [0])), (0, 0))
    unstructured = tf.while_loop(lambda i: i < 3, lambda i: i + 1, [tf.constant(0)],
                                 return_same_structure=True)
    t.show(grown, state, limited, nested, unstructured)
    with tf.Session() as session:
        t.show(session.run([grown, state, limited, nested, unstructured]))
    for action in (lambda: tf.while_loop(lambda x: x[0, 0] < 3.0, lambda x: tf.concat([x, x], 0), [x]),
                   lambda: tf.while_loop(lambda i: i < 3, lambda i: (i, i), [0]),
                   lambda: tf.while_loop(lambda: True, lambda: None, []),
                   lambda: tf.while_loop(1, lambda i: i, [0]), lambda: tf.while_loop(lambda i: i < 3, 1, [0]),
                   lambda: tf.while_loop(lambda i: i < 3, lambda i: tf.cast(i, tf.float32), [0]),
                   lambda: tf.while_loop(lambda i: i, lambda i: i, [0]),
                   lambda: tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0], parallel_iterations=0),
                   lambda: tf.while_loop(lambda i: i < 3, lambda i: "a", [0]),
                   lambda: tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0],
                                         shape_invariants=[tf.TensorShape([2])])):
        with t.error():
            t.show(action())


@program
def variables_in_loops(tf, t):
    v = tf.get_variable("v", initializer=0.0)

    def body(i):
        with tf.control_dependencies([tf.assign_add(v, tf.cast(i, tf.float32))]):
            return i + 1

    loop = tf.while_loop(lambda i: i < 4, body, [tf.constant(0)])
    with tf.Session() as session:
        session.run(v.initializer)
        t.show(session.run(loop), session.run(v))


@program
def case(tf, t):
    x = tf.placeholder(tf.int32, [], name="x")
    chosen = tf.case([(tf.equal(x, 1), lambda: tf.constant(10)), (x > 5, lambda: tf.constant(20))],
                     default=lambda: tf.constant(30))
    exclusive = tf.case({tf.equal(x, 1): lambda: tf.constant(1), tf.equal(x, 2): lambda: tf.constant(2)},
                        default=lambda: tf.constant(0), exclusive=True)
    with tf.Session() as session:
        for value in (1, 2, 7):
            t.show(session.run([chosen, exclusive], {x: value}))
    with t.error():
        tf.case([(x, lambda: 1)])
    with t.error():
        tf.case(3)


@program
def py_functions(tf, t):
    import numpy as np

    x = tf.placeholder(tf.float32, [None], name="x")
    seen = []
    a = tf.py_func(lambda v: np.cumsum(v), [x], tf.float32, name="sums")
    b, c = tf.py_func(lambda v: (v * 2, np.int64(v.size)), [x], [tf.float32, tf.int64], stateful=False)
    d = tf.py_func(lambda v: seen.append(float(v[0])), [x], [])
    e = tf.py_func(lambda v: v.astype(np.float64), [x], tf.float32)
    f = tf.py_func(lambda v: 1 / 0, [x], tf.float32, name="failing")
    g = tf.py_func(lambda v: [b"a", "b"], [x], tf.string)
    h = tf.py_func(lambda: 5, [], tf.int64)

    def stop(v):
        raise ValueError("stop here")

    k = tf.py_func(stop, [x], tf.float32, name="stop")
    t.show(a, b, c, d, a.shape)
    with tf.Session() as session:
        feed = {x: [1.0, 2.0, 3.0]}
        t.show(session.run([a, b, c], feed), session.run(h))
        with t.error():
            t.show(session.run(g, feed))
        with t.error():
            session.run(d, feed)
        t.show(seen)
        for bad in (e, f, k):
            with t.error():
                session.run(bad, feed)
        t.show(session.run(a, feed))


@program
def printing(tf, t):
    x = tf.constant([1.0, 2.5, -3.0, 4.0], name="x")
    with tf.Session() as session:
        with t.stderr():
            t.show(session.run(tf.Print(x, [x, tf.shape(x)], "message: ")))
        p = tf.Print(x, [x, "text", [[1, 2], [3, 4]], True], summarize=2, first_n=1)
        with t.stderr():
            session.run(p)
            session.run(p)
    with t.error():
        tf.Print(x, [])


@program
def assertions(tf, t):
    x = tf.placeholder(tf.float32, [None], name="x")
    checks = [
        tf.Assert(tf.reduce_all(x > 0.0), [x, "not positive"]), tf.assert_equal(x, [1.0, 2.0], message="eq"),
        tf.assert_positive(x), tf.assert_less(x, 3.0), tf.assert_greater(x, 0.0), tf.assert_non_negative(x),
        tf.assert_rank(x, 1), tf.assert_less_equal(x, 2.0), tf.assert_greater_equal(x, [1.0, 1.0]),
        tf.assert_none_equal(x, [5.0]), tf.assert_near(x, [1.0, 2.0]), tf.assert_negative(x),
        tf.assert_non_positive(x),
    ]
    with tf.control_dependencies([checks[0]]):
        guarded = tf.identity(x)
    with tf.Session() as session:
        for check in checks:
            for value in ([1.0, 2.0], [-1.0, 4.0]):
                with t.error():
                    session.run(check, {x: value})
        t.show(session.run(guarded, {x: [1.0]}))
        with t.error():
            session.run(guarded, {x: [-1.0]})
    for action in (lambda: tf.assert_equal(1, 2), lambda: tf.assert_rank(x, 2),
                   lambda: tf.assert_type(x, tf.int32), lambda: tf.Assert(False, ["no"]),
                   lambda: tf.assert_positive(-1), lambda: tf.assert_scalar(x),
                   lambda: tf.assert_rank_at_least(x, 3), lambda: tf.assert_rank_in(x, [2, 3]),
                   lambda: tf.assert_less([5], [2], message="text"), lambda: tf.Assert(x, 3)):
        with t.error():
            t.show(action())


@program
def grouping(tf, t):
    v = tf.get_variable("v", initializer=1.0)
    ops = tf.group(v.assign(2.0), [tf.no_op()], name="all")
    with tf.device("/cpu:0"):
        other = tf.no_op()
    mixed = tf.group(ops, other)
    joined = tf.tuple([tf.constant(1.0), None, tf.constant(2.0)], name="joined")
    dependent = tf.with_dependencies([ops], tf.constant(5.0)) if hasattr(tf, "with_dependencies") else None
    t.show(mixed, joined, dependent, tf.identity_n([1.0, 2]))
    with tf.Session() as session:
        t.show(session.run(mixed), session.run(v), session.run([joined[0], joined[2]]))


@program
def deep_chain(tf, t):
    x = tf.constant(1.0, name="x")
    y = x
    for _ in range(1500):
        y = y + 1.0
    (gradient,) = tf.gradients(y, [x])
    with tf.Session() as session:
        t.show(session.run([y, gradient]))

"""Sessions: every structure of fetches, feeds, callables, partial runs, options, errors."""

import collections

from ..registry import program


@program
def fetch_structures(tf, t):
    a = tf.constant([1.0, 2.0], name="a")
    b = tf.constant(3, name="b")
    v = tf.get_variable("v", initializer=5.0)
    op = tf.no_op(name="nothing")
    Pair = collections.namedtuple("Pair", "first second")
    slices = tf.IndexedSlices(a, tf.constant([0, 1]), tf.constant([4]))
    with tf.Session() as session:
        session.run(v.initializer)
        fetches = [
            a, b, v, op, "a:0", "nothing", "a", [a], [], (), {}, (a, b), [a, [b, (v,)]],
            {"x": a, "y": [b, op]}, Pair(a, b),
            Pair(first=[a], second={"k": b}), collections.OrderedDict([("z", a), ("a", b)]), [a, a], [[], a],
            [op, op], a.op,
            slices, [b], {1: a}, (("a:0", "b:0"),), [op, []], collections.defaultdict(list, x=a),
        ]
        for fetch in fetches:
            with t.error():
                t.show(session.run(fetch))


@program
def unfetchable(tf, t):
    a = tf.constant(1.0, name="a")
    with tf.Graph().as_default():
        foreign = tf.constant(2.0, name="a")
    with tf.Session() as session:
        for fetch in (None, 3, 1.5, "missing", "missing:0", "a:1", foreign, foreign.op, [a, None], {"k": 3},
                      "a b", object, b"a:0", [[3]], ""):
            with t.error():
                session.run(fetch)
        t.show(session.run(a))


@program
def feeds(tf, t):
    import numpy as np

    x = tf.placeholder(tf.float32, [None, 2], name="x")
    n = tf.placeholder(tf.int32, [], name="n")
    s = tf.placeholder(tf.string, name="s")
    c = tf.constant(4.0, name="c")
    d = tf.placeholder_with_default([1.0, 1.0], [2], name="d")
    free = tf.placeholder(tf.float32, name="free")
    y = x * 2.0
    with tf.Session() as session:
        for feed in ([[1, 2]], [[1.0, 2.0], [3.0, 4.0]], np.ones((1, 2)), np.ones((2, 2), np.int64),
                     np.zeros((0, 2)), ((1, 2),),
                     np.ones((2, 4), np.float32)[:, ::2], np.ones((2, 1), np.float32).repeat(2, 1).T):
            t.show(session.run(y, {x: feed}))
        t.show(session.run(n + 1, {n: 3}), session.run(n, {n: np.int64(4)}), session.run(n, {"n:0": True}))
        t.show(session.run(s, {s: "text"}), session.run(s, {s: ["a", b"b"]}),
               session.run(s, {s: np.array([["u"]])}))
        t.show(session.run(c + 1.0, {c: 10.0}), session.run(c, {c: 2}),
               session.run([y, c], {y: [[0, 0]], c: 1}))
        t.show(session.run(d), session.run(d, {d: [5.0, 6.0]}), session.run(free, {free: [[[1.0]]]}),
               session.run(x, {x: [[1, 2]]}))
        t.show(session.run(tf.shape(free), {free: np.zeros([2, 0, 3])}), session.run(y, {(x): [[3, 3]]}))


@program
def bad_feeds(tf, t):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    n = tf.placeholder(tf.int32, [], name="n")
    op = tf.no_op(name="op")
    y = x * 2.0
    with tf.Graph().as_default():
        foreign = tf.placeholder(tf.float32, name="x")
    with tf.Session() as session:
        cases = [
            (y, {x: [1.0, 2.0]}), (y, {x: [[1.0, 2.0, 3.0]]}), (y, {x: 1.0}), (y, {x: "text"}),
            (y, {x: [["a", "b"]]}), (n, {n: 1.5}),
            (n, {n: [1]}), (n, {n: "1"}), (n, {n: 2**40}), (y, {foreign: 1.0}), (y, {op: 1.0}),
            (y, {"nothing:0": 1.0}), (y, {"x": 1.0}),
            (y, {3: 1.0}), (y, {x: None}), (y, {x: y}), (y, {x: [[1.0], [2.0, 3.0]]}), (y, [1]),
            (y, {None: 1}), (y, 3), (n, {n: 1j}), (y, {x: {}}),
            (y, {x: [[None, 1.0]]}), (y, {y: [[1.0, 2.0, 3.0]]}),
        ]
        for fetch, feed in cases:
            with t.error():
                t.show(session.run(fetch, feed))
        for fetch in (x, y, [y, n], op):
            with t.error():
                t.show(session.run(fetch))
        t.show(session.run(y, {x: [[1.0, 2.0]]}))


@program
def contexts(tf, t):
    a = tf.constant(1.0, name="a")
    t.show(tf.get_default_session() is None)
    with t.error():
        a.eval()
    with t.error():
        a.op.run()
    session = tf.Session()
    with session.as_default():
        t.show(tf.get_default_session() is session, a.eval())
        with tf.Session() as inner:
            t.show(tf.get_default_session() is inner, tf.get_default_session() is session)
        t.show(tf.get_default_session() is session)
    t.show(session.run(a), session.graph is tf.get_default_graph(), a.eval(session=session),
           a.op.run(session=session))
    session.close()
    session.close()
    with t.error():
        session.run(a)
    with t.error():
        with session:
            pass
    with t.error():
        a.eval(session=session)
    with t.error():
        with tf.Session() as failing:
            failing.run("missing")
    with tf.Graph().as_default() as other:
        b = tf.constant(2.0)
        with tf.Session() as s:
            t.show(s.graph is other, s.run(b), b.eval())
            with t.error():
                s.run(a)
            with t.error():
                a.eval()
            with t.error():
                a.eval(session=s)
            with t.error():
                a.op.run(session=s)
    with tf.Session(graph=other) as s:
        t.show(tf.get_default_graph() is other)
    for arguments in ({"graph": 3}, {"config": 3}, {"target": 3}):
        with t.error():
            tf.Session(**arguments)


@program
def interactive(tf, t):
    a = tf.constant([1.0, 2.0])
    session = tf.InteractiveSession()
    t.show(a.eval(), tf.get_default_session() is session, (a * 2.0).eval())
    v = tf.Variable(3.0)
    v.initializer.run()
    t.show(v.eval())
    session.close()
    t.show(tf.get_default_session() is None)


@program
def callables(tf, t):
    x = tf.placeholder(tf.float32, [None], name="x")
    y = tf.placeholder(tf.float32, [], name="y")
    z = x * y
    with tf.Session() as session:
        f = session.make_callable(z, [x, y])
        t.show(f([1.0, 2.0], 3.0), f([4.0], 2.0))
        g = session.make_callable({"z": z, "twice": [z, z.op]}, feed_list=[x, y])
        t.show(g([1.0], 5.0))
        h = session.make_callable(tf.constant(7))
        t.show(h())
        k = session.make_callable(z.op, [x, y])
        t.show(k([1.0], 1.0))
        with t.error():
            f([1.0])
        with t.error():
            f([1.0], 2.0, 3.0)
        with t.error():
            session.make_callable(z, [3])
        with t.error():
            session.make_callable(z, "x")
        with t.error():
            f(1.0, 2.0)
        with t.error():
            session.make_callable("missing")


@program
def partial_runs(tf, t):
    a = tf.placeholder(tf.float32, [], name="a")
    b = tf.placeholder(tf.float32, [], name="b")
    c = tf.placeholder(tf.float32, [], name="c")
    r1 = tf.add(a, b, name="r1")
    r2 = tf.multiply(r1, c, name="r2")
    with tf.Session() as session:
        handle = session.partial_run_setup([r1, r2], [a, b, c])
        first = session.partial_run(handle, r1, {a: 1, b: 2})
        t.show(first, session.partial_run(handle, r2, {c: first * 17}))
        with t.error():
            session.partial_run(handle, r2)
        with t.error():
            session.partial_run("no such handle", r1, {a: 1})
        with t.error():
            session.partial_run_setup([], [])
        handle = session.partial_run_setup([r1], [a, b])
        with t.error():
            session.partial_run(handle, r2, {a: 1})
        with t.error():
            session.partial_run(handle, r1, {a: 1, c: 2})


@program
def side_effects_once(tf, t):
    v = tf.get_variable("v", initializer=0.0, use_resource=True)
    up = v.assign_add(1.0)
    with tf.Session() as session:
        session.run(v.initializer)
        t.show(session.run([up, up, up]), session.run({"a": up, "b": [up.op if hasattr(up, "op") else up]}),
               session.run(v))
        session.run(v.op)
        session.run([v, v.initializer][1:])
        t.show(session.run(v))


@program
def options(tf, t):
    config = tf.ConfigProto(allow_soft_placement=True, intra_op_parallelism_threads=1,
                            log_device_placement=False)
    config.gpu_options.allow_growth = True
    config.graph_options.optimizer_options.global_jit_level = 0
    config.device_count["GPU"] = 0
    a = tf.constant([1.0], name="a")
    t.show(config.allow_soft_placement, config.gpu_options.allow_growth, config.inter_op_parallelism_threads,
           dict(config.device_count))
    with tf.Session("", config=config) as session:
        metadata = tf.RunMetadata()
        t.show(session.run(a, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE),
                           run_metadata=metadata))
        t.show(len(metadata.step_stats.dev_stats) > 0, [d.name for d in session.list_devices()],
               session.sess_str)
        t.show(session.run(a, None, tf.RunOptions(timeout_in_ms=5000)))
        with t.error():
            session.run(a, options=3)
        with t.error():
            session.run(a, run_metadata=3)
    with t.error():
        tf.ConfigProto(no_such_field=1)
    with t.error():
        config.no_such_field = 3
    t.show(tf.GPUOptions(per_process_gpu_memory_fraction=0.5).per_process_gpu_memory_fraction,
           tf.OptimizerOptions().opt_level)


@program
def fetch_and_feed_the_same(tf, t):
    x = tf.placeholder(tf.float32, [2], name="x")
    import numpy as np

    fed = np.array([1.0, 2.0], np.float32)
    with tf.Session() as session:
        value = session.run(x, {x: fed})
        same = session.run(tf.identity(x), {x: fed})
        fed[0] = 9.0
        t.show(same, value.dtype.name, value.shape)
        shaped = session.run(tf.reshape(x, [2, 1]), {x: fed})
        shaped[:] = -1.0
        t.show(fed, session.run(x + 1.0, {x: fed}))


@program
def pruning(tf, t):
    x = tf.placeholder(tf.float32, [], name="x")
    bad = tf.check_numerics(x / 0.0, "bad")
    good = x + 1.0
    cut = bad + 1.0
    with tf.Session() as session:
        t.show(session.run(good, {x: 1.0}), session.run(cut, {bad: 3.0}))
        with t.error():
            session.run(cut, {x: 1.0})
        t.show(session.run(good, {x: 1.0}))


@program
def graph_grows_between_runs(tf, t):
    a = tf.constant(1.0)
    with tf.Session() as session:
        for _ in range(4):
            t.show(session.run(a))
            a = a * 2.0 + 1.0
        v = tf.Variable(a)
        with t.error():
            session.run(v)
        session.run(v.initializer)
        t.show(session.run(v))


@program
def threads(tf, t):
    import threading

    v = tf.get_variable("v", initializer=0, dtype=tf.int32)
    up = tf.assign_add(v, 1, use_locking=True)
    x = tf.placeholder(tf.int32, [])
    results = [None] * 4
    with tf.Session() as session:
        session.run(v.initializer)

        doubled = x * 2

        def work(i):
            for _ in range(20):
                session.run(up)
            results[i] = session.run(doubled, {x: i})

        workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        t.show(session.run(v), results)


@program
def default_graph_per_thread(tf, t):
    import threading

    found = []
    g = tf.Graph()
    with g.as_default():
        worker = threading.Thread(target=lambda: found.append(tf.get_default_graph() is g))
        worker.start()
        worker.join()
    t.show(found)


@program
def run_time_errors(tf, t):
    x = tf.placeholder(tf.int32, [None], name="x")
    f = tf.placeholder(tf.float32, None, name="f")
    params = tf.constant([[1.0, 2.0], [3.0, 4.0]], name="params")
    cases = [
        (tf.floordiv(x, 0, name="div"), {x: [1]}),
        (tf.floormod(x, tf.zeros_like(x), name="mod"), {x: [1, 2]}),
        (tf.truncatediv(x, 0, name="tdiv"), {x: [1]}),
        (tf.gather(params, x, name="gather"), {x: [0, 2]}),
        (tf.gather(params, x, name="gather_neg"), {x: [-1]}),
        (tf.gather_nd(params, tf.reshape(x, [1, -1]), name="gather_nd"), {x: [5, 0]}),
        (tf.check_numerics(f, "message", name="check"), {f: float("nan")}),
        (tf.check_numerics(f, "message", name="check_inf"), {f: [1.0, float("inf")]}),
        (tf.matmul(tf.reshape(f, [1, -1], name="row"), params, name="mm"), {f: [1.0, 2.0, 3.0]}),
        (tf.add(f, params, name="add"), {f: [1.0, 2.0, 3.0]}),
        (tf.reshape(f, [2, 2], name="reshape"), {f: [1.0, 2.0, 3.0]}),
        (tf.concat([f, params], 0, name="concat"), {f: [[1.0, 2.0, 3.0]]}),
        (tf.slice(f, [1], [3], name="slice"), {f: [1.0, 2.0]}),
        (tf.strided_slice(f, [5], [6], [1], shrink_axis_mask=1, name="strided"), {f: [1.0, 2.0]}),
        (tf.unstack(tf.reshape(f, [-1, 2]), 2, axis=1)[0], {f: [1.0, 2.0, 3.0]}),
        (tf.reshape(f, x, name="reshape_x"), {f: [1.0, 2.0], x: [3, -1]}),
        (tf.reshape(f, x, name="reshape_y"), {f: [1.0, 2.0], x: [-1, -1]}),
        (tf.fill(x, 1.0, name="fill"), {x: [-1]}),
        (tf.range(1, tf.reshape(x, []), 0, name="range"), {x: [3]}),
        (tf.squeeze(f, [0], name="squeeze"), {f: [1.0, 2.0]}),
        (tf.expand_dims(f, tf.reshape(x, []), name="expand"), {f: 1.0, x: [3]}),
        (tf.nn.sparse_softmax_cross_entropy_with_logits(labels=x, logits=params, name="xent"), {x: [0, 2]}),
        (tf.nn.softmax_cross_entropy_with_logits_v2(labels=params, logits=f), {f: [[1.0, 2.0, 3.0]]}),
        (tf.reduce_sum(f, tf.reshape(x, []), name="sum"), {f: [1.0], x: [2]}),
        (tf.transpose(f, x, name="transpose"), {f: [[1.0]], x: [0, 0]}),
        (tf.tile(f, x, name="tile"), {f: [[1.0]], x: [2]}),
        (tf.pad(f, tf.reshape(x, [-1, 2]), name="pad"), {f: [1.0], x: [1, -1]}),
        (tf.split(f, 2, 0, name="split")[0], {f: [1.0, 2.0, 3.0]}),
        (tf.one_hot(x, tf.reshape(x, []), name="hot"), {x: [-3]}),
        (tf.scatter_nd(tf.reshape(x, [-1, 1]), [1.0], [2], name="scatter"), {x: [7]}),
        (tf.add_n([f, params], name="add_n"), {f: [1.0]}),
        (tf.linspace(0.0, 1.0, tf.reshape(x, []), name="linspace"), {x: [0]}),
        (tf.nn.bias_add(params, f, name="bias"), {f: [1.0, 2.0, 3.0]}),
        (tf.argmax(f, tf.reshape(x, []), name="argmax"), {f: [1.0], x: [4]}),
        (tf.where(tf.constant([True, False]), f, params[0], name="where"), {f: [1.0, 2.0, 3.0]}),
        (tf.pow(x, -1, name="pow"), {x: [2]}),
    ]
    with tf.Session() as session:
        for fetch, feed in cases:
            with t.error():
                t.show(session.run(fetch, feed))
        t.show(session.run(params))


@program
def out_of_memory(tf, t):
    n = tf.placeholder(tf.int32, [None], name="n")
    huge = tf.fill(n, 1.0)
    with tf.Session() as session:
        with t.error():
            session.run(huge, {n: [2**30, 2**12]})
        with t.error():
            session.run(huge, {n: [2**30, 2**30, 2**30]})
        t.show(session.run(huge, {n: [2]}))


@program
def unavailable_device(tf, t):
    with tf.device("/gpu:1"):
        a = tf.add([1.0], [2.0], name="a")
    with tf.Session() as session:
        with t.error():
            session.run(a)
    with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as session:
        t.show(session.run(a))

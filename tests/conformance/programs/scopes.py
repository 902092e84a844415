"""variable_scope, get_variable, reuse, templates, collections, devices, control dependencies."""

from ..registry import program


@program
def nesting(tf, t):
    with tf.variable_scope("a") as a:
        t.show(a.name, a.original_name_scope, a.reuse, tf.get_variable_scope().name)
        tf.get_variable("w", [2])
        with tf.variable_scope("b") as b:
            t.show(b.name, b.original_name_scope)
            tf.get_variable("w", [2])
        with tf.variable_scope("b") as again:
            t.show(again.name, again.original_name_scope)
            tf.constant(1.0)
    with tf.variable_scope(b):
        t.show(tf.get_variable_scope().original_name_scope)
        tf.constant(2.0)
    with tf.variable_scope("c"):
        with tf.variable_scope(b) as captured:
            t.show(captured.name, captured.original_name_scope)
            tf.constant(2.0)
            tf.get_variable("v", [1])
    with tf.variable_scope("") as root:
        t.show(root.name, root.original_name_scope)
        tf.constant(1.0)
        tf.get_variable("top", [1])
    with tf.variable_scope("a/b/c") as path:
        t.show(path.name)


@program
def default_names(tf, t):
    for _ in range(3):
        with tf.variable_scope(None, "layer") as scope:
            t.show(scope.name, scope.original_name_scope)
            tf.get_variable("w", [1])
            with tf.variable_scope(None, "inner", [tf.constant(1.0)]) as inner:
                t.show(inner.name)
    with t.error():
        with tf.variable_scope(None, default_name="layer", reuse=tf.AUTO_REUSE) as scope:
            t.show(scope.name)
    with tf.variable_scope("given", "layer") as scope:
        t.show(scope.name)
    with t.error():
        with tf.variable_scope(None):
            pass
    with t.error():
        with tf.variable_scope(None, "layer", reuse=True):
            pass
    with t.error():
        with tf.variable_scope(3):
            pass
    with t.error():
        with tf.variable_scope("s", reuse="yes"):
            pass


@program
def reuse_modes(tf, t):
    with tf.variable_scope("s"):
        w = tf.get_variable("w", [2, 3], initializer=tf.zeros_initializer())
        with t.error():
            tf.get_variable("w", [2, 3])
    with tf.variable_scope("s", reuse=True) as s:
        t.show(tf.get_variable("w", [2, 3]) is w, tf.get_variable("w") is w, s.reuse)
        with t.error():
            tf.get_variable("v", [2])
        with t.error():
            tf.get_variable("w", [3, 2])
        with t.error():
            tf.get_variable("w", [2, 3], dtype=tf.float64)
        with tf.variable_scope("nested", reuse=False) as nested:
            t.show(nested.reuse)
        with tf.variable_scope("nested", reuse=None) as nested:
            t.show(nested.reuse)
    with tf.variable_scope("s", reuse=tf.AUTO_REUSE) as s:
        t.show(tf.get_variable("w", [2, 3]) is w, s.reuse, tf.get_variable("fresh", [1]))
        with t.error():
            tf.get_variable("w", [5])
        t.show(tf.get_variable("fresh", [1]))
    with tf.variable_scope("s") as s:
        s.reuse_variables()
        t.show(s.reuse, tf.get_variable("w") is w)
    with tf.variable_scope(s) as same:
        t.show(same.reuse)
    with tf.variable_scope(s, reuse=False) as same:
        t.show(same.reuse)
    tf.get_variable_scope().reuse_variables()
    with t.error():
        tf.get_variable("nothing", [1])


@program
def scope_defaults(tf, t):
    def regularizer(x):
        return tf.reduce_sum(x * x, name="norm")

    with tf.variable_scope("s", initializer=tf.constant_initializer(3.0), regularizer=regularizer,
                           dtype=tf.float64) as s:
        a = tf.get_variable("a", [2])
        t.show(a, a.dtype.base_dtype, s.dtype, s.initializer is not None)
        with tf.variable_scope("inner", initializer=tf.ones_initializer(), dtype=tf.float32):
            b = tf.get_variable("b", [2])
            c = tf.get_variable("c", [2], regularizer=tf.no_regularizer)
            d = tf.get_variable("d", initializer=[1.0, 2.0])
        e = tf.get_variable("e", [2], initializer=tf.zeros_initializer)
    t.show([loss.name for loss in tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)], s.name)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        t.show(session.run([a, b, c, d, e]),
               session.run(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)))


@program
def scope_setters(tf, t):
    scope = tf.get_variable_scope()
    scope.set_initializer(tf.ones_initializer())
    scope.set_dtype(tf.float64)
    scope.set_regularizer(lambda v: tf.reduce_sum(v))
    scope.set_caching_device("/cpu:0")
    scope.set_use_resource(True)
    a = tf.get_variable("a", [2])
    scope.set_partitioner(tf.fixed_size_partitioner(2))
    b = tf.get_variable("b", [2])
    scope.set_partitioner(None)
    t.show(a, b, scope.use_resource, scope.constraint, scope.custom_getter)
    with tf.variable_scope("s") as s:
        t.show(s.dtype, s.caching_device, s.use_resource)
        s.set_custom_getter(lambda getter, *args, **kwargs: getter(*args, **kwargs))
        tf.get_variable("c", [1])
    t.show(s.global_variables(), s.trainable_variables(), s.get_collection("variables"))


@program
def custom_getters(tf, t):
    def doubling(getter, name, *args, **kwargs):
        return getter(name + "_custom", *args, **kwargs) * 2.0

    def naming(getter, name, **kwargs):
        t.show(name, sorted(kwargs))
        return getter(name, **kwargs)

    with tf.variable_scope("a", custom_getter=doubling):
        t.show(tf.get_variable("w", [2], initializer=tf.ones_initializer()))
        with tf.variable_scope("b", custom_getter=naming):
            x = tf.get_variable("w", [2], initializer=tf.ones_initializer())
            y = tf.get_variable("v", [2], custom_getter=doubling, initializer=tf.ones_initializer())
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        t.show(session.run([x, y]))
    with t.error():
        with tf.variable_scope("bad", custom_getter=3):
            tf.get_variable("w", [1])


@program
def auxiliary_scopes(tf, t):
    with tf.variable_scope("a") as a:
        tf.constant(1.0)
    with tf.variable_scope("b"):
        with tf.variable_scope(a, auxiliary_name_scope=False) as scope:
            t.show(scope.original_name_scope)
            tf.constant(1.0)
            tf.get_variable("w", [1])
        with tf.variable_scope("plain", auxiliary_name_scope=False) as scope:
            t.show(scope.name, scope.original_name_scope)
            tf.constant(1.0)
    with tf.variable_scope(a, auxiliary_name_scope=False):
        with tf.name_scope(a.original_name_scope):
            tf.constant(2.0)
    with tf.variable_scope(None, "layer", auxiliary_name_scope=False) as scope:
        t.show(scope.name)
    with t.error():
        with tf.variable_scope("s", auxiliary_name_scope=1):
            pass


@program
def name_scopes_do_not_name_variables(tf, t):
    with tf.name_scope("n"):
        t.show(tf.get_variable("w", [1]))
        with tf.variable_scope("v"):
            with tf.name_scope("m"):
                t.show(tf.get_variable("w", [1]), tf.Variable(1.0, name="u"), tf.constant(1.0))


@program
def get_variable_forms(tf, t):
    import numpy as np

    tf.get_variable("a", shape=(2, 3))
    tf.get_variable("b", shape=tf.TensorShape([4]), dtype=tf.float64)
    tf.get_variable("c", initializer=tf.constant([1.0, 2.0]))
    tf.get_variable("d", initializer=np.arange(3, dtype=np.float32))
    tf.get_variable("e", initializer=7)
    tf.get_variable("f", shape=[2], initializer=lambda shape, dtype=None,
                    partition_info=None: tf.ones(shape, dtype))
    tf.get_variable("g", initializer=lambda: tf.zeros([3]))
    tf.get_variable("h", shape=[], dtype=tf.int32)
    tf.get_variable("i", shape=[2], dtype=tf.bool)
    tf.get_variable("j", shape=[2], trainable=False, collections=["mine"])
    tf.get_variable("k", shape=3)
    tf.get_variable("l", [2], use_resource=True)
    tf.get_variable("m", [2], use_resource=False)
    tf.get_variable("n", [2], caching_device="/cpu:0")
    tf.get_variable("o", [2], constraint=lambda x: tf.clip_by_value(x, 0.0, 1.0))
    tf.get_variable("p", [2], initializer=tf.glorot_normal_initializer(seed=1), dtype=tf.float64)
    tf.get_variable("q", shape=None, initializer=tf.placeholder(tf.float32), validate_shape=False)
    tf.get_variable("r", [2], synchronization=tf.VariableSynchronization.ON_READ,
                    aggregation=tf.VariableAggregation.SUM)
    tf.get_variable("s/t", [1])
    tf.get_local_variable("u", [1])
    for variable in tf.global_variables():
        t.show(variable, variable.shape, variable.trainable, variable.op, variable.device,
               variable.constraint is None)
    t.show(tf.local_variables(), tf.trainable_variables(), tf.get_collection("mine"))


@program
def get_variable_errors(tf, t):
    actions = [
        lambda: tf.get_variable("a"),
        lambda: tf.get_variable("b", [None, 2]),
        lambda: tf.get_variable("c", [2], initializer=[1.0, 2.0]),
        lambda: tf.get_variable("d", initializer="text"),
        lambda: tf.get_variable("e", [2], dtype=tf.string),
        lambda: tf.get_variable("", [2]),
        lambda: tf.get_variable("f g", [2]),
        lambda: tf.get_variable("_f", [2]),
        lambda: tf.get_variable(None, [2]),
        lambda: tf.get_variable("h", [2], initializer=3),
        lambda: tf.get_variable("i", initializer=tf.constant(1.0), dtype=tf.int32),
        lambda: tf.get_variable("j", [-2]),
        lambda: tf.get_variable("k", [2], partitioner=3),
        lambda: tf.get_variable("l", [2], regularizer=3),
        lambda: tf.get_variable("m", [2], initializer=object()),
        lambda: tf.get_variable("n", [2], initializer="no such initializer"),
        lambda: tf.get_variable("o", [2, 2], initializer=lambda shape: tf.ones([3])),
    ]
    for action in actions:
        with t.error():
            t.show(action())


@program
def partitioners(tf, t):
    with tf.variable_scope("p", partitioner=tf.fixed_size_partitioner(3)):
        a = tf.get_variable("a", [7, 2], initializer=tf.ones_initializer())
        b = tf.get_variable("b", [4], initializer=tf.random_uniform_initializer(seed=5))
        with t.error():
            tf.get_variable("c", [], initializer=tf.ones_initializer())
    d = tf.get_variable("d", [3, 9], partitioner=tf.fixed_size_partitioner(2, axis=1),
                        initializer=tf.zeros_initializer())
    e = tf.get_variable("e", [64, 8], partitioner=tf.variable_axis_size_partitioner(max_shard_bytes=512),
                        initializer=tf.zeros_initializer())
    f = tf.get_variable("f", [64, 8], partitioner=tf.min_max_variable_partitioner(max_partitions=3,
        min_slice_size=256), initializer=tf.zeros_initializer())
    t.show(type(a), a.name, a.dtype, a.shape, [v.name for v in a], len(a), a.get_shape())
    for v in (a, b, d, e, f):
        t.show([part.name for part in v], [part.shape for part in v])
    total = tf.reduce_sum(a) + tf.reduce_sum(tf.convert_to_tensor(d))
    t.show(tf.identity(a), a.as_tensor(), total)
    with tf.variable_scope("p", reuse=True, partitioner=tf.fixed_size_partitioner(3)):
        t.show(tf.get_variable("a", [7, 2]) is a)
        with t.error():
            tf.get_variable("a", [7, 2], partitioner=tf.fixed_size_partitioner(2))
        with t.error():
            tf.get_variable("missing", [7, 2])
    with t.error():
        tf.get_variable("g", [2], partitioner=lambda shape, dtype: [1, 1])
    with t.error():
        tf.get_variable("h", [2], partitioner=lambda shape, dtype: 3)
    with t.error():
        tf.get_variable("i", [2, 2], partitioner=lambda shape, dtype: [2, 2])
    with t.error():
        t.show(a[0])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        t.show(session.run([total, tf.identity(a)]), session.run(tf.identity(b)), exact=True)
        t.show(session.run([part for part in d]))


@program
def templates(tf, t):
    def network(x, units):
        w = tf.get_variable("w", [units], initializer=tf.ones_initializer())
        tf.constant(1.0)
        return x * w

    shared = tf.make_template("net", network, units=2)
    a = shared(tf.constant([1.0, 2.0]))
    b = shared(tf.constant([3.0, 4.0]))
    other = tf.make_template("net", network, units=3, create_scope_now_=True)
    c = other(1.0)
    named = tf.make_template("net", network, unique_name_="exact")
    d = named(1.0, units=1)
    t.show(a, b, c, d, shared.name, shared.variable_scope.name, shared.global_variables,
           shared.trainable_variables, other.variables)

    def creating(n):
        return [tf.get_variable(f"v{i}", [1]) for i in range(n)]

    growing = tf.make_template("growing", creating)
    growing(1)
    with t.error():
        growing(2)
    with t.error():
        tf.make_template("x", network, create_scope_now_=True, custom_getter_=3, units=1)(1.0)


@program
def variable_op_scope(tf, t):
    x = tf.constant(1.0)
    with tf.variable_op_scope([x], "given", "default", initializer=tf.ones_initializer()) as scope:
        t.show(scope.name, tf.get_variable("w", [1]))
    with tf.variable_op_scope([x], None, "default") as scope:
        t.show(scope.name)


@program
def collections(tf, t):
    g = tf.get_default_graph()
    x = tf.constant(1, name="x")
    with tf.name_scope("s"):
        y = tf.constant(2, name="y")
    tf.add_to_collection("c", x)
    tf.add_to_collection("c", y)
    tf.add_to_collections(["c", "d", "c"], x)
    g.add_to_collection("n", 3)
    t.show(tf.get_collection("c"), tf.get_collection("c", "s"), tf.get_collection("c", "x|s"),
           tf.get_collection("none"))
    reference = tf.get_collection_ref("c")
    reference.append(y)
    t.show(len(g.get_collection("c")), g.get_all_collection_keys(), g.collections)
    g.clear_collection("d")
    t.show(g.get_all_collection_keys())
    copy = g.get_collection("c")
    copy.append(1)
    t.show(len(g.get_collection("c")))
    with t.error():
        tf.add_to_collections(3, x)
    with t.error():
        tf.add_to_collection([], x)
    keys = tf.GraphKeys
    t.show([keys.GLOBAL_VARIABLES, keys.LOCAL_VARIABLES, keys.TRAINABLE_VARIABLES, keys.UPDATE_OPS,
            keys.LOSSES,
            keys.REGULARIZATION_LOSSES, keys.GLOBAL_STEP, keys.MODEL_VARIABLES, keys.SUMMARIES,
            keys.TABLE_INITIALIZERS,
            keys.MOVING_AVERAGE_VARIABLES, keys.WEIGHTS, keys.BIASES, keys.ACTIVATIONS, keys.QUEUE_RUNNERS,
            keys.SAVERS,
            keys.ASSET_FILEPATHS, keys.CONCATENATED_VARIABLES, keys.LOCAL_INIT_OP, keys.READY_OP,
            keys.INIT_OP, keys.EVAL_STEP])


@program
def variables_by_collection(tf, t):
    a = tf.Variable(1.0, name="a")
    tf.Variable(1.0, name="b", trainable=False)
    tf.Variable(1.0, name="c", collections=[tf.GraphKeys.LOCAL_VARIABLES])
    tf.get_variable("d", [1], collections=[tf.GraphKeys.MODEL_VARIABLES, tf.GraphKeys.GLOBAL_VARIABLES])
    with tf.variable_scope("s"):
        tf.get_variable("e", [1])
    t.show(tf.global_variables(), tf.trainable_variables(), tf.local_variables(), tf.model_variables(),
           tf.all_variables())
    t.show(tf.global_variables("s"), tf.trainable_variables("s/"), tf.moving_average_variables())
    t.show(tf.global_variables_initializer(), tf.local_variables_initializer(),
           tf.variables_initializer([a], name="mine"))
    t.show(tf.variables_initializer([]), tf.initialize_all_variables(), tf.initialize_local_variables(),
           tf.initialize_variables([a]))
    t.show(tf.report_uninitialized_variables(), tf.is_variable_initialized(a),
           tf.assert_variables_initialized())


@program
def control_dependencies(tf, t):
    g = tf.get_default_graph()
    a, b = tf.constant(1.0, name="a"), tf.constant(2.0, name="b")
    with tf.control_dependencies([a, b.op]):
        c = tf.add(1.0, 2.0, name="c")
        with tf.control_dependencies([c]):
            d = tf.identity(a, name="d")
            e = tf.no_op(name="e")
            f = tf.identity(c, name="f")
            with tf.control_dependencies(None):
                tf.identity(b, name="free")
                with tf.control_dependencies([e]):
                    tf.identity(b, name="only_e")
            with tf.control_dependencies([]):
                tf.identity(d, name="same")
    with tf.control_dependencies([tf.Variable(1.0, name="v")]):
        tf.constant(3.0)
    with t.error():
        with tf.control_dependencies(["a", "b:0"]):
            tf.no_op(name="by_name")
    with g.control_dependencies([a, a]):
        tf.no_op(name="once")
    with t.error():
        with tf.control_dependencies(3):
            pass
    with t.error():
        with tf.control_dependencies([3]):
            pass
    with t.error():
        with tf.control_dependencies(["missing"]):
            pass
    tf.group(a, b, c, name="group")
    tf.group(name="empty")
    tf.tuple([a, b], control_inputs=[c], name="tuple")
    t.show(tf.group([a, [b]]), f)
    with t.error():
        tf.group(3)
    with t.error():
        tf.tuple([])


@program
def control_order(tf, t):
    v = tf.get_variable("v", initializer=1.0)
    first = tf.assign(v, 10.0)
    with tf.control_dependencies([first]):
        second = tf.assign_add(v, 5.0)
    with tf.control_dependencies([second]):
        result = v.read_value() if hasattr(v, "read_value") else tf.identity(v)
    with tf.Session() as session:
        session.run(v.initializer)
        t.show(session.run(result), session.run(v))


@program
def devices(tf, t):
    g = tf.get_default_graph()
    with tf.device("/cpu:0"):
        tf.constant(1.0)
        with tf.device("/job:worker"):
            tf.constant(1.0)
            with tf.device(None):
                tf.constant(1.0)
            with tf.device("/task:2/device:GPU:1"):
                tf.constant(1.0)
        with g.device(lambda op: "/gpu:3" if op.type == "Const" else ""):
            tf.constant(1.0)
            tf.no_op()
        with tf.device(""):
            tf.constant(1.0)
    with tf.device("/job:ps/replica:1/task:0/cpu:0"):
        tf.Variable(1.0, name="v")
        tf.get_variable("w", [2])
    with tf.device("/device:CPU:*"):
        tf.constant(2.0)
    with t.error():
        with g.device(lambda op: None):
            tf.no_op()
    for bad in ("cpu", "/cpu:x", "/nothing", "/job:", 3):
        with t.error():
            with tf.device(bad):
                tf.constant(1.0, name="bad")


@program
def colocation(tf, t):
    g = tf.get_default_graph()
    with tf.device("/cpu:0"):
        a = tf.constant(1.0, name="a")
    b = tf.constant(2.0, name="b")
    with tf.colocate_with(a):
        c = tf.constant(3.0, name="c")
        with g.colocate_with(b.op, ignore_existing=True):
            d = tf.constant(4.0, name="d")
        with g.colocate_with(b.op):
            e = tf.constant(4.0, name="e")
        with g.colocate_with(None, ignore_existing=True):
            f = tf.constant(5.0, name="f")
        with tf.device("/cpu:1"):
            h = tf.constant(6.0, name="h")
    t.show([x.op.colocation_groups() for x in (a, b, c, d, e, f, h)])


@program
def init_scope(tf, t):
    with tf.name_scope("s"), tf.control_dependencies([tf.no_op()]):
        with tf.init_scope():
            tf.constant(1.0, name="lifted")
            t.show(tf.get_default_graph().get_name_scope())
        tf.constant(2.0, name="inside")


@program
def graphs(tf, t):
    first = tf.Graph()
    t.show(first is tf.get_default_graph())
    with first.as_default() as inside:
        t.show(inside is first is tf.get_default_graph())
        a = tf.constant(1, name="a")
        second = tf.Graph()
        with second.as_default():
            tf.constant(2, name="a")
            with t.error():
                tf.reset_default_graph()
        tf.constant(3, name="a")
    t.graph(first)
    t.graph(second)
    t.show(a.graph is first, first.version, second.version)
    with t.error():
        first.get_tensor_by_name("b:0")
    with tf.Session(graph=first) as session:
        t.show(session.run(a))


@program
def graph_def(tf, t):
    a = tf.placeholder(tf.float32, [None, 2], name="a")
    b = tf.identity(a, name="b")
    g = tf.get_default_graph()
    text = str(g.as_graph_def())
    t.show(text.splitlines()[:20])
    t.show([node.name for node in g.as_graph_def(from_version=1).node],
           "_output_shapes" in g.as_graph_def(add_shapes=True).node[1].attr)
    t.show(str(b.op.node_def).splitlines(),
           tf.GraphDef.FromString(g.as_graph_def().SerializeToString()) == g.as_graph_def())


@program
def raw_create_op(tf, t):
    g = tf.get_default_graph()
    a = tf.constant([1.0, 2.0], name="a")
    op = g.create_op("Neg", [a], [tf.float32], name="minus")
    t.show(op, op.outputs[0])
    with t.error():
        g.create_op("NoSuchOp", [a], [tf.float32])
    with t.error():
        g.create_op("Neg", [a, a], [tf.float32])
    with tf.Session() as session:
        t.show(session.run(op.outputs[0]))

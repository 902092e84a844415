"""tf.gradients with all its arguments, IndexedSlices, custom gradients."""

from ..registry import program


def _run(tf, t, tensors, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        t.show(*session.run(tensors, feed))


@program
def arguments(tf, t):
    x, y = tf.constant([1.0, 2.0], name="x"), tf.constant(3.0, name="y")
    z = x * x * y
    u = z + y
    unrelated = tf.constant(1.0, name="unrelated")
    results = [
        tf.gradients(z, x), tf.gradients(z, [x, y]), tf.gradients([z, u], [x, y]),
        tf.gradients(z, [x, unrelated]), tf.gradients(z, x, grad_ys=[[1.0, 2.0]]),
        tf.gradients([z, u], x, grad_ys=[tf.ones([2]), None]),
        tf.gradients(u, [x, y], stop_gradients=[z]), tf.gradients(z, [x, z]), tf.gradients(x, x),
        tf.gradients(z, x, name="named"), tf.gradients(z, x, gate_gradients=True),
        tf.gradients(z, x, colocate_gradients_with_ops=True),
        tf.gradients(z, x, aggregation_method=tf.AggregationMethod.EXPERIMENTAL_TREE),
        tf.gradients(z, [x, unrelated], unconnected_gradients=tf.UnconnectedGradients.ZERO),
        tf.gradients(z, [x, unrelated], unconnected_gradients="none"), tf.gradients(z, (x,)),
        tf.gradients(tf.stop_gradient(z) * x, x),
        tf.gradients(tf.cast(tf.cast(x, tf.float64), tf.float32), x),
        tf.gradients(tf.argmax(x), x), tf.gradients(tf.cast(x, tf.int32), x),
        tf.gradients(z, x, aggregation_method=tf.AggregationMethod.EXPERIMENTAL_ACCUMULATE_N),
    ]
    t.show(results)
    _run(tf, t, [[g for g in grads if g is not None] for grads in results])


@program
def errors(tf, t):
    x = tf.constant([1.0, 2.0], name="x")
    n = tf.constant([1, 2], name="n")
    with tf.Graph().as_default():
        foreign = tf.constant(1.0)
    z = x * 2.0
    for action in (lambda: tf.gradients(z, "x"), lambda: tf.gradients(3, x),
                   lambda: tf.gradients(z, x, grad_ys=[1.0]),
                   lambda: tf.gradients(z, x, grad_ys=[[1.0, 2.0], [1.0, 2.0]]),
                   lambda: tf.gradients(z, x, grad_ys=[1, 2]),
                   lambda: tf.gradients(n * 2, n), lambda: tf.gradients(z, foreign),
                   lambda: tf.gradients(z, None),
                   lambda: tf.gradients(z, x, unconnected_gradients="nonsense"),
                   lambda: tf.gradients(z, x, aggregation_method=77),
                   lambda: tf.gradients(tf.constant("a"), x), lambda: tf.gradients([], x),
                   lambda: tf.gradients(z, []), lambda: tf.gradients(None, x),
                   lambda: tf.gradients(z, x, stop_gradients=[3]),
                   lambda: tf.gradients(z, x, grad_ys=tf.constant([1, 2])),
                   lambda: tf.gradients(z, x, grad_ys=[tf.ones([3])])):
        with t.error():
            t.show(action())


@program
def indexed_slices(tf, t):
    table = tf.get_variable("table", initializer=[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    a, b = tf.gather(table, [0, 2, 0]), tf.gather(table, [1])
    once = tf.gradients(a, table)[0]
    twice = tf.gradients([a * 2.0, b], table)[0]
    mixed = tf.gradients([a, tf.reduce_sum(table)], table)[0]
    t.show(once, twice, mixed, type(once), type(mixed), once.values, once.indices, once.dense_shape,
           once.name, once.dtype, once.device, once.op, once.graph is tf.get_default_graph())
    made = tf.IndexedSlices(tf.constant([1.0]), tf.constant([2]), tf.constant([4]))
    t.show(made, made.shape, -made, tf.convert_to_tensor(made),
           str(tf.IndexedSlices(made.values, made.indices)))
    with t.error():
        tf.convert_to_tensor(tf.IndexedSlices(tf.constant([1.0]), tf.constant([2])))
    with t.error():
        tf.convert_to_tensor(made, tf.int32)
    _run(tf, t, [once, tf.convert_to_tensor(twice), mixed, made, tf.convert_to_tensor(made),
                 tf.identity(once.values)])


@program
def registered(tf, t):
    def halve(op, grad):
        return grad * 0.5

    try:
        tf.RegisterGradient("ConformanceHalve")(halve)
    except KeyError:
        pass
    with t.error():
        tf.RegisterGradient("ConformanceHalve")(halve)
    with t.error():
        tf.RegisterGradient(3)
    x = tf.constant(4.0, name="x")
    with tf.get_default_graph().gradient_override_map({"Identity": "Missing"}):
        bad = tf.identity(x, name="bad")
    with t.error():
        tf.gradients(bad, x)
    with t.error():
        with tf.get_default_graph().gradient_override_map([1]):
            pass
    with t.error():
        with tf.get_default_graph().gradient_override_map({1: "a"}):
            pass


@program
def override_map(tf, t):
    try:
        tf.RegisterGradient("ConformanceDouble")(lambda op, grad: grad * 2.0)
    except KeyError:
        pass
    x = tf.constant(4.0, name="x")
    with tf.get_default_graph().gradient_override_map({"Identity": "ConformanceDouble"}):
        y = tf.identity(x, name="y")
        z = tf.square(y)
    w = tf.identity(z)
    grads = tf.gradients(w, x)
    _run(tf, t, grads)
    try:
        tf.NotDifferentiable("ConformanceOpaque")
        tf.NoGradient("ConformanceOpaque2")
    except KeyError:
        pass


@program
def custom_gradient(tf, t):
    @tf.custom_gradient
    def steep(x):
        def grad(dy):
            return dy * 10.0

        return x * x, grad

    @tf.custom_gradient
    def two(x, y):
        def grad(da, db):
            return da * y, db * x + 1.0

        return (x + y, x * y), grad

    x, y = tf.constant(3.0, name="x"), tf.constant(2.0, name="y")
    a = steep(x)
    b, c = two(x, y)
    grads = tf.gradients([a, b, c], [x, y])
    t.show(a, b, c, grads)
    _run(tf, t, [a, b, c, *grads])


@program
def custom_gradient_with_variables(tf, t):
    @tf.custom_gradient
    def layer(x):
        w = tf.get_variable("w", initializer=2.0, use_resource=True)

        def grad(dy, variables=None):
            return dy * w, [dy * x * 100.0 for _ in variables]

        return x * w, grad

    x = tf.constant(3.0, name="x")
    with tf.variable_scope("s", use_resource=True):
        y = layer(x)
    grads = tf.gradients(y, [x, *tf.trainable_variables()])
    _run(tf, t, [y, *grads])


@program
def second_order(tf, t):
    x = tf.constant([1.0, 2.0, 3.0], name="x")
    y = tf.reduce_sum(x**3 + tf.exp(x) * tf.sin(x))
    first = tf.gradients(y, x)[0]
    second = tf.gradients(first, x)[0]
    hessian = tf.hessians(y, x)[0]
    _run(tf, t, [first, second, hessian])


@program
def activation_second_order(tf, t):
    x = tf.constant([0.3, -0.7, 1.5], name="x")
    tensors = []
    for f in (tf.tanh, tf.sigmoid, tf.nn.softplus, tf.nn.elu, tf.sqrt, tf.square, tf.nn.relu, tf.nn.softmax,
              tf.nn.log_softmax):
        first = tf.gradients(f(tf.abs(x)) * [1.0, 2.0, 3.0], x)[0]
        tensors += [first, tf.gradients(first, x)[0]]
    _run(tf, t, [tensor for tensor in tensors if tensor is not None])


@program
def through_variables(tf, t):
    w = tf.get_variable("w", initializer=[[1.0, 2.0], [3.0, 4.0]])
    v = tf.Variable([1.0, 1.0], name="v")
    y = tf.reduce_sum(tf.matmul(w, tf.expand_dims(v, 1)) ** 2)
    grads = tf.gradients(y, [w, v])
    with t.error():
        t.show(tf.gradients(y, tf.trainable_variables()))
    t.show(grads, tf.gradients(w.read_value() * 2.0, w), tf.gradients(w * 2.0, w.value()))
    _run(tf, t, grads)


@program
def broadcast_of_unknown_shapes(tf, t):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    b = tf.placeholder(tf.float32, name="b")
    grads = tf.gradients([x + b, x * b, x / b, tf.reduce_mean(x, 0), tf.reduce_max(x, 1), tf.tile(x, [2, 1])],
                         [x, b])
    t.show(grads)
    _run(tf, t, grads, {x: [[1.0, 2.0, 3.0]], b: [[4.0], [5.0]]})


@program
def aggregation(tf, t):
    x = tf.constant(1.0, name="x")
    parts = [x * float(i) for i in range(5)]
    total = tf.add_n(parts)
    for method in (tf.AggregationMethod.ADD_N, tf.AggregationMethod.EXPERIMENTAL_TREE,
                   tf.AggregationMethod.DEFAULT):
        t.show(tf.gradients(total, x, aggregation_method=method))
    devices = []
    with tf.device("/cpu:0"):
        devices.append(tf.square(x))
    devices.append(tf.exp(x))
    grads = tf.gradients(devices, x, colocate_gradients_with_ops=True)
    t.show(grads[0].op.device, grads)
    _run(tf, t, grads)


@program
def unregistered(tf, t):
    x = tf.constant([1.0, 2.0], name="x")
    y = tf.py_func(lambda v: v * 2, [x], tf.float32, name="opaque")
    t.show(tf.gradients(y, x))
    with t.error():
        t.show(tf.gradients(tf.nn.in_top_k([[1.0, 2.0]], [1], 1), x))
    with t.error():
        t.show(tf.gradients(tf.floor(x) + tf.round(x) + tf.ceil(x) + tf.sign(x), x))

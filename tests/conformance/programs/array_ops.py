"""Reshaping, slicing, gathering, joining."""

from ..registry import program


def _run(tf, t, tensors, feed=None, **how):
    with tf.Session() as session:
        t.show(*session.run(tensors, feed), **how)


@program
def slicing(tf, t):
    import numpy as np

    x = tf.constant(np.arange(24).reshape(2, 3, 4), name="x")
    i = tf.constant(1, name="i")
    u = tf.placeholder(tf.float32, [None, 4], name="u")
    tensors = [x[0], x[-1], x[1, 2], x[1, 2, 3], x[:, 1], x[..., 0], x[0, ..., 1], x[:, tf.newaxis],
               x[tf.newaxis, ..., None], x[::-1], x[:, ::2, 1:3], x[i], x[i:], x[0, i:2],
               x[:, -2:], x[5:], x[:, 1:1], x[0:1, i], x[...], x[:], u[0], u[:, 1], u[1:, ::2], u[-1:],
               u[tf.newaxis, :, 0], x[np.int64(1)], x[tf.constant(0, tf.int64)], x[:, :, tf.constant(2)]]
    t.show(tensors)
    _run(tf, t, tensors, {u: [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]})
    _run(tf, t, [tf.gradients(u[1:, ::2] * 2.0, u)[0]], {u: np.ones((2, 4))})
    for action in (lambda: x[3], lambda: x["a"], lambda: x[0, 0, 0, 0], lambda: x[..., ...], lambda: x[1.5],
                   lambda: x[::0], lambda: x[None, "a"], lambda: x[[0, 1]], lambda: x[x > 3], lambda: x[{}],
                   lambda: tf.constant(1)[0], lambda: x[0:"b"], lambda: x[tf.constant(1.0)], lambda: x[True]):
        with t.error():
            t.show(action())


@program
def reshaping(tf, t):
    x = tf.reshape(tf.range(12), [3, 4])
    u = tf.placeholder(tf.int32, [None, 4])
    n = tf.placeholder(tf.int32, [2])
    tensors = [tf.reshape(x, [4, 3]), tf.reshape(x, [-1]), tf.reshape(x, [2, -1, 2]), tf.reshape(u, [-1, 2]),
               tf.reshape(x, n), tf.reshape(u, tf.shape(u)), tf.expand_dims(x, 0), tf.expand_dims(x, -1),
               tf.expand_dims(u, axis=1), tf.squeeze(tf.ones([1, 3, 1])), tf.squeeze(tf.ones([1, 3, 1]), [0]),
               tf.squeeze(tf.ones([1, 3, 1]), axis=-1), tf.squeeze(tf.ones([1, 2]), squeeze_dims=[0]),
               tf.transpose(x), tf.transpose(tf.ones([2, 3, 4]), [2, 0, 1]), tf.transpose(u),
               tf.matrix_transpose(x), tf.reshape(x[:0], [0, 2]), tf.expand_dims(x, dim=1),
               tf.reshape(u, [tf.shape(u)[0], 2, 2])]
    t.show(tensors)
    _run(tf, t, tensors, {u: [[1, 2, 3, 4]], n: [6, 2]})
    for action in (lambda: tf.reshape(x, [5]), lambda: tf.reshape(x, [-1, -1]), lambda: tf.reshape(x, [1.5]),
                   lambda: tf.reshape(x, [[1]]), lambda: tf.squeeze(x, [0]), lambda: tf.squeeze(x, [5]),
                   lambda: tf.expand_dims(x, 4), lambda: tf.transpose(x, [0, 0]),
                   lambda: tf.transpose(x, [0]), lambda: tf.expand_dims(x),
                   lambda: tf.expand_dims(x, 0, dim=1), lambda: tf.reshape(x, "a"),
                   lambda: tf.reshape(x, [5, -1]), lambda: tf.transpose(x, [0, 2])):
        with t.error():
            t.show(action())


@program
def joining(tf, t):
    a, b = tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([[5.0, 6.0]])
    u = tf.placeholder(tf.float32, [None, 2])
    parts = tf.split(tf.reshape(tf.range(12.0), [2, 6]), 3, axis=1)
    sized = tf.split(tf.range(10), [2, 3, -1])
    tensors = [tf.concat([a, b], 0), tf.concat([a, a], axis=1), tf.concat([a, u], 0), tf.concat([a], 0),
               tf.stack([a, a]), tf.stack([a, a], axis=2), tf.stack([1, 2, 3]), tf.stack([a, a], -1),
               *tf.unstack(a), *tf.unstack(a, axis=1), *tf.unstack(u, 2, 1), *parts, *sized,
               tf.concat([[1, 2], [3]], 0), tf.concat(axis=0, values=[b, b]), tf.parallel_stack([[1], [2]])]
    t.show(tensors)
    _run(tf, t, tensors, {u: [[9.0, 9.0]]})
    gradients = tf.gradients([tf.concat([a, a * 2.0, b], 0), tf.stack([a, a])],
                             [a, b]) + tf.gradients(tf.unstack(a)[0],
                                                    a) + tf.gradients(tf.split(a, 2)[1] * 3.0, a)
    _run(tf, t, gradients)
    for action in (lambda: tf.concat([a, [1.0]], 0), lambda: tf.concat([a, b], 1),
                   lambda: tf.concat([a, b], 3), lambda: tf.concat([], 0), lambda: tf.stack([a, b]),
                   lambda: tf.stack([]), lambda: tf.stack([a, a], 5),
                   lambda: tf.unstack(u), lambda: tf.unstack(a, 3), lambda: tf.unstack(a, axis=4),
                   lambda: tf.split(a, 3), lambda: tf.split(a, [1, 2]),
                   lambda: tf.concat([a, tf.constant([[1, 2]])], 0),
                   lambda: tf.concat(0, [a, b]), lambda: tf.split(a, "a"),
                   lambda: tf.unstack(tf.placeholder(tf.float32)), lambda: tf.stack([a, 1]),
                   lambda: tf.split(u, 2.5), lambda: tf.split(tf.constant(1.0), 2),
                   lambda: tf.split(tf.constant(1.0), [1]), lambda: tf.concat([tf.constant(1.0)] * 2, 0)):
        with t.error():
            t.show(action())


@program
def gathering(tf, t):
    params = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    u = tf.placeholder(tf.int32, [None])
    tensors = [tf.gather(params, [2, 0]), tf.gather(params, 1), tf.gather(params, [[0, 1], [2, 2]]),
               tf.gather(params, [1, 0], axis=1), tf.gather(params, u),
               tf.gather_nd(params, [[0, 1], [2, 0]]),
               tf.gather_nd(params, [[1]]), tf.batch_gather(params, [[1], [0], [1]]),
               tf.nn.embedding_lookup(params, [2, 2]),
               tf.nn.embedding_lookup([params, params * 10.0], [0, 1, 5]),
               tf.nn.embedding_lookup([params, params * 10.0], [0, 1, 5], partition_strategy="div"),
               tf.nn.embedding_lookup(params, [0, 2], max_norm=1.0),
               tf.scatter_nd([[0], [2]], [[1.0, 2.0], [3.0, 4.0]], [3, 2]),
               tf.one_hot([0, 2, -1], 3), tf.one_hot([1], 3, 5, -5), tf.one_hot([[0], [1]], 2, axis=0),
               tf.one_hot(u, 4, dtype=tf.int32), tf.boolean_mask(params, [True, False, True]),
               tf.reverse(params, [0]), tf.tensor_scatter_update(params, [[0]], [[9.0, 9.0]]),
               tf.dynamic_stitch([[0, 2], [1]], [[1, 2], [3]]),
               tf.dynamic_partition([1, 2, 3], [1, 0, 1], 2)[1],
               tf.unique([1, 1, 2])[0], tf.reverse_sequence(params, [1, 2, 1], 1),
               tf.invert_permutation([2, 0, 1]), tf.sequence_mask([1, 3], 4)]
    t.show(tensors)
    _run(tf, t, tensors, {u: [1, 1]})
    grads = [tf.gradients(tf.gather(params, [2, 0, 2]) * 2.0, params)[0],
             tf.gradients(tf.gather_nd(params, [[0, 1]]), params)[0],
             tf.gradients(tf.gather(params, [1, 0], axis=1), params)[0]]
    t.show(grads)
    _run(tf, t, [tf.convert_to_tensor(g) for g in grads])
    for action in (lambda: tf.gather(params, [1.5]), lambda: tf.gather(1.0, 0),
                   lambda: tf.gather_nd(params, [[0, 1, 2]]), lambda: tf.one_hot([0], [3]),
                   lambda: tf.one_hot([0.5], 3), lambda: tf.gather(params, 0, axis=5),
                   lambda: tf.boolean_mask(params, True), lambda: tf.boolean_mask(params, [True]),
                   lambda: tf.nn.embedding_lookup([], [0]), lambda: tf.scatter_nd([[0]], [1.0, 2.0], [3]),
                   lambda: tf.one_hot([0], 2, "a", 1.0)):
        with t.error():
            t.show(action())


@program
def static_values(tf, t):
    """Shapes that depend on constants folded while the graph is built."""
    x = tf.placeholder(tf.float32, [2, None, 3])
    dims = tf.shape(x)
    for tensor in (tf.zeros(dims), tf.reshape(x, [dims[0], -1]), tf.ones([dims[0], dims[2]]),
                   tf.fill([dims[0] * 3], 1.0), tf.reshape(x, tf.concat([dims[:1], [-1]], 0)),
                   tf.ones(tf.stack([dims[0], 5])),
                   tf.placeholder(tf.float32, [4])[: dims[0]], tf.tile(x, [1, 2, 2]), tf.range(dims[0]),
                   tf.zeros(tf.shape(x)[1:]), tf.size(x), tf.rank(x), tf.shape(x, out_type=tf.int64),
                   tf.reduce_sum(x, tf.range(2)),
                   tf.zeros_like(x), tf.ones_like(x, tf.int32), tf.zeros_like(x, optimize=False),
                   tf.broadcast_to(x[:, 0], [7, 2, 3]), tf.random_uniform(dims)):
        t.show(tensor)
    y = tf.constant([[1, 2], [3, 4]])
    _run(tf, t, [tf.shape(y), tf.size(y), tf.rank(y), tf.shape_n([y, y])[1], tf.zeros_like(y),
                 tf.ones_like(y), tf.size(y, out_type=tf.int64), tf.shape([[]])])


@program
def padding_and_tiling(tf, t):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    u = tf.placeholder(tf.float32, [None, 2])
    tensors = [tf.pad(x, [[1, 0], [0, 2]]), tf.pad(x, [[1, 1], [1, 1]], "REFLECT"),
               tf.pad(x, [[1, 1], [0, 0]], mode="SYMMETRIC"),
               tf.pad(x, [[1, 0], [0, 0]], constant_values=9.0), tf.tile(x, [2, 1]), tf.tile(u, [1, 3]),
               tf.slice(x, [0, 1], [2, 1]), tf.slice(x, [1, 0], [-1, 2]), tf.slice(u, [0, 0], [-1, 1]),
               tf.strided_slice(x, [0, 0], [2, 2], [1, 1]), tf.strided_slice(x, [0], [1]), tf.fill([2, 3], 7),
               tf.pad(u, [[1, 1], [0, 0]]), tf.broadcast_to([1, 2], [3, 2]), tf.roll(x, 1, 0),
               tf.matrix_band_part(x, 0, -1), tf.meshgrid([1, 2], [3, 4])[0], tf.repeat([1, 2], 2)]
    t.show(tensors)
    _run(tf, t, tensors, {u: [[5.0, 6.0]]})
    _run(tf, t, [tf.gradients(f, x)[0] for f in (tensors[0], tensors[4], tensors[6], tensors[9])])
    for action in (lambda: tf.pad(x, [[1, 0]]), lambda: tf.pad(x, [[1, 0], [0, 0]], "NO"),
                   lambda: tf.tile(x, [2]), lambda: tf.slice(x, [0, 1], [2, 5]),
                   lambda: tf.slice(x, [0], [1]), lambda: tf.tile(x, [1.5, 1]),
                   lambda: tf.fill([-1], 2), lambda: tf.fill([[1]], 2), lambda: tf.fill(["a"], 1),
                   lambda: tf.broadcast_to([1, 2], [3]), lambda: tf.fill([2], [1, 2])):
        with t.error():
            t.show(action())


@program
def placeholders(tf, t):
    for arguments in ((tf.float32,), (tf.int32, []), (tf.string, [None]), (tf.bool, [2, None], "named"),
                      ("float64", tf.TensorShape(None)), (tf.float32, None)):
        t.show(tf.placeholder(*arguments))
    t.show(tf.placeholder_with_default(1.0, []), tf.placeholder_with_default([1, 2], [None], name="d"),
           tf.placeholder(tf.float32, 3))
    for action in (lambda: tf.placeholder("nothing"), lambda: tf.placeholder(tf.float32, [-2]),
                   lambda: tf.placeholder(tf.float32, "a"), lambda: tf.placeholder_with_default([1, 2], [3]),
                   lambda: tf.placeholder(None)):
        with t.error():
            t.show(action())


@program
def strings(tf, t):
    with tf.Session() as session:
        t.show(session.run([tf.constant("a") + "b", tf.constant(["x", "y"]), tf.string_join(["a", "b"], "-"),
                            tf.as_string([1, 2]), tf.identity("é"), tf.equal(tf.constant("a"), "a")]))


@program
def nn_losses(tf, t):
    logits = tf.constant([[1.0, 2.0, 0.5], [-1.0, 0.0, 3.0]], name="logits")
    labels = tf.constant([[0.0, 1.0, 0.0], [0.2, 0.3, 0.5]])
    classes = tf.constant([1, 2])
    losses = [tf.nn.softmax(logits), tf.nn.softmax(logits, axis=0), tf.nn.softmax(logits, dim=-1),
              tf.nn.log_softmax(logits),
              tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits),
              tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits),
              tf.nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=logits),
              tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits),
              tf.nn.weighted_cross_entropy_with_logits(labels, logits, 2.0), tf.nn.l2_loss(logits),
              tf.nn.log_poisson_loss(labels, logits),
              tf.nn.l2_normalize(logits, 1), tf.nn.bias_add(logits, [1.0, 2.0, 3.0]),
              tf.nn.xw_plus_b(logits, tf.ones([3, 2]), [0.0, 1.0]),
              tf.nn.relu_layer(logits, tf.ones([3, 2]), [0.0, 1.0]),
              *tf.nn.moments(logits, [0]), *tf.nn.moments(logits, [0, 1], keep_dims=True),
              tf.nn.zero_fraction(labels), tf.nn.in_top_k(logits, classes, 1), tf.nn.top_k(logits, 2)[1],
              tf.nn.batch_normalization(logits, tf.zeros([3]), tf.ones([3]), None, None, 1e-3),
              tf.nn.crelu(logits)]
    t.show(losses)
    _run(tf, t, losses)
    for loss in losses[:14]:
        t.show(tf.gradients(loss, logits))
    grads = [tf.gradients(loss * 2.0, logits)[0] for loss in losses[:10]]
    _run(tf, t, grads)
    second = tf.gradients(tf.gradients(losses[4], logits)[0][0, 0], logits)[0]
    _run(tf, t, [second])
    for action in (lambda: tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits[:, :2]),
                   lambda: tf.nn.softmax_cross_entropy_with_logits(logits, labels),
                   lambda: tf.nn.softmax(1.0),
                   lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits),
                   lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1], logits=logits),
                   lambda: tf.nn.sigmoid_cross_entropy_with_logits(labels=classes, logits=logits),
                   lambda: tf.nn.bias_add(logits, [1.0]), lambda: tf.nn.softmax(logits, 5),
                   lambda: tf.nn.l2_loss(classes),
                   lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=1.0),
                   lambda: tf.nn.moments(classes, [5]), lambda: tf.nn.relu("a"),
                   lambda: tf.nn.softmax(classes)):
        with t.error():
            t.show(action())

"""Arithmetic, comparison, elementwise functions, reductions, operators."""

from ..registry import program


def _run(tf, t, tensors, feed=None, **how):
    with tf.Session() as session:
        t.show(*session.run(tensors, feed), **how)


@program
def operators(tf, t):
    a = tf.constant([[1.0, -2.5], [3.0, 4.0]], name="a")
    i = tf.constant([7, -7, 3], name="i")
    b = tf.constant([True, False], name="b")
    _run(tf, t, [a + 1, 1 + a, a - 2, 2 - a, a * 3, 3 * a, a / 2, 2 / a, a // 2, 5 // a, a % 2, 7 % a, a**2,
                 2**a, -a, abs(a), a @ a,
                 a < 2, a <= 1, a > 1, a >= 3, i + 1, i // 2, i % 2, i / 2, -i, i * i, i - 2, 2 - i, i**2,
                 i < 2, ~b, b & True, b | [True, True],
                 b ^ b, True & b, False | b, True ^ b, [1, 2, 3] + i, i & 3, i | 8, i ^ 1, ~i,
                 [[1.0, 0.0], [0.0, 1.0]] @ a, +1 - a])
    import numpy as np

    _run(tf, t, [np.float32(2) * a, a * np.float32(2), np.ones((2, 2), np.float32) + a,
                 np.array([1, 2, 3], np.int32) - i])


@program
def operator_errors(tf, t):
    a = tf.constant([1.0, 2.0])
    i = tf.constant([1, 2])
    for action in (
        lambda: a + i, lambda: a + "x", lambda: i + 1.5, lambda: a + [1.0, 2.0, 3.0], lambda: a + None,
        lambda: ~a, lambda: a & True, lambda: a @ a,
        lambda: i / "a", lambda: a % i, lambda: a < i, lambda: a + tf.constant([1.0, 2.0, 3.0]),
        lambda: a + 1j, lambda: tf.constant("a") * 2, lambda: -tf.constant("a"),
        lambda: a + object(), lambda: 2 ** tf.constant("a"), lambda: abs(tf.constant("a")), lambda: a // None,
        lambda: a + tf.constant(1.0, tf.float64), lambda: i + 2**40,
    ):
        with t.error():
            t.show(action())


@program
def named_arithmetic(tf, t):
    x, y = tf.constant([6.0, -7.0]), tf.constant([4.0, 2.0])
    i, j = tf.constant([7, -7]), tf.constant([2, 2])
    _run(tf, t, [tf.add(x, y), tf.subtract(x, y), tf.multiply(x, y), tf.divide(x, y), tf.div(x, y),
                 tf.div(i, j), tf.truediv(i, j), tf.floordiv(i, j), tf.floor_div(i, j),
                 tf.realdiv(x, y), tf.truncatediv(i, j), tf.floormod(i, j), tf.mod(i, j),
                 tf.truncatemod(i, j), tf.pow(x, y), tf.maximum(x, y), tf.minimum(x, y),
                 tf.squared_difference(x, y), tf.atan2(x, y), tf.negative(x), tf.abs(i), tf.sign(x),
                 tf.square(x), tf.add_n([x, y, x]), tf.accumulate_n([x, y]),
                 tf.div_no_nan(x, [0.0, 2.0]), tf.scalar_mul(3.0, x), tf.math.multiply_no_nan(x, [0.0, 1.0]),
                 tf.reciprocal(x), tf.math.xdivy(x, y)])


@program
def elementwise(tf, t):
    x = tf.constant([[0.1, 0.5, 0.9], [-0.3, -0.7, 0.2]])
    p = tf.constant([0.1, 1.0, 2.5])
    functions = [tf.exp, tf.expm1, tf.sin, tf.cos, tf.tan, tf.asin, tf.acos, tf.atan, tf.sinh, tf.cosh,
                 tf.tanh, tf.asinh, tf.atanh, tf.sigmoid, tf.floor, tf.ceil,
                 tf.round, tf.rint, tf.square, tf.erf, tf.erfc, tf.nn.relu, tf.nn.relu6, tf.nn.elu,
                 tf.nn.selu, tf.nn.softplus, tf.nn.softsign, tf.nn.leaky_relu,
                 tf.is_nan, tf.is_inf, tf.is_finite, tf.identity, tf.nn.swish, tf.log_sigmoid]
    values = [f(x) for f in functions]
    values += [f(p) for f in (tf.log, tf.log1p, tf.sqrt, tf.rsqrt, tf.acosh, tf.lgamma, tf.digamma,
                              tf.reciprocal)]
    values += [tf.round([0.5, 1.5, 2.5, -0.5]), tf.exp(tf.constant([1.0, 2.0], tf.float64)), tf.sqrt(4.0),
               tf.log([0.0, -1.0]), tf.nn.leaky_relu(x, alpha=0.3)]
    _run(tf, t, values)
    sums = [tf.gradients(f(p), p)[0] for f in (tf.exp, tf.log, tf.sqrt, tf.rsqrt, tf.sin, tf.cos, tf.tanh,
                                               tf.sigmoid, tf.square, tf.abs, tf.reciprocal, tf.log1p,
                                               tf.nn.relu, tf.nn.elu, tf.nn.softplus, tf.nn.leaky_relu,
                                               tf.erf, tf.floor, tf.sign, tf.nn.selu, tf.nn.relu6,
                                               tf.nn.softsign,
                                               tf.tan, tf.atan, tf.expm1, tf.sinh,
                                               tf.cosh) if tf.gradients(f(p), p)[0] is not None]
    _run(tf, t, sums)


@program
def binary_gradients(tf, t):
    x, y = tf.constant([[1.0, 2.0], [3.0, 4.0]], name="x"), tf.constant([2.0, 5.0], name="y")
    functions = [tf.add, tf.subtract, tf.multiply, tf.divide, tf.pow, tf.maximum, tf.minimum,
                 tf.squared_difference, tf.atan2, tf.floormod, tf.div_no_nan, tf.realdiv]
    for f in functions:
        grads = tf.gradients(f(x, y), [x, y])
        t.show(grads)
        _run(tf, t, [g for g in grads if g is not None])


@program
def comparisons_and_logic(tf, t):
    x, y = tf.constant([1, 2, 3]), tf.constant([3, 2, 1])
    b, c = tf.constant([True, True, False]), tf.constant([True, False, False])
    _run(tf, t, [tf.equal(x, y), tf.not_equal(x, y), tf.less(x, y), tf.less_equal(x, y), tf.greater(x, 2),
                 tf.greater_equal(2, y), tf.logical_and(b, c), tf.logical_or(b, c),
                 tf.logical_not(b), tf.logical_xor(b, c), tf.equal("a", ["a", "b"]), tf.equal(b, c),
                 tf.where(b), tf.where(b, x, y),
                 tf.where(tf.constant([True, False]), [[1, 2], [3, 4]], [[5, 6], [7, 8]]),
                 tf.where_v2(b, x, 0)])
    with t.error():
        tf.where(b, x)
    with t.error():
        tf.where(b, x, [1, 2])
    with t.error():
        tf.equal(x, 1.5)
    with t.error():
        tf.logical_and(x, b)


@program
def casts(tf, t):
    x = tf.constant([0.5, -1.7, 3.99, 300.0])
    _run(tf, t, [tf.cast(x, d) for d in (tf.int32, tf.int64, tf.float64, tf.bool, tf.float32, tf.int16,
                                         tf.complex64, tf.float16)])
    _run(tf, t, [tf.cast([True, False], tf.float32), tf.to_float([1, 2]), tf.to_double(1), tf.to_int32(2.7),
                 tf.to_int64(3.2), tf.to_bfloat16([1.0])[0:0],
                 tf.saturate_cast([300.0, -5.0], tf.uint8), tf.bitcast(tf.constant(1.0), tf.int32),
                 tf.cast(1, "float32"), tf.cast(tf.constant(3), tf.bool)])
    with t.error():
        tf.cast(tf.constant("a"), tf.float32)
    with t.error():
        tf.cast("a", tf.int32)
    with t.error():
        tf.cast(1, "no type")


@program
def reductions(tf, t):
    x = tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, -6.0]])
    i = tf.constant([[1, 2], [3, 4]])
    b = tf.constant([[True, False], [True, True]])
    unknown = tf.placeholder(tf.float32, name="unknown")
    tensors = []
    for f in (tf.reduce_sum, tf.reduce_mean, tf.reduce_prod, tf.reduce_max, tf.reduce_min):
        tensors += [f(x), f(x, 0), f(x, axis=1, keepdims=True), f(x, [0, 1]), f(x, -1), f(i), f(x, []),
                    f(unknown), f(unknown, 0, True)]
    tensors += [tf.reduce_all(b), tf.reduce_any(b, 0), tf.reduce_all(b, 1), tf.reduce_logsumexp(x),
                tf.reduce_logsumexp(x, 1, True), tf.reduce_sum(x, reduction_indices=[1]),
                tf.reduce_mean(x, keep_dims=True), tf.argmax(x, 1), tf.argmin(x, 0),
                tf.argmax(x, axis=-1, output_type=tf.int32), tf.argmax(x, dimension=0), tf.arg_max(x, 1),
                tf.count_nonzero(x), tf.count_nonzero(i, 0, dtype=tf.int32),
                tf.reduce_variance(x) if hasattr(tf, "reduce_variance") else tf.math.reduce_variance(x),
                tf.math.reduce_std(x, 0), tf.norm(x), tf.norm(x, 1), tf.cumsum(x, 1),
                tf.cumsum(x, exclusive=True, reverse=True), tf.cumprod(x, 1),
                tf.math.reduce_euclidean_norm(x, 1)]
    _run(tf, t, tensors, {unknown: [[1.0, 2.0], [3.0, 9.0]]})
    gradients = [tf.gradients(f(x, 1), x)[0] for f in (tf.reduce_sum, tf.reduce_mean, tf.reduce_prod,
                                                       tf.reduce_max, tf.reduce_min, tf.reduce_logsumexp,
                                                       tf.cumsum)]
    _run(tf, t, gradients)
    for action in (lambda: tf.reduce_sum(x, 2), lambda: tf.reduce_sum(x, "a"), lambda: tf.reduce_sum("a"),
                   lambda: tf.argmax(x, 5), lambda: tf.reduce_sum(x, 0, axis=1),
                   lambda: tf.reduce_sum(x, axis=0, reduction_indices=0),
                   lambda: tf.reduce_sum(x, keepdims=True, keep_dims=True), lambda: tf.reduce_all(x),
                   lambda: tf.reduce_sum(x, [0, 0]), lambda: tf.argmax(x, 1, output_type=tf.float32)):
        with t.error():
            t.show(action())


@program
def matmuls(tf, t):
    a = tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    b = tf.constant([[1.0, 0.0], [0.5, -1.0], [2.0, 2.0]])
    batch = tf.reshape(tf.range(12.0), [2, 2, 3])
    unknown = tf.placeholder(tf.float32, [None, 3])
    products = [tf.matmul(a, b), tf.matmul(a, a, transpose_b=True), tf.matmul(a, a, transpose_a=True),
                tf.matmul(b, a, True, True), tf.matmul(batch, b), tf.matmul(batch, batch, adjoint_b=True),
                tf.tensordot(a, b, 1), tf.tensordot(a, b, [[0, 1], [1, 0]]), tf.matmul(unknown, b),
                tf.linalg.matvec(a, [1.0, 1.0, 1.0]), tf.transpose(a) @ a,
                tf.matmul(tf.cast(a, tf.int32), tf.cast(b, tf.int32)), tf.einsum("ij,jk->ik", a, b),
                tf.trace(a @ b), tf.diag_part(a @ b), tf.diag([1.0, 2.0])]
    gradients = [g for f, pair in ((products[0], [a, b]), (products[1], [a]), (products[4], [batch, b]),
                                   (products[5], [batch]), (products[3], [a, b])) for g in tf.gradients(f,
                                       pair)]
    _run(tf, t, products + gradients, {unknown: [[1.0, 1.0, 1.0]]})
    for action in (lambda: tf.matmul(a, a), lambda: tf.matmul(a, tf.cast(b, tf.float64)),
                   lambda: tf.matmul(a, [1.0, 2.0, 3.0]),
                   lambda: tf.matmul(a, b, transpose_a=True, adjoint_a=True),
                   lambda: tf.matmul(1.0, 2.0), lambda: tf.matmul("a", "b"),
                   lambda: tf.matmul(unknown, tf.ones([4, 2])), lambda: tf.matmul(batch, tf.ones([3, 3, 2]))):
        with t.error():
            t.show(action())


@program
def ranges(tf, t):
    n = tf.placeholder(tf.int32, [])
    _run(tf, t, [tf.range(5), tf.range(2, 8, 3), tf.range(3.0), tf.range(1.0, 2.0, 0.25), tf.range(5, 0, -2),
                 tf.range(n), tf.range(0, n, 2), tf.linspace(0.0, 1.0, 5), tf.lin_space(1.0, 3.0, n),
                 tf.range(3, dtype=tf.int64), tf.range(limit=4, delta=2, start=0), tf.range(0)], {n: 4})
    with t.error():
        tf.range(1, 2, 0)
    with t.error():
        tf.range(5, 1)
    with t.error():
        tf.range("a")
    with t.error():
        tf.linspace(0, 1, 5)


@program
def broadcasting_shapes(tf, t):
    p = tf.placeholder(tf.float32, [None, 1, 3])
    q = tf.placeholder(tf.float32, [2, None, 1])
    r = tf.placeholder(tf.float32)
    s = tf.placeholder(tf.float32, [3])
    for tensor in (p + q, p * s, p - r, q / s, tf.maximum(s, 1.0), p < q,
                   tf.broadcast_static_shape(p.shape, s.shape), tf.broadcast_dynamic_shape([2, 1], [1, 3])):
        t.show(tensor)
    with t.error():
        p + tf.ones([2])
    with t.error():
        tf.broadcast_static_shape(tf.TensorShape([2]), tf.TensorShape([3]))


@program
def number_types(tf, t):
    for dtype in (tf.int8, tf.uint8, tf.int16, tf.int64, tf.float16, tf.float64, tf.complex64):
        x = tf.cast([1, 2, 3], dtype)
        with t.error():
            with tf.Session() as session:
                t.show(session.run([x + x, x * x, x - 1, -x, tf.reduce_sum(x), tf.square(x)]))


@program
def complex_numbers(tf, t):
    z = tf.complex([1.0, 2.0], [3.0, -4.0])
    _run(tf, t, [z, tf.real(z), tf.imag(z), tf.conj(z), tf.abs(z), z * z, tf.angle(z)])


@program
def segments(tf, t):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    _run(tf, t, [tf.segment_sum(x, [0, 0, 1]), tf.unsorted_segment_sum(x, [2, 0, 2], 3),
                 tf.segment_mean(x, [0, 0, 1])])

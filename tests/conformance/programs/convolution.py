"""Convolutions of images and sequences: names, shapes, values, gradients, errors."""

import numpy as np

from ..registry import program

# Small whole numbers: sums of their products are exact, in whatever order they are formed.
_random = np.random.RandomState(7)
_IMAGE = _random.randint(-2, 4, (2, 6, 5, 4)).astype(np.float32)
_FILTER = _random.randint(-2, 3, (3, 2, 4, 6)).astype(np.float32)
_DEEP = _random.randint(-2, 3, (3, 3, 4, 2)).astype(np.float32)
_MIX = _random.randint(-2, 3, (1, 1, 8, 3)).astype(np.float32)


def _run(tf, t, tensors, feed=None, **how):
    with tf.Session() as session:
        t.show(*session.run(tensors, feed), **how)


def _gradients(tf, t, y, xs):
    """Show the gradients of sums of squares, which depend on `y`."""
    grads = tf.gradients(tf.reduce_sum(tf.square(y)), xs)
    t.show(grads)
    _run(tf, t, [y] + [g for g in grads if g is not None])


@program
def conv2d(tf, t):
    x, w = tf.constant(_IMAGE, name="x"), tf.constant(_FILTER, name="w")
    results = [
        tf.nn.conv2d(x, w, [1, 1, 1, 1], "SAME"),
        tf.nn.conv2d(x, w, strides=2, padding="VALID", name="strided"),
        tf.nn.conv2d(x, filters=w, strides=[2, 1], padding="SAME"),
        tf.nn.conv2d(x, w, [1, 2, 3, 1], [[0, 0], [2, 1], [0, 3], [0, 0]]),
        tf.nn.conv2d(x, w, 1, "SAME", dilations=2),
        tf.nn.conv2d(x, w, 1, "VALID", dilations=[1, 2, 1, 1], use_cudnn_on_gpu=False),
        tf.nn.conv2d(x, w[:, :, :2], 1, "SAME", name="groups"),
        tf.nn.conv2d(x, w[:1, :1], 1, "VALID", name="pointwise"),
        tf.nn.conv2d(x, w[:1, :1], 2, "SAME", name="pointwise_strided"),
        tf.nn.conv2d(x[..., :1], w[:, :, :1, :1], 1, "SAME"),
        tf.nn.conv2d(tf.cast(x, tf.float64), tf.cast(w, tf.float64), 1, "SAME"),
        tf.nn.conv2d(_IMAGE, _FILTER, 1, "SAME"),
        tf.nn.conv2d(tf.reshape(x, [2, 1, 6, 5, 4]), w, 2, "SAME"),
        tf.nn.conv2d(x[:0], w, 1, "SAME"),
    ]
    t.show(results)
    _run(tf, t, results[:-1])


@program
def conv2d_partly_known_shapes(tf, t):
    x = tf.placeholder(tf.float32, [None, None, 5, 4])
    w = tf.placeholder(tf.float32, [3, 2, 4, None])
    anything = tf.placeholder(tf.float32)
    t.show([
        tf.nn.conv2d(x, w, 2, "SAME"), tf.nn.conv2d(x, w, 2, "VALID"), tf.nn.conv2d(anything, w, 2, "VALID"),
        tf.nn.conv2d(x, anything, 1, "SAME"), tf.nn.conv2d(x, anything, 1, "VALID"),
        tf.nn.max_pool(x, 2, 2, "VALID"), tf.nn.avg_pool(anything, 2, 2, "SAME"),
        tf.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], "VALID"), tf.nn.conv2d(tf.expand_dims(x, 0), w, 1, "SAME"),
    ])
    y = tf.nn.conv2d(x, w, 2, "SAME")
    _run(tf, t, [y] + tf.gradients(y, [x, w]), {x: _IMAGE, w: _FILTER})


@program
def conv2d_gradients(tf, t):
    x, w = tf.constant(_IMAGE, name="x"), tf.constant(_FILTER, name="w")
    _gradients(tf, t, tf.nn.conv2d(x, w, 1, "SAME"), [x, w])
    _gradients(tf, t, tf.nn.conv2d(x, w, 2, "VALID"), [x, w])
    _gradients(tf, t, tf.nn.conv2d(x, w, [3, 2], "SAME"), [x, w])
    _gradients(tf, t, tf.nn.conv2d(x, w, [1, 2], [[0, 0], [2, 1], [0, 3], [0, 0]]), [x, w])
    _gradients(tf, t, tf.nn.conv2d(x, w[:1, :1], 1, "SAME"), [x, w])
    y = tf.nn.conv2d(tf.cast(x, tf.float64), tf.cast(w, tf.float64), 2, "SAME")
    _gradients(tf, t, y, [x, w])


@program
def conv2d_second_gradients(tf, t):
    x, w = tf.constant(_IMAGE[:1], name="x"), tf.constant(_FILTER, name="w")
    y = tf.nn.conv2d(x, w, [1, 2, 1, 1], "SAME")
    dx, dw = tf.gradients(tf.reduce_sum(y * tf.square(y)), [x, w])
    _gradients(tf, t, dx, [x, w])
    _gradients(tf, t, dw, [x, w])


@program
def conv2d_backprops_and_transposes(tf, t):
    x, w = tf.constant(_IMAGE), tf.constant(_FILTER)
    small = tf.constant(_IMAGE[:, :3, :3])
    across = tf.transpose(w, [0, 1, 3, 2])
    sizes = tf.placeholder_with_default([2, 6, 5, 6], [4])
    results = [
        tf.nn.conv2d_backprop_input([2, 6, 5, 6], across, x, [1, 1, 1, 1], "SAME"),
        tf.nn.conv2d_backprop_input(sizes, across, small, [1, 2, 2, 1], "SAME"),
        tf.nn.conv2d_backprop_input([6, 5], filters=across, out_backprop=x, strides=[1, 1, 1, 1], padding="SAME"),
        tf.nn.conv2d_backprop_filter(x, [3, 2, 4, 4], x, [1, 1, 1, 1], "SAME"),
        tf.nn.conv2d_backprop_filter(x, [2, 1, 4, 4], small, [1, 2, 2, 1], "SAME"),
        tf.nn.conv2d_transpose(small, across, [2, 6, 5, 6], 2),
        tf.nn.conv2d_transpose(small, across, [2, 5, 4, 6], [1, 1, 1, 1], "VALID", name="up"),
        tf.nn.conv2d_transpose(input=small, filters=across, output_shape=sizes, strides=[2, 2]),
        tf.nn.conv_transpose(small, across, [2, 6, 6, 6], 2),
        tf.nn.conv1d_transpose(small[:, 0], across[0], [2, 6, 6], 2),
        tf.nn.atrous_conv2d_transpose(x, across, [2, 6, 5, 6], 2, "SAME"),
        tf.nn.atrous_conv2d_transpose(small, across, [2, 7, 5, 6], 2, "VALID"),
        tf.nn.atrous_conv2d_transpose(small, across, [2, 5, 4, 6], 1, "VALID"),
    ]
    t.show(results)
    _run(tf, t, results)
    _gradients(tf, t, tf.nn.conv2d_transpose(small, across, [2, 6, 5, 6], 2), [small, w])


@program
def conv1d(tf, t):
    x, w = tf.constant(_IMAGE[0]), tf.constant(_FILTER[:, 0])
    results = [
        tf.nn.conv1d(x, w, 1, "SAME"), tf.nn.conv1d(x, w, stride=2, padding="VALID", data_format="NWC"),
        tf.nn.conv1d(input=x, filters=w, stride=[2], padding="SAME", dilations=1),
        tf.nn.conv1d(x, w, 1, "VALID", dilations=2, name="dilated"),
        tf.nn.conv1d(tf.reshape(x, [3, 2, 5, 4]), w, 1, "SAME"),
    ]
    t.show(results)
    _run(tf, t, results)
    _gradients(tf, t, results[1], [x, w])
    with t.error():
        tf.nn.conv1d(x, w, 1, "SAME", data_format="CWN")
    with t.error():
        tf.nn.conv1d(x, w, [1, 1, 1, 1], "SAME")


@program
def convolution(tf, t):
    x, w = tf.constant(_IMAGE), tf.constant(_FILTER)
    sequence = tf.constant(_IMAGE[0])
    unknown = tf.placeholder_with_default(_IMAGE, [None, None, None, 4])
    results = [
        tf.nn.convolution(x, w, "SAME"), tf.nn.convolution(x, w, "VALID", strides=[2, 1]),
        tf.nn.convolution(x, w, "SAME", dilation_rate=[2, 3]),
        tf.nn.convolution(x, w, "VALID", dilation_rate=[1, 2], name="dilated"),
        tf.nn.convolution(x, None, "SAME", filters=w, dilations=[2, 2]),
        tf.nn.convolution(sequence, w[0], "SAME"), tf.nn.convolution(sequence, w[0], "VALID", dilation_rate=[2]),
        tf.nn.convolution(unknown, w, "SAME", dilation_rate=[2, 2]),
        tf.nn.convolution(_IMAGE, _FILTER, "SAME"),
        tf.nn.atrous_conv2d(x, w, 2, "SAME"), tf.nn.atrous_conv2d(x, w, 2, "VALID", name="holes"),
        tf.nn.atrous_conv2d(x, w, 1, "VALID"),
    ]
    t.show(results)
    _run(tf, t, results)
    _gradients(tf, t, results[2], [x, w])
    for arguments in (
        {"padding": "SAME", "strides": [2, 2], "dilation_rate": [2, 2]}, {"padding": "SAME", "strides": [1, 1, 1]},
        {"padding": "SAME", "dilation_rate": [0, 2]}, {"padding": "OTHER"},
        {"padding": "OTHER", "dilation_rate": [2, 2]},
    ):
        with t.error():
            tf.nn.convolution(x, w, **arguments)
    with t.error():
        tf.nn.convolution(x, w[..., 0], "SAME")
    with t.error():
        tf.nn.convolution(x[..., :3], w, "SAME", dilation_rate=[2, 2])
    with t.error():
        tf.nn.convolution(tf.placeholder(tf.float32), tf.placeholder(tf.float32), "SAME")


@program
def depthwise_and_separable(tf, t):
    x, w = tf.constant(_IMAGE), tf.constant(_DEEP)
    mix = tf.constant(_MIX)
    ones = [1, 1, 1, 1]
    results = [
        tf.nn.depthwise_conv2d(x, w, ones, "SAME"), tf.nn.depthwise_conv2d(x, w, [1, 2, 2, 1], "VALID"),
        tf.nn.depthwise_conv2d(x, w, ones, "SAME", rate=[2, 2], name="holes"),
        tf.nn.depthwise_conv2d(x, w, ones, "VALID", dilations=[1, 2]),
        tf.nn.depthwise_conv2d_native(x, w, ones, "SAME"),
        tf.nn.depthwise_conv2d_native(x, w, [1, 2, 2, 1], [[0, 0], [1, 2], [0, 1], [0, 0]]),
        tf.nn.separable_conv2d(x, w, mix, ones, "SAME"),
        tf.nn.separable_conv2d(x, w, mix, [1, 2, 2, 1], "VALID", name="separate"),
        tf.nn.separable_conv2d(x, w, mix, ones, "SAME", rate=[2, 1]),
        tf.nn.depthwise_conv2d_native_backprop_input([2, 6, 5, 4], w, tf.concat([x, x], 3), ones, "SAME"),
        tf.nn.depthwise_conv2d_native_backprop_filter(x, [3, 3, 4, 2], tf.concat([x, x], 3), ones, "SAME"),
    ]
    t.show(results)
    _run(tf, t, results)
    _gradients(tf, t, results[0], [x, w])
    _gradients(tf, t, results[1], [x, w])
    _gradients(tf, t, results[7], [x, w, mix])
    dx, dw = tf.gradients(tf.reduce_sum(results[0] * tf.square(results[0])), [x, w])
    _gradients(tf, t, dx, [x, w])
    _gradients(tf, t, dw, [x, w])
    for action in (
        lambda: tf.nn.depthwise_conv2d(x[..., :3], w, ones, "SAME"),
        lambda: tf.nn.depthwise_conv2d(x, w, [1, 1], "SAME"),
        lambda: tf.nn.depthwise_conv2d_native(x, w, 1, "SAME"),
        lambda: tf.nn.depthwise_conv2d(x[0], w, ones, "SAME"),
        lambda: tf.nn.separable_conv2d(x, w, mix[:, :, 1:], ones, "SAME"),
        lambda: tf.nn.separable_conv2d(x, w, tf.concat([mix, mix], 0), ones, "SAME"),
    ):
        with t.error():
            action()


@program
def errors_when_building(tf, t):
    x, w = tf.constant(_IMAGE), tf.constant(_FILTER)
    conv = tf.nn.conv2d
    for action in (
        lambda: conv(x[0], w, 1, "SAME"), lambda: conv(x, w[0], 1, "SAME"), lambda: conv(x[..., :3], w, 1, "SAME"),
        lambda: conv(x, w[:, :, :2, :5], 1, "SAME"), lambda: conv(x, w[:, :, :0], 1, "SAME"),
        lambda: conv(x, w, 0, "SAME"), lambda: conv(x, w, [1, 1, 1], "SAME"),
        lambda: conv(x, w, 1, "SAME", dilations=0),
        lambda: conv(x, w, 1, "OTHER"), lambda: conv(x, w, 1, "same"), lambda: conv(x, w, 1),
        lambda: conv(x, w, 1, "EXPLICIT"), lambda: conv(x, w, 1, [[0, 0], [1, 1], [1, 1]]),
        lambda: conv(x, w, 1, [[0, 0], [-1, 1], [1, 1], [0, 0]]), lambda: conv(x, w, 1, [1, 1, 1, 1]),
        lambda: conv(x, w, 1, [[1, 0], [1, 1], [1, 1], [0, 0]]), lambda: conv(x, w, 1, [[0], [1], [1], [0]]),
        lambda: conv(x, w, 1, "SAME", data_format="NWHC"), lambda: conv(x[:, :2], w, 1, "VALID"),
        lambda: conv(x, w, 1, "SAME", filters=w), lambda: conv(x, None, 1, "SAME"),
        lambda: conv(x, tf.cast(w, tf.float64), 1, "SAME"),
        lambda: conv(tf.cast(x, tf.int64), tf.cast(w, tf.int64), 1, "SAME"), lambda: conv([[[[1.0]]]], w, 1, "SAME"),
        lambda: conv(x, w, 1.5, "SAME"), lambda: conv(x, w, "ab", "SAME"), lambda: conv(x, w, None, "SAME"),
        lambda: conv(x, w, 1, "SAME", use_cudnn_on_gpu=None), lambda: conv(x, w, 1, "SAME", data_format=None),
        lambda: tf.nn.conv2d_backprop_input([6, 5, 4], w, x, [1, 1, 1, 1], "SAME"),
        lambda: tf.nn.conv2d_backprop_input([3, 6, 5, 4], w, tf.concat([x, x], 3)[..., :6], [1, 1, 1, 1], "SAME"),
        lambda: tf.nn.conv2d_backprop_input([2, 6, 5, 4], w, x, [1, 1, 1, 1], "SAME"),
        lambda: tf.nn.conv2d_backprop_input([2, 6, 5, 4], w, x, 1, "SAME"),
        lambda: tf.nn.conv2d_backprop_filter(x, [3, 3, 3], x, [1, 1, 1, 1], "SAME"),
        lambda: tf.nn.conv2d_transpose(x, w, [2, 6, 5, 6], 2),
        lambda: tf.nn.conv2d_transpose(x, w, [2, 6, 5, 6], [1, 2, 3]),
    ):
        with t.error():
            action()


@program
def errors_when_running(tf, t):
    def x(value=_IMAGE):
        return tf.placeholder_with_default(value, None)

    w = x(_FILTER)
    wide = tf.cast(x(), tf.float64)
    conv = tf.nn.conv2d
    tensors = [
        conv(x(), x(_FILTER[0]), 1, "SAME"), conv(x(_IMAGE[..., :3]), w, 1, "SAME"),
        conv(x(), x(_FILTER[:, :, :2, :5]), 1, "SAME"), conv(x(), x(_FILTER[:, :, :0]), 1, "SAME"),
        conv(x(), w, [2, 1, 1, 1], "SAME"), conv(x(), w, [1, 1, 1, 2], "SAME"),
        conv(x(), w, 1, "SAME", dilations=[2, 1, 1, 1]),
        conv(tf.transpose(wide, [0, 3, 1, 2]), tf.cast(w, tf.float64), 1, "SAME", data_format="NCHW"),
        tf.nn.conv2d_backprop_input([2, 7, 5, 4], tf.cast(w, tf.float64), tf.concat([wide, wide], 3)[..., :6],
                                    [1, 1, 1, 1], "SAME"),
        tf.nn.depthwise_conv2d_native(x(_IMAGE[..., :3]), x(_DEEP), [1, 1, 1, 1], "SAME"),
    ]
    with tf.Session() as session:
        for tensor in tensors:
            with t.error():
                t.show(session.run(tensor))


@program
def channels_first(tf, t):
    first = _IMAGE.transpose(0, 3, 1, 2)
    x, w = tf.placeholder_with_default(first, first.shape), tf.constant(_FILTER)
    anything = tf.placeholder(tf.float32, [None, 4, None, 7])
    sequence = tf.nn.conv1d(x[:, :, 0], w[0], 1, "SAME", data_format="NCW")
    t.show(tf.nn.conv2d(anything, w, [1, 1, 2, 3], "SAME", data_format="NCHW"),
           tf.nn.max_pool(anything, 2, 2, "VALID", data_format="NCHW"),
           tf.nn.conv2d(x, w, [1, 1, 2, 2], [[0, 0], [0, 0], [1, 0], [0, 2]], data_format="NCHW"),
           tf.nn.max_pool1d(x[0], 2, 2, "SAME", data_format="NCW"), tf.nn.avg_pool1d(x[0], 2, 2, "SAME", "NCW"),
           tf.nn.depthwise_conv2d(x, tf.constant(_DEEP), [1, 1, 1, 1], "SAME", rate=[2, 2], data_format="NCHW"),
           tf.nn.convolution(x, w, "SAME", dilation_rate=[2, 1], data_format="NCHW"), sequence)
    y = tf.nn.conv2d(x, w, 1, "SAME", data_format="NCHW")
    results = [
        y, *tf.gradients(y, [x, w]), sequence,
        tf.nn.max_pool(x, 2, 2, "SAME", data_format="NCHW"), tf.nn.avg_pool(x, 3, 1, "VALID", data_format="NCHW"),
        tf.nn.depthwise_conv2d_native(x, tf.constant(_DEEP), [1, 1, 1, 1], "SAME", data_format="NCHW"),
    ]
    t.show(results)
    with tf.Session() as session:
        for result in results:
            with t.error():
                t.show(session.run(result))

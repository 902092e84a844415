"""What a training step costs, with one thread; that of BLAS is up to the environment."""

import numpy as np

from .networks import mlp
from .sessions import aligned, runs

BATCH = 64


def digits(shape, batch=BATCH):
    """Random images of a shape and their labels."""
    random = np.random.RandomState(0)
    return aligned(random.rand(batch, *shape)), random.randint(0, 10, batch)


def normal(shape, scale=0.05):
    """Initial weights."""
    return np.random.RandomState(0).normal(0, scale, shape).astype(np.float32)


def _weights(tf, name, shape):
    return tf.get_variable(name, initializer=tf.constant(normal(shape)))


def _loss(tf, logits, labels):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))


def _descent(tf, loss, rate=0.01):
    return [tf.train.GradientDescentOptimizer(rate).minimize(loss), loss]


# ---------------------------------------------------------------- dense layers

LAYERS = 784, 256, 128, 10


def _train(tf, n, make_fetches):
    tf.set_random_seed(1)
    x, labels, loss = mlp(tf, LAYERS)
    return runs(tf, n, make_fetches(loss), dict(zip((x, labels), digits([LAYERS[0]]))))


def train_gradients(tf, n):
    """gradients of MLP 784-256-128-10, batch 64"""
    return _train(tf, n, lambda loss: tf.gradients(loss, tf.trainable_variables()))


def train_sgd(tf, n):
    """training step, MLP 784-256-128-10, batch 64, gradient descent"""
    return _train(tf, n, lambda loss: _descent(tf, loss))


def train_adam(tf, n):
    """training step, MLP 784-256-128-10, batch 64, Adam"""
    optimizer = tf.train.AdamOptimizer(0.001)
    return _train(tf, n, lambda loss: [optimizer.minimize(loss), loss])


# ---------------------------------------------------------------- convolutions


def cnn(tf):
    """Images, labels and the fetches of a training step of a network with two convolutions."""
    x = tf.placeholder(tf.float32, [None, 28, 28, 1])
    labels = tf.placeholder(tf.int64, [None])
    h = x
    for i, (n_in, n_out) in enumerate([(1, 32), (32, 64)]):
        w, b = _weights(tf, "w%d" % i, [5, 5, n_in, n_out]), _weights(tf, "b%d" % i, [n_out])
        h = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(h, w, [1, 1, 1, 1], "SAME"), b))
        h = tf.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    h = tf.reshape(h, [-1, 7 * 7 * 64])
    h = tf.nn.relu(tf.matmul(h, _weights(tf, "w2", [3136, 1024])) + _weights(tf, "b2", [1024]))
    logits = tf.matmul(h, _weights(tf, "w3", [1024, 10])) + _weights(tf, "b3", [10])
    return x, labels, _descent(tf, _loss(tf, logits, labels))


def train_cnn(tf, n, threads=1):
    """training step, CNN 28x28 (5x5x32, 5x5x64, 1024), batch 64, gradient descent"""
    x, labels, fetches = cnn(tf)
    return runs(tf, n, fetches, dict(zip((x, labels), digits([28, 28, 1]))), threads)


def _layer(tf, n, image, window, stride, threads=1):
    x, w = _weights(tf, "x", image), _weights(tf, "w", window)
    y = tf.nn.conv2d(x, w, [1, stride, stride, 1], "SAME")
    grads = tf.gradients(y, [x, w])
    return runs(tf, n, [y.op] + [g.op for g in grads], threads=threads)


def conv_3x3(tf, n, threads=1):
    """convolution 3x3, 64 to 64 channels, 16 images of 56x56, and both gradients"""
    return _layer(tf, n, [16, 56, 56, 64], [3, 3, 64, 64], 1, threads)


def conv_1x1(tf, n):
    """convolution 1x1, 256 to 64 channels, 16 images of 28x28, and both gradients"""
    return _layer(tf, n, [16, 28, 28, 256], [1, 1, 256, 64], 1)


def conv_rgb(tf, n):
    """convolution 7x7 in steps of 2, 3 to 64 channels, 4 images of 224x224, and both gradients"""
    return _layer(tf, n, [4, 224, 224, 3], [7, 7, 3, 64], 2)


# ---------------------------------------------------------------- rows and recurrences


def train_word2vec(tf, n):
    """training step, word2vec: 50,000 words x 128, batch 128, nce_loss of 64 negatives, gradient descent"""
    tf.set_random_seed(1)
    inputs = tf.placeholder(tf.int32, [128])
    labels = tf.placeholder(tf.int32, [128, 1])
    embeddings = tf.Variable(tf.random_uniform([50000, 128], -1.0, 1.0))
    weights = tf.Variable(tf.truncated_normal([50000, 128], stddev=0.1))
    biases = tf.Variable(tf.zeros([50000]))
    embedded = tf.nn.embedding_lookup(embeddings, inputs)
    loss = tf.reduce_mean(
        tf.nn.nce_loss(
            weights=weights, biases=biases, labels=labels, inputs=embedded, num_sampled=64, num_classes=50000
        )
    )
    rng = np.random.RandomState(0)
    words = (np.exp(rng.rand(128) * np.log(50000.0)) - 1).astype(np.int32)
    return runs(tf, n, _descent(tf, loss, 1.0), {inputs: words, labels: np.roll(words, 1)[:, None]})


SEQUENCE = N_STEPS, N_INPUTS = 28, 28
UNITS = 128


class LSTM:
    """A cell of plain operations (Hochreiter and Schmidhuber 1997; gates and forget bias as in TF1's)."""

    output_size = UNITS
    state_size = (UNITS, UNITS)

    def __init__(self, tf):
        self._tf = tf
        self._w = tf.get_variable("w", [N_INPUTS + UNITS, 4 * UNITS])
        self._b = tf.get_variable("b", [4 * UNITS], initializer=tf.zeros_initializer())

    def zero_state(self, batch_size, dtype):
        """Nothing remembered."""
        return tuple(self._tf.zeros([batch_size, size], dtype) for size in self.state_size)

    def __call__(self, x, state, scope=None):
        tf = self._tf
        c, h = state
        gates = tf.matmul(tf.concat([x, h], 1), self._w) + self._b
        i, j, f, o = tf.split(gates, 4, axis=1)
        c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
        h = tf.tanh(c) * tf.sigmoid(o)
        return h, (c, h)


def _unrolled(tf, cell, x):
    state = cell.zero_state(BATCH, tf.float32)
    for x_t in tf.unstack(x, axis=1):
        h, state = cell(x_t, state)
    return h


def _dynamic(tf, cell, x):
    return tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)[1][1]


def _train_lstm(tf, n, network):
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [BATCH, N_STEPS, N_INPUTS])
    labels = tf.placeholder(tf.int64, [BATCH])
    h = network(tf, LSTM(tf), x)
    out_w = tf.get_variable("out_w", [UNITS, 10])
    out_b = tf.get_variable("out_b", [10], initializer=tf.zeros_initializer())
    loss = _loss(tf, tf.matmul(h, out_w) + out_b, labels)
    return runs(tf, n, _descent(tf, loss, 0.1), dict(zip((x, labels), digits(SEQUENCE))))


def train_lstm(tf, n):
    """training step, LSTM of plain ops: 28 steps x 128 units, batch 64, unrolled, gradient descent"""
    return _train_lstm(tf, n, _unrolled)


def train_lstm_dynamic(tf, n):
    """training step, the same LSTM with dynamic_rnn"""
    return _train_lstm(tf, n, _dynamic)

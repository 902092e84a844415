"""The networks that several programs build."""


def mlp(tf, sizes):
    """Images, labels and the loss of a classifier with dense layers of these sizes."""
    x = tf.placeholder(tf.float32, [None, sizes[0]])
    labels = tf.placeholder(tf.int64, [None])
    h = x
    for i, (n_in, n_out) in enumerate(zip(sizes[:-1], sizes[1:])):
        with tf.variable_scope("layer%d" % i):
            w = tf.get_variable("w", [n_in, n_out])
            b = tf.get_variable("b", [n_out], initializer=tf.zeros_initializer())
            h = tf.matmul(h, w) + b
            if i < len(sizes) - 2:
                h = tf.nn.relu(h)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=h))
    return x, labels, loss


def gru_cell(tf, x, h, gates, candidate):
    """One step of a gated recurrent unit (Cho et al. 2014) from plain operations."""
    reset, update = tf.split(tf.sigmoid(tf.matmul(tf.concat([x, h], 1), gates[0]) + gates[1]), 2, axis=1)
    new = tf.tanh(tf.matmul(tf.concat([x, reset * h], 1), candidate[0]) + candidate[1])
    return update * h + (1.0 - update) * new


def gru_layer(tf, name, n_in, n_units):
    """The weights and biases of `gru_cell`."""
    with tf.variable_scope(name):
        gates = tf.get_variable("gates_w", [n_in + n_units, 2 * n_units]), tf.get_variable("gates_b", [2 * n_units])
        new = tf.get_variable("new_w", [n_in + n_units, n_units]), tf.get_variable("new_b", [n_units])
    return gates, new


def attention(tf, query, states, w):
    """What `query` finds in `states` [batch, time, units], by scaled products (Luong et al. 2015)."""
    scores = tf.squeeze(tf.matmul(states, tf.expand_dims(tf.matmul(query, w), 2)), 2)
    return tf.squeeze(tf.matmul(tf.expand_dims(tf.nn.softmax(scores), 1), states), 1)

"""Recurrent networks: unrolled and in loops, with sequences of several lengths, both ways."""

import collections

import numpy as np

from ..registry import program

State = collections.namedtuple("State", "c h")


def cells(tf):
    """Two cells as programs write them: a plain one, and an LSTM with a state of two tensors."""

    class Plain:
        output_size = state_size = 3

        def zero_state(self, batch_size, dtype):
            return tf.zeros([batch_size, 3], dtype, name="zero_state")

        def __call__(self, x, state):
            w = tf.get_variable("w", [x.shape[1] + 3, 3], initializer=tf.constant_initializer(0.1))
            y = tf.tanh(tf.matmul(tf.concat([x, state], 1), w))
            return y, y

    class Lstm:
        output_size = 2
        state_size = State(2, 2)

        def get_initial_state(self, inputs=None, batch_size=None, dtype=None):
            with tf.name_scope("LstmZero"):
                return State(tf.zeros([batch_size, 2], dtype), tf.zeros([batch_size, 2], dtype))

        def __call__(self, x, state):
            w = tf.get_variable("kernel", [x.shape[1] + 2, 8], initializer=tf.constant_initializer(0.2))
            b = tf.get_variable("bias", [8], initializer=tf.zeros_initializer())
            gates = tf.nn.bias_add(tf.matmul(tf.concat([x, state.h], 1), w), b)
            i, j, f, o = tf.split(gates, 4, axis=1)
            c = state.c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
            h = tf.tanh(c) * tf.sigmoid(o)
            return h, State(c, h)

    return Plain(), Lstm()


def values(*shape):
    return (np.arange(np.prod(shape)).reshape(shape) % 7 / 7.0 - 0.4).astype(np.float32)


@program
def dynamic(tf, t):
    plain, lstm = cells(tf)
    x = tf.placeholder(tf.float32, [2, None, 4], name="x")
    outputs, state = tf.nn.dynamic_rnn(plain, x, dtype=tf.float32)
    more, pair = tf.nn.dynamic_rnn(lstm, x, dtype=tf.float32, scope="lstm", swap_memory=True, parallel_iterations=3)
    t.show(outputs, state, more, pair)
    grads = tf.gradients(tf.reduce_sum(outputs), tf.trainable_variables()[:1] + [x])
    t.show(grads)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for steps in (3, 1):
            t.show(session.run([outputs, state, more, pair, grads], {x: values(2, steps, 4)}))


@program
def dynamic_lengths(tf, t):
    _, lstm = cells(tf)
    x = tf.placeholder(tf.float32, [None, 5, 3], name="x")
    lengths = tf.placeholder(tf.int64, [None], name="lengths")
    outputs, state = tf.nn.dynamic_rnn(lstm, x, lengths, dtype=tf.float32)
    loss = tf.reduce_sum(outputs) + tf.reduce_sum(state.c)
    grads = tf.gradients(loss, tf.trainable_variables())
    t.show(outputs, state, grads)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        t.show(session.run([outputs, state, grads], {x: values(3, 5, 3), lengths: [5, 0, 2]}))
        with t.error():
            session.run(outputs, {x: values(3, 5, 3), lengths: [5, 2]})


@program
def dynamic_time_major(tf, t):
    plain, _ = cells(tf)
    x = tf.constant(values(4, 2, 3))
    start = tf.constant(values(2, 3))
    outputs, state = tf.nn.dynamic_rnn(plain, x, initial_state=start, time_major=True)
    with tf.variable_scope("rnn", reuse=True) as scope:
        again, _ = tf.nn.dynamic_rnn(plain, x, sequence_length=[1, 4], initial_state=start, time_major=True,
                                     scope=scope)
    t.show(outputs, state, again, tf.trainable_variables())
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        t.show(session.run([outputs, state, again]))


@program
def both_ways(tf, t):
    plain, lstm = cells(tf)
    x = tf.constant(values(2, 4, 3))
    for options in ({}, {"sequence_length": [4, 2]}):
        with tf.variable_scope("net", reuse=tf.AUTO_REUSE):
            outputs, states = tf.nn.bidirectional_dynamic_rnn(plain, lstm, x, dtype=tf.float32, **options)
        t.show(outputs, states)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            t.show(session.run([outputs, states]))


@program
def static(tf, t):
    plain, lstm = cells(tf)
    inputs = [tf.constant(values(2, 3)) * float(i) for i in range(3)]
    outputs, state = tf.nn.static_rnn(plain, inputs, dtype=tf.float32)
    more, pair = tf.nn.static_rnn(lstm, inputs, dtype=tf.float32, sequence_length=[3, 1], scope="lstm")
    joined, forwards, backwards = tf.nn.static_bidirectional_rnn(plain, lstm, inputs, dtype=tf.float32,
                                                                 sequence_length=[2, 3])
    t.show(outputs, state, more, pair, joined, forwards, backwards)
    grads = tf.gradients(tf.add_n([tf.reduce_sum(y) for y in outputs]), tf.trainable_variables()[0])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        t.show(session.run([outputs, state, more, pair, joined, forwards, backwards, grads]))


@program
def raw(tf, t):
    plain, _ = cells(tf)
    x = tf.placeholder(tf.float32, [4, 2, 3], name="x")
    lengths = tf.constant([4, 2])
    inputs = tf.TensorArray(tf.float32, size=4).unstack(x)

    def loop_fn(time, output, state, loop_state):
        emitted = output
        next_state = plain.zero_state(2, tf.float32) if output is None else state
        finished = time >= lengths
        next_input = tf.cond(tf.reduce_all(finished), lambda: tf.zeros([2, 3]), lambda: inputs.read(time))
        return finished, next_input, next_state, emitted, None

    emitted, state, loop_state = tf.nn.raw_rnn(plain, loop_fn)
    outputs = emitted.stack()
    t.show(outputs, state, loop_state)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        t.show(session.run([outputs, state], {x: values(4, 2, 3)}))


@program
def mistakes(tf, t):
    plain, lstm = cells(tf)
    x = tf.placeholder(tf.float32, [2, None, 4], name="x")

    class NoCell:
        output_size = 1

    for action in (lambda: tf.nn.dynamic_rnn(NoCell, x), lambda: tf.nn.static_rnn(plain, x),
                   lambda: tf.nn.static_rnn(plain, []), lambda: tf.nn.dynamic_rnn(plain, x, scope="a"),
                   lambda: tf.nn.static_rnn(plain, [x[:, 0]], scope="b"),
                   lambda: tf.nn.dynamic_rnn(plain, x, sequence_length=[[1, 2]], dtype=tf.float32, scope="c"),
                   lambda: tf.nn.dynamic_rnn(plain, tf.zeros([2, 3]), dtype=tf.float32, scope="d"),
                   lambda: tf.nn.dynamic_rnn(plain, tf.zeros([3]), dtype=tf.float32, scope="e"),
                   lambda: tf.nn.dynamic_rnn(plain, tf.placeholder(tf.float32), dtype=tf.float32, scope="f"),
                   lambda: tf.nn.dynamic_rnn(plain, (x, tf.zeros([2, 3, 4])), dtype=tf.float32, scope="g"),
                   lambda: tf.nn.dynamic_rnn(plain, tf.placeholder(tf.float32, [2, 3, None]), dtype=tf.float32,
                                             scope="h"),
                   lambda: tf.nn.raw_rnn(plain, 5)):
        with t.error():
            t.show(action())

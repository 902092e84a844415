"""JAX: its tracing, the calls of compiled functions, and what it compiles."""

import jax
import jax.numpy as jnp
import numpy as np

from ...programs import training
from ...programs.running import LAYER, SQUARE, factors, matrix, ramp

VERSION = jax.__version__


def _trace(n, make):
    """Equations of a traced function."""

    def program(x):
        for _ in range(n):
            make(x)
        return x

    return lambda: jax.make_jaxpr(program)(1.0)


def _calls(n, function, *values):
    """Timed: n calls of the compiled function, each waited for."""
    call = jax.jit(function)
    call(*values).block_until_ready()

    def timed():
        for _ in range(n):
            call(*values).block_until_ready()

    return timed


def run_smallest(n):
    return _calls(n, lambda x: x + 1.0, np.zeros(4, np.float32))


def run_callable(n):
    return _calls(n, lambda x: x + 1.0, jax.device_put(np.zeros(4, np.float32)))


def _over(value, function):
    return _calls(1, function, jax.device_put(value))


def chain(x):
    y = x
    for _ in range(10):
        y = jax.nn.relu(y * 0.9 + x)
    return y


def tree(x):
    return jnp.tanh(jnp.exp(-x * x) * x + 1.0) * jnp.sqrt(x * x + 1.0)


def _product(n, sizes):
    return _calls(n, jnp.matmul, *map(jax.device_put, factors(*sizes)))


# ---------------------------------------------------------------- training


def _cross_entropy(logits, labels):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1))


def _descent(n, loss, weights, images, labels, rate=0.01):
    """Timed: n steps; the loss of each is waited for, as a program that prints it does."""

    @jax.jit
    def step(weights, images, labels):
        value, gradients = jax.value_and_grad(loss)(weights, images, labels)
        return jax.tree_util.tree_map(lambda w, g: w - rate * g, weights, gradients), value

    state = [step(weights, images, labels)[0]]

    def timed():
        for _ in range(n):
            state[0], value = step(state[0], images, labels)
            value.block_until_ready()
        jax.block_until_ready(state[0])

    return timed


def _dense(n_in, n_out):
    return training.normal([n_in, n_out]), np.zeros(n_out, np.float32)


def train_sgd(n):
    def loss(weights, h, labels):
        for w, b in weights[:-1]:
            h = jax.nn.relu(h @ w + b)
        w, b = weights[-1]
        return _cross_entropy(h @ w + b, labels)

    weights = [_dense(*sizes) for sizes in zip(training.LAYERS[:-1], training.LAYERS[1:])]
    return _descent(n, loss, weights, *training.digits([training.LAYERS[0]]))


def _same(h, w):
    return jax.lax.conv_general_dilated(h, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def _pool(h):
    return jax.lax.reduce_window(h, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "SAME")


def train_cnn(n):
    def loss(weights, h, labels):
        for w, b in weights[:2]:
            h = _pool(jax.nn.relu(_same(h, w) + b))
        (w2, b2), (w3, b3) = weights[2:]
        h = jax.nn.relu(h.reshape(len(h), -1) @ w2 + b2)
        return _cross_entropy(h @ w3 + b3, labels)

    filters = [(training.normal([5, 5, *sizes]), training.normal(sizes[1:])) for sizes in ((1, 32), (32, 64))]
    return _descent(n, loss, [*filters, _dense(3136, 1024), _dense(1024, 10)], *training.digits([28, 28, 1]))


def _lstm(n, network):
    def cell(weights, state, x):
        c, h = state
        i, j, f, o = jnp.split(jnp.concatenate([x, h], 1) @ weights[0] + weights[1], 4, axis=1)
        c = c * jax.nn.sigmoid(f + 1.0) + jax.nn.sigmoid(i) * jnp.tanh(j)
        return c, jnp.tanh(c) * jax.nn.sigmoid(o)

    def loss(weights, x, labels):
        zero = jnp.zeros([training.BATCH, training.UNITS])
        h = network(lambda state, x: cell(weights[0], state, x), x, (zero, zero))[1]
        w, b = weights[1]
        return _cross_entropy(h @ w + b, labels)

    weights = [_dense(training.N_INPUTS + training.UNITS, 4 * training.UNITS), _dense(training.UNITS, 10)]
    return _descent(n, loss, weights, *training.digits(training.SEQUENCE), rate=0.1)


def train_lstm(n):
    def unrolled(cell, x, state):
        for step in range(training.N_STEPS):
            state = cell(state, x[:, step])
        return state

    return _lstm(n, unrolled)


def train_lstm_dynamic(n):
    def scanned(cell, x, state):
        return jax.lax.scan(lambda state, x: (cell(state, x), None), state, jnp.swapaxes(x, 0, 1))[0]

    return _lstm(n, scanned)


COLUMNS = {
    "jax": (
        "JAX " + VERSION,
        {
            "add": lambda n: _trace(n, lambda x: jnp.add(x, x)),
            "add_number": lambda n: _trace(n, lambda x: x + 1.0),
            "run_smallest": run_smallest,
            "run_callable": run_callable,
            "elementwise_single": lambda n: _over(ramp(n), lambda x: x + 1.0),
            "elementwise_chain": lambda n: _over(ramp(n), chain),
            "elementwise_tree": lambda n: _over(ramp(n), tree),
            "reduce_sum": lambda n: _over(matrix(n), jnp.sum),
            "reduce_sum_0": lambda n: _over(matrix(n), lambda x: jnp.sum(x, 0)),
            "reduce_sum_1": lambda n: _over(matrix(n), lambda x: jnp.sum(x, 1)),
            "reduce_max": lambda n: _over(matrix(n), jnp.max),
            "matmul_square": lambda n: _product(n, SQUARE),
            "matmul_layer": lambda n: _product(n, LAYER),
            "train_sgd": train_sgd,
            "train_cnn": train_cnn,
            "train_lstm": train_lstm,
            "train_lstm_dynamic": train_lstm_dynamic,
        },
    )
}

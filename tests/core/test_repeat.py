"""Calls that are repeated from memory build what the functions build."""

import numpy as np
import pytest

import pyscope as tf
from pyscope import _core as core


class Inputs:
    """Placeholders and a variable, `n` rows each."""

    def __init__(self, n, variable=None):
        self.n = n
        self.x = tf.placeholder(tf.float32, [n, 6])
        self.y = tf.placeholder(tf.float32, [n, 6])
        self.open = tf.placeholder(tf.float32, [None, 6])
        self.cube = tf.placeholder(tf.float32, [n, 2, 6])
        self.w = tf.placeholder(tf.float32, [6, 4])
        self.image = tf.placeholder(tf.float32, [n, 8, 8, 3])
        self.filter = tf.placeholder(tf.float32, [3, 3, 3, 5])
        self.ids = tf.placeholder(tf.int32, [n])
        self.labels = tf.placeholder(tf.float32, [n, 4])
        self.logits = tf.placeholder(tf.float32, [n, 4])
        self.bias = tf.placeholder(tf.float32, [4])
        self.mask = tf.placeholder(tf.bool, [n, 6])
        self.number = tf.placeholder(tf.float32, [])
        self.step = tf.placeholder(tf.int32, [])
        self.sizes = tf.placeholder(tf.int32, [2])
        self.v = tf.get_variable("v", [6, 4]) if variable is None else variable


CALLS = {
    "reshape": lambda n: tf.reshape(n.x, [-1, 3]),
    "reshape tensor": lambda n: tf.reshape(n.x, n.sizes),
    "reshape constant": lambda n: tf.reshape(n.x, tf.constant([6, -1])),
    "matmul": lambda n: tf.matmul(n.x, n.y, transpose_b=True),
    "matmul variable": lambda n: tf.matmul(n.x, n.v),
    "operators": lambda n: (n.x @ n.w) / 2.0 - n.labels / n.logits + (-n.logits) ** 2,
    "operators of a variable": lambda n: n.v + n.w * n.v,
    "comparison": lambda n: tf.cast(n.x > 0, tf.float32) + tf.cast(n.x <= n.y, tf.float32),
    "reduce": lambda n: tf.reduce_mean(n.x) + tf.reduce_sum(n.y, axis=[0, 1]) + tf.reduce_max(n.x, 1)[0],
    "reduce unknown": lambda n: tf.reduce_logsumexp(n.open, 1, keepdims=True),
    "argmax": lambda n: tf.argmax(n.x, 1),
    "cast": lambda n: tf.to_float(tf.cast(n.ids, tf.int64)),
    "zeros": lambda n: tf.zeros([n.n, 3]) + tf.ones([n.n, 1]),
    "zeros like": lambda n: tf.zeros_like(n.open) + tf.ones_like(n.x),
    "random": lambda n: tf.random_normal([n.n, 2]) * tf.random_uniform([2], 1, 3) + tf.truncated_normal([2]),
    "dropout": lambda n: tf.nn.dropout(n.x, keep_prob=0.5),
    "dropout tensor": lambda n: tf.nn.dropout(n.x, n.number),
    "concat": lambda n: tf.concat([n.x, n.y, n.x], axis=-1),
    "stack": lambda n: tf.stack([n.x, n.y], axis=1),
    "stack numbers": lambda n: tf.stack([n.step, 3]),
    "split": lambda n: tf.split(n.x, 3, 1),
    "split sizes": lambda n: tf.split(n.x, [1, 5], axis=1),
    "unstack": lambda n: tf.unstack(n.cube, axis=1),
    "squeeze": lambda n: tf.squeeze(tf.expand_dims(n.x, -1), [2]),
    "one hot": lambda n: tf.one_hot(n.ids, 4, on_value=2.0),
    "where": lambda n: tf.where(n.mask, n.x, tf.zeros_like(n.y)),
    "gather": lambda n: tf.gather(n.w, n.ids),
    "lookup": lambda n: tf.nn.embedding_lookup(n.v, n.ids),
    "softmax": lambda n: tf.nn.softmax(n.cube, axis=1),
    "cross entropy": lambda n: tf.nn.softmax_cross_entropy_with_logits(labels=n.labels, logits=n.logits),
    "sparse cross entropy": lambda n: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=n.ids, logits=n.logits),
    "sigmoid cross entropy": lambda n: tf.nn.sigmoid_cross_entropy_with_logits(labels=n.labels, logits=n.logits),
    "conv": lambda n: tf.nn.conv2d(n.image, n.filter, [1, 2, 2, 1], "SAME"),
    "pool": lambda n: tf.nn.max_pool(n.image, [1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID"),
    "transposed conv": lambda n: tf.nn.conv2d_transpose(n.image, n.filter[:, :, :, :3], [n.n, 16, 16, 3], [1, 2, 2, 1]),
    "bias": lambda n: tf.nn.bias_add(n.logits, n.bias),
    "moments": lambda n: tf.nn.moments(n.x, [0]),
    "normalize": lambda n: tf.nn.l2_normalize(n.x, 1),
    "top": lambda n: tf.nn.top_k(n.x, 2),
    "clip": lambda n: tf.clip_by_value(n.x, 0.0, 1.0),
    "clip norm": lambda n: tf.clip_by_norm(n.x, 2.0),
    "clip norms": lambda n: tf.clip_by_global_norm([n.x, n.w], 2.0),
    "decay": lambda n: tf.train.exponential_decay(0.1, n.step, 100, 0.9, staircase=True),
    "loss": lambda n: tf.losses.mean_squared_error(n.labels, n.logits),
    "loss of classes": lambda n: tf.losses.sparse_softmax_cross_entropy(n.ids, n.logits),
    "weighted loss": lambda n: tf.losses.softmax_cross_entropy(n.labels, n.logits, weights=0.5, label_smoothing=0.1),
    "loss with weights": lambda n: tf.losses.absolute_difference(n.labels, n.logits, weights=n.labels),
    "einsum": lambda n: tf.einsum("ij,jk->ik", n.x, n.w),
    "text of a name": lambda n: tf.Print(n.x, [n.x], n.x.op.name),
    "print": lambda n: tf.Print(n.x, [n.y], "y: "),
    "range": lambda n: tf.range(n.n),
    "range of a tensor": lambda n: tf.range(n.step),
    "assert": lambda n: tf.assert_equal(n.ids, n.step),
    "crop": lambda n: tf.random_crop(n.image, [1, 4, 4, 3]),
    "pad": lambda n: tf.pad(n.x, [[0, 0], [1, 1]]),
    "slice": lambda n: tf.slice(n.x, [0, 1], [-1, 2]),
    "boolean mask": lambda n: tf.boolean_mask(n.x, n.mask),
    "tensordot": lambda n: tf.tensordot(n.cube, n.w, [[2], [0]]),
    "sequence mask": lambda n: tf.sequence_mask(n.ids, 7),
}


def _flat(value):
    if isinstance(value, list | tuple):
        return [type(value).__name__] + [_flat(v) for v in value]
    return value.name


def _nodes(graph):
    return [
        (op.name, op.type, [t.name for t in op.inputs], [c.name for c in op.control_inputs], op.device,
         {key: value[1].tolist() if value[0] == "tensor" else str(value[1]) for key, value in op._attrs().items()},
         [(t.dtype, str(t.shape)) for t in op.outputs])
        for op in graph.get_operations()
    ]  # fmt: skip


def _built(call, repeating, seed=None):
    """All nodes, and the names of what the calls return."""
    core.replaying(repeating)
    try:
        with tf.Graph().as_default() as graph:
            graph.seed = seed
            a = Inputs(5)
            b = Inputs(7, a.v)
            out = [_flat(call(a)) for _ in range(4)]
            with tf.name_scope("Outer_2"):
                out += [_flat(call(n)) for n in (b, b, a, b)]
            with tf.name_scope("mul"), tf.name_scope("Sum"):
                out += [_flat(call(a)), _flat(call(b))]
            with tf.control_dependencies([a.x]):
                out.append(_flat(call(a)))
                with tf.control_dependencies([b.y.op]):
                    out.append(_flat(call(b)))
            with tf.device("/cpu:0"):
                out.append(_flat(call(a)))
            with tf.variable_scope("v"):
                out.append(_flat(call(a)))
            out.append(_flat(call(a)))
            return _nodes(graph), out, graph.collections if hasattr(graph, "collections") else None
    finally:
        core.replaying(True)


@pytest.mark.parametrize("name", CALLS)
def test_the_same_is_built(name):
    expected = _built(CALLS[name], False)
    for _ in range(2):
        assert _built(CALLS[name], True) == expected


@pytest.mark.parametrize("name", ["random", "dropout", "crop"])
def test_seeds_of_the_graph(name):
    _built(CALLS[name], True)
    assert _built(CALLS[name], True, seed=3) == _built(CALLS[name], False, seed=3)


@pytest.mark.parametrize(
    "call",
    [
        lambda n, name: tf.reduce_mean(n.x, axis=1, name=name),
        lambda n, name: tf.clip_by_value(n.x, 0.0, 1.0, name=name),
        lambda n, name: tf.nn.dropout(n.x, 0.5, name=name),
        lambda n, name: tf.concat([n.x, n.y], 1, name=name),
        lambda n, name: tf.clip_by_global_norm([n.x, n.y], 1.0, name=name),
        lambda n, name: tf.nn.moments(n.x, [0], name=name),
        lambda n, name: tf.nn.softmax_cross_entropy_with_logits(labels=n.labels, logits=n.logits, name=name),
    ],
)
def test_names(call):
    given = ["out", "out", "Out", "out_1", "out_1", "Mean", "dropout", "mul", "a", "a/b", "a/b", "b", "out_7", "x", "é"]

    def build(repeating):
        core.replaying(repeating)
        try:
            with tf.Graph().as_default() as graph:
                n = Inputs(5)
                with tf.name_scope("below/x/y"):
                    tf.no_op()
                out = []
                for name in given * 3:
                    try:
                        out.append(_flat(call(n, name)))
                    except ValueError as e:
                        out.append(str(e))
                with tf.name_scope("below"):
                    out += [_flat(call(n, "x")), _flat(call(n, "x"))]
                return _nodes(graph), out
        finally:
            core.replaying(True)

    assert build(True) == build(False) == build(True)


def test_arguments_that_are_equal_and_not_the_same():
    def build(repeating):
        core.replaying(repeating)
        try:
            with tf.Graph().as_default() as graph:
                x = tf.placeholder(tf.float32, [4])
                i = tf.placeholder(tf.int32, [4])
                for value in (0.0, -0.0, 0, False, 1, 1.0, True, float("nan")) * 3:
                    for f in (
                        lambda v: tf.clip_by_value(x, v, 2.0), lambda v: tf.clip_by_value(x, v, v),
                        lambda v: tf.maximum(x, v), lambda v: tf.concat([x, x], v), lambda v: tf.fill([2], v),
                        lambda v: tf.zeros([v]), lambda v: tf.stack([i, i], v), lambda v: tf.reduce_sum(x, keepdims=v),
                        lambda v: x / v, lambda v: tf.expand_dims(x, v), lambda v: tf.reduce_sum(x, [v]),
                        lambda v: tf.reduce_sum(x, (v,)), lambda v: tf.constant([[v]]), lambda v: tf.cast(v, tf.int64),
                    ):  # fmt: skip
                        try:
                            f(value)
                        except (TypeError, ValueError):
                            pass
                return [[repr(part) for part in node] for node in _nodes(graph)]
        finally:
            core.replaying(True)

    assert build(True) == build(False)


def test_tensors_that_are_the_same():
    with tf.Graph().as_default():
        x, y, z = (tf.placeholder(tf.float32, [3]) for _ in range(3))
        for a, b in [(x, y), (x, y), (x, y), (x, x), (y, y), (z, z), (z, y)]:
            assert tf.concat([a, b], 0).op.inputs[:2] == (a, b)
            both, one = tf.tuple([a, b]), tf.unstack(tf.stack([a, b]), axis=0)
            assert len(both) == len(one) == 2


def test_shapes_known_from_values():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [12])
        for n in (3, 4, 3, 4, 6, 3, 3, 4, 6):
            assert tf.reshape(x, tf.stack([n, -1])).shape == [n, 12 // n]
            assert tf.reshape(x, tf.constant([n, 12 // n])).shape == [n, 12 // n]
            assert tf.tile(x, tf.constant([n])).shape == [12 * n]
            assert tf.fill(tf.constant([n]), 1.0).shape == [n]
            assert tf.range(tf.constant(float(n))).shape == [n]
            assert tf.one_hot([1], tf.constant(n)).shape == [1, n]


def test_errors_stay():
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [3, 4])
        y = tf.placeholder(tf.float32, [3, 5])
        texts = set()
        for _ in range(5):
            with pytest.raises(ValueError) as e:
                tf.nn.dropout(x, keep_prob=-1.0)
            with pytest.raises(ValueError):
                tf.reduce_sum(x, axis=7)
            with pytest.raises(TypeError):
                tf.reduce_sum(x, reduction_indicies=1)
            with pytest.raises(ValueError):
                tf.concat([x, y], 0)
            texts.add(str(e.value))
        assert len(texts) == 1
        tf.clip_by_value(x, 0.0, 1.0)
        graph.finalize()
        with pytest.raises(RuntimeError, match="Graph is finalized and cannot be modified"):
            tf.clip_by_value(x, 0.0, 1.0)


def test_values():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 3])
        for i in range(1, 6):
            y = tf.clip_by_value(tf.reduce_sum(x * float(i), axis=1), 0.0, 9.0)
            np.testing.assert_allclose(session.run(y, {x: np.ones((2, 3))}), np.minimum([3.0 * i] * 2, 9.0))


def test_losses_are_collected():
    with tf.Graph().as_default():
        x, y = tf.placeholder(tf.float32, [3]), tf.placeholder(tf.float32, [3])
        losses = [tf.losses.mean_squared_error(x, y) for _ in range(5)]
        losses += [tf.losses.compute_weighted_loss(x, 2.0) for _ in range(4)]
        assert tf.losses.get_losses() == losses
        tf.losses.mean_squared_error(x, y, loss_collection=None)
        tf.losses.log_loss(x, y, loss_collection="others")
        assert tf.losses.get_losses() == losses and len(tf.get_collection("others")) == 1
        with tf.name_scope("again") as scope:
            for _ in range(4):
                losses.append(tf.losses.hinge_loss(x, y, scope=scope))
        assert losses[-1].name.startswith("again/") and tf.losses.get_losses() == losses
        with pytest.raises(ValueError, match="Invalid Reduction Key"):
            tf.losses.mean_squared_error(x, y, reduction="other")


def test_other_graphs_and_functions():
    x = tf.placeholder(tf.float32, [3])
    for _ in range(4):
        with tf.Graph().as_default() as graph:
            assert tf.nn.moments(x, [0])[0].graph is x.graph
            y = tf.placeholder(tf.float32, [3])
            p = tf.placeholder(tf.bool, [])
            tf.cond(p, lambda: tf.nn.moments(y, [0])[0], lambda: tf.reduce_sum(y))  # noqa: B023
            assert [op.type for op in graph.get_operations()].count("Mean") == 0


def test_options():
    with pytest.raises(ValueError, match="has no parameter z"):
        core.repeats(lambda x, y: x, ignoring="z")
    with pytest.raises(ValueError, match="of a kind that Call does not know"):
        core.repeats(lambda *x: x)

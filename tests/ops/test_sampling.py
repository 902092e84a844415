"""Candidate samplers draw what TensorFlow 2.21 draws from the same seeds; sampled losses."""

import hashlib

import numpy as np
import pytest

import pyscope as tf

# Candidates of two consecutive runs in TF: graph seed 7, op seed 3, labels 1, 5, 11.
RECORDED = [
    (("log_uniform_candidate_sampler", True, 5, 20), [([0, 3, 18, 2, 8], 0.7877652), ([15, 3, 0, 6, 4], 0.113684)]),
    (
        ("log_uniform_candidate_sampler", False, 7, 1000),
        [([3, 25, 804, 0, 12, 183, 94], 0.2260907), ([9, 12, 3, 29, 797, 518, 324], 0.09656896)],
    ),
    (
        ("log_uniform_candidate_sampler", True, 10, 12),
        [([0, 2, 10, 1, 5, 4, 7, 6, 3, 11], 0.9999999), ([0, 1, 2, 4, 6, 3, 5, 10, 7, 8], 0.9999987)],
    ),
    (("log_uniform_candidate_sampler", False, 4, 16), [([0, 2, 14, 0], 0.9786022), ([9, 3, 1, 1], 0.1345612)]),
    (("uniform_candidate_sampler", True, 5, 20), [([1, 8, 2, 18, 10], 0.2649081), ([19, 7, 3, 2, 14], 0.25)]),
    (
        ("uniform_candidate_sampler", False, 7, 1000),
        [([361, 448, 822, 842, 258, 230, 976], 0.007), ([591, 806, 593, 432, 687, 275, 448], 0.007)],
    ),
    (
        ("uniform_candidate_sampler", True, 10, 12),
        [([9, 8, 10, 6, 2, 0, 1, 7, 11, 4], 0.8958888), ([10, 0, 7, 11, 4, 2, 3, 5, 8, 6], 0.8525476)],
    ),
    (("uniform_candidate_sampler", False, 4, 16), [([9, 8, 14, 2], 0.25), ([5, 11, 12, 5], 0.25)]),
]


@pytest.mark.parametrize("name, unique, n, range_max", [key for key, _ in RECORDED])
def test_candidates(name, unique, n, range_max):
    expected = dict(RECORDED)[name, unique, n, range_max]
    tf.set_random_seed(7)
    labels = tf.constant([[1], [5], [11]], tf.int64)
    candidates = getattr(tf.nn, name)(labels, 1, n, unique, range_max, seed=3)
    with tf.Session() as sess:
        for wanted, count in expected:
            sampled, true_count, sampled_count = sess.run(candidates)
            assert sampled.tolist() == wanted
            assert sampled_count[0] == pytest.approx(count, rel=1e-5)
            assert true_count.shape == (3, 1)


# The same with two labels an example, larger: sum of the candidates, and the start of the MD5 digest of their bytes.
LARGE = [
    (("log_uniform_candidate_sampler", True, 1000, 50000),
     [(7860383, "364202c8"), (7588657, "dfae6026"), (7989905, "2a362a83")]),
    (("log_uniform_candidate_sampler", False, 3000, 999983),
     [(209151120, "56989779"), (227883555, "a9cbfaaf"), (226084132, "a9cec53b")]),
    (("uniform_candidate_sampler", True, 1000, 50000),
     [(24854822, "16a7bed3"), (25010446, "b8b718d3"), (23906891, "2fe7fcae")]),
    (("uniform_candidate_sampler", False, 3000, 999983),
     [(1486365610, "95f88f88"), (1505193586, "beb030eb"), (1518776249, "cfd161e8")]),
]


@pytest.mark.parametrize("key, runs", LARGE)
def test_many_candidates(key, runs):
    name, unique, n, range_max = key
    tf.set_random_seed(7)
    labels = tf.constant(np.arange(0, 100, 3).reshape(-1, 2), tf.int64)
    candidates = getattr(tf.nn, name)(labels, 2, n, unique, range_max, seed=3)
    with tf.Session() as sess:
        for total, digest in runs:
            sampled = sess.run(candidates[0])
            assert (sampled.sum(), hashlib.md5(sampled.tobytes()).hexdigest()[:8]) == (total, digest)


def test_true_classes_must_be_in_range():
    labels = tf.constant([[99]], tf.int64)
    candidates = tf.nn.log_uniform_candidate_sampler(labels, 1, 3, True, 10)
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="out of range"):
        sess.run(candidates)


def test_accidental_hits():
    hits = tf.nn.compute_accidental_hits(tf.constant([[4], [9]], tf.int64), tf.constant([9, 0, 4], tf.int64), 1)
    with tf.Session() as sess:
        rows, positions, weights = sess.run(hits)
    assert rows.tolist() == [0, 1]
    assert positions.tolist() == [2, 0]
    assert np.all(weights < -1e38)


def test_sampled_softmax_over_all_classes_is_the_softmax():
    rng = np.random.RandomState(0)
    weights = tf.constant(rng.randn(6, 4), tf.float32)
    biases = tf.constant(rng.randn(6), tf.float32)
    inputs = tf.constant(rng.randn(3, 4), tf.float32)
    labels = tf.constant([[1], [5], [2]], tf.int64)
    everything = tf.nn.all_candidate_sampler(labels, 1, 6, True)
    sampled = tf.nn.sampled_softmax_loss(weights, biases, labels, inputs, 6, 6, sampled_values=everything)
    logits = tf.matmul(inputs, weights, transpose_b=True) + biases
    full = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.reshape(labels, [-1]), logits=logits)
    gradients = [tf.gradients(loss, [inputs])[0] for loss in (sampled, full)]
    with tf.Session() as sess:
        for a, b in (sess.run([sampled, full]), sess.run(gradients)):
            np.testing.assert_allclose(a, b, rtol=1e-5)


def test_nce_loss_falls_in_training():
    tf.set_random_seed(1)
    table = tf.get_variable("table", [20, 8])
    weights = tf.get_variable("weights", [20, 8])
    biases = tf.get_variable("biases", [20], initializer=tf.zeros_initializer())
    words = tf.constant([1, 2, 3, 4], tf.int64)
    inputs = tf.nn.embedding_lookup(table, words)
    loss = tf.reduce_mean(tf.nn.nce_loss(weights, biases, tf.reshape(words + 5, [-1, 1]), inputs, 5, 20))
    train = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        losses = [sess.run([loss, train])[0] for _ in range(60)]
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:10])

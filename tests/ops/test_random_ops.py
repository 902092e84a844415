"""Random ops: the seeds of nodes, their streams in sessions, and errors."""

import numpy as np
import pytest

import pyscope as tf
from pyscope import _core as core


def _seeds(tensor):
    for op in tensor.graph.get_operations():
        if op.type.startswith("Random") or op.type in ("TruncatedNormal", "Multinomial"):
            found = op.get_attr("seed"), op.get_attr("seed2")
    return found


@pytest.mark.parametrize(
    ("graph_seed", "wanted"),
    [
        (None, [(None, None), (87654321, 0), (87654321, 3), (None, None), (87654321, 2147483640)]),
        (0, [(0, 2147483647), (0, 2147483647), (0, 3), (0, 1), (0, 2147483640)]),
        (2**31 - 1, [(0, 2147483647), (0, 2147483647), (0, 3), (0, 1), (0, 2147483640)]),
        (-1, [(2147483646, 0), (2147483646, 0), (2147483646, 3), (2147483646, 1), (2147483646, 2147483640)]),
        (2**40, [(512, 0), (512, 0), (512, 3), (512, 1), (512, 2147483640)]),
    ],
)
def test_seeds_of_graph_and_op(graph_seed, wanted):
    if graph_seed is not None:
        tf.set_random_seed(graph_seed)
    assert [tf.get_seed(op_seed) for op_seed in (None, 0, 3, None, -7)] == wanted


def test_nodes_of_a_normal(graph):
    x = tf.random_normal([2, 3], mean=1.0, seed=5)
    assert [op.name for op in graph.get_operations()] == [
        "random_normal/shape",
        "random_normal/mean",
        "random_normal/stddev",
        "random_normal/RandomStandardNormal",
        "random_normal/mul",
        "random_normal",
    ]
    assert x.shape.as_list() == [2, 3]
    assert _seeds(x) == (87654321, 5)


@pytest.mark.parametrize(
    ("arguments", "types"),
    [
        ({}, ["Const", "RandomUniform"]),
        ({"maxval": 2.0}, ["Const", "Const", "Const", "RandomUniform", "Mul"]),
        ({"minval": -1.0}, ["Const", "Const", "Const", "RandomUniform", "Sub", "Mul", "AddV2"]),
        ({"maxval": 9, "dtype": tf.int64}, ["Const", "Const", "Const", "RandomUniformInt"]),
    ],
)
def test_nodes_of_a_uniform(graph, arguments, types):
    tf.random_uniform([4], **arguments)
    assert [op.type for op in graph.get_operations()] == types


def test_runs_go_on_in_the_stream_and_sessions_start_over():
    x = tf.random_uniform([3], seed=7)
    generator = core.PhiloxGenerator(87654321, 7)
    wanted = [core.random_fill("uniform", generator, (3,), "float32") for _ in range(3)]
    for _ in range(2):
        with tf.Session() as session:
            np.testing.assert_array_equal([session.run(x) for _ in range(3)], wanted)


def test_gamma_is_positive_and_has_the_right_mean():
    x = tf.random_gamma([20000], alpha=[0.5, 2.0], beta=[[1.0], [4.0]], seed=1, dtype=tf.float64)
    with tf.Session() as session:
        found = session.run(x)
    assert found.shape == (20000, 2, 2)
    assert found.min() > 0
    np.testing.assert_allclose(found.mean(axis=0), [[0.5, 2.0], [0.125, 0.5]], rtol=0.05)


def test_shape_is_known_from_a_placeholder():
    x = tf.placeholder(tf.float32, [None, 4])
    assert tf.random_normal(tf.shape(x)).shape.as_list() == [None, 4]
    assert tf.multinomial(x, 3).shape.as_list() == [None, 3]


def test_stateless_runs_repeat():
    seed = tf.placeholder(tf.int64, [2])
    x = tf.random.stateless_normal([4], seed)
    with tf.Session() as session:
        first, again = session.run(x, {seed: [1, 2]}), session.run(x, {seed: [1, 2]})
        other = session.run(x, {seed: [1, 3]})
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == other)


def test_philox_by_name_equals_the_automatic_choice():
    by_name = tf.random.stateless_uniform([5], [12, 34], alg="philox")
    automatic = tf.random.stateless_uniform([5], [12, 34])
    with tf.Session() as session:
        np.testing.assert_array_equal(*session.run([by_name, automatic]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tf.random_uniform([2], dtype=tf.int32), "Must specify maxval for integer dtype tf.int32"),
        (lambda: tf.random_uniform([2], dtype=tf.string), "Argument `dtype` got invalid value <dtype: "),
        (lambda: tf.random_uniform(5), "Shape must be rank 1 but is rank 0"),
        (lambda: tf.multinomial(tf.zeros([3]), 2), "Shape must be rank 2 but is rank 1"),
        (lambda: tf.random.stateless_uniform([2], [1, 2, 3]), "Dimension must be 2 but is 3"),
        (lambda: tf.random.stateless_uniform([2], [1, 2], alg="x"), "Argument `alg` got unsupported value x"),
    ],
)
def test_errors_while_building(make, message):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("make", "value", "message"),
    [
        (lambda x: tf.random_uniform(x), [-2, 3], "Dimension -2 must be >= 0"),
        (lambda x: tf.random_uniform(x), 3, "shape must be a vector of {int32,int64}, got shape []"),
        (lambda x: tf.random_uniform([2], 5, x, dtype=tf.int32), 5, "Need minval < maxval, got 5 >= 5"),
        (lambda x: tf.multinomial([[1.0]], x), -1, "num_samples should be non-negative, got -1"),
    ],
)
def test_errors_in_a_run(make, value, message):
    x = tf.placeholder(tf.int32)
    y = make(x)
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError) as error:
        session.run(y, {x: value})
    assert message in str(error.value)

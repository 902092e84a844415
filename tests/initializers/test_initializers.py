"""Initializers: values, distributions, configurations, errors, and their names in the API."""

import math

import numpy as np
import pytest

import pyscope as tf


def value(initializer, shape, **arguments):
    with tf.Session() as session:
        return session.run(initializer(shape, **arguments))


# ---------------------------------------------------------------- values


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64, tf.int32, tf.int64, tf.bool])
def test_zeros_and_ones(dtype):
    zeros, ones = value(tf.zeros_initializer(), [2, 3], dtype=dtype), value(tf.ones_initializer(dtype), [2])
    assert zeros.dtype == ones.dtype == dtype.as_numpy_dtype
    assert not zeros.any()
    assert ones.all()


def test_large_zeros_are_filled():
    assert tf.zeros_initializer()([10, 99]).op.type == "Const"
    assert tf.zeros_initializer()([10, 100]).op.type == "Fill"


@pytest.mark.parametrize(("given", "shape", "expected"), [
    (3, [2], [3, 3]), ([1, 2, 3, 4], [2, 2], [[1, 2], [3, 4]]), (np.array([1.0, 2.0]), [2], [1, 2]),
    ([[5]], [3], [5, 5, 5]), (True, [1], [1]),
])
def test_constant(given, shape, expected):
    assert value(tf.constant_initializer(given), shape).tolist() == expected


def test_constant_of_the_wrong_size():
    assert value(tf.constant_initializer([1.0, 2.0]), [3]).tolist() == [1.0, 2.0, 2.0]
    with pytest.raises(ValueError):
        tf.constant_initializer([1.0, 2.0])([1])
    with pytest.raises(TypeError):
        tf.constant_initializer([1.0, 2.0], verify_shape=True)([2, 1])
    assert value(tf.constant_initializer([1.0, 2.0]), [2, 1]).tolist() == [[1.0], [2.0]]
    with pytest.raises(TypeError, match="^Invalid type for initial value=.* Expected Python scalar, list or tuple of "
                                        "values, or numpy.ndarray.$"):
        tf.constant_initializer(tf.constant(1.0))


def test_identity():
    assert value(tf.initializers.identity(2.0), [2, 3]).tolist() == [[2, 0, 0], [0, 2, 0]]
    with pytest.raises(ValueError, match=r"must be at least two-dimensional. Received shape=\[2\]$"):
        tf.initializers.identity()([2])
    v = tf.get_variable("v", [3, 3], initializer=tf.initializers.identity(), partitioner=tf.fixed_size_partitioner(2))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(tf.convert_to_tensor(v)).tolist() == np.eye(3).tolist()


@pytest.mark.parametrize("shape", [[4, 4], [6, 3], [3, 6], [2, 2, 4]])
def test_orthogonal(shape):
    matrix = value(tf.orthogonal_initializer(gain=2.0, seed=1), shape).reshape(-1, shape[-1]) / 2.0
    product = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-5)


def test_orthogonal_needs_two_dimensions():
    with pytest.raises(ValueError, match=r"must be at least two-dimensional. Received shape=\[4\]$"):
        tf.orthogonal_initializer()([4])


# ---------------------------------------------------------------- distributions


@pytest.mark.parametrize(("make", "limit"), [
    (lambda: tf.random_uniform_initializer(-0.5, 0.5, seed=1), 0.5),
    (lambda: tf.uniform_unit_scaling_initializer(seed=1), math.sqrt(3 / 40)),
    (lambda: tf.uniform_unit_scaling_initializer(2.0, seed=1), 2 * math.sqrt(3 / 40)),
    (lambda: tf.glorot_uniform_initializer(seed=1), math.sqrt(6 / 100)),
    (lambda: tf.initializers.he_uniform(seed=1), math.sqrt(6 / 40)),
    (lambda: tf.initializers.lecun_uniform(seed=1), math.sqrt(3 / 40)),
    (lambda: tf.variance_scaling_initializer(2.0, "fan_out", "uniform", seed=1), math.sqrt(6 / 60)),
])
def test_uniform(make, limit):
    values = value(make(), [40, 60])
    assert 0.98 * limit < np.abs(values).max() <= limit
    assert abs(values.mean()) < 0.05 * limit


@pytest.mark.parametrize(("make", "stddev", "furthest"), [
    (lambda: tf.random_normal_initializer(0.0, 0.5, seed=1), 0.5, None),
    (lambda: tf.truncated_normal_initializer(0.0, 0.5, seed=1), 0.5 * 0.87962566, 1.0),
    (lambda: tf.glorot_normal_initializer(seed=1), math.sqrt(2 / 100), 2 * math.sqrt(2 / 100) / 0.87962566),
    (lambda: tf.initializers.he_normal(seed=1), math.sqrt(2 / 40), 2 * math.sqrt(2 / 40) / 0.87962566),
    (lambda: tf.initializers.lecun_normal(seed=1), math.sqrt(1 / 40), 2 * math.sqrt(1 / 40) / 0.87962566),
    (lambda: tf.variance_scaling_initializer(distribution="untruncated_normal", seed=1), math.sqrt(1 / 40), None),
    (lambda: tf.variance_scaling_initializer(distribution="NORMAL", seed=1), math.sqrt(1 / 40), 0.5),
])
def test_normal(make, stddev, furthest):
    values = value(make(), [40, 60])
    assert values.std() == pytest.approx(stddev, rel=0.05)
    if furthest is not None:
        assert np.abs(values).max() <= furthest


def test_integers():
    values = value(tf.random_uniform_initializer(0, 5, seed=1, dtype=tf.int32), [100])
    assert sorted(set(values.tolist())) == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="^Must specify maxval for integer dtype tf.int32"):
        tf.random_uniform_initializer(dtype=tf.int32)([1])


def test_parts_are_scaled_as_the_whole():
    v = tf.get_variable("v", [40, 60], initializer=tf.glorot_uniform_initializer(seed=1),
                        partitioner=tf.fixed_size_partitioner(4))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert np.abs(session.run(list(v)[0])).max() == pytest.approx(math.sqrt(6 / 100), rel=0.05)


def test_receptive_fields_count_in():
    values = value(tf.glorot_uniform_initializer(seed=1), [3, 3, 4, 8])
    assert np.abs(values).max() == pytest.approx(math.sqrt(6 / (9 * 12)), rel=0.05)


# ---------------------------------------------------------------- construction


@pytest.mark.parametrize(("make", "message"), [
    (lambda: tf.variance_scaling_initializer(0.0), "Argument `scale` must be a positive float. Received: 0.0"),
    (lambda: tf.variance_scaling_initializer(mode="fan"),
     "Argument `mode` should be one of ('fan_in', 'fan_out', 'fan_avg'). Received: fan"),
    (lambda: tf.variance_scaling_initializer(distribution="other"),
     "Argument `distribution` should be one of ('normal', uniform', 'truncated_normal', 'untruncated_normal'). "
     "Received: other"),
    (lambda: tf.random_normal_initializer(dtype=tf.int32),
     "Argument `dtype` is expected to be floating point. Received: <dtype: 'int32'>."),
    (lambda: tf.orthogonal_initializer(dtype=tf.bool),
     "Argument `dtype` is expected to be floating point. Received: <dtype: 'bool'>."),
])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize("initializer", [
    tf.zeros_initializer(tf.int32), tf.ones_initializer(), tf.constant_initializer([1, 2], tf.float64),
    tf.random_uniform_initializer(-1.0, 2.0, 3), tf.random_normal_initializer(1.0, 2.0, 3),
    tf.truncated_normal_initializer(1.0, 2.0, 3, tf.float64), tf.uniform_unit_scaling_initializer(2.0, 3),
    tf.variance_scaling_initializer(2.0, "fan_out", "uniform", 3), tf.orthogonal_initializer(2.0, 3),
    tf.initializers.identity(2.0), tf.glorot_uniform_initializer(3), tf.glorot_normal_initializer(3),
], ids=lambda i: type(i).__name__)
def test_configurations_round_trip(initializer):
    again = type(initializer).from_config(initializer.get_config())
    assert again.get_config() == initializer.get_config()
    assert vars(again) == vars(initializer)


def test_names():
    for name in ("zeros", "ones", "constant", "random_uniform", "random_normal", "truncated_normal",
                 "uniform_unit_scaling", "variance_scaling", "glorot_uniform", "glorot_normal", "orthogonal"):
        assert getattr(tf, name + "_initializer") is getattr(tf.initializers, name)
    assert tf.initializers.global_variables is tf.global_variables_initializer
    assert tf.initializers.variables is tf.variables_initializer


# ---------------------------------------------------------------- tf.keras.initializers


def test_keras_defaults():
    keras = tf.keras.initializers
    assert keras.RandomNormal().get_config()["stddev"] == 0.05
    assert keras.TruncatedNormal().get_config()["stddev"] == 0.05
    assert keras.RandomUniform().get_config()["maxval"] == 0.05
    assert keras.Zeros is tf.zeros_initializer


def test_keras_get():
    keras = tf.keras.initializers
    assert isinstance(keras.get("glorot_uniform"), keras.GlorotUniform)
    assert keras.get("he_normal").get_config() == keras.he_normal().get_config()
    assert keras.get(None) is None
    ones = keras.Ones()
    assert keras.get(ones) is ones
    assert keras.get(keras.Ones) is keras.Ones
    assert keras.deserialize("he_normal") is keras.he_normal
    again = keras.get(keras.serialize(keras.RandomNormal(seed=3)))
    assert again.get_config() == keras.RandomNormal(seed=3).get_config()
    with pytest.raises(ValueError, match="^Unknown initializer:nothing$"):
        keras.get("nothing")

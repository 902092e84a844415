"""String ops against what TensorFlow gives for the same calls."""

import pytest

import pyscope as tf


def run(tensor):
    with tf.Session() as session:
        value = session.run(tensor)
    return value.tolist() if hasattr(value, "tolist") else value


def test_join_broadcasts_scalars():
    assert run(tf.string_join([["a", "b"], "x"], "-")) == [b"a-x", b"b-x"]


def test_as_string_follows_printf():
    assert run(tf.as_string([1, -2])) == [b"1", b"-2"]
    assert run(tf.as_string([1.5])) == [b"1.500000"]
    assert run(tf.as_string([1.5, 100000.0], precision=2, width=8)) == [b"    1.50", b"100000.00"]
    assert run(tf.as_string([True, False])) == [b"true", b"false"]


def test_numbers():
    assert run(tf.string_to_number(["1.5", "-2"])) == [1.5, -2.0]
    with pytest.raises(tf.errors.InvalidArgumentError, match="could not correctly convert string: one"):
        run(tf.string_to_number(["one"]))


def test_parts():
    assert run(tf.substr(["hello", "world"], 1, 3)) == [b"ell", b"orl"]
    assert run(tf.substr("hello", -3, 2)) == b"ll"
    assert run(tf.strings.length(["", "h\u00e9"])) == [0, 3]
    assert run(tf.strings.length(["h\u00e9"], unit="UTF8_CHAR")) == [2]
    with pytest.raises(tf.errors.InvalidArgumentError, match="pos 9 out of range"):
        run(tf.substr("hello", 9, 1))


def test_forms():
    assert run(tf.strings.upper(["aBc", "\u00e9"])) == [b"ABC", "\u00e9".encode()]
    assert run(tf.strings.upper("\u00e9", encoding="utf-8")) == "\u00c9".encode()
    assert run(tf.string_strip([" a\n"])) == [b"a"]

"""The short way of ``Session.run``: structures and feeds that the core takes apart, against the long way."""

import collections

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pyscope as tf

Pair = collections.namedtuple("Pair", "first second")


@pytest.fixture(scope="module")
def program():
    """A graph, its session and what may be fetched."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None], name="x")
        y = tf.multiply(x, 2.0, name="y")
        v = tf.Variable(3.0, name="v")
        session = tf.Session()
        session.run(v.initializer)
        leaves = [y, y + 1.0, v, tf.no_op(name="nothing"), "y:0", "nothing", v.op, tf.reduce_sum(y)]
        yield session, x, leaves


def _structures():
    return st.recursive(
        st.integers(0, 7),
        lambda part: st.lists(part, max_size=4)
        | st.lists(part, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from("abc"), part, max_size=3)
        | st.tuples(part, part).map(lambda two: Pair(*two)),
        max_leaves=8,
    )


def _mapped(structure, leaf):
    if isinstance(structure, dict):
        return {key: _mapped(part, leaf) for key, part in structure.items()}
    if isinstance(structure, Pair):
        return Pair(*[_mapped(part, leaf) for part in structure])
    if isinstance(structure, (list, tuple)):
        return type(structure)([_mapped(part, leaf) for part in structure])
    return leaf(structure)


@settings(deadline=None, max_examples=60)
@given(_structures())
def test_any_structure_has_its_values(program, structure):
    session, x, leaves = program
    y = np.array([2.0, 4.0], np.float32)
    values = [y, y + 1, np.float32(3), None, y, None, session.run(leaves[6]), np.float32(6)]
    found = session.run(_mapped(structure, leaves.__getitem__), {x: [1, 2]})
    assert repr(found) == repr(_mapped(structure, values.__getitem__))
    assert repr(found) == repr(session._run(_mapped(structure, leaves.__getitem__), {x: [1, 2]}, None, None))


def test_a_structure_that_holds_itself(program):
    session, x, leaves = program
    endless = [leaves[0]]
    endless.append(endless)
    with pytest.raises(RecursionError):
        session.run(endless, {x: [1.0]})


@pytest.mark.parametrize(
    "fetches, error, message",
    [
        ([None], TypeError, "Argument `fetch` = None has invalid type \"NoneType\". Cannot be None"),
        ({"a": 5}, TypeError, "Argument `fetch` = 5 has invalid type \"int\" must be a string or Tensor. "),
        (["z:0"], ValueError, "Argument `fetch` = z:0 cannot be interpreted as a Tensor. "),
    ],
)
def test_a_wrong_fetch_is_named(program, fetches, error, message):
    session, x, _ = program
    with pytest.raises(error) as caught:
        session.run(fetches, {x: [1.0]})
    assert str(caught.value).startswith(message)


def test_a_tensor_of_another_graph(program):
    session, x, _ = program
    with tf.Graph().as_default():
        other = tf.constant(1.0)
    for fetches in ([other], (other.op,), {"a": other}, other):
        with pytest.raises(ValueError, match="cannot be interpreted as a Tensor"):
            session.run(fetches, {x: [1.0]})


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64, tf.float16, tf.int32, tf.int64, tf.uint8, tf.bool])
@pytest.mark.parametrize(
    "value",
    [
        2,
        True,
        1.5,
        [1, 0],
        [1.5, -2.25],
        [True, False],
        (1, 2.5),
        [[1, 2], [3, 4]],
        [],
        np.float64(1.25),
        np.int64(7),
        np.bool_(True),
        np.arange(4, dtype=">i4"),
        np.arange(6, dtype=np.float64)[::2],
        np.array([1e300, np.nan, np.inf]),
        np.array([1 + 2j]),
    ],
    ids=repr,
)
def test_a_feed_is_converted_as_numpy_does(dtype, value):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(dtype)
        given = np.asarray(value)
        with np.errstate(all="ignore"):
            expected = (given.real if given.dtype.kind == "c" else given).astype(dtype.as_numpy_dtype)
        if isinstance(value, int) and expected != value:
            with pytest.raises(TypeError, match="is not compatible with Tensor type"):
                session.run(tf.identity(x), {x: value})
        else:
            found = session.run(tf.identity(x), {x: value})
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("value", [2**24 + 1, 2**31, 2**63, 2**70, -(2**31) - 1])
@pytest.mark.parametrize("dtype", [tf.float32, tf.int32, tf.int64, tf.bool])
def test_an_int_that_does_not_fit_is_refused(dtype, value):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(dtype)
        try:
            fits = np.array(value).astype(dtype.as_numpy_dtype)[()] == value
        except OverflowError:
            fits = False
        if fits:
            assert session.run(tf.identity(x), {x: value}) == value
        else:
            with pytest.raises((TypeError, OverflowError)):
                session.run(tf.identity(x), {x: value})


def test_a_converted_feed_of_a_wrong_shape():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2], name="x")
        with pytest.raises(ValueError) as caught:
            session.run(x + 1.0, {x: [1, 2, 3]})
    assert str(caught.value) == "Cannot feed value of shape (3,) for Tensor x:0, which has shape (2,)"

"""Sessions: fetch structures, feeds, errors, contexts, callables and partial runs."""

import collections
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pyscope as tf
from pyscope import _core as core
from pyscope import session as session_module
from pyscope.ops.identity import identity, placeholder

Pair = collections.namedtuple("Pair", "a b")


@pytest.fixture
def sess(graph):
    with tf.Session() as sess:
        yield sess


def _x():
    return placeholder(tf.float32, [3], name="x")


# ---------------------------------------------------------------- fetches

LEAVES = st.integers(0, 4)
STRUCTURES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.tuples(inner, inner).map(lambda p: Pair(*p)),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(collections.OrderedDict),
    ),
    max_leaves=8,
)


def _map(function, structure):
    if isinstance(structure, dict):
        return type(structure)((k, _map(function, v)) for k, v in structure.items())
    if isinstance(structure, Pair):
        return Pair(*[_map(function, v) for v in structure])
    if isinstance(structure, (list, tuple)):
        return type(structure)(_map(function, v) for v in structure)
    return function(structure)


@settings(max_examples=100, deadline=None)
@given(STRUCTURES)
def test_fetch_structures(structure):
    with tf.Graph().as_default(), tf.Session() as sess:
        x = placeholder(tf.float32, [], name="x")
        tensors = [x + float(i) for i in range(3)]
        fetches = [*tensors, tensors[0].op, tensors[1].name]
        values = [np.float32(1), np.float32(2), np.float32(3), None, np.float32(2)]
        found = sess.run(_map(fetches.__getitem__, structure), {x: 1.0})
        assert found == _map(values.__getitem__, structure)
        assert type(found) is type(_map(values.__getitem__, structure))


def test_default_dict_and_attrs_fetches(sess):
    x = _x()
    found = sess.run(collections.defaultdict(list, q=x + 1.0), {x: [1, 2, 3]})
    assert type(found) is collections.defaultdict and found.default_factory is list
    assert found["missing"] == []

    class Attrs:  # what the package attrs makes
        Field = collections.namedtuple("Field", "name")
        __attrs_attrs__ = (Field("left"), Field("right"))

        def __init__(self, left, right):
            self.left, self.right = left, right

    found = sess.run(Attrs(x + 1.0, [x + 2.0]), {x: [1, 2, 3]})
    assert type(found) is Attrs and found.right[0][0] == 3.0


def test_values_of_scalars(sess):
    found = sess.run([tf.constant(1.0), tf.constant(1), tf.constant(True), tf.constant("a"), tf.constant(["a"])])
    assert [type(v) for v in found] == [np.float32, np.int32, np.bool_, bytes, np.ndarray]
    assert found[4].dtype == object and found[4][0] == b"a"


def test_fed_fetch_is_the_fed_array(sess):
    x = _x()
    feed = np.ones(3, np.float32)
    assert sess.run(x, {x: feed}) is feed
    scalar = placeholder(tf.float32, [])
    assert type(sess.run(scalar, {scalar: 2.0})) is np.ndarray


@pytest.mark.parametrize(
    ("fetch", "error", "text"),
    [
        (None, TypeError, 'Argument `fetch` = None has invalid type "NoneType". Cannot be None'),
        (3, TypeError, 'Argument `fetch` = 3 has invalid type "int" must be a string or Tensor. (Can not '
         'convert a int '
         "into a Tensor or Operation.)"),
        ("nope:0", ValueError, "Argument `fetch` = nope:0 cannot be interpreted as a Tensor. (\"The name "
         "'nope:0' refers "
         "to a Tensor which does not exist. The operation, 'nope', does not exist in the graph.\")"),
        ("nope", ValueError, "Argument `fetch` = nope cannot be interpreted as a Tensor. (\"The name "
         "'nope' refers to an "
         'Operation not in the graph.")'),
        ("x:1", ValueError, "Argument `fetch` = x:1 cannot be interpreted as a Tensor. (\"The name 'x:1' "
         "refers to a "
         "Tensor which does not exist. The operation, 'x', exists but only has 1 outputs.\")"),
        ("x:a", ValueError, "Argument `fetch` = x:a cannot be interpreted as a Tensor. (The name 'x:a' "
         "looks a like a "
         'Tensor name, but is not a valid one. Tensor names must be of the form '
         '"<op_name>:<output_index>".)'),
    ],
)  # fmt: skip
def test_bad_fetches(sess, fetch, error, text):
    x = _x()
    for fetches in (fetch, [x, fetch], {"k": fetch}):
        with pytest.raises(error) as caught:
            sess.run(fetches, {x: [1, 2, 3]})
        assert str(caught.value) == text


def test_fetch_of_another_graph(sess):
    _x()
    with tf.Graph().as_default():
        z = tf.constant(1.0, name="z")
    with pytest.raises(ValueError, match="is not an element of this graph"):
        sess.run(z)
    with pytest.raises(TypeError, match="Cannot interpret feed_dict key as Tensor: Tensor Tensor"):
        sess.run("x:0", {z: 1.0})


def test_prevented_fetches_and_feeds(sess, graph):
    c = tf.constant([1.0, 2.0], name="c")
    graph.prevent_feeding(c)
    with pytest.raises(ValueError, match="Tensor c:0 may not be fed."):
        sess.run(c + 1.0, {c: [3.0, 4.0]})
    graph.prevent_fetching(c.op)
    with pytest.raises(ValueError, match="Operation c has been marked as not fetchable"):
        sess.run(c)


# ---------------------------------------------------------------- feeds


def test_feed_conversions(sess):
    cases = [
        (tf.float32, 3, np.float32(3)), (tf.float32, True, np.float32(1)), (tf.float32, [1, 2], None),
        (tf.int32, 1.5, np.int32(1)), (tf.int64, "1", np.int64(1)), (tf.bool, "x", np.True_),
        (tf.uint8, np.array([300]), np.array([44], np.uint8)), (tf.float16, 1.5, np.float16(1.5)),
        (tf.float32, 1j, np.float32(0)), (tf.complex64, 1j, np.complex64(1j)),
        (tf.string, "abc", b"abc"), (tf.string, ["é", b"\xff\x00"], None),
        (tf.string, np.array(["é", "b"]), None), (tf.string, np.array([b"ab", b"c"]), None),
    ]  # fmt: skip
    for dtype, value, want in cases:
        x = placeholder(dtype, None)
        found = sess.run(identity(x), {x: value})
        if want is not None:
            np.testing.assert_array_equal(found, want)
            assert getattr(found, "dtype", None) == getattr(want, "dtype", None)
    assert sess.run(identity(x), {x: ["é", b"\xff\x00"]}).tolist() == ["é".encode(), b"\xff\x00"]


@pytest.mark.parametrize(
    ("dtype", "value", "error", "text"),
    [
        (tf.int32, 2**40, TypeError, "Type of feed value 1099511627776 with type <class 'int'> is not "
         "compatible with "
         "Tensor type <class 'numpy.int32'>. Try explicitly setting the type of the feed tensor to a "
         "larger type (e.g. "
         "int64)."),
        (tf.uint8, -1, TypeError, "Type of feed value -1 with type <class 'int'> is not compatible with "
         "Tensor type "
         "<class 'numpy.uint8'>. Try explicitly setting the type of the feed tensor to a larger type (e.g. "
         "int64)."),
        (tf.string, 3, TypeError, "Type of feed value 3 with type <class 'int'> is not compatible with "
         "Tensor type "
         "<class 'object'>. Try explicitly setting the type of the feed tensor to a larger type (e.g. "
         "int64)."),
        (tf.float32, [[1, 2], [3]], ValueError, "setting an array element with a sequence. The requested "
         "array has an "
         "inhomogeneous shape after 1 dimensions. The detected shape was (2,) + inhomogeneous part."),
        (tf.string, [3, 4], tf.errors.InternalError, "Unsupported object type int"),
    ],
)  # fmt: skip
def test_bad_feed_values(sess, dtype, value, error, text):
    x = placeholder(dtype, None)
    with pytest.raises(error) as caught:
        sess.run(identity(x), {x: value})
    assert str(caught.value) == text


def test_feed_shape(sess):
    x = _x()
    for value in ([1.0, 2.0], np.ones(2, np.float32)):
        with pytest.raises(ValueError) as caught:
            sess.run(x + 1.0, {x: value})
        assert str(caught.value) == "Cannot feed value of shape (2,) for Tensor x:0, which has shape (3,)"


def test_feed_keys(sess):
    x = _x()
    y = x + 1.0
    assert sess.run(y, {"x:0": [1, 2, 3]})[0] == 2
    assert sess.run(y, {(x, y): (np.ones(3), np.array([4, 5, 6]))})[0] == 4
    for key, text in [
        ("x", "The name 'x' refers to an Operation, not a Tensor. Tensor names must be of the form "
              '"<op_name>:<output_index>".'),
        (x.op, "Can not convert a Operation into a Tensor."),
        (3, "Can not convert a int into a Tensor."),
        ("nox:0", "The name 'nox:0' refers to a Tensor which does not exist. The operation, 'nox', does "
         "not exist in the "
                  "graph."),
    ]:  # fmt: skip
        with pytest.raises(TypeError) as caught:
            sess.run(y, {key: [1, 2, 3]})
        assert str(caught.value) == "Cannot interpret feed_dict key as Tensor: " + text
    with pytest.raises(TypeError, match="FlattenDictItems: 'dict' must be a dictionary"):
        sess.run(y, [1])
    with pytest.raises(TypeError, match="The value of a feed cannot be a tf.Tensor object."):
        sess.run(y, {x: y})


def test_placeholder_not_fed(sess):
    for shape, text in [([3], " and shape [3]"), ([None, 2], " and shape [?,2]"), ([], ""), (None, "")]:
        x = placeholder(tf.float32, shape, name="p")
        with pytest.raises(tf.errors.InvalidArgumentError) as caught:
            sess.run(x + 1.0)
        assert caught.value.message == (
            f"You must feed a value for placeholder tensor '{x.op.name}' with dtype float{text}\n"
            f"\t [[{{{{node {x.op.name}}}}}]]"
        )
        assert caught.value.op is x.op


def test_control_dependency_on_a_fed_placeholder(sess):
    x = _x()
    with tf.control_dependencies([x]):
        c = tf.constant(1.0)
    assert sess.run(c, {x: [1, 2, 3]}) == 1.0
    with pytest.raises(tf.errors.InvalidArgumentError):
        sess.run(c)


# ---------------------------------------------------------------- life of a session


def test_closed_and_empty():
    with pytest.raises(RuntimeError, match="The Session graph is empty. Add operations to the graph before "
     "calling run"):
        tf.Session().run([])
    x = _x()
    sess = tf.Session()
    call = sess.make_callable(x + 1.0, [x])
    sess.close()
    sess.close()
    for run in (lambda: sess.run(x, {x: [1, 2, 3]}), lambda: sess.run(x + 1.0), lambda: call(np.ones(3, np.float32))):
        with pytest.raises(RuntimeError, match="Attempted to use a closed Session."):
            run()


def test_bad_arguments():
    for kwargs, text in [
        ({"target": 3}, 'Argument `target` must be a string, but got "int"'),
        ({"graph": 3}, 'Argument `graph` must be a tf.Graph, but got "int"'),
        ({"config": 3}, 'Argument `config` must be a tf.ConfigProto, but got "int"'),
    ]:
        with pytest.raises(TypeError) as caught:
            tf.Session(**kwargs)
        assert str(caught.value) == text
    with pytest.raises(tf.errors.NotFoundError):
        tf.Session("foo")


def test_default_sessions(graph):
    x = tf.constant(2.0)
    assert tf.get_default_session() is None
    for call, text in [
        (x.eval, "Cannot evaluate tensor using `eval()`: No default session is registered. Use `with "
         "sess.as_default()` "
         "or pass an explicit session to `eval(session=sess)`"),
        (x.op.run, "Cannot execute operation using `run()`: No default session is registered. Use `with "
         "sess.as_default():` or pass an explicit session to `run(session=sess)`"),
    ]:  # fmt: skip
        with pytest.raises(ValueError) as caught:
            call()
        assert str(caught.value) == text
    with tf.Session() as outer:
        assert tf.get_default_session() is outer
        with tf.Session(graph=graph).as_default() as inner:
            assert tf.get_default_session() is inner
            assert x.eval() == 2.0
        with pytest.raises(RuntimeError, match="Session context managers are not re-entrant"):
            outer.__enter__()
        seen = []
        thread = threading.Thread(target=lambda: seen.append(tf.get_default_session()))
        thread.start()
        thread.join()
        assert seen == [None]
    other = tf.Session(graph=tf.Graph())
    with pytest.raises(ValueError, match="Cannot use the given session to evaluate tensor"):
        x.eval(session=other)


def test_interactive_session():
    x = tf.constant(2.0)
    first = tf.InteractiveSession()
    assert tf.get_default_session() is first and x.eval() == 2.0
    with pytest.warns(UserWarning, match="An interactive session is already active"):
        second = tf.InteractiveSession()
    first.close()
    assert tf.get_default_session() is second
    second.close()
    assert tf.get_default_session() is None


def test_devices(sess):
    assert [(d.name, d.device_type) for d in sess.list_devices()] == [
        ("/job:localhost/replica:0/task:0/device:CPU:0", "CPU")
    ]
    assert sess.sess_str == b""


# ---------------------------------------------------------------- callables, partial runs, statistics


def test_make_callable(sess):
    x = _x()
    y = x + 1.0
    ones = np.ones(3, np.float32)
    call = sess.make_callable(y, [x])
    assert type(call) is core.Callable
    assert call(ones)[0] == 2 and call([1, 2, 3])[2] == 4
    assert sess.make_callable(y.op, [x])(ones) is None
    found = sess.make_callable([y, y.op, {"a": y}], [x])(ones)
    assert found[1] is None and found[2]["a"][0] == 2
    assert sess.make_callable(y, [x], accept_options=True)(ones, options=tf.RunOptions())[0] == 2
    with pytest.raises(tf.errors.InvalidArgumentError, match="You must feed a value"):
        call()
    with pytest.raises(ValueError, match="Cannot feed value of shape"):
        call(np.ones(2, np.float32))
    with pytest.raises(TypeError, match="Argument `feed_list` must be a list or tuple."):
        sess.make_callable(y, x)


def test_partial_run(sess):
    x, z = _x(), placeholder(tf.int32, [], name="z")
    v = tf.Variable(0.0)
    count = v.assign_add(1.0)
    y, w = x + count, z + 1
    sess.run(v.initializer)
    handle = sess.partial_run_setup([y, w, count], [x, z])
    assert sess.partial_run(handle, count) == 1.0
    with pytest.raises(tf.errors.InvalidArgumentError, match="can't be computed from the feeds"):
        sess.partial_run(handle, w)
    assert sess.partial_run(handle, y, {x: [1, 2, 3]})[0] == 2.0
    with pytest.raises(tf.errors.InvalidArgumentError, match="The feed x:0 has already been fed."):
        sess.partial_run(handle, w, {x: [1, 2, 3]})
    assert sess.partial_run(handle, w, {z: 2}) == 3
    assert sess.run(v) == 1.0
    with pytest.raises(tf.errors.InvalidArgumentError, match="Must run 'setup' before performing partial "
     "runs!"):
        sess.partial_run(handle, w, {z: 2})


def test_step_stats(sess):
    x = _x()
    y = tf.tanh(x + 1.0, name="y")
    report = tf.RunMetadata()
    sess.run(y, {x: [1, 2, 3]}, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=report)
    stats = {n.node_name: n for n in report.step_stats.dev_stats[0].node_stats}
    assert "y" in stats and stats["y"].all_end_rel_nanos >= 0
    assert stats["y"].output[0].tensor_description.shape.dim[0].size == 3


def test_registered_conversions(sess):
    class Two:
        def __init__(self, a, b):
            self.a, self.b = a, b

    session_module.register_session_run_conversion_functions(
        Two, lambda t: ([t.a, t.b], tuple), lambda t, value: zip((t.a, t.b), value), lambda t: [t.a, t.b]
    )
    try:
        x = _x()
        y = placeholder(tf.float32, [])
        assert sess.run(Two(tf.constant(1.0), tf.constant(2.0))) == (1.0, 2.0)
        assert sess.run(y + 0.0, {Two(x, y): ([1, 2, 3], 4.0)}) == 4.0
        with pytest.raises(ValueError, match="has already been registered so ignore it."):
            session_module.register_session_run_conversion_functions(Two, None)
    finally:
        session_module._COMPOSITES.pop(0)

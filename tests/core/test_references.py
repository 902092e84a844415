"""Reference variables: what is read is the variable's memory, where TF's is; the expected values are TF 2.21's."""

import numpy as np
import pytest

import pyscope as tf


@pytest.fixture(autouse=True)
def references():
    """TF1's variables and control flow, as `disable_v2_behavior` sets them."""
    tf.disable_resource_variables()
    tf.disable_control_flow_v2()
    yield
    tf.enable_control_flow_v2()
    tf.enable_resource_variables()


def _runs(fetches, n=2):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [[None if v is None else np.asarray(v).tolist() for v in session.run(fetches)] for _ in range(n)]


# Does `f(w)`, evaluated before an update of w, show the update? For w of shape [16, 16], [4], [3, 2] and [].
MEMORY = {
    "identity": (tf.identity, "1111"),
    "read_value": (lambda w: w.read_value(), "1111"),
    "stop_gradient": (tf.stop_gradient, "1111"),
    "snapshot": (lambda w: w + 0.0, "0000"),
    "reshape": (lambda w: tf.reshape(w, [-1]), "1111"),
    "expand_dims": (lambda w: tf.expand_dims(w, 0), "1111"),
    "transpose": (tf.transpose, "0101"),
    "first_row": (lambda w: w[0:1], "100-"),
    "second_row": (lambda w: w[1], "100-"),
    "column": (lambda w: w[..., 0], "000-"),
    "whole": (lambda w: w[:], "111-"),
    "slice": (lambda w: tf.slice(w, [1] + [0] * (w.shape.ndims - 1), [1] + [-1] * (w.shape.ndims - 1)), "100-"),
    "split": (lambda w: tf.split(w, int(w.shape[0]))[1], "100-"),
    "split_columns": (lambda w: tf.split(w, 2, axis=-1)[0], "0-0-"),
    "unstack": (lambda w: tf.unstack(w)[1], "100-"),
    "concat": (lambda w: tf.concat([w], 0), "1111"),
    "stack": (lambda w: tf.stack([w]), "1111"),
    "tile": (lambda w: tf.tile(w, [1] * w.shape.ndims), "1111"),
    "pad": (lambda w: tf.pad(w, [[0, 0]] * w.shape.ndims), "111-"),
    "reverse": (lambda w: tf.reverse(w, [0]), "000-"),
    "check_numerics": (lambda w: tf.check_numerics(w, "w"), "1111"),
    "broadcast": (lambda w: tf.broadcast_to(w, [2, *w.shape.as_list()]), "0000"),
    "identity_n": (lambda w: tf.identity_n([w, w])[0], "1111"),
    "cond": (lambda w: tf.cond(tf.placeholder_with_default(True, []), lambda: tf.identity(w), lambda: w + 1.0), "1111"),
    "while": (lambda w: tf.while_loop(lambda i, x: i < 1, lambda i, x: (i + 1, x), [0, w.value()])[1], "1111"),
    "gather": (lambda w: tf.gather(w, [0]), "000-"),
    "maximum": (lambda w: tf.maximum(w, w), "0000"),
    "diag_part": (tf.linalg.diag_part, "0-0-"),
    "reduce_nothing": (lambda w: tf.reduce_sum(w, axis=[]), "1111"),
    "band_part": (lambda w: tf.matrix_band_part(w, -1, -1), "1-1-"),
    "tensor_array": (lambda w: tf.TensorArray(tf.float32, 1).write(0, w).read(0), "1111"),
    "tensor_array_rows": (lambda w: tf.TensorArray(tf.float32, 4).unstack(w).read(0), "-00-"),
}


@pytest.mark.parametrize("name", MEMORY)
def test_what_shares_memory_with_a_variable(name):
    function, expected = MEMORY[name]
    for shape, shared in zip(([16, 16], [4], [3, 2], []), expected):
        if shared == "-":
            continue
        with tf.Graph().as_default():
            w = tf.Variable(np.zeros(shape, np.float32))
            before = function(w)
            with tf.control_dependencies([before.op]):
                update = w.assign_add(np.ones(shape, np.float32))
            with tf.control_dependencies([update]):
                after = before * 2.0
            first, second, third = _runs([before, after, update], 1)[0]
            found = [np.ravel(first)[0], np.ravel(second)[0], np.ravel(third)[0]]
            assert found == [float(shared), 2 * float(shared), 1.0], shape


def _moving_average():
    w = tf.Variable(1.0)
    average = tf.train.ExponentialMovingAverage(0.5)
    train_op = tf.train.GradientDescentOptimizer(0.1).minimize(w * w)
    with tf.control_dependencies([train_op]):
        averaged = average.apply([w])
    with tf.control_dependencies([averaged]):
        return [tf.identity(average.average(w)), w, average.average(w)]


def _dependent_read():
    w = tf.Variable(1.0)
    with tf.control_dependencies([w.assign_add(1.0)]):
        return [w + 0.5, w]


def _two_updates():
    w = tf.Variable(1.0)
    first = w.assign_add(1.0)
    with tf.control_dependencies([first]):
        return [first, w.assign_add(10.0), w]


def _update_of_an_update():
    first = tf.Variable(1.0).assign_add(1.0)
    return [first, first + 1.0, tf.assign_add(first, 10.0)]


def _old_and_new():
    w = tf.Variable(1.0)
    old = tf.identity(w)
    with tf.control_dependencies([old]):
        new = w.assign_add(1.0)
    with tf.control_dependencies([new]):
        return [w - old, old, new]


def _copied_old_and_new():
    w = tf.Variable(1.0)
    old = w + 0.0 * w
    with tf.control_dependencies([old]):
        new = w.assign_add(1.0)
    with tf.control_dependencies([new]):
        return [w - old, old, new]


def _unordered_read_is_first():
    w = tf.Variable(1.0)
    update = w.assign_add(1.0)
    return [w * 2.0, update]


def _training():
    w = tf.Variable(1.0)
    loss = w * w
    return [tf.train.GradientDescentOptimizer(0.25).minimize(loss), loss, w, w * 1.0]


def _assign_itself_transposed():
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    return [w.assign(tf.transpose(w)), w]


def _assign_itself_reversed():
    w = tf.Variable([1.0, 2.0, 3.0])
    return [w.assign(tf.reverse(w, [0])), w]


def _loop_accumulating_reads():
    w = tf.Variable(1.0)

    def body(i, total):
        with tf.control_dependencies([w.assign_add(1.0)]):
            return i + 1, total + w.read_value()

    return [tf.while_loop(lambda i, total: i < 3, body, [0, 0.0], parallel_iterations=1)[1], w]


def _counter():
    w = tf.Variable(1)
    return [w.count_up_to(10), w]


def _new_size(value):
    w = tf.Variable([1.0, 2.0], validate_shape=False)
    read = w.value()
    with tf.control_dependencies([read]):
        return [read, tf.assign(w, value, validate_shape=False)]


def _swap():
    x, y = tf.Variable(2.0), tf.Variable(5.0)
    first = x.assign(y)
    with tf.control_dependencies([first]):
        return [first, y.assign(x)]


def _strings():
    w = tf.Variable(["a", "b"])
    read = w.value()
    with tf.control_dependencies([read]):
        return [read, tf.assign(w, ["c", "d"])]


PROGRAMS = [
    (_moving_average, [[0.9, 0.8, 0.9], [0.77, 0.64, 0.77]]),
    (_dependent_read, [[2.5, 2.0], [3.5, 3.0]]),
    (_two_updates, [[12.0, 12.0, 12.0], [23.0, 23.0, 23.0]]),
    (_update_of_an_update, [[12.0, 3.0, 12.0], [23.0, 14.0, 23.0]]),
    (_old_and_new, [[0.0, 2.0, 2.0], [0.0, 3.0, 3.0]]),
    (_copied_old_and_new, [[1.0, 1.0, 2.0], [1.0, 2.0, 3.0]]),
    (_unordered_read_is_first, [[2.0, 2.0], [4.0, 3.0]]),
    (_training, [[None, 1.0, 0.5, 1.0], [None, 0.25, 0.25, 0.5]]),
    (_assign_itself_transposed, [[[[1.0, 3.0], [2.0, 4.0]]] * 2, [[[1.0, 2.0], [3.0, 4.0]]] * 2]),
    (_assign_itself_reversed, [[[3.0, 2.0, 1.0]] * 2, [[1.0, 2.0, 3.0]] * 2]),
    (_loop_accumulating_reads, [[9.0, 4.0], [18.0, 7.0]]),
    (_counter, [[1, 2], [2, 3]]),
    (lambda: _new_size([7.0, 8.0, 9.0]), [[[1.0, 2.0], [7.0, 8.0, 9.0]], [[7.0, 8.0, 9.0]] * 2]),
    (lambda: _new_size([[7.0], [8.0]]), [[[7.0, 8.0], [[7.0], [8.0]]], [[[7.0], [8.0]]] * 2]),
    (_swap, [[5.0, 5.0], [5.0, 5.0]]),
    (_strings, [[[b"c", b"d"]] * 2] * 2),
]


@pytest.mark.parametrize("program, expected", PROGRAMS, ids=[p.__name__ for p, _ in PROGRAMS])
def test_values_are_those_of_tensorflow(program, expected):
    found = _runs(program())
    for row, wanted in zip(found, expected):
        for value, want in zip(row, wanted):
            if isinstance(want, list) and isinstance(np.ravel(want)[0], bytes) or want is None:
                assert value == want
            else:
                np.testing.assert_allclose(value, want, rtol=1e-6)


def test_fetched_and_fed_arrays_are_their_holders_own():
    x = tf.placeholder(tf.float32, [3])
    w = tf.Variable([0.0, 0.0, 0.0])
    assign, update = w.assign(x), w.assign_add([1.0, 1.0, 1.0])
    with tf.Session() as session:
        given = np.ones(3, np.float32)
        session.run(assign, {x: given})
        given[:] = 9.0
        first = session.run(w)
        kept = session.run(w.value()), session.run(tf.reshape(w, [3, 1]))
        session.run(update)
        assert first.tolist() == [1.0, 1.0, 1.0]
        assert [k.ravel().tolist() for k in kept] == [[1.0, 1.0, 1.0]] * 2
        first[:] = 7.0
        assert session.run(w).tolist() == [2.0, 2.0, 2.0]
        session.run(assign, {x: given})
        session.run(update)
        assert given.tolist() == [9.0, 9.0, 9.0]


@pytest.mark.parametrize("change, op_type", [(lambda w: tf.assign(w, [3.0, 3.0]), "Assign"),
                                             (lambda w: tf.identity(tf.assign_add(w, [1.0, 1.0])), "AssignAdd")])
def test_a_function_takes_a_variable_by_value(change, op_type):
    tf.enable_control_flow_v2()
    w = tf.Variable([1.0, 2.0])
    with pytest.raises(TypeError) as caught:
        tf.cond(tf.placeholder_with_default(True, []), lambda: change(w), lambda: w + 1.0)
    assert str(caught.value) == (
        f"In op '{op_type}', input types ([tf.float32, tf.float32]) are not compatible with expected types "
        "([tf.float32_ref, tf.float32])")
    assert _runs([tf.cond(tf.placeholder_with_default(True, []), lambda: w * 2.0, lambda: w)], 1) == [[[2.0, 4.0]]]

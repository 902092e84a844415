"""What subclasses of Optimizer rely on, and how updates treat values that are held elsewhere."""

import numpy as np
import pytest

import pyscope as tf


class Halving(tf.train.Optimizer):
    """Counts its steps in a slot, and in a variable that belongs to no other."""

    def __init__(self):
        super().__init__(use_locking=False, name="Halving")

    def _create_slots(self, var_list):
        self._create_non_slot_variable(0.0, "n_steps", var_list[0])
        for v in var_list:
            self._zeros_slot(v, "sum", self._name)
            self._get_or_make_slot(v, tf.ones([3]), "ones", "Other")

    def _prepare(self):
        self._rate = tf.convert_to_tensor(0.5, name="rate")

    def _apply_dense(self, grad, var):
        total = tf.assign_add(self.get_slot(var, "sum"), grad)
        return tf.assign_sub(var, self._rate * total).op

    _resource_apply_dense = _apply_dense

    def _apply_sparse(self, grad, var):
        return var.scatter_sub(grad)

    def _resource_apply_sparse(self, grad, var, indices):
        return var.scatter_sub(tf.IndexedSlices(grad, indices))

    def _finish(self, update_ops, name_scope):
        with tf.control_dependencies(update_ops):
            n_steps = self._get_non_slot_variable("n_steps", tf.get_default_graph())
            return tf.group(*update_ops, n_steps.assign_add(1.0), name=name_scope)


@pytest.mark.parametrize("use_resource", [True, False])
def test_subclass(use_resource):
    w = tf.get_variable("w", initializer=[1.0, 2.0], use_resource=use_resource)
    optimizer = Halving()
    train = optimizer.minimize(tf.reduce_sum(w * [2.0, 4.0]))
    assert train.name == "Halving"
    assert optimizer.get_slot_names() == ["ones", "sum"]
    assert [v.name for v in optimizer.variables()] == ["n_steps:0", "w/Halving:0", "w/Other:0"]
    assert optimizer.get_slot(w, "sum").op.colocation_groups() == [b"loc:@w"]
    assert optimizer.get_slot(w, "none") is None
    assert tf.get_collection(tf.GraphKeys.TRAIN_OP) == [train]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train)
        session.run(train)
        values = session.run([w, *optimizer.variables()])
    np.testing.assert_array_equal(values[0], [1 - 1 - 2, 2 - 2 - 4])
    np.testing.assert_array_equal(values[1], 2)
    np.testing.assert_array_equal(values[2], [4, 8])


@pytest.mark.parametrize("use_resource", [True, False])
def test_rows_that_come_several_times_are_added_up(use_resource):
    w = tf.get_variable("w", initializer=[[1.0], [2.0]], use_resource=use_resource)
    train = Halving().minimize(tf.reduce_sum(tf.gather(w, [1, 1, 1])))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train)
        np.testing.assert_array_equal(session.run(w), [[1.0], [-1.0]])


@pytest.mark.parametrize("use_resource", [True, False])
def test_updates_leave_values_alone_that_were_read_before(use_resource):
    w = tf.get_variable("w", initializer=np.zeros(4, np.float32), use_resource=use_resource)
    optimizer = tf.train.AdamOptimizer(1.0)
    train = optimizer.minimize(tf.reduce_sum(w))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run([w, *optimizer.variables()])
        copies = [value.copy() for value in before]
        session.run(train)
        for value, copy in zip(before, copies):
            np.testing.assert_array_equal(value, copy)
        assert session.run(w)[0] == pytest.approx(-1)


def test_constraint_follows_the_update():
    w = tf.get_variable("w", initializer=[1.0, 5.0], constraint=lambda v: tf.clip_by_value(v, 0.0, 2.0))
    train = tf.train.GradientDescentOptimizer(1.0).minimize(tf.reduce_sum(w * w))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train)
        np.testing.assert_array_equal(session.run(w), [0.0, 0.0])
    with pytest.raises(RuntimeError, match="Cannot use a constraint function on a sparse variable."):
        tf.train.GradientDescentOptimizer(1.0).minimize(tf.reduce_sum(tf.gather(w, [0])))


@pytest.mark.parametrize(
    ("use_resource", "error", "message"),
    [
        (True, tf.errors.InternalError, "Invalid variable reference."),
        (False, tf.errors.FailedPreconditionError, "Attempting to use uninitialized value w/Momentum"),
    ],
)
def test_update_of_a_slot_without_value(use_resource, error, message):
    w = tf.get_variable("w", initializer=[1.0, 5.0], use_resource=use_resource)
    train = tf.train.MomentumOptimizer(1.0, 0.9).apply_gradients([(tf.constant([1.0, 1.0]), w)])
    with tf.Session() as session:
        session.run(w.initializer)
        with pytest.raises(error, match=message):
            session.run(train)


@pytest.mark.parametrize(
    ("gradient", "rate", "message"),
    [
        ([1.0, 2.0, 3.0], 0.1, r"var and grad do not have the same shape\[2\] \[3\]"),
        ([1.0, 2.0], [0.1], r"lr is not a scalar: \[1\]"),
    ],
)
def test_arguments_that_do_not_fit_when_run(gradient, rate, message):
    w = tf.get_variable("w", initializer=[1.0, 5.0])
    g, lr = tf.placeholder(tf.float32, None), tf.placeholder(tf.float32, None)
    train = tf.train.MomentumOptimizer(lr, 0.9).apply_gradients([(g, w)])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            session.run(train, {g: gradient, lr: rate})
        np.testing.assert_array_equal(session.run(w), [1.0, 5.0])


def test_row_outside_the_variable():
    w = tf.get_variable("w", initializer=[1.0, 5.0])
    rows = tf.placeholder(tf.int32, [None])
    update = tf.IndexedSlices(tf.constant([1.0, 1.0]), rows)
    train = tf.train.MomentumOptimizer(1.0, 0.9).apply_gradients([(update, w)])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="Index 5 at offset 1 in indices is out of range"):
            session.run(train, {rows: [0, 5]})


def test_callable_loss_needs_a_tape():
    tf.get_variable("w", initializer=1.0)
    with pytest.raises(NotImplementedError, match="GradientTape"):
        tf.train.GradientDescentOptimizer(1.0).minimize(lambda: 1.0)


@pytest.mark.parametrize("loss_outside", [True, False])
def test_minimize_in_a_branch(loss_outside):
    w = tf.get_variable("w", initializer=[1.0, 2.0])
    chosen = tf.placeholder(tf.bool, [])
    outside = tf.reduce_sum(w * w)

    def branch(rate):
        def build():
            loss = outside if loss_outside else tf.reduce_sum(w * w)
            return tf.group(tf.train.GradientDescentOptimizer(rate).minimize(loss))

        return build

    train = tf.cond(chosen, branch(0.5), branch(0.25))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train, {chosen: False})
        np.testing.assert_array_equal(session.run(w), [0.5, 1.0])
        session.run(train, {chosen: True})
        np.testing.assert_array_equal(session.run(w), [0.0, 0.0])

"""Three steps of each optimizer, against values recorded from TensorFlow 2.21.

``python tests/optimizers/test_steps.py`` records them anew, in a Python that has TensorFlow.
"""

import json
import pathlib

import numpy as np

DATA = pathlib.Path(__file__).parents[1] / "data" / "optimizers.json"
ROWS = json.loads(DATA.read_text())

START = [[1.0, -2.0], [0.5, 0.25], [-0.1, 4.0]]
GRADIENTS = [
    [[0.5, -1.0], [2.0, 0.1], [0.0, 3.0]],
    [[-0.2, 0.4], [1.0, 1.0], [0.3, -3.0]],
    [[0.1, 0.1], [-0.7, 0.2], [0.0, 0.5]],
]
INDICES = [[0, 1, 0], [2, 2, 2], [1, 0, 2]]


def steps(tf, optimizer, arguments, dtype, sparse, use_resource):
    """Values of the variable after each step, and of the optimizer's variables at the end."""
    with tf.Graph().as_default():
        v = tf.get_variable("v", initializer=np.array(START, dtype), use_resource=use_resource)
        gradient, indices = tf.placeholder(dtype, [3, 2]), tf.placeholder(tf.int32, [3])
        step = tf.train.get_or_create_global_step()
        if optimizer == "AdagradDA":
            arguments = {**arguments, "global_step": step}
        made = getattr(tf.train, optimizer + "Optimizer")(**arguments)
        update = tf.IndexedSlices(gradient, indices, tf.constant([3, 2])) if sparse else gradient
        train = made.apply_gradients([(update, v)], global_step=step)
        values = []
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for rows, where in zip(GRADIENTS, INDICES):
                session.run(train, {gradient: rows, indices: where})
                values.append(session.run(v))
            assert session.run(step) == len(GRADIENTS)
            slots = {slot.name: session.run(slot) for slot in made.variables()}
    return values, slots


def _id(row):
    arguments = ",".join(f"{key}={value}" for key, value in row["arguments"].items())
    return f"{row['optimizer']}({arguments})-{row['dtype']}-{'sparse' if row['sparse'] else 'dense'}"


def pytest_generate_tests(metafunc):
    metafunc.parametrize("row", ROWS, ids=_id)
    metafunc.parametrize("use_resource", [True, False], ids=["resource", "ref"])


def test_as_recorded(row, use_resource):
    import pyscope as tf

    values, slots = steps(
        tf, row["optimizer"], row["arguments"], row["dtype"], row["sparse"], use_resource
    )
    # Powers other than square roots are a little less exact in TF.
    tolerance = 1e-5 if "learning_rate_power" in row["arguments"] else 1e-6
    if row["dtype"] == "float64":
        tolerance = 1e-8
    assert [value.dtype == row["dtype"] for value in values]
    np.testing.assert_allclose(np.ravel(values), np.ravel(row["values"]), rtol=tolerance, atol=tolerance)
    assert list(slots) == list(row["slots"])
    for name, value in slots.items():
        np.testing.assert_allclose(value.ravel(), row["slots"][name], rtol=tolerance, atol=tolerance, err_msg=name)


def _record():
    import tensorflow.compat.v1 as tf

    tf.disable_eager_execution()
    for row in ROWS:
        values, slots = steps(tf, row["optimizer"], row["arguments"], row["dtype"], row["sparse"], True)
        row["values"] = [[float(f"{x:.9g}") for x in value.ravel()] for value in values]
        row["slots"] = {name: [float(f"{x:.9g}") for x in value.ravel()] for name, value in slots.items()}
    DATA.write_text("[\n" + ",\n".join(json.dumps(row) for row in ROWS) + "\n]\n")


if __name__ == "__main__":
    _record()

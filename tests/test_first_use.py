"""Names load their modules when first used, so any of them may be the first thing that a program touches."""

import os
import subprocess
import sys

import pytest

PROGRAMS = [
    'tf.Variable(1.0); tf.get_variable("v", [1])',
    'tf.placeholder(tf.float32) + 1.0',
    '[1.0] - tf.constant(2.0)',
    'tf.Graph().as_default().__enter__(); tf.Variable([1])[0]',
    'tf.Session().run(tf.global_variables_initializer())',
    'tf.disable_v2_behavior(); tf.Variable(1.0); tf.get_variable("v", [1])',
    'tf.get_variable("v", [1]).assign([2.0])',
    'with tf.variable_scope("s", reuse=tf.AUTO_REUSE): tf.get_variable("v", [1])',
    'tf.gradients(tf.Variable(1.0) ** 2.0, tf.trainable_variables())',
    'tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0])',
    'tf.train.AdamOptimizer().minimize(tf.square(tf.Variable(1.0)))',
    'tf.get_default_graph().as_graph_def()',
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_may_begin_with_it(program):
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    command = [sys.executable, "-W", "error", "-c", f"import pyscope as tf\n{program}"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")

"""Import times, each in a process that has done nothing else."""

import subprocess

NUMPY = "import numpy"
STATEMENTS = {
    "numpy": NUMPY,
    "pyscope": "import pyscope as tf",
    "tensorflow": "import tensorflow.compat.v1 as tf; tf.disable_eager_execution()",
    "pytensor": "import pytensor",
    "onnxruntime": "import onnxruntime",
    "onnx_ir": "import onnx_ir",
    "torch": "import torch",
    "jax": "import jax",
}
# What loads lazily counts once it is used.
FIRST_RUN = "; x = tf.placeholder(tf.float32, [4]); tf.Session().run(x + 1.0, {x: [0.0] * 4})"

_PROGRAM = """
{before}
import time
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""


def seconds(python, statement, before="", env=None):
    """What `statement` takes in a fresh interpreter that has run `before`."""
    result = subprocess.run(
        [python, "-c", _PROGRAM.format(before=before, statement=statement)],
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(result.stdout.splitlines()[-1])

"""The example program and the ten lines of the README, as a user runs them."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAM = ROOT / "examples" / "digits_mlp.py"

# What stands for TensorFlow 1 where only a later release is installed.
AS_TENSORFLOW_1 = """
import runpy, sys
import tensorflow.compat.v1 as tf
tf.disable_v2_behavior()
sys.modules["tensorflow"] = tf
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def run(*command, **env):
    paths = os.pathsep.join(path for path in sys.path if path)
    env = dict(os.environ, PYTHONPATH=paths, **env)
    return subprocess.run([sys.executable, *command], env=env, capture_output=True, text=True, timeout=120)


def final_accuracy(output):
    return float(re.search(r"^test accuracy: ([\d.]+)%$", output, re.MULTILINE).group(1))


def test_digits():
    start = time.perf_counter()
    done = run("-W", "error", "-m", "pyscope", str(PROGRAM))
    seconds = time.perf_counter() - start
    assert (done.returncode, done.stderr) == (0, "")
    assert final_accuracy(done.stdout) >= 95
    assert done.stdout.count("epoch") >= 4
    # 5 s on a quiet machine; a loaded one or the checked build may need more.
    assert seconds < 20


def test_ten_lines():
    program = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL).group(1)
    done = run("-W", "error", "-c", program)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"\[\[0\.99\d*\]\n \[1\.99\d* ?\]\] line/w:0\n", done.stdout)


@pytest.mark.tensorflow
def test_digits_under_tensorflow():
    done = run("-c", AS_TENSORFLOW_1, str(PROGRAM), TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
    assert done.returncode == 0, done.stderr
    assert final_accuracy(done.stdout) >= 95

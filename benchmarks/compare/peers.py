"""The processes of the libraries compared."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHOWN = {
    "pyscope": "PyScope",
    "tensorflow": "TensorFlow",
    "pytensor": "PyTensor",
    "onnxruntime": "ONNX Runtime",
    "onnx_ir": "onnx_ir",
    "torch": "PyTorch",
    "jax": "JAX",
}
OTHERS = tuple(SHOWN)[1:]


@dataclass
class Peer:
    """A library, the interpreter it is installed for and, while it is being timed, its process."""

    name: str  # column of the table, before the version is known
    library: str  # what the worker imports
    python: str
    version: str = ""
    process: subprocess.Popen | None = field(default=None, repr=False)

    @property
    def label(self):
        """Name for people."""
        return f"{SHOWN[self.library]} {self.version}".strip()

    def environment(self):
        """Variables of the process: one device, no chatter, and BLAS free to know the processor."""
        env = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
        # One thread each: BLAS threads that spin while another process has the core say nothing about a library.
        env["OPENBLAS_NUM_THREADS"] = env["OMP_NUM_THREADS"] = env["MKL_NUM_THREADS"] = "1"
        env.pop("OPENBLAS_CORETYPE", None)
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # imports are timed with compiled bytecode, as installed
        path = [str(ROOT)]
        if self.python == sys.executable and os.environ.get("PYTHONPATH"):
            path.append(os.environ["PYTHONPATH"])
        env["PYTHONPATH"] = os.pathsep.join(path)
        return env

    def start(self):
        """Start the process; False if the library cannot be had there."""
        self.process = subprocess.Popen(
            [self.python, "-m", "benchmarks.compare.worker", self.library],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=self.environment(),
            cwd=ROOT,
        )
        line = self.process.stdout.readline()
        if not line:
            self.stop()
            return False
        self.version = json.loads(line)["version"]
        return True

    def ask(self, question):
        """Reply to the name of a case: ``{"value": seconds}`` or ``{"missing": why}``."""
        if self.process is None and not self.start():
            return {"missing": "does not start"}
        try:
            self.process.stdin.write(question + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.stop()
            return {"missing": "the process ended"}
        return json.loads(line)

    def stop(self):
        """End the process."""
        if self.process is not None:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait()
            self.process = None


def find(options):
    """PyScope, what else this interpreter has, and what the options ``NAME=PATH`` or the environment name."""
    from importlib.util import find_spec

    peers = [Peer("pyscope", "pyscope", sys.executable)]
    for library in OTHERS:
        if find_spec(library):
            peers.append(Peer(library, library, sys.executable))
    named = os.environ.get("PYSCOPE_COMPARE", "").split()
    for option in [*named, *options]:
        name, _, path = option.partition("=")
        library = next((known for known in OTHERS if name.startswith(known)), None)
        if library is None or not path:
            raise SystemExit(f"{option!r}: give NAME=PATH, where NAME begins with one of {', '.join(OTHERS)}")
        peers.append(Peer(name, library, path))
    started = []
    for peer in peers:
        if peer.start():
            started.append(peer)
        else:
            print(f"{peer.name}: cannot be imported with {peer.python}", file=sys.stderr)
    return started

"""The processes of the libraries compared, and the columns of the table that they fill."""

import json
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHOWN = {
    "pyscope": "PyScope",
    "tensorflow": "TensorFlow",
    "numpy": "NumPy",
    "c": "C",
    "pytensor": "PyTensor",
    "onnxruntime": "ONNX Runtime",
    "onnx_ir": "onnx_ir",
    "torch": "PyTorch",
    "jax": "JAX",
}
ALWAYS = ("numpy", "c")  # beside PyScope, in its interpreter
NAMED = tuple(SHOWN)[4:]


@dataclass
class Peer:
    """A library, the interpreter it is installed for and, while it is being timed, its process."""

    name: str
    library: str  # what the worker imports
    python: str
    version: str = ""
    columns: dict = field(default_factory=dict)
    process: subprocess.Popen | None = field(default=None, repr=False)
    limit: float = 600.0  # seconds for an answer

    @property
    def label(self):
        """Name for people."""
        return f"{SHOWN[self.library]} {self.version}".strip()

    def environment(self):
        """Variables of the process: one device, no chatter, and BLAS free to know the processor."""
        env = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
        # One thread each: BLAS threads that spin while another process has the core say nothing about a library.
        env["OPENBLAS_NUM_THREADS"] = env["OMP_NUM_THREADS"] = env["MKL_NUM_THREADS"] = "1"
        # JAX has no other way to say so.
        env["NPROC"], env["XLA_FLAGS"] = "1", "--xla_cpu_multi_thread_eigen=false"
        env["JAX_PLATFORMS"] = "cpu"
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
            env=self.environment(),
            cwd=ROOT,
        )
        reply = self._reply()
        if "columns" not in reply:
            self.stop()
            return False
        self.version, self.columns = reply["version"], reply["columns"]
        return True

    def _reply(self):
        """The next line of the process; why there is none if it ends or takes too long, and then it is ended."""
        end = time.monotonic() + self.limit
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([self.process.stdout], [], [], max(end - time.monotonic(), 0))[0]:
                self.process.kill()
                self.stop()
                return {"missing": f"over {self.limit:g} s"}
            read = os.read(self.process.stdout.fileno(), 1 << 16)
            if not read:
                self.stop()
                return {"missing": "the process ended"}
            line += read
        return json.loads(line)

    def ask(self, **question):
        """Reply to a question: ``{"value": number}`` or ``{"missing": why}``."""
        if self.process is None and not self.start():
            return {"missing": "does not start"}
        try:
            self.process.stdin.write(json.dumps(question).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.stop()
            return {"missing": "the process ended"}
        return self._reply()

    def stop(self):
        """End the process."""
        if self.process is not None:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait()
            self.process = None

    def copy(self):
        """The same library in another process."""
        return Peer(self.name, self.library, self.python, self.version, self.columns, limit=self.limit)


@dataclass
class Column:
    """A column of the table: one way in which a library does things."""

    name: str  # in bars, and the key of results
    key: str  # what the worker calls it
    label: str
    peer: Peer

    def has(self, case):
        """Whether the library has a program for a case."""
        programs = self.peer.columns[self.key]["programs"]
        return programs is None or case.program.__name__ in programs


def find(options, limit):
    """PyScope, what else this interpreter has, and what the options ``NAME=PATH`` or the environment name."""
    from importlib.util import find_spec

    peers = [Peer(library, library, sys.executable) for library in ("pyscope", *ALWAYS)]
    named = ["tensorflow", *NAMED]
    for library in named:
        if find_spec(library):
            peers.append(Peer(library, library, sys.executable))
    for option in [*os.environ.get("PYSCOPE_COMPARE", "").split(), *options]:
        name, _, path = option.partition("=")
        library = next((known for known in named if name.startswith(known)), None)
        if library is None or not path:
            raise SystemExit(f"{option!r}: give NAME=PATH, where NAME begins with one of {', '.join(named)}")
        peers.append(Peer(name, library, path))
    started = []
    for peer in peers:
        peer.limit = limit
        if peer.start():
            started.append(peer)
        else:
            print(f"{peer.name}: cannot be had with {peer.python}", file=sys.stderr)
    # TensorFlow 2 is the reference; another one stands beside it.
    return sorted(started, key=lambda peer: (peer.library == "tensorflow" and not peer.version.startswith("2"),))


def columns_of(peers):
    """Columns in the order of the table; the first TensorFlow is the one that bars speak of."""
    columns, order = {}, list(SHOWN)
    for peer in sorted(peers, key=lambda peer: order.index(peer.library)):
        for key, described in peer.columns.items():
            name = key if key not in columns else f"{key} {peer.version}"
            if name != key and key == "tensorflow lean":
                continue  # of the reference alone
            columns[name] = Column(name, key, described["label"] or peer.label, peer)
    return columns

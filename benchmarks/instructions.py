"""Count instructions of fixed cases under callgrind and compare with a committed baseline.

``python -m benchmarks.instructions`` fails when a case needs over 5% more instructions than the baseline says;
``--update`` writes a new baseline, which a commit has to explain. Instructions, unlike seconds, are the same on a busy
machine: two counts of one case differ by less than 1%.

A count depends on the interpreter, NumPy and the compiler, so a baseline holds for the versions it names; with others
nothing is compared, and the program says so.
"""

import argparse
import gc
import json
import os
import platform
import re
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from .programs import building, calling, naming, running

ROOT = Path(__file__).resolve().parents[1]
BASELINE = Path(__file__).with_name("instructions.json")
ALLOWED = 1.05

# name -> (program of benchmarks.programs, how often); what stands before the colon is a group, which shares a process
CASES = {
    "build: tf.add": (building.add, 2000),
    "build: x + 1.0": (building.add_number, 1000),
    "build: tf.matmul": (building.matmul, 500),
    "build: get_variable, new": (building.get_variable_zeros, 100),
    "build: gradients of a chain": (building.gradients, 200),
    "build: an MLP with Adam": (building.minimize, 1),
    "names: name_scope": (naming.name_scope_new, 1000),
    "names: control_dependencies": (naming.control_dependencies, 1000),
    "names: variable_scope": (naming.variable_scope_new, 500),
    "call: Session.run of four floats": (calling.run_smallest, 500),
    "call: make_callable": (calling.run_callable, 500),
    "call: 10 feeds and 10 fetches": (calling.run_10, 50),
    "run: first run of a chain": (calling.run_first, 1000),
    "run: chain of tiny ops": (running.run_chain, 1000),
    "import": (None, 1),
}


def versions():
    """What a baseline depends on."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "compiler": _compiler(),
    }


def _compiler():
    command = sysconfig.get_config_var("CC").split()[0]
    return subprocess.run([command, "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()


# ---------------------------------------------------------------- in the process that is counted


def perform(group):
    """Run the cases of a group; `os.getppid` marks where counting begins and ends: a C function to dump at."""
    if group == "import":
        os.getppid()
        import pyscope  # noqa: F401

        os.getppid()
        return
    import pyscope as tf

    for name in members(group):
        program, n = CASES[name]
        with tf.Graph().as_default():
            program(tf, min(n, 10))()  # what the first calls load
        with tf.Graph().as_default():
            timed = program(tf, n)
            gc.collect()
            os.getppid()
            timed()
            os.getppid()


# ---------------------------------------------------------------- in the process that counts


def members(group):
    """Names of the cases of a group, in order."""
    return [name for name in CASES if name.partition(":")[0] == group]


def count(group):
    """Name -> instructions per time, of the cases of a group."""
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        result = subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                "--dump-before=getppid",
                f"--callgrind-out-file={directory}/counts",
                sys.executable,
                "-m",
                "benchmarks.instructions",
                "--perform",
                group,
            ],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        if result.returncode:
            raise RuntimeError(f"{group}: {result.stderr.strip()}")
        counts = {}
        for i, name in enumerate(members(group)):
            # counts.1: before the first mark; counts.2: between the first two; counts.4: between the next two.
            text = Path(directory, f"counts.{2 * i + 2}").read_text()
            total = int(re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE).group(1))
            counts[name] = total / CASES[name][1]
    return counts


def compare(counts, baseline):
    """Lines of the report, and the cases that became dearer than allowed."""
    lines, dearer = [], []
    for name, found in counts.items():
        wanted = baseline.get(name)
        if wanted is None:
            lines.append(f"{name:36} {found:14,.0f}  not in the baseline")
            dearer.append(name)
            continue
        ratio = found / wanted
        lines.append(f"{name:36} {found:14,.0f} {wanted:14,.0f}  {ratio - 1:+.1%}")
        if ratio > ALLOWED:
            dearer.append(name)
    return lines, dearer


def main(argv=None):
    """Count; then write the baseline, or compare with it. Exit status 1 if something became dearer."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write the baseline")
    parser.add_argument("--numpy", action="store_true", help="print the version of NumPy that the baseline is for")
    parser.add_argument("--perform", metavar="GROUP", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.perform:
        perform(options.perform)
        return 0
    kept = json.loads(BASELINE.read_text()) if BASELINE.exists() else {"versions": {}, "instructions": {}}
    if options.numpy:
        print(kept["versions"]["numpy"])
        return 0
    if not options.update and kept["versions"] != versions():
        print(f"Not compared: the baseline is for {kept['versions']}, and this is {versions()}.")
        return 0
    perform("import")  # the bytecode of the modules is on disk from here on
    groups = dict.fromkeys(name.partition(":")[0] for name in CASES)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = {name: value for found in pool.map(count, groups) for name, value in found.items()}
    if options.update:
        BASELINE.write_text(json.dumps({"versions": versions(), "instructions": counts}, indent=1) + "\n")
        print(f"wrote {BASELINE.name}")
        return 0
    lines, dearer = compare(counts, kept["instructions"])
    print(f"{'instructions per time':36} {'now':>14} {'baseline':>14}", *lines, sep="\n")
    for name in dearer:
        print(f"{name}: over {ALLOWED - 1:.0%} dearer than the baseline")
    return 1 if dearer else 0


if __name__ == "__main__":
    sys.exit(main())

"""What ``import pyscope`` costs in a fresh process, above NumPy's own import."""

import os
import subprocess
import sys

import pytest

from benchmarks import imports

STATEMENTS = {
    "numpy": (imports.NUMPY, ""),
    "above NumPy": (imports.STATEMENTS["pyscope"], imports.NUMPY),
    "above NumPy, with a first run": (imports.STATEMENTS["pyscope"] + imports.FIRST_RUN, imports.NUMPY),
}


@pytest.mark.parametrize("name", STATEMENTS)
def bench_import(benchmark, name):
    """Timed by the process itself; the time of the whole process is what pytest-benchmark shows beside it."""
    statement, before = STATEMENTS[name]
    taken = []
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    imports.seconds(sys.executable, statement, before, env)  # compiles
    benchmark.pedantic(lambda: taken.append(imports.seconds(sys.executable, statement, before, env)), rounds=5)
    benchmark.extra_info["seconds of the import, minimum"] = min(taken)


def bench_import_loads_little(benchmark):
    """Modules of the standard library that NumPy has not loaded already are listed in ``extra_info``."""
    program = (
        "import sys, numpy; before = set(sys.modules); import pyscope; "
        "print(*sorted(name for name in set(sys.modules) - before if not name.startswith('pyscope')))"
    )

    def run():
        return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout

    benchmark.extra_info["modules loaded besides"] = benchmark.pedantic(run, rounds=1).split()

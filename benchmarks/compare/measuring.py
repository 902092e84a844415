"""How rows are measured: in turns, with one thread and two, in fresh processes; imports and sizes."""

import glob
import os
import subprocess
import sys
import tempfile
import time

from .. import imports
from .peers import ROOT

ENOUGH = 6.0  # seconds a column may spend on a case, once it has a value


def in_turns(case, columns, repeats, heavy):
    """Name of column -> list of values, or why there are none; one measurement of each column after the other."""
    asked = {name: column for name, column in columns.items() if _takes_part(case, name, column, heavy)}
    values, spent = {}, dict.fromkeys(asked, 0.0)
    for turn in range(1 if case.unit != "s" else repeats + 1):
        for name, column in asked.items():
            if isinstance(values.get(name), str) or (name in values and spent[name] > ENOUGH):
                continue
            start = time.monotonic()
            reply = column.peer.ask(case=case.name, column=column.key, first=turn == 0)
            spent[name] += time.monotonic() - start
            if "missing" in reply:
                values[name] = reply["missing"]
            elif turn or case.slow or case.heavy or case.unit != "s" or spent[name] > ENOUGH or repeats < 2:
                values.setdefault(name, []).append(reply["value"])  # else the first of several: a warm-up
    return values


def _takes_part(case, name, column, heavy):
    if name == "machine" or not column.has(case):
        return False
    if name == "pyscope":
        return True
    if name == "tensorflow lean" and not any(name in against for against in case.bars):
        return False
    return case.instead is None and (heavy or not case.heavy)


def in_fresh_processes(case, columns):
    """Name of column -> [value] of PyScope and the reference."""
    values = {}
    for name in ("pyscope", "tensorflow"):
        if name in columns:
            peer = columns[name].peer.copy()
            reply = peer.ask(case=case.name, column=name)
            peer.stop()
            values[name] = [reply["value"]] if "value" in reply else reply["missing"]
    return values


# ---------------------------------------------------------------- a second core


def _ticks():
    """Ticks that all processors of the machine were busy, from Linux."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, interrupt, soft, steal = map(int, file.readline().split()[1:9])
    return user + nice + system + interrupt + soft + steal


class Cores:
    """Processes of one thread and of two, which take turns."""

    def __init__(self, columns):
        self._columns = {name: columns[name] for name in ("pyscope", "tensorflow", "machine") if name in columns}
        self._peers = {}
        self.others_use = None  # how many processors other processes used before the first row

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for peer in self._peers.values():
            peer.stop()

    def _start(self):
        if self.others_use is None:
            before = _ticks()
            time.sleep(2.0)
            self.others_use = (_ticks() - before) / os.sysconf("SC_CLK_TCK") / 2.0
            for name, column in self._columns.items():
                for threads in (1, 2):
                    self._peers[name, threads] = column.peer.copy()

    def measure(self, case, repeats):
        """Name of column -> list of the time with one thread over that with two, or why there are none."""
        self._start()
        values = {}
        for turn in range(repeats + 1):
            for name, column in self._columns.items():
                if isinstance(values.get(name), str) or not column.has(case):
                    continue
                seconds = []
                for threads in (1, 2):
                    reply = self._peers[name, threads].ask(case=case.name, column=column.key, threads=threads)
                    if "missing" in reply:
                        values[name] = reply["missing"]
                        break
                    seconds.append(reply["value"])
                else:
                    if turn or repeats < 2:
                        values.setdefault(name, []).append(seconds[0] / seconds[1])
        return values


# ---------------------------------------------------------------- import and size


def imports_of(columns, repeats):
    """Row -> name of column -> seconds; the first turn fills the file cache."""
    rows, firsts = {}, {}
    for name, column in columns.items():  # the first column of each library stands for it
        firsts.setdefault(id(column.peer), (name, column.peer))
    for turn in range(repeats + 1):
        for column, peer in firsts.values():
            statement = imports.STATEMENTS.get(peer.library)
            if statement is None or (turn > 2 and peer.library != "pyscope"):  # others take seconds
                continue
            programs = {"import, above a bare interpreter": (statement, "")}
            if peer.library != "numpy":
                programs["import, above NumPy"] = statement, imports.NUMPY
            if peer.library in ("pyscope", "tensorflow"):
                programs["import and first run, above NumPy"] = (statement + imports.FIRST_RUN, imports.NUMPY)
            for name, (timed, before) in programs.items():
                taken = imports.seconds(peer.python, timed, before, peer.environment())
                if turn:
                    rows.setdefault(name, {}).setdefault(column, []).append(taken)
    return rows


_LOADED = """
import sys, numpy
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE
resident()
modules, before = set(sys.modules), resident()
import pyscope as tf
grown = resident() - before
loaded = [name for name in set(sys.modules) - modules if not name.startswith("pyscope")]
print(sum(sys.modules[name].__spec__ is not None for name in loaded), grown)  # Cython's own are not loaded but made
"""


def size(peer, wheel):
    """What the import of PyScope loads besides itself, resident bytes above NumPy's, and bytes of the wheel."""
    program = _LOADED.replace("PAGE", str(os.sysconf("SC_PAGE_SIZE")))
    result = subprocess.run(
        [peer.python, "-c", program], env=peer.environment(), check=True, capture_output=True, text=True
    )
    modules, resident = map(int, result.stdout.split())
    return {"modules": modules, "resident": resident, "wheel": wheel_bytes() if wheel else None}


def wheel_bytes():
    """Bytes of the wheel as pip builds it here, or why there is none."""
    with tempfile.TemporaryDirectory() as directory:
        source, made = os.path.join(directory, "source"), os.path.join(directory, "wheel")
        # The sources alone, so that nothing built in place is packed, and nothing here changes.
        os.mkdir(source)
        names = ["src", "setup.py", "pyproject.toml", "README.md", "LICENSE"]
        ignored = "--exclude=*.so", "--exclude=*.egg-info", "--exclude=__pycache__"
        packed = subprocess.run(["tar", "-c", *ignored, *names], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", source], input=packed, check=True)
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", made, source]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            return (result.stderr.strip().splitlines() or ["pip failed"])[-1]
        return os.path.getsize(glob.glob(os.path.join(made, "*.whl"))[0])

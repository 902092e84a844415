"""Time PyScope and other libraries in turn; write a table, JSON and a plot."""

import argparse
import json
import platform
import re
import sys
import time
from pathlib import Path

import numpy as np

from .. import cases, imports
from . import peers as peers_module
from . import plot, report


def parse(argv):
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="interpreter of another library; NAME begins with the name of a library; may be repeated "
        "(or PYSCOPE_COMPARE='NAME=PATH ...' in the environment)",
    )
    parser.add_argument("--repeats", type=int, default=5, help="measurements per case (default: 5)")
    parser.add_argument("--cases", default="", metavar="REGEX", help="only cases whose group or name matches")
    parser.add_argument("--quick", action="store_true", help="leave out the cases that take long")
    parser.add_argument("--heavy", action="store_true", help="time the cases, too, that take minutes or gigabytes")
    parser.add_argument("--output", default="benchmarks/results", metavar="DIR", help="default: benchmarks/results")
    return parser.parse_args(argv)


def in_time(case, options):
    """Whether the options leave time for a case."""
    return not (options.quick and case.slow) and (options.heavy or not case.heavy)


def wanted(pattern, group, name):
    """Whether ``--cases`` selects this one."""
    return re.search(pattern, f"{group}: {name}") is not None


def time_case(peers, case, repeats):
    """Name of peer -> list of seconds, or why there are none; one measurement of each peer after the other."""
    times = {}
    chosen = [peer for peer in peers if case.instead is None or peer.library == "pyscope"]
    for turn in range(min(repeats, 2) if case.slow else repeats + 1):
        for peer in chosen:
            if isinstance(times.get(peer.name), str):
                continue
            reply = peer.ask(case.name)
            if "missing" in reply:
                times[peer.name] = reply["missing"]
            elif turn or case.slow:  # the first of several is a warm-up
                times.setdefault(peer.name, []).append(reply["value"])
    return times


def time_imports(peers, repeats):
    """Rows of import times; the first turn fills the file cache."""
    rows = {}
    for turn in range(repeats + 1):
        for peer in peers:
            statement = imports.STATEMENTS[peer.library]
            programs = {
                "import numpy": (imports.NUMPY, ""),
                "import, above a bare interpreter": (statement, ""),
                "import, above NumPy": (statement, imports.NUMPY),
            }
            if peer.library in ("pyscope", "tensorflow"):
                programs["import and first run, above NumPy"] = (statement + imports.FIRST_RUN, imports.NUMPY)
            for name, (timed, before) in programs.items():
                taken = imports.seconds(peer.python, timed, before, peer.environment())
                if turn:
                    rows.setdefault(name, {}).setdefault(peer.name, []).append(taken)
    return rows


def measure_memory(peers):
    """Bytes per ``tf.add``, each in a fresh process."""
    values = {}
    for peer in peers:
        if peer.library in ("pyscope", "tensorflow"):
            peer.stop()
            reply = peer.ask("memory")
            if "missing" in reply:  # a process that ended may have been short of memory: once more
                peer.stop()
                reply = peer.ask("memory")
            values[peer.name] = reply.get("value", reply.get("missing"))
    return values


def main(argv=None):
    """Measure and write."""
    options = parse(argv)
    peers = peers_module.find(options.python)
    results = {
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}, "
        f"NumPy {np.__version__}",
        "libraries": {peer.name: peer.label for peer in peers},
        "cases": {},
        "imports": {},
        "memory": {},
    }
    for case in cases.CASES:
        if wanted(options.cases, case.group, case.name) and in_time(case, options):
            print(case.name, file=sys.stderr)
            results["cases"][case.name] = time_case(peers, case, options.repeats)
    if wanted(options.cases, "memory", "bytes per op") and not options.quick:
        results["memory"] = measure_memory(peers)
    for peer in peers:
        peer.stop()
    if wanted(options.cases, "import", "import"):
        print("import", file=sys.stderr)
        results["imports"] = time_imports(peers, options.repeats)
    rows = report.rows(results)
    results["rows"] = rows
    output = Path(options.output)
    output.mkdir(parents=True, exist_ok=True)
    table = report.table(results, rows)
    (output / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (output / "results.md").write_text(table)
    (output / "results.svg").write_text(plot.svg(rows, results))
    print(table)


if __name__ == "__main__":
    main()

"""Measure PyScope and other libraries in turn; write a table, JSON and a plot."""

import argparse
import json
import os
import platform
import re
import sys
import time
from pathlib import Path

import numpy as np

from .. import cases
from . import measuring, peers, plot, report


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
    parser.add_argument("--cases", default="", metavar="REGEX", help="only cases whose “group: name” matches")
    parser.add_argument("--quick", action="store_true", help="leave out the cases that take long")
    parser.add_argument("--heavy", action="store_true", help="other libraries, too, in cases of minutes or gigabytes")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for one measurement (default: 600)")
    parser.add_argument("--output", default="benchmarks/results", metavar="DIR", help="default: benchmarks/results")
    return parser.parse_args(argv)


def wanted(options, group, name, slow=False):
    """Whether the options ask for a row, and leave time for it."""
    return re.search(options.cases, f"{group}: {name}") is not None and not (options.quick and slow)


class Progress:
    """What is being measured, how long the last took, and how long everything has."""

    def __init__(self):
        self._start = self._last = time.monotonic()

    def __call__(self, name):
        now = time.monotonic()
        print(f"{now - self._start:6.0f} s (+{now - self._last:.1f})  {name}", file=sys.stderr, flush=True)
        self._last = now


def measure(options, results, found, columns, progress):
    """Measure the cases that the options ask for; written after each kind, so that an end too soon leaves something."""
    values = results["cases"]  # name of case -> name of column -> list of values, or why there are none
    chosen = [case for case in cases.CASES if wanted(options, case.group, case.name, case.slow or case.heavy)]
    for case in chosen:
        if case.group != "cores" and not case.fresh:
            progress(f"{case.group}: {case.name}")
            values[case.name] = measuring.in_turns(case, columns, options.repeats, options.heavy)
    write(results, options.output)
    for peer in found:
        peer.stop()
    with measuring.Cores(columns) as cores:
        for case in chosen:
            if case.group == "cores":
                progress(f"{case.group}: {case.name}")
                values[case.name] = cores.measure(case, options.repeats)
                results["others_use"] = cores.others_use
    for case in chosen:
        if case.fresh:
            progress(f"{case.group}: {case.name}")
            values[case.name] = measuring.in_fresh_processes(case, columns)
    write(results, options.output)
    if wanted(options, "import", "import"):
        progress("import: times")
        results["imports"] = measuring.imports_of(columns, options.repeats)
        write(results, options.output)
    if wanted(options, "import", "size"):
        progress("import: size")
        results["size"] = measuring.size(columns["pyscope"].peer, wheel=not options.quick)


def machine():
    """What the figures are of."""
    try:
        names = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        names = []
    processors = f"{len(os.sched_getaffinity(0))} processors" + (f" ({names[0]})" if names else "")
    return (
        f"{platform.machine()}, {processors}, {platform.system()}, Python {platform.python_version()}, "
        f"NumPy {np.__version__}; load average at the start {os.getloadavg()[0]:.2f}"
    )


def write(results, directory):
    """Table, JSON and plot of what there is; returns the table."""
    rows = report.rows(results)
    table = report.table(results, rows)
    output = Path(directory)
    output.mkdir(parents=True, exist_ok=True)
    kept = {**results, "rows": rows, "bars": report.count(rows)}
    (output / "results.json").write_text(json.dumps(kept, indent=1) + "\n")
    (output / "results.md").write_text(table)
    (output / "results.svg").write_text(plot.svg(rows, results))
    return table


def main(argv=None):
    """Measure and write."""
    options = parse(argv)
    results = {
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "machine": machine(),
        "columns": {},
        "others_use": None,
        "cases": {},
        "imports": {},
        "size": {},
    }
    progress = Progress()
    progress("starting")
    found = peers.find(options.python, options.limit)
    columns = peers.columns_of(found)
    results["columns"] = {name: column.label for name, column in columns.items()}
    measure(options, results, found, columns, progress)
    table = write(results, options.output)
    progress("done")
    print(table)


if __name__ == "__main__":
    main()

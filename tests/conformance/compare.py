"""Compare PyScope with the recorded results of TensorFlow, and print differences grouped by cause.

    python -m tests.conformance.compare                    # everything; first difference of each program
    python -m tests.conformance.compare optimizers -m v1   # programs with "optimizers" in their name
    python -m tests.conformance.compare programs           # hand-written ones; "generated": the others
    python -m tests.conformance.compare scopes -v          # all differences rather than the first
    python -m tests.conformance.compare --live             # with TensorFlow itself (see PYSCOPE_TF_PYTHON)
"""

import argparse
import json
import os
import sys

from . import deliberate, process, recorded, registry
from .diff import differences
from .tensorflow_python import tensorflow_python


def select(mode, words):
    """Names of the programs of `mode` that match one of `words` (all programs, when there are none)."""
    names = registry.names(mode) + [f"generated/{i}" for i in range(recorded.GENERATED)]
    if not words:
        return names
    return [name for name in names if any(_chosen(name, word) for word in words)]


def _chosen(name, word):
    if word == "programs":
        return not name.startswith("generated/")
    return name == word if word.startswith("generated/") else word in name


def check(name, mode, expected, actual, rows):
    """The unmeant differences of one program, and the rows of DIFFERENCES.md that explain others."""
    if isinstance(expected, list):
        mine = recorded.digest(actual)
        if mine[0] != expected[0]:
            found = [("digest", "generated program (run record.py for details)", expected[0], mine[0])]
        else:
            found = differences({"events": expected[1]}, {"events": mine[1]})
    else:
        found = differences(expected, actual, limit=10_000)
    return deliberate.split(name, mode, found, rows)


def compare(mode, words=(), live=False):
    """name -> unmeant differences, of all compared programs; and the stale rows of DIFFERENCES.md."""
    names = select(mode, words)
    rows = deliberate.load()
    if live:
        expected = process.run("tensorflow.compat.v1", mode, names, tensorflow_python())
    else:
        expected = recorded.expected(mode)
    actual = process.run("pyscope", mode, names)
    results, used = {}, set()
    for name in names:
        if name not in expected:
            results[name] = [("record", "not recorded yet: run record.py", None, None)]
            continue
        # The records of one library went through JSON; so must those of the other.
        results[name], explained = check(name, mode, expected[name], actual[name], rows)
        used |= explained
    stale = [row for row in rows if row not in used and any(deliberate.applies(row, name,
        mode) for name in names)]
    if words:
        # A pattern over many programs may find its difference in one that was not chosen.
        stale = [row for row in stale if "*" not in row[0]]
    return results, stale


def _short(a, b, width=400):
    """Both forms as texts of at most `width` characters that show where they differ."""
    a, b = (form if isinstance(form, str) else json.dumps(form, sort_keys=True) for form in (a, b))
    same = len(os.path.commonprefix([a, b]))
    start = max(0, same - width // 3) if max(len(a), len(b)) > width else 0
    return ["..." * bool(start) + text[start : start + width] for text in (a, b)]


def report(mode, results, stale, verbose, out=None):
    """Prints the result of one mode: counts, causes and their programs, each program's first difference."""
    failing = {name: found for name, found in results.items() if found}
    print(f"== {mode}: {len(results) - len(failing)} of {len(results)} programs equal", file=out)
    causes = {}
    for name, found in failing.items():
        causes.setdefault(found[0][1], []).append(name)
    for cause, names in sorted(causes.items(), key=lambda item: -len(item[1])):
        more = f" and {len(names) - 6} more" if len(names) > 6 else ""
        print(f"{len(names):5}  {cause}: {', '.join(names[:6])}{more}", file=out)
    for name, found in failing.items():
        for field, _, expected, actual in found if verbose else found[:1]:
            print(f"\n{name} [{mode}] {field}", file=out)
            print("  TensorFlow: {}\n  PyScope:    {}".format(*_short(expected, actual)), file=out)
    for row in stale:
        print(f"stale row of DIFFERENCES.md: {' | '.join(row)}", file=out)
    print(file=out)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("words", nargs="*", help="parts of names of programs; programs; generated")
    parser.add_argument("-m", "--mode", choices=registry.MODES, action="append")
    parser.add_argument("-v", "--verbose", action="store_true", help="all differences of each program")
    parser.add_argument("--live", action="store_true", help="run TensorFlow rather than read its records")
    options = parser.parse_args(argv)
    failed = False
    for mode in options.mode or registry.MODES:
        results, stale = compare(mode, options.words, options.live)
        failed |= bool(stale) or any(results.values())
        report(mode, results, stale, options.verbose)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

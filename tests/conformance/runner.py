"""Run programs against one library in one mode, in this process: one JSON line per program.

    python -m tests.conformance.runner scopes.nesting --module pyscope -m resource

TensorFlow's modes can't be switched back, so a process has one. `process.run` starts such processes,
sends the names on stdin, and starts a new one after a program that kills its process.
"""

import argparse
import importlib
import json
import signal
import sys
import traceback

from . import registry
from .trial import Trial
from .values import error_form

SECONDS = 60


def enter_mode(tf, mode):
    """Switch the library `tf` to `mode`, for the rest of the process."""
    if mode == "v1":
        tf.disable_v2_behavior()
    else:
        tf.disable_eager_execution()
    tf.logging.set_verbosity(tf.logging.ERROR)


def run_program(tf, name, show_traceback=False):
    """The record of the program called `name`, run in a fresh graph."""
    trial = Trial(tf)
    failure = None
    try:
        tf.reset_default_graph()
        registry.load(name)(tf, trial)
    except Exception as error:
        failure = error
        if show_traceback:
            traceback.print_exc()
    try:
        return trial.record(failure)
    except Exception as error:
        # as_graph_def or a property of a node failed: what happened before still tells something.
        if show_traceback:
            traceback.print_exc()
        record = {"events": trial.events, "unrecorded": error_form(error)}
        if failure is not None:
            record["uncaught"] = error_form(failure)
        return record


def _limit(seconds):
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(seconds)


def _too_long(signum, frame):
    raise RuntimeError(f"the program did not end in {SECONDS} s")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="programs; without any, read from stdin, one a line")
    parser.add_argument("--module", default="pyscope", help="pyscope or tensorflow.compat.v1")
    parser.add_argument("-m", "--mode", choices=registry.MODES, default="resource")
    parser.add_argument("--out", help="append records to this file rather than print them")
    options = parser.parse_args(argv)
    tf = importlib.import_module(options.module)
    enter_mode(tf, options.mode)
    names = options.names or [line.strip() for line in sys.stdin if line.strip()]
    out = open(options.out, "a", encoding="utf-8") if options.out else sys.stdout
    indent = 1 if options.names and not options.out else None
    for name in names:
        print(json.dumps({"start": name}), file=out, flush=True)
        _limit(SECONDS)
        record = run_program(tf, name, show_traceback=bool(options.names))
        _limit(0)
        print(json.dumps({"name": name, "record": record}, indent=indent), file=out, flush=True)


if __name__ == "__main__":
    main()

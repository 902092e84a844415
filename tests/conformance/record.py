"""Run every program under TensorFlow and write what it does to ``data/``.

    python -m tests.conformance.record               # under a Python with TensorFlow 2.21
    python -m tests.conformance.record programs      # only the hand-written ones
    python -m tests.conformance.record control       # only those of programs/control.py

PYSCOPE_TF_PYTHON may name the Python that has TensorFlow.
"""

import argparse

from . import process, recorded, registry
from .tensorflow_python import tensorflow_python


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", nargs="*", default=["programs", "generated"],
                        help="programs, generated, or areas: files of programs/")
    options = parser.parse_args(argv)
    python = tensorflow_python()
    if python is None:
        parser.error("no TensorFlow here; PYSCOPE_TF_PYTHON may name a Python that has it")
    for mode in registry.MODES:
        names = [name for name in registry.names(mode)
                 if "programs" in options.what or name.partition(".")[0] in options.what]
        if names:
            records = process.run("tensorflow.compat.v1", mode, names, python)
            recorded.write_programs(mode, records)
            _report(mode, records)
        if "generated" in options.what:
            names = [f"generated/{i}" for i in range(recorded.GENERATED)]
            records = process.run("tensorflow.compat.v1", mode, names, python)
            recorded.write(f"generated_{mode}", records, recorded.FULL)
            short = {name: record if i < recorded.GENERATED_IN_FULL else recorded.digest(record)
                     for i, (name, record) in enumerate(records.items())}
            recorded.write(f"generated_{mode}", short)
            _report(mode, records)


def _report(mode, records):
    print(f"{mode}: {len(records)} programs")
    for name, record in records.items():
        for key in ("uncaught", "unrecorded", "crash"):
            if key in record:
                print(f"  {name}: {key}: {record[key]}")


if __name__ == "__main__":
    main()

"""``tf.app``: run a program's ``main`` with its flags parsed."""

import sys

from pyscope import flags

__all__ = ["flags", "run"]


def run(main=None, argv=None):
    """Parse `argv` (``sys.argv``), call `main` (the program's own) with what is left and exit with its result.

    Flags that nobody defined are left to `main`. ``--help`` and ``--helpfull`` print the flags and exit.
    """
    from absl import app

    def parse(arguments):
        return flags.FLAGS(sys.argv if arguments is None else arguments, known_only=True)

    app.run(main=main or sys.modules["__main__"].main, argv=argv, flags_parser=parse)

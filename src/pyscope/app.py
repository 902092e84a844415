"""``tf.app``: run a program's ``main`` with its flags parsed."""

import sys

from pyscope import flags

__all__ = ["flags", "run"]


def run(main=None, argv=None):
    """Parse `argv` (``sys.argv``), call `main` (the program's own) with what is left and exit with its result.

    Flags that nobody defined are left to `main`. ``--help`` and ``--helpfull`` print the flags and exit.
    """
    main = main or sys.modules["__main__"].main
    if "help" not in flags.FLAGS:
        for name, text, short in _HELP_FLAGS:
            flags.FLAGS._define(_HelpFlag(name, text, short), "absl.app")
    arguments = flags.FLAGS(sys.argv if argv is None else argv, known_only=True)
    sys.exit(main(arguments))


_HELP_FLAGS = [("help", "show this help", "?"), ("helpshort", "show this help", None)]
_HELP_FLAGS += [("helpfull", "show full help", None)]


class _HelpFlag(flags.Flag):
    """A flag that prints help and exits when it is given."""

    def __init__(self, name, text, short):
        super().__init__(name, False, text, flags._parse_boolean, boolean=True, short=short)

    def parse(self, argument):
        if not self._parsed(argument):
            return
        full = self.name == "helpfull"
        doc = sys.modules["__main__"].__doc__
        if doc:
            doc = doc.replace("%s", sys.argv[0]).replace("%%", "%")
        else:
            doc = f"\nUSAGE: {sys.argv[0]} [flags]\n"
        print(f"{doc}\nflags:\n{flags.FLAGS.get_help() if full else flags.FLAGS.main_module_help()}")
        if not full:
            print("\nTry --helpfull to get a list of all flags.")
        sys.exit(1)

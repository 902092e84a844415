"""Command line flags and ``tf.app.run``."""

import os
import subprocess
import sys

import pytest
from absl import flags as absl_flags

from pyscope import flags
from pyscope.flags import FlagValues


@pytest.fixture
def values():
    """A few flags of each kind, apart from the program's own."""
    values = FlagValues()
    flags.DEFINE_string("name", "bob", "the name", flag_values=values)
    flags.DEFINE_integer("n", 3, "count", lower_bound=0, flag_values=values)
    flags.DEFINE_float("lr", 0.1, "rate", flag_values=values)
    flags.DEFINE_boolean("train", True, "train", flag_values=values)
    flags.DEFINE_enum("mode", "a", ["a", "b"], "mode", flag_values=values)
    flags.DEFINE_list("l", "x,y", "items", flag_values=values)
    flags.DEFINE_spaceseplist("words", "", "words", flag_values=values)
    flags.DEFINE_multi_string("ms", None, "texts", flag_values=values)
    flags.DEFINE_multi_integer("mi", [1, 2], "ints", flag_values=values, short_name="q")
    flags.DEFINE_multi_float("mf", 1.5, "floats", flag_values=values)
    return values


@pytest.mark.parametrize(
    "arguments, name, value, rest",
    [
        ("", "name", "bob", []),
        ("--n=5 pos --lr 2 x", "lr", 2.0, ["pos", "x"]),
        ("--n=0x10", "n", 16, []),
        ("--notrain", "train", False, []),
        ("--train=false", "train", False, []),
        ("--train false", "train", True, ["false"]),
        ("--l=a,b", "l", ["a", "b"], []),
        ("--l=", "l", [], []),
        ("--ms=a --ms=b", "ms", ["a", "b"], []),
        ("-q 5 -q=6", "mi", [5, 6], []),
        ("--mf=2", "mf", [2.0], []),
        ("-n=7 -- --lr=3", "lr", 0.1, ["--lr=3"]),
        ("--name=", "name", "", []),
        ("- a", "name", "bob", ["-", "a"]),
        ("--undefok=foo --foo=3", "n", 3, []),
        ("--mode b", "mode", "b", []),
    ],
)
def test_a_command_line(values, arguments, name, value, rest):
    assert values(["program", *arguments.split()]) == ["program", *rest]
    assert getattr(values, name) == value


def test_values_with_blanks(values):
    values(["program", "--l=a,b , c", "--words=a  b"])
    assert (values.l, values.words) == (["a", "b", "c"], ["a", "b"])


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ("--n x", flags.IllegalFlagValueError, "flag --n=x: invalid literal for int() with base 10: 'x'"),
        ("--n -1", flags.IllegalFlagValueError, "flag --n=-1: -1 is not a non-negative integer"),
        ("--lr=x", flags.IllegalFlagValueError, "flag --lr=x: could not convert string to float: 'x'"),
        (
            "--train=maybe",
            flags.IllegalFlagValueError,
            "flag --train=maybe: ('Non-boolean argument to boolean flag', 'maybe')",
        ),
        ("--mode=c", flags.IllegalFlagValueError, "flag --mode=c: value should be one of <a|b>"),
        ("--foo=1 --bar", flags.UnrecognizedFlagError, "Unknown command line flag 'foo'"),
        ("--nam=3", flags.UnrecognizedFlagError, "Unknown command line flag 'nam'. Did you mean: name ?"),
        ("--name", flags.Error, "Missing value for flag --name"),
        ("--notrain=1", ValueError, "--notrain=1 does not take an argument"),
    ],
)
def test_a_wrong_command_line(values, arguments, error, message):
    with pytest.raises(error) as caught:
        values(["program", *arguments.split()])
    assert str(caught.value) == message


def test_unknown_flags_may_be_left_to_the_program(values):
    left = values(["program", "--foo", "3", "--n=4", "--", "-z"], known_only=True)
    assert (left, values.n) == (["program", "--foo", "3", "--", "-z"], 4)


def test_reading_a_flag_parses_sys_argv(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["program", "--n=8"])
    flags.DEFINE_integer("n", 3, "count")
    try:
        assert not flags.FLAGS.is_parsed()
        assert (flags.FLAGS.n, flags.FLAGS.is_parsed()) == (8, True)
        with pytest.raises(AttributeError, match="^zzz$"):
            flags.FLAGS.zzz  # noqa: B018
        flags.FLAGS.n = 9
        assert (flags.FLAGS.n, flags.FLAGS["n"].value, "n" in flags.FLAGS) == (9, 9, True)
        assert absl_flags.FLAGS.n == 9
    finally:
        flags.FLAGS.unparse_flags()
        del flags.FLAGS.n


def test_setting_a_flag(values):
    values(["program"])
    values.n = 9
    assert (values.n, values["n"].using_default_value) == (9, False)
    with pytest.raises(flags.IllegalFlagValueError, match="^flag --n=-9: -9 is not a non-negative integer$"):
        values.n = -9
    assert values.n == 9
    with pytest.raises(flags.UnrecognizedFlagError, match="^Unknown command line flag 'zzz'$"):
        values.zzz = 1


def test_a_name_is_defined_once_and_can_be_deleted(values):
    with pytest.raises(flags.DuplicateFlagError, match="^The flag 'n' is defined twice. First from "):
        flags.DEFINE_integer("n", 1, "again", flag_values=values)
    delattr(values, "n")
    assert "n" not in values
    flags.DEFINE_integer("n", 1, "again", flag_values=values)
    values(["program"])
    assert values.n == 1


def test_validators(values):
    flags.mark_flag_as_required("ms", flag_values=values)
    with pytest.raises(
        flags.IllegalFlagValueError, match="^flag --ms=None: Flag --ms must have a value other than None.$"
    ):
        values(["program"])
    flags.register_multi_flags_validator(["n", "lr"], lambda v: v["n"] > v["lr"], "too small", flag_values=values)
    with pytest.raises(flags.IllegalFlagValueError, match="too small"):
        values(["program", "--ms=a", "--n=0"])
    values(["program", "--ms=a", "--n=1"])


def test_flag_files(values, tmp_path):
    (tmp_path / "flags").write_text("# comment\n--n=6\n\n--lr=2\n")
    assert values(["program", "--flagfile", str(tmp_path / "flags"), "x"]) == ["program", "x"]
    assert (values.n, values.lr) == (6, 2.0)
    (tmp_path / "saved").write_text(values.flags_into_string())
    before = values.flag_values_dict()
    values.unparse_flags()
    values(["program", f"--flagfile={tmp_path / 'saved'}"])
    assert values.flag_values_dict() == before


def test_holders_and_old_argument_names():
    values = FlagValues()
    holder = flags.DEFINE_integer("n", 3, "count", flag_values=values)
    flags.set_default(holder, 4)
    with pytest.raises(TypeError, match="bool"):
        bool(holder)
    values(["program"])
    assert (holder.name, holder.value, holder.default, holder.present) == ("n", 4, 4, 0)
    flags.DEFINE_string(flag_name="old", default_value="v", docstring="h", flag_values=values)
    assert values.old == "v"


PROGRAM = '''"""What the program does."""
import tensorflow as tf
flags = tf.app.flags
FLAGS = flags.FLAGS
flags.DEFINE_string("name", "bob", "the name")
tf.flags.DEFINE_integer("n", 3, "count of a long thing that goes on and on and on and needs wrapping really",
                        lower_bound=0)
flags.DEFINE_bool("train", True, "train", short_name="t")
flags.DEFINE_enum("mode", "a", ["a", "b"], "mode")
flags.DEFINE_multi_integer("mi", [1, 2], "mi")
flags.DEFINE_float("f", None, "")

def main(argv):
    print(argv[1:], FLAGS.name, FLAGS.n)
    return 3

if __name__ == "__main__":
    tf.app.run()
'''

HELP = """What the program does.
flags:

program.py:
  --f: (no help available)
    (a number)
  --mi: mi;
    repeat this option to specify a list of values
    (default: '[1, 2]')
    (an integer)
  --mode: <a|b>: mode
    (default: 'a')
  --n: count of a long thing that goes on and on and on and needs wrapping
    really
    (default: '3')
    (a non-negative integer)
  --name: the name
    (default: 'bob')
  -t,--[no]train: train
    (default: 'true')

Try --helpfull to get a list of all flags.
"""


def test_app_run(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))

    def run(*arguments):
        command = [sys.executable, "-m", "pyscope", "program.py", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout

    assert run("--n=4", "a", "--foo") == (3, "['a', '--foo'] bob 4\n")
    assert run("--help") == (1, HELP)

"""``python -m pyscope`` runs programs as python does."""

import os
import subprocess
import sys
import zipfile

import pytest

SHOW = """
import sys, os
print(__name__, __file__ == os.path.abspath(sys.argv[0]), sys.argv[1:], sys.path[0])
print(sys.modules["__main__"].__dict__ is globals(), __spec__ is None)
"""


def run(*args, cwd, python=("-m", "pyscope")):
    paths = os.pathsep.join(path for path in sys.path if path)
    env = dict(os.environ, PYTHONPATH=paths, PYTHONWARNINGS="error")
    command = [sys.executable, *python, *args]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=60)


def same_as_python(*args, cwd):
    """Run under PyScope and under python; assert equal output and exit code, return PyScope's run."""
    ours, theirs = run(*args, cwd=cwd), run(*args, cwd=cwd, python=())
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout), ours.stderr
    return ours


def test_a_program_sees_its_own_name_arguments_and_directory(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "program.py").write_text(SHOW + "import neighbour")
    (tmp_path / "sub" / "neighbour.py").write_text("print('neighbour')")
    done = same_as_python("sub/program.py", "-m", "two words", "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "__main__ True ['-m', 'two words', '--help']" in done.stdout


def test_a_module_runs_from_the_current_directory(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    part = "import sys\nprint(__name__, __package__, sys.argv, sys.path[0])"
    (tmp_path / "package" / "part.py").write_text(part)
    (tmp_path / "package" / "__main__.py").write_text("from . import part\nprint(__name__)")
    assert same_as_python("-m", "package.part", "a", cwd=tmp_path).returncode == 0
    assert same_as_python("-m", "package", "-x", cwd=tmp_path).returncode == 0


def test_a_directory_and_a_zip_file_run_their_main(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("import sys, helper\nprint(__name__, sys.argv)")
    (tmp_path / "app" / "helper.py").write_text("print('helper')")
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as file:
        file.write(tmp_path / "app" / "__main__.py", "__main__.py")
        file.write(tmp_path / "app" / "helper.py", "helper.py")
    assert same_as_python("app", "x", cwd=tmp_path).returncode == 0
    assert same_as_python("app.zip", "x", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    "source, status",
    [
        ("raise SystemExit", 0),
        ("import sys; sys.exit(7)", 7),
        ("import sys; sys.exit('a message')", 1),
        ("1 / 0", 1),
        ("import atexit; f = lambda: print(__name__); atexit.register(f)", 0),
        ("raise KeyboardInterrupt", -2),
        ("this is no python", 1),
    ],
)
def test_exit_codes_are_those_of_python(tmp_path, source, status):
    (tmp_path / "program.py").write_text(source)
    assert same_as_python("program.py", cwd=tmp_path).returncode == status


def test_a_traceback_shows_the_program_only(tmp_path):
    (tmp_path / "program.py").write_text("def f():\n    raise ValueError('seen')\n\nf()\n")
    for args in (["program.py"], ["-m", "program"]):
        error = run(*args, cwd=tmp_path).stderr
        assert error.startswith("Traceback (most recent call last):\n")
        assert error.endswith("ValueError: seen\n")
        assert error.count("  File ") == 2
        assert "pyscope" not in error and "runpy" not in error


def test_tensorflow_is_pyscope_there(tmp_path):
    (tmp_path / "program.py").write_text(
        "import tensorflow as tf, pyscope\n"
        "from tensorflow.python.ops import variable_scope as vs\n"
        "assert tf.Graph is pyscope.Graph and vs.get_variable is pyscope.get_variable\n"
        "print(tf.__version__)"
    )
    done = run("program.py", cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("1.15.5\n", "")


@pytest.mark.parametrize(
    "args, status, message",
    [
        ([], 2, "a program to run is missing"),
        (["-m"], 2, "-m wants the name of a module"),
        (["--fast"], 2, "unknown option --fast"),
        (["no_such_file.py"], 2, "can't open file"),
        (["-m", "no_such_module"], 1, "No module named no_such_module"),
        (["-m", "no_such.module"], 1, "No module named no_such.module"),
        (["-m", "json.decoder.x"], 1, "No module named json.decoder.x"),
        (["-m", "email"], 1, "No module named email.__main__; 'email' is a package"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(tmp_path, args, status, message):
    done = run(*args, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(f"python -m pyscope: {message}")
    assert ("usage:" in done.stderr) == (status == 2 and "open" not in message)


def test_help_and_version(tmp_path):
    assert run("--help", cwd=tmp_path).stdout.startswith("usage: python -m pyscope PROGRAM")
    assert run("--version", cwd=tmp_path).stdout == "PyScope 0.1.0\n"

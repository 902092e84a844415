"""Run many programs in processes of their own, surviving those that kill their process."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(module, mode, names, python=sys.executable):
    """Records of programs, name -> record, in the order of `names`.

    A program that kills its process gets the record ``{"crash": <exit status and last words>}``.
    """
    records = {}
    names = list(names)
    while names:
        finished, crash = _run_until_crash(module, mode, names, python)
        records.update(finished)
        names = names[len(finished) :]
        if crash is not None and names:
            records[names.pop(0)] = {"crash": crash}
            if not finished and not crash.get("started"):
                raise RuntimeError(f"{module} can't be run in mode {mode}: {crash['stderr']}")
    return records


def _run_until_crash(module, mode, names, python):
    package = __package__ if __package__.startswith("tests.") else f"tests.{__package__}"
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        process = subprocess.run(
            [python, "-m", f"{package}.runner", "--module", module, "-m", mode, "--out", out],
            input="\n".join(names) + "\n", text=True, cwd=ROOT, env=_environment(module),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, errors="replace",
        )
        lines = pathlib.Path(out).read_text(encoding="utf-8").splitlines() if os.path.exists(out) else []
    finished = {}
    started = False
    for line in lines:
        entry = json.loads(line)
        started = "start" in entry
        if not started:
            finished[entry["name"]] = entry["record"]
    if process.returncode == 0:
        return finished, None
    last_words = [line for line in process.stderr.splitlines() if line.strip()][-6:]
    return finished, {"status": process.returncode, "stderr": last_words, "started": started}


def _environment(module):
    quiet = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    environment = {**os.environ, **quiet}
    if module == "pyscope":
        # The library under test may have been made importable here by a path only.
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    else:
        environment.pop("PYTHONPATH", None)
    return environment

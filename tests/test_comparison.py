"""What ``python -m benchmarks.compare`` makes of its measurements."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import cases  # noqa: E402
from benchmarks.compare import plot, report  # noqa: E402

COLUMNS = {
    "pyscope": "PyScope 0.1",
    "tensorflow": "TensorFlow 2.21.0",
    "tensorflow lean": "TensorFlow 2.21.0, lean",
    "onnxruntime": "ONNX Runtime 1.32.0",
    "torch.fx": "torch.fx",
    "jax": "JAX 0.10.2",
}


def results(**values):
    return {
        "when": "",
        "machine": "",
        "columns": COLUMNS,
        "others_use": 0.0,
        "cases": values,
        "imports": {},
        "size": {},
    }


def found(name, values, others_use=0.0, **more):
    """Verdicts on the values of a case, as (text, met)."""
    made = results(**{name: values, **more})
    made["others_use"] = others_use
    return [(one["text"], one["met"]) for one in report.verdicts(made, cases.by_name(name))]


def test_names_are_unique_and_those_named_exist():
    names = [case.name for case in cases.CASES]
    assert len(names) == len(set(names))
    for case in cases.CASES:
        assert case.group in cases.GROUPS
        assert case.instead is None or case.instead in names
        assert case.grows is None or case.grows[0] in names


def test_a_case_has_a_verdict_for_each_bar():
    values = {"pyscope": [1e-6, 2e-6, 3e-6], "tensorflow": [100e-6], "onnxruntime": [1e-6], "jax": [2e-6]}
    assert found("Session.run(x + 1.0, {x: 4 floats})", values) == [
        ("TensorFlow 50 (100) of 40: yes", True),
        ("ONNX Runtime 0.5 (1) of 1: **no**", False),
        ("JAX 1 (2) of 1: yes", True),
        ("at most 2 µs: yes", True),
    ]


def test_the_best_of_several_columns_counts():
    name = "Session.run of parallel tiny ops and their add_n, 1,000 ops, per op"
    values = {"pyscope": [1e-8], "tensorflow": [9e-8], "tensorflow lean": [7e-8]}
    assert found(name, values) == [("TensorFlow, lean 7 of 8: **no**", False)]


def test_all_other_builders():
    values = {"pyscope": [1e-6], "tensorflow": [3e-4], "torch.fx": [5e-6], "jax": "the process ended"}
    assert found("tf.add(x, x), 1,000 ops", values) == [
        ("TensorFlow 300 of 250: yes", True),
        ("all other builders, best torch.fx 5 of 1: yes", True),
    ]


def test_what_did_not_run_misses_its_bars():
    values = {"pyscope": "ValueError: no", "tensorflow": [1e-4]}
    assert [met for _, met in found("Session.run(no_op)", values)] == [False, False]
    assert [met for _, met in found("tf.add(x, x), 1,000,000 ops", values)] == [False, False, False]


def test_without_a_bar_the_ratio_to_tensorflow_is_shown():
    values = {"pyscope": [1e-3], "tensorflow": [2e-3]}
    assert found("gradients of MLP 784-256-128-10, batch 64", values) == [("TensorFlow 2", None)]


def test_a_second_core_is_judged_only_when_there_is_one():
    name = "matmul of float32, 1024 x 1024 x 1024, 2 threads"
    values = {"pyscope": [1.9], "tensorflow": [1.8]}
    assert found(name, values) == [("at least 1.8: yes", True)]
    assert found(name, values, others_use=0.5) == [("at least 1.8: not judged, no idle core", None)]


def test_growth():
    small, large = "variable_scope, new names, 500 names", "variable_scope, new names, 20,000 names"
    verdicts = found(large, {"pyscope": [3e-6]}, **{small: {"pyscope": [1e-6]}})
    assert verdicts == [(f"3 times one of “{small}”, at most 2: **no**", False)]


@pytest.mark.parametrize(
    "value, unit, text",
    [
        (2.5e-3, "s", "2.5 ms"),
        (3.6e-10, "s", "0.36 ns"),
        (1.0, "s", "1 s"),
        (2**24, "bytes", "16 MB"),
        (97, "bytes", "97 bytes"),
    ],
)
def test_shown(value, unit, text):
    assert report.shown(value, unit) == text


def test_table_and_plot():
    name = "Session.run(no_op)"
    made = results(**{name: {"pyscope": [1e-7], "tensorflow": [1e-5], "tensorflow lean": "over 600 s"}})
    made["imports"] = {"import, above NumPy": {"pyscope": [0.01], "tensorflow": [2.0]}}
    made["size"] = {"modules": 0, "resident": 2**20, "wheel": 6 * 2**20}
    rows = report.rows(made)
    assert report.count(rows) == {"met": 4, "judged": 5, "not judged": 0}
    text = report.table(made, rows)
    assert "| Session.run(no_op) | 100 ns | 10 µs | over 600 s | TensorFlow 100 of 25: yes |" in text
    assert text.endswith("did not run “Session.run(no_op)”: over 600 s\n\nBars met: 4 of 5.\n")
    picture = plot.svg(rows, made)
    assert picture.startswith("<svg") and picture.count("<rect") == 3

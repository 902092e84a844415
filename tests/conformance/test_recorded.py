"""PyScope does what TensorFlow did when its results were recorded: every program, in both modes."""

import functools

import pytest

from . import deliberate, process, recorded, registry
from .compare import check


@functools.cache
def _actual(mode):
    names = registry.names(mode) + [f"generated/{i}" for i in range(recorded.GENERATED)]
    return process.run("pyscope", mode, names)


@functools.cache
def _expected(mode):
    return recorded.expected(mode)


PROGRAMS = [(mode, name) for mode in registry.MODES for name in registry.names(mode)]


@pytest.mark.parametrize(("mode", "name"), PROGRAMS)
def test_program(mode, name):
    found, _ = check(name, mode, _expected(mode)[name], _actual(mode)[name], deliberate.load())
    assert not found


@pytest.mark.parametrize("block", range(0, recorded.GENERATED, 100))
@pytest.mark.parametrize("mode", registry.MODES)
def test_generated_programs(mode, block):
    rows = deliberate.load()
    names = [f"generated/{i}" for i in range(block, block + 100)]
    failing = {}
    for name in names:
        found, _ = check(name, mode, _expected(mode)[name], _actual(mode)[name], rows)
        if found:
            failing[name] = found[0]
    assert not failing


def test_deliberate_differences_still_differ():
    rows = deliberate.load()
    used = set()
    for mode in registry.MODES:
        for name, actual in _actual(mode).items():
            used |= check(name, mode, _expected(mode)[name], actual, rows)[1]
    assert [row for row in rows if row not in used] == []

"""Each program in a process of its own: modules load when a name is first used, so the first use may be any."""

import concurrent.futures

import pytest

from . import deliberate, process, recorded, registry
from .compare import check


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["resource", "v1"])
def test_programs_do_not_need_each_other(mode):
    expected, rows = recorded.expected(mode), deliberate.load()
    names = registry.names(mode)
    assert len(names) > 200
    wrong = {}
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        for name, found in zip(names, threads.map(lambda name: process.run("pyscope", mode, [name])[name], names)):
            unmeant, _ = check(name, mode, expected[name], found, rows)
            if unmeant:
                wrong[name] = unmeant[0]
    assert not wrong

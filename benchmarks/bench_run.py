"""What a run costs, from no work at all to large arrays."""

import pytest

from benchmarks.measuring import measure, rows


@pytest.mark.parametrize("case", rows("call", "run", "arrays", "products"), ids=lambda case: case.name)
def bench_run(benchmark, case):
    """One row of ``benchmarks.cases``."""
    measure(benchmark, case)

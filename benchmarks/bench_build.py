"""What building a graph costs."""

import pytest

from benchmarks.measuring import measure, rows


@pytest.mark.parametrize("case", rows("nodes", "build"), ids=lambda case: case.name)
def bench_build(benchmark, case):
    """One row of ``benchmarks.cases``."""
    measure(benchmark, case)

"""What scopes cost."""

import pytest

from benchmarks.measuring import measure, rows


@pytest.mark.parametrize("case", rows("names"), ids=lambda case: case.name)
def bench_names(benchmark, case):
    """One row of ``benchmarks.cases``."""
    measure(benchmark, case)

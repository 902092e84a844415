"""What a training step costs."""

import pytest

from benchmarks.measuring import measure, rows


@pytest.mark.parametrize("case", rows("train"), ids=lambda case: case.name)
def bench_train(benchmark, case):
    """One row of ``benchmarks.cases``."""
    measure(benchmark, case)

"""Each row as a test of pytest-benchmark, to be kept and compared from commit to commit: ``pytest benchmarks``.

``python -m benchmarks`` puts beside each row what it is compared with, in turns; here rows stand alone.
"""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.measure import Row

pytest.importorskip("pytest_benchmark", reason="comes with the extra bench")


def test_row(benchmark: Any, row: Row) -> None:
    """Rounds of one run each, after one that is not counted; those that start from nothing are run once."""
    benchmark.group = row.name.partition("/")[0]
    benchmark.extra_info["values"] = benchmark.pedantic(row.run, rounds=row.best, warmup_rounds=int(row.best > 1))
    benchmark.extra_info.update(row.also())

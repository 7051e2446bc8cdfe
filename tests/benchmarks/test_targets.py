"""The table of targets is made of what runs wrote, and says where nothing was measured."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from benchmarks.measure import FROM_FILES, Measured
from benchmarks.peers.turns import Figure
from benchmarks.targets import TARGETS, Runs, table


def _row(name: str, cpu: float, **more: Any) -> dict[str, Any]:
    fields = {"values": None, "against": None, "ratio": None, "target": None, "met": None} | more
    return asdict(Measured(name, cpu, cpu, cpu, cpu, 3, **fields))


@pytest.fixture
def runs() -> Runs:
    found = Runs()
    found.add({"rows": [
        _row("decode/pyarrow int16", 0.2),
        _row("decode/avg int16 scaled", 0.19, against="decode/pyarrow int16", ratio=0.95),
        _row("decode/avg per time", 0.3, against="decode/pyarrow int16", ratio=1.5),
        _row("summaries/CELL(r - 2), in full", 0.5),
        _row("summaries/CELL(r - 2)", 0.05, against="summaries/CELL(r - 2), in full", ratio=0.125),
        _row("compile/a", 0.002), _row("compile/b", 0.011),
        _row("ingest/first date", 2.0, values=6_000_000),
        _row("ingest/command", 3.0, also={"MiB at most": 480.0}),
    ]})  # fmt: skip
    found.add({FROM_FILES: [_row("decode/avg per time", 0.4, against="decode/pyarrow int16", ratio=2.0),
                            _row("summaries/CELL(r - 2)", 0.05, against="summaries/CELL(r - 2), in full", ratio=0.1)]})
    found.add({"figures": [asdict(Figure("filter", "CubeQL", 2.0, 2.0, 3, 200, 1)),
                           asdict(Figure("filter", "numpy", 1.0, 1.0, 3, 100, 1)),
                           asdict(Figure("filter", "xarray-sql", 0.1, 0.1, 3, 100, 1, wrong="no rows"))],
               "sizes": [{"layer": "land", "type": "uint8", "way": w, "bytes": b, "values": 100}
                         for w, b in (("CubeQL", 20), ("COG, deflate", 10))]})  # fmt: skip
    found.add({"growth": [{"name": "point series", "found": [{"cpu": 0.02}, {"cpu": 0.02}, {"cpu": 0.024}]}],
               "peaks": [{"name": "scan", "peak_mib": 500.0}, {"name": "join", "peak_mib": 1100.0}]})  # fmt: skip
    return found


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("mean of int16 over everything", "0.95 x | 200 ms of decode/pyarrow int16 | yes"),
        ("mean per time", "1.50 x; from files 2.00 x | 200 ms of decode/pyarrow int16 | **no**"),
        ("mean per CELL(r - 2)", "8.0 x less, 50.0 ms; from files 10.0 x, 50.0 ms | 500 ms in full | **no**"),
        ("parse, analyse", "2.0 ms to 11.0 ms (2 statements) |  | **no**"),
        ("ingest, first date", "3.0 million a CPU second |  | yes"),
        ("memory of an ingest", "480 MiB at most |  | yes"),
        ("filter across layers", "1.00 x numpy's (10000000.0 ns a value) | numpy 10000000.0 | **no**"),
        ("size of uint8", "2.00 x (0.200 bytes a value) | COG, deflate 0.100 | **no**"),
        ("100 x the store: a place", "1.2 x (20 / 20 / 24 ms) |  | yes"),
        ("memory under a limit", "1,100 MiB (join) |  | **no**"),
        ("ingest, further date", "not measured |  | "),
        ("join by cell", "not measured |  | "),
    ],
)
def test_a_target_is_told_as_it_was_measured(runs: Runs, what: str, said: str) -> None:
    line = next(line for line in table(runs).splitlines() if line.startswith(f"| {what}"))
    assert line.endswith(f"| {said} |")


def test_every_target_is_told() -> None:
    lines = table(Runs()).splitlines()[2:]
    assert len(lines) == len(TARGETS) and all("not measured" in line for line in lines)


def test_a_later_run_stands_above_an_earlier_one(runs: Runs) -> None:
    runs.add({"rows": [_row("decode/avg int16 scaled", 0.3, against="decode/pyarrow int16", ratio=1.5)]})
    assert "| 1.50 x |" in table(runs).splitlines()[2]

"""What is compared with CubeQL answers the same questions rightly, and what a run tells is what it found."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from benchmarks import report
from benchmarks.measure import Measured
from benchmarks.peers import building, peerage, reference, telling
from benchmarks.peers.landscape import Landscape
from benchmarks.peers.questions import BY_NAME, QUESTIONS
from benchmarks.peers.turns import Figure

_HERE = [p.name for p in peerage.PEERS if not p.needs]


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Landscape:
    made = Landscape(tmp_path_factory.mktemp("landscape"), size=250, dates=14)
    made.make()
    for name in _HERE:
        building.build(made, peerage.BY_NAME[name].reads)
    return made


@pytest.fixture(scope="module")
def right(land: Landscape) -> dict[bool, dict[str, reference.Answer]]:
    return {
        grid.places is not None: reference.answers(grid) for grid in (reference.pixels(land), reference.cells(land))
    }


@pytest.mark.parametrize("name", _HERE)
def test_peers_answer_rightly(name: str, land: Landscape, right: dict[bool, dict[str, reference.Answer]]) -> None:
    peer = peerage.BY_NAME[name]
    asked = peer.open(land)
    assert asked.keys() == BY_NAME.keys()
    for question in QUESTIONS:
        expected = right[peer.cells][question.name]
        found = asked[question.name]()
        rows: Any = [list(r.values()) for r in found.to_pylist()] if isinstance(found, pa.Table) else found
        assert expected
        assert reference.difference(reference.as_answer(rows, question.keys), expected, peer.tolerance) == ""


def test_wrong_answers_are_noticed() -> None:
    right = {("2024-01-01",): (0.5, 10.0), ("2024-01-16",): (0.25, 3.0)}
    rows = [("2024-01-01T00:00:00", 0.5, 10), ("2024-01-16 00:00:00+00:00", 0.25, 3)]
    assert reference.difference(reference.as_answer(rows, 1), right, 1e-9) == ""
    assert "instead of" in reference.difference(reference.as_answer([rows[0], (rows[1][0], 0.25, 4)], 1), right, 1e-9)
    assert "1 rows instead of 2" in reference.difference(reference.as_answer(rows[:1], 1), right, 1e-9)


def _run() -> dict[str, Any]:
    ours = Figure("filter", peerage.OURS, 0.9, 0.5, 3, 100, 1)
    figures = [ours, Figure("filter", peerage.FLOOR, 1.0, 0.6, 3, 100, 1),
               Figure("filter", "SedonaDB", 2.0, 1.0, 3, 100, 1),
               Figure("filter", "xarray-sql", 0.1, 0.1, 3, 100, 1, wrong="9 rows instead of 8"),
               Figure("point", peerage.OURS, 0.015, 0.01, 3, 100, 1)]  # fmt: skip
    sizes = [{"layer": "ndvi", "type": "int16", "way": way, "bytes": size, "values": 10}
             for way, size in (("CubeQL", 12), ("COG, deflate", 10))]  # fmt: skip
    crossings = [{"says": "one place", "rasters": 1, "in_place": 0.3, "stored": 0.1, "ingest": 1.0}]
    return {"kind": "peers", "machine": {"cores": 2}, "figures": [asdict(f) for f in figures], "sizes": sizes,
            "builds": [], "crossings": crossings}  # fmt: skip


def test_a_run_is_told_with_its_targets() -> None:
    told = telling.markdown(_run())
    assert "| filter | 900.0 (500) | 1,000.0 (600) | wrong | 2,000.0 (1,000) | 0.90 x numpy |  |  |" in told
    assert "| point | 15.0 (10) |  |  |  |  | 20 ms | yes |" in told
    assert "| 0.90 | 0.8 | no |" in told  # per value, beside numpy
    assert "| ndvi, int16 | 1.200 | 1.000 | 1.20 | 1.3 | yes |" in told
    assert "| one place, 1 dates | 300 | 100 | 1,000 | 5.0 |" in told


def test_reports_are_written_of_both_kinds_of_runs(tmp_path: Path) -> None:
    row = Measured("place/point", 0.02, 0.03, 0.01, 0.04, 3, None, None, None, 0.05, True)
    ordinary = {"machine": {"cores": 2}, "rows": [asdict(row)]}
    for name, told in (("peers", _run()), ("ordinary", ordinary)):
        assert report.written(told, tmp_path / name)[0].read_text("utf-8").startswith("cores 2\n\n| ")
    assert report.dots(_run()) == [("filter", "CubeQL", 900.0), ("filter", "numpy", 1000.0),
                                   ("filter", "SedonaDB", 2000.0), ("point", "CubeQL", 15.0)]  # fmt: skip
    assert report.dots(ordinary) == [("place/point", "CubeQL", 20.0)]

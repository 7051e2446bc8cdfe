"""INSERT INTO: rows join a layer, all of them or none; those that are there are kept or replaced as it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.errors import QueryError, StoreError
from tests.engine.test_creating import one, rows

ROOT = Path(__file__).parents[2]
SOME = "SELECT cell, time, red, nir FROM fine FILTER cell WITHIN CELLS sevens"
REST = "SELECT cell, time, red, nir FROM fine FILTER NOT cell WITHIN CELLS sevens"


def content(session: Any, layer: str) -> list[dict[str, Any]]:
    return rows(session, f"SELECT * FROM {layer} ORDER BY cell, time")


def test_what_is_taken_apart_can_be_put_together(own: cubeql.Session) -> None:
    """Cells join the tile rows of cells that are there; values come back as they were, to the last bit."""
    before = content(own, "fine")
    own.query(f"CREATE VIEW rest AS {REST}")
    own.query(f"CREATE LAYER a AS {SOME}")
    done = own.query("INSERT INTO a FROM rest SELECT nir, red, time, cell")
    assert content(own, "a") == before and done.stats["cells"] == one(own, "SELECT count(*) AS n FROM rest")
    assert rows(own, "SHOW VERSIONS a")[0]["version"] == 1
    assert content(own, "a VERSION 0") == rows(own, f"{SOME} ORDER BY cell, time")


def test_scaled_bands_keep_their_storage_and_values(own: cubeql.Session) -> None:
    before = content(own, "fine")
    own.query(f"CREATE LAYER kept AS {SOME}")
    own.query("CREATE OR REPLACE VIEW rest AS SELECT cell, time, red, nir FROM fine")
    own.query("INSERT OR REPLACE INTO fine FROM kept SELECT cell, time, red, nir")
    assert content(own, "fine") == before
    assert own.layer("fine").band("red").storage == "int16"


def test_a_row_that_is_there_is_named_and_nothing_changes(own: cubeql.Session) -> None:
    before = content(own, "fine")
    with pytest.raises(QueryError) as raised:
        own.query("INSERT INTO fine SELECT cell, time + INTERVAL '0 days' AS time, red FROM fine FILTER red > 0.2")
    (found,) = raised.value.diagnostics
    assert found.code == "row_exists" and "OR REPLACE" in str(found.hint)
    cell = dict(found.facts)["cell"]
    assert one(own, f"SELECT count(*) AS n FROM fine FILTER cell = '{cell}'") > 0
    assert "2024" in dict(found.facts)["at"] or "2025" in dict(found.facts)["at"]
    assert content(own, "fine") == before and len(rows(own, "SHOW VERSIONS fine")) == 2


def test_or_replace_replaces_the_whole_row_and_no_other(own: cubeql.Session) -> None:
    before = {(r["cell"], r["time"]): r for r in content(own, "fine")}
    own.query("INSERT OR REPLACE INTO fine SELECT cell, time, 0.5 AS nir FROM fine FILTER red > 0.2")
    changed = 0
    for row in content(own, "fine"):
        old = before.pop((row["cell"], row["time"]))
        if old["red"] is not None and old["red"] > 0.2:
            assert row["red"] is None and row["nir"] == 0.5
            changed += 1
        else:
            assert row == old
    assert changed > 10 and not before


def test_a_band_left_out_is_null(own: cubeql.Session) -> None:
    own.query("INSERT INTO far SELECT CELL(2) AS cell, 5 AS stations FROM dateline GROUP BY CELL(2)")
    found = rows(own, "SELECT relief, stations FROM far FILTER cell IN (SELECT CELL(2) FROM dateline)")
    assert found and all(r == {"relief": None, "stations": 5} for r in found)


def test_steps_end_where_the_layers_do(own: cubeql.Session) -> None:
    one_month = "SELECT cell, TIMESTAMP '2026-02-01' AS time, t2m FROM coarse FILTER time IN '2024-01'"
    own.query(f"INSERT INTO coarse {one_month}")
    blocks = list(own.store.read_blocks("coarse"))
    (end,) = {str(b.time_end)[:10] for b in blocks if str(b.time)[:10] == "2026-02-01"}
    assert end == "2026-03-01"


def test_dimensions_are_part_of_what_makes_a_row(own: cubeql.Session) -> None:
    before = one(own, "SELECT count(*) AS n FROM forecast")
    day = "SELECT cell, time, horizon + 48 AS horizon, t, wind FROM forecast FILTER horizon = 48"
    own.query(f"INSERT INTO forecast {day}")
    assert one(own, "SELECT count(*) AS n FROM forecast FILTER horizon = 96") > 0
    assert one(own, "SELECT count(*) AS n FROM forecast") > before
    with pytest.raises(QueryError, match="horizon = 96"):
        own.query(f"INSERT INTO forecast {day}")


def test_into_an_empty_layer(own: cubeql.Session) -> None:
    own.query("INSERT INTO nothing SELECT cell, time, 3 AS n FROM twin")
    assert one(own, "SELECT sum(n) AS n FROM nothing") == 3 * one(own, "SELECT count(*) AS n FROM twin")


def test_no_rows_change_nothing(own: cubeql.Session) -> None:
    before = content(own, "twin")
    own.query("INSERT INTO twin SELECT cell, time, v FROM twin FILTER v > 1000")
    assert content(own, "twin") == before


def test_into_points(own: cubeql.Session) -> None:
    before = one(own, "SELECT count(*) AS n FROM towers")
    own.query("INSERT INTO towers SELECT cell_to_lng(cell) AS lon, cell_to_lat(cell) AS lat, 'new' AS name FROM wet")
    assert one(own, "SELECT count(*) AS n FROM towers") == before + 4
    found = rows(own, "SELECT name, height, rank FROM towers FILTER name = 'new'")
    assert found == [{"name": "new", "height": None, "rank": None}] * 4
    with pytest.raises(StoreError, match="latitude"):
        own.query("INSERT INTO towers SELECT 7 AS lon, 91 AS lat FROM wet")
    assert one(own, "SELECT count(*) AS n FROM towers") == before + 4


@pytest.mark.parametrize(
    "text,codes",
    [
        ("INSERT INTO fyne SELECT cell, time, red FROM fine", ["unknown_layer"]),
        ("INSERT INTO bright SELECT cell, time, red FROM fine", ["unknown_layer"]),
        ("INSERT INTO fine SELECT cell, time, redd FROM fine", ["unknown_column"]),
        ("INSERT INTO fine SELECT cell, time, red AS rde FROM fine", ["insert_column"]),
        ("INSERT INTO fine SELECT cell, red FROM fine", ["insert_missing"]),
        ("INSERT INTO fine SELECT cell, time FROM fine", ["insert_missing"]),
        ("INSERT INTO fine SELECT time, red FROM fine", ["insert_missing"]),
        ("INSERT INTO fine SELECT CELL(5) AS cell, time, red FROM fine", ["insert_resolution"]),
        ("INSERT INTO fine SELECT cell, time, 'x' AS red, true AS nir, 1 AS swir FROM fine",
         ["insert_type", "insert_type", "insert_column"]),
        ("INSERT INTO far SELECT CELL(2) AS cell, 1.5 AS stations FROM fine GROUP BY CELL(2)", ["insert_type"]),
        ("INSERT INTO coarse SELECT CELL(5) AS cell, time, avg(v) AS t2m FROM twin GROUP BY CELL(5), time",
         ["insert_unit"]),
        ("INSERT INTO parks SELECT park FROM parks", ["not_supported"]),
        ("INSERT INTO fine SELECT cell, time, 9.5 AS red FROM twin", ["layer_shape"]),
        ("INSERT INTO classes SELECT cell, 9 AS class FROM rain GROUP BY cell", ["layer_shape"]),
        ("INSERT INTO twin SELECT cell, time + INTERVAL '9 years' AS time, 1e300 AS v FROM twin", ["layer_shape"]),
        ("INSERT INTO twin SELECT cell, nullif(time, time) AS time, v FROM twin", ["layer_shape"]),
        ("INSERT OR REPLACE INTO twin SELECT cell, time, nullif(v, v) AS v FROM twin", ["layer_shape"]),
        ("INSERT INTO twin SELECT cell, date_trunc('year', time) AS time, v FROM twin", ["duplicate_cells"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_changes_nothing(own: cubeql.Session, text: str, codes: list[str]) -> None:
    before = {x.name: (x.version, x.bands) for x in own.layers}
    with pytest.raises(QueryError) as raised:
        own.query(text)
    assert [d.code for d in raised.value.diagnostics] == codes
    assert {x.name: (x.version, x.bands) for x in own.layers} == before


def test_a_unit_that_converts_is_mended_as_the_hint_says(own: cubeql.Session) -> None:
    text = "INSERT INTO coarse SELECT CELL(5) AS cell, time, {} AS t2m FROM twin GROUP BY CELL(5), time"
    with pytest.raises(QueryError) as raised:
        own.query(text.format("avg(v)"))
    hint = str(raised.value.diagnostics[0].hint)
    assert "t2m" in hint and hint.startswith("write ")
    own.query(text.format("convert(avg(v), 'degC')").replace("INSERT", "INSERT OR REPLACE"))


def test_a_cancelled_insert_leaves_the_layer(own: cubeql.Session) -> None:
    before = content(own, "fine")
    with pytest.raises(QueryError):
        own.query("INSERT OR REPLACE INTO fine SELECT cell, time, red FROM fine", timeout_s=1e-9)
    assert content(own, "fine") == before


SCRIPT = """
import sys, cubeql
from cubeql.errors import QueryError
session, won = cubeql.connect(sys.argv[1]), 0
for year in range(2030, 2038):
    for place in ("shared", sys.argv[2]):
        text = f"INSERT INTO log SELECT cell, TIMESTAMP '{year}-01-01' AS time, 1 AS n FROM {place}"
        try:
            session.query(text)
            won += 1
        except QueryError as error:
            assert error.diagnostics[0].code == "row_exists", error
print(won)
"""


def test_of_two_processes_that_insert_the_same_cells_one_wins_each_and_none_is_lost(
    own: cubeql.Session, own_store: Path
) -> None:
    for name, cells in (("shared", "< 4"), ("mine", "BETWEEN 4 AND 9"), ("yours", "> 9")):
        made = "SELECT cell, row_number() OVER (ORDER BY cell) AS k FROM sevens"
        own.query(f"CREATE CELLS {name} AS WITH q AS ({made}) SELECT cell FROM q FILTER k {cells}")
    own.query("CREATE LAYER log AS SELECT cell, TIMESTAMP '2029-01-01' AS time, 1 AS n FROM shared")
    args = [[sys.executable, "-c", SCRIPT, str(own_store), name] for name in ("mine", "yours")]
    running = [subprocess.Popen(a, cwd=ROOT, stdout=subprocess.PIPE, text=True) for a in args]
    won = [int(p.communicate()[0]) for p in running]
    assert [p.returncode for p in running] == [0, 0]
    assert sum(won) == 8 + 2 * 8, "each year one of them the shared cells, and each its own"
    cells = one(own, "SELECT count(*) AS n FROM sevens")
    assert one(own, "SELECT count(*) AS n FROM log") == 3 + 8 * cells

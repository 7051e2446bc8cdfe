"""A served store answers as the store itself: rows, metadata, faults."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
import shapely

import cubeql
from cubeql.client.session import RemoteSession
from cubeql.errors import ConfigError, CubeQLError, QueryError, QueryTimeout, StoreError
from tests.server.conftest import Served

BOX = shapely.box(11.5, 48.1, 11.6, 48.2)
STATEMENTS: list[tuple[str, Any]] = [
    ("SELECT cell, time, red, nir FROM fine FILTER red > 0.1 ORDER BY cell, time", None),
    ("FROM fine JOIN coarse SELECT cell, time, red, t2m ORDER BY cell, time LIMIT 20", None),
    ("FROM classes SELECT cell, class ORDER BY cell", None),
    ("SELECT avg(red) AS m, count(*) AS n FROM fine GROUP BY month(time) AS month ORDER BY month", None),
    ("SELECT count(*) AS n FROM fine FILTER red > $x", {"x": np.float32(0.125)}),
    ("SELECT count(*) AS n FROM fine FILTER red > ? AND cell WITHIN ?", [0.1, BOX]),
    ("SELECT count(*) AS n FROM fine FILTER cell WITHIN $g", {"g": BOX.__geo_interface__}),
    ("SELECT count(*) AS n FROM fine FILTER time IN $t", {"t": [dt.date(2024, 5, 3), None]}),
    ("SELECT count(*) AS n FROM fine FILTER time = $t", {"t": np.datetime64("2024-05-03T10:30")}),
    ("SELECT count(*) AS n FROM fine FILTER month(time) IN $m", {"m": np.array([3, 5])}),
    ("SELECT count(*) AS n FROM fine FILTER red > $x", {"x": None}),
    ("SELECT DISTINCT season(time) || $s AS s FROM twin ORDER BY s", {"s": "'; DROP \x00 🌍"}),
    ("SELECT cell FROM fine FILTER red > 1000", None),
    ("SHOW LAYERS", None),
    ("SHOW FUNCTIONS", None),
    ("DESCRIBE fine", None),
    ("EXPLAIN SELECT avg(red) FROM fine FILTER cell WITHIN BBOX(11.5, 48.1, 11.6, 48.2)", None),
]
FAULTS: list[tuple[str, Any]] = [
    ("SELECT rad FROM fine", None),
    ("SELECT red FROM fin", None),
    ("SELECT red FROM", None),
    ("SELECT red, FROM fine FILTER", None),
    ("SELECT ln(red, 2, 3), nope(1), red + season(time) FROM fine", None),
    ("SELECT red FROM fine FILTER red > $x", None),
    ("SELECT red FROM fine FILTER red > $x", {"x": {1, 2}}),
    ("SELECT red FROM fine FILTER red > $x", {"x": b"abc"}),
    ("SELECT red FROM fine FILTER red IN $x", {"x": [1, "a"]}),
    ("SELECT red FROM fine FILTER cell WITHIN $x", {"x": 1j}),
    ("SELECT red FROM fine FILTER cell WITHIN $x", {"x": float("nan")}),
    ("SELECT red FROM fine VERSION 99", None),
    ("DESCRIBE absent", None),
    ("DROP LAYER absent", None),
    ("CREATE LAYER fine AS SELECT cell, red FROM fine", None),
    ("EXPLAIN SELECT rad FROM fine", None),
    ("SELECT red FROM fine FILTER " + " OR ".join(f"r{n} > 1" for n in range(300)), None),
    ("SELECT red FROM fine", "DJF"),
]


@pytest.fixture(scope="module")
def near(served: Served) -> cubeql.Session:
    """A session on the store itself."""
    return served.house


@pytest.mark.parametrize("text,params", STATEMENTS, ids=range(len(STATEMENTS)))
def test_rows_and_metadata_are_the_same(far: RemoteSession, near: Any, text: str, params: Any) -> None:
    there, here = far.query(text, params), near.query(text, params)
    assert there.schema.equals(here.schema, check_metadata=True)
    assert (there.columns, there.units(), there.statement) == (here.columns, here.units(), here.statement)
    assert (there.warnings, there.message) == (here.warnings, here.message)
    found, wanted = there.to_arrow(), here.to_arrow()
    assert found.schema.equals(wanted.schema, check_metadata=True)
    assert found.combine_chunks().equals(wanted.combine_chunks())
    alike = {name for name in here.stats if "seconds" not in name}
    assert {n: there.stats[n] for n in alike} == {n: here.stats[n] for n in alike}
    assert there.stats["seconds"] > 0 or not here.stats.get("seconds")
    assert there.provenance() == here.provenance()


@pytest.mark.parametrize("text,params", FAULTS, ids=range(len(FAULTS)))
def test_faults_are_the_same(far: RemoteSession, near: Any, text: str, params: Any) -> None:
    faults = []
    for session in (far, near):
        with pytest.raises(CubeQLError) as raised:
            session.query(text, params).to_arrow()
        faults.append(raised.value)
    there, here = faults
    assert (type(there), str(there)) == (type(here), str(here))
    if isinstance(here, QueryError):
        assert isinstance(there, QueryError)
        assert (there.diagnostics, there.text) == (here.diagnostics, here.text)


def test_every_shape_of_a_result_is_there(far: RemoteSession, near: Any, tmp_path: Any) -> None:
    text = "SELECT cell, avg(red) AS red FROM fine GROUP BY cell ORDER BY cell"
    wanted = near.query(text).to_arrow()
    assert sum(batch.num_rows for batch in far.query(text)) == wanted.num_rows
    assert far.query(text).to_reader().read_all().equals(wanted)
    assert far.query(text).to_pandas().equals(near.query(text).to_pandas())
    assert far.query(text).to_polars().equals(near.query(text).to_polars())
    assert far.query(text).to_geopandas().equals(near.query(text).to_geopandas())
    assert far.query(text).to_xarray().equals(near.query(text).to_xarray())
    written = [session.query(text).to_raster(tmp_path / f"{n}.tif") for n, session in enumerate((far, near))]
    assert written[0].read_bytes() == written[1].read_bytes()


def test_a_result_is_read_once_and_not_after_it_was_closed(far: RemoteSession) -> None:
    result = far.query("SELECT cell FROM fine")
    for _ in result:
        pass
    with pytest.raises(CubeQLError, match="read already"):
        next(iter(result))
    with far.query("SELECT cell FROM fine") as closed:
        pass
    with pytest.raises(CubeQLError, match="closed"):
        next(iter(closed))


def test_the_time_limit_is_each_sessions_own(served: Served, near: Any) -> None:
    token = served.keeper
    with served.connect(token) as one, served.connect(token) as other:
        for text, params in (("SET timeout_s = 1e-6", None), ("SET TIMEOUT_S = $t", {"t": 1e-6})):
            here = near.another()
            there, wanted = one.query(text, params), here.query(text, params)
            assert (there.message, there.schema) == (wanted.message, wanted.schema)
            here.close()
            with pytest.raises(QueryTimeout):
                one.query("SELECT cell FROM fine").to_arrow()
            assert other.query("SELECT cell FROM fine").to_arrow().num_rows > 0
            assert one.query("SET timeout_s = NULL").message == "timeout_s = its default"
            assert one.query("SELECT cell FROM fine").to_arrow().num_rows > 0


@pytest.mark.parametrize("value", ["-1", "'x'", "red", "$x"])
def test_a_time_limit_that_means_nothing_is_refused_alike(far: RemoteSession, near: Any, value: str) -> None:
    said = []
    for session in (far, near):
        with pytest.raises(QueryError) as raised:
            session.query(f"SET timeout_s = {value}")
        said.append(str(raised.value))
    assert said[0] == said[1]


def test_half_a_character_is_not_sent(far: RemoteSession) -> None:
    with pytest.raises(ConfigError, match="half a character"):
        far.query("SELECT '\ud83c' FROM fine")


def test_scripts_run_statement_by_statement(far: RemoteSession) -> None:
    results = [r.to_arrow().num_rows for r in far.run("SELECT 1 AS x FROM classes LIMIT 1; SHOW LAYERS;")]
    assert results[0] == 1 and results[1] > 3
    with pytest.raises(QueryError):
        next(far.run("SHOW LAYERS; SELECT FROM"))


def test_what_is_changed_there_is_seen_at_once(far: RemoteSession, near: Any) -> None:
    assert "v1" not in far.store.view_names()
    made = far.query("CREATE VIEW v1 AS SELECT cell, red FROM fine")
    assert made.message and made.columns == () and made.to_arrow().num_rows == 0
    assert far.store.view("V1") == near.store.view("v1")
    far.query("CREATE LAYER copied AS SELECT cell, class FROM classes")
    assert far.layer("copied") == near.layer("copied")
    far.drop("copied")
    assert far.store.layer("copied") is None
    with pytest.raises(StoreError, match="there is no layer 'copied'"):
        far.drop("copied")
    far.query("DROP VIEW v1")
    assert far.store.view("v1") is None


def test_plans_are_told_as_they_are_there(far: RemoteSession, near: Any) -> None:
    text = "SELECT avg(red) FROM fine FILTER cell WITHIN $g"
    there, here = far.explain(text, {"g": BOX}), near.explain(text, {"g": BOX})
    assert there == here
    assert there.text == here.text
    assert far.explain("EXPLAIN " + text, {"g": BOX}).steps == here.steps
    measured = far.explain(text, {"g": BOX}, analyze=True)
    assert measured.actual["rows"] == 1
    assert [s.rows for s in measured.steps] == [s.rows for s in near.explain(text, {"g": BOX}, analyze=True).steps]
    assert far.compile(text, {"g": BOX}).sql == near.compile(text, {"g": BOX}).sql


@pytest.mark.parametrize("analyze", [False, True])
@pytest.mark.parametrize("text", ["SELECT rad FROM fine", "EXPLAIN SELECT rad FROM fine", "  SELECT\n rad FROM fine",
                                  "SHOW LAYERS", "SELECT"])  # fmt: skip
def test_faults_of_explained_queries_stand_where_they_are(
    far: RemoteSession, near: Any, text: str, analyze: bool
) -> None:
    faults = []
    for session in (far, near):
        with pytest.raises(QueryError) as raised:
            session.explain(text, analyze=analyze)
        faults.append((raised.value.diagnostics, str(raised.value)))
    assert faults[0] == faults[1]

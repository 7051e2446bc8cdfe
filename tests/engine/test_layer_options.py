"""CREATE LAYER … WITH: what a layer is, said beside its query."""

from __future__ import annotations

import pytest

import cubeql
from cubeql.errors import QueryError
from tests.engine.test_creating import one, rows


def test_columns_named_as_dimensions_are_keys(own: cubeql.Session) -> None:
    own.query("CREATE LAYER kept WITH (dimensions 'horizon') AS SELECT cell, time, horizon, t, wind FROM forecast")
    made, old = own.layer("kept"), own.layer("forecast")
    assert [(d.name, d.type, d.unit) for d in made.dimensions] == [("horizon", "integer", "h")]
    assert [b.name for b in made.bands] == [b.name for b in old.bands]
    order = "ORDER BY cell, time, horizon"
    wanted = rows(own, f"SELECT * FROM forecast {order}")
    assert rows(own, f"SELECT * FROM kept {order}") == wanted


def test_a_timestamp_may_be_a_dimension(own: cubeql.Session) -> None:
    """Issue and valid time of a forecast: joined, filtered, grouped and inserted like any other key."""
    leads = "SELECT cell, time AS issue, date_trunc('year', time) AS time, t, wind FROM forecast FILTER horizon = 24"
    own.query(f"CREATE LAYER kept WITH (dimensions 'issue') AS {leads}")
    layer = own.layer("kept")
    assert [(d.name, d.type) for d in layer.dimensions] == [("issue", "timestamp")] and layer.time is not None
    wanted = rows(own, f"WITH q AS ({leads}) SELECT cell, time, issue, t, wind FROM q ORDER BY cell, issue")
    assert rows(own, "SELECT cell, time, issue, t, wind FROM kept ORDER BY cell, issue") == wanted
    count = one(own, "SELECT count(*) AS n FROM forecast FILTER horizon = 24 AND time IN '2024-05'")
    assert one(own, "SELECT count(*) AS n FROM kept FILTER issue IN '2024-05'") == count > 0
    by_month = rows(own, "SELECT month(issue) AS m, count(*) AS n FROM kept GROUP BY month(issue) ORDER BY m")
    assert [r["m"] for r in by_month] == [3, 5]
    joined = "SELECT count(*) AS n FROM forecast JOIN kept ON TIME ANY ON kept.issue = forecast.time"
    assert one(own, f"{joined} FILTER horizon = 24") == len(wanted)
    later = "SELECT cell, time, issue + INTERVAL '1 hour' AS issue, t, wind FROM kept"
    own.query(f"INSERT INTO kept {later}")
    assert one(own, "SELECT count(*) AS n FROM kept") == 2 * len(wanted)
    with pytest.raises(QueryError, match="issue = 2024-03-01T01:00:00"):
        own.query("INSERT INTO kept SELECT cell, time, issue, t FROM kept FILTER issue = '2024-03-01T01:00'")
    assert [r["column"] for r in rows(own, "DESCRIBE kept")][:4] == ["cell", "time", "issue", "t"]


def test_texts_and_numbers_may_be_dimensions(own: cubeql.Session) -> None:
    query = "SELECT cell, season(time) AS season, 0.5 AS depth, avg(v) AS v FROM twin GROUP BY cell, season(time)"
    own.query(f"CREATE LAYER seasons WITH (dimensions 'season, Depth') AS {query}")
    assert [(d.name, d.type) for d in own.layer("seasons").dimensions] == [("season", "text"), ("depth", "number")]
    wanted = rows(own, f"WITH q AS ({query}) SELECT cell, v FROM q FILTER season = 'MAM' ORDER BY cell")
    assert rows(own, "SELECT cell, v FROM seasons FILTER season = 'MAM' AND depth = 0.5 ORDER BY cell") == wanted


def test_steps_and_stamps(own: cubeql.Session) -> None:
    query = "SELECT cell, time, t2m FROM coarse"
    own.query(f"CREATE LAYER a WITH (step '1 month') AS {query}")
    own.query(f"CREATE LAYER b WITH (step = 'P1M', stamp = 'end') AS {query}")
    assert (own.layer("a").time, own.layer("b").time) == (
        cubeql.catalog.TimeAxis("start", "P1M"), cubeql.catalog.TimeAxis("end", "P1M"),
    )  # fmt: skip
    ends = {str(b.time)[:7]: str(b.time_end)[:7] for b in own.store.read_blocks("a")}
    assert ends["2024-01"] == "2024-02" and ends["2024-07"] == "2024-08"


@pytest.mark.parametrize(
    "options,says",
    [
        ("dimensions 'leed'", "lead"),
        ("dimensions ''", "names of columns"),
        ("dimensions 3", "names of columns"),
        ("dimensions 'lead, lead'", "names of columns"),
        ("dimensions 'cell'", "cell"),
        ("step 'P1M', stamp 'instant'", "instant has no step"),
        ("stamp 'begin'", "start"),
        ("step 'fortnight'", "fortnight"),
        ("step 3", "text"),
        ("title 3", "text"),
        ("colour 'red'", "title, description, .*citation, .*step, stamp, dimensions"),
    ],
)
def test_options_that_mean_nothing_are_refused(own: cubeql.Session, options: str, says: str) -> None:
    with pytest.raises(QueryError, match=says):
        own.query(f"CREATE LAYER made WITH ({options}) AS SELECT cell, time, horizon AS lead, t FROM forecast")
    assert own.store.layer("made") is None


def test_a_static_layer_has_no_step(own: cubeql.Session) -> None:
    with pytest.raises(QueryError, match="without time has no step"):
        own.query("CREATE LAYER made WITH (step 'P1M') AS SELECT cell, class FROM classes")


def test_classes_are_kept(own: cubeql.Session) -> None:
    own.query("CREATE LAYER made AS SELECT CELL(5) AS cell, mode(class) AS class FROM classes GROUP BY CELL(5)")
    assert own.layer("made").band("class").classes == own.layer("classes").band("class").classes

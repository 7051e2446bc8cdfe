"""Servers that are attached: what is sent there, what comes of it, and what is refused."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.errors import QueryCancelled, QueryError, QueryTimeout
from cubeql.flight import calling
from cubeql.lang import nodes, parse_statement
from tests.server.conftest import Serve, Served
from tests.support import cases
from tests.support.attaching import hand, moved

SHARE = 40
"""Of so many golden cases one is asked here."""
EVERY = [c for c in cases.all_cases() if "rows" in c.sections]
WITH_ROWS = EVERY[::SHARE]
NESTED = [c for c in EVERY if re.search(r"\(\s*(SELECT|FROM)\b", c.query, re.IGNORECASE)][:: SHARE // 4]


@pytest.fixture(scope="module")
def token(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        hand(patch, tmp_path_factory.mktemp("preferred"), served.address, served.keeper)
        yield served.keeper


@pytest.fixture(scope="module")
def here(served: Served, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[cubeql.Session]:
    """A session on a store of its own, with the served one attached as lrz."""
    with cubeql.connect(str(tmp_path_factory.mktemp("here")), create=True) as session:
        session.query(f"ATTACH '{served.address}' AS lrz")
        session.query("CREATE LAYER mine AS SELECT cell, max(red) AS red FROM lrz.fine GROUP BY cell")
        yield session


@pytest.fixture(scope="module")
def beside(served: Served, token: str, served_store: Path) -> Iterator[cubeql.Session]:
    """A session on the very store that is served, with the server attached: any part of a query can be read there."""
    with cubeql.connect(served_store) as session:
        session.query(f"ATTACH '{served.address}' AS lrz")
        yield session


def codes(session: cubeql.Session, text: str, params: Any = None) -> list[str]:
    with pytest.raises(QueryError) as caught:
        session.query(text, params).to_arrow()
    return [d.code for d in caught.value.diagnostics]


def written(served: Served, case: cases.Case, inner: bool) -> str | None:
    """A case as it is asked of a server; None where it cannot be, or rows are taken at random."""
    store = served.house.store
    names = {n.casefold() for n in (*store.layer_names(), *store.view_names(), *store.cell_set_names())}
    is_query = isinstance(parse_statement(case.query), nodes.QueryStatement)
    return moved(case.query, "lrz", names, inner) if is_query and "SAMPLE" not in case.query.upper() else None


def check_alike(served: Served, session: cubeql.Session, case: cases.Case, inner: bool) -> None:
    text = written(served, case, inner)
    if text is None:
        pytest.skip("nothing of it lies elsewhere")
    want = served.house.query(case.query, case.params).to_arrow()
    got = session.query(text, case.params).to_arrow()
    assert [(f.name, f.type) for f in got.schema] == [(f.name, f.type) for f in want.schema]
    ordered = "ORDER BY" in case.query.upper()
    assert _rows(got, ordered) == _rows(want, ordered)


@pytest.mark.parametrize("case", WITH_ROWS, ids=lambda case: case.name)
def test_a_store_answers_from_afar_as_it_does_here(served: Served, here: cubeql.Session, case: cases.Case) -> None:
    check_alike(served, here, case, inner=False)


@pytest.mark.parametrize("case", NESTED, ids=lambda case: case.name)
def test_rows_from_afar_meet_those_here_as_all_of_one_store_do(
    served: Served, beside: cubeql.Session, case: cases.Case
) -> None:
    check_alike(served, beside, case, inner=True)


def _rows(table: Any, ordered: bool) -> list[str]:
    rows = [repr([_near(v) for v in row]) for row in zip(*(c.to_pylist() for c in table.columns))]
    return rows if ordered else sorted(rows)


def _near(value: Any) -> Any:
    if isinstance(value, list):
        return [_near(v) for v in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


# -------------------------------------------------------------- what is sent


def test_filters_and_aggregates_are_done_there(here: cubeql.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    came = counted(monkeypatch)
    rows = here.query("SELECT avg(red) AS r FROM lrz.fine FILTER time = '2024-05-03'").to_arrow().num_rows
    assert (rows, came()) == (1, 1)


def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    every: list[calling.Arriving] = []
    rows = calling.Connection.rows

    def noted(*args: Any) -> calling.Arriving:
        every.append(rows(*args))
        return every[-1]

    monkeypatch.setattr(calling.Connection, "rows", noted)
    return lambda: sum(a.rows for a in every)


def test_explain_shows_the_text_and_what_the_server_says(here: cubeql.Session) -> None:
    said = here.explain("SELECT avg(red) AS r FROM lrz.fine FILTER time = $t", {"t": "2024-05-03"}).text
    first, second, *_ = said.splitlines()
    assert first.startswith("shipped to lrz: SELECT avg(red) AS r FROM fine VERSION ")
    assert "$t" not in first and "'2024-05-03'" in first
    assert second.strip().startswith("lrz: ")
    assert "tiles kept" in said


def test_explain_analyze_counts_the_rows_that_came(here: cubeql.Session) -> None:
    found = here.explain("SELECT time, count(*) AS n FROM lrz.fine GROUP BY time", analyze=True)
    want = here.query("SELECT count(DISTINCT time) AS n FROM lrz.fine").to_arrow()["n"][0].as_py()
    assert found.steps[0].rows == want
    assert found.steps[0].seconds is not None


def test_a_subquery_is_sent_and_joined_here(served: Served, here: cubeql.Session) -> None:
    text = "SELECT count(*) AS n, avg(m.red) AS r, max(q.n) AS x FROM {} AS m JOIN ({}) AS q"
    there = "SELECT cell, count(*) AS n FROM {}fine GROUP BY cell"
    got = here.query(text.format("mine", there.format("lrz."))).to_arrow()
    alone = "(SELECT cell, max(red) AS red FROM fine GROUP BY cell HAVING max(red) IS NOT NULL)"
    want = served.house.query(text.format(alone, there.format(""))).to_arrow()
    assert _rows(got, True) == _rows(want, True)


def test_a_query_of_with_gives_the_same_rows_wherever_it_is_named(
    here: cubeql.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    came = counted(monkeypatch)
    text = """WITH q AS (SELECT cell, count(*) AS n FROM lrz.fine GROUP BY cell)
              SELECT count(*) AS n FROM mine JOIN q AS a JOIN q AS b FILTER a.n = b.n"""
    found = here.query(text).to_arrow()["n"][0].as_py()
    assert found == here.query("SELECT count(*) AS n FROM mine").to_arrow()["n"][0].as_py() > 0
    assert came() == 2 * here.query("SELECT count(DISTINCT cell) AS n FROM lrz.fine").to_arrow()["n"][0].as_py()


def test_a_view_of_this_store_goes_there_with_what_is_asked_of_it(here: cubeql.Session) -> None:
    here.query("CREATE OR REPLACE VIEW reds AS SELECT cell, red FROM lrz.fine FILTER red > 0.1")
    said = here.explain("SELECT max(red) AS m FROM reds").text
    assert said.startswith("shipped to lrz: SELECT max(red) AS m FROM (SELECT")


def test_where_the_data_comes_from_is_told_with_the_servers_name(served: Served, here: cubeql.Session) -> None:
    told = here.query("SELECT avg(red) AS r FROM lrz.fine").provenance()["layers"]
    want = served.house.query("SELECT avg(red) AS r FROM fine").provenance()["layers"]
    assert told == {"lrz.fine": want["fine"]}


# -------------------------------------------------------------- names


def test_what_lies_there_is_listed_and_described_under_its_name_here(served: Served, here: cubeql.Session) -> None:
    there = served.house.query("SHOW LAYERS").to_arrow()
    listed = here.query("SHOW LAYERS LIKE 'lrz.%'").to_arrow()
    assert listed["layer"].to_pylist() == [f"lrz.{n}" for n in there["layer"].to_pylist()]
    for text in ("DESCRIBE {}fine", "SHOW BANDS {}fine", "SHOW TIMES {}fine"):
        got, want = (s.query(text.format(p)).to_arrow() for s, p in ((here, "lrz."), (served.house, "")))
        assert got.equals(want)
    assert here.query("SHOW ATTACHED").to_arrow().to_pylist() == [{"name": "lrz", "address": served.address}]


def test_layers_there_complete_and_hover(served: Served, here: cubeql.Session) -> None:
    from cubeql.service import check, complete

    offered = {c.text for c in complete("SELECT red FROM lrz.", 20, here.catalog)}
    assert offered >= {"fine"}
    assert check("SELECT red FROM lrz.fine", here.catalog) == ()
    assert [f.code for f in check("SELECT red FROM lrz.fien", here.catalog)] == ["unknown_layer"]
    assert check("SELECT * FROM lrz.brightest", here.catalog) == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT * FROM lrz.nix", "unknown_layer"),
        ("SELECT nothing_such FROM lrz.fine", "unknown_column"),
        ("SELECT * FROM lrz.stale", "view_fault"),
        ("CREATE LAYER lrz.x AS SELECT cell, red FROM mine", "only_read_here"),
        ("INSERT INTO lrz.fine SELECT cell, red FROM mine", "only_read_here"),
        ("DROP LAYER lrz.fine", "unknown_layer"),
        ("ALTER LAYER lrz.fine SET (title 'x')", "only_read_here"),
        ("SELECT * FROM mine JOIN lrz.fine", "not_sent"),
        ("SELECT * FROM lrz.fine JOIN mine", "not_sent"),
        ("SELECT * FROM mine FILTER cell WITHIN CELLS lrz.spots", "not_sent"),
        ("SELECT * FROM mine FILTER cell WITHIN ZONE(lrz.parts, code, 'x')", "not_sent"),
        ("SELECT red FROM lrz.fine FILTER cell WITHIN FILE 'here.geojson'", "not_sent"),
        ("DETACH nix", "unknown_server"),
        ("ATTACH 'http://h:1' AS a", "attach_address"),
        ("ATTACH 'flight://user:secret@h:1' AS a", "attach_address"),
        ("ATTACH 'flight://127.0.0.1:1' AS a", "server_gone"),
        ("ATTACH 'flight://127.0.0.1:1' AS mine", "attach_name"),
        ("ATTACH 'flight://127.0.0.1:1' AS lrz", "attach_name"),
        ("ATTACH 'flight://127.0.0.1:1' AS \"a.b\"", "attach_name"),
        ("ATTACH 'flight://127.0.0.1:1' AS a WITH (token 'x')", "unknown_option"),
    ],
)
def test_what_cannot_be_is_refused(here: cubeql.Session, text: str, code: str) -> None:
    assert codes(here, text) == [code]


def test_an_address_that_holds_a_secret_is_not_repeated(here: cubeql.Session) -> None:
    with pytest.raises(QueryError) as caught:
        here.query("ATTACH $where AS a", {"where": "flight://user:verysecret@h:1?token=verysecret"})
    assert "verysecret" not in str(caught.value)


# -------------------------------------------------------------- rights


def test_what_the_token_may_not_read_is_absent(
    served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hand(monkeypatch, tmp_path, served.address, served.token("anna"))
    with cubeql.connect(str(tmp_path / "store"), create=True) as session:
        said = session.query(f"ATTACH '{served.address}' AS lrz").message
        assert said == f"{served.address} attached as lrz: 0 layers"
        assert codes(session, "SELECT red FROM lrz.fine") == ["unknown_layer"]
        assert codes(session, "SELECT * FROM lrz.brightest") == ["unknown_layer"]
        assert session.query("SHOW LAYERS LIKE 'lrz.%'").to_arrow().num_rows == 0


def test_the_token_of_the_environment_is_shown_to_no_server_that_a_statement_names(
    served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CUBEQL_TOKEN", served.keeper)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with cubeql.connect(str(tmp_path / "store"), create=True) as session:
        assert codes(session, f"ATTACH '{served.address}' AS lrz") == ["server_token"]


def test_a_second_session_has_the_same_servers(here: cubeql.Session) -> None:
    with here.another() as other:
        text = "SELECT avg(red) AS r FROM lrz.fine"
        assert other.query(text).to_arrow().equals(here.query(text).to_arrow())
    assert here.query("SELECT avg(red) AS r FROM lrz.fine").to_arrow().num_rows == 1


def test_a_wrong_token_is_told_without_it(served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hand(monkeypatch, tmp_path, served.address, "cubeql_1_verysecret")
    with cubeql.connect(str(tmp_path / "store"), create=True) as session:
        with pytest.raises(QueryError) as caught:
            session.query(f"ATTACH '{served.address}' AS lrz")
        assert [d.code for d in caught.value.diagnostics] == ["server_token"]
        assert "verysecret" not in str(caught.value)


def test_served_sessions_attach_nothing(served: Served) -> None:
    text = f"ATTACH '{served.address}' AS lrz"
    with served.connect() as guest:
        for statement, code in ((text, "attach_off"), ("SET attach = true", "unknown_setting")):
            with pytest.raises(QueryError) as caught:
                guest.query(statement)
            assert [d.code for d in caught.value.diagnostics] == [code]


def test_a_session_may_be_allowed_some_servers(served: Served, token: str, tmp_path: Path) -> None:
    text = f"ATTACH '{served.address}' AS lrz"
    place = served.address.removeprefix("flight://")
    with cubeql.connect(str(tmp_path), create=True, attach=("other.example:1",)) as session:
        assert codes(session, text) == ["attach_off"]
        assert codes(session, "SET attach = true") == ["bad_setting"]
    with cubeql.connect(str(tmp_path), attach=(place,)) as session:
        assert session.query(text).message is not None


# -------------------------------------------------------------- stopping


def test_cancel_and_time_limits_reach_the_server(served: Served, here: cubeql.Session) -> None:
    running = served.house
    text = "SELECT count(*) AS n FROM lrz.fine AS a JOIN lrz.fine AS b ON TIME ANY JOIN lrz.fine AS c ON TIME ANY"
    with pytest.raises((QueryTimeout, QueryCancelled)):
        here.query(f"{text} JOIN lrz.fine AS d ON TIME ANY JOIN lrz.fine AS e ON TIME ANY", timeout_s=0.3).to_arrow()
    deadline = time.monotonic() + 20
    while running.progress() is not None:
        assert time.monotonic() < deadline, "the server still works on what was given up here"
        time.sleep(0.02)


def test_a_server_that_goes_away_is_told_and_gives_no_short_answer(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    served = serve()
    hand(monkeypatch, tmp_path, served.address, served.keeper)
    with cubeql.connect(str(tmp_path / "store"), create=True) as session:
        session.query(f"ATTACH '{served.address}' AS lrz")
        served.serving.stop()
        assert codes(session, "SELECT red FROM lrz.fine") == ["server_gone"]


def test_rows_that_break_off_are_told(here: cubeql.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = calling.ServerFault("gone", "the connection broke")

    def breaking(self: calling.Arriving) -> Iterator[Any]:
        yield self._reader.read_chunk().data
        raise broken

    monkeypatch.setattr(calling.Arriving, "__iter__", breaking)
    assert codes(here, "SELECT cell, red FROM lrz.fine") == ["server_gone"]
    text = "SELECT count(*) FROM mine JOIN (SELECT cell, count(*) AS n FROM lrz.fine GROUP BY cell) AS q"
    assert codes(here, text) == ["server_gone"]

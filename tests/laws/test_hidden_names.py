"""What somebody may not read is absent: with it and without it he gets the same answers, to the last byte."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.catalog.rights import Who
from cubeql.errors import CubeQLError, QueryError
from cubeql.flight.catalog import answer
from cubeql.service import check, complete, hover
from cubeql.session import Session
from tests.ingest.rasters import patterned, write_tif

SHOWN = ("READ ON coarse", "READ ON classes", "READ ON districts", "READ ON stations", "READ ON crops", "READ ON wet",
         "READ ON bright", "WRITE ON monthly")  # fmt: skip
HIDDEN = ("fine", "towers", "parks", "stale", "coast", "ben.fine", "coarser", "far", "half", "scene")
"""A grid, points, zones, a view, cells, another's, one whose name is like one that is shown, two once shown, and a
raster that is read in place."""
NEAR = ("fin", "tower", "parkss", "stal", "coasts", "ben.fin", "coarsr", "bem.fine", "halff", "scenes")
PEOPLE = (Who("anna"), Who("anna", writes=True), Who("", writes=True), Who("ben_", writes=True))

STATEMENTS = (
    "SELECT * FROM {0}", "FROM {0} SELECT count(*) AS n", "SELECT {0}.cell FROM coarse JOIN {0} SELECT count(*) AS n",
    "FROM coarse LEFT JOIN {0} AS x SELECT t2m", "FROM coarse SEMI JOIN {0} SELECT count(*) AS n",
    "FROM coarse FILTER cell IN (SELECT cell FROM {0}) SELECT count(*) AS n",
    "FROM (SELECT cell FROM {0}) AS q SELECT cell",
    "WITH q AS (SELECT cell FROM {0}) SELECT * FROM q", "SELECT cell FROM classes UNION ALL SELECT cell FROM {0}",
    "FROM coarse FILTER cell WITHIN CELLS {0} SELECT t2m",
    "FROM coarse FILTER cell WITHIN ZONE({0}, name, 'core') SELECT t2m",
    "FROM classes JOIN {0} USING center SELECT class", "SELECT * FROM {0} VERSION 0",
    "SELECT * FROM {0} VERSION AT '2030-01-01'", "SELECT * FROM {0} AT '2024-05-01'", "EXPLAIN SELECT * FROM {0}",
    "EXPLAIN ANALYZE SELECT * FROM coarse JOIN {0}", "DESCRIBE {0}", "DESCRIBE SELECT * FROM {0}", "SHOW BANDS {0}",
    "SHOW TIMES {0}", "SHOW VERSIONS {0}", "SHOW LAYERS LIKE '{0}'", "SHOW VIEWS LIKE '{0}'", "SHOW CELLS LIKE '{0}'",
    "SHOW GRANTS LIKE '{0}'", "CREATE LAYER {0} AS SELECT cell, class FROM classes",
    "CREATE OR REPLACE LAYER {0} AS SELECT cell, class FROM classes", "CREATE VIEW {0} AS SELECT cell FROM classes",
    "CREATE OR REPLACE VIEW {0} AS SELECT cell FROM classes", "CREATE CELLS {0} AS SELECT cell FROM classes",
    "CREATE OR REPLACE CELLS {0} AS SELECT cell FROM classes", "CREATE VIEW {0} AS RASTER 'none.tif'",
    "CREATE LAYER anna.of AS SELECT * FROM {0}", "CREATE VIEW anna.over AS SELECT * FROM {0}",
    "CREATE OR REPLACE VIEW anna.over WITH (rights 'owner') AS SELECT * FROM {0}",
    "CREATE CELLS anna.these AS SELECT cell FROM {0}", "INSERT INTO {0} SELECT cell, class FROM classes",
    "INSERT OR REPLACE INTO {0} SELECT cell, class FROM classes", "INSERT INTO monthly SELECT * FROM {0}",
    "ALTER LAYER {0} SET (title 'x')", "ALTER LAYER {0} ALTER BAND red SET (unit '1')",
    "ALTER LAYER {0} RENAME TO anna.a",
    "ALTER LAYER monthly RENAME TO {0}", "ALTER LAYER anna.mine RENAME TO {0}", "ALTER LAYER {0} ROLLBACK TO VERSION 0",
    "DROP LAYER {0}", "DROP LAYER IF EXISTS {0}", "DROP VIEW {0}", "DROP VIEW IF EXISTS {0}", "DROP CELLS {0}",
    "DROP CELLS IF EXISTS {0}", "GRANT READ ON {0} TO anna", "REVOKE READ ON {0} FROM anna",
    "GRANT WRITE ON {0} TO public",
    "COPY (SELECT * FROM {0}) TO 'never.csv'",
)  # fmt: skip
EVERYWHERE = (
    "SHOW LAYERS", "SHOW VIEWS", "SHOW CELLS", "SHOW GRANTS", "DESCRIBE coarse", "DESCRIBE crops", "DESCRIBE bright",
    "DESCRIBE wet", "SHOW VERSIONS coarse", "SELECT count(*) AS n FROM coarse", "SELECT * FROM crops",
    "SELECT * FROM bright",
    "EXPLAIN SELECT * FROM crops", "FROM classes FILTER cell WITHIN CELLS wet SELECT cell", "SELECT * FROM brightest",
    "FROM coarse FILTER cell WITHIN ZONE(distrikts, name, 'core') SELECT t2m", "SELECT red FROM coarse",
    "CREATE LAYER anna.mine AS SELECT cell, class FROM classes", "DESCRIBE anna.mine", "SELECT * FROM anna.mine",
    "CREATE VIEW anna.v AS SELECT * FROM bright", "CREATE VIEW anna.v WITH (rights 'owner') AS SELECT * FROM crops",
    "INSERT INTO monthly SELECT * FROM monthly VERSION 0 LIMIT 0", "ALTER LAYER coarse SET (title 'x')",
    "DROP VIEW crops",
)  # fmt: skip
TYPED = (
    "SELECT ", "SELECT * FROM ", "FROM coarse JOIN ", "FROM f", "SELECT ben.", "FROM ben.", "DESCRIBE ", "DROP LAYER ",
    "DROP VIEW ", "DROP CELLS ", "INSERT INTO ", "ALTER LAYER ", "GRANT READ ON ", "SHOW BANDS ",
    "FROM coarse FILTER cell WITHIN CELLS ",
    "FROM coarse FILTER cell WITHIN ZONE(", "FROM fine SELECT ", "FROM stale SELECT ", "FROM bright SELECT ",
    "SELECT red, nir FROM fine",
)  # fmt: skip


@dataclass(frozen=True)
class Two:
    """The same store twice, with what is hidden and without it."""

    having: Session
    lacking: Session

    def sessions(self, who: Who) -> tuple[Session, Session]:
        return self.having.for_user(who, in_place=True), self.lacking.for_user(who, in_place=True)


@pytest.fixture
def two(cube_store: Path, tmp_path: Path) -> Iterator[Two]:
    first = Path(shutil.copytree(cube_store, tmp_path / "a", ignore=shutil.ignore_patterns("cache")))
    with cubeql.connect(first) as keeper:
        for granted in SHOWN:
            keeper.query(f"GRANT {granted} TO anna")
        keeper.query("GRANT READ ON coarse TO public")
        keeper.query("ALTER LAYER twin RENAME TO ben.fine")
        keeper.query("ALTER LAYER shelf RENAME TO coarser")
        keeper.query(f"CREATE VIEW scene AS RASTER '{write_tif(tmp_path / 'a.tif', patterned(30, 40))}'")
        shown = {text.rpartition(" ")[2] for text in SHOWN}
    second = Path(shutil.copytree(first, tmp_path / "b", ignore=shutil.ignore_patterns("cache")))
    with cubeql.connect(first) as having, cubeql.connect(second) as lacking:
        for name in ("far", "half"):
            having.query(f"GRANT WRITE ON {name} TO anna")
            having.query(f"GRANT READ ON {name} TO ben_")
            having.query(f"REVOKE READ ON {name} FROM ben_")
            having.query(f"REVOKE READ ON {name} FROM anna")
        for named in lacking.store._names.all():
            if named.name not in shown:
                lacking.query(f"DROP {named.kind.upper()} {named.name}")
        yield Two(having, lacking)


_MOMENTS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|datetime\.datetime\([^)]*\)|-[0-9a-f]{12}\b|\d+\.\d{3,}\b")


def told(work: Callable[[], Any], place: object) -> str:
    """All that somebody is told by what he does, but for moments and the place of the store."""
    try:
        found = work()
    except QueryError as error:
        found = (str(error), [(d.code, d.span, d.message, d.hint, d.replacement, d.facts) for d in error.diagnostics])
    except CubeQLError as error:
        found = (type(error), str(error))
    return _MOMENTS.sub("…", repr(found).replace(str(place), "STORE"))


def answered(session: Session, text: str) -> Any:
    """Everything of a result."""
    result = session.query(text)
    table = result.to_arrow()
    schema = [(f.name, f.type, sorted((f.metadata or {}).items())) for f in table.schema]
    stats = sorted((k, v) for k, v in result.stats.items() if "seconds" not in k)
    metadata = sorted((table.schema.metadata or {}).items())
    return sorted(map(str, table.to_pylist())), schema, metadata, result.message, result.warnings, stats


@pytest.mark.parametrize("who", PEOPLE, ids=lambda who: f"{who.name or 'nobody'}{'_writes' if who.writes else ''}")
def test_no_statement_tells_what_is_hidden(two: Two, who: Who) -> None:
    with_, without = two.sessions(who)
    near = [(text, name) for text in STATEMENTS[:4] + STATEMENTS[14:20] + STATEMENTS[46:] for name in NEAR]
    texts = [*EVERYWHERE, *(text.format(name) for text in STATEMENTS for name in HIDDEN)]
    for text in [*texts, *(text.format(name) for text, name in near), *EVERYWHERE]:
        seen = [told(partial(answered, s, text), s.store.address) for s in (with_, without)]
        assert seen[0] == seen[1], text
    names = [n.name for n in two.having.store._names.all() if n.name.split(".")[0] != "anna"]
    assert set(HIDDEN) <= set(names)  # nobody has dropped, renamed or replaced one


def test_nothing_that_helps_while_typing_tells_what_is_hidden(two: Two) -> None:
    stores = [s.store for s in two.sessions(Who("anna", writes=True))]
    texts = [*TYPED, *(text.format(HIDDEN[n % len(HIDDEN)]) for n, text in enumerate(STATEMENTS))]
    for text in texts:
        assert check(text, stores[0]) == check(text, stores[1]), text
        for at in (i for i in range(len(text) + 1) if i == len(text) or not text[i].isalnum()):
            assert complete(text, at, stores[0]) == complete(text, at, stores[1]), (text, at)
            assert hover(text, at, stores[0]) == hover(text, at, stores[1]), (text, at)


def test_no_method_tells_what_is_hidden(two: Two) -> None:
    sessions = two.sessions(Who("anna", writes=True))

    def columns(session: Session) -> Callable[[str], Any]:
        return lambda name: session.compile(f"SELECT * FROM {name}").columns

    for name in (*HIDDEN, *NEAR):
        for work in (
            lambda s, n=name: s.layer(n), lambda s, n=name: s.card(n), lambda s, n=name: s.stac(n),
            lambda s, n=name: s.edit_card(n, {"title": "x"}),
            lambda s, n=name: s.compact(n), lambda s, n=name: s.drop(n),
            lambda s, n=name: s.vacuum(n, keep_versions=1), lambda s, n=name: s.store.read_zones(n),
            lambda s, n=name: s.store.history(n), lambda s, n=name: s.store.cells_of(n),
            lambda s, n=name: s.store.kind_of(n),
            lambda s, n=name: answer({"ask": "name", "name": n}, s.store, columns(s)),
            lambda s, n=name: answer({"ask": "commits", "name": n}, s.store, columns(s)),
        ):  # fmt: skip
            seen = [told(lambda s=s, w=work: w(s), s.store.address) for s in sessions]
            assert seen[0] == seen[1], name
    for work in (lambda s: s.layers, lambda s: s.vacuum(), lambda s: answer({"ask": "names"}, s.store, columns(s))):
        seen = [told(lambda s=s, w=work: w(s), s.store.address) for s in sessions]
        assert seen[0] == seen[1]


def test_the_law_can_fail(two: Two) -> None:
    """To who may read it, it is told: what the tests above compare would tell the stores apart."""
    two.having.query("GRANT READ ON fine TO anna")
    for text in ("SHOW LAYERS", "DESCRIBE fine", "SELECT * FROM fin", "SELECT count(*) AS n FROM bright"):
        seen = [told(partial(answered, s, text), s.store.address) for s in two.sessions(Who("anna"))]
        assert seen[0] != seen[1], text

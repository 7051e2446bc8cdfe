"""GRANT, REVOKE and SHOW GRANTS, and what somebody may do who does not keep the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import cubeql
from cubeql.catalog.rights import Who
from cubeql.errors import NotAllowed, QueryError
from cubeql.session import Session

ANNA, BEN = Who("anna", writes=True), Who("ben", writes=True)
As = Callable[[Who], Session]


@pytest.fixture
def seen_by(own: cubeql.Session) -> Iterator[As]:
    """Sessions of users on the tiny cube, closed with the test."""
    opened: list[Session] = []

    def session(who: Who) -> Session:
        opened.append(own.for_user(who))
        return opened[-1]

    yield session
    for one in opened:
        one.close()


def said(session: Session, text: str) -> str:
    """What a statement that gives no rows tells."""
    message = session.query(text).message
    assert message is not None
    return message


def rows(session: Session, text: str) -> list[dict[str, Any]]:
    return session.query(text).to_arrow().to_pylist()


def codes(session: Session, text: str) -> list[str]:
    with pytest.raises(QueryError) as raised:
        session.query(text)
    assert all(d.span is not None for d in raised.value.diagnostics)
    return [d.code for d in raised.value.diagnostics]


def test_what_is_granted_is_there_at_once_and_what_is_revoked_is_gone(own: cubeql.Session, seen_by: As) -> None:
    anna = seen_by(ANNA)
    assert codes(anna, "SELECT count(*) AS n FROM fine") == ["unknown_layer"]
    assert said(own, "GRANT READ ON fine TO anna") == "anna may read fine"
    count = "SELECT count(*) AS n FROM fine"
    assert rows(anna, count) == rows(own, count)
    assert codes(anna, "INSERT INTO fine SELECT * FROM fine") == ["no_right"]
    assert said(own, "REVOKE READ ON fine FROM anna") == "anna may not read fine any more"
    assert codes(anna, count) == ["unknown_layer"]


def test_done_again_nothing_changes_and_the_answer_says_so(own: cubeql.Session) -> None:
    own.query("GRANT READ ON fine TO anna")
    before = own.store._names.find("fine")
    assert said(own, "GRANT READ ON fine TO ANNA") == "ANNA may read fine, as before"
    assert said(own, "REVOKE WRITE ON fine FROM anna") == "anna had no right to write to fine"
    after = own.store._names.find("fine")
    assert before is not None and after is not None and after.tag == before.tag


def test_who_must_not_read_must_not_write(own: cubeql.Session, seen_by: As) -> None:
    own.query("GRANT WRITE ON fine TO anna")
    assert said(own, "REVOKE READ ON fine FROM anna") == "anna may not read fine any more, nor write to it"
    assert codes(seen_by(ANNA), "DESCRIBE fine") == ["unknown_layer"]


def test_what_everybody_may_is_told_when_it_is_taken_from_one(own: cubeql.Session, seen_by: As) -> None:
    own.query("GRANT READ ON fine TO public")
    own.query("GRANT READ ON fine TO anna")
    assert said(own, "REVOKE READ ON fine FROM anna").startswith("anna may still read fine, since everybody may")
    assert rows(seen_by(Who("")), "SHOW LAYERS")[0]["layer"] == "fine"  # somebody without a name


def test_views_and_sets_of_cells_are_granted_too(own: cubeql.Session, seen_by: As) -> None:
    own.query("CREATE CELLS some AS SELECT cell FROM classes")
    anna = seen_by(ANNA)
    for name in ("bright", "some"):
        assert codes(anna, f"DESCRIBE {name}") == ["unknown_layer"]
        own.query(f"GRANT READ ON {name} TO anna")
    assert [r["cells"] for r in rows(anna, "SHOW CELLS")] == ["some"]
    assert codes(anna, "SELECT * FROM bright") == ["view_fault"]  # it reads what she may not
    own.query("GRANT READ ON fine TO anna")
    assert rows(anna, "SELECT count(*) AS n FROM bright") == rows(own, "SELECT count(*) AS n FROM bright")


def test_rights_are_the_names(own: cubeql.Session) -> None:
    own.query("GRANT READ ON classes TO anna")
    own.query("GRANT READ ON bright TO anna")
    own.query("CREATE OR REPLACE LAYER classes AS SELECT cell, class FROM classes")
    own.query("CREATE OR REPLACE VIEW bright AS SELECT cell, class FROM classes")
    own.query("ALTER LAYER classes RENAME TO kinds")
    shown = [(r["name"], r["kind"], r["right"], r["grantee"]) for r in rows(own, "SHOW GRANTS")]
    assert shown == [("bright", "view", "read", "anna"), ("kinds", "layer", "read", "anna")]
    own.query("DROP LAYER kinds")
    own.query("CREATE LAYER kinds AS SELECT cell, red AS r FROM fine FILTER time = '2024-05-01'")
    assert [r["name"] for r in rows(own, "SHOW GRANTS")] == ["bright"]


def test_a_user_has_a_collection_of_his_own(own: cubeql.Session, seen_by: As) -> None:
    anna, ben = seen_by(ANNA), seen_by(BEN)
    own.query("GRANT READ ON classes TO public")
    anna.query("CREATE LAYER anna.twice AS SELECT cell, class FROM classes")
    anna.query("CREATE CELLS anna.some AS SELECT cell FROM classes")
    assert codes(ben, "SELECT * FROM anna.twice") == ["unknown_layer"]
    assert codes(ben, "GRANT READ ON anna.twice TO ben") == ["unknown_layer"]
    assert said(anna, "GRANT READ ON anna.twice TO ben") == "ben may read anna.twice"
    assert codes(ben, "GRANT READ ON anna.twice TO ben") == ["no_right"]
    assert codes(ben, "DROP LAYER anna.twice") == ["no_right"]
    assert [r["layer"] for r in rows(ben, "SHOW LAYERS")] == ["anna.twice", "classes"]
    anna.query("ALTER LAYER anna.twice RENAME TO anna.kinds")
    assert codes(anna, "ALTER LAYER anna.kinds RENAME TO ben.kinds") == ["own_collection"]
    assert said(own, "GRANT READ ON anna.kinds TO anna") == "anna.kinds is anna's own: nothing is refused to anna"
    anna.query("DROP CELLS anna.some")
    anna.query("DROP LAYER anna.kinds")


def test_who_may_write_adds_and_tells_and_no_more(own: cubeql.Session, seen_by: As) -> None:
    anna = seen_by(ANNA)
    own.query("CREATE LAYER few AS SELECT cell, class FROM classes LIMIT 3")
    own.query("GRANT WRITE ON few TO anna")
    own.query("GRANT READ ON classes TO anna")
    anna.query("INSERT INTO few SELECT cell, class FROM classes ANTI JOIN few LIMIT 2")
    anna.query("ALTER LAYER few SET (title 'Few')")
    anna.query("ALTER LAYER few ROLLBACK TO VERSION 0")
    anna.compact("few")
    assert codes(anna, "DROP LAYER few") == ["no_right"]
    assert codes(anna, "ALTER LAYER few RENAME TO anna.few") == ["no_right"]
    assert codes(anna, "CREATE OR REPLACE LAYER few AS SELECT cell, class FROM classes") == ["own_collection"]
    with pytest.raises(NotAllowed, match="clean up"):
        anna.vacuum()


CHANGES = (
    "CREATE LAYER anna.a AS SELECT cell, class FROM classes", "CREATE VIEW anna.a AS SELECT cell FROM classes",
    "CREATE CELLS anna.a AS SELECT cell FROM classes", "INSERT INTO anna.mine SELECT cell, class FROM classes",
    "ALTER LAYER anna.mine SET (title 'x')", "ALTER LAYER anna.mine RENAME TO anna.other", "DROP LAYER anna.mine",
    "ALTER LAYER anna.mine ROLLBACK TO VERSION 0", "GRANT READ ON anna.mine TO ben", "DROP VIEW anna.none",
    "REVOKE READ ON anna.mine FROM ben", "DROP LAYER IF EXISTS anna.none", "DROP CELLS anna.none",
    "CREATE VIEW anna.a AS RASTER 'none.tif'",
)  # fmt: skip


def test_who_only_reads_changes_nothing_of_his_own(own: cubeql.Session, seen_by: As) -> None:
    own.query("GRANT READ ON classes TO public")
    seen_by(ANNA).query("CREATE LAYER anna.mine AS SELECT cell, class FROM classes")
    names = own.store._names.all()
    reader = seen_by(Who("anna"))
    for text in CHANGES:
        assert codes(reader, text) == ["only_reads"]
    for change in (lambda: reader.compact("anna.mine"), reader.vacuum, lambda: reader.drop("anna.mine")):
        with pytest.raises(NotAllowed, match="only read"):
            change()
    assert [(n, n.tag) for n in own.store._names.all()] == [(n, n.tag) for n in names]


def test_a_user_who_is_called_as_everybody_owns_nothing(own: cubeql.Session, seen_by: As) -> None:
    own.query("CREATE LAYER public.plain AS SELECT cell, class FROM classes")
    public = seen_by(Who("public", writes=True))
    assert rows(public, "SHOW LAYERS") == []
    assert codes(public, "DROP LAYER public.plain") == ["unknown_layer"]


def test_a_name_that_is_damaged_is_the_keepers_to_see(own: cubeql.Session, seen_by: As) -> None:
    own.query("GRANT READ ON classes TO anna")
    own.store.objects.create("names/broken.json", b"{")
    anna = seen_by(ANNA)
    assert [r["layer"] for r in rows(anna, "SHOW LAYERS")] == ["classes"]
    assert codes(anna, "SELECT * FROM broken") == codes(anna, "SELECT * FROM absent") == ["unknown_layer"]


def test_a_right_lost_while_a_statement_runs_is_asked_for_again(
    own: cubeql.Session, seen_by: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cubeql.storage.write import LayerWrite

    own.query("CREATE LAYER few AS SELECT cell, class FROM classes LIMIT 3")
    own.query("GRANT WRITE ON few TO anna")
    own.query("GRANT READ ON classes TO anna")
    flush = LayerWrite._flush

    def revoked_meanwhile(write: LayerWrite) -> None:
        flush(write)
        own.query("REVOKE WRITE ON few FROM anna")
        own.query("GRANT READ ON few TO anna")

    monkeypatch.setattr(LayerWrite, "_flush", revoked_meanwhile)
    assert codes(seen_by(ANNA), "INSERT INTO few SELECT cell, class FROM classes ANTI JOIN few") == ["no_right"]
    assert rows(own, "SELECT count(*) AS n FROM few") == [{"n": 3}]
    assert not [x for x in own.store.vacuum(older_than=None) if x.name.startswith("layers/few")]

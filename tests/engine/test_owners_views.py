"""Views that carry their owner's rights, and hide what lies beneath."""

from __future__ import annotations

import pytest

import cubeql
from cubeql.catalog.rights import Who
from cubeql.errors import QueryError

VIEW = "CREATE OR REPLACE VIEW open WITH (rights = 'owner') AS SELECT cell, time, red AS v FROM fine FILTER red > 0"


def test_a_view_is_read_with_its_owners_rights_and_hides_what_lies_beneath(own: cubeql.Session) -> None:
    own.query(VIEW)
    own.query("GRANT READ ON open TO anna")
    with own.for_user(Who("anna", writes=True)) as anna:
        count = "SELECT count(*) AS n FROM open"
        result = anna.query(count)
        assert result.to_arrow().to_pylist() == own.query(count).to_arrow().to_pylist()
        told = [str(anna.query(text).to_arrow().to_pylist()) for text in (
            f"EXPLAIN {count}", f"EXPLAIN ANALYZE {count}", "DESCRIBE open", "SHOW VIEWS", "SHOW LAYERS")]
        table = anna.query("SELECT * FROM open LIMIT 1").to_arrow()
        told += [str(table.schema.metadata), str([f.metadata for f in table.schema]), str(anna.query(count).stats)]
        assert "view open (cell, time, v)" in told[0]
        assert not [text for text in told if "fine" in text or "red" in text]
        anna.query("CREATE LAYER anna.kept AS SELECT cell, max(v) AS v FROM open GROUP BY cell")
        assert anna.layer("anna.kept").provenance.sources == ("open",)
        own.query("DROP LAYER fine")
        with pytest.raises(QueryError) as raised:
            anna.query(count)
        assert [d.code for d in raised.value.diagnostics] == ["view_fault"] and "fine" not in str(raised.value)


def test_nobody_lends_what_he_may_not_read(own: cubeql.Session) -> None:
    text = "CREATE VIEW anna.v WITH (rights 'owner') AS SELECT cell, class FROM classes"
    with own.for_user(Who("anna", writes=True)) as anna, own.for_user(Who("ben")) as ben:
        for session in (anna, own):  # who keeps the store makes it for her, with her rights
            with pytest.raises(QueryError, match="unknown_layer"):
                session.query(text)
        own.query("GRANT READ ON classes TO anna")
        anna.query(text)
        anna.query("GRANT READ ON anna.v TO ben")
        assert ben.query("SELECT count(*) AS n FROM anna.v").to_arrow()["n"][0].as_py() > 0
        own.query("REVOKE READ ON classes FROM anna")
        with pytest.raises(QueryError, match="view_fault"):
            ben.query("SELECT count(*) AS n FROM anna.v")
        with pytest.raises(QueryError, match="bad_fact"):
            anna.query("CREATE VIEW anna.w WITH (rights 'mine') AS SELECT cell FROM anna.v")

"""A statement sees one state of each layer, whatever is committed while it is being understood."""

from __future__ import annotations

from typing import Any

import pytest

import cubeql
from cubeql.storage import Store
from tests.engine.test_creating import rows

CHANGE = "INSERT OR REPLACE INTO twin SELECT cell, time, v + 1 AS v FROM twin VERSION 0"


@pytest.mark.parametrize(
    "text",
    [
        "FROM twin AS a JOIN twin AS b ON TIME EQUAL SELECT sum(CASE WHEN a.v <> b.v THEN 1 ELSE 0 END) AS other",
        "WITH q AS (SELECT cell, time, v FROM twin) FROM twin AS a JOIN q AS b ON TIME EQUAL"
        " SELECT sum(CASE WHEN a.v <> b.v THEN 1 ELSE 0 END) AS other",
        "FROM twin AS a JOIN warm AS b ON TIME EQUAL SELECT sum(CASE WHEN a.v <> b.v THEN 1 ELSE 0 END) AS other",
    ],
)
def test_a_layer_joined_with_itself_is_of_one_version(
    own: cubeql.Session, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    own.query("CREATE VIEW warm AS SELECT cell, time, v FROM twin FILTER v > 0")
    asked = own.store.layer

    def changing(name: str, version: int | None = None) -> Any:
        """The store as it is when a writer commits whenever it is asked."""
        found = asked(name, version)
        if name == "twin" and version is None:
            with cubeql.connect(own.store.address.path) as other:
                other.query(CHANGE.replace("+ 1", f"+ {other.store.snapshot('twin').version}"))
        return found

    monkeypatch.setattr(Store, "layer", lambda self, *a: changing(*a) if self is own.store else asked(*a))
    before = own.store.snapshot("twin").version
    assert rows(own, text) == [{"other": 0}]
    assert own.store.snapshot("twin").version > before

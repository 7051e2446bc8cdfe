"""A condition put into the statement in the editor."""

from __future__ import annotations

from pathlib import Path

from cubeql_tui.app import CubeQL
from cubeql_tui.conditions import put_condition
from cubeql_tui.editor import QueryEditor
from textual.pilot import Pilot

from tests.tui.screen import play, shown, until


def test_the_statement_under_the_cursor_takes_it_and_gives_it_back(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        editor = app.query_one(QueryEditor)
        editor.put("SHOW LAYERS;\nSELECT cell, slope FROM finer;\nSHOW VIEWS")
        editor.go_to(20)
        assert (
            put_condition(editor, "slope BETWEEN 1 AND 2")
            == "SELECT cell, slope FROM finer FILTER slope BETWEEN 1 AND 2"
        )
        assert editor.text == ("SHOW LAYERS;\nSELECT cell, slope FROM finer FILTER slope BETWEEN 1 AND 2;\nSHOW VIEWS")
        assert editor.statement[0].endswith("BETWEEN 1 AND 2")
        editor.undo()
        assert editor.text == "SHOW LAYERS;\nSELECT cell, slope FROM finer;\nSHOW VIEWS"
        for offset, said in ((3, "no FILTER that a condition"), (20, "nothing_such")):
            editor.go_to(offset)
            assert put_condition(editor, "nothing_such BETWEEN 1 AND 2") is None
            await until(pilot, lambda said=said: said in shown(app))  # type: ignore[misc]
        assert editor.text == "SHOW LAYERS;\nSELECT cell, slope FROM finer;\nSHOW VIEWS"

    play(cube_store, scene)

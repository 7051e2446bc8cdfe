"""What was drawn on the map, or brushed in a plot, put into the statement in the editor."""

from __future__ import annotations

from textual.widgets import TextArea

from cubeql import service
from cubeql.errors import QueryError
from cubeql_tui.editor import QueryEditor
from cubeql_tui.marks import place_of


def put_condition(editor: QueryEditor, condition: str) -> str | None:
    """Add a condition to the statement under the cursor, or put it in the place of one like it.

    ``condition`` is CubeQL: ``cell WITHIN BBOX(…)``, ``ndvi BETWEEN 0.2 AND 0.5``, ``time DURING 'a/b'``,
    ``class IN (1, 2)``; names and texts in it are quoted by ``asking``. What is replaced by what is told at
    :func:`cubeql.service.with_condition`. The change can be undone in the editor like any other; nothing is run.

    Returns:
        The statement as it stands now; None where it cannot take the condition, which has then been said.
    """
    text, place = editor.statement
    if not text:
        editor.notify("There is no statement at the cursor to put it into.", severity="warning")
        return None
    try:
        changed = service.with_condition(text, condition, editor.snapshot)
    except QueryError as error:
        first = error.diagnostics[0]
        words = f"{first.message}; {first.hint}" if first.hint else first.message
        editor.notify(words, title="The statement cannot take it", severity="warning", markup=False, timeout=8)
        return None
    with editor.prevent(TextArea.Changed):
        editor.replace(changed, place_of(editor.text, place.start), place_of(editor.text, place.end))
    editor.go_to(place.start + len(changed))
    editor.settle()
    return changed

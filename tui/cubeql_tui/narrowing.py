"""What is brushed as conditions, put into the statement whose rows were brushed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc
from textual.widgets import TextArea

from cubeql import service
from cubeql.drawing.display import columns_of
from cubeql.errors import QueryError
from cubeql_tui import asking
from cubeql_tui.editor import QueryEditor
from cubeql_tui.linked import Linked
from cubeql_tui.map.side import MapSide
from cubeql_tui.map.sources import LayerSource
from cubeql_tui.marks import place_of
from cubeql_tui.running import Run


class Condition(NamedTuple):
    """A condition on one column of a result."""

    column: str
    text: str


class Narrowing(NamedTuple):
    """A statement, and what is to hold of the rows of its result."""

    statement: str
    conditions: tuple[Condition, ...]


def of_run(run: Run, linked: Linked) -> Narrowing:
    """What is brushed of a result; columns that it does not have are left out."""
    found: list[Condition] = []
    columns = columns_of(run.rows.schema) if run.rows is not None else ()
    clock = next((c for c in columns if c.kind == "timestamp"), None)
    if linked.times is not None and clock is not None and run.rows is not None:
        known = pc.unique(run.rows.table().column(clock.number)).to_numpy(zero_copy_only=False)
        period = linked.times.period(np.sort(known.astype("datetime64[us]")))
        found.append(Condition(clock.name, asking.during(clock.name, period)))
    chosen = next((c for c in columns if linked.choice and c.name == linked.choice.quantity), None)
    if linked.choice is not None and chosen is not None:
        found.append(Condition(chosen.name, asking.chosen(linked.choice, chosen.classes)))
    return Narrowing(run.text, tuple(found))


def of_map(side: MapSide, linked: Linked) -> Narrowing | None:
    """What is brushed of a layer on the map; None where no layer is there."""
    source, quantity = side.source, side.quantity
    if not isinstance(source, LayerSource) or quantity is None:
        return None
    found: list[Condition] = []
    known = side.clock.known
    if linked.times is not None and len(known):
        found.append(Condition("time", asking.during("time", linked.times.period(known))))
    if linked.choice is not None and linked.choice.quantity == quantity.name:
        found.append(Condition(quantity.name, asking.chosen(linked.choice, quantity.classes)))
    return Narrowing(asking.rows_of_layer(source.title, quantity.name, bool(len(known))), tuple(found))


def put(editor: QueryEditor, wanted: Narrowing) -> bool:
    """Write the conditions into the statement, where it stands in the editor; else behind what stands there.

    Nothing is run, and the change can be undone like any other. False where it cannot be done, which has been said.
    """
    try:
        changed = _narrowed(wanted.statement, wanted.conditions, editor)
    except QueryError as error:
        first = error.diagnostics[0]
        words = f"{first.message}; {first.hint}" if first.hint else first.message
        editor.notify(words, title="The statement cannot take it", severity="warning", markup=False, timeout=8)
        return False
    start, end, before = _place(editor, wanted.statement)
    with editor.prevent(TextArea.Changed):
        editor.replace(before + changed, place_of(editor.text, start), place_of(editor.text, end))
    editor.go_to(start + len(before + changed))
    editor.settle()
    return True


def _narrowed(text: str, conditions: Sequence[Condition], editor: QueryEditor) -> str:
    for column, condition in conditions:
        text = service.narrowed(text, column, condition, editor.snapshot)
    return text


def _place(editor: QueryEditor, statement: str) -> tuple[int, int, str]:
    """Where the statement stands, or where it is to be written, and what has to stand before it then."""
    at, place = editor.statement
    if at == statement:
        return place.start, place.end, ""
    text = editor.text
    if statement in text:
        start = text.index(statement)
        return start, start + len(statement), ""
    before = text.rstrip()
    joint = "" if not before else "\n\n" if before.endswith(";") else ";\n\n"
    return len(before), len(text), joint

"""Completion of statements within a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from cubeql import service
from cubeql.catalog import MemoryCatalog
from cubeql.errors import CubeQLError

if TYPE_CHECKING:
    from cubeql.notebook.magics import CubeQLMagics

_WORD = "%%cubeql"


def matcher_of(magics: CubeQLMagics) -> Any:
    """What IPython asks for completions; it answers in cells that begin with ``%%cubeql``, there alone."""

    @context_matcher(identifier="cubeql")
    def cubeql_matcher(context: CompletionContext) -> dict[str, Any]:
        return offers_at(context.full_text, context.cursor_line, context.cursor_position, magics)

    return cubeql_matcher


def offers_at(cell: str, line: int, column: int, magics: CubeQLMagics) -> dict[str, Any]:
    """What may stand at a place of a cell, in the words of IPython; it then offers nothing else."""
    lines = cell.split("\n")
    if not lines[0].startswith(_WORD) or line == 0:
        return {"completions": [], "suppress": False}
    text = "\n".join(lines[1:])
    offset = sum(len(one) + 1 for one in lines[1:line]) + column
    catalog = MemoryCatalog() if magics.session is None else magics.session.catalog
    variables = [name for name in magics.shell.user_ns if not name.startswith("_")]
    try:
        found = service.complete(text, offset, catalog, variables)
    except CubeQLError:  # a store that cannot be read just now: typing goes on
        found = ()
    start = found[0].start if found else offset
    offers = [SimpleCompletion(c.text, type=c.kind) for c in found if c.start == start]
    return {"completions": offers, "suppress": True, "matched_fragment": text[start:offset], "ordered": True}

"""The language service: what the prompt, the terminal application and the notebook ask while somebody types.

Reading order: ``records`` (the answers), ``reading`` (the parser's stack over any text), ``places`` (what a name
would be there), ``scope`` and ``columns`` (which names there are), ``cursor``; ``offers`` with ``functions``,
``values``, ``keywords`` and ``order`` (what may stand), ``completing`` (what of it is shown first); ``hovering``,
``checking``, ``painting``, ``statements``; ``conditions`` (a condition put into a statement), ``narrowing`` (some of
the rows of its result). Nothing here runs a query. No text makes anything here raise, but :func:`format`,
:func:`with_condition` and :func:`narrowed` refuse what they cannot change.
"""

from cubeql.lang import format_text as format
from cubeql.service.checking import check
from cubeql.service.completing import complete
from cubeql.service.conditions import with_condition
from cubeql.service.hovering import hover
from cubeql.service.narrowing import narrowed
from cubeql.service.painting import highlight
from cubeql.service.records import Completion, Hover, Paint
from cubeql.service.statements import is_complete, statement_at

__all__ = [
    "Completion",
    "Hover",
    "Paint",
    "check",
    "complete",
    "format",
    "highlight",
    "hover",
    "is_complete",
    "narrowed",
    "statement_at",
    "with_condition",
]

"""All faults of a text, statement by statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cubeql.analyze import Context, bind_whole
from cubeql.catalog import Catalog
from cubeql.errors import CubeQLError, Diagnostic, QueryError, Span
from cubeql.lang import nodes, parse, split_statements

_UNKNOWN = frozenset(("unknown_layer", "unknown_view", "unknown_cells"))
_OF_CONSTANTS = frozenset(("not_a_constant", "unknown_parameter"))


def check(text: str, catalog: Catalog, parameters: Mapping[str, Any] | None = None) -> tuple[Diagnostic, ...]:
    """The faults and warnings of all statements of a text, by place; nothing is run.

    Parameters without a value here are no fault: they may be given when the text is run. Layers that an
    earlier statement of the text makes are taken to be there.

    Args:
        text: any text.
        catalog: what layers exist.
        parameters: values of parameters, where they are known.
    """
    found: list[Diagnostic] = []
    made: set[str] = set()
    for start, end in _pieces(text):
        piece = text[start:end]
        try:
            statements = parse(piece).statements
        except QueryError as error:
            found += _placed(error.diagnostics, start, len(text))
            continue
        for statement in statements:
            faults = _faults(statement, catalog, parameters or {})
            found += _placed([f for f in faults if not _is_made(f, made)], start, len(text))
            made |= _makes(statement)
    return tuple(sorted(found, key=lambda fault: (fault.span or Span(0, 0), fault.code)))


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Bounds of the statements with all that is between, so that no fault between them is missed."""
    starts = [0, *(span.start for _, span in split_statements(text)[1:])]
    yield from zip(starts, [*starts[1:], len(text)])


def _faults(statement: nodes.Statement, catalog: Catalog, values: Mapping[str, Any]) -> list[Diagnostic]:
    context = Context(catalog, values)
    query = getattr(statement, "query", None)
    try:
        if query is not None:
            bind_whole(context, query)
        _find_layer(context, statement)
    except CubeQLError:  # a store that cannot be read says so when the statement runs
        return []
    unknown = [fault.span for fault in context.faults if fault.code == "unknown_parameter" and fault.span]
    return [fault for fault in context.faults if not _is_of_parameter(fault, unknown)]


def _is_of_parameter(fault: Diagnostic, unknown: Sequence[Span]) -> bool:
    """Whether a fault is only that a parameter has no value yet."""
    if fault.code not in _OF_CONSTANTS or fault.span is None:
        return False
    return any(fault.span.start <= span.start and span.end <= fault.span.end for span in unknown)


def _find_layer(context: Context, statement: nodes.Statement) -> None:
    """Note the layer that a statement is about, if there is none of its name."""
    catalog = context.catalog
    name = ".".join(getattr(statement, "name", ()))
    found: object = None
    match statement:
        case (
            nodes.Show() | nodes.Insert() | nodes.Alter() | nodes.Rollback()
            | nodes.Drop(kind="layer", if_exists=False)
        ):
            code, known, found = "unknown_layer", catalog.layer_names(), catalog.layer(name)
        case nodes.Grant() | nodes.Describe(query=None):
            known = (*catalog.layer_names(), *catalog.view_names(), *catalog.cell_set_names())
            code, found = "unknown_layer", catalog.layer(name) or catalog.cell_set(name)
            found = catalog.view(name) if found is None else found
        case nodes.Drop(kind="view", if_exists=False):
            code, known, found = "unknown_view", catalog.view_names(), catalog.view(name)
        case nodes.Drop(kind="cells", if_exists=False):
            code, known, found = "unknown_cells", catalog.cell_set_names(), catalog.cell_set(name)
        case _:
            return
    if name and found is None:
        context.unknown(code, statement.span, name, known, mends=False)


def _makes(statement: nodes.Statement) -> set[str]:
    """Names, folded, that exist once a statement has run."""
    match statement:
        case nodes.Create(name=name) | nodes.CreateRaster(name=name) | nodes.Alter(rename_to=name) if name:
            return {".".join(name).casefold()}
    return set()


def _is_made(fault: Diagnostic, made: set[str]) -> bool:
    return fault.code in _UNKNOWN and str(dict(fault.facts).get("name")).casefold() in made


def _placed(faults: Sequence[Diagnostic], by: int, length: int) -> Iterator[Diagnostic]:
    """The faults with their places counted in the whole text."""
    for fault in faults:
        if fault.span is None:
            yield fault
        else:
            start, end = (max(0, min(at + by, length)) for at in (fault.span.start, fault.span.end))
            yield replace(fault, span=Span(start, max(start, end)))

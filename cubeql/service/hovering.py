"""Help on what the pointer is at."""

from __future__ import annotations

from bisect import bisect_right

from cubeql.catalog import Catalog, Layer
from cubeql.errors import Span
from cubeql.functions import lookup
from cubeql.lang.tokens import Token, tokenize
from cubeql.service.columns import Column, Columns, written
from cubeql.service.keywords import HELP, help_on
from cubeql.service.places import Place, place_of, unquoted
from cubeql.service.reading import Reading
from cubeql.service.records import Hover
from cubeql.service.scope import Query, query_at
from cubeql.service.stored import Stored
from cubeql.service.values import METHOD_HELP, PERIODS, TYPES

_MOST_CLASSES = 8
_AROUND = 3  # words on either side that may belong to a keyword


def hover(text: str, offset: int, catalog: Catalog) -> Hover | None:
    """What there is to say of the word at an offset; None where it is no word, or an unknown one."""
    tokens, index = _statement(text, offset)
    if index is None:
        return None
    token = tokens[index]
    reading = Reading().read(tokens[:index])
    kind = reading.kind_of(token)
    if token.type not in ("NAME", "QUOTED", "FILTER_WHERE", "AT_RESOLUTION"):
        return None
    following = tokens[index + 1].type if index + 1 < len(tokens) else ""
    called = following == "LPAR"
    if kind in ("DATE", "TIMESTAMP", "INTERVAL") and following != "STRING":
        kind = "NAME"
    if kind not in ("NAME", "QUOTED"):
        return _keyword(tokens, index)
    place = place_of(reading)
    if called and place.role == "expression":
        return _function(token)
    query = query_at(tokens, reading.kinds, index)
    return _name(Columns(catalog), query, place, token)


def _statement(text: str, offset: int) -> tuple[tuple[Token, ...], int | None]:
    """The tokens of the statement around an offset, and the number of the one there."""
    tokens = tokenize(text, len(text) + 1).tokens
    index = bisect_right([token.start for token in tokens], offset) - 1
    if index < 0 or offset > tokens[index].end or offset < 0:
        return (), None
    if tokens[index].type not in ("NAME", "QUOTED") and index and tokens[index - 1].end == offset:
        index -= 1  # right behind a word
    first = next((i for i in range(index, 0, -1) if tokens[i - 1].type == "SEMICOLON"), 0)
    last = next((i for i in range(index, len(tokens)) if tokens[i].type == "SEMICOLON"), len(tokens))
    return tokens[first:last], index - first if index < last else None


# ------------------------------------------------------------------ words


def _keyword(tokens: tuple[Token, ...], index: int) -> Hover | None:
    first = max(0, index - _AROUND)
    near = tokens[first : index + _AROUND + 1]
    words = tuple(token.text.upper() for token in near)
    found = help_on(words, index - first)
    if found is None:
        return None
    phrase, start, end = found
    return Hover(phrase, HELP[phrase], near[start].span.to(near[end - 1].span))


def _function(token: Token) -> Hover | None:
    function = lookup(token.text)
    if function is None:
        return None
    kind = {"aggregate": "aggregate", "window": "window function"}.get(function.kind, function.family)
    return Hover(function.signature, f"{function.summary}\n{kind}", token.span)


def _name(columns: Columns, query: Query, place: Place, token: Token) -> Hover | None:
    name = unquoted(token.text)
    path = (*place.qualifier, name)
    match place.role:
        case "source" | "layer" | "zone" | "named" | "view" | "cells":
            return _layer_or_part(columns, query, path, token)
        case "expression":
            return _column_or_source(columns, query, path, token)
        case "band":
            column = columns.resolve(query, (name,))
            return _column(column, token) if column else None
        case "method":
            return _known(name, METHOD_HELP, token)
        case "type":
            return _known(name, TYPES, token)
        case "period":
            return _known(name, PERIODS, token)
    return None


def _known(name: str, table: dict[str, str], token: Token) -> Hover | None:
    return Hover(name.casefold(), table[name.casefold()], token.span) if name.casefold() in table else None


# ------------------------------------------------------------------ layers and columns


def _layer_or_part(columns: Columns, query: Query, path: tuple[str, ...], token: Token) -> Hover | None:
    named = query.find_named(path[0]) if len(path) == 1 else None
    if named is not None:
        names = ", ".join(column.name for column in columns.of_result(named))
        return Hover(f"{path[0]}: a query named by WITH", f"columns: {names}", token.span)
    layer = columns.layer(".".join(path))
    if layer is None and columns.stored.columns(".".join(path)):
        return _stored(columns.stored, ".".join(path), token.span)
    if layer is None:  # the first part of collection.layer
        begun = ".".join(path).casefold() + "."
        under = [name for name in columns.layer_names() if name.casefold().startswith(begun)]
        return Hover(f"{'.'.join(path)}: a collection", ", ".join(under), token.span) if under else None
    return _layer(layer, token.span)


def _stored(stored: Stored, name: str, span: Span) -> Hover:
    """A view or a set of cells."""
    cells = stored.cell_set(name)
    if cells is not None:
        return Hover(f"{cells.name}: cells", f"{cells.count:,} of resolution {cells.resolution}", span)
    columns = ", ".join(c.name for c in stored.columns(name))
    return Hover(f"{name}: a view", f"columns: {columns}\n{stored.view(name) or ''}".rstrip(), span)


def _layer(layer: Layer, span: Span) -> Hover:
    time = "no time"
    if layer.time is not None:
        time = f"time: {layer.time.stamp} of {layer.time.step}" if layer.time.step else f"time: {layer.time.stamp}"
    bands = [f"{b.name} {b.unit or ('class' if b.kind == 'categorical' else '')}".strip() for b in layer.bands]
    lines = [f"{layer.kind}, resolution {layer.resolution}, {time}", "bands: " + ", ".join(bands)]
    if layer.kind != "grid":
        attributes = [f"{a.name} {a.unit or a.type}" for a in layer.attributes]
        lines = [f"{layer.kind}, {time}", "attributes: " + ", ".join(attributes)]
    if layer.dimensions:
        lines.append("dimensions: " + ", ".join(f"{d.name} {d.type}" for d in layer.dimensions))
    lines += [fact for fact in (layer.citation, layer.licence) if fact]
    return Hover(f"{layer.name}: {layer.title}" if layer.title else layer.name, "\n".join(lines), span)


def _column_or_source(columns: Columns, query: Query, path: tuple[str, ...], token: Token) -> Hover | None:
    column = columns.resolve(query, path)
    if column is not None:
        return _column(column, token)
    for source in query.sources:
        if source.name.casefold() == ".".join(path).casefold():
            layer = columns.layer_of(query, source)
            if layer is None and columns.stored.columns(".".join(source.path)):
                return _stored(columns.stored, ".".join(source.path), token.span)
            return _layer(layer, token.span) if layer else Hover(source.name, "a subquery", token.span)
    for item in query.items:
        if item.alias and len(path) == 1 and item.alias.casefold() == path[0].casefold():
            return Hover(item.alias, f"named by AS: {written(item.tokens)}", token.span)
    return None


def _column(column: Column, token: Token) -> Hover:
    unit = f" in {column.type.unit}" if column.type.unit else ""
    kind = "class code" if column.type.categorical else "expression" if column.written else str(column.type)
    lines = []
    if column.band is not None and column.band.long_name:
        lines.append(column.band.long_name)
    if column.type.classes:
        classes = [f"{code} {name}" for code, name in column.type.classes[:_MOST_CLASSES]]
        more = len(column.type.classes) - len(classes)
        lines.append("classes: " + ", ".join(classes) + (f", and {more} more" if more > 0 else ""))
    if column.written:
        lines.append(column.written)
    if column.layer is not None:
        lines.append(f"from {column.layer.name}, resolution {column.layer.resolution}")
    return Hover(f"{column.name}: {kind}{unit}", "\n".join(lines), token.span)

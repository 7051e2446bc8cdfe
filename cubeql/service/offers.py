"""What may stand at a cursor, before it is ranked: names by their role there, keywords by the parser's state."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cubeql.catalog import Catalog
from cubeql.catalog.facts import ATTRIBUTE_FACTS, BAND_FACTS, LAYER_FACTS
from cubeql.catalog.rights import EVERYBODY
from cubeql.lang.printing.names import identifier, path
from cubeql.lang.tokens import tokenize
from cubeql.service import values
from cubeql.service.columns import Column, Columns, layer_columns, names_source, path_of, written
from cubeql.service.cursor import Cursor
from cubeql.service.functions import functions_at
from cubeql.service.places import Place, place_of, unquoted
from cubeql.service.records import CompletionKind
from cubeql.service.scope import Query, Source, query_at

_ALIAS_CLAUSES = {"GROUP": "SELECT", "HAVING": "SELECT GROUP", "QUALIFY": "SELECT GROUP", "ORDER": "SELECT GROUP",
                  "SELECT": "GROUP"}  # fmt: skip
_PARAMETER = re.compile(r"\$[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that may stand there: its text, what it is, a few words, its rank among the offers of its kind."""

    text: str
    kind: CompletionKind
    detail: str = ""
    rank: int = 0


@dataclass(frozen=True)
class Scene:
    """All that is known of a cursor and its surroundings."""

    cursor: Cursor
    catalog: Catalog
    parameters: Collection[str] = ()
    columns: Columns = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", Columns(self.catalog))

    @cached_property
    def accepted(self) -> frozenset[str]:
        """The terminals that can stand at the cursor."""
        return self.cursor.reading.accepted()

    @cached_property
    def place(self) -> Place:
        """What a name would be there."""
        return place_of(self.cursor.reading)

    @cached_property
    def query(self) -> Query:
        """The query that the cursor is in."""
        cursor = self.cursor
        return query_at(cursor.tokens, cursor.reading.kinds, len(cursor.before))

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The sources whose columns can be named at the cursor."""
        here = len(self.cursor.before)
        joins = [s for s in self.query.sources if s.index < here]
        if self.place.clause in ("ON", "USING"):  # only what is joined so far, of hidden ones the one at hand
            return tuple(s for s in joins if not s.is_hidden or s is joins[-1])
        return tuple(s for s in self.query.sources if not s.is_hidden)


def names(scene: Scene) -> Iterator[Offer]:
    """The names that may stand at the cursor."""
    if "NAME" not in scene.accepted:
        return
    yield from _BY_ROLE.get(scene.place.role, _nothing)(scene)


def _nothing(scene: Scene) -> Iterator[Offer]:
    return iter(())


# ------------------------------------------------------------------ layers


def _sources(scene: Scene) -> Iterator[Offer]:
    if not scene.place.qualifier:
        for name in scene.query.all_named():
            yield Offer(identifier(name), "alias", "WITH")
    yield from _named(scene)


def _named(scene: Scene) -> Iterator[Offer]:
    """Whatever has a name in the store."""
    yield from _layers(scene)
    yield from _views(scene)
    yield from _cell_sets(scene)


def _layers(scene: Scene) -> Iterator[Offer]:
    yield from _by_path(scene, scene.columns.layer_names(), lambda name: _layer_detail(scene, name))


def _views(scene: Scene) -> Iterator[Offer]:
    yield from _by_path(scene, scene.columns.stored.view_names(), scene.columns.stored.detail)


def _cell_sets(scene: Scene) -> Iterator[Offer]:
    yield from _by_path(scene, scene.columns.stored.cell_set_names(), scene.columns.stored.detail)


def _by_path(scene: Scene, names: Sequence[str], detail: Callable[[str], str]) -> Iterator[Offer]:
    """Names, or what is left of them behind the parts that are written."""
    qualifier = scene.place.qualifier
    for name in names:
        parts = tuple(name.split("."))
        if tuple(p.casefold() for p in parts[: len(qualifier)]) == tuple(p.casefold() for p in qualifier):
            rest = parts[len(qualifier) :]
            if rest:
                yield Offer(path(rest), "layer", detail(name))


def _layer_detail(scene: Scene, name: str) -> str:
    layer = scene.columns.layer(name)
    if layer is None:
        return ""
    bands = ", ".join(band.name for band in layer.bands[:4]) + (", …" if len(layer.bands) > 4 else "")
    return f"res {layer.resolution} · {layer.title or bands}"


# ------------------------------------------------------------------ columns, aliases, functions


def _expression(scene: Scene) -> Iterator[Offer]:
    if scene.place.qualifier:
        yield from _qualified(scene)
        return
    yield from _columns(scene)
    yield from _aliases(scene)
    for function in functions_at(scene.place):
        yield Offer(f"{function.name}(", "function", f"{function.signature} · {function.summary}", 3)


def _columns(scene: Scene) -> Iterator[Offer]:
    """Columns by their bare name where only one source has it, else qualified; and the sources themselves."""
    columns = [c for s in scene.sources for c in scene.columns.of_source(scene.query, s)]
    if not scene.query.sources:
        yield from _columns_of_all_layers(scene)
        return
    for name, found in _by_name(columns).items():
        if len(found) == 1 or name in ("cell", "time"):
            yield Offer(identifier(found[0].name), "column", found[0].detail)
        if len(found) > 1 and name != "cell":  # there is one cell, the query's
            for column in found:
                qualified = path((*column.source.split("."), column.name))
                yield Offer(qualified, "column", column.detail, int(name == "time"))
    for source in scene.sources:
        if source.name:
            yield Offer(path(tuple(source.name.split("."))), "alias", ".".join(source.path) or "subquery", 2)


def _columns_of_all_layers(scene: Scene) -> Iterator[Offer]:
    """Where no FROM is written yet, any column of any layer may become one of the query's."""
    layers = (scene.columns.layer(name) for name in scene.columns.layer_names())
    columns = [c for layer in layers if layer is not None for c in layer_columns(layer, layer.name)]
    for found in _by_name(columns).values():
        sources = ", ".join(c.source for c in found[:3]) + (", …" if len(found) > 3 else "")
        yield Offer(identifier(found[0].name), "column", sources)


def _by_name(columns: Sequence[Column]) -> dict[str, list[Column]]:
    found: dict[str, list[Column]] = {}
    for column in columns:
        found.setdefault(column.name.casefold(), []).append(column)
    return found


def _qualified(scene: Scene) -> Iterator[Offer]:
    qualifier = scene.place.qualifier
    named = [s for s in scene.sources if names_source(qualifier, s)]
    for source in named[:1]:
        for column in scene.columns.of_source(scene.query, source):
            yield Offer(identifier(column.name), "column", column.detail)
    if not scene.query.sources:
        layer = scene.columns.layer(".".join(qualifier))
        for column in layer_columns(layer, layer.name) if layer is not None else ():
            yield Offer(identifier(column.name), "column", column.detail)
    start = ".".join(qualifier).casefold() + "."
    for source in scene.sources:
        if source.alias is None and source.name.casefold().startswith(start):
            yield Offer(path(source.path[len(qualifier) :]), "alias", source.name)


def _aliases(scene: Scene) -> Iterator[Offer]:
    """Names that the query itself has given, where they are known."""
    if scene.place.in_window or scene.place.in_aggregate:
        return
    clauses = _ALIAS_CLAUSES.get(scene.place.clause, "").split()
    for item in scene.query.items:
        if item.alias and item.clause in clauses:
            yield Offer(identifier(item.alias), "alias", written(item.tokens))


# ------------------------------------------------------------------ the other roles


def _methods(scene: Scene) -> Iterator[Offer]:
    source = scene.sources[-1] if scene.sources else None
    layer = scene.columns.layer_of(scene.query, source) if source else None
    last = scene.cursor.before[-1]
    band = layer.band(unquoted(last.text)) if layer is not None and last.keyword != "USING" else None
    for rank, method in enumerate(values.methods(layer, band)):
        yield Offer(method, "method", values.METHOD_HELP.get(method, ""), rank)


def _bands(scene: Scene) -> Iterator[Offer]:
    source = scene.sources[-1] if scene.sources else None
    for column in scene.columns.of_source(scene.query, source) if source else ():
        if column.band is not None:
            yield Offer(identifier(column.name), "column", column.detail)


def _settings(scene: Scene) -> Iterator[Offer]:
    for rank, (name, detail) in enumerate(values.SETTINGS.items()):
        yield Offer(name, "type", detail, rank)


def _users(scene: Scene) -> Iterator[Offer]:
    """Users are no catalog's to tell; everybody has a name that is known."""
    yield Offer(EVERYBODY, "alias", "every user")


def _types(scene: Scene) -> Iterator[Offer]:
    for rank, (name, detail) in enumerate(values.TYPES.items()):
        yield Offer(name, "type", detail, rank)


def _periods(scene: Scene) -> Iterator[Offer]:
    for rank, (name, detail) in enumerate(values.PERIODS.items()):
        yield Offer(name, "unit", detail, rank)


def _zones(scene: Scene) -> Iterator[Offer]:
    """The layer, then the column, of ZONE(layer, column, 'value')."""
    reading = scene.cursor.reading
    if reading.symbols[-1] == "LPAR" or (scene.place.qualifier and "COMMA" not in reading.symbols[-4:]):
        yield from (o for o in _layers(scene) if _is_zones(scene, o))
        return
    first = next((i for i in range(len(reading.kinds) - 1, -1, -1) if reading.kinds[i] == "LPAR"), 0)
    tokens = [*reading.tokens[first + 1 :]]
    commas = [i for i, token in enumerate(tokens) if token.type == "COMMA"]
    layer = scene.columns.layer(".".join(path_of(tokens[: commas[0]]))) if len(commas) == 1 else None
    if layer is not None and layer.kind == "zones":
        yield Offer("zone", "column", "number of a zone")
        yield from (Offer(identifier(a.name), "column", a.long_name or "") for a in layer.attributes)


def _is_zones(scene: Scene, offer: Offer) -> bool:
    name = ".".join((*scene.place.qualifier, *offer.text.split(".")))
    layer = scene.columns.layer(name)
    return layer is not None and layer.kind == "zones"


def _layer_facts(scene: Scene) -> Iterator[Offer]:
    for fact in LAYER_FACTS.values():
        yield Offer(fact.name, "parameter", fact.what)


def _column_facts(scene: Scene) -> Iterator[Offer]:
    words = [token.text.upper() for token in scene.cursor.reading.tokens]
    for fact in (BAND_FACTS if "BAND" in words else ATTRIBUTE_FACTS).values():
        yield Offer(fact.name, "parameter", fact.what)


def _columns_of_layer(scene: Scene) -> Iterator[Offer]:
    """The bands or attributes of the layer that ALTER LAYER names."""
    tokens = scene.cursor.reading.tokens
    layer = scene.columns.layer("".join(unquoted(token.text) for token in tokens[2:-2]))
    columns = {c.name: c.unit for c in layer.bands} | {c.name: c.unit for c in layer.attributes} if layer else {}
    for name, unit in columns.items():
        yield Offer(identifier(name), "column", unit or "")


_BY_ROLE: dict[str, Callable[[Scene], Iterator[Offer]]] = {
    "source": _sources,
    "layer": _layers,
    "named": _named,
    "view": _views,
    "cells": _cell_sets,
    "setting": _settings,
    "user": _users,
    "expression": _expression,
    "method": _methods,
    "band": _bands,
    "type": _types,
    "period": _periods,
    "zone": _zones,
    "layer_fact": _layer_facts,
    "column_fact": _column_facts,
    "column_of_layer": _columns_of_layer,
}


# ------------------------------------------------------------------ texts and parameters


def texts(scene: Scene) -> Iterator[Offer]:
    """Quoted texts that may stand at the cursor: class names, units of time, seasons."""
    if "STRING" not in scene.accepted:
        return
    for value, detail in values.texts_for(scene.cursor.before, scene.query, scene.columns, scene.place):
        quoted = "'" + value.replace("'", "''") + "'"
        yield Offer(quoted, "class" if detail.startswith("class") else "text", detail)


def parameters(scene: Scene) -> Iterator[Offer]:
    """Parameters known from outside, and those that the text has already."""
    if "PARAMETER" not in scene.accepted:
        return
    cursor = scene.cursor
    around = cursor.text[max(0, cursor.start - 50_000) : cursor.start] + " " + cursor.text[cursor.end :][:50_000]
    used = {t.text[1:] for t in tokenize(around).tokens if _PARAMETER.fullmatch(t.text)} if "$" in around else set()
    for name in sorted({*scene.parameters, *used}, key=str.casefold):
        if _PARAMETER.fullmatch(f"${name}"):
            yield Offer(f"${name}", "parameter", "")

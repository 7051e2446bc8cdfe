"""The columns that a query's sources and entries have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cubeql.analyze.bound import LayerRef, TableRef
from cubeql.analyze.scope import source_columns
from cubeql.catalog import Band, Catalog, Layer
from cubeql.errors import CubeQLError
from cubeql.lang.tokens import Token
from cubeql.service.places import unquoted
from cubeql.service.scope import Item, Query, Source
from cubeql.service.stored import Stored
from cubeql.values.types import ANY, CELL, Type

MOST_QUERIES = 40  # of one statement that are looked into: each may be inside the one before
_UNREADABLE = (CubeQLError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a name may mean.

    Attributes:
        name: its name.
        type: its type; ``any`` where it is an expression of a subquery.
        source: name of the source it comes from.
        layer: the layer it is a column of; None for one of a subquery.
        band: its band; None for cell, time and dimensions.
        written: the expression of a subquery that it is.
    """

    name: str
    type: Type
    source: str
    layer: Layer | None = None
    band: Band | None = None
    written: str = ""

    @property
    def detail(self) -> str:
        """A few words on it."""
        if self.layer is None:
            return self.written or str(self.type)
        kind = f"{self.type.unit}" if self.type.unit else "class" if self.type.categorical else str(self.type)
        title = self.band.long_name if self.band and self.band.long_name else self.source
        return f"{kind} · {title}"


class Columns:
    """The columns of sources and queries of one statement, each worked out once.

    A store that cannot be read has no layers here: its fault is told when a statement runs.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._layers: dict[str, Layer | None] = {}
        self._outputs: dict[int, tuple[Column, ...]] = {}
        self.stored = Stored(catalog)

    def layer_names(self) -> tuple[str, ...]:
        """Names of all layers."""
        try:
            return self.catalog.layer_names()
        except _UNREADABLE:
            return ()

    def layer(self, name: str) -> Layer | None:
        """The layer of a name."""
        if name not in self._layers:
            try:
                self._layers[name] = self.catalog.layer(name)
            except _UNREADABLE:
                self._layers[name] = None
        return self._layers[name]

    def layer_of(self, query: Query, source: Source) -> Layer | None:
        """The layer that a source is; None where it is a subquery or unknown."""
        return None if self.query_of(query, source) is not None else self.layer(".".join(source.path))

    def query_of(self, query: Query, source: Source) -> Query | None:
        """The subquery or named query that a source is."""
        return source.query or (query.find_named(source.path[0]) if len(source.path) == 1 else None)

    def of_source(self, query: Query, source: Source) -> tuple[Column, ...]:
        """The columns of one source of a query."""
        inner = self.query_of(query, source)
        if inner is not None:
            return tuple(replace(c, source=source.name) for c in self.of_result(inner))
        name = ".".join(source.path)
        layer = self.layer(name)
        if layer is not None:
            return layer_columns(layer, source.name)
        return tuple(Column(c.name, c.type, source.name) for c in self.stored.columns(name)) if name else ()

    def of_result(self, query: Query) -> tuple[Column, ...]:
        """The named columns of a query's result."""
        if id(query) not in self._outputs:
            self._outputs[id(query)] = ()  # a query that names itself ends here
            if len(self._outputs) < MOST_QUERIES:
                items = (item for item in query.items if item.clause == "SELECT")
                found = (column for item in items for column in self._of_item(query, item))
                self._outputs[id(query)] = tuple({c.name.casefold(): c for c in found}.values())
        return self._outputs[id(query)]

    def _of_item(self, query: Query, item: Item) -> Iterator[Column]:
        path = path_of(item.tokens)
        if item.tokens[-1].type == "STAR" and (len(item.tokens) == 1 or item.tokens[-2].type == "DOT"):
            qualifier = path_of(item.tokens[:-2])
            for source in query.sources:
                if not source.is_hidden and (not qualifier or names_source(qualifier, source)):
                    yield from self.of_source(query, source)
        elif path:
            column = self.resolve(query, path)
            name = item.alias or path[-1]
            yield replace(column, name=name) if column else Column(name, ANY, "", written=written(item.tokens))
        elif item.alias:
            yield Column(item.alias, ANY, "", written=written(item.tokens))

    def resolve(self, query: Query, path: tuple[str, ...]) -> Column | None:
        """The column that a name means in a query; None where there is none."""
        *qualifier, name = path
        for source in query.sources:
            if not qualifier or names_source(tuple(qualifier), source):
                for column in self.of_source(query, source):
                    if column.name.casefold() == name.casefold():
                        return column
        return None


def layer_columns(layer: Layer, source: str) -> tuple[Column, ...]:
    """All columns of a layer, the cell first."""
    types = source_columns(LayerRef(source, layer) if layer.kind == "grid" else TableRef(source, layer))
    cell = () if "cell" in types or layer.kind == "zones" else (Column("cell", CELL, source, layer),)
    return cell + tuple(Column(name, kind, source, layer, layer.band(name)) for name, kind in types.items())


def names_source(qualifier: tuple[str, ...], source: Source) -> bool:
    """Whether a qualifier means a source: its name, or the last part of it."""
    wanted, name = ".".join(qualifier).casefold(), source.name.casefold()
    return wanted == name or wanted == name.rpartition(".")[2]


def path_of(tokens: Sequence[Token]) -> tuple[str, ...]:
    """The parts of a name; empty if the tokens are no name."""
    names, points = tokens[::2], tokens[1::2]
    fits = len(tokens) % 2 == 1 and all(t.type in ("NAME", "QUOTED") for t in names)
    return tuple(unquoted(t.text) for t in names) if fits and all(t.type == "DOT" for t in points) else ()


def written(tokens: Sequence[Token], most: int = 60) -> str:
    """An expression as it is written, on one line, cut where it is long."""
    parts: list[str] = []
    for before, token in zip((None, *tokens), tokens):
        parts.append(" " if before is not None and before.end < token.start else "")
        parts.append(token.text)
        if len(parts) > 2 * most:
            break
    text = " ".join("".join(parts).split())
    return text if len(text) <= most else text[: most - 1] + "…"

"""What analysis carries along: the catalog, the parameters, and the faults found so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from cubeql.analyze.bound import BoundQuery, OutputColumn
from cubeql.catalog import Catalog, Layer, Mounted, Pinned, View
from cubeql.errors import Diagnostic, Span, diagnose, nearest
from cubeql.lang import nodes

Form = tuple[str, nodes.Query]
"""A query as it is sent to an attached server, and the server."""
Forms = Mapping[str, Form | None]
"""By folded name, queries that WITH names, as they are sent; None where one cannot be."""


class Away(Protocol):
    """The servers that a session has attached; the catalog has their layers, under names of theirs."""

    def server(self, name: str) -> str | None:
        """The server that a name is of; None where it is of none."""
        ...

    def view(self, name: str) -> tuple[tuple[OutputColumn, ...], str | None] | None:
        """The columns of a view of a server, and why it cannot be read; None where there is no such view."""
        ...


@dataclass(slots=True)
class Context:
    """One statement's analysis.

    Attributes:
        catalog: what layers exist, the same whenever it is asked.
        values: parameters by name (positional ones by number as text).
        faults: what was found, in order.
        named: queries of enclosing WITH clauses, by folded name.
        inside: folded names of the views whose queries are being bound, outermost first.
        closed: leave closed what views hide: their queries are bound and thrown away.
        behind: the outermost view that hides what is being bound; empty where nothing does.
        beneath: layers that are read beneath views that hide them, by the view.
        open: name and version (None is the latest) of the layers that the statement reads itself.
        away: the servers that are attached; None where there are none.
        forms: the queries of enclosing WITH clauses as they could be sent to one.
        unsent: what of them is read here, and where it is named, by queries that have not been sent.
    """

    catalog: Catalog
    values: Mapping[str, Any]
    faults: list[Diagnostic] = field(default_factory=list)
    named: dict[str, BoundQuery] = field(default_factory=dict)
    inside: tuple[str, ...] = ()
    closed: bool = False
    behind: str = ""
    beneath: dict[str, dict[str, Layer]] = field(default_factory=dict)
    open: set[tuple[str, int | None]] = field(default_factory=set)
    away: Away | None = None
    forms: dict[str, Form | None] = field(default_factory=dict)
    unsent: list[tuple[str, Span]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """All of a statement sees one state of each layer."""
        if isinstance(self.catalog, Mounted):
            self.away = self.catalog.away or None
        self.catalog = Pinned(self.catalog)

    @contextmanager
    def alone(self, name: str, view: View) -> Iterator[list[Diagnostic]]:
        """The analysis of a view's query: it sees no names and no parameters from outside, and the layers that the
        view may read; its faults are given."""
        kept = self.named, self.values, self.faults, self.inside, self.catalog, self.behind, self.forms
        self.named, self.values, self.faults, self.inside = {}, {}, [], (*self.inside, name.casefold())
        self.forms = {}
        if view.catalog is not None and isinstance(self.catalog, Pinned):
            self.catalog = Pinned(view.catalog, self.catalog)
        if view.is_hidden and not self.behind:
            self.behind = name
            self.beneath.setdefault(name, {})
        try:
            yield self.faults
        finally:
            self.named, self.values, self.faults, self.inside, self.catalog, self.behind, self.forms = kept

    def reads(self, layer: Layer, version: int | None = None) -> None:
        """Note a layer that is read, and whether a view hides it."""
        if self.behind:
            self.beneath[self.behind][layer.name] = layer
        else:
            self.open.add((layer.name, version))

    def reads_away(self, name: str, span: Span) -> None:
        """Note something that is read, which only the server that has it can do."""
        if self.away is not None and self.away.server(name) is not None:
            self.unsent.append((name, span))

    def fault(self, code: str, span: Span | None, **facts: Any) -> None:
        """Note a fault; analysis goes on."""
        found = diagnose(code, span, **facts)
        if found not in self.faults:
            self.faults.append(found)

    def unknown(
        self,
        code: str,
        span: Span,
        name: str,
        known: list[str] | tuple[str, ...],
        spelled: str = "{}",
        mends: bool = True,
        **facts: Any,
    ) -> None:
        """Note an unknown name with the known ones that are like it.

        ``spelled`` puts a name into the span's text; not ``mends`` where the span holds more than the name.
        """
        like = nearest(name, known)
        suggestion = f"did you mean {_either(like)}?" if like else _listing(known)
        sure = spelled.format(like[0]) if len(like) == 1 and mends else None
        found = diagnose(code, span, replacement=sure, name=name, suggestion=suggestion, **facts)
        if found not in self.faults:
            self.faults.append(found)


def _either(names: tuple[str, ...]) -> str:
    quoted = [f"'{n}'" for n in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _listing(known: list[str] | tuple[str, ...], most: int = 8) -> str:
    if not known:
        return "there are none"
    shown = ", ".join(f"'{n}'" for n in sorted(known)[:most])
    return f"known: {shown}{', …' if len(known) > most else ''}"

"""Statements of one store as they are written where its layers, or some of them, lie on an attached server."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from cubeql.lang import nodes, parse_query, print_statement


def moved(text: str, server: str, names: set[str], inner: bool = False) -> str | None:
    """The statement with sources read from a server; None where none is.

    Args:
        text: a query.
        server: what the server is attached as.
        names: of the layers, views and sets of cells that it has, folded.
        inner: move only what queries inside the query read; it joins their rows with what lies here.
    """
    mover = _Mover(server, names, inner)
    query = mover.moved(parse_query(text), frozenset(), 0)
    return print_statement(nodes.QueryStatement(query)) if mover.changed else None


def hand(patch: pytest.MonkeyPatch, folder: Path, address: str, token: str) -> None:
    """Let the preferences name a token for a server that is attached."""
    secret, config = folder / "token", folder / "cubeql" / "config.toml"
    secret.touch(mode=0o600)
    secret.write_text(token)
    config.parent.mkdir(exist_ok=True)
    config.write_text(f'[servers."{address.removeprefix("flight://")}"]\ntoken_file = "{secret}"\n')
    patch.setenv("XDG_CONFIG_HOME", str(folder))


class _Mover:
    def __init__(self, server: str, names: set[str], inner: bool) -> None:
        self.server, self.names = server, names
        self.least = 2 if inner else 0  # queries that must be around a name
        self.changed = False

    def moved(self, value: Any, ctes: frozenset[str], depth: int) -> Any:
        if isinstance(value, tuple):
            return tuple(self.moved(v, ctes, depth) for v in value)
        if isinstance(value, nodes.Select | nodes.SetOperation):
            return self._query(value, ctes, depth + isinstance(value, nodes.Select))
        named = ".".join(value.name).casefold() if isinstance(value, nodes.LayerSource) else ""
        if isinstance(value, nodes.LayerSource) and named in self.names and named not in ctes and depth >= self.least:
            self.changed = True
            return replace(value, name=(self.server, *value.name), alias=value.alias or ".".join(value.name))
        if isinstance(value, nodes.Region) and value.kind in ("zone", "cells") and depth >= self.least:
            return self._region(value)
        return self._inside(value, ctes, depth) if isinstance(value, nodes.Node) else value

    def _query(self, query: Any, ctes: frozenset[str], depth: int) -> Any:
        made = []
        for cte in query.ctes:
            made.append(replace(cte, query=self.moved(cte.query, ctes, depth)))
            ctes |= {cte.name.casefold()}
        return replace(self._inside(replace(query, ctes=()), ctes, depth), ctes=tuple(made))

    def _inside(self, node: Any, ctes: frozenset[str], depth: int) -> Any:
        names = [f.name for f in fields(node) if not f.name.endswith("span")]
        return replace(node, **{n: self.moved(getattr(node, n), ctes, depth) for n in names})

    def _region(self, region: nodes.Region) -> nodes.Region:
        name, *rest = region.args
        assert isinstance(name, nodes.Name)
        return replace(region, args=(nodes.Name((self.server, *name.parts)), *rest))

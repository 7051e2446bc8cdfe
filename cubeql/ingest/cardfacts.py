"""What files say of their data, brought to the facts that a layer's card has, and how a layer came about.

A source tells facts by the names of :data:`KNOWN`, text to text; names that are not among them go into the layer's
further facts. A file may say them badly: a licence that is no identifier is kept as it is written, what cannot be kept
as that fact at all is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from cubeql.catalog import Provenance, Provider
from cubeql.catalog.facts import LAYER_FACTS, FactError, provider_of, read_fact
from cubeql.catalog.records import MOST_SOURCES
from cubeql.errors.version import VERSION
from cubeql.ingest.faults import shown

KNOWN = ("title", "description", "keywords", "licence", "citation", "doi", "providers", "lineage", "level", "facility")
_AS_WRITTEN = ("title", "description", "licence", "citation")
_MOST_TEXT = 4_000


def card_facts(facts: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Fields of a layer that its source tells, and the facts that are none.

    ``providers`` holds one a line, as :func:`cubeql.catalog.facts.provider_of` reads them.
    """
    told: dict[str, Any] = {n: facts[n][:_MOST_TEXT] for n in _AS_WRITTEN if facts.get(n)}
    for name in ("keywords", "doi", "licence"):  # the licence is kept as it is written where it is no identifier
        with suppress(FactError):
            if facts.get(name):
                told[name] = read_fact(LAYER_FACTS, "the source", name, facts[name])
    told["providers"] = tuple(_provider(line) for line in facts.get("providers", "").splitlines() if line.strip())
    made: dict[str, Any] = {n: facts[n][:_MOST_TEXT] for n in ("lineage", "level", "facility") if facts.get(n)}
    told["provenance"] = Provenance(**made)
    return told, {n: text for n, text in facts.items() if n not in KNOWN}


def _provider(line: str) -> Provider:
    return provider_of(line) or Provider(line.strip())


def made_of(
    provenance: Provenance, sources: Sequence[str], methods: tuple[tuple[str, str], ...] = ()
) -> Provenance:
    """How a layer came about that is ingested now."""
    names = tuple(dict.fromkeys(_name(s) for s in sources))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return replace(
        provenance, methods=methods, sources=names[:MOST_SOURCES], source_count=len(sources),
        software=(("cubeql", VERSION),), time=now,
    )  # fmt: skip


def grown(before: Provenance, added: Provenance) -> Provenance:
    """How a layer came about that is appended to."""
    names = tuple(dict.fromkeys((*before.sources, *added.sources)))[:MOST_SOURCES]
    return replace(
        before, methods=tuple(sorted((dict(before.methods) | dict(added.methods)).items())), sources=names,
        source_count=before.source_count + added.source_count, software=added.software, time=added.time,
    )  # fmt: skip


def _name(source: str) -> str:
    """A local file by its last name, since a record outlives folders; an address as it is, without what signs it."""
    return shown(source) if "://" in source else PurePosixPath(source).name

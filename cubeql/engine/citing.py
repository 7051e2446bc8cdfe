"""What a result's metadata tells of its columns and layers, under the names that files use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def sources_told(layers: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Attributes of a file made of these layers: ``source``, ``license``, ``references``, ``institution``."""
    dois = {name: f"https://doi.org/{facts['doi']}" for name, facts in layers.items() if facts.get("doi")}
    cited = [f"{f.get('citation') or ''} {dois.get(name, '')}".strip() for name, f in layers.items()]
    told = {
        "source": ", ".join(f"{name} (version {facts['version']})" for name, facts in layers.items()),
        "license": _each(facts.get("licence") for facts in layers.values()),
        "references": _each(cited),
        "institution": _each(p.split(" (")[0] for p in providers_told(layers)),
    }
    return {name: text for name, text in told.items() if text}


def providers_told(layers: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The providers of these layers, each once, as their cards write them."""
    return list(dict.fromkeys(p for facts in layers.values() for p in facts.get("providers", ())))


def _each(texts: Any) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))


def column_told(metadata: Mapping[bytes, bytes]) -> dict[str, str]:
    """Attributes of a column after CF: ``units``, ``long_name``, ``standard_name``."""
    keys = (("units", b"unit"), ("long_name", b"cubeql.long_name"), ("standard_name", b"cubeql.standard_name"))
    return {name: metadata[key].decode() for name, key in keys if key in metadata}


def colours_told(metadata: Mapping[bytes, bytes]) -> dict[int, str]:
    """Colours of a column's class codes."""
    return {int(code): text for code, text in _pairs(metadata.get(b"cubeql.colours", b""))}


def classes_told(metadata: Mapping[bytes, bytes]) -> dict[int, str]:
    """Names of a column's class codes."""
    return {int(code): text for code, text in _pairs(metadata.get(b"cubeql.classes", b""))}


def _pairs(written: bytes) -> list[list[str]]:
    return [entry.split("=", 1) for entry in written.decode().split("|") if entry]

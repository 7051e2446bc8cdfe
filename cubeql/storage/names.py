"""Which names layers, bands and dimensions may have."""

from __future__ import annotations

import re

from cubeql.catalog import Layer
from cubeql.errors import Misfit

RESERVED = frozenset({"cell", "tile", "time", "time_end", "valid", "slot"})
RESERVED_COLUMNS = {
    "points": frozenset({"cell", "time", "lon", "lat"}),
    "zones": frozenset({"cell", "time", "zone", "geometry", "xmin", "ymin", "xmax", "ymax"}),
}
"""Names that an attribute of points or zones cannot have."""
_PART = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


def is_layer_name(name: str) -> bool:
    """Whether a name is ``layer`` or ``collection.layer`` (ASCII identifiers)."""
    parts = name.split(".")
    return len(parts) <= 2 and all(_PART.fullmatch(part) for part in parts)


def check_layer_name(name: str) -> None:
    """Refuse a name that is not ``layer`` or ``collection.layer`` (ASCII identifiers).

    Raises:
        StoreError: says what a name may hold.
    """
    if not is_layer_name(name):
        raise Misfit(
            f"{name!r} cannot name a layer: write layer or collection.layer, each of letters, digits and "
            "underscores (at most 100), not beginning with a digit"
        )


def column_problem(name: str) -> str | None:
    """Why a name cannot be that of a band or dimension, None where it can."""
    return _problem(name, set())


def folder_of(name: str) -> str:
    """The folder name of a layer: lower case, so that names differing in case alone are one layer."""
    return name.lower()


def check_columns(layer: Layer) -> None:
    """Refuse names of bands, dimensions and attributes that are no identifiers, reserved, or written twice.

    Raises:
        StoreError: names the layer and the column.
    """
    seen: set[str] = set()
    for attribute in layer.attributes:
        problem = attribute_problem(layer.kind, attribute.name, seen)
        if problem:
            raise Misfit(f"layer {layer.name}: the attribute name {attribute.name!r} {problem}")
        seen.add(attribute.name.lower())
    for kind, name in [("dimension", d.name) for d in layer.dimensions] + [
        ("band", b.name) for b in layer.bands
    ]:
        problem = _problem(name, seen)
        if problem:
            raise Misfit(f"layer {layer.name}: the {kind} name {name!r} {problem}")
        seen.add(name.lower())


def attribute_problem(kind: str, name: str, seen: set[str]) -> str | None:
    """Why a name cannot be that of an attribute of points or zones beside those ``seen`` (in lower case)."""
    reserved = RESERVED_COLUMNS.get(kind, frozenset())
    if not _PART.fullmatch(name):
        return "is not an identifier (letters, digits and underscores, not beginning with a digit)"
    if name.lower() in reserved:
        return f"is reserved ({', '.join(sorted(reserved))})"
    return "is used twice" if name.lower() in seen else None


def _problem(name: str, seen: set[str]) -> str | None:
    if not _PART.fullmatch(name):
        return "is not an identifier (letters, digits and underscores, not beginning with a digit)"
    if "__" in name:
        return "holds two underscores in a row, which mark summary columns"
    if name.lower() in RESERVED:
        return f"is reserved ({', '.join(sorted(RESERVED))})"
    if name.lower() in seen:
        return "is used twice"
    return None

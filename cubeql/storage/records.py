"""The layer record beside the data: as JSON, checked, and brought together with what is already there."""

from __future__ import annotations

import json
from dataclasses import replace

from cubeql.catalog import Band, Layer, Provenance
from cubeql.catalog.records import MOST_SOURCES
from cubeql.errors import Misfit, StoreError
from cubeql.storage.columns import DIMENSION_TYPES, STORAGE_TYPES
from cubeql.storage.names import check_columns, check_layer_name
from cubeql.storage.rowcolumns import ATTRIBUTE_TYPES, POINT_RESOLUTION


def record_text(layer: Layer) -> str:
    """The record as JSON text."""
    return json.dumps(layer.to_dict(), ensure_ascii=False)


def record_layer(text: str, version: int, place: str) -> Layer:
    """The layer of a record's JSON text.

    Raises:
        StoreError: the text is no layer record.
    """
    try:
        return Layer.from_dict(json.loads(text), version)
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(
            f"{place}: the layer record cannot be read (made by a newer CubeQL?): {error!r}"
        ) from error


def check_layer(layer: Layer) -> None:
    """Refuse a layer that cannot be stored.

    Raises:
        StoreError: names the layer and what is wrong.
    """
    check_layer_name(layer.name)
    if layer.kind not in ("grid", "points", "zones"):
        raise Misfit(f"layer {layer.name}: the kind {layer.kind!r} is not one of grid, points, zones")
    if layer.kind != "grid":
        _check_rows(layer)
        return
    if layer.attributes:
        raise Misfit(f"layer {layer.name}: a grid layer has bands, not attributes")
    if not 0 <= layer.resolution <= 15:
        raise Misfit(f"layer {layer.name}: the resolution {layer.resolution} is not one of 0 to 15")
    if not layer.bands:
        raise Misfit(f"layer {layer.name}: it has no band")
    check_columns(layer)
    for band in layer.bands:
        _check_band(layer, band)
    for dimension in layer.dimensions:
        if dimension.type not in DIMENSION_TYPES:
            raise Misfit(
                f"layer {layer.name}: the dimension {dimension.name} has the unknown type {dimension.type!r}"
            )


def _check_rows(layer: Layer) -> None:
    """Refuse points or zones that cannot be stored."""
    place = f"layer {layer.name}"
    if layer.bands or layer.dimensions:
        raise Misfit(f"{place}: a layer of {layer.kind} has attributes, neither bands nor dimensions")
    if layer.kind == "points" and layer.resolution != POINT_RESOLUTION:
        raise Misfit(f"{place}: points have the resolution {POINT_RESOLUTION}, not {layer.resolution}")
    if layer.kind == "zones" and layer.time is not None:
        raise Misfit(f"{place}: zones with a time are not supported; make the time an attribute")
    check_columns(layer)
    for attribute in layer.attributes:
        if attribute.type not in ATTRIBUTE_TYPES:
            raise Misfit(f"{place}, attribute {attribute.name}: the type {attribute.type!r} is not one of "
                             f"{', '.join(ATTRIBUTE_TYPES)}")  # fmt: skip


def _check_band(layer: Layer, band: Band) -> None:
    place = f"layer {layer.name}, band {band.name}"
    if band.storage not in STORAGE_TYPES:
        raise Misfit(
            f"{place}: the storage type {band.storage!r} is not one of {', '.join(STORAGE_TYPES)}"
        )
    if band.kind == "categorical" and not band.storage.startswith("int"):
        raise Misfit(f"{place}: class codes are whole numbers, but the storage type is {band.storage}")
    if band.scale == 0:
        raise Misfit(f"{place}: the scale is 0")


def check_append(stored: Layer, given: Layer, add_bands: bool = False, before: Layer | None = None) -> None:
    """Refuse rows whose meaning differs from the rows that are there.

    Args:
        stored: the layer as it is.
        given: what is appended.
        add_bands: whether it may have bands that the layer has not.
        before: the layer as it was when the writer began: it need not know of bands that others added since.

    Raises:
        StoreError: names the first difference.
    """
    pairs = [
        ("kind", stored.kind, given.kind),
        ("resolution", stored.resolution, given.resolution),
        ("dimensions", _dimensions(stored), _dimensions(given)),
        ("time", _time(stored), _time(given)),
        ("attributes", _attributes(stored), _attributes(given)),
    ]
    for what, there, new in pairs:
        if there != new:
            raise Misfit(f"layer {stored.name}: its {what} is {there}, what is appended has {new}")
    _check_bands(stored, given, add_bands, before or stored)


def _check_bands(stored: Layer, given: Layer, add_bands: bool, before: Layer) -> None:
    known = ", ".join(b.name for b in stored.bands)
    for band in given.bands:
        there = stored.band(band.name)
        if there is not None and there.name != band.name:
            raise Misfit(f"layer {stored.name}: its band is {there.name}, what is appended has {band.name}")
        if there is not None:
            _check_same_band(stored, there, band)
        elif not add_bands:
            raise Misfit(f"layer {stored.name} has no band {band.name}, only {known}; say that it shall be "
                             "added (add_bands), or leave it out")  # fmt: skip
    for band in before.bands:
        if stored.band(band.name) is not None and given.band(band.name) is None:
            raise Misfit(f"layer {stored.name} has the band {band.name}, what is appended has not")


def _dimensions(layer: Layer) -> list[tuple[str, str]]:
    return [(d.name, d.type) for d in layer.dimensions]


def _attributes(layer: Layer) -> list[tuple[str, str]]:
    return [(a.name, a.type) for a in layer.attributes]


def _time(layer: Layer) -> str:
    return (
        "none"
        if layer.time is None
        else f"the {layer.time.stamp} of a step"
        if layer.time.stamp != "instant"
        else "instant"
    )


def _check_same_band(layer: Layer, old: Band, new: Band) -> None:
    for what in ("storage", "scale", "offset", "kind", "unit"):
        there, given = getattr(old, what), getattr(new, what)
        if there != given and not (what == "unit" and None in (there, given)):
            raise Misfit(
                f"layer {layer.name}, band {old.name}: its {what} is {there}, what is appended has {given}"
            )


_OF_WORDS = ("ingested",)
"""Extras that are sets of words: what two writers add at once stands side by side."""


def _words(latest: str, before: str, given: str) -> str:
    old, new = before.split(), given.split()
    gone = set(old) - set(new)
    return " ".join(dict.fromkeys(word for word in [*latest.split(), *new] if word not in gone))


def combined(before: Layer, given: Layer, latest: Layer) -> Layer:
    """The record after an append: what the writer changed of ``before``, put on what is there now.

    Args:
        before: the record when the writer began.
        given: the record the writer was given.
        latest: the record now, perhaps changed by another writer.
    """
    changed = {
        field: getattr(given, field)
        for field in _CHANGING
        if getattr(given, field) != getattr(before, field) and getattr(given, field) is not None
    }
    changed["bands"] = _bands_joined(before, given, latest)
    if "provenance" in changed:
        changed["provenance"] = _joined(before.provenance, given.provenance, latest.provenance)
    extras = dict(latest.extras) | {k: v for k, v in given.extras if (k, v) not in before.extras}
    known = [dict(layer.extras) for layer in (latest, before, given)]
    extras |= {k: _words(*(own.get(k, "") for own in known)) for k in _OF_WORDS if k in extras}
    return replace(latest, extras=tuple(sorted(extras.items())), **changed)


_CHANGING = ("attributes", "time", "dimensions", "title", "licence", "citation", "description", "keywords",
             "doi", "providers", "provenance")  # fmt: skip


def _bands_joined(before: Layer, given: Layer, latest: Layer) -> tuple[Band, ...]:
    """The bands that are there, with what the writer changed of them, and those it adds."""
    changed = {b.name: b for b in given.bands if b not in before.bands}
    kept = tuple(changed.pop(b.name, b) for b in latest.bands)
    known = {b.name for b in before.bands}  # not those that were taken back meanwhile
    return (*kept, *(b for b in changed.values() if b.name not in known))


def _joined(before: Provenance, given: Provenance, latest: Provenance) -> Provenance:
    """How an append came about, with the sources that other writers have added meanwhile."""
    added = tuple(s for s in given.sources if s not in before.sources and s not in latest.sources)
    return replace(
        given,
        sources=(*latest.sources, *added)[:MOST_SOURCES],
        source_count=latest.source_count + given.source_count - before.source_count,
    )

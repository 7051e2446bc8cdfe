"""A layer's card: all that is told of it as plain values for JSON, which can be edited and read back.

Keys of :data:`FIXED` say what the rows are stored as; they are on the card to be read, and cannot be changed by it. A
key that is left out stays as it is; null takes a fact away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from cubeql.catalog.facts import (
    ATTRIBUTE_FACTS,
    BAND_FACTS,
    LAYER_FACTS,
    FactError,
    read_column_fact,
    read_fact,
    with_band_facts,
    with_facts,
)
from cubeql.catalog.records import Attribute, Band, Layer
from cubeql.errors import CardError, nearest

FIXED = ("layer", "kind", "resolution", "time", "dimensions", "provenance", "extras")
FIXED_OF_COLUMNS = ("name", "storage", "kind", "scale", "offset", "type")
_OF_PROVENANCE = ("lineage", "level", "facility")
_OF_INGEST = ("ingested",)  # a word a source: kept for later runs, not for people


def card_of(layer: Layer) -> dict[str, Any]:
    """The card of a layer; classes are a list of codes with name and colour."""
    provenance = asdict(layer.provenance)
    facts = {name: getattr(layer, name) for name in LAYER_FACTS if name not in _OF_PROVENANCE}
    facts |= {name: provenance.pop(name) for name in _OF_PROVENANCE}
    provenance |= {"methods": dict(layer.provenance.methods), "software": dict(layer.provenance.software)}
    if layer.kind == "grid":
        fixed = ("name", "storage", "kind", "scale", "offset")
        columns = {"bands": [_column(b, BAND_FACTS, fixed) for b in layer.bands]}
    else:
        columns = {"attributes": [_column(a, ATTRIBUTE_FACTS, ("name", "type")) for a in layer.attributes]}
    card: dict[str, Any] = _listed({
        "layer": layer.name, "kind": layer.kind, "resolution": layer.resolution, **facts,
        "providers": [asdict(p) for p in layer.providers], "time": asdict(layer.time) if layer.time else None,
        "dimensions": [asdict(d) for d in layer.dimensions], **columns, "provenance": provenance,
        "extras": {name: text for name, text in layer.extras if name not in _OF_INGEST},
    })  # fmt: skip
    return card


def _column(column: Band | Attribute, facts: Iterable[str], fixed: tuple[str, ...]) -> dict[str, Any]:
    names = {n: getattr(column, n) for n in (*fixed, *facts) if n not in ("classes", "colours")}
    colours = dict(column.colours) if isinstance(column, Band) else {}
    known = dict(column.classes)
    return {**names, "classes": [_class(code, known, colours) for code in sorted({*known, *colours})]}


def _class(code: int, names: Mapping[int, str], colours: Mapping[int, str]) -> dict[str, Any]:
    given = (("name", names.get(code)), ("colour", colours.get(code)))
    return {"code": code, **{what: text for what, text in given if text is not None}}


def _listed(value: Any) -> Any:
    """Tuples as lists, as JSON reads them back."""
    if isinstance(value, dict):
        return {k: _listed(v) for k, v in value.items()}
    return [_listed(v) for v in value] if isinstance(value, list | tuple) else value


def edited(layer: Layer, card: Any) -> tuple[Layer, list[FactError]]:
    """The layer as an edited card tells of it, and all that is wrong with the card.

    Facts that are as they were are not looked at, so that what a source once said badly does not get in the way.
    """
    if not isinstance(card, Mapping):
        return layer, [FactError("the card", repr(card)[:60], "an object, as cubeql card LAYER prints it")]
    before = card_of(layer)
    faults = _fixed_faults(f"layer {layer.name}", before, card, FIXED)
    known = (*before, *LAYER_FACTS)
    faults += _unknown_faults(f"layer {layer.name}", card, known)
    changed = {n: card[n] for n in LAYER_FACTS if n in card and card[n] != before[n]}
    layer = _with_sound(layer, changed, faults)
    part = "bands" if layer.kind == "grid" else "attributes"
    for column in _columns_of(layer, part, card.get(part, []), faults):
        layer = _edited_column(layer, column, before[part], faults)
    return layer, faults


def _with_sound(layer: Layer, changed: Mapping[str, Any], faults: list[FactError]) -> Layer:
    sound = {}
    for name, value in changed.items():
        empty = value is None or value == []
        try:
            read_fact(LAYER_FACTS, f"layer {layer.name}", name, None if empty else value)
            sound[name] = None if empty else value
        except FactError as fault:
            faults.append(fault)
    return with_facts(layer, sound)


def _columns_of(layer: Layer, part: str, given: Any, faults: list[FactError]) -> list[Mapping[str, Any]]:
    known = [c.name for c in (layer.bands if part == "bands" else layer.attributes)]
    if not isinstance(given, list):
        faults.append(FactError(f"{part} of layer {layer.name}", repr(given)[:60], "a list of objects, one a column"))
        return []
    found = []
    for column in given:
        name = column.get("name") if isinstance(column, Mapping) else None
        if name in known:
            found.append(column)
        else:
            near = ", ".join(nearest(str(name), known) or known)
            faults.append(FactError(f"{part} of layer {layer.name}", f"one named {name!r}", f"names among {near}"))
    return found


def _edited_column(layer: Layer, card: Mapping[str, Any], cards: list[Any], faults: list[FactError]) -> Layer:
    name = str(card["name"])
    column = layer.band(name) or layer.attribute(name)
    before = next(c for c in cards if c["name"] == name)
    owner = f"{'band' if isinstance(column, Band) else 'attribute'} {layer.name}.{name}"
    rows = BAND_FACTS if isinstance(column, Band) else ATTRIBUTE_FACTS
    faults += _fixed_faults(owner, before, card, FIXED_OF_COLUMNS)
    faults += _unknown_faults(owner, card, (*before, *rows))
    changed = {n: card[n] for n in rows if n in card and n not in ("classes", "colours") and card[n] != before[n]}
    if "classes" in card and card["classes"] != before["classes"]:
        changed |= _classes_of(owner, card["classes"], isinstance(column, Band), faults)
    sound = {}
    for fact, value in changed.items():
        try:
            assert column is not None
            read_column_fact(layer, column, fact, value)
            sound[fact] = value
        except FactError as fault:
            faults.append(fault)
    return with_band_facts(layer, name, sound)


def _classes_of(owner: str, given: Any, coloured: bool, faults: list[FactError]) -> dict[str, Any]:
    """Names and colours of a card's classes, as facts of their own."""
    right = "a list of objects with code, name and colour"
    if given is None or given == []:
        return {"classes": None, **({"colours": None} if coloured else {})}
    keys = {"code", "name", "colour"} if coloured else {"code", "name"}
    if not isinstance(given, list) or not all(isinstance(c, Mapping) and "code" in c and set(c) <= keys for c in given):
        faults.append(FactError(f"classes of {owner}", repr(given)[:80], right))
        return {}
    names = [(c["code"], c["name"]) for c in given if c.get("name") is not None]
    colours = [(c["code"], c["colour"]) for c in given if c.get("colour") is not None]
    return {"classes": names or None, **({"colours": colours or None} if coloured else {})}


def _fixed_faults(
    owner: str, before: Mapping[str, Any], card: Mapping[str, Any], fixed: Iterable[str]
) -> list[FactError]:
    return [
        FactError(f"{n} of {owner}", repr(card[n])[:80], f"{before[n]!r}, which cannot be edited here")
        for n in fixed
        if n in card and n in before and card[n] != before[n]
    ]


def _unknown_faults(owner: str, card: Mapping[str, Any], known: Iterable[str]) -> list[FactError]:
    names = tuple(known)
    return [
        FactError(f"{n} of {owner}", "a fact that is not known", f"one of {', '.join(nearest(str(n), names) or names)}")
        for n in card
        if n not in names
    ]


def changed(layer: Layer, card: Any) -> Layer:
    """The layer as an edited card tells it.

    Raises:
        CardError: what it tells cannot be so; all of it is said.
    """
    found, faults = edited(layer, card)
    if faults:
        raise CardError("\n".join(str(fault) for fault in faults))
    return found

"""A layer as a STAC 1.1 Collection: what is told of it, under the names that catalogs of data share."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from cubeql.catalog import Band, Layer
from cubeql.engine.describing import Held

VERSION = "1.1.0"
_EXTENSIONS = {
    "classification:classes": "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
    "raster:scale": "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
    "sci:": "https://stac-extensions.github.io/scientific/v1.0.0/schema.json",
    "processing:": "https://stac-extensions.github.io/processing/v1.2.0/schema.json",
}
_EARTH = (-180.0, -90.0, 180.0, 90.0)
_NO_SPDX = ("proprietary", "various", "other")
_SPDX = re.compile(r"[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*")


def collection(layer: Layer, held: Held) -> dict[str, Any]:
    """The collection of a layer, plain values for JSON.

    A layer whose place is not known says the whole earth: an extent may be too large, never too small.
    """
    start, end = held.times if held.times is not None else (None, None)
    facts = {
        "type": "Collection",
        "stac_version": VERSION,
        "stac_extensions": [],
        "id": layer.name,
        "title": layer.title,
        "description": layer.description or layer.title or layer.name,
        "keywords": list(layer.keywords),
        "license": _licence(layer),
        "providers": [_given({"name": p.name, "roles": list(p.roles), "url": p.url}) for p in layer.providers],
        "extent": {
            "spatial": {"bbox": [list(held.extent or _EARTH)]},
            "temporal": {"interval": [[_instant(start), _instant(end)]]},
        },
        "sci:doi": layer.doi,
        "sci:citation": layer.citation,
        **_processing(layer),
        "summaries": _given({"grid": [f"H3 resolution {layer.resolution}"] if layer.kind == "grid" else []}),
        "bands": [_band(b) for b in layer.bands],
        "links": _links(layer),
    }
    found = _given(facts) | {"links": facts["links"]}
    text = set(_keys(found))
    used = [address for prefix, address in _EXTENSIONS.items() if any(key.startswith(prefix) for key in text)]
    return found | {"stac_extensions": used}


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """The values that are there."""
    return {key: value for key, value in values.items() if value not in (None, [], {}, "")}


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for inner in value.values() for key in _keys(inner))]
    return [key for inner in value for key in _keys(inner)] if isinstance(value, list) else []


def _licence(layer: Layer) -> str:
    licence = layer.licence
    is_spdx = licence is not None and licence not in _NO_SPDX and _SPDX.fullmatch(licence) is not None
    return licence if is_spdx and licence is not None else "other"


def _links(layer: Layer) -> list[dict[str, str]]:
    links = []
    if layer.licence is not None and layer.licence.startswith(("http://", "https://")):
        links.append({"rel": "license", "href": layer.licence})
    if layer.doi is not None:
        links.append({"rel": "cite-as", "href": f"https://doi.org/{layer.doi}"})
    return links


def _instant(time: np.datetime64 | None) -> str | None:
    return None if time is None else f"{np.datetime_as_string(time.astype('datetime64[s]'))}Z"


def _processing(layer: Layer) -> dict[str, Any]:
    made = layer.provenance
    expression = {"format": "cubeql", "expression": made.expression} if made.expression else None
    return {
        "processing:lineage": made.lineage,
        "processing:level": made.level,
        "processing:facility": made.facility,
        "processing:expression": expression,
        "processing:software": dict(made.software),
        "processing:datetime": made.time,
    }


def _band(band: Band) -> dict[str, Any]:
    low, high = band.valid_range or (None, None)
    return _given({
        "name": band.name,
        "description": band.long_name,
        "data_type": band.storage,
        "unit": band.unit,
        "raster:scale": band.scale,
        "raster:offset": band.offset,
        "cf:standard_name": band.standard_name,
        "cubeql:valid_range": [low, high] if low is not None else None,
        "classification:classes": _classes(band),
    })  # fmt: skip


def _classes(band: Band) -> list[dict[str, Any]]:
    """Classes with names as STAC wants them (a word); the name itself is the title."""
    colours = dict(band.colours)
    return [
        _given({
            "value": code, "name": re.sub(r"[^0-9A-Za-z_-]+", "_", name) or f"class_{code}", "title": name,
            "color_hint": colours.get(code, "").removeprefix("#").upper(),
        }) | {"value": code}
        for code, name in band.classes
    ]  # fmt: skip

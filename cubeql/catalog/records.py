"""What is known of a layer, as frozen records that travel as JSON.

A record that lacks keys has the defaults of these; keys of layers, bands and attributes that are not known here were
written by a newer CubeQL and are carried along (``beyond``), since within one :data:`RECORD_FORMAT` no key changes what
the others mean. A record of a higher format is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Literal

from cubeql.values.slotted import dataclass

RECORD_FORMAT = 1
IN_PLACE = -1
"""The version of a layer that has none: a raster that is read where it lies."""
METHODS = ("mean", "area_mean", "min", "max", "sum", "count", "mode", "first", "last", "median", "stddev", "any", "all")
"""How a band can be brought to a coarser grid."""
Classes = tuple[tuple[int, str], ...]
Pair = tuple[float, float]
Beyond = tuple[tuple[str, str], ...]
Storage = Literal["int8", "int16", "int32", "int64", "float32", "float64"]
BandKind = Literal["continuous", "categorical"]


@dataclass(frozen=True, slots=True)
class Band:
    """One value per cell.

    Attributes:
        name: column name.
        storage: element type of the stored arrays.
        unit: unit of the decoded value as UDUNITS writes it (``K``, ``degC``, ``mm``, ``1``); None if unknown.
        scale: decoded value = stored * scale + offset; None where the stored value is the value.
        offset: see ``scale``.
        kind: a categorical band holds class codes.
        classes: (code, name) pairs of a categorical band.
        resampling: method that brings the band to a coarser grid; None means mean (continuous) or mode.
        long_name: what the band is, in words.
        standard_name: the CF standard name of the quantity.
        colours: (code, ``#rrggbb``) pairs of a categorical band.
        valid_range: least and greatest decoded value that can be right; values beyond are not masked by it.
        display_range: decoded values at both ends of a colour ramp.
        ramp: name of a colour ramp that suits the band.
        beyond: (key, JSON text) pairs that a newer CubeQL wrote.
    """

    name: str
    storage: Storage
    unit: str | None = None
    scale: float | None = None
    offset: float | None = None
    kind: BandKind = "continuous"
    classes: Classes = ()
    resampling: str | None = None
    long_name: str | None = None
    standard_name: str | None = None
    colours: Classes = ()
    valid_range: Pair | None = None
    display_range: Pair | None = None
    ramp: str | None = None
    beyond: Beyond = ()

    @property
    def method(self) -> str:
        """The default method that brings the band to a coarser grid."""
        return self.resampling or ("mode" if self.kind == "categorical" else "mean")

    @property
    def is_integer(self) -> bool:
        """Whether decoded values are whole numbers."""
        return self.scale is None and self.offset is None and self.storage.startswith("int")


@dataclass(frozen=True, slots=True)
class Dimension:
    """A scalar key beside cell and time: a forecast's horizon or issue time, a depth, a model."""

    name: str
    type: Literal["integer", "number", "text", "timestamp"]
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column of a points or zones layer: one value a row; ``classes`` name the codes of an integer."""

    name: str
    type: Literal["integer", "number", "text", "boolean", "timestamp"]
    unit: str | None = None
    classes: Classes = ()
    long_name: str | None = None
    standard_name: str | None = None
    beyond: Beyond = ()


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """What a layer's time stamp means.

    Attributes:
        stamp: the stamp is an ``instant``, or the ``start`` or ``end`` of a step.
        step: ISO 8601 duration of a step (``P1M``), None for an irregular series.
    """

    stamp: Literal["instant", "start", "end"] = "instant"
    step: str | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """Who made, licenses, processed or hosts the data; ``roles`` are those of STAC."""

    name: str
    roles: tuple[str, ...] = ()
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a layer came about, in the terms of STAC's processing extension.

    Attributes:
        lineage: how the data was made, in words.
        level: processing level (``L2A``).
        facility: where it was processed.
        expression: the query that made the layer.
        methods: (band, method) pairs of the regridding.
        sources: names of what the layer was made from, the first :data:`MOST_SOURCES`.
        source_count: how many there were in all.
        software: (name, version) pairs.
        time: instant of the last processing, ISO 8601 UTC.
    """

    lineage: str | None = None
    level: str | None = None
    facility: str | None = None
    expression: str | None = None
    methods: tuple[tuple[str, str], ...] = ()
    sources: tuple[str, ...] = ()
    source_count: int = 0
    software: tuple[tuple[str, str], ...] = ()
    time: str | None = None


MOST_SOURCES = 100
"""So many sources are named in a record, which every commit that changes it writes anew."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A named relation on the H3 grid.

    A grid layer has bands; a layer of points (a row an event or reading) or zones (a row a polygon) has attributes.

    Attributes:
        name: ``layer`` or ``collection.layer``.
        resolution: H3 resolution of its cells: 15 of points; of zones that of the cover that prunes them.
        bands: its bands, in column order.
        attributes: columns of points or zones, in order.
        time: None for a static layer.
        dimensions: scalar keys beside cell and time.
        title: what it is, in a line.
        licence: SPDX identifier, ``proprietary``, ``various`` or a URL; what a source said may be any text.
        citation: how to cite the data.
        version: version of the store's log this record was read from.
        extras: further facts, text to text.
        description: what it is, at length.
        keywords: words to find it by.
        doi: digital object identifier of the data (``10.…/…``).
        providers: who made, licenses, processed or hosts the data.
        provenance: how it came about.
        beyond: (key, JSON text) pairs that a newer CubeQL wrote.
    """

    name: str
    resolution: int
    bands: tuple[Band, ...]
    time: TimeAxis | None = None
    dimensions: tuple[Dimension, ...] = ()
    kind: Literal["grid", "points", "zones"] = "grid"
    attributes: tuple[Attribute, ...] = ()
    title: str | None = None
    licence: str | None = None
    citation: str | None = None
    version: int = 0
    extras: tuple[tuple[str, str], ...] = ()
    description: str | None = None
    keywords: tuple[str, ...] = ()
    doi: str | None = None
    providers: tuple[Provider, ...] = ()
    provenance: Provenance = Provenance()
    beyond: Beyond = ()

    def band(self, name: str) -> Band | None:
        """The band of a name, without regard to case."""
        return next((b for b in self.bands if b.name.casefold() == name.casefold()), None)

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of a name, without regard to case."""
        return next((a for a in self.attributes if a.name.casefold() == name.casefold()), None)

    @property
    def series(self) -> tuple[Dimension, ...]:
        """The dimensions that tell its series along time apart: where forecasts have a horizon, when each was issued
        is told by time and horizon."""
        has_horizon = any(d.name == "horizon" for d in self.dimensions)
        return tuple(d for d in self.dimensions if not (has_horizon and d.type == "timestamp"))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``version`` is left out, the log knows it."""
        values = _plain(self)
        del values["version"]
        parts = {"bands": [_plain(b) for b in self.bands], "attributes": [_plain(a) for a in self.attributes]}
        return {"record": RECORD_FORMAT, **values, **parts}

    @staticmethod
    def from_dict(values: Mapping[str, Any], version: int = 0) -> Layer:
        """The record of :meth:`to_dict`'s values.

        Raises:
            ValueError: the record is of a newer format.
            TypeError: a key is missing that must be there, or one of a time, dimension or provider is not known.
        """
        found = dict(values)
        written = found.pop("record", RECORD_FORMAT)
        if written != RECORD_FORMAT:
            raise ValueError(f"it is of record format {written}, this CubeQL reads {RECORD_FORMAT}")
        time = found.pop("time", None)
        parts: dict[str, Any] = {
            "bands": tuple(_band_of(b) for b in found.pop("bands")),
            "attributes": tuple(_attribute_of(a) for a in found.pop("attributes", ())),
            "time": TimeAxis(**time) if time else None,
            "dimensions": tuple(Dimension(**d) for d in found.pop("dimensions", ())),
            "extras": _texts(found.pop("extras", ())),
            "keywords": tuple(str(k) for k in found.pop("keywords", ())),
            "providers": tuple(_provider_of(p) for p in found.pop("providers", ())),
            "provenance": _provenance_of(found.pop("provenance", None) or {}),
            "version": version,
        }
        return Layer(**_with_beyond(Layer, found), **parts)


def _plain(record: Layer | Band | Attribute) -> dict[str, Any]:
    """Values of a record by key, those that a newer CubeQL wrote among them."""
    values = asdict(record)
    beyond = values.pop("beyond")
    return {**values, **{key: json.loads(text) for key, text in beyond}}


def _with_beyond(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    known = {f.name for f in fields(kind)} - {"beyond"}
    beyond = tuple((k, json.dumps(v, ensure_ascii=False)) for k, v in sorted(values.items()) if k not in known)
    return {**{k: v for k, v in values.items() if k in known}, "beyond": beyond}


def _band_of(values: Mapping[str, Any]) -> Band:
    pairs = {k: _pair(values[k]) for k in ("valid_range", "display_range") if k in values}
    codes = {k: _codes(values[k]) for k in ("classes", "colours") if k in values}
    return Band(**_with_beyond(Band, {**values, **pairs, **codes}))


def _attribute_of(values: Mapping[str, Any]) -> Attribute:
    return Attribute(**_with_beyond(Attribute, {**values, "classes": _codes(values.get("classes", ()))}))


def _provider_of(values: Mapping[str, Any]) -> Provider:
    return Provider(**{**values, "roles": tuple(str(r) for r in values.get("roles", ()))})


def _provenance_of(values: Mapping[str, Any]) -> Provenance:
    pairs = {k: _texts(values[k]) for k in ("methods", "software") if k in values}
    return Provenance(**{**values, **pairs, "sources": tuple(str(s) for s in values.get("sources", ()))})


def _texts(pairs: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(k), str(v)) for k, v in pairs)


def _codes(pairs: Any) -> Classes:
    return tuple((int(code), str(text)) for code, text in pairs)


def _pair(values: Any) -> Pair | None:
    return None if values is None else (float(values[0]), float(values[1]))


@dataclass(frozen=True, slots=True)
class CellSet:
    """A stored set of cells of one resolution, a reusable place to look in; ``count`` is how many they are."""

    name: str
    resolution: int
    count: int

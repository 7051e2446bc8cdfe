"""What is known of a layer, as frozen records that travel as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

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
    """

    name: str
    storage: Storage
    unit: str | None = None
    scale: float | None = None
    offset: float | None = None
    kind: BandKind = "continuous"
    classes: tuple[tuple[int, str], ...] = ()
    resampling: str | None = None
    long_name: str | None = None

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
    classes: tuple[tuple[int, str], ...] = ()
    long_name: str | None = None


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
        version: version of the store's log this record was read from.
        extras: further STAC/CF-named facts (``source``, ``provenance``, …), text to text.
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

    def band(self, name: str) -> Band | None:
        """The band of a name, without regard to case."""
        return next((b for b in self.bands if b.name.casefold() == name.casefold()), None)

    @property
    def series(self) -> tuple[Dimension, ...]:
        """The dimensions that tell its series along time apart: where forecasts have a horizon, when each was issued
        is told by time and horizon."""
        has_horizon = any(d.name == "horizon" for d in self.dimensions)
        return tuple(d for d in self.dimensions if not (has_horizon and d.type == "timestamp"))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``version`` is left out, the log knows it."""
        values = asdict(self)
        del values["version"]
        return values

    @staticmethod
    def from_dict(values: dict[str, Any], version: int = 0) -> Layer:
        """The record of :meth:`to_dict`'s values; unknown keys are refused with a TypeError."""
        values = dict(values)
        bands = tuple(
            Band(**{**b, "classes": tuple((int(c), str(n)) for c, n in b.get("classes", ()))})
            for b in values.pop("bands")
        )
        attributes = tuple(
            Attribute(**{**a, "classes": tuple((int(c), str(n)) for c, n in a.get("classes", ()))})
            for a in values.pop("attributes", ())
        )
        time = values.pop("time", None)
        return Layer(
            bands=bands,
            attributes=attributes,
            time=TimeAxis(**time) if time else None,
            dimensions=tuple(Dimension(**d) for d in values.pop("dimensions", ())),
            extras=tuple((str(k), str(v)) for k, v in values.pop("extras", ())),
            version=version,
            **values,
        )


@dataclass(frozen=True, slots=True)
class CellSet:
    """A stored set of cells of one resolution, a reusable place to look in; ``count`` is how many they are."""

    name: str
    resolution: int
    count: int

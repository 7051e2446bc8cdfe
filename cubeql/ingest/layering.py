"""The layer that sources make, or how they fit into one that is there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cubeql.catalog import Band, Dimension, Layer, TimeAxis
from cubeql.ingest.bands import Choice, check_mentioned, classes_by_band
from cubeql.ingest.board import BandUse
from cubeql.ingest.cardfacts import card_facts, grown, made_of
from cubeql.ingest.faults import refusal
from cubeql.ingest.methods import Method, checked_method, default_method, storage_of
from cubeql.ingest.options import IngestOptions
from cubeql.ingest.source import Source, SourceBand


@dataclass(frozen=True, slots=True)
class Shape:
    """What is settled before the bands: the resolution, and how many pixels of each source make a cell."""

    resolution: int
    pixels_per_cell: tuple[float, ...]


def band_uses(
    sources: Sequence[Source],
    choices: Sequence[tuple[Choice, ...]],
    options: IngestOptions,
    existing: Layer | None,
    shape: Shape,
) -> tuple[tuple[Band, ...], list[tuple[BandUse, ...]]]:
    """The layer's bands, and for each source what becomes of its own.

    Raises:
        IngestError: sources that disagree about a band, a method that does not suit it.
    """
    names = list(dict.fromkeys(c.name for cs in choices for c in cs))
    check_mentioned(names, options)
    classes = classes_by_band(names, options)
    known = _methods_of(existing)
    bands: dict[str, Band] = {}
    origin: dict[str, str] = {}
    uses: list[tuple[BandUse, ...]] = []
    per_cell: dict[str, float] = {}
    for source, own, pixels in zip(sources, choices, shape.pixels_per_cell, strict=True):
        found = []
        for choice in own:
            where = f"{source.name}, band {choice.name}"
            categorical = _is_categorical(choice, classes, options, existing)
            method = _method(choice.name, options, known, categorical, per_cell.setdefault(choice.name, pixels))
            there = existing.band(choice.name) if existing else None
            band = _band(where, choice, method, categorical, classes, options, there)
            bands.setdefault(choice.name, band)
            _check_same(where, band, bands[choice.name], origin.setdefault(choice.name, source.name))
            found.append(BandUse(choice.name, choice.band, method, np.dtype(band.storage)))
        uses.append(tuple(found))
    return tuple(bands[n] for n in names), uses


def _is_categorical(choice: Choice, classes: Mapping[str, Any], options: IngestOptions, existing: Layer | None) -> bool:
    if choice.name in options.categorical or choice.name in classes:
        return True
    there = existing.band(choice.name) if existing else None
    if there is not None:
        return there.kind == "categorical"
    return bool(choice.band.classes) and choice.band.dtype.kind in "iu"


def _method(
    name: str, options: IngestOptions, known: Mapping[str, str], categorical: bool, per_cell: float
) -> Method:
    given = options.method
    wanted = given.get(name) if isinstance(given, Mapping) else given
    if isinstance(given, str) and categorical and given not in ("nearest", "mode"):
        # One method for all bands: where it makes no sense of codes, they keep their default.
        wanted = None
    wanted = wanted or known.get(name)
    if wanted is None:
        return default_method(categorical=categorical, pixels_per_cell=per_cell)
    return checked_method(name, wanted, categorical=categorical, pixels_per_cell=per_cell)


def _band(
    where: str,
    choice: Choice,
    method: Method,
    categorical: bool,
    classes: Mapping[str, tuple[tuple[int, str], ...]],
    options: IngestOptions,
    there: Band | None,
) -> Band:
    source = choice.band
    rounded = options.rounded or (there is not None and there.storage.startswith("int"))
    storage = storage_of(where, source.dtype, method, rounded=rounded)
    if categorical and source.dtype.kind == "f":
        raise refusal(
            where, f"class codes are whole numbers, but its values are {source.dtype}", "store it as integers"
        )
    if categorical and (source.scale is not None or source.offset is not None):
        raise refusal(where, "class codes cannot have a scale or offset")
    scale, offset = source.scale, source.offset
    if method == "sum" and offset is not None:
        raise refusal(where, f"its offset is {offset}, so sums of its stored values mean nothing", "use mean")
    unit = (options.units or {}).get(choice.name, source.unit)
    return Band(
        name=choice.name,
        storage=storage,
        unit=unit,
        scale=1.0 if scale is None and offset is not None else scale,
        offset=0.0 if offset is None and scale is not None else offset,
        kind="categorical" if categorical else "continuous",
        classes=(classes.get(choice.name) or source.classes) if categorical else (),
        resampling="sum" if method == "sum" else None,
        long_name=source.long_name,
        standard_name=source.standard_name,
        colours=_colours(source, classes.get(choice.name) or source.classes) if categorical else (),
        valid_range=source.valid_range,
    )


def _colours(source: SourceBand, classes: tuple[tuple[int, str], ...]) -> tuple[tuple[int, str], ...]:
    """The colours of the classes; of a colour table without class names all that it has."""
    codes = {code for code, _ in classes}
    return tuple((code, colour) for code, colour in source.colours if not codes or code in codes)


def _check_same(where: str, band: Band, other: Band, origin: str) -> None:
    for what in ("storage", "scale", "offset", "unit", "kind"):
        here, there = getattr(band, what), getattr(other, what)
        if not _same(here, there):
            hint = "give units=" if what == "unit" else "ingest them into layers of their own"
            raise refusal(where, f"its {what} is {here}, but {origin} has {there}", hint)


def _same(a: Any, b: Any) -> bool:
    return math.isclose(a, b, rel_tol=1e-12) if isinstance(a, float) and isinstance(b, float) else bool(a == b)


def dimensions_of(sources: Sequence[Source], options: IngestOptions) -> tuple[tuple[Dimension, ...], tuple[int, ...]]:
    """The layer's dimensions, and their places among the sources' own; axes of one value are left out.

    Raises:
        IngestError: sources that differ in their axes, a dimension that no source has.
    """
    first = sources[0]
    for source in sources[1:]:
        if [d.name for d in source.dimensions] != [d.name for d in first.dimensions]:
            raise refusal(source.name, f"has the axes {_axes(source)}, but {first.name} has {_axes(first)}")
    names = [d.name for d in first.dimensions]
    for name in options.dimensions:
        if name not in names:
            raise refusal("dimensions", f"no source has an axis {name!r}", f"there are {', '.join(names) or 'none'}")
    kept = tuple(
        i for i, name in enumerate(names)
        if name in options.dimensions or any(s.dimensions[i].always or len(s.dimensions[i].values) > 1 for s in sources)
    )  # fmt: skip
    found = tuple(_dimension(sources, i) for i in kept)
    for i, name in enumerate(names):
        if i not in kept and len({s.dimensions[i].values for s in sources}) > 1:
            raise refusal(first.name, f"the axis {name} differs between the sources", f"give dimensions=[{name!r}]")
    return found, kept


def _axes(source: Source) -> str:
    return ", ".join(d.name for d in source.dimensions) or "none"


def _dimension(sources: Sequence[Source], i: int) -> Dimension:
    values = [v for s in sources for v in s.dimensions[i].values]
    dimension = sources[0].dimensions[i]
    if all(isinstance(v, int) for v in values):
        return Dimension(dimension.name, "integer", dimension.unit)
    if all(isinstance(v, np.datetime64) for v in values):
        return Dimension(dimension.name, "timestamp")
    if all(isinstance(v, int | float) for v in values):
        return Dimension(dimension.name, "number", dimension.unit)
    return Dimension(dimension.name, "text", dimension.unit)


def layer_record(
    name: str,
    shape: Shape,
    bands: tuple[Band, ...],
    uses: Sequence[tuple[BandUse, ...]],
    dimensions: tuple[Dimension, ...],
    time: TimeAxis | None,
    sources: Sequence[Source],
    options: IngestOptions,
) -> Layer:
    """The record of a new layer, with what is known of where it came from."""
    facts = dict(sources[0].facts)
    methods = {u.name: u.method for own in uses for u in own}
    told, extras = card_facts(facts)
    layer = Layer(
        name=name,
        resolution=shape.resolution,
        bands=bands,
        time=time,
        dimensions=dimensions,
        extras=tuple(sorted(extras.items())),
        **told,
    )
    given = {f: getattr(options, f) for f in ("title", "licence", "citation") if getattr(options, f) is not None}
    made = made_of(layer.provenance, [s.name for s in sources], tuple(sorted(methods.items())))
    return replace(layer, provenance=made, **given)


def _methods_of(existing: Layer | None) -> dict[str, str]:
    if existing is None:
        return {}
    # Layers of older versions name them among the further facts.
    pairs = (part.partition(": ") for part in dict(existing.extras).get("methods", "").split(", ") if part)
    return {band: method for band, _, method in pairs} | dict(existing.provenance.methods)


def fitted(existing: Layer, new: Layer, options: IngestOptions) -> Layer:
    """The record to append with: the layer as it is there, with the facts that changed.

    Raises:
        IngestError: resolution, time, dimensions or bands do not agree; says what the layer has.
    """
    where = f"layer {existing.name}"
    if (existing.time is None) != (new.time is None):
        if existing.time is None:
            raise refusal(where, "it has no time, but the sources have", "ingest into another layer")
        raise refusal(where, "it has times, but the sources have none", "give time= or time_pattern=")
    if existing.time and new.time and existing.time.stamp != new.time.stamp:
        raise refusal(where, f"its stamp is {existing.time.stamp!r}, that of the sources {new.time.stamp!r}",
                      f"give stamp={existing.time.stamp!r}")  # fmt: skip
    if [(d.name, d.type) for d in existing.dimensions] != [(d.name, d.type) for d in new.dimensions]:
        raise refusal(
            where,
            f"its dimensions are {_names(existing.dimensions)}, the sources' {_names(new.dimensions)}",
        )
    _check_bands(where, existing, new, options)
    bands = tuple(_with_classes(b, new.band(b.name)) for b in existing.bands)
    bands += tuple(b for b in new.bands if existing.band(b.name) is None)
    extras = dict(existing.extras) | dict(new.extras)
    made = grown(existing.provenance, new.provenance)
    return replace(existing, bands=bands, extras=tuple(sorted(extras.items())), provenance=made)


def _names(dimensions: tuple[Dimension, ...]) -> str:
    return ", ".join(f"{d.name} ({d.type})" for d in dimensions) or "none"


def _check_bands(where: str, existing: Layer, new: Layer, options: IngestOptions) -> None:
    for band in new.bands:
        there = next((b for b in existing.bands if b.name == band.name), None)
        if there is None and options.add_bands and existing.band(band.name) is None:
            continue
        if there is None:
            names = ", ".join(b.name for b in existing.bands)
            raise refusal(
                where,
                f"it has no band {band.name!r}, only {names}",
                f"name the bands with bands={{{existing.bands[0].name!r}: …}}, or add it with add_bands=True",
            )
        for what in ("storage", "scale", "offset", "kind"):
            if not _same(getattr(there, what), getattr(band, what)):
                here, given = getattr(there, what), getattr(band, what)
                raise refusal(where, f"the {what} of band {band.name} is {here}, in the sources {given}")
        if band.unit is not None and there.unit is not None and band.unit != there.unit:
            raise refusal(
                where,
                f"the unit of band {band.name} is {there.unit}, that of the sources {band.unit}",
                "give units= if it is the same",
            )
    missing = [b.name for b in existing.bands if new.band(b.name) is None]
    if missing and options.on_conflict != "merge":
        raise refusal(
            where,
            f"the sources do not have its band {missing[0]!r}",
            "on_conflict='merge' adds bands one by one",
        )


def _with_classes(band: Band, new: Band | None) -> Band:
    """The band as it is there, with class names and colours where it has none yet."""
    if new is None:
        return band
    return replace(band, classes=band.classes or new.classes, colours=band.colours or new.colours)

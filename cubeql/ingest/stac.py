"""STAC items as offers: an item is one source, its assets are bands of one layer.

What an item says of its bands (scale, offset, nodata, unit, classes) counts where the file is silent; its times are
those of its rows, and its collection tells what goes on the layer's card. What it says of grids is not relied on.

>>> from cubeql.ingest import stac
>>> search = stac.Search("https://example.org/stac", ["sentinel-2-l2a"], bbox=(11, 48, 12, 49), datetime="2024-05")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from cubeql.catalog.facts import provider_text
from cubeql.catalog.records import Provider
from cubeql.errors import IngestError
from cubeql.ingest.bands import cleaned, own_name
from cubeql.ingest.described import DescribedSource, told_band
from cubeql.ingest.faults import refusal, shown
from cubeql.ingest.offers import Offer, is_remote, states_of
from cubeql.ingest.opening import open_source
from cubeql.ingest.options import DECLARED, IngestOptions
from cubeql.ingest.source import Source, SourceSlice
from cubeql.ingest.stac_assets import ItemAsset, Wanted, assets_of, wanted_bands
from cubeql.ingest.stac_items import Found, collection_of, found_items, hrefs_of, names_of
from cubeql.ingest.stac_search import Search, instants

__all__ = ["Search", "item_offers"]

_ROLES = ("licensor", "producer", "processor", "host")
Facts = tuple[tuple[str, str], ...]
Times = tuple[np.datetime64, tuple[np.datetime64, np.datetime64] | None]


def item_offers(given: Any, options: IngestOptions) -> list[Offer]:
    """An offer for each item of a STAC object, record, document or search; what is wrong with one is told when it
    is opened.

    Raises:
        IngestError: a document that cannot be read, a service that cannot be asked, no item.
    """
    items = found_items(given)
    if not items:
        url = given.url if isinstance(given, Search) else given
        raise refusal(shown(url) if isinstance(url, str) else "STAC", "holds no item that is asked for")
    known: dict[str, Any] = {}
    return [_offer(one, name, options, known) for one, name in zip(items, names_of(items), strict=True)]


def _offer(one: Found, name: str, options: IngestOptions, known: dict[str, Any]) -> Offer:
    try:
        if one.fault is not None:
            raise one.fault
        return _of_item(one.item, name, options, known)
    except IngestError as fault:
        return Offer(name, name, "", partial(_refused, fault), settled=True)


def _refused(fault: IngestError, _: IngestOptions) -> tuple[Source, ...]:
    raise fault


def _of_item(item: Any, name: str, options: IngestOptions, known: dict[str, Any]) -> Offer:
    values = {key: asset.to_dict() for key, asset in item.assets.items()}
    wanted = wanted_bands(name, assets_of(values, hrefs_of(item)), options)
    times = _times(item, name, options)
    by_asset: dict[str, list[Wanted]] = {}
    for one in wanted:
        by_asset.setdefault(one.asset.key, []).append(one)
    hrefs = [some[0].asset.href for some in by_asset.values()]
    for key, href in zip(by_asset, hrefs, strict=True):
        if "://" not in href and not href.startswith("/"):
            found = f"its address {href!r} is relative, and that of the item is not known"
            raise refusal(f"{name}, asset {key}", found, "name the item by its path or address")
    facts = _facts(item, collection_of(item, known))
    return Offer(
        name,
        f"{item.collection_id or ''}|{item.id}|{'|'.join(sorted(map(shown, hrefs)))}",
        _state(item, [values[key] for key in by_asset], hrefs),
        partial(_opened, name, tuple(map(tuple, by_asset.values())), times, facts),
        own=None if times is None else (times[0],),
        settled=True,
    )


def _times(item: Any, name: str, options: IngestOptions) -> Times | None:
    """The time of an item's rows, and the step they stand for where it is one."""
    first, last = instants(item)
    if first is None or last is None:
        if options.time is not None or options.time_pattern is not None:
            return None
        right = "give time= for it"
        raise refusal(name, "has no datetime, and no start_datetime and end_datetime", right)
    if last <= first:
        return first, None
    if options.stamp == "instant" and item.datetime is not None:
        return np.datetime64(item.datetime.replace(tzinfo=None), "us"), None
    return (last if options.stamp == "end" else first), (first, last)


def _state(item: Any, assets: Sequence[Mapping[str, Any]], hrefs: Sequence[str]) -> str:
    """When the item was updated, or its files are: of remote files only asked where nothing tells."""
    told = [str(v) for v in (item.properties.get("updated"), *(a.get("file:checksum") for a in assets)) if v]
    files = [href for href in hrefs if not (told and is_remote(href))]
    return "|".join([*told, *states_of(files)])


# ------------------------------------------------------------------ opening


def _opened(
    name: str,
    wanted: Sequence[Sequence[Wanted]],
    times: Times | None,
    facts: Facts,
    options: IngestOptions,
) -> tuple[Source, ...]:
    return tuple(_of_asset(f"{name}, asset {some[0].asset.key}", some, times, facts, options) for some in wanted)


def _of_asset(
    where: str, wanted: Sequence[Wanted], times: Times | None, facts: Facts, options: IngestOptions
) -> Source:
    asset = wanted[0].asset
    try:
        # The bands are those of the item, whatever the file calls them.
        source = open_source(asset.href, replace(options, bands=None, time_tag=False))
    except IngestError as fault:
        raise IngestError(f"{where}: {str(fault).replace(asset.href, shown(asset.href))}") from fault
    bands = []
    for one in wanted:
        for band in _file_bands(where, source, one):
            own = cleaned(asset.key) if len(source.bands) == 1 else cleaned(f"{asset.key}_{own_name(source, band)}")
            told = asset.told if one.band is None else one.band.told
            bands.append(
                told_band(where, band, one.name or own, told, options.believe, nodata_given=options.nodata != DECLARED)
            )
    own_times = any(s.time is not None for s in source.slices) or len(source.slices) > 1
    slices = None if times is None or own_times else [SourceSlice(times[0], (), times[1])]
    return DescribedSource(source, where, bands, slices, facts)


def _file_bands(where: str, source: Source, one: Wanted) -> tuple[Any, ...]:
    if one.band is None:
        return source.bands if one.name is None or len(source.bands) == 1 else _only(where, source, one.asset)
    if one.band.number > len(source.bands):
        found = f"the item tells of band {one.band.number}, but the file has {len(source.bands)}"
        raise refusal(where, found, "choose with bands=")
    return (source.bands[one.band.number - 1],)


def _only(where: str, source: Source, asset: ItemAsset) -> tuple[Any, ...]:
    raise refusal(where, f"has {len(source.bands)} bands", f"say which, as {asset.key}:1")


# ------------------------------------------------------------------ facts for the card


def _facts(item: Any, collection: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What item and collection say of the data: the item where it speaks, else the collection."""
    properties = item.properties
    summaries = collection.get("summaries") or {}
    found = {
        "title": collection.get("title"),
        "description": collection.get("description"),
        "keywords": ", ".join(map(str, collection.get("keywords") or ())),
        "licence": properties.get("license") or collection.get("license"),
        "citation": properties.get("sci:citation") or collection.get("sci:citation"),
        "doi": properties.get("sci:doi") or collection.get("sci:doi"),
        "providers": "\n".join(_providers(properties.get("providers") or collection.get("providers") or ())),
        "level": properties.get("processing:level") or _one(summaries.get("processing:level")),
        "facility": properties.get("processing:facility") or _one(summaries.get("processing:facility")),
        "lineage": properties.get("processing:lineage"),
        "collection": item.collection_id,
    }
    return tuple(sorted((key, str(value)) for key, value in found.items() if value))


def _one(values: Any) -> Any:
    return values[0] if isinstance(values, list) and len(values) == 1 else None


def _providers(providers: Sequence[Mapping[str, Any]]) -> list[str]:
    found = []
    for one in providers:
        roles = tuple(r for r in map(str, one.get("roles") or ()) if r in _ROLES)
        name = " ".join(str(one.get("name") or "").replace("(", " ").replace(")", " ").split())
        if name:
            found.append(provider_text(Provider(name, roles, one.get("url"))))
    return found

"""The assets of a STAC item as bands: which there are, which are meant, and what is told of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cubeql.errors import nearest
from cubeql.ingest.bands import cleaned
from cubeql.ingest.described import Told
from cubeql.ingest.faults import refusal
from cubeql.ingest.options import IngestOptions

_ENDINGS = (".tif", ".tiff", ".jp2", ".nc", ".nc4", ".vrt", ".img", ".zarr", ".grib", ".grib2", ".grb", ".hdf", ".h5")
_MEDIA = ("image/tiff", "image/vnd.stac.geotiff", "image/jp2", "application/x-netcdf", "application/netcdf",
          "application/vnd+zarr", "application/vnd.zarr", "application/x-hdf", "application/x-hdf5",
          "application/wmo-grib2")  # fmt: skip
_NOT_DATA = frozenset({"thumbnail", "overview", "metadata", "preview", "visual"})
_COLOUR = re.compile(r"#?([0-9a-fA-F]{6})")


@dataclass(frozen=True, slots=True)
class AssetBand:
    """A band of an asset, as its item tells.

    Attributes:
        number: in the file, from 1.
        names: under which it can be meant beside the asset's key: its own, its common name.
        told: what is told of it.
    """

    number: int
    names: tuple[str, ...]
    told: Told


@dataclass(frozen=True, slots=True)
class ItemAsset:
    """A raster among the assets of an item.

    Attributes:
        key: its key.
        href: where it is.
        bands: as the item tells them; () where it says nothing of bands.
        told: what it tells of all of them.
        data: it is data by its roles, not a picture to look at.
    """

    key: str
    href: str
    bands: tuple[AssetBand, ...]
    told: Told
    data: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """A band to read.

    Attributes:
        name: in the layer; None to make it of the asset's key and the band's own name.
        asset: where it is.
        band: which of it, None for all bands of the file.
    """

    name: str | None
    asset: ItemAsset
    band: AssetBand | None


def assets_of(assets: Mapping[str, Mapping[str, Any]], hrefs: Mapping[str, str]) -> tuple[ItemAsset, ...]:
    """The rasters among assets.

    Args:
        assets: by key, as the item's JSON has them.
        hrefs: where each of them is.
    """
    return tuple(_asset(key, assets[key], href) for key, href in hrefs.items() if _is_raster(assets[key]))


def _is_raster(asset: Mapping[str, Any]) -> bool:
    media = str(asset.get("type") or "").split(";")[0].strip().lower()
    path = str(asset["href"]).split("?")[0].rstrip("/").lower()
    return media in _MEDIA or (not media.startswith(("image/", "text/")) and path.endswith(_ENDINGS))


def _asset(key: str, asset: Mapping[str, Any], href: str) -> ItemAsset:
    roles = {str(r).lower() for r in asset.get("roles") or ()}
    return ItemAsset(key, href, _bands(asset), _told(asset), "data" in roles or not roles & _NOT_DATA)


def _bands(asset: Mapping[str, Any]) -> tuple[AssetBand, ...]:
    """Those of STAC 1.1's ``bands``, or of ``eo:bands`` and ``raster:bands`` side by side."""
    lists = [asset.get(k) or () for k in ("bands", "eo:bands", "raster:bands")]
    merged: list[dict[str, Any]] = [{} for _ in range(max(map(len, lists)))]
    for one in lists:
        for band, values in zip(merged, one, strict=False):
            band.update({k: v for k, v in values.items() if v is not None})
    found = []
    for number, values in enumerate(merged, 1):
        names = [values.get(k) for k in ("name", "eo:common_name", "common_name")]
        found.append(AssetBand(number, tuple(dict.fromkeys(str(n) for n in names if n)), _told(values)))
    return tuple(found)


def _told(values: Mapping[str, Any]) -> Told:
    classes = [c for c in values.get("classification:classes") or () if isinstance(c.get("value"), int)]
    empty = [c["value"] for c in classes if c.get("nodata")]
    kept = [c for c in classes if not c.get("nodata")]
    nodata = values.get("nodata")
    return Told(
        scale=_number(values.get("raster:scale", values.get("scale"))),
        offset=_number(values.get("raster:offset", values.get("offset"))),
        nodata=(*(() if nodata is None else (_value(nodata),)), *(v for v in empty if v != nodata)),
        unit=str(values["unit"]) if values.get("unit") else None,
        long_name=str(values["description"]) if values.get("description") else None,
        classes=tuple((c["value"], str(c.get("title") or c.get("name") or c.get("description"))) for c in kept
                      if c.get("title") or c.get("name") or c.get("description")),
        colours=tuple((c["value"], f"#{m[1].lower()}") for c in kept
                      if (m := _COLOUR.fullmatch(str(c.get("color_hint") or c.get("color-hint") or "")))),
    )  # fmt: skip


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _value(value: Any) -> float | int:
    """``nan``, ``inf`` and ``-inf`` are written as texts."""
    return value if isinstance(value, int | float) else float(str(value))


# ------------------------------------------------------------------ choosing


def wanted_bands(where: str, assets: Sequence[ItemAsset], options: IngestOptions) -> tuple[Wanted, ...]:
    """The bands that are meant; without a word all that are data.

    Raises:
        IngestError: there is no raster, no such band, or several could be meant.
    """
    if not assets:
        raise refusal(where, "has no asset that is a raster")
    wanted = options.bands
    if wanted is None:
        data = [a for a in assets if a.data]
        if not data:
            raise refusal(where, f"has no asset of the role data, only {_keys(assets)}", "choose with bands=")
        return tuple(w for asset in data for w in _all_of(asset, alone=len(data) == 1))
    if isinstance(wanted, Mapping):
        return tuple(w for name, which in wanted.items() for w in _meant(where, assets, which, str(name)))
    names = [wanted] if isinstance(wanted, str | int) else wanted
    return tuple(w for which in names for w in _meant(where, assets, which, None))


def _keys(assets: Sequence[ItemAsset]) -> str:
    return ", ".join(a.key for a in assets)


def _all_of(asset: ItemAsset, alone: bool) -> list[Wanted]:
    if len(asset.bands) < 2:
        band = asset.bands[0] if asset.bands else None
        return [Wanted(None if band is None else cleaned(asset.key), asset, band)]
    names = [b.names[0] if b.names else str(b.number) for b in asset.bands]
    return [
        Wanted(cleaned(n if alone else f"{asset.key}_{n}"), asset, b) for n, b in zip(names, asset.bands, strict=True)
    ]


def _meant(where: str, assets: Sequence[ItemAsset], which: str | int, name: str | None) -> list[Wanted]:
    if isinstance(which, int):
        raise refusal(where, f"has no band {which}", f"its assets have names: {_keys(assets)}")
    key, colon, part = which.partition(":")
    for asset in assets:
        if asset.key.casefold() == which.casefold():
            found = _all_of(asset, alone=False)
            return [Wanted(name or cleaned(which), f.asset, f.band) for f in found] if len(found) == 1 else found
        if colon and asset.key.casefold() == key.casefold():
            return [Wanted(name or cleaned(which), asset, _part(where, asset, part))]
    return [_by_name(where, assets, which, name)]


def _part(where: str, asset: ItemAsset, part: str) -> AssetBand:
    for band in asset.bands:
        if part.casefold() in {str(band.number), *(n.casefold() for n in band.names)}:
            return band
    if not asset.bands and part.isdecimal() and int(part) > 0:
        return AssetBand(int(part), (), asset.told)
    known = _names(asset) or "none that is told"
    raise refusal(f"{where}, asset {asset.key}", f"has no band {part!r}", f"it has {known}")


def _names(asset: ItemAsset) -> str:
    return ", ".join(b.names[0] if b.names else str(b.number) for b in asset.bands)


def _by_name(where: str, assets: Sequence[ItemAsset], which: str, name: str | None) -> Wanted:
    """The band of a common or own name: in an asset of its own if there is one, in data rather than in a picture."""
    found = [(a, b) for a in assets for b in a.bands if which.casefold() in (n.casefold() for n in b.names)]
    for kept in (
        [(a, b) for a, b in found if a.data and len(a.bands) == 1],
        [(a, b) for a, b in found if a.data],
        found,
    ):
        if len(kept) == 1:
            return Wanted(name or cleaned(which), *kept[0])
        if kept:
            keys = ", ".join(dict.fromkeys(a.key for a, _ in kept))
            raise refusal(where, f"has the band {which!r} in several assets: {keys}", "name the asset")
    known = [n for a in assets for n in (a.key, *(n for b in a.bands for n in b.names))]
    near = nearest(which, known) or tuple(dict.fromkeys(a.key for a in assets))
    raise refusal(where, f"has no asset or band {which!r}", f"it has {', '.join(near)}")

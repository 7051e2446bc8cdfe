"""GeoJSON and files of polygons or points, read as geometries with their reference system."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.errors import ShapelyError

from cubeql.grid.geometry import LON_LAT, Geometries, is_code
from cubeql.grid.nesting import check_geojson

ENDINGS = (".geojson", ".json", ".gpkg", ".parquet", ".geoparquet", ".shp")

_MAGIC = {".gpkg": b"SQLite format 3\0", ".shp": b"\x00\x00\x27\x0a"}
_GEOJSON_TYPES = (
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
)  # fmt: skip


def read_file(path: str | Path) -> Geometries:
    """The geometries of a file, by its ending; ``areas.gpkg#parks`` names one layer of several.

    Raises:
        ValueError: the file is missing, of an unknown kind, damaged, or without a reference system.
    """
    place, layer = _place(str(path))
    ending = place.suffix.lower()
    if ending not in ENDINGS:
        raise ValueError(f"{place} ends in {ending or 'nothing'}: a region is read from {', '.join(ENDINGS)}")
    if ending in (".geojson", ".json"):
        return read_geojson(_text(place), str(place))
    if ending in _MAGIC:
        return _read_vector(place, ending, layer)
    return _read_parquet(place)


def read_geojson(value: str | Mapping[str, Any], source: str = "the GeoJSON") -> Geometries:
    """The geometries of a GeoJSON geometry, Feature or FeatureCollection.

    Raises:
        ValueError: it is no GeoJSON; the message says where.
    """
    found = value
    if isinstance(value, str):
        try:
            found = json.loads(value)
        except RecursionError:
            raise ValueError(f"{source} is no JSON that can be read: it is nested too deep") from None
        except json.JSONDecodeError as fault:
            raise ValueError(f"{source} is no JSON: {fault}") from None
    if not isinstance(found, Mapping):
        raise ValueError(f"{source} is no GeoJSON: an object with a 'type' is needed")
    kind = found.get("type")
    if kind == "FeatureCollection":
        features = found.get("features")
        if not isinstance(features, list):
            raise ValueError(f"{source} is no GeoJSON: a FeatureCollection needs a list of 'features'")
        items = [_feature(f, f"feature {at + 1} of {source}") for at, f in enumerate(features)]
    else:
        items = [_feature(found, source)] if kind == "Feature" else [_shape(found, source)]
    return Geometries(items, _geojson_crs(found, source), source)


def _feature(value: Any, name: str) -> shapely.Geometry | None:
    if not isinstance(value, Mapping) or value.get("type") != "Feature":
        raise ValueError(f"{name} is no GeoJSON Feature")
    geometry = value.get("geometry")
    return None if geometry is None else _shape(geometry, name)


def _shape(value: Any, name: str) -> shapely.Geometry:
    kind = value.get("type") if isinstance(value, Mapping) else None
    if kind not in _GEOJSON_TYPES:
        raise ValueError(
            f"{name} is no GeoJSON: its type is {kind!r}, not one of {', '.join(_GEOJSON_TYPES)}"
        )
    try:
        check_geojson(value)
        return shapely.from_geojson(json.dumps(value))
    except RecursionError:
        raise ValueError(f"{name} is nested too deep") from None
    except (ShapelyError, TypeError, ValueError) as fault:
        raise ValueError(f"{name} is no GeoJSON {kind}: {fault}") from None


def _geojson_crs(value: Mapping[str, Any], source: str) -> Any:
    """Longitude and latitude, unless a ``crs`` member of the older standard names something else."""
    crs = value.get("crs")
    if crs is None:
        return LON_LAT
    name = crs.get("properties", {}).get("name") if isinstance(crs, Mapping) else None
    if not isinstance(name, str) or not is_code(name):
        raise ValueError(f"{source} has a 'crs' that names no reference system, as EPSG:4326 does")
    return name


def _place(path: str) -> tuple[Path, str | None]:
    place, layer = Path(path), None
    if not place.exists() and "#" in path:
        before, _, layer = path.rpartition("#")
        place = Path(before)
    if not place.exists():
        raise ValueError(f"there is no file {place}")
    if not place.is_file():
        raise ValueError(f"{place} is no file")
    return place, layer


def _text(place: Path) -> str:
    try:
        return place.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise ValueError(f"{place} cannot be read: {fault}") from None


def _read_vector(place: Path, ending: str, layer: str | None) -> Geometries:
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    # GDAL goes by what is inside: a file that only ends so could name other files and addresses.
    with place.open("rb") as stream:
        if not stream.read(16).startswith(_MAGIC[ending]):
            raise ValueError(f"{place} is damaged, or no {ending} file")
    try:
        name = _layer(place, layer, [str(n) for n, kind in pyogrio.list_layers(place) if kind is not None])
        meta, _, wkb, _ = pyogrio.raw.read(place, layer=name, columns=[], force_2d=True)
        items = list(shapely.from_wkb(np.asarray(wkb, dtype=object)))
    except (DataSourceError, DataLayerError, ShapelyError) as fault:
        raise ValueError(f"{place} cannot be read: {fault}") from None
    return Geometries(items, _known_crs(meta["crs"], place), str(place))


def _layer(place: Path, wanted: str | None, names: list[str]) -> str:
    if not names:
        raise ValueError(f"{place} holds no layer with a geometry")
    if wanted is not None and wanted not in names:
        raise ValueError(f"{place} has no layer {wanted!r}; it has {', '.join(names)}")
    if wanted is None and len(names) > 1:
        raise ValueError(
            f"{place} has {len(names)} layers: {', '.join(names)}; write '{place.name}#{names[0]}'"
        )
    return wanted or names[0]


def _read_parquet(place: Path) -> Geometries:
    import pyarrow
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(place) as file:
            column, crs = _geoparquet_column(file.schema_arrow.metadata or {}, place)
            wkb = file.read(columns=[column]).column(column).to_numpy(zero_copy_only=False)
        items = list(shapely.from_wkb(wkb))
    except (pyarrow.ArrowException, KeyError, ShapelyError, TypeError) as fault:
        raise ValueError(f"{place} cannot be read as GeoParquet: {fault}") from None
    return Geometries(items, _known_crs(crs, place), str(place))


def _geoparquet_column(metadata: Mapping[bytes, bytes], place: Path) -> tuple[str, Any]:
    """Name and reference system of the main geometry column."""
    if b"geo" not in metadata:
        raise ValueError(f"{place} is Parquet but not GeoParquet: it has no 'geo' metadata")
    try:
        geo = json.loads(metadata[b"geo"])
        name = geo["primary_column"]
        column = geo["columns"][name]
        encoding, edges = column["encoding"], column.get("edges", "planar")
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise ValueError(f"{place} has damaged 'geo' metadata") from None
    if encoding != "WKB":
        raise ValueError(f"{place} stores its geometry as {encoding}, and only WKB is read")
    if edges != "planar":
        raise ValueError(f"{place} has {edges} edges, and only planar ones are read")
    return name, column.get("crs", LON_LAT)


def _known_crs(crs: Any, place: Path) -> Any:
    if not crs:
        raise ValueError(f"{place} does not say its coordinate reference system")
    return crs

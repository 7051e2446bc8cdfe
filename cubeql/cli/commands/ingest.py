"""Bring files into a layer: rasters onto the grid, tables and vector files as points or zones."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cubeql.cli.arguments import Parser, UsageError, add_store, add_talking, byte_count, store_here
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.outcome import DONE
from cubeql.cli.progress import ProgressLine, short_count

if TYPE_CHECKING:
    from cubeql.ingest import IngestProgress, IngestReport



def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    what = "rasters (files, folders, addresses rasterio reads), files of points or polygons, or STAC documents"
    parser.add_argument("sources", metavar="SOURCE", nargs="*", help=what)
    parser.add_argument("--layer", metavar="NAME", required=True, help="the layer to make or to add to")
    add_store(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and change nothing")
    _add_bands(parser)
    _add_folders(parser)
    _add_stac(parser)
    _add_time(parser)
    _add_cells(parser)
    _add_rows(parser)
    _add_layer(parser)
    _add_runs(parser)
    add_talking(parser)
    parser.add_argument("--stats", action="store_true", help="the report as a JSON line on stderr")


def _add_bands(parser: Parser) -> None:
    bands = parser.add_argument_group("bands")
    add = bands.add_argument
    add(
        "--bands",
        metavar="A,B,…",
        type=_bands,
        help="which bands (or NetCDF variables, or attributes): names, or numbers from 1",
    )
    add(
        "--band",
        metavar="NAME=WHICH",
        action="append",
        type=_renamed,
        help="take band WHICH and call it NAME",
    )
    add(
        "--band-pattern",
        metavar="REGEX",
        help="files of one band each: the first group in the file name is its name",
    )
    add(
        "--unit",
        metavar="BAND=UNIT",
        action="append",
        type=_pair,
        help="the unit, where the source is wrong or silent",
    )
    add(
        "--dimension",
        metavar="AXIS",
        action="append",
        default=[],
        help="keep a NetCDF axis of one value as a column",
    )
    add("--categorical", metavar="BAND", action="append", default=[], help="the band holds class codes")
    add("--class", metavar="CODE=NAME", dest="classes", action="append", type=_code, help="name a class code")
    add(
        "--nodata",
        metavar="VALUE",
        type=_number_or_none,
        default=argparse.SUPPRESS,
        help="a number instead of what the source declares; none for no nodata value",
    )


def _add_folders(parser: Parser) -> None:
    folders = parser.add_argument_group("folders and scenes")
    folders.add_argument("--glob", metavar="PATTERN", help="which files below a folder, like '**/*.tif'")
    folders.add_argument(
        "--file-pattern",
        metavar="PATTERN",
        help="scenes of a file a band: '{tile}_{time:%%Y%%m%%d}_{band}.tif', sentinel-2 or landsat",
    )


def _add_stac(parser: Parser) -> None:
    stac = parser.add_argument_group("STAC (an item, collection or catalog is a SOURCE, or searched)")
    add = stac.add_argument
    add("--stac", metavar="URL", help="search this service or catalog")
    add("--collection", metavar="ID", action="append", default=[], help="look in it alone")
    add("--bbox", metavar="W,S,E,N", type=_box, help="degrees")
    add("--datetime", metavar="RANGE", help="like 2024-05-01/2024-06-30")
    add("--query", metavar="CONDITION", action="append", default=[], help="like 'eo:cloud_cover<20'")
    add("--max-items", metavar="N", type=int, help="take so many at most")
    add("--believe", choices=("item", "file"), help="who is right where they contradict each other")


def _add_time(parser: Parser) -> None:
    time = parser.add_argument_group("time (a NetCDF time axis is read by itself)")
    one = time.add_mutually_exclusive_group()
    one.add_argument("--time", metavar="TIME", action="append", help="ISO 8601; once, or once for each source")
    one.add_argument("--time-pattern", metavar="PATTERN", help="how file names hold it, like %%Y%%m%%d; or auto")
    one.add_argument("--time-tag", action="store_true", help="take it from the file's tags")
    time.add_argument("--stamp", choices=("instant", "start", "end"), help="what a time stamp means")
    time.add_argument("--step", metavar="DURATION", help="length of a step: P1M, or '1 month'")


def _add_cells(parser: Parser) -> None:
    cells = parser.add_argument_group("cells")
    add = cells.add_argument
    add(
        "--resolution",
        metavar="N",
        type=int,
        choices=range(16),
        help="H3 resolution 0 to 15; default: by pixel size",
    )
    add(
        "--method", metavar="[BAND=]METHOD", action="append", default=[],
        help="how pixels become cells: nearest bilinear mean min max sum mode median",
    )  # fmt: skip
    add("--crs", metavar="CRS", help="reference system, where the source is wrong or silent: EPSG:4326")
    add("--memory-limit", metavar="SIZE", type=byte_count, help="like 512M; default 1G")


def _add_rows(parser: Parser) -> None:
    rows = parser.add_argument_group("points and zones (CSV, Parquet, GeoPackage, GeoJSON, Shapefile, FlatGeobuf)")
    add = rows.add_argument
    add("--lon", metavar="COLUMN", help="longitudes of a table; with --crs its first coordinate")
    add("--lat", metavar="COLUMN", help="latitudes, alike")
    add("--time-column", metavar="COLUMN", help="times of points; default: the usual names")
    add("--time-format", metavar="FORMAT", help="how it is written, like %%d.%%m.%%Y, or unix; default: ISO 8601")


def _add_layer(parser: Parser) -> None:
    layer = parser.add_argument_group("layer")
    mode = layer.add_mutually_exclusive_group()
    mode.add_argument("--replace", action="store_const", const="replace", dest="mode", help="replace the whole layer")
    mode.add_argument("--create", action="store_const", const="create", dest="mode", help="refuse if it is there")
    layer.add_argument(
        "--on-conflict",
        choices=("error", "merge", "replace"),
        help="what becomes of times that are there already",
    )
    layer.add_argument("--add-bands", action="store_true", help="bands that the layer has not are added to it")
    layer.add_argument("--again", action="store_true", help="ingest sources again that were ingested before")
    layer.add_argument("--replace-changed", action="store_true", help="read sources again that changed since")
    for name in ("title", "licence", "citation"):
        layer.add_argument(f"--{name}", metavar="TEXT", help=f"the {name} of the data")


def _add_runs(parser: Parser) -> None:
    runs = parser.add_argument_group("long runs (by portions of whole moments, in the order of time, each a commit)")
    add = runs.add_argument
    add("--atomic", action="store_const", const="whole", dest="commit", help="all in one commit, or nothing")
    add("--portion-sources", metavar="N", type=int, help="sources of a portion at most; default 200")
    add("--portion-size", metavar="SIZE", type=byte_count, help="pixels of a portion at most, like 2G; default 8G")
    add("--skip-bad", action="store_true", help="leave out what cannot be read or does not fit, and say so")


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Ingest the sources and say what was done."""
    import cubeql
    from cubeql.cli.interrupt import cancelling
    from cubeql.ingest import IngestStopped

    given = settings(options)
    if options.dry_run:
        return _plan(options, given)
    with (
        cubeql.connect(store_here(options, "files are ingested"), create=True) as session,
        cancelling(session.cancel) as interrupts,
    ):
        try:
            report = session.ingest(
                sources(options),
                layer=options.layer,
                progress=_progress(diagnostics),
                cancel=lambda: interrupts.received is not None,
                **given,
            )
        except Exception as fault:
            if isinstance(fault, IngestStopped) and fault.report is not None:
                _say(options, fault.report, diagnostics)
            interrupts.check()
            raise
    _say(options, report, diagnostics)
    return DONE


def _say(options: argparse.Namespace, report: IngestReport, diagnostics: Diagnostics) -> None:
    from dataclasses import asdict

    diagnostics.notice(report.render())
    if options.stats:
        diagnostics.stats(asdict(report))


def _plan(options: argparse.Namespace, given: dict[str, Any]) -> int:
    """Say what would be done; a store that is not there yet is not made for it."""
    from tempfile import TemporaryDirectory

    from cubeql.cli.output.sink import write_text
    from cubeql.ingest import plan_ingest
    from cubeql.settings import default_store
    from cubeql.storage import Store

    address = store_here(options, "files are ingested") or default_store()
    with TemporaryDirectory() as nowhere:
        store = Store.open(nowhere, create=True) if Store.is_free(address) else Store.open(address)
        write_text(plan_ingest(store, sources(options), options.layer, **given).render() + "\n")
    return DONE


def _progress(diagnostics: Diagnostics) -> Callable[[IngestProgress], None]:
    drawn = ProgressLine(diagnostics, "ingest")

    def show(progress: IngestProgress) -> None:
        rate = f"{short_count(progress.cells_per_second)} cells/s"
        drawn.show(progress.done, progress.total, rate, progress.seconds_left)

    return show


def sources(options: argparse.Namespace) -> list[Any]:
    """The sources that were named; with conditions they are STAC documents or services to be searched.

    Raises:
        UsageError: there is none.
    """
    named = [*options.sources, *([options.stac] if options.stac else [])]
    if not named:
        raise UsageError("name a source, or a service to search with --stac")
    given: dict[str, Any] = {
        "collections": tuple(options.collection),
        "bbox": options.bbox,
        "datetime": options.datetime,
        "query": tuple(options.query),
        "max_items": options.max_items,
    }
    conditions = {name: value for name, value in given.items() if value}
    if not conditions and not options.stac:
        return named
    from cubeql.ingest import Search

    if options.stac and options.sources:
        raise UsageError("--stac is given, and sources too: ingest them one after the other")
    return [Search(url, **conditions) for url in named]


def settings(options: argparse.Namespace) -> dict[str, Any]:
    """The arguments of ``Session.ingest`` that were given.

    Raises:
        UsageError: arguments that contradict each other.
    """
    given = {
        "bands": options.bands or (dict(options.band) if options.band else None),
        "band_pattern": options.band_pattern,
        "file_pattern": options.file_pattern,
        "glob": options.glob,
        "believe": options.believe,
        "units": dict(options.unit) if options.unit else None,
        "dimensions": tuple(options.dimension) or None,
        "categorical": tuple(options.categorical) or None,
        "classes": dict(options.classes) if options.classes else None,
        "time": options.time[0] if options.time and len(options.time) == 1 else options.time,
        "time_pattern": options.time_pattern,
        "time_tag": options.time_tag or None,
        "stamp": options.stamp,
        "step": options.step,
        "lon": options.lon,
        "lat": options.lat,
        "time_column": options.time_column,
        "time_format": options.time_format,
        "resolution": options.resolution,
        "method": _methods(options.method),
        "crs": options.crs,
        "memory_limit": options.memory_limit,
        "mode": options.mode,
        "on_conflict": options.on_conflict,
        "add_bands": options.add_bands or None,
        "again": options.again or None,
        "replace_changed": options.replace_changed or None,
        "commit": options.commit,
        "portion_sources": options.portion_sources,
        "portion_bytes": options.portion_size,
        "skip_bad": options.skip_bad or None,
        "title": options.title,
        "licence": options.licence,
        "citation": options.citation,
    }
    if options.bands and options.band:
        raise UsageError("--bands and --band are given: use one of them")
    found = {name: value for name, value in given.items() if value is not None}
    if "nodata" in options:  # None is a value here: the source has no nodata value
        found["nodata"] = options.nodata
    return found


def _methods(given: list[str]) -> str | dict[str, str] | None:
    """One method for all bands, or one by band."""
    if not given:
        return None
    if len(given) == 1 and "=" not in given[0]:
        return given[0]
    by_band = dict(_pair(text) for text in given if "=" in text)
    if len(by_band) != len(given):
        raise UsageError("--method is given several times: write BAND=METHOD, each band once")
    return by_band


def _bands(text: str) -> list[str | int]:
    return [int(word) if word.isdecimal() else word for word in (w.strip() for w in text.split(",")) if word]


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _renamed(text: str) -> tuple[str, str | int]:
    name, which = _pair(text)
    return name, int(which) if which.isdecimal() else which


def _code(text: str) -> tuple[int, str]:
    code, name = _pair(text)
    try:
        return int(code), name
    except ValueError:
        raise argparse.ArgumentTypeError(f"{code!r} is no class code: write a whole number") from None


def _number_or_none(text: str) -> float | int | None:
    if text.lower() == "none":
        return None
    try:
        return int(text)
    except ValueError:
        return float(text)


def _box(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no box: write west,south,east,north") from None

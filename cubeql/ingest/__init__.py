"""Rasters in, and points and polygons.

Reading order: ``options`` (what a user may say), ``pixelgrid`` (where pixels lie), ``source`` (what a source
is), ``raster`` and ``netcdf`` with ``cf_axes``, ``cf_bands``, ``cf_time``, ``classes``, ``nodata`` (the two
kinds there are), ``stamps`` (times), ``offers`` (sources not opened yet), ``opening`` (from a path to a source),
``bands`` and ``layering`` (the layer they make), ``resolution`` and ``cover`` (which cells and tiles),
``reach``, ``lattice`` and ``placing`` (slots among pixels and pixels among slots), ``gridmap`` (which pixels
make a cell), ``mapcache`` (those maps kept, ``sheets`` their files), ``methods`` and ``regrid`` (pixels to
cells), ``windows``, ``board`` and ``tiler`` (tile blocks in bounded memory), ``crew`` (the threads),
``ledger`` (what a layer was made of), ``portions`` (what becomes one commit), ``planning``,
``fitting`` and ``job`` (one portion), ``running`` and ``entry`` (the whole),
``report`` (what comes of it), ``allocator`` (memory given back).

From what is named to offers: ``folders``, ``scenes`` (bands in files of their own), ``described`` (a source told
anew), ``stac_search``, ``stac_items``, ``stac_assets`` and ``stac`` (items and their assets), ``gathering`` (all ways).

Of points and zones: ``rowsource`` (what a file of rows is), ``rowreaders`` (files opened), ``rowcolumns`` (what
becomes of their columns), ``rowplaces`` (rows made fit), ``rowjob`` (the whole).

Importing this package loads none of the format libraries; :func:`ingest` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cubeql.ingest.entry import ingest, plan_ingest
    from cubeql.ingest.faults import IngestCancelled, IngestStopped
    from cubeql.ingest.options import IngestOptions
    from cubeql.ingest.report import IngestPlan, IngestProgress, IngestReport
    from cubeql.ingest.stac_search import Search

__all__ = [
    "IngestCancelled", "IngestOptions", "IngestPlan", "IngestProgress", "IngestReport", "IngestStopped",
    "Search", "ingest", "plan_ingest",
]  # fmt: skip

_HOMES = {
    "IngestCancelled": "faults",
    "IngestOptions": "options",
    "IngestPlan": "report",
    "IngestProgress": "report",
    "IngestReport": "report",
    "IngestStopped": "faults",
    "Search": "stac_search",
    "ingest": "entry",
    "plan_ingest": "entry",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

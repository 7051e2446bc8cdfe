"""The attribution page of the demo's data, made from the same records that the files carry."""

from __future__ import annotations

from collections.abc import Sequence

from cubeql.demo.sources import DataSource

_HEAD = """# The demo's data

`cubeql demo` builds its store from real files that ship in the package (`cubeql/demo/data/`). Each was made
by `scripts/make_demo_data.py` from a package of the Python registry, pinned by version, and carries what
this page says in its own metadata (tags of a GeoTIFF or VRT, attributes of a NetCDF file, members of a
GeoJSON file), from where it goes on into the layers of a store.

This page is made by the same script, from `cubeql/demo/sources.toml`.
"""


def page(sources: Sequence[DataSource]) -> str:
    """The page as Markdown, an entry for each source."""
    return "\n".join([_HEAD, *(_entry(source) for source in sources)])


def _entry(source: DataSource) -> str:
    return f"""## {source.title}

| | |
| --- | --- |
| files | {_files(source.files)} |
| source | {source.source} |
| package | {source.package} |
| licence | {source.licence} |
| citation | {source.citation} |
| changes | {source.changes} |
"""


def _files(names: Sequence[str]) -> str:
    shown = [name for name in names if not name.endswith(".vrt")]
    if len(shown) < len(names):
        shown.append("climate/era5_2000-01.vrt … era5_2000-12.vrt")
    return ", ".join(f"`{name}`" for name in shown)

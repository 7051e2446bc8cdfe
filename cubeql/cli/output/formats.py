"""The output formats, a row each, and the choice between them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cubeql.cli.output.layout import Drawer, Layout, Written
from cubeql.cli.output.sink import Sink
from cubeql.errors import ConfigError
from cubeql.formats.rows import Rows, Writer

if TYPE_CHECKING:
    from cubeql.storage.addresses import Address


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write rows.

    Attributes:
        name: what ``--format`` calls it; the empty name is only chosen by a file's ending.
        writer: ``module:function``, of this room for people, else of :mod:`cubeql.formats`.
        endings: file endings that choose it.
        binary: must not go to a terminal.
        single: a file holds one result.
        for_people: drawn for reading, and shortened on a terminal.
    """

    name: str
    writer: str
    endings: tuple[str, ...] = ()
    binary: bool = False
    single: bool = False
    for_people: bool = False

    def write(self, rows: Rows, sink: Sink, layout: Layout) -> Written:
        """Write the rows; the writer's module is imported now."""
        if self.for_people:
            return cast(Drawer, self.load())(rows, sink, layout)
        return Written(cast(Writer, self.load())(rows, sink))

    def load(self) -> Drawer | Writer:
        """The writer."""
        module, function = self.writer.split(":")
        room = "cubeql.cli.output" if self.for_people else "cubeql.formats"
        return cast(Drawer | Writer, getattr(import_module(f"{room}.{module}"), function))


_ARROW_FILE = Format("", "columnar:write_arrow_file", (".arrow", ".feather", ".ipc"), binary=True, single=True)
FORMATS: tuple[Format, ...] = (
    Format("table", "table:write_table", (".txt",), for_people=True),
    Format("csv", "delimited:write_csv", (".csv",)),
    Format("tsv", "delimited:write_tsv", (".tsv", ".tab")),
    Format("json", "objects:write_json", (".json",), single=True),
    Format("jsonl", "objects:write_jsonl", (".jsonl", ".ndjson")),
    Format("markdown", "markdown:write_markdown", (".md",), for_people=True),
    Format("vertical", "vertical:write_vertical", for_people=True),
    Format("parquet", "columnar:write_parquet", (".parquet", ".pq"), binary=True, single=True),
    Format("arrow", "columnar:write_arrow_stream", (".arrows",), binary=True, single=True),
    Format("geojson", "features:write_geojson", (".geojson",), single=True),
    Format("none", "rows:count_rows"),
    _ARROW_FILE,
)
NAMES: tuple[str, ...] = tuple(f.name for f in FORMATS if f.name)
_BY_ENDING = {ending: f for f in FORMATS for ending in f.endings}
_RASTERS = (".tif", ".tiff", ".nc")


def choose(name: str | None, path: Path | Address | None) -> Format:
    """The format of a name, else of a file's ending, else a table.

    Raises:
        ConfigError: the ending says nothing.
    """
    by_ending = _BY_ENDING.get(path.suffix.lower()) if path else None
    if name is not None:
        if name == "arrow" and by_ending is _ARROW_FILE:
            return _ARROW_FILE
        return next(f for f in FORMATS if f.name == name)
    if path is None or (isinstance(path, Path) and path.exists() and not path.is_file()):
        return FORMATS[0]
    if by_ending is None:
        raise ConfigError(_unknown_ending(path))
    return by_ending


def _unknown_ending(path: Path | Address) -> str:
    if path.suffix.lower() in _RASTERS:
        return f"-o cannot write {path.suffix}: rasters are written by COPY (query) TO '{path}'"
    known = " ".join(sorted(_BY_ENDING))
    return f"cannot tell the format of {path} from its ending: use one of {known}, or --format"

"""Scans: which files of a layer matter, and the relation that reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.engine import frozen
from cubeql.engine.rowtables import RowTables
from cubeql.engine.scancolumns import columns_of, is_scalar, no_columns, scalars_of
from cubeql.engine.selecting import MOST_PARTS, MOST_ROWS, Selection, TileRows
from cubeql.engine.tilekeys import StoredTiles, TileKeys
from cubeql.engine.tiletests import bands_of, files_that_pass, sql_test
from cubeql.grid.ranges import TileRanges
from cubeql.plan.nodes import RowScan, Scan
from cubeql.plan.tiletests import Values, every, tile_test
from cubeql.sql import quote
from cubeql.storage import Snapshot
from cubeql.values.tiles import slot_count
from cubeql.values.times import TimeRange

MOST_LITERALS = 4000
"""Up to so many tiles are named in the predicate, which skips row groups; more are joined, which skips none."""

@dataclass(slots=True)
class ScanWork:
    """What a scan reads of a layer: tile rows, files and bytes, kept of all; of points and zones (``unit``) their rows.

    ``query`` is the SQL that gives the rows of tiles.
    ``witness`` is a band that is valid at exactly the cells that have a row, in all tile rows kept, where the layer has
    several bands; ``is_whole`` tells that all slots of all tile rows kept have one. ``is_rest`` marks a scan that reads
    what another one leaves of the same rows, so that these are not counted twice. Of a scan of zones, ``zones`` is how
    many can matter and ``levels`` how many a cell lies in at most. ``selection`` is what is read of a layer of tiles,
    ``tiles`` where its rows lie, sorted, and ``rows_of_tiles`` how many there are of each. ``first`` is what was asked
    for before other layers told more, ``provided`` the number of its rows, ``is_of_region`` whether a region chose its
    tiles. ``left_out`` is how many rows each thing left out, where EXPLAIN has asked. ``shares_with`` names what
    else leaves rows out. ``in_place`` is how many there could be of a raster that is read where it lies.
    """

    name: str
    layer: str
    version: int
    columns: tuple[str, ...]
    tiles_all: int
    files_all: int
    bytes_all: int
    query: str = ""
    tiles_kept: int | None = None
    unit: Literal["tiles", "rows"] = "tiles"
    files_kept: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    witness: str | None = None
    is_whole: bool = False
    is_rest: bool = False
    zones: int | None = None
    levels: int = 0
    selection: Selection | None = None
    first: Selection | None = None
    provided: int | None = None
    is_of_region: bool = False
    left_out: dict[str, int] = field(default_factory=dict)
    in_place: int | None = None
    shares_with: str = "the layers it meets"
    tiles: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    rows_of_tiles: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that are kept."""
        return tuple(self.sizes)

    def keep(self, tiles: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        """Note the tiles that are kept, sorted, and how many rows each has."""
        self.tiles, self.rows_of_tiles, self.tiles_kept = tiles, rows, int(rows.sum())


@dataclass(frozen=True, slots=True)
class Told:
    """What is asked of rows beside what a scan says: tests that they pass, and (test, name) of boolean columns; of the
    summaries of ``bands``."""

    tests: tuple[str, ...] = ()
    flags: tuple[tuple[str, str], ...] = ()
    bands: frozenset[str] = frozenset()


NOTHING_TOLD = Told()


@dataclass(frozen=True, slots=True)
class Held:
    """What a session keeps in memory of files of tiles: summaries, and keys where reading these costs no requests."""

    rows: RowTables
    keys: TileKeys | None

    def keeps(self, scalar: bool, tested: bool) -> bool:
        """Whether all rows of files are to be kept for a scan: of scalars alone, or with conditions on summaries, which
        leave out row groups that would have to be requested else."""
        return self.keys is not None if tested else scalar


def work_of(scan: Scan | RowScan, snapshot: Snapshot) -> ScanWork:
    """The work of a scan before anything is pruned."""
    files = snapshot.files
    columns = scan.bands if isinstance(scan, Scan) else scan.columns
    return ScanWork(
        scan.name, snapshot.layer.name, snapshot.version, columns, unit="tiles" if isinstance(scan, Scan) else "rows",
        tiles_all=total(files["rows"]), files_all=files.num_rows, bytes_all=total(files["bytes"]),
    )  # fmt: skip


def work_stats(works: list[ScanWork]) -> dict[str, int]:
    """Sums over all scans; what a rest shares with the scan before it counts once."""
    every = [w for w in works if not w.is_rest]
    before = {w.name: set(works[n].sizes) for n, w in enumerate(works[1:]) if w.is_rest}
    kept = [size for w in works for path, size in w.sizes.items() if path not in before.get(w.name, ())]
    return {
        "tiles_kept": sum(w.tiles_kept or 0 for w in works if w.unit == "tiles"),
        "tiles_all": sum(w.tiles_all for w in every if w.unit == "tiles"),
        "rows_kept": sum(w.tiles_kept or 0 for w in works if w.unit == "rows"),
        "rows_all": sum(w.tiles_all for w in every if w.unit == "rows"),
        "files_kept": len(kept),
        "files_all": sum(w.files_all for w in every),
        "bytes_files": sum(kept),
        "bytes_all": sum(w.bytes_all for w in every),
    }


def with_scans(sql: str, works: list[ScanWork], conditions: Mapping[str, str] = MappingProxyType({})) -> str:
    """A query with the relations of scans that it names, of rows that fulfil conditions given by name of scan.

    They stand in the query and are no views, since the engine opens the files of a view to make it.
    """
    named = []
    for work in works:
        name = quote(work.name)
        if work.query and name in sql:
            test = conditions.get(work.name)
            rows = work.query if test is None else f"SELECT * FROM ({work.query}) WHERE {test}"  # noqa: S608 - identifiers are quoted, constants are our own
            named.append(f"{name} AS NOT MATERIALIZED ({rows})")
    if not named:
        return sql
    return f"WITH {', '.join(named)}{', ' + sql[5:] if sql.startswith('WITH ') else ' ' + sql}"


def total(column: pa.ChunkedArray) -> int:
    """The sum of a column of whole numbers; 0 of none."""
    return int(np.sum(column.to_numpy())) if len(column) else 0


def provide(
    cursor: duckdb.DuckDBPyConnection,
    scan: Scan,
    snapshot: Snapshot,
    work: ScanWork,
    tiles: NDArray[np.int64] | TileRanges | None,
    values: Values,
    told: Told = NOTHING_TOLD,
    held: Held | None = None,
    needs_tiles: bool = True,
) -> NDArray[np.int64]:
    """Make the relation of a scan on a cursor, of the files and rows that can matter; reads scalar columns only.

    Args:
        cursor: where the relation is made.
        scan: the scan.
        snapshot: the layer it reads.
        work: is told what is kept.
        tiles: those that can matter, sorted or as the ranges of a region; None for all.
        values: of parameters.
        told: what else is asked of its rows.
        held: what is kept in memory of the layer's files; None of files that may change.
        needs_tiles: whether somebody asks which tiles there are; the log tells how many rows whole files have.

    Returns:
        The tiles that rows of the relation lie in, sorted; none where nobody needs them and the log tells the rows.
    """
    selection = _selection(cursor, scan, snapshot, tiles, values)
    tested = told.bands | bands_of((*scan.values, *scan.wanted), scan)
    if held is not None and tiles is None and scan.frozen is None and held.keeps(is_scalar(scan), bool(tested)):
        # Where tiles are named their row groups are found by them, and the others need not be read.
        rows = held.rows.relation(cursor, scan, selection, scalars_of(scan, tested))
        selection = replace(selection, held=rows)
    selection = replace(selection, values=(*selection.values, *told.tests), flags=told.flags, tested=frozenset(tested))
    work.first = work.selection = selection
    _make(cursor, scan, work)
    if not needs_tiles and work.selection.is_whole:
        work.provided = work.tiles_kept = selection.rows_of_files
        return work.tiles
    stored = _stored_tiles(cursor, scan, work, held.keys if held is not None else None)
    work.is_of_region = isinstance(tiles, TileRanges)
    if isinstance(tiles, TileRanges) and tiles.low.size > 1:
        stored = narrow(cursor, scan, work, stored[tiles.hold(stored)])
    work.provided = work.tiles_kept
    return stored


def narrow(
    cursor: duckdb.DuckDBPyConnection, scan: Scan, work: ScanWork, tiles: NDArray[np.int64],
    told: Told = NOTHING_TOLD,
) -> NDArray[np.int64]:  # fmt: skip
    """Make the relation of a scan anew, of fewer tiles and what is told of its rows; gives those of the tiles that it
    has rows in."""
    assert work.selection is not None
    held = np.isin(work.tiles, tiles)
    left = work.tiles[held]
    files = work.selection.files
    found = files[files_between(work.selection.snapshot, left, left)[files]]
    work.selection = replace(
        work.selection,
        files=found,
        held=work.selection.held if len(found) == len(files) else None,
        tiles=tuple(tile_tests(cursor, scan.name, left)),
        within=left,
        values=(*work.selection.values, *told.tests),
        flags=(*work.selection.flags, *told.flags),
        tested=work.selection.tested | told.bands,
    )
    _make(cursor, scan, work)
    if (scan.frozen is not None or told.tests) and work.paths:
        return _stored_tiles(cursor, scan, work)
    work.keep(left, work.rows_of_tiles[held])
    return left


def settle(cursor: duckdb.DuckDBPyConnection, scan: Scan, work: ScanWork, rows: TileRows) -> None:
    """Make the relation of a scan anew, of these rows, which are read by their places in the files."""
    assert work.selection is not None
    tiles, counts = np.unique(rows.tile, return_counts=True)
    work.keep(tiles, counts)
    numbers = np.unique(rows.file)
    if len(rows.tile) > MOST_ROWS or len(numbers) > MOST_PARTS:
        narrow(cursor, scan, work, tiles)
        return
    work.selection = replace(work.selection, files=work.selection.files[numbers], rows=rows)
    _make(cursor, scan, work)


def _selection(
    cursor: duckdb.DuckDBPyConnection, scan: Scan, snapshot: Snapshot, tiles: NDArray[np.int64] | TileRanges | None,
    values: Values,
) -> Selection:  # fmt: skip
    """The files that can matter and what tells of their rows."""
    kept = files_that_matter(snapshot, scan, values)
    test = every(tile_test(c, scan, values) for c in scan.values)
    if isinstance(tiles, TileRanges):
        kept &= files_between(snapshot, tiles.low, tiles.high)
        tests = [f"tile BETWEEN {tiles.low[0]} AND {tiles.high[-1]}"] if tiles.low.size else ["FALSE"]
    else:
        tests = tile_tests(cursor, scan.name, tiles)
        kept &= True if tiles is None else files_between(snapshot, tiles, tiles)
    told = (sql_test(test, scan.layer),) if test is not None else ()
    files = np.flatnonzero(kept).astype(np.int64)
    span = frozen.times_of(scan)
    return Selection(snapshot, files, tuple(tests), tuple(time_tests(span)), told, within=tiles, span=span)


def files_that_matter(snapshot: Snapshot, scan: Scan, values: Values) -> NDArray[np.bool_]:
    """Which files may hold rows of a scan's times and values."""
    kept = overlaps(snapshot, frozen.times_of(scan))
    test = every(tile_test(c, scan, values) for c in scan.values)
    return kept if test is None else kept & files_that_pass(test, snapshot)


def _make(cursor: duckdb.DuckDBPyConnection, scan: Scan, work: ScanWork) -> None:
    assert work.selection is not None
    work.sizes = work.selection.sizes
    work.files_kept = len(work.sizes)
    if not work.paths:
        columns = ", ".join((*no_columns(scan), *work.selection.unflagged))
        text = f"SELECT {columns} WHERE FALSE"
    elif scan.frozen is not None:
        text = frozen.make(cursor, scan, work.selection.source, work.selection.where)
    else:
        stored = not is_scalar(scan) or work.selection.held is None
        columns = ", ".join((*columns_of(scan, stored), *work.selection.flagged))
        text = " UNION ALL ".join(work.selection.queries(columns, stored))
    work.query = text


def files_between(snapshot: Snapshot, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which files may hold rows of tiles between these ends, both sorted."""
    if not low.size:
        return np.zeros(snapshot.files.num_rows, bool)
    (least, _), (most, known) = snapshot.bounds("tile_min"), snapshot.bounds("tile_max")
    first = np.searchsorted(high, least, "left")
    found: NDArray[np.bool_] = (np.append(low, 2**63 - 1)[first] <= most) | ~known
    return found


def overlaps(snapshot: Snapshot, times: TimeRange) -> NDArray[np.bool_]:
    """Which files may hold rows of these times."""
    kept = np.ones(snapshot.files.num_rows, bool)
    if times.start is not None:
        last, known = snapshot.bounds("time_max")
        kept &= (last >= times.start.astype("datetime64[us]").astype(np.int64)) | ~known
    if times.end is not None:
        first, known = snapshot.bounds("time_min")
        kept &= (first < times.end.astype("datetime64[us]").astype(np.int64)) | ~known
    return kept


def time_tests(times: TimeRange) -> list[str]:
    """Conditions that rows of these times fulfil."""

    def instant(value: np.datetime64) -> str:
        return f"TIMESTAMPTZ '{str(value.astype('datetime64[us]')).replace('T', ' ')}+00'"

    tests = [f"time >= {instant(times.start)}"] if times.start is not None else []
    return tests + ([f"time < {instant(times.end)}"] if times.end is not None else [])


def tile_tests(cursor: duckdb.DuckDBPyConnection, name: str, tiles: NDArray[np.int64] | None) -> list[str]:
    """Conditions that a row lies in these tiles, sorted; None for all."""
    if tiles is None:
        return []
    if not len(tiles):
        return ["FALSE"]
    between = f"tile BETWEEN {int(tiles[0])} AND {int(tiles[-1])}"
    if len(tiles) == int(tiles[-1] - tiles[0]) + 1:
        return [between]
    if len(tiles) <= MOST_LITERALS:
        return [f"tile IN ({', '.join(map(str, tiles.tolist()))})"]
    keep = f"{name}$keep"
    cursor.register(keep, pa.table({"tile": tiles}))
    return [between, f"tile IN (SELECT tile FROM {quote(keep)})"]  # noqa: S608 - identifiers are quoted, constants are our own


def _stored_tiles(
    cursor: duckdb.DuckDBPyConnection, scan: Scan, work: ScanWork, keys: TileKeys | None = None
) -> NDArray[np.int64]:
    """The tiles that a scan's rows lie in, sorted; tells the work its rows. Reads scalar columns only."""
    if not work.paths:
        work.keep(work.tiles, work.rows_of_tiles)
        return work.tiles
    if scan.frozen is not None:
        tiles, work.tiles_kept, work.is_whole, work.witness = frozen.kept(cursor, scan)
        work.tiles, work.rows_of_tiles = tiles, np.ones(len(tiles), np.int64)
        return tiles
    assert work.selection is not None
    bands = scan.bands if len(scan.layer.bands) > 1 and scan.overview is None else ()
    slots = slot_count(scan.layer.resolution, scan.tile)
    found = None if keys is None else keys.of(cursor, work.selection, bands, slots)
    if found is None:
        held = work.selection.held
        rows = work.query if held is None else f"SELECT * FROM {held}{work.selection.where}"  # noqa: S608 - as below
        found = _read_tiles(cursor, rows, bands, slots)
    work.keep(found.tiles, found.rows)
    work.is_whole, work.witness = found.is_whole, found.witness
    return found.tiles


def _read_tiles(cursor: duckdb.DuckDBPyConnection, query: str, bands: tuple[str, ...], slots: int) -> StoredTiles:
    whole = f"bool_and(footprint__count = {slots}) AS whole"
    told = [f"bool_and({quote(f'{b}__count')} = footprint__count) AS {quote(f'{b}__told')}" for b in bands]
    items = ", ".join(["tile", "count(*) AS n", whole, *told])
    columns = cursor.execute(f"SELECT {items} FROM ({query}) GROUP BY tile ORDER BY tile").fetchnumpy()  # noqa: S608 - identifiers are quoted, constants are our own
    tiles, rows = np.asarray(columns["tile"], np.int64), np.asarray(columns["n"], np.int64)
    witness = next((b for b in bands if np.all(columns[f"{b}__told"])), None)
    return StoredTiles(tiles, rows, bool(np.all(columns["whole"])), witness)

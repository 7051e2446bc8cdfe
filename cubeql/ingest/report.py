"""What an ingest will do, does, and did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_MOST_LINES = 10


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """How far an ingest is; given to the progress callback.

    Attributes:
        done: pairs of tile and picture that are done.
        total: all of them.
        cells: valid cells made so far, a cell counted once for each time.
        seconds: since the ingest began.
    """

    done: int
    total: int
    cells: int
    seconds: float

    @property
    def cells_per_second(self) -> float:
        """Mean rate so far."""
        return self.cells / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimate at the mean rate so far; None before anything is done."""
        return self.seconds * (self.total - self.done) / self.done if self.done else None


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """What an ingest would do.

    Attributes:
        layer: name.
        resolution: of the cells.
        methods: (band, method).
        storage: (band, storage type).
        sources: how many would be read.
        skipped: (source, why) of those that would not.
        tiles: how many tiles the sources touch (some may turn out empty).
        pictures: how many times and dimension values there are.
        cells: estimate of the cells of one picture, the largest.
        all_cells: the same for all pictures together.
        pixels_per_cell: how many pixels make a cell, at the middle of the first source.
        arrays_bytes: estimate of the arrays before compression, all pictures.
        notes: what was decided for the user.
        portions: how many commits there would be.
        bad: (source, why) of those that would be left out.
        disk_bytes: estimate of the files: as well packed as the source where that is known, else not packed at all.
    """

    layer: str
    resolution: int
    methods: tuple[tuple[str, str], ...]
    storage: tuple[tuple[str, str], ...]
    sources: int
    skipped: tuple[tuple[str, str], ...]
    tiles: int
    pictures: int
    cells: int
    all_cells: int
    pixels_per_cell: float
    arrays_bytes: int
    notes: tuple[str, ...]
    portions: int = 1
    bad: tuple[tuple[str, str], ...] = ()
    disk_bytes: int = 0

    def render(self) -> str:
        """Several lines for people."""
        if not self.sources:
            return "\n".join([f"layer {self.layer}: nothing to do", *_ends(self.skipped, self.notes, self.bad)])
        storage = dict(self.storage)
        bands = ", ".join(f"{b} ({m}, {storage[b]})" for b, m in self.methods)
        lines = [
            f"layer {self.layer}, resolution {self.resolution}, {_per_cell(self.pixels_per_cell)}",
            f"bands: {bands}",
            f"{_count(self.sources, 'source')}, {_count(self.pictures, 'picture')}, "
            f"up to {_count(self.tiles, 'tile')}, about {self.cells:,} cells each, {self.all_cells:,} in all, "
            f"{_bytes(self.arrays_bytes)} before compression, about {_bytes(self.disk_bytes)} on disk",
        ]
        if self.portions > 1:
            lines.append(f"{self.portions:,} portions, each a commit of its own")
        return "\n".join([*lines, *_ends(self.skipped, self.notes, self.bad)])


@dataclass(frozen=True, slots=True)
class RowPlan:
    """What an ingest of points or zones would do.

    Attributes:
        layer: name.
        kind: ``points`` or ``zones``.
        timed: whether its rows have a time.
        attributes: (attribute, type).
        sources: how many would be read.
        rows: how many rows they have.
        skipped: (source, why) of those that would not be read.
        notes: what was decided for the user.
    """

    layer: str
    kind: str
    timed: bool
    attributes: tuple[tuple[str, str], ...]
    sources: int
    rows: int
    skipped: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    def render(self) -> str:
        """Several lines for people."""
        lines = [
            f"layer {self.layer}, {self.kind}{' with a time' if self.timed else ''}",
            f"attributes: {_listed(self.attributes)}",
            f"{_count(self.sources, 'source')}, {_count(self.rows, 'row')}",
        ]
        return "\n".join([*lines, *_ends(self.skipped, self.notes)])


@dataclass(frozen=True, slots=True)
class Portion:
    """What one commit of an ingest holds.

    Attributes:
        version: version of the layer that it made.
        sources: how many sources it was made of.
        first: time of its first picture, None in a layer without time.
        last: time of its last picture.
        rows: rows written.
        cells: cells with a value, a cell counted once for each time.
        bytes: of the files written.
        seconds: how long it took.
    """

    version: int
    sources: int
    first: str | None
    last: str | None
    rows: int
    cells: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one source.

    Attributes:
        source: its name.
        what: it was ``read``, ``skipped`` (it is there already) or left out as ``bad``.
        why: it was skipped or left out.
        bands: the layer's bands it was read into.
        pictures: how many different moments it has.
        version: version of the layer that holds it; None where it has no valid pixel or was not read.
    """

    source: str
    what: Literal["read", "skipped", "bad"]
    why: str | None = None
    bands: tuple[str, ...] = ()
    pictures: int = 0
    version: int | None = None


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did.

    Attributes:
        layer: name.
        version: latest version of the layer that holds rows of this ingest; None where nothing was written.
        resolution: of the cells.
        methods: (band, method).
        sources: paths that were read.
        skipped: (source, why) of those that were not.
        tiles: different tiles with a row.
        rows: rows written: pairs of tile and time (and dimension values).
        cells: cells with a value, a cell counted once for each time.
        bytes: of the files written.
        maps_made: grid maps made for this ingest; the others were in the cache.
        seconds: from beginning to the last commit.
        notes: what was decided for the user.
        kind: of the layer; points and zones have rows, but neither tiles nor cells of a grid.
        attributes: (attribute, type) of points and zones.
        bad: (source, why) of those that were left out because they cannot be read or do not fit.
        portions: what each commit holds.
        outcomes: what became of each source.
    """

    layer: str
    version: int | None
    resolution: int
    methods: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    tiles: int
    rows: int
    cells: int
    bytes: int
    maps_made: int
    seconds: float
    notes: tuple[str, ...]
    kind: str = "grid"
    attributes: tuple[tuple[str, str], ...] = ()
    bad: tuple[tuple[str, str], ...] = ()
    portions: tuple[Portion, ...] = ()
    outcomes: tuple[Outcome, ...] = ()

    def render(self) -> str:
        """Several lines for people."""
        if self.version is None:
            nothing = "nothing was written" if self.bad else "nothing to do"
            return "\n".join([f"layer {self.layer}: {nothing}", *_ends(self.skipped, self.notes, self.bad)])
        if self.kind != "grid":
            return "\n".join([*self._of_rows(), *_ends(self.skipped, self.notes)])
        rate = self.cells / self.seconds if self.seconds else 0.0
        lines = [
            f"layer {self.layer}, version {self.version}, resolution {self.resolution}",
            f"{_count(len(self.sources), 'source')} read, {_count(self.rows, 'row')} in "
            f"{_count(self.tiles, 'tile')}, {self.cells:,} cells, {_bytes(self.bytes)}, "
            f"{self.seconds:.1f} s ({rate / 1e6:.1f} million cells a second)",
            "bands: " + ", ".join(f"{b} ({m})" for b, m in self.methods),
        ]
        if len(self.portions) > 1:
            lines += [f"{_count(len(self.portions), 'portion')}:", *_elided([_portion(p) for p in self.portions])]
        return "\n".join([*lines, *_ends(self.skipped, self.notes, self.bad)])

    def _of_rows(self) -> list[str]:
        return [
            f"layer {self.layer}, version {self.version}, {self.kind}",
            f"{_count(len(self.sources), 'source')} read, {_count(self.rows, 'row')}, {_bytes(self.bytes)}, "
            f"{self.seconds:.1f} s",
            f"attributes: {_listed(self.attributes)}",
        ]


def _listed(attributes: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in attributes) or "none"


def _portion(portion: Portion) -> str:
    span = "" if portion.first is None else f" of {portion.first}"
    span += "" if portion.first == portion.last else f" to {portion.last}"
    return (
        f"  version {portion.version}: {_count(portion.sources, 'source')}{span}, {_count(portion.rows, 'row')}, "
        f"{_bytes(portion.bytes)}, {portion.seconds:.1f} s"
    )


def _ends(
    skipped: tuple[tuple[str, str], ...], notes: tuple[str, ...], bad: tuple[tuple[str, str], ...] = ()
) -> list[str]:
    """Who was skipped or left out, and why; many of one reason in one line."""
    lines: list[str] = []
    reasons: dict[str, list[str]] = {}
    for source, why in skipped:
        reasons.setdefault(why, []).append(source)
    for why, sources in reasons.items():
        if len(sources) <= _MOST_LINES:
            lines += [f"skipped {source}: {why}" for source in sources]
        else:
            lines.append(f"skipped {len(sources):,} sources, {sources[0]} the first: {why}")
    # What is wrong mostly begins with the name.
    lines += _elided([f"left out {why}" if why.startswith(name) else f"left out {name}: {why}" for name, why in bad])
    return [*lines, *(f"note: {note}" for note in notes)]


def _elided(lines: list[str]) -> list[str]:
    """The lines, the middle of very many left out."""
    if len(lines) <= 2 * _MOST_LINES:
        return lines
    return [*lines[:_MOST_LINES], f"  … {len(lines) - 2 * _MOST_LINES:,} more …", *lines[-_MOST_LINES:]]


def _per_cell(pixels: float) -> str:
    return f"{pixels:.3g} pixels a cell" if pixels >= 1 else f"{1 / pixels:.3g} cells a pixel"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _bytes(number: int) -> str:
    size = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"

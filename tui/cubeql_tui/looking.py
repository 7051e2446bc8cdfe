"""A look at a layer: what else is known of it, and a small picture of its values. It knows no screen."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from cubeql.drawing.colours import Scale
from cubeql.drawing.hexes import Hexes
from cubeql.drawing.view import Box, View, cell_degrees
from cubeql.errors import CubeQLError
from cubeql.grid.cells import centers
from cubeql.sessions import AnySession
from cubeql.values.cells import format_cell
from cubeql_tui import asking
from cubeql_tui.examples import Sight
from cubeql_tui.map.sources import LayerSource, Quantity
from cubeql_tui.snapshot import LayerFacts

_EXTENT = re.compile(r"longitude (\S+) to (\S+), latitude (\S+) to (\S+)")
_ROWS = "rows a cell"
_SIGHT = (40, 24)  # pixels of a picture that nobody sees


class GoneOnError(Exception):
    """Something else is looked at now."""


@dataclass(frozen=True, slots=True)
class Version:
    """A state of a layer: when it was written, and what was done."""

    number: int
    time: np.datetime64
    what: str


@dataclass(frozen=True, slots=True)
class Details:
    """What is known of a layer beside its record.

    Attributes:
        told: (name, kind, unit, note) rows of DESCRIBE.
        versions: that can be read, the newest first.
        box: around its rows; None where it is not known.
    """

    told: tuple[tuple[str, str, str | None, str | None], ...]
    versions: tuple[Version, ...]
    box: Box | None

    def of(self, kind: str) -> tuple[tuple[str, str], ...]:
        """Names with notes of the rows of a kind: ``layer`` or ``store``."""
        return tuple((name, note or "") for name, of, _, note in self.told if of == kind and note)

    def lines(self) -> list[tuple[str, str]]:
        """What is to be said of it in passing."""
        newest = self.versions[0] if self.versions else None
        written = "" if newest is None else f"{str(newest.time)[:10]}, version {newest.number}"
        found = [("place", place_text(self.box) if self.box else ""), ("written", written)]
        return [(heading, text) for heading, text in found if text]


@dataclass(frozen=True, slots=True)
class Picture:
    """Values of a layer, coarse enough to be read in a moment.

    Attributes:
        quantity: whose they are.
        time: the instant of a layer that has times.
        hexes: the cells.
        scale: their colours.
        view: the window they were asked for.
    """

    quantity: Quantity
    time: np.datetime64 | None
    hexes: Hexes
    scale: Scale
    view: View


@dataclass(frozen=True, slots=True)
class Spread:
    """Where the values of all of a layer lie: exact, from its summaries.

    Attributes:
        ranges: of bands of numbers.
        shares: of bands of classes: (code, cells), the most frequent first.
    """

    ranges: dict[str, tuple[float, float]]
    shares: dict[str, tuple[tuple[int, int], ...]]


class Looker:
    """Asks for details and pictures, one after the other, in threads of the callers; what was asked once is kept.

    It has a session of its own, as what it stops must not be a statement or a question of the map.

    Args:
        store: a session on the store, which lends it.
    """

    def __init__(self, store: AnySession) -> None:
        self._store = store
        self._session: AnySession | None = None
        self._turn = threading.Lock()
        self._wanted = 0
        self._details: dict[tuple[str, int], Details] = {}
        self._pictures: dict[tuple[str, int, str, int, int], Picture | None] = {}

    def begin(self) -> int:
        """Stop what is asked now; the number stands for what will be asked next."""
        self._wanted += 1
        if self._session is not None:
            self._session.cancel()
        return self._wanted

    def close(self) -> None:
        """Let go of the store."""
        self.begin()
        if self._session is not None:
            self._session.close()

    def _ask(self, ticket: int) -> AnySession:
        """The session, for somebody who is still waiting."""
        if ticket != self._wanted:
            raise GoneOnError
        if self._session is None:
            self._session = self._store.another()
        return self._session

    def details(self, facts: LayerFacts, ticket: int) -> Details:
        """What is known of a layer.

        Raises:
            CubeQLError: it cannot be read; QueryCancelled also where it was stopped.
            GoneOnError: it is not wanted any more.
        """
        key = (facts.record.name, facts.record.version)
        with self._turn:
            if key not in self._details:
                name = facts.record.name
                rows = self._ask(ticket).query(asking.describe(name)).to_arrow().to_pylist()
                told = tuple((r["column"], r["type"], r["unit"], r["note"]) for r in rows)
                versions = self._ask(ticket).query(asking.versions(name)).to_arrow()
                self._details[key] = Details(told, _versions(versions), _box(told))
            return self._details[key]

    def picture(self, facts: LayerFacts, band: str | None, size: tuple[int, int], ticket: int) -> Picture | None:
        """The values of a band, of all of the layer at its last time; None of what has no cells.

        Args:
            facts: the layer.
            band: its name; None takes the first.
            size: of the picture in pixels.
            ticket: what :meth:`begin` gave.

        Raises:
            CubeQLError: it cannot be read; QueryCancelled also where it was stopped.
            GoneOnError: it is not wanted any more.
        """
        layer = facts.record
        if layer.kind == "zones" or not size[0] > 1 < size[1]:
            return None
        chosen = band if layer.kind == "grid" and band else layer.bands[0].name if layer.bands else ""
        key = (layer.name, layer.version, chosen, *size)
        with self._turn:
            if key not in self._pictures:
                self._pictures[key] = self._made(facts, chosen, size, ticket)
            return self._pictures[key]

    def sight(self, facts: LayerFacts, ticket: int) -> Sight | None:
        """A place where a layer has values, from a picture of it; None of what has no picture.

        Raises:
            CubeQLError: it cannot be read; QueryCancelled also where it was stopped.
            GoneOnError: it is not wanted any more.
        """
        picture = self.picture(facts, None, _SIGHT, ticket)
        cells = picture.hexes.cells[np.isfinite(picture.hexes.values)] if picture is not None else ()
        if not len(cells):
            return None
        with self._turn:
            times = LayerSource(self._ask(ticket), facts).times()
            if picture is not None and picture.quantity.name != _ROWS:
                below = format_cell(int(cells[len(cells) // 2]))
                text = asking.a_cell_of_layer(facts.record.name, picture.quantity.name, below)
                cells = self._ask(ticket).query(text).to_arrow()["cell"].to_numpy().astype(np.int64)
        if not len(cells):
            return None
        lon, lat = centers(np.asarray(cells[:1]))
        return Sight(float(lon[0]), float(lat[0]), len(times), facts.record.resolution)

    def spread(self, facts: LayerFacts, ticket: int) -> Spread:
        """The ranges and shares of all bands or attributes of a layer.

        Raises:
            CubeQLError: it cannot be read; QueryCancelled also where it was stopped.
            GoneOnError: it is not wanted any more.
        """
        record = facts.record
        bands = [b.name for b in record.bands if b.kind == "continuous"]
        bands += [a.name for a in record.attributes if a.type in ("integer", "number") and not a.classes]
        coded = [b.name for b in record.bands if b.kind == "categorical"]
        coded += [a.name for a in record.attributes if a.classes]
        with self._turn:
            ranges = {}
            if bands:
                row = self._ask(ticket).query(asking.ranges_of_layer(record.name, bands)).to_arrow().to_pylist()[0]
                ends = [(row[f"c{2 * i}"], row[f"c{2 * i + 1}"]) for i in range(len(bands))]
                ranges = {b: (float(low), float(high)) for b, (low, high) in zip(bands, ends) if low is not None}
            shares = {band: self._shares(record.name, band, ticket) for band in coded}
        return Spread(ranges, shares)

    def _shares(self, layer: str, band: str, ticket: int) -> tuple[tuple[int, int], ...]:
        rows = self._ask(ticket).query(asking.shares_of_layer(layer, band)).to_arrow().to_pylist()
        known = [(int(row["code"]), int(row["cells"])) for row in rows if row["code"] is not None]
        return tuple(sorted(known, key=lambda pair: (-pair[1], pair[0])))

    def answers(self, text: str, ticket: int, timeout_s: float) -> bool:
        """Whether a statement gives rows before somebody would grow tired of waiting.

        Raises:
            GoneOnError: it is not wanted any more.
        """
        with self._turn:
            try:
                with self._ask(ticket).query(text, timeout_s=timeout_s) as result:
                    return any(batch.num_rows for batch in result)
            except CubeQLError:
                return False

    def _made(self, facts: LayerFacts, band: str, size: tuple[int, int], ticket: int) -> Picture | None:
        source = LayerSource(self._ask(ticket), facts)
        box = source.extent()
        if box is None:
            return None
        view = View.fitting(box, *size)
        resolution = view.resolution(source.finest)
        if not band:
            return self._counted(facts, resolution, view, ticket)
        quantity = next(q for q in source.quantities if q.name == band)
        if not quantity.classes:  # their means cost little; to find the most frequent class takes long
            resolution = min(source.finest, resolution + 1)
        seen = box.grown(2 * cell_degrees(resolution))
        self._ask(ticket)
        hexes = source.hexes(quantity, resolution, seen, facts.last)
        return Picture(quantity, facts.last, hexes, Scale.of(quantity, hexes.values), view)

    def _counted(self, facts: LayerFacts, resolution: int, view: View, ticket: int) -> Picture:
        """Of points how many lie in a cell."""
        found = self._ask(ticket).query(asking.whereabouts(facts.record.name, resolution)).to_arrow()
        cells = found["cell"].to_numpy().astype(np.int64)
        order = np.argsort(cells)
        values = found["rows"].to_numpy().astype(np.float64)[order]
        quantity = Quantity(_ROWS)
        return Picture(quantity, None, Hexes(resolution, cells[order], values), Scale.of(quantity, values), view)


def _versions(table: pa.Table) -> tuple[Version, ...]:
    times = table["time"].to_numpy()
    rows = zip(table["version"].to_pylist(), times, table["what"].to_pylist(), table["readable"].to_pylist())
    found = [Version(int(number), time, what) for number, time, what, readable in rows if readable]
    return tuple(sorted(found, key=lambda version: -version.number))


def _box(told: tuple[tuple[str, str, str | None, str | None], ...]) -> Box | None:
    note = next((note for name, kind, _, note in told if (name, kind) == ("extent", "store")), None)
    found = _EXTENT.fullmatch(note or "")
    if found is None:
        return None
    west, east, south, north = (float(part) for part in found.groups())
    return Box(west, south, east, north)


def place_text(box: Box) -> str:
    """Where a region lies, in words."""
    if box.width > 359.0 and box.south < -60.0 and box.north > 60.0:
        return "the whole earth"
    digits = next((n for n in range(4) if min(box.width, box.north - box.south) > 3 * 10**-n), 4)
    south, north = (f"{abs(edge):.{digits}f}°{'N' if edge >= 0 else 'S'}" for edge in (box.south, box.north))
    west, east = (f"{abs(edge):.{digits}f}°{'E' if edge >= 0 else 'W'}" for edge in (box.west, box.east))
    return f"{south} to {north}, {west} to {east}"

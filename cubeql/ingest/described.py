"""A source told anew: its bands, times and facts as somebody says who knows it better than the file does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from cubeql.ingest.faults import refusal
from cubeql.ingest.nodata import checked_nodata
from cubeql.ingest.pixelgrid import PixelGrid, PixelWindow
from cubeql.ingest.source import Flags, Source, SourceBand, SourceDimension, SourceSlice, Values

Believe = Literal["item", "file"]


class DescribedSource:
    """Reads another source; says for itself what is in it."""

    def __init__(
        self,
        source: Source,
        name: str,
        bands: Sequence[SourceBand],
        slices: Sequence[SourceSlice] | None = None,
        facts: tuple[tuple[str, str], ...] | None = None,
    ) -> None:
        """Describe a source.

        Args:
            source: the source that is read.
            name: what to call it.
            bands: those of its bands that are wanted, with its keys.
            slices: its slices, None for its own.
            facts: of it, None for its own.
        """
        self._source = source
        self.name = name
        self.grid: PixelGrid = source.grid
        self.bands: tuple[SourceBand, ...] = tuple(bands)
        self.dimensions: tuple[SourceDimension, ...] = source.dimensions
        self.slices: tuple[SourceSlice, ...] = source.slices if slices is None else tuple(slices)
        self.facts: tuple[tuple[str, str], ...] = source.facts if facts is None else facts

    def read(self, band: SourceBand, slices: Sequence[int], window: PixelWindow) -> tuple[Values, Flags | None]:
        """See :class:`~cubeql.ingest.source.Source`."""
        return self._source.read(band, slices, window)

    def close(self) -> None:
        """See :class:`~cubeql.ingest.source.Source`."""
        self._source.close()


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a band beside its file; None and () where nothing is.

    Attributes:
        scale: decoded = stored * scale + offset.
        offset: see ``scale``.
        nodata: stored values that stand for no data.
        unit: of the decoded value.
        long_name: what it is, in words.
        classes: (code, name) of a categorical band.
        colours: (code, ``#rrggbb``) of the classes.
    """

    scale: float | None = None
    offset: float | None = None
    nodata: tuple[float | int, ...] = ()
    unit: str | None = None
    long_name: str | None = None
    classes: tuple[tuple[int, str], ...] = ()
    colours: tuple[tuple[int, str], ...] = ()


def told_band(
    where: str, band: SourceBand, name: str, told: Told, believe: Believe | None, *, nodata_given: bool
) -> SourceBand:
    """A band as its file and what is told beside it say together.

    Args:
        where: the band, for messages.
        band: as the file says.
        name: its name in the layer.
        told: what is told beside.
        believe: whom to believe where both speak and differ.
        nodata_given: the user says what is no data.

    Raises:
        IngestError: both speak and differ, and nobody is to be believed.
    """
    scale, offset = _packing(where, band, told, believe)
    nodata = band.nodata
    if told.nodata and not nodata_given:
        wanted = checked_nodata(where, told.nodata, band.dtype)
        # NaN is no data whoever says so.
        nodata = _agreed(where, "nodata", wanted, band.nodata or None, believe) if wanted else band.nodata
    return replace(
        band,
        name=name,
        scale=scale,
        offset=offset,
        nodata=nodata,
        unit=told.unit or band.unit,
        long_name=band.long_name or told.long_name,
        classes=told.classes or band.classes,
        colours=told.colours or band.colours,
    )


def _packing(
    where: str, band: SourceBand, told: Told, believe: Believe | None
) -> tuple[float | None, float | None]:
    def pair(scale: float | None, offset: float | None) -> tuple[float, float] | None:
        return None if scale is None and offset is None else (1.0 if scale is None else scale, offset or 0.0)

    beside, found = pair(told.scale, told.offset), pair(band.scale, band.offset)
    agreed = found if beside is None else _agreed(where, "scale and offset", beside, found, believe)
    return (None, None) if agreed in (None, (1.0, 0.0)) else agreed


def _agreed(where: str, what: str, told: Any, found: Any, believe: Believe | None) -> Any:
    if found is None or found == told or believe == "item":
        return told
    if believe == "file":
        return found
    raise refusal(
        where,
        f"its {what} is {_plain(told)} in the item, but {_plain(found)} in the file",
        "say whom to believe: believe='item' or believe='file' (--believe)",
    )


def _plain(values: tuple[Any, ...]) -> str:
    return " and ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values)

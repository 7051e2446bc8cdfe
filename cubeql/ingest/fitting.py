"""Making out a job of offers some of which may be bad: those are told apart where they may be left out."""

from __future__ import annotations

from collections.abc import Sequence

from cubeql.catalog import Layer
from cubeql.errors import IngestError
from cubeql.ingest.faults import SourceFault
from cubeql.ingest.offers import Offer, Opened
from cubeql.ingest.options import IngestOptions
from cubeql.ingest.pixelgrid import PixelGrid, PixelWindow
from cubeql.ingest.planning import Job, make_job
from cubeql.ingest.source import Flags, Source, SourceBand, SourceDimension, SourceSlice, Values
from cubeql.storage import Store

Bad = tuple[Offer, Exception]


def made_out(
    store: Store, opened: Sequence[Opened], layer: str, existing: Layer | None, options: IngestOptions
) -> tuple[Job | None, list[Bad]]:
    """The job of the offers that can be opened and fit together; None where none does.

    Args:
        store: where the layer is or shall be.
        opened: the offers.
        layer: its name.
        existing: the layer as it is, None for a new one.
        options: what the user said.

    Returns:
        The job, and the offers left out of it with what is wrong with each.

    Raises:
        IngestError: one is bad and none may be left out, or what is wrong is not one offer's fault.
        StoreError: the store.
    """
    bad: list[Bad] = [(one.offer, one.fault) for one in opened if one.fault is not None]
    if bad and not (options.skip_bad and all(isinstance(fault, IngestError) for _, fault in bad)):
        raise bad[0][1]
    left = [one for one in opened if one.fault is None]
    if options.skip_bad:
        left = [Opened(one.offer, tuple(Watched.of(s, one.offer) for s in one.sources)) for one in left]
    while left:
        try:
            return make_job(store, left, layer, existing, options), bad
        except IngestError:
            wrong = _misfits(store, left, layer, existing, options) if options.skip_bad else []
            if not wrong or len(wrong) == len(left):
                raise
            bad += wrong
            left = [one for one in left if all(one.offer is not offer for offer, _ in wrong)]
    return None, bad


def _misfits(
    store: Store, opened: Sequence[Opened], layer: str, existing: Layer | None, options: IngestOptions
) -> list[Bad]:
    """The offers that do not make a job alone; or, where each does, together with the first."""

    def wrong(opened_with: Sequence[Opened]) -> list[Bad]:
        found: list[Bad] = []
        for one in opened:
            try:
                make_job(store, [*(o for o in opened_with if o is not one), one], layer, existing, options)
            except IngestError as fault:
                found.append((one.offer, fault))
        return found

    return wrong(()) or wrong(opened[:1])


class Watched:
    """A source whose faults say whose they are."""

    def __init__(self, source: Source, offer: Offer) -> None:
        self._source, self._offer = source, offer
        self.name: str = source.name
        self.grid: PixelGrid = source.grid
        self.bands: tuple[SourceBand, ...] = source.bands
        self.dimensions: tuple[SourceDimension, ...] = source.dimensions
        self.slices: tuple[SourceSlice, ...] = source.slices
        self.facts: tuple[tuple[str, str], ...] = source.facts

    @staticmethod
    def of(source: Source, offer: Offer) -> Watched:
        """The source, watched once."""
        return source if isinstance(source, Watched) else Watched(source, offer)

    def read(self, band: SourceBand, slices: Sequence[int], window: PixelWindow) -> tuple[Values, Flags | None]:
        """See :class:`~cubeql.ingest.source.Source`.

        Raises:
            SourceFault: the file is damaged or gone.
        """
        try:
            return self._source.read(band, slices, window)
        except IngestError as fault:
            raise SourceFault(str(fault), self._offer) from fault

    def close(self) -> None:
        """See :class:`~cubeql.ingest.source.Source`."""
        self._source.close()

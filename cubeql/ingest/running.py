"""An ingest portion by portion, and what is kept of it for the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cubeql.catalog import Layer
from cubeql.ingest.faults import SourceFault, refusal
from cubeql.ingest.fitting import Bad, made_out
from cubeql.ingest.job import Cancel, Clearing, Watch, Written, run_job
from cubeql.ingest.ledger import Mark, mark_of, marked, sorted_out
from cubeql.ingest.offers import Offer, Opened
from cubeql.ingest.options import IngestOptions
from cubeql.ingest.planning import Job
from cubeql.ingest.portions import portions
from cubeql.ingest.report import IngestProgress, IngestReport, Outcome, Portion
from cubeql.storage import Store

Progress = Callable[[IngestProgress], None]


def existing_layer(store: Store, name: str, options: IngestOptions) -> Layer | None:
    """The layer to add to.

    Raises:
        IngestError: it is there and must not be.
    """
    existing = store.layer(name) if options.mode != "replace" else None
    if options.mode == "create" and existing is not None:
        raise refusal(f"layer {name}", "it exists already", "append to it, or give mode='replace'")
    return existing


@dataclass(slots=True, eq=False)
class Run:
    """An ingest of rasters that is going on."""

    store: Store
    name: str
    options: IngestOptions
    progress: Progress | None
    cancel: Cancel | None
    began: float
    portions: list[Portion] = field(default_factory=list)
    _layer: Layer | None = None
    _outcomes: list[Outcome] = field(default_factory=list)
    _tiles: set[int] = field(default_factory=set)
    _methods: dict[str, str] = field(default_factory=dict)
    _notes: dict[str, None] = field(default_factory=dict)
    _maps: int = 0
    _pairs: int = 0
    _left: int = 0
    _pending: list[Mark] = field(default_factory=list)

    def run(self, offers: Sequence[Offer], left: Sequence[tuple[str, str]] = ()) -> None:
        """Do what of the offers is not done yet; ``left`` are files that are none, with the reason.

        Raises:
            IngestError: a source, an argument, or their fit to the layer.
            IngestCancelled: the user said so.
            StoreError: the store.
        """
        self._layer = existing_layer(self.store, self.name, self.options)
        fresh = sorted_out(offers, self._layer, self.options)
        self._outcomes += [Outcome(name, "skipped", why) for name, why in (*left, *fresh.skipped)]
        self._left = len(fresh.offers)
        for portion in portions(fresh.offers, self.options, fresh.redone):
            self._portion(portion, [fresh.redone[i] for i in (o.offer.identity for o in portion) if i in fresh.redone])
        empty = [o.source for o in self._outcomes if o.what == "read"]
        if empty and not self.portions:
            raise refusal(
                ", ".join(empty[:3]),
                "no cell gets a value: there is no valid pixel",
                "check nodata=, crs= and the bands",
            )

    def _portion(self, opened: Sequence[Opened], redone: Sequence[Mark]) -> None:
        # What is left out of a portion that replaces rows would lose those it has.
        options = replace(self.options, on_conflict="replace", skip_bad=False) if redone else self.options
        began = time.monotonic()
        left = tuple(opened)
        self._left -= len(left)
        while left:
            job, bad = made_out(self.store, left, self.name, self._layer, options)
            self._leave_out(bad)
            if job is None:
                return
            try:
                self._book(job, *self._written(job, options, redone), began)
            except SourceFault as fault:
                offer = next(one.offer for one in job.opened if one.offer is fault.source)
                self._leave_out([(offer, fault)])
                left = tuple(one for one in job.opened if one.offer is not offer)
            else:
                return

    def _written(self, job: Job, options: IngestOptions, redone: Sequence[Mark]) -> tuple[Written, list[Mark]]:
        marks = [mark_of(o.offer, self.options, [m.time for m in job.moments_of(o)]) for o in job.opened]
        record = marked(job.layer, job.existing, [*self._pending, *marks])
        before = sum(p.cells for p in self.portions)

        def tell(done: int, pairs: int, cells: int) -> None:
            if self.progress is not None:
                total = self._pairs + pairs + pairs * self._left // len(job.opened)
                seconds = time.monotonic() - self.began
                self.progress(IngestProgress(self._pairs + done, total, before + cells, seconds))

        written = run_job(self.store, job, record, options, Watch(self.cancel), tell, _cleared(redone))
        return written, marks

    def _book(self, job: Job, written: Written, marks: list[Mark], began: float) -> None:
        self._pairs += sum(len(f.tiles) * len(f.pictures) for f in job.feeds)
        self._maps += sum({id(m): m.made for f in job.feeds for m in f.maps.values()}.values())
        self._methods |= dict(job.plan.methods)
        self._notes |= dict.fromkeys(job.plan.notes)
        moments = {one.offer.name: job.moments_of(one) for one in job.opened}
        for one in job.opened:
            names = tuple(dict.fromkeys(u.name for f in job.feeds if f.source in one.sources for u in f.uses))
            self._outcomes.append(
                Outcome(one.offer.name, "read", None, names, len(moments[one.offer.name]), written.version)
            )
        if written.version is None:
            # Known for what they are with the next commit.
            self._pending += marks
            return
        self._pending = []
        self._tiles |= written.tiles
        self._layer = self.store.layer(self.name)
        times = [m.time for own in moments.values() for m in own if m.time is not None]
        first, last = (_text(min(times)), _text(max(times))) if times else (None, None)
        seconds = time.monotonic() - began
        self.portions.append(
            Portion(
                written.version, len(job.opened), first, last, written.rows, written.cells, written.bytes, seconds
            )
        )

    def _leave_out(self, bad: Sequence[Bad]) -> None:
        self._outcomes += [Outcome(offer.name, "bad", str(fault)) for offer, fault in bad]

    def report(self) -> IngestReport:
        """Of what was done so far."""
        layer = self._layer

        def listed(what: str) -> tuple[tuple[str, str], ...]:
            return tuple((o.source, o.why or "") for o in self._outcomes if o.what == what)

        return IngestReport(
            layer=layer.name if layer is not None else self.name,
            version=self.portions[-1].version if self.portions else None,
            resolution=layer.resolution if layer is not None else 0,
            methods=tuple(self._methods.items()),
            sources=tuple(o.source for o in self._outcomes if o.what == "read"),
            skipped=listed("skipped"),
            tiles=len(self._tiles),
            rows=sum(p.rows for p in self.portions),
            cells=sum(p.cells for p in self.portions),
            bytes=sum(p.bytes for p in self.portions),
            maps_made=self._maps,
            seconds=time.monotonic() - self.began,
            notes=tuple(self._notes),
            bad=listed("bad"),
            portions=tuple(self.portions),
            outcomes=tuple(self._outcomes),
        )

    def standing(self) -> str:
        """What is in the layer of an ingest that ended before its end."""
        if not self.portions:
            return "the layer is as it was"
        count, sources = len(self.portions), sum(p.sources for p in self.portions)
        what = f"{count} portion{'s' if count > 1 else ''} with {sources} source{'s' if sources > 1 else ''}"
        return f"{what} stay in the layer as version {self.portions[-1].version}; run it again for the rest"


def _cleared(redone: Sequence[Mark]) -> Clearing:
    """The times whose rows leave the layer with the marks: () for none, None for all of a layer without time."""
    spans = [mark.span for mark in redone]
    known = [span for span in spans if span is not None]
    return None if len(known) < len(spans) else known


def _text(time: np.datetime64) -> str:
    whole = time.astype("datetime64[s]")
    return f"{whole if whole == time else time}Z"


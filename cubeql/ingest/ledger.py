"""Which sources a layer was made of, so that an ingest run again skips what is there.

The layer's record keeps a word for each source, ``identity:state:times``: digests of what it is and what was asked of
it, and of the state its bytes were in (etag, size, time of change), and the seconds its pictures lie between. The
words travel in the commit of the rows they speak of.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from cubeql.catalog import Layer
from cubeql.ingest.faults import refusal
from cubeql.ingest.offers import Offer
from cubeql.ingest.options import IngestOptions

INGESTED_FACT = "ingested"
_THERE = "it is in the layer already"
_CHANGED = "it is in the layer, but has changed since; replace_changed (--replace-changed) reads it again"


@dataclass(frozen=True, slots=True)
class Mark:
    """A word of the ledger.

    Attributes:
        identity: digest of the source and of what was asked of it.
        state: digest of the state of its bytes.
        first: second (since 1970) of its first picture; None in a layer without time.
        last: second of its last picture.
    """

    identity: str
    state: str
    first: int | None = None
    last: int | None = None

    @property
    def word(self) -> str:
        """As it is written."""
        times = "" if self.first is None else f"{self.first:x}" + ("" if self.last == self.first else f"_{self.last:x}")
        return f"{self.identity}:{self.state}:{times}"

    @staticmethod
    def of(word: str) -> Mark:
        """The mark of a word."""
        identity, state, times = word.split(":")
        first, _, last = times.partition("_")
        return Mark(identity, state, int(first, 16) if first else None, int(last or first, 16) if first else None)

    @property
    def span(self) -> tuple[np.datetime64, np.datetime64] | None:
        """From the first second to the end of the last; None in a layer without time."""
        if self.first is None or self.last is None:
            return None
        return np.datetime64(self.first, "s").astype("M8[us]"), np.datetime64(self.last + 1, "s").astype("M8[us]")

    def meets(self, other: Mark) -> bool:
        """Whether both may have pictures of the same time."""
        if self.first is None or other.first is None or self.last is None or other.last is None:
            return True
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True)
class Fresh:
    """The offers sorted out.

    Attributes:
        offers: those to be read.
        redone: of those among them whose rows in the layer are to be replaced, the marks by identity.
        skipped: (name, why) of the others.
    """

    offers: tuple[Offer, ...]
    redone: Mapping[str, Mark]
    skipped: tuple[tuple[str, str], ...]


def sorted_out(offers: Sequence[Offer], existing: Layer | None, options: IngestOptions) -> Fresh:
    """Leave out the sources that the layer has already, unless the user wants them again.

    Raises:
        IngestError: a source changed whose rows may hold what others brought that are not named.
    """
    known = {} if options.again or options.on_conflict != "error" else marks_of(existing)
    marks = [mark_of(offer, options) for offer in offers]
    there = [known.get(mark.identity) for mark in marks]
    changed = {o.identity: old for o, m, old in zip(offers, marks, there, strict=True) if old and old.state != m.state}
    redone: dict[str, Mark] = {}
    if options.replace_changed and changed:
        # Rows are replaced as a whole: what others brought into them is read again too.
        _check_named(changed, known, {m.identity for m in marks})
        redone = {o.identity: old for o, old in zip(offers, there, strict=True) if old and _meets(old, changed)}
    found: list[Offer] = []
    skipped: list[tuple[str, str]] = []
    for offer, old in zip(offers, there, strict=True):
        if old is None or offer.identity in redone:
            found.append(offer)
        else:
            skipped.append((offer.name, _CHANGED if offer.identity in changed else _THERE))
    return Fresh(tuple(found), redone, tuple(skipped))


def _meets(mark: Mark, changed: Mapping[str, Mark]) -> bool:
    return any(mark.meets(other) for other in changed.values())


def _check_named(changed: Mapping[str, Mark], known: Mapping[str, Mark], named: Set[str]) -> None:
    others = [mark for identity, mark in known.items() if identity not in named]
    for name, old in changed.items():
        count = sum(old.meets(mark) for mark in others)
        if count:
            raise refusal(
                name,
                f"it changed, and the layer has rows of its time from {count} more sources, which would be lost",
                "name those too, or ingest it with on_conflict='merge'",
            )


def marks_of(layer: Layer | None) -> dict[str, Mark]:
    """The marks of a layer by identity."""
    words = dict(layer.extras).get(INGESTED_FACT, "").split() if layer else []
    return {mark.identity: mark for mark in map(Mark.of, words)}


def mark_of(offer: Offer, options: IngestOptions, times: Iterable[np.datetime64 | None] = ()) -> Mark:
    """The mark of an offer.

    Args:
        offer: the offer.
        options: what is asked of it.
        times: of its pictures, where they are known.
    """
    asked = (options.bands, options.band_pattern, offer.given, options.method, options.nodata)
    seconds = [int(t.astype("datetime64[s]").astype(np.int64)) for t in times if t is not None]
    return Mark(
        _digest(f"{offer.identity}|{asked!r}", 9),
        _digest(offer.state, 6),
        min(seconds) if seconds else None,
        max(seconds) if seconds else None,
    )


def _digest(text: str, size: int) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:size]).decode()


def marked(record: Layer, existing: Layer | None, marks: Sequence[Mark]) -> Layer:
    """The record with the marks of newly ingested sources, in place of earlier ones of the same sources."""
    together = marks_of(existing) | {m.identity: m for m in marks}
    words = " ".join(m.word for m in together.values())
    extras = dict(record.extras) | {INGESTED_FACT: words}
    return replace(record, extras=tuple(sorted(extras.items())))

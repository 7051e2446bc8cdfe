"""Cutting an ingest into portions, each of which becomes one commit.

A portion holds whole moments, in the order of time, so that no commit shows half a mosaic; it is bounded by how many
sources and how many bytes of pixels it has, unless one moment alone has more. What can be dated without being opened
is opened only when its portion comes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from cubeql.ingest.faults import refusal
from cubeql.ingest.offers import Offer, Opened, opened
from cubeql.ingest.options import IngestOptions
from cubeql.ingest.source import Source

Key = tuple[int | None, tuple[object, ...]]
"""What tells moments apart: microseconds and the values of dimensions."""


def portions(
    offers: Sequence[Offer], options: IngestOptions, again: Collection[str] = ()
) -> Iterator[tuple[Opened, ...]]:
    """The offers, opened, in portions; those at fault are among them.

    Args:
        offers: in the order in which a mosaic prefers them, which holds within each portion.
        options: what the user said.
        again: identities of offers whose rows are replaced: with all that share their moments they are the last
            portion, one whatever its size, since their rows leave the layer together.

    Raises:
        IngestError: some have a time and others have none.
    """
    if is_whole(options):
        yield tuple(opened(offers, options))
        return
    ready = _undated(offers, options)
    bad = tuple(o for o in ready.values() if o.fault is not None)
    if bad and not options.skip_bad:
        # Before anything is written.
        yield bad
        return
    good = [i for i, o in enumerate(offers) if i not in ready or ready[i].fault is None]
    groups = _groups(good, _keys(offers, good, ready))
    redone = {i for group in groups if any(offers[i].identity in again for i in group) for i in group}
    groups.sort(key=lambda group: group[0] in redone)
    portion: list[int] = []
    size = 0
    for group in _opened(groups, offers, ready, options):
        more = sum(_bytes(ready[i].sources) for i in group)
        full = len(portion) + len(group) > options.portion_sources or size + more > options.portion_bytes
        full = full and group[0] not in redone
        if portion and (full or (group[0] in redone) != (portion[0] in redone)):
            yield _of(portion, ready)
            portion, size = [], 0
        portion, size = [*portion, *group], size + more
    if portion or bad:
        yield (*_of(portion, ready), *bad)


def is_whole(options: IngestOptions) -> bool:
    """Whether everything is to become one commit."""
    return options.commit == "whole" or (options.commit is None and options.mode == "replace")


def _undated(offers: Sequence[Offer], options: IngestOptions) -> dict[int, Opened]:
    """Those of which no time is known before they are opened, by their numbers."""
    numbers = [i for i, offer in enumerate(offers) if offer.times is None]
    return dict(zip(numbers, opened([offers[i] for i in numbers], options), strict=True))


def _opened(
    groups: Sequence[list[int]], offers: Sequence[Offer], ready: dict[int, Opened], options: IngestOptions
) -> Iterator[list[int]]:
    for group in groups:
        numbers = [i for i in group if i not in ready]
        ready |= zip(numbers, opened([offers[i] for i in numbers], options), strict=True)
        yield group


def _of(numbers: Sequence[int], ready: dict[int, Opened]) -> tuple[Opened, ...]:
    return tuple(ready.pop(i) for i in sorted(numbers))


def _keys(offers: Sequence[Offer], numbers: Sequence[int], ready: dict[int, Opened]) -> dict[int, set[Key]]:
    """The moments of each offer; by time alone where the dimensions of some are not known yet."""
    plain = any(i not in ready for i in numbers)
    found: dict[int, set[Key]] = {}
    for i in numbers:
        times = offers[i].times
        if times is not None:
            found[i] = {(_microseconds(t), ()) for t in times}
        else:
            slices = [one for source in ready[i].sources for one in source.slices]
            found[i] = {(_microseconds(s.time), () if plain else s.dimensions) for s in slices}
    without = [i for i, keys in found.items() if any(time is None for time, _ in keys)]
    if without and len(without) < len(found):
        raise refusal(offers[without[0]].name, "has no time, but other sources have", "give time= or time_pattern=")
    return found


def _microseconds(time: np.datetime64 | None) -> int | None:
    return None if time is None else int(time.astype("datetime64[us]").astype(np.int64))


def _groups(numbers: Sequence[int], keys: dict[int, set[Key]]) -> list[list[int]]:
    """Offers that share a moment, directly or through others, in the order of their earliest."""
    leader = {i: i for i in numbers}

    def find(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    holder: dict[Key, int] = {}
    for i in numbers:
        for key in keys[i]:
            leader[find(i)] = find(holder.setdefault(key, i))
    groups: dict[int, list[int]] = {}
    for i in numbers:
        groups.setdefault(find(i), []).append(i)
    return sorted(groups.values(), key=lambda group: min(min(t or 0 for t, _ in keys[i]) for i in group))


def _bytes(sources: Sequence[Source]) -> int:
    """Of all the pixels of the sources."""
    return sum(s.grid.pixels * len(s.slices) * sum(b.dtype.itemsize for b in s.bands) for s in sources)

"""What is offered to an ingest: sources named, not opened yet.

An offer is the unit that the ledger knows, that a report speaks of and that is left out as a whole where a part of
it is bad: one file, one STAC item with its assets, one scene whose bands are files of their own.
"""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cubeql.ingest.faults import shown
from cubeql.ingest.network import is_s3, state_on_s3
from cubeql.ingest.options import IngestOptions
from cubeql.ingest.source import Source
from cubeql.ingest.stamps import Given

_AT_ONCE = 8
_HEAD_TIMEOUT_S = 20


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """One source before it is opened.

    Attributes:
        name: what to call it in messages: a path, an address without its query, an item.
        identity: what makes it the same source when it is named again.
        state: what changes when its bytes do (size and time of change, etag, checksum); '' where nobody says.
        opened: opens it: one source, or several that are bands of one scene.
        given: the time it was given.
        own: times that are known of it without opening it; None where they are not.
        settled: its sources already have the bands that are wanted, under the layer's names.
    """

    name: str
    identity: str
    state: str
    opened: Callable[[IngestOptions], tuple[Source, ...]]
    given: Given = None
    own: tuple[np.datetime64, ...] | None = None
    settled: bool = False

    @property
    def times(self) -> tuple[np.datetime64, ...] | None:
        """All times that are known without opening it."""
        if isinstance(self.given, np.datetime64):
            return (self.given,)
        return self.own if self.given is None else self.given


def is_remote(path: str) -> bool:
    """Whether reading it goes over a network."""
    return ("://" in path and not path.startswith("file://")) or path.startswith("/vsi")


def identity_of(path: str) -> str:
    """What makes a path the same source when it is named again."""
    return shown(path) if is_remote(path) or not Path(path).exists() else os.path.abspath(path)  # noqa: PTH100


def state_of(path: str) -> str:
    """What changes when the bytes at a path do; '' where nobody says."""
    if path.startswith(("http://", "https://")):
        return _state_by_http(path)
    if is_s3(path):
        return state_on_s3(path)
    place = Path(path)
    if not place.exists():
        return ""
    if place.is_dir():  # a Zarr store: its files
        return "|".join(map(str, _totals(place)))
    stat = place.stat()
    return f"{stat.st_size}|{stat.st_mtime_ns}"


def states_of(paths: Sequence[str]) -> list[str]:
    """The states of many paths, those over a network several at a time."""
    if not any(is_remote(p) for p in paths):
        return [state_of(p) for p in paths]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="cubeql-ingest-states") as pool:
        return list(pool.map(state_of, paths))


def _totals(folder: Path) -> tuple[int, int, int]:
    count = size = latest = 0
    for place, _, names in os.walk(folder):
        for name in names:
            stat = os.stat(os.path.join(place, name))  # noqa: PTH116, PTH118 (a store may hold a million files)
            count, size, latest = count + 1, size + stat.st_size, max(latest, stat.st_mtime_ns)
    return count, size, latest


def _state_by_http(url: str) -> str:
    """The server's word; where it says nothing, opening the file will tell what is wrong."""
    request = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=_HEAD_TIMEOUT_S) as answer:
            found = [answer.headers.get(h) or "" for h in ("ETag", "Content-Length", "Last-Modified")]
    except (urllib.error.URLError, OSError, ValueError):
        return ""
    return found[0] or "|".join(found[1:]).strip("|")


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """An offer and its sources, or what was at fault when it was opened."""

    offer: Offer
    sources: tuple[Source, ...] = ()
    fault: Exception | None = None


def opened(offers: Iterable[Offer], options: IngestOptions) -> list[Opened]:
    """Open offers; faults are handed back, not raised."""
    found = []
    for offer in offers:
        try:
            found.append(Opened(offer, offer.opened(options)))
        except Exception as fault:
            found.append(Opened(offer, fault=fault))
    return found

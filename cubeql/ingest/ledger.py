"""Which sources a layer was made of, so that an ingest run again skips what is there.

The layer keeps a mark for each source: a digest of its address, size, time of change and of what was asked of
it. A source that changed, or of which other bands are asked, has another mark.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cubeql.catalog import Layer
from cubeql.ingest.options import IngestOptions

INGESTED_FACT = "ingested"


@dataclass(frozen=True, slots=True)
class Fresh:
    """The sources that are to be read.

    Attributes:
        paths: of them.
        marks: theirs.
        skipped: (path, why) of the others.
        options: what the user said, with the times of these sources only.
    """

    paths: tuple[str, ...]
    marks: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    options: IngestOptions


def fresh_sources(paths: Sequence[str], existing: Layer | None, options: IngestOptions) -> Fresh:
    """Leave out the sources that the layer has already, unless the user wants them again."""
    known = set(dict(existing.extras).get(INGESTED_FACT, "").split()) if existing else set()
    if options.again or options.on_conflict != "error":
        known = set()
    times = options.time if isinstance(options.time, list | tuple) and len(options.time) == len(paths) else None
    found, skipped, own_times = [], [], []
    for i, path in enumerate(paths):
        time = times[i] if times is not None else options.time
        mark = _mark(path, time, options)
        if mark in known:
            skipped.append((path, "it is in the layer already"))
        else:
            found.append((path, mark))
            own_times.append(time)
    left = options if times is None or not skipped else replace(options, time=own_times)
    return Fresh(tuple(p for p, _ in found), tuple(m for _, m in found), tuple(skipped), left)


def _mark(path: str, time: Any, options: IngestOptions) -> str:
    state = ""
    if Path(path).exists():
        stat = Path(path).stat()
        path, state = os.path.abspath(path), f"{stat.st_size}|{stat.st_mtime_ns}"  # noqa: PTH100
    asked = (options.bands, options.band_pattern, time, options.time_pattern, options.method, options.nodata)
    return hashlib.sha256(f"{path}|{state}|{asked!r}".encode()).hexdigest()[:12]


def marked(record: Layer, existing: Layer | None, marks: Sequence[str]) -> Layer:
    """The record with the marks of newly ingested sources."""
    extras = dict(record.extras)
    before = dict(existing.extras).get(INGESTED_FACT, "").split() if existing else []
    extras[INGESTED_FACT] = " ".join(dict.fromkeys([*before, *marks]))
    return replace(record, extras=tuple(sorted(extras.items())))

"""Scenes whose bands are files of their own, told apart by their names.

A pattern has fields: ``{band}`` is the band, ``{time}`` (or ``{time:%Y%m%d}``) the time, ``{res}`` a pixel size, of
which the finest counts where a band has several files, ``{*}`` anything that does not matter; every other field tells
scenes apart. A pattern speaks of the end of a path, as many folders as it has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from cubeql.errors import IngestError, nearest
from cubeql.ingest.bands import cleaned
from cubeql.ingest.described import DescribedSource
from cubeql.ingest.faults import refusal, shown
from cubeql.ingest.offers import Offer, identity_of, states_of
from cubeql.ingest.opening import open_source
from cubeql.ingest.options import IngestOptions
from cubeql.ingest.source import Source
from cubeql.ingest.stamps import digits_of, time_in_name

KNOWN = {
    "sentinel-2": (
        "T{tile}_{time:%Y%m%dT%H%M%S}_{band}_{res}m.jp2", "T{tile}_{time:%Y%m%dT%H%M%S}_{band}.jp2",
        "L2A_T{tile}_{time:%Y%m%dT%H%M%S}_{band}_{res}m.jp2",
    ),
    "landsat": ("{sensor}_{level}_{pathrow}_{time:%Y%m%d}_{*}_{collection}_{tier}_{band}.tif",),
}  # fmt: skip
"""Patterns of missions by name; of several the first that fits a name counts."""

_ANY_TIME = r"\d[0-9TZ:-]*"
_FIELD = re.compile(r"\{([^{}:]*)(?::([^{}]*))?\}")


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a scene."""

    path: str
    scene: str
    band: str
    metres: float
    time: str | None
    format: str


def scene_offers(paths: Sequence[str], options: IngestOptions) -> tuple[list[Offer], list[tuple[str, str]]]:
    """An offer a scene, and the files that fit no scene with the reason.

    Raises:
        IngestError: a pattern that means nothing, or that no file fits.
    """
    assert options.file_pattern is not None
    patterns = [_compiled(p) for p in KNOWN.get(options.file_pattern, (options.file_pattern,))]
    scenes: dict[str, list[_File]] = {}
    left: list[tuple[str, str]] = []
    for path in paths:
        file = next((f for f in (_fitted(path, *p) for p in patterns) if f is not None), None)
        if file is None:
            left.append((path, f"its name is not of the form {options.file_pattern}"))
        else:
            scenes.setdefault(file.scene, []).append(file)
    if not scenes:
        raise refusal(paths[0], f"its name is not of the form {options.file_pattern!r}, nor is any other")
    return [_offer(name, files, options) for name, files in scenes.items()], left


def _compiled(pattern: str) -> tuple[re.Pattern[str], str]:
    formats: list[str] = []

    def field(match: re.Match[str]) -> str:
        name, form = match[1], match[2]
        if form is not None and name != "time":
            raise refusal("file_pattern", f"{match[0]} has a form, which only the time has", "write {time:%Y%m%d}")
        if name == "time":
            formats.append(form or "auto")
            return f"(?P<time>{digits_of(form) if form else _ANY_TIME})"
        if name == "res":
            return r"(?P<res>\d+(?:\.\d+)?)"
        if name == "*":
            return r"[^/]+?"
        if not name.isidentifier():
            raise refusal("file_pattern", f"{match[0]} is no field", "write {band}, {time}, {tile} or {*}")
        return rf"(?P<{name}>[^/]+?)"

    parts = _FIELD.split(pattern)
    literal = iter(parts[::3])
    body = re.escape(next(literal)) + "".join(
        field(match) + re.escape(text) for match, text in zip(_FIELD.finditer(pattern), literal, strict=True)
    )
    try:
        compiled = re.compile(rf"(?:.*/)?{body}", re.IGNORECASE)
    except re.error as fault:
        raise refusal("file_pattern", f"{pattern!r} cannot be used ({fault})", "each field once") from fault
    if "band" not in compiled.groupindex:
        raise refusal("file_pattern", f"{pattern!r} does not say where the band is", "write {band} in it")
    return compiled, formats[0] if formats else "auto"


def _fitted(path: str, pattern: re.Pattern[str], form: str) -> _File | None:
    match = pattern.fullmatch(path.replace("\\", "/"))
    if match is None:
        return None
    found = match.groupdict()
    band, time, metres = found.pop("band"), found.pop("time", None), found.pop("res", None)
    # Folders before the pattern tell scenes apart only where no field does.
    told = "|".join(f"{k}={v}" for k, v in sorted(found.items())) + f"|{time}"
    start, end = match.span("band")
    scene = told if found or time else f"{path[:start]}*{path[end:]}"
    return _File(path, scene, band, float(metres or 0), time, form)


def _offer(scene: str, files: Sequence[_File], options: IngestOptions) -> Offer:
    first = files[0]
    name = _name(first)
    try:
        wanted = _wanted(name, files, options)
    except IngestError as fault:
        return Offer(name, name, "", partial(_refused, fault), settled=True)
    paths = [file.path for file in wanted.values()]
    given: np.datetime64 | None = None
    if first.time is not None and options.time is None and options.time_pattern is None:
        given = time_in_name(first.time, first.format)
    identity = f"{identity_of(first.path).rpartition('/')[0]}|{scene}"
    opened = partial(_opened, name, tuple(wanted.items()))
    state = "|".join(states_of(paths))
    return Offer(name, identity, state, opened, given, settled=True)


def _name(file: _File) -> str:
    """The path of a scene's first file, a star for the band."""
    folder, slash, name = shown(file.path).rpartition("/")
    return f"{folder}{slash}{name.replace(file.band, '*')}"


def _refused(fault: IngestError, _: IngestOptions) -> tuple[Source, ...]:
    raise fault


def _wanted(name: str, files: Sequence[_File], options: IngestOptions) -> dict[str, _File]:
    """Name in the layer and file of the bands that are wanted."""
    finest: dict[str, _File] = {}
    for file in files:
        there = finest.get(file.band)
        if there is not None and there.metres == file.metres:
            raise refusal(name, f"has two files of the band {file.band}: {there.path} and {file.path}", "name one")
        if there is None or file.metres < there.metres:
            finest[file.band] = file
    given = options.bands
    if given is None:
        return {cleaned(band): file for band, file in finest.items()}
    if isinstance(given, Mapping):
        return {str(n): _found(name, finest, which) for n, which in given.items()}
    listed = [given] if isinstance(given, str | int) else given
    return {cleaned(str(which)): _found(name, finest, which) for which in listed}


def _found(name: str, files: Mapping[str, _File], which: str | int) -> _File:
    for band, file in files.items():
        if band.casefold() == str(which).casefold():
            return file
    near = nearest(str(which), list(files)) or tuple(files)
    raise refusal(name, f"has no file of the band {which!r}", f"it has {', '.join(near)}")


def _opened(name: str, wanted: Sequence[tuple[str, _File]], options: IngestOptions) -> tuple[Source, ...]:
    found = []
    for band, file in wanted:
        source = open_source(file.path, replace(options, bands=None))
        if len(source.bands) != 1:
            raise refusal(shown(file.path), f"has {len(source.bands)} bands", f"a file of one is needed in {name}")
        found.append(DescribedSource(source, source.name, [replace(source.bands[0], name=band)]))
    return tuple(found)

"""Which bands of the sources become which bands of the layer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from cubeql.errors import nearest
from cubeql.ingest.classes import given_classes
from cubeql.ingest.faults import refusal
from cubeql.ingest.offers import Opened
from cubeql.ingest.options import IngestOptions
from cubeql.ingest.source import Source, SourceBand
from cubeql.storage.names import RESERVED


@dataclass(frozen=True, slots=True)
class Choice:
    """A band of a source and the name it has in the layer."""

    name: str
    band: SourceBand


def chosen_bands(opened: Sequence[Opened], options: IngestOptions) -> list[tuple[Choice, ...]]:
    """For every source of every offer, its bands that are wanted under the names the layer gives them.

    Raises:
        IngestError: a band that is not there, offers with different bands, names given twice.
    """
    found: list[tuple[Choice, ...]] = []
    sets: list[set[str]] = []
    for one in opened:
        own = [_settled(s) if one.offer.settled else _of_source(s, options) for s in one.sources]
        _check_names(one, [c.name for choices in own for c in choices])
        sets.append({c.name for choices in own for c in choices})
        found += own
    if options.band_pattern is None:
        for one, names in zip(opened, sets, strict=True):
            if names != sets[0]:
                raise refusal(
                    one.offer.name,
                    f"has the bands {_listed(names)}, but {opened[0].offer.name} has {_listed(sets[0])}",
                    "choose with bands=, or name single-band files with band_pattern=",
                )
    return found


def _settled(source: Source) -> tuple[Choice, ...]:
    return tuple(Choice(band.name or own_name(source, band), band) for band in source.bands)


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _check_names(one: Opened, names: list[str]) -> None:
    folded = [n.casefold() for n in names]
    for name in names:
        if folded.count(name.casefold()) > 1:
            raise refusal(one.offer.name, f"two bands would be named {name!r}", "name them with bands={name: band}")


def _of_source(source: Source, options: IngestOptions) -> tuple[Choice, ...]:
    if options.band_pattern is not None:
        return (_of_pattern(source, options.band_pattern),)
    wanted = options.bands
    if wanted is None:
        return tuple(Choice(own_name(source, b), b) for b in source.bands)
    if isinstance(wanted, Mapping):
        return tuple(Choice(str(name), _band(source, key)) for name, key in wanted.items())
    bands = [_band(source, key) for key in ([wanted] if isinstance(wanted, str | int) else wanted)]
    return tuple(Choice(own_name(source, b), b) for b in bands)


def _of_pattern(source: Source, pattern: str) -> Choice:
    try:
        match = re.search(pattern, PurePosixPath(source.name).name)
    except re.error as fault:
        raise refusal("band_pattern", f"{pattern!r} is no regular expression ({fault})") from fault
    if match is None or not match.groups() or not match[1]:
        raise refusal(
            source.name,
            f"its name does not hold the band as {pattern!r}",
            "write the band as the first group",
        )
    if len(source.bands) != 1:
        raise refusal(source.name, f"has {len(source.bands)} bands", "band_pattern= is for files of one band")
    return Choice(cleaned(match[1]), source.bands[0])


def _band(source: Source, key: str | int) -> SourceBand:
    if isinstance(key, int) or (isinstance(key, str) and key.isdigit()):
        number = int(key)
        if not 1 <= number <= len(source.bands):
            raise refusal(source.name, f"has no band {number}", f"it has {len(source.bands)}, counted from 1")
        return source.bands[number - 1]
    for same in (str.__eq__, lambda a, b: a.casefold() == b.casefold()):
        for band in source.bands:
            if any(same(key, name) for name in (band.name or "", own_name(source, band))):
                return band
    names = [own_name(source, b) for b in source.bands]
    near = nearest(key, names) or tuple(names[:8])
    raise refusal(source.name, f"has no band {key!r}", f"it has {', '.join(near)}")


def own_name(source: Source, band: SourceBand) -> str:
    """The name a band has untold: its own as an identifier, else ``value`` or ``b1``, ``b2``, …"""
    name = cleaned(band.name) if band.name else ""
    if not name:
        return "value" if len(source.bands) == 1 else f"b{source.bands.index(band) + 1}"
    return name


def cleaned(text: str) -> str:
    """A name as an identifier: other signs become single underscores; '' if nothing is left.

    A name that begins with a digit gets a ``b`` in front, one that the store keeps for itself a ``_`` behind.
    """
    name = re.sub(r"[^0-9A-Za-z]+", "_", text).strip("_")[:60]
    if name[:1].isdigit():
        name = f"b{name}"
    return f"{name}_" if name.lower() in RESERVED else name


def classes_by_band(names: Sequence[str], options: IngestOptions) -> dict[str, tuple[tuple[int, str], ...]]:
    """The classes that the user gave, by band.

    Raises:
        IngestError: classes for a band that is not there, or for no band where several could be meant.
    """
    given = options.classes
    if not given:
        return {}
    if all(isinstance(v, Mapping | list | tuple) for v in given.values()):
        for name in given:
            _check_known("classes", str(name), names)
        return {str(n): given_classes(f"band {n}", c) for n, c in given.items()}
    meant = [n for n in names if n in options.categorical] or list(names)
    if len(meant) != 1:
        raise refusal("classes", f"they could be those of {', '.join(meant)}", "write classes={band: {code: name}}")
    return {meant[0]: given_classes(f"band {meant[0]}", given)}


def check_mentioned(names: Sequence[str], options: IngestOptions) -> None:
    """Refuse arguments that speak of bands the layer does not have.

    Raises:
        IngestError: names the argument and the band.
    """
    for name in options.categorical:
        _check_known("categorical", name, names)
    for name in options.units or {}:
        _check_known("units", name, names)
    if isinstance(options.method, Mapping):
        for name in options.method:
            _check_known("method", name, names)


def _check_known(argument: str, name: str, names: Sequence[str]) -> None:
    if name not in names:
        near = nearest(name, names) or tuple(names)[:8]
        raise refusal(argument, f"there is no band {name!r}", f"bands are {', '.join(near)}")

"""Which files of a layer are worth writing anew, and together: planned from the log alone, without opening one.

In order of their keys, files should follow one another without overlapping, and be of about one size. A file that
overlaps with none, is not small beside other small ones and not too large stays as it is, so that doing it again does
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cubeql.catalog import Layer
from cubeql.storage.table import DataFile, TableState, data_files

PORTION_BYTES = {"grid": 2**30, "points": 2**27, "zones": 2**27}
"""Bytes of files that are written anew in one commit."""
_SMALL = 0.25  # of the target
_LARGE = 2.0
_FIRST = {"grid": "tile", "points": "cell", "zones": "zone"}


@dataclass(frozen=True, slots=True)
class Portion:
    """Files that one commit replaces by others with the same rows.

    Attributes:
        files: them.
        cuts: into how many parts to cut the rows, so that overlapping files too many for one commit become files
            that overlap in no part; 0 to write them in order.
    """

    files: tuple[DataFile, ...]
    cuts: int = 0

    @property
    def bytes(self) -> int:
        """Bytes to read."""
        return sum(f.bytes for f in self.files)


@dataclass(frozen=True, slots=True)
class Sizes:
    """What files should be like.

    Attributes:
        target: bytes of a file.
        portion: bytes of a commit.
    """

    target: int
    portion: int

    def files(self, count: int) -> int:
        """Files that so many bytes make."""
        return max(1, math.ceil(count / self.target))


def plan(
    layer: Layer, state: TableState, sizes: Sizes, is_old: Callable[[DataFile], bool] = lambda _: False
) -> list[Portion]:
    """The portions of a compaction, in order.

    Args:
        layer: the layer.
        state: its table.
        sizes: of files and portions.
        is_old: whether a file lacks columns that files have today.
    """
    first = _FIRST[layer.kind]
    files = sorted(data_files(state, state.files["path"].to_pylist()), key=lambda f: _order(f, first))
    portions = []
    for run in _runs(_overlapping(files, first), sizes, is_old):
        for group in _within(run, sizes.portion):
            portions += _portions(group, sizes, is_old)
    return portions


def _order(file: DataFile, first: str) -> tuple[Any, ...]:
    # A file without bounds may hold anything; it comes first and overlaps with all.
    least = file.minimum.get(first)
    time = file.minimum.get("time")
    return (least is not None, least or 0, file.maximum.get(first, 0), "" if time is None else str(time), file.name)


def _overlapping(files: Sequence[DataFile], first: str) -> list[list[DataFile]]:
    """Files in order, those together whose keys lie among one another."""
    groups: list[list[DataFile]] = []
    furthest: DataFile | None = None
    for file in files:
        if furthest is not None and _overlap(furthest, file, first):
            groups[-1].append(file)
        else:
            groups.append([file])
        if furthest is None or _end(file, first) >= _end(furthest, first):
            furthest = file
    return groups


def _end(file: DataFile, first: str) -> tuple[Any, ...]:
    """How far a file reaches; one without bounds reaches furthest."""
    if first not in file.maximum:
        return (1,)
    one = file.minimum[first] == file.maximum[first]
    return (0, file.maximum[first], one, str(file.maximum.get("time", "")) if one else "")


def _overlap(one: DataFile, other: DataFile, first: str) -> bool:
    """Whether the rows of two files, the first of which begins first, are mixed when both are in order."""
    if first not in one.maximum or first not in other.minimum:
        return True
    if one.maximum[first] != other.minimum[first]:
        return bool(one.maximum[first] > other.minimum[first])
    # They touch: of one tile alone, their times tell; else that one's end meets the other's beginning is right.
    single = all(f.minimum[first] == f.maximum[first] for f in (one, other))
    timed = "time" in one.maximum and "time" in other.minimum
    return single and timed and bool(one.maximum["time"] > other.minimum["time"])


def _runs(
    groups: Sequence[list[DataFile]], sizes: Sizes, is_old: Callable[[DataFile], bool]
) -> list[list[list[DataFile]]]:
    """Neighbouring groups that are to be written anew; a good file ends a run."""
    runs: list[list[list[DataFile]]] = [[]]
    for group in groups:
        if len(group) > 1 or group[0].bytes < _SMALL * sizes.target or _alone(group[0], sizes, is_old):
            runs[-1].append(group)
        else:
            runs.append([])
    return [run for run in runs if run]


def _alone(file: DataFile, sizes: Sizes, is_old: Callable[[DataFile], bool]) -> bool:
    """Whether a file is worth writing anew though it overlaps with none and is not small."""
    return (file.bytes > _LARGE * sizes.target and file.rows > 1) or is_old(file)


def _within(run: Sequence[list[DataFile]], most: int) -> list[list[list[DataFile]]]:
    """Neighbouring groups together as long as they fit a commit."""
    parts: list[list[list[DataFile]]] = []
    size = 0
    for group in run:
        bytes_ = sum(f.bytes for f in group)
        if parts and size + bytes_ <= most:
            parts[-1].append(group)
            size += bytes_
        else:
            parts.append([group])
            size = bytes_
    return parts


def _portions(groups: Sequence[list[DataFile]], sizes: Sizes, is_old: Callable[[DataFile], bool]) -> list[Portion]:
    files = tuple(f for group in groups for f in group)
    size = sum(f.bytes for f in files)
    mixed = any(len(group) > 1 for group in groups)
    if not mixed and not any(_alone(f, sizes, is_old) for f in files) and len(files) <= sizes.files(size):
        return []  # a small file that has no small neighbour
    if size <= sizes.portion or not mixed:
        return [Portion(files)]
    return [Portion(files, cuts=math.ceil(1.25 * size / sizes.portion))]

"""Cells, tiles and slots as integer arithmetic in SQL (an H3 index is 3 bits a digit, the resolution in bits 52-55)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from cubeql.sql.tree import Fill, Sql, Value, fill
from cubeql.values.cells import BASE_TILES, is_pentagon
from cubeql.values.cells import parent as parent_of

_RESOLUTION_SHIFT = 52
_FINEST = 15


def _unused(resolution: int) -> int:
    """The bits of all digits below a resolution; they are ones in a cell of that resolution."""
    return (1 << 3 * (_FINEST - resolution)) - 1


def parent(cell: Sql, own: int, resolution: int) -> Sql:
    """The ancestor at ``resolution`` of a cell of resolution ``own``."""
    if own == resolution:
        return cell
    clear = ~(15 << _RESOLUTION_SHIFT)
    bits = (resolution << _RESOLUTION_SHIFT) | _unused(resolution)
    return fill(f"(({{0}} & {clear}) | {bits})", cell)


def slot(cell: Sql, own: int, tile: int) -> Sql:
    """The slot of a cell of resolution ``own`` in its tile of resolution ``tile``."""
    if own == tile:
        return Value(0)
    terms = []
    for level in range(tile + 1, own + 1):
        weight = 7 ** (own - level)
        digit = f"(({{0}} >> {3 * (_FINEST - level)}) & 7)"
        terms.append(digit if weight == 1 else f"{digit} * {weight}")
    return fill(f"({' + '.join(terms)})", cell)


def cell_at(tile: Sql, place: Sql, tile_resolution: int, resolution: int) -> Sql:
    """The cell at a slot of a tile."""
    if resolution == tile_resolution:
        return tile
    clear = ~((15 << _RESOLUTION_SHIFT) | _digit_bits(tile_resolution, resolution))
    bits = resolution << _RESOLUTION_SHIFT
    digits = []
    for level in range(tile_resolution + 1, resolution + 1):
        weight = 7 ** (resolution - level)
        shift = 3 * (_FINEST - level)
        whole = "{1}" if weight == 1 else f"{{1}} // {weight}"
        digit = whole if level == tile_resolution + 1 else f"({whole}) % 7"
        digits.append(f"(({digit}) << {shift})")
    return fill(f"(({{0}} & {clear}) | {bits} | {' | '.join(digits)})", tile, Fill("({0})::BIGINT", (place,)))


def digits_of_slots(tile_resolution: int, resolution: int, listed: Sql | None = None) -> Sql:
    """A list of what the digits of slots are in a cell's index: of all slots, which the engine makes once a statement,
    or of those that are listed, from 1."""
    slot = "slot" if listed is None else "(slot - 1)"
    slots = fill(f"range({7 ** (resolution - tile_resolution)})") if listed is None else listed
    digits = ["0::BIGINT"]
    for level in range(tile_resolution + 1, resolution + 1):
        weight = 7 ** (resolution - level)
        digits.append(f"((({slot} // {weight}) % 7) << {3 * (_FINEST - level)})")
    return fill(f"list_transform({{0}}, lambda slot: {' | '.join(digits)})", slots)


def listed_slots(tile: Sql, slots: Mapping[int, tuple[int, ...]]) -> Sql:
    """The slots that are listed of a tile, NULL of others."""
    # As a text a list is one constant, and not as many expressions as it has entries.
    whens = " ".join(f"WHEN {one} THEN '[{', '.join(map(str, own))}]'::BIGINT[]" for one, own in slots.items())
    return fill(f"CASE {{0}} {whens} END", tile)


def with_digits(tile: Sql, digits: Sql, tile_resolution: int, resolution: int, wanted: int | None = None) -> Sql:
    """The cell of a tile that has these digits, or its ancestor at ``wanted``."""
    wanted = resolution if wanted is None else wanted
    if wanted <= tile_resolution:
        return parent(tile, tile_resolution, wanted)
    clear = ~((15 << _RESOLUTION_SHIFT) | _digit_bits(tile_resolution, resolution))
    cell = fill(f"(({{0}} & {clear}) | {resolution << _RESOLUTION_SHIFT} | {{1}})", tile, digits)
    return parent(cell, resolution, wanted)


def digits_above(digits: Sql, resolution: int) -> Sql:
    """Those of a cell's digits that its ancestor at ``resolution`` has, too."""
    return fill(f"({{0}} & {~_unused(resolution)})", digits)


def _digit_bits(above: int, resolution: int) -> int:
    """Bits of the digits below ``above`` down to ``resolution``."""
    return _unused(above) & ~_unused(resolution)


def center_child(cell: Sql, own: int, resolution: int) -> Sql:
    """The descendant at ``resolution`` in the middle of a cell of resolution ``own``: all its further digits are 0."""
    clear = ~((15 << _RESOLUTION_SHIFT) | _digit_bits(own, resolution))
    return fill(f"(({{0}} & {clear}) | {resolution << _RESOLUTION_SHIFT})", cell)


def child(tile: Sql, number: Sql, own: int, resolution: int) -> Sql:
    """The descendant number ``number`` (in canonical order) at ``resolution`` of a tile of resolution ``own``."""
    return cell_at(tile, number, own, resolution)


def is_dead(tile: Sql, place: Sql, tile_resolution: int, depth: int) -> Sql:
    """Whether a slot is no cell: below a pentagon, its first digit that is not 0 is 1."""
    return _is_first(tile, place, tile_resolution, [7**k for k in range(depth)])


def are_dead(tile: Sql, digits: Sql, tile_resolution: int, resolution: int) -> Sql:
    """Whether digits below a tile are of no cell."""
    ones = [1 << 3 * (_FINEST - level) for level in range(resolution, tile_resolution, -1)]
    return _is_first(tile, digits, tile_resolution, ones)


def _is_first(tile: Sql, place: Sql, tile_resolution: int, ones: list[int]) -> Sql:
    """Whether the first digit that is not 0 is 1 below a pentagon; ``ones`` are what such a digit adds to a place."""
    pentagons = ", ".join(str(p) for p in pentagons_at(tile_resolution))
    ranges = " OR ".join(f"{{1}} BETWEEN {one} AND {2 * one - 1}" for one in ones) or "FALSE"
    return fill(f"({{0}} IN ({pentagons}) AND ({ranges}))", tile, place)


@cache
def pentagons_at(resolution: int) -> tuple[int, ...]:
    """The twelve pentagons of a resolution."""
    bases = [int(b) for b in BASE_TILES if is_pentagon(int(b))]
    return tuple(_centre_child(b, resolution) for b in bases)


def _centre_child(base: int, resolution: int) -> int:
    digits = _unused(0) & ~_unused(resolution)
    found = (base & ~(15 << _RESOLUTION_SHIFT) & ~digits) | (resolution << _RESOLUTION_SHIFT)
    assert parent_of(found, 0) == base
    return found

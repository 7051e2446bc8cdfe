"""H3 cells as plain 64-bit integers, by bit arithmetic alone.

An index holds, from the top: one zero bit, four bits of mode (1 = cell), three zero bits, four bits of
resolution, seven bits of base cell, then fifteen digits of three bits, coarsest first; the digits below
the cell's own resolution are 7. Bit 63 is never set, so an index is the same number as int64 and uint64.

Functions take an int and give an int, or take an int64 array and give an array of the same shape.
"""

from __future__ import annotations

import re
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from cubeql.values.durations import shown

MAX_RESOLUTION = 15
BASE_COUNT = 122
PENTAGON_BASES = frozenset({4, 14, 24, 38, 49, 58, 63, 72, 83, 97, 107, 117})

CellArray = NDArray[np.int64]

_MODE_CELL = 1
_AT_ONCE = 1 << 16  # cells whose steps between stay in the cache: of millions each step would fetch its memory anew
_RESOLUTION_SHIFT = 52
_BASE_SHIFT = 45
_DIGITS = (1 << _BASE_SHIFT) - 1
_LOW_DIGITS = tuple((1 << (3 * (MAX_RESOLUTION - r))) - 1 for r in range(MAX_RESOLUTION + 1))
_SIXES = tuple(
    sum(6 << (3 * (MAX_RESOLUTION - i)) for i in range(1, r + 1)) for r in range(MAX_RESOLUTION + 1)
)
_LOW_DIGITS_TABLE = np.array(_LOW_DIGITS, dtype=np.int64)
_PENTAGON_TABLE = np.isin(np.arange(128), sorted(PENTAGON_BASES))
_MODE_NAMES = {2: "a directed edge", 3: "an undirected edge", 4: "a vertex"}
_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]{15,16})")
_DECIMAL = re.compile(r"[0-9]{18,19}")


def index_of(base: int, resolution: int, digits: int) -> int:
    """The index made of a base cell, a resolution and the 45 bits of digits; nothing is checked."""
    return (_MODE_CELL << 59) | (resolution << _RESOLUTION_SHIFT) | (base << _BASE_SHIFT) | digits


BASE_TILES: CellArray = np.array([index_of(b, 0, _DIGITS) for b in range(BASE_COUNT)], dtype=np.int64)
"""The 122 cells of resolution 0, ascending; read-only."""
BASE_TILES.flags.writeable = False


def check_resolution(resolution: int) -> int:
    """The resolution itself.

    Raises:
        ValueError: it is not 0 to 15.
    """
    if not 0 <= resolution <= MAX_RESOLUTION:
        raise ValueError(f"resolution must be 0 to {MAX_RESOLUTION}, not {resolution}")
    return resolution


@overload
def resolution_of(cells: int) -> int: ...
@overload
def resolution_of(cells: CellArray) -> CellArray: ...
def resolution_of(cells: int | CellArray) -> int | CellArray:
    """The resolution, 0 to 15, of each cell."""
    return (cells >> _RESOLUTION_SHIFT) & 15


@overload
def base_of(cells: int) -> int: ...
@overload
def base_of(cells: CellArray) -> CellArray: ...
def base_of(cells: int | CellArray) -> int | CellArray:
    """The number, 0 to 121, of the base cell each cell lies below."""
    return (cells >> _BASE_SHIFT) & 127


@overload
def parent(cells: int, resolution: int) -> int: ...
@overload
def parent(cells: CellArray, resolution: int) -> CellArray: ...
def parent(cells: int | CellArray, resolution: int) -> int | CellArray:
    """The ancestor of each cell at a resolution; the cell itself at its own.

    Raises:
        ValueError: a cell is coarser than the resolution.
    """
    low = _LOW_DIGITS[check_resolution(resolution)]
    if isinstance(cells, np.ndarray) and cells.size > _AT_ONCE:
        flat, found = cells.reshape(-1), np.empty(cells.size, np.int64)
        for at in range(0, flat.size, _AT_ONCE):
            found[at : at + _AT_ONCE] = parent(flat[at : at + _AT_ONCE], resolution)
        return found.reshape(cells.shape)
    own = resolution_of(cells)
    coarsest = int(own if isinstance(own, int) else own.min(initial=MAX_RESOLUTION))
    if coarsest < resolution:
        raise ValueError(
            f"a cell of resolution {coarsest} has no parent at the finer resolution {resolution}"
        )
    upper = cells & ~(15 << _RESOLUTION_SHIFT)
    return upper | (resolution << _RESOLUTION_SHIFT) | low


def distinct(cells: CellArray) -> CellArray:
    """Each cell once, ascending.

    ``numpy.unique`` finds whole numbers by their hashes, and those of cells fall upon each other: a million take a
    second, in which no other thread of the process goes on. Sorting is twenty times as fast.
    """
    ordered = np.sort(cells)
    new = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return ordered[new]


@overload
def is_pentagon(cells: int) -> bool: ...
@overload
def is_pentagon(cells: CellArray) -> NDArray[np.bool_]: ...
def is_pentagon(cells: int | CellArray) -> bool | NDArray[np.bool_]:
    """Whether each cell is one of the twelve pentagons of its resolution."""
    if isinstance(cells, np.ndarray):
        central = (cells & _DIGITS) == _LOW_DIGITS_TABLE[resolution_of(cells)]
        pentagons: NDArray[np.bool_] = central & _PENTAGON_TABLE[base_of(cells)]
        return pentagons
    cell = int(cells)
    return (cell & _DIGITS) == _LOW_DIGITS[resolution_of(cell)] and base_of(cell) in PENTAGON_BASES


@overload
def is_deleted(cells: int) -> bool: ...
@overload
def is_deleted(cells: CellArray) -> NDArray[np.bool_]: ...
def is_deleted(cells: int | CellArray) -> bool | NDArray[np.bool_]:
    """Whether the digits, though well formed, name a cell that H3 leaves out below a pentagon.

    That is so where the base cell is a pentagon and the first digit that is not 0 is 1.
    """
    if isinstance(cells, np.ndarray):
        deleted: NDArray[np.bool_] = _PENTAGON_TABLE[base_of(cells)]
        deleted[deleted] = _leading_one(cells[deleted])
        return deleted
    if base_of(cells) not in PENTAGON_BASES:
        return False
    used = (int(cells) & _DIGITS) >> (3 * (MAX_RESOLUTION - resolution_of(int(cells))))
    return used > 0 and used >> (3 * ((used.bit_length() - 1) // 3)) == 1


def _leading_one(cells: CellArray) -> NDArray[np.bool_]:
    """Which cells have 1 as their first digit that is not 0; the 7s below the resolution are not digits."""
    leading = np.zeros(cells.shape, dtype=np.int64)
    for r in range(1, MAX_RESOLUTION + 1):
        digit = (cells >> (3 * (MAX_RESOLUTION - r))) & 7
        leading = np.where(leading == 0, digit, leading)
    one: NDArray[np.bool_] = leading == 1
    return one


@overload
def descendant_range(cells: int, resolution: int) -> tuple[int, int]: ...
@overload
def descendant_range(cells: CellArray, resolution: int) -> tuple[CellArray, CellArray]: ...
def descendant_range(
    cells: int | CellArray, resolution: int
) -> tuple[int, int] | tuple[CellArray, CellArray]:
    """First and last index, both inclusive, that a descendant of each cell can have at a resolution.

    No other cell of that resolution lies between them, and ascending order is canonical child order.

    Raises:
        ValueError: a cell is finer than the resolution.
    """
    check_resolution(resolution)
    own = resolution_of(cells)
    finest = int(own.max(initial=0)) if isinstance(own, np.ndarray) else int(own)
    if resolution < finest:
        raise ValueError(f"resolution {resolution} is coarser than a cell of resolution {finest}")
    if isinstance(cells, np.ndarray):
        free = _LOW_DIGITS_TABLE[own]
        low = _lowest(cells, free, resolution)
        return low, low | (_SIXES[resolution] & free)
    free_digits = _LOW_DIGITS[own]
    lowest = _lowest(int(cells), free_digits, resolution)
    return lowest, lowest | (_SIXES[resolution] & free_digits)


def _lowest(cells: Any, free_digits: Any, resolution: int) -> Any:
    coarse = cells & ~(15 << _RESOLUTION_SHIFT) & ~free_digits
    return coarse | (resolution << _RESOLUTION_SHIFT) | _LOW_DIGITS[resolution]


def fault_of(cell: int) -> str | None:
    """Why a number is not an H3 cell, as the end of a sentence; None if it is one."""
    if not 0 <= cell < 1 << 63:
        return "an H3 cell lies between 0 and 2^63"
    mode = cell >> 59
    if mode != _MODE_CELL:
        return (
            f"it is {_MODE_NAMES[mode]}, not a cell" if mode in _MODE_NAMES else "it does not begin with 08"
        )
    resolution = resolution_of(cell)
    if (cell >> 56) & 7:
        return "its reserved bits are set"
    if base_of(cell) >= BASE_COUNT:
        return f"its base cell is {base_of(cell)}, and there are only 0 to {BASE_COUNT - 1}"
    if cell & _LOW_DIGITS[resolution] != _LOW_DIGITS[resolution]:
        return f"its resolution is {resolution}, so all finer digits must be 7 (it should end in f's)"
    for r in range(1, resolution + 1):
        if (cell >> (3 * (MAX_RESOLUTION - r))) & 7 == 7:
            return f"its resolution is {resolution}, but its digit {r} is 7"
    return "it lies in the part left out below a pentagon" if is_deleted(cell) else None


def is_cell(cell: int) -> bool:
    """Whether the number is the index of an H3 cell."""
    return fault_of(cell) is None


def are_cells(cells: CellArray, resolution: int) -> NDArray[np.bool_]:
    """Which numbers are cells of a resolution; see :func:`fault_of` for why one is not."""
    low = _LOW_DIGITS[resolution]
    right = (cells >> _RESOLUTION_SHIFT) == (_MODE_CELL << 7) | resolution
    right &= (cells & low == low) & (base_of(cells) < BASE_COUNT)
    for r in range(1, resolution + 1):
        right &= (cells >> (3 * (MAX_RESOLUTION - r))) & 7 != 7
    right[right] = ~is_deleted(cells[right])
    found: NDArray[np.bool_] = right
    return found


def parse_cell(text: str) -> int:
    """The cell of its hexadecimal text (``8928308280fffff``; upper case and a leading ``0x`` are allowed).

    Raises:
        ValueError: the text is no H3 cell; the message says why.
    """
    match = _HEX.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{shown(text)} is no H3 cell: {_not_hexadecimal(text.strip())}")
    cell = int(match[1], 16)
    fault = fault_of(cell)
    if fault is not None:
        raise ValueError(f"{shown(text)} is no H3 cell: {fault}")
    return cell


def _not_hexadecimal(text: str) -> str:
    if _DECIMAL.fullmatch(text) and is_cell(int(text)):
        return f"it is the cell's number in decimal; write {format_cell(int(text))!r}"
    return "15 hexadecimal digits are needed, as in '8928308280fffff'"


def format_cell(cell: int) -> str:
    """The 15 hexadecimal digits of a cell, lower case."""
    return f"{int(cell):015x}"

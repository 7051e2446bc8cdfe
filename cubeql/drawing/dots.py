"""Lines as dots of braille: two dots wide and four high a character."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WIDE, HIGH = 2, 4
"""Dots of a character."""

_HALF = HIGH // 2
_BITS = np.array([[1, 2], [4, 8]], np.uint8)


def _braille(order: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Of four dots of a half, as one number: what they are in a character."""
    return np.array([sum(bit for at, bit in enumerate(order) if dots >> at & 1) for dots in range(16)], np.uint8)


_UPPER, _LOWER = _braille((0x01, 0x08, 0x02, 0x10)), _braille((0x04, 0x20, 0x40, 0x80))


def stretches(x: NDArray[np.float64], y: NDArray[np.float64], columns: int, rows: int) -> NDArray[np.uint8]:
    """Straight stretches, drawn into characters.

    Args:
        x: of the two ends of each stretch, in dots, shape (stretches, 2).
        y: likewise, downwards.
        columns: characters across; what lies beyond is not drawn.
        rows: characters down.

    Returns:
        The dots of each character, shape (rows, columns): to be added to U+2800.
    """
    return joined(quarters(x, y, columns, 2 * rows))


def joined(halves: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The dots of characters out of those of their upper and lower halves, shape (2 x rows, columns)."""
    return np.asarray(_UPPER[halves[::2]] | _LOWER[halves[1::2]])


def quarters(x: NDArray[np.float64], y: NDArray[np.float64], columns: int, rows: int) -> NDArray[np.uint8]:
    """As :func:`stretches` in halves of characters, four dots each, so that they can be moved by a half.

    Args:
        x: of the two ends of each stretch, in dots, shape (stretches, 2).
        y: likewise, downwards.
        columns: characters across.
        rows: halves of characters down.
    """
    bits = np.zeros((rows, columns), np.uint8)
    if not len(x):
        return bits
    wide, high = columns * WIDE, rows * _HALF
    run, rise = x[:, 1] - x[:, 0], y[:, 1] - y[:, 0]
    longest = 2 * (wide + high)
    count = np.minimum(np.ceil(np.maximum(np.abs(run), np.abs(rise))).astype(int) + 1, longest)
    which = np.repeat(np.arange(len(x)), count)
    share = (np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)) / np.maximum(count[which] - 1, 1)
    across = np.floor(x[which, 0] + run[which] * share).astype(int)
    down = np.floor(y[which, 0] + rise[which] * share).astype(int)
    seen = (across >= 0) & (across < wide) & (down >= 0) & (down < high)
    across, down = across[seen], down[seen]
    np.bitwise_or.at(bits, (down // _HALF, across // WIDE), _BITS[down % _HALF, across % WIDE])
    return bits

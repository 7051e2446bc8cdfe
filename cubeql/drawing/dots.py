"""Lines as dots of braille: two dots wide and four high a character."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WIDE, HIGH = 2, 4
"""Dots of a character."""

_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint8)


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
    bits = np.zeros((rows, columns), np.uint8)
    if not len(x):
        return bits
    wide, high = columns * WIDE, rows * HIGH
    run, rise = x[:, 1] - x[:, 0], y[:, 1] - y[:, 0]
    longest = 2 * (wide + high)
    count = np.minimum(np.ceil(np.maximum(np.abs(run), np.abs(rise))).astype(int) + 1, longest)
    which = np.repeat(np.arange(len(x)), count)
    share = (np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)) / np.maximum(count[which] - 1, 1)
    across = np.floor(x[which, 0] + run[which] * share).astype(int)
    down = np.floor(y[which, 0] + rise[which] * share).astype(int)
    seen = (across >= 0) & (across < wide) & (down >= 0) & (down < high)
    across, down = across[seen], down[seen]
    np.bitwise_or.at(bits, (down // HIGH, across // WIDE), _BITS[down % HIGH, across % WIDE])
    return bits

"""A file that is read by ranges, as pyarrow reads files."""

from __future__ import annotations

import io
from collections.abc import Callable


class RangeFile(io.RawIOBase):
    """Bytes of a known size, asked for as they are needed. Each read is one request."""

    def __init__(self, size: int, ask: Callable[[int, int], bytes]) -> None:
        """``ask`` gives the bytes from one place to before another."""
        super().__init__()
        self._size, self._ask, self._at = size, ask, 0

    def size(self) -> int:
        """How many bytes there are."""
        return self._size

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The place of the next read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Bytes from here on, at most so many."""
        end = self._size if size is None or size < 0 else min(self._at + size, self._size)
        if end <= self._at:
            return b""
        found = self._ask(self._at, end)
        self._at += len(found)
        return found

"""What is written and not yet kept anywhere: it outlives the screen, however that ends."""

from __future__ import annotations

import hashlib
import os
import threading
from contextlib import suppress
from pathlib import Path


class Draft:
    """The text of the editor, a file a store; the screen that wrote last is the one that is remembered.

    Args:
        folder: where the files lie; None keeps nothing.
        address: of the store.
    """

    def __init__(self, folder: Path | None, address: str) -> None:
        name = hashlib.sha256(address.encode()).hexdigest()[:16]
        self.file = None if folder is None else folder / f"{name}.cql"
        self._lock = threading.Lock()
        self._newest = 0

    def read(self) -> str:
        """What was written last; nothing where there is none or it cannot be read."""
        if self.file is not None:
            with suppress(OSError, UnicodeDecodeError):
                return self.file.read_text("utf-8")
        return ""

    def write(self, text: str, number: int) -> None:
        """Keep a text, in any thread; one that comes after a newer is left out. Where it cannot be, nobody is told."""
        with self._lock, suppress(OSError, UnicodeEncodeError):
            if self.file is None or number <= self._newest:
                return
            self._newest = number
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside = self.file.with_suffix(f".{os.getpid()}")
            beside.touch(mode=0o600)  # before there is something in it to be read
            beside.write_text(text, "utf-8")
            beside.replace(self.file)

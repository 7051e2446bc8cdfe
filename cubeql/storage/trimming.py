"""A cache is kept below a size: what was used longest ago goes first."""

from __future__ import annotations

from pathlib import Path


def trim(folder: Path, pattern: str, limit_bytes: int) -> None:
    """Delete the files below a folder that match a pattern, used longest ago first, until the rest fits the limit."""
    found = []
    for path in folder.glob(pattern):
        try:
            stat = path.stat()
        except OSError:
            continue
        found.append((stat.st_mtime, stat.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= limit_bytes:
            return
        path.unlink(missing_ok=True)
        total -= size

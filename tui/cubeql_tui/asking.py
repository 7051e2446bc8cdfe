"""The statements that the screen writes by itself; names are quoted and texts escaped here and nowhere else."""

from __future__ import annotations

import re

PREVIEW_ROWS = 1000

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def name(written: str) -> str:
    """A name as a statement writes it; a collection's dot stays one."""
    return ".".join(p if _PLAIN.fullmatch(p) else '"' + p.replace('"', '""') + '"' for p in written.split("."))


def text(value: str) -> str:
    """A text as a statement writes it."""
    return "'" + value.replace("'", "''") + "'"


def preview(layer: str, band: str | None = None) -> str:
    """The first rows of a layer, or of one band."""
    return f"SELECT {'*' if band is None else f'cell, {name(band)}'} FROM {name(layer)} LIMIT {PREVIEW_ROWS}"

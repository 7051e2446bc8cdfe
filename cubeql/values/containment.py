"""When a zone holds a cell; the words are those of H3's containment modes, and ``area`` is ``overlap`` with shares."""

from __future__ import annotations

from typing import Literal

Containment = Literal["center", "overlap", "full", "area"]
CONTAINMENTS: tuple[Containment, ...] = ("center", "overlap", "full", "area")

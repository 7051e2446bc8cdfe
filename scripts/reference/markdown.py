"""Markdown, as the pages need it."""

from __future__ import annotations

from collections.abc import Iterable

MADE = "<!-- made by scripts/make_reference.py -->"


def page(title: str, *parts: str) -> str:
    """A page: its title, the note that it is made, and its parts, a blank line between any two."""
    return "\n\n".join([f"# {title}", MADE, *(p.strip("\n") for p in parts if p)]) + "\n"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table."""
    return "\n".join([_line(head), _line(["---"] * len(head)), *map(_line, rows)])


def _line(places: Iterable[str]) -> str:
    return "| " + " | ".join(p.replace("|", "\\|").replace("\n", " ") for p in places) + " |"


def block(text: str) -> str:
    """A block of text that no test runs."""
    return f"```text\n{text.strip()}\n```"

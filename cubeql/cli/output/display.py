"""Texts in the columns of a terminal: how wide they are, cut, filled and wrapped."""

from __future__ import annotations

import unicodedata


def width_of(text: str) -> int:
    """Columns a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_columns(c) for c in text)


def cut(text: str, width: int, mark: str = "…") -> str:
    """The text, shortened to a width with a mark where something is missing."""
    return text if width_of(text) <= width else _head(text, width - len(mark)) + mark


def pad(text: str, width: int, right: bool) -> str:
    """The text filled with spaces to a width."""
    space = " " * max(0, width - width_of(text))
    return space + text if right else text + space


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of a width, broken between words; a word longer than a line is broken where the line ends."""
    lines, line = list[str](), ""
    for word in text.split(" "):
        if line and width_of(line) + 1 + width_of(word) <= width:
            line += " " + word
            continue
        if line:
            lines.append(line)
        while width_of(word) > width:
            head = _head(word, width) or word[0]
            lines.append(head)
            word = word[len(head) :]
        line = word
    return [*lines, line] if line or not lines else lines


def _head(text: str, room: int) -> str:
    """As much of the beginning as there is room for."""
    for number, character in enumerate(text):
        room -= _columns(character)
        if room < 0:
            return text[:number]
    return text


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1

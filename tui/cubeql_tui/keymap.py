"""Keys as a person prefers them, put into the table of actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from textual.keys import Keys, _character_to_key, key_to_character

from cubeql.errors import nearest
from cubeql_tui.actions import ACTIONS, Action

_MODIFIERS = {"ctrl", "shift", "alt", "super", "hyper", "meta"}
_NAMED = {
    *(key.value for key in Keys if "+" not in key.value and not key.value.startswith("<")),
    *map(_character_to_key, "+-,.;:/\\?=!#@_<>|*~"),
}
_WRITING = ("everywhere", "editor")
"""Places where a key that writes something must go on writing it."""


def rebound(wanted: Mapping[str, str], table: tuple[Action, ...] = ACTIONS) -> tuple[tuple[Action, ...], list[str]]:
    """The table of actions with other keys, and what could not be done, in words.

    Args:
        wanted: names of actions (``map.closer``) to their keys, with commas between.
        table: the actions with the keys they have otherwise; no two of a place share one.
    """
    faults = []
    keys: dict[str, str] = {}
    known = {action.id: action for action in table}
    for name, written in wanted.items():
        fault = _fault(name, written, known)
        if fault is not None:
            faults.append(fault)
        else:
            keys[name] = _normal(written)
    while clash := next(_clashes(_with(keys, table), keys), None):
        key, first, second = clash
        faults.append(f"{key} would mean both {first} and {second}")
        keys = {name: written for name, written in keys.items() if name not in (first, second)}
    return _with(keys, table), faults


def _with(keys: Mapping[str, str], table: tuple[Action, ...]) -> tuple[Action, ...]:
    return tuple(replace(a, keys=keys[a.id], shown=None) if a.id in keys else a for a in table)


def _clashes(table: tuple[Action, ...], changed: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Keys that two actions want where both work, at least one of them because it was changed."""
    for action in (a for a in table if a.id in changed):
        for other in table:
            meet = other.place == action.place or "everywhere" in (other.place, action.place)
            shared = sorted(set(action.keys.split(",")) & set(other.keys.split(",")))
            if meet and shared and other.id != action.id:
                yield shared[0], action.id, other.id


def _fault(name: str, written: str, known: Mapping[str, Action]) -> str | None:
    if name not in known:
        return f"there is no action {name!r}{_near(name, known)}"
    for key in (part.strip() for part in written.split(",")):
        if not _is_key(key):
            return f"{name}: there is no key {key!r}{_near(key, _NAMED)}"
        if known[name].place in _WRITING and key_to_character(_normal(key)) is not None:
            return f"{name}: {key!r} must go on being written in the editor; ctrl+{key} would be a key"
    return None


def _is_key(key: str) -> bool:
    *modifiers, base = key.split("+")
    named = len(base) == 1 or base in _NAMED or (base != "" and key_to_character(base) is not None)
    return named and set(modifiers) <= _MODIFIERS


def _normal(written: str) -> str:
    """Keys as Textual names them: ``?`` is ``question_mark``."""
    keys = (key.strip() for key in written.split(","))
    return ",".join(_character_to_key(key) if len(key) == 1 else key for key in keys)


def _near(name: str, known: Iterable[str]) -> str:
    found = nearest(name, known, 1)
    return f"; did you mean {found[0]!r}?" if found else ""

"""The parse tables: made by Lark from the grammar, kept as JSON, so that a start-up needs no Lark.

They are looked for beside the grammar (a wheel may carry them), then in the user's cache folder, and are
made anew where neither fits the grammar's fingerprint. A cache that cannot be read or written is no fault.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cubeql.lang.grammar import grammar_folder, grammar_hash

FORMAT = 1


class Rule(NamedTuple):
    """One alternative of the grammar.

    Attributes:
        origin: the nonterminal it makes.
        size: number of symbols.
        name: the builder's function; a name that begins with ``_`` is a list spliced into its parent.
        passes: with a single child, the child itself is the value.
        shape: of each symbol that is kept, its position, whether it is spliced, how many None before it.
        nones_after: how many None at the end.
    """

    origin: str
    size: int
    name: str
    passes: bool
    shape: tuple[tuple[int, int, int], ...]
    nones_after: int


@dataclass(frozen=True, slots=True)
class Tables:
    """What the parser and the lexer run on.

    Attributes:
        start: the first state.
        end: the state in which a statement is complete.
        states: by state, symbol -> next state (0 or more), or -1 - number of the rule to reduce.
        rules: the grammar's alternatives.
        keywords: upper-case word -> terminal.
        reserved: words that are never names.
        marks: text of an operator or bracket -> terminal.
        patterns: (terminal, regular expression), in order of trial.
    """

    start: int
    end: int
    states: tuple[dict[str, int], ...]
    rules: tuple[Rule, ...]
    keywords: dict[str, str]
    reserved: frozenset[str]
    marks: dict[str, str]
    patterns: tuple[tuple[str, str], ...]


@cache
def tables() -> Tables:
    """The tables of the installed grammar."""
    values = _load(grammar_folder() / "tables.json") or _load(cache_file())
    if values is None:
        from cubeql.lang.compile_grammar import compile_grammar

        values = {"format": FORMAT, "hash": grammar_hash(), **compile_grammar()}
        save(values, cache_file())
    return _from_json(values)


def cache_file() -> Path:
    """Where this user's tables for this grammar are kept."""
    if sys.platform == "win32":
        root = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    else:
        root = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(root).expanduser() / "cubeql" / f"grammar-{FORMAT}-{grammar_hash()}.json"


def save(values: dict[str, Any], file: Path) -> bool:
    """Write tables so that a reader sees all or nothing; False where the folder cannot be written."""
    import tempfile  # costs more than all else here, and is wanted once per grammar

    temporary = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".grammar-")
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(values, out, separators=(",", ":"))
        Path(temporary).replace(file)
    except (OSError, RuntimeError):
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        return False
    return True


def _load(file: Path) -> dict[str, Any] | None:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    fits = isinstance(values, dict) and (values.get("format"), values.get("hash")) == (FORMAT, grammar_hash())
    return values if fits else None


def _from_json(values: dict[str, Any]) -> Tables:
    return Tables(
        start=values["start"],
        end=values["end"],
        states=tuple(values["states"]),
        rules=tuple(
            Rule(origin, size, name, passes, tuple((i, inline, nones) for i, inline, nones in shape), after)
            for origin, size, name, passes, shape, after in values["rules"]
        ),
        keywords=values["keywords"],
        reserved=frozenset(values["reserved"]),
        marks=values["marks"],
        patterns=tuple((name, pattern) for name, pattern in values["patterns"]),
    )

"""Grammar files -> parse tables, with Lark. Runs only when no saved tables fit the grammar."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from lark import Lark
from lark.parsers.lalr_analysis import Shift

from cubeql.lang.grammar import MAIN_FILE, grammar_folder, grammar_hash
from cubeql.lang.tables import FORMAT, save

START = "statement"
WHOLE = "script"


def compile_grammar() -> dict[str, Any]:
    """The tables as plain JSON values; see :class:`cubeql.lang.tables.Tables` for their meaning."""
    grammar = Lark.open(
        str(grammar_folder() / MAIN_FILE),
        parser="lalr",
        lexer="contextual",
        start=[START, WHOLE],
        maybe_placeholders=True,
    )
    table = grammar.parser.parser._parse_table
    numbers = {rule: number for number, rule in enumerate(grammar.rules)}
    return {
        "start": table.start_states[START],
        "end": table.end_states[START],
        "states": _rows(table.states, numbers),
        "rules": [_rule(rule) for rule in grammar.rules],
        **_terminals(grammar),
    }


def _rows(states: dict[int, dict[str, Any]], numbers: dict[Any, int]) -> list[dict[str, int]]:
    return [
        {
            str(symbol): argument if action is Shift else -1 - numbers[argument]
            for symbol, (action, argument) in states[number].items()
        }
        for number in range(len(states))
    ]


def _rule(rule: Any) -> list[Any]:
    """Origin, size, name of the builder's function, and how the children are shaped (as Lark shapes them)."""
    options = rule.options
    nones = _nones_before(options.empty_indices, len(rule.expansion))
    shape: list[list[int]] = []
    waiting = 0
    for i, symbol in enumerate(rule.expansion):
        waiting += nones[i]
        if options.keep_all_tokens or not (symbol.is_term and symbol.filter_out):
            inline = int(not symbol.is_term and symbol.name.startswith("_"))
            shape.append([i, inline, waiting])
            waiting = 0
    waiting += nones[-1]
    name = rule.alias or options.template_source or str(rule.origin.name)
    passes = bool(options.expand1 and not rule.alias)
    return [str(rule.origin.name), len(rule.expansion), str(name), passes, shape, waiting]


def _nones_before(empty_indices: tuple[bool, ...], size: int) -> list[int]:
    if not empty_indices:
        return [0] * (size + 1)
    assert empty_indices.count(False) == size
    runs = "".join(str(int(empty)) for empty in empty_indices).split("0")
    return [len(ones) for ones in runs]


def _terminals(grammar: Lark) -> dict[str, Any]:
    """Keywords by upper-case word, the reserved ones, marks by text, patterns in order of trial."""
    by_name = {t.name: t for t in grammar.terminals}
    name_pattern = re.compile(by_name["NAME"].pattern.to_regexp())
    keywords, marks, patterns = {}, {}, []
    for terminal in sorted(grammar.terminals, key=lambda t: (-t.priority, t.name != "COMMENT", t.name)):
        text = terminal.pattern.value
        if terminal.pattern.type != "str":
            patterns.append([terminal.name, terminal.pattern.to_regexp()])
        elif text.isalpha():
            keywords[text.upper()] = terminal.name
        else:
            marks[text] = terminal.name
    return {
        "keywords": keywords,
        "reserved": sorted(word for word in keywords if not name_pattern.fullmatch(word)),
        "marks": marks,
        "patterns": [p for p in patterns if p[0] != "NAME"],
    }


if __name__ == "__main__":  # python -m cubeql.lang.compile_grammar FILE: the tables a wheel may carry
    saved = save({"format": FORMAT, "hash": grammar_hash(), **compile_grammar()}, Path(sys.argv[1]))
    sys.exit(not saved)

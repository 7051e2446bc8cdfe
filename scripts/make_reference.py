"""Write the reference pages that are made of the product's own tables: functions and faults.

``python scripts/make_reference.py`` writes ``docs/reference/functions.md`` and ``docs/reference/errors.md``;
with ``--check`` it changes nothing and fails where a page is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from cubeql.errors import catalogue  # noqa: E402
from cubeql.errors.catalogue.rows import Fault  # noqa: E402
from cubeql.functions import FUNCTIONS, Function  # noqa: E402

REFERENCE = ROOT / "docs/reference"
_MADE = "<!-- made by scripts/make_reference.py -->"
_STAGES = (
    ("Reading", catalogue.syntax.ROWS, "The text is not a statement."),
    ("Meaning", catalogue.analysis.ROWS, "Names, types, units, alignment."),
    ("Running", catalogue.running.ROWS, "Found while a statement runs."),
)


def functions_page() -> str:
    """The page of all functions, by family."""
    families: dict[str, list[Function]] = {}
    for function in FUNCTIONS.values():
        families.setdefault(function.family, []).append(function)
    parts = [
        f"# Functions\n\n{_MADE}\n",
        "A parameter in brackets may be left out; `…` may be repeated. Functions of NULL are NULL unless\n"
        "their line says otherwise; aggregates pass NULL over. The SQL-like forms (`CASE`, `CAST`, `IN`,\n"
        "`BETWEEN`, `LIKE`) are in [the language](language.md).\n",
    ]
    for family, rows in families.items():
        parts.append(f"## {family.capitalize()}\n")
        parts.append(_table(("function", "what it gives"), ((f"`{r.signature}`", r.summary) for r in rows)))
    return "\n".join(parts)


def errors_page() -> str:
    """The page of all faults, by the stage that finds them."""
    parts = [
        f"# Faults\n\n{_MADE}\n",
        "Every fault has a code, a place, what was found and, where that is sure, what would be right. All\n"
        "faults of a statement are told together. Words in braces stand for what was found; a warning does\n"
        "not stop the statement.\n",
    ]
    for title, rows, summary in _STAGES:
        if rows:
            parts.append(f"## {title}\n\n{summary}\n")
            parts.append(_table(("code", "what was found", "what would be right"), map(_fault, rows)))
    return "\n".join(parts)


def _fault(row: Fault) -> tuple[str, str, str]:
    code = f"`{row.code}`" + (" (warning)" if row.severity == "warning" else "")
    hint = "" if row.hint in (None, "{suggestion}", "{hint}") else str(row.hint)
    return code, row.message, hint


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [_line(head), _line(["---"] * len(head)), *map(_line, rows)]
    return "\n".join(lines) + "\n"


def _line(places: Iterable[str]) -> str:
    return "| " + " | ".join(p.replace("|", "\\|") for p in places) + " |"


def main() -> int:
    """Write the pages, or check them; the exit code."""
    stale = []
    for name, text in (("functions.md", functions_page()), ("errors.md", errors_page())):
        page = REFERENCE / name
        if page.exists() and page.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv[1:]:
            page.write_text(text, "utf-8")
    if "--check" in sys.argv[1:] and stale:
        print(f"out of date: {', '.join(stale)}; run python scripts/make_reference.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

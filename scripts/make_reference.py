"""Write the reference pages that are made of the product's own tables and the golden cases.

``python scripts/make_reference.py`` writes ``docs/reference/functions/``, ``errors.md`` and ``support.md``; with
``--check`` it changes nothing and fails where a page is out of date, missing or left over. ``--counts`` prints how
many functions, faults, cases and pages there are.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from reference import counts, faults, functions, support  # noqa: E402

REFERENCE = ROOT / "docs/reference"


def pages() -> dict[str, str]:
    """All made pages, by path below the reference."""
    return functions.pages() | faults.pages() | support.pages()


def stale(made: dict[str, str]) -> list[str]:
    """Pages that differ from what they should be, and pages of functions that are gone."""
    wrong = [name for name, text in made.items() if _written(name) != text]
    kept = {str(p.relative_to(REFERENCE)) for p in (REFERENCE / "functions").glob("*.md")}
    return wrong + sorted(kept - set(made))


def _written(name: str) -> str | None:
    path = REFERENCE / name
    return path.read_text("utf-8") if path.exists() else None


def write(made: dict[str, str]) -> None:
    """Write what is stale, remove what is left over."""
    for name in stale(made):
        path = REFERENCE / name
        if name in made:
            path.parent.mkdir(exist_ok=True)
            path.write_text(made[name], "utf-8")
        else:
            path.unlink()


def main(arguments: list[str]) -> int:
    """Write the pages, check them, or count; the exit code."""
    if "--counts" in arguments:
        print(counts.text())
        return 0
    lacking = [f"a case of the function {name}" for name in functions.lacking()]
    lacking += [f"a case of the fault {code}" for code in faults.lacking()]
    if lacking:
        print("\n".join(["lacking:", *lacking]), file=sys.stderr)
    made = pages()
    if "--check" not in arguments:
        write(made)
        return 0
    if stale(made):
        print(f"out of date: {', '.join(stale(made))}; run python scripts/make_reference.py", file=sys.stderr)
    return 1 if lacking or stale(made) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Golden cases: one file each, in sections.

::

    # why this case is there, on as many lines as it takes
    --- query
    FROM fine SELECT count(*) AS n
    --- rows
    n
    505
    (1 row)

Sections: ``query``; ``params`` (JSON: an object for ``$name``, a list for ``?``); ``rows`` or ``error``;
``says`` and ``warns`` (one fragment a line that the error or the warnings must hold, in any case of letters);
``plan``, ``optimized``, ``sql`` (a stage of compiling); ``work`` (what each scan reads, of all) and ``rule`` (rules of
the optimiser without which it would read more). ``{here}`` in a query is the folder of the case.
``--update-cases`` writes ``rows``, ``error``, ``work`` and the stages; ``says``, ``warns`` and ``rule`` are
only written by hand.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "cases"
STAGES = ("plan", "optimized", "sql")
SECTIONS = ("query", "params", "warns", *STAGES, "rule", "work", "rows", "says", "error")
WRITTEN = ("rows", "error", "work", *STAGES)
_HEAD = re.compile(r"^--- (\w+)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """A golden case.

    Attributes:
        path: its file.
        why: its header.
        sections: text by section, without blank lines around it.
    """

    path: Path
    why: str
    sections: dict[str, str]

    @property
    def name(self) -> str:
        """Folder and file without ending."""
        return str(self.path.relative_to(FOLDER).with_suffix(""))

    @property
    def query(self) -> str:
        """The statement, placeholders filled in."""
        return self.sections["query"].replace("{here}", str(self.path.parent))

    @property
    def params(self) -> Any:
        """Values of parameters, None without any."""
        return json.loads(self.sections["params"]) if "params" in self.sections else None

    def fragments(self, section: str) -> list[str]:
        """The lines of ``says`` or ``warns``."""
        return [line.strip() for line in self.sections.get(section, "").splitlines() if line.strip()]

    def updated(self, section: str, text: str) -> None:
        """Write the file anew with another text of one section."""
        fresh = read(self.path)
        fresh.sections[section] = text.strip()
        parts = [fresh.why.rstrip() + "\n"]
        parts += [
            f"--- {name}\n{body}\n" if body else f"--- {name}\n" for name, body in fresh.sections.items()
        ]
        self.path.write_text("".join(parts))


def read(path: Path) -> Case:
    """The case of a file.

    Raises:
        ValueError: it is not written as a case is.
    """
    why, *rest = _HEAD.split(path.read_text())
    names, bodies = rest[::2], rest[1::2]
    if not why.strip() or not all(line.startswith("#") for line in why.strip().splitlines()):
        raise ValueError(f"{path}: a case begins with lines of '# why'")
    if len(set(names)) < len(names) or not set(names) <= set(SECTIONS):
        raise ValueError(f"{path}: sections are {', '.join(SECTIONS)}, each once; found {', '.join(names)}")
    if "query" not in names or ("rows" in names) == ("error" in names):
        raise ValueError(f"{path}: a case has a query, and either rows or error")
    if "error" in names and "says" not in names:
        raise ValueError(f"{path}: a case of an error says what the error must say")
    return Case(path, why, {n: b.strip("\n") for n, b in zip(names, bodies)})


def all_cases() -> list[Case]:
    """All golden cases, by name."""
    return [read(path) for path in sorted(FOLDER.rglob("*.case"))]

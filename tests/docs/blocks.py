"""Code blocks of the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(
    r"(?:<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        page: the file it stands in.
        line: where its text begins.
        language: the word behind the fence.
        text: what is in it.
        mark: the comment on the line before it: ``not run: why``, ``fails: code``,
            ``on the tests' layers``, or nothing.
    """

    page: Path
    line: int
    language: str
    text: str
    mark: str

    @property
    def name(self) -> str:
        """For the test's report: ``docs/reference/language.md:12``."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def runs(self) -> bool:
        """Whether it is to be run here."""
        return not self.mark.startswith("not run:")

    @property
    def on_the_cube(self) -> bool:
        """Whether its statements are about the layers of the tests, not about the demo's."""
        return self.mark == "on the tests' layers"

    @property
    def fault(self) -> str | None:
        """The code of the fault it shows; None when it is right."""
        return self.mark.removeprefix("fails:").strip() if self.mark.startswith("fails:") else None


def blocks(language: str) -> Iterator[Block]:
    """The blocks of a language on all pages, in order."""
    for page in PAGES:
        text = page.read_text("utf-8")
        for found in _BLOCK.finditer(text):
            line = text.count("\n", 0, found.start("text")) + 1
            block = Block(page, line, found["language"], found["text"], found["mark"] or "")
            if block.language == language:
                yield block

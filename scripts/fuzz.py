"""Read and compile many strange texts: only a :class:`QueryError` may come of them, and in time.

``python scripts/fuzz.py --texts 100000 --seed 1`` takes the texts of the golden cases, the twelve statements and the
pages, cuts, swaps, repeats and mixes their words, and sends each through reading, analysis, planning and printing on
the layers of the tiny cube. It prints how many of them were taken and how long they took, and fails on any other
exception or where a text takes longer than ``--limit`` seconds.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from cubeql.catalog.protocol import MemoryCatalog  # noqa: E402
from cubeql.catalog.records import CellSet  # noqa: E402
from cubeql.compiler import compile_query  # noqa: E402
from cubeql.errors import QueryError  # noqa: E402
from cubeql.lang import nodes, parse_statement, print_statement  # noqa: E402
from tests.docs.blocks import blocks  # noqa: E402
from tests.support import cases  # noqa: E402
from tests.support.cube import VIEWS, tiny_cube  # noqa: E402
from tests.support.rows import tiny_rows  # noqa: E402
from tests.support.zones import tiny_zones  # noqa: E402

_WORD = re.compile(r"\s+|'[^']*'|\"[^\"]*\"|\w+|[^\w\s]")
_STRANGE = ("'", '"', "/*", "--", "\\", "\x00", "−", "≥", "😀", "\u200b", "9" * 40, "1e999", "-0.0", "''", "?", "$p",
            "::")  # fmt: skip
_LITERALS = ("'2024-02-30'", "'P1M'", "'14 days'", "'8928308280fffff'", "'POLYGON ((0 0, 1 1))'", "NULL", "TRUE", "[]",
             "[1, 2]", "0", "-1", "1e308", "INTERVAL '1 month'", "TIMESTAMP '1900-01-01'", "'..'", "''")  # fmt: skip


def catalog() -> MemoryCatalog:
    """The layers of the tiny cube, without their values."""
    layers = (*tiny_cube().values(), *tiny_rows().values(), *tiny_zones().values())
    return MemoryCatalog([layer.record for layer in layers], VIEWS, [CellSet("saved", 7, 3)])


def texts() -> list[str]:
    """Statements to begin with."""
    twelve = (ROOT / "tests/lang/twelve.cubeql").read_text("utf-8").split(";")
    return [*(c.query for c in cases.all_cases()), *twelve, *(b.text for b in blocks("cubeql"))]


class Mutations:
    """Strange texts made of others; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.known = [_WORD.findall(text) for text in texts()]
        self.words = sorted({w for words in self.known for w in words if w.strip() and len(w) < 60})
        self.kinds = {kind: [w for w in self.words if _kind(w) == kind] for kind in ("name", "number", "text")}

    def __iter__(self) -> Iterator[str]:
        while True:
            words = list(self.chance.choice(self.known))
            for _ in range(self.chance.choice((0, 1, 1, 1, 2, 2, 3, 6))):
                self._change(words)
            yield "".join(words)

    def _change(self, words: list[str]) -> None:
        """One cut, swap, doubling, new word, strange mark or piece of another text."""
        chance = self.chance
        at = chance.randrange(len(words) + 1)
        end = min(len(words), at + chance.randrange(1, 8))
        match chance.randrange(12):
            case 0:
                del words[at:end]
            case 1:
                words[at:at] = words[at:end] * chance.randrange(1, 4)
            case 2:
                words[at:at] = [" ", chance.choice(self.words), " "]
            case 3:
                words[at : at + 1] = [chance.choice(self.words)]
            case 8 | 9 | 10 | 11:
                self._exchange(words)
            case 4:
                words[at : at + 1] = [chance.choice(_LITERALS)]
            case 5:
                words[at:at] = [chance.choice(_STRANGE)]
            case 6:
                other = chance.choice(self.known)
                cut = chance.randrange(len(other) + 1)
                words[at:end] = other[cut : cut + chance.randrange(1, 15)]
            case 7:
                chance.shuffle(words[at:end])


    def _exchange(self, words: list[str]) -> None:
        """A name, number or text put in the place of another: often a statement still, of another meaning."""
        places = [n for n, word in enumerate(words) if _kind(word)]
        if places:
            at = self.chance.choice(places)
            words[at] = self.chance.choice(self.kinds[_kind(words[at])])


def _kind(word: str) -> str:
    """What a word could be exchanged for: ``name``, ``number``, ``text``, or nothing."""
    if word[:1] == "'":
        return "text"
    return "number" if word.isdigit() else "name" if word.isidentifier() and not word.isupper() else ""


def tried(text: str, layers: MemoryCatalog) -> str:
    """How far a text comes: ``unread``, ``refused``, ``statement`` or ``compiled``."""
    try:
        statement = parse_statement(text)
    except QueryError as error:
        str(error)
        return "unread"
    assert parse_statement(print_statement(statement)) == statement, "it is not what its printed form says"
    query = getattr(statement, "query", None)
    if not isinstance(query, nodes.Query):
        return "statement"
    try:
        compiled = compile_query(query, layers, {"p": 1}, text)
    except QueryError as error:
        str(error)
        return "refused"
    assert compiled.sql and str(compiled.optimized)
    return "compiled"


def main() -> int:
    """Try texts; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=2.0, help="seconds that one text may take")
    given = parser.parse_args()
    layers, ends, seconds, wrong, slowest = catalog(), Counter[str](), 0.0, 0, (0.0, "")
    for _, text in zip(range(given.texts), Mutations(given.seed), strict=False):
        begun = time.process_time()
        try:
            ends[tried(text, layers)] += 1
        except Exception:  # what is looked for here
            wrong += 1
            print(f"--- {text!r}\n{traceback.format_exc(limit=-3)}", file=sys.stderr)
        took = time.process_time() - begun
        seconds += took
        slowest = max(slowest, (took, text))
    print(", ".join(f"{count} {end}" for end, count in ends.most_common()))
    print(f"mean {1000 * seconds / given.texts:.2f} ms, longest {1000 * slowest[0]:.0f} ms: {slowest[1][:200]!r}")
    print(f"{wrong} crashed")
    return 1 if wrong or slowest[0] > given.limit else 0


if __name__ == "__main__":
    sys.exit(main())

"""Writers and readers at once, as processes, and the judge of what they say."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cubeql.storage import Store
from scripts.stress.ground import lay_events
from scripts.stress.ledger import known
from scripts.stress.processes import finished, start
from scripts.stress.reading import Reader, Torn


@dataclass(slots=True)
class Outcome:
    """What came of it.

    Attributes:
        writes: commits by kind.
        reads: checks by kind.
        failed: faults told by writers and readers, and how often; on a disk there must be none.
        faults: what must not be: torn reads, lost commits, processes that broke.
        versions: of the layer at the end.
        unknown: writes whose success their writer was not told.
    """

    writes: Counter[str] = field(default_factory=Counter)
    reads: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    versions: int = 0
    unknown: int = 0


def run(
    address: str,
    ledger: Path,
    seconds: float,
    writers: int,
    readers: int,
    seed: int,
    meanwhile: Callable[[], object] = lambda: time.sleep(0.2),
    enough: Callable[[], bool] = lambda: True,
) -> Outcome:
    """Let writers and readers at a new store for some seconds, and judge.

    Args:
        address: of a store that is not there yet.
        ledger: an empty folder.
        seconds: how long, at least.
        writers: how many.
        readers: how many.
        seed: of what they do.
        meanwhile: done again and again while they work.
        enough: whether what was to happen meanwhile has; they go on until it has.
    """
    lay_events(Store.open(address, create=True))
    outcome = Outcome()
    processes = [("writer", start("writing", address, ledger, str(n), str(seed))) for n in range(writers)]
    processes += [("reader", start("reading", address, ledger, str(n), str(seed))) for n in range(readers)]
    end = time.monotonic() + seconds
    while (time.monotonic() < end or not enough()) and all(p.poll() is None for _, p in processes):
        meanwhile()
    for _, process in processes:
        process.terminate()
    for kind, process in processes:
        _count(outcome, kind, finished(process), process.returncode)
    _judge(outcome, address, ledger)
    return outcome


def _count(outcome: Outcome, kind: str, said: str, code: int) -> None:
    other = []
    for line in said.splitlines():
        word, *rest = line.split("\t")
        if word == "done" and len(rest) == 2:
            (outcome.writes if kind == "writer" else outcome.reads)[rest[0]] += int(rest[1])
        elif word == "failed" and len(rest) == 2:
            outcome.failed[rest[0]] += int(rest[1])
        else:
            other.append(line)
    if code or other:
        outcome.faults.append(f"a {kind} ended with {code}: " + "\n".join(other))


def _judge(outcome: Outcome, address: str, ledger: Path) -> None:
    """Read it all once more, three ways, when nobody writes."""
    notes = known(ledger)
    outcome.unknown = sum(len(values) - notes.told.get(t, 0) for t, values in notes.values.items())
    reader = Reader(address, ledger, 0)
    history = reader.fast.store.history("events")
    outcome.versions = len(history)
    if [v.version for v in history] != list(range(len(history) - 1, -1, -1)):
        outcome.faults.append("the versions are not numbered without a gap")
    for check in (reader._summaries, reader._arrays, reader._blocks):
        try:
            check(known(ledger))
        except Torn as fault:
            outcome.faults.append(str(fault))

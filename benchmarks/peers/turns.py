"""Peers asked in turns, each by a process of its own; their answers held against what is right."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.peers import reference
from benchmarks.peers.landscape import Landscape
from benchmarks.peers.peerage import Peer
from benchmarks.peers.questions import Question

_WARM, _WARM_S = 4, 6.0
"""A question is asked so often before it counts, or until so many seconds have passed."""


@dataclass(frozen=True)
class Figure:
    """What one peer took for one question: medians over ``repeats``, after those that are not counted.

    Attributes:
        question: name of the question.
        peer: name of the peer.
        cpu: seconds of all its threads.
        wall: seconds that passed.
        repeats: how often it was asked.
        values: numbers of ndvi that lie in its data, with and without a value.
        peak: bytes of memory that it had at most, until then.
        wrong: what is wrong with its answer or with itself; empty where all is well.
    """

    question: str
    peer: str
    cpu: float
    wall: float
    repeats: int
    values: int
    peak: int
    wrong: str = ""


class _Asked:
    """A process that answers."""

    def __init__(self, peer: Peer, land: Landscape) -> None:
        self.peer = peer
        place = [str(land.folder), str(land.size), str(land.dates)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.peers.worker", peer.name, *place],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, question: Question, rows: bool = False) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps({"name": question.name, "rows": rows}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        return json.loads(line) if line else {"error": f"it ended with {self.process.wait()}"}


@contextmanager
def _asked(peer: Peer, land: Landscape) -> Iterator[_Asked]:
    asked = _Asked(peer, land)
    try:
        yield asked
    finally:
        asked.process.communicate()


def take_turns(
    land: Landscape, peers: list[Peer], questions: list[Question], least: int, times: int, seconds: float,
    say: Callable[[str], None],
) -> Iterator[Figure]:  # fmt: skip
    """Every question to every peer: until it is warm, then in turns up to ``times``, and ``least`` at least.

    Args:
        land: the landscape, built for all of them.
        peers: who is asked.
        questions: what.
        least: how many turns at least.
        times: how many at most.
        seconds: of wall clock after which a peer drops out of the turns of a question.
        say: hears a line a figure.
    """
    answers, counts = {}, {}
    for grid in (reference.pixels(land), reference.cells(land)):
        cells = grid.places is not None
        answers[cells], counts[cells] = reference.answers(grid), land.dates * grid.block.size
    with ExitStack() as stack:
        asked = [stack.enter_context(_asked(peer, land)) for peer in peers]
        for question in questions:
            for figure in _one(question, asked, answers, counts, least, times, seconds):
                took = f"cpu {figure.cpu * 1000:9.1f} wall {figure.wall * 1000:9.1f} ms"
                say(f"{question.name:10s} {figure.peer:16s} {took}  {figure.wrong or 'right'}")
                yield figure


def _one(
    question: Question, asked: list[_Asked], answers: dict[bool, dict[str, reference.Answer]], counts: dict[bool, int],
    least: int, times: int, seconds: float,
) -> Iterator[Figure]:  # fmt: skip
    wrong, taken = {}, {}
    for one in asked:
        first = one.ask(question, rows=True)
        wrong[one.peer.name] = first.get("error") or _wrong(first["rows"], question, one.peer, answers)
        taken[one.peer.name] = [] if "error" in first else [_warm(one, question, first)]
    for turn in range(times):
        for one in asked:
            had = taken[one.peer.name]
            if had and (turn < least or sum(t["wall"] for t in had) < seconds):
                had.append(one.ask(question))
    for one in asked:
        yield _figure(question, one.peer, taken[one.peer.name][1:], counts[one.peer.cells], wrong[one.peer.name])


def _warm(asked: _Asked, question: Question, first: dict[str, Any]) -> dict[str, Any]:
    """Ask until the peer has in memory what it keeps there; gives the last time."""
    last, spent, times = first, first["wall"], 1
    while times < _WARM and spent < _WARM_S:
        last = asked.ask(question)
        spent, times = spent + last["wall"], times + 1
    return last


def _wrong(rows: list[Any], question: Question, peer: Peer, answers: dict[bool, dict[str, reference.Answer]]) -> str:
    found = reference.as_answer(rows, question.keys)
    return reference.difference(found, answers[peer.cells][question.name], peer.tolerance)


def _figure(question: Question, peer: Peer, taken: list[dict[str, Any]], values: int, wrong: str) -> Figure:
    if not taken:
        return Figure(question.name, peer.name, 0.0, 0.0, 0, values, 0, wrong)
    cpu, wall = (statistics.median(t[kind] for t in taken) for kind in ("cpu", "wall"))
    return Figure(question.name, peer.name, cpu, wall, len(taken), values, taken[-1]["peak"], wrong)

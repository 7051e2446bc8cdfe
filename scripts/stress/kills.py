"""Work killed (SIGKILL) at random moments: the store is as before or as after, and doing it again completes it."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from cubeql.storage import Store
from scripts.stress.ground import lay_ground, picture_files, place_file
from scripts.stress.processes import finished, start, wait_for
from scripts.stress.state import State, is_between, state_of
from scripts.stress.work import WORKS

INPUTS = {"ingest": picture_files, "ingest points": lambda folder: [place_file(folder)]}


@dataclass(slots=True)
class Outcome:
    """What came of the kills.

    Attributes:
        kills: by work.
        found: how the store was found after them: as ``before``, as ``after``, ``between`` (work in portions), under
            ``both names``, and how often the work was ``done`` before the kill came.
        leftovers: files that vacuum found and removed.
        faults: what must not be.
    """

    kills: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    leftovers: int = 0
    faults: list[str] = field(default_factory=list)


class Ground:
    """A store to begin with, and what each work makes of it; stores are folders, copied for every kill."""

    def __init__(self, folder: Path) -> None:
        """Make the store and the files to ingest below a folder."""
        self.folder = folder
        self.origin = folder / "origin"
        lay_ground(Store.open(self.origin, create=True))
        self.before = state_of(Store.open(self.origin))
        self._after: dict[str, tuple[State, float]] = {}
        self._files: dict[str, list[str]] = {}

    def files(self, what: str) -> list[str]:
        """The files a work ingests."""
        if what not in self._files:
            place = self.folder / f"files of {what}"
            place.mkdir()
            self._files[what] = INPUTS[what](place) if what in INPUTS else []
        return self._files[what]

    def copy(self) -> Path:
        """The store anew."""
        place = self.folder / "store"
        shutil.rmtree(place, ignore_errors=True)
        return Path(shutil.copytree(self.origin, place))

    def after(self, what: str) -> tuple[State, float]:
        """The state that a work leaves when nobody disturbs it, and the seconds it takes."""
        if what not in self._after:
            place = self.copy()
            process = start("work", place, what, *self.files(what))
            wait_for(process, "ready")
            began = time.monotonic()
            wait_for(process, "done")
            seconds = time.monotonic() - began
            finished(process)
            self._after[what] = state_of(Store.open(place)), seconds
        return self._after[what]


def run(folder: Path, kills: int, seed: int, works: Sequence[str] = tuple(WORKS)) -> Outcome:
    """Kill works, one after the other in turn, at random moments."""
    ground, outcome, chance = Ground(folder), Outcome(), random.Random(seed)
    for turn in range(kills):
        what = works[turn % len(works)]
        fault = _one(ground, what, chance, outcome)
        outcome.kills[what] += 1
        if fault is not None:
            outcome.faults.append(f"{what}, kill {turn}: {fault}")
            shutil.copytree(folder / "store", folder / f"fault-{turn}")  # to be looked at
    return outcome


def _one(ground: Ground, what: str, chance: random.Random, outcome: Outcome) -> str | None:
    """Kill a work once; gives what was wrong."""
    after, seconds = ground.after(what)
    place = ground.copy()
    process = start("work", place, what, *ground.files(what))
    wait_for(process, "ready")
    time.sleep(chance.uniform(0, seconds))
    process.kill()
    if finished(process).strip().endswith("done"):
        outcome.found["done"] += 1
    seen = state_of(Store.open(place))
    found = _like(ground.before, seen, after, WORKS[what].in_portions)
    if found is None:
        return "the store is neither as before nor as after"
    outcome.found[found] += 1
    return _again(ground, what, place, outcome, seen, after)


def _like(before: State, seen: State, after: State, in_portions: bool) -> str | None:
    """How a store was found."""
    if seen == after:
        return "after"
    if seen == before:
        return "before"
    if in_portions and is_between(before, seen, after):
        return "between"
    # A rename gives the new name and then takes the old one: killed in between, the layer has both.
    twice = seen == before | after and len({str(seen[name]) for name in before.keys() ^ after.keys()}) == 1
    return "both names" if twice else None


def _again(ground: Ground, what: str, place: Path, outcome: Outcome, seen: State, after: State) -> str | None:
    """Do the work again, and clean up; gives what was wrong."""
    if WORKS[what].again or seen != after:
        process = start("work", place, what, *ground.files(what))
        said = finished(process)
        if process.returncode:
            return f"doing it again fails: {said}"
    store = Store.open(place)
    whole = state_of(store)
    if whole != after and seen != after:
        return "done again, the store is not as it would be undisturbed"
    outcome.leftovers += len(store.vacuum(timedelta(0), remove=True))
    if state_of(Store.open(place)) != whole:
        return "vacuum changed the store"
    if store.vacuum(timedelta(0)):
        return "vacuum left something behind"
    return None

"""Names: one small object each says what has the name and where that lies.

Layers, views and sets of cells share their names, for there is one object a name (``names/<name>.json``): it is made
where there is none, exchanged where it is what it was, and taken away, each by exactly one of those who want to. What
lies behind a name never moves: a rename makes another object that says the same place.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import starmap
from typing import Any, Literal, get_args

from cubeql.catalog.rights import Deed, Rights
from cubeql.errors import Outpaced, StoreError
from cubeql.storage.names import folder_of
from cubeql.storage.objects import Held, ObjectChanged, ObjectExists, Objects

Kind = Literal["layer", "view", "cells"]
FOLDER = "names"
_ENDING = ".json"
ATTEMPTS = 100
_KINDS: dict[Kind, str] = {"layer": "layer", "view": "view", "cells": "set of cells"}


@dataclass(frozen=True, slots=True)
class Named:
    """What has a name.

    Attributes:
        kind: what it is.
        name: as it was written.
        at: where it lies in the store, where it does not lie in the name itself.
        facts: what else is known of it, as JSON has it.
        tag: of the object it was read from.
    """

    kind: Kind
    name: str
    at: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    tag: str = field(default="", compare=False)


class NameTaken(StoreError):  # noqa: N818
    """Something else has the name."""

    def __init__(self, found: Named) -> None:
        super().__init__(f"the name {found.name} is taken: there is a {_KINDS[found.kind]} of this name")
        self.found = found


class NameDamaged(StoreError):  # noqa: N818
    """Nobody can tell what has a name."""


def new_place(folder: str, name: str, ending: str = "") -> str:
    """A place for what has a name, that nothing ever had: readable, and another each time."""
    return f"{folder}/{folder_of(name)}-{uuid.uuid4().hex[:12]}{ending}"


class Names:
    """The names of a store. Safe to share between threads."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._known: dict[str, Held] = {}

    def find(self, name: str) -> Named | None:
        """What has a name (a well-formed one), None where it is free.

        Raises:
            StoreError: its object cannot be read.
        """
        place = _place(name)
        held = self._objects.read(place)
        return None if held is None else self._seen(place, held)

    def all(self, *kinds: Kind) -> list[Named]:
        """Everything that has a name, or all of some kinds, by name.

        Raises:
            StoreError: one of their objects cannot be read.
        """
        found = [self._seen(place, held) for place, held in self.held().items()]
        return sorted((n for n in found if n is not None and (not kinds or n.kind in kinds)), key=lambda n: n.name)

    def allow(self, deed: Deed, name: str = "", found: Named | None = None) -> None:
        """Refuse what whoever sees these names has no right to do; here nobody is refused.

        Args:
            deed: what is to be done.
            name: to what has this name, or will have it.
            found: what has it; None where there is nothing.

        Raises:
            NotAllowed: he has not.
        """

    def owns(self, name: str) -> bool:
        """Whether what has a name is of whoever sees these names; here it always is."""
        return True

    def held(self) -> dict[str, Held]:
        """All names' objects; of those that are what they were nothing but the list is asked."""
        listed = {e.name: e.tag for e in self._objects.entries(FOLDER) if e.name.endswith(_ENDING)}
        known = {place: held for place, held in self._known.items() if listed.get(place) == held.tag}
        fresh = [place for place in listed if place not in known]
        read = zip(fresh, self._objects.each(self._objects.read, fresh), strict=True)
        found = known | {place: held for place, held in read if held is not None}
        self._known = found
        return found

    def give(self, new: Named, replacing: bool = False) -> Named | None:
        """Give a name; what had it before. Rights are the name's: they stay when something takes another's place.

        Args:
            new: what gets it.
            replacing: whether something of the same kind may have it now.

        Raises:
            NameTaken: something else has it.
            NotAllowed: it is not this user's to give.
        """
        self.allow("make", new.name)
        place = _place(new.name)
        for _ in range(ATTEMPTS):
            found = self.find(new.name)
            try:
                if found is None:
                    self._objects.create(place, _content(new))
                elif replacing and found.kind == new.kind:
                    kept = replace(new, facts=Rights.of(found.facts).told_in(new.facts))
                    self._objects.swap(place, _content(kept), found.tag)
                else:
                    raise NameTaken(found)
            except (ObjectExists, ObjectChanged):
                continue
            return found
        raise Outpaced(f"the name {new.name}: others were faster {ATTEMPTS} times; try again")

    def change(self, known: Named, new: Named) -> bool:
        """Exchange what is known to have a name by what is the same but for case; whether that still had it.

        Raises:
            NotAllowed: it is not this user's.
        """
        self.allow("rule", known.name, known)
        try:
            self._objects.swap(_place(known.name), _content(new), known.tag)
        except ObjectChanged:
            return False
        return True

    def take(self, known: Named) -> bool:
        """Take a name away from what is known to have it; whether that still had it.

        Raises:
            NotAllowed: it is not this user's.
        """
        self.allow("rule", known.name, known)
        try:
            self._objects.take(_place(known.name), known.tag)
        except ObjectChanged:
            return False
        return True

    def places(self) -> set[str]:
        """Where everything lies that has a name, whoever may see it: nothing else of the store is needed."""
        return {named.at for named in starmap(self._named, self.held().items()) if named.at}

    def _seen(self, place: str, held: Held) -> Named | None:
        """What an object says of its name; None where that is nothing for whoever asks."""
        return self._named(place, held)

    def _named(self, place: str, held: Held) -> Named:
        stem = place.removeprefix(f"{FOLDER}/").removesuffix(_ENDING)
        try:
            facts = dict(json.loads(held.content))
            kind, name, at = facts.pop("kind"), str(facts.pop("name")), str(facts.pop("at", ""))
            if kind not in get_args(Kind):
                raise ValueError(f"the kind {kind!r} is not one of {', '.join(get_args(Kind))}")
        except (ValueError, KeyError, TypeError) as error:
            raise NameDamaged(f"{self._objects.uri(place)}: what has this name cannot be read: {error!r}") from error
        return Named(kind, name if folder_of(name) == stem else stem, at, facts, held.tag)


def _place(name: str) -> str:
    return f"{FOLDER}/{folder_of(name)}{_ENDING}"


def _content(named: Named) -> bytes:
    values = {"kind": named.kind, "name": named.name} | ({"at": named.at} if named.at else {}) | dict(named.facts)
    return (json.dumps(values, ensure_ascii=False) + "\n").encode()

"""A layer given another name: the new one first, then the old one is taken away, so that no moment has neither.

Whoever dies in between leaves both; renamed again, the old one goes. What becomes of the rights meanwhile goes along.
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from cubeql.catalog.rights import Rights
from cubeql.errors import Outpaced
from cubeql.storage.committing import Shelf
from cubeql.storage.names import folder_of
from cubeql.storage.naming import ATTEMPTS, Named, Names, NameTaken

_MOVED = "moved"
"""The fact that says whose rename gave a name: nobody else's may take it back."""


def renamed(shelf: Shelf, name: str, new: str) -> tuple[Named, Named] | None:
    """Give a layer another name: what had the old one, and what has the new one; None where there is no such layer.

    Raises:
        StoreError: the name is taken, neither is this user's, or the store cannot be written.
    """
    for _ in range(ATTEMPTS):
        old = shelf.layer(name)
        if old is None:
            return None
        shelf.names.allow("rule", old.name, old)
        if folder_of(old.name) == folder_of(new):
            named = replace(old, name=new)
            if shelf.names.change(old, named):
                return old, named
            continue
        mine = uuid.uuid4().hex[:12]
        named = replace(old, name=new, facts={**old.facts, _MOVED: mine})
        given = _given(shelf.names, named)
        if given is not None:
            return (old, named) if _let_go(shelf, old, named, given) else None
    raise Outpaced(f"the name {name}: others were faster {ATTEMPTS} times; try again")


def _given(names: Names, named: Named) -> bool | None:
    """Whether the name was given now, or by a rename of the same that has not ended; None where that has to be seen."""
    try:
        names.give(named)
    except NameTaken as taken:
        found = taken.found
        if found.kind != named.kind or found.at != named.at:
            raise
        # Whoever gave it must not take it back any more.
        mine = {**found.facts, _MOVED: named.facts[_MOVED]}
        return False if names.change(found, replace(found, facts=mine)) else None
    return True


def _let_go(shelf: Shelf, old: Named, named: Named, given: bool) -> bool:
    """Take the old name away; whether the layer has the new one now."""
    while not shelf.names.take(old):
        now = shelf.names.find(old.name)
        if now is None or now.at != old.at:
            return not (given and _taken_back(shelf, named))
        _follow(shelf.names, named, Rights.of(old.facts), Rights.of(now.facts))
        old = now
    return True


def _follow(names: Names, named: Named, before: Rights, after: Rights) -> None:
    """Let rights that were changed with the old name change with the new one."""
    while (found := names.find(named.name)) is not None and found.at == named.at:
        rights = Rights.of(found.facts).following(before, after)
        if names.change(found, replace(found, facts=rights.told_in(found.facts))):
            return


def _taken_back(shelf: Shelf, named: Named) -> bool:
    """The old name is another's or nobody's: the layer was dropped, so is the new name then."""
    while (found := shelf.names.find(named.name)) is not None and found.at == named.at:
        if found.facts.get(_MOVED) != named.facts[_MOVED]:
            return False  # somebody else renames it so, and has taken the old name away
        if shelf.names.take(found):
            shelf.discard(named.at)
            break
    return True

"""Rights on names, changed in the names' own objects: of two that change them at once none undoes the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cubeql.catalog.rights import Right, Rights
from cubeql.errors import Outpaced
from cubeql.storage.naming import ATTEMPTS, Kind, Named, Names


@dataclass(frozen=True, slots=True)
class Grant:
    """A right that a user has on what has a name."""

    name: str
    kind: Kind
    right: Right
    grantee: str


def change(names: Names, name: str, changed: Callable[[Rights], Rights]) -> tuple[Named, Rights, Rights] | None:
    """Change the rights on what has a name: what that is, and the rights before and after; None where nothing has it.

    Raises:
        NotAllowed: they are not this user's to change.
        StoreError: the store cannot be written.
    """
    for _ in range(ATTEMPTS):
        found = names.find(name)
        names.allow("rule", name, found)
        if found is None:
            return None
        before = Rights.of(found.facts)
        after = changed(before)
        if after == before or names.change(found, replace(found, facts=after.told_in(found.facts))):
            return found, before, after
    raise Outpaced(f"the rights on {name}: others were faster {ATTEMPTS} times; try again")


def grants(names: Names) -> list[Grant]:
    """All rights on what these names are of, by name, right and grantee."""
    return [
        Grant(named.name, named.kind, right, user)
        for named in names.all()
        for right, users in Rights.of(named.facts).by_right()
        for user in sorted(users)
    ]

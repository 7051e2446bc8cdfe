"""The names of a store as somebody sees them: a name without the right to read it is absent, here and so everywhere."""

from __future__ import annotations

from cubeql.catalog.rights import Rights, Who
from cubeql.storage.naming import Kind, Named, Names
from cubeql.storage.objects import Objects


class SeenNames(Names):
    """The names that one user may read. Safe to share between threads."""

    def __init__(self, objects: Objects, who: Who) -> None:
        super().__init__(objects)
        self.who = who

    def find(self, name: str) -> Named | None:
        """What has a name, None where it is free or may not be read."""
        found = super().find(name)
        return found if found is not None and self._seen(found) else None

    def all(self, *kinds: Kind) -> list[Named]:
        """Everything that may be read, or all of some kinds, by name."""
        return [named for named in super().all(*kinds) if self._seen(named)]

    def _seen(self, named: Named) -> bool:
        return Rights.of(named.facts).allow(self.who, "read", named.name)

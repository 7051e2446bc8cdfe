"""The names of a store as somebody sees them: a name without the right to read it is absent, here and so everywhere."""

from __future__ import annotations

from cubeql.catalog.rights import Deed, Rights, Who, refusal
from cubeql.errors import NotAllowed
from cubeql.storage.naming import Named, NameDamaged, Names
from cubeql.storage.objects import Held, Objects


class SeenNames(Names):
    """The names that one user may read. Safe to share between threads.

    Args:
        objects: the store's.
        who: the user.
        whole: all names, which remember what they have read.
    """

    def __init__(self, objects: Objects, who: Who, whole: Names) -> None:
        super().__init__(objects)
        self.who = who
        self._whole = whole

    def allow(self, deed: Deed, name: str = "", found: Named | None = None) -> None:
        """Refuse what the user has no right to do."""
        refused = refusal(self.who, deed, name, None if found is None else Rights.of(found.facts))
        if refused is not None:
            raise NotAllowed(refused)

    def owns(self, name: str) -> bool:
        """Whether what has a name is the user's."""
        return self.who.owns(name)

    def held(self) -> dict[str, Held]:
        """All names' objects, as the whole store reads them."""
        return self._whole.held()

    def _seen(self, place: str, held: Held) -> Named | None:
        try:
            named = self._named(place, held)
        except NameDamaged:
            if self.who.keeper:
                raise
            return None  # who may read it cannot be told
        return named if Rights.of(named.facts).allow(self.who, "read", named.name) else None

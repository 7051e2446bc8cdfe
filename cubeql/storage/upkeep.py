"""What is done to layers that are there: their facts changed, their files put in order, what nobody needs removed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cubeql.catalog import Layer
from cubeql.catalog.rights import Deed
from cubeql.errors import StoreError, nearest
from cubeql.storage.altering import alter
from cubeql.storage.committing import Shelf
from cubeql.storage.definitions import Definitions
from cubeql.storage.naming import Named
from cubeql.storage.rollback import rollback
from cubeql.storage.vacuum import OLDER_THAN, READING, Keep, Leftover, forget, leftovers
from cubeql.storage.vacuum import remove as remove_leftovers

if TYPE_CHECKING:
    from cubeql.storage.compactor import CompactReport


class Upkeep(Definitions):
    """The part of a store that keeps layers up."""

    _shelf: Shelf

    def alter(self, name: str, change: Callable[[Layer], Layer], what: str) -> None:
        """Change what is known of a layer, in a commit of its own that leaves its rows as they are.

        Args:
            name: of the layer.
            change: gives the new record for the latest one; it may be asked several times.
            what: one line for the history.

        Raises:
            StoreError: there is no such layer, or its log cannot be written.
        """
        alter(self._shelf, self._known(name, "write"), change, what)

    def rollback(self, name: str, version: int) -> int | None:
        """Give a layer the rows, columns and facts of an earlier version, in a commit of its own.

        Later versions stay and can be gone back to in the same way; the layer keeps its name.

        Returns:
            The new version's number; None where the layer is as it was at that version already.

        Raises:
            StoreError: there is no such layer or version, or its log cannot be written.
        """
        return rollback(self._shelf, self._known(name, "write"), version)

    def compact(self, name: str, *, dry_run: bool = False, **how: Any) -> CompactReport:
        """Write the files of a layer anew that are small, too large, of an older format, or overlap.

        The rows stay the same, what others append meanwhile is kept, and readers keep what they read. The files before
        stay for earlier versions; see :meth:`vacuum`.

        Args:
            name: of the layer.
            dry_run: say what would be done, and do nothing.
            **how: see :class:`~cubeql.storage.compactor.Compactor`.

        Raises:
            StoreError: there is no such layer, a file of it is damaged, or the store cannot be written.
        """
        from cubeql.storage.compactor import Compactor

        return Compactor(self._shelf, self._known(name, "write"), **how).run(dry_run)

    def vacuum(
        self,
        older_than: timedelta | None = None,
        *,
        remove: bool = False,
        keep_versions: int | None = None,
        keep_days: float | None = None,
        layers: Collection[str] = (),
    ) -> list[Leftover]:
        """Find, and remove if told so, files that killed writers and drops left behind, and those of old versions.

        Every version keeps its files unless it is told how many, or for how long, to keep.

        Args:
            older_than: leave younger files alone that no version refers to, for they may belong to a write that is
                still going on (7 days), and keep versions that were the latest since then, for queries that still run
                (1 hour).
            remove: remove them; otherwise they are only listed.
            keep_versions: of each layer keep the last so many versions.
            keep_days: of each layer keep the versions of the last so many days; with both, what either keeps.
            layers: only of these layers remove versions.

        Raises:
            StoreError: there is no such layer, a layer's log is damaged, or a file cannot be removed.
        """
        self._names.allow("keep")
        firsts: dict[str, int] = {}
        if keep_versions is not None or keep_days is not None:
            keep = Keep(keep_versions, keep_days, READING if older_than is None else older_than)
            named = [self._known(name) for name in layers or self.layer_names()]
            firsts = {n.at: keep.first(self._shelf.tables.history(n.at)) for n in named}
        age = OLDER_THAN if older_than is None else older_than
        found = leftovers(self._shelf, age, firsts)
        if remove:
            for table, first in firsts.items():
                if any(x.of_versions and x.name.startswith(f"{table}/") for x in found):
                    forget(self._shelf, table, first)
            # Looked up anew: a layer may have gone back just now to a version that was to be removed.
            found = leftovers(self._shelf, age) if firsts else found
            remove_leftovers(self.objects, found)
        return found

    def _known(self, name: str, deed: Deed | None = None) -> Named:
        """What the name of a layer says.

        Args:
            name: of the layer.
            deed: what is to be done to it, where that needs a right.

        Raises:
            StoreError: there is none.
            NotAllowed: it must not be done.
        """
        found = self._named(name, "layer")
        if deed is not None:
            self._names.allow(deed, name, found)
        if found is None:
            raise self._absent(name)
        return found

    def _absent(self, name: str) -> StoreError:
        near = nearest(name, self.layer_names())
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        return StoreError(f"the store {self.address} has no layer {name!r}{hint}")

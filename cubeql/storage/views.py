"""Views: the text of a query under a name, a small file each below ``views``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from cubeql.errors import StoreError
from cubeql.storage.addresses import Address, local_path
from cubeql.storage.names import folder_of
from cubeql.storage.naming import names_in, publishing

_ENDING = ".json"


@dataclass(frozen=True, slots=True)
class View:
    """A view: its name as it was written, and the text of its query."""

    name: str
    query: str


class Views:
    """The views of a store."""

    def __init__(self, store: Address) -> None:
        self._store = store

    def all(self) -> tuple[View, ...]:
        """All views, by name."""
        found = (self.find(n) for n in names_in(self._folder(), _ENDING))
        return tuple(sorted((v for v in found if v is not None), key=lambda v: v.name))

    def find(self, name: str) -> View | None:
        """The view of a name (a well-formed one), None if there is none.

        Raises:
            StoreError: its file is damaged.
        """
        place = self._file(name)
        try:
            values = json.loads(place.read_text(encoding="utf-8"))
            return View(str(values["name"]), str(values["query"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{place}: the view cannot be read: {error!r}") from error

    def exists(self, name: str) -> bool:
        """Whether there is a view of this name, readable or not."""
        return self._file(name).exists()

    def put(self, view: View) -> None:
        """Keep a view, in the place of one of its name."""
        with publishing(self._file(view.name)) as draft:
            text = json.dumps({"name": view.name, "query": view.query}, ensure_ascii=False)
            draft.write_text(text + "\n", encoding="utf-8")

    def drop(self, name: str) -> bool:
        """Remove a view; gives whether there was one."""
        place = self._file(name)
        try:
            place.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreError(f"{place}: the view cannot be dropped: {error.strerror}") from error
        return True

    def _folder(self) -> Path:
        return local_path(self._store) / "views"

    def _file(self, name: str) -> Path:
        return self._folder() / f"{folder_of(name)}{_ENDING}"

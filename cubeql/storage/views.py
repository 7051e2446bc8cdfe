"""Views: the text of a query under a name, a small file each below ``views``."""

from __future__ import annotations

import json
from dataclasses import dataclass

from cubeql.errors import StoreError
from cubeql.storage.addresses import Address
from cubeql.storage.naming import NamedFiles, publishing

_ENDING = ".json"


@dataclass(frozen=True, slots=True)
class View:
    """A view: its name as it was written, and the text of its query."""

    name: str
    query: str


class Views(NamedFiles):
    """The views of a store."""

    def __init__(self, store: Address) -> None:
        super().__init__(store, "views", _ENDING, "the view")

    def all(self) -> tuple[View, ...]:
        """All views, by name."""
        found = (self.find(n) for n in self.names())
        return tuple(sorted((v for v in found if v is not None), key=lambda v: v.name))

    def find(self, name: str) -> View | None:
        """The view of a name (a well-formed one), None if there is none.

        Raises:
            StoreError: its file is damaged.
        """
        place = self.file(name)
        try:
            values = json.loads(place.read_text(encoding="utf-8"))
            return View(str(values["name"]), str(values["query"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{place}: the view cannot be read: {error!r}") from error

    def put(self, view: View) -> None:
        """Keep a view, in the place of one of its name."""
        with publishing(self.file(view.name)) as draft:
            text = json.dumps({"name": view.name, "query": view.query}, ensure_ascii=False)
            draft.write_text(text + "\n", encoding="utf-8")

"""What the prompt knows: how results are shown, what was asked last, what the store holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.output.formats import NAMES, choose
from cubeql.cli.output.kept import Kept
from cubeql.cli.output.layout import Written
from cubeql.cli.output.screen import Screen
from cubeql.cli.output.targets import Target
from cubeql.cli.runner import Running
from cubeql.formats.rows import Rows
from cubeql.history import History

if TYPE_CHECKING:
    from cubeql.catalog import Catalog
    from cubeql.sessions import AnySession

MODES = NAMES
_ASKED = ("layer_names", "layer", "commits", "view_names", "view", "in_place", "cell_set_names", "cell_set")


@dataclass(slots=True)
class Showing:
    """Where results go and how they look; the place that statements write to.

    Attributes:
        diagnostics: told to draw no progress while rows stand on the screen.
        mode: the format on the screen.
        narrow: the format that ``.x`` goes back to.
        paging: ``auto``, ``on`` or ``off``: whether long results, all or none go to a pager.
        max_rows: rows of a table shown without one; 0 shows all.
        colour: ``auto``, ``always`` or ``never``.
        output: where all results go; None is the screen.
        once: where the next one goes.
        kept: rows of the last result.
    """

    diagnostics: Diagnostics
    mode: str = "table"
    narrow: str = "table"
    paging: str = "auto"
    max_rows: int = 40
    colour: str = "auto"
    output: Target | None = None
    once: Target | None = None
    kept: Kept | None = None

    @property
    def screen(self) -> Screen:
        """The screen as it is set now."""
        return Screen(self.diagnostics, self.paging, self.max_rows, self.colour)

    @property
    def at_once(self) -> bool:
        """Whether rows stand on the terminal as soon as they come."""
        return self.paging == "off" and self.output is None and self.once is None

    def write(self, rows: Rows) -> Written:
        """Keep a result and show it, or send it where results go."""
        self.kept = Kept(rows)
        return self.show(self.kept)

    def show(self, kept: Kept) -> Written:
        """Show a result again, or send it where results go."""
        chosen = choose(self.mode, None)
        if self.once is not None:
            once, self.once = self.once, None
            notices: tuple[str, ...] = ()
            try:
                written = once.write(kept, chosen)
            finally:
                notices = once.close()
            return Written(written.rows, (*written.notices, *notices))
        if self.output is not None:
            return self.output.write(kept, chosen)
        return self.screen.show(kept, chosen)

    def close(self) -> None:
        """No more results come."""
        for one in (self.once, self.output):
            for notice in one.close() if one is not None else ():
                self.diagnostics.notice(notice)
        self.once = self.output = None


class Known:
    """The store as it was when it was asked last, so that typing waits for no disk and no network."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.forget()

    def forget(self) -> None:
        """Ask anew: a statement was run, or somebody else has written."""
        self._answers = {name: cache(getattr(self._catalog, name)) for name in _ASKED}

    def __getattr__(self, name: str) -> Any:
        return self._answers[name] if name in _ASKED else getattr(self._catalog, name)

    def catalog(self) -> Catalog:
        """This, as what it stands for."""
        return cast("Catalog", self)


@dataclass(slots=True)
class Shell:
    """A prompt on a session.

    Attributes:
        session: the session.
        running: how statements run.
        showing: where results go.
        diagnostics: where everything else is said.
        history: what was asked.
        known: the store, for whoever types.
        statement: the last statement that was run.
        asked: the statement whose rows are kept.
        said: what became of the last one, in a few words.
        draft: text that the next prompt begins with.
        leaving: whether to leave.
        depth: how many files are being read, one from another.
    """

    session: AnySession
    running: Running
    showing: Showing
    diagnostics: Diagnostics
    history: History
    known: Known
    statement: str | None = None
    asked: str | None = None
    said: str = ""
    draft: str = ""
    leaving: bool = False
    depth: int = field(default=0)

    @property
    def store(self) -> str:
        """Address of the store."""
        return str(self.session.store.address)

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Read a file from another."""
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1

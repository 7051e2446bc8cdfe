"""The terminal screen of CubeQL: ask, see, look closer.

Reading order: ``actions`` (the one table that keys, palette, footer and help are made of), ``keymap``, ``themes`` and
``preferring`` (what a person prefers of them); ``rows`` and ``running`` (a statement at work, and the rows it has
brought so far; they know no screen); ``arranging``, ``grid`` and ``table`` (rows for people); ``asking`` (the
statements the screen writes by itself); ``snapshot``, ``finding``, ``looking``, ``tree``, ``thumbnail``, ``layers``
and ``about`` (what the store holds), with ``examples`` and ``welcome`` (statements to begin with); ``marks``,
``edits``, ``popup``, ``editor``, ``files`` and ``drafts`` (writing a statement); ``linked`` (what is brushed);
``curves`` and ``plot`` (values over time), ``bars`` and ``histogram``; ``map`` (cells in their true shape);
``narrowing`` (what is brushed as conditions of the statement); ``plan``; ``said`` and ``results`` (all views);
``status`` and ``footer``; ``help``, ``palette``, ``history``, ``exports`` and ``export``, ``parameters`` and
``pages`` (what lies over the screen); ``ending``, ``desk`` and ``app`` (all of it together).

Widgets change in handlers only; whatever takes time runs in a thread and posts messages. The package knows CubeQL
through its public doors alone: ``cubeql``, ``cubeql.session``, ``cubeql.service``, ``cubeql.history``,
``cubeql.parameters``, ``cubeql.errors``, ``cubeql.catalog`` (the records a session gives), ``cubeql.values``,
``cubeql.grid`` and ``cubeql.drawing`` (what results look like).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cubeql_tui.app import CubeQL

__all__ = ["application", "run"]


def application(store: str | None = None) -> CubeQL:
    """The application on a store; without one, on the default store.

    Raises:
        StoreError: the store cannot be opened.
    """
    from cubeql.history import default_file
    from cubeql_tui.app import CubeQL
    from cubeql_tui.preferring import preferred

    return CubeQL(store, default_file(), preferred())


def run(store: str | None = None) -> int:
    """Open the screen and stay until it is left; the exit code.

    Raises:
        StoreError: the store cannot be opened.
    """
    app = application(store)
    app.run(mouse=app.preferred.mouse)
    return app.return_code or 0

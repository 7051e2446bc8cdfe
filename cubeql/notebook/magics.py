"""``%cubeql STORE`` opens a store, ``%%cubeql`` runs the statements of a cell on it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import display

import cubeql
from cubeql.engine.result import Result
from cubeql.errors import ConfigError, CubeQLError, QueryError, StoreError
from cubeql.lang import split_statements
from cubeql.lang.tokens import tokenize
from cubeql.notebook.running import run
from cubeql.notebook.shown import Bundle, Read, map_of, plot_of, read, shown
from cubeql.sessions import AnySession, is_session
from cubeql.settings import default_store

_FIRST = ""  # what --map and --plot say without a column


@magics_class
class CubeQLMagics(Magics):
    """The words of a notebook, and the stores that are open."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._opened: dict[str, AnySession] = {}
        self.session: AnySession | None = None

    @magic_arguments()
    @argument("word", nargs="?", help="the variable that keeps the last result; without a cell, the store")
    @argument("--store", help="the store: an address, or a variable with a session")
    @argument("--map", nargs="?", const=_FIRST, metavar="COLUMN", help="show the last result as a map")
    @argument("--plot", nargs="?", const=_FIRST, metavar="COLUMN", help="show the last result as a plot")
    @argument("--timeout", type=float, metavar="SECONDS", help="stop a statement that runs longer")
    @line_cell_magic("cubeql")
    def cubeql(self, line: str, cell: str | None = None) -> None:
        """Open a store (%cubeql STORE), or run the statements of a cell (%%cubeql [NAME])."""
        asked = parse_argstring(self.cubeql, line)
        try:
            if cell is None:
                self._say_store(asked.word or asked.store)
            else:
                self._run(cell, asked)
        except CubeQLError as fault:
            raise plainly(fault) from None
        except KeyboardInterrupt as fault:
            raise plainly(fault, "cancelled") from None

    def close(self) -> None:
        """Close the stores that were opened here."""
        for session in self._opened.values():
            session.close()
        self._opened.clear()
        self.session = None

    # -------------------------------------------------------------- stores

    def _say_store(self, word: str | None) -> None:
        session = self._connect(word)
        names = session.store.layer_names()
        print(f"{session.store.address}: {len(names)} layers: {', '.join(names)}")  # noqa: T201

    def _connect(self, word: str | None) -> AnySession:
        """The session of a store, from now on that of all cells; without a word the one there is, else the default."""
        if word is None and self.session is not None:
            return self.session
        named = self._variables().get(word) if word else None
        if is_session(named):
            self.session = named
            return named
        address = word or default_store()
        if address not in self._opened:
            if "://" not in address and not Path(address).exists():
                raise StoreError(f"there is no store at {address}: open one by %cubeql STORE")
            self._opened[address] = cubeql.connect(address)
        self.session = self._opened[address]
        return self.session

    def _variables(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self.shell.user_ns)

    # -------------------------------------------------------------- statements

    def _run(self, cell: str, asked: Any) -> None:
        if asked.word is not None and not asked.word.isidentifier():
            raise ConfigError(f"{asked.word!r} is no name for a variable; a store is named by --store")
        session = self._connect(asked.store)
        texts = [text for text, _ in split_statements(cell)] or [cell]
        for number, text in enumerate(texts, 1):
            last = number == len(texts)
            drawn = asked.map is not None or asked.plot is not None
            whole = last and (drawn or asked.word is not None)
            result, found = run(partial(self._read, session, text, asked.timeout, whole), session)
            if last and asked.word is not None:
                self.shell.push({asked.word: result})
            display(shown(result, found), raw=True)
            for bundle in _pictures(found, result, asked) if last else ():
                display(bundle, raw=True)

    def _read(self, session: AnySession, text: str, timeout_s: float | None, whole: bool) -> tuple[Result, Read]:
        result = session.query(text, self._parameters(text), timeout_s)
        return result, read(result, whole)

    def _parameters(self, text: str) -> dict[str, Any]:
        """Of the variables of the notebook those that a statement names as ``$name``."""
        words = (token.text for token in tokenize(text).tokens if token.text.startswith("$"))
        variables = self._variables()
        return {word[1:]: variables[word[1:]] for word in words if word[1:] in variables}


def _pictures(found: Read, result: Result, asked: Any) -> Iterator[Bundle]:
    if asked.map is not None:
        yield map_of(found.table, asked.map or None, result)
    if asked.plot is not None:
        yield plot_of(found.table, asked.plot or None)


def plainly(fault: BaseException, text: str | None = None) -> BaseException:
    """The same fault, shown by a notebook as what it says and not by where in the code it arose."""
    said = text or str(fault)
    if not isinstance(fault, QueryError) and text is None:
        said = f"error: {said}"
    fault._render_traceback_ = said.splitlines  # type: ignore[attr-defined]
    return fault

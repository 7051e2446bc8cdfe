"""The prompt on a terminal: an editor of a few lines with colours, offers and a history."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import ThreadedCompleter
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition, completion_is_selected, is_searching
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History as TypedHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output, create_output

from cubeql import service
from cubeql.cli.shell.colours import StatementLexer, depth, style
from cubeql.cli.shell.feeding import command_in
from cubeql.cli.shell.offering import Offers
from cubeql.cli.shell.state import Shell
from cubeql.history import History

FIRST, NEXT = "cubeql> ", "   ...> "
_MENU_LINES = 9


class Terminal:
    """Reads texts from a terminal.

    Args:
        shell: the prompt.
        coloured: whether it may use colours.
        vi: edit with the keys of vi.
    """

    def __init__(self, shell: Shell, coloured: bool, vi: bool = False) -> None:
        self._shell = shell
        self._session: PromptSession[str] = PromptSession(
            message=[("class:prompt", FIRST)],
            prompt_continuation=[("class:continuation", NEXT)],
            multiline=True,
            lexer=StatementLexer(),
            style=style(coloured),
            color_depth=depth(coloured),
            completer=ThreadedCompleter(Offers(shell)),
            # Room for the menu is kept as long as this is true: at an empty prompt it would push results off the
            # screen. Trap: a history search by prefix turns this off, without a word.
            complete_while_typing=Condition(lambda: bool(self._session.default_buffer.text)),
            reserve_space_for_menu=_MENU_LINES,
            history=Remembered(shell.history),
            auto_suggest=AutoSuggestFromHistory(),
            key_bindings=_keys(),
            bottom_toolbar=self._toolbar,
            editing_mode=EditingMode.VI if vi else EditingMode.EMACS,
            enable_open_in_editor=True,
            enable_suspend=True,
            tempfile_suffix=".sql",
            output=_output(),
        )

    def read(self, draft: str) -> str:
        """Read a text that can be run, or was told to be.

        Raises:
            EOFError: Ctrl-D.
            KeyboardInterrupt: Ctrl-C.
        """
        return self._session.prompt(default=draft)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let keys that are pressed while a statement runs wait unseen: echoed, they would garble the next prompt."""
        import termios

        try:
            keys = sys.stdin.fileno()
            before = termios.tcgetattr(keys)
        except (OSError, ValueError, termios.error):
            yield
            return
        silent = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
        termios.tcsetattr(keys, termios.TCSANOW, silent)
        try:
            yield
        finally:
            termios.tcsetattr(keys, termios.TCSANOW, before)

    def _toolbar(self) -> StyleAndTextTuples:
        text = self._session.default_buffer.text
        width = shutil.get_terminal_size().columns
        if is_unfinished(text):
            words = " ; and Enter run it · Alt-Enter runs it as it is · Ctrl-C clears it"
        else:
            words = " " + " · ".join(status(self._shell))
        return [("class:bottom-toolbar", words[: width - 1])]


def status(shell: Shell) -> list[str]:
    """What is set, and what became of the last statement."""
    showing = shell.showing
    parts = [shell.store, showing.mode]
    if showing.output is not None or showing.once is not None:
        parts.append("to a file or command")
    if not shell.running.timer:
        parts.append("timer off")
    if showing.paging != "auto":
        parts.append(f"pager {showing.paging}")
    return [*parts, shell.said or ".help lists commands"]


def is_unfinished(text: str) -> bool:
    """Whether Enter only begins another line."""
    return bool(text.strip()) and command_in(text) is None and not service.is_complete(text)


class Remembered(TypedHistory):
    """The history as the prompt walks through it; statements are added to it when they have run."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history

    def load_history_strings(self) -> Iterable[str]:
        """Statements, the latest first."""
        for asked in self._history.find(""):
            yield asked.text if asked.text.endswith(";") else f"{asked.text};"

    def store_string(self, string: str) -> None:
        """Nothing: what has run is kept with what became of it."""


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter", filter=~completion_is_selected & ~is_searching)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_unfinished(buffer.text):
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("enter", filter=completion_is_selected & ~is_searching)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    @keys.add("escape", "enter", filter=~is_searching)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("c-space")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.start_completion()

    return keys


def _output() -> Output:
    """Stdout, else stderr: where stdout takes the data away, the prompt stays on the terminal."""
    return create_output(always_prefer_tty=True)

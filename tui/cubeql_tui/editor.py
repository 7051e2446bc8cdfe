"""Where statements are written: coloured as the parser reads them, checked while one types, completed."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events, on
from textual.app import SuspendNotSupported
from textual.binding import BindingType
from textual.geometry import Offset
from textual.message import Message
from textual.timer import Timer
from textual.widgets import TextArea
from textual.widgets.text_area import Selection, TextAreaTheme

from cubeql import service
from cubeql.errors import Diagnostic, QueryError, Span
from cubeql_tui.actions import Place, bindings
from cubeql_tui.edits import edit_outside, occurrences, toggled
from cubeql_tui.marks import Mark, index_of, marks_of, place_of, said_at
from cubeql_tui.popup import Popup
from cubeql_tui.snapshot import Snapshot
from cubeql_tui.themes import syntax_style

_PAUSE_S = 0.15  # faults are told when somebody pauses: a word half typed is no fault to shout at
_FAULTS = {"fault": "error", "warning": "warning"}


class QueryEditor(TextArea):
    """A text of one or more statements.

    Args:
        popup: where completions are offered.
        placeholder: what an empty editor says.
    """

    DEFAULT_CSS = """
    QueryEditor { height: 11; border: round $border; padding: 0; background: $background;
                  border-title-color: $quiet; border-subtitle-color: $quiet; scrollbar-size: 1 1; }
    QueryEditor:focus { border: round $primary; border-title-color: $primary; }
    QueryEditor.-fault { border-subtitle-color: $error; }
    QueryEditor.-warning { border-subtitle-color: $warning; }
    """
    PLACE: ClassVar[Place] = "editor"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PLACE)]

    class CancelAsked(Message):
        """Escape was pressed, and no completion was open."""

    class FindAsked(Message):
        """Words are to be found."""

        def __init__(self, words: str) -> None:
            self.words = words
            super().__init__()

    class FileAsked(Message):
        """Statements are to be read from a file, or written to one."""

        def __init__(self, saving: bool) -> None:
            self.saving = saving
            super().__init__()

    class ExamplesAsked(Message):
        """Somebody who has written nothing looks for something to begin with."""

    def __init__(self, popup: Popup, placeholder: str = "", text: str = "", *, id: str | None = None) -> None:
        super().__init__(
            text, id=id, show_line_numbers=True, tab_behavior="indent", soft_wrap=True, placeholder=placeholder
        )
        self.popup = popup
        self.snapshot = Snapshot()
        self.faults: tuple[Diagnostic, ...] = ()
        self.border_title = "Query"
        self._marks: dict[int, list[Mark]] | None = None
        self._typing = False
        self._settled: Timer | None = None

    def on_mount(self) -> None:
        """Take the colours of the screen."""
        self.recolour()

    def recolour(self) -> None:
        """Follow the theme. The theme of the text must not set a colour of its own: it would hide those of words."""
        variables = self.app.theme_variables
        line, ground = variables["panel"], variables["background"]
        self.register_theme(
            TextAreaTheme(
                "cubeql",
                base_style=Style(color=variables["foreground"], bgcolor=ground),
                gutter_style=Style(color=variables["quiet"], bgcolor=ground),
                cursor_style=Style(color=ground, bgcolor=variables["accent"]),
                cursor_line_style=Style(bgcolor=line),
                cursor_line_gutter_style=Style(color=variables["accent"], bgcolor=line),
                selection_style=Style(bgcolor=variables.get("input-selection-background", line)[:7]),
                bracket_matching_style=Style(bgcolor=variables["block-cursor-blurred-background"]),
            )
        )
        self.theme = "cubeql"
        self._remark()

    # -------------------------------------------------------------- text and places

    @property
    def offset_in_text(self) -> int:
        """Where the cursor is, in the whole text."""
        return index_of(self.text, *self.cursor_location)

    @property
    def statement(self) -> tuple[str, Span]:
        """What is selected, else the statement under the cursor."""
        if self.selected_text.strip():
            start, end = (index_of(self.text, *place) for place in sorted(self.selection))
            return self.text[start:end], Span(start, end)
        return service.statement_at(self.text, self.offset_in_text)

    def put(self, text: str) -> None:
        """Replace all of the text; it can be undone."""
        self.replace(text, (0, 0), self.document.end)
        self.move_cursor(self.document.end)

    def add(self, text: str) -> None:
        """Put a statement below the others, and the cursor into it; it can be undone."""
        before = self.text.rstrip()
        if before and not before.endswith(";"):
            before += "\n;" if "--" in before.rpartition("\n")[2] else ";"  # not into a comment
        self.put(f"{before}\n\n{text}" if before else text)

    def find(self, words: str, step: int) -> tuple[int, int]:
        """Select words: at the cursor (0), the next (1) or those before (-1), round the ends; which, of how many."""
        found = occurrences(self.text, words)
        if not found:
            return 0, 0
        at = index_of(self.text, *min(self.selection))
        if step < 0:
            nth = next((n for n in reversed(range(len(found))) if found[n] < at), len(found) - 1)
        else:
            nth = next((n for n, place in enumerate(found) if place >= at + step), 0)
        self.selection = Selection(*(place_of(self.text, found[nth] + beyond) for beyond in (0, len(words))))
        self.scroll_cursor_visible()
        return nth + 1, len(found)

    def go_to(self, offset: int) -> None:
        """Put the cursor at a place of the whole text."""
        self.move_cursor(place_of(self.text, offset))

    # -------------------------------------------------------------- colours

    def get_line(self, line_index: int) -> Text:
        """A line with its colours."""
        if self._marks is None:
            self._marks = marks_of(self.text, self.faults)
        line = super().get_line(line_index)
        for mark in self._marks.get(line_index, ()):
            line.stylize(self._style(mark.kind), mark.start, mark.end)
        return line

    def _style(self, kind: str) -> Style:
        fault = _FAULTS.get(kind)
        if fault is not None:
            return Style(underline=True, color=self.app.theme_variables[fault])
        return syntax_style(kind, self.app.theme)

    def _remark(self) -> None:
        self._marks = None
        self._line_cache.clear()  # Textual keeps lines by their text alone, but their colours can change without it
        self.refresh()

    # -------------------------------------------------------------- faults and help

    @on(TextArea.Changed)
    def _changed(self) -> None:
        self.settle()
        if self._typing:
            self._typing = False
            self._offer(asked=False)
        else:
            self.popup.close()

    def settle(self) -> None:
        """The text is another: its colours are due now, its faults when somebody pauses."""
        self._remark()
        if self._settled is not None:
            self._settled.stop()
        self._settled = self.set_timer(_PAUSE_S, self._check)

    def _check(self) -> None:
        self.show_faults(service.check(self.text, self.snapshot))

    def know(self, snapshot: Snapshot) -> None:
        """Names are those of this catalog from now on."""
        self.snapshot = snapshot
        self._check()

    def show_faults(self, faults: tuple[Diagnostic, ...]) -> None:
        """Mark faults in the text, and say what is to be said at the cursor."""
        self.faults = faults
        self._remark()
        self._say()

    @on(TextArea.SelectionChanged)
    def _moved(self) -> None:
        self._say()

    def _say(self) -> None:
        """One line at the border: the fault at the cursor, else help on its word."""
        fault = said_at(self.faults, self.offset_in_text)
        warned = fault is not None and fault.severity == "warning"
        self.set_class(fault is not None and not warned, "-fault")
        self.set_class(warned, "-warning")
        if fault is not None:
            said = f"{fault.message}; {fault.hint}" if fault.hint else fault.message
        else:
            found = service.hover(self.text, self.offset_in_text, self.snapshot)
            said = "" if found is None else " · ".join((found.title, *found.body.splitlines()[:1]))
        room = max(10, self.size.width - 4)
        self.border_subtitle = Text(said if len(said) <= room else said[: room - 1] + "…")

    # -------------------------------------------------------------- completion

    def _offer(self, asked: bool) -> None:
        at = self.offset_in_text
        offers = service.complete(self.text, at, self.snapshot) if self.selection.is_empty else ()
        written = self.text[offers[0].start : at] if offers else ""
        plain = not written and not self.text[:at].endswith(".")
        said_already = len(offers) == 1 and offers[0].text.casefold() == written.casefold()
        if not asked and (plain or said_already):
            offers = ()
        self.popup.offer(offers, self.cursor_screen_offset + Offset(-len(written) - 3, 1))

    def action_complete(self) -> None:
        """Offer what may stand at the cursor."""
        self._offer(asked=True)

    def _accept(self) -> None:
        chosen = self.popup.chosen
        self.popup.close()
        if chosen is None:
            return
        behind = {"function": "(", "keyword": " "}.get(chosen.kind, "")
        following = self.text[chosen.end : chosen.end + 1]
        start, end = (place_of(self.text, i) for i in (chosen.start, chosen.end))
        with self.prevent(TextArea.Changed):
            self.replace(chosen.text + ("" if behind and following == behind else behind), start, end)
        self.settle()

    async def _on_key(self, event: events.Key) -> None:
        if self.popup.display and self._key_of_popup(event.key):
            event.stop()
            event.prevent_default()
            return
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.post_message(self.CancelAsked())
            return
        if not self.text and event.key in ("down", "tab"):
            event.stop()
            event.prevent_default()
            self.post_message(self.ExamplesAsked())
            return
        self._typing = event.is_printable or event.key == "backspace"
        await super()._on_key(event)

    def _key_of_popup(self, key: str) -> bool:
        match key:
            case "down":
                self.popup.action_cursor_down()
            case "up":
                self.popup.action_cursor_up()
            case "tab" | "enter":
                self._accept()
            case "escape":
                self.popup.close()
            case _:
                return False
        return True

    def on_blur(self) -> None:
        """Nothing is offered to somebody who has left."""
        self.popup.close()

    # -------------------------------------------------------------- form

    def action_toggle_comment(self) -> None:
        """Make the lines of the cursor or the selection comments, or no longer."""
        (first, _), (last, column) = sorted(self.selection)
        if last > first and column == 0:
            last -= 1
        lines = [self.document.get_line(line) for line in range(first, last + 1)]
        self.replace("\n".join(toggled(lines)), (first, 0), (last, len(lines[-1])), maintain_selection_offset=True)

    def action_find(self) -> None:
        """Find words."""
        self.post_message(self.FindAsked(self.selected_text if "\n" not in self.selected_text else ""))

    def action_open(self) -> None:
        """Read statements from a file."""
        self.post_message(self.FileAsked(saving=False))

    def action_save(self) -> None:
        """Write the statements to a file."""
        self.post_message(self.FileAsked(saving=True))

    def action_edit_outside(self) -> None:
        """Edit the text with one's own editor."""
        try:
            with self.app.suspend():
                text = edit_outside(self.text)
        except (SuspendNotSupported, OSError) as error:
            lacking = isinstance(error, SuspendNotSupported)
            said = "An editor needs a terminal, and here is none to lend." if lacking else str(error)
            self.notify(said, title="Not edited", severity="warning", markup=False)
            return
        if text != self.text:
            self.put(text)

    def action_format_text(self) -> None:
        """Put the text into its one form."""
        try:
            formed = service.format(self.text)
        except QueryError as error:
            self.notify(error.diagnostics[0].message, title="Not formatted", severity="warning", markup=False)
            return
        if formed.rstrip() == self.text.rstrip():
            self.notify("It has its form already.", timeout=2)
        else:
            self.put(formed.rstrip("\n"))

"""The form on which the values of a statement's parameters are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from cubeql import service
from cubeql.errors import ConfigError
from cubeql.parameters import value_of


def names_of(text: str) -> tuple[str, ...]:
    """The parameters of a statement in the order they come: names, and for each ``?`` its number, from 1."""
    found: list[str] = []
    for start, end, kind in service.highlight(text):
        if kind == "parameter":
            written = text[start:end]
            name = written[1:] if written.startswith("$") else str(1 + sum(one.isdigit() for one in found))
            found += [name] if name not in found else []
    return tuple(found)


def read(given: Mapping[str, str]) -> dict[str, Any]:
    """Values to be bound, of texts as ``--param`` takes them.

    Raises:
        ConfigError: a file that cannot be read.
    """
    return {name: value_of(text) for name, text in given.items()}


def with_values(app: App[None], text: str, before: dict[str, str], go_on: Callable[[dict[str, Any]], None]) -> None:
    """Go on with the values of a statement's parameters: at once where it has none, else when they have been given.

    Args:
        app: the screen over which they are asked for.
        text: the statement.
        before: texts that were given before, by name; what is given now is added.
        go_on: is called with the values.
    """
    names = names_of(text)

    def given(texts: dict[str, str] | None) -> None:
        if texts is not None:
            before.update(texts)
            go_on(read(texts))

    if names:
        app.push_screen(ParametersPage(names, before), given)
    else:
        go_on({})


class ParametersPage(ModalScreen[dict[str, str] | None]):
    """A field a parameter; Enter goes on to the next, from the last it runs the statement.

    Args:
        names: of the parameters.
        before: texts that were given before, by name.
    """

    DEFAULT_CSS = """
    ParametersPage { align: center middle; background: $background 60%; }
    ParametersPage > Vertical { width: 76; max-width: 94%; height: auto; max-height: 90%; border: round $primary;
                                background: $surface; border-title-color: $primary; border-subtitle-color: $quiet;
                                padding: 1 2; }
    ParametersPage Input { border: none; height: 1; background: $panel; margin-bottom: 1; }
    ParametersPage .note { color: $quiet; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Close")]

    def __init__(self, names: tuple[str, ...], before: Mapping[str, str]) -> None:
        super().__init__()
        self._names, self._before = names, before

    def compose(self) -> ComposeResult:
        """A name and a field each, and what is to be said."""
        with Vertical() as box:
            box.border_title = "Parameters"
            box.border_subtitle = "Enter runs it, Esc closes"
            for name in self._names:
                yield Static("", classes="of")
                yield Input(self._before.get(name, ""), compact=True)
            yield Static("a number, true, null, a list, a GeoJSON object, text, or @file", classes="note")
            yield Static("", id="fault")

    def on_mount(self) -> None:
        """Say what the values of before are."""
        self._tell()
        self.query(Input).first().focus()

    @on(Input.Changed)
    def _tell(self) -> None:
        """Say what each value is taken for."""
        colour = self.app.theme_variables["quiet"]
        for name, said, field in zip(self._names, self.query(".of").results(Static), self.query(Input), strict=True):
            sign = f"?, number {name}" if name.isdigit() else f"${name}"
            kind = _kind(field.value) if field.value else ""
            said.update(Text.assemble((sign, "bold"), (f"  {kind}", colour)))
        self.query_one("#fault", Static).update("")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        fields = list(self.query(Input))
        empty = next((field for field in fields if not field.value.strip()), None)
        if event.input is not fields[-1] and empty is not None:
            fields[fields.index(event.input) + 1].focus()
            return
        if empty is not None:
            self._refuse(f'{self._names[fields.index(empty)]} has no value; an empty text is "".')
            empty.focus()
            return
        given = {name: field.value.strip() for name, field in zip(self._names, fields, strict=True)}
        try:
            read(given)
        except ConfigError as error:
            self._refuse(str(error))
        else:
            self.dismiss(given)

    def _refuse(self, why: str) -> None:
        self.query_one("#fault", Static).update(Text(why, self.app.theme_variables["error"]))


def _kind(text: str) -> str:
    """What a text is taken for."""
    if text.startswith("@"):
        return "from a file"
    value = value_of(text)
    if value is None:
        return "NULL"
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text", list: "a list"}
    return names.get(type(value), "an object")

"""Commands about the prompt itself."""

from __future__ import annotations

import json
from typing import Any

from cubeql.cli.output.layout import BOLD, DIM, painted
from cubeql.cli.output.screen import show_text
from cubeql.cli.shell.feeding import ask
from cubeql.cli.shell.state import Shell
from cubeql.errors import ConfigError, nearest

_INTRODUCTION = "End a statement with ; and press Enter. What may come next is offered while you type; Tab takes it."
KEYS = (
    ("Alt-Enter", "run what is written as it is"),
    ("Tab", "offer what may stand here"),
    ("Ctrl-R", "find in the history"),
    ("Right", "take the grey suggestion"),
    ("Ctrl-X Ctrl-E", "edit the text in $EDITOR"),
    ("Ctrl-C", "clear the text; stop a statement that runs"),
    ("Ctrl-D", "leave"),
)
_INK = "36"
_NONE = {"none", "null", "default"}
_ROOM = 32


def set_(shell: Shell, said: str) -> None:
    """Change a setting of the session, or list all."""
    name, _, value = said.partition(" ")
    if not name:
        ask(shell, "SHOW SETTINGS")
        return
    if not value:
        raise ConfigError(f"write .set {name} VALUE, or .set {name} default")
    shell.session.set(name.removesuffix("="), _value(value.strip().removeprefix("=").strip()))
    shell.diagnostics.notice(f"{name} is {value.strip()}")


def _value(text: str) -> Any:
    if text.lower() in _NONE:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text.strip("'\"")


def help_(shell: Shell, name: str) -> None:
    """List the commands, or say what one does."""
    from cubeql.cli.shell.commands import COMMANDS, find

    if not name:
        screen = shell.showing.screen
        show_text(help_text(screen.coloured), screen)
        return
    command = find(name) or find(f".{name}")
    if command is None:
        near = nearest(name, [c.name for c in COMMANDS], 1)
        raise ConfigError(f"there is no command {name}" + (f"\n  hint: did you mean {near[0]}?" if near else ""))
    also = f"\n  also {', '.join(command.aliases)}" if command.aliases else ""
    show_text(f"{command.name} {command.takes}".rstrip() + f"\n  {command.says}{also}\n", shell.showing.screen)


def help_text(colour: bool = False) -> str:
    """All commands and keys."""
    from cubeql.cli.shell.commands import GROUPS

    lines = [_INTRODUCTION]
    for group, commands in GROUPS.items():
        lines += ["", painted(BOLD, group, colour)]
        for command in commands:
            aliases = painted(DIM, f"  {', '.join(command.aliases)}", colour)
            lines.append(_usage(command.name, command.takes, colour) + command.says + aliases)
    lines += ["", painted(BOLD, "keys", colour), *(_usage(key, "", colour) + says for key, says in KEYS)]
    return "\n".join(lines) + "\n"


def _usage(name: str, takes: str, colour: bool) -> str:
    space = " " * (_ROOM - len(name) - len(takes) - 3)
    return f"  {painted(_INK, name, colour)} {painted(DIM, takes, colour)}{space}"


def quit_(shell: Shell, _: str) -> None:
    """Leave."""
    shell.leaving = True

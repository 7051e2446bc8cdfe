"""Commands about the prompt itself."""

from __future__ import annotations

import json
from typing import Any

from cubeql.cli.output.screen import show_text
from cubeql.cli.shell.feeding import ask
from cubeql.cli.shell.state import Shell
from cubeql.errors import ConfigError, nearest

_INTRODUCTION = "Write a statement and end it with ;   Enter runs it. What may stand at the cursor is offered: Tab."
KEYS = (
    ("Alt-Enter", "run what is written as it is"),
    ("Tab", "offer what may stand here"),
    ("Ctrl-R", "find in the history"),
    ("Right", "take the grey suggestion"),
    ("Ctrl-X Ctrl-E", "edit the text in $EDITOR"),
    ("Ctrl-C", "clear the text; stop a statement that runs"),
    ("Ctrl-D", "leave"),
)
_NONE = {"none", "null", "default"}
_ROOM = 30


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
        show_text(help_text(), shell.showing.screen)
        return
    command = find(name) or find(f".{name}")
    if command is None:
        near = nearest(name, [c.name for c in COMMANDS], 1)
        raise ConfigError(f"there is no command {name}" + (f"\n  hint: did you mean {near[0]}?" if near else ""))
    also = f"\n  also {', '.join(command.aliases)}" if command.aliases else ""
    show_text(f"{command.name} {command.takes}".rstrip() + f"\n  {command.says}{also}\n", shell.showing.screen)


def help_text() -> str:
    """All commands and keys."""
    from cubeql.cli.shell.commands import GROUPS

    lines = [_INTRODUCTION]
    for group, commands in GROUPS.items():
        lines += ["", group]
        for command in commands:
            usage = f"  {command.name} {command.takes}".rstrip()
            aliases = f"  ({', '.join(command.aliases)})" if command.aliases else ""
            lines.append(f"{usage:<{_ROOM}}{'' if len(usage) < _ROOM else '  '}{command.says}{aliases}")
    lines += ["", "keys", *(f"  {key:<{_ROOM - 2}}{says}" for key, says in KEYS)]
    return "\n".join(lines) + "\n"


def quit_(shell: Shell, _: str) -> None:
    """Leave."""
    shell.leaving = True

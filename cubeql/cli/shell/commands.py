"""The commands of the prompt, a row each; ``.help``, completion and the docs are made of this table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cubeql.cli.shell import of_prompt, of_results, of_statements, of_store
from cubeql.cli.shell.state import Shell
from cubeql.cli.shell.watching import watch
from cubeql.errors import ConfigError, nearest

_SWITCH = ("on", "off")


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        name: with its dot.
        takes: its arguments, as help writes them.
        says: what it does, in a line.
        run: does it; it is given what stands behind the name.
        aliases: other names; one with a word behind, as in ``\\d NAME``, is this command only with an argument.
        offers: what may stand behind the name: ``layer``, ``file``, ``mode``, ``statement``, ``setting``,
            ``parameter``, ``column``, ``command`` or words.
    """

    name: str
    takes: str
    says: str
    run: Callable[[Shell, str], None]
    aliases: tuple[str, ...] = ()
    offers: str | tuple[str, ...] = ""


GROUPS: dict[str, tuple[Command, ...]] = {
    "the store": (
        Command(".layers", "[WORD]", "layers, views and sets of cells, or those like WORD", of_store.layers, ("\\d",)),
        Command(".schema", "[NAME]", "columns of all layers, or of one", of_store.schema, offers="layer"),
        Command(".describe", "NAME", "all that is known of a layer", of_store.describe, ("\\d NAME",), "layer"),
    ),
    "statements": (
        Command(".explain", "[STATEMENT]", "how a query would run, the last without one; nothing is read",
                of_statements.explain, offers="statement"),
        Command(".plan", "[STATEMENT]", "run a query and say what each step did", of_statements.plan,
                offers="statement"),
        Command(".again", "[FILE]", "run the last statement again, into FILE if one is named", of_statements.again,
                ("\\g",), "file"),
        Command(".edit", "", "edit the last statement in $VISUAL or $EDITOR, then run it", of_statements.edit,
                ("\\e",)),
        Command(".read", "FILE", "run the statements and commands of a file", of_statements.read, ("\\i",), "file"),
        Command(".watch", "[SECONDS] [STATEMENT]", "run again and again until Ctrl-C", watch, ("\\watch",),
                "statement"),
        Command(".param", "[NAME [VALUE]]", "bind $NAME, or free it; without a name list them", of_statements.param,
                ("\\set",), "parameter"),
        Command(".history", "[WORD…]", "statements that were run, those that hold all words", of_statements.history,
                ("\\s",)),
        Command(".cancel", "", "stop what runs; at a prompt nothing does: Ctrl-C stops a statement",
                of_statements.cancel),
    ),
    "results": (
        Command(".mode", "[FORMAT]", "how results are written", of_results.mode, offers="mode"),
        Command(".x", "[on|off]", "a column a line, or back", of_results.vertical, ("\\x",), _SWITCH),
        Command(".last", "", "show the last result again", of_results.last),
        Command(".map", "[COLUMN]", "draw the last result as a map of its cells", of_results.map_, offers="column"),
        Command(".plot", "[COLUMN]", "draw the last result over time, or how often each value comes",
                of_results.plot, offers="column"),
        Command(".output", "[FILE or |COMMAND]", "send results there; without a name back to the screen",
                of_results.output, ("\\o",), "file"),
        Command(".once", "FILE or |COMMAND", "send the next result there", of_results.once, offers="file"),
        Command(".pager", "[on|off|auto]", "show results in a pager: always, never, or when too long",
                of_results.pager, offers=("auto", *_SWITCH)),
        Command(".timer", "[on|off]", "say how long a statement took", of_results.timer, ("\\timing",), _SWITCH),
    ),
    "the prompt": (
        Command(".set", "[NAME VALUE]", "change a setting of the session; without a name list them", of_prompt.set_,
                offers="setting"),
        Command(".help", "[COMMAND]", "this", of_prompt.help_, ("\\?",), "command"),
        Command(".quit", "", "leave, as Ctrl-D does", of_prompt.quit_, ("\\q", ".exit")),
    ),
}  # fmt: skip
COMMANDS: tuple[Command, ...] = tuple(command for group in GROUPS.values() for command in group)


def find(word: str, argument: str = "") -> Command | None:
    """The command of a name or alias."""
    if argument:
        for command in COMMANDS:
            if any(alias.startswith(f"{word} ") for alias in command.aliases):
                return command
    return next((c for c in COMMANDS if word == c.name or word in c.aliases), None)


def obey(shell: Shell, line: str) -> None:
    """Do what a line says.

    Raises:
        ConfigError: there is no such command.
    """
    word, _, rest = line.partition(" ")
    argument = rest.strip()
    if not argument:
        word = word.removesuffix(";")
    command = find(word.lower(), argument)
    if command is None:
        raise ConfigError(_unknown(word))
    command.run(shell, argument)


def _unknown(word: str) -> str:
    names = [name for c in COMMANDS for name in (c.name, *(a for a in c.aliases if " " not in a))]
    near = nearest(word, names)
    meant = f"did you mean {' or '.join(near)}?" if near else ".help lists them"
    return f"there is no command {word}\n  hint: {meant}"

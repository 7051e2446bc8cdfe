"""Commands about statements."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from cubeql import service
from cubeql.cli.interrupt import cancelling
from cubeql.cli.output.pager import Deaf
from cubeql.cli.output.screen import show_text
from cubeql.cli.shell.feeding import feed
from cubeql.cli.shell.of_results import once
from cubeql.cli.shell.state import Shell
from cubeql.cli.statements import read_file
from cubeql.errors import ConfigError
from cubeql.parameters import is_name, value_of

_DEEPEST = 8
_SHOWN = 40


def explain(shell: Shell, statement: str) -> None:
    """Say how a query would run."""
    _explain(shell, statement, analyze=False)


def plan(shell: Shell, statement: str) -> None:
    """Run a query and say what its steps did."""
    _explain(shell, statement, analyze=True)


def _explain(shell: Shell, statement: str, analyze: bool) -> None:
    text = statement or last_statement(shell)
    with cancelling(shell.session.cancel):
        found = shell.session.explain(text, shell.running.parameters, analyze, shell.running.timeout_s)
    show_text(found.text.rstrip("\n") + "\n", shell.showing.screen)


def last_statement(shell: Shell) -> str:
    """The last statement.

    Raises:
        ConfigError: none was run.
    """
    if shell.statement is None:
        raise ConfigError("no statement was run yet: write it behind the command")
    return shell.statement


def again(shell: Shell, file: str) -> None:
    """Run the last statement again."""
    statement = last_statement(shell)
    if file:
        once(shell, file)
    feed(shell, f"{statement};")


def edit(shell: Shell, _: str) -> None:
    """Edit the last statement; what is saved and ends with ; is run."""
    before = f"{shell.statement};\n" if shell.statement else ""
    text = _edited(before)
    if text.strip() == before.strip():
        shell.diagnostics.notice("nothing was changed, so nothing is run")
    elif service.is_complete(text):
        shell.diagnostics.notice(text.rstrip())
        feed(shell, text)
    else:
        shell.draft = text.rstrip()


def _edited(text: str) -> str:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="cubeql-") as folder:
        file = Path(folder) / "statement.sql"
        file.write_text(text, "utf-8")
        with Deaf():
            code = subprocess.run(f"{editor} {shlex.quote(str(file))}", shell=True, check=False).returncode
        if code:
            raise ConfigError(f"the editor `{editor}` ended with code {code}; $VISUAL or $EDITOR names another")
        return file.read_text("utf-8")


def read(shell: Shell, file: str) -> None:
    """Run a file."""
    if not file:
        raise ConfigError("name a file, for example .read questions.sql")
    if shell.depth >= _DEEPEST:
        raise ConfigError(f"{file} is read from a file that is read from a file, {_DEEPEST} deep: that has no end")
    script = read_file(str(Path(file.strip("'\"")).expanduser()))
    with shell.nested():
        feed(shell, script.text, script.name)


def param(shell: Shell, said: str) -> None:
    """Bind a parameter, free it, or list them."""
    name, _, value = said.partition(" ")
    name = name.removeprefix("$")
    bound = shell.running.parameters
    if not said:
        lines = [f"${known} = {json.dumps(bound[known], default=str, ensure_ascii=False)}" for known in sorted(bound)]
        if lines:
            show_text("\n".join(lines) + "\n", shell.showing.screen)
        else:
            shell.diagnostics.notice("no parameter is bound: .param NAME VALUE binds $NAME")
        return
    if not is_name(name):
        raise ConfigError(f"{name} cannot be the name of a parameter; write .param limit 0.4 for $limit")
    if value:
        bound[name] = value_of(value.strip())
    elif bound.pop(name, None) is not None:
        shell.diagnostics.notice(f"${name} is bound no more")
    else:
        raise ConfigError(f"${name} is not bound; .param {name} VALUE binds it")


def history(shell: Shell, words: str) -> None:
    """List statements that were run, the latest last."""
    found = shell.history.find(words)
    lines = []
    for asked in reversed(found[:_SHOWN]):
        sign = {"done": " ", "cancelled": "■", "failed": "✗"}.get(asked.state, " ")
        first, *more = asked.text.splitlines() or [""]
        lines += [f"{asked.when[:16].replace('T', ' ')} {sign} {first}", *(f"{'':19}{line}" for line in more)]
    if not found:
        shell.diagnostics.notice(f"no statement has {words} in it" if words else "nothing was run yet")
    if len(found) > _SHOWN:
        shell.diagnostics.notice(f"the last {_SHOWN} of {len(found)}; .history WORD finds others, so does Ctrl-R")
    if lines:
        show_text("\n".join(lines) + "\n", shell.showing.screen)


def cancel(shell: Shell, _: str) -> None:
    """Stop what runs."""
    shell.session.cancel()
    shell.diagnostics.notice("nothing runs now; Ctrl-C stops a statement at work")

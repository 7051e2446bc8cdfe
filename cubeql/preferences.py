"""What a person prefers: one TOML file for the prompt and the screen.

A setting is a field of :class:`Shell` or :class:`Screen`: its default, its type and its words stand there and nowhere
else. Scripts never depend on the file: only what talks to a person reads it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from cubeql.errors import ConfigError, nearest

MODES = ("table", "vertical", "markdown", "csv", "tsv", "json", "jsonl", "geojson")


def _setting(default: Any, about: str, one_of: tuple[str, ...] = ()) -> Any:
    told = {"about": about, "one_of": one_of}
    return field(default_factory=dict, metadata=told) if default == {} else field(default=default, metadata=told)


@dataclass(frozen=True, slots=True)
class Shell:
    """The table ``[shell]``: how the prompt behaves."""

    mode: str = _setting("table", "how rows are written, as `.mode` takes it", MODES)
    max_rows: int = _setting(40, "rows a table shows; 0 for all")
    timer: bool = _setting(True, "say how long a statement took")
    pager: str = _setting("auto", "`auto` pages what is higher than the terminal", ("auto", "on", "off"))
    progress: bool = _setting(True, "draw how far a statement is")
    colour: str = _setting("auto", "`auto` heeds `NO_COLOR` and `TERM=dumb`", ("auto", "always", "never"))
    editing: str = _setting("emacs", "the keys that edit a line", ("emacs", "vi"))


@dataclass(frozen=True, slots=True)
class Screen:
    """The table ``[screen]``: how the screen looks and which keys it takes."""

    theme: str | None = _setting(None, "its colours; without it the theme chosen last")
    mouse: bool = _setting(True, "take the mouse; without it the terminal's own selecting works")
    keys: Mapping[str, str] = _setting({}, "keys of actions; see below")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person prefers; without a file all defaults.

    Attributes:
        file: the file that was read; None where there is none.
    """

    shell: Shell = Shell()
    screen: Screen = Screen()
    file: Path | None = None


_TABLES: dict[str, type[Shell] | type[Screen]] = {"shell": Shell, "screen": Screen}


def default_file() -> Path:
    """Where the preferences lie: ``$XDG_CONFIG_HOME/cubeql/config.toml``, else below ``~/.config``."""
    config = os.environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "cubeql" / "config.toml"


def state_folder() -> Path:
    """Where programs keep what they remember: ``$XDG_STATE_HOME/cubeql``, else below ``~/.local/state``."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "cubeql"


def read(file: Path | None = None) -> Preferences:
    """Read the preferences.

    Args:
        file: None reads :func:`default_file`. One that is not there is like an empty one.

    Raises:
        ConfigError: it cannot be read, or says what no setting is; all faults with their lines.
    """
    file = file or default_file()
    try:
        text = file.read_text("utf-8")
        written = tomllib.loads(text)
    except FileNotFoundError:
        return Preferences()
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from None
    except (UnicodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{file}: {error}") from None
    faults = list(_faults(written))
    if faults:
        lines = _lines(text)
        told = (f"{file}{_line(lines, key)}: {said}" for key, said in faults)
        raise ConfigError("\n".join(told))
    screen = dict(written.get("screen", {}))
    if "keys" in screen:
        screen["keys"] = dict(_flat(screen["keys"]))
    return Preferences(Shell(**written.get("shell", {})), Screen(**screen), file)


Key = tuple[str, ...]


def _faults(written: Mapping[str, Any]) -> Iterator[tuple[Key, str]]:
    for table, inside in written.items():
        if table not in _TABLES:
            yield (table,), f"there is no table [{table}]{_near(table, _TABLES)}"
        elif not isinstance(inside, dict):
            yield (table,), f"{table} is a table: write [{table}]"
        else:
            settings = {f.name: f for f in fields(_TABLES[table])}
            for name, value in inside.items():
                if name not in settings:
                    yield (table, name), f"[{table}] has no setting {name!r}{_near(name, settings)}"
                elif name == "keys":
                    yield from _faults_of_keys(value)
                elif said := _misfit(settings[name], value):
                    yield (table, name), f"[{table}] {name} {said}"


def _misfit(setting: Field[Any], value: object) -> str | None:
    """What is wrong with a value, None where nothing is."""
    wanted = bool if setting.type == "bool" else int if setting.type == "int" else str
    words = {bool: "true or false", int: "a whole number", str: "a text"}
    one_of = setting.metadata["one_of"]
    if type(value) is not wanted:
        return f"must be {words[wanted]}, not {_toml(value)}"
    if isinstance(value, int) and value < 0:
        return f"must not be negative, not {value}"
    if one_of and value not in one_of:
        near = _near(str(value), one_of) or f"; it is one of {', '.join(one_of)}"
        return f"cannot be {_toml(value)}{near}"
    return None


def _faults_of_keys(written: object) -> Iterator[tuple[Key, str]]:
    if not isinstance(written, dict):
        yield ("screen", "keys"), "keys is a table: write [screen.keys]"
        return
    for name, value in _flat(written):
        if not isinstance(value, str):
            place = ("screen", "keys", *name.split("."))
            yield place, f"[screen.keys] {name} must be a text like \"f5,ctrl+r\", not {_toml(value)}"


def _flat(written: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """``map.fit = "f"`` and a table ``[screen.keys.map]`` are the same to TOML; here they are one name again."""
    for name, value in written.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _near(name: str, known: Any) -> str:
    found = nearest(name, known, 1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


_HEADING = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_SETTING = re.compile(r"\s*([\w.\"'\s-]+?)\s*=")


def _lines(text: str) -> dict[Key, int]:
    """Line of each key that stands at the beginning of its line; the parser tells values and keeps no places."""
    found: dict[Key, int] = {}
    table: Key = ()
    for number, line in enumerate(text.splitlines(), 1):
        if heading := _HEADING.match(line):
            table = _parts(heading[1])
            found.setdefault(table, number)
        elif setting := _SETTING.match(line):
            found.setdefault((*table, *_parts(setting[1])), number)
    return found


def _parts(written: str) -> Key:
    return tuple(part.strip(" \t\"'") for part in written.split("."))


def _line(lines: Mapping[Key, int], key: Key) -> str:
    return f", line {lines[key]}" if key in lines else ""

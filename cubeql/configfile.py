"""Settings in a TOML file: each table of it is a dataclass, each field a setting with its default and its words.

What is written and is no setting, or means nothing, is told with its file, its line and the nearest that does.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from cubeql.errors import ConfigError, nearest

Key = tuple[str, ...]
Check = Callable[[Any], str | None]


def setting(
    default: Any, about: str, one_of: tuple[str, ...] = (), *, least: float = 0, check: Check | None = None
) -> Any:
    """A setting, as a field of a table.

    Args:
        default: its value where none is written.
        about: what it means.
        one_of: all texts it can be; none of them where any can.
        least: the smallest number it can be.
        check: says what is wrong with a value of the right type.
    """
    told = {"about": about, "one_of": one_of, "least": least, "check": check}
    return field(default_factory=dict, metadata=told) if default == {} else field(default=default, metadata=told)


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables a file may have.

    Attributes:
        plain: by name, ``[shell]``.
        named: those of which there may be several, each with a name of its own, ``[servers."host:port"]``.
    """

    plain: Mapping[str, type[Any]]
    named: Mapping[str, type[Any]] = field(default_factory=dict)


def read_tables(file: Path, tables: Tables) -> dict[str, Any] | None:
    """The tables that a file writes, made; None where there is no such file.

    Raises:
        ConfigError: it cannot be read, or says what no setting is; all faults with their lines.
    """
    try:
        text = file.read_text("utf-8")
        written = tomllib.loads(text)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from None
    except (UnicodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{file}: {error}") from None
    faults = list(faults_of(written, tables))
    if faults:
        lines = _lines(text)
        raise ConfigError("\n".join(f"{file}{_line(lines, key)}: {said}" for key, said in faults))
    return made_tables(written, tables, file.absolute().parent)


def made_tables(written: Mapping[str, Any], tables: Tables, folder: Path) -> dict[str, Any]:
    """Tables made of values without faults; paths are relative to a folder."""
    plain = {name: _made(kind, written[name], folder) for name, kind in tables.plain.items() if name in written}
    named = {
        name: {own: _made(kind, inside, folder) for own, inside in written.get(name, {}).items()}
        for name, kind in tables.named.items()
    }
    return plain | named


def faults_of(written: Mapping[str, Any], tables: Tables) -> Iterator[tuple[Key, str]]:
    """What is wrong with what is written, each with its place."""
    known = {**tables.plain, **tables.named}
    for table, inside in written.items():
        if table not in known:
            yield (table,), f"there is no table [{table}]{_near(table, known)}"
        elif not isinstance(inside, Mapping):
            name = f'{table}."NAME"' if table in tables.named else table
            yield (table,), f"{table} is a table: write [{name}]"
        elif table in tables.plain:
            yield from _faults_of_table((table,), inside, known[table])
        else:
            yield from _faults_of_named(table, inside, known[table])


def _faults_of_named(table: str, inside: Mapping[str, Any], kind: type[Any]) -> Iterator[tuple[Key, str]]:
    for name, own in inside.items():
        if isinstance(own, Mapping):
            yield from _faults_of_table((table, name), own, kind)
        else:
            yield (table, name), f'[{table}] holds a table for each name: write [{table}."NAME"]'


def _faults_of_table(place: Key, inside: Mapping[str, Any], kind: type[Any]) -> Iterator[tuple[Key, str]]:
    settings = {f.name: f for f in fields(kind)}
    shown = ".".join((place[0], *(f'"{name}"' for name in place[1:])))
    for name, value in inside.items():
        if name not in settings:
            yield (*place, name), f"[{shown}] has no setting {name!r}{_near(name, settings)}"
        elif settings[name].type == _TEXTS_BY_NAME:
            yield from _faults_of_texts((*place, name), value)
        elif said := _misfit(settings[name], value):
            yield (*place, name), f"[{shown}] {name} {said}"


_TEXTS_BY_NAME = "Mapping[str, str]"
_WORDS: dict[str, tuple[tuple[type, ...], str]] = {
    "bool": ((bool,), "true or false"),
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "str": ((str,), "a text"),
    "str | None": ((str,), "a text"),
    "Path | None": ((str,), "a text"),
    "tuple[Folder, ...]": ((list,), "a list of texts"),
}


def _misfit(setting: Field[Any], value: object) -> str | None:
    """What is wrong with a value, None where nothing is."""
    wanted, words = _WORDS[str(setting.type)]
    one_of, check = setting.metadata["one_of"], setting.metadata["check"]
    if type(value) not in wanted or (isinstance(value, list) and not all(type(v) is str for v in value)):
        return f"must be {words}, not {_toml(value)}"
    if isinstance(value, (int, float)) and (said := _out_of_range(value, setting.metadata["least"])):
        return said
    if one_of and value not in one_of:
        near = _near(str(value), one_of) or f"; it is one of {', '.join(one_of)}"
        return f"cannot be {_toml(value)}{near}"
    said = check(value) if check else None
    return f"{said}, not {_toml(value)}" if said else None


def _out_of_range(value: float, least: float) -> str | None:
    if math.isfinite(value) and value >= least:
        return None
    if not math.isfinite(value):
        return f"must be finite, not {value}"
    return f"must not be negative, not {value}" if least == 0 else f"must be at least {least}, not {value}"


def _faults_of_texts(place: Key, written: object) -> Iterator[tuple[Key, str]]:
    shown = ".".join(place)
    if not isinstance(written, dict):
        yield place, f"{place[-1]} is a table: write [{shown}]"
        return
    for name, value in _flat(written):
        if not isinstance(value, str):
            yield (*place, *name.split(".")), f"[{shown}] {name} must be a text, not {_toml(value)}"


def _flat(written: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """``map.fit = "f"`` and a table ``[screen.keys.map]`` are the same to TOML; here they are one name again."""
    for name, value in written.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _made(kind: type[Any], inside: Mapping[str, Any], folder: Path) -> Any:
    return kind(**values_of(kind, inside, folder))


def values_of(kind: type[Any], inside: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Values of a table without faults, as its fields take them; paths are relative to a folder."""
    types = {f.name: str(f.type) for f in fields(kind)}
    return {name: _value(types[name], value, folder) for name, value in inside.items()}


def _value(kind: str, value: Any, folder: Path) -> Any:
    if kind == "Path | None":
        return folder / Path(value).expanduser()
    if kind == "tuple[Folder, ...]":
        return tuple(v if v.lower().startswith("s3://") else str(folder / Path(v).expanduser()) for v in value)
    return dict(_flat(value)) if kind == _TEXTS_BY_NAME else value


def _near(name: str, known: Any) -> str:
    found = nearest(name, known, 1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


_HEADING = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_SETTING = re.compile(r"\s*([\w.\"'\s-]+?)\s*=")
_PART = re.compile(r"\s*(?:\"([^\"]*)\"|'([^']*)'|([^.\"']+))\s*(?:\.|$)")


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
    return tuple((m[1] or m[2] or m[3] or "").strip() for m in _PART.finditer(written))


def _line(lines: Mapping[Key, int], key: Key) -> str:
    return f", line {lines[key]}" if key in lines else ""

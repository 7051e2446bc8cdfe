"""What a person prefers: one TOML file for the prompt and the screen, and for the servers that he asks.

A setting is a field of :class:`Shell`, :class:`Screen` or :class:`Server`: its default, its type and its words stand
there and nowhere else. What a script prints never depends on the file: of it a script takes only how to come in at a
server.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cubeql.configfile import Tables, read_tables, setting
from cubeql.errors import ConfigError

MODES = ("table", "vertical", "markdown", "csv", "tsv", "json", "jsonl", "geojson")


@dataclass(frozen=True, slots=True)
class Shell:
    """The table ``[shell]``: how the prompt behaves."""

    mode: str = setting("table", "how rows are written, as `.mode` takes it", MODES)
    max_rows: int = setting(40, "rows a table shows; 0 for all")
    timer: bool = setting(True, "say how long a statement took")
    pager: str = setting("auto", "`auto` pages what is higher than the terminal", ("auto", "on", "off"))
    progress: bool = setting(True, "draw how far a statement is")
    colour: str = setting("auto", "`auto` heeds `NO_COLOR` and `TERM=dumb`", ("auto", "always", "never"))
    editing: str = setting("emacs", "the keys that edit a line", ("emacs", "vi"))


@dataclass(frozen=True, slots=True)
class Screen:
    """The table ``[screen]``: how the screen looks and which keys it takes."""

    theme: str | None = setting(None, "its colours; without it the theme chosen last")
    mouse: bool = setting(True, "take the mouse; without it the terminal's own selecting works")
    keys: Mapping[str, str] = setting({}, "keys of actions; see below")


@dataclass(frozen=True, slots=True)
class Server:
    """A table ``[servers."host:port"]``: how to come in at one server."""

    token_file: Path | None = setting(None, "a file that holds the token and that nobody else can read")
    tls_ca: Path | None = setting(None, "PEM file of the authorities its certificate may be of")
    tls_cert: Path | None = setting(None, "PEM file of the certificate that is shown to it")
    tls_key: Path | None = setting(None, "PEM file of that certificate's key")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person prefers; without a file all defaults.

    Attributes:
        servers: how to come in at servers, by ``host:port``.
        file: the file that was read; None where there is none.
    """

    shell: Shell = Shell()
    screen: Screen = Screen()
    servers: Mapping[str, Server] = field(default_factory=dict)
    file: Path | None = None


_TABLES = Tables({"shell": Shell, "screen": Screen}, {"servers": Server})


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
    found = read_tables(file, _TABLES)
    return Preferences() if found is None else Preferences(**found, file=file)


def token_in(file: Path | None) -> str | None:
    """The token that a file holds; one that others can read is refused, as they could be us.

    Raises:
        ConfigError: it cannot be read, others can read it, or it is empty.
    """
    if file is None:
        return None
    try:
        others = os.name == "posix" and file.stat().st_mode & 0o077
        token = file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"token_file {file}: {getattr(error, 'strerror', None) or 'it holds no token'}") from None
    if others:
        raise ConfigError(f"token_file {file} can be read by others\n  hint: chmod 600 {file}")
    if not token:
        raise ConfigError(f"token_file {file} is empty")
    return token


def pem(file: str | os.PathLike[str] | None, what: str) -> bytes | None:
    """The content of a PEM file; None where none is named.

    Raises:
        ConfigError: it cannot be read, or is none.
    """
    if file is None:
        return None
    try:
        content = Path(file).expanduser().read_bytes()
    except OSError as error:
        raise ConfigError(f"{what} {os.fspath(file)}: {error.strerror}") from None
    if b"-----BEGIN" not in content:
        raise ConfigError(f"{what} {os.fspath(file)} is no PEM file")
    return content


def certificates(
    tls_ca: str | os.PathLike[str] | None, tls_cert: str | os.PathLike[str] | None,
    tls_key: str | os.PathLike[str] | None,
) -> dict[str, bytes]:  # fmt: skip
    """What PEM files hold, by the names that Arrow Flight has for it.

    Args:
        tls_ca: the authorities that a server's certificate may be of.
        tls_cert: the certificate that is shown to the server.
        tls_key: its key.

    Raises:
        ConfigError: one cannot be read, or is none.
    """
    found = {
        "tls_root_certs": pem(tls_ca, "tls_ca"),
        "cert_chain": pem(tls_cert, "tls_cert"),
        "private_key": pem(tls_key, "tls_key"),
    }
    return {name: content for name, content in found.items() if content is not None}


def way_to(place: str) -> tuple[str | None, dict[str, bytes]]:
    """The token for a server that is attached, and the certificates, see :func:`certificates`.

    ``$CUBEQL_TOKEN`` is not for it: whoever writes the statement names the server, and would be shown the token.

    Raises:
        ConfigError: the preferences cannot be read, or a file that they name.
    """
    known = read().servers.get(place, Server())
    return token_in(known.token_file), certificates(known.tls_ca, known.tls_cert, known.tls_key)

"""What a server allows: one TOML file, a table a matter.

A setting is a field of one of the tables below: its default, its type, its unit and its words stand there and nowhere
else. ``docs/reference/server-settings.md`` says the same, and a test holds it to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cubeql.configfile import Tables, faults_of, made_tables, read_tables, setting, values_of
from cubeql.errors import ConfigError

KIB, MIB = 1 << 10, 1 << 20
FLIGHT = "127.0.0.1:8815"
"""Where Flight SQL is served where nothing else is said."""
Folder = str
"""A folder, or a prefix on S3; the file that names it says what a relative one is relative to."""


def host_and_port(written: str) -> tuple[str, int]:
    """The parts of ``HOST:PORT``, ``[::1]:8815`` among them; port 0 is any free one.

    Raises:
        ConfigError: it is not of that form.
    """
    host, colon, port = written.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise ConfigError(f"{written!r} is not HOST:PORT, as {FLIGHT} is")
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ConfigError(f"{written!r} is not HOST:PORT; write an IPv6 address as [::1]:{port}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _place(written: str) -> str | None:
    try:
        host_and_port(written)
    except ConfigError:
        return "must be HOST:PORT"
    return None


@dataclass(frozen=True, slots=True)
class Flight:
    """The table ``[flight]``: where Flight SQL is served."""

    address: str = setting(FLIGHT, "host and port; port 0 takes a free one", check=_place)
    plain: bool = setting(False, "serve without TLS on a host that others reach")


@dataclass(frozen=True, slots=True)
class Tls:
    """The table ``[tls]``: what the server shows, and what clients must."""

    cert: Path | None = setting(None, "PEM file of the server's certificate and those that lead to its authority")
    key: Path | None = setting(None, "PEM file of the certificate's private key")
    client_ca: Path | None = setting(None, "PEM file of the authority that clients' certificates must be of (mTLS)")


@dataclass(frozen=True, slots=True)
class Access:
    """The table ``[access]``: who comes in."""

    anonymous: bool = setting(False, "let in who shows no token, as the user `public`, who only reads")
    bearer_s: float = setting(3600.0, "how long what a login with name and token gets is good", least=1)
    checked_s: float = setting(2.0, "how long a token is taken for good without asking the store again")
    failed_tries: int = setting(20, "failed tries of one peer in a minute before it must wait", least=1)
    failed_tries_in_all: int = setting(600, "failed tries of all peers in a minute before every one is slowed", least=1)
    guests: int = setting(1000, "guests at once", least=1)
    guests_per_user: int = setting(100, "guests of one user at once", least=1)
    idle_s: float = setting(1800.0, "a guest who asks for nothing this long leaves", least=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """The table ``[limits]``: what one statement, one guest and one user may take."""

    bind_s: float = setting(30.0, "how long it may take to make a statement ready", least=0.1)
    run_s: float = setting(300.0, "how long a statement may run, from the first fetch to the last row", least=0.1)
    stall_s: float = setting(60.0, "how long a client may leave a batch that waits for it", least=0.1)
    most_rows: int = setting(0, "rows a result may have; 0 for any number")
    most_bytes: int = setting(0, "bytes a result may have; 0 for any number")
    running: int = setting(8, "statements that run at once", least=1)
    running_per_user: int = setting(4, "statements of one user that run at once", least=1)
    waiting: int = setting(64, "statements that wait to run; one more is told that the server is busy")
    waiting_s: float = setting(30.0, "how long a statement waits before it is told that the server is busy")
    streams_per_user: int = setting(16, "results that one user has open at once", least=1)
    prepared_per_guest: int = setting(100, "prepared statements that one guest has open", least=1)
    ready_per_guest: int = setting(100, "statements of one guest that are ready and not fetched", least=1)
    ready_s: float = setting(60.0, "how long a statement that is ready waits to be fetched", least=1)
    statement_bytes: int = setting(MIB, "bytes of a statement's text", least=KIB)
    message_bytes: int = setting(64 * MIB, "bytes of one message that a client sends", least=64 * KIB)
    batch_bytes: int = setting(4 * MIB, "bytes of one batch that is sent, about; a longer row is a batch alone",
                               least=64 * KIB)  # fmt: skip
    batches: int = setting(2, "batches of one stream that are made before they are taken", least=1)
    drain_s: float = setting(30.0, "how long what runs may go on when the server is told to stop")


@dataclass(frozen=True, slots=True)
class Engine:
    """The table ``[engine]``: what all statements together may take of the machine."""

    threads: int = setting(0, "threads; 0 for one a core, and more for a store on S3")
    memory_limit: str | None = setting(None, "memory of the process, as `8GB`; without it 80 % of the machine's")
    array_memory: str | None = setting(None, "of that, for arrays that stay decoded, as `2GB` or `0`; else a tenth")
    temp_folder: Path | None = setting(None, "where data that outgrows memory goes; without it the system's own")


@dataclass(frozen=True, slots=True)
class Folders:
    """The table ``[folders]``: what of this machine statements may name."""

    files: tuple[Folder, ...] = setting((), "folders, or `s3://bucket/prefix`, whose files `FILE` may read; without "
                                            "one it reads none")
    copies: tuple[Folder, ...] = setting((), "folders, or `s3://bucket/prefix`, into which `COPY … TO` may write, each "
                                             "user below his name; without one it writes none")  # fmt: skip
    file_bytes: int = setting(64 * MIB, "bytes of a file that `FILE` reads", least=1)
    copy_bytes: int = setting(1024 * MIB, "bytes of a file that a statement writes", least=1)


@dataclass(frozen=True, slots=True)
class Audit:
    """The table ``[audit]``: who did what, as JSON lines."""

    folder: Path | None = setting(None, "where the lines are kept; without it none are")
    keep_days: int = setting(90, "days after which a file of lines is removed; 0 keeps all")
    rotate_bytes: int = setting(64 * MIB, "bytes at which a new file begins", least=KIB)
    texts: bool = setting(True, "keep the texts of statements, in which people may have written what is personal")


@dataclass(frozen=True, slots=True)
class Metrics:
    """The table ``[metrics]``: figures for Prometheus, and whether the server is well."""

    address: str | None = setting(None, "host and port where they are served over HTTP; without it they are not",
                                  check=_place)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """All that a server is told; without a file the defaults, which let nobody in without a token."""

    flight: Flight = field(default_factory=Flight)
    tls: Tls = field(default_factory=Tls)
    access: Access = field(default_factory=Access)
    limits: Limits = field(default_factory=Limits)
    engine: Engine = field(default_factory=Engine)
    folders: Folders = field(default_factory=Folders)
    audit: Audit = field(default_factory=Audit)
    metrics: Metrics = field(default_factory=Metrics)

    @staticmethod
    def of(**written: Mapping[str, Any]) -> ServerSettings:
        """Settings by table and name: ``ServerSettings.of(limits={"run_s": 5.0})``.

        Raises:
            ConfigError: there is no such setting, or a value means nothing.
        """
        faults = [said for _, said in faults_of(written, TABLES)]
        if faults:
            raise ConfigError("\n".join(faults))
        return ServerSettings(**made_tables(written, TABLES, Path.cwd()))

    def but(self, **written: Mapping[str, Any]) -> ServerSettings:
        """These settings with some others, by table and name; see :meth:`of`."""
        ServerSettings.of(**written)
        tables = ((table, TABLES.plain[table], values) for table, values in written.items())
        changed = {t: replace(getattr(self, t), **values_of(k, v, Path.cwd())) for t, k, v in tables}
        return replace(self, **changed)


TABLES = Tables({"flight": Flight, "tls": Tls, "access": Access, "limits": Limits, "engine": Engine, "folders": Folders,
                 "audit": Audit, "metrics": Metrics})  # fmt: skip


def read_settings(file: Path) -> ServerSettings:
    """The settings that a file writes; paths in it are relative to its folder.

    Raises:
        ConfigError: it is not there, cannot be read, or says what no setting is; all faults with their lines.
    """
    found = read_tables(file, TABLES)
    if found is None:
        raise ConfigError(f"{file}: there is no such file")
    return ServerSettings(**found)

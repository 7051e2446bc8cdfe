"""The engine on S3: the extension that reads it, the key it is given, and what it asked the network for."""

from __future__ import annotations

import importlib.util
import os
import threading
from contextlib import suppress
from pathlib import Path

import duckdb

from cubeql.errors import StoreError
from cubeql.sql.printer import literal
from cubeql.storage.addresses import Address
from cubeql.storage.credentials import S3Access, S3Login, s3_login
from cubeql.storage.s3faults import s3_reason
from cubeql.storage.traffic import Traffic

MAY_INSTALL = "CUBEQL_INSTALL_EXTENSIONS"
"""Variable that lets the engine fetch its S3 extension from the network (``yes``) where no package brings it."""

_SECRET = "cubeql_store"
_MOST_LOGGED = 200_000
_SETTINGS = """
SET GLOBAL enable_global_s3_configuration = false;
SET GLOBAL s3_url_compatibility_mode = true;
SET GLOBAL auto_fallback_to_full_download = false;
SET GLOBAL enable_server_cert_verification = true;
SET GLOBAL enable_http_metadata_cache = true;
SET GLOBAL validate_external_file_cache = 'NO_VALIDATION';
SET GLOBAL http_retries = 4;
SET GLOBAL http_retry_backoff = 2;
CALL enable_logging('HTTP');
"""
# A file of a store is never changed once it is written: what is known of it need not be asked again. Retries wait for
# one and a half seconds in all: a server that starts again is met, one that is gone is told of soon.


class Remote:
    """An engine's way to one store on S3. Safe to share between threads."""

    def __init__(self, database: duckdb.DuckDBPyConnection, address: Address, login: S3Login | None = None) -> None:
        """Let an engine read what lies below an address.

        Raises:
            StoreError: the extension is not there, or there is no access.
        """
        self._database = database
        self._address = address
        self._login = login or s3_login()
        self._lock = threading.Lock()
        self._given: S3Access | None = None
        self._active: dict[int, bool] = {}  # connections at work, and whether all they asked for is still in the log
        load_extension(database)
        database.execute(_SETTINGS)
        self.renew()

    def renew(self) -> None:
        """Give the engine the key of now, where that is another than before.

        Raises:
            StoreError: a temporary key cannot be renewed.
        """
        access = self._login.access()
        with self._lock:
            if access is self._given:
                return
            if not _accepts(self._database, _secret(access, self._address)):
                # What the engine says could hold the statement, and with it the secret.
                raise StoreError(f"{self._address}: the engine does not take the key or the endpoint of S3")
            self._given = access

    def fault(self, told: str) -> StoreError | None:
        """The error of what the engine says about S3, without secrets; None where it is about something else."""
        access = self._login.access()
        reason = s3_reason(told, access)
        return None if reason is None else StoreError(f"{self._address}: {reason}")

    # -------------------------------------------------------------- what was asked

    def begin(self, cursor: duckdb.DuckDBPyConnection) -> int:
        """Note that a connection is at work; gives its number."""
        found = cursor.execute("SELECT current_connection_id()").fetchone()
        number = int(found[0]) if found else -1
        with self._lock:
            self._active[number] = True
        return number

    def traffic(self, number: int) -> Traffic | None:
        """What a connection asked the network for since it began; None where it is not known any more."""
        with self._lock, suppress(duckdb.ConnectionException):  # the session may have been closed
            if self._active.get(number):
                with self._database.cursor() as cursor:
                    if cursor.execute(_ANY).fetchone() is None:
                        return Traffic()
                    found = cursor.execute(_COUNT, [number]).fetchone()
                return Traffic(int(found[0]), int(found[1])) if found else None
        return None

    def end(self, number: int) -> None:
        """A connection is at work no more; the log is emptied when none is, or when it has grown too long."""
        with self._lock, suppress(duckdb.ConnectionException):  # the session may have been closed
            self._active.pop(number, None)
            with self._database.cursor() as cursor:
                if self._active:
                    logged = cursor.execute("SELECT count(*) FROM duckdb_logs").fetchone()
                    if logged is None or logged[0] < _MOST_LOGGED:
                        return
                    self._active = dict.fromkeys(self._active, False)
                cursor.execute("CALL truncate_duckdb_logs()")


_ANY = "SELECT 1 FROM duckdb_logs() LIMIT 1"  # takes a fifth of the time
_COUNT = """
SELECT count(*),
       coalesce(sum(TRY_CAST(response.headers['Content-Length'] AS BIGINT)) FILTER (request.type <> 'HEAD'), 0)
FROM duckdb_logs_parsed('HTTP') WHERE connection_id = ?
"""


def _accepts(database: duckdb.DuckDBPyConnection, statement: str) -> bool:
    """Whether a statement runs; no error of it is kept anywhere."""
    try:
        database.execute(statement)
    except duckdb.Error:
        return False
    return True


def _secret(access: S3Access, address: Address) -> str:
    """The statement that gives a key for what lies below an address, and for nothing else."""
    facts: dict[str, str | bool | None] = {
        "KEY_ID": access.key_id, "SECRET": access.secret, "SESSION_TOKEN": access.session_token,
        "REGION": access.region, "ENDPOINT": access.host, "USE_SSL": access.use_ssl,
        "URL_STYLE": "path" if access.path_style else "vhost", "SCOPE": f"{address}/",
    }  # fmt: skip
    written = ", ".join(f"{name} {literal(value)}" for name, value in facts.items() if value is not None)
    return f"CREATE OR REPLACE TEMPORARY SECRET {_SECRET} (TYPE s3, {written})"


def extension_file() -> Path | None:
    """The S3 extension that a package brings for this DuckDB; None where none does."""
    found = importlib.util.find_spec("duckdb_extension_httpfs")
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        file = Path(folder) / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"
        if file.is_file():
            return file
    return None


def may_install() -> bool:
    """Whether the user lets the engine fetch the extension from the network."""
    return os.environ.get(MAY_INSTALL, "").lower() in ("1", "yes", "true")


def load_extension(database: duckdb.DuckDBPyConnection) -> None:
    """Load what reads S3: from its package, or as it was installed; installed now only if the user allows it.

    Raises:
        StoreError: it is not there, or of another DuckDB.
    """
    file = extension_file()
    if file is not None:
        loaded = _accepts(database, f"LOAD {literal(str(file))}")
    else:
        loaded = _accepts(database, "LOAD httpfs") or (
            may_install() and _accepts(database, "INSTALL httpfs") and _accepts(database, "LOAD httpfs")
        )
    if not loaded:
        raise StoreError(
            f"DuckDB {duckdb.__version__} has no extension that reads S3; install it with: pip install 'cubeql[s3]', "
            f"or set {MAY_INSTALL}=yes to let DuckDB fetch it"
        )


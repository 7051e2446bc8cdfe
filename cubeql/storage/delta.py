"""The table format in use: Delta Lake logs. The only module that imports ``deltalake``.

Reading is deltalake's; commits are written here, because its transactions cannot change a table's
properties (where the layer record lies) together with its files. A commit is one JSON file of actions named
by its version, made complete under another name and then linked: linking fails where the version exists, so
of two writers one wins, and no reader sees half a file. Other Delta readers read the result as it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, Schema
from deltalake.exceptions import DeltaError, TableNotFoundError

from cubeql.errors import InternalError, StoreError
from cubeql.storage.addresses import Address, local_path
from cubeql.storage.disk import sync_folder
from cubeql.storage.table import Change, CommitConflict, Counts, DataFile, LayerVersion, TableState, counts

RECORD = "cubeql.layer"
CHECKPOINT_EVERY = 50


class DeltaFormat:
    """:class:`~cubeql.storage.table.TableFormat` on local Delta tables."""

    def exists(self, folder: Address) -> bool:
        """Whether a table was committed there."""
        log = _log(folder)
        try:
            return any(entry.name.endswith((".json", ".checkpoint.parquet")) for entry in os.scandir(log))
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise StoreError(f"{log}: cannot be read: {error.strerror}") from error

    def load(self, folder: Address, version: int | None = None) -> TableState | None:
        """The table's latest or an earlier state; None where there is no table."""
        if not self.exists(folder):
            return None
        try:
            table = DeltaTable(str(local_path(folder)))
            latest = table.version()
            if version is not None and version != latest:
                _check_version(folder, version, latest)
                table.load_as_version(version)
            return _state(folder, table)
        except TableNotFoundError:
            return None
        except (DeltaError, OSError) as error:
            raise StoreError(f"{folder}: the table's log cannot be read: {error}") from error

    def is_current(self, folder: Address, state: TableState) -> bool:
        """Whether a state is still the latest."""
        return self.still_holds(folder, state) and not _commit_file(folder, state.version + 1).exists()

    def still_holds(self, folder: Address, state: TableState) -> bool:
        """Whether a state, latest or not, still belongs to the table that is there."""
        # The stamp tells a table dropped and made again from the one that was loaded.
        return state.token != () and _stamp(folder, state.version) == state.token

    def commit(self, folder: Address, base: TableState | None, change: Change) -> int:
        """Make a change on top of a state; the new version's number."""
        version = 0 if base is None else base.version + 1
        log = _log(folder)
        try:
            if base is None:
                log.mkdir(parents=True, exist_ok=True)
            _publish(log, version, _actions(base, change))
        except FileExistsError:
            raise CommitConflict(f"{folder}: version {version} exists") from None
        except FileNotFoundError as error:
            raise StoreError(f"{folder}: the layer was dropped while it was being written") from error
        except OSError as error:
            raise StoreError(f"{log}: the commit cannot be written: {error.strerror}") from error
        if version % CHECKPOINT_EVERY == 0 and version > 0:
            _checkpoint(folder)
        return version

    def every_file(self, folder: Address) -> set[str]:
        """Names of all files that any version of the table refers to."""
        state = self.load(folder)
        # The latest state too: a commit may have been folded into a checkpoint and removed by other tools.
        names = set(state.files["path"].to_pylist()) if state is not None else set()
        for commit in sorted(_log(folder).glob("*.json")):
            try:
                lines = commit.read_text(encoding="utf-8").splitlines()
                names |= {action["add"]["path"] for action in map(json.loads, lines) if "add" in action}
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise StoreError(f"{commit}: the commit cannot be read: {error}") from error
        return names

    def history(self, folder: Address) -> list[LayerVersion]:
        """All commits the log still holds, newest first."""
        try:
            commits = DeltaTable(str(local_path(folder))).history()
        except (DeltaError, OSError) as error:
            raise StoreError(f"{folder}: the table's log cannot be read: {error}") from error
        return [
            LayerVersion(
                version=int(commit["version"]),
                time=datetime.fromtimestamp(commit["timestamp"] / 1000, UTC),
                what=str(commit.get("cubeql") or commit.get("operation", "")),
                counts=_counts(commit.get("operationMetrics")),
            )
            for commit in commits
        ]


def _counts(metrics: object) -> Counts | None:
    """The counts of a commit of ours; other writers have metrics of their own."""
    if not isinstance(metrics, dict) or not {f.name for f in fields(Counts)} <= metrics.keys():
        return None
    return Counts(**{f.name: int(metrics[f.name]) for f in fields(Counts)})


def _log(folder: Address) -> Path:
    return local_path(folder) / "_delta_log"


def _commit_file(folder: Address, version: int) -> Path:
    return _log(folder) / f"{version:020d}.json"


def _stamp(folder: Address, version: int) -> tuple[int, ...]:
    try:
        found = _commit_file(folder, version).stat()
    except FileNotFoundError:
        return ()
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def _check_version(folder: Address, version: int, latest: int) -> None:
    if not 0 <= version < latest:
        name = Path(folder.path).name
        raise StoreError(f"layer {name} has the versions 0 to {latest}; version {version} was asked for")


def _state(folder: Address, table: DeltaTable) -> TableState:
    metadata = table.metadata()
    record = metadata.configuration.get(RECORD)
    if record is None:
        raise StoreError(f"{folder}: a Delta table, but no layer: the property {RECORD} is missing")
    return TableState(
        version=table.version(),
        table_id=str(metadata.id),
        record=record,
        # pa.table() would do the same, but look for pandas first, which costs 0.2 s when it is there.
        files=pa.RecordBatchReader.from_stream(table.get_add_actions(flatten=True)).read_all(),
        token=_stamp(folder, table.version()),
    )


def _publish(log: Path, version: int, actions: list[dict[str, Any]]) -> None:
    draft = log / f"_draft-{uuid.uuid4().hex}.tmp"
    try:
        with draft.open("x", encoding="utf-8") as file:
            file.write("".join(json.dumps(action, allow_nan=False) + "\n" for action in actions))
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, log / f"{version:020d}.json")
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
    # From the link on the commit is there for all to see: nothing may fail any more.
    with contextlib.suppress(OSError):
        sync_folder(log)


def _actions(base: TableState | None, change: Change) -> list[dict[str, Any]]:
    now = time.time_ns() // 1_000_000
    info = {
        "timestamp": now,
        "operation": "WRITE",
        "operationParameters": {},
        # Text, as other writers keep their metrics.
        "operationMetrics": {name: str(count) for name, count in asdict(counts(base, change)).items()},
        "cubeql": change.what,
    }
    actions: list[dict[str, Any]] = [{"commitInfo": info}]
    if base is None:
        actions.append({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}})
    if change.record is not None:
        actions.append({"metaData": _metadata(base, change, now)})
    sizes = _sizes(base, change.removes)
    actions += [{"remove": _remove(name, sizes[name], now)} for name in change.removes]
    actions += [{"add": _add(file, now)} for file in change.adds]
    return actions


def _metadata(base: TableState | None, change: Change, now: int) -> dict[str, Any]:
    return {
        "id": base.table_id if base else str(uuid.uuid4()),
        "name": json.loads(change.record or "{}").get("name"),
        "format": {"provider": "parquet", "options": {}},
        "schemaString": Schema.from_arrow(_required(change.schema)).to_json(),
        "partitionColumns": [],
        # Without this a Delta maintenance job would delete commits after 30 days, and VERSION n with them.
        # Without the -1 only the statistics of the first 32 leaf columns are read back.
        "configuration": {
            RECORD: change.record,
            "delta.enableExpiredLogCleanup": "false",
            "delta.dataSkippingNumIndexedCols": "-1",
        },
        "createdTime": now,
    }


def _required(schema: pa.Schema | None) -> pa.Schema:
    if schema is None:
        raise InternalError("a commit with a new record must tell the schema")
    return schema


def _sizes(base: TableState | None, names: tuple[str, ...]) -> dict[str, int]:
    if base is None or not names:
        return {}
    return dict(zip(base.files["path"].to_pylist(), base.files["size_bytes"].to_pylist(), strict=True))


def _remove(name: str, size: int, now: int) -> dict[str, Any]:
    return {
        "path": name,
        "deletionTimestamp": now,
        "dataChange": True,
        "extendedFileMetadata": True,
        "partitionValues": {},
        "size": size,
    }


def _add(file: DataFile, now: int) -> dict[str, Any]:
    stats = {
        "numRecords": file.rows,
        "minValues": _json_values(file.minimum),
        "maxValues": _json_values(file.maximum),
        "nullCount": dict(file.nulls),
    }
    return {
        "path": file.name,
        "partitionValues": {},
        "size": file.bytes,
        "modificationTime": now,
        "dataChange": True,
        "stats": json.dumps(stats, allow_nan=False),
    }


def _json_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _json_value(value) for name, value in values.items()}


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value


def _checkpoint(folder: Address) -> None:
    # Only makes later loads cheaper: the commit stands, so a failure here must not be told as a failed write.
    try:
        DeltaTable(str(local_path(folder))).create_checkpoint()
    except (DeltaError, OSError):
        return

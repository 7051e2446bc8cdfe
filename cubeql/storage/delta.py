"""The table format in use: Delta Lake logs. The only module that imports ``deltalake``.

Reading is deltalake's; commits are written here, because its transactions cannot change a table's
properties (where the layer record lies) together with its files. A commit is one JSON object of actions named
by its version, made where there is none: of two writers one makes it, and no reader sees half of it. Other Delta
readers read the result as it is.
"""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, Schema
from deltalake.exceptions import DeltaError, TableNotFoundError

from cubeql.errors import InternalError, StoreError, VersionGone, VersionUnknown
from cubeql.storage.objects import ObjectExists, Objects
from cubeql.storage.table import Change, CommitConflict, Counts, DataFile, Horizon, LayerVersion, TableState, counts

RECORD = "cubeql.layer"
HORIZON = "cubeql.vacuumed"
LOG = "_delta_log"
CHECKPOINT_EVERY = 50


class DeltaFormat:
    """:class:`~cubeql.storage.table.TableFormat` on Delta tables."""

    def __init__(self, objects: Objects) -> None:
        """Tables in folders of these objects."""
        self._objects = objects

    def load(self, folder: str, version: int | None = None) -> TableState | None:
        """The table's latest or an earlier state; None where there is no table."""
        place = self._objects.uri(folder)
        try:
            table = self._opened(folder)
            latest = table.version()
            if version is not None and version != latest:
                _check_version(place, version, latest, _horizon(table.metadata().configuration))
                table.load_as_version(version)
            return _state(place, table)
        except TableNotFoundError:
            return None
        except (DeltaError, OSError) as error:
            raise StoreError(f"{place}: the table's log cannot be read: {self._objects.reason(error)}") from None

    def is_current(self, folder: str, state: TableState) -> bool:
        """Whether a state is still the latest."""
        return not self._objects.exists(_commit_name(folder, state.version + 1))

    def commit(self, folder: str, base: TableState | None, change: Change) -> int:
        """Make a change on top of a state; the new version's number."""
        version = 0 if base is None else base.version + 1
        text = "".join(json.dumps(action, allow_nan=False) + "\n" for action in _actions(base, change))
        try:
            self._objects.create(_commit_name(folder, version), text.encode())
        except ObjectExists:
            raise CommitConflict(f"{self._objects.uri(folder)}: version {version} exists") from None
        if version % CHECKPOINT_EVERY == 0 and version > 0:
            self._checkpoint(folder)
        return version

    def every_file(self, folder: str, since: int = 0) -> set[str]:
        """Names of all files that any version of the table from one on refers to."""
        # The latest state too: a commit may have been folded into a checkpoint and removed by other tools.
        states = [self.load(folder), self.load(folder, since) if since else None]
        names = {name for state in states if state is not None for name in state.files["path"].to_pylist()}
        for entry in self._objects.entries(f"{folder}/{LOG}"):
            number = entry.name.rpartition("/")[2].removesuffix(".json")
            held = self._objects.read(entry.name) if number.isdecimal() and int(number) >= since else None
            if held is None:
                continue
            try:
                actions = map(json.loads, held.content.splitlines())
                names |= {action["add"]["path"] for action in actions if "add" in action}
            except (ValueError, KeyError, TypeError) as error:
                raise StoreError(f"{self._objects.uri(entry.name)}: the commit cannot be read: {error}") from error
        return names

    def history(self, folder: str) -> list[LayerVersion]:
        """All commits the log still holds, newest first."""
        try:
            table = self._opened(folder)
            commits, horizon = table.history(), _horizon(table.metadata().configuration)
        except (DeltaError, OSError) as error:
            place = self._objects.uri(folder)
            raise StoreError(f"{place}: the table's log cannot be read: {self._objects.reason(error)}") from None
        return [
            LayerVersion(
                version=int(commit["version"]),
                time=datetime.fromtimestamp(commit["timestamp"] / 1000, UTC),
                what=str(commit.get("cubeql") or commit.get("operation", "")),
                counts=_counts(commit.get("operationMetrics")),
                readable=horizon is None or int(commit["version"]) >= horizon.first,
            )
            for commit in commits
        ]

    def _opened(self, folder: str) -> DeltaTable:
        return DeltaTable(self._objects.uri(folder), storage_options=dict(self._objects.options))

    def _checkpoint(self, folder: str) -> None:
        # Only makes later loads cheaper: the commit stands, so a failure must not be told as a failed write.
        with contextlib.suppress(DeltaError, OSError):
            self._opened(folder).create_checkpoint()


def _counts(metrics: object) -> Counts | None:
    """The counts of a commit of ours; other writers have metrics of their own."""
    if not isinstance(metrics, dict) or not {f.name for f in fields(Counts)} <= metrics.keys():
        return None
    return Counts(**{f.name: int(metrics[f.name]) for f in fields(Counts)})


def _commit_name(folder: str, version: int) -> str:
    return f"{folder}/{LOG}/{version:020d}.json"


def _check_version(place: str, version: int, latest: int, horizon: Horizon | None) -> None:
    if not 0 <= version < latest:
        raise VersionUnknown(f"{place}: there are the versions 0 to {latest}; version {version} was asked for")
    if horizon is not None and version < horizon.first:
        raise VersionGone(place, version, horizon.first, latest, horizon.time)


def _horizon(configuration: Mapping[str, Any]) -> Horizon | None:
    text = configuration.get(HORIZON)
    if text is None:
        return None
    values = json.loads(text)
    return Horizon(int(values["first"]), datetime.fromisoformat(values["time"]))


def _state(place: str, table: DeltaTable) -> TableState:
    metadata = table.metadata()
    record = metadata.configuration.get(RECORD)
    if record is None:
        raise StoreError(f"{place}: a Delta table, but no layer: the property {RECORD} is missing")
    return TableState(
        version=table.version(),
        table_id=str(metadata.id),
        record=record,
        # pa.table() would do the same, but look for pandas first, which costs 0.2 s when it is there.
        files=pa.RecordBatchReader.from_stream(table.get_add_actions(flatten=True)).read_all(),
        horizon=_horizon(metadata.configuration),
    )


def _actions(base: TableState | None, change: Change) -> list[dict[str, Any]]:
    now = time.time_ns() // 1_000_000
    info = {
        "timestamp": now,
        "operation": "WRITE",
        "operationParameters": {},
        # Text, as other writers keep their metrics.
        "operationMetrics": {name: str(count) for name, count in asdict(counts(base, change)).items()},
        "cubeql": change.what,
        "txnId": uuid.uuid4().hex,  # no two commits are alike, so that a writer knows his own again
    }
    actions: list[dict[str, Any]] = [{"commitInfo": info}]
    if base is None:
        actions.append({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}})
    if change.record is not None:
        actions.append({"metaData": _metadata(base, change, now)})
    sizes = _sizes(base, change.removes)
    kept = {"dataChange": not change.rearranged}
    actions += [{"remove": _remove(name, sizes[name], now) | kept} for name in change.removes]
    actions += [{"add": _add(file, now) | kept} for file in change.adds]
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
        }
        | _vacuumed(change.horizon or (base.horizon if base is not None else None)),
        "createdTime": now,
    }


def _vacuumed(horizon: Horizon | None) -> dict[str, str]:
    if horizon is None:
        return {}
    return {HORIZON: json.dumps({"first": horizon.first, "time": horizon.time.isoformat(timespec="seconds")})}


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
        "stats": json.dumps(stats, allow_nan=False),
    }


def _json_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _json_value(value) for name, value in values.items()}


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value

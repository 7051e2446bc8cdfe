"""Say who asked a server for what, when, and what became of it: a row a line of the audit, file by file.

The files themselves are JSON lines, which have more; docs/reference/audit.md says what each of them means.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from cubeql.cli.arguments import Parser, add_output, add_talking
from cubeql.cli.commands.audit import add_folder, chosen_folder
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.outcome import DONE

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 10_000
_COLUMNS: dict[str, tuple[str, Callable[[Mapping[str, Any]], Any]]] = {
    "time": ("string", lambda e: e.get("time")),
    "user": ("string", lambda e: e.get("user")),
    "token": ("string", lambda e: e.get("token")),
    "peer": ("string", lambda e: e.get("peer")),
    "event": ("string", lambda e: e.get("event")),
    "kind": ("string", lambda e: e.get("kind")),
    "outcome": ("string", lambda e: e.get("outcome")),
    "code": ("string", lambda e: e.get("code")),
    "rows": ("int64", lambda e: e.get("rows")),
    "bytes": ("int64", lambda e: e.get("bytes")),
    "seconds": ("float64", lambda e: e.get("seconds")),
    "reads": ("string", lambda e: _named(e.get("reads"))),
    "writes": ("string", lambda e: _named(e.get("writes"))),
    "text": ("string", lambda e: e.get("text")),
}


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    add_folder(parser)
    parser.add_argument("--user", metavar="USER", help="only what this user did")
    parser.add_argument("--since", metavar="TIME", type=_moment, help="from this day or time (UTC) on")
    parser.add_argument("--until", metavar="TIME", type=_moment, help="before this day or time (UTC)")
    add_output(parser)
    add_talking(parser)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Show the lines."""
    from cubeql.cli.output.results import MAX_ROWS, Output
    from cubeql.formats.rows import Rows

    entries = _wanted(options)
    shown = MAX_ROWS if options.max_rows is None else options.max_rows
    first = _batch([])
    with Output(options.format, options.output, shown, options.color) as output:
        for notice in output.write(Rows(first.schema, _batches(entries))).notices:
            diagnostics.notice(notice)
    return DONE


def _wanted(options: argparse.Namespace) -> Iterator[Mapping[str, Any]]:
    from cubeql.server.auditfiles import entries_of, files_in

    user = None if options.user is None else options.user.casefold()
    for entry in chain.from_iterable(map(entries_of, files_in(chosen_folder(options)))):
        time = str(entry.get("time", ""))
        if user is not None and str(entry.get("user", "")).casefold() != user:
            continue
        if (options.since is None or time >= options.since) and (options.until is None or time < options.until):
            yield entry


def _batches(entries: Iterator[Mapping[str, Any]]) -> Iterator[pa.RecordBatch]:
    while several := list(islice(entries, _ROWS)):
        yield _batch(several)


def _batch(entries: list[Mapping[str, Any]]) -> pa.RecordBatch:
    import pyarrow as pa

    kinds = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64()}
    arrays = [pa.array([told(e) for e in entries], kinds[kind]) for kind, told in _COLUMNS.values()]
    return pa.RecordBatch.from_arrays(arrays, names=list(_COLUMNS))


def _named(versions: Mapping[str, int | None] | None) -> str | None:
    if versions is None:
        return None
    return ", ".join(name if version is None else f"{name}@{version}" for name, version in versions.items())


def _moment(written: str) -> str:
    """A time as lines of the audit have it."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{written} is no day or time; write 2026-11-23 or 2026-11-23T12:00") from None
    moment = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

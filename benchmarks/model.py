"""What a petabyte would cost: tables from measured constants, for ``docs/explain/scale.md``.

    python -m benchmarks.model                                     # the tables as they stand there
    python -m benchmarks.model --set cores=128 --set file_bytes=1e9   # with other constants
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Values = Mapping[str, float]


@dataclass(frozen=True)
class Constant:
    """A number, and the command that it was measured with, or ``assumed``."""

    name: str
    value: float
    unit: str
    source: str


_GROWTH = "python -m benchmarks.growth"
_FOOTPRINT = "python -m benchmarks.footprint STORE a"
CONSTANTS = (
    Constant("cells_row", 16_807, "cells of a tile row", "7^5, the format"),
    Constant("rows_group", 32, "tile rows of a row group", "the format"),
    Constant("file_bytes", 128e6, "bytes of a file", "the format"),
    Constant("array_row", 21_430, "bytes of a row's array, int16", _FOOTPRINT),
    Constant("overview_row", 1_829, "bytes of its overviews", _FOOTPRINT),
    Constant("key_row", 40, "bytes of its keys and summaries", _FOOTPRINT),
    Constant("footer_row", 49, "bytes of the footer, a row", _FOOTPRINT),
    Constant("log_file", 501, "bytes of the log a file", _FOOTPRINT),
    Constant("state_file", 222, "bytes of memory a file, in a session", _FOOTPRINT),
    Constant("load_file", 6.2e-6, "CPU s to read a file's entry, cold", _FOOTPRINT),
    Constant("find_file", 0.03e-6, "CPU s to rule a file out, warm", "python -m benchmarks --only plan"),
    Constant("statement", 0.015, "CPU s of a statement, whatever it reads", "python -m benchmarks --only plan"),
    Constant("cell_scan", 13e-9, "CPU s a cell of sum and stddev", _GROWTH),
    Constant("cell_join", 22e-9, "CPU s a cell of an equal join", _GROWTH),
    Constant("row_summary", 6e-6, "CPU s a tile row answered by summaries", _GROWTH),
    Constant("cell_ingest", 1 / 12e6, "CPU s a cell ingested, further dates",
             "python -m benchmarks --only ingest --pixels 20000"),
    Constant("commit", 0.05, "s of a commit, one after the other in a layer", "assumed; a local one took 7 ms"),
    Constant("cores", 64, "cores of a node", "assumed"),
    Constant("busy", 0.7, "share of the cores that does work", "assumed"),
    Constant("gpfs", 5e9, "bytes/s a node reads from GPFS", "assumed"),
    Constant("s3", 2.5e9, "bytes/s a node reads from S3", "assumed"),
    Constant("wait", 0.03, "s until S3 answers a request", "assumed"),
    Constant("at_once", 64, "requests on their way", "assumed, as many as cores"),
    Constant("group_gets", 1, "GETs a row group, beside one a file", "python -m benchmarks --only media"),
    Constant("get", 0.4e-6, "$ a GET", "assumed, a public price"),
    Constant("portion", 20e9, "bytes that a commit adds", "assumed"),
)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """What a layer of so many bytes is made of."""

    bytes: float
    rows: float
    cells: float
    files: float
    groups: float


def size_of(stored: float, c: Values) -> Size:
    """Rows, cells, files and row groups of a layer of one int16 band."""
    rows = stored / (c["array_row"] + c["overview_row"] + c["key_row"] + c["footer_row"])
    return Size(stored, rows, rows * c["cells_row"], stored / c["file_bytes"], rows / c["rows_group"])


@dataclass(frozen=True)
class Question:
    """What a class of query reads of a layer: rows found by their keys, bytes, CPU seconds, requests."""

    name: str
    bytes: float
    cpu: float
    requests: float


def questions(s: Size, c: Values) -> list[Question]:
    """The classes of queries; those of one place are of a layer with as many moments as a file has rows of a tile."""
    group = c["array_row"] * c["rows_group"]
    found = c["statement"] + s.files * c["find_file"]
    few = Question("one cell or a small polygon, all moments of one file", c["footer_row"] * s.rows / s.files + group,
                   found + c["rows_group"] * c["cells_row"] * c["cell_scan"], 3)  # fmt: skip
    arrays, percent = s.rows * (c["array_row"] + c["key_row"]), s.rows / 100
    every = s.files + s.groups * c["group_gets"]
    return [
        few,
        Question("1 % of the tiles, found by files' bounds", arrays / 100,
                 found + percent * c["cells_row"] * c["cell_scan"], every / 100),
        Question("aggregate from summaries", s.rows * (c["key_row"] + c["footer_row"]),
                 found + s.rows * c["row_summary"], every),
        Question("mean of every cell", arrays, found + s.cells * c["cell_scan"], every),
        Question("equal join of two such layers", 2 * arrays, 2 * found + s.cells * c["cell_join"], 2 * every),
    ]  # fmt: skip


def metadata(c: Values) -> Iterator[str]:
    """Files, row groups, log, planning by size of a layer."""
    yield "| a layer of | cells | tile rows | files | log | state in memory | plan, cold | plan, warm |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for stored in (1e12, 1e13, 1e14, 1e15):
        s = size_of(stored, c)
        warm = c["statement"] + s.files * c["find_file"]
        yield (
            f"| {_bytes(stored)} | {_number(s.cells)} | {_number(s.rows)} | {_number(s.files)} "
            f"| {_bytes(s.files * c['log_file'])} | {_bytes(s.files * c['state_file'])} "
            f"| {_time(s.files * c['load_file'])} | {_time(warm)} |"
        )


def costs(stored: float, c: Values) -> Iterator[str]:
    """What classes of queries cost on a layer of so many bytes."""
    s = size_of(stored, c)
    yield f"| {_bytes(stored)}: question | reads | CPU | one node, GPFS | one node, S3 | S3 requests | $ |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for q in questions(s, c):
        computing = q.cpu if q.cpu < 1 else q.cpu / (c["cores"] * c["busy"])
        waiting = max(q.requests, c["at_once"]) / c["at_once"] * c["wait"] * (1 if q.requests > c["at_once"] else 3)
        yield (
            f"| {q.name} | {_bytes(q.bytes)} | {_time(q.cpu)} | {_time(max(computing, q.bytes / c['gpfs']))} "
            f"| {_time(max(computing, q.bytes / c['s3'], waiting))} | {_number(q.requests)} "
            f"| {q.requests * c['get']:,.{2 if q.requests > 1e4 else 6}f} |"
        )


def ingest(c: Values) -> Iterator[str]:
    """How long a petabyte takes on so many nodes, and how often they commit."""
    s = size_of(1e15, c)
    yield "| nodes | cells/s | a petabyte in | commits a minute | share of the time that commits of one layer take |"
    yield "| ---: | ---: | ---: | ---: | ---: |"
    for nodes in (1, 10, 100, 1000):
        rate = nodes * c["cores"] * c["busy"] / c["cell_ingest"]
        seconds = s.cells / rate
        commits = s.bytes / c["portion"] / seconds
        yield (
            f"| {nodes:,} | {_number(rate)} | {_time(seconds)} | {commits * 60:,.1f} "
            f"| {100 * commits * c['commit']:,.1f} % |"
        )


def constants(c: Values) -> Iterator[str]:
    """What everything is computed from."""
    yield "| constant | value | what | from |"
    yield "| --- | ---: | --- | --- |"
    for one in CONSTANTS:
        source = f"`{one.source}`" if one.source.startswith("python") else one.source
        yield f"| `{one.name}` | {_number(c[one.name])} | {one.unit} | {source} |"


def tables(c: Values) -> list[str]:
    """All tables, as they stand in the documentation."""
    every = (constants(c), metadata(c), costs(1e13, c), costs(1e15, c), ingest(c))
    return ["\n".join(table) for table in every]


def defaults() -> dict[str, float]:
    """The constants as they were measured or are assumed."""
    return {one.name: one.value for one in CONSTANTS}


_PARTS = (("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3))


def _number(value: float) -> str:
    if value < 0.01:
        return f"{value:.2g}"
    if value < 100_000:
        return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.2g}"
    return _scaled(value)


def _bytes(value: float) -> str:
    return f"{_scaled(value)}B"


def _scaled(value: float) -> str:
    for letter, unit in _PARTS:
        if value >= unit:
            return f"{value / unit:,.3g} {letter}" if value < 1000 * unit else f"{value / unit:,.0f} {letter}"
    return f"{value:,.0f} "


def _time(seconds: float) -> str:
    for name, unit in (("days", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        if seconds >= 1.5 * unit:
            return f"{seconds / unit:,.3g} {name}" if seconds < 1000 * unit else f"{seconds / unit:,.0f} {name}"
    return f"{seconds * 1000:,.0f} ms"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.model", description=__doc__)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="another constant")
    known = defaults()
    for text in parser.parse_args().set:
        name, _, value = text.partition("=")
        if name not in known:
            parser.error(f"there is no constant {name!r}; there are {', '.join(known)}")
        known[name] = float(value)
    print("\n\n".join(tables(known)))


if __name__ == "__main__":
    main()

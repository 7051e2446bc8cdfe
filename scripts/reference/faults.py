"""The page of all faults, each with a text that has it."""

from __future__ import annotations

import functools
import re

from cubeql.errors import catalogue
from cubeql.errors.catalogue.rows import Fault
from reference.markdown import block, page
from tests.support import cases

STAGES = (
    ("Reading", catalogue.syntax.ROWS, "The text is not a statement."),
    ("Meaning", catalogue.analysis.ROWS, "Names, types, units, alignment."),
    ("Running", catalogue.running.ROWS, "Found while a statement runs."),
)
ELSEWHERE = {
    "text_too_long": "A statement of more than a million characters.",
    "too_many_faults": "A text with very many faults: those after the first are not listed.",
    "no_place_for_condition": "Where a region that was drawn on the map is put into `SHOW LAYERS` or a UNION.",
    "query_expected": "Where a program asks for a query and gives another statement: `Session.explain('SHOW LAYERS')`.",
    "bad_parameter": "A parameter bound to a value of no type that the language has, such as an open file.",
    "zones_fraction": "`JOIN parks USING area`, where `parks` has an attribute called `fraction`.",
    "before_first_version": "`FROM fine VERSION AT '1990-01-01'`: the layer was not yet written then.",
    "vacuumed_version": "`FROM fine VERSION 3` after `cubeql vacuum --keep-versions 1` has removed that version.",
    "view_fails": "A view that carries its owner's rights fails while it is read by another: nothing beneath is told.",
    "no_right": "`INSERT INTO s2 …` of a user who may only read `s2`.",
    "own_collection": "`CREATE LAYER ndvi …` of the user `anna`, whose layers are called `anna.…`.",
    "only_reads": "`DROP LAYER anna.ndvi` with a token of the scope `read`.",
    "raster_view": "`CREATE VIEW scene AS RASTER 'none.tif'`: there is no such file.",
    "in_place_off": "`SELECT * FROM scene` in a session opened with `in_place=False`.",
    "in_place_fault": "`SELECT * FROM scene`, whose file has changed since the view was made.",
    "attach_address": "`ATTACH 'http://h' AS lrz`, or one whose address holds a user.",
    "attach_off": "`ATTACH` in a session opened with `attach=False`, as a server's are.",
    "attach_name": "`ATTACH … AS lrz` where there is a layer `lrz.x` in the store already.",
    "unknown_server": "`DETACH lzr`.",
    "only_read_here": "`INSERT INTO lrz.s2 …`, where `lrz` is an attached server.",
    "server_token": "`ATTACH` with a token that the server does not know.",
    "server_gone": "A query of `lrz.s2` when that server does not answer, or goes away before the last row.",
    "server_refuses": "A query of `lrz.s2` that the server refuses, as one that is longer than it takes.",
    "server_slow": "A query of `lrz.s2` that runs longer than that server lets it.",
    "server_fails": "A query of `lrz.s2` of which that server can only say that something failed.",
    "server_left": "`DETACH lrz` while a query of `lrz.s2` begins in another thread.",
    "not_sent": "`SELECT … FROM here JOIN lrz.s2`, where `lrz` is an attached server.",
    "too_many_cells": "`CREATE CELLS c AS SELECT cell FROM dem GROUP BY cell` where that is more than 50,000,000.",
    "in_place_too_large": "`SELECT * FROM scene` after `SET in_place_cells = 1000`.",
    "out_of_memory": "A statement that needs more memory than its session may take.",
    "timeout": "`session.query(text, timeout_s=0.001)`.",
    "stalled": "A client of a server that leaves its rows for longer than the server's `stall_s`.",
    "result_too_large": "A result that has more than the server's `most_rows` or `most_bytes`.",
    "cancelled": "`session.cancel()` while a statement runs.",
    "not_a_query": "Raised where a program asks for rows and gives a statement that has none.",
    "file_refused": "`FILTER cell WITHIN FILE '../park.geojson'` where a server gives files of one folder only.",
    "copy_refused": "`COPY (…) TO '/tmp/out.csv'` where a server lets files be written to one folder only.",
    "copy_failed": "`COPY (…) TO 'out.csv'` on a server whose disk is full.",
    "copy_too_large": "`COPY (…) TO 'out.csv'` of more bytes than `copy_bytes` allows.",
    "unsafe_crs": "`COPY (…) TO 'out.tif' WITH (crs = '+proj=…')` on a server, where only codes are taken.",
    "raster_shape": "`COPY (SELECT red FROM fine) TO 'out.tif'`: there is no cell to place the values at.",
    "format_type": "`COPY (SELECT time - time AS x FROM fine) TO 'out.parquet'`: the format has no such type.",
}
"""Faults that no golden case can show: they need a clock, a program, a file or much text."""
_SAID = re.compile(r"(?:error|warning)\[(\w+)\]")


@functools.cache
def shown() -> dict[str, cases.Case]:
    """The golden case that shows a fault, by code: the one named after it, else the one with the fewest faults."""
    found: dict[str, tuple[tuple[bool, int, str], cases.Case]] = {}
    for case in cases.all_cases():
        codes = _SAID.findall(case.sections.get("error", "")) + _warned(case)
        for code in codes:
            rank = (case.path.stem != code, len(set(codes)), case.name)
            if code not in found or rank < found[code][0]:
                found[code] = (rank, case)
    return {code: case for code, (_, case) in found.items()}


def _warned(case: cases.Case) -> list[str]:
    """Codes of warnings that a case asks for by name."""
    return [line.removesuffix(":") for line in case.fragments("warns") if re.fullmatch(r"[a-z]+(_[a-z]+)+:?", line)]


def lacking() -> list[str]:
    """Codes that neither a case nor a line of this page shows."""
    codes = [row.code for _, rows, _ in STAGES for row in rows]
    return [code for code in codes if code not in shown() and code not in ELSEWHERE]


def pages() -> dict[str, str]:
    """Text by path below the reference."""
    parts = [
        "Every fault has a code, a place, what was found and, where that is sure, what would be right. All faults of\n"
        "a statement are told together. Words in braces stand for what was found; a warning stops no statement.",
    ]
    for title, rows, summary in STAGES:
        parts.append(f"## {title}\n\n{summary}")
        parts += [_fault(row) for row in rows]
    return {"errors.md": page("Faults", *parts)}


def _fault(row: Fault) -> str:
    kind = " (warning)" if row.severity == "warning" else ""
    hint = "" if row.hint in (None, "{suggestion}", "{hint}") else f" — {row.hint}"
    return "\n\n".join([f"### `{row.code}`{kind}", f"{row.message}{hint}", _example(row.code)])


def _example(code: str) -> str:
    if code in shown():
        case = shown()[code]
        return block(case.sections["query"] + "\n\n" + case.sections.get("error", "").strip())
    return ELSEWHERE.get(code, "")

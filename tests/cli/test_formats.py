"""Every output format, exactly."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cubeql.cli.output.formats import FORMATS, NAMES, choose
from cubeql.cli.output.layout import Drawer, Layout, Written
from cubeql.cli.output.sink import Sink
from cubeql.cli.output.table import write_table
from cubeql.cli.output.vertical import write_vertical
from cubeql.errors import ConfigError
from cubeql.formats.delimited import write_csv, write_tsv
from cubeql.formats.rows import FileTarget, Rows, Writer
from tests.cli.conftest import Run
from tests.cli.fake_session import sample


def _written(writer: Writer, table: pa.Table) -> str:
    stream = io.BytesIO()
    writer(Rows(table.schema, iter(table.to_batches(max_chunksize=2))), FileTarget(stream))
    return stream.getvalue().decode()


def test_csv_tells_null_from_empty_text_and_quotes_only_where_needed(run: Run) -> None:
    assert run("-c", "ROWS", "--format", "csv").text == (
        "cell,time,t2m,name\n"
        '8928308280fffff,2024-05-03T10:30:00Z,12.5,"Münster, Westf."\n'
        '8928308280bffff,,,""\n'
        ',2024-05-03T10:30:00.25Z,0.3333333333333333,"a ""b""\x1b[31m"\n'
    )


def test_tsv_quotes_a_text_with_a_tab() -> None:
    assert _written(write_tsv, pa.table({"a": ["x\ty", "a,b"]})) == 'a\n"x\ty"\na,b\n'


@pytest.mark.parametrize("texts", [["", None], ["a\nb", 'q"', ",", "\r", " "], [None], [""]])
def test_csv_reads_back(texts: list[str | None]) -> None:
    written = _written(write_csv, pa.table({"a": pa.array(texts, pa.string()), "b": [1] * len(texts)}))
    rows = list(csv.reader(io.StringIO(written, newline="")))
    assert [r[0] for r in rows[1:]] == [t or "" for t in texts]


def test_csv_of_one_column_tells_null_from_empty_text() -> None:
    assert _written(write_csv, pa.table({"a": pa.array(["", None, "x"])})) == 'a\n""\n\nx\n'


def test_csv_of_no_rows_is_its_header() -> None:
    assert _written(write_csv, sample().slice(0, 0)) == "cell,time,t2m,name\n"


def test_json_is_one_array_of_exact_values(run: Run) -> None:
    rows = json.loads(run("-c", "ROWS", "--format", "json").out)
    assert rows[0] == {
        "cell": "8928308280fffff",
        "time": "2024-05-03T10:30:00Z",
        "t2m": 12.5,
        "name": "Münster, Westf.",
    }
    assert rows[1]["t2m"] is None and rows[1]["name"] == ""
    assert rows[2]["t2m"] == 1 / 3


def test_json_of_no_rows_is_an_empty_array(run: Run) -> None:
    assert json.loads(run("-c", "MANY 0", "--format", "json").out) == []


def test_jsonl_is_an_object_a_line(run: Run) -> None:
    lines = run("-c", "ROWS; MANY 2", "--format", "jsonl").text.splitlines()
    assert [sorted(json.loads(line)) for line in lines] == [["cell", "name", "t2m", "time"]] * 3 + [["n"]] * 2


def test_json_across_batches_has_its_commas(run: Run) -> None:
    assert len(json.loads(run("-c", "MANY 2500", "--format", "json").out)) == 2500


def test_markdown_escapes_what_would_break_its_table(run: Run) -> None:
    lines = run("-c", "ROWS", "--format", "markdown").text.splitlines()
    assert lines[:2] == ["| cell | time [UTC] | t2m [degC] | name |", "| --- | --- | ---: | --- |"]
    assert lines[4] == '|  | 2024-05-03 10:30:00.25 | 0.333333 | a "b"\\\\x1b[31m |'


def test_vertical_is_a_line_a_column(run: Run) -> None:
    assert run("-c", "ROWS", "--format", "vertical").text.splitlines()[:5] == [
        "--- row 1 ---",
        "cell        8928308280fffff",
        "time [UTC]  2024-05-03 10:30",
        "t2m [degC]  12.5",
        "name        Münster, Westf.",
    ]


def test_a_table_has_units_null_and_numbers_to_the_right(run: Run) -> None:
    assert run("-c", "ROWS").text == (
        "+-----------------+------------------------+------------+-----------------+\n"
        "| cell            | time [UTC]             | t2m [degC] | name            |\n"
        "+-----------------+------------------------+------------+-----------------+\n"
        "| 8928308280fffff | 2024-05-03 10:30       |    12.5000 | Münster, Westf. |\n"
        "| 8928308280bffff | NULL                   |       NULL |                 |\n"
        '| NULL            | 2024-05-03 10:30:00.25 |     0.3333 | a "b"\\x1b[31m   |\n'
        "+-----------------+------------------------+------------+-----------------+\n"
    )


def test_a_table_in_a_pipe_is_never_cut(run: Run) -> None:
    assert run("-c", "MANY 3000").text.count("\n") == 3004


def test_a_table_that_does_not_fit_keeps_both_ends_and_says_so() -> None:
    table = pa.table({f"column_{i}": [i] for i in range(9)})
    stream = io.BytesIO()
    written = write_table(Rows(table.schema, iter(table.to_batches())), Sink(stream), Layout(width=55))
    lines = stream.getvalue().decode().splitlines()
    assert lines[1] == "│ column_0 │ column_1 │ … │ column_7 │ column_8 │"
    assert all(len(line) <= 55 for line in lines)
    assert written.notices == ("columns that do not fit are left out: column_2, column_3, column_4, column_5, column_6"
        " (--format vertical shows all)",)


def _drawn(writer: Drawer, rows: Rows, layout: Layout) -> tuple[list[str], Written]:
    stream = io.BytesIO()
    written = writer(rows, Sink(stream), layout)
    return stream.getvalue().decode().splitlines(), written


def test_a_wide_column_near_one_end_does_not_keep_those_of_the_other_end_out() -> None:
    names = ["first", "very_wide_name_of_a_column", "b", "c", "d", "last"]
    table = pa.table({name: [1] for name in names})
    rows = Rows(table.schema, iter(table.to_batches()))
    lines, written = _drawn(write_table, rows, Layout(width=40))
    assert lines[1] == "│ first │ … │ b │ c │ d │ last │"
    assert "left out: very_wide_name_of_a_column (" in written.notices[0]


@pytest.mark.parametrize("writer", [write_table, write_vertical])
def test_rows_beyond_the_limit_are_counted_as_far_as_that_costs_nothing(writer: Drawer) -> None:
    read = []

    def batches(count: int) -> Iterator[pa.RecordBatch]:
        for start in range(count):
            read.append(start)
            yield pa.record_batch({"n": pa.array(range(50_000))})

    def notice(count: int) -> tuple[str, ...]:
        rows = Rows(pa.schema([("n", pa.int64())]), batches(count))
        return _drawn(writer, rows, Layout(max_rows=15))[1].notices

    assert notice(2) == ("the first 15 of 100,000 rows in all (--max-rows 0 shows all)",)
    read.clear()
    assert notice(9) == ("the first 15 of more than 149,999 rows (--max-rows 0 shows all)",)
    assert read == [0, 1, 2]


def _told(count: int) -> Rows:
    notes = ["citation " * 12 + "end"] * count
    fields = [("name", pa.string()), pa.field("a_long_name", pa.float64(), metadata={b"unit": b"degC"})]
    return Rows(
        pa.schema([*fields, ("note", pa.string())]),
        iter([pa.record_batch([["title"] * count, [1.5] * count, notes], names=["name", "a_long_name", "note"])]),
    )


def test_long_texts_are_whole_in_a_table_of_few_rows_and_cut_among_many() -> None:
    lines, _ = _drawn(write_table, _told(2), Layout(width=60))
    assert all(len(line) == 60 for line in lines)
    assert " ".join(lines).count("citation") == 24 and " ".join(lines).count("end") == 2
    assert [cell.strip() for cell in lines[1].split("│")[1:-1]] == ["name", "a_long_name", "note"]
    assert [cell.strip() for cell in lines[2].split("│")[1:-1]] == ["", "[degC]", ""]
    lines, _ = _drawn(write_table, _told(40), Layout(width=60))
    assert len(lines) == 45 and lines[5].endswith("… │")


def test_a_vertical_row_wraps_its_values_beside_their_names() -> None:
    lines, _ = _drawn(write_vertical, _told(1), Layout(width=50))
    assert max(len(line) for line in lines) <= 50
    assert lines[3].startswith("note                citation") and lines[4].startswith(" " * 20 + "citation")


def test_colour_sets_units_ends_and_null_apart_by_codes_that_any_terminal_has() -> None:
    table = pa.table({"cell": pa.array([0x8400011FFFFFFFF, None], pa.uint64())})
    field = pa.field("cell", pa.uint64(), metadata={b"cubeql.type": b"cell", b"unit": b"u"})
    rows = Rows(pa.schema([field]), iter([pa.record_batch(table.columns[0].chunks, schema=pa.schema([field]))]))
    lines, _ = _drawn(write_table, rows, Layout(colour=True))
    side = "\x1b[2m│\x1b[0m"
    assert lines[1] == f"{side} \x1b[1mcell\x1b[0m\x1b[2m [u]\x1b[0m        {side}"
    assert lines[3] == f"{side} 8400011\x1b[2mffffffff\x1b[0m {side}"
    assert lines[4] == f"{side} \x1b[35m·              \x1b[0m {side}"


def test_as_many_rows_as_the_limit_are_all_and_no_notice_is_due() -> None:
    table = pa.table({"n": [1, 2]})
    written = write_table(Rows(table.schema, iter(table.to_batches())), Sink(io.BytesIO()), Layout(max_rows=2))
    assert (written.rows, written.notices) == (2, ())


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("out.parquet", pq.read_table),
        ("out.arrow", lambda p: pa.ipc.open_file(p).read_all()),
        ("out.arrows", lambda p: pa.ipc.open_stream(p).read_all()),
    ],
)
def test_columnar_files_keep_values_and_metadata(
    run: Run, tmp_path: Path, name: str, read: Callable[[str], pa.Table]
) -> None:
    assert run("-c", "ROWS", "-o", str(tmp_path / name)).code == 0
    table = read(str(tmp_path / name))
    assert table.equals(sample())
    assert table.schema.field("cell").metadata[b"cubeql.type"] == b"cell"


@pytest.mark.parametrize("name", ["parquet", "arrow"])
def test_columnar_formats_go_through_a_pipe(run: Run, name: str) -> None:
    out = run("-c", "ROWS", "--format", name).out
    table = pq.read_table(io.BytesIO(out)) if name == "parquet" else pa.ipc.open_stream(out).read_all()
    assert table.num_rows == 3


def test_none_writes_nothing_and_counts(run: Run) -> None:
    ran = run("-c", "MANY 5000", "--format", "none", "--stats")
    assert ran.out == b""
    assert json.loads(ran.err)["rows"] == 5000


def test_every_format_loads() -> None:
    assert all(callable(f.load()) for f in FORMATS)


@pytest.mark.parametrize(
    ("path", "name"), [("a.CSV", "csv"), ("a.geojson", "geojson"), ("a.ndjson", "jsonl"), ("a.pq", "parquet")]
)
def test_the_ending_chooses_the_format(path: str, name: str) -> None:
    assert choose(None, Path(path)).name == name


def test_an_unknown_ending_is_refused_with_those_known() -> None:
    with pytest.raises(ConfigError, match=r"out\.xyz.*\.parquet.*--format"):
        choose(None, Path("out.xyz"))


def test_a_raster_ending_names_the_statement_that_writes_it() -> None:
    with pytest.raises(ConfigError, match="COPY"):
        choose(None, Path("out.tif"))


def test_format_names_are_those_of_the_help() -> None:
    assert NAMES == (
        "table",
        "csv",
        "tsv",
        "json",
        "jsonl",
        "markdown",
        "vertical",
        "parquet",
        "arrow",
        "geojson",
        "none",
    )

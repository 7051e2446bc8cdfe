"""Rows that grow in one thread and are read in another; statements that are cancelled or wait."""

from __future__ import annotations

import threading
from typing import Any

import pyarrow as pa
import pytest
from cubeql_tui.rows import Rows
from cubeql_tui.running import Run

SCHEMA = pa.schema([pa.field("n", pa.int64())])


def _batch(start: int, stop: int) -> pa.RecordBatch:
    return pa.record_batch([pa.array(range(start, stop), pa.int64())], schema=SCHEMA)


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (0, 3), (2, 4), (3, 3), (3, 9), (0, 9), (8, 20), (9, 12), (5, 2)])
def test_a_window_is_the_same_as_of_one_table(start: int, stop: int) -> None:
    rows = Rows(SCHEMA, [_batch(0, 3), _batch(3, 3), _batch(3, 4), _batch(4, 9)])
    assert len(rows) == 9
    assert rows.window(start, stop)["n"].to_pylist() == list(range(9))[start:stop]


def test_no_rows_are_an_empty_table() -> None:
    assert Rows(SCHEMA).table().schema == SCHEMA


def test_a_statement_brings_all_its_rows(cube: Any) -> None:
    run = Run(cube, "SELECT cell FROM finer")
    run.work(lambda: None)
    assert run.state == "done"
    assert run.rows is not None and run.rows.table().equals(cube.query("SELECT cell FROM finer").to_arrow())


def test_a_statement_that_waits_goes_on_when_asked_and_brings_each_row_once(cube: Any) -> None:
    waits = threading.Event()
    run = Run(cube, "SELECT cell FROM finer", ahead=1)
    thread = threading.Thread(target=run.work, args=(lambda: waits.set() if run.state == "waiting" else None,))
    thread.start()
    assert waits.wait(100)
    assert run.state == "waiting" and run.seconds == run.seconds, "its clock stands"
    while run.at_work:
        run.more()
    thread.join(20)
    assert run.state == "done"
    assert run.rows is not None and len(run.rows) == cube.query("SELECT cell FROM finer").to_arrow().num_rows


def test_a_statement_that_waits_can_be_cancelled_and_keeps_its_rows(cube: Any) -> None:
    waits = threading.Event()
    run = Run(cube, "SELECT cell FROM finer", ahead=1)
    thread = threading.Thread(target=run.work, args=(lambda: waits.set() if run.state == "waiting" else None,))
    thread.start()
    assert waits.wait(100)
    run.cancel()
    thread.join(20)
    assert (run.state, run.error) == ("cancelled", None)
    assert run.rows is not None and len(run.rows) > 0


def test_a_statement_that_is_cancelled_before_it_begins_brings_nothing(cube: Any) -> None:
    run = Run(cube, "SELECT cell FROM finer")
    run.cancel()
    run.work(lambda: None)
    assert run.state == "cancelled"
    assert run.rows is None or len(run.rows) == 0


def test_a_statement_at_fault_has_failed_and_says_why(cube: Any) -> None:
    run = Run(cube, "SELECT elevatio FROM finer")
    run.work(lambda: None)
    assert run.state == "failed"
    assert run.error is not None and "elevatio" in str(run.error)

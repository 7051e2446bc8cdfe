"""Every fault of the catalogue can be met: one statement each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.errors import QueryError
from cubeql.errors.catalogue import analysis, running
from tests.support.cases import all_cases

FAULTS: dict[str, str | tuple[str, dict[str, Any]]] = {
    "unknown_layer": "SELECT red FROM fien",
    "unknown_version": "SELECT red FROM fine VERSION 9",
    "before_first_version": "SELECT red FROM fine VERSION AT '1990-01-01'",
    "frozen_without_time": "SELECT relief FROM far AT '2024'",
    "unknown_column": "SELECT redd FROM fine",
    "unknown_column_of": "SELECT fine.redd FROM fine",
    "unknown_source": "SELECT fin.red FROM fine",
    "ambiguous_column": "SELECT t FROM forecast AS a JOIN forecast AS b",
    "semi_join_column": "SELECT v FROM fine SEMI JOIN twin",
    "duplicate_alias": "SELECT red FROM fine AS a JOIN twin AS A",
    "duplicate_column": "SELECT red AS x, nir AS X FROM fine",
    "unknown_function": "SELECT sqroot(red) FROM fine",
    "unknown_parameter": "SELECT red FROM fine FILTER red > $x",
    "bad_parameter": ("SELECT red FROM fine FILTER red > $x", {"x": object()}),
    "unknown_class": "SELECT class FROM classes FILTER class = 'crops'",
    "unknown_type": "SELECT red::colour FROM fine",
    "unknown_method": "SELECT elevation FROM fine JOIN finer USING middle",
    "unknown_band_in_using": "SELECT elevation FROM fine JOIN finer USING (height mean)",
    "unknown_time_unit": "SELECT date_trunc('fortnight', time) AS t FROM fine",
    "wrong_argument_count": "SELECT sqrt(red, nir) AS x FROM fine",
    "wrong_argument_type": "SELECT sqrt('a') AS x FROM fine",
    "wrong_type": "SELECT red FROM fine FILTER red",
    "not_comparable": "SELECT red FROM fine FILTER red = 'a'",
    "no_common_type": "SELECT CASE WHEN red > 1 THEN 'a' ELSE 1 END AS x FROM fine",
    "class_arithmetic": "SELECT avg(class) AS x FROM classes",
    "unit_mismatch": "SELECT v + t2m AS x FROM twin JOIN coarse ON TIME SAME MONTH",
    "unit_unlike": "SELECT v + red AS x FROM fine JOIN twin",
    "unknown_unit": "SELECT convert(t2m, 'degX') AS x FROM coarse",
    "unit_not_given": "SELECT convert(a, 'm') AS x FROM sparse",
    "unit_unconvertible": "SELECT convert(t2m, 'mm') AS x FROM coarse",
    "bad_time": "SELECT red FROM fine FILTER time IN '2024-13'",
    "bad_interval": "SELECT v FROM fine JOIN twin ON TIME AS OF WITHIN '3 lightyears'",
    "bad_cell": "SELECT red FROM fine FILTER cell = 'abc'",
    "not_a_constant": "SELECT red FROM fine FILTER cell WITHIN POINT(red, 3)",
    "bad_number": ("SELECT red FROM fine LIMIT $n", {"n": -1}),
    "aggregate_not_allowed": "SELECT red FROM fine FILTER avg(red) > 1",
    "nested_aggregate": "SELECT avg(max(red)) AS x FROM fine",
    "window_not_allowed": "SELECT red FROM fine FILTER row_number() OVER (ORDER BY red) = 1",
    "window_needs_over": "SELECT row_number() AS x FROM fine",
    "over_not_allowed": "SELECT sqrt(red) OVER (ORDER BY red) AS x FROM fine",
    "modifier_not_allowed": "SELECT mode(DISTINCT red) AS x FROM fine",
    "sample_of_one_row": "SELECT avg(red) AS x FROM fine SAMPLE 10 PERCENT",
    "distinct_order": "SELECT DISTINCT red FROM fine ORDER BY nir",
    "not_grouped": "SELECT red, count(*) AS n FROM fine",
    "star_with_group": "SELECT * FROM fine GROUP BY cell",
    "star_misplaced": "SELECT upper(*) AS x FROM fine",
    "having_without_group": "SELECT red FROM fine HAVING red > 1",
    "baseline_of_one_source": "SELECT anomaly(1, '2024') AS x FROM fine",
    "baseline_in_baseline": "SELECT anomaly(baseline(red, '2024'), '2024') AS x FROM fine",
    "baseline_needs_time": "SELECT anomaly(relief, '2024') AS x FROM far",
    "qualify_without_window": "SELECT red FROM fine QUALIFY red > 1",
    "disk_of_aggregate": "SELECT disk(red, 1) AS x FROM fine",
    "disk_over": "SELECT disk(avg(red), 1) OVER TIME AS x FROM fine",
    "disk_in_groups": "SELECT disk(avg(red), 1) AS x FROM fine GROUP BY cell",
    "pack_needs_key": "SELECT time, pack(red) AS x FROM fine GROUP BY time",
    "pack_too_large": "SELECT CELL(0) AS c, pack(slope) AS x FROM finer GROUP BY CELL(0)",
    "latest_needs_time": "SELECT latest(relief) AS x FROM far",
    "cell_needed": "SELECT area() AS x FROM (SELECT red FROM fine) AS q",
    "columns_differ": "SELECT red FROM fine UNION ALL SELECT red, nir FROM fine",
    "cell_too_fine": "SELECT CELL(9) AS c FROM fine",
    "within_needs_cell": "SELECT red FROM fine FILTER red WITHIN POINT(11.58, 48.14)",
    "cell_of_any_resolution": "SELECT red FROM fine FILTER coalesce(cell, CELL(3)) WITHIN POINT(11.58, 48.14)",
    "cells_never_meet": "SELECT red FROM fine FILTER cell IN (SELECT cell FROM classes)",
    "bad_region": "SELECT red FROM fine FILTER cell WITHIN BBOX(1, 5, 3, 2)",
    "method_of_classes": "SELECT class FROM coarse JOIN classes USING mean",
    "join_on_cell": "SELECT v FROM fine JOIN twin ON fine.cell = twin.cell",
    "join_needs_cell": "SELECT red FROM fine JOIN (SELECT v FROM twin) AS q",
    "join_resolutions_differ": "SELECT t2m FROM coarse JOIN (SELECT cell, red FROM fine) AS q",
    "no_steps": "FROM fine JOIN twin ON TIME DURING SELECT cell, v",
    "no_time_to_match": "SELECT relief FROM fine JOIN far ON TIME EQUAL",
    "steps_differ": "SELECT t2m FROM fine JOIN coarse",
    "not_supported": "SELECT fine.* FROM fine JOIN twin ON anomaly(v, '2024') > 0",
    "layer_exists": "CREATE LAYER fine AS SELECT cell, class FROM classes",
    "layer_name": 'CREATE LAYER "a b" AS SELECT cell, class FROM classes',
    "layer_shape": "CREATE LAYER made AS SELECT cell FROM classes",
    "name_taken": "CREATE LAYER bright AS SELECT cell, class FROM classes",
    "unknown_view": "DROP VIEW brigth",
    "view_fault": "SELECT * FROM stale",
    "view_cycle": "CREATE OR REPLACE VIEW bright AS SELECT cell FROM brightest",
    "view_parameter": ("CREATE VIEW made AS SELECT red FROM fine FILTER red > $least", {"least": 1}),
    "unknown_cells": "SELECT red FROM fine FILTER cell WITHIN CELLS wett",
    "not_cells": "SELECT red FROM fine FILTER cell WITHIN CELLS classes",
    "cells_shape": "CREATE CELLS made AS SELECT cell, class FROM classes",
    "no_versions": "SELECT ndvi FROM bright VERSION 1",
    "insert_column": "INSERT INTO classes SELECT cell, class AS klass FROM classes",
    "insert_missing": "INSERT INTO rain SELECT cell, 1.5 AS precip FROM classes",
    "insert_type": "INSERT INTO classes SELECT cell, 'crop' AS class FROM classes",
    "insert_unit": "INSERT INTO coarse SELECT CELL(5), time, avg(v) AS t2m FROM twin GROUP BY CELL(5), time",
    "insert_classes": "INSERT INTO classes SELECT CELL(6) AS cell, mode(soil) AS class FROM stations GROUP BY CELL(6)",
    "insert_resolution": "INSERT INTO classes SELECT cell, 1 AS class FROM fine",
    "replace_points": "INSERT OR REPLACE INTO towers SELECT 1 AS lon, 2 AS lat FROM classes",
    "row_exists": "INSERT INTO classes SELECT cell, class FROM classes",
    "unknown_setting": "SET timeout = 3",
    "bad_setting": "SET threads = 0",
    "bad_grantee": "GRANT READ ON fine TO 'anna@x.org'",
    "raster_view": "CREATE VIEW made AS RASTER '{here}/none.tif'",
    "bad_fact": "ALTER LAYER fine SET (licence 'CC0')",
    "unknown_column_of_layer": "ALTER LAYER fine ALTER BAND redd SET (unit '1')",
    "unknown_option": "CREATE LAYER made WITH (colour 'red') AS SELECT cell, class FROM classes",
    "unknown_format": "COPY (SELECT cell FROM fine) TO 'out.xyz'",
    "unreadable_region": "SELECT red FROM fine FILTER cell WITHIN POLYGON 'POLYGON ((1 2))'",
    "empty_cover": "SELECT cell FROM (SELECT cell, slope FROM finer ORDER BY slope LIMIT 9) AS q"
    " FILTER cell WITHIN BBOX(-179, -89, 179, 89)",
    "value_refused": "SELECT latlng_to_cell(relief, 11, 5) AS x FROM far",
    "value_out_of_range": "SELECT month(time) + 9223372036854775807 AS x FROM fine",
    "not_a_query": "EXPLAIN SHOW LAYERS",
    "duplicate_cells": "CREATE LAYER made AS SELECT cell, red FROM fine",
    "raster_shape": "COPY (SELECT red FROM fine) TO '{here}/out.tif'",
    "format_type": "COPY (SELECT time - time AS x FROM fine) TO '{here}/out.parquet'",
}  # fmt: skip

ELSEWHERE = {"attach_address", "attach_off", "attach_name", "unknown_server", "only_read_here", "server_token",
             "server_gone", "server_refuses", "server_slow", "server_fails", "server_left",  # they need
             "not_sent",  # servers
             "in_place_off", "in_place_fault", "in_place_too_large",  # they need a raster
             "vacuumed_version",  # and this one a vacuum
             "stalled", "result_too_large",  # these a server
             "file_refused", "copy_refused", "copy_failed", "copy_too_large", "unsafe_crs",  # and folders of one
             "no_right", "own_collection", "only_reads", "view_fails",  # somebody who may not
             "timeout", "cancelled", "out_of_memory", "not_a_query", "zones_fraction",
             "too_many_cells"}  # fmt: skip
"""They need a clock, another thread, little memory, a method of a session, many cells, or awkward zones."""

ROWS = (*analysis.ROWS, *running.ROWS)


@pytest.mark.parametrize("code", [c for c in FAULTS if c not in ELSEWHERE])
def test_a_statement_meets_the_fault(cube: Any, tmp_path: Path, code: str) -> None:
    given = FAULTS[code]
    text, params = (given, None) if isinstance(given, str) else given
    text = text.replace("{here}", str(tmp_path))
    try:
        result = cube.query(text, params)
        found = list(result.warnings)
        result.to_arrow()
    except QueryError as error:
        found = list(error.diagnostics)
    assert [d.code for d in found] == [code]
    assert found[0].span is not None or code in WITHOUT_PLACE
    if found[0].span is not None:
        assert text[found[0].span.start : found[0].span.end].strip()


WITHOUT_PLACE = {
    "value_refused", "value_out_of_range", "duplicate_cells", "raster_shape", "format_type", "layer_shape",
    "cells_shape",
}  # fmt: skip


def test_every_fault_of_the_catalogue_is_met() -> None:
    """By a statement here, by a golden case, or by a test of sessions."""
    said = "\n".join(case.sections.get(part, "") for case in all_cases() for part in ("error", "warns"))
    codes = {row.code for row in ROWS}
    assert {c for c in codes - set(FAULTS) - ELSEWHERE if c not in said} == set()
    assert set(FAULTS) | ELSEWHERE <= codes


def test_too_little_memory_is_said(cube_store: Path) -> None:
    with cubeql.connect(cube_store, memory_limit="12MB", temp_folder="/nonexistent") as session:
        text = """SELECT list(a.red) AS l, list(b.nir) AS k, list(c.red) AS m FROM (SELECT cell, red FROM fine) AS a
                  JOIN (SELECT cell, nir FROM fine) AS b JOIN (SELECT cell, red FROM fine) AS c
                  JOIN (SELECT cell, red AS e FROM fine) AS d JOIN (SELECT cell, red AS g FROM fine) AS h"""
        with pytest.raises(QueryError) as raised:
            session.query(text).to_arrow()
    assert raised.value.diagnostics[0].code == "out_of_memory"


def test_all_faults_of_a_statement_are_told_together(cube: Any) -> None:
    text = """SELECT redd, sqroot(nir), avg(v, 2) FROM fine JOIN twinn JOIN classes AS c ON class = 'crops'
              FILTER time IN '2024-13' AND cell WITHIN BBOX(1, 5, 3, 2) AND $x > 2 ORDER BY c.klass LIMIT $n"""
    with pytest.raises(QueryError) as raised:
        cube.query(text, {"n": -1})
    assert {d.code for d in raised.value.diagnostics} >= {
        "unknown_function", "unknown_layer", "unknown_class", "bad_time", "bad_region", "unknown_parameter",
        "unknown_column_of", "bad_number",
    }  # fmt: skip


def test_faults_of_the_rest_are_told_where_the_layer_is_unknown(cube: Any) -> None:
    with pytest.raises(QueryError) as raised:
        cube.query("SELECT sqroot(red) FROM fien FILTER time IN '2024-13'")
    assert [d.code for d in raised.value.diagnostics] == ["unknown_layer", "bad_time", "unknown_function"]

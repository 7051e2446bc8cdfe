"""A session's methods, and what it refuses."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.errors import ConfigError, CubeQLError, QueryError, StoreError


def test_layers_and_layer(cube: Any) -> None:
    names = [layer.name for layer in cube.layers]
    assert names == sorted(names) and "fine" in names
    assert cube.layer("fine").resolution == 7
    with pytest.raises(StoreError, match="fine"):
        cube.layer("fein")


def test_a_script_gives_a_result_a_statement(cube: Any) -> None:
    results = list(cube.run("SELECT count(*) AS n FROM fine; -- two\nSHOW LAYERS; DESCRIBE twin"))
    assert [len(r.to_arrow()) for r in results] == [1, len(cube.layers), 12]


def test_a_script_that_cannot_be_read_runs_nothing(own: cubeql.Session) -> None:
    with pytest.raises(QueryError):
        list(own.run("DROP LAYER rain; SELECT FROM"))
    assert own.layer("rain")


def test_a_script_stops_where_a_statement_fails(own: cubeql.Session) -> None:
    with pytest.raises(QueryError):
        for result in own.run("DROP LAYER rain; SELECT x FROM fine; DROP LAYER twin"):
            result.to_arrow()
    assert [layer.name for layer in own.layers if layer.name in ("rain", "twin")] == ["twin"]


def test_compile_and_explain_take_queries_only(cube: Any) -> None:
    assert "SELECT" in cube.compile("SELECT cell FROM fine").sql
    for method in (cube.compile, cube.explain):
        with pytest.raises(QueryError, match="no query"):
            method("SHOW LAYERS")


def test_two_statements_are_refused_where_one_is_asked_for(cube: Any) -> None:
    with pytest.raises(QueryError) as raised:
        cube.query("SHOW LAYERS; SHOW LAYERS")
    assert raised.value.diagnostics[0].code == "several_statements"


def test_drop(own: cubeql.Session) -> None:
    own.drop("rain")
    with pytest.raises(QueryError, match="rain"):
        own.query("SELECT * FROM rain")


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        cubeql.connect(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for create in (False, True):
        with pytest.raises(StoreError, match="file"):
            cubeql.connect(tmp_path / "file", create=create)


def test_unknown_settings_are_named(cube_store: Path) -> None:
    with pytest.raises(ConfigError, match=r"thread.*threads"):
        cubeql.connect(cube_store, thread=2)


@pytest.mark.parametrize(
    "settings",
    [
        {"threads": 0},
        {"threads": "many"},
        {"memory_limit": "much"},
        {"timeout_s": -1},
        {"timeout_s": "soon"},
        {"rules": ("push_filter",)},
    ],
    ids=str,
)
def test_settings_that_mean_nothing_are_refused(cube_store: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        cubeql.connect(cube_store, **settings)


def test_settings_hold(cube_store: Path, tmp_path: Path) -> None:
    with cubeql.connect(cube_store, threads=1, memory_limit="500MB", temp_folder=str(tmp_path)) as session:
        shown = dict(zip(*session.query("SHOW SETTINGS").to_arrow().to_pydict().values()))
        assert shown["threads"] == "1" and shown["memory_limit"] == "500MB"
        assert session.query("SELECT count(*) AS n FROM fine").to_arrow()["n"][0].as_py() > 0


def test_a_closed_session_says_so(cube_store: Path) -> None:
    session = cubeql.connect(cube_store)
    session.close()
    session.close()
    with pytest.raises(CubeQLError, match="closed"):
        session.query("SELECT cell FROM fine")


def test_several_threads_query_at_once(cube: Any) -> None:
    texts = [f"SELECT count(*) AS n, {k} AS k FROM fine JOIN twin FILTER red > 0.0{k}" for k in range(8)]
    wanted = [cube.query(t).to_arrow().to_pylist() for t in texts]
    found: dict[int, Any] = {}

    def work(number: int) -> None:
        found[number] = [cube.query(texts[(number + k) % 8]).to_arrow().to_pylist() for k in range(4)]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [wanted[(n + k) % 8] for k in range(4)] for n in range(8)}


def test_results_are_read_side_by_side(cube: Any) -> None:
    one, two = (iter(cube.query(f"SELECT cell, {n} AS k FROM fine")) for n in (1, 2))
    assert {next(one)["k"][0].as_py(), next(two)["k"][0].as_py()} == {1, 2}

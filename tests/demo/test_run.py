"""Building the demo's store and asking its questions, with a session that only takes notes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from cubeql.demo import queries, run
from cubeql.demo.layers import LAYERS, ROWS
from cubeql.demo.queries import QUERIES
from cubeql.lang import format_text, parse_query


@dataclass
class Report:
    cells: int
    rows: int = 1234
    skipped: tuple[str, ...] = ()


@dataclass
class Notes:
    """A session that notes what it is asked."""

    skipped: tuple[str, ...] = ()
    ingested: list[tuple[str, list[str], dict[str, Any]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def ingest(self, sources: list[str], layer: str, **options: Any) -> Report:
        self.ingested.append((layer, sources, options))
        return Report(0 if self.skipped else 1234, skipped=self.skipped)

    def query(self, text: str) -> str:
        self.asked.append(text)
        return f"result {len(self.asked)}"


def test_every_layer_is_ingested_as_its_row_says() -> None:
    session, lines = Notes(), list[str]()
    built = run.build(session, lines.append)  # type: ignore[arg-type]
    assert [name for name, _, _ in session.ingested] == [layer.name for layer in (*LAYERS, *ROWS)]
    for rows, (_, sources, options) in zip(ROWS, session.ingested[len(LAYERS) :], strict=True):
        assert sources == rows.paths and options == rows.options and options["licence"]
    for layer, (_, sources, options) in zip(LAYERS, session.ingested[: len(LAYERS)], strict=True):
        assert sources == layer.paths
        assert (options.pop("resolution"), options.pop("method")) == (layer.resolution, layer.method)
        assert options == layer.options
        assert any(layer.title in line for line in lines)
    assert {b.cells for b in built} == {1234}


def test_a_store_that_is_there_already_is_left_alone() -> None:
    lines: list[str] = []
    built = run.build(Notes(skipped=("x.tif",)), lines.append, LAYERS[:1])  # type: ignore[arg-type]
    assert [(b.cells, b.seconds) for b in built] == [(0, 0.0)]
    assert "already" in lines[-1]


def test_questions_are_asked_in_order_and_shown_with_text_and_time() -> None:
    session, lines = Notes(), list[str]()
    run.run(session, lines.append, lines.append)  # type: ignore[arg-type]
    assert session.asked == [query.text for query in QUERIES]
    shown = "\n".join(lines)
    places = [
        shown.index(part) for n, q in enumerate(QUERIES, 1) for part in (q.question, q.text, f"result {n}")
    ]
    assert places == sorted(places)
    assert sum(line.endswith(" s") for line in lines) == len(QUERIES)


def test_a_query_that_fails_is_not_passed_over() -> None:
    class Broken(Notes):
        def query(self, text: str) -> str:
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        run.run(Broken(), lambda line: None, lambda result: None)  # type: ignore[arg-type]


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: q.name)
def test_statements_read_as_one_query_each(query: Any) -> None:
    assert parse_query(query.text) == parse_query(format_text(query.text))
    assert "{" not in query.text


def test_a_quote_in_the_path_of_the_package_does_not_end_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "DATA", "/home/o'neil/data")
    text = next(q.text for q in QUERIES if q.name == "highland")
    assert "'/home/o''neil/data/ethiopia.geojson'" in text
    parse_query(text)


def test_next_steps_name_the_store() -> None:
    assert all("my-store" in line for line in run.next_steps("my-store")[1:-1])

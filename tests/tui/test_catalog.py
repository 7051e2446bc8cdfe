"""Finding a layer, a look at it in passing, and the page that tells all of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, cast

import h3
import numpy as np
import pytest
from cubeql_tui.about import AboutPage
from cubeql_tui.app import CubeQL
from cubeql_tui.editor import QueryEditor
from cubeql_tui.examples import of_layer
from cubeql_tui.finding import Known, KnownTimes, around, match
from cubeql_tui.layers import LayersPane
from cubeql_tui.looking import Details, GoneOnError, Looker, place_text
from cubeql_tui.snapshot import Snapshot, cell_text
from cubeql_tui.thumbnail import Thumbnail
from cubeql_tui.tree import Branch, LayerTree, Leaf, branches
from rich.text import Text
from textual.pilot import Pilot
from textual.widgets import Static

import cubeql
from cubeql.drawing.colours import Scale
from cubeql.drawing.view import Box
from cubeql.errors import StoreError
from tests.tui.screen import ask, find, look, play, shown, until


@pytest.fixture(scope="module")
def told(cube_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny cube with more on its cards, a view, a set of cells, and a layer that is damaged."""
    store = tmp_path_factory.mktemp("told") / "store"
    shutil.copytree(cube_store, store)
    with cubeql.connect(store) as session:
        session.query("ALTER LAYER finer SET (title 'Ground', keywords ['relief', 'terrain'], description 'Of the v')")
        session.query("ALTER LAYER finer ALTER BAND elevation SET (unit 'm', ramp 'viridis', display_range [0, 50])")
        session.query("CREATE VIEW heights AS SELECT cell, elevation FROM finer")
        session.query("CREATE CELLS summits AS SELECT cell FROM finer ORDER BY elevation DESC LIMIT 3")
        session.query("CREATE LAYER broken AS SELECT cell, elevation FROM finer LIMIT 5")
        log = store / session.store.snapshot("broken").table / "_delta_log" / f"{0:020d}.json"
    log.write_text("{")
    return store


def _named(found: list[Branch]) -> list[str]:
    return [branch.line.name for branch in found]


# ------------------------------------------------------------------ finding


def test_what_is_found_is_found_by_unit_class_keyword_view_and_year(told: Path) -> None:
    with cubeql.connect(told) as session:
        snapshot = Snapshot.of(session)

        def names(*words: str) -> list[str]:
            return _named(branches(snapshot, words))

        assert "finer" in names("terrain") and names("terrain", "nothing") == []
        assert "classes" in names("forest") and names("heights")[0] == "heights" and names("summits") == ["summits"]
        in_metres = {f.record.name for f in snapshot.facts if any(b.unit == "m" for b in f.record.bands)}
        assert "finer" in in_metres <= set(names("m"))
        timed = {f.record.name for f in snapshot.facts if f.first is not None}
        years = {str(f.first)[:4] for f in snapshot.facts if f.first is not None}
        assert timed and set().union(*(names(year) for year in years)) >= timed and "finer" not in names(*years)
        forest = next(b for b in branches(snapshot, ["forest"]) if b.line.name == "classes")
        assert forest.found_below and [m.heading for _, m in forest.leaves if m is not None] == ["class"]


def test_a_name_counts_for_more_than_a_title_and_its_beginning_for_more_than_its_end() -> None:
    facts = {
        "name": [Known(0, "name", "dem")],
        "end": [Known(0, "name", "fine_dem")],
        "title": [Known(0, "name", "a"), Known(2, "title", "A DEM")],
        "about": [Known(0, "name", "b"), Known(7, "about", "beside the dem")],
    }
    found = {name: match(["dem"], known) for name, known in facts.items()}
    assert sorted(found, key=lambda name: found[name]) == ["name", "end", "title", "about"]  # type: ignore[arg-type,return-value]
    assert found["title"] is not None and (found["title"].heading, found["title"].text) == ("title", "A DEM")
    assert match(["dem", "x"], facts["name"]) is None


@pytest.mark.parametrize(
    ("word", "holds"),
    [("2015", True), ("2014", False), ("2016-02", True), ("2016-03", False), ("2016-02-29", True), ("2016-13", False)],
)
def test_a_year_a_month_and_a_day_are_found_in_a_span(word: str, holds: bool) -> None:
    span = KnownTimes(np.datetime64("2015-06-01", "us"), np.datetime64("2016-02-29T10:00", "us"))
    assert span.holds(word) is holds


def test_a_long_text_is_cut_around_what_was_sought() -> None:
    text = "Sentinel-2 surface reflectance, one square kilometre of forest in Romania"
    for most in (10, 20, 40):
        cut = around(text, ["forest"], most)
        assert "forest" in cut and len(cut) <= most
    assert around("short", ["x"], 10) == "short" and around(text, ["x"], 12) == "Sentinel-2 …"


def test_the_search_says_why_and_marks_it(told: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f6", "slash", *"terrain")
        await until(pilot, lambda: "keywords" in shown(app))
        x, y = find(app, "keywords")
        x = next(x for x in range(x, 34) if look(app, x, y)[0] == "t")
        accent = app.theme_variables["accent"].lower()
        assert look(app, x, y)[1].color.triplet.hex.lower() == accent
        await pilot.press("down")
        tree = app.query_one(LayerTree)
        assert tree.has_focus and tree.line is not None and tree.line.name == "finer"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AboutPage))
        await pilot.press("escape", "slash", "escape")
        await until(pilot, lambda: "/ search" in shown(app))

    play(told, scene)


def test_what_is_damaged_says_so_and_hides_nothing(told: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        tree, snapshot = app.query_one(LayerTree), app.query_one(LayersPane).snapshot
        assert [damaged.name for damaged in snapshot.damaged] == ["broken"]
        assert {"finer", "classes"} <= {f.record.name for f in snapshot.facts}
        await pilot.press("f6", "slash", *"broken", "down")
        await until(pilot, lambda: tree.line is not None and tree.line.name == "broken")
        with pytest.raises(StoreError) as told_by_store:
            app.session.layer("broken")
        said = Text.assemble(cast(Any, app.query_one("#facts", Static).content))
        assert str(told_by_store.value).splitlines()[0] in said.plain and "The others are whole" in said.plain
        await pilot.press("enter", "m", "p")  # none of them does anything to it
        assert app.run_now is None and not isinstance(app.screen, AboutPage)

    play(told, scene, (200, 50))


def test_what_was_open_stays_open_when_the_store_is_read_anew(told: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f6", "slash", *"finer", "down", "slash", "escape")
        tree = app.query_one(LayerTree)
        line = next(i for i in range(40) if (n := tree.get_node_at_line(i)) and n.data and n.data.name == "finer")
        tree.cursor_line = line
        await pilot.press("right", "down")
        await until(pilot, lambda: tree.line is not None and tree.line.name != "finer")
        before = tree.line
        pane = app.query_one(LayersPane)
        pane.show(pane.snapshot)
        await until(pilot, lambda: tree.line == before)
        await pilot.press("left", "left")
        assert tree.cursor_node is not None and tree.cursor_node.data == Leaf(before.facts)  # type: ignore[union-attr]
        assert not tree.cursor_node.is_expanded

    play(told, scene)


# ------------------------------------------------------------------ looking


def _pixels(app: CubeQL) -> list[tuple[int, int, tuple[int, int, int]]]:
    """The pixels of the small picture as the terminal shows them, those under lines left out."""
    region = app.query_one(Thumbnail).region
    found = []
    for y in range(region.height):
        for x in range(region.width):
            character, style = look(app, region.x + x, region.y + y)
            if character in " ▀" and style.bgcolor is not None:
                upper = style.color if character == "▀" else style.bgcolor
                found.append((x, 2 * y, tuple(upper.get_truecolor())))
                found.append((x, 2 * y + 1, tuple(style.bgcolor.get_truecolor())))
    return found


def test_the_small_picture_has_the_colours_of_what_the_engine_says(told: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        thumbnail = app.query_one(Thumbnail)
        await pilot.press("f6", "slash", *"finer", "down")
        await until(pilot, lambda: thumbnail.picture is not None and thumbnail.display)
        picture = thumbnail.picture
        assert picture is not None and (picture.quantity.name, picture.scale.high) == ("elevation", 50)
        at = picture.hexes.resolution
        with cubeql.connect(told) as session:
            text = f"SELECT CELL({at}) AS c, avg(elevation) AS v FROM finer GROUP BY CELL({at})"
            rows = session.query(text).to_arrow()
        values = dict(zip(rows["c"].to_pylist(), rows["v"].to_pylist(), strict=True))
        seen = 0
        for x, y, colour in _pixels(app):
            lon, lat = picture.view.place(x, y)
            value = values.get(h3.str_to_int(h3.latlng_to_cell(lat, lon, at)))
            if value is not None:
                shade = Scale.of(picture.quantity, np.array([])).indexes(np.array([value]))[0]
                assert colour == picture.scale.colours[shade]
                seen += 1
        assert seen >= 4
        assert "median" in shown(app) and f"elevation · mean, res {at}" in shown(app)

    play(told, scene, (154, 43))


def test_who_has_gone_on_gets_nothing(told: Path) -> None:
    with cubeql.connect(told) as session:
        facts = next(f for f in Snapshot.of(session).facts if f.record.name == "finer")
        looker = Looker(session)
        old, new = looker.begin(), looker.begin()
        with pytest.raises(GoneOnError):
            looker.details(facts, old)
        details = looker.details(facts, new)
        assert details is looker.details(facts, old)  # what is known already is free
        assert isinstance(details, Details) and details.box is not None and len(details.versions) == 3
        assert looker.picture(facts, None, (0, 0), new) is None
        looker.close()


def test_every_example_of_every_layer_gives_rows(told: Path) -> None:
    with cubeql.connect(told) as session:
        looker, ran = Looker(session), 0
        ticket = looker.begin()
        for facts in Snapshot.of(session).facts:
            for example in of_layer(facts, looker.sight(facts, ticket)):
                assert looker.answers(example.text, ticket, 60.0), example.text
                ran += 1
        looker.close()
        assert ran > 10


def test_the_page_of_a_layer_tells_all_and_gives_a_statement(told: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("f6", "slash", *"classes", "down", "d")
        await until(pilot, lambda: isinstance(app.screen, AboutPage) and bool(app.screen.found))
        page: Any = app.screen
        with cubeql.connect(told) as session:
            rows = session.query("SELECT class, count(*) AS n FROM classes GROUP BY class").to_arrow().to_pylist()
            names = dict(session.layer("classes").bands[0].classes)
        known = {row["class"]: row["n"] for row in rows if row["class"] is not None}
        most = max(known, key=lambda code: known[code])
        share = f"{100 * known[most] / sum(known.values()):.1f} %"
        await until(pilot, lambda: any(names[most] in line and share in line for line in shown(app).splitlines()))
        await until(pilot, lambda: "version 0" in shown(app) or page.query_one("#told").max_scroll_y > 0)
        await pilot.press("down", "enter")
        editor = app.query_one(QueryEditor)
        await until(pilot, lambda: editor.text.startswith("SELECT class, count(*)"))
        await ask(app, pilot, editor.text)
        assert app.run_now is not None and app.run_now.rows is not None and len(app.run_now.rows) == len(rows)

    play(told, scene, (154, 43))


def test_places_and_sizes_are_said_in_words() -> None:
    assert place_text(Box(-180, -90, 180, 90)) == "the whole earth"
    assert place_text(Box(-12, 34, 50, 60)) == "34°N to 60°N, 12°W to 50°E"
    assert place_text(Box(22.144, 45.199, 22.160, 45.210)) == "45.199°N to 45.210°N, 22.144°E to 22.160°E"
    assert [cell_text(n) for n in (12, 8, 5)] == ["~11 m", "~530 m", "~9.9 km"]

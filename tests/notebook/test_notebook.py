"""A real notebook, run by a real kernel over the tiny cube; what its cells show is read back and checked."""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h3.api.numpy_int as h3
import nbclient
import nbformat
import numpy as np
import pytest
from nbclient.util import run_sync
from PIL import Image

from cubeql.drawing.mapped import mapped
from cubeql.drawing.sheet import picture_of, sheet_of
from tests.notebook.page import rows_of
from tests.session.test_stopping import LONG

ROWS = "SELECT cell, time, t2m FROM coarse FILTER time = $day ORDER BY cell"
KINDS = "SELECT cell, kind, height FROM cover ORDER BY cell, time LIMIT 70"
MAPPED = "SELECT cell, avg(t2m) AS t2m FROM coarse GROUP BY cell"
CELLS = {
    "load": "%load_ext cubeql\nday = '2024-01-01'\n",
    "open": "%cubeql {store}",
    "rows": f"%%cubeql found\n{ROWS}",
    "kinds": f"%%cubeql\n{KINDS}",
    "kept": "found",
    "used": "found.to_pandas().shape",
    "map": f"%%cubeql --map t2m\n{MAPPED}",
    "plot": "%%cubeql --plot\nSELECT time, avg(t2m) AS t2m FROM coarse GROUP BY time",
    "counts": f"%%cubeql --plot kind\n{KINDS}",
    "two": "%%cubeql last\nSHOW LAYERS;\nSELECT 1 + 1 AS two FROM coarse LIMIT 1;",
    "session": "import cubeql\nmine = cubeql.connect('{store}')\n%cubeql mine",
    "unread": "mine.query('SELECT t2m FROM coarse')",
    "plan": "%%cubeql\nEXPLAIN SELECT t2m FROM coarse",
    "wrong": "%%cubeql\nSELECT t2m,\n       t3m FROM coarse",
    "unbound": "%%cubeql\nSELECT t2m FROM coarse FILTER time = $nowhere",
    "no store": "%cubeql /nowhere/at/all",
    "no name": "%%cubeql 3x\nSELECT t2m FROM coarse",
    "no cell": "%%cubeql --map\nSELECT t2m FROM coarse",
    "no option": "%%cubeql --mop\nSELECT t2m FROM coarse",
    "late": f"%%cubeql --timeout 0.2\n{LONG}",
    "after": "%%cubeql\nSELECT count(*) AS n FROM coarse",
}


class Notebook:
    """Cells that have run, and the kernel that ran them."""

    def __init__(self, client: Any, cells: dict[str, Any]) -> None:
        self._client, self._cells = client, cells

    def data(self, name: str) -> list[dict[str, Any]]:
        """What a cell shows, by MIME type."""
        return [o["data"] for o in self._cells[name]["outputs"] if o["output_type"] != "stream" and "data" in o]

    def said(self, name: str) -> str:
        """What a cell prints."""
        return "".join(o["text"] for o in self._cells[name]["outputs"] if o["output_type"] == "stream")

    def fault(self, name: str) -> str:
        """What a cell shows instead of a traceback."""
        (found,) = (o for o in self._cells[name]["outputs"] if o["output_type"] == "error")
        return "\n".join(found["traceback"])

    def run(self, source: str) -> Any:
        """Run one more cell."""
        cell = nbformat.v4.new_code_cell(source)
        self._client.nb.cells.append(cell)
        return self._client.execute_cell(cell, len(self._client.nb.cells) - 1)

    def completions(self, source: str) -> tuple[list[str], str]:
        """What is offered at the end of a cell, and what it replaces."""
        asked = self.kernel.complete(source, len(source))
        content = self.reply_to(asked)
        return content["matches"], source[content["cursor_start"] : content["cursor_end"]]

    @property
    def kernel(self) -> Any:
        """What talks with the kernel."""
        return self._client.kc

    def reply_to(self, asked: str) -> dict[str, Any]:
        """The kernel's answer to a question."""
        while True:
            reply = run_sync(self.kernel.get_shell_msg)(timeout=60)
            if reply["parent_header"].get("msg_id") == asked:
                return dict(reply["content"])

    def interrupt_once_shown(self, asked: str) -> None:
        """Interrupt the kernel when a cell has shown its first result: before that it may not listen yet."""
        while True:
            message = run_sync(self.kernel.get_iopub_msg)(timeout=60)
            if message["msg_type"] == "display_data" and message["parent_header"].get("msg_id") == asked:
                return run_sync(self._client.km.interrupt_kernel)()


@pytest.fixture(scope="module")
def notebook(cube_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    cells = {name: nbformat.v4.new_code_cell(text.replace("{store}", str(cube_store))) for name, text in CELLS.items()}
    book = nbformat.v4.new_notebook(cells=list(cells.values()))
    client = nbclient.NotebookClient(book, timeout=120, allow_errors=True, kernel_name="python3")
    own = tmp_path_factory.mktemp("notebook")
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "IPYTHONDIR": str(own), "PYTHONPATH": path}
    env.pop("CUBEQL_STORE", None)
    with client.setup_kernel(env=env, cwd=str(own)):
        for number, cell in enumerate(list(book.cells)):
            client.execute_cell(cell, number)
        yield Notebook(client, cells)


def test_a_store_is_opened_and_its_layers_are_named(notebook: Notebook, cube_store: Path) -> None:
    assert notebook.said("open").startswith(f"{cube_store}: ") and " coarse, cover," in notebook.said("open")
    assert "coarse" in notebook.said("session")


def test_the_table_has_the_values_of_the_result(notebook: Notebook, cube: Any) -> None:
    (shown,) = notebook.data("rows")
    expected = cube.query(ROWS, {"day": "2024-01-01"}).to_arrow()
    head, rows = rows_of(shown["text/html"])
    assert head == ["cell cell", "time timestamp", "t2m number · degC"]
    assert len(rows) == min(50, expected.num_rows) > 5
    for row, wanted in zip(rows, expected.to_pylist()):
        assert row[0] == f"{wanted['cell']:015x}" and row[1] == "2024-01-01"
        if wanted["t2m"] is None:
            assert row[2] == "NULL"
        else:
            assert float(row[2]) == pytest.approx(wanted["t2m"], rel=1e-4, abs=1e-3)
    assert f"{expected.num_rows:,} rows in all" in shown["text/html"]
    assert "from coarse" in shown["text/html"]
    assert shown["text/plain"].startswith("┌") and "t2m [degC]" in shown["text/plain"]


def test_classes_are_named_nulls_said_and_all_rows_counted(notebook: Notebook, cube: Any) -> None:
    _, rows = rows_of(notebook.data("kinds")[0]["text/html"])
    table = cube.query(KINDS).to_arrow()
    facts = (table.schema.field("kind").metadata or {})[b"cubeql.classes"].decode()
    names = dict(pair.split("=", 1) for pair in facts.split("|"))
    for row, code, height in zip(rows, table["kind"].to_pylist(), table["height"].to_pylist()):
        named = None if code is None else f"{names[str(code)]} ({code})" if str(code) in names else str(code)
        assert row[1] == (named or "NULL")
        assert (row[2] == "NULL") == (height is None)
    assert "the first 50 of 70 rows in all" in notebook.data("kinds")[0]["text/html"]


def test_a_result_is_kept_as_a_variable_and_shown_again(notebook: Notebook, cube: Any) -> None:
    rows = cube.query(ROWS, {"day": "2024-01-01"}).to_arrow().num_rows
    assert f"({rows}, 3)" in notebook.data("used")[0]["text/plain"]
    assert rows_of(notebook.data("kept")[0]["text/html"])[1] == rows_of(notebook.data("rows")[0]["text/html"])[1]


def test_looking_at_a_result_does_not_read_it(notebook: Notebook) -> None:
    (shown,) = notebook.data("unread")
    assert set(shown) == {"text/plain"} and shown["text/plain"].startswith("<Result (t2m")


def test_the_map_shows_each_cell_in_the_colour_of_its_value(notebook: Notebook, cube: Any) -> None:
    table, picture = notebook.data("map")
    assert "text/html" in table
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture["image/png"]))))
    found = cube.query(MAPPED).to_arrow()
    drawn = picture_of(mapped(found), 880, 560, ("coarse: ",))
    sheet, view = sheet_of(drawn), drawn.view
    values = found["t2m"].to_numpy()
    low, high = drawn.scale.low, drawn.scale.high
    assert low < high and len(values) > 5
    right = 0
    for cell, value in zip(found["cell"].to_pylist(), values.tolist()):
        lat, lon = h3.cell_to_latlng(cell)
        x = int(((lon - view.lon + 180) % 360 - 180) / view.scale + view.width / 2)
        y = int((view.y - np.degrees(np.arctanh(np.sin(np.radians(lat))))) / view.scale + view.height / 2)
        colour = tuple(pixels[sheet.top + y, sheet.left + x].tolist())
        shade = round(float(np.clip((value - low) / (high - low), 0, 1)) * 63) if np.isfinite(value) else None
        right += colour == (drawn.theme.nothing if shade is None else drawn.scale.colours[shade])
    assert right >= 0.95 * len(values), "only a coast or a border may lie on the middle of a cell"
    assert picture["text/plain"].startswith("t2m [degC]")


def test_a_plot_is_a_line_over_time_or_bars_of_classes(notebook: Notebook, cube: Any) -> None:
    drawn = notebook.data("plot")[1]
    steps = cube.query(CELLS["plot"].split("\n", 1)[1]).to_arrow().num_rows
    assert "t2m [degC]" in drawn["image/svg+xml"] and "2024" in drawn["image/svg+xml"]
    points = re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)(?=[ML\"])", drawn["image/svg+xml"])
    assert len(points) >= steps - 1
    counts = notebook.data("counts")[1]
    table = cube.query(KINDS).to_arrow()
    most = max(np.unique([k for k in table["kind"].to_pylist() if k is not None], return_counts=True)[1])
    assert f">{most}<" in counts["image/svg+xml"] and f" {most}" in counts["text/plain"]


def test_statements_of_a_cell_are_all_shown_and_the_last_is_kept(notebook: Notebook) -> None:
    first, second = notebook.data("two")
    assert "coarse" in first["text/html"] and rows_of(second["text/html"])[1] == [["2"]]
    assert notebook.run("last.to_arrow().to_pylist()")["outputs"][0]["data"]["text/plain"] == "[{'two': 2}]"


def test_a_plan_is_text(notebook: Notebook) -> None:
    assert "<pre>" in notebook.data("plan")[0]["text/html"] and "<table>" not in notebook.data("plan")[0]["text/html"]


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ("wrong", ("error[unknown_column]", "line 2, column 8", "^^^")),
        ("unbound", ("error[", "$nowhere", "^")),
        ("no store", ("error: there is no store at /nowhere/at/all: open one by %cubeql STORE",)),
        ("no name", ("error: '3x' is no name for a variable; a store is named by --store",)),
        ("no cell", ("a map needs a column of cells",)),
        ("late", ("error[timeout]",)),
    ],
)
def test_a_fault_is_what_cubeql_says_and_no_traceback(notebook: Notebook, cell: str, parts: tuple[str, ...]) -> None:
    said = notebook.fault(cell)
    assert "Traceback" not in said and "magics.py" not in said
    for part in parts:
        assert part in said


def test_an_option_that_is_none_is_refused_and_the_kernel_goes_on(notebook: Notebook) -> None:
    assert "UsageError: unrecognized arguments: --mop" in notebook.said("no option")
    assert len(rows_of(notebook.data("after")[0]["text/html"])[1]) == 1


def test_words_are_completed_in_cells_of_cubeql_alone(notebook: Notebook) -> None:
    matches, replaced = notebook.completions("%%cubeql\nSELECT cell,\n       t2 FROM coarse"[: -len(" FROM coarse")])
    assert "t2m" in matches and replaced == "t2"
    matches, replaced = notebook.completions("%%cubeql found --map\nSELECT t2m FROM coa")
    assert matches[0] == "coarse" and replaced == "coa"
    matches, _ = notebook.completions("%%cubeql\nSELECT t2m FROM coarse FILTER time = $da")
    assert any("day" in match for match in matches)
    matches, _ = notebook.completions("day.st")
    assert "startswith" in " ".join(matches)


def test_an_interrupt_cancels_and_the_store_can_be_asked_again(notebook: Notebook) -> None:
    asked = notebook.kernel.execute(f"%%cubeql\nSELECT count(*) AS n FROM coarse;\n{LONG}")
    notebook.interrupt_once_shown(asked)
    content = notebook.reply_to(asked)
    assert content["status"] == "error" and content["traceback"] == ["cancelled"]
    again = notebook.run("%%cubeql\nSELECT count(*) AS n FROM coarse")
    assert again["outputs"][0]["output_type"] == "display_data"


def test_the_words_go_as_they_came(notebook: Notebook) -> None:
    gone = notebook.run("%unload_ext cubeql\nget_ipython().find_cell_magic('cubeql') is None")
    assert gone["outputs"][-1]["data"]["text/plain"] == "True"
    back = notebook.run("%load_ext cubeql\n%load_ext cubeql\nget_ipython().find_cell_magic('cubeql') is None")
    assert back["outputs"][-1]["data"]["text/plain"] == "False"

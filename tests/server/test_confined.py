"""What a client of a server can reach of its machine: the files of its folders, by names below them."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import Serve

BOX = {"type": "Polygon", "coordinates": [[[11.5, 48.1], [11.6, 48.1], [11.6, 48.2], [11.5, 48.2], [11.5, 48.1]]]}
WITHIN = "SELECT count(*) AS n FROM fine FILTER cell WITHIN FILE '{}'"


def refused(session: Any, text: str, says: str) -> None:
    with pytest.raises(Exception, match=says):
        session.query(text).to_arrow()


def test_statements_of_clients_stay_in_the_folders(serve: Serve, cube: Any, tmp_path: Path) -> None:
    for folder in ("files", "copies", "secret"):
        (tmp_path / folder).mkdir()
    for folder in ("files", "secret"):
        (tmp_path / folder / "box.geojson").write_text(json.dumps(BOX))
    served = serve(folders={"files": [str(tmp_path / "files")], "copies": [str(tmp_path / "copies")]})
    with closing(served.connect()) as client:
        expected = cube.query(WITHIN.format(tmp_path / "files/box.geojson")).to_arrow()
        assert client.query(WITHIN.format("box.geojson")).to_arrow().to_pydict() == expected.to_pydict()
        outside = tmp_path / "secret/box.geojson"
        for text in (WITHIN.format(outside), WITHIN.format("../x.json"), f"EXPLAIN {WITHIN.format(outside)}",
                     f"COPY ({WITHIN.format(outside)}) TO 'x.csv'"):  # fmt: skip
            refused(client, text, "can be read here")
        client.query("COPY (SELECT cell, red FROM fine LIMIT 5) TO 'x.csv'")
        refused(client, f"COPY (SELECT red FROM fine) TO '{tmp_path}/x.csv'", "can be written here")
        refused(client, f"CREATE VIEW v AS RASTER '{outside}'", "does not allow")
        refused(client, "SET memory_limit = '99GB'", "no setting")
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.csv")] == ["copies/root/x.csv"]


def test_a_server_without_folders_gives_and_takes_no_file(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "box.geojson").write_text(json.dumps(BOX))
    with closing(serve().connect()) as client:
        for name in (tmp_path / "box.geojson", "box.geojson", "/vsicurl/http://127.0.0.1:1/x.gpkg"):
            refused(client, WITHIN.format(name), "can be read here")
        refused(client, f"COPY (SELECT red FROM fine) TO '{tmp_path}/x.csv'", "can be written here")

"""What is told of layers: set by statements and cards, shown by DESCRIBE, carried by results, files and STAC."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio
import xarray as xr
from pystac.validation.stac_validator import JsonSchemaSTACValidator

import cubeql
from cubeql.errors import CardError, QueryError
from cubeql.ingest import ingest
from tests.engine.test_creating import rows

COLOURS = "1=#112233|2=#445566|3=#778899|4=#aabbcc"


def told(session: cubeql.Session, layer: str, what: str = "layer") -> dict[str, str]:
    return {r["column"]: r["note"] for r in rows(session, f"DESCRIBE {layer}") if r["type"] == what}


def test_facts_of_a_layer_are_set_shown_and_taken_away(own: cubeql.Session) -> None:
    own.query(
        "ALTER LAYER fine SET (description 'At length', keywords ['a', 'b'], doi 'doi:10.5281/zenodo.1', "
        "providers ['ESA (producer) https://esa.int', 'Us (host)'], lineage 'by hand', level 'L2A')"
    )
    assert {k: v for k, v in told(own, "fine").items() if k not in ("title", "licence", "citation")} == {
        "description": "At length", "keywords": "a, b", "doi": "10.5281/zenodo.1", "lineage": "by hand",
        "providers": "ESA (producer) https://esa.int; Us (host)", "level": "L2A",
    }  # fmt: skip
    facts = ("description", "keywords", "doi", "providers", "lineage", "level")
    own.query(f"ALTER LAYER fine SET ({', '.join(f'{fact} NULL' for fact in facts)})")
    assert own.layer("fine").to_dict() == own.store.layer("fine", 1).to_dict()


def test_facts_of_a_band_are_set_and_used(own: cubeql.Session) -> None:
    own.query("ALTER LAYER twin ALTER BAND V SET (unit 'degC', long_name 'Air', standard_name 'air_temperature')")
    own.query("ALTER LAYER twin ALTER BAND v SET (valid_range [-90, 60], display_range [-20, 40], ramp 'viridis')")
    found = {r["column"]: (r["unit"], r["note"]) for r in rows(own, "DESCRIBE twin")}
    assert found["v"] == ("degC", "Air; air_temperature; valid -90 to 60")
    with own.query("SELECT v, v + 1 AS w, avg(v) OVER (PARTITION BY cell) AS m FROM twin") as result:
        facts = [f.metadata.get(b"cubeql.standard_name") for f in result.schema]
        assert facts == [b"air_temperature", None, None] and result.units()["v"] == "degC"
    assert rows(own, "SHOW VERSIONS twin")[0]["what"] == "alter v: valid_range, display_range, ramp"


def test_an_attribute_of_points_has_facts(own: cubeql.Session) -> None:
    name = own.layer("towers").attributes[0].name
    own.query(f"ALTER LAYER towers ALTER ATTRIBUTE {name} SET (long_name 'Of the mast')")
    assert own.layer("towers").attributes[0].long_name == "Of the mast"


@pytest.mark.parametrize(
    "text,codes",
    [
        ("ALTER LAYER twin ALTER BAND v SET (unit 'parsnips', ramp 'a b')", ["bad_fact", "bad_fact"]),
        ("ALTER LAYER twin ALTER BAND v SET (classes '1=a')", ["bad_fact"]),
        ("ALTER LAYER twin ALTER BAND v SET (storage 'int8')", ["unknown_option"]),
        ("ALTER LAYER twin ALTER BAND w SET (unit 'K')", ["unknown_column_of_layer"]),
        ("ALTER LAYER twin ALTER ATTRIBUTE v SET (unit 'K')", ["unknown_column_of_layer"]),
        ("ALTER LAYER twyn ALTER BAND v SET (unit 'K')", ["unknown_layer"]),
        ("CREATE LAYER made WITH (doi '', title '') AS SELECT cell, class FROM classes", ["bad_fact", "bad_fact"]),
    ],
)  # fmt: skip
def test_what_cannot_be_so_changes_nothing(own: cubeql.Session, text: str, codes: list[str]) -> None:
    with pytest.raises(QueryError) as caught:
        own.query(text)
    assert [d.code for d in caught.value.diagnostics] == codes
    assert own.layer("twin").version == 1 and own.store.layer("made") is None


def test_a_layer_made_by_a_query_says_which(own: cubeql.Session) -> None:
    query = "SELECT cell, avg(v) AS v FROM twin GROUP BY cell"
    own.query(f"CREATE LAYER made WITH (licence 'cc0-1.0', keywords 'a') AS {query}")
    made = own.layer("made")
    assert (made.licence, made.keywords, made.provenance.sources) == ("CC0-1.0", ("a",), ("twin@1",))
    assert made.provenance.expression is not None
    again = rows(own, made.provenance.expression + " ORDER BY cell")
    assert again == rows(own, "SELECT cell, v FROM made ORDER BY cell")


# ------------------------------------------------------------------ cards


def test_a_card_goes_out_and_comes_back(own: cubeql.Session) -> None:
    card = own.card("classes")
    assert own.edit_card("classes", json.loads(json.dumps(card))) is None and own.layer("classes").version == 0
    card["title"], card["bands"][0]["classes"][0]["colour"] = "Classes", "#010203"
    assert own.edit_card("classes", card) == 1
    assert own.card("classes") == card and own.layer("classes").title == "Classes"
    assert rows(own, "SHOW VERSIONS classes")[0]["what"] == "card edited"


def test_a_card_that_cannot_be_so_changes_nothing(own: cubeql.Session) -> None:
    with pytest.raises(CardError) as caught:
        own.edit_card("classes", {"licence": "mine", "resolution": 3})
    assert "licence of layer classes: found 'mine'; right is an SPDX" in str(caught.value)
    assert "resolution of layer classes: found 3; right is 6, which cannot be edited here" in str(caught.value)
    assert own.layer("classes").version == 0


# ------------------------------------------------------------------ DESCRIBE


def test_describe_says_what_lies_in_the_store(cube: Any) -> None:
    found = told(cube, "fine", "store")
    assert tuple(found) == ("extent", "rows", "files", "bytes", "versions", "overviews")
    assert found["versions"] == "2" and found["overviews"] == "of each tile, resolution 5, resolution 3"
    assert found["rows"] == f"{sum(cube.store.snapshot('fine').files['rows'].to_pylist()):,} of tiles"


PLACES = ["fine", "twin", "classes", "far", "cover", "pent", "pentfine", "dateline", "pole", "towers"]


@pytest.mark.parametrize("layer", PLACES)
def test_the_extent_holds_every_row(cube: Any, layer: str) -> None:
    west, south, east, north = cube.stac(layer)["extent"]["spatial"]["bbox"][0]
    of_cells = "cell_to_lng(cell) AS x, cell_to_lat(cell) AS y"
    place = of_cells if cube.layer(layer).kind == "grid" else "lon AS x, lat AS y"
    found = cube.query(f"SELECT {place} FROM {layer}").to_arrow().to_pydict()
    lon, lat = np.array(found["x"]), np.array(found["y"])
    assert south <= lat.min() and lat.max() <= north
    inside = (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
    assert inside.all()


# ------------------------------------------------------------------ STAC


@pytest.mark.parametrize("layer", ["fine", "classes", "towers", "parks", "forecast"])
def test_a_collection_is_valid_stac(own: cubeql.Session, layer: str) -> None:
    own.query(
        f"ALTER LAYER {layer} SET (doi '10.5281/zenodo.1', keywords 'a', licence 'https://example.org/terms', "
        "providers 'ESA (producer)', level 'L3')"
    )
    values = json.loads(json.dumps(own.stac(layer)))
    JsonSchemaSTACValidator().validate_core(values, pystac.STACObjectType.COLLECTION, "1.1.0")
    read = pystac.Collection.from_dict(values)
    assert (read.id, read.license, read.keywords) == (layer, "other", ["a"])
    assert {link.rel: link.href for link in read.links if link.rel in ("license", "cite-as")} == {
        "license": "https://example.org/terms", "cite-as": "https://doi.org/10.5281/zenodo.1",
    }  # fmt: skip


def test_a_collection_says_times_bands_and_classes(own: cubeql.Session) -> None:
    own.query(f"ALTER LAYER classes ALTER BAND class SET (colours '{COLOURS}')")
    (band,) = own.stac("classes")["bands"]
    assert band["classification:classes"][0]["color_hint"] == "112233"
    assert own.stac("fine")["license"] == "CC0-1.0"
    start, end = own.stac("fine")["extent"]["temporal"]["interval"][0]
    times = [r["time"] for r in rows(own, "SHOW TIMES fine")]
    assert (start, end) == tuple(t.strftime("%Y-%m-%dT%H:%M:%SZ") for t in (min(times), max(times)))


# ------------------------------------------------------------------ results and files


def test_results_say_where_they_come_from(own: cubeql.Session) -> None:
    own.query("ALTER LAYER twin SET (doi '10.5281/zenodo.1', providers 'ESA (producer)')")
    with own.query("SELECT t.v FROM twin AS t JOIN fine ON TIME ANY") as result:
        layers = result.provenance()["layers"]
    assert layers["twin"]["version"] == 2 and layers["twin"]["doi"] == "10.5281/zenodo.1"
    assert layers["twin"]["providers"] == ["ESA (producer)"] and layers["twin"]["units"] == {"v": "K"}
    assert layers["fine"]["licence"] == "CC0-1.0"


@pytest.fixture
def painted(own: cubeql.Session) -> cubeql.Session:
    """The classes with colours, a citation and a long name."""
    facts = f"colours '{COLOURS}', long_name 'Cover', standard_name 'cover'"
    own.query(f"ALTER LAYER classes ALTER BAND class SET ({facts})")
    facts = "citation 'Somebody (2024)', licence 'CC-BY-4.0', doi '10.1000/1', providers 'ESA (host)'"
    own.query(f"ALTER LAYER classes SET ({facts})")
    return own


def test_a_geotiff_has_colours_classes_and_citation_and_comes_back(painted: cubeql.Session, tmp_path: Path) -> None:
    painted.query(f"COPY (SELECT cell, class FROM classes) TO '{tmp_path}/a.tif'")
    with rasterio.open(tmp_path / "a.tif") as file:
        assert file.dtypes == ("uint8",) and file.nodata == 255
        assert file.colormap(1)[1] == (0x11, 0x22, 0x33, 255)
        assert file.tags()["citation"] == "Somebody (2024) https://doi.org/10.1000/1"
        values = set(np.unique(file.read(1)).tolist()) - {255}
    assert values == {r["class"] for r in rows(painted, "SELECT DISTINCT class FROM classes WHERE class IS NOT NULL")}
    ingest(painted.store, str(tmp_path / "a.tif"), "back")
    before, after = painted.layer("classes"), painted.layer("back")
    assert after.bands[0].classes == before.bands[0].classes and after.bands[0].colours == before.bands[0].colours
    assert (after.licence, after.bands[0].long_name) == ("CC-BY-4.0", "Cover") and after.providers == before.providers


def test_a_netcdf_file_has_cf_attributes(painted: cubeql.Session, tmp_path: Path) -> None:
    painted.query(f"COPY (SELECT cell, class FROM classes) TO '{tmp_path}/a.nc'")
    with xr.open_dataset(tmp_path / "a.nc", mask_and_scale=False) as file:
        told_of = file["class"].attrs
        assert (told_of["long_name"], told_of["standard_name"]) == ("Cover", "cover")
        assert told_of["flag_colors"].split() == [c.split("=")[1] for c in COLOURS.split("|")]
        assert file.attrs["license"] == "CC-BY-4.0" and "10.1000/1" in file.attrs["references"]
        assert file.attrs["institution"] == "ESA"


def test_a_parquet_file_says_it_too(painted: cubeql.Session, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    painted.query(f"COPY (SELECT cell, class FROM classes) TO '{tmp_path}/a.parquet'")
    schema = pq.read_schema(tmp_path / "a.parquet")
    assert json.loads(schema.metadata[b"cubeql"])["layers"]["classes"]["citation"] == "Somebody (2024)"
    assert schema.field("class").metadata[b"cubeql.colours"].decode() == COLOURS


def test_numbers_stay_numbers_where_no_column_is_of_coloured_classes(painted: cubeql.Session, tmp_path: Path) -> None:
    painted.query(f"COPY (SELECT cell, class, 1 AS n FROM classes) TO '{tmp_path}/a.tif'")
    with rasterio.open(tmp_path / "a.tif") as file:
        assert file.dtypes == ("float64", "float64")

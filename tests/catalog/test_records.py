"""Layer records as JSON: older ones have defaults, newer ones keep what is not known here."""

from __future__ import annotations

import json

import pytest

from cubeql.catalog import Attribute, Band, Dimension, Layer, Provenance, Provider, TimeAxis

FULL = Layer(
    "eu.s2", 9,
    (
        Band(
            "nir", "int16", "1", 1e-4, 0.0, long_name="Near infrared", standard_name="surface_reflectance",
            valid_range=(0.0, 1.0), display_range=(0.0, 0.6), ramp="viridis",
        ),
        Band("scl", "int16", kind="categorical", classes=((4, "plant"),), colours=((4, "#00ff00"),), resampling="mode"),
    ),
    TimeAxis("start", "P1D"), (Dimension("horizon", "integer", "h"),), title="t", licence="CC-BY-4.0", citation="c",
    extras=(("a", "b"),), description="d", keywords=("k", "l"), doi="10.5281/zenodo.1",
    providers=(Provider("ESA", ("producer",), "https://esa.int"),),
    provenance=Provenance("l", "L2A", "f", "SELECT", (("nir", "mean"),), ("a.tif",), 1, (("cubeql", "1"),), "2024"),
)  # fmt: skip


def through_json(values: object) -> dict[str, object]:
    return json.loads(json.dumps(values))


def test_a_record_comes_back_from_json_as_it_was() -> None:
    assert Layer.from_dict(through_json(FULL.to_dict())) == FULL
    points = Layer("p", 15, (), kind="points", attributes=(Attribute("a", "integer", "m", ((1, "x"),), "l", "s"),))
    assert Layer.from_dict(through_json(points.to_dict())) == points


def test_a_record_written_before_a_key_was_made_has_its_default() -> None:
    old = {"name": "dem", "resolution": 7, "bands": [{"name": "z", "storage": "float32"}], "time": None,
           "dimensions": [], "kind": "grid", "attributes": [], "title": "t", "licence": None, "citation": None,
           "extras": [["source", "x"]]}  # fmt: skip
    assert Layer.from_dict(old) == Layer("dem", 7, (Band("z", "float32"),), title="t", extras=(("source", "x"),))


def test_keys_of_a_newer_version_are_carried_along() -> None:
    values = through_json(FULL.to_dict())
    values["embargo"] = {"until": "2030"}
    values["bands"][0]["uncertainty"] = [0.1, 0.2]  # type: ignore[index]
    assert through_json(Layer.from_dict(values).to_dict()) == values


def test_a_record_of_a_newer_format_is_refused() -> None:
    with pytest.raises(ValueError, match="record format 2, this CubeQL reads 1"):
        Layer.from_dict({**FULL.to_dict(), "record": 2})

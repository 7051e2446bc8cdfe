"""Facts of layers and bands: what they may be, and what is said of those that cannot be."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cubeql.catalog import Attribute, Band, Layer, Provider
from cubeql.catalog.card import card_of, edited
from cubeql.catalog.facts import (
    BAND_FACTS,
    LAYER_FACTS,
    FactError,
    provider_of,
    provider_text,
    with_band_facts,
    with_facts,
)
from tests.catalog.test_records import FULL

PLAIN = Layer("s2", 9, (Band("nir", "float32"), Band("scl", "int16", kind="categorical")))

GOOD = [
    ("title", " A title ", "A title"),
    ("keywords", "ndvi, plants,ndvi", ("ndvi", "plants")),
    ("keywords", ["a", "b"], ("a", "b")),
    ("licence", "cc-by-4.0", "CC-BY-4.0"),
    ("licence", "MIT OR Apache-2.0", "MIT OR Apache-2.0"),
    ("licence", "proprietary", "proprietary"),
    ("licence", "https://example.org/terms", "https://example.org/terms"),
    ("doi", "https://doi.org/10.5281/zenodo.123", "10.5281/zenodo.123"),
    ("doi", "doi:10.1000/a(b)c", "10.1000/a(b)c"),
    ("providers", "ESA (producer, licensor) https://esa.int", (Provider("ESA", ("producer", "licensor"), "https://esa.int"),)),
    ("providers", [{"name": "ESA", "roles": ["host"]}], (Provider("ESA", ("host",)),)),
]  # fmt: skip


@pytest.mark.parametrize("name,value,kept", GOOD)
def test_a_fact_is_kept_in_one_form(name: str, value: Any, kept: Any) -> None:
    assert getattr(with_facts(PLAIN, {name: value}), name) == kept
    assert getattr(with_facts(with_facts(PLAIN, {name: value}), {name: None}), name) == LAYER_FACTS[name].empty


BAD = [
    ("title", "  ", "a text that is not empty"),
    ("title", 3, "a text that is not empty"),
    ("keywords", ["a", ""], "a list of words"),
    ("keywords", 4, "a list of words"),
    ("licence", "CC BY 4.0", "an SPDX identifier such as CC-BY-4.0, proprietary, various, or a URL"),
    ("licence", "CC0", "an SPDX identifier"),
    ("doi", "zenodo.123", "a DOI"),
    ("providers", "ESA (owner)", "with roles of licensor, producer, processor, host"),
    ("providers", [{"name": "ESA", "role": "host"}], "with roles of"),
    ("titel", "x", "one of title"),
]


@pytest.mark.parametrize("name,value,right", BAD)
def test_a_wrong_fact_is_refused_with_what_would_be_right(name: str, value: Any, right: str) -> None:
    with pytest.raises(FactError) as caught:
        with_facts(PLAIN, {name: value})
    assert caught.value.field == f"{name} of layer s2" and right in caught.value.right


GOOD_OF_BANDS = [
    ("nir", "unit", "W m-2", "W m-2"),
    ("nir", "standard_name", "surface_temperature", "surface_temperature"),
    ("nir", "valid_range", [-1, 1], (-1.0, 1.0)),
    ("nir", "resampling", "median", "median"),
    ("scl", "classes", "5=soil|4=plant", ((4, "plant"), (5, "soil"))),
    ("scl", "classes", {"4": "plant"}, ((4, "plant"),)),
    ("scl", "colours", [[4, "#00FF00"]], ((4, "#00ff00"),)),
]


@pytest.mark.parametrize("band,name,value,kept", GOOD_OF_BANDS)
def test_a_fact_of_a_band_is_kept_in_one_form(band: str, name: str, value: Any, kept: Any) -> None:
    changed = with_band_facts(PLAIN, band.upper(), {name: value})
    assert getattr(changed.band(band), name) == kept
    assert with_band_facts(changed, band, {name: None}) == PLAIN
    assert BAND_FACTS[name].what


BAD_OF_BANDS = [
    ("nir", "unit", "furlongs per fortnite", "a unit as UDUNITS writes it"),
    ("nir", "standard_name", "surface temperature", "a CF standard name"),
    ("nir", "valid_range", [1, 0], "the lesser first"),
    ("nir", "valid_range", [0, float("nan")], "two numbers"),
    ("nir", "display_range", [0, True], "two numbers"),
    ("nir", "ramp", "not a ramp", "the name of a colour ramp"),
    ("nir", "resampling", "meen", "one of mean"),
    ("nir", "classes", "4=plant", "no class codes"),
    ("scl", "resampling", "mean", "one of mode"),
    ("scl", "classes", [[4, "a"], [4, "b"]], "each once"),
    ("scl", "classes", [[4.5, "a"]], "whole numbers"),
    ("scl", "classes", "4", "whole numbers"),
    ("scl", "colours", "4=green", "#rrggbb, which green is not"),
    ("scl", "storage", "int32", "one of "),
]


@pytest.mark.parametrize("band,name,value,right", BAD_OF_BANDS)
def test_a_wrong_fact_of_a_band_is_refused(band: str, name: str, value: Any, right: str) -> None:
    with pytest.raises(FactError) as caught:
        with_band_facts(PLAIN, band, {name: value})
    assert caught.value.field == f"{name} of band s2.{band}" and right in caught.value.right


def test_a_band_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(FactError, match="no band 'nirr'; right is one of nir"):
        with_band_facts(PLAIN, "nirr", {"unit": "1"})


def test_an_attribute_has_facts_too() -> None:
    attributes = (Attribute("height", "number"), Attribute("state", "integer"))
    towers = Layer("towers", 15, (), kind="points", attributes=attributes)
    assert with_band_facts(towers, "height", {"unit": "m"}).attributes[0].unit == "m"
    assert with_band_facts(towers, "state", {"classes": "1=on"}).attributes[1].classes == ((1, "on"),)
    with pytest.raises(FactError, match=r"ramp of attribute towers\.height"):
        with_band_facts(towers, "height", {"ramp": "x"})


@pytest.mark.parametrize("text", ["ESA", "ESA (producer)", "A, B and C (licensor, host) https://a.b/c", "ESA https://a.b"])
def test_a_provider_is_read_as_it_is_written(text: str) -> None:
    provider = provider_of(text)
    assert provider is not None and provider_text(provider) == text


# ------------------------------------------------------------------ cards


def test_a_card_that_is_not_edited_changes_nothing() -> None:
    odd = with_facts(FULL, {"title": "x"})
    for layer in (FULL, PLAIN, odd, Layer("p", 15, (), kind="points", attributes=(Attribute("a", "integer"),))):
        assert edited(layer, copy.deepcopy(card_of(layer))) == (layer, [])
        assert edited(layer, {}) == (layer, [])


def test_an_edited_card_changes_what_it_says() -> None:
    card = card_of(FULL)
    card |= {"licence": "CC0-1.0", "keywords": [], "lineage": "made anew", "citation": None}
    card["bands"][0] |= {"unit": "%", "ramp": None}
    card["bands"][1]["classes"] = [{"code": 5, "name": "soil"}, {"code": 4, "colour": "#112233"}]
    layer, faults = edited(FULL, card)
    assert faults == []
    assert (layer.licence, layer.keywords, layer.citation) == ("CC0-1.0", (), None)
    assert layer.provenance.lineage == "made anew"
    assert (layer.bands[0].unit, layer.bands[0].ramp, layer.bands[0].scale) == ("%", None, 1e-4)
    assert (layer.bands[1].classes, layer.bands[1].colours) == (((5, "soil"),), ((4, "#112233"),))
    assert card_of(layer)["bands"][1]["classes"] == [{"code": 4, "colour": "#112233"}, {"code": 5, "name": "soil"}]


def test_all_faults_of_a_card_are_told_together() -> None:
    card = card_of(FULL)
    card |= {"licence": "mine", "resolution": 8, "titel": "x", "doi": "x"}
    card["bands"][0] |= {"unit": "parsnips", "scale": 2.0, "color": 1}
    card["bands"][1]["classes"] = [{"code": 4, "name": "a"}, {"code": 4, "name": "b"}]
    card["bands"].append({"name": "red"})
    layer, faults = edited(FULL, card)
    assert sorted(f.field for f in faults) == [
        "bands of layer eu.s2", "classes of band eu.s2.scl", "color of band eu.s2.nir", "doi of layer eu.s2",
        "licence of layer eu.s2", "resolution of layer eu.s2", "scale of band eu.s2.nir", "titel of layer eu.s2",
        "unit of band eu.s2.nir",
    ]  # fmt: skip
    assert all(f.found and f.right for f in faults) and layer.resolution == 9


@pytest.mark.parametrize("card", [3, [], "x", {"bands": {}}, {"bands": [3]}])
def test_what_is_no_card_is_told(card: Any) -> None:
    assert edited(FULL, card)[1]


def test_what_a_source_said_badly_is_left_alone_until_it_is_changed() -> None:
    odd = Layer("a", 5, (Band("v", "float32", unit="parsnips"),), licence="ask me")
    assert edited(odd, {**card_of(odd), "title": "x"})[1] == []
    assert [f.field for f in edited(odd, {"licence": "ask her"})[1]] == ["licence of layer a"]


@pytest.mark.parametrize("name,value", [
    ("title", "x" * 10_001), ("description", "x" * 900_000), ("keywords", ["x"] * 10_001), ("keywords", "x," * 10_001),
    ("licence", "x" * 900_000), ("citation", "x" * 10_001),
])  # fmt: skip
def test_a_fact_that_every_result_would_have_to_carry_has_an_end(name: str, value: Any) -> None:
    with pytest.raises(FactError) as raised:
        with_facts(PLAIN, {name: value})
    assert len(str(raised.value)) < 500
    assert with_facts(PLAIN, {"description": "x" * 10_000}).description == "x" * 10_000

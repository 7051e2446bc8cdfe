"""STAC over HTTP: catalogs and assets behind addresses, and searches of a service, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pystac
import pytest
from pystac_client import Client

from cubeql.errors import IngestError
from cubeql.ingest import Search, ingest
from cubeql.storage import Store
from tests.ingest.catalogs import collection, saved, sentinel
from tests.ingest.rasters import stored
from tests.ingest.serving import Served, serving

BAND = {"bands": ["coastal"], "resolution": 10}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "files") as server:
        yield server


@pytest.fixture
def scenes(tmp_path: Path) -> list[pystac.Item]:
    return [sentinel(tmp_path / "files", f"S2_{day}", day, cloud=day * 10.0) for day in range(1, 6)]


def behind(served: Served, scenes: list[pystac.Item]) -> list[dict[str, Any]]:
    """The items with addresses on the server, each asset with a key in its query."""
    found = []
    for scene in scenes:
        values = scene.to_dict(transform_hrefs=False)
        values["collection"] = "s2-l2a"
        for asset in values["assets"].values():
            asset["href"] = f"{served.url}{asset['href'].removeprefix(str(served.folder))}?sig=secret"
        href = f"{served.url}/api/collections/s2-l2a"
        values["links"] = [{"rel": "collection", "href": href}, {"rel": "self", "href": f"{href}/items/{scene.id}"}]
        found.append(values)
    return found


def with_service(served: Served, scenes: list[pystac.Item]) -> Search:
    made = collection([])
    made.set_self_href(f"{served.url}/api/collections/s2-l2a")
    answers = {"/api/collections/s2-l2a": made.to_dict(transform_hrefs=False)}
    served.tell(items=behind(served, scenes), answers=answers)
    return Search(f"{served.url}/api", ["s2-l2a"], bbox=(10, 48, 11, 49), datetime="2024-05")


def test_search_asks_page_by_page_and_reads_over_http(
    tmp_path: Path, store: Store, served: Served, scenes: list[pystac.Item]
) -> None:
    report = ingest(store, with_service(served, scenes), "s2", **BAND)
    assert report.sources == tuple(f"item S2_{day}" for day in range(1, 6))
    posts = [body for method, _, body in served.asked() if method == "POST"]
    assert [body.get("token") for body in posts] == [None, "2", "4"]
    assert posts[0]["collections"] == ["s2-l2a"] and posts[0]["bbox"] == [10.0, 48.0, 11.0, 49.0]
    assert posts[0]["datetime"].startswith("2024-05-01T00:00:00") and "/2024-05-31T23:59:59" in posts[0]["datetime"]
    ingest(store, scenes, "local", **BAND)
    for day in (1, 5):
        time = f"2024-05-0{day}T10:00"
        found = stored(store, "s2", "coastal", time)
        assert found and found == stored(store, "local", "coastal", time)
    layer = store.layer("s2")
    assert layer is not None and layer.title == "Test scenes"
    assert "secret" not in str(layer.to_dict()) and "secret" not in report.render()


@pytest.mark.parametrize("asks", [True, False])
def test_conditions_on_properties_hold_whether_the_service_knows_them_or_not(
    store: Store, served: Served, scenes: list[pystac.Item], asks: bool
) -> None:
    from dataclasses import replace

    if not asks:
        served.tell(conforms=["core", "item-search"])
    search = replace(with_service(served, scenes), query=["eo:cloud_cover<=30"])
    report = ingest(store, search, "s2", **BAND)
    assert report.sources == ("item S2_1", "item S2_2", "item S2_3")
    posts = [body for method, _, body in served.asked() if method == "POST"]
    assert posts[0].get("query") == ({"eo:cloud_cover": {"lte": 30}} if asks else None)


def test_search_object_of_the_client_is_taken(store: Store, served: Served, scenes: list[pystac.Item]) -> None:
    search = with_service(served, scenes)
    asked = Client.open(search.url).search(collections=["s2-l2a"], max_items=3)
    assert len(ingest(store, asked, "s2", **BAND).sources) == 3


def test_second_search_takes_what_is_new(store: Store, served: Served, scenes: list[pystac.Item]) -> None:
    ingest(store, with_service(served, scenes[:3]), "s2", **BAND)
    served.asked()
    search = with_service(served, scenes)
    items = behind(served, scenes)
    for values in items:
        for asset in values["assets"].values():
            asset["href"] = asset["href"].replace("sig=secret", "sig=another")
    served.tell(items=items)
    report = ingest(store, search, "s2", **BAND)
    assert report.sources == ("item S2_4", "item S2_5") and len(report.skipped) == 3
    assert not [path for _, path, _ in served.asked() if "S2_1" in path], "what is there is not read"


def test_catalog_behind_an_address(tmp_path: Path, store: Store, scenes: list[pystac.Item]) -> None:
    saved(tmp_path / "stac", scenes[:2])
    with serving(tmp_path) as served:
        report = ingest(store, f"{served.url}/stac/catalog.json", "s2", **BAND)
        assert report.sources == ("item S2_1", "item S2_2")
        assert any(path.endswith("B01.tif") for _, path, _ in served.asked())


def test_file_behind_an_address_is_known_by_its_etag(
    tmp_path: Path, store: Store, scenes: list[pystac.Item]
) -> None:
    with serving(tmp_path / "files") as served:
        url = f"{served.url}/S2_1/B01.tif"
        ingest(store, url, "a", time="2024-05-01", resolution=10)
        assert ingest(store, url, "a", time="2024-05-01").version is None
        path = tmp_path / "files/S2_1/B01.tif"
        path.write_bytes(path.read_bytes())
        assert "changed since" in ingest(store, url, "a", time="2024-05-01").skipped[0][1]


def test_asset_that_is_gone_names_item_and_asset(store: Store, served: Served, scenes: list[pystac.Item]) -> None:
    search = with_service(served, scenes)
    served.tell(broken=["/S2_2/B01.tif"])
    with pytest.raises(IngestError, match=r"item S2_2, asset coastal: http://[^?]*: cannot be read .*404") as caught:
        ingest(store, search, "s2", commit="whole", **BAND)
    assert "secret" not in str(caught.value) and store.layer("s2") is None
    report = ingest(store, search, "s2", skip_bad=True, **BAND)
    assert len(report.sources) == 4 and [name for name, _ in report.bad] == ["item S2_2"]


def test_service_that_fails(store: Store, served: Served, scenes: list[pystac.Item]) -> None:
    search = with_service(served, scenes)
    served.tell(broken=["/api/search"])
    with pytest.raises(IngestError, match=r"/api: the search failed"):
        ingest(store, search, "s2", **BAND)


def test_service_that_is_not_there(store: Store, served: Served) -> None:
    with pytest.raises(IngestError, match=r"/nowhere: cannot be reached .*404"):
        ingest(store, Search(f"{served.url}/nowhere"), "s2")


def test_address_that_is_no_service(store: Store, served: Served) -> None:
    served.tell(answers={"/plain": {"hello": "world"}})
    with pytest.raises(IngestError, match=r"/plain: is no STAC document"):
        ingest(store, Search(f"{served.url}/plain"), "s2")


def test_items_are_signed_by_the_modifier_and_headers_are_not_shown(
    store: Store, served: Served, scenes: list[pystac.Item]
) -> None:
    from dataclasses import replace

    def sign(found: Any) -> None:
        for one in found.get("features", []):
            for asset in one["assets"].values():
                asset["href"] = asset["href"].replace("/hidden", "")

    search = with_service(served, scenes[:1])
    (made,) = behind(served, scenes[:1])
    for asset in made["assets"].values():
        asset["href"] = asset["href"].replace(served.url, f"{served.url}/hidden")
    served.tell(items=[made])
    search = replace(search, modifier=sign, headers={"Authorization": "Bearer secret"})
    assert "secret" not in repr(search)
    assert ingest(store, search, "s2", **BAND).sources == ("item S2_1",)

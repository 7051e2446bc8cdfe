"""STAC items: from an item, a collection, a catalog or a search. The only module that imports ``pystac``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cubeql.errors import IngestError
from cubeql.ingest.faults import refusal, shown
from cubeql.ingest.stac_search import Search, matches

TIMEOUT_S = 60
_KINDS = ("Feature", "FeatureCollection", "Collection", "Catalog")
_MOST_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Found:
    """An item, or what is wrong with the place where one should be.

    Attributes:
        name: what to call it.
        item: a ``pystac.Item``.
        fault: what is wrong.
    """

    name: str
    item: Any = None
    fault: IngestError | None = None


def is_stac(given: object) -> bool:
    """Whether this is an object or record of STAC, or a search for some."""
    if isinstance(given, Search):
        return True
    if isinstance(given, Mapping):
        return is_document(given)
    return type(given).__module__.partition(".")[0] in ("pystac", "pystac_client")


def is_document(values: Any) -> bool:
    """Whether a JSON value is an item, a collection, a catalog or a list of items."""
    if not isinstance(values, Mapping) or values.get("type") not in _KINDS:
        return False
    if values["type"] != "FeatureCollection":
        return "stac_version" in values
    features = values.get("features") or ()
    return bool(features) and all(isinstance(f, Mapping) and "stac_version" in f for f in features)


def document(path: str) -> Mapping[str, Any] | None:
    """The JSON at a path or address if it is one of STAC; None for everything else.

    Raises:
        IngestError: an address that cannot be reached.
    """
    if path.startswith(("http://", "https://")):
        text = _fetched(path)
    elif "://" in path or not Path(path).is_file() or Path(path).stat().st_size > _MOST_BYTES:
        return None
    else:
        text = Path(path).read_bytes()
    try:
        values = json.loads(text)
    except (ValueError, UnicodeDecodeError):
        return None
    return values if is_document(values) else None


def _fetched(url: str) -> bytes:
    from urllib.error import URLError
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=TIMEOUT_S) as answer:
            content: bytes = answer.read(_MOST_BYTES)
            return content
    except (URLError, OSError) as fault:
        raise refusal(shown(url), f"cannot be reached ({_said(fault, url)})") from fault


def found_items(given: Any) -> list[Found]:
    """All items of an object, record, document or search, in the order in which they come.

    Raises:
        IngestError: it cannot be read or asked; a catalog's missing parts are among what is found.
    """
    pystac = _pystac()
    if isinstance(given, Search):
        return list(_searched(given))
    if isinstance(given, str | os.PathLike):
        return list(_searched(Search(os.fspath(given))))
    if isinstance(given, Mapping):
        given = _of_record(given)
    if isinstance(given, pystac.Item):
        return [_found(given)]
    if isinstance(given, pystac.Catalog):
        return list(_walked(given))
    with _asking(given):
        listed = given.items() if callable(getattr(given, "items", None)) else given
        return [_found(item) for item in listed]


def _pystac() -> Any:
    try:
        import pystac
        import pystac_client  # noqa: F401
    except ImportError as fault:
        needed = "is read with the packages pystac and pystac-client"
        raise refusal("STAC", needed, "pip install 'cubeql[stac]'") from fault
    return pystac


def _of_record(values: Mapping[str, Any], href: str | None = None) -> Any:
    pystac = _pystac()
    where = shown(href) if href else f"STAC {values.get('type')} {values.get('id', '')}".strip()
    try:
        if values["type"] == "FeatureCollection":
            made = pystac.ItemCollection.from_dict(dict(values))
            for item in made if href else ():
                if item.get_self_href() is None:
                    item.set_self_href(href)
            return made
        return pystac.read_dict(dict(values), href=href)
    except Exception as fault:
        raise refusal(where, f"is no STAC document ({_said(fault)})") from fault


def _found(item: Any) -> Found:
    name = f"item {item.id}"
    return Found(name, item)


# ------------------------------------------------------------------ catalogs of files


def _walked(catalog: Any) -> Iterator[Found]:
    """Items below a catalog, depth first; a link that leads nowhere is told, not passed over."""
    stack = [catalog]
    while stack:
        one = stack.pop()
        for link in one.get_item_links():
            yield _linked(link, one)
        children = []
        for link in one.get_child_links():
            child = _linked(link, one)
            if child.fault is not None:
                yield child
            else:
                children.append(child.item)
        stack += reversed(children)


def _linked(link: Any, owner: Any) -> Found:
    href = shown(str(link.get_absolute_href() or link.href))
    try:
        link.resolve_stac_object(root=owner.get_root())
    except Exception as fault:
        cause = fault.__cause__ or fault
        return Found(href, fault=refusal(href, f"is no STAC document ({_said(cause)})"))
    return _found(link.target) if hasattr(link.target, "geometry") else Found(href, link.target)


# ------------------------------------------------------------------ searches


def _searched(search: Search) -> Iterator[Found]:
    values = document(search.url)
    if values is None:
        there = "://" in search.url or Path(search.url).exists()
        raise refusal(shown(search.url), "is no STAC document" if there else "there is no such file")
    if _is_service(values):
        found: Iterator[Found] = _served(search)
    else:
        href = search.url if "://" in search.url else os.path.abspath(search.url)  # noqa: PTH100
        root = _of_record(values, href)
        if search.url.startswith(("http://", "https://")) and hasattr(root, "get_item_links"):
            root._stac_io = _web()
        found = iter(found_items(root))
    count = 0
    for one in found:
        if one.item is not None and not matches(one.item, search, served=_is_service(values)):
            continue
        if search.max_items is not None and count >= search.max_items:
            return
        count += 1
        yield one


def _is_service(values: Mapping[str, Any]) -> bool:
    return any(link.get("rel") == "search" for link in values.get("links") or ())


def _web() -> Any:
    from pystac_client.stac_api_io import StacApiIO

    return StacApiIO(timeout=TIMEOUT_S)


def _served(search: Search) -> Iterator[Found]:
    from pystac_client import Client
    from pystac_client.conformance import ConformanceClasses

    with _asking(search):
        client = Client.open(
            search.url, headers=dict(search.headers) if search.headers else None, modifier=search.modifier,
            timeout=TIMEOUT_S,
        )  # fmt: skip
        asked = client.search(
            collections=list(search.collections) or None,
            ids=list(search.ids) or None,
            bbox=list(search.bbox) if search.bbox else None,
            datetime=search.interval(),
            query=search.query_terms() or None if client.conforms_to(ConformanceClasses.QUERY) else None,
        )
        for item in asked.items():
            yield _found(item)


@contextmanager
def _asking(given: Any) -> Iterator[None]:
    """Turn what a service or its client says into an error that names the service."""
    import requests
    from pystac_client.exceptions import APIError, ParametersError

    url = given.url if isinstance(given, Search) else str(getattr(given, "url", "the search"))
    try:
        yield
    except (APIError, ParametersError, requests.RequestException, ValueError, KeyError, TypeError) as fault:
        raise refusal(shown(url), f"the search failed ({_said(fault, url)})") from fault


def _said(fault: BaseException, url: str = "") -> str:
    text = " ".join(str(fault).split()) or type(fault).__name__
    return (text.replace(url, shown(url)) if url else text)[:500]


def collection_of(item: Any, known: dict[str, Any]) -> Mapping[str, Any]:
    """The record of an item's collection; empty where it has none, or none that can be had."""
    link = item.get_single_link("collection")
    key = str(link.get_absolute_href() if link is not None else item.collection_id or "")
    if key not in known:
        try:
            found = item.get_collection()
        except Exception:
            # Its facts are for the card alone.
            found = None
        known[key] = found.to_dict(include_self_link=False) if found is not None else {}
    values: Mapping[str, Any] = known[key]
    return values


def hrefs_of(item: Any) -> dict[str, str]:
    """Where each asset is: absolute, local ones as paths."""
    found = {}
    for key, asset in item.assets.items():
        href = str(asset.get_absolute_href() or asset.href)
        found[key] = href.removeprefix("file://")
    return found


def names_of(items: Sequence[Found]) -> list[str]:
    """What to call each: items of the same id by their collections too."""
    plain = [one.name for one in items]
    return [
        f"{name} of {one.item.collection_id}" if plain.count(name) > 1 and one.item is not None else name
        for name, one in zip(plain, items, strict=True)
    ]

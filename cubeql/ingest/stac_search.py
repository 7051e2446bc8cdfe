"""What is looked for in a STAC catalog or service, and which items match."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from cubeql.errors import nearest
from cubeql.ingest.faults import refusal
from cubeql.values.times import TimeRange, parse_range

_TERM = re.compile(r"\s*([^\s<>=!]+)\s*(<=|>=|!=|==|=|<|>)\s*(.+?)\s*")
_SIGNS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "=": "eq", "==": "eq", "!=": "neq"}
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda a, b: bool(a < b), "lte": lambda a, b: bool(a <= b), "gt": lambda a, b: bool(a > b),
    "gte": lambda a, b: bool(a >= b), "eq": lambda a, b: bool(a == b), "neq": lambda a, b: bool(a != b),
    "in": lambda a, b: a in b,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Search:
    """Items of a STAC service, or of a catalog, collection or item file, that fulfil conditions.

    Attributes:
        url: address of the service's landing page or of a document, or a path.
        collections: identifiers of the collections to look in; all without them.
        bbox: west, south, east, north in degrees; west > east crosses the antimeridian.
        datetime: an instant or a range as ISO 8601: ``2024-05``, ``2024-05-01/2024-06-30``, ``2024-05-01/..``.
        query: conditions on properties: texts like ``eo:cloud_cover<20``, or ``{"eo:cloud_cover": {"lt": 20}}``.
        ids: identifiers of items.
        max_items: how many to take at most.
        headers: sent with every request to the service; never shown.
        modifier: called with every item that a service sends, to sign its addresses for instance.
    """

    url: str
    collections: Sequence[str] = ()
    bbox: Sequence[float] | None = None
    datetime: str | None = None
    query: Sequence[str] | Mapping[str, Mapping[str, Any]] = ()
    ids: Sequence[str] = ()
    max_items: int | None = None
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    modifier: Callable[[Any], Any] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse what means nothing.

        Raises:
            IngestError: names the condition.
        """
        if self.bbox is not None:
            _check_box(self.bbox)
        self.query_terms()
        self.span()

    def query_terms(self) -> dict[str, dict[str, Any]]:
        """The conditions on properties as STAC's query extension writes them."""
        if isinstance(self.query, Mapping):
            for name, terms in self.query.items():
                for operator in terms:
                    if operator not in _TESTS:
                        near = nearest(operator, list(_TESTS)) or tuple(_TESTS)
                        raise refusal(f"query {name}", f"there is no operator {operator!r}", f"use {', '.join(near)}")
            return {name: dict(terms) for name, terms in self.query.items()}
        found: dict[str, dict[str, Any]] = {}
        for text in [self.query] if isinstance(self.query, str) else self.query:
            match = _TERM.fullmatch(text)
            if match is None:
                raise refusal("query", f"{text!r} is no condition", "write eo:cloud_cover<20")
            found.setdefault(match[1], {})[_SIGNS[match[2]]] = _literal(match[3])
        return found

    def span(self) -> TimeRange | None:
        """The range of ``datetime``."""
        if self.datetime is None:
            return None
        try:
            return parse_range(self.datetime)
        except ValueError as fault:
            raise refusal("datetime", str(fault), "write 2024-05-01/2024-06-30") from fault

    def interval(self) -> str | None:
        """``datetime`` as services write it: both ends are included."""
        span = self.span()
        if span is None:
            return None
        first = ".." if span.start is None else f"{span.start.astype('datetime64[us]')}Z"
        last = ".." if span.end is None else f"{span.end.astype('datetime64[us]') - np.timedelta64(1, 'us')}Z"
        return None if first == last else f"{first}/{last}"


def _check_box(bbox: Sequence[float]) -> None:
    if len(bbox) != 4:
        raise refusal("bbox", f"has {len(bbox)} numbers", "west, south, east, north are needed")
    west, south, east, north = (float(v) for v in bbox)
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        found = f"{west:g}, {south:g}, {east:g}, {north:g} is no box in degrees"
        raise refusal("bbox", found, "west, south, east, north are needed")


def _literal(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text.strip("'\"")


def matches(item: Any, search: Search, *, served: bool) -> bool:
    """Whether an item fulfils the conditions; a service has looked at all but those on properties itself."""
    if not _has_properties(item, search.query_terms()):
        return False
    if served:
        return True
    if search.collections and item.collection_id not in search.collections:
        return False
    if search.ids and item.id not in search.ids:
        return False
    return _is_in(item, search.bbox) and _is_when(item, search.span())


def _has_properties(item: Any, terms: Mapping[str, Mapping[str, Any]]) -> bool:
    for name, tests in terms.items():
        value = item.properties.get(name)
        for operator, wanted in tests.items():
            try:
                # What is not known fulfils no condition.
                if value is None or not _TESTS[operator](value, wanted):
                    return False
            except TypeError:
                return False
    return True


def _is_in(item: Any, bbox: Sequence[float] | None) -> bool:
    if bbox is None:
        return True
    own = item.bbox
    if not own:
        return False
    west, south, east, north = own[0], own[1], own[len(own) // 2], own[len(own) // 2 + 1]
    if not (south <= bbox[3] and bbox[1] <= north):
        return False
    return any(a <= d and c <= b for a, b in _turns(west, east) for c, d in _turns(bbox[0], bbox[2]))


def _turns(west: float, east: float) -> list[tuple[float, float]]:
    return [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]


def _is_when(item: Any, span: TimeRange | None) -> bool:
    if span is None:
        return True
    first, last = instants(item)
    if first is None or last is None:
        return False
    return bool((span.end is None or first < span.end) and (span.start is None or last >= span.start))


def instants(item: Any) -> tuple[np.datetime64 | None, np.datetime64 | None]:
    """First and last instant of an item; both the same where it has one only, None where it has none."""
    start, end = (_instant(item, k) for k in ("start_datetime", "end_datetime"))
    if start is not None and end is not None:
        return start, end
    one = item.datetime
    found = None if one is None else _utc(one)
    return found, found


def _instant(item: Any, key: str) -> np.datetime64 | None:
    text = item.properties.get(key)
    if not text:
        return None
    try:
        return _utc(datetime.fromisoformat(str(text).replace("Z", "+00:00")))
    except ValueError as fault:
        raise refusal(f"item {item.id}", f"its {key} is {text!r}, which is no time") from fault


def _utc(time: datetime) -> np.datetime64:
    plain = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return np.datetime64(plain.replace(tzinfo=None), "us")

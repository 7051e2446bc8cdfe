"""Class names: read from the attributes and tags that files carry, or given as an argument."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from cubeql.ingest.faults import refusal

Classes = tuple[tuple[int, str], ...]


def classes_of_tags(where: object, tags: Mapping[str, Any]) -> Classes:
    """Classes of a band's attributes: ``flag_values`` with ``flag_meanings``, or ``classes``.

    ``classes`` is ``4=vegetation|5=bare soil``, or names alone, which count from 0. Bit fields
    (``flag_masks``) are no classes.

    Raises:
        IngestError: as many names as values are needed.
    """
    if "flag_values" in tags and "flag_meanings" in tags and "flag_masks" not in tags:
        return _flags(where, tags["flag_values"], str(tags["flag_meanings"]))
    text = tags.get("classes")
    return _parsed(where, str(text)) if text else ()


def _flags(where: object, values: Any, meanings: str) -> Classes:
    codes = [int(v) for v in _numbers(values)]
    names = meanings.split()
    if len(codes) != len(names):
        raise refusal(where, f"has {len(codes)} flag_values and {len(names)} flag_meanings", "give classes=")
    return tuple(zip(codes, names, strict=True))


def colours_of_tags(tags: Mapping[str, Any]) -> Classes:
    """Colours of classes as ``flag_colors`` (or ``flag_colours``) writes them, one a flag value; none where they do not
    fit the values."""
    written = re.split(r"[,\s]+", str(tags.get("flag_colors") or tags.get("flag_colours") or "").strip())
    if "flag_values" not in tags or not all(re.fullmatch(r"#[0-9a-fA-F]{6}", c) for c in written):
        return ()
    codes = [int(v) for v in _numbers(tags["flag_values"])]
    return tuple(zip(codes, map(str.lower, written), strict=True)) if len(codes) == len(written) else ()


def valid_range_of_tags(tags: Mapping[str, Any]) -> tuple[float, float] | None:
    """``valid_range`` or ``valid_min`` with ``valid_max`` where they are two numbers, the lesser first."""
    given = tags.get("valid_range", [tags.get("valid_min"), tags.get("valid_max")])
    try:
        low, high = (float(v) for v in _numbers(given))
    except (TypeError, ValueError):
        return None
    return (low, high) if low < high else None


def _numbers(values: Any) -> Iterable[Any]:
    if isinstance(values, str):
        return [float(v.rstrip("bBsSlLuU")) for v in re.split(r"[,\s]+", values.strip(" {}[]")) if v]
    return values if hasattr(values, "__len__") else [values]


def _parsed(where: object, text: str) -> Classes:
    parts = [p.strip() for p in text.split("|")]
    found: list[tuple[int, str]] = []
    for i, part in enumerate(parts):
        code, equals, name = part.partition("=")
        if equals and not re.fullmatch(r"-?\d+", code.strip()):
            raise refusal(where, f"its tag classes has {part!r}", "write code=name|code=name")
        found.append((int(code), name.strip()) if equals else (i, part))
    return tuple(found)


def given_classes(where: object, classes: Any) -> Classes:
    """Classes of an argument: ``{4: 'vegetation'}`` or pairs.

    Raises:
        IngestError: a code that is no whole number, or is given twice.
    """
    pairs = classes.items() if isinstance(classes, Mapping) else classes
    try:
        found = tuple((int(code), str(name)) for code, name in pairs)
    except (TypeError, ValueError) as fault:
        raise refusal(
            where, f"classes={classes!r} are not pairs of code and name", "write {4: 'vegetation'}"
        ) from fault
    if len({code for code, _ in found}) != len(found):
        raise refusal(where, "a class code is given twice")
    return found

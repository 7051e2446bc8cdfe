"""What may be told of a layer, of its bands and of its attributes: a row each, with what a value of it must be.

The same rows serve ``ALTER LAYER … SET (…)``, an edited card and the command line, so that a fact has one name and one
rule everywhere. None takes a fact away.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cubeql.catalog.records import METHODS, Attribute, Band, Classes, Layer, Pair, Provenance, Provider
from cubeql.errors import nearest
from cubeql.values.units import lookup

Reader = Callable[[Any], Any]
ROLES = ("licensor", "producer", "processor", "host")
OPEN_LICENCES = ("proprietary", "various", "other")
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s<>\"]+")
_PROVIDER = re.compile(r"(?P<name>[^()]+?)\s*(?:\((?P<roles>[^()]*)\))?\s*(?P<url>https?://\S+)?")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_RAMP = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


LONGEST = 10_000
"""Characters of a fact: each result and each list of layers carries the facts of its layers."""
_SHOWN = 100


class FactError(ValueError):
    """A fact that cannot be so.

    Attributes:
        field: its name, and whose it is.
        found: what was given.
        right: what would be.
    """

    def __init__(self, field: str, found: str, right: str) -> None:
        self.field, self.found, self.right = field, found, right
        super().__init__(f"{field}: found {found}; right is {right}")


class _WrongError(ValueError):
    """What would be right."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: the reader gives the value as a record keeps it; ``empty`` is that of a fact taken away."""

    name: str
    read: Reader
    empty: Any = None
    what: str = ""


def _shown(value: Any) -> str:
    told = repr(value)
    return told if len(told) <= _SHOWN else f"{told[:_SHOWN]}…"


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _WrongError("a text that is not empty")
    if len(value) > LONGEST:
        raise _WrongError(f"a text of at most {LONGEST:,} characters, not {len(value):,}")
    return value.strip()


def _texts(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, Sequence) or not all(isinstance(p, str) and p.strip() for p in parts) or not parts:
        raise _WrongError("a list of words, as ['ndvi', 'vegetation']")
    if sum(map(len, parts)) > LONGEST:
        raise _WrongError(f"words of at most {LONGEST:,} characters together")
    return tuple(dict.fromkeys(p.strip() for p in parts))


def _licence(value: Any) -> str:
    right = f"an SPDX identifier such as CC-BY-4.0, {', '.join(OPEN_LICENCES[:2])}, or a URL"
    text = _text(value)
    if text in OPEN_LICENCES or _URL.fullmatch(text):
        return text
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression as error:
        raise _WrongError(right) from error


def _doi(value: Any) -> str:
    match = _DOI.fullmatch(_text(value))
    if match is None:
        raise _WrongError("a DOI, as 10.5281/zenodo.1234567")
    return match[1]


def provider_of(text: str) -> Provider | None:
    """The provider of a text ``Name (role, role) https://…``, None where it is none."""
    match = _PROVIDER.fullmatch(text.strip())
    if match is None:
        return None
    roles = tuple(r.strip().lower() for r in (match["roles"] or "").split(",") if r.strip())
    return Provider(match["name"], roles, match["url"]) if set(roles) <= set(ROLES) else None


def provider_text(provider: Provider) -> str:
    """A provider as :func:`provider_of` reads it."""
    roles = f" ({', '.join(provider.roles)})" if provider.roles else ""
    return f"{provider.name}{roles}{f' {provider.url}' if provider.url else ''}"


def _providers(value: Any) -> tuple[Provider, ...]:
    given = [value] if isinstance(value, str | Mapping) else value
    if not isinstance(given, Sequence):
        raise _WrongError(_PROVIDER_SHAPE)
    return tuple(_provider(one) for one in given)


_PROVIDER_SHAPE = f"'Name (roles) https://…', with roles of {', '.join(ROLES)}"


def _provider(value: Any) -> Provider:
    text = value
    if isinstance(value, Mapping) and set(value) <= {"name", "roles", "url"} and isinstance(value.get("name"), str):
        roles, url = value.get("roles") or (), value.get("url")
        if not isinstance(roles, str) and set(roles) <= set(ROLES) and (url is None or _URL.fullmatch(str(url))):
            return Provider(_text(value["name"]), tuple(roles), url)
    found = provider_of(text) if isinstance(text, str) else None
    if found is None:
        raise _WrongError(_PROVIDER_SHAPE)
    return found


def _unit(value: Any) -> str:
    text = _text(value)
    if lookup(text) is None:
        raise _WrongError("a unit as UDUNITS writes it: 1, %, K, degC, mm, kg m-2 s-1")
    return text


def _standard_name(value: Any) -> str:
    if not _WORD.fullmatch(_text(value)):
        raise _WrongError("a CF standard name, as air_temperature")
    return _text(value)


def _range(value: Any) -> Pair:
    right = "two numbers, the lesser first, as [0, 1]"
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise _WrongError(right)
    if any(isinstance(v, bool) or not isinstance(v, int | float) or not math.isfinite(v) for v in value):
        raise _WrongError(right)
    if not value[0] < value[1]:
        raise _WrongError(right)
    return float(value[0]), float(value[1])


def _ramp(value: Any) -> str:
    if not _RAMP.fullmatch(_text(value)):
        raise _WrongError("the name of a colour ramp, as viridis")
    return _text(value)


def _resampling(value: Any) -> str:
    if value not in METHODS:
        raise _WrongError(f"one of {', '.join(METHODS)}")
    return str(value)


def _codes(value: Any, what: str) -> Classes:
    """Pairs of code and text, ascending by code: of a mapping, of pairs, or of ``4=forest|5=bare soil``."""
    right = f"codes, whole numbers and each once, with their {what}, as {_SHAPES[what]}"
    pairs: Any = value.items() if isinstance(value, Mapping) else value
    if isinstance(value, str):
        pairs = [part.split("=", 1) for part in value.split("|")]
    try:
        found = [(_code(code), str(text).strip()) for code, text in pairs]
    except (TypeError, ValueError) as error:
        raise _WrongError(right) from error
    if not found or len({code for code, _ in found}) < len(found) or not all(text for _, text in found):
        raise _WrongError(right)
    return tuple(sorted(found))


_SHAPES = {"names": "'4=vegetation|5=bare soil'", "colours": "'4=#1b7837|5=#c2a05a'"}


def _code(value: Any) -> int:
    if isinstance(value, bool | float):
        raise ValueError(value)
    return int(value)


def _classes(value: Any) -> Classes:
    return _codes(value, "names")


def _colours(value: Any) -> Classes:
    found = _codes(value, "colours")
    wrong = next((c for _, c in found if not _COLOUR.fullmatch(c)), None)
    if wrong is not None:
        raise _WrongError(f"colours as #rrggbb, which {wrong} is not")
    return tuple((code, colour.lower()) for code, colour in found)


def _rows(*rows: Fact) -> dict[str, Fact]:
    return {row.name: row for row in rows}


LAYER_FACTS = _rows(
    Fact("title", _text, what="what it is, in a line"),
    Fact("description", _text, what="what it is, at length"),
    Fact("keywords", _texts, (), "words to find it by"),
    Fact("licence", _licence, what="SPDX identifier, proprietary, various, or a URL"),
    Fact("citation", _text, what="how to cite the data"),
    Fact("doi", _doi, what="digital object identifier"),
    Fact("providers", _providers, (), "who made, licenses, processed or hosts it"),
    Fact("lineage", _text, what="how the data was made"),
    Fact("level", _text, what="processing level"),
    Fact("facility", _text, what="where it was processed"),
)
_OF_PROVENANCE = ("lineage", "level", "facility")
_COLUMN = (
    Fact("unit", _unit, what="unit of the decoded value"),
    Fact("long_name", _text, what="what it is, in words"),
    Fact("standard_name", _standard_name, what="CF standard name"),
    Fact("classes", _classes, (), "names of class codes"),
)
ATTRIBUTE_FACTS = _rows(*_COLUMN)
BAND_FACTS = _rows(
    *_COLUMN,
    Fact("colours", _colours, (), "colours of class codes"),
    Fact("valid_range", _range, what="values that can be right"),
    Fact("display_range", _range, what="values at the ends of a colour ramp"),
    Fact("ramp", _ramp, what="a colour ramp that suits it"),
    Fact("resampling", _resampling, what="how it is brought to a coarser grid"),
)
_OF_CLASSES = ("classes", "colours")
_METHODS_OF_CODES = ("mode", "first", "last", "min", "max", "count")


def read_fact(rows: Mapping[str, Fact], owner: str, name: str, value: Any) -> Any:
    """The value of a fact as a record keeps it.

    Args:
        rows: the facts there are.
        owner: whose it is, for the error: ``layer s2``.
        name: of the fact.
        value: what was given; None takes the fact away.

    Raises:
        FactError: there is no such fact, or the value cannot be one.
    """
    fact = rows.get(name)
    if fact is None:
        near = nearest(name, rows) or tuple(rows)
        raise FactError(f"{name} of {owner}", "a fact that is not known", f"one of {', '.join(near)}")
    if value is None:
        return fact.empty
    try:
        return fact.read(value)
    except _WrongError as wrong:
        raise FactError(f"{name} of {owner}", _shown(value), str(wrong)) from None


def as_told(layer: Layer) -> Layer:
    """A layer's record as others than its owner are told: of one that a query made without that query and the layers it
    read, which they may know nothing of. Its lineage, in words, is told."""
    made = layer.provenance
    if made.expression is None:
        return layer
    return replace(layer, provenance=replace(made, expression=None, sources=(), source_count=0))


def with_facts(layer: Layer, values: Mapping[str, Any]) -> Layer:
    """A layer with facts of its own set, or by None taken away.

    Raises:
        FactError: a fact is unknown, or cannot be so.
    """
    found = {name: read_fact(LAYER_FACTS, f"layer {layer.name}", name, v) for name, v in values.items()}
    made = {name: found.pop(name) for name in _OF_PROVENANCE if name in found}
    provenance: Provenance = replace(layer.provenance, **made)
    return replace(layer, **found, provenance=provenance)


def with_band_facts(layer: Layer, name: str, values: Mapping[str, Any]) -> Layer:
    """A layer with facts of a band, or of an attribute, set or taken away.

    Raises:
        FactError: there is no such column, or a fact is unknown or cannot be so.
    """
    columns: tuple[Band | Attribute, ...] = (*layer.bands, *layer.attributes)
    column = next((c for c in columns if c.name.casefold() == name.casefold()), None)
    if column is None:
        known = tuple(c.name for c in columns)
        what = "band" if layer.kind == "grid" else "attribute"
        near = ", ".join(nearest(name, known) or known)
        raise FactError(f"layer {layer.name}", f"no {what} {name!r}", f"one of {near}")
    changed = replace(column, **{n: read_column_fact(layer, column, n, v) for n, v in values.items()})
    place = columns.index(column)
    columns = (*columns[:place], changed, *columns[place + 1 :])
    return replace(
        layer,
        bands=tuple(c for c in columns if isinstance(c, Band)),
        attributes=tuple(c for c in columns if isinstance(c, Attribute)),
    )


def read_column_fact(layer: Layer, column: Band | Attribute, name: str, value: Any) -> Any:
    """As :func:`read_fact`, of a band or an attribute.

    Raises:
        FactError: a fact is unknown, cannot be so, or is one of class codes where there are none.
    """
    rows = BAND_FACTS if isinstance(column, Band) else ATTRIBUTE_FACTS
    owner = f"{'band' if isinstance(column, Band) else 'attribute'} {layer.name}.{column.name}"
    found = read_fact(rows, owner, name, value)
    holds_codes = column.kind == "categorical" if isinstance(column, Band) else column.type == "integer"
    if found and name in _OF_CLASSES and not holds_codes:
        raise FactError(f"{name} of {owner}", repr(value), "to leave it out: its values are no class codes")
    if found and name == "resampling" and holds_codes and found not in _METHODS_OF_CODES:
        raise FactError(f"{name} of {owner}", f"{found!r} of class codes", f"one of {', '.join(_METHODS_OF_CODES)}")
    return found

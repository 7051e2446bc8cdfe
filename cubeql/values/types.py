"""Types of expressions: what a value is, its unit, its classes, the resolution of its cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from cubeql.values.units import same as same_unit

TypeName = Literal[
    "number", "integer", "text", "boolean", "timestamp", "interval", "cell", "geometry", "list", "null", "any"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Type:
    """The type of an expression.

    Attributes:
        name: the kind of value; ``null`` is the type of a bare NULL, ``any`` of an unbound parameter.
        unit: unit of a number; None where unknown.
        classes: (code, name) pairs where the value is a class code.
        categorical: the value is a class code, named or not.
        resolution: H3 resolution of a cell; None where it is not known before running.
        element: type of a list's elements.
        length: how many elements every list of it has; None where they differ.
    """

    name: TypeName
    unit: str | None = None
    classes: tuple[tuple[int, str], ...] = ()
    categorical: bool = False
    resolution: int | None = None
    element: Type | None = None
    length: int | None = None

    @property
    def is_numeric(self) -> bool:
        """Whether arithmetic applies."""
        return self.name in ("number", "integer", "null", "any")

    def bare(self) -> Type:
        """The same kind of value without unit and classes."""
        return replace(self, unit=None, classes=(), categorical=False)

    def with_unit(self, unit: str | None) -> Type:
        """The same type in another unit."""
        return replace(self, unit=unit)

    def __str__(self) -> str:
        if self.name == "list" and self.element is not None:
            return f"list of {self.element}"
        return self.name


NUMBER = Type("number")
INTEGER = Type("integer")
TEXT = Type("text")
BOOLEAN = Type("boolean")
TIMESTAMP = Type("timestamp")
INTERVAL = Type("interval")
CELL = Type("cell")
GEOMETRY = Type("geometry")
NULL = Type("null")
ANY = Type("any")

_ORDER = ("null", "any", "integer", "number")


def accepts(wanted: TypeName, given: Type) -> bool:
    """Whether a value of type ``given`` may stand where ``wanted`` is asked for."""
    if wanted == "any" or given.name in ("null", "any", wanted):
        return True
    return (wanted, given.name) in {("number", "integer"), ("text", "cell")}


def common(types: tuple[Type, ...]) -> Type | None:
    """The type that values of all ``types`` share (CASE branches, COALESCE, IN lists); None if there is none."""
    known = [t for t in types if t.name not in ("null", "any")]
    if not known:
        return types[0] if types else NULL
    first = known[0]
    for other in known[1:]:
        if other.name == first.name:
            same_cell = first.resolution == other.resolution
            first = replace(
                first,
                unit=first.unit if same_unit(first.unit, other.unit) else None,
                classes=first.classes if first.classes == other.classes else (),
                categorical=first.categorical and other.categorical,
                resolution=first.resolution if same_cell else None,
                length=first.length if first.length == other.length else None,
            )
        elif first.name in _ORDER and other.name in _ORDER:
            first = Type("number", unit=first.unit if same_unit(first.unit, other.unit) else None)
        else:
            return None
    return first

"""How the makers of values want them seen: what a layer's card says, or the metadata of a result's column."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from cubeql.catalog import Band

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Look:
    """What was told; most makers tell a part of it or nothing.

    Attributes:
        ramp: name of a colour ramp, which need not be known here.
        ends: the values that have the ramp's first and last colour.
        colours: (code, colour) pairs of classes.
    """

    ramp: str | None = None
    ends: tuple[float, float] | None = None
    colours: tuple[tuple[int, Rgb], ...] = ()

    @staticmethod
    def of_band(band: Band) -> Look:
        """What the card says of a band."""
        return Look(band.ramp, band.display_range, tuple((code, rgb_of_text(text)) for code, text in band.colours))

    @staticmethod
    def of_field(field: pa.Field) -> Look:
        """What a result says of a column that is a band."""
        facts = {k.decode(): v.decode() for k, v in (field.metadata or {}).items() if k.startswith(b"cubeql.")}
        low, _, high = facts.get("cubeql.display_range", "").partition("|")
        pairs = [entry.split("=", 1) for entry in facts.get("cubeql.colours", "").split("|") if entry]
        return Look(
            facts.get("cubeql.ramp"),
            (float(low), float(high)) if low else None,
            tuple((int(code), rgb_of_text(text)) for code, text in pairs),
        )

    def classes(self, names: dict[int, str]) -> dict[int, str] | None:
        """Names of classes by code; one that has a colour and no name is called by its code. None where none are."""
        return {code: str(code) for code, _ in self.colours} | names or None


def rgb_of_text(text: str) -> Rgb:
    """A colour written as ``#rrggbb``."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue

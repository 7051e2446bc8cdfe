"""Colours of values: ramps whose lightness rises all the way, and classes that look like what they are called.

Colours are made in OKLCH (lightness 0 to 1, chroma, hue in degrees), where equal steps look equal. As lightness tells
the order, a ramp is read in grey too. Ramps that makers of data name are not ours: those that the ``cmap`` package
knows are taken as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cubeql.drawing.looks import Look
from cubeql.drawing.looks import Rgb as Rgb
from cubeql.drawing.selection import Choice

SHADES = 64
_FADED = 0.82  # of the way to the ground: what is not chosen is seen to be there, and no more

_Lch = tuple[float, float, float]

RAMPS: dict[str, str] = {
    "lagoon": "0.24 0.10 300  0.40 0.11 265  0.56 0.10 215  0.71 0.13 160  0.84 0.17 125  0.94 0.16 105",
    "relief": "0.33 0.06 175  0.48 0.09 150  0.62 0.10 120  0.74 0.10 85  0.85 0.05 70  0.97 0.01 90",
    "embers": "0.22 0.08 285  0.38 0.15 315  0.54 0.19 10  0.70 0.17 45  0.84 0.14 80  0.96 0.07 100",
    "leaves": "0.30 0.05 50  0.45 0.07 65  0.60 0.09 90  0.72 0.13 118  0.83 0.17 130  0.93 0.13 122",
    "rain": "0.23 0.04 280  0.38 0.10 268  0.53 0.13 250  0.68 0.12 228  0.82 0.09 205  0.95 0.04 190",
    "grey": "0.22 0 0  0.97 0 0",
    "balance": "0.30 0.13 265  0.45 0.11 262  0.62 0.01 240  0.80 0.11 80  0.93 0.13 95",
}
"""Name to colours at equal distances, three numbers each: lightness, chroma, hue."""

TWO_SIDED = ("balance",)
"""Ramps whose middle stands for 0: every eye tells blue below from yellow above, and lightness rises all the way."""

_STRADDLES = 0.25  # of the wider side of 0 the narrower must have, so that 0 is worth a colour

_FITTING: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("balance", ("anom", "diff", "delta", "change", "trend", "bias", "residual", "deviation")),
    ("relief", ("elev", "dem", "relief", "height", "altitude", "orograph")),
    ("embers", ("degc", "kelvin", "t2m", "temp", "lst", "heat")),
    ("rain", ("precip", "rain", "tp", "mm", "moist", "ndwi", "ndmi", "humid", "water")),
    ("leaves", ("ndvi", "evi", "green", "tree", "leaf", "lai", "savi", "veg")),
)
"""Ramp to beginnings of words in the name or unit of what it suits."""

_KINDS: tuple[tuple[tuple[str, ...], _Lch], ...] = (
    (("no_data", "no data", "nodata", "unclassified", "saturated", "defective", "unknown"), (0.38, 0.0, 0)),
    (("shadow", "dark"), (0.30, 0.02, 270)),
    (("cirrus",), (0.86, 0.04, 310)),
    (("cloud",), (0.88, 0.01, 250)),
    (("snow", "ice"), (0.95, 0.03, 215)),
    (("wetland", "marsh", "mangrove"), (0.60, 0.09, 195)),
    (("water", "ocean", "sea", "lake", "river"), (0.45, 0.12, 248)),
    (("urban", "built", "city", "settlement"), (0.58, 0.20, 27)),
    (("crop", "agri", "farm", "maize", "wheat"), (0.82, 0.13, 92)),
    (("not_veg", "non_veg", "barren", "bare", "desert", "sand", "rock", "soil"), (0.76, 0.06, 70)),
    (("savanna",), (0.70, 0.11, 112)),
    (("shrub", "bush"), (0.62, 0.09, 78)),
    (("grass", "pasture", "meadow"), (0.78, 0.14, 128)),
    (("forest", "tree", "wood"), (0.46, 0.11, 147)),
    (("veget", "green"), (0.60, 0.14, 140)),
)
"""Words in the name of a class to its colour; the first row that has one decides."""

_STEPS = ((0.0, 0), (0.11, 12), (-0.09, -14), (0.19, -22), (0.05, 28), (-0.05, 40), (0.14, -38), (-0.14, 20))
"""What is added to lightness and hue for the second, third, … class of the same row."""


def rgb_of(colours: NDArray[np.float64]) -> NDArray[np.int_]:
    """sRGB, 0 to 255, of colours in OKLab (lightness, a, b); those that no screen shows are brought to its edge."""
    light, a, b = np.moveaxis(colours, -1, 0)
    cone = np.stack(
        [
            light + 0.3963377774 * a + 0.2158037573 * b,
            light - 0.1055613458 * a - 0.0638541728 * b,
            light - 0.0894841775 * a - 1.2914855480 * b,
        ],
        axis=-1,
    )
    linear = cone**3 @ _CONES_TO_RGB.T
    linear = np.clip(linear, 0.0, 1.0)
    gamma = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(gamma * 255).astype(int))


_CONES_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def _lab(lch: _Lch) -> tuple[float, float, float]:
    light, chroma, hue = lch
    return light, chroma * float(np.cos(np.radians(hue))), chroma * float(np.sin(np.radians(hue)))


def _rgb(lch: _Lch) -> Rgb:
    red, green, blue = rgb_of(np.array(_lab(lch))).tolist()
    return red, green, blue


@lru_cache(256)
def ramp(name: str, shades: int = SHADES) -> tuple[Rgb, ...]:
    """The colours of a ramp, from the lowest value to the highest.

    Args:
        name: one of :data:`RAMPS`, or any for which :func:`knows_ramp` holds.
        shades: how many.
    """
    if name not in RAMPS:
        return _foreign_ramp(name, shades)
    numbers = [float(word) for word in RAMPS[name].split()]
    stops = np.array([_lab((light, chroma, hue)) for light, chroma, hue in zip(*[iter(numbers)] * 3, strict=True)])
    at = np.linspace(0, len(stops) - 1, shades)
    mixed = np.stack([np.interp(at, np.arange(len(stops)), stops[:, i]) for i in range(3)], axis=-1)
    return tuple((r, g, b) for r, g, b in rgb_of(mixed).tolist())


def _foreign_ramp(name: str, shades: int) -> tuple[Rgb, ...]:
    from cmap import Colormap  # takes long to load, and is seldom needed

    spoken = name.replace("cmo.", "cmocean.", 1).replace(".", ":", 1)
    colours = np.round(np.asarray(Colormap(spoken)(np.linspace(0.0, 1.0, shades)))[:, :3] * 255).astype(int)
    return tuple((r, g, b) for r, g, b in colours.tolist())


@lru_cache(256)
def knows_ramp(name: str) -> bool:
    """Whether a ramp of this name can be drawn: ``lagoon``, ``viridis``, ``cmo.thermal``, ``RdYlGn_r``."""
    try:
        return bool(ramp(name))
    except ValueError:
        return False


def fitting_ramp(name: str, unit: str | None) -> str:
    """The ramp that suits a quantity, by its name and unit."""
    words = [word for text in (name, unit or "") for word in text.casefold().replace("_", " ").split()]
    for chosen, beginnings in _FITTING:
        if any(word.startswith(beginnings) for word in words):
            return chosen
    return next(iter(RAMPS))


def class_colours(classes: Mapping[int, str]) -> dict[int, Rgb]:
    """A colour a code: that of its name where it says what it is, else one of a wheel."""
    taken: dict[int, int] = {}
    colours: dict[int, Rgb] = {}
    for number, (code, name) in enumerate(sorted(classes.items())):
        row = next((i for i, (words, _) in enumerate(_KINDS) if any(w in name.casefold() for w in words)), None)
        if row is None:
            colours[code] = _rgb((0.70, 0.13, 137.5 * number % 360))
            continue
        nth = taken.get(row, 0)
        taken[row] = nth + 1
        light, chroma, hue = _KINDS[row][1]
        lighter, turned = _STEPS[nth % len(_STEPS)]
        colours[code] = _rgb((min(max(light + lighter, 0.2), 0.97), chroma, hue + turned))
    return colours


class Coloured(Protocol):
    """A band, or a column of a result: what decides about the colours of its values."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def unit(self) -> str | None:
        """Its unit."""
        ...

    @property
    def classes(self) -> dict[int, str] | None:
        """Names of its classes; None of numbers."""
        ...

    @property
    def look(self) -> Look:
        """How its makers want it seen."""
        ...


def ramp_of(what: Coloured) -> str:
    """The ramp that its makers chose, else the one that suits it."""
    chosen = what.look.ramp
    return chosen if chosen is not None and knows_ramp(chosen) else fitting_ramp(what.name, what.unit)


def line_on(ground: Rgb, share: float) -> Rgb:
    """The colour of a line that is seen on a colour: light on dark, dark on light, by a share of the way."""
    bright = 0.299 * ground[0] + 0.587 * ground[1] + 0.114 * ground[2] > 140
    red, green, blue = (round(c + ((12 if bright else 250) - c) * share) for c in ground)
    return red, green, blue


@dataclass(frozen=True, slots=True)
class Scale:
    """How values become colours.

    Attributes:
        colours: the palette.
        low: value of the first shade of a ramp.
        high: value of the last.
        codes: class codes, ascending, a colour each; None for a ramp.
        choice: the values that keep their colours; the second half of the palette is that of the others. None of
            all values.
        named: of a ramp, its name.
    """

    colours: tuple[Rgb, ...]
    low: float = 0.0
    high: float = 1.0
    codes: tuple[int, ...] | None = None
    choice: Choice | None = None
    named: str = field(default="", compare=False)

    @staticmethod
    def of(what: Coloured, values: NDArray[np.float64]) -> Scale:
        """The colours that its makers chose, and where they chose none those that suit it.

        Args:
            what: whose values they are.
            values: all that are at hand; they tell the ends of the ramp where the makers did not.
        """
        if what.classes:
            return Scale.of_classes(what.classes, dict(what.look.colours))
        if what.look.ends is not None:
            return Scale(ramp(ramp_of(what)), *what.look.ends, named=ramp_of(what))
        name = ramp_of(what)
        return Scale.of_values(values, name if what.look.ramp == name else _for_values(values, name))

    @staticmethod
    def of_values(values: NDArray[np.float64], name: str) -> Scale:
        """A ramp from the lowest to the highest value, a few far ones at each end left out."""
        known = values[np.isfinite(values)]
        if not len(known):
            return Scale(ramp(name), named=name)
        low, high = (float(v) for v in np.percentile(known, [1, 99]))
        if low == high:
            low, high = float(known.min()), float(known.max())
        return Scale(ramp(name), *_ends(low, high, name), named=name)

    def in_ramp(self, name: str) -> Scale:
        """The same values in other colours."""
        low, high = _ends(self.low, self.high, name)
        return replace(self, colours=ramp(name), low=low, high=high, named=name)

    @staticmethod
    def of_classes(classes: Mapping[int, str], chosen: Mapping[int, Rgb] | None = None) -> Scale:
        """A colour a class: the chosen one, else one that suits its name."""
        colours = {code: (chosen or {}).get(code, colour) for code, colour in class_colours(classes).items()}
        return Scale(tuple(colours.values()), codes=tuple(colours))

    def fading(self, choice: Choice | None, ground: Rgb) -> Scale:
        """The same with colours close to those of the ground for all values but those of a choice."""
        own = self.colours if self.choice is None else self.colours[: len(self.colours) // 2]
        if choice is None:
            return replace(self, colours=own, choice=None)
        return replace(self, colours=(*own, *(_faded(colour, ground) for colour in own)), choice=choice)

    @property
    def nothing(self) -> int:
        """The index that stands for no value."""
        return len(self.colours)

    def indexes(self, values: NDArray[np.float64]) -> NDArray[np.int16]:
        """Which colour each value has; values beyond the ends have those of the ends."""
        if self.choice is None:
            return self._plain(values)
        shades = len(self.colours) // 2
        own = self.fading(None, (0, 0, 0))._plain(values)
        faded = np.where(self.choice.holds(values), own, own + shades)
        return np.where(own == shades, self.nothing, faded).astype(np.int16)

    def _plain(self, values: NDArray[np.float64]) -> NDArray[np.int16]:
        if self.codes is not None:
            codes = np.array(self.codes, dtype=np.float64)
            at = np.clip(np.searchsorted(codes, values), 0, len(codes) - 1)
            return np.where(codes[at] == values, at, self.nothing).astype(np.int16)
        share = np.clip((values - self.low) / ((self.high - self.low) or 1.0), 0.0, 1.0)
        shade = np.nan_to_num(share) * (len(self.colours) - 1)
        return np.where(np.isnan(values), self.nothing, np.round(shade)).astype(np.int16)


def _ends(low: float, high: float, name: str) -> tuple[float, float]:
    """The values at the ends of a ramp: as far below 0 as above where its middle stands for 0."""
    if name not in TWO_SIDED:
        return low, high
    reach = max(abs(low), abs(high))
    return -reach, reach


def _for_values(values: NDArray[np.float64], name: str) -> str:
    """One with two sides where the values lie on both sides of 0 and no other is known to suit them."""
    known = values[np.isfinite(values)]
    if not len(known) or name != next(iter(RAMPS)):
        return name
    low, high = (float(v) for v in np.percentile(known, [1, 99]))
    return TWO_SIDED[0] if low < 0 < high and min(-low, high) >= _STRADDLES * max(-low, high) else name


def _faded(colour: Rgb, ground: Rgb) -> Rgb:
    grey = (colour[0] + colour[1] + colour[2]) / 3
    red, green, blue = (round(g + ((c + grey) / 2 - g) * (1 - _FADED)) for c, g in zip(colour, ground, strict=True))
    return red, green, blue

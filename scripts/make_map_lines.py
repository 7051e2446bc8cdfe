"""Make the coasts and borders of the terminal's map from the npm package world-atlas.

Run by hand; the result is committed:

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python -m scripts.make_map_lines package

The package (ISC, Michael Bostock) is Natural Earth, in the public domain, as TopoJSON: places are whole numbers, and an
arc that two countries share stands in it once. Such an arc is a border, any other a coast.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

TARGET = Path(__file__).parents[1] / "cubeql" / "drawing" / "lines.npz"
DETAILS = ("110m", "50m")


def arcs_of(part: Any) -> Iterator[int]:
    """Numbers of all arcs below a part of a geometry; one that is taken backwards is its complement."""
    for inner in part:
        if isinstance(inner, list):
            yield from arcs_of(inner)
        else:
            yield inner if inner >= 0 else ~inner


def arrays(file: Path) -> dict[str, Any]:
    """The arcs of a file: steps from point to point, how many, whether a border, scale and origin of the numbers."""
    topology = json.loads(file.read_text("utf-8"))
    used = np.zeros(len(topology["arcs"]), int)
    for country in topology["objects"]["countries"]["geometries"]:
        for arc in arcs_of(country.get("arcs", [])):
            used[arc] += 1
    steps = np.concatenate([np.array(arc, np.int32) for arc in topology["arcs"]])
    to = np.array([topology["transform"]["scale"], topology["transform"]["translate"]])
    lengths = np.array([len(arc) for arc in topology["arcs"]], np.int32)
    return {"xy": steps, "lengths": lengths, "border": used > 1, "to": to}


def main(folder: Path) -> None:
    """Write the lines of a package's folder."""
    found = {detail: arrays(folder / f"countries-{detail}.json") for detail in DETAILS}
    np.savez_compressed(TARGET, **{f"{d}_{name}": array for d, parts in found.items() for name, array in parts.items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]))

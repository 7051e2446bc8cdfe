"""The peers as rows: what they need, what they read, and how exactly they answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from benchmarks.peers.landscape import Landscape

OURS, FLOOR = "CubeQL", "numpy"
OURS_FROM_FILES = "CubeQL from files"
"""The same with nothing that stays decoded from one question to the next."""


@dataclass(frozen=True)
class Peer:
    """One of those that are asked.

    Attributes:
        name: as tables write it.
        door: module and function that opens it.
        reads: the folder of its data, made by ``building``.
        needs: packages that have to be there.
        cells: it keeps cells; else pixels.
        tolerance: how far numbers may be off, relatively; those that decode to 32-bit floats are exact to less.
    """

    name: str
    door: tuple[str, str]
    reads: str
    needs: tuple[str, ...] = ()
    cells: bool = False
    tolerance: float = 1e-9

    @property
    def installed(self) -> bool:
        """Whether all that it needs can be imported."""
        return all(find_spec(name) is not None for name in self.needs)

    def open(self, land: Landscape) -> dict[str, Callable[[], Any]]:
        """Its answers to the questions, by name."""
        module, function = self.door
        return getattr(import_module(f"benchmarks.peers.{module}"), function)(land)


PEERS = (
    Peer(OURS, ("ours", "ask"), "store", cells=True),
    Peer(OURS_FROM_FILES, ("ours", "ask_files"), "store", cells=True),
    Peer(FLOOR, ("plain", "ask"), "cog"),
    Peer("xarray + dask", ("labelled", "ask"), "zarr", ("dask", "zarr"), tolerance=1e-6),
    Peer("xarray-sql", ("labelledsql", "ask"), "zarr", ("xarray_sql", "zarr"), tolerance=1e-6),
    Peer("SedonaDB", ("sedona", "ask"), "cog", ("sedonadb",)),
    Peer("DuckDB pixels", ("rows", "ask_pixels"), "pixels"),
    Peer("DuckDB cells", ("rows", "ask_cells"), "cells", cells=True),
)
BY_NAME = {p.name: p for p in PEERS}

from __future__ import annotations

from functools import cache

import h3
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from cubeql.values.cells import BASE_TILES
from cubeql.values.tiles import valid_cells

Cells = NDArray[np.int64]


@cache
def globe(resolution: int) -> Cells:
    return np.concatenate([valid_cells(int(t), resolution) for t in BASE_TILES])


@cache
def pentagons(resolution: int) -> tuple[int, ...]:
    return tuple(sorted(h3.str_to_int(c) for c in h3.get_pentagons(resolution)))


def places() -> st.SearchStrategy[tuple[float, float]]:
    """Longitude and latitude anywhere, more often than not where grids go wrong."""
    anywhere = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
    antimeridian = st.tuples(st.floats(179, 180) | st.floats(-180, -179), st.floats(-85, 85))
    poles = st.tuples(st.floats(-180, 180), st.floats(88, 90) | st.floats(-90, -88))
    corners = st.sampled_from([h3.cell_to_latlng(h3.int_to_str(c)) for c in pentagons(8)]).map(
        lambda p: (p[1], p[0])
    )
    return anywhere | antimeridian | poles | corners

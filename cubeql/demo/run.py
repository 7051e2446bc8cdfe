"""Build the demo's store and put the questions to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cubeql.demo.layers import LAYERS, ROWS, DemoLayer, DemoRows
from cubeql.demo.queries import QUERIES, DemoQuery

if TYPE_CHECKING:
    from cubeql.engine.result import Result
    from cubeql.sessions import AnySession

Say = Callable[[str], None]
Show = Callable[["Result"], None]


@dataclass(frozen=True, slots=True)
class Built:
    """A layer that was built, or was there: ``cells`` (or rows) written and ``seconds`` taken are 0 then."""

    layer: DemoLayer | DemoRows
    cells: int
    seconds: float


def build(
    session: AnySession, say: Say, layers: Sequence[DemoLayer | DemoRows] = (*LAYERS, *ROWS)
) -> tuple[Built, ...]:
    """Ingest every layer that the session's store does not have yet.

    Args:
        session: an open session; its store is written to.
        say: takes a line about each layer, before and after.
        layers: which layers.

    Raises:
        IngestError: a data file is damaged or missing.
        StoreError: the store cannot be written, or has a layer of that name made of other files.
    """
    return tuple(
        _built(session, layer, say) if isinstance(layer, DemoLayer) else _rows_built(session, layer, say)
        for layer in layers
    )


def _built(session: AnySession, layer: DemoLayer, say: Say) -> Built:
    say(f"{layer.name}: {layer.title}")
    began = time.perf_counter()
    report = session.ingest(
        layer.paths, layer=layer.name, resolution=layer.resolution, method=layer.method, **layer.options
    )
    seconds = time.perf_counter() - began
    if report.skipped:
        say("  is there already")
        return Built(layer, 0, 0.0)
    say(f"  {report.cells:,} values of cells at resolution {layer.resolution} in {seconds:.1f} s")
    return Built(layer, report.cells, seconds)


def _rows_built(session: AnySession, layer: DemoRows, say: Say) -> Built:
    say(f"{layer.name}: {layer.title}")
    began = time.perf_counter()
    report = session.ingest(layer.paths, layer=layer.name, **layer.options)
    seconds = time.perf_counter() - began
    if report.skipped:
        say("  is there already")
        return Built(layer, 0, 0.0)
    say(f"  {report.rows:,} rows in {seconds:.1f} s")
    return Built(layer, report.rows, seconds)


def run(session: AnySession, say: Say, show: Show, queries: Sequence[DemoQuery] = QUERIES) -> float:
    """Ask the questions one after the other; the seconds they took together.

    Args:
        session: a session on a store that :func:`build` filled.
        say: takes lines: the question, the statement, the time.
        show: takes a result and shows its table.
        queries: which questions.

    Raises:
        CubeQLError: a query failed.
    """
    total = 0.0
    for number, query in enumerate(queries, 1):
        say("")
        say(f"{number}. {query.question}")
        say(f"   ({query.shows})")
        say(query.text)
        say("")
        began = time.perf_counter()
        result = session.query(query.text)
        show(result)
        seconds = time.perf_counter() - began
        say(f"{seconds:.2f} s")
        total += seconds
    return total


def next_steps(store: str) -> tuple[str, ...]:
    """Lines that say how to go on from here.

    Args:
        store: the address of the demo's store.
    """
    return (
        "Go on:",
        f"  cubeql tui {store}                           the layers on a screen: ask, see the map, export",
        f'  cubeql {store} -c "DESCRIBE s2"              what is in a layer',
        f"  cubeql {store}                               a prompt for your own questions",
        f'  cubeql.connect("{store}").query("FROM …")    the same from Python; answers are Arrow tables',
        f"  cubeql ingest yours.tif --layer yours --store {store}",
        "Where the data come from, and their licences: docs/demo-data.md.",
    )

"""Commands about the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cubeql.cli.commands.statement import quoted_name
from cubeql.cli.output.kept import Kept
from cubeql.cli.shell.feeding import ask
from cubeql.cli.shell.state import Shell
from cubeql.drawing.display import bytes_text, span_text
from cubeql.errors import ConfigError, nearest
from cubeql.formats.rows import Rows

if TYPE_CHECKING:
    import numpy as np

    from cubeql.catalog import Attribute, Band, Layer

EMPTY = (
    "this store is empty: `cubeql ingest FILE --layer NAME` brings data in, "
    "`cubeql demo` makes a store of real data to try"
)


def layers(shell: Shell, word: str) -> None:
    """List what the store holds, as it is to be seen: ``SHOW LAYERS`` has the exact figures."""
    listed = shell.session.query("SHOW LAYERS").to_arrow()
    times = [listed[n].to_numpy() for n in ("first_time", "last_time")]
    found = [
        {
            "layer": row["layer"],
            "kind": f"grid {row['resolution']}" if row["kind"] == "grid" else row["kind"],
            "time": _span(times[0][i], times[1][i]),
            "size": None if row["bytes"] is None else bytes_text(row["bytes"]),
            "title": row["title"],
        }
        for i, row in enumerate(listed.drop_columns(["first_time", "last_time"]).to_pylist())
    ]
    store = shell.session.store
    found += [_row(name, "view", title=store.view(name)) for name in store.view_names()]
    found += [_row(name, "cells") for name in store.cell_set_names()]
    kept = [row for row in found if word.casefold().strip("%*") in str(row["layer"]).casefold()]
    if not found:
        shell.diagnostics.notice(EMPTY)
    elif not kept:
        shell.diagnostics.notice(f"no layer has {word} in its name")
    else:
        _show(shell, kept)


def schema(shell: Shell, name: str) -> None:
    """List the columns of layers."""
    chosen = shell.session.layers if not name else (_layer(shell, name),)
    found = [row for layer in chosen for row in _columns(layer)]
    if found:
        _show(shell, found)
    else:
        shell.diagnostics.notice(EMPTY)


def describe(shell: Shell, name: str) -> None:
    """Say all that is known of a layer, view or set of cells."""
    if not name:
        raise ConfigError("name a layer, for example .describe s2; .layers lists them")
    ask(shell, f"DESCRIBE {_written(name)}")


def _span(first: np.datetime64, last: np.datetime64) -> str | None:
    return None if first != first else span_text(first, last)  # NaT is not itself


def _row(layer: str, kind: str, **facts: Any) -> dict[str, Any]:
    return {"layer": layer, "kind": kind, "time": None, "size": None, "title": None, **facts}


def _written(name: str) -> str:
    return name if name.startswith('"') else quoted_name(name.removesuffix(";"))


def _layer(shell: Shell, name: str) -> Layer:
    name = name.removesuffix(";")
    found = shell.session.store.layer(name)
    if found is not None:
        return found
    near = nearest(name, shell.session.store.layer_names())
    hint = f"did you mean {' or '.join(near)}?" if near else ".layers lists them"
    raise ConfigError(f"there is no layer {name}\n  hint: {hint}")


def _columns(layer: Layer) -> list[dict[str, str | None]]:
    keys: list[tuple[str, str, str | None, str | None]] = [("cell", "cell", None, f"resolution {layer.resolution}")]
    if layer.time is not None:
        keys.append(("time", "timestamp", None, layer.time.step or None))
    keys += [(d.name, d.type, d.unit, None) for d in layer.dimensions]
    values = [_of_band(band) for band in layer.bands] + [_of_attribute(a) for a in layer.attributes]
    names = ("column", "type", "unit", "about")
    return [{"layer": layer.name, **dict(zip(names, row))} for row in (*keys, *values)]


def _of_band(band: Band) -> tuple[str, str, str | None, str | None]:
    classes = f"{len(band.classes)} classes" if band.classes else None
    about = ", ".join(part for part in (band.long_name, classes) if part)
    return band.name, "integer" if band.is_integer else "number", band.unit, about or None


def _of_attribute(attribute: Attribute) -> tuple[str, str, str | None, str | None]:
    return attribute.name, attribute.type, attribute.unit, attribute.long_name


def _show(shell: Shell, rows: list[dict[str, Any]]) -> None:
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in rows[0]}
    table = pa.table(columns)
    written = shell.showing.show(Kept(Rows(table.schema, iter(table.to_batches()))))
    for notice in written.notices:
        shell.diagnostics.notice(notice)

"""What a tile row, a file and a commit take: bytes by kind of column, of the log, and of a state in memory.

    python -m benchmarks.footprint STORE LAYER [--files 48800]

The constants of :mod:`benchmarks.model` that are no times come from here.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.compiling import _many
from cubeql.storage import Store


def columns(store: Path, layer: str) -> Iterator[str]:
    """Bytes of a tile row, compressed, by kind of column; and of the footers."""
    sizes: Counter[str] = Counter()
    rows = groups = 0
    for path in Store.open(store).snapshot(layer).files["path"].to_pylist():
        footer = pq.read_metadata(path)
        rows, groups = rows + footer.num_rows, groups + footer.num_row_groups
        sizes["footer"] += footer.serialized_size
        for group in range(footer.num_row_groups):
            for column in range(footer.num_columns):
                chunk = footer.row_group(group).column(column)
                sizes[_kind(chunk.path_in_schema)] += chunk.total_compressed_size
    yield f"{rows:,} rows in {groups:,} row groups; bytes a row: " + ", ".join(
        f"{kind} {size / rows:,.1f}" for kind, size in sizes.most_common()
    )


def _kind(path: str) -> str:
    if "__l2" in path or "__l4" in path:
        return "overviews"
    return "array" if path.endswith("element") else "keys and summaries"


def log(files: int) -> Iterator[str]:
    """Bytes of the log a file, and of the state that a session remembers; seconds to read it."""
    with tempfile.TemporaryDirectory() as folder:
        store, _ = _many(Path(folder) / "store", files)
        logs = [p for p in store.rglob("_delta_log/*") if p.is_file()]
        for end in (".json", ".parquet"):
            size = sum(p.stat().st_size for p in logs if p.name.endswith(end))
            yield f"log, {end}: {size / files:,.0f} bytes a file"
        began = time.process_time()
        tracemalloc.start()
        state = Store.open(store).snapshot("small")
        python, _ = tracemalloc.get_traced_memory()
        spent = time.process_time() - began
        yield f"state: {state.files.nbytes / files:,.0f} bytes a file of Arrow, {python / files:,.0f} of Python"
        yield f"read in {spent * 1e6 / files:,.1f} us of CPU a file"


def main() -> None:
    """Print what there is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.footprint", description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("layer")
    parser.add_argument("--files", type=int, default=48_800)
    args = parser.parse_args()
    for line in (*columns(args.store, args.layer), *log(args.files)):
        print(line, flush=True)


if __name__ == "__main__":
    main()

"""The demo's questions, asked by each client of a store that is served from a disk and from S3.

    python -m benchmarks.clients STORE                          # a SeaweedFS of its own on the loopback
    python -m benchmarks.clients STORE --s3 s3://bucket/place   # yours, by the AWS settings of the environment

Every answer is held against the Python API's on the same store: names, types and metadata as far as the client keeps
them, order, and values, exactly but for floats, which threads add up in the order in which they come (1e-12). The short
question is timed from a new connection to the whole answer. Server and clients are one process.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from benchmarks.everywhere import service, upload
from cubeql.demo.queries import QUERIES
from cubeql.demo.sources import DATA
from cubeql.server.serving import Serving
from cubeql.server.settings import ServerSettings
from cubeql.session import Session
from tests.support.clients import CLIENTS, Place, check

SHORT = "FROM climate FILTER cell WITHIN POINT(26.1, 44.4) SELECT time, t2m ORDER BY time"


@contextlib.contextmanager
def served(store: str) -> Iterator[tuple[Session, Place]]:
    """A store, and the place where it is served."""
    settings = ServerSettings.of(flight={"address": "127.0.0.1:0"}, folders={"files": [str(DATA)]})
    with Session.open(store, locked=True, files_from=(str(DATA),)) as house:
        serving = Serving(house, settings)
        try:
            place = Place.of(serving.address, house.store.tokens.create("root", "keeper")[1])
            os.environ["CUBEQL_TOKEN"] = place.token
            yield house, place
        finally:
            serving.stop()


def equal(house: Session, place: Place) -> dict[str, int]:
    """How many questions each client answers as the Python API does.

    Raises:
        AssertionError: an answer differs.
    """
    found = dict.fromkeys(CLIENTS, 0)
    for query in QUERIES:
        text = query.text.replace(f"{DATA}/", "")  # files of a server are named from its folders
        wanted: pa.Table = house.query(text).to_arrow()
        for client in CLIENTS:
            check(client, place, text, wanted)
            found[client] += 1
        print(f"{query.name}: {wanted.num_rows} rows, {len(CLIENTS)} clients", file=sys.stderr)
    return found


def short(place: Place, times: int) -> dict[str, float]:
    """Median seconds from a new connection to the answer of a short question, the clients in turns."""
    spent: dict[str, list[float]] = {client: [] for client in CLIENTS}
    for turn in range(times + 1):
        for client, row in CLIENTS.items():
            began = time.perf_counter()
            row.ask(place, SHORT)
            if turn:  # the first fills caches
                spent[client].append(time.perf_counter() - began)
    return {client: statistics.median(seconds) for client, seconds in spent.items()}


def main() -> None:
    """Print a row for each client."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store")
    parser.add_argument("--s3")
    parser.add_argument("--times", type=int, default=9)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cubeql-clients-") as temporary:
        copy = shutil.copytree(given.store, Path(temporary) / "store", ignore=shutil.ignore_patterns("cache"))
        with served(str(copy)) as (house, place):
            near, seconds = equal(house, place), short(place, given.times)
        with service(Path(temporary), given.s3) as below:
            upload(copy, f"{below}/clients")
            with served(f"{below}/clients") as (house, place):
                far = equal(house, place)
    print("| client | questions equal, disk | S3 | short question, ms |\n| --- | ---: | ---: | ---: |")
    for client in CLIENTS:
        print(f"| {client} | {near[client]} of {len(QUERIES)} | {far[client]} of {len(QUERIES)} "
              f"| {seconds[client] * 1e3:.0f} |")  # fmt: skip


if __name__ == "__main__":
    main()

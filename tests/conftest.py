"""Options and fixtures of all tests."""

from __future__ import annotations

import gc
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.support import product
from tests.support.s3 import S3Place, S3Server

IN_CI = bool(os.environ.get("CI"))

# Where it is set, each of the hundreds of commands that tests start compiles all of CubeQL anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

hypothesis.settings.register_profile("inner", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if IN_CI else "inner")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("cubeql")
    group.addoption("--update-cases", action="store_true", help="write what golden cases expect anew")
    group.addoption(
        "--law-examples", type=int, default=100, help="random queries that CubeQL and the oracle both answer"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--update-cases") and IN_CI:
        raise pytest.UsageError("--update-cases is refused where CI is set: cases are written by people")


def _turn(item: pytest.Item) -> int:
    """Tests of the screen wait more than they compute: they come first, beside others that compute. Cases are short:
    they come last, and with them all workers end together."""
    return 0 if item.nodeid.startswith("tests/tui/") else 2 if item.nodeid.startswith("tests/test_cases.py") else 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)
    for item in items:
        if "s3_server" in getattr(item, "fixturenames", ()):
            item.add_marker("s3")


def pytest_collection_finish() -> None:
    """Leave the thousands of tests themselves out of every collection of garbage to come."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def update_cases(pytestconfig: pytest.Config) -> bool:
    """Whether golden cases are to be written anew."""
    return bool(pytestconfig.getoption("--update-cases"))


@pytest.fixture(scope="session")
def cube_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with all layers of the tiny cube."""
    room = product.missing_room()
    if room is not None:
        if IN_CI:
            pytest.fail(f"the room {room} is missing")
        pytest.skip(f"the product's fault: the room {room} does not stand yet")
    from tests.support.cube import write_store

    return write_store(tmp_path_factory.mktemp("cube") / "store")


@pytest.fixture(scope="session")
def cube(cube_store: Path) -> Iterator[Any]:
    """A session on the tiny cube, optimiser on; arrays stay in memory from the first statement on."""
    with product.connect(cube_store) as session:
        product.keep_arrays(session)
        yield session


@pytest.fixture(scope="session")
def cube_without_rules(cube_store: Path) -> Iterator[Any]:
    """A session on the tiny cube, optimiser off; on one thread, which costs a quarter less."""
    with product.connect(cube_store, rules=(), threads=1, array_memory="0") as session:
        yield session


@pytest.fixture(scope="session")
def cubes_of_one_rule(cube_store: Path) -> Iterator[dict[str, Any]]:
    """Sessions on the tiny cube, each with one rule of the optimiser alone; on one thread, too."""
    alone = {"threads": 1, "array_memory": "0"}
    sessions = {rule: product.connect(cube_store, rules=(rule,), **alone) for rule in product.rule_names()}
    yield sessions
    for session in sessions.values():
        session.close()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server, one a test process."""
    server = S3Server(tmp_path_factory.mktemp("s3"))
    try:
        yield server.start()
    finally:
        server.kill()  # in order it takes ten seconds, and nobody reads what it leaves


@pytest.fixture(scope="session")
def cube_on_s3(s3_server: S3Server, cube_store: Path) -> Iterator[Any]:
    """A session on a copy of the tiny cube on S3."""
    with pytest.MonkeyPatch.context() as patch:
        place = S3Place(s3_server, "cube-of-cases", patch)
        place.use()
        with product.connect(place.upload(cube_store, "store")) as session:
            yield session


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Place]:
    """A prefix of its own on the S3 server, with the environment set to the key that may write."""
    if not s3_server.is_running:
        s3_server.start()
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    place = S3Place(s3_server, uuid.uuid4().hex[:12], monkeypatch)
    place.use()
    yield place

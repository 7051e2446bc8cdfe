"""What every session can do, wherever its store is: on a disk, on S3, or at a server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeGuard

from cubeql.catalog import Catalog, Layer
from cubeql.engine.explanation import Explanation as Explanation
from cubeql.engine.progress import Progress as Progress

if TYPE_CHECKING:
    from datetime import timedelta

    from cubeql.compiler import CompiledQuery
    from cubeql.engine.ready import Ready
    from cubeql.engine.result import Result
    from cubeql.ingest.report import IngestReport
    from cubeql.parameters import Parameters
    from cubeql.storage.compactor import CompactReport
    from cubeql.storage.vacuum import VacuumReport


class AnyStore(Catalog, Protocol):
    """What is known of a session's store: its catalog, and where it is."""

    @property
    def address(self) -> object:
        """Its address, which ``str`` writes."""
        ...


def is_session(found: object) -> TypeGuard[AnySession]:
    """Whether something is a session; nothing of it is asked."""
    return all(hasattr(type(found), name) for name in ("query", "explain", "cancel", "layers"))


class AnySession(Protocol):
    """Statements on one store, wherever it is; :class:`cubeql.session.Session` says what each method does."""

    @property
    def store(self) -> AnyStore:
        """The store's catalog and address."""
        ...

    @property
    def catalog(self) -> Catalog:
        """What statements can name, for whoever helps to write them."""
        ...

    @property
    def settings(self) -> Any:
        """A dataclass of settings, among them ``timeout_s``."""
        ...

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers that can be read, by name."""
        ...

    def another(self) -> AnySession:
        """A session on the same store, which can be cancelled and closed by itself."""
        ...

    def set(self, name: str, value: Any) -> None:
        """Give a setting another value."""
        ...

    def query(self, text: str, params: Parameters = None, timeout_s: float | None = None) -> Result:
        """Run one statement."""
        ...

    def ready(self, text: str, params: Parameters = None, timeout_s: float | None = None) -> Ready:
        """Make one statement ready to run."""
        ...

    def run(self, text: str, params: Parameters = None, timeout_s: float | None = None) -> Iterator[Result]:
        """Run the statements of a script."""
        ...

    def compile(self, text: str, params: Parameters = None) -> CompiledQuery:
        """The plan and SQL of a query."""
        ...

    def explain(
        self, text: str, params: Parameters = None, analyze: bool = False, timeout_s: float | None = None
    ) -> Explanation:
        """What a query will read, or did."""
        ...

    def layer(self, name: str) -> Layer:
        """One layer."""
        ...

    def card(self, name: str) -> dict[str, Any]:
        """All that is told of a layer, as plain values."""
        ...

    def edit_card(self, name: str, card: Any) -> int | None:
        """Take an edited card."""
        ...

    def stac(self, name: str) -> dict[str, Any]:
        """A layer as a STAC Collection."""
        ...

    def ingest(self, sources: Any, layer: str, **options: Any) -> IngestReport:
        """Read rasters, points or polygons into a layer."""
        ...

    def compact(self, *layers: str, dry_run: bool = False, **how: Any) -> tuple[CompactReport, ...]:
        """Put the files of layers in order."""
        ...

    def vacuum(
        self,
        *layers: str,
        keep_versions: int | None = None,
        keep_days: float | None = None,
        older_than: timedelta | None = None,
        dry_run: bool = False,
    ) -> VacuumReport:
        """Remove files that are not needed."""
        ...

    def drop(self, name: str) -> None:
        """Remove a layer with all its versions."""
        ...

    def cancel(self) -> None:
        """Stop all statements that run."""
        ...

    def progress(self) -> Progress | None:
        """How far the statement that runs is."""
        ...

    def close(self) -> None:
        """Stop what runs and free what is held."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

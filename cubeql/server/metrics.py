"""What a server counts, as Prometheus reads it; see docs/reference/metrics.md.

Nothing is labelled by users: there may be many, and who scrapes figures need not know who is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from cubeql.errors import ConfigError
from cubeql.errors.version import VERSION
from cubeql.server.counts import Counts
from cubeql.server.deeds import Deed

_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where figures come from that are asked for; none of them may wait for anything.

    Attributes:
        counts: of the desk.
        guests: how many are there.
        refused: how many tokens and logins were refused.
        unwritten: lines of the audit that wait for their disk.
        draining: whether the server takes no more statements.
        engine_bytes: memory of the engine when it was last looked at; None where it was not yet.
    """

    counts: Counts
    guests: Callable[[], int] = lambda: 0
    refused: Callable[[], int] = lambda: 0
    unwritten: Callable[[], int] = lambda: 0
    draining: Callable[[], bool] = lambda: False
    engine_bytes: Callable[[], int | None] = lambda: None


class Meters:
    """The figures of one server. Safe to share between threads.

    Raises:
        ConfigError: the package for it is not installed.
    """

    def __init__(self, sources: Sources) -> None:
        try:
            from prometheus_client import CollectorRegistry, Counter, Histogram
            from prometheus_client.process_collector import ProcessCollector
        except ImportError:
            raise ConfigError("[metrics] needs a package more; install it with: pip install 'cubeql[serve]'") from None
        self._sources = sources
        self._registry = CollectorRegistry()
        self._statements = Counter(
            "cubeql_statements", "Statements that have ended.", ["kind", "outcome"], registry=self._registry
        )
        self._seconds = Histogram(
            "cubeql_statement_seconds", "From the first word of a statement to its last row.", ["kind"],
            buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def deed(self, deed: Deed) -> None:
        """Count a statement that has ended."""
        self._statements.labels(deed.kind, deed.outcome).inc()
        self._seconds.labels(deed.kind).observe(deed.seconds)

    def collect(self) -> Iterable[Any]:
        """What is read when somebody asks; the registry calls it."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        now, sources = self._sources.counts.now(), self._sources
        counted = {
            "tile_rows_read": ("Rows of tiles that statements read.", now.tiles),
            "rows_sent": ("Rows that went out.", now.rows),
            "sent_bytes": ("Bytes of rows that went out, as Arrow.", now.bytes),
            "logins_refused": ("Tokens and logins that were refused.", sources.refused()),
        }
        there: dict[str, tuple[str, int | None]] = {
            "statements_binding": ("Statements that are made ready.", now.binding),
            "statements_running": ("Statements that run.", now.running),
            "statements_waiting": ("Statements in line.", now.waiting),
            "streams_open": ("Results that clients have open.", now.streams),
            "guests": ("Logins that are there.", sources.guests()),
            "audit_waiting_lines": ("Lines of the audit that wait for their disk.", sources.unwritten()),
            "draining": ("1 while the server takes no more statements.", int(sources.draining())),
            "engine_memory_bytes": ("Memory of the engine, a few seconds ago at most.", sources.engine_bytes()),
        }
        for name, (about, value) in counted.items():
            yield CounterMetricFamily(f"cubeql_{name}", about, value)
        for name, (about, level) in there.items():
            if level is not None:
                yield GaugeMetricFamily(f"cubeql_{name}", about, level)
        info = GaugeMetricFamily("cubeql_build_info", "1, with the version.", labels=["version"])
        info.add_metric([VERSION], 1)
        yield info

    def page(self) -> tuple[bytes, str]:
        """All figures as text, and the type of that text."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        return generate_latest(self._registry), CONTENT_TYPE_LATEST

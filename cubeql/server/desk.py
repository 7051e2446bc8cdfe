"""Where statements of guests are taken: made ready, started when it is their turn, stopped, and drained in the end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from weakref import WeakValueDictionary

import pyarrow as pa
import pyarrow.flight as flight

from cubeql.catalog.rights import Who
from cubeql.engine.result import Result
from cubeql.errors import QueryCancelled, QueryTimeout, diagnose
from cubeql.lang import nodes, parse_statement
from cubeql.server.calls import Caller
from cubeql.server.counts import Counts
from cubeql.server.deeds import Deed, Origin, described, finished, kinds_of
from cubeql.server.faults import Busy, told
from cubeql.server.settings import Limits
from cubeql.server.slots import Slots, Turn, shutting_down
from cubeql.server.streaming import Flow, Outlet, Sent, Stream, flight_stream
from cubeql.server.watch import Watch
from cubeql.session import Halt, Parameters, Ready, Session

_LETS_GO_S = 2.0  # within which all statements that were stopped have ended, deaf ones left alone


@dataclass(eq=False, slots=True)
class Asked:
    """A statement that somebody asked for, from its preparation to its last row.

    Attributes:
        who: the user.
        deed: what is told of it when it has ended.
        ready: what the engine made of it.
        run_s: its time limit.
    """

    who: Who
    deed: Deed
    ready: Ready
    run_s: float
    _halt: Halt = field(default_factory=Halt)
    _stream: Stream | None = None

    @property
    def schema(self) -> pa.Schema:
        """What its rows will look like."""
        return self.ready.schema

    @property
    def stats(self) -> dict[str, Any]:
        """Its figures up to now."""
        return {} if self._stream is None else self._stream.stats

    @property
    def progress(self) -> dict[str, Any] | None:
        """How far it is, as plain values; None where it reads no tiles."""
        return None if self.ready.progress is None else asdict(self.ready.progress())

    @property
    def stopped(self) -> bool:
        """Whether it was."""
        return self._halt.called

    def stop(self) -> None:
        """Stop it, wherever it is; from any thread."""
        self._halt.call()
        if self._stream is not None:
            self._stream.stop()

    def close(self) -> None:
        """Free it where nobody will fetch its rows."""
        self.ready.close()


class Desk:
    """Takes statements for one server. Safe to share between threads.

    Statements are made ready in slots of their own, as many as those that run: all slots may be held by long results,
    and what a statement looks like can be told all the same.

    Args:
        limits: what statements may take.
        ended: told of every statement that has ended.
        full: tells whether it can be told of no more for now; then no statement is begun.
    """

    def __init__(
        self,
        limits: Limits,
        ended: Callable[[Deed], None] = lambda deed: None,
        full: Callable[[], bool] = lambda: False,
    ) -> None:
        self.counts = Counts()
        self._limits, self._ended, self._full = limits, ended, full
        self._watch = Watch()
        line = (limits.running, limits.running_per_user, limits.waiting, limits.waiting_s, self.counts)
        self._binds, self._runs = Slots(*line, "binding"), Slots(*line)
        self._flow = Flow(limits.batch_bytes, limits.batches, limits.stall_s, limits.most_rows, limits.most_bytes)
        self._changed = threading.Condition(threading.RLock())
        self._halts: set[Halt] = set()
        self._open: dict[bytes, Asked] = {}
        self._numbered: WeakValueDictionary[tuple[str, bytes], Halt] = WeakValueDictionary()
        self._streams: Counter[str] = Counter()
        self.draining = False

    # -------------------------------------------------------------- ready

    def ready(
        self,
        who: Who,
        session: Session,
        text: str,
        params: Parameters = None,
        caller: Caller | None = None,
        timeout_s: float | None = None,
        number: bytes | None = None,
    ) -> Asked:
        """Make a statement ready; one that changes something is run, and stopped if its client goes away.

        Args:
            who: the user.
            session: his session; its own time limit counts where it is less than the server's.
            text: the statement.
            params: values of its parameters.
            caller: who asks.
            timeout_s: a time limit of this statement; less than the server's, or that is taken.
            number: by which :meth:`numbered` knows it from now to its end.

        Raises:
            QueryError: the statement is at fault, was stopped, or took too long.
            StoreError: the store is.
            Busy: there is too much to do, or the server shuts down.
        """
        began, caller = time.monotonic(), caller or Caller()
        deed = Deed(Origin(who.name, caller.token, caller.peer), text, params=kinds_of(params))
        try:
            statement = parse_statement(text)
            deed = described(deed, statement)
            slots = self._runs if _works(statement) else self._binds
            asked = self._ready(who, session, deed, params, caller, slots, timeout_s, number)
        except BaseException as error:
            self._note(deed, Sent(_how(error), 0, 0, time.monotonic() - began, 0, error))
            raise
        if asked.ready.done:
            deed = finished(asked.deed, asked.ready.start().stats)
            self._note(deed, Sent("done", 0, 0, time.monotonic() - began, 0, None))
        return asked

    def _ready(
        self, who: Who, session: Session, deed: Deed, params: Any, caller: Caller, slots: Slots,
        timeout_s: float | None, number: bytes | None,
    ) -> Asked:  # fmt: skip
        run_s = self._run_s(session, timeout_s)
        self._check_open()
        with self._halting(who, number) as halt, self._turn_of(who, caller, slots, halt):
            ready = session.ready(deed.text, params, run_s, bind_s=min(self._limits.bind_s, run_s), halt=halt)
        return Asked(who, replace(deed, reads=ready.reads), ready, run_s, halt)

    @contextmanager
    def _halting(self, who: Who, number: bytes | None) -> Iterator[Halt]:
        """What stops a statement while it is made ready, known to those who stop all."""
        halt = Halt()
        with self._changed:
            self._halts.add(halt)
            if number is not None:
                self._numbered[who.name, number] = halt
        try:
            yield halt
        finally:
            with self._changed:
                self._halts.discard(halt)
                self._changed.notify_all()

    def takes(
        self, who: Who, session: Session, name: str, caller: Caller, work: Callable[[float, Halt], Result]
    ) -> Result:
        """Have rows that a client sends taken into a layer, when it is their turn.

        Args:
            who: the user.
            session: his session.
            name: of the layer.
            caller: who sends them; what is done stops when he goes away.
            work: does it, within so many seconds, unless it is stopped.

        Raises:
            Busy: there is too much to do, or the server shuts down.
            CubeQLError: what ``work`` raises.
        """
        began = time.monotonic()
        deed = Deed(Origin(who.name, caller.token, caller.peer), f"INGEST INTO {name}", "ingest", writes={name: None})
        try:
            self._check_open()
            with self._halting(who, None) as halt, self._turn_of(who, caller, self._runs, halt):
                result = work(self._run_s(session, None), halt)
        except BaseException as error:
            self._note(deed, Sent(_how(error), 0, 0, time.monotonic() - began, 0, error))
            raise
        self._note(finished(deed, result.stats), Sent("done", 0, 0, time.monotonic() - began, 0, None))
        return result

    def _check_open(self) -> None:
        if self.draining:
            raise shutting_down()
        if self._full():
            raise Busy("what is asked cannot be written down just now; try again later")

    def _run_s(self, session: Session, timeout_s: float | None) -> float:
        own = (session.settings.timeout_s, timeout_s)
        return min([self._limits.run_s, *(s for s in own if s is not None)])

    @contextmanager
    def _turn_of(self, who: Who, caller: Caller, slots: Slots, halt: Halt) -> Iterator[None]:
        """A slot as long as the block lasts, in which a client that goes away halts what is done."""
        with self._watch.over(caller.gone, halt.call):
            slot = slots.take(who.name, lambda then: self._watch.over(lambda: halt.called, then))
            if slot is None:
                raise _cancelled()
            with slot:
                yield

    def numbered(self, who: Who, number: bytes) -> Halt | None:
        """What stops a statement of a user, and tells how far it is; None where it has ended or never was."""
        return self._numbered.get((who.name, number))

    # -------------------------------------------------------------- rows

    def rows(
        self,
        asked: Asked,
        handle: bytes,
        caller: Caller,
        said: Callable[[], bytes] | None = None,
        compression: str = "none",
    ) -> flight.FlightDataStream:
        """The rows of a statement, when it is its turn.

        Args:
            asked: the statement; it is used up.
            handle: by which :meth:`find` knows it until its end.
            caller: who fetches them.
            said: what comes with a last batch without rows.
            compression: of the bodies of batches: ``none``, ``lz4`` or ``zstd``.

        Raises:
            Busy: there is too much to do, or the user has too many results open.
            QueryCancelled: it was stopped before.
        """
        began = time.monotonic()
        try:
            stream = self._started(asked, handle, caller)
        except BaseException as error:
            asked.close()
            if not asked.ready.done:
                self._note(asked.deed, Sent(_how(error), 0, 0, time.monotonic() - began, 0, error))
            raise
        outlet = Outlet(stream, asked.schema, self._watch, caller.gone, said, lambda error: told(error, caller.own))
        return flight_stream(outlet, asked.schema, compression)

    def unfetched(self, asked: Asked) -> None:
        """A statement was made ready, and nobody will fetch its rows any more."""
        asked.close()
        if not asked.ready.done:
            self._note(asked.deed, Sent("cancelled", 0, 0, 0.0, 0, None))

    def _started(self, asked: Asked, handle: bytes, caller: Caller) -> Stream:
        self._enter(asked, handle)
        try:
            turn = self._turn(asked, caller)
        except BaseException:
            self._leave(asked, handle)
            raise

        def ended(sent: Sent) -> None:
            self.counts.sent(sent.rows, sent.bytes)
            if not asked.ready.done:
                self._note(asked.deed, sent)

        stream = asked._stream = Stream(
            asked.ready.start, asked.ready.cancel, self._flow, turn, ended, lambda: self._leave(asked, handle)
        )
        if asked.stopped:  # between its turn and now
            stream.stop()
        return stream

    def _turn(self, asked: Asked, caller: Caller) -> Turn:
        """Wait for the statement's turn."""
        if asked.ready.done:
            return Turn()
        user = asked.who.name
        slot = self._runs.take(user, _over(self._watch, lambda: caller.gone() or asked.stopped))
        if slot is None:
            raise _cancelled()
        return Turn(slot, lambda stopped: self._runs.take(user, _over(self._watch, stopped), patient=True))

    def _enter(self, asked: Asked, handle: bytes) -> None:
        user, most = asked.who.name, self._limits.streams_per_user
        with self._changed:
            if self._streams[user] >= most:
                raise Busy(f"{most} results of yours are open, which is the limit; read or close some")
            self._streams[user] += 1
            self._open[handle] = asked
        self.counts.change("streams", 1)

    def _leave(self, asked: Asked, handle: bytes) -> None:
        with self._changed:
            self._streams[asked.who.name] -= 1
            self._streams += Counter()  # forgets who has none
            self._open.pop(handle, None)
            self._changed.notify_all()
        self.counts.change("streams", -1)

    def find(self, who: Who, handle: bytes) -> Asked | None:
        """A statement of a user whose rows are fetched."""
        found = self._open.get(handle)
        return found if found is not None and found.who.name == who.name else None

    def _note(self, deed: Deed, sent: Sent) -> None:
        self.counts.ended(sent.how, sent.tiles)
        self._ended(replace(deed, outcome=sent.how, rows=sent.rows, bytes=sent.bytes, tiles=sent.tiles,
                            seconds=sent.seconds, error=sent.error))  # fmt: skip

    # -------------------------------------------------------------- the end

    def drain(self, grace_s: float) -> bool:
        """Take no new statements, let those that were taken end within a while, then stop them.

        Returns:
            Whether all clients have let go of their results; one that does not read holds its handler for ever.
        """
        self.draining = True
        self._binds.close()
        self._until_idle(grace_s)
        self._runs.close()
        with self._changed:
            halts, open_ = list(self._halts), list(self._open.values())
        for halt in halts:
            halt.call()
        for asked in open_:
            asked.stop()
        idle = self._until_idle(_LETS_GO_S)
        self._watch.close()
        return idle

    def _until_idle(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._halts and not self._open, seconds)


def _works(statement: nodes.Statement) -> bool:
    """Whether a statement does all its work while it is made ready."""
    if isinstance(statement, nodes.Explain):
        return statement.analyze
    return isinstance(statement, nodes.Create | nodes.Insert | nodes.Copy)


def _over(watch: Watch, so: Callable[[], bool]) -> Callable[[Callable[[], None]], AbstractContextManager[None]]:
    return lambda then: watch.over(so, then)


def _cancelled() -> QueryCancelled:
    return QueryCancelled([diagnose("cancelled")])


def _how(error: BaseException) -> str:
    rows = ((Busy, "refused"), (QueryCancelled, "cancelled"), (QueryTimeout, "timeout"))
    return next((how for kind, how in rows if isinstance(error, kind)), "failed")

"""Actions: what clients have done that is no statement, a row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow.flight as flight

from cubeql.server import cancelling, catalog, options, own, prepared
from cubeql.server.faults import Unspoken
from cubeql.server.guests import Guest


@dataclass(frozen=True, slots=True)
class Action:
    """An action: what it is told for, and what does it, given its body; what it gives are the bodies of results."""

    meaning: str
    act: Callable[[Guest, bytes], list[bytes]]


ACTIONS: dict[str, Action] = {
    "CreatePreparedStatement": Action("prepare a statement: ActionCreatePreparedStatementRequest", prepared.create),
    "ClosePreparedStatement": Action("forget one: ActionClosePreparedStatementRequest", prepared.close),
    catalog.ACTION: Action("tell what the store holds, as plain records", catalog.tell),
    "CancelFlightInfo": Action("stop a statement by its flight info: CancelFlightInfoRequest", cancelling.cancel_info),
    "SetSessionOptions": Action("set options of the session: SetSessionOptionsRequest", options.set_options),
    "GetSessionOptions": Action("tell them: GetSessionOptionsRequest", options.get_options),
    "CloseSession": Action("take them back: CloseSessionRequest", options.close),
    "CancelQuery": Action("the same: ActionCancelQueryRequest", cancelling.cancel_query),
    "cubeql.progress": Action("tell how far a statement is, by the number its client gave it", own.progress),
    "cubeql.cancel": Action("stop a statement, by the number its client gave it", own.cancel),
    "cubeql.contents": Action("tell all that the guest sees of the store at once", own.contents),
    "cubeql.stac": Action("tell of a layer as a STAC Collection", own.stac),
}

_TRANSACTIONS = ("BeginTransaction", "EndTransaction", "BeginSavepoint", "EndSavepoint")


def act(guest: Guest, action: flight.Action) -> list[flight.Result]:
    """Do an action."""
    known = ACTIONS.get(action.type)
    if action.type in _TRANSACTIONS:
        raise Unspoken("there are no transactions here: each statement stands for itself, once it is done")
    if known is None:
        raise Unspoken(f"the action {action.type[:80]!r} is not spoken here")
    return [flight.Result(body) for body in known.act(guest, action.body.to_pybytes())]


def listed() -> list[tuple[str, str]]:
    """The actions that can be done, with what each is for."""
    return [(name, action.meaning) for name, action in ACTIONS.items()]

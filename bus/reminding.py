"""Documents that are due, and that a recipient has not taken up: said before the day is over, and once more after it.
When, is bus/deadlines.py's; who is still waited for, bus/handling.py's."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bus.crashpoints import reached
from bus.deadlines import LEAD, near, past, stage
from bus.ports import Store, Transaction
from bus.records import Box, Dossier, Event, Row
from schemas.codes import Outcome
from schemas.docket import DocumentKey

BATCH = 250


def remind(store: Store, *, now: datetime, lead: timedelta = LEAD, limit: int = BATCH) -> Sequence[Event]:
    """Each stage of each document at each recipient, once: the events are in the commit that remembers that. At most
    `limit` of them; ask again while there are so many."""
    due_near, due_past = near(now, lead), past(now)
    with store.read() as tx:
        if not tx.awaited(near=due_near, past=due_past, limit=1):
            return ()
    with store.write() as tx:
        waiting = tx.awaited(near=due_near, past=due_past, limit=limit)
        said = [_said(tx, dossier, now=now, lead=lead) for dossier in waiting]
        tx.put_dossiers([dossier for dossier, _ in said])
        events = [event for _, event in said]
        tx.put_events(events)
    reached("remind.committed")
    return events


def _said(tx: Transaction, dossier: Dossier, *, now: datetime, lead: timedelta) -> tuple[Dossier, Event]:
    assert dossier.due_on is not None
    come = stage(dossier.due_on, now=now, lead=lead)
    assert come is not None
    key = dossier.key
    row = _sent(tx, dossier)
    event = Event(
        at=now,
        name=come,
        message=row.docket.id if row else None,
        document=DocumentKey(issuer=key.issuer, id=key.document),
        detail=f"{key.handler}: due {dossier.due_on}, {_standing(dossier, row)}",
    )
    return replace(dossier, told=come), event


def _sent(tx: Transaction, dossier: Dossier) -> Row | None:
    """The newest message that carried it to that agency; None once it is forgotten."""
    key = dossier.key
    for row in tx.rows(Box.OUT, document=key.document):
        docket = row.docket
        if docket.status is None and docket.document and docket.document.issuer == key.issuer and _to(row, dossier):
            return row
    return None


def _to(row: Row, dossier: Dossier) -> set[str]:
    return {address.mailbox for address in row.docket.recipients if address.agency == dossier.key.handler}


def _standing(dossier: Dossier, row: Row | None) -> str:
    if dossier.handling.state is not None:
        return "arrived there, not accepted"
    answers = [line for line in row.recipients if line.mailbox in _to(row, dossier)] if row else []
    for line in answers:
        return "held by its mailbox, not filed" if line.outcome is Outcome.HELD else f"refused: {line.code}"
    return "no receipt"

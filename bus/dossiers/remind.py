"""Reminders of documents that are due and that a recipient has not taken up: one before the day is over, one after it.
bus/handling/deadlines.py says when, bus/handling/statuses.py who is still waited for."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from bus.crashpoints import reached
from bus.handling.deadlines import LEAD, near, past, stage
from bus.handling.transport import OutboxState
from bus.ports.records import Dossier, Event, Row
from bus.ports.store import Store
from schemas.codes import Outcome
from schemas.docket import DocumentKey
from schemas.document import is_due_day

BATCH = 250


def remind(store: Store, *, now: datetime, lead: timedelta = LEAD) -> Sequence[Event]:
    """Each stage of each document at each recipient, once: the events are in the commit that remembers that. At most
    `BATCH` of them; ask again while there are so many. A due day that is none, kept by an older release, is taken out
    without a word."""
    due_near, due_past = near(now, lead), past(now)
    with store.read() as tx:
        waiting = tx.dossiers.awaited(near=due_near, past=due_past, limit=BATCH)
        if not waiting:
            return ()
        sent = {document: tx.outbox.rows(document=document) for document in {each.key.document for each in waiting}}
    said = [_said(dossier, sent[dossier.key.document], now=now, lead=lead) for dossier in waiting]
    with store.write() as tx:
        there = tx.dossiers.by_keys({dossier.key for dossier in waiting})
        # What has changed since it was read is looked at again in the next turn.
        same = [each for before, each in zip(waiting, said, strict=True) if there.get(before.key) == before]
        tx.dossiers.put([dossier for dossier, _ in same])
        events = [event for _, event in same if event]
        tx.dossiers.put_events(events)
    reached("remind.committed")
    return events


def _said(
    dossier: Dossier, sent: Sequence[Row[OutboxState]], *, now: datetime, lead: timedelta
) -> tuple[Dossier, Event | None]:
    assert dossier.due_on is not None
    issued_on = date.fromisoformat(dossier.issued_on) if dossier.issued_on else None
    if not is_due_day(dossier.due_on, issued_on=issued_on):
        return replace(dossier, due_on=None), None
    come = stage(dossier.due_on, now=now, lead=lead)
    assert come is not None
    key = dossier.key
    row = _sent(sent, dossier)
    event = Event(
        at=now,
        name=come,
        message=row.docket.id if row else None,
        document=DocumentKey.model_construct(issuer=key.issuer, id=key.document),  # judged when it came
        detail=f"{key.handler}: due {dossier.due_on}, {_situation(dossier, row)}",
    )
    return replace(dossier, told=come), event


def _sent(rows: Sequence[Row[OutboxState]], dossier: Dossier) -> Row[OutboxState] | None:
    """The newest message that carried it to that agency; None once it is forgotten."""
    key = dossier.key
    for row in rows:
        docket = row.docket
        if docket.status is None and docket.document and docket.document.issuer == key.issuer and _to(row, dossier):
            return row
    return None


def _to(row: Row[OutboxState], dossier: Dossier) -> set[str]:
    return {address.mailbox for address in row.docket.recipients if address.agency == dossier.key.handler}


def _situation(dossier: Dossier, row: Row[OutboxState] | None) -> str:
    if dossier.handling.state is not None:
        return "arrived there, not accepted"
    answers = [line for line in row.recipients if line.mailbox in _to(row, dossier)] if row else []
    for line in answers:
        return "held by its mailbox, not filed" if line.outcome is Outcome.HELD else f"refused: {line.code}"
    return "withdrawn before it left" if row and row.state is OutboxState.CANCELLED else "no receipt"

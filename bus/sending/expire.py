"""Expiry, by the sender's own clock: a message that not all recipients have answered by its `expires_at` is tried no
more, and the document system is told which recipients it did not reach in time. A broker is no help: it lets messages
expire only when they come to the head of a queue, and tells nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bus.crashpoints import reached
from bus.directory.member import Member
from bus.errors import NotInTime
from bus.handling.transport import OutboxState
from bus.ports.records import Event, InboxEntry, ReceiptLine, Row
from bus.ports.store import Store
from bus.sending.receipts import note
from bus.wire.batch import portions
from schemas.clock import local
from schemas.codes import Outcome
from schemas.values import MailboxCode

BATCH = 250
RECIPIENTS = 4096
"""Of the documents of one commit, whoever they were for: a circular alone may have a thousand mailboxes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """`events`, one a message; `more` when there may be more to do at once."""

    events: tuple[Event, ...] = ()
    more: bool = False


def expire(store: Store, *, member: Member, now: datetime) -> Ended:
    """In one commit: the entry is finished, and what is to be told lies in the inbox. An answer that comes later is
    still recorded, and corrects what was told (bus/receiving/receipts.py)."""
    with store.read() as tx:
        found = tx.outbox.expired(now=now, limit=BATCH)
    first = next(portions(found, weigh=lambda row: len(row.docket.mailboxes), most=RECIPIENTS), [])
    if not first:
        return Ended()
    with store.write() as tx:
        rows = tx.outbox.expired(now=now, limit=len(first))
        if not rows:  # all have answered in between
            return Ended()
        tx.outbox.put_receipts([line for row in rows for line in _given_up(row, now=now)])
        told = note(member.mailbox, member.new_id(), rows, NotInTime.code, now=now)
        tx.inbox.put([InboxEntry(docket=told, body=b"", taken_at=now)])
        events = tuple(_event(row, now=now) for row in rows)
        tx.dossiers.put_events(events)
    reached("expire.committed")
    return Ended(events=events, more=len(first) < len(found) or len(found) == BATCH)


def _unheard(row: Row[OutboxState]) -> Sequence[MailboxCode]:
    answered = {line.mailbox for line in row.recipients}
    return [mailbox for mailbox in row.docket.mailboxes if mailbox not in answered]


def _given_up(row: Row[OutboxState], *, now: datetime) -> list[ReceiptLine]:
    """Written as refusals of our own: any answer of theirs wins over it."""
    return [
        ReceiptLine(message=row.docket.id, mailbox=mailbox, outcome=Outcome.REFUSED, code=NotInTime.code, at=now)
        for mailbox in _unheard(row)
    ]


def _event(row: Row[OutboxState], *, now: datetime) -> Event:
    docket = row.docket
    assert docket.expires_at is not None, "what has no time does not end"
    error = NotInTime(
        mailbox=", ".join(_unheard(row)),
        document=docket.document.id if docket.document else docket.id,
        expires_at=local(docket.expires_at),
    )
    return Event(at=now, name="outbox.expired", message=docket.id, document=docket.document, detail=str(error))

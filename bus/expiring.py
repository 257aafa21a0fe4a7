"""The sender's own timer. What a recipient has not confirmed by its `expires_at` ends here, by this mailbox's clock: it
is tried no more, and the document system is told which recipients it did not reach in time. A broker lets messages
expire only when they come to the head of a queue, and tells nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from bus.crashpoints import reached
from bus.errors import NotInTime
from bus.mailroom import Member, note
from bus.ports import Store
from bus.records import Event, InboxEntry, ReceiptLine, Row
from schemas.codes import Outcome
from schemas.docket import Acknowledged
from schemas.values import MailboxCode

BATCH = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """`events`, one a message; `more` when there may be more to do at once."""

    events: tuple[Event, ...] = ()
    more: bool = False


def expire(store: Store, *, member: Member, now: datetime, limit: int = BATCH) -> Ended:
    """In one commit: the entry is finished, and what is to be told lies in the inbox. An answer that comes later is
    still recorded, and corrects what was told (`bus.receiving`)."""
    with store.read() as tx:
        if not tx.expired_outbox(now=now, limit=1):
            return Ended()
    with store.write() as tx:
        rows = tx.expired_outbox(now=now, limit=limit)
        tx.put_receipts([line for row in rows for line in _given_up(row, now=now)])
        lines = [_line(row) for row in rows]
        tx.put_inbox([InboxEntry(docket=note(member, lines, now=now), body=b"", taken_at=now)])
        events = tuple(_event(row, now=now) for row in rows)
        tx.put_events(events)
    reached("expire.committed")
    return Ended(events=events, more=len(rows) == limit)


def _unheard(row: Row) -> Sequence[MailboxCode]:
    answered = {line.mailbox for line in row.recipients}
    return [mailbox for mailbox in row.docket.mailboxes if mailbox not in answered]


def _given_up(row: Row, *, now: datetime) -> list[ReceiptLine]:
    """Written as refusals of our own: any answer of theirs wins over it."""
    return [
        ReceiptLine(message=row.docket.id, mailbox=mailbox, outcome=Outcome.REFUSED, code=NotInTime.code, at=now)
        for mailbox in _unheard(row)
    ]


def _line(row: Row) -> Acknowledged:
    digest = sha256(row.docket.to_json()).hexdigest()
    return Acknowledged(message=row.docket.id, docket_sha256=digest, outcome=Outcome.REFUSED, code=NotInTime.code)


def _event(row: Row, *, now: datetime) -> Event:
    docket = row.docket
    error = NotInTime(
        mailbox=", ".join(_unheard(row)),
        document=docket.document.id if docket.document else docket.id,
        expires_at=f"{docket.expires_at:%Y-%m-%d %H:%M}Z",
    )
    return Event(at=now, name="outbox.expired", message=docket.id, document=docket.document, detail=str(error))

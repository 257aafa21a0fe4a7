"""The operator's verbs over one mailbox's store: list, show, trace, retry, release, withdraw, discard. A
command or a page calls one of these, and nothing else changes a message by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bus.errors import NoSuchMessage, NotInTime, NotPossible
from bus.ports import Store, Transaction
from bus.records import Box, Event, InboxChange, OutboxChange, ReceiptLine, Row, State, StatusRecord
from bus.transfers import Standing, mebibytes, standings
from schemas.codes import Outcome
from schemas.values import DocumentId, MessageId

RETRYABLE: Mapping[Box, frozenset[State]] = {
    Box.OUT: frozenset({State.WAITING, State.SENT, State.PARKED, State.UPLOADING}),
    Box.IN: frozenset({State.WAITING, State.PARKED, State.FETCHING, State.FETCHED}),
}
"""What `retry` hurries along: it is on the road already, or was given up on."""

RELEASABLE: Mapping[Box, frozenset[State]] = {
    Box.OUT: frozenset({State.PARKED}),
    Box.IN: frozenset({State.PARKED, State.REFUSED}),
}
"""What `release` puts back on the road after a person has decided so."""

DISCARDABLE: frozenset[State] = frozenset({State.PARKED, State.REFUSED})
"""Of an inbox: what nobody works on any more, and only a person ends."""


def list_rows(store: Store, box: Box, *, state: State | None = None, limit: int = 100) -> Sequence[Row]:
    """Newest first."""
    with store.read() as tx:
        return tx.rows(box, state=state, limit=limit)


def show(store: Store, box: Box, message: MessageId) -> Row:
    """Raises NoSuchMessage."""
    with store.read() as tx:
        return _row(tx, box, message)


def retry(store: Store, box: Box, messages: Sequence[MessageId], *, now: datetime) -> Sequence[MessageId]:
    """Tries now what waits or was parked. With no messages named: all that are parked. Returns what will be tried."""
    return _again(store, box, messages, RETRYABLE, every=(State.PARKED,), verb="retry", now=now)


def release(store: Store, box: Box, messages: Sequence[MessageId], *, now: datetime) -> Sequence[MessageId]:
    """Puts what was set aside back on the road. Messages must be named: each is a person's decision."""
    return _again(store, box, messages, RELEASABLE, every=(), verb="release", now=now)


def withdraw(store: Store, message: MessageId, *, now: datetime) -> Row:
    """Takes a message out of the outbox before any recipient can have it. Raises NotPossible once it left, or may
    have: handed to the broker, which gave no clear answer."""
    with store.write() as tx:
        row = _row(tx, Box.OUT, message)
        if row.state not in {State.WAITING, State.PARKED, State.UPLOADING} or row.sent_at is not None or row.tried:
            raise NotPossible(verb="withdraw", message=message, state=row.state)
        change = OutboxChange(message=message, state=State.CANCELLED, attempts=row.attempts, at=now)
        tx.change_outbox([change])
        tx.put_events([_event("outbox.withdrawn", row, now)])
        return row


def discard(store: Store, message: MessageId, *, now: datetime) -> Sequence[Row]:
    """Gives up for good what was parked or refused in the inbox; its body is dropped, and it was never filed. All of
    that id, one of each sender; returns them as they were. Raises NotPossible where nothing of it may be discarded."""
    with store.write() as tx:
        every = tx.rows(Box.IN, message=message, limit=10_000)
        if not every:
            raise NoSuchMessage(message=message, box=Box.IN)
        rows = [row for row in every if row.state in DISCARDABLE]
        if not rows:
            raise NotPossible(verb="discard", message=message, state=every[0].state)
        tx.change_inbox(
            [
                InboxChange(
                    message=message,
                    sender=row.docket.sender.mailbox,
                    state=State.CANCELLED,
                    attempts=row.attempts,
                    error=row.error,
                    at=now,
                )
                for row in rows
            ]
        )
        tx.put_events([_event("inbox.discard", row, now) for row in rows])
        return rows


def _again(
    store: Store,
    box: Box,
    messages: Sequence[MessageId],
    allowed: Mapping[Box, frozenset[State]],
    *,
    every: Sequence[State],
    verb: str,
    now: datetime,
) -> Sequence[MessageId]:
    with store.write() as tx:
        rows = [_row(tx, box, message) for message in messages]
        rows += [row for state in every if not messages for row in tx.rows(box, state=state, limit=10_000)]
        for row in rows:
            if row.state not in allowed[box] or (row.state is State.SENT and not row.size):  # its body was lost
                raise NotPossible(verb=verb, message=row.docket.id, state=row.state)
        ids = [row.docket.id for row in rows]
        match box:
            case Box.OUT:
                # A message that was sent stays sent: what is due again is its publish to those who gave no receipt.
                tx.change_outbox(
                    [
                        OutboxChange(
                            message=row.docket.id,
                            state=_back(tx, box, row) if row.state is State.PARKED else row.state,
                            attempts=1 if row.state is State.SENT else 0,
                            next_at=now,
                            at=now,
                        )
                        for row in rows
                    ]
                )
            case Box.IN:
                tx.change_inbox(
                    [
                        InboxChange(
                            message=row.docket.id,
                            sender=row.docket.sender.mailbox,
                            state=_back(tx, box, row),
                            attempts=0,
                            next_at=now,
                            at=now,
                        )
                        for row in rows
                    ]
                )
        tx.put_events([_event(f"{box}.{verb}", row, now) for row in rows])
    return ids


def _back(tx: Transaction, box: Box, row: Row) -> State:
    """Where on its road a message goes on: one with segments where those are."""
    if not row.docket.blobs:
        return State.WAITING
    ours = [each for each in tx.transfers(box, [row.docket.id]) if each.sender == row.docket.sender.mailbox]
    is_there = any(each.finished_at for each in ours)
    if box is Box.OUT:
        return State.WAITING if is_there else State.UPLOADING
    return State.FETCHED if is_there else State.FETCHING


def _row(tx: Transaction, box: Box, message: MessageId) -> Row:
    for row in tx.rows(box, message=message, limit=1):
        return row
    raise NoSuchMessage(message=message, box=box)


def _event(name: str, row: Row, now: datetime) -> Event:
    return Event(at=now, name=name, message=row.docket.id, document=row.docket.document)


# -- trace -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to a document at this mailbox."""

    at: datetime
    what: str
    message: MessageId | None = None
    who: str = ""
    detail: str = ""


def recent_events(store: Store, *, limit: int, name: str | None = None) -> Sequence[Event]:
    """What was out of the ordinary at this mailbox, newest first."""
    with store.read() as tx:
        return tx.recent_events(limit=limit, name=name)


def trace(store: Store, document: DocumentId) -> Sequence[Step]:
    """Every step of one document here, in the order of time. Raises NoSuchMessage where nothing is known of it."""
    steps: list[Step] = []
    with store.read() as tx:
        for row in (sent := tx.rows(Box.OUT, document=document, limit=1000)):
            steps += _outgoing(row)
        for row in (taken := tx.rows(Box.IN, document=document, limit=1000)):
            steps += _incoming(row)
        for box, rows in ((Box.OUT, sent), (Box.IN, taken)):
            steps += [_apart(each) for each in standings(tx, box, rows) if each.transfer is not None]
        issuers = {
            row.docket.document.issuer
            for box in Box
            for row in tx.rows(box, document=document, limit=1000)
            if row.docket.document
        }
        for issuer in issuers:
            steps += [_status(record) for record in tx.statuses(issuer=issuer, document=document)]
        steps += [_happened(event) for event in tx.events(document=document)]
    if not steps:
        raise NoSuchMessage(message=document, box="trace")
    return sorted(steps, key=lambda step: (step.at, step.message or ""))


def _named(row: Row) -> str:
    """What is traced is about a document: it is one, or a status. A new document is simply that."""
    docket = row.docket
    if docket.status:
        return f"status {docket.status}"
    return docket.business_type.label.en.lower() if docket.business_type else "document"


def _outgoing(row: Row) -> list[Step]:
    docket, name = row.docket, _named(row)
    to = ", ".join(address.agency for address in docket.recipients)
    steps = [Step(at=row.entered_at, what=f"{name} accepted", message=docket.id, who=to, detail=row.ref or "")]
    if row.sent_at:
        steps.append(Step(at=row.sent_at, what=f"{name} published", message=docket.id, who=to))
    steps += [
        Step(
            at=line.at,
            what=f"{name} {_answered(line)}",
            message=docket.id,
            who=line.mailbox,
            detail=line.code or "",
        )
        for line in row.recipients
    ]
    if row.error and row.state is not State.DONE:
        steps.append(
            Step(at=row.next_at or row.entered_at, what=f"{name} {row.state}", message=docket.id, detail=row.error)
        )
    return steps


def _answered(line: ReceiptLine) -> str:
    if line.code == NotInTime.code:
        return "given up: not confirmed in time"
    return "held by recipient" if line.outcome is Outcome.HELD else "refused by recipient"


def _incoming(row: Row) -> list[Step]:
    docket, name = row.docket, _named(row)
    sender = docket.sender.agency
    steps = [
        Step(at=docket.created_at, what=f"{name} sealed by sender", message=docket.id, who=sender),
        Step(at=row.entered_at, what=f"{name} taken in", message=docket.id, who=sender),
    ]
    if row.finished_at:
        done = "filed" if row.error is None else "passed over"  # its content had been filed before
        what = f"{name} {done if row.state is State.DONE else row.state}"
        steps.append(Step(at=row.finished_at, what=what, message=docket.id, detail=row.ref or row.error or ""))
    elif row.error:
        steps.append(
            Step(at=row.next_at or row.entered_at, what=f"{name} {row.state}", message=docket.id, detail=row.error)
        )
    return steps


_FAR: Mapping[tuple[Box, bool], str] = {
    (Box.OUT, False): "uploading",
    (Box.OUT, True): "uploaded",
    (Box.IN, False): "fetching",
    (Box.IN, True): "fetched",
}


def _apart(each: Standing) -> Step:
    """How far what travels apart has come. What stands still says why in a step of its own."""
    transfer = each.transfer
    assert transfer is not None
    at, name, message = transfer.finished_at or transfer.began_at, _named(each.row), each.row.docket.id
    if transfer.behind is not None:
        what = "waited" if transfer.finished_at else "waits"
        return Step(at=at, what=f"{name} {what} for another's files", message=message, detail=transfer.behind)
    is_whole = transfer.finished_at is not None
    far = mebibytes(each.size) if is_whole else f"{mebibytes(each.done)} of {mebibytes(each.size)}"
    return Step(at=at, what=f"{name} {_FAR[each.box, is_whole]} {far} MiB", message=message, detail=transfer.kind or "")


def _status(record: StatusRecord) -> Step:
    return Step(
        at=record.recorded_at,
        what=f"handling: {record.code} {record.code.label.vi}",
        message=record.message,
        who=record.key.handler,
        detail=str(record.verdict),
    )


def _happened(event: Event) -> Step:
    return Step(at=event.at, what=event.name, message=event.message, detail=event.detail)

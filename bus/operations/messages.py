"""The operator's verbs over one mailbox's store: list, show, trace, retry, release, withdraw, discard. A
command or a page calls one of these, and nothing else changes a message by hand."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from bus.errors import AmbiguousId, NoSuchMessage, NotPossible, Withdrawn, Words
from bus.handling.transport import (
    DISCARDABLE,
    INBOX_RELEASABLE,
    INBOX_RETRYABLE,
    OUTBOX_RELEASABLE,
    OUTBOX_RETRYABLE,
    WITHDRAWABLE,
    InboxEvent,
    InboxState,
    OutboxEvent,
    OutboxState,
    State,
)
from bus.ports.changes import inbox_change, outbox_change
from bus.ports.records import Box, Event, InboxEntry, Row
from bus.ports.store import Entries, Store, Transaction
from bus.sending.receipts import note
from schemas.values import MessageId

S = TypeVar("S", OutboxState, InboxState)

MANY = 10_000
"""Entries that one verb takes."""


_TAKE_BACK: Final = {
    "do": Words(
        "Nó có thể đã đi: gửi yêu cầu lấy lại (trạng thái 13) cho văn bản ấy.",
        "It may have left: send a take-back (status 13) for its document.",
    )
}

CANDIDATES = 8
"""Ids that an error names."""


def list_rows(
    store: Store, box: Box, *, state: State | None = None, receipts: bool = True, limit: int = 100
) -> Sequence[Row[State]]:
    """Newest first. Without `receipts`: only what is about a document."""
    with store.read() as tx:
        return tx.of(box).rows(state=state, receipts=receipts, limit=limit)


def show_message(store: Store, box: Box, message: str) -> Row[State]:
    """Raises what `resolve` raises."""
    with store.read() as tx:
        (row,) = tx.of(box).rows(message=resolve(tx, box, message), limit=1)
        return row


def resolve(tx: Transaction, box: Box, given: str) -> MessageId:
    """The message of that id, or the only one whose id begins so. Raises NoSuchMessage, AmbiguousId."""
    found = tx.of(box).ids(given, limit=CANDIDATES + 1) if given else ()
    if not found:
        raise NoSuchMessage(message=given, box=box)
    if len(found) > 1 and given != found[0]:
        raise AmbiguousId(given=given, candidates=candidates(found))
    return found[0]


def candidates(found: Sequence[str]) -> str:
    """Some of them, as an error names them."""
    return ", ".join(found[:CANDIDATES]) + (" …" if len(found) > CANDIDATES else "")


def retry(store: Store, box: Box, messages: Sequence[str], *, now: datetime) -> Sequence[MessageId]:
    """Tries now what waits or was parked. With no messages named: all that are parked. Returns what will be tried."""
    with store.write() as tx:
        match box:
            case Box.OUT:
                sent = _named(tx, tx.outbox, box, messages) or list(
                    tx.outbox.rows(state=OutboxState.PARKED, limit=MANY)
                )
                _check("retry", [row for row in sent if row.state not in OUTBOX_RETRYABLE or _is_bodyless(row)])
                _put_back_sent(tx, sent, _RETRY_SENT, now=now)
                return _said(tx, sent, "outbox.retry", now=now)
            case Box.IN:
                taken = _named(tx, tx.inbox, box, messages) or list(tx.inbox.rows(state=InboxState.PARKED, limit=MANY))
                _check("retry", [row for row in taken if row.state not in INBOX_RETRYABLE])
                _put_back_taken(tx, taken, _RETRY_TAKEN, now=now)
                return _said(tx, taken, "inbox.retry", now=now)


def release(store: Store, box: Box, messages: Sequence[str], *, now: datetime) -> Sequence[MessageId]:
    """Puts what was set aside back on the road. Messages must be named: each is a person's decision."""
    with store.write() as tx:
        match box:
            case Box.OUT:
                sent = _named(tx, tx.outbox, box, messages)
                _check("release", [row for row in sent if row.state not in OUTBOX_RELEASABLE])
                _put_back_sent(tx, sent, _RELEASE_SENT, now=now)
                return _said(tx, sent, "outbox.release", now=now)
            case Box.IN:
                taken = _named(tx, tx.inbox, box, messages)
                _check("release", [row for row in taken if row.state not in INBOX_RELEASABLE])
                _put_back_taken(tx, taken, _RELEASE_TAKEN, now=now)
                return _said(tx, taken, "inbox.release", now=now)


def withdraw_message(store: Store, message: str, *, now: datetime, new_id: Callable[[], MessageId]) -> Row[OutboxState]:
    """Takes a message out of the outbox before any recipient can have it; what its document system must be told lies in
    the inbox by the same commit. Raises NotPossible once it left, or may have: handed to the broker, which gave no
    clear answer. A publish may be under way at this very moment: a recipient that holds it after all corrects what was
    told (bus/receiving/receipts.py)."""
    with store.write() as tx:
        (row,) = _named(tx, tx.outbox, Box.OUT, [message])
        if row.state not in WITHDRAWABLE or row.sent_at is not None or row.tried or row.recipients:
            raise NotPossible(verb="withdraw", message=row.docket.id, state=row.state, **_TAKE_BACK)
        tx.outbox.change([outbox_change(row, OutboxEvent.WITHDRAWN, at=now)])
        _said(tx, [row], "outbox.withdrawn", now=now)
        if row.ref is not None:  # the document system believes that it was sent
            told = note(row.docket.sender.mailbox, new_id(), [row], Withdrawn.code, now=now)
            tx.inbox.put([InboxEntry(docket=told, body=b"", taken_at=now)])
        return row


def discard_message(store: Store, message: str, *, now: datetime) -> Sequence[Row[InboxState]]:
    """Gives up for good what was parked or refused in the inbox; its body is dropped, and it was never filed. All of
    that id, one of each sender; returns them as they were. Raises NotPossible where nothing of it may be discarded."""
    with store.write() as tx:
        every = tx.inbox.rows(message=(id_ := resolve(tx, Box.IN, message)), limit=MANY)
        rows = [row for row in every if row.state in DISCARDABLE]
        if not rows:
            raise NotPossible(verb="discard", message=id_, state=every[0].state)
        tx.inbox.change([inbox_change(row, InboxEvent.DISCARDED, error=row.error, at=now) for row in rows])
        _said(tx, rows, "inbox.discard", now=now)
        return rows


def _named(tx: Transaction, box: Entries[S], name: Box, messages: Sequence[str]) -> list[Row[S]]:
    """The newest of each id. Raises what `resolve` raises."""
    ids = dict.fromkeys(resolve(tx, name, message) for message in messages)
    return [row for id_ in ids for row in box.rows(message=id_, limit=1)]


def _check(verb: str, unfit: Sequence[Row[State]]) -> None:
    for row in unfit:
        raise NotPossible(verb=verb, message=row.docket.id, state=row.state)


def _is_bodyless(row: Row[OutboxState]) -> bool:
    """Sent, and its body was lost with a damaged file: there is nothing to publish again."""
    return row.state is OutboxState.SENT and not row.size


_RETRY_SENT = (OutboxEvent.RETRIED, OutboxEvent.RETRIED_NOT_UPLOADED)
_RELEASE_SENT = (OutboxEvent.RELEASED, OutboxEvent.RELEASED_NOT_UPLOADED)
_RETRY_TAKEN = (InboxEvent.RETRIED, InboxEvent.RETRIED_NOT_FETCHED, InboxEvent.RETRIED_FETCHED)
_RELEASE_TAKEN = (InboxEvent.RELEASED, InboxEvent.RELEASED_NOT_FETCHED, InboxEvent.RELEASED_FETCHED)


def _put_back_sent(
    tx: Transaction, rows: Sequence[Row[OutboxState]], events: tuple[OutboxEvent, OutboxEvent], *, now: datetime
) -> None:
    """`events`: of one that goes on, or is to be published; of a parked one whose segments are not all uploaded."""
    changes = []
    for row in rows:
        to_upload = row.state is OutboxState.PARKED and row.docket.blobs and not _is_transferred(tx.outbox, row)
        # A sent one stays sent: its publish to those who gave no receipt is due again.
        attempts = 1 if row.state is OutboxState.SENT else 0
        changes.append(outbox_change(row, events[bool(to_upload)], attempts=attempts, next_at=now, at=now))
    tx.outbox.change(changes)


def _put_back_taken(
    tx: Transaction,
    rows: Sequence[Row[InboxState]],
    events: tuple[InboxEvent, InboxEvent, InboxEvent],
    *,
    now: datetime,
) -> None:
    """`events`: of one without blobs; of one whose segments are not all here; of one whose segments are."""
    plain, not_fetched, fetched = events
    changes = []
    for row in rows:
        event = plain
        if row.docket.blobs:
            event = fetched if _is_transferred(tx.inbox, row) else not_fetched
        changes.append(inbox_change(row, event, attempts=0, next_at=now, at=now))
    tx.inbox.change(changes)


def _is_transferred(box: Entries[S], row: Row[S]) -> bool:
    """Whether all its segments are where they are to go."""
    sender = row.docket.sender.mailbox
    return any(each.finished_at for each in box.transfers([row.docket.id]) if each.sender == sender)


def _said(tx: Transaction, rows: Sequence[Row[State]], name: str, *, now: datetime) -> list[MessageId]:
    """Records what an operator did; returns to which messages."""
    tx.dossiers.put_events(
        [Event(at=now, name=name, message=row.docket.id, document=row.docket.document) for row in rows]
    )
    return [row.docket.id for row in rows]

"""One unit of work over the tables: `bus.ports.Transaction`, each verb in the file of what it is about."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import Connection

from bus.records import (
    BlobKey,
    Box,
    Dossier,
    Event,
    HandlingKey,
    InboxChange,
    InboxEntry,
    OutboxChange,
    OutboxEntry,
    ReceiptLine,
    Row,
    Segment,
    State,
    StatusRecord,
    SubmissionKey,
    Transfer,
)
from bus.store import apart, boxes, inbox, outbox
from bus.store import dossiers as handling
from schemas.values import AgencyCode, DocumentId, MailboxCode, MessageId

_BOXES = {Box.OUT: boxes.OUTBOX, Box.IN: boxes.INBOX}


class SqlTransaction:
    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self._reads = connection
        self._may_write = writes

    @property
    def _writes(self) -> Connection:
        if not self._may_write:
            raise RuntimeError("this transaction was opened by read(); open one by write()")
        return self._reads

    # -- outbox

    def accepted(self, keys: Collection[SubmissionKey]) -> Mapping[SubmissionKey, MessageId]:
        return boxes.submitted(self._reads, boxes.OUTBOX, keys)

    def put_outbox(self, entries: Sequence[OutboxEntry], *, at: datetime) -> None:
        outbox.put(self._writes, entries, at=at)

    def due_outbox(self, *, now: datetime, limit: int, max_bytes: int) -> Sequence[OutboxEntry]:
        return outbox.due(self._reads, now=now, limit=limit, max_bytes=max_bytes)

    def change_outbox(self, changes: Sequence[OutboxChange]) -> None:
        outbox.change(self._writes, changes)

    def put_receipts(self, lines: Sequence[ReceiptLine]) -> Collection[MessageId]:
        return outbox.put_receipts(self._writes, lines)

    def not_in_time(self, messages: Collection[MessageId]) -> Collection[tuple[MessageId, MailboxCode]]:
        return outbox.not_in_time(self._reads, messages)

    def expired_outbox(self, *, now: datetime, limit: int) -> Sequence[Row]:
        return outbox.expired(self._reads, now=now, limit=limit)

    def unfinished(self, messages: Collection[MessageId]) -> Sequence[OutboxEntry]:
        return outbox.unfinished(self._reads, messages)

    def reseal(self, bodies: Mapping[MessageId, bytes]) -> None:
        outbox.reseal(self._writes, bodies)

    # -- inbox

    def put_inbox(self, entries: Sequence[InboxEntry]) -> Sequence[InboxEntry]:
        return inbox.put(self._writes, entries)

    def held(self, keys: Collection[tuple[MailboxCode, MessageId]]) -> Mapping[tuple[MailboxCode, MessageId], str]:
        return inbox.held(self._reads, keys)

    def due_inbox(self, *, now: datetime, limit: int, max_bytes: int) -> Sequence[InboxEntry]:
        return inbox.due(self._reads, now=now, limit=limit, max_bytes=max_bytes)

    def filed(self, keys: Collection[SubmissionKey]) -> Collection[SubmissionKey]:
        return boxes.submitted(self._reads, boxes.INBOX, keys).keys()

    def change_inbox(self, changes: Sequence[InboxChange]) -> None:
        inbox.change(self._writes, changes)

    # -- what travels apart

    def put_segments(self, box: Box, blob: BlobKey, segments: Sequence[Segment], *, at: datetime) -> None:
        apart.put(self._writes, box, blob, segments, at=at)

    def segments(self, box: Box, blob: BlobKey, *, first: int, limit: int) -> Sequence[Segment]:
        return apart.read(self._reads, box, blob, first=first, limit=limit)

    def due_apart(self, box: Box, state: State, *, now: datetime) -> OutboxEntry | InboxEntry | None:
        of = {Box.OUT: outbox.due_apart, Box.IN: inbox.due_apart}[box]
        return of(self._reads, state, now=now)

    def put_transfer(self, box: Box, transfer: Transfer) -> None:
        apart.put_transfer(self._writes, box, transfer)

    def transfers(self, box: Box, messages: Collection[MessageId]) -> Sequence[Transfer]:
        return apart.transfers(self._reads, box, messages)

    def unneeded(self, box: Box, *, before: datetime) -> Sequence[BlobKey]:
        return apart.unneeded(self._reads, box, before=before)

    def drop_segments(self, box: Box, blob: BlobKey, *, limit: int) -> bool:
        return apart.drop(self._writes, box, blob, limit=limit)

    # -- handling

    def dossiers(self, keys: Collection[HandlingKey]) -> Mapping[HandlingKey, Dossier]:
        return handling.by_keys(self._reads, keys)

    def find_dossiers(
        self,
        *,
        issuer: AgencyCode,
        document: DocumentId | None = None,
        code: str | None = None,
        issued_on: str | None = None,
    ) -> Sequence[Dossier]:
        return handling.find(self._reads, issuer=issuer, document=document, code=code, issued_on=issued_on)

    def put_dossiers(self, dossiers: Sequence[Dossier]) -> None:
        handling.put(self._writes, dossiers)

    def awaited(self, *, near: date, past: date, limit: int) -> Sequence[Dossier]:
        return handling.awaited(self._reads, near=near, past=past, limit=limit)

    def put_statuses(self, records: Sequence[StatusRecord]) -> None:
        handling.put_statuses(self._writes, records)

    def statuses(self, *, issuer: AgencyCode, document: DocumentId) -> Sequence[StatusRecord]:
        return handling.statuses(self._reads, issuer=issuer, document=document)

    def hasten(self, box: Box, state: State, *, beyond: datetime, to: datetime) -> None:
        boxes.hasten(self._writes, _BOXES[box], state, beyond=beyond, to=to)

    # -- operators

    def put_events(self, events: Sequence[Event]) -> None:
        handling.put_events(self._writes, events)

    def events(self, *, document: DocumentId) -> Sequence[Event]:
        return handling.events(self._reads, document=document)

    def recent_events(self, *, limit: int, name: str | None = None) -> Sequence[Event]:
        return handling.recent_events(self._reads, limit=limit, name=name)

    def rows(
        self,
        box: Box,
        *,
        state: State | None = None,
        document: DocumentId | None = None,
        message: MessageId | None = None,
        limit: int = 100,
    ) -> Sequence[Row]:
        of = {Box.OUT: outbox.rows, Box.IN: inbox.rows}[box]
        return of(self._reads, state=state, document=document, message=message, limit=limit)

    def counts(self, box: Box) -> Mapping[State, int]:
        return boxes.counts(self._reads, _BOXES[box])

    def oldest(self, box: Box, state: State) -> datetime | None:
        return boxes.oldest(self._reads, _BOXES[box], state)

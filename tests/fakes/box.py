"""Outbox and inbox in memory: what they have in common, and the memory that one transaction works on."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from bus.dossiers.update import CHANGES
from bus.handling.transport import State
from bus.ports.records import BlobKey, Box, InboxEntry, OutboxEntry, Row, Segment, Transfer, UnderWay, Which
from bus.store.normal_forms import document_form
from schemas.codes import Kind, Outcome
from schemas.docket import Docket
from schemas.values import DocumentId, MailboxCode, MessageId
from tests.fakes.memory import HeldBlob, Memory

E = TypeVar("E", OutboxEntry, InboxEntry)
S = TypeVar("S", bound=State)


class MemoryWork:
    """The memory of one transaction; `writes` raises RuntimeError in one that was opened by `read`."""

    def __init__(self, memory: Memory, *, writes: bool) -> None:
        self.memory = memory
        self._may_write = writes

    @property
    def writes(self) -> Memory:
        if not self._may_write:
            raise RuntimeError("this transaction was opened by read(); open one by write()")
        return self.memory


class MemoryBox(ABC, Generic[S]):
    """`bus.ports.store.Entries` in memory."""

    box: ClassVar[Box]

    def __init__(self, work: MemoryWork) -> None:
        self._work = work

    @abstractmethod
    def all(self) -> list[Row[S]]:
        """The oldest first."""

    def put_segments(self, blob: BlobKey, segments: Sequence[Segment], *, at: datetime) -> None:
        blobs = self._work.writes.blobs
        held = blobs.get((self.box, blob), HeldBlob(begun_at=at))
        blobs[self.box, blob] = replace(
            held, segments={**held.segments, **{each.number: each.data for each in segments}}
        )

    def segments(self, blob: BlobKey, *, first: int, limit: int) -> Sequence[Segment]:
        held = self._work.memory.blobs.get((self.box, blob), HeldBlob()).segments
        numbers = sorted(number for number in held if number >= first)[:limit]
        return [Segment(blob=blob.blob, number=number, data=held[number]) for number in numbers]

    def put_transfer(self, transfer: Transfer) -> None:
        data = self._work.writes
        is_here = (
            transfer.message in data.outbox
            and data.outbox[transfer.message].entry.docket.sender.mailbox == transfer.sender
            if self.box is Box.OUT
            else (transfer.message, transfer.sender) in data.inbox
        )
        if is_here:
            data.transfers[self.box, transfer.message, transfer.sender] = transfer

    def transfers(self, messages: Collection[MessageId]) -> Sequence[Transfer]:
        return [
            each
            for (where, message, _), each in self._work.memory.transfers.items()
            if where is self.box and message in messages
        ]

    def orphans(self, *, before: datetime) -> Sequence[BlobKey]:
        return [
            key
            for (where, key), held in self._work.memory.blobs.items()
            if where is self.box and held.entry is None and (held.begun_at is None or held.begun_at < before)
        ]

    def drop_segments(self, blob: BlobKey, *, limit: int) -> bool:
        blobs = self._work.writes.blobs
        held = blobs.get((self.box, blob))
        if held is None or held.entry is not None:
            return False
        first = sorted(held.segments)[:limit]
        if len(first) == limit:
            left = {number: data for number, data in held.segments.items() if number not in first}
            blobs[self.box, blob] = replace(held, segments=left)
            return True
        del blobs[self.box, blob]
        return False

    def rows(
        self,
        *,
        state: State | None = None,
        document: DocumentId | None = None,
        message: MessageId | None = None,
        receipts: bool = True,
        limit: int = 100,
    ) -> Sequence[Row[S]]:
        rows = [row for row in self.all() if state in {None, row.state} and message in {None, row.docket.id}]
        rows = [row for row in rows if receipts or row.docket.document]
        if document is not None:
            form = document_form(document)
            rows = [row for row in rows if row.docket.document and document_form(row.docket.document.id) == form]
        return rows[::-1][:limit]

    def documents(self, which: Which) -> Sequence[Row[S]]:
        rows = (replace(row, number=number) for number, row in enumerate(self.all(), 1))
        dossiers = self._work.memory.dossiers.values()
        silent = {document_form(each.key.document) for each in dossiers if each.handling.state is None}
        found = [row for row in rows if row.docket.kind is Kind.DOCUMENT and is_meant(row, which, silent)]
        return found[::-1][: which.limit]

    def ids(self, beginning: str, *, limit: int) -> Sequence[MessageId]:
        found = {row.docket.id for row in self.all() if row.docket.id.startswith(beginning)}
        return sorted(found)[:limit]

    def counts(self) -> Mapping[S, int]:
        states = [row.state for row in self.all()]
        return {state: states.count(state) for state in set(states)}

    def oldest(self, state: State) -> datetime | None:
        return next((row.entered_at for row in self.all() if row.state == state), None)


def is_meant(row: Row[S], which: Which, silent: Collection[DocumentId]) -> bool:
    """Whether an entry that carries a document is asked for. `silent`: forms of documents without a status."""
    docket = row.docket
    assert docket.document is not None
    agencies = {docket.sender.agency, *(each.agency for each in docket.recipients)}
    return (
        (which.documents is None or document_form(docket.document.id) in map(document_form, which.documents))
        and (which.since is None or row.entered_at >= which.since)
        and (which.until is None or row.entered_at < which.until)
        and (which.states is None or row.state in which.states)
        and which.agency in {None, *agencies}
        and (not which.refused or any(line.outcome is Outcome.REFUSED for line in row.recipients))
        and (not which.unheard or docket.business_type in CHANGES or document_form(docket.document.id) in silent)
        and (which.below is None or row.number < which.below)
    )


def claim(data: Memory, box: Box, docket: Docket) -> None:
    """The blobs of an entry are its own."""
    for blob in docket.blobs or ():
        key = (box, BlobKey(docket.sender.mailbox, docket.id, blob.id))
        if box is Box.OUT and key not in data.blobs:
            raise ValueError(f"a blob of message {docket.id} is not here")
        held = data.blobs.get(key, HeldBlob())
        data.blobs[key] = replace(held, entry=(docket.id, docket.sender.mailbox))


def let_go(data: Memory, box: Box, entries: Iterable[tuple[MessageId, MailboxCode]]) -> None:
    """Nobody needs their blobs any more."""
    gone = set(entries)
    for key, held in list(data.blobs.items()):
        if key[0] is box and held.entry in gone:
            data.blobs[key] = replace(held, entry=None, begun_at=None)


def forget(data: Memory, box: Box, entries: Iterable[tuple[MessageId, MailboxCode]]) -> None:
    for message, sender in entries:
        data.transfers.pop((box, message, sender), None)


def first(due: list[E], *, limit: int, max_bytes: int) -> list[E]:
    chosen: list[E] = []
    total = 0
    for entry in sorted(due, key=lambda entry: -entry.docket.priority)[:limit]:
        total += len(entry.body)
        if chosen and total > max_bytes:
            break
        chosen.append(entry)
    return chosen


def is_late(entry: OutboxEntry | InboxEntry, state: State, beyond: datetime) -> bool:
    return entry.state == state and entry.next_at is not None and entry.next_at > beyond


def first_due(due: Iterable[E], state: State, *, now: datetime) -> E | None:
    """The most urgent of a state, then the oldest."""
    ready = [each for each in due if each.state == state and (each.next_at is None or each.next_at <= now)]
    return min(ready, key=lambda each: -each.docket.priority, default=None)


def summed(sent: Iterable[tuple[MailboxCode, Docket, int]]) -> dict[MailboxCode, UnderWay]:
    """By mailbox."""
    sums: dict[MailboxCode, UnderWay] = {}
    for mailbox, docket, size in sent:
        before = sums.get(mailbox, UnderWay())
        apart = sum(blob.size for blob in docket.blobs or ())
        sums[mailbox] = UnderWay(before.messages + 1, before.bytes + size, before.blobs + apart)
    return sums

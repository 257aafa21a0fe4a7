"""A store in memory: the same promises as the real one (tests/contract/store.py holds both to them), without a disk.

A write works on a copy of everything and puts it in place when the block ends well, so that a reader sees one moment
and a failed write leaves nothing. That makes a write cost as much as the store is large: for stories, not for loads.
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256
from typing import TypeVar

from bus.errors import HeldAfterAll, NotInTime, StoreFull
from bus.records import (
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
    State,
    StatusRecord,
    SubmissionKey,
)
from bus.store.forms import code_form, document_form
from schemas.codes import Outcome
from schemas.values import AgencyCode, DocumentId, MailboxCode, MessageId
from tests.fakes import apart
from tests.fakes.held import Incoming, Memory, Outgoing

E = TypeVar("E", OutboxEntry, InboxEntry)

BODYLESS = frozenset({State.DONE, State.CANCELLED})
_LARGE = frozenset({State.UPLOADING, State.FETCHING, State.FETCHED})
_WAITED_FOR = frozenset({State.WAITING, State.SENT, *_LARGE})


class MemoryStore:
    """`commits` counts; while `full` is true every write ends in StoreFull."""

    def __init__(self) -> None:
        self.commits = 0
        self.full = False
        self._data = Memory()
        self._turn = threading.Lock()
        self._writer: int | None = None

    @contextmanager
    def write(self) -> Iterator["MemoryTransaction"]:
        if self._writer == threading.get_ident():
            raise RuntimeError("a write within a write would wait for itself")
        with self._turn:
            self._writer = threading.get_ident()
            try:
                data = self._data.copy()
                yield MemoryTransaction(data, writes=True)
                if self.full:
                    raise StoreFull(store="memory", why="it was told to be full")
                self._data = data
                self.commits += 1
            finally:
                self._writer = None

    @contextmanager
    def read(self) -> Iterator["MemoryTransaction"]:
        yield MemoryTransaction(self._data, writes=False)

    def forget(self, before: datetime) -> int:
        with self.write() as tx:
            return tx.forget(before)

    def give_back(self) -> bool:
        return False

    def close(self) -> None:
        pass


class MemoryTransaction(apart.ApartTransaction):
    def __init__(self, data: Memory, *, writes: bool) -> None:
        self._data = data
        self._may_write = writes

    def _writes(self) -> Memory:
        if not self._may_write:
            raise RuntimeError("this transaction was opened by read(); open one by write()")
        return self._data

    # -- outbox

    def accepted(self, keys: Collection[SubmissionKey]) -> Mapping[SubmissionKey, MessageId]:
        wanted = set(keys)
        found: dict[SubmissionKey, MessageId] = {}
        for message, out in self._data.outbox.items():
            key = out.entry.key
            counts = out.entry.state is not State.CANCELLED and not out.is_refused_by_all
            if key is not None and key in wanted and counts:
                found.setdefault(key, message)
        return found

    def put_outbox(self, entries: Sequence[OutboxEntry], *, at: datetime) -> None:
        outbox = self._writes().outbox
        for entry in entries:
            if entry.docket.id in outbox:
                raise ValueError(f"message {entry.docket.id} is in the outbox already")
            finished = entry.state in BODYLESS
            kept = replace(entry, body=b"") if finished else entry
            outbox[entry.docket.id] = Outgoing(
                entry=_unwaited(kept), entered_at=at, finished_at=at if finished else None
            )
            apart.claim(self._data, Box.OUT, entry.docket)

    def due_outbox(self, *, now: datetime, limit: int, max_bytes: int) -> Sequence[OutboxEntry]:
        due = [
            replace(out.entry, outstanding=out.outstanding)
            for out in self._data.outbox.values()
            if (out.entry.state is State.WAITING and out.entry.next_at is None)
            or (out.entry.state not in _LARGE and out.entry.next_at is not None and out.entry.next_at <= now)
        ]
        return _first(due, limit=limit, max_bytes=max_bytes)

    def change_outbox(self, changes: Sequence[OutboxChange]) -> None:
        outbox = self._writes().outbox
        for change in changes:
            out = outbox.get(change.message)
            if out is None or out.entry.state in BODYLESS:
                continue
            before, finished = out.entry.state, change.state in BODYLESS
            sent = bool(change.confirmed) or (change.state is State.SENT and before is not State.SENT)
            earlier = out.confirmed if change.state is before is State.WAITING else frozenset()
            entry = replace(
                out.entry,
                state=change.state,
                attempts=change.attempts,
                next_at=change.next_at,
                body=b"" if finished else out.entry.body,
                headers=out.entry.headers if change.headers is None else change.headers,
            )
            if finished:
                self._let_go(change.message)
            outbox[change.message] = replace(
                out,
                entry=_unwaited(entry),
                confirmed=earlier | set(change.confirmed),
                sent_at=change.at if sent else out.sent_at,
                finished_at=change.at if finished else None,
                error=change.error,
                tried=out.tried or change.tried,
            )

    def _let_go(self, message: MessageId) -> None:
        apart.let_go(self._data, Box.OUT, [(message, self._data.outbox[message].entry.docket.sender.mailbox)])

    def hasten(self, box: Box, state: State, *, beyond: datetime, to: datetime) -> None:
        data = self._writes()

        def is_late(entry: OutboxEntry | InboxEntry) -> bool:
            return entry.state is state and entry.next_at is not None and entry.next_at > beyond

        if box is Box.OUT:
            data.outbox |= {
                message: replace(each, entry=replace(each.entry, next_at=to))
                for message, each in data.outbox.items()
                if is_late(each.entry)
            }
        else:
            data.inbox |= {
                identity: replace(each, entry=replace(each.entry, next_at=to))
                for identity, each in data.inbox.items()
                if is_late(each.entry)
            }

    def put_receipts(self, lines: Sequence[ReceiptLine]) -> Collection[MessageId]:
        outbox = self._writes().outbox
        lines = [line for line in lines if line.message in outbox and outbox[line.message].is_meant(line)]
        known = {line.message for line in lines}
        for line in lines:
            outbox[line.message] = _receipted(outbox[line.message], replace(line, docket_sha256=None))
        for message in known:
            out = outbox[message]
            if out.entry.state is not State.DONE and not out.unreceipted:
                self._let_go(message)
                outbox[message] = replace(
                    out,
                    entry=replace(out.entry, state=State.DONE, next_at=None, body=b""),
                    finished_at=max(line.at for line in lines if line.message == message),
                    error=None,
                )
        return known

    def not_in_time(self, messages: Collection[MessageId]) -> Collection[tuple[MessageId, MailboxCode]]:
        return {
            (message, line.mailbox)
            for message in messages
            if message in self._data.outbox
            for line in self._data.outbox[message].receipts.values()
            if line.code == NotInTime.code
        }

    def expired_outbox(self, *, now: datetime, limit: int) -> Sequence[Row]:
        rows = [
            (row.docket.expires_at, row)
            for row in self._all(Box.OUT)
            if row.docket.expires_at and row.docket.expires_at <= now and row.state not in BODYLESS
        ]
        return [row for _, row in sorted(rows, key=lambda each: each[0])][:limit]

    def unfinished(self, messages: Collection[MessageId]) -> Sequence[OutboxEntry]:
        found = [self._data.outbox[message] for message in messages if message in self._data.outbox]
        return [replace(out.entry, outstanding=out.outstanding) for out in found if out.entry.state not in BODYLESS]

    def reseal(self, bodies: Mapping[MessageId, bytes]) -> None:
        outbox = self._writes().outbox
        for message, body in bodies.items():
            outbox[message] = replace(outbox[message], entry=replace(outbox[message].entry, body=body))

    # -- inbox

    def put_inbox(self, entries: Sequence[InboxEntry]) -> Sequence[InboxEntry]:
        inbox = self._writes().inbox
        new: list[InboxEntry] = []
        for entry in entries:
            identity = (entry.docket.id, entry.docket.sender.mailbox)
            if identity not in inbox:
                new.append(entry)
                finished = entry.state in BODYLESS
                inbox[identity] = Incoming(
                    entry=replace(
                        entry,
                        body=b"" if finished else entry.body,
                        next_at=entry.next_at if entry.state in _WAITED_FOR else None,
                    ),
                    finished_at=entry.taken_at if finished or entry.state is State.REFUSED else None,
                )
                if not finished:
                    apart.claim(self._data, Box.IN, entry.docket)
        return new

    def held(self, keys: Collection[tuple[MailboxCode, MessageId]]) -> Mapping[tuple[MailboxCode, MessageId], str]:
        found = {(sender, message): self._data.inbox.get((message, sender)) for sender, message in keys}
        return {key: sha256(each.entry.docket.to_json()).hexdigest() for key, each in found.items() if each}

    def due_inbox(self, *, now: datetime, limit: int, max_bytes: int) -> Sequence[InboxEntry]:
        due = [
            held.entry
            for held in self._data.inbox.values()
            if held.entry.state is State.WAITING and (held.entry.next_at is None or held.entry.next_at <= now)
        ]
        return _first(due, limit=limit, max_bytes=max_bytes)

    def filed(self, keys: Collection[SubmissionKey]) -> Collection[SubmissionKey]:
        return {held.key for held in self._data.inbox.values() if held.key} & set(keys)

    def change_inbox(self, changes: Sequence[InboxChange]) -> None:
        inbox = self._writes().inbox
        senders: dict[MessageId, list[MailboxCode]] = {}
        for message, sender in inbox:
            senders.setdefault(message, []).append(sender)
        for change in changes:
            for sender in senders.get(change.message, ()):
                identity = (change.message, sender)
                held = inbox[identity]
                if change.sender not in {None, sender} or held.entry.state in BODYLESS:
                    continue
                finished = change.state in BODYLESS
                if finished:
                    apart.let_go(self._data, Box.IN, [identity])
                inbox[identity] = replace(
                    held,
                    entry=replace(
                        held.entry,
                        state=change.state,
                        attempts=change.attempts,
                        next_at=change.next_at if change.state in _WAITED_FOR else None,
                        error=change.error,
                        body=b"" if finished else held.entry.body,
                    ),
                    finished_at=change.at if finished or change.state is State.REFUSED else None,
                    key=change.key if change.state is State.DONE else held.key,
                    filed_as=change.filed_as or held.filed_as,
                )

    # -- handling

    def dossiers(self, keys: Collection[HandlingKey]) -> Mapping[HandlingKey, Dossier]:
        return {key: self._data.dossiers[key] for key in keys if key in self._data.dossiers}

    def find_dossiers(
        self,
        *,
        issuer: AgencyCode,
        document: DocumentId | None = None,
        code: str | None = None,
        issued_on: str | None = None,
    ) -> Sequence[Dossier]:
        of_issuer = [each for key, each in sorted(self._data.dossiers.items()) if key.issuer == issuer]
        found: list[Dossier] = []
        if document is not None:
            form = document_form(document)
            found = [each for each in of_issuer if each.key.document == document]
            found = found or [each for each in of_issuer if document_form(each.key.document) == form]
        if not found and code is not None and issued_on is not None:
            found = [
                each
                for each in of_issuer
                if each.code is not None and code_form(each.code) == code_form(code) and each.issued_on == issued_on
            ]
        return found

    def put_dossiers(self, dossiers: Sequence[Dossier]) -> None:
        self._writes().dossiers.update({each.key: each for each in dossiers})

    def awaited(self, *, near: date, past: date, limit: int) -> Sequence[Dossier]:
        found = [
            (each.watched, each)
            for each in self._data.dossiers.values()
            if each.watched and each.watched <= (near if each.told is None else past)
        ]
        return [each for _, each in sorted(found, key=lambda pair: pair[0])][:limit]

    def put_statuses(self, records: Sequence[StatusRecord]) -> None:
        self._writes().statuses.extend(records)

    def statuses(self, *, issuer: AgencyCode, document: DocumentId) -> Sequence[StatusRecord]:
        form = document_form(document)
        return [
            record
            for record in self._data.statuses
            if record.key.issuer == issuer and document_form(record.key.document) == form
        ]

    # -- operators

    def put_events(self, events: Sequence[Event]) -> None:
        self._writes().events.extend(events)

    def events(self, *, document: DocumentId) -> Sequence[Event]:
        form = document_form(document)
        dockets = [row.docket for box in Box for row in self._all(box)]
        messages = {each.id for each in dockets if each.document and document_form(each.document.id) == form}
        found = [
            event
            for event in self._data.events
            if (event.document and document_form(event.document.id) == form) or event.message in messages
        ]
        return sorted(found, key=lambda event: event.at)

    def recent_events(self, *, limit: int, name: str | None = None) -> Sequence[Event]:
        return [event for event in reversed(self._data.events) if name in {None, event.name}][:limit]

    def rows(
        self,
        box: Box,
        *,
        state: State | None = None,
        document: DocumentId | None = None,
        message: MessageId | None = None,
        limit: int = 100,
    ) -> Sequence[Row]:
        rows = [row for row in self._all(box) if state in {None, row.state} and message in {None, row.docket.id}]
        if document is not None:
            form = document_form(document)
            rows = [row for row in rows if row.docket.document and document_form(row.docket.document.id) == form]
        return rows[::-1][:limit]

    def counts(self, box: Box) -> Mapping[State, int]:
        states = [row.state for row in self._all(box)]
        return {state: states.count(state) for state in set(states)}

    def oldest(self, box: Box, state: State) -> datetime | None:
        return next((row.entered_at for row in self._all(box) if row.state is state), None)

    def _all(self, box: Box) -> list[Row]:
        match box:
            case Box.OUT:
                return [out.row() for out in self._data.outbox.values()]
            case Box.IN:
                return [held.row() for held in self._data.inbox.values()]

    def forget(self, before: datetime) -> int:
        data = self._writes()
        out = [
            message
            for message, each in data.outbox.items()
            if each.entry.state in BODYLESS and each.finished_at and each.finished_at < before
        ]
        held = [
            identity
            for identity, each in data.inbox.items()
            if each.entry.state in BODYLESS and each.finished_at and each.finished_at < before
        ]
        apart.forget(data, Box.OUT, [(message, data.outbox[message].entry.docket.sender.mailbox) for message in out])
        apart.forget(data, Box.IN, held)
        for message in out:
            del data.outbox[message]
        for identity in held:
            del data.inbox[identity]
        data.statuses = [record for record in data.statuses if record.recorded_at >= before]
        data.events = [event for event in data.events if event.at >= before]
        return len(out) + len(held)


def _unwaited(entry: OutboxEntry) -> OutboxEntry:
    return entry if entry.state in _WAITED_FOR else replace(entry, next_at=None)


def _receipted(out: Outgoing, line: ReceiptLine) -> Outgoing:
    before = out.receipts.get(line.mailbox)
    if before and before.code == NotInTime.code:
        after_all = HeldAfterAll.code if line.outcome is Outcome.HELD else line.code
        return replace(out, receipts={**out.receipts, line.mailbox: replace(line, code=after_all)})
    if before and (before.outcome is Outcome.REFUSED or line.outcome is Outcome.HELD):
        return out
    return replace(out, receipts={**out.receipts, line.mailbox: line})


def _first(due: list[E], *, limit: int, max_bytes: int) -> list[E]:
    chosen: list[E] = []
    total = 0
    for entry in sorted(due, key=lambda entry: -entry.docket.priority)[:limit]:
        total += len(entry.body)
        if chosen and total > max_bytes:
            break
        chosen.append(entry)
    return chosen

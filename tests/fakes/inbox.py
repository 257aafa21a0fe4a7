"""The inbox in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from bus.handling.transport import INBOX_DUE, INBOX_ENDED, INBOX_FINISHED, InboxState, State
from bus.ports.records import Box, InboxChange, InboxEntry, Row, SubmissionKey, UnderWay
from schemas.values import MailboxCode, MessageId
from tests.fakes.box import MemoryBox, claim, first, first_due, is_late, let_go, summed
from tests.fakes.memory import Incoming


class MemoryInbox(MemoryBox[InboxState]):
    """`bus.ports.store.Inbox` in memory."""

    box = Box.IN

    def all(self) -> list[Row[InboxState]]:
        return [held.row() for held in self._work.memory.inbox.values()]

    def put(self, entries: Sequence[InboxEntry]) -> Sequence[InboxEntry]:
        inbox = self._work.writes.inbox
        new: list[InboxEntry] = []
        for entry in entries:
            identity = (entry.docket.id, entry.docket.sender.mailbox)
            if identity not in inbox:
                new.append(entry)
                finished = entry.state in INBOX_FINISHED
                inbox[identity] = Incoming(
                    entry=replace(
                        entry,
                        body=b"" if finished else entry.body,
                        next_at=entry.next_at if entry.state in INBOX_DUE else None,
                    ),
                    finished_at=entry.taken_at if entry.state in INBOX_ENDED else None,
                )
                if not finished:
                    claim(self._work.memory, Box.IN, entry.docket)
        return new

    def docket_digests(
        self, keys: Collection[tuple[MailboxCode, MessageId]]
    ) -> Mapping[tuple[MailboxCode, MessageId], str]:
        found = {(sender, message): self._work.memory.inbox.get((message, sender)) for sender, message in keys}
        return {key: sha256(each.entry.docket.to_json()).hexdigest() for key, each in found.items() if each}

    def held_from(self, senders: Collection[MailboxCode] | None = None) -> Mapping[MailboxCode, UnderWay]:
        entries = [held.entry for held in self._work.memory.inbox.values() if held.entry.body]
        every = summed((entry.docket.sender.mailbox, entry.docket, len(entry.body)) for entry in entries)
        return {sender: sum_ for sender, sum_ in every.items() if senders is None or sender in senders}

    def due(self, *, now: datetime, limit: int, max_bytes: int) -> Sequence[InboxEntry]:
        due = [
            held.entry
            for held in self._work.memory.inbox.values()
            if held.entry.state is InboxState.WAITING and (held.entry.next_at is None or held.entry.next_at <= now)
        ]
        return first(due, limit=limit, max_bytes=max_bytes)

    def due_with_blobs(self, state: State, *, now: datetime) -> InboxEntry | None:
        return first_due((held.entry for held in self._work.memory.inbox.values()), state, now=now)

    def senders_to_fetch(self, *, now: datetime) -> Collection[MailboxCode]:
        return {entry.docket.sender.mailbox for entry in self._to_fetch(now)}

    def next_to_fetch(self, sender: MailboxCode, *, now: datetime) -> InboxEntry | None:
        theirs = (entry for entry in self._to_fetch(now) if entry.docket.sender.mailbox == sender)
        return min(theirs, key=lambda each: (each.error is not None, -each.docket.priority), default=None)

    def _to_fetch(self, now: datetime) -> list[InboxEntry]:
        every = (held.entry for held in self._work.memory.inbox.values())
        return [
            each
            for each in every
            if each.state is InboxState.FETCHING and (each.next_at is None or each.next_at <= now)
        ]

    def filed(self, keys: Collection[SubmissionKey]) -> Collection[SubmissionKey]:
        return {held.key for held in self._work.memory.inbox.values() if held.key} & set(keys)

    def change(self, changes: Sequence[InboxChange]) -> None:
        inbox = self._work.writes.inbox
        senders: dict[MessageId, list[MailboxCode]] = {}
        for message, sender in inbox:
            senders.setdefault(message, []).append(sender)
        for change in changes:
            for sender in senders.get(change.message, ()):
                identity = (change.message, sender)
                held = inbox[identity]
                if change.sender not in {None, sender} or held.entry.state in INBOX_FINISHED:
                    continue
                finished = change.state in INBOX_FINISHED
                if finished:
                    let_go(self._work.memory, Box.IN, [identity])
                inbox[identity] = replace(
                    held,
                    entry=replace(
                        held.entry,
                        state=change.state,
                        attempts=change.attempts,
                        next_at=change.next_at if change.state in INBOX_DUE else None,
                        error=change.error,
                        answered=held.entry.answered if change.answered is None else change.answered,
                        body=b"" if finished else held.entry.body,
                    ),
                    finished_at=change.at if change.state in INBOX_ENDED else None,
                    key=change.key if change.state is InboxState.DONE else held.key,
                    filed_as=change.filed_as or held.filed_as,
                )

    def reschedule(self, state: State, *, beyond: datetime, to: datetime) -> None:
        inbox = self._work.writes.inbox
        for identity, each in list(inbox.items()):
            if is_late(each.entry, state, beyond):
                inbox[identity] = replace(each, entry=replace(each.entry, next_at=to))

"""The outbox in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bus.errors import HeldAfterAll, NotInTime
from bus.handling.transport import OUTBOX_BLOBS, OUTBOX_DUE, OUTBOX_FINISHED, OutboxState, State
from bus.ports.records import Box, OutboxChange, OutboxEntry, ReceiptLine, Row, SubmissionKey, UnderWay
from bus.ports.submitted import Carrier, Submitted, submitted
from schemas.codes import Outcome
from schemas.values import MailboxCode, MessageId
from tests.fakes.box import MemoryBox, claim, first, first_due, is_late, let_go, summed
from tests.fakes.memory import Outgoing, mailbox_of


class MemoryOutbox(MemoryBox[OutboxState]):
    """`bus.ports.store.Outbox` in memory."""

    box = Box.OUT

    def all(self) -> list[Row[OutboxState]]:
        return [out.row() for out in self._work.memory.outbox.values()]

    def submitted(self, keys: Collection[SubmissionKey]) -> Mapping[SubmissionKey, Submitted]:
        wanted = set(keys)
        found: dict[SubmissionKey, list[Carrier]] = {}
        for out in self._work.memory.outbox.values():
            if out.entry.key is not None and out.entry.key in wanted:
                found.setdefault(out.entry.key, []).append(out.carrier())
        return {key: submitted(carriers) for key, carriers in found.items()}

    def put(self, entries: Sequence[OutboxEntry], *, at: datetime) -> None:
        outbox = self._work.writes.outbox
        for entry in entries:
            if entry.docket.id in outbox:
                raise ValueError(f"message {entry.docket.id} is in the outbox already")
            finished = entry.state in OUTBOX_FINISHED
            kept = replace(entry, body=b"") if finished else entry
            outbox[entry.docket.id] = Outgoing(
                entry=_unwaited(kept), entered_at=at, finished_at=at if finished else None, put_size=len(kept.body)
            )
            claim(self._work.memory, Box.OUT, entry.docket)

    def due(self, *, now: datetime, limit: int, max_bytes: int) -> Sequence[OutboxEntry]:
        due = [
            replace(out.entry, outstanding=out.outstanding)
            for out in self._work.memory.outbox.values()
            if (out.entry.state is OutboxState.WAITING and out.entry.next_at is None)
            or (out.entry.state not in OUTBOX_BLOBS and out.entry.next_at is not None and out.entry.next_at <= now)
        ]
        return first(due, limit=limit, max_bytes=max_bytes)

    def due_with_blobs(self, state: State, *, now: datetime) -> OutboxEntry | None:
        entries = [replace(out.entry, outstanding=out.outstanding) for out in self._work.memory.outbox.values()]
        return first_due(entries, state, now=now)

    def change(self, changes: Sequence[OutboxChange]) -> None:
        outbox = self._work.writes.outbox
        for change in changes:
            out = outbox.get(change.message)
            if out is None or out.entry.state in OUTBOX_FINISHED:
                continue
            before, finished = out.entry.state, change.state in OUTBOX_FINISHED
            sent = bool(change.confirmed) or (change.state is OutboxState.SENT and before is not OutboxState.SENT)
            earlier = out.confirmed if change.state is before is OutboxState.WAITING else frozenset()
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
        let_go(self._work.memory, Box.OUT, [(message, self._work.memory.outbox[message].entry.docket.sender.mailbox)])

    def reschedule(self, state: State, *, beyond: datetime, to: datetime) -> None:
        outbox = self._work.writes.outbox
        for message, each in list(outbox.items()):
            if is_late(each.entry, state, beyond):
                outbox[message] = replace(each, entry=replace(each.entry, next_at=to))

    def put_receipts(self, lines: Sequence[ReceiptLine]) -> Collection[MessageId]:
        outbox = self._work.writes.outbox
        lines = [line for line in lines if line.message in outbox and outbox[line.message].is_meant(line)]
        known = {line.message for line in lines}
        for line in lines:
            outbox[line.message] = _receipted(outbox[line.message], replace(line, docket_sha256=None))
        for message in known:
            out = outbox[message]
            if out.entry.state is not OutboxState.DONE and not out.unreceipted:
                self._let_go(message)
                outbox[message] = replace(
                    out,
                    entry=replace(out.entry, state=OutboxState.DONE, next_at=None, body=b""),
                    finished_at=max(line.at for line in lines if line.message == message),
                    error=None,
                )
        return known

    def answered(self, lines: Collection[ReceiptLine]) -> Mapping[ReceiptLine, Outcome | None]:
        outbox = self._work.memory.outbox
        meant = [line for line in lines if line.message in outbox and outbox[line.message].is_meant(line)]
        answers = [outbox[line.message].receipts.get(line.mailbox) for line in meant]
        return {line: answer.outcome if answer else None for line, answer in zip(meant, answers, strict=True)}

    def hold_back(
        self, lines: Collection[ReceiptLine], *, since: datetime, until: datetime, error: str
    ) -> Collection[ReceiptLine]:
        outbox = self._work.writes.outbox
        held_back = [
            line
            for line, before in self.answered(lines).items()
            if before is not Outcome.HELD and outbox[line.message].entered_at > since
        ]
        for message in {line.message for line in held_back}:
            out = outbox[message]
            if out.entry.state is OutboxState.SENT and out.entry.body:
                entry = replace(out.entry, attempts=1, next_at=until)
                outbox[message] = replace(out, entry=entry, error=error)
        return held_back

    def under_way(self, mailboxes: Collection[MailboxCode] | None = None) -> Mapping[MailboxCode, UnderWay]:
        every = summed(
            (mailbox, out.entry.docket, out.put_size)
            for out in self._work.memory.outbox.values()
            if out.entry.key and out.put_size and out.entry.state is not OutboxState.CANCELLED
            for mailbox in map(mailbox_of, out.unreceipted)
        )
        return {mailbox: sum_ for mailbox, sum_ in every.items() if mailboxes is None or mailbox in mailboxes}

    def given_up(self, messages: Collection[MessageId]) -> Collection[tuple[MessageId, MailboxCode]]:
        return {
            (out.entry.docket.id, mailbox)
            for out in map(self._work.memory.outbox.get, messages)
            if out
            for mailbox in out.entry.docket.mailboxes
            if _is_given_up(out, mailbox)
        }

    def expired(self, *, now: datetime, limit: int) -> Sequence[Row[OutboxState]]:
        rows = [
            (row.docket.expires_at, row)
            for row in self.all()
            if row.docket.expires_at and row.docket.expires_at <= now and row.state not in OUTBOX_FINISHED
        ]
        return [row for _, row in sorted(rows, key=lambda each: each[0])][:limit]

    def unfinished(self, messages: Collection[MessageId]) -> Sequence[OutboxEntry]:
        found = [self._work.memory.outbox[message] for message in messages if message in self._work.memory.outbox]
        return [
            replace(out.entry, outstanding=out.outstanding) for out in found if out.entry.state not in OUTBOX_FINISHED
        ]

    def reseal(self, bodies: Mapping[MessageId, bytes]) -> None:
        outbox = self._work.writes.outbox
        for message, body in bodies.items():
            outbox[message] = replace(outbox[message], entry=replace(outbox[message].entry, body=body))


def _unwaited(entry: OutboxEntry) -> OutboxEntry:
    return entry if entry.state in OUTBOX_DUE else replace(entry, next_at=None)


def _is_given_up(out: Outgoing, mailbox: MailboxCode) -> bool:
    line = out.receipts.get(mailbox)
    return line.code == NotInTime.code if line else out.entry.state is OutboxState.CANCELLED


def _receipted(out: Outgoing, line: ReceiptLine) -> Outgoing:
    before = out.receipts.get(line.mailbox)
    if _is_given_up(out, line.mailbox):
        after_all = HeldAfterAll.code if line.outcome is Outcome.HELD else line.code
        return replace(out, receipts={**out.receipts, line.mailbox: replace(line, code=after_all)})
    if before and (before.outcome is Outcome.REFUSED or line.outcome is Outcome.HELD):
        return out
    return replace(out, receipts={**out.receipts, line.mailbox: line})

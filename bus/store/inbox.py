"""The inbox: what was taken in and is not filed yet, and what was filed, so that nothing is filed twice."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Row as SqlRow

from bus.handling.transport import INBOX_DUE, INBOX_ENDED, INBOX_FINISHED, InboxState, State
from bus.ports.records import Box, InboxChange, InboxEntry, Row, SubmissionKey, UnderWay
from bus.store.blobs import assign_blobs
from bus.store.box import SqlBox
from bus.store.entries import (
    chunks,
    common_columns,
    docket_of,
    drop_bodies,
    due_rows,
    due_with_blobs_rows,
    next_sequence,
    rows_of,
    submissions,
    sums,
)
from bus.store.normal_forms import submission_key, submission_text
from bus.store.sql import compiled
from bus.store.sql.batches import insert_one, insert_rows, look_up, run
from bus.store.sql.times import from_micros, maybe_micros, maybe_moment, to_micros
from bus.store.statements import inbox as statements
from bus.store.statements.entries import INBOX
from bus.store.tables import inbox, inbox_body
from schemas.docket import Docket
from schemas.values import MailboxCode, MessageId


def _entry(row: SqlRow[Any]) -> InboxEntry:
    return InboxEntry(
        docket=docket_of(row.docket),
        body=row.body,
        taken_at=from_micros(row.entered_at),
        state=InboxState(row.state),
        attempts=row.attempts,
        next_at=maybe_moment(row.next_at),
        error=row.error,
        answered=row.answered,
    )


def _row_of(change: InboxChange, sequence: int) -> dict[str, Any]:
    done = change.state is InboxState.DONE
    return {
        "sequence": sequence,
        "state": str(change.state),
        "attempts": change.attempts,
        "next_at": maybe_micros(change.next_at) if change.state in INBOX_DUE else None,
        "error": change.error,
        "finished_at": to_micros(change.at) if change.state in INBOX_ENDED else None,
        "submission": submission_text(change.key) if done and change.key else None,
        "ref": change.filed_as,
        "answered": change.answered,
        "kept": 0 if change.state in INBOX_FINISHED else 1,
    }


class SqlInbox(SqlBox[InboxState]):
    """`bus.ports.store.Inbox` over the tables."""

    box = Box.IN
    of_entries = INBOX
    states = InboxState

    def filed(self, keys: Collection[SubmissionKey]) -> Collection[SubmissionKey]:
        hits = submissions(self._work.reads, INBOX, keys)
        return {submission_key(hit.submission) for hit in hits if hit.state == InboxState.DONE}

    def put(self, entries: Sequence[InboxEntry]) -> Sequence[InboxEntry]:
        connection = self._work.writes
        known = {
            (message, sender)
            for some in chunks({entry.docket.id for entry in entries})
            for message, sender, _, _ in look_up(connection, statements.STATES, {"messages": some})
        }
        sequence = next_sequence(connection, INBOX) if entries else 0
        new: list[InboxEntry] = []
        rows: list[dict[str, Any]] = []
        bodies: list[dict[str, Any]] = []
        large: list[tuple[int, Docket]] = []
        for entry in entries:
            identity = (entry.docket.id, entry.docket.sender.mailbox)
            if identity in known:
                continue
            known.add(identity)
            new.append(entry)
            kept = entry.state not in INBOX_FINISHED
            taken_at = to_micros(entry.taken_at)
            row = common_columns(
                entry.docket,
                sequence=sequence,
                state=entry.state,
                attempts=entry.attempts,
                entered_at=taken_at,
                next_at=maybe_micros(entry.next_at) if entry.state in INBOX_DUE else None,
                size=len(entry.body) if kept else 0,
            )
            row["finished_at"] = taken_at if entry.state in INBOX_ENDED else None
            row["error"] = entry.error
            row["sender"] = entry.docket.sender.mailbox
            row["blobs"] = sum(blob.size for blob in entry.docket.blobs or ())
            rows.append(row)
            if kept:
                bodies.append({"sequence": sequence, "body": entry.body})
                large.append((sequence, entry.docket))
            sequence += 1
        insert_rows(connection, inbox, rows)
        if bodies:
            compiled.execute(connection, insert_one(inbox_body), bodies)
        assign_blobs(connection, Box.IN, large)
        return new

    def docket_digests(
        self, keys: Collection[tuple[MailboxCode, MessageId]]
    ) -> Mapping[tuple[MailboxCode, MessageId], str]:
        connection = self._work.reads
        wanted = set(keys)
        return {
            (sender, message): sha256(docket).hexdigest()
            for some in chunks({message for _, message in wanted})
            for sender, message, docket in look_up(connection, statements.DOCKETS, {"messages": some})
            if (sender, message) in wanted
        }

    def held_from(self, senders: Collection[MailboxCode] | None = None) -> Mapping[MailboxCode, UnderWay]:
        connection = self._work.reads
        if senders is None:
            return sums(connection.execute(statements.HELD_FROM_ALL))
        found: dict[MailboxCode, UnderWay] = {}
        for some in chunks(senders):
            found |= sums(look_up(connection, statements.HELD_FROM, {"senders": some}))
        return found

    def due(self, *, now: datetime, limit: int, max_bytes: int) -> list[InboxEntry]:
        connection = self._work.reads
        return [_entry(row) for row in due_rows(connection, INBOX, now=now, limit=limit, max_bytes=max_bytes)]

    def due_with_blobs(self, state: State, *, now: datetime) -> InboxEntry | None:
        return next(map(_entry, due_with_blobs_rows(self._work.reads, INBOX, state, now=now)), None)

    def senders_to_fetch(self, *, now: datetime) -> Collection[MailboxCode]:
        when = {"state": str(InboxState.FETCHING), "now": to_micros(now)}
        return [sender for (sender,) in self._work.reads.execute(statements.SENDERS_TO_FETCH, when)]

    def next_to_fetch(self, sender: MailboxCode, *, now: datetime) -> InboxEntry | None:
        connection = self._work.reads
        which = {"state": str(InboxState.FETCHING), "now": to_micros(now), "of_sender": sender}
        sequence = connection.scalar(statements.NEXT_TO_FETCH, which)
        return None if sequence is None else _entry(*rows_of(connection, INBOX, [sequence]))

    def change(self, changes: Sequence[InboxChange]) -> None:
        connection = self._work.writes
        found: dict[MessageId, dict[MailboxCode, tuple[int, str]]] = {}
        for some in chunks({change.message for change in changes}):
            for message, sender, sequence, state in look_up(connection, statements.STATES, {"messages": some}):
                found.setdefault(message, {})[sender] = (sequence, state)
        rows: list[dict[str, Any]] = []
        bodyless: list[int] = []
        for change in changes:
            of_that_id = found.get(change.message, {})
            for sender, (sequence, state) in of_that_id.items():
                if state in INBOX_FINISHED or change.sender not in {None, sender}:
                    continue
                of_that_id[sender] = (sequence, str(change.state))
                rows.append(_row_of(change, sequence))
                if change.state in INBOX_FINISHED:
                    bodyless.append(sequence)
        run(connection, statements.CHANGE, rows)
        drop_bodies(connection, INBOX, bodyless)

    def _rows(self, found: Sequence[SqlRow[Any]]) -> list[Row[InboxState]]:
        return [
            Row(
                docket=docket_of(row.docket),
                state=InboxState(row.state),
                attempts=row.attempts,
                size=row.size,
                entered_at=from_micros(row.entered_at),
                next_at=maybe_moment(row.next_at),
                finished_at=maybe_moment(row.finished_at),
                ref=row.ref,
                error=row.error,
                number=row.sequence,
            )
            for row in found
        ]

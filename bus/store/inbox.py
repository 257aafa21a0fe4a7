"""The inbox: what was taken in and is not filed yet, and what was filed, so that nothing is filed twice."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy import Row as SqlRow

from bus.records import Box, InboxChange, InboxEntry, Row, State
from bus.store import apart, boxes
from bus.store.boxes import INBOX, chunks
from bus.store.forms import submission_text
from bus.store.many import about, many
from bus.store.moments import from_micros, maybe_micros, maybe_moment, to_micros
from bus.store.tables import inbox, inbox_body
from schemas.docket import Docket
from schemas.values import DocumentId, MailboxCode, MessageId

_BODYLESS = frozenset({State.DONE, State.CANCELLED})
"""At their end: nothing is left to file."""
_FINISHED = _BODYLESS | {State.REFUSED}
_DUE = frozenset({State.WAITING, State.FETCHING, State.FETCHED})

_i = inbox.c
_insert = insert(inbox)
_insert_body = insert(inbox_body)
_standing = select(_i.message, _i.sender, _i.sequence, _i.state).where(
    _i.message.in_(bindparam("messages", expanding=True))
)
_dockets = select(_i.sender, _i.message, _i.docket).where(_i.message.in_(bindparam("messages", expanding=True)))
_change = (
    update(inbox)
    .where(_i.sequence == bindparam("the"))
    .values(
        state=bindparam("to_state"),
        attempts=bindparam("to_attempts"),
        next_at=bindparam("to_next_at"),
        error=bindparam("to_error"),
        finished_at=bindparam("to_finished_at"),
        submission=func.coalesce(bindparam("to_submission", type_=_i.submission.type), _i.submission),
        ref=func.coalesce(bindparam("to_ref", type_=_i.ref.type), _i.ref),
        size=_i.size * bindparam("to_kept"),
    )
)


def put(connection: Connection, entries: Sequence[InboxEntry]) -> Sequence[InboxEntry]:
    known = {
        (message, sender)
        for some in chunks({entry.docket.id for entry in entries})
        for message, sender, _, _ in about(connection, _standing, {"messages": some})
    }
    sequence = boxes.next_sequence(connection, INBOX) if entries else 0
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
        kept = entry.state not in _BODYLESS
        taken_at = to_micros(entry.taken_at)
        row = boxes.common_columns(
            entry.docket,
            sequence=sequence,
            state=entry.state,
            attempts=entry.attempts,
            entered_at=taken_at,
            next_at=maybe_micros(entry.next_at) if entry.state in _DUE else None,
            size=len(entry.body) if kept else 0,
        )
        row["finished_at"] = taken_at if entry.state in _FINISHED else None
        row["error"] = entry.error
        row["sender"] = entry.docket.sender.mailbox
        rows.append(row)
        if kept:
            bodies.append({"sequence": sequence, "body": entry.body})
            large.append((sequence, entry.docket))
        sequence += 1
    if rows:
        many(connection, _insert, rows)
    if bodies:
        many(connection, _insert_body, bodies)
    apart.claim(connection, Box.IN, large)
    return new


def held(
    connection: Connection, keys: Collection[tuple[MailboxCode, MessageId]]
) -> Mapping[tuple[MailboxCode, MessageId], str]:
    wanted = set(keys)
    return {
        (sender, message): sha256(docket).hexdigest()
        for some in chunks({message for _, message in wanted})
        for sender, message, docket in about(connection, _dockets, {"messages": some})
        if (sender, message) in wanted
    }


def due(connection: Connection, *, now: datetime, limit: int, max_bytes: int) -> list[InboxEntry]:
    return [_entry(row) for row in boxes.due(connection, INBOX, now=now, limit=limit, max_bytes=max_bytes)]


def due_apart(connection: Connection, state: State, *, now: datetime) -> InboxEntry | None:
    sequence = apart.due(connection, Box.IN, state, now=now)
    return None if sequence is None else _entry(boxes.entries(connection, INBOX, [sequence])[0])


def _entry(row: SqlRow[Any]) -> InboxEntry:
    return InboxEntry(
        docket=boxes.docket_of(row.docket),
        body=row.body,
        taken_at=from_micros(row.entered_at),
        state=State(row.state),
        attempts=row.attempts,
        next_at=maybe_moment(row.next_at),
        error=row.error,
    )


def change(connection: Connection, changes: Sequence[InboxChange]) -> None:
    standing: dict[MessageId, dict[MailboxCode, tuple[int, str]]] = {}
    for some in chunks({change.message for change in changes}):
        for message, sender, sequence, state in about(connection, _standing, {"messages": some}):
            standing.setdefault(message, {})[sender] = (sequence, state)
    rows: list[dict[str, Any]] = []
    bodyless: list[int] = []
    for change in changes:
        of_that_id = standing.get(change.message, {})
        for sender, (sequence, state) in of_that_id.items():
            if state in _BODYLESS or change.sender not in {None, sender}:
                continue
            of_that_id[sender] = (sequence, str(change.state))
            rows.append(_row_of(change, sequence))
            if change.state in _BODYLESS:
                bodyless.append(sequence)
    if rows:
        many(connection, _change, rows)
    boxes.drop_bodies(connection, INBOX, bodyless)


def _row_of(change: InboxChange, sequence: int) -> dict[str, Any]:
    done = change.state is State.DONE
    return {
        "the": sequence,
        "to_state": str(change.state),
        "to_attempts": change.attempts,
        "to_next_at": maybe_micros(change.next_at) if change.state in _DUE else None,
        "to_error": change.error,
        "to_finished_at": to_micros(change.at) if change.state in _FINISHED else None,
        "to_submission": submission_text(change.key) if done and change.key else None,
        "to_ref": change.filed_as,
        "to_kept": 0 if change.state in _BODYLESS else 1,
    }


def rows(
    connection: Connection,
    *,
    state: State | None,
    document: DocumentId | None,
    message: MessageId | None,
    limit: int,
) -> list[Row]:
    return [
        Row(
            docket=boxes.docket_of(row.docket),
            state=State(row.state),
            attempts=row.attempts,
            size=row.size,
            entered_at=from_micros(row.entered_at),
            next_at=maybe_moment(row.next_at),
            finished_at=maybe_moment(row.finished_at),
            ref=row.ref,
            error=row.error,
        )
        for row in boxes.newest(connection, INBOX, state=state, document=document, message=message, limit=limit)
    ]

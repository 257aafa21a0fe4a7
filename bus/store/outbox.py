"""The outbox: entries, what the broker confirmed of each recipient, and their receipts."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Integer,
    Text,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy import Row as SqlRow

from bus.errors import HeldAfterAll, NotInTime
from bus.records import Box, OutboxChange, OutboxEntry, ReceiptLine, Row, State
from bus.store import apart, boxes
from bus.store.boxes import OUTBOX, chunks
from bus.store.forms import submission_key, submission_text
from bus.store.many import about, many
from bus.store.moments import from_micros, maybe_micros, maybe_moment, to_micros
from bus.store.tables import outbox, outbox_body, recipient
from schemas.codes import Outcome
from schemas.values import DocumentId, MailboxCode, MessageId

BODYLESS = frozenset({State.DONE, State.CANCELLED})
"""Finished: nothing is left to send."""

_DUE = frozenset({State.WAITING, State.SENT, State.UPLOADING})

_o, _r = outbox.c, recipient.c
_insert = insert(outbox)
_insert_body = insert(outbox_body)
_insert_recipients = insert(recipient)
_reseal = update(outbox_body).where(outbox_body.c.sequence == bindparam("the")).values(body=bindparam("to_body"))
_standing = select(_o.message, _o.sequence, _o.state).where(_o.message.in_(bindparam("messages", expanding=True)))
_change = (
    update(outbox)
    .where(_o.sequence == bindparam("the"))
    .values(
        state=bindparam("to_state"),
        attempts=bindparam("to_attempts"),
        next_at=bindparam("to_next_at"),
        error=bindparam("to_error"),
        finished_at=bindparam("to_finished_at"),
        sent_at=func.coalesce(bindparam("to_sent_at", type_=BigInteger), _o.sent_at),
        tried=or_(_o.tried, bindparam("to_tried", type_=Boolean)),
        headers=func.coalesce(bindparam("to_headers", type_=Text), _o.headers),
        size=_o.size * bindparam("to_kept", type_=Integer),
        expires_at=case((bindparam("to_kept", type_=Integer) == 1, _o.expires_at)),
    )
)
_begin_anew = update(recipient).where(_r.sequence == bindparam("the")).values(confirmed=False)
_confirm = (
    update(recipient)
    .where(_r.sequence == bindparam("the"), _r.mailbox == bindparam("at_mailbox"))
    .values(confirmed=True)
)
_outstanding = (
    select(_r.sequence, _r.routing, _r.confirmed)
    .where(_r.sequence.in_(bindparam("sequences", expanding=True)), _r.outcome.is_(None))
    .order_by(_r.sequence, _r.mailbox)
)
_dockets = select(_o.message, _o.sequence, _o.docket).where(_o.message.in_(bindparam("messages", expanding=True)))
# The mailboxes too: one receipt must not read all the recipients of a circular.
_sent_to = select(_r.sequence, _r.mailbox).where(
    _r.sequence.in_(bindparam("sequences", expanding=True)), _r.mailbox.in_(bindparam("mailboxes", expanding=True))
)
_receipt = update(recipient).where(_r.sequence == bindparam("the"), _r.mailbox == bindparam("at_mailbox"))
_gave_up = _r.code == NotInTime.code
_hold = _receipt.where(or_(_r.outcome.is_(None), _gave_up)).values(
    outcome=bindparam("is_outcome"),
    code=case((_gave_up, HeldAfterAll.code), else_=bindparam("is_code", type_=_r.code.type)),
    at=bindparam("is_at"),
)
_refuse = _receipt.where(or_(_r.outcome.is_(None), _r.outcome == str(Outcome.HELD), _gave_up)).values(
    outcome=bindparam("is_outcome"), code=bindparam("is_code"), at=bindparam("is_at")
)
_given_up = (
    select(_o.message, _r.mailbox)
    .join(recipient, _r.sequence == _o.sequence)
    .where(_o.message.in_(bindparam("messages", expanding=True)), _gave_up)
)
_expired = (
    select(outbox)
    .where(_o.expires_at <= bindparam("now"))
    .order_by(_o.expires_at)
    .limit(bindparam("limit", type_=Integer))
)
_complete = select(_o.sequence).where(
    _o.sequence.in_(bindparam("sequences", expanding=True)),
    _o.state != str(State.DONE),
    exists().where(_r.sequence == _o.sequence),
    ~exists().where(_r.sequence == _o.sequence, _r.outcome.is_(None)),
)
_finish = (
    update(outbox)
    .where(_o.sequence == bindparam("the"))
    .values(
        state=str(State.DONE),
        next_at=None,
        expires_at=None,
        error=None,
        size=0,
        finished_at=bindparam("to_finished_at"),
    )
)
_receipts = (
    select(_r.sequence, _r.mailbox, _r.outcome, _r.code, _r.at)
    .where(_r.sequence.in_(bindparam("sequences", expanding=True)), _r.outcome.is_not(None))
    .order_by(_r.sequence, _r.at, _r.mailbox)
)


def mailbox_of(routing: str) -> str:
    """Routing keys are <kind>.<mailbox>; a key of one word is its own."""
    return routing.partition(".")[2] or routing


def put(connection: Connection, entries: Sequence[OutboxEntry], *, at: datetime) -> None:
    if not entries:
        return
    first = boxes.next_sequence(connection, OUTBOX)
    entered_at = to_micros(at)
    rows: list[dict[str, Any]] = []
    bodies: list[dict[str, Any]] = []
    routes: list[dict[str, Any]] = []
    for sequence, entry in enumerate(entries, first):
        kept = entry.state not in BODYLESS
        row = boxes.common_columns(
            entry.docket,
            sequence=sequence,
            state=entry.state,
            attempts=entry.attempts,
            entered_at=entered_at,
            next_at=maybe_micros(entry.next_at) if entry.state in _DUE else None,
            size=len(entry.body) if kept else 0,
        )
        row["finished_at"] = None if kept else entered_at
        row["submission"] = submission_text(entry.key) if entry.key else None
        row["ref"] = entry.source
        row["expects_receipts"] = entry.expects_receipts
        row["tried"] = False
        row["expires_at"] = maybe_micros(entry.docket.expires_at) if kept else None
        row["headers"] = _headers_text(entry.headers)
        rows.append(row)
        if kept:
            bodies.append({"sequence": sequence, "body": entry.body, "kept_key": entry.kept_key})
        for key in entry.outstanding:
            routes.append({"sequence": sequence, "mailbox": mailbox_of(key), "routing": key, "confirmed": False})
    many(connection, _insert, rows)
    if bodies:
        many(connection, _insert_body, bodies)
    if routes:
        many(connection, _insert_recipients, routes)
    large = [(sequence, entry.docket) for sequence, entry in enumerate(entries, first) if entry.docket.blobs]
    apart.claim(connection, Box.OUT, large)


def _headers_text(headers: Mapping[str, str] | None) -> str | None:
    return json.dumps(dict(headers)) if headers else None


def due(connection: Connection, *, now: datetime, limit: int, max_bytes: int) -> list[OutboxEntry]:
    return _entries(connection, boxes.due(connection, OUTBOX, now=now, limit=limit, max_bytes=max_bytes))


def due_apart(connection: Connection, state: State, *, now: datetime) -> OutboxEntry | None:
    sequence = apart.due(connection, Box.OUT, state, now=now)
    rows = [] if sequence is None else boxes.entries(connection, OUTBOX, [sequence])
    return next(iter(_entries(connection, rows)), None)


def not_in_time(connection: Connection, messages: Collection[MessageId]) -> set[tuple[MessageId, MailboxCode]]:
    return {
        (message, mailbox)
        for some in chunks(messages)
        for message, mailbox in about(connection, _given_up, {"messages": some})
    }


def expired(connection: Connection, *, now: datetime, limit: int) -> list[Row]:
    return _rows(connection, connection.execute(_expired, {"now": to_micros(now), "limit": limit}).all())


def unfinished(connection: Connection, messages: Collection[MessageId]) -> list[OutboxEntry]:
    standing = _look_up(connection, messages)
    open_ = [each.sequence for each in standing.values() if each.state not in BODYLESS]
    rows = [row for some in chunks(open_) for row in about(connection, OUTBOX.entries, {"sequences": some}).all()]
    return _entries(connection, rows)


def reseal(connection: Connection, bodies: Mapping[MessageId, bytes]) -> None:
    standing = _look_up(connection, bodies.keys())
    rows = [{"the": standing[message].sequence, "to_body": body} for message, body in bodies.items()]
    if rows:
        many(connection, _reseal, rows)


def _entries(connection: Connection, rows: Sequence[SqlRow[Any]]) -> list[OutboxEntry]:
    unconfirmed: defaultdict[int, list[str]] = defaultdict(list)
    unreceipted: defaultdict[int, list[str]] = defaultdict(list)
    for some in chunks([row.sequence for row in rows]):
        for sequence, routing, confirmed in about(connection, _outstanding, {"sequences": some}):
            unreceipted[sequence].append(routing)
            if not confirmed:
                unconfirmed[sequence].append(routing)
    entries = []
    for row in rows:
        sequence, state, text = row.sequence, State(row.state), row.submission
        # Nobody left to confirm, and yet it waits: the one receipt that came overtook the confirm of another.
        waiting_for = unconfirmed if state is State.WAITING and sequence in unconfirmed else unreceipted
        entries.append(
            OutboxEntry(
                docket=boxes.docket_of(row.docket),
                body=row.body,
                key=submission_key(text) if text else None,
                outstanding=tuple(waiting_for[sequence]),
                expects_receipts=row.expects_receipts,
                state=state,
                attempts=row.attempts,
                next_at=maybe_moment(row.next_at),
                source=row.ref,
                headers=json.loads(row.headers) if row.headers else {},
                kept_key=row.kept_key,
            )
        )
    return entries


class _Standing(NamedTuple):
    sequence: int
    state: State


def _look_up(connection: Connection, messages: Collection[MessageId]) -> dict[MessageId, _Standing]:
    return {
        message: _Standing(sequence, State(state))
        for some in chunks(messages)
        for message, sequence, state in about(connection, _standing, {"messages": some})
    }


def change(connection: Connection, changes: Sequence[OutboxChange]) -> None:
    standing = _look_up(connection, [change.message for change in changes])
    rows: list[dict[str, Any]] = []
    bodyless: list[int] = []
    anew: list[dict[str, Any]] = []
    confirmed: list[dict[str, Any]] = []
    for change in changes:
        if change.message not in standing:
            continue
        sequence, before = standing[change.message]
        if before in BODYLESS:
            continue
        standing[change.message] = _Standing(sequence, change.state)
        rows.append(_row_of(change, sequence, before))
        if change.state in BODYLESS:
            bodyless.append(sequence)
        elif change.state is State.WAITING:  # else nobody reads which keys were confirmed
            if before is not State.WAITING:
                anew.append({"the": sequence})
            confirmed += [{"the": sequence, "at_mailbox": mailbox_of(key)} for key in change.confirmed]
    if rows:
        many(connection, _change, rows)
    boxes.drop_bodies(connection, OUTBOX, bodyless)
    if anew:
        many(connection, _begin_anew, anew)
    if confirmed:
        many(connection, _confirm, confirmed)


def _row_of(change: OutboxChange, sequence: int, before: State) -> dict[str, Any]:
    at = to_micros(change.at)
    sent = bool(change.confirmed) or (change.state is State.SENT and before is not State.SENT)
    return {
        "the": sequence,
        "to_state": str(change.state),
        "to_attempts": change.attempts,
        "to_next_at": maybe_micros(change.next_at) if change.state in _DUE else None,
        "to_error": change.error,
        "to_finished_at": at if change.state in BODYLESS else None,
        "to_sent_at": at if sent else None,
        "to_tried": change.tried,
        "to_headers": _headers_text(change.headers),
        "to_kept": 0 if change.state in BODYLESS else 1,
    }


def put_receipts(connection: Connection, lines: Sequence[ReceiptLine]) -> Collection[MessageId]:
    meant = _meant(connection, lines)
    heard: dict[Outcome, list[dict[str, Any]]] = {outcome: [] for outcome in Outcome}
    last: dict[int, int] = {}
    for line, sequence in meant:
        at = to_micros(line.at)
        last[sequence] = max(at, last.get(sequence, at))
        heard[line.outcome].append(
            {
                "the": sequence,
                "at_mailbox": line.mailbox,
                "is_outcome": str(line.outcome),
                "is_code": line.code,
                "is_at": at,
            }
        )
    for statement, rows in ((_hold, heard[Outcome.HELD]), (_refuse, heard[Outcome.REFUSED])):
        if rows:
            many(connection, statement, rows)
    finished = [
        sequence
        for some in chunks(last.keys())
        for sequence in about(
            connection, _complete, {"sequences": some}
        ).scalars()  # those that every recipient has answered
    ]
    if finished:
        many(connection, _finish, [{"the": sequence, "to_finished_at": last[sequence]} for sequence in finished])
    boxes.drop_bodies(connection, OUTBOX, finished)
    return {line.message for line, _ in meant}


def _meant(connection: Connection, lines: Sequence[ReceiptLine]) -> list[tuple[ReceiptLine, int]]:
    """The lines from a recipient of the message, about the very docket it was sent, each with the entry's sequence."""
    sent: dict[MessageId, tuple[int, str]] = {
        message: (sequence, sha256(docket).hexdigest())
        for some in chunks({line.message for line in lines})
        for message, sequence, docket in about(connection, _dockets, {"messages": some})
    }
    mailboxes = list(chunks({line.mailbox for line in lines}))
    to = {
        (sequence, mailbox)
        for some in chunks([sequence for sequence, _ in sent.values()])
        for those in mailboxes
        for sequence, mailbox in about(connection, _sent_to, {"sequences": some, "mailboxes": those})
    }
    return [
        (line, sequence)
        for line in lines
        for sequence, digest in (sent.get(line.message, (0, "")),)
        if (sequence, line.mailbox) in to and line.docket_sha256 in {None, digest}
    ]


def rows(
    connection: Connection,
    *,
    state: State | None,
    document: DocumentId | None,
    message: MessageId | None,
    limit: int,
) -> list[Row]:
    return _rows(
        connection, boxes.newest(connection, OUTBOX, state=state, document=document, message=message, limit=limit)
    )


def _rows(connection: Connection, found: Sequence[SqlRow[Any]]) -> list[Row]:
    receipts = _receipts_of(connection, {row.sequence: row.message for row in found})
    return [
        Row(
            docket=boxes.docket_of(row.docket),
            state=State(row.state),
            attempts=row.attempts,
            size=row.size,
            entered_at=from_micros(row.entered_at),
            next_at=maybe_moment(row.next_at),
            sent_at=maybe_moment(row.sent_at),
            finished_at=maybe_moment(row.finished_at),
            ref=row.ref,
            error=row.error,
            recipients=tuple(receipts[row.sequence]),
            tried=row.tried,
        )
        for row in found
    ]


def _receipts_of(connection: Connection, messages: Mapping[int, MessageId]) -> Mapping[int, list[ReceiptLine]]:
    receipts: defaultdict[int, list[ReceiptLine]] = defaultdict(list)
    for some in chunks(messages.keys()):
        for sequence, mailbox, outcome, code, at in about(connection, _receipts, {"sequences": some}):
            receipts[sequence].append(
                ReceiptLine(
                    message=messages[sequence], mailbox=mailbox, outcome=Outcome(outcome), code=code, at=from_micros(at)
                )
            )
    return receipts

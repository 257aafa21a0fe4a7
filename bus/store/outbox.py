"""The outbox: entries, what the broker confirmed of each recipient, and their receipts."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection
from sqlalchemy import Row as SqlRow

from bus.handling.transport import OUTBOX_DUE, OUTBOX_FINISHED, OutboxState, State
from bus.ports.records import Box, OutboxChange, OutboxEntry, ReceiptLine, Row, SubmissionKey, UnderWay
from bus.ports.submitted import Carrier, Submitted, submitted
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
    submissions,
    sums,
)
from bus.store.normal_forms import submission_key, submission_text
from bus.store.sql import compiled
from bus.store.sql.batches import insert_one, insert_rows, look_up, run
from bus.store.sql.times import from_micros, maybe_micros, maybe_moment, to_micros
from bus.store.statements import outbox as statements
from bus.store.statements.entries import OUTBOX
from bus.store.tables import outbox, outbox_body, recipient
from schemas.codes import Outcome
from schemas.values import MailboxCode, MessageId


def mailbox_of(routing: str) -> str:
    """Routing keys are <kind>.<mailbox>; a key of one word is its own."""
    return routing.partition(".")[2] or routing


def _headers_text(headers: Mapping[str, str] | None) -> str | None:
    return json.dumps(dict(headers)) if headers else None


def _entries(connection: Connection, rows: Sequence[SqlRow[Any]]) -> list[OutboxEntry]:
    unconfirmed: defaultdict[int, list[str]] = defaultdict(list)
    unreceipted: defaultdict[int, list[str]] = defaultdict(list)
    for some in chunks([row.sequence for row in rows]):
        for sequence, routing, confirmed in look_up(connection, statements.OUTSTANDING, {"sequences": some}):
            unreceipted[sequence].append(routing)
            if not confirmed:
                unconfirmed[sequence].append(routing)
    entries = []
    for row in rows:
        sequence, state, text = row.sequence, OutboxState(row.state), row.submission
        # Nobody left to confirm, and yet it waits: the one receipt that came overtook the confirm of another.
        waiting_for = unconfirmed if state is OutboxState.WAITING and sequence in unconfirmed else unreceipted
        entries.append(
            OutboxEntry(
                docket=docket_of(row.docket),
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


class _Found(NamedTuple):
    sequence: int
    state: OutboxState


def _look_up(connection: Connection, messages: Collection[MessageId]) -> dict[MessageId, _Found]:
    return {
        message: _Found(sequence, OutboxState(state))
        for some in chunks(messages)
        for message, sequence, state in look_up(connection, statements.STATES, {"messages": some})
    }


def _row_of(change: OutboxChange, sequence: int, before: OutboxState) -> dict[str, Any]:
    at = to_micros(change.at)
    sent = bool(change.confirmed) or (change.state is OutboxState.SENT and before is not OutboxState.SENT)
    return {
        "sequence": sequence,
        "state": str(change.state),
        "attempts": change.attempts,
        "next_at": maybe_micros(change.next_at) if change.state in OUTBOX_DUE else None,
        "error": change.error,
        "finished_at": at if change.state in OUTBOX_FINISHED else None,
        "sent_at": at if sent else None,
        "tried": change.tried,
        "headers": _headers_text(change.headers),
        "kept": 0 if change.state in OUTBOX_FINISHED else 1,
    }


class _Meant(NamedTuple):
    """A line from a recipient of the message, about the very docket it was sent."""

    line: ReceiptLine
    sequence: int
    entered_at: int
    before: Outcome | None
    """What that recipient has answered before."""


class _Sent(NamedTuple):
    sequence: int
    digest: str
    entered_at: int


def _meant(connection: Connection, lines: Collection[ReceiptLine]) -> list[_Meant]:
    sent = {
        message: _Sent(sequence, sha256(docket).hexdigest(), entered_at)
        for some in chunks({line.message for line in lines})
        for message, sequence, docket, entered_at in look_up(connection, statements.DOCKETS, {"messages": some})
    }
    mailboxes = list(chunks({line.mailbox for line in lines}))
    to = {
        (sequence, mailbox): outcome
        for some in chunks([each.sequence for each in sent.values()])
        for those in mailboxes
        for sequence, mailbox, outcome in look_up(
            connection, statements.RECIPIENTS, {"sequences": some, "mailboxes": those}
        )
    }
    return [
        _Meant(line, found.sequence, found.entered_at, Outcome(before) if before else None)
        for line in lines
        if (found := sent.get(line.message)) is not None
        and (before := to.get((found.sequence, line.mailbox), _NOBODY)) != _NOBODY
        and line.docket_sha256 in {None, found.digest}
    ]


_NOBODY: Final = "nobody"
"""In place of an outcome, where a mailbox is no recipient."""


def _rows(connection: Connection, found: Sequence[SqlRow[Any]]) -> list[Row[OutboxState]]:
    receipts = _receipts_of(connection, {row.sequence: row.message for row in found})
    return [
        Row(
            docket=docket_of(row.docket),
            state=OutboxState(row.state),
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
            key=submission_key(row.submission) if row.submission else None,
            number=row.sequence,
        )
        for row in found
    ]


def _receipts_of(connection: Connection, messages: Mapping[int, MessageId]) -> Mapping[int, list[ReceiptLine]]:
    receipts: defaultdict[int, list[ReceiptLine]] = defaultdict(list)
    for some in chunks(messages.keys()):
        for sequence, mailbox, outcome, code, at in look_up(connection, statements.RECEIPTS, {"sequences": some}):
            receipts[sequence].append(
                ReceiptLine(
                    message=messages[sequence], mailbox=mailbox, outcome=Outcome(outcome), code=code, at=from_micros(at)
                )
            )
    return receipts


class SqlOutbox(SqlBox[OutboxState]):
    """`bus.ports.store.Outbox` over the tables."""

    box = Box.OUT
    of_entries = OUTBOX
    states = OutboxState

    def submitted(self, keys: Collection[SubmissionKey]) -> Mapping[SubmissionKey, Submitted]:
        connection = self._work.reads
        found: defaultdict[str, list[Carrier]] = defaultdict(list)
        hits = submissions(connection, OUTBOX, keys)
        answers: defaultdict[int, dict[MailboxCode, Outcome | None]] = defaultdict(dict)
        for some in chunks([hit.sequence for hit in hits]):
            for sequence, mailbox, outcome in look_up(connection, statements.ANSWERS, {"sequences": some}):
                answers[sequence][mailbox] = Outcome(outcome) if outcome else None
        for text, sequence, state, message in sorted(hits, key=lambda hit: hit.sequence):
            found[text].append(Carrier(message, OutboxState(state), answers[sequence]))
        return {submission_key(text): submitted(carriers) for text, carriers in found.items()}

    def put(self, entries: Sequence[OutboxEntry], *, at: datetime) -> None:
        connection = self._work.writes
        if not entries:
            return
        first = next_sequence(connection, OUTBOX)
        entered_at = to_micros(at)
        rows: list[dict[str, Any]] = []
        bodies: list[dict[str, Any]] = []
        routes: list[dict[str, Any]] = []
        for sequence, entry in enumerate(entries, first):
            kept = entry.state not in OUTBOX_FINISHED
            row = common_columns(
                entry.docket,
                sequence=sequence,
                state=entry.state,
                attempts=entry.attempts,
                entered_at=entered_at,
                next_at=maybe_micros(entry.next_at) if entry.state in OUTBOX_DUE else None,
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
            size = len(entry.body) if kept and entry.key else None
            apart = sum(blob.size for blob in entry.docket.blobs or ())
            for key in entry.outstanding:
                to = {"sequence": sequence, "mailbox": mailbox_of(key), "routing": key, "confirmed": False}
                routes.append({**to, "size": size, "blobs": apart})
        insert_rows(connection, outbox, rows)
        if bodies:
            compiled.execute(connection, insert_one(outbox_body), bodies)
        insert_rows(connection, recipient, routes)
        large = [(sequence, entry.docket) for sequence, entry in enumerate(entries, first) if entry.docket.blobs]
        assign_blobs(connection, Box.OUT, large)

    def due(self, *, now: datetime, limit: int, max_bytes: int) -> list[OutboxEntry]:
        connection = self._work.reads
        return _entries(connection, due_rows(connection, OUTBOX, now=now, limit=limit, max_bytes=max_bytes))

    def due_with_blobs(self, state: State, *, now: datetime) -> OutboxEntry | None:
        connection = self._work.reads
        return next(iter(_entries(connection, due_with_blobs_rows(connection, OUTBOX, state, now=now))), None)

    def change(self, changes: Sequence[OutboxChange]) -> None:
        connection = self._work.writes
        found = _look_up(connection, [change.message for change in changes])
        rows: list[dict[str, Any]] = []
        bodyless: list[int] = []
        withdrawn: list[dict[str, Any]] = []
        anew: list[dict[str, Any]] = []
        confirmed: list[dict[str, Any]] = []
        for change in changes:
            if change.message not in found:
                continue
            sequence, before = found[change.message]
            if before in OUTBOX_FINISHED:
                continue
            found[change.message] = _Found(sequence, change.state)
            rows.append(_row_of(change, sequence, before))
            if change.state in OUTBOX_FINISHED:
                bodyless.append(sequence)
                if change.state is OutboxState.CANCELLED:
                    withdrawn.append({"sequence": sequence})
            elif change.state is OutboxState.WAITING:  # else nobody reads which keys were confirmed
                if before is not OutboxState.WAITING:
                    anew.append({"sequence": sequence})
                confirmed += [{"sequence": sequence, "mailbox": mailbox_of(key)} for key in change.confirmed]
        run(connection, statements.CHANGE, rows)
        drop_bodies(connection, OUTBOX, bodyless)
        run(connection, statements.NOT_UNDER_WAY, withdrawn)
        run(connection, statements.BEGIN_ANEW, anew)
        run(connection, statements.CONFIRM, confirmed)

    def put_receipts(self, lines: Sequence[ReceiptLine]) -> Collection[MessageId]:
        connection = self._work.writes
        meant = _meant(connection, lines)
        heard: dict[Outcome, list[dict[str, Any]]] = {outcome: [] for outcome in Outcome}
        last: dict[int, int] = {}
        for line, sequence, _, _ in meant:
            at = to_micros(line.at)
            last[sequence] = max(at, last.get(sequence, at))
            heard[line.outcome].append(
                {
                    "sequence": sequence,
                    "mailbox": line.mailbox,
                    "outcome": str(line.outcome),
                    "code": line.code,
                    "at": at,
                }
            )
        run(connection, statements.HOLD, heard[Outcome.HELD])
        run(connection, statements.REFUSE, heard[Outcome.REFUSED])
        finished = [
            sequence
            for some in chunks(last.keys())
            for sequence in look_up(connection, statements.COMPLETE, {"sequences": some}).scalars()
        ]
        finish = [{"sequence": sequence, "finished_at": last[sequence]} for sequence in finished]
        run(connection, statements.FINISH, finish)
        drop_bodies(connection, OUTBOX, finished)
        return {each.line.message for each in meant}

    def answered(self, lines: Collection[ReceiptLine]) -> Mapping[ReceiptLine, Outcome | None]:
        return {each.line: each.before for each in _meant(self._work.reads, lines)}

    def hold_back(
        self, lines: Collection[ReceiptLine], *, since: datetime, until: datetime, error: str
    ) -> Collection[ReceiptLine]:
        connection = self._work.writes
        limit = to_micros(since)
        meant = [
            each for each in _meant(connection, lines) if each.before is not Outcome.HELD and each.entered_at > limit
        ]
        rows = {each.sequence for each in meant}
        run(
            connection,
            statements.HOLD_BACK,
            [{"sequence": sequence, "next_at": to_micros(until), "error": error} for sequence in sorted(rows)],
        )
        return [each.line for each in meant]

    def under_way(self, mailboxes: Collection[MailboxCode] | None = None) -> Mapping[MailboxCode, UnderWay]:
        connection = self._work.reads
        if mailboxes is None:
            return sums(connection.execute(statements.UNDER_WAY_TO_ALL))
        found: dict[MailboxCode, UnderWay] = {}
        for some in chunks(mailboxes):
            found |= sums(look_up(connection, statements.UNDER_WAY, {"mailboxes": some}))
        return found

    def given_up(self, messages: Collection[MessageId]) -> set[tuple[MessageId, MailboxCode]]:
        connection = self._work.reads
        return {
            (message, mailbox)
            for some in chunks(messages)
            for message, mailbox in look_up(connection, statements.GIVEN_UP, {"messages": some})
        }

    def expired(self, *, now: datetime, limit: int) -> list[Row[OutboxState]]:
        connection = self._work.reads
        return _rows(connection, connection.execute(statements.EXPIRED, {"now": to_micros(now), "limit": limit}).all())

    def unfinished(self, messages: Collection[MessageId]) -> list[OutboxEntry]:
        connection = self._work.reads
        found = _look_up(connection, messages)
        open_ = [each.sequence for each in found.values() if each.state not in OUTBOX_FINISHED]
        rows = [row for some in chunks(open_) for row in look_up(connection, OUTBOX.entries, {"sequences": some}).all()]
        return _entries(connection, rows)

    def reseal(self, bodies: Mapping[MessageId, bytes]) -> None:
        connection = self._work.writes
        found = _look_up(connection, bodies.keys())
        rows = [{"entry": found[message].sequence, "sealed": body} for message, body in bodies.items()]
        if rows:
            compiled.execute(connection, statements.RESEAL, rows)

    def _rows(self, found: Sequence[SqlRow[Any]]) -> list[Row[OutboxState]]:
        return _rows(self._work.reads, found)

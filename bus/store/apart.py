"""What travels apart from the messages of a box: segments of large attachments, and how far each message has come.

A large blob goes in many small commits: others get their turn between them (bus/daemon/large.py).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, Integer, Table, bindparam, delete, insert, or_, select, update

from bus.records import BlobKey, Box, Segment, State, Transfer
from bus.store import tables
from bus.store.boxes import GONE, chunks, docket_of
from bus.store.moments import from_micros, maybe_micros, maybe_moment, to_micros
from schemas.docket import Docket
from schemas.values import MailboxCode, MessageId

_UNNEEDED_AT_ONCE = 20


class _Entry(NamedTuple):
    sequence: int
    message: MessageId
    sender: MailboxCode


class Apart:
    """The statements over one box's tables."""

    def __init__(self, box: Table, blob: Table, segment: Table, transfer: Table) -> None:
        self.blob, self.segment, self.transfer, self.box = blob, segment, transfer, box
        b, s, e = blob.c, segment.c, box.c
        own = (b.message == bindparam("a_message"), b.sender == bindparam("a_sender"))
        self.number = select(b.number).where(*own, b.blob == bindparam("a_blob"))
        self.number_of_nobody_s = self.number.where(b.sequence.is_(None))
        self.begin = insert(blob).returning(b.number)
        self.claim = (
            update(blob).where(*own, b.blob.in_(bindparam("blobs", expanding=True))).values(sequence=bindparam("the"))
        )
        self.put = insert(segment)
        self.replaced = delete(segment).where(
            s.of == bindparam("an_of"), s.number.in_(bindparam("numbers", expanding=True))
        )
        self.read = (
            select(s.number, s.data)
            .where(s.of == bindparam("an_of"), s.number >= bindparam("first"))
            .order_by(s.number)
            .limit(bindparam("limit", type_=Integer))
        )
        some = (
            select(s.number)
            .where(s.of == bindparam("an_of"))
            .order_by(s.number)
            .limit(bindparam("limit", type_=Integer))
            .scalar_subquery()
        )
        self.drop = delete(segment).where(s.of == bindparam("an_of"), s.number.in_(some))
        self.end = delete(blob).where(b.number == bindparam("an_of"))
        self.nobody_s = (
            select(b.sender, b.message, b.blob)
            .where(b.sequence.is_(None), b.begun_at < bindparam("before"))
            .order_by(b.number)
            .limit(_UNNEEDED_AT_ONCE)
        )
        self.due = (
            select(e.sequence)
            .where(e.state == bindparam("state"), or_(e.next_at.is_(None), e.next_at <= bindparam("now")))
            .order_by(e.priority.desc(), e.sequence)
            .limit(1)
        )
        self.entries = select(e.sequence, e.message, e.docket).where(
            e.message.in_(bindparam("messages", expanding=True))
        )
        self.of_entries = select(transfer).where(transfer.c.sequence.in_(bindparam("sequences", expanding=True)))
        self.move = (
            update(transfer)
            .where(transfer.c.sequence == bindparam("the"))
            .values({name: bindparam(f"to_{name}") for name in _FACTS})
        )
        self.enter = insert(transfer)


_FACTS: Final = ("began_at", "done", "kind", "mark", "looked", "behind", "finished_at")

APART: Final[Mapping[Box, Apart]] = {
    Box.OUT: Apart(tables.outbox, tables.outbox_blob, tables.outbox_segment, tables.outbox_transfer),
    Box.IN: Apart(tables.inbox, tables.inbox_blob, tables.inbox_segment, tables.inbox_transfer),
}


# -- whose blobs -------------------------------------------------------------------------------------------------------


def claim(connection: Connection, box: Box, entries: Sequence[tuple[int, Docket]]) -> None:
    """The blobs of these entries are theirs. In an inbox they are entered here, in an outbox they must be there."""
    apart = APART[box]
    for sequence, docket in entries:
        blobs = [blob.id for blob in docket.blobs or ()]
        key = {"a_message": docket.id, "a_sender": docket.sender.mailbox}
        if box is Box.IN and blobs:
            connection.execute(
                insert(apart.blob),
                [
                    {
                        "sender": docket.sender.mailbox,
                        "message": docket.id,
                        "blob": blob,
                        "sequence": sequence,
                        "begun_at": GONE,
                    }
                    for blob in blobs
                ],
            )
        elif blobs:
            claimed = connection.execute(apart.claim, {**key, "blobs": blobs, "the": sequence}).rowcount
            if claimed != len(blobs):
                raise ValueError(f"message {docket.id}: {claimed} of its {len(blobs)} blobs are here")


def unneeded(connection: Connection, box: Box, *, before: datetime) -> list[BlobKey]:
    found = connection.execute(APART[box].nobody_s, {"before": to_micros(before)})
    return [BlobKey(sender, message, blob) for sender, message, blob in found]


# -- segments ----------------------------------------------------------------------------------------------------------


def put(connection: Connection, box: Box, blob: BlobKey, segments: Sequence[Segment], *, at: datetime) -> None:
    apart = APART[box]
    number = _number(connection, apart, blob)
    if number is None:
        row = {**blob._asdict(), "sequence": None, "begun_at": to_micros(at)}
        number = connection.execute(apart.begin, row).scalar_one()
    else:
        connection.execute(apart.replaced, {"an_of": number, "numbers": [segment.number for segment in segments]})
    rows = [{"of": number, "number": segment.number, "data": segment.data} for segment in segments]
    if rows:
        connection.execute(apart.put, rows)


def read(connection: Connection, box: Box, blob: BlobKey, *, first: int, limit: int) -> list[Segment]:
    apart = APART[box]
    number = _number(connection, apart, blob)
    found = connection.execute(apart.read, {"an_of": number, "first": first, "limit": limit})
    return [Segment(blob=blob.blob, number=each, data=data) for each, data in found]


def drop(connection: Connection, box: Box, blob: BlobKey, *, limit: int) -> bool:
    apart = APART[box]
    number = connection.scalar(apart.number_of_nobody_s, _named(blob))
    if number is None:
        return False
    if connection.execute(apart.drop, {"an_of": number, "limit": limit}).rowcount == limit:
        return True
    connection.execute(apart.end, {"an_of": number})
    return False


def _number(connection: Connection, apart: Apart, blob: BlobKey) -> int | None:
    return connection.scalar(apart.number, _named(blob))


def _named(blob: BlobKey) -> dict[str, str]:
    return {"a_message": blob.message, "a_sender": blob.sender, "a_blob": blob.blob}


# -- how far -----------------------------------------------------------------------------------------------------------


def due(connection: Connection, box: Box, state: State, *, now: datetime) -> int | None:
    """The sequence of the first."""
    return connection.scalar(APART[box].due, {"state": str(state), "now": to_micros(now)})


def put_transfer(connection: Connection, box: Box, transfer: Transfer) -> None:
    apart = APART[box]
    found = [
        entry.sequence for entry in _entries(connection, apart, [transfer.message]) if entry.sender == transfer.sender
    ]
    for sequence in found:
        facts = {
            "began_at": to_micros(transfer.began_at),
            "done": transfer.done,
            "kind": transfer.kind,
            "mark": transfer.mark,
            "looked": transfer.looked,
            "behind": transfer.behind,
            "finished_at": maybe_micros(transfer.finished_at),
        }
        moved = connection.execute(apart.move, {"the": sequence, **{f"to_{name}": facts[name] for name in _FACTS}})
        if not moved.rowcount:
            connection.execute(apart.enter, {"sequence": sequence, **facts})


def transfers(connection: Connection, box: Box, messages: Collection[MessageId]) -> list[Transfer]:
    apart = APART[box]
    entries = {entry.sequence: entry for entry in _entries(connection, apart, messages)}
    return [
        Transfer(
            message=entries[row.sequence].message,
            sender=entries[row.sequence].sender,
            began_at=from_micros(row.began_at),
            done=row.done,
            kind=row.kind,
            mark=row.mark,
            looked=row.looked,
            behind=row.behind,
            finished_at=maybe_moment(row.finished_at),
        )
        for some in chunks(entries.keys())
        for row in connection.execute(apart.of_entries, {"sequences": some})
    ]


def _entries(connection: Connection, apart: Apart, messages: Collection[MessageId]) -> list[_Entry]:
    return [
        _Entry(sequence, message, docket_of(docket).sender.mailbox)
        for some in chunks(messages)
        for sequence, message, docket in connection.execute(apart.entries, {"messages": some})
    ]

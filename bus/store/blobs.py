"""The blobs of a box: segments of large attachments, and how far each message's transfer is.

A large blob goes in many small commits: others get their turn between them (bus/daemon/blobs.py).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import Connection

from bus.ports.records import BlobKey, Box, Segment, Transfer
from bus.store.entries import chunks, docket_of
from bus.store.sql import batches, compiled
from bus.store.sql.times import from_micros, maybe_micros, maybe_moment, to_micros
from bus.store.statements.blobs import BLOBS, TRANSFER_FACTS, BlobStatements
from bus.store.statements.entries import GONE
from bus.store.work import Work
from schemas.docket import Docket
from schemas.values import MailboxCode, MessageId


class _Entry(NamedTuple):
    sequence: int
    message: MessageId
    sender: MailboxCode


def assign_blobs(connection: Connection, box: Box, entries: Sequence[tuple[int, Docket]]) -> None:
    """The blobs that these entries name are theirs. An inbox enters them here; in an outbox they must be there: raises
    ValueError."""
    for sequence, docket in entries:
        blobs = [blob.id for blob in docket.blobs or ()]
        if not blobs:
            continue
        message, sender = docket.id, docket.sender.mailbox
        if box is Box.IN:
            rows = [
                {"sender": sender, "message": message, "blob": blob, "sequence": sequence, "begun_at": GONE}
                for blob in blobs
            ]
            batches.insert_rows(connection, BLOBS[box].blob, rows)
            continue
        names = {"the_message": message, "the_sender": sender, "blobs": blobs, "entry": sequence}
        assigned = connection.execute(BLOBS[box].assign, names).rowcount
        if assigned != len(blobs):
            raise ValueError(f"message {docket.id}: {assigned} of its {len(blobs)} blobs are here")


class SqlBlobs:
    """The verbs of `bus.ports.store.Entries` that concern blobs."""

    box: ClassVar[Box]

    def __init__(self, work: Work) -> None:
        self._work = work

    def orphans(self, *, before: datetime) -> list[BlobKey]:
        found = self._work.reads.execute(BLOBS[self.box].orphans, {"before": to_micros(before)})
        return [BlobKey(sender, message, blob) for sender, message, blob in found]

    def put_segments(self, blob: BlobKey, segments: Sequence[Segment], *, at: datetime) -> None:
        connection, statements = self._work.writes, BLOBS[self.box]
        number = connection.scalar(statements.number, _named(blob))
        if number is None:
            row = {**blob._asdict(), "sequence": None, "begun_at": to_micros(at)}
            number = connection.execute(statements.begin, row).scalar_one()
        else:
            numbers = [segment.number for segment in segments]
            connection.execute(statements.replaced, {"the_blob": number, "numbers": numbers})
        rows = [{"of": number, "number": segment.number, "data": segment.data} for segment in segments]
        if rows:
            compiled.execute(connection, batches.insert_one(statements.segment), rows)

    def segments(self, blob: BlobKey, *, first: int, limit: int) -> list[Segment]:
        connection, statements = self._work.reads, BLOBS[self.box]
        number = connection.scalar(statements.number, _named(blob))
        found = connection.execute(statements.read, {"the_blob": number, "first": first, "limit": limit})
        return [Segment(blob=blob.blob, number=each, data=data) for each, data in found]

    def drop_segments(self, blob: BlobKey, *, limit: int) -> bool:
        connection, statements = self._work.writes, BLOBS[self.box]
        number = connection.scalar(statements.number_of_orphan, _named(blob))
        if number is None:
            return False
        if connection.execute(statements.drop, {"the_blob": number, "limit": limit}).rowcount == limit:
            return True
        connection.execute(statements.drop_blob, {"the_blob": number})
        return False

    def put_transfer(self, transfer: Transfer) -> None:
        connection, statements = self._work.writes, BLOBS[self.box]
        facts = _facts_of(transfer)
        for entry in _entries(connection, statements, [transfer.message]):
            if entry.sender != transfer.sender:
                continue
            to = {f"to_{name}": facts[name] for name in TRANSFER_FACTS}
            if not connection.execute(statements.move, {"entry": entry.sequence, **to}).rowcount:
                connection.execute(statements.begin_transfer, {"sequence": entry.sequence, **facts})

    def transfers(self, messages: Collection[MessageId]) -> list[Transfer]:
        connection, statements = self._work.reads, BLOBS[self.box]
        entries = {entry.sequence: entry for entry in _entries(connection, statements, messages)}
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
            for row in batches.look_up(connection, statements.transfers, {"sequences": some})
        ]


def _named(blob: BlobKey) -> dict[str, str]:
    return {"the_message": blob.message, "the_sender": blob.sender, "the_blob": blob.blob}


def _facts_of(transfer: Transfer) -> dict[str, Any]:
    return {
        "began_at": to_micros(transfer.began_at),
        "done": transfer.done,
        "kind": transfer.kind,
        "mark": transfer.mark,
        "looked": transfer.looked,
        "behind": transfer.behind,
        "finished_at": maybe_micros(transfer.finished_at),
    }


def _entries(connection: Connection, statements: BlobStatements, messages: Collection[MessageId]) -> list[_Entry]:
    return [
        _Entry(sequence, message, docket_of(docket).sender.mailbox)
        for some in chunks(messages)
        for sequence, message, docket in batches.look_up(connection, statements.entries, {"messages": some})
    ]

"""Entries of either box: which are due, which contents were submitted before, and what operators see."""

import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from cachetools import LRUCache
from sqlalchemy import Connection, Row

from bus.handling.transport import State
from bus.ports.records import SubmissionKey, UnderWay
from bus.store.normal_forms import document_form, submission_text
from bus.store.sql.batches import look_up, run
from bus.store.sql.times import to_micros
from bus.store.statements.entries import EntryStatements
from schemas.docket import Docket
from schemas.values import DocumentId, MailboxCode, MessageId

T = TypeVar("T")

_CHUNK = 500
"""Values in one IN list: far below what any database takes, and enough to make the round trip small."""

_KEPT_BYTES: Final = 1024 * 1024
"""Bytes of dockets in the cache, as they are written: parsed, they take some times as much."""


def chunks(values: Collection[T]) -> Iterator[list[T]]:
    """Lists of at most 500."""
    every = list(values)
    return (every[start : start + _CHUNK] for start in range(0, len(every), _CHUNK))


def common_columns(
    docket: Docket, *, sequence: int, state: State, attempts: int, entered_at: int, next_at: int | None, size: int
) -> dict[str, Any]:
    """The columns of a new entry that both boxes have; the rest is the caller's."""
    return {
        "sequence": sequence,
        "message": docket.id,
        "state": str(state),
        "priority": int(docket.priority),
        "attempts": attempts,
        "next_at": next_at,
        "size": size,
        "entered_at": entered_at,
        "document": document_form(docket.document.id) if docket.document else None,
        "docket": _written(docket),
    }


class _Known(NamedTuple):
    docket: Docket
    size: int


_known: Final[LRUCache[bytes, _Known]] = LRUCache(_KEPT_BYTES, getsizeof=lambda known: known.size)
"""The cache of dockets that this process has put, for all its mailboxes: they are read again a moment later."""
_turn: Final = threading.Lock()


def docket_of(written: bytes) -> Docket:
    """From a row, or from the cache."""
    with _turn:
        known = _known.get(written)
    return Docket.from_kept(written) if known is None else known.docket


def _written(docket: Docket) -> bytes:
    written = docket.to_json()
    if len(written) <= _KEPT_BYTES:
        with _turn:
            _known[written] = _Known(docket, len(written))
    return written


def next_sequence(connection: Connection, statements: EntryStatements) -> int:
    """Safe because one writes at a time."""
    return (connection.scalar(statements.last) or 0) + 1


def due_rows(
    connection: Connection, statements: EntryStatements, *, now: datetime, limit: int, max_bytes: int
) -> list[Row[Any]]:
    """Ids and sizes first: no body is loaded that will not be returned."""
    wanted: list[int] = []
    total = 0
    for sequence, size in connection.execute(statements.due, {"now": to_micros(now), "limit": limit}):
        total += size
        if wanted and total > max_bytes:
            break
        wanted.append(sequence)
    return rows_of(connection, statements, wanted)


def due_with_blobs_rows(
    connection: Connection, statements: EntryStatements, state: State, *, now: datetime
) -> list[Row[Any]]:
    """The most urgent entry in a state of large attachments; one, or none."""
    sequence = connection.scalar(statements.due_with_blobs, {"state": str(state), "now": to_micros(now)})
    return [] if sequence is None else rows_of(connection, statements, [sequence])


def rows_of(connection: Connection, statements: EntryStatements, wanted: Sequence[int]) -> list[Row[Any]]:
    """With their bodies, in that order."""
    found: dict[int, Row[Any]] = {}
    for some in chunks(wanted):
        found |= {row.sequence: row for row in look_up(connection, statements.entries, {"sequences": some}).all()}
    return [found[sequence] for sequence in wanted]


def submissions(
    connection: Connection, statements: EntryStatements, keys: Collection[SubmissionKey]
) -> list[Row[str, int, str, MessageId]]:
    """The entries that carry these submissions."""
    texts = [submission_text(key) for key in keys]
    return [hit for some in chunks(texts) for hit in look_up(connection, statements.submitted, {"texts": some})]


def drop_bodies(connection: Connection, statements: EntryStatements, sequences: Collection[int]) -> None:
    """And their blobs are orphans."""
    run(connection, statements.drop_body, [{"sequence": sequence} for sequence in sequences])
    run(connection, statements.orphan_blobs, [{"entry": sequence} for sequence in sequences])


def sums(rows: Iterable[Row[str, int, int, int]]) -> dict[MailboxCode, UnderWay]:
    """PostgreSQL's sums of bigints are decimals."""
    return {mailbox: UnderWay(count, int(size), int(blobs)) for mailbox, count, size, blobs in rows}


# -- operators ---------------------------------------------------------------------------------------------------------


def newest_rows(
    connection: Connection,
    statements: EntryStatements,
    *,
    state: State | None,
    document: DocumentId | None,
    message: MessageId | None,
    receipts: bool,
    limit: int,
) -> Sequence[Row[Any]]:
    c = statements.table.c
    statement = statements.newest
    if state is not None:
        named = document is not None or message is not None
        # Not the plain column where a name is given too: the name is what to look up by.
        statement = statement.where((c.state + "" if named else c.state) == str(state))
    if document is not None:
        statement = statement.where(c.document == document_form(document))
    if message is not None:
        statement = statement.where(c.message == message)
    if not receipts:
        statement = statement.where(c.document.is_not(None))
    return connection.execute(statement, {"limit": limit}).all()

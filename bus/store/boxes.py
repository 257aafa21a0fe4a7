"""What the outbox and the inbox have in common: which entries are due, which contents were submitted before, and what
operators see. Statements are built once, so that SQLAlchemy compiles each once."""

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import (
    Connection,
    Integer,
    Row,
    Select,
    Table,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from bus.records import State, SubmissionKey
from bus.store import tables
from bus.store.forms import document_form, submission_key, submission_text
from bus.store.many import about, many
from bus.store.moments import from_micros, to_micros
from bus.store.tables import WAITING
from schemas.codes import Outcome
from schemas.docket import Docket
from schemas.values import DocumentId, MessageId

T = TypeVar("T")

_SMALL: Final[list[ColumnElement[str]]] = [literal_column(f"'{state}'") for state in (State.WAITING, State.SENT)]
"""What is put off and handed out by `due`: all but what travels apart. By the index of times, not of states."""

_CHUNK = 500
"""Values in one IN list: far below what any database takes, and enough to make the round trip small."""


GONE: Final = 0
"""`begun_at` of a blob that nobody needs any more."""


def chunks(values: Collection[T]) -> Iterator[list[T]]:
    """Lists of at most 500."""
    every = list(values)
    return (every[start : start + _CHUNK] for start in range(0, len(every), _CHUNK))


class Boxed:
    """The statements over one of the two tables. `void` finds which of some DONE entries count as never submitted."""

    def __init__(
        self,
        table: Table,
        bodies: Table,
        blobs: Table,
        *,
        counts_as_submitted: Iterable[State],
        void: Select[int] | None = None,
    ) -> None:
        self.void: Final = void
        self.table: Final = table
        self.bodies: Final = bodies
        c = table.c
        chosen = (c.sequence, c.priority, c.size)
        at_once = (
            select(*chosen)
            .where(c.state == WAITING, c.next_at.is_(None))
            .order_by(c.priority.desc(), c.sequence)
            .limit(bindparam("limit", type_=Integer))
            .subquery()
        )
        both = union_all(
            select(at_once), select(*chosen).where(c.next_at <= bindparam("now"), (c.state + "").in_(_SMALL))
        ).subquery()
        self.due: Final = (
            select(both.c.sequence, both.c.size)
            .order_by(both.c.priority.desc(), both.c.sequence)
            .limit(bindparam("limit", type_=Integer))
        )
        self.entries: Final = (
            select(table, *(column for column in bodies.c if column.name != "sequence"))
            .join(bodies, bodies.c.sequence == c.sequence)
            .where(c.sequence.in_(bindparam("sequences", expanding=True)))
        )
        # Neither a state nor an order is asked for: for their sake SQLite, which counts no rows until told to, would
        # rather read the whole table than look up 200 texts.
        self.submitted: Final = select(c.submission, c.sequence, c.state, c.message).where(
            c.submission.in_(bindparam("texts", expanding=True))
        )
        self.counts_as_submitted: Final = frozenset(map(str, counts_as_submitted))
        self.last: Final = select(func.max(c.sequence))
        self.counts: Final = select(c.state, func.count()).group_by(c.state)
        self.oldest: Final = (
            select(c.entered_at)
            .where(c.state == bindparam("state"))
            .order_by(c.sequence)
            .limit(bindparam("limit", type_=Integer))
        )
        self.newest: Final = select(table).order_by(c.sequence.desc()).limit(bindparam("limit", type_=Integer))
        self.drop_body: Final = delete(bodies).where(bodies.c.sequence == bindparam("gone"))
        self.let_go: Final = (
            update(blobs)
            .where(blobs.c.sequence.in_(bindparam("sequences", expanding=True)))
            .values(sequence=None, begun_at=GONE)
        )


_r = tables.recipient.c
_refused_by_all = (
    select(_r.sequence)
    .where(_r.sequence.in_(bindparam("sequences", expanding=True)))
    .group_by(_r.sequence)
    .having(func.count() == func.sum(case((_r.outcome == str(Outcome.REFUSED), 1), else_=0)))
)

OUTBOX: Final = Boxed(
    tables.outbox,
    tables.outbox_body,
    tables.outbox_blob,
    counts_as_submitted=[state for state in State if state is not State.CANCELLED],
    void=_refused_by_all,
)
INBOX: Final = Boxed(tables.inbox, tables.inbox_body, tables.inbox_blob, counts_as_submitted=[State.DONE])


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


def docket_of(written: bytes) -> Docket:
    """From a row. What this process has put there a moment ago is not parsed again."""
    known = _recent.get(written)
    return Docket.from_json(written) if known is None else known


def _written(docket: Docket) -> bytes:
    written = docket.to_json()
    _recent.add(written, docket)
    return written


class _Recent:
    """The latest dockets that were put, by what is written of them. Safe to use from several threads."""

    BYTES: Final = 1024 * 1024
    """Of what is written, however many they are: parsed, it takes some times as much."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._dockets: dict[bytes, Docket] = {}
        self._bytes = 0

    def get(self, written: bytes) -> Docket | None:
        return self._dockets.get(written)

    def add(self, written: bytes, docket: Docket) -> None:
        with self._turn:
            if written not in self._dockets:
                self._bytes += len(written)
            self._dockets[written] = docket
            while self._bytes > self.BYTES:
                oldest = next(iter(self._dockets))
                del self._dockets[oldest]
                self._bytes -= len(oldest)


_recent: Final = _Recent()
"""One for all mailboxes of a process."""


def next_sequence(connection: Connection, box: Boxed) -> int:
    """Safe because one writes at a time."""
    return (connection.scalar(box.last) or 0) + 1


def due(connection: Connection, box: Boxed, *, now: datetime, limit: int, max_bytes: int) -> list[Row[Any]]:
    """Ids and sizes first: no body is loaded that will not be returned."""
    wanted: list[int] = []
    total = 0
    for sequence, size in connection.execute(box.due, {"now": to_micros(now), "limit": limit}):
        total += size
        if wanted and total > max_bytes:
            break
        wanted.append(sequence)
    return entries(connection, box, wanted)


def entries(connection: Connection, box: Boxed, wanted: Sequence[int]) -> list[Row[Any]]:
    """With their bodies, in that order."""
    found: dict[int, Row[Any]] = {}
    for some in chunks(wanted):
        found |= {row.sequence: row for row in about(connection, box.entries, {"sequences": some}).all()}
    return [found[sequence] for sequence in wanted]


def submitted(connection: Connection, box: Boxed, keys: Collection[SubmissionKey]) -> dict[SubmissionKey, MessageId]:
    """The first message of each key, where it counts."""
    hits = [
        hit
        for some in chunks([submission_text(key) for key in keys])
        for hit in about(connection, box.submitted, {"texts": some})
        if hit.state in box.counts_as_submitted
    ]
    void = set[int]()
    if box.void is not None:
        for done in chunks([hit.sequence for hit in hits if hit.state == State.DONE]):
            void.update(sequence for (sequence,) in about(connection, box.void, {"sequences": done}))
    found: dict[str, tuple[int, MessageId]] = {}
    for text, sequence, _, message in hits:
        if sequence not in void:
            found[text] = min((sequence, message), found.get(text, (sequence, message)))
    return {submission_key(text): message for text, (_, message) in found.items()}


def drop_bodies(connection: Connection, box: Boxed, sequences: Collection[int]) -> None:
    """And nobody needs their blobs any more."""
    if sequences:
        many(connection, box.drop_body, [{"gone": sequence} for sequence in sequences])
    for some in chunks(sequences):
        connection.execute(box.let_go, {"sequences": some})


def hasten(connection: Connection, box: Boxed, state: State, *, beyond: datetime, to: datetime) -> None:
    c = box.table.c
    late = (c.next_at > to_micros(beyond)) & (c.state + "" == str(state))  # by the index of times, not of states
    connection.execute(update(box.table).where(late).values(next_at=to_micros(to)))


# -- operators ---------------------------------------------------------------------------------------------------------


def newest(
    connection: Connection,
    box: Boxed,
    *,
    state: State | None,
    document: DocumentId | None,
    message: MessageId | None,
    limit: int,
) -> Sequence[Row[Any]]:
    c = box.table.c
    statement = box.newest
    if state is not None:
        named = document is not None or message is not None
        # Not the plain column where a name is given too: the name is what to look up by.
        statement = statement.where((c.state + "" if named else c.state) == str(state))
    if document is not None:
        statement = statement.where(c.document == document_form(document))
    if message is not None:
        statement = statement.where(c.message == message)
    return connection.execute(statement, {"limit": limit}).all()


def counts(connection: Connection, box: Boxed) -> Mapping[State, int]:
    return {State(state): count for state, count in connection.execute(box.counts)}


def oldest(connection: Connection, box: Boxed, state: State) -> datetime | None:
    entered_at = connection.scalar(box.oldest, {"state": str(state), "limit": 1})
    return None if entered_at is None else from_micros(entered_at)

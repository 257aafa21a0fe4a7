"""Statements that exist twice: over the entries of the outbox, and over those of the inbox."""

from functools import cached_property
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Integer,
    LargeBinary,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from bus.handling.transport import OutboxState
from bus.store import tables
from bus.store.sql.batches import Batch, Lookup, any_array
from bus.store.sql.texts import contains
from bus.store.tables import WAITING
from schemas.values import MessageId

GONE: Final = 0
"""`begun_at` of a blob that no entry needs any more."""

_limit = bindparam("limit", type_=Integer)

_SMALL: Final[list[ColumnElement[str]]] = [
    literal_column(f"'{state}'") for state in (OutboxState.WAITING, OutboxState.SENT)
]
"""The states that `due` hands out: large attachments have others."""


class EntryStatements:
    """The statements over one of the two tables."""

    def __init__(self, table: Table, bodies: Table, blobs: Table) -> None:
        self.table: Final = table
        self.bodies: Final = bodies
        self._blobs: Final = blobs

    @cached_property
    def last(self) -> Select[int]:
        """The highest number of an entry."""
        return select(func.max(self.table.c.sequence))

    @cached_property
    def due(self) -> Select[int, int]:
        """Numbers and sizes of what is due, the most urgent first; both halves come from an index alone."""
        c = self.table.c
        chosen = (c.sequence, c.priority, c.size)
        at_once = (
            select(*chosen)
            .where(c.state == WAITING, c.next_at.is_(None))
            .order_by(c.priority.desc(), c.sequence)
            .limit(_limit)
            .subquery()
        )
        # Not the plain column of states: by the index of times.
        later = select(*chosen).where(c.next_at <= bindparam("now"), (c.state + "").in_(_SMALL))
        both = union_all(select(at_once), later).subquery().c
        return select(both.sequence, both.size).order_by(both.priority.desc(), both.sequence).limit(_limit)

    @cached_property
    def due_with_blobs(self) -> Select[int]:
        """The number of the most urgent entry in one of the states of large attachments."""
        c = self.table.c
        return (
            select(c.sequence)
            .where(c.state == bindparam("state"), or_(c.next_at.is_(None), c.next_at <= bindparam("now")))
            .order_by(c.priority.desc(), c.sequence)
            .limit(1)
        )

    @cached_property
    def entries(self) -> Lookup[*tuple[Any, ...]]:
        """Entries with their bodies, by their numbers."""
        c, b = self.table.c, self.bodies.c
        return Lookup(
            lambda among: (
                select(self.table, *(column for column in b if column.name != "sequence"))
                .join(self.bodies, b.sequence == c.sequence)
                .where(among(c.sequence, "sequences"))
            )
        )

    @cached_property
    def submitted(self) -> Lookup[str, int, str, MessageId]:
        """Entries of these submissions."""
        # Neither a state nor an order is asked for: for their sake SQLite, which counts no rows until told to, would
        # rather read the whole table than look up 200 texts.
        c = self.table.c
        return Lookup(
            lambda among: select(c.submission, c.sequence, c.state, c.message).where(among(c.submission, "texts"))
        )

    @cached_property
    def counts(self) -> Select[str, int]:
        """How many entries are in each state."""
        c = self.table.c
        return select(c.state, func.count()).group_by(c.state)

    @cached_property
    def oldest(self) -> Select[int]:
        """When the oldest entry of a state was put."""
        c = self.table.c
        return select(c.entered_at).where(c.state == bindparam("state")).order_by(c.sequence).limit(1)

    @cached_property
    def newest(self) -> Select[*tuple[Any, ...]]:
        """The newest entries; operators narrow it down."""
        return select(self.table).order_by(self.table.c.sequence.desc()).limit(_limit)

    @cached_property
    def documents(self) -> Select[*tuple[Any, ...]]:
        """The newest entries that carry documents, between two numbers and two times."""
        c = self.table.c
        return (
            select(self.table)
            .where(
                c.sequence >= bindparam("first"),
                c.sequence < bindparam("below"),
                c.entered_at >= bindparam("since"),
                c.entered_at < bindparam("until"),
                contains(c.docket, bindparam("kind", type_=LargeBinary)),  # else it is a status, or a receipt
            )
            .order_by(c.sequence.desc())
            .limit(_limit)
        )

    @cached_property
    def at_or_behind(self) -> Select[int, int]:
        """The first entry from a number on, and when it was put."""
        c = self.table.c
        return select(c.sequence, c.entered_at).where(c.sequence >= bindparam("from")).order_by(c.sequence).limit(1)

    @cached_property
    def ids(self) -> Select[MessageId]:
        """The ids between two texts."""
        c = self.table.c
        within = (c.message >= bindparam("first"), c.message < bindparam("behind"))
        return select(c.message).where(*within).distinct().order_by(c.message).limit(_limit)

    @cached_property
    def reschedule(self) -> Update:
        """Entries of a state that wait for a later time wait for an earlier one."""
        c = self.table.c
        # Not the plain column of states: by the index of times.
        late = (c.next_at > bindparam("beyond"), c.state + "" == bindparam("of_state"))
        return update(self.table).where(*late).values(next_at=bindparam("to"))

    @cached_property
    def drop_body(self) -> Batch:
        """Drops the bodies of finished entries."""
        b = self.bodies.c
        return Batch(
            each=delete(self.bodies).where(b.sequence == bindparam("sequence")),
            arrays=delete(self.bodies).where(b.sequence == any_array("sequence", BigInteger())),
        )

    @cached_property
    def orphan_blobs(self) -> Batch:
        """The blobs of finished entries are orphans."""
        b, orphaned = self._blobs.c, update(self._blobs).values(sequence=None, begun_at=GONE)
        return Batch(
            each=orphaned.where(b.sequence == bindparam("entry")),
            arrays=orphaned.where(b.sequence == any_array("entry", BigInteger())),
        )


OUTBOX: Final = EntryStatements(tables.outbox, tables.outbox_body, tables.outbox_blob)
INBOX: Final = EntryStatements(tables.inbox, tables.inbox_body, tables.inbox_blob)

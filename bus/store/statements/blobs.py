"""Statements over the blobs of large attachments, their segments, and how far each message's transfer is: once for the
outbox, once for the inbox."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from sqlalchemy import Delete, Insert, Integer, Select, Table, Update, bindparam, delete, insert, select, update
from sqlalchemy.sql.dml import ReturningInsert

from bus.ports.records import Box
from bus.store import tables
from bus.store.sql.batches import Lookup
from schemas.values import MessageId

ORPHANS_AT_ONCE: Final = 20
"""Blobs named by one look for orphans."""

TRANSFER_FACTS: Final = ("began_at", "done", "kind", "mark", "looked", "behind", "finished_at")
"""The columns of a transfer, but for whose it is."""


_limit = bindparam("limit", type_=Integer)


class BlobStatements:
    """The statements over one box's tables."""

    def __init__(self, box: Table, blob: Table, segment: Table, transfer: Table) -> None:
        self.box: Final = box
        self.blob: Final = blob
        self.segment: Final = segment
        self.transfer: Final = transfer
        b = blob.c
        self._of_message = (b.message == bindparam("the_message"), b.sender == bindparam("the_sender"))
        self._of_blob = segment.c.of == bindparam("the_blob")

    # -- blobs

    @cached_property
    def number(self) -> Select[int]:
        """A blob's number."""
        b = self.blob.c
        return select(b.number).where(*self._of_message, b.blob == bindparam("the_blob"))

    @cached_property
    def number_of_orphan(self) -> Select[int]:
        """A blob's number, where it is an orphan."""
        return self.number.where(self.blob.c.sequence.is_(None))

    @cached_property
    def begin(self) -> ReturningInsert[int]:
        """A new blob; returns its number."""
        return insert(self.blob).returning(self.blob.c.number)

    @cached_property
    def assign(self) -> Update:
        """Blobs become an entry's."""
        is_named = self.blob.c.blob.in_(bindparam("blobs", expanding=True))
        return update(self.blob).where(*self._of_message, is_named).values(sequence=bindparam("entry"))

    @cached_property
    def orphans(self) -> Select[str, MessageId, str]:
        """Some blobs that are no entry's any more, or that began before a time and are none's yet."""
        b = self.blob.c
        return (
            select(b.sender, b.message, b.blob)
            .where(b.sequence.is_(None), b.begun_at < bindparam("before"))
            .order_by(b.number)
            .limit(ORPHANS_AT_ONCE)
        )

    @cached_property
    def drop_blob(self) -> Delete:
        """A blob that has no segments any more."""
        return delete(self.blob).where(self.blob.c.number == bindparam("the_blob"))

    # -- segments

    @cached_property
    def read(self) -> Select[int, bytes]:
        """Segments of a blob, from a number on."""
        s = self.segment.c
        return (
            select(s.number, s.data)
            .where(self._of_blob, s.number >= bindparam("first"))
            .order_by(s.number)
            .limit(_limit)
        )

    @cached_property
    def replaced(self) -> Delete:
        """Segments that come again."""
        is_named = self.segment.c.number.in_(bindparam("numbers", expanding=True))
        return delete(self.segment).where(self._of_blob, is_named)

    @cached_property
    def drop(self) -> Delete:
        """The first segments of a blob."""
        number = self.segment.c.number
        first = select(number).where(self._of_blob).order_by(number).limit(_limit).scalar_subquery()
        return delete(self.segment).where(self._of_blob, number.in_(first))

    # -- transfers

    @cached_property
    def entries(self) -> Lookup[int, MessageId, bytes]:
        """The entries of these messages."""
        e = self.box.c
        return Lookup(lambda among: select(e.sequence, e.message, e.docket).where(among(e.message, "messages")))

    @cached_property
    def transfers(self) -> Lookup[*tuple[Any, ...]]:
        """The transfers of these entries."""
        return Lookup(lambda among: select(self.transfer).where(among(self.transfer.c.sequence, "sequences")))

    @cached_property
    def begin_transfer(self) -> Insert:
        """A new transfer."""
        return insert(self.transfer)

    @cached_property
    def move(self) -> Update:
        """How far a transfer is."""
        return (
            update(self.transfer)
            .where(self.transfer.c.sequence == bindparam("entry"))
            .values({name: bindparam(f"to_{name}") for name in TRANSFER_FACTS})
        )


BLOBS: Final[Mapping[Box, BlobStatements]] = {
    Box.OUT: BlobStatements(tables.outbox, tables.outbox_blob, tables.outbox_segment, tables.outbox_transfer),
    Box.IN: BlobStatements(tables.inbox, tables.inbox_blob, tables.inbox_segment, tables.inbox_transfer),
}

"""How far large attachments are, at either end: what `trace`, /healthz and `lienthong transfers` show. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bus.handling.transport import InboxState, OutboxState, State
from bus.ports.records import Box, Row, Transfer
from bus.ports.store import Store, Transaction
from bus.wire.segments import total
from schemas.docket import SEGMENT

STATES: Final[Sequence[tuple[Box, State]]] = (
    (Box.OUT, OutboxState.UPLOADING),
    (Box.IN, InboxState.FETCHING),
    (Box.IN, InboxState.FETCHED),
)
"""In the order in which one goes through them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One message with blobs, or one that waits for those of another, and how far they have come."""

    box: Box
    row: Row[State]
    transfer: Transfer | None
    """None: unknown, as after a store was recovered."""

    @property
    def size(self) -> int:
        """Bytes of all its blobs."""
        return sum(blob.size for blob in self.row.docket.blobs or ())

    @property
    def done(self) -> int:
        """Bytes, to a segment: put where recipients fetch them, or proven and kept here."""
        if self.transfer is None:
            return 0
        whole = self.transfer.finished_at is not None or self.transfer.done >= total(self.row.docket.blobs or ())
        return self.size if whole else min(self.size, self.transfer.done * SEGMENT)


def under_way(store: Store, *, limit: int = 100) -> list[Progress]:
    """What is being sent, fetched, or waits to be filed: the oldest of each first."""
    with store.read() as tx:
        return [
            each for box, state in STATES for each in progress(tx, box, tx.of(box).rows(state=state, limit=limit)[::-1])
        ]


def progress(tx: Transaction, box: Box, rows: Sequence[Row[State]]) -> list[Progress]:
    """Of these rows, those that something is to be said of."""
    known = {(each.message, each.sender): each for each in tx.of(box).transfers([row.docket.id for row in rows])}
    found = [Progress(box=box, row=row, transfer=known.get((row.docket.id, row.docket.sender.mailbox))) for row in rows]
    return [each for each in found if each.row.docket.blobs or each.transfer is not None]


def mebibytes(size: int) -> str:
    """For people: whole ones, and one where it is less."""
    return f"{max(1, round(size / SEGMENT)):,}" if size else "0"

"""How far large attachments are, at either end: what `trace`, /healthz and `lienthong transfers` show. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bus.ports import Store, Transaction
from bus.records import Box, Row, State, Transfer
from bus.segments import total
from schemas.docket import SEGMENT

STATES: Final = ((Box.OUT, State.UPLOADING), (Box.IN, State.FETCHING), (Box.IN, State.FETCHED))
"""In the order in which one goes through them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One message with attachments that travel apart, or one that waits for such."""

    box: Box
    row: Row
    transfer: Transfer | None
    """None: nothing is known of it, as after a store was recovered."""

    @property
    def size(self) -> int:
        """Bytes of all its attachments that travel apart."""
        return sum(blob.size for blob in self.row.docket.blobs or ())

    @property
    def done(self) -> int:
        """Bytes, to a segment: put where recipients fetch them, or proven and kept here."""
        if self.transfer is None:
            return 0
        whole = self.transfer.finished_at is not None or self.transfer.done >= total(self.row.docket.blobs or ())
        return self.size if whole else min(self.size, self.transfer.done * SEGMENT)


def under_way(store: Store, *, limit: int = 100) -> list[Standing]:
    """What is being sent, fetched, or waits to be filed: the oldest of each first."""
    with store.read() as tx:
        return [
            each for box, state in STATES for each in standings(tx, box, tx.rows(box, state=state, limit=limit)[::-1])
        ]


def standings(tx: Transaction, box: Box, rows: Sequence[Row]) -> list[Standing]:
    """Of these rows, those that something is to be said of."""
    known = {(each.message, each.sender): each for each in tx.transfers(box, [row.docket.id for row in rows])}
    found = [Standing(box=box, row=row, transfer=known.get((row.docket.id, row.docket.sender.mailbox))) for row in rows]
    return [each for each in found if each.row.docket.blobs or each.transfer is not None]


def mebibytes(size: int) -> str:
    """For people: whole ones, and one where it is less."""
    return f"{max(1, round(size / SEGMENT)):,}" if size else "0"

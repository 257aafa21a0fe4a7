"""The history of what is owed: which open obligations are due at another time, or by another agency, than before."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from bus.ledger.records import DocumentNumber, Lifeline, ObligationRow
from schemas.values import AgencyCode


class Move(NamedTuple):
    """One row of the table `moved`."""

    document: DocumentNumber
    recipient: AgencyCode
    clock: str
    at: datetime
    why: str
    """`calendar 2026-4`, `debtor H21`, `creditor H21`, `document`: it names another due day, or a clock began anew."""
    before: datetime | None
    """When it was due."""
    after: datetime | None


def moves(before: Lifeline | None, after: Lifeline, *, at: datetime) -> Iterator[Move]:
    """Of obligations that are open before and after. `at` is when the ledger moved them."""
    if before is None or not before.obligations:
        return
    there = {(row.recipient, row.clock): row for row in before.obligations if row.is_open}
    for row in after.obligations:
        old = there.get((row.recipient, row.clock))
        if old is None or old is row or not row.is_open:
            continue
        for why in _reasons(old, row):
            yield Move(row.document, row.recipient, row.clock, at, why, old.due_at, row.due_at)


def _reasons(old: ObligationRow, new: ObligationRow) -> Iterator[str]:
    if new.debtor != old.debtor:
        yield f"debtor {new.debtor}"
    if new.creditor != old.creditor:
        yield f"creditor {new.creditor}"
    if new.due_at != old.due_at:
        same_facts = new.started_at == old.started_at
        newer = sorted(set(new.calendar.split()) - set(old.calendar.split()))
        yield f"calendar {' '.join(newer)}" if newer and same_facts else "document"

"""bus/ledger/records.py: what a record answers of itself."""

from datetime import UTC, datetime, timedelta

import pytest

from bus.ledger.records import DeliveryRow, DocumentNumber, EventNumber, ObligationRow, StatusHeard
from schemas.codes import StatusCode

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def owed(**values: datetime | None) -> ObligationRow:
    return ObligationRow(
        document=DocumentNumber(1),
        recipient="H49",
        clock="accept",
        debtor="H49",
        creditor="G22",
        started_at=NOW - HOUR,
        warn_at=None,
        calendar="2026-1",
        **{"due_at": NOW, **values},  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("obligation", "at", "is_open", "is_late"),
    [
        pytest.param(owed(), NOW, True, False, id="on time to the end"),
        pytest.param(owed(), NOW + HOUR, True, True, id="time alone makes it late"),
        pytest.param(owed(met_at=NOW), NOW + HOUR, False, False, id="met on time, whenever one asks"),
        pytest.param(owed(met_at=NOW + HOUR), NOW, False, True, id="met late"),
        pytest.param(owed(void_at=NOW), NOW + HOUR, False, False, id="what is void is never late"),
        pytest.param(owed(due_at=None), NOW + HOUR, True, False, id="no limit in law"),
    ],
)
def test_an_obligation(obligation: ObligationRow, at: datetime, is_open: bool, is_late: bool) -> None:
    """Open until it is met or void; late by when it was met, or by now."""
    assert (obligation.is_open, obligation.is_late(at)) == (is_open, is_late)


def test_the_first_time_of_a_status() -> None:
    """Of several of one code the first in their order; None where none came."""
    heard = tuple(StatusHeard(StatusCode.ARRIVED, NOW + n * HOUR, EventNumber(n)) for n in range(2))
    delivery = DeliveryRow(
        document=DocumentNumber(1),
        agency="H49",
        mailbox="H49",
        sender="G22",
        sent_at=NOW,
        statuses=heard,
        last_at=NOW,
    )
    assert delivery.first(StatusCode.ARRIVED) == NOW
    assert delivery.first(StatusCode.DONE) is None

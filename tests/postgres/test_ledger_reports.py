"""A ledger in PostgreSQL answers a report, and keeps calendars, as one in a file does."""

from collections.abc import Iterator

import pytest

from bus.ledger.open import open_ledger
from bus.ledger.store import Ledger
from tests.contract.ledger_reports import CalendarContract, ReportContract


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    made = open_ledger(database)
    yield made
    made.close()


class TestReports(ReportContract): ...


class TestCalendars(CalendarContract): ...

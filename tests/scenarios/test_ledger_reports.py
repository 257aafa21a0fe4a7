"""A report says what happened: events are taken in, and counted again by hand."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bus.handling.clocks import FINISH
from bus.ledger.apply import apply
from bus.ledger.open import open_ledger
from bus.ledger.records import Event
from bus.ledger.reports.figures import ByClock, Report
from bus.ledger.reports.question import Period, Question
from bus.ledger.reports.read import report
from bus.ledger.store import Ledger
from schemas.codes import BusinessType
from schemas.docket import DocumentKey
from schemas.values import AgencyCode
from tests.unit.bus.ledger.trail import RULES, Trail, at

NOW = datetime(2026, 3, 10, tzinfo=UTC)
QUARTER = Period.parse("2026-Q1")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """G22 sent H49 and H26 a document due on the next day: H49 finished it in time, H26 accepted it and no more. Then
    it sent H49 an update, which was refused."""
    first = Trail()
    second = Trail(DocumentKey(issuer="G22", id="G22,2026/03/02,8/VPCP-KSTT"), range(100, 200))
    events = [
        first.sent("H49", "H26", due_on=date(2026, 3, 3)),
        *(first.said("H49", code, at=at(hours=n)) for n, code in ((1, "01"), (2, "03"), (3, "06"))),
        *(first.said("H26", code, at=at(hours=n)) for n, code in ((1, "01"), (2, "03"))),
        second.sent("H49", business=BusinessType.UPDATE),
        second.said("H49", "02", at=at(hours=1)),
    ]
    made = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    taken_in(made, events[5:])
    taken_in(made, events[:5])
    yield made
    made.close()


def taken_in(ledger: Ledger, events: list[Event]) -> None:
    with ledger.writing() as connection:
        apply(connection, events, rules=RULES, at=NOW)


def asked(ledger: Ledger, *, agency: AgencyCode | None = None, kind: BusinessType | None = None) -> Report:
    with ledger.reading() as connection:
        return report(connection, Question(period=QUARTER, agency=agency, kind=kind), now=NOW)


def test_what_was_sent_and_what_became_of_it(ledger: Ledger) -> None:
    """Each document once, each copy once, whatever order the events came in."""
    total = asked(ledger).total
    assert (total.sent, total.sent_to, total.received) == (2, 3, 3)
    assert (total.accepted, total.done, total.revoked) == (2, 1, 0)
    assert total.refused == total.sent_refused == {"02": 1}
    stage = total.stages["sent-06"]
    assert stage.times == 1
    assert stage.half is not None
    assert timedelta(hours=2) < stage.half <= timedelta(hours=3)


def test_who_was_on_time(ledger: Ledger) -> None:
    """The one; the other is late now, and was not yet on the day itself."""
    units = asked(ledger).units
    assert units["H49"].clocks[FINISH] == ByClock(on_time=1)
    assert units["H26"].clocks[FINISH] == ByClock(open=1, overdue=1)
    assert asked(ledger).total.clocks[FINISH].share == 0.5
    with ledger.reading() as connection:
        then = report(connection, Question(period=QUARTER), now=at(hours=5))
    assert then.units["H26"].clocks[FINISH] == ByClock(open=1)


def test_of_one_agency_and_of_one_type(ledger: Ledger) -> None:
    """Its own figures only; an update is none of the new documents."""
    assert set(asked(ledger, agency="H26").units) == {"H26"}
    assert asked(ledger, agency="H26").total.received == 1
    new, update = (asked(ledger, kind=kind).total for kind in (BusinessType.NEW, BusinessType.UPDATE))
    assert (new.sent, new.sent_to, new.refused, new.done) == (1, 2, {}, 1)
    assert (update.sent, update.sent_to, update.refused, update.done) == (1, 1, {"02": 1}, 0)
    assert FINISH in new.clocks
    assert FINISH not in update.clocks


def test_another_quarter_has_nothing(ledger: Ledger) -> None:
    """But knows what the one before had."""
    with ledger.reading() as connection:
        found = report(connection, Question(period=Period.parse("2026-Q2")), now=NOW)
    assert (found.total.sent, found.before.sent, found.units) == (0, 2, {})

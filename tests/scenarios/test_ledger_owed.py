"""What is owed by when, as the calendar and the directory change: open obligations move, closed ones do not, and each
history says so."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bus.handling.working_days import YearOfDays
from bus.ledger.rebuild import rebuild
from schemas.codes import StatusCode
from schemas.document import Document
from schemas.values import VIETNAM
from tests.scenarios.country import document, status
from tests.scenarios.witness import Witness, witness

S = StatusCode
NEW_YEAR = frozenset({date(2026, 1, 1)})
USUAL = YearOfDays(year=2026, edition=1, confirmed=True, off=NEW_YEAR, worked=frozenset())
SWAPPED = YearOfDays(
    year=2026,
    edition=2,
    confirmed=True,
    off=NEW_YEAR | {date(2026, 1, 2)},
    worked=frozenset({date(2026, 1, 10)}),
)
"""The Government decided on 25 December 2025: Friday 2 January off, Saturday 10 January worked."""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Witness]:
    with witness(tmp_path) as made:
        yield made


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=VIETNAM)


def send(ledger: Witness, when: datetime, *recipients: str, number: int = 1, due_on: date | None = None) -> Document:
    """Sent then, held and arrived."""
    ledger.land.now = when.astimezone(UTC)
    item = document("G22", *recipients, number=number, due_on=due_on)
    ledger.land["G22"].dms.write(item)
    ledger.land.settle(3)
    ledger.reads()
    return item


def say(ledger: Witness, when: datetime, code: StatusCode, of: Document, by: str = "H49") -> None:
    ledger.land.now = when.astimezone(UTC)
    ledger.land[by].dms.write(status(code, of, by, "G22", at=ledger.land.now))
    ledger.land.settle(3)
    ledger.reads()


def test_a_swapped_saturday_announced_a_week_ahead(ledger: Witness) -> None:
    """What is open moves by the new edition and says so, before and after; what was met, and what the swap does not
    touch, stays as it was."""
    ledger.land.on(date(2025, 12, 20))
    ledger.learns(USUAL)
    open_ = send(ledger, at(2025, 12, 31, 9), "H49", due_on=date(2026, 1, 9))
    met = send(ledger, at(2025, 12, 31, 10), "H49", number=2)
    say(ledger, at(2025, 12, 31, 11), S.ACCEPTED, met)
    assert ledger.owed(open_)["accept"].due_at == at(2026, 1, 3)
    before = ledger.owed(met)
    ledger.land.wait(timedelta(hours=1))
    ledger.learns(SWAPPED)
    ledger.reads()
    moved = ledger.owed(open_)
    assert (moved["accept"].due_at, moved["accept"].calendar) == (at(2026, 1, 6), "2025-0 2026-2")
    assert (moved["finish"].due_at, moved["finish"].calendar) == (at(2026, 1, 10), "2026-2")
    assert ledger.moves() == [("H49", "accept", "calendar 2026-2")]
    assert ledger.owed(met) == before
    counted = ledger.counted()
    say(ledger, at(2026, 1, 5, 17), S.ACCEPTED, open_)
    assert ledger.counted().items() - counted.items() >= {
        (("2025-12-31", "H49", "met.on-time", "accept"), 2),  # Friday the 2nd would have been too late
    }


def test_a_saturday_that_is_worked_is_a_day_to_finish_on(ledger: Witness) -> None:
    """A document due on it is due then, and not on Monday."""
    ledger.learns(USUAL)
    item = send(ledger, at(2026, 1, 5, 9), "H49", due_on=date(2026, 1, 10))
    assert ledger.owed(item)["finish"].due_at == at(2026, 1, 13)
    ledger.learns(SWAPPED)
    ledger.reads()
    assert ledger.owed(item)["finish"].due_at == at(2026, 1, 11)
    assert ledger.moves() == [("H49", "finish", "calendar 2026-2")]


@pytest.mark.parametrize(
    ("sent", "due"),
    [
        (at(2025, 12, 31, 16), at(2026, 1, 3)),  # a year-end: the 1st is off, the 2nd is worked by the library
        (at(2028, 2, 28, 16), at(2028, 3, 1)),  # a leap day, a Tuesday
        (at(2026, 2, 13, 16), at(2026, 2, 24)),  # the Friday before Tết
        (at(2026, 2, 17, 9), at(2026, 2, 24)),  # the first day of the year Bính Ngọ
    ],
)
def test_days_that_are_not_like_others(ledger: Witness, sent: datetime, due: datetime) -> None:
    """Acceptance is due by the end of the next working day; without an edition, provisionally."""
    item = send(ledger, sent, "H49")
    accept = ledger.owed(item)["accept"]
    assert accept.due_at == due
    assert accept.provisional


def test_a_year_that_is_confirmed_is_provisional_no_more(ledger: Witness) -> None:
    """Nothing moves, and nothing is said to have moved."""
    item = send(ledger, at(2026, 3, 2, 9), "H49")
    assert ledger.owed(item)["accept"].provisional
    ledger.learns(USUAL)
    ledger.reads()
    accept = ledger.owed(item)["accept"]
    assert (accept.provisional, accept.calendar) == (False, "2026-1")
    assert ledger.moves() == []


def test_a_merger_moves_what_is_owed_to_the_successor(ledger: Witness) -> None:
    """H08 closes with H49 as its successor: what it owes then, H49 owes, and the history says so; what it met is its
    own. The successor's word meets it, in the successor's name."""
    ledger.land.on(date(2025, 6, 27))
    open_ = send(ledger, at(2025, 6, 27, 9), "H08", due_on=date(2025, 7, 4))
    met = send(ledger, at(2025, 6, 27, 10), "H08", number=2, due_on=date(2025, 7, 4))
    say(ledger, at(2025, 6, 27, 11), S.DONE, met, by="H08")
    before = ledger.owed(met)
    ledger.land.on(date(2025, 7, 1))
    ledger.reads()
    owed = ledger.owed(open_)
    assert {clock: (row.debtor, row.passed_to) for clock, row in owed.items()} == {
        "acknowledge": ("H08", None),
        "accept": ("H49", "H49"),
        "finish": ("H49", "H49"),
    }
    assert ledger.moves() == [("H08", "accept", "debtor H49"), ("H08", "finish", "debtor H49")]
    assert ledger.owed(met) == before
    say(ledger, at(2025, 7, 3, 9), S.DONE, open_, by="H49")
    assert {clock: row.met_by for clock, row in ledger.owed(open_).items()} == {
        "acknowledge": "01",
        "accept": "06",
        "finish": "06",
    }
    assert ledger.counted()["2025-06-27", "H49", "met.on-time", "finish"] == 1


def test_a_rebuild_reckons_as_it_was_reckoned(ledger: Witness) -> None:
    """What was met is late or in time by the calendar of then, and whose it was then; not by what is known today."""
    ledger.land.on(date(2025, 6, 27))
    ledger.learns(replace(USUAL, year=2025))
    for number in (1, 2, 3):
        send(ledger, at(2025, 6, 27, 9), "H08", number=number, due_on=date(2025, 7, 4))
    say(ledger, at(2025, 6, 27, 11), S.DONE, document("G22", number=1), by="H08")
    ledger.land.on(date(2025, 7, 1))
    ledger.reads()
    say(ledger, at(2025, 7, 3, 9), S.DONE, document("G22", number=2))
    ledger.learns(replace(USUAL, year=2025, edition=2, off=frozenset({date(2025, 6, 30), date(2025, 7, 4)})))
    ledger.reads()
    assert len(ledger.moves()) == 6
    before = ledger.derived()
    assert len(before["obligation"]) == 9
    list(rebuild(ledger.ledger, rules=ledger.rules, clock=ledger.clock, at_once=3))
    assert ledger.derived() == before

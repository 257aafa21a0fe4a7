"""bus/ledger/reports/question.py"""

from datetime import UTC, date, datetime

import pytest

from bus.errors import BadConfig
from bus.ledger.reports.question import Period, Question


@pytest.mark.parametrize(
    ("text", "first", "last", "before"),
    [
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31), "2026-07-01..2026-09-30"),
        ("2026q1", date(2026, 1, 1), date(2026, 3, 31), "2025-10-01..2025-12-31"),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29), "2028-01-01..2028-01-31"),
        ("2028", date(2028, 1, 1), date(2028, 12, 31), "2027-01-01..2027-12-31"),
        ("2026-11-30", date(2026, 11, 30), date(2026, 11, 30), "2026-11-29..2026-11-29"),
        ("2026-11-03..2026-11-09", date(2026, 11, 3), date(2026, 11, 9), "2026-10-27..2026-11-02"),
    ],
)
def test_periods(text: str, first: date, last: date, before: str) -> None:
    """As people write them, and the one before: whole months before whole months, days before days."""
    period = Period.parse(text)
    assert (period.first, period.last) == (first, last)
    assert str(period.before()) == before
    assert Period.parse(str(period)) == period


@pytest.mark.parametrize(
    "text", ["2026-11-30..2026-11-29", "0001", "0001-01-01", "9999", "3000-Q1", "2016..2026", "2016-01-01..2026-12-31"]
)
def test_what_is_no_sensible_period(text: str) -> None:
    """It ends before it begins, is of a time without a bus, or too long to count through."""
    with pytest.raises(BadConfig, match="period"):
        Period.parse(text)


@pytest.mark.parametrize("text", ["", "2026-Q5", "2026-13", "2026-02-30", "0000", "soon"])
def test_what_is_no_period(text: str) -> None:
    with pytest.raises(BadConfig, match="period"):
        Period.parse(text)


@pytest.mark.parametrize(
    ("text", "quarter"),
    [("2026-Q4", 4), ("2026-Q1", 1), ("2026", None), ("2026-12", None), ("2026-10-02..2026-12-31", None)],
)
def test_which_quarter(text: str, quarter: int | None) -> None:
    """A year ends with one, and is none."""
    assert Period.parse(text).quarter == quarter


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 12, 31, 16, 59, tzinfo=UTC), "2026-Q3"),
        (datetime(2026, 12, 31, 17, 0, tzinfo=UTC), "2026-Q4"),
        (datetime(2026, 4, 1, tzinfo=UTC), "2026-Q1"),
    ],
)
def test_the_quarter_that_ended_last(now: datetime, expected: str) -> None:
    """By Việt Nam's day."""
    assert Period.last_quarter(now) == Period.parse(expected)


def test_the_same_question_before() -> None:
    """Of the same agency."""
    asked = Question(period=Period.parse("2026-Q4"), agency="H49")
    assert asked.before() == Question(period=Period.parse("2026-Q3"), agency="H49")

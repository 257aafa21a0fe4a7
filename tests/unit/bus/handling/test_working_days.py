"""bus/handling/working_days.py"""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.handling.working_days import Calendar, YearOfDays, by_library, day_of, end_of, is_weekend, names

BARE = Calendar()
"""As the library has it."""


def decided(year: int, edition: int = 1, *, off: tuple[date, ...] = (), worked: tuple[date, ...] = ()) -> YearOfDays:
    known = by_library(year)
    return YearOfDays(
        year=year, edition=edition, confirmed=True, off=known.off | set(off), worked=known.worked | set(worked)
    )


SWAPPED = Calendar.of([decided(2026, off=(date(2026, 1, 2),), worked=(date(2026, 1, 10),))])
"""Decided on 25 December 2025: Friday 2 January off, Saturday 10 January worked."""


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 30), True),
        (date(2026, 11, 28), False),
        (date(2026, 11, 29), False),
        (date(2026, 1, 1), False),
        (date(2026, 9, 2), False),
        (date(2026, 4, 27), False),  # Giỗ Tổ fell on a Sunday
        (date(2026, 2, 13), True),
        (date(2026, 2, 16), False),
        (date(2026, 2, 20), False),
        (date(2026, 2, 23), True),
        (date(2028, 2, 29), True),
        (date(2026, 8, 22), True),  # a Saturday worked for Monday 31 August
        (date(2026, 8, 31), False),
        (date(1850, 1, 1), True),  # a Tuesday of a year that the library does not know
        (date(2150, 1, 3), False),  # a Saturday of another
    ],
)
def test_the_library_alone(day: date, works: bool) -> None:
    """Weekends, days off by their date and by the moon, and days off for those that fell on a weekend."""
    assert BARE.is_working(day) is works


@pytest.mark.parametrize(
    ("calendar", "day", "days", "expected"),
    [
        (BARE, date(2026, 11, 30), 0, date(2026, 11, 30)),
        (BARE, date(2026, 11, 27), 1, date(2026, 11, 30)),
        (BARE, date(2026, 11, 28), 1, date(2026, 11, 30)),
        (BARE, date(2026, 11, 23), 5, date(2026, 12, 1)),  # the 24th is the day of culture
        (BARE, date(2025, 12, 31), 1, date(2026, 1, 2)),  # the year's end, as the library believes
        (SWAPPED, date(2025, 12, 31), 1, date(2026, 1, 5)),  # as the Government decided
        (SWAPPED, date(2026, 1, 9), 1, date(2026, 1, 10)),
        (SWAPPED, date(2026, 1, 9), 2, date(2026, 1, 12)),
        (BARE, date(2026, 2, 13), 1, date(2026, 2, 23)),  # Tết
        (BARE, date(2028, 2, 28), 1, date(2028, 2, 29)),  # a leap day
        (BARE, date(2028, 2, 29), 1, date(2028, 3, 1)),
        (BARE, date(2026, 8, 21), 1, date(2026, 8, 22)),
    ],
)
def test_the_nth_working_day(calendar: Calendar, day: date, days: int, expected: date) -> None:
    """The day itself does not count, whatever it is."""
    assert calendar.after(day, days) == expected


def test_counted_back() -> None:
    """A warning is so many working days before."""
    assert BARE.before(date(2026, 2, 23), 1) == date(2026, 2, 13)
    assert SWAPPED.before(date(2026, 1, 12), 1) == date(2026, 1, 10)


@given(st.dates(date(2000, 1, 1), date(2098, 12, 31)), st.integers(1, 60))
def test_what_is_counted_works(day: date, days: int) -> None:
    """The n-th working day works, lies later, and exactly n - 1 working days lie between."""
    found = BARE.after(day, days)
    between = (day + timedelta(days=n) for n in range(1, (found - day).days))
    assert BARE.is_working(found)
    assert found > day
    assert sum(map(BARE.is_working, between)) == days - 1
    if BARE.is_working(day):
        assert BARE.before(found, days) == day


@pytest.mark.parametrize(
    ("at", "same_day", "next_day", "morning"),
    [
        # Monday, 09:30 in Việt Nam
        (datetime(2026, 11, 30, 2, 30, tzinfo=UTC), "11-30T17:00", "12-01T17:00", "12-01T05:00"),
        # Monday, 23:59 in Việt Nam: it is Monday still
        (datetime(2026, 11, 30, 16, 59, tzinfo=UTC), "11-30T17:00", "12-01T17:00", "12-01T05:00"),
        # Tuesday, 00:00 in Việt Nam
        (datetime(2026, 11, 30, 17, 0, tzinfo=UTC), "12-01T17:00", "12-02T17:00", "12-02T05:00"),
        # Friday
        (datetime(2026, 11, 27, 8, 0, tzinfo=UTC), "11-27T17:00", "11-30T17:00", "11-30T05:00"),
        # Saturday
        (datetime(2026, 11, 28, 8, 0, tzinfo=UTC), "11-30T17:00", "11-30T17:00", "11-30T05:00"),
    ],
)
def test_moments_of_the_law(at: datetime, same_day: str, next_day: str, morning: str) -> None:
    """Days are Việt Nam's, and end at midnight there; what came on a day off is due on the working day that follows."""
    expected = [datetime.fromisoformat(f"2026-{each}:00+00:00") for each in (same_day, next_day, morning)]
    assert [BARE.end_of_working_day(at), BARE.end_of_next_working_day(at), BARE.next_morning(at)] == expected


def test_the_newest_edition_counts() -> None:
    """Whatever order they are read in."""
    first, second = decided(2026), decided(2026, 2, off=(date(2026, 1, 2),))
    assert Calendar.of([first, second]) == Calendar.of([second, first])
    assert not Calendar.of([second, first]).is_working(date(2026, 1, 2))


def test_what_a_time_was_counted_by() -> None:
    """The edition of each year that it touches; 0 where there is none."""
    calendar = Calendar.of([decided(2026, 3)])
    assert calendar.editions(date(2026, 12, 30), date(2026, 12, 31)) == "2026-3"
    assert calendar.editions(date(2026, 12, 30), date(2028, 1, 4)) == "2026-3 2027-0 2028-0"


def test_a_year_is_provisional_until_it_is_confirmed() -> None:
    """By the library it always is; an edition may change days of a year that nobody has confirmed as a whole."""
    known = by_library(2027)
    calendar = Calendar.of([decided(2026), YearOfDays(year=2027, edition=1, off=known.off, worked=known.worked)])
    found = [calendar.is_provisional(date(year, 12, 31)) for year in (2025, 2026, 2027, 2028)]
    assert found == [True, False, True, True]


def test_days_off_are_weekdays() -> None:
    """What the library has on a Saturday changes nothing, and is not kept; its name is."""
    assert not any(map(is_weekend, by_library(2027).off))
    assert names(2027)[date(2027, 2, 6)] == "Tết Nguyên Đán"
    assert names(1850) == {}


def test_a_day_of_viet_nam() -> None:
    """Ends at 17:00 UTC."""
    last = end_of(date(2026, 12, 31))
    assert last == datetime(2026, 12, 31, 17, tzinfo=UTC)
    assert [day_of(last - timedelta(microseconds=1)), day_of(last)] == [date(2026, 12, 31), date(2027, 1, 1)]

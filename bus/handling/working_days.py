"""Working days by the Government's calendar, and the moments of a day that the law names. Pure: no clock, no file.

A year is what its newest edition says (bus/handling/calendar.py); where it has none, what the library of days off knows
of it, which is provisional: the library learns of a swapped Saturday months after everybody has worked on it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final, Self

import holidays

from schemas.values import VIETNAM

_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)
_AHEAD: Final = VIETNAM.utcoffset(None)
_KNOWN: Final = range(1901, 2100)
"""The years whose lunar days the library knows. Of others it is asked nothing: only Saturdays and Sundays are off."""

MORNING_ENDS: Final = time(12)
"""QĐ 28/2018 Đ.6: what is not sent on the day is sent "at the latest in the morning of the next working day"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YearOfDays:
    """The days of one year that are not what their weekday says."""

    year: int
    edition: int = 0
    """0: by the library, of no decision."""
    confirmed: bool = False
    """Whether somebody said that the Government has decided the whole year. Until then its days are provisional."""
    off: frozenset[date]
    """Mondays to Fridays that are no working days."""
    worked: frozenset[date]
    """Saturdays and Sundays that are."""

    def is_working(self, day: date) -> bool:
        return day in self.worked if is_weekend(day) else day not in self.off

    def __str__(self) -> str:
        return f"{self.year}-{self.edition}"


@dataclass(frozen=True, slots=True)
class Calendar:
    """All years: those that have an edition by it, the others by the library."""

    years: Mapping[int, YearOfDays] = field(default_factory=dict)

    @classmethod
    def of(cls, years: Iterable[YearOfDays]) -> Self:
        """In any order; of two editions of a year the one with the higher number counts."""
        return cls({each.year: each for each in sorted(years, key=lambda each: each.edition)})

    def year(self, year: int) -> YearOfDays:
        return self.years.get(year) or by_library(year)

    def is_working(self, day: date) -> bool:
        return self.year(day.year).is_working(day)

    def is_provisional(self, day: date) -> bool:
        """Whether nobody has confirmed the year of this day."""
        return not self.year(day.year).confirmed

    def after(self, day: date, days: int) -> date:
        """The n-th working day after this day, which itself does not count; the day itself where `days` is 0."""
        return self._counted(day, days, _DAY)

    def before(self, day: date, days: int) -> date:
        """The n-th working day before this day."""
        return self._counted(day, days, -_DAY)

    def editions(self, first: date, last: date) -> str:
        """The editions that a time between two days, both included, is counted by: `2026-3 2027-0`."""
        return " ".join(str(self.year(year)) for year in range(first.year, last.year + 1))

    def end_of_working_day(self, at: datetime) -> datetime:
        """ "Within the day": the end of the day of this moment; on a day off, of the working day that follows."""
        day = day_of(at)
        return end_of(day if self.is_working(day) else self.after(day, 1))

    def end_of_next_working_day(self, at: datetime) -> datetime:
        """ "On the same day, at the latest on the next working day"."""
        return end_of(self.after(day_of(at), 1))

    def next_morning(self, at: datetime) -> datetime:
        """ "At the latest in the morning of the next working day": its end."""
        return moment(self.after(day_of(at), 1), MORNING_ENDS)

    def _counted(self, day: date, days: int, step: timedelta) -> date:
        while days > 0:
            day += step
            days -= self.is_working(day)
        return day


@cache
def by_library(year: int) -> YearOfDays:
    """What the library knows of a year: its days off, Saturdays worked for them where it has learnt of these."""
    if year not in _KNOWN:
        return YearOfDays(year=year, off=frozenset(), worked=frozenset())
    found = holidays.country_holidays("VN", years=year)
    return YearOfDays(
        year=year,
        off=frozenset(day for day in found if day.year == year and not is_weekend(day)),
        worked=frozenset(day for day in found.weekend_workdays if day.year == year and is_weekend(day)),
    )


@cache
def names(year: int) -> Mapping[date, str]:
    """The names of a year's days off in Vietnamese, Saturdays and Sundays among them, where the library has one."""
    if year not in _KNOWN:
        return {}
    return dict(holidays.country_holidays("VN", years=year, language="vi").items())


def is_weekend(day: date) -> bool:
    return day.weekday() >= _SATURDAY


def day_of(at: datetime) -> date:
    """Việt Nam's day at a moment."""
    if at.tzinfo is UTC:  # nearly always; four times as fast
        return (at + _AHEAD).date()
    return at.astimezone(VIETNAM).date()


def moment(day: date, at: time) -> datetime:
    """A time of day in Việt Nam, in UTC."""
    return datetime.combine(day, at, VIETNAM).astimezone(UTC)


def end_of(day: date) -> datetime:
    """The first moment after a day of Việt Nam, in UTC: what is done before it, is done on the day."""
    return moment(day + _DAY, time())

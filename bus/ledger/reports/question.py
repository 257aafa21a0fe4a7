"""What a report is asked for: whom, which days, which kind of document. Pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Self

from bus.errors import BadConfig, said
from bus.handling.working_days import day_of
from schemas.codes import BusinessType
from schemas.values import AgencyCode

_QUARTER: Final = re.compile(r"([0-9]{4})-?[Qq]([1-4])")
_MONTH: Final = re.compile(r"([0-9]{4})-([0-9]{2})")
_YEAR: Final = re.compile(r"[0-9]{4}")
_FIRST, _LAST = date(2000, 1, 1), date(2999, 12, 31)
LONGEST: Final = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Period:
    """Days of Việt Nam, both included: those on which the documents were sent."""

    first: date
    last: date

    @classmethod
    def parse(cls, text: str) -> Self:
        """`2026`, `2026-Q4`, `2026-11`, `2026-11-30`, or two days: `2026-10-01..2026-12-31`. Raises BadConfig."""
        try:
            period = cls._read(text)
        except ValueError as exc:
            vi, en = "“{text}” không phải 2026, 2026-Q4, 2026-11 hay 2026-10-01..2026-12-31", "{text!r} is no period"
            raise BadConfig(file="--period", why=said(vi, en, text=text)) from exc
        if not _FIRST <= period.first <= period.last <= _LAST or period.last - period.first > LONGEST:
            vi, en = (
                "kỳ báo cáo từ 2000 đến 2999, dài nhất mười năm",
                "a period lies in 2000 to 2999, ten years at most",
            )
            raise BadConfig(file="--period", why=said(vi, en))
        return period

    @classmethod
    def _read(cls, text: str) -> Self:
        """Raises ValueError."""
        if found := _QUARTER.fullmatch(text):
            return cls._months(int(found[1]), 3 * int(found[2]) - 2, 3)
        if found := _MONTH.fullmatch(text):
            return cls._months(int(found[1]), int(found[2]), 1)
        if _YEAR.fullmatch(text):
            return cls._months(int(text), 1, 12)
        first, _, last = text.partition("..")
        return cls(date.fromisoformat(first), date.fromisoformat(last or first))

    @classmethod
    def _months(cls, year: int, month: int, count: int) -> Self:
        after = year * 12 + month - 1 + count
        return cls(date(year, month, 1), date(after // 12, after % 12 + 1, 1) - timedelta(days=1))

    @classmethod
    def last_quarter(cls, now: datetime) -> Self:
        """The quarter that ended last."""
        today = day_of(now)
        end = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1) - timedelta(days=1)
        return cls._months(end.year, end.month - 2, 3)

    @property
    def quarter(self) -> int | None:
        """1 to 4 where it is a quarter; None where not."""
        number = (self.last.month + 2) // 3
        return number if self == Period._months(self.last.year, 3 * number - 2, 3) else None

    def before(self) -> "Period":
        """The period just before: whole months where this one is of whole months, else so many days."""
        end = self.first - timedelta(days=1)
        if self.first.day == 1 and (self.last + timedelta(days=1)).day == 1:
            count = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
            start = self.first.year * 12 + self.first.month - 1 - count
            return Period._months(start // 12, start % 12 + 1, count)
        return Period(end - (self.last - self.first), end)

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One report."""

    period: Period
    agency: AgencyCode | None = None
    """None: all."""
    below: bool = True
    """With the units below that agency: those whose codes begin with its code and a dot."""
    kind: BusinessType | None = None
    """None: every kind of document."""

    def before(self) -> "Question":
        return Question(period=self.period.before(), agency=self.agency, below=self.below, kind=self.kind)

"""What a ledger judges obligations by, made of what it knows: the calendar's editions and when each came, the directory
of today, the clocks. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from bus.directory.agencies import Directory
from bus.directory.resolver import Resolver
from bus.handling.clocks import TABLE, Clock
from bus.handling.obligations import Rules, Succession, WorkingDays
from bus.handling.working_days import Calendar, YearOfDays
from schemas.values import AgencyCode

_REMEMBERED: Final = 4096
"""Agencies whose successor is remembered: those of one batch come again and again."""


class KnownCalendars:
    """The calendar as it was known at each moment: what an edition says counts from when this ledger took it on."""

    def __init__(self, editions: Iterable[tuple[datetime, YearOfDays]]) -> None:
        """Each with the time at which it was taken, in any order."""
        taken = sorted(editions, key=lambda each: (each[0], each[1].year, each[1].edition))
        self._times = [at for at, _ in taken]
        self._calendars = [Calendar.of(days for _, days in taken[:count]) for count in range(len(taken) + 1)]

    def known(self, at: datetime | None) -> Calendar:
        return self._calendars[-1 if at is None else bisect_right(self._times, at)]


def rules_of(
    editions: Iterable[tuple[datetime, YearOfDays]], directory: Directory, clocks: Sequence[Clock] = TABLE
) -> Rules:
    """`directory` as of today: an agency closes with the day, without a new edition."""
    resolver = Resolver(directory.book, directory.on)

    @lru_cache(maxsize=_REMEMBERED)
    def successor(agency: AgencyCode) -> Succession | None:
        closing = resolver.closing(agency)
        if closing is None or closing.closed is None or closing.successor is None:
            return None
        return Succession(closing.closed, closing.successor)

    return Rules(KnownCalendars(editions), clocks, successor)


def is_current(counted_by: str, days: WorkingDays) -> bool:
    """Whether what was counted by these editions (`2026-3 2027-0`) would be counted by the same ones now."""
    firsts = ((each, date(int(each.partition("-")[0]), 1, 1)) for each in counted_by.split())
    return all(days.editions(first, first) == each for each, first in firsts)

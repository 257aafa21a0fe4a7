"""What the ledger judges obligations by at this moment: made anew when the directory, the day or the calendar is
another one. rules.py says what is made of them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from sqlalchemy import Connection, select

from bus.directory.onlooker import Onlooker
from bus.errors import BadCalendar
from bus.handling.calendar import read_calendar
from bus.handling.clocks import Clock
from bus.handling.obligations import Rules
from bus.handling.working_days import YearOfDays
from bus.ledger.rules import rules_of
from bus.ledger.tables import calendar
from bus.store.sql.times import from_micros

log = structlog.get_logger()

_EDITIONS: Final = select(calendar.c.year, calendar.c.edition, calendar.c.taken_at, calendar.c.signed).order_by(
    calendar.c.taken_at, calendar.c.year, calendar.c.edition
)
"""Every edition of the calendar that was taken, in the order in which they came."""


class RuleBook:
    """Threads may ask at any time."""

    def __init__(
        self,
        onlooker: Callable[[], Onlooker],
        clocks: Sequence[Clock],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._onlooker = onlooker
        self._clocks = clocks
        self._clock = clock
        self._lock = threading.Lock()
        self._made_of: tuple[Onlooker, tuple[tuple[int, int, int], ...]] | None = None
        self._rules: Rules | None = None

    def of(self, connection: Connection) -> Rules:
        """The same object as long as it says the same."""
        onlooker = self._onlooker()
        taken = connection.execute(_EDITIONS).all()
        known = tuple((row.year, row.edition, row.taken_at) for row in taken)
        with self._lock:
            made_of = self._made_of
            if self._rules is not None and made_of is not None and made_of[0] is onlooker and made_of[1] == known:
                return self._rules
            editions = list(self._editions([(from_micros(row.taken_at), row.signed) for row in taken], onlooker))
            self._rules = rules_of(editions, onlooker.directory, self._clocks)
            self._made_of = onlooker, known
            return self._rules

    def _editions(
        self, taken: Sequence[tuple[datetime, bytes]], onlooker: Onlooker
    ) -> Iterator[tuple[datetime, YearOfDays]]:
        """Judged when they were taken, and again here: what is in a database may have been in other hands. Nobody can
        take one where the directory is unsigned: there is no authority."""
        if onlooker.trust_store is None:
            return
        for taken_at, signed in taken:
            try:
                yield (
                    taken_at,
                    read_calendar(signed, trust_store=onlooker.trust_store, now=self._clock(), kept=True).edition.days,
                )
            except BadCalendar as error:
                log.warning("ledger.calendar-refused", error=error.in_english())

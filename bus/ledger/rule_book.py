"""What the ledger judges obligations by at this moment: made anew when the directory, the day or the calendar is
another one. rules.py says what is made of them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import structlog
from sqlalchemy import Connection

from bus.directory.onlooker import Onlooker
from bus.handling.clocks import Clock
from bus.handling.obligations import Rules
from bus.handling.working_days import YearOfDays
from bus.ledger.calendars import KEPT, kept
from bus.ledger.rules import rules_of

log = structlog.get_logger()


class _Made(NamedTuple):
    rules: Rules
    onlooker: Onlooker
    held: tuple[tuple[object, ...], ...]
    """The rows of the calendar."""


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
        self._made: _Made | None = None

    def of(self, connection: Connection) -> Rules:
        """The same object as long as it says the same."""
        onlooker = self._onlooker()
        held = tuple(tuple(row) for row in connection.execute(KEPT))
        with self._lock:
            made = self._made
            if made is None or made.onlooker is not onlooker or made.held != held:
                rules = rules_of(self._editions(connection, onlooker), onlooker.directory, self._clocks)
                made = self._made = _Made(rules, onlooker, held)
            return made.rules

    def _editions(self, connection: Connection, onlooker: Onlooker) -> Iterator[tuple[datetime, YearOfDays]]:
        """Of a directory that nobody signed there are none: no authority could have signed them."""
        if onlooker.trust_store is None:
            return
        found = kept(connection, trust_store=onlooker.trust_store, now=self._clock())
        for error in found.refused:
            log.warning("ledger.calendar-refused", error=error.in_english())
        for taken_at, signed in found.taken:
            yield taken_at, signed.edition.days

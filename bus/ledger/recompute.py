"""Open obligations judged again: after a new edition of the calendar, or when a debtor or a creditor has closed. What
was met or ended stays as it was. It finds what is stale by itself: it may be killed anywhere, and begins with each
start."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Final

import structlog
from sqlalchemy import Connection, select

from bus.handling.obligations import Rules
from bus.ledger import keep
from bus.ledger.counters import difference
from bus.ledger.fold import judge_again
from bus.ledger.moves import moves
from bus.ledger.portions import portions
from bus.ledger.records import DailyKey, DocumentNumber
from bus.ledger.rules import is_current
from bus.ledger.store import Ledger
from bus.ledger.tables import now

log = structlog.get_logger()

BATCH: Final = 250
"""Documents of one commit: others write in between."""

_owed = now.obligation.c
OPEN: Final = (
    select(_owed.document, _owed.calendar, _owed.debtor, _owed.creditor)
    .where(_owed.open)
    .execution_options(yield_per=10_000)  # the country's are millions: never all of them in memory
)
"""Every open obligation: the editions that it was counted by, and whose it is."""


class Recompute:
    """A loop's step. Used by one thread."""

    def __init__(
        self,
        ledger: Ledger,
        rules: Callable[[Connection], Rules],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        batch: int = BATCH,
    ) -> None:
        """`rules` returns the same object as long as it says the same."""
        self._ledger = ledger
        self._rules = rules
        self._clock = clock
        self._batch = batch
        self._done: Rules | None = None
        self._doing: Rules | None = None
        self._stale: list[DocumentNumber] = []

    def step(self) -> bool:
        """Judges one batch again; whether there are more. Raises StoreAway, StoreFull, StoreDamaged, StoreTaken."""
        if not self._stale:
            with self._ledger.reading() as connection:
                rules = self._rules(connection)
                if rules is self._done:
                    return False
                self._stale = sorted(stale(connection, rules), reverse=True)
            self._doing = rules
        assert self._doing is not None
        some, rest = self._stale[-self._batch :], self._stale[: -self._batch]
        if some:
            moved = self._judge(some, self._doing)
            log.info("ledger.recomputed", documents=len(some), moved=moved, left=len(rest))
        self._stale = rest
        if not rest:
            self._done = self._doing
        return bool(rest)

    def _judge(self, numbers: list[DocumentNumber], rules: Rules) -> int:
        at = self._clock()
        with self._ledger.writing() as connection:
            sizes = keep.sizes(connection, numbers)
            some = portions(numbers, lambda number: sizes.get(number, 0))
            return sum(_judge(connection, each, rules, at) for each in some)


def _judge(connection: Connection, numbers: list[DocumentNumber], rules: Rules, at: datetime) -> int:
    before = keep.lifelines(connection, numbers)
    after = {number: judge_again(line, rules=rules) for number, line in before.items()}
    counted = Counter[DailyKey]()
    for number, line in after.items():
        counted.update(difference(before[number], line))
    moved = [move for number, line in after.items() for move in moves(before[number], line, at=at)]
    keep.keep_lifelines(connection, after.values(), before=before)
    keep.add_counters(connection, counted)
    keep.keep_moves(connection, moved)
    return len(moved)


def stale(connection: Connection, rules: Rules) -> set[DocumentNumber]:
    """Documents with an open obligation that was counted by an older edition, or is of an agency that has closed."""
    newest = rules.calendars.known(None)

    @cache
    def is_counted(calendar: str) -> bool:
        return is_current(calendar, newest)

    return {
        DocumentNumber(document)
        for document, calendar, debtor, creditor in connection.execute(OPEN)
        if not is_counted(calendar) or rules.successor(debtor) or rules.successor(creditor)
    }

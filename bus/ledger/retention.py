"""What is older than the rule keeps is dropped: the events of a year of receipt whole, and with them the documents that
were first heard of in it, all that came about those later, and their share of the counters. A rebuild counts the same.

In small portions, each a commit: cut short anywhere, the next step finds the rest.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import Connection

from bus.ledger import keep
from bus.ledger.counters import counts_of
from bus.ledger.fold import MOST_CONCERNED
from bus.ledger.records import DailyKey, DocumentNumber, EventNumber
from bus.ledger.statements import past
from bus.ledger.store import Ledger
from bus.ledger.tables import YEAR
from bus.ledger.years import drop, year_of, years
from bus.store.sql.batches import look_up, run
from bus.store.sql.times import to_micros
from schemas.values import VIETNAM

log = structlog.get_logger()

AT_ONCE: Final = 200
"""Documents, or events, dropped in one commit."""


class Retention:
    """Its step is called again at once while it returns True, by one thread."""

    def __init__(self, ledger: Ledger, *, keeps: int) -> None:
        """`keeps`: whole calendar years, besides the present one."""
        self._ledger = ledger
        self._keeps = keeps
        self._after = EventNumber(0)

    def step(self, now: datetime) -> bool:
        """Drops a portion; True where there may be more. Raises StoreAway, StoreFull, StoreTaken."""
        oldest = now.astimezone(VIETNAM).year - self._keeps
        with self._ledger.writing(erases=True) as connection:
            if forget_documents(connection, before=EventNumber(oldest * YEAR)):
                return True
            gone = next((year for year in years(connection) if year < oldest), None)
            if gone is None:
                forget_said(connection, before=datetime(oldest, 1, 1, tzinfo=VIETNAM))
            elif (last := forget_messages(connection, gone, after=self._after)) is not None:
                self._after = last
            else:
                drop(connection, gone)
                self._after = EventNumber(0)
                log.info("ledger.year-dropped", year=gone)
        while gone is not None and self._ledger.give_back():
            pass
        return gone is not None


def forget_documents(connection: Connection, *, before: EventNumber, limit: int = AT_ONCE) -> int:
    """Of the documents first heard of before an event the oldest, with what came about them later. Returns how many."""
    asked = {"before": before * MOST_CONCERNED, "limit": limit}
    numbers = [DocumentNumber(each) for each in connection.scalars(past.DOCUMENTS, asked)]
    if not numbers:
        return 0
    lines = keep.lifelines(connection, numbers)
    taken = Counter[DailyKey]()
    for line in lines.values():
        taken.subtract(counts_of(line))
    keep.add_counters(connection, taken)
    keep.drop_lifelines(connection, lines.values())
    run(connection, past.DROP_MOVED, [{"document": number} for number in numbers])
    later = look_up(connection, past.LATER_EVENTS, {"documents": numbers, "before": before}).all()
    _forget(connection, later)
    by_year = defaultdict[int, list[dict[str, Any]]](list)
    for row in later:
        by_year[year_of(row.number)].append({"number": row.number})
    for year, rows in by_year.items():
        run(connection, past.drop_events(year), rows)
    return len(numbers)


def forget_messages(
    connection: Connection, year: int, *, after: EventNumber, limit: int = AT_ONCE
) -> EventNumber | None:
    """That messages of a year came, and what receipts said of them, from an event on. Returns the last of this portion,
    None behind the last of all: then the year can be dropped."""
    asked = {"after": max(after, year * YEAR - 1), "before": (year + 1) * YEAR, "limit": limit}
    some = connection.execute(past.EVENTS, asked).all()
    _forget(connection, some)
    return EventNumber(some[-1].number) if some else None


def forget_said(connection: Connection, *, before: datetime) -> None:
    """Alerts and silences that ended before a time, and who had asked for what until then."""
    for statement in past.SAID:
        connection.execute(statement, {"before": to_micros(before)})


def _forget(connection: Connection, events: Sequence[Any]) -> None:
    messages = [{"message": row.message, "mailbox": row.mailbox, "event": row.number} for row in events]
    run(connection, past.DROP_SEEN, messages)
    run(connection, past.DROP_LINES, [{"message": each["message"], "mailbox": each["mailbox"]} for each in messages])

"""The editions of the calendar that a ledger took, each with the moment from which it counts here.

They are kept as they were signed, and judged again whenever they are read: bus/handling/calendar.py says how."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select

from bus.errors import BadCalendar
from bus.handling.calendar import SignedCalendar, check_follows, read_calendar
from bus.ledger.tables import calendar
from bus.store.sql.times import from_micros, to_micros
from bus.trust.trust_store import TrustStore

KEPT: Final = select(calendar.c.taken_at, calendar.c.signed).order_by(
    calendar.c.taken_at, calendar.c.year, calendar.c.edition
)
"""Every edition, in the order in which they came."""

KEEP: Final = insert(calendar).values(
    year=bindparam("of_year"), edition=bindparam("number"), taken_at=bindparam("at"), signed=bindparam("bytes")
)
"""One more."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a ledger holds, judged by the keys and lists of now."""

    taken: tuple[tuple[datetime, SignedCalendar], ...]
    """With when each was taken, in that order."""
    refused: tuple[BadCalendar, ...]
    """Of those that do not stand any more: their signer's key was in other hands."""


def kept(connection: Connection, *, trust_store: TrustStore, now: datetime) -> Kept:
    """Who signed by an earlier charter counts on, so that what was counted by goes on counting."""
    taken, refused = [], []
    for at, signed in _rows(connection):
        try:
            taken.append((at, read_calendar(signed, trust_store=trust_store, now=now, kept=True)))
        except BadCalendar as error:
            refused.append(error)
    return Kept(tuple(taken), tuple(refused))


def keep(connection: Connection, offered: Sequence[SignedCalendar], held: Kept, *, now: datetime) -> int:
    """Keeps those that are newer than what is held of their year, in the order of their numbers; returns how many.
    Raises BadCalendar for a second one under a number that is held."""
    editions = [each.edition for _, each in held.taken]
    count = 0
    for each in sorted(offered, key=lambda each: (each.edition.year, each.edition.edition)):
        if any(known.year == each.edition.year and known == each.edition for known in editions):
            continue
        check_follows(editions, each.edition)
        fields = {"of_year": each.edition.year, "number": each.edition.edition, "at": to_micros(now)}
        connection.execute(KEEP, {**fields, "bytes": each.encoded})
        editions.append(each.edition)
        count += 1
    return count


def _rows(connection: Connection) -> Iterator[tuple[datetime, bytes]]:
    for taken_at, signed in connection.execute(KEPT):
        yield from_micros(taken_at), bytes(signed)

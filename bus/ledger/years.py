"""The tables of events, one a year of receipt: made when the first event of a year comes, dropped whole. On PostgreSQL
they are partitions of `event`, on SQLite tables under a view of that name."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, text

from bus.ledger.records import EventNumber
from bus.ledger.tables import YEAR, event, event_of
from bus.ledger.tables import year as year_table
from schemas.values import VIETNAM

_YEARS: Final = select(year_table.c.year).order_by(year_table.c.year)
"""The years that have a table, oldest first."""

_NEWEST: Final = select(func.max(year_table.c.year))
"""The newest of them."""

_ADD: Final = insert(year_table)
"""A year has a table."""

_REMOVE: Final = delete(year_table).where(year_table.c.year == bindparam("gone"))
"""It has none any more."""


def years(connection: Connection) -> list[int]:
    """Oldest first."""
    return list(connection.scalars(_YEARS))


def year_of(number: EventNumber) -> int:
    """The year of receipt."""
    return number // YEAR


def next_number(connection: Connection, *, now: datetime) -> EventNumber:
    """The number of the event that comes next; its year has a table then. A clock that is set back changes nothing:
    numbers only grow."""
    newest, wanted = connection.scalar(_NEWEST), now.astimezone(VIETNAM).year
    if newest is None or newest < wanted:
        _make(connection, wanted)
        return EventNumber(wanted * YEAR)
    last = connection.scalar(select(func.max(event_of(newest).c.number)))
    return EventNumber(newest * YEAR if last is None else last + 1)


def drop(connection: Connection, gone: int) -> None:
    """With all events that came in it."""
    connection.execute(_REMOVE, {"gone": gone})
    if connection.dialect.name != "postgresql":
        _view(connection)
    connection.execute(text(f"DROP TABLE event_{gone:d}"))


def place_of(connection: Connection, number: EventNumber) -> Table:
    """The table to insert an event of this number into."""
    return event if connection.dialect.name == "postgresql" else event_of(year_of(number))


def _make(connection: Connection, of: int) -> None:
    table = event_of(of)
    connection.execute(_ADD, {"year": of})
    if connection.dialect.name == "postgresql":
        from bus.store.sql.postgresql import copy_partial_indexes  # a ledger in a file needs it not

        copy_partial_indexes(table.metadata)
        span = f"FROM ({of * YEAR:d}) TO ({(of + 1) * YEAR:d})"
        connection.execute(text(f"CREATE TABLE event_{of:d} PARTITION OF event FOR VALUES {span}"))
        for index in table.indexes:
            index.create(connection)
    else:
        table.create(connection)
        _view(connection)


def _view(connection: Connection) -> None:
    parts = [f"SELECT * FROM event_{each:d}" for each in years(connection)]  # noqa: S608 — numbers
    nothing = ", ".join(f'NULL AS "{column.name}"' for column in event.columns)
    connection.execute(text("DROP VIEW event"))
    connection.execute(text(f"CREATE VIEW event AS {' UNION ALL '.join(parts) or f'SELECT {nothing} WHERE 0'}"))

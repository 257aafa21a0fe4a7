"""bus/ledger/tables.py, and every statement over them: nothing in them is SQLite's alone."""

from collections.abc import Iterator
from dataclasses import fields

import pytest
from sqlalchemy import Dialect, Executable
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql import ClauseElement

from bus.ledger.statements import derived, kept, past
from bus.ledger.tables import YEAR, event_of, metadata, now
from bus.store.sql.batches import Batch, Lookup


def statements() -> Iterator[tuple[str, ClauseElement]]:
    for table in (*metadata.sorted_tables, event_of(2026)):
        yield table.name, CreateTable(table)
        yield from ((str(index.name), CreateIndex(index)) for index in table.indexes)
    named = {f"kept.{name}": getattr(kept, name) for name in dir(kept)}
    named |= {f"past.{name}": getattr(past, name) for name in dir(past)}
    named |= {"drop_events": past.drop_events(2026), **{f"past.SAID.{n}": each for n, each in enumerate(past.SAID)}}
    named |= {f"derived.{each.name}": getattr(derived.of(now), each.name) for each in fields(derived.Statements)}
    for name, value in named.items():
        if isinstance(value, Batch | Lookup):
            yield name, value.arrays
        elif isinstance(value, Executable) and isinstance(value, ClauseElement):
            yield name, value


EVERY = list(statements())
POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("statement", [each for _, each in EVERY], ids=[name for name, _ in EVERY])
def test_postgresql_would_take_it(statement: ClauseElement) -> None:
    """Every table, index and statement can be written in PostgreSQL's words."""
    assert str(statement.compile(dialect=POSTGRESQL))


def test_there_is_something_to_compile() -> None:
    """The statements are found where they are kept."""
    assert len(EVERY) > 50


def test_a_year_is_one_table() -> None:
    """The same object each time: statements over it are compiled once."""
    assert event_of(2026) is event_of(2026)
    assert event_of(2026).name == "event_2026"


def test_numbers_fit() -> None:
    """Events of the year 9999 are numbers that JSON readers hold exactly."""
    assert 10_000 * YEAR < 2**53

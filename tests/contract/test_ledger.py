"""A ledger in a file of SQLite keeps the contract."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.dialects import sqlite

from bus.errors import StoreFull
from bus.ledger import keep
from bus.ledger.open import open_ledger
from bus.ledger.records import EventNumber
from bus.ledger.store import Ledger
from bus.ledger.years import next_number
from bus.store.sql.batches import Lookup
from tests.contract.ledger import (
    LOOKUPS,
    NOW,
    CheckpointContract,
    CounterContract,
    EventContract,
    LifelineContract,
    ReceiptLineContract,
    YearContract,
    event,
    insert,
)
from tests.contract.ledger_retention import RetentionContract
from tests.contract.ledger_shadow import ShadowContract


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    yield made
    made.close()


class TestEvents(EventContract): ...


class TestYears(YearContract): ...


class TestReceiptLines(ReceiptLineContract): ...


class TestLifelines(LifelineContract): ...


class TestCounters(CounterContract): ...


class TestCheckpoints(CheckpointContract): ...


class TestShadows(ShadowContract): ...


class TestRetention(RetentionContract): ...


def test_a_full_disk(ledger: Ledger) -> None:
    """A step ends in StoreFull and leaves nothing; what was there can be read; with room again, the same ledger goes
    on."""
    insert(ledger, event(1))

    def bound(pages: int) -> None:
        with ledger.writing() as connection:  # as a full disk would: no page more
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    with ledger.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    bound(int(pages) + 2)
    with pytest.raises(StoreFull):
        insert(ledger, *(event(number) for number in range(2, 400)))
    with ledger.reading() as connection:
        assert keep.events_after(connection, EventNumber(0), limit=9) == [event(1)]
    bound(1 << 30)
    insert(ledger, event(2))
    with ledger.reading() as connection:
        assert keep.events_after(connection, EventNumber(0), limit=9) == [event(1), event(2)]


@pytest.mark.parametrize("name", LOOKUPS)
def test_no_table_is_read_whole(ledger: Ledger, name: str) -> None:
    """Each look-up of a step goes by an index, in the events of every year."""
    insert(ledger, event(1))
    with ledger.writing() as connection:
        next_number(connection, now=NOW.replace(year=2027))
    statement, values = LOOKUPS[name]
    plain = statement.lists if isinstance(statement, Lookup) else statement
    sql = plain.params(**values).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with ledger.reading() as connection:
        steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
    assert not [
        step
        for step in steps
        if re.match(r"SCAN (document|delivery|obligation|seen|receipt_line|event)|SEARCH obligation USING INDEX", step)
    ], steps

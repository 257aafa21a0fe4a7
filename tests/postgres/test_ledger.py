"""A ledger in PostgreSQL keeps the contract."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from bus.ledger import keep
from bus.ledger.open import open_ledger
from bus.ledger.recompute import OPEN
from bus.ledger.store import Ledger
from bus.store.sql.batches import Lookup
from tests.contract.ledger import (
    LOOKUPS,
    CheckpointContract,
    CounterContract,
    EventContract,
    LifelineContract,
    ReceiptLineContract,
    YearContract,
    event,
    insert,
    lifeline,
)
from tests.contract.ledger_retention import RetentionContract
from tests.contract.ledger_shadow import ShadowContract
from tests.postgres.server import Server

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def where(postgres: Server) -> str:
    postgres.ask("CREATE DATABASE ledger_contract")
    return postgres.url("ledger_contract")


@pytest.fixture
def ledger(postgres: Server, where: str) -> Iterator[Ledger]:
    """A schema for each: tables come and go."""
    postgres.ask("DROP SCHEMA IF EXISTS ledger CASCADE", database="ledger_contract")
    made = open_ledger(where)
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


@pytest.mark.parametrize("name", LOOKUPS)
def test_no_table_is_read_whole(ledger: Ledger, name: str) -> None:
    """Each look-up of a step goes by an index, in the events of every year, before PostgreSQL has counted anything."""
    insert(ledger, event(1))
    statement, values = LOOKUPS[name]
    plain = statement.arrays if isinstance(statement, Lookup) else statement
    words = str(plain.params(**values).compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))
    with ledger.reading() as connection:
        steps = [str(step) for (step,) in connection.execute(text(f"EXPLAIN {words}".replace(":", "\\:")))]
    assert not [step for step in steps if "Seq Scan" in step], steps


def test_what_is_open_is_read_piece_by_piece(ledger: Ledger) -> None:
    """By a cursor of the server's."""
    with ledger.writing() as connection:
        keep.keep_lifelines(connection, [lifeline(1), lifeline(2)], before={})
    with ledger.reading() as connection:
        found = [row.document for row in connection.execute(OPEN)]
    assert len(set(found)) == 2

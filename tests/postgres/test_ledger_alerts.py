"""Alerts over a ledger in PostgreSQL."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from bus.ledger.open import open_ledger
from bus.ledger.store import Ledger
from tests.contract.ledger_alerts import STATEMENTS, AlertsContract, explained
from tests.postgres.server import Server
from tests.unit.bus.ledger.alerts.figures_world import put_event


@pytest.fixture(scope="module")
def ledger(postgres: Server) -> Iterator[Ledger]:
    postgres.ask("CREATE DATABASE ledger_alerts")
    made = open_ledger(postgres.url("ledger_alerts"))
    yield made
    made.close()


@pytest.fixture
def connection(ledger: Ledger) -> Iterator[Connection]:
    """What is written through it is taken back."""
    with ledger.engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


class TestAlerts(AlertsContract): ...


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_look_goes_by_an_index(ledger: Ledger, name: str) -> None:
    """No table is read whole, before PostgreSQL has counted anything."""
    put_event(ledger)
    sql = explained(STATEMENTS[name], postgresql.dialect())  # type: ignore[no-untyped-call]
    with ledger.reading() as connection:
        steps = [str(step) for (step,) in connection.execute(text(f"EXPLAIN {sql}".replace(":", "\\:")))]
    assert not [step for step in steps if re.search(r"Seq Scan on (event_|delivery|obligation|daily)", step)], steps

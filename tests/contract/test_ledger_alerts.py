"""Alerts over a ledger in SQLite."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite

from bus.ledger.open import open_ledger
from bus.ledger.store import Ledger
from tests.contract.ledger_alerts import STATEMENTS, AlertsContract, explained
from tests.unit.bus.ledger.alerts.figures_world import put_event


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    made = open_ledger(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/ledger.db")
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
    """Once a minute: of ten million documents it reads what is open, late or new, and never all."""
    put_event(ledger)
    sql = explained(STATEMENTS[name], sqlite.dialect())
    with ledger.reading() as connection:
        steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
    assert not [step for step in steps if re.match(r"SCAN (?!.*USING (COVERING )?INDEX obligation_)", step)], steps

"""What a ledger in PostgreSQL answers."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from bus.ledger.open import open_ledger
from bus.ledger.store import Ledger
from tests.contract.ledger_plans import LOOKS, STATEMENTS, explained
from tests.contract.ledger_queries import FindContract, LifelineContract, ListContract, ObligationContract
from tests.postgres.server import Server


@pytest.fixture(scope="module")
def ledger(postgres: Server) -> Iterator[Ledger]:
    postgres.ask("CREATE DATABASE ledger_queries")
    made = open_ledger(postgres.url("ledger_queries"))
    yield made
    made.close()


@pytest.fixture
def connection(ledger: Ledger) -> Iterator[Connection]:
    """What is written through it is taken back."""
    with ledger.engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


class TestLists(ListContract): ...


class TestFinding(FindContract): ...


class TestObligations(ObligationContract): ...


class TestLifelines(LifelineContract): ...


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_list_goes_by_an_index(ledger: Ledger, name: str) -> None:
    """No table is read whole, before PostgreSQL has counted anything."""
    sql = explained(STATEMENTS[name], postgresql.dialect())  # type: ignore[no-untyped-call]
    with ledger.reading() as connection:
        steps = [str(step) for (step,) in connection.execute(text(f"EXPLAIN {sql}".replace(":", "\\:")))]
    assert not [step for step in steps if re.search(r"Seq Scan on (document|delivery|obligation)", step)], steps


@pytest.mark.parametrize("name", LOOKS)
def test_a_search_goes_by_an_index(ledger: Ledger, name: str) -> None:
    """No table is read whole, before PostgreSQL has counted anything."""
    sql = explained(LOOKS[name], postgresql.dialect())  # type: ignore[no-untyped-call]
    with ledger.reading() as connection:
        steps = [str(step) for (step,) in connection.execute(text(f"EXPLAIN {sql}".replace(":", "\\:")))]
    assert not [step for step in steps if re.search(r"Seq Scan on (document|delivery|seen)", step)], steps

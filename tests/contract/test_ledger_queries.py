"""What a ledger in SQLite answers."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite

from bus.ledger.open import open_ledger
from bus.ledger.store import Ledger
from tests.contract.ledger_plans import LOOKS, STATEMENTS, explained
from tests.contract.ledger_queries import FindContract, LifelineContract, ListContract, ObligationContract


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


class TestLists(ListContract): ...


class TestFinding(FindContract): ...


class TestObligations(ObligationContract): ...


class TestLifelines(LifelineContract): ...


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_list_goes_by_an_index(ledger: Ledger, name: str) -> None:
    """In its order: nothing is sorted but what one moment brought, and no table is read whole."""
    sql = explained(STATEMENTS[name], sqlite.dialect())
    with ledger.reading() as connection:
        steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
    wrong = [step for step in steps if re.match(r"SCAN \w+$|USE TEMP B-TREE FOR ORDER BY", step)]
    assert not wrong, steps


@pytest.mark.parametrize("name", LOOKS)
def test_a_search_goes_by_an_index(ledger: Ledger, name: str) -> None:
    """Of the text, and then of each document's deliveries: no table is read whole, nor all that somebody sent."""
    sql = explained(LOOKS[name], sqlite.dialect())
    with ledger.reading() as connection:
        steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
    assert not [step for step in steps if re.match(r"SCAN (document|delivery|seen)\b", step)], steps
    assert not [step for step in steps if "document_sender" in step], steps
    assert [step for step in steps if re.match(r"SEARCH delivery USING .*\(document=\? AND agency=\?\)", step)], steps

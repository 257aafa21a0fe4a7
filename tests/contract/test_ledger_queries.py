"""What a ledger in SQLite answers."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from bus.ledger.open import open_ledger
from bus.ledger.store import Ledger
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

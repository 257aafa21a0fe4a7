"""What a ledger in SQLite answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine

from bus.ledger.tables import metadata
from tests.contract.ledger_queries import FindContract, LifelineContract, ListContract, ObligationContract


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///{tmp_path}/ledger.db")
    with engine.connect() as connection:
        metadata.create_all(connection)
        yield connection
    engine.dispose()


class TestLists(ListContract): ...


class TestFinding(FindContract): ...


class TestObligations(ObligationContract): ...


class TestLifelines(LifelineContract): ...

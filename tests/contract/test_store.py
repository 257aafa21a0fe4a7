"""Both stores keep the contract: the one in memory, and SQLite on a disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.ports import Store
from bus.store import open_store
from tests.contract.store import OutboxContract, ReceiptContract, SettlingContract
from tests.contract.store_inbox import InboxContract
from tests.contract.store_memory import (
    DossierContract,
    ForgettingContract,
    HistoryContract,
    OperatorContract,
    TransactionContract,
)
from tests.fakes.store import MemoryStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else open_store(f"sqlite:///{tmp_path}/x.db", owner="G22")
    yield made
    made.close()


class TestOutbox(OutboxContract): ...


class TestSettling(SettlingContract): ...


class TestReceipts(ReceiptContract): ...


class TestInbox(InboxContract): ...


class TestDossiers(DossierContract): ...


class TestHistory(HistoryContract): ...


class TestOperators(OperatorContract): ...


class TestForgetting(ForgettingContract): ...


class TestTransactions(TransactionContract): ...

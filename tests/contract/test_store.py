"""Both stores keep the contract: the one in memory, and SQLite on a disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.errors import StoreFull
from bus.ports.store import Store
from bus.store.open import open_store
from tests.contract.store import ExpiringContract, OutboxContract, RecoveryContract, SettlingContract, due, put, sending
from tests.contract.store_blobs import SegmentContract, TransferContract
from tests.contract.store_documents import DocumentContract
from tests.contract.store_dossiers import (
    DossierContract,
    ForgettingContract,
    HistoryContract,
    OperatorContract,
    TransactionContract,
)
from tests.contract.store_inbox import InboxContract
from tests.contract.store_receipts import ReceiptContract
from tests.fakes.store import MemoryStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else open_store(f"sqlite:///{tmp_path}/x.db", owner="G22")
    yield made
    made.close()


class TestOutbox(OutboxContract): ...


class TestRecovery(RecoveryContract): ...


class TestSettling(SettlingContract): ...


class TestExpiring(ExpiringContract): ...


class TestReceipts(ReceiptContract): ...


class TestInbox(InboxContract): ...


class TestSegments(SegmentContract): ...


class TestTransfers(TransferContract): ...


class TestDossiers(DossierContract): ...


class TestHistory(HistoryContract): ...


class TestOperators(OperatorContract): ...


class TestDocuments(DocumentContract): ...


class TestForgetting(ForgettingContract): ...


class TestTransactions(TransactionContract): ...


def test_the_fake_counts_and_fails_when_told() -> None:
    """What a story asks of it beyond the contract: how many commits there were, and a full disk."""
    store = MemoryStore()
    put(store, sending(1))
    store.full = True
    with pytest.raises(StoreFull):
        put(store, sending(2))
    store.full = False
    put(store, sending(2))
    assert (store.commits, len(due(store))) == (2, 2)

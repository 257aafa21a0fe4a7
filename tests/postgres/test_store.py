"""PostgreSQL keeps the contract of `bus.ports.Store`."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from bus.ports.store import Store
from bus.store.open import open_store
from bus.store.store import SqlStore
from bus.store.tables import metadata
from tests.contract.store import ExpiringContract, OutboxContract, RecoveryContract, SettlingContract
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
from tests.postgres.server import Server

EMPTY = "TRUNCATE {} RESTART IDENTITY".format(", ".join(name for name in metadata.tables if name != "owner"))


@pytest.fixture(scope="module")
def opened(postgres: Server) -> Iterator[SqlStore]:
    postgres.ask("CREATE DATABASE contract")
    store = open_store(postgres.url("contract"), owner="G22")
    yield store
    store.close()


@pytest.fixture
def store(opened: SqlStore) -> Store:
    with opened.writing() as connection:
        connection.execute(text(EMPTY))
    return opened


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

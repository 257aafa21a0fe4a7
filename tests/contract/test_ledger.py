"""A ledger in a file of SQLite keeps the contract."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.ledger.open import open_ledger
from bus.ledger.store import Ledger
from tests.contract.ledger import (
    CheckpointContract,
    CounterContract,
    EventContract,
    LifelineContract,
    ReceiptLineContract,
    YearContract,
)
from tests.contract.ledger_retention import RetentionContract
from tests.contract.ledger_shadow import ShadowContract


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
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

"""A ledger in PostgreSQL keeps the contract."""

from collections.abc import Iterator

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
from tests.postgres.server import Server


@pytest.fixture(scope="module")
def where(postgres: Server) -> str:
    postgres.ask("CREATE DATABASE ledger_contract")
    return postgres.url("ledger_contract")


@pytest.fixture
def ledger(postgres: Server, where: str) -> Iterator[Ledger]:
    """A schema for each: tables come and go."""
    postgres.ask("DROP SCHEMA IF EXISTS ledger CASCADE", database="ledger_contract")
    made = open_ledger(where)
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

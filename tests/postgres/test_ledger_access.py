"""The log of access in PostgreSQL, and the API over it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from bus.ledger.open import open_ledger
from bus.ledger.store import Ledger
from tests.contract.ledger_access import AccessContract, ApiContract
from tests.postgres.server import Server


@pytest.fixture(scope="module")
def where(postgres: Server) -> str:
    postgres.ask("CREATE DATABASE ledger_access")
    return postgres.url("ledger_access")


@pytest.fixture
def opened(postgres: Server, where: str) -> Iterator[Callable[[], Ledger]]:
    postgres.ask("DROP SCHEMA IF EXISTS ledger CASCADE", database="ledger_access")
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(open_ledger(where, exclusive=False)))


class TestAccess(AccessContract): ...


class TestApi(ApiContract): ...

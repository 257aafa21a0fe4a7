"""The log of access in SQLite, and the API over it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from bus.ledger.open import open_ledger
from bus.ledger.store import Ledger
from tests.contract.ledger_access import AccessContract, ApiContract


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[], Ledger]]:
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path}/ledger.db"
        yield lambda: stack.enter_context(closing(open_ledger(url, exclusive=False)))


class TestAccess(AccessContract): ...


class TestApi(ApiContract): ...

"""bus/ledger/reports/read.py, over a file of SQLite; tests/postgres tells the same over a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.ledger.open import open_ledger
from bus.ledger.store import Ledger
from tests.contract.ledger_reports import ReportContract


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    yield made
    made.close()


class TestReports(ReportContract): ...

"""What a new edition of the calendar and a merger do to a ledger in PostgreSQL: two stories of those that are told on
SQLite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios import test_ledger_owed as told
from tests.scenarios.witness import Witness, witness


@pytest.fixture
def ledger(tmp_path: Path, database: str) -> Iterator[Witness]:
    with witness(tmp_path, url=database) as made:
        yield made


def test_a_swapped_saturday_announced_a_week_ahead(ledger: Witness) -> None:
    """What is open moves and says so; what was met stays as it was."""
    told.test_a_swapped_saturday_announced_a_week_ahead(ledger)


def test_a_merger_moves_what_is_owed_to_the_successor(ledger: Witness) -> None:
    """And its word meets it."""
    told.test_a_merger_moves_what_is_owed_to_the_successor(ledger)

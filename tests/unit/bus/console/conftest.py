from collections.abc import Iterator

import pytest

from tests.unit.bus.console.papers import keep_papers
from tests.unit.bus.console.visitor import Visitor


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    made = Visitor()
    yield made
    made.close()


@pytest.fixture
def reader(visitor: Visitor) -> Visitor:
    """With the papers."""
    with visitor.ledger.writing() as connection:
        keep_papers(connection)
    return visitor

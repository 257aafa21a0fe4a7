from collections.abc import Iterator

import pytest

from tests.unit.bus.console.visitor import Visitor


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    made = Visitor()
    yield made
    made.close()

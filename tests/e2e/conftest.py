"""The country that the end-to-end tests share. No daemon of it runs until a test starts it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.site import Site, founded
from tests.integration.broker_world import World

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def _from_anywhere() -> Iterator[None]:
    """Lets daemon processes import the project and the tests' adapter, wherever pytest was started."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(PROJECT))
        yield


@pytest.fixture(scope="session")
def site(broker: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with founded(tmp_path_factory.mktemp("country"), broker, mailboxes=3) as site:
        yield site

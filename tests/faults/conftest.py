"""The fixtures of the stories of broken surroundings: a broker that they may stop, kill and alarm, and a small country
on it. No daemon runs until a story starts it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.probes import NoBroker
from tests.broker import WAYS
from tests.conftest import USED
from tests.e2e.site import Site, founded
from tests.faults.broker import Node, a_node
from tests.faults.tale import Tale

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def _from_anywhere() -> Iterator[None]:
    """Lets daemon processes import the project and the tests' adapters, wherever pytest was started."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(PROJECT))
        yield


@pytest.fixture(scope="session")
def node(pytestconfig: pytest.Config) -> Iterator[Node]:
    try:
        with a_node() as node:
            broker = node.broker
            pytestconfig.stash[USED] = f"RabbitMQ {broker.version} ({broker.kind}) of the stories' own"
            yield node
    except NoBroker as error:
        pytest.fail(f"{error}\n{WAYS}", pytrace=False)


@pytest.fixture(scope="session")
def surroundings(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Yields a site of three mailboxes, shared by the stories. A story that needs a country to itself founds its
    own."""
    with founded(tmp_path_factory.mktemp("country"), node.world, mailboxes=3) as site:
        with site.at_work():
            pass  # the folders are made
        yield site


@pytest.fixture
def tale(surroundings: Site) -> Tale:
    return Tale(surroundings)


@pytest.fixture
def own(node: Node, tmp_path: Path) -> Iterator[Site]:
    """Yields a country of the story's own, which it may break."""
    with founded(tmp_path / "country", node.world, mailboxes=3) as site:
        yield site

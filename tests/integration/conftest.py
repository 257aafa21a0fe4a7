"""What the integration tests stand on: a vhost of their own, and links to it. The broker is tests/conftest.py's."""

import itertools
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from bus.rabbit.io_thread import IoThread
from tests.contract.broker import LIMITS, MAILBOXES
from tests.integration.broker_world import Vhost, World
from tests.integration.forwarder import Forwarder
from tests.integration.real_ground import RealGround

_vhosts = itertools.count()


def fresh(what: str) -> str:
    """A name for a vhost that no other test has."""
    return f"{what}-{next(_vhosts)}-{secrets.token_hex(3)}"


@pytest.fixture(scope="module")
def vhost(broker: World, request: pytest.FixtureRequest) -> Iterator[Vhost]:
    """A fresh vhost for each test module."""
    with broker.vhost(f"{request.module.__name__.rpartition('.')[2]}-{secrets.token_hex(3)}") as fresh:
        yield fresh


@pytest.fixture(scope="module")
def io() -> Iterator[IoThread]:
    with IoThread() as io:
        yield io


@pytest.fixture
def ground(broker: World, io: IoThread) -> Iterator[RealGround]:
    with ExitStack() as stack:
        vhost = stack.enter_context(broker.vhost(f"link-{next(_vhosts)}"))
        vhost.declare(*MAILBOXES, limits=LIMITS, lanes=broker.has_lanes)
        parts = urlsplit(vhost.url)
        forwarder = stack.enter_context(Forwarder(parts.hostname or "localhost", parts.port or 5672))
        ground = RealGround(vhost, io, forwarder)
        stack.callback(ground.close)
        yield ground

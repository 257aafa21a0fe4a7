"""One RabbitMQ for all the tests of a run that ask for one, and the summary says which."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.integration.broker_world import World

USED = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def broker(pytestconfig: pytest.Config) -> "Iterator[World]":
    from deploy.probes import NoBroker
    from tests.broker import WAYS, some_broker

    with ExitStack() as stack:
        try:
            world = stack.enter_context(some_broker())
        except NoBroker as error:
            pytest.fail(f"{error}\n{WAYS}", pytrace=False)
        boot = "" if world.boot_seconds is None else f", up in {world.boot_seconds} s"
        pytestconfig.stash[USED] = f"RabbitMQ {world.version} ({world.kind}) at {world.management_url}{boot}"
        yield world


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if used := config.stash.get(USED, None):
        terminalreporter.section("broker")
        terminalreporter.line(used)


# A property is about what holds, never about how fast this machine is today.
settings.register_profile("here", deadline=None)
settings.load_profile("here")

"""One RabbitMQ for all the tests of a run that ask for one; the summary names it."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import settings

if TYPE_CHECKING:
    from tests.integration.broker_world import World

os.environ.setdefault("LIENTHONG_DEFAULTS", "")
"""No test takes a value from the defaults file of whoever runs it; nor does a command that a test starts."""

USED = pytest.StashKey[str]()


@pytest.fixture(autouse=True)
def _a_log_of_its_own() -> Iterator[None]:
    """What a command of this test did to the log of its process is undone: later tests listen to theirs."""
    yield
    if structlog.is_configured():
        structlog.reset_defaults()


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


# A property is about truth, never about this machine's speed.
settings.register_profile("here", deadline=None)
settings.load_profile("here")

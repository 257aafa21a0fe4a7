"""bus/daemon/shutdown.py: closing all that is open, at once and within the time there is."""

import threading

import pytest

from bus.daemon.shutdown import close_all
from tests.fakes.broker import FakeBroker
from tests.scenarios.country import Land
from tests.unit.bus.daemon.offices import daemon_of

LONG = 60.0
"""Seconds that no machine needs for it."""


class StalledLink(FakeBroker):
    """Its broker answers the farewell once all of them are waiting for it; a link that is alone waits for ever."""

    together = threading.Barrier(30)

    def close(self) -> None:
        super().close()
        self.together.wait(LONG)


class SilentLink(FakeBroker):
    """Its broker answers the farewell when the test lets it."""

    answer = threading.Event()

    def close(self) -> None:
        super().close()
        self.answer.wait(LONG)


@pytest.fixture
def land() -> Land:
    return Land()


def test_mailboxes_are_closed_all_at_once(land: Land) -> None:
    """Thirty links that each wait for the others' farewell are closed: none is closed behind another."""
    closes = []
    for number in range(30):
        land["G22"].broker = StalledLink(land.exchange, f"G{number}", user="G22", prefetch=1)
        closes.append(daemon_of(land, "G22").close)
    close_all(closes, within=LONG)
    assert not StalledLink.together.broken
    assert not [each for each in threading.enumerate() if each.name == "close"]


def test_what_does_not_end_in_time_is_given_up_on(land: Land) -> None:
    """The broker says nothing, and the process goes on to its end."""
    land["G22"].broker = SilentLink(land.exchange, "G22", user="G22", prefetch=1)
    close_all([daemon_of(land, "G22").close], within=0.001)
    (waiting,) = [each for each in threading.enumerate() if each.name == "close"]
    SilentLink.answer.set()
    waiting.join(LONG)
    assert not waiting.is_alive()

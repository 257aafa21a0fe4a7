"""The daemon of one mailbox: its loops, started and stopped together."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.scenarios.country import Land, document
from tests.unit.bus.daemon.offices import daemon_of, ended, loop, step, wait_until


@pytest.fixture
def land() -> Land:
    return Land()


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as entries:
        yield entries


def test_two_daemons_exchange_a_document(land: Land, logs: list[Any]) -> None:
    """Started, they do it by themselves; `look` spares the wait for the next interval; stopped, all their loops end."""
    sender, recipient = daemon_of(land, "G22", every=3600), daemon_of(land, "H49")
    sender.start()
    recipient.start()
    wait_until(lambda: loop(sender, "collect").health.turns)
    land["G22"].dms.write(document())
    sender.look()
    wait_until(lambda: land["G22"].dms.heard)
    assert land["G22"].dms.heard == [("01", "H49")]
    ended(sender, recipient)
    assert land["H49"].dms.documents == [document().id]
    assert {entry["event"] for entry in logs} == {"mailbox.started", "mailbox.stopped"}
    assert not land["G22"].broker.is_up


def test_its_loops_by_name(land: Land) -> None:
    """The log, /healthz, /metrics and people's alerts know them by these names."""
    assert [each.name for each in daemon_of(land, "G22").loops] == [
        "collect", "publish", "take-in", "deliver", "expire", "deadlines", "forget", "remind", "quotas", "watch",
        "large", "troubles",
    ]  # fmt: skip


def test_all_try_now_after_the_clock_was_set(land: Land) -> None:
    """The link and each loop: what they wait for may have been the clock."""
    seconds = [0.0]
    daemon = daemon_of(land, "G22", steady=lambda: seconds[0])
    step(daemon, "watch")
    seconds[0] += 2
    land.now += timedelta(hours=1)
    step(daemon, "watch")
    assert land["G22"].broker.tries == 1

"""A process that hosts mailboxes: started together, ended together, within the time promised."""

import gc
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from bus.daemon.closing import close_all
from bus.daemon.host import hosted, run
from bus.errors import BadConfig
from bus.ports import Filed, Filing
from tests.fakes.broker import FakeBroker
from tests.fakes.dms import MemoryDms
from tests.scenarios.country import Land, document
from tests.unit.bus.daemon.offices import daemon_of, loop


class Sleeper(MemoryDms):
    """Asleep in a filing until the test is over."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep, self.over = threading.Event(), threading.Event()

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        self.asleep.set()
        self.over.wait(60)
        return super().deliver(filings)


class SlowLink(FakeBroker):
    """Its broker answers the farewell late, or never."""

    farewell = 0.05

    def close(self) -> None:
        super().close()
        time.sleep(self.farewell)


@pytest.fixture
def land() -> Land:
    return Land()


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as entries:
        yield entries


@pytest.fixture
def _as_it_was() -> Iterator[None]:
    """`run` sets up the process for good; the tests' own process goes on."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    threshold = gc.get_threshold()
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    gc.set_threshold(*threshold)
    gc.unfreeze()


def test_they_run_while_the_block_runs(land: Land) -> None:
    """All loops of all mailboxes begin, and have ended afterwards; links and document systems are closed."""
    daemons = [daemon_of(land, code) for code in ("G22", "H49", "H53")]
    with hosted(daemons, listen=None) as server:
        assert server is None
        land["G22"].dms.write(document("G22", "H49", "H53"))
        deadline = time.monotonic() + 10
        while len(land["G22"].dms.heard) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.002)
    assert all(each.join(0) for daemon in daemons for each in daemon.loops)
    assert not any(land[code].broker.is_up for code in ("G22", "H49", "H53"))


def test_its_page_is_there_while_it_runs(land: Land) -> None:
    """And is gone with it."""
    with hosted([daemon_of(land, "G22")], listen=("127.0.0.1", 0)) as server:
        assert server is not None
        socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_a_loop_that_is_busy_is_left(land: Land, logs: list[Any]) -> None:
    """A document system that sleeps does not hold up the end; who was left working is named."""
    sleeper = land["H49"].dms = Sleeper()
    land["G22"].dms.write(document())
    with hosted([daemon_of(land, "G22"), daemon_of(land, "H49")], listen=None, grace=0.05):
        assert sleeper.asleep.wait(10)
    (left,) = [entry for entry in logs if entry["event"] == "daemon.left-working"]
    assert "H49.deliver" in left["loops"]
    sleeper.over.set()


def test_mailboxes_are_closed_all_at_once(land: Land) -> None:
    """Thirty links that wait for a stalled broker take no longer than one; what does not end is given up on."""
    daemons = []
    for number in range(30):
        land["G22"].broker = SlowLink(land.exchange, f"G{number}", user="G22", prefetch=1)
        daemons.append(daemon_of(land, "G22"))
    began = time.monotonic()
    close_all(daemons, within=10)
    assert time.monotonic() - began < 30 * SlowLink.farewell / 2
    began = time.monotonic()
    close_all(daemons[:1], within=0.001)
    assert time.monotonic() - began < SlowLink.farewell
    for thread in [each for each in threading.enumerate() if each.name == "close"]:
        thread.join(10)


def test_a_port_that_is_taken_starts_nothing(land: Land) -> None:
    """The error reaches the operator; what was open is closed."""
    daemon = daemon_of(land, "G22")
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(BadConfig),
        hosted([daemon], listen=taken.getsockname()),
    ):
        pytest.fail("it began")
    assert not land["G22"].broker.is_up
    assert not loop(daemon, "collect").health.turns


@pytest.mark.usefixtures("_as_it_was")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_it(land: Land, logs: list[Any], number: signal.Signals) -> None:
    """Either one, once, in the main thread; its last words say which."""
    timer = threading.Timer(0.05, os.kill, (os.getpid(), number))
    timer.start()
    run([daemon_of(land, "G22")], listen=None)
    timer.join()
    assert {entry["event"] for entry in logs} == {"mailbox.started", "daemon.stopping", "mailbox.stopped"}
    assert [entry["signal"] for entry in logs if "signal" in entry] == [number.name]

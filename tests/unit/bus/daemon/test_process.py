"""A process that hosts mailboxes: started together, ended together, within the time promised."""

import gc
import os
import platform
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bus.daemon.own_process import OwnProcess
from bus.daemon.process import run, running, say_uncaught
from bus.errors import BadConfig
from bus.ports.adapter import Filed, Filing
from tests.fakes.dms import MemoryDms
from tests.scenarios.country import Land, document
from tests.unit.bus.daemon.offices import daemon_of, loop, wait_until


class Sleeper(MemoryDms):
    """Asleep in a filing until the test is over."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep, self.over = threading.Event(), threading.Event()

    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        self.asleep.set()
        self.over.wait(60)
        return super().deliver(filings)


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
    threshold, limits, hook = gc.get_threshold(), resource.getrlimit(resource.RLIMIT_NOFILE), threading.excepthook
    yield
    threading.excepthook = hook
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    gc.set_threshold(*threshold)
    gc.unfreeze()


def test_they_run_while_the_block_runs(land: Land) -> None:
    """All loops of all mailboxes begin, and have ended afterwards; links and document systems are closed."""
    daemons = [daemon_of(land, code) for code in ("G22", "H49", "H53")]
    with running(daemons, listen=None) as server:
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
    with running([daemon_of(land, "G22")], listen=("127.0.0.1", 0)) as server:
        assert server is not None
        socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_a_loop_that_is_busy_is_left(land: Land, logs: list[Any]) -> None:
    """A document system that sleeps does not hold up the end; who was left working is named."""
    sleeper = land["H49"].dms = Sleeper()
    land["G22"].dms.write(document())
    with running([daemon_of(land, "G22"), daemon_of(land, "H49")], listen=None, grace=0.05):
        assert sleeper.asleep.wait(10)
    (left,) = [entry for entry in logs if entry["event"] == "daemon.left-working"]
    assert "H49.deliver" in left["loops"]
    sleeper.over.set()


def test_a_port_that_is_taken_starts_nothing(land: Land) -> None:
    """The error reaches the operator; what was open is closed."""
    daemon = daemon_of(land, "G22")
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(BadConfig),
        running([daemon], listen=taken.getsockname()),
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


def test_what_ends_another_thread_is_logged(logs: list[Any]) -> None:
    """By its name, with the error: nobody reads standard error."""
    error = ValueError("a defect")
    for thread in (threading.Thread(name="http"), None):
        say_uncaught(threading.ExceptHookArgs((ValueError, error, None, thread)))
    said = [(entry["event"], entry["thread"], entry["exc_info"]) for entry in logs]
    assert said == [("thread.failed", "http", error), ("thread.failed", "?", error)]


@pytest.mark.usefixtures("_as_it_was")
def test_a_running_process_looks_after_its_threads(
    land: Land, logs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that has ended is begun again while it runs."""
    monkeypatch.setattr("bus.daemon.process.LOOK", 0.01)
    daemon, own = daemon_of(land, "G22"), OwnProcess()

    def end() -> None:
        wait_until(lambda: [entry for entry in logs if entry["event"] == "mailbox.started"])
        wait_until(lambda: loop(daemon, "expire").is_alive)
        loop(daemon, "expire")._thread = threading.Thread(name="one that has ended")
        wait_until(lambda: [entry for entry in logs if entry["event"] == "thread.begun-again"])
        os.kill(os.getpid(), signal.SIGTERM)

    helper = threading.Thread(target=end)
    helper.start()
    run([daemon], listen=None, own=own)
    helper.join()
    assert own.descriptors is not None


@pytest.mark.usefixtures("_as_it_was")
def test_a_look_that_fails_ends_nobody(land: Land, logs: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said, and the next look follows."""
    monkeypatch.setattr("bus.daemon.process.LOOK", 0.01)

    class Clumsy(OwnProcess):
        looks = 0

        def look(self) -> None:
            self.looks += 1
            if self.looks == 3:
                os.kill(os.getpid(), signal.SIGTERM)
            raise ValueError("a defect")

    own = Clumsy()
    run([daemon_of(land, "G22")], listen=None, own=own)
    assert own.looks >= 3
    assert [entry["event"] for entry in logs].count("process.look-failed") >= 2


RELEASE = """
from pathlib import Path
from bus.daemon.process import give_back_large_blocks

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

give_back_large_blocks()
for _ in range(2):  # glibc learns from the first round
    blocks = [b"x" * 2**20 for _ in range(64)]
    full = resident()
    blocks = blocks[::2]
print(full - resident())
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc, which Linux has")
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="what is set is an allocator's of glibc")
def test_memory_of_segments_is_given_back() -> None:
    """Every second of some blocks of a segment's size is freed, and its memory is the system's again at once."""
    done = subprocess.run([sys.executable, "-c", RELEASE], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 30 * 2**20

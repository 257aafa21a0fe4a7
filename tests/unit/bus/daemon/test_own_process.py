"""The daemon's own process: no thread ends without being said."""

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from bus.daemon.log_stream import LogStream
from bus.daemon.loops import Loop
from bus.daemon.own_process import OwnProcess, Threads
from bus.daemon.standby import Standby
from bus.errors import StoreFull
from bus.ports.records import Event
from tests.scenarios.country import Land
from tests.unit.bus.daemon.offices import daemon_of, ended, loop, wait_until


@pytest.fixture
def land() -> Land:
    return Land()


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as entries:
        yield entries


class Dead(threading.Thread):
    """A loop's thread that has ended, which no step can bring about."""

    def is_alive(self) -> bool:
        return False


def kill(loop: Loop) -> threading.Thread | None:
    """Its thread is taken away; the test ends it."""
    was, loop._thread = loop._thread, Dead()
    return was


def test_the_living_are_counted(land: Land) -> None:
    """Those that were started and not told to stop: a daemon that ends misses none."""
    daemon, own = daemon_of(land, "G22"), OwnProcess(threads={"lienthong-io": lambda: True})
    own.watch([daemon], [])
    assert own.threads() == Threads(expected=1)
    daemon.start()
    assert own.threads() == Threads(expected=1 + len(daemon.loops))
    own.add_thread("http", lambda: False)
    assert own.threads().ended == ("http",)
    assert own.threads().alive == 1 + len(daemon.loops)
    ended(daemon)
    assert own.threads() == Threads(expected=2, ended=("http",))


def test_a_thread_that_has_ended_is_said_once_and_begun_again(land: Land, logs: list[Any]) -> None:
    """In the log, and as an event of its mailbox."""
    daemon, own = daemon_of(land, "G22"), OwnProcess(threads={"lienthong-io": lambda: False})
    own.watch([daemon], [])
    daemon.start()
    expire = loop(daemon, "expire")
    kill(expire)
    for _ in range(2):
        own.look()
    assert expire.is_alive
    said = [(entry["event"], entry["thread"]) for entry in logs if "thread" in entry]
    assert said == [
        ("thread.ended", "G22.expire"), ("thread.ended", "lienthong-io"), ("thread.begun-again", "G22.expire"),
    ]  # fmt: skip
    with land["G22"].store.read() as tx:
        (event,) = tx.dossiers.recent_events(limit=9, name="thread.ended")
    assert event.detail.startswith("expire")
    ended(daemon)


def test_it_goes_on_where_nobody_can_be_told(land: Land, logs: list[Any]) -> None:
    """The store is away: the log has it. A loop of no mailbox has no store."""

    class Away(type(daemon_of(land, "G22"))):  # type: ignore[misc] # the daemon's class
        def tell(self, event: Event) -> None:
            raise StoreFull(store="memory", why="disk I/O error")

    daemon, own = daemon_of(land, "G22"), OwnProcess()
    daemon.__class__ = Away
    following = Loop("directory", lambda: False, idle=9, mailbox="*")
    own.watch([daemon], [following])
    daemon.start()
    following.start()
    for each in (loop(daemon, "expire"), following):
        kill(each)
    own.look()
    assert own.threads().ended == ()
    following.stop()
    ended(daemon)
    assert {entry["thread"] for entry in logs if entry["event"] == "thread.begun-again"} == {
        "G22.expire",
        "*.directory",
    }


class NoThread:
    """A system that gives none."""

    def __init__(self, *args: object, **kwargs: object) -> None: ...

    def start(self) -> None:
        raise RuntimeError("can't start new thread")


def test_a_system_that_gives_no_thread_is_asked_again(
    land: Land, logs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be begun is expected and missing, until it can be."""
    one, own = Loop("publish", lambda: False, idle=9, mailbox="H49"), OwnProcess()
    own.watch([], [one])
    with monkeypatch.context() as patch:
        patch.setattr(threading, "Thread", NoThread)
        one.start()
        own.look()
        assert own.threads() == Threads(expected=1, ended=("H49.publish",))
    own.look()
    assert own.threads() == Threads(expected=1)
    one.start()
    one.stop()
    assert one.join(10)
    events = [entry["event"] for entry in logs]
    assert events == ["thread.not-begun", "thread.ended", "thread.not-begun", "thread.begun-again"]


def test_a_daemon_that_stands_by_has_one_loop(land: Land) -> None:
    """And no store to tell anything."""

    class Never:
        is_held, holder = False, None

        def take(self) -> None: ...
        def close(self) -> None: ...

    standby, own = Standby(land["G22"].member.mailbox, Never(), lambda _: daemon_of(land, "G22")), OwnProcess()
    own.watch([standby], [])
    standby.start()
    kill(standby.loop)
    own.look()
    assert own.threads() == Threads(expected=1)
    standby.tell_to_stop()
    wait_until(lambda: standby.loop.join(1))
    standby.close()


def test_a_log_that_cannot_be_written_is_an_event(land: Land) -> None:
    """One when it begins, one when it is over, also where nothing was to be logged meanwhile; whose store is away goes
    without."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    stream = LogStream(os.fdopen(write, "w"))
    own = OwnProcess(log_stream=stream)

    class Waiting:
        is_held, holder = False, None

        def take(self) -> None: ...
        def close(self) -> None: ...

    standby = Standby(land["H49"].member.mailbox, Waiting(), lambda _: daemon_of(land, "H49"))
    own.watch([daemon_of(land, "G22"), standby], [])
    own.look()
    while not stream.state.lost:
        stream.write("x" * 4000 + "\n")
    stream.write("another\n")
    for _ in range(2):
        own.look()
    assert told(land) == ["log.away"]
    os.read(read, 1 << 20)
    own.look()
    own.look()
    assert told(land) == ["log.back", "log.away"]
    assert b'"event": "log.lost"' in os.read(read, 1 << 20)
    with land["G22"].store.read() as tx:
        assert tx.dossiers.recent_events(limit=1)[0].detail == "mất 2 dòng / 2 lines are lost"
    os.close(read)
    stream._out.close()  # type: ignore[union-attr] # the test's own


def told(land: Land) -> list[str]:
    with land["G22"].store.read() as tx:
        return [event.name for event in tx.dossiers.recent_events(limit=9)]

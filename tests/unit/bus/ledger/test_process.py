"""bus/ledger/process.py: it works while the database is its own, and else stands by."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from bus.daemon.loops import Loop
from bus.daemon.own_process import OwnProcess
from bus.errors import AlreadyRunning, StoreAway
from bus.ledger.ingest import Ingest
from bus.ledger.open import open_ledger
from bus.ledger.process import LedgerProcess, serve
from bus.ledger.store import Ledger
from tests.unit.bus.daemon.offices import wait_until

TOKEN = "0123456789abcdef"


class Work:
    """One loop, which counts."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.turns = 0
        self.closed = False
        self._loop = Loop("ingest", self._step, idle=0.01, mailbox="ledger")

    @property
    def ingests(self) -> Sequence[Ingest]:
        return ()

    @property
    def loops(self) -> Sequence[Loop]:
        return (self._loop,)

    def _step(self) -> bool:
        self.turns += 1
        return False

    def close(self) -> None:
        self.closed = True


class Place:
    """Where a ledger lies: opened for whoever asks, unless it is told otherwise."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/ledger.db"
        self.refuses: Exception | None = None
        self.works: list[Work] = []

    def open(self) -> Ledger:
        if self.refuses is not None:
            raise self.refuses
        return open_ledger(self.url)

    def make(self, ledger: Ledger) -> Work:
        self.works.append(Work(ledger))
        return self.works[-1]


@contextmanager
def running(place: Place, *, is_shared: bool) -> Iterator[tuple[LedgerProcess, OwnProcess, Callable[[], None]]]:
    process = LedgerProcess(place.open, place.make, follower=None, is_shared=is_shared)
    own, end = OwnProcess(), threading.Event()
    thread = threading.Thread(target=process.run, args=(end,), kwargs={"own": own})
    thread.start()

    def stop() -> None:
        end.set()
        thread.join(10)

    try:
        yield process, own, stop
    finally:
        stop()
    assert not thread.is_alive()


def test_it_works_and_ends_cleanly(tmp_path: Path) -> None:
    """Its loops run until it is told to end; then all is closed, and another may open the database."""
    place = Place(tmp_path)
    with running(place, is_shared=False) as (process, own, _):
        wait_until(lambda: bool(place.works) and place.works[0].turns > 1)
        assert process.is_working
        wait_until(lambda: own.threads().expected == 1)
    assert place.works[0].closed
    open_ledger(place.url).close()


def test_a_file_that_another_process_has(tmp_path: Path) -> None:
    """It is our own machine's: two ledgers of one file are somebody's mistake."""
    place = Place(tmp_path)
    with open_ledger_held(place), pytest.raises(AlreadyRunning):
        LedgerProcess(place.open, place.make, follower=None, is_shared=False).run(threading.Event(), own=OwnProcess())


@contextmanager
def open_ledger_held(place: Place) -> Iterator[None]:
    ledger = open_ledger(place.url)
    yield
    ledger.close()


def test_a_standby_takes_over(tmp_path: Path) -> None:
    """Where several machines share a database, it waits for the other to go, and then works."""
    place = Place(tmp_path)
    place.refuses = AlreadyRunning(store="db", pid="other:1")
    with running(place, is_shared=True) as (process, _, _stop):
        threading.Event().wait(0.2)
        assert (process.is_working, process.trouble) == (False, None)
        place.refuses = None
        wait_until(lambda: process.is_working)


def test_a_database_that_is_away(tmp_path: Path) -> None:
    """It is waited for, and that is no good health."""
    place = Place(tmp_path)
    place.refuses = StoreAway(store="db", why="no route")
    with running(place, is_shared=True) as (process, own, _stop):
        wait_until(lambda: process.trouble is not None)
        server = serve(process, ("127.0.0.1", 0), token=TOKEN, own=own)
        try:
            url = f"http://127.0.0.1:{server.port}/healthz"
            answer = httpx.get(url, trust_env=False)
            assert (answer.status_code, answer.json()["standing"]) == (503, "standby")
            assert "database" not in answer.json()
            whole = httpx.get(url, trust_env=False, headers={"Authorization": f"Bearer {TOKEN}"}).json()
            assert "no route" in whole["database"]
            place.refuses = None
            wait_until(lambda: httpx.get(url, trust_env=False).status_code == httpx.codes.OK)
            metrics = httpx.get(f"http://127.0.0.1:{server.port}/metrics", trust_env=False).text
            assert "lienthong_ledger_active 1.0" in metrics
        finally:
            server.close()


class Losable(Ledger):
    """Whose lease can be lost."""

    lost = False

    @property
    def is_ours(self) -> bool:
        return not self.lost


def test_a_lease_that_was_lost(tmp_path: Path) -> None:
    """It stops at once, and stands by for the next one."""
    place = Place(tmp_path)
    opened: list[Losable] = []

    def open_() -> Ledger:
        ledger = open_ledger(place.url)
        ledger.__class__ = Losable
        assert isinstance(ledger, Losable)
        opened.append(ledger)
        return ledger

    place.open = open_  # type: ignore[method-assign] # of this one place
    with running(place, is_shared=True) as (process, _, _stop):
        wait_until(lambda: process.is_working)
        opened[0].lost = True
        wait_until(lambda: len(place.works) == 2)
        assert place.works[0].closed
        wait_until(lambda: process.is_working)

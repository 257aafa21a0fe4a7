"""A ledger's process: which loops run while the database is ours, and what happens when it is not. Where several
machines share one, a ledger waits until the other's has died, and begins where that one's last commit ended."""

import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import FrameType
from typing import Final, Protocol

import structlog

from bus.daemon.editions import EditionFollower
from bus.daemon.http import Pages, PageServer
from bus.daemon.loops import Loop, join_all
from bus.daemon.own_process import OwnProcess
from bus.daemon.process import collect_rarely, say_uncaught
from bus.daemon.shutdown import CLOSING, GRACE, close_all
from bus.errors import AlreadyRunning, TryLater
from bus.ledger.health import health, states_only
from bus.ledger.ingest import Ingest
from bus.ledger.metrics import LedgerCollector, More
from bus.ledger.store import Ledger
from bus.ledger.streams import StreamState
from bus.topology.names import LEDGER

log = structlog.get_logger()

LOOK: Final = 1.0
"""Seconds between two looks: is the database ours, do the threads live; or, while another has it, between two tries."""


class Work(Protocol):
    """What is done while the database is ours: made anew each time it becomes so."""

    @property
    def ingests(self) -> Sequence[Ingest]: ...
    @property
    def loops(self) -> Sequence[Loop]:
        """All of them, not started."""

    def close(self) -> None: ...


class LedgerProcess:
    """Run by one thread; what `/healthz` and `/metrics` ask may be asked by any."""

    def __init__(
        self,
        open_: Callable[[], Ledger],
        make: Callable[[Ledger], Work],
        *,
        follower: EditionFollower | None,
        is_shared: bool,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`open_` takes the database for us alone, `make` says what is done with it. `is_shared`: another machine's
        ledger may have it, and is waited for; in a file of our own that is an error."""
        self.follower = follower
        self.since = clock()
        self.trouble: str | None = None
        self._open = open_
        self._make = make
        self._is_shared = is_shared
        self._clock = clock
        self._ledger: Ledger | None = None
        self._work: Work | None = None
        self.following: tuple[Loop, ...] = (
            (Loop("directory", follower.step, idle=0, mailbox=LEDGER),) if follower else ()
        )

    @property
    def is_working(self) -> bool:
        return self._work is not None

    @property
    def loops(self) -> Sequence[Loop]:
        work = self._work
        return work.loops if work else ()

    @property
    def streams(self) -> Mapping[str, StreamState]:
        work = self._work
        return {each.state.name: each.state for each in work.ingests} if work else {}

    @property
    def ledger(self) -> Ledger | None:
        """While it works."""
        return self._ledger

    def run(self, end: threading.Event, *, own: OwnProcess) -> None:
        """Until `end` is set. Raises AlreadyRunning where another process has our own file, and what says that the
        database cannot be opened until somebody acts."""
        for loop in self.following:
            loop.start()
        try:
            while not end.is_set():
                if self._work is None:
                    self._try_to_begin()
                elif self._ledger is not None and not self._ledger.is_ours:
                    log.error("ledger.lost", database=self._ledger.name)
                    self._stop_working()
                self._look_after(own)
                end.wait(LOOK)
        finally:
            for loop in self.following:
                loop.stop()
            self._stop_working()
            join_all([*self.following], within=GRACE)
            if self.follower is not None:
                close_all([self.follower.close], within=CLOSING)

    def _try_to_begin(self) -> None:
        try:
            ledger = self._open()
        except AlreadyRunning:
            if not self._is_shared:
                raise
            self.trouble = None
            return
        except TryLater as error:
            if self.trouble is None:
                log.warning("ledger.database-away", error=error.in_english())
            self.trouble = error.in_both()
            return
        try:
            work = self._make(ledger)
        except BaseException:
            ledger.close()
            raise
        self.trouble, self.since = None, self._clock()
        self._ledger, self._work = ledger, work
        log.info("ledger.working", database=ledger.name)
        for loop in work.loops:
            loop.start()

    def _stop_working(self) -> None:
        work, ledger = self._work, self._ledger
        self._work = self._ledger = None
        self.since = self._clock()
        if work is None or ledger is None:
            return
        for loop in work.loops:
            loop.stop()
        if busy := join_all(list(work.loops), within=GRACE):
            log.warning("ledger.left-working", loops=busy)
        close_all([work.close, ledger.close], within=CLOSING)

    def _look_after(self, own: OwnProcess) -> None:
        own.watch([], (*self.following, *self.loops))
        try:
            own.look()
        except Exception:  # whoever looks after the others must not be the one that ends them
            log.exception("process.look-failed")


def run(
    process: LedgerProcess,
    *,
    listen: tuple[str, int] | None,
    token: str | None,
    own: OwnProcess,
    more: Sequence[More] = (),
) -> None:
    """Until SIGTERM or SIGINT. Must be called from the main thread. `more`: further families of /metrics."""
    end = threading.Event()

    def stop(signum: int, _frame: FrameType | None) -> None:
        log.info("ledger.stopping", signal=signal.Signals(signum).name)
        end.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    threading.excepthook = say_uncaught
    collect_rarely()
    server = serve(process, listen, token=token, own=own, more=more) if listen else None
    try:
        process.run(end, own=own)
    finally:
        if server is not None:
            close_all([server.close], within=CLOSING)


def serve(
    process: LedgerProcess, listen: tuple[str, int], *, token: str | None, own: OwnProcess, more: Sequence[More] = ()
) -> PageServer:
    """The pages of a ledger. Raises BadConfig where the port is taken."""
    pages = Pages(
        collector=LedgerCollector(process, own, more),
        tell=lambda: health(process, own, datetime.now(UTC)),
        states_only=states_only,
        token=token,
    )
    server = PageServer(listen, pages)
    own.add_thread("http", server.is_alive)
    return server

"""Standby: several machines share a mailbox's store; one of their daemons works, the others wait until it dies. A
waiting daemon has no link to the broker and none to the document system; it opens both once the store is its own.

RabbitMQ's own way, `x-single-active-consumer`, would let in the daemon that has waited longest, with or without the
store; and a queue's arguments never change.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import structlog

from bus.daemon.loops import Loop, join_all
from bus.daemon.mailbox import MailboxDaemon
from bus.daemon.shutdown import CLOSING, GRACE, close_all
from bus.ports.store import Store
from schemas.values import MailboxCode

log = structlog.get_logger()

LOOK = 0.25
"""Seconds between two tries to take the store."""
PAUSES = (LOOK, 1.0)
"""The same while its server is away: it may come back at any moment, and the other daemon tries, too."""


class Holder(Protocol):
    @property
    def name(self) -> str:
        """host:pid"""

    @property
    def since(self) -> datetime: ...


class StoreCandidate(Protocol):
    """A candidate for a shared store. bus/store/candidate.py has the real one, the tests a fake."""

    def take(self) -> Store | None:
        """The store, where nobody else has it. Raises TryLater where its server does not answer."""

    @property
    def is_held(self) -> bool:
        """Whether the store is still ours; in doubt it is not."""

    @property
    def holder(self) -> Holder | None:
        """The daemon that has it instead, as last asked."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class StandbyStatus:
    """Whether a daemon works or waits, for /healthz."""

    active: bool
    since: datetime
    waits_for: str | None = None
    """host:pid of the daemon at work; None where that is not known, or where it is this one."""
    holder_since: datetime | None = None


class Standby:
    """Started once, stopped once; in between it may work and wait any number of times."""

    def __init__(
        self,
        mailbox: MailboxCode,
        candidate: StoreCandidate,
        make: Callable[[Store], MailboxDaemon],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`make` wires a daemon around a store that is ours now; closing the daemon closes the store."""
        self.mailbox = mailbox
        self._candidate = candidate
        self._make = make
        self._clock = clock
        self._loop = Loop("standby", self._step, idle=LOOK, mailbox=mailbox, pauses=PAUSES)
        self._lock = threading.Lock()
        self._stopping = False
        self._daemon: MailboxDaemon | None = None
        self._status = StandbyStatus(active=False, since=clock())

    @property
    def daemon(self) -> MailboxDaemon | None:
        """While it works."""
        return self._daemon

    @property
    def status(self) -> StandbyStatus:
        return self._status

    @property
    def loop(self) -> Loop:
        return self._loop

    @property
    def loops(self) -> Sequence[Loop]:
        daemon = self._daemon
        return [self._loop, *(daemon.loops if daemon else ())]

    def start(self) -> None:
        self._loop.start()

    def tell_to_stop(self) -> None:
        with self._lock:
            self._stopping = True
            daemon = self._daemon
        self._loop.stop()
        if daemon:
            daemon.tell_to_stop()

    def close(self) -> None:
        """After the loops have ended, or are given up on. The store is free for the next daemon at once."""
        daemon = self._daemon
        if daemon:
            daemon.close()
        self._candidate.close()

    def _step(self) -> bool:
        if self._daemon is None:
            self._try()
        elif not self._candidate.is_held:
            self._stand_down(self._daemon)
        return False

    def _try(self) -> None:
        store = self._candidate.take()
        if store is None:
            self._wait()
            return
        waited = self._clock() - self._status.since
        try:
            daemon = self._make(store)
        except BaseException:
            store.close()
            raise
        with self._lock:
            if self._stopping:
                daemon.close()
                return
            self._daemon, self._status = daemon, StandbyStatus(active=True, since=self._clock())
            log.info("daemon.active", mailbox=self.mailbox, waited=round(waited.total_seconds(), 3))
            daemon.start()

    def _wait(self) -> None:
        holder = self._candidate.holder
        name, since = (holder.name, holder.since) if holder else (None, None)
        before = self._status
        if name and name != before.waits_for:
            log.info("daemon.standby", mailbox=self.mailbox, waits_for=name, holder_since=since)
        if name:
            self._status = StandbyStatus(active=False, since=before.since, waits_for=name, holder_since=since)

    def _stand_down(self, daemon: MailboxDaemon) -> None:
        """Another daemon takes over meanwhile: nothing that is under way here can be committed any more."""
        self._status = StandbyStatus(active=False, since=self._clock())
        daemon.tell_to_stop()
        # The link first: the messages that it holds of the inbox are for the other daemon now.
        close_all([daemon.broker.close], within=CLOSING)
        busy = join_all(daemon.loops, within=GRACE)
        log.warning("daemon.stood-down", mailbox=self.mailbox, left_working=busy)
        close_all([daemon.close], within=CLOSING)
        with self._lock:
            self._daemon = None

"""A mailbox whose store several machines share: one of their daemons works, the others wait for it to die. Who waits
has no link to the broker and no hand in the document system; it begins with both once the store is its own.

The queue's own way, `x-single-active-consumer`, would let in whoever has waited longest, with or without the store; and
a queue's arguments never change.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import structlog

from bus.daemon.closing import CLOSING, GRACE, close_all
from bus.daemon.loops import Loop, join_all
from bus.daemon.mailbox import MailboxDaemon
from bus.ports import Store
from schemas.values import MailboxCode

log = structlog.get_logger()

LOOK = 0.25
"""Seconds between two looks at who has the store."""
PAUSES = (LOOK, 1.0)
"""The same while its server is away: it may come back at any moment, and the other daemon looks, too."""


class Holder(Protocol):
    @property
    def name(self) -> str:
        """host:pid"""

    @property
    def since(self) -> datetime: ...


class Claimant(Protocol):
    """The wish for a shared store. bus/store/candidate.py has the real one."""

    def take(self) -> Store | None:
        """The store, where nobody else has it. Raises TryLater where its server does not answer."""

    @property
    def is_held(self) -> bool:
        """Whether what was taken is still ours; where there is any doubt it is not."""

    @property
    def holder(self) -> Holder | None:
        """Who else has it, as last asked."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """What /healthz says of it."""

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
        claimant: Claimant,
        make: Callable[[Store], MailboxDaemon],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`make` wires a daemon around a store that is ours now; closing the daemon closes the store."""
        self.mailbox = mailbox
        self._claimant = claimant
        self._make = make
        self._clock = clock
        self._loop = Loop("standby", self._step, idle=LOOK, mailbox=mailbox, pauses=PAUSES)
        self._turn = threading.Lock()
        self._stopping = False
        self._daemon: MailboxDaemon | None = None
        self._standing = Standing(active=False, since=clock())

    @property
    def daemon(self) -> MailboxDaemon | None:
        """While it works."""
        return self._daemon

    @property
    def standing(self) -> Standing:
        return self._standing

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
        with self._turn:
            self._stopping = True
            daemon = self._daemon
        self._loop.stop()
        if daemon:
            daemon.tell_to_stop()

    def close(self) -> None:
        """After the loops have ended, or are given up on. The store is free for the next one at once."""
        daemon = self._daemon
        if daemon:
            daemon.close()
        self._claimant.close()

    def _step(self) -> bool:
        if self._daemon is None:
            self._try()
        elif not self._claimant.is_held:
            self._stand_down(self._daemon)
        return False

    def _try(self) -> None:
        store = self._claimant.take()
        if store is None:
            self._wait()
            return
        waited = self._clock() - self._standing.since
        try:
            daemon = self._make(store)
        except BaseException:
            store.close()
            raise
        with self._turn:
            if self._stopping:
                daemon.close()
                return
            self._daemon, self._standing = daemon, Standing(active=True, since=self._clock())
            log.info("daemon.active", mailbox=self.mailbox, waited=round(waited.total_seconds(), 3))
            daemon.start()

    def _wait(self) -> None:
        holder = self._claimant.holder
        name, since = (holder.name, holder.since) if holder else (None, None)
        before = self._standing
        if name and name != before.waits_for:
            log.info("daemon.standby", mailbox=self.mailbox, waits_for=name, holder_since=since)
        if name:
            self._standing = Standing(active=False, since=before.since, waits_for=name, holder_since=since)

    def _stand_down(self, daemon: MailboxDaemon) -> None:
        """The others take over meanwhile: nothing that is still under way here can be committed."""
        self._standing = Standing(active=False, since=self._clock())
        daemon.tell_to_stop()
        close_all([daemon.broker], within=CLOSING)  # first: what it holds of the inbox is the others' now
        busy = join_all(daemon.loops, within=GRACE)
        log.warning("daemon.stood-down", mailbox=self.mailbox, left_working=busy)
        close_all([daemon], within=CLOSING)
        with self._turn:
            self._daemon = None

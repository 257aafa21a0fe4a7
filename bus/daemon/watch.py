"""What a mailbox keeps an eye on beside its road: whether the clock can be believed, and whether somebody else lives by
the same name. Found trouble is said (log, event, /healthz); what to do about the clock is here, too."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bus.crashpoints import reached
from bus.errors import InboxShared
from bus.ports import Broker, Store, Transaction
from bus.records import Box, Event, State
from bus.retry import LONGEST_PATIENCE, LONGEST_WAIT
from schemas.values import MailboxCode

log = structlog.get_logger()

JUMP = timedelta(seconds=60)
"""By how much a clock may be set without a word: NTP's small steps."""
UNHEARD = timedelta(days=60)
"""How far beyond the newest that others have dated a clock is believed. A signed directory is in force as long."""
WITNESSES = 50


class Watch:
    """One a mailbox; `step` is called every few seconds."""

    def __init__(
        self,
        mailbox: MailboxCode,
        store: Store,
        broker: Broker,
        *,
        clock: Callable[[], datetime],
        steady: Callable[[], float],
    ) -> None:
        """`steady` counts seconds whatever the clock is set to."""
        self._mailbox = mailbox
        self._store = store
        self._broker = broker
        self._clock = clock
        self._steady = steady
        self._began: datetime | None = None
        self._others = 0

    def step(self) -> bool:
        """Raises InboxShared while somebody else consumes the inbox."""
        self._look_at_the_clock()
        others = self._broker.others
        error = InboxShared(mailbox=self._mailbox, count=others + 1)
        if others and others != self._others:
            self._tell(Event(at=self._clock(), name="inbox.shared", detail=str(error)))
        self._others = others
        if others:
            raise error
        return False

    def _look_at_the_clock(self) -> None:
        now = self._clock()
        began = now - timedelta(seconds=self._steady())
        jump = self._behind(now) if self._began is None else began - self._began
        if abs(jump) >= JUMP:
            self._answer(jump, now)
        self._began = began  # only now: what a full disk kept from being written is said at the next step

    def _answer(self, jump: timedelta, now: datetime) -> None:
        seconds = round(jump.total_seconds())
        log.warning("clock.jumped", mailbox=self._mailbox, seconds=seconds)
        with self._store.write() as tx:
            tx.put_events([_jumped(now, seconds)])
            if seconds < 0:  # what was put off by the clock as it was
                _hasten(tx, now=now, waiting=now)

    def _behind(self, now: datetime) -> timedelta:
        """At start: how far this clock stands before what it wrote itself; zero where it does not."""
        with self._store.write() as tx:
            _hasten(tx, now=now, waiting=now + LONGEST_WAIT)
            entered = [row.entered_at for box in Box for row in tx.rows(box, limit=1)]
        reached("watch.begun")
        return min(timedelta(0), now - max(entered, default=now))

    def _tell(self, event: Event) -> None:
        with self._store.write() as tx:
            tx.put_events([event])


def _hasten(tx: Transaction, *, now: datetime, waiting: datetime) -> None:
    """No entry waits for a time that no schedule of ours can have meant."""
    for box in Box:
        for state in (State.WAITING, State.UPLOADING, State.FETCHING, State.FETCHED):
            tx.hasten(box, state, beyond=waiting, to=now)
    tx.hasten(Box.OUT, State.SENT, beyond=now + LONGEST_PATIENCE, to=now + LONGEST_PATIENCE)


def _jumped(now: datetime, seconds: int) -> Event:
    return Event(
        at=now,
        name="clock.jumped",
        detail=f"{seconds:+d} s. Đồng hồ máy này bị chỉnh: kiểm tra NTP (timedatectl). / "
        "This machine's clock was set: look at NTP (timedatectl).",
    )


def believed(tx: Transaction, now: datetime, *, mailbox: MailboxCode, issued_at: datetime | None) -> datetime | None:
    """`now`, but no later than `UNHEARD` after the newest that somebody else dated: mail that lies here, the directory
    in force. None where there is nothing of anybody's. A clock that is years ahead must not have the past dropped."""
    dockets = [row.docket for row in tx.rows(Box.IN, limit=WITNESSES)]
    dated = [docket.created_at for docket in dockets if docket.sender.mailbox != mailbox]  # its own notes lie there too
    if issued_at is not None:
        dated.append(issued_at)
    return min(now, max(dated) + UNHEARD) if dated else None

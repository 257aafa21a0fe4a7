"""The watchdog of a mailbox: what is away (outages.py), whether the machine's clock can be believed, whether another
process consumes the inbox, and whether the broker's certificate was revoked. It tells of trouble (log, event,
/healthz), and mends the times in the store after the clock was set back."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bus.crashpoints import reached
from bus.daemon.dependencies import Dependencies
from bus.daemon.outages import Outages
from bus.errors import BrokerRevoked, InboxShared
from bus.handling.transport import INBOX_DUE, OUTBOX_DUE, OutboxState
from bus.ports.records import Box, Event
from bus.ports.retry import LONGEST_PATIENCE, LONGEST_WAIT
from bus.ports.store import Transaction
from schemas.values import MailboxCode

log = structlog.get_logger()

JUMP = timedelta(seconds=60)
"""A clock may be set by less without being told of: NTP's small steps."""
UNHEARD = timedelta(days=60)
"""How far a clock is believed beyond the newest time that somebody else dated. A signed directory is in force as
long."""
WITNESSES = 50
"""Messages of others that are looked at for their times."""


class Watchdog:
    """One a mailbox; `step` is called every few seconds."""

    def __init__(
        self, given: Dependencies, *, clock_set: Callable[[], None] = lambda: None, outages: Outages | None = None
    ) -> None:
        """`clock_set` is called after the clock was set: whoever waits because of it need not wait longer."""
        self._outages = outages
        self._given = given
        self._clock_set = clock_set
        self._began: datetime | None = None
        self._others = 0
        self._revoked: str | None = None

    def step(self) -> bool:
        """Raises BrokerRevoked while somebody with a revoked certificate answers in the broker's place, InboxShared
        while somebody else consumes the inbox."""
        if self._outages is not None:
            self._outages.step()
        self._look_at_the_clock()
        self._look_at_the_broker()
        others = self._given.broker.others
        error = InboxShared(mailbox=self._given.mailbox, count=others + 1)
        if others and others != self._others:
            self._given.tell(Event(at=self._given.clock(), name="inbox.shared", detail=str(error)))
        self._others = others
        if others:
            raise error
        return False

    def _look_at_the_broker(self) -> None:
        """An event each time that it begins."""
        why = self._given.broker.revoked
        if why is not None and self._revoked is None:
            self._given.tell(Event(at=self._given.clock(), name="broker.revoked", detail=why))
        self._revoked = why
        if why is not None:
            raise BrokerRevoked(why=why)

    def _look_at_the_clock(self) -> None:
        now = self._given.clock()
        began = now - timedelta(seconds=self._given.steady())
        jump = self._behind(now) if self._began is None else began - self._began
        if abs(jump) >= JUMP:
            self._answer(jump, now)
        self._began = began  # only now: an event that a full disk kept out is told at the next step

    def _answer(self, jump: timedelta, now: datetime) -> None:
        seconds = round(jump.total_seconds())
        log.warning("clock.jumped", mailbox=self._given.mailbox, seconds=seconds)
        with self._given.store.write() as tx:
            tx.dossiers.put_events([_jumped(now, seconds)])
            if seconds < 0:  # entries were put off by the clock as it was
                _reschedule(tx, now=now, waiting=now)
        self._clock_set()

    def _behind(self, now: datetime) -> timedelta:
        """At start: how far this clock is behind the newest entry that it wrote itself; zero where it is not."""
        with self._given.store.write() as tx:
            _reschedule(tx, now=now, waiting=now + LONGEST_WAIT)
            entered = [row.entered_at for box in Box for row in tx.of(box).rows(limit=1)]
        reached("watch.begun")
        return min(timedelta(0), now - max(entered, default=now))


def _reschedule(tx: Transaction, *, now: datetime, waiting: datetime) -> None:
    """Moves the times of waiting entries to where a schedule of ours can have put them."""
    for state in OUTBOX_DUE - {OutboxState.SENT}:
        tx.outbox.reschedule(state, beyond=waiting, to=now)
    for awaited in INBOX_DUE:
        tx.inbox.reschedule(awaited, beyond=waiting, to=now)
    tx.outbox.reschedule(OutboxState.SENT, beyond=now + LONGEST_PATIENCE, to=now + LONGEST_PATIENCE)


def _jumped(now: datetime, seconds: int) -> Event:
    return Event(
        at=now,
        name="clock.jumped",
        detail=f"{seconds:+d} s. Đồng hồ máy này bị chỉnh: kiểm tra NTP (timedatectl). / "
        "This machine's clock was set: look at NTP (timedatectl).",
    )


def believed_time(
    tx: Transaction, now: datetime, *, mailbox: MailboxCode, issued_at: datetime | None
) -> datetime | None:
    """`now`, but no later than `UNHEARD` after the newest time that somebody else dated: of a message here, or of the
    directory in force. None where there is neither. A clock that is years ahead must not have the past deleted."""
    dockets = [row.docket for row in tx.inbox.rows(limit=WITNESSES)]
    dated = [docket.created_at for docket in dockets if docket.sender.mailbox != mailbox]  # its own notes lie there too
    if issued_at is not None:
        dated.append(issued_at)
    return min(now, max(dated) + UNHEARD) if dated else None

"""The two steps of the alerts in a ledger's process: look, and send. What was seen last stays for /metrics."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Connection

from bus.daemon.loops import Loop
from bus.directory.edition import Edition
from bus.errors import BusError
from bus.handling.calendar import unconfirmed
from bus.handling.working_days import Calendar
from bus.ledger.alerts import figures
from bus.ledger.alerts.causes import Found, Source
from bus.ledger.alerts.find import USUAL, Limits, at_broker, ends_of, in_directory, in_record, in_streams
from bus.ledger.alerts.keep import forget, keep, open_alerts
from bus.ledger.alerts.notices import note, waiting
from bus.ledger.alerts.send import Channel, Store, send_due
from bus.ledger.streams import StreamState
from bus.rabbit.admin.queue_overview import Overview
from bus.topology.names import LEDGER
from schemas.values import VIETNAM, AgencyCode

log = structlog.get_logger()

SEND_EVERY: Final = 10.0
"""Seconds between two looks into the outbox."""


@dataclass(frozen=True, slots=True)
class World:
    """What a look asks, beside the ledger itself. What raises a BusError did not answer this time."""

    streams: Callable[[], Iterable[StreamState]]
    calendar: Callable[[Connection], Calendar]
    edition: Callable[[], Edition | None]
    """None: nobody signed the directory, and so nobody confirms a calendar either."""
    overview: Callable[[], Overview] | None = None
    """None: nobody can be asked about queues."""
    uses: Callable[[], Sequence[Mapping[str, Any]]] = tuple
    """What the guard's file says of quotas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The last look, in figures."""

    at: datetime
    raised: Mapping[tuple[str, str], int]
    """Open alerts that were told or would be, but for a silence: by cause and who must act."""
    owing: figures.Owing
    unreceipted: timedelta
    """The age of the oldest document without a receipt; 0 where there is none."""
    waiting: int
    """Notices."""
    ends: Mapping[str, datetime] = field(default_factory=dict)
    """What ends, the soonest of each sort."""
    unconfirmed: tuple[int, ...] = ()


class Lookout:
    """Each step is for one thread; `seen` may be read by any."""

    def __init__(
        self,
        store: Store,
        world: World,
        *,
        channels: Sequence[Channel] = (),
        limits: Limits = USUAL,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        dice: Callable[[], float] = random.random,
    ) -> None:
        self.seen: Seen | None = None
        self._store = store
        self._world = world
        self._channels = tuple(channels)
        self._limits = limits
        self._clock = clock
        self._dice = dice

    def loops(self, *, every: float) -> tuple[Loop, ...]:
        """Not started."""
        return (
            Loop("alerts", self.look, idle=every, mailbox=LEDGER),
            Loop("notices", self.send, idle=SEND_EVERY, mailbox=LEDGER),
        )

    def look(self) -> bool:
        """Finds, keeps what was found, puts into the outbox whom to tell. Nobody waits for the broker within a
        transaction, and writing waits for no figures."""
        now = self._clock()
        found, asked = self._outside(now)
        with self._store.reading() as connection:
            edition = self._world.edition()
            calendar = self._world.calendar(connection)
            years = unconfirmed(calendar, now) if edition is not None else ()
            found += in_record(
                connection,
                now=now,
                is_working=calendar.is_working,
                unconfirmed=years,
                is_closed=_closed(edition, now),
                limits=self._limits,
            )
            asked.add(Source.RECORD)
            owing = figures.owing(connection, now=now)
            oldest = figures.oldest_unreceipted(connection, now=now, is_closed=_closed(edition, now))
        with self._store.writing() as connection:
            kept = keep(connection, found, asked=asked, now=now)
            note(connection, self._channels, now=now)
            forget(connection, now=now)
            raised = [alert for alert in open_alerts(connection) if alert.is_raised]
            count = waiting(connection)
        self.seen = Seen(
            at=now,
            raised=Counter((alert.cause.code, str(alert.cause.who)) for alert in raised),
            owing=owing,
            unreceipted=max(now - oldest, timedelta(0)) if oldest is not None else timedelta(0),
            waiting=count,
            ends=dict(ends_of(edition)) if edition is not None else {},
            unconfirmed=years,
        )
        if kept.begun or kept.ended:
            log.info("alerts.changed", begun=len(kept.begun), ended=len(kept.ended), open=len(raised))
        return False

    def send(self) -> bool:
        taken, untaken = send_due(self._store, self._channels, now=self._clock(), dice=self._dice)
        if untaken:
            log.warning("alerts.not-sent", notices=untaken)
        return bool(taken)

    def _outside(self, now: datetime) -> tuple[list[Found], set[Source]]:
        """What is not in the database: the reading, the broker, the directory."""
        asked, refusal = {Source.STREAM}, None
        found = list[Found]()
        edition = self._world.edition()
        if edition is not None:
            found += in_directory(edition, now=now, limits=self._limits)
            asked.add(Source.DIRECTORY)
        if self._world.overview is not None:
            try:
                overview, uses = self._world.overview(), self._world.uses()
            except BusError as error:
                refusal = error.in_both()
            else:
                joined = None if edition is None else edition.book.keys.keys()
                found += at_broker(overview, joined=joined, uses=uses, limits=self._limits)
                asked.add(Source.BROKER)
        found += in_streams(self._world.streams(), refusal=refusal, now=now, limits=self._limits)
        return found, asked


def _closed(edition: Edition | None, now: datetime) -> Callable[[AgencyCode], bool]:
    """By the directory of today. Who is closed in one that nobody signed is not known here."""
    return (lambda _: False) if edition is None else edition.directory(now.astimezone(VIETNAM).date()).is_closed

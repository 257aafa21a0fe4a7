"""The daemon of one mailbox: the table of its loops, each with the step that it calls."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias, TypedDict

import structlog

from bus.daemon.adapter_lock import locked
from bus.daemon.blobs import BlobTransfers
from bus.daemon.counters import Counters
from bus.daemon.current_member import SignedMember
from bus.daemon.dependencies import Dependencies
from bus.daemon.housekeeping import Housekeeping
from bus.daemon.loops import Loop, LoopName
from bus.daemon.outages import Outages
from bus.daemon.quotas import QuotaWatch
from bus.daemon.road import Road
from bus.daemon.submissions import SubmissionReport
from bus.daemon.troubles import EVERY, TroubleWatch
from bus.daemon.watchdog import Watchdog
from bus.ports.adapter import Adapter, Trouble
from bus.ports.broker import Broker
from bus.ports.records import Event
from bus.ports.store import Store
from bus.receiving.verified import Verified
from schemas.values import MailboxCode

log = structlog.get_logger()

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0

_Row: TypeAlias = tuple[LoopName, Callable[[], bool], float]
"""Name, step, and seconds to sleep where the step found nothing to do; 0 where the step itself waits."""


class _Shared(TypedDict):
    """What both steps that meet the document system are made with."""

    adapter: Adapter
    verified: Verified
    counters: Counters
    submissions: SubmissionReport
    wake: Callable[[LoopName], None]


_LOOKS_AT_ADAPTER: Final = (LoopName.COLLECT, LoopName.LARGE)


class MailboxDaemon:
    """Started once, stopped once."""

    def __init__(self, given: Dependencies) -> None:
        """Closing the daemon closes what it is given."""
        self._given = given
        self.counters = Counters()
        if isinstance(given.member, SignedMember):
            given.member.tell = given.tell
        adapter, verified = locked(given.adapter), Verified()
        shared: _Shared = {
            "adapter": adapter,
            "verified": verified,
            "counters": self.counters,
            "submissions": SubmissionReport(given, counters=self.counters),
            "wake": self._wake,
        }
        road, blobs = Road(given, **shared), BlobTransfers(given, **shared)
        housekeeping = Housekeeping(given, counters=self.counters, wake=self._wake)
        watchdog = Watchdog(given, clock_set=self.try_now, outages=Outages(given, lambda: self.loops))
        self._quotas = QuotaWatch(given)
        self._troubles = TroubleWatch(given, adapter=adapter)
        rows: tuple[_Row, ...] = (
            (LoopName.COLLECT, road.collect, given.every),
            (LoopName.PUBLISH, road.publish, 0.5),
            (LoopName.TAKE_IN, road.take_in, 0),
            (LoopName.DELIVER, road.deliver, 0.5),
            (LoopName.EXPIRE, housekeeping.expire, 1.0),
            (LoopName.DEADLINES, housekeeping.deadlines, MINUTE),
            (LoopName.FORGET, housekeeping.forget, DAY),
            (LoopName.REMIND, housekeeping.remind, HOUR),
            (LoopName.QUOTAS, self._quotas.step, MINUTE),
            (LoopName.WATCH, watchdog.step, 2.0),
            (LoopName.LARGE, blobs.step, given.every),
            (LoopName.TROUBLES, self._troubles.step, EVERY),
        )
        self._loops = {name: Loop(name, step, idle=idle, mailbox=self.mailbox) for name, step, idle in rows}

    @property
    def mailbox(self) -> MailboxCode:
        return self._given.mailbox

    @property
    def loops(self) -> list[Loop]:
        return list(self._loops.values())

    @property
    def store(self) -> Store:
        return self._given.store

    @property
    def most_used(self) -> Mapping[str, float]:
        """As in `QuotaWatch`."""
        return self._quotas.most_used

    @property
    def troubles(self) -> Sequence[Trouble]:
        """As in `TroubleWatch`."""
        return self._troubles.found

    @property
    def broker(self) -> Broker:
        return self._given.broker

    @property
    def signed(self) -> SignedMember | None:
        """None where nobody signed the directory."""
        return self._given.member if isinstance(self._given.member, SignedMember) else None

    def start(self) -> None:
        log.info("mailbox.started", mailbox=self.mailbox)
        for loop in self._loops.values():
            loop.start()

    def look(self) -> None:
        """Looks at the document system now instead of at the next interval."""
        for name in _LOOKS_AT_ADAPTER:
            self._wake(name)

    def tell(self, event: Event) -> None:
        self._given.tell(event)

    def try_now(self) -> None:
        """Ends every pause: what it was made for is over."""
        self._given.broker.try_now()
        for loop in self._loops.values():
            loop.try_now()

    def tell_to_stop(self) -> None:
        for loop in self._loops.values():
            loop.stop()

    def close(self) -> None:
        """After the loops have ended, or are given up on."""
        for blobs in self._given.blobs.values():
            blobs.close()
        self._given.broker.close()
        self._given.adapter.close()
        self._given.store.close()
        log.info("mailbox.stopped", mailbox=self.mailbox)

    def _wake(self, name: LoopName) -> None:
        self._loops[name].wake()

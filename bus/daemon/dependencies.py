"""The dependencies of one mailbox's daemon: member, store, broker, adapter, places for blobs, clocks, and chance."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bus.crashpoints import reached
from bus.daemon.current_member import CurrentMember
from bus.directory.member import Member
from bus.handling.deadlines import LEAD
from bus.ports.adapter import Adapter
from bus.ports.blobs import Blobs
from bus.ports.broker import Broker
from bus.ports.records import Event
from bus.ports.store import Store
from schemas.values import MailboxCode


def _now() -> datetime:
    return datetime.now(UTC)


def _steady() -> float:
    # The clock that goes on while a virtual machine sleeps, where there is one: waking up is no jump.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(slots=True, kw_only=True)
class Dependencies:
    """Closed with the daemon. Tests give another clock, and chance without chance."""

    member: CurrentMember
    store: Store
    broker: Broker
    adapter: Adapter
    blobs: Mapping[str, Blobs] = field(default_factory=dict)
    """Places where blobs wait for their recipients, by kind; our own are put into the first."""
    every: float = 1.0
    """Seconds between two looks at the document system."""
    lead: timedelta = LEAD
    """Time before the end of a document's due day at which a recipient that has not taken it up is told of."""
    clock: Callable[[], datetime] = _now
    steady: Callable[[], float] = _steady
    """Seconds, whatever the clock is set to."""
    dice: Callable[[], float] = random.random

    @property
    def mailbox(self) -> MailboxCode:
        return self.member.mailbox

    def member_now(self) -> Member:
        """Raises DirectoryExpired and OwnClockWrong: better to wait than to judge by either."""
        return self.member.member(self.clock())

    def tell(self, event: Event) -> None:
        """Writes an event into the store, where an operator reads it."""
        with self.store.write() as tx:
            tx.dossiers.put_events([event])
        reached("event.committed")

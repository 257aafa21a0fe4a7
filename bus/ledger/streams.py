"""How far the reading of each audit stream has come, for /healthz, /metrics and the alerts. One thread writes, any may
read: each fact is replaced as a whole."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bus.ledger.judge import Why
from bus.rabbit.streams.audit_reader import Continuity

BEHIND: Final = timedelta(minutes=5)
"""A ledger that is further behind is not well: what it says of today is not so any more."""
LEVEL: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A stream was found cut, or made anew: what it had, and was not read, is lost to the ledger."""

    at: datetime
    stream: str
    found: Continuity
    epoch: int
    """Of the stream that is read from now on."""


@dataclass(slots=True)
class StreamState:
    """Of one stream."""

    name: str
    epoch: int = 0
    last_offset: int | None = None
    is_open: bool = False
    read_at: datetime | None = None
    """When it last answered, with messages or without."""
    level_at: datetime | None = None
    """When there last was nothing more to read."""
    oldest: datetime | None = None
    """When the last message read was made, while more of them wait; None where none do."""
    alarms: tuple[Alarm, ...] = ()
    """Since the process began, the last ones."""
    found: Counter[Continuity] = field(default_factory=Counter)
    """How often, since the process began."""
    standings: Counter[str] = field(default_factory=Counter)
    """Events kept, by standing."""
    again: int = 0
    """Messages that were known already: published again, or read again."""
    passed_over: Counter[Why] = field(default_factory=Counter)

    def behind(self, now: datetime) -> timedelta:
        """The age of the oldest message that is not read; of a stream that cannot be read, since when."""
        if not self.is_open:
            return LEVEL if self.read_at is None else max(LEVEL, now - self.read_at)
        return LEVEL if self.oldest is None else max(LEVEL, now - self.oldest)

    def note(self, alarm: Alarm) -> None:
        self.alarms = (*self.alarms[-9:], alarm)

    def facts(self, now: datetime) -> Mapping[str, object]:
        return {
            "open": self.is_open,
            "epoch": self.epoch,
            "last_offset": self.last_offset,
            "read_at": self.read_at,
            "level_at": self.level_at,
            "behind_seconds": round(self.behind(now).total_seconds(), 1),
            "events": dict(self.standings),
            "again": self.again,
            "passed_over": {str(why): count for why, count in self.passed_over.items()},
            "alarms": [{"at": each.at, "found": str(each.found), "epoch": each.epoch} for each in self.alarms],
        }

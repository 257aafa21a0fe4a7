"""Whose large attachments are fetched next: one sender after the other. And a bound on what looks in vain of one sender
take in an hour, in time and bytes: beyond it that sender's wait, and the others' go on.

In memory only: after a restart an hour begins anew."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from schemas.clock import local
from schemas.values import MailboxCode

STEPS: Final = 8
"""A sender's turn, while segments are found: with more, another's urgent one waits long; with fewer, a place of blobs
is asked to begin anew too often."""
SECONDS: Final = 300.0
BYTES: Final = 1024 * 1024 * 1024
SPAN: Final = timedelta(hours=1)
LEAST: Final = 2.0
"""Seconds that a look counts at least where nothing was found, however fast the answer."""
FAIR: Final = 30.0
"""Seconds that a look may take where something was found; what goes beyond counts."""
UNKNOWN: Final = 30.0
"""Seconds that a message counts that names a place which is not configured here."""


@dataclass(slots=True)
class _Hour:
    """What was looked for in vain since it began."""

    began_at: datetime
    looks: int = 0
    seconds: float = 0.0
    size: int = 0


class Turns:
    """For one thread."""

    def __init__(self, *, steady: Callable[[], float], seconds: float = SECONDS, size: int = BYTES) -> None:
        self.steady: Final = steady
        self._seconds, self._size = seconds, size
        self._count = 0
        self._served: dict[MailboxCode, int] = {}
        self._now: MailboxCode | None = None
        self._left = 0
        self._hours: dict[MailboxCode, _Hour] = {}

    def next(self, senders: Collection[MailboxCode], *, at: datetime) -> MailboxCode | None:
        """The one whose turn it is still, or who has waited longest; None where all of them have to wait."""
        ready = [sender for sender in senders if not self.waits(sender, at=at)]
        if not ready:
            return None
        if self._now not in ready or not self._left:
            self._now, self._left = min(ready, key=lambda each: (self._served.get(each, 0), each)), STEPS
        self._count += 1
        self._served[self._now] = self._count
        self._left -= 1
        return self._now

    def end(self) -> None:
        """Nothing more is to be had from this sender just now."""
        self._left = 0

    def looked(self, sender: MailboxCode, *, seconds: float, found: int, useless: int, at: datetime) -> None:
        """So many bytes were found in so many seconds, and so many of them were of no use."""
        if found > useless:
            seconds -= FAIR
            if seconds > 0:
                self.in_vain(sender, seconds=seconds, size=useless, at=at)
            return
        self.in_vain(sender, seconds=seconds if found else max(seconds, LEAST), size=useless, at=at)

    def in_vain(self, sender: MailboxCode, *, seconds: float, size: int = 0, at: datetime) -> None:
        self.end()
        hour = self._hours.get(sender)
        if hour is None or hour.began_at <= at - SPAN:
            hour = self._hours[sender] = _Hour(at)
        hour.looks += 1
        hour.seconds += seconds
        hour.size += size

    def waits(self, sender: MailboxCode, *, at: datetime) -> bool:
        """Whether its looks in vain have taken all that they may within this hour."""
        hour = self._hours.get(sender)
        if hour is None or hour.began_at <= at - SPAN:
            return False
        return hour.seconds >= self._seconds or hour.size >= self._size

    def looks(self, sender: MailboxCode) -> int:
        """How many were in vain."""
        return self._hours[sender].looks

    def told(self, sender: MailboxCode) -> str:
        hour = self._hours[sender]
        return (
            f"{sender}: {hour.looks} looks for large attachments in vain, {hour.seconds:.0f} seconds, {hour.size} "
            f"bytes in an hour; those of this sender wait until {local(hour.began_at + SPAN)}, others go on"
        )

"""When to try again, or None to give up. Pure: the time and the dice come by the arguments."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Waits that grow by `factor` from `first` to `ceiling`; `tries` waits in all, then parked."""

    first: timedelta
    factor: float
    ceiling: timedelta
    tries: int

    def next_try(self, attempts: int, *, now: datetime, dice: float) -> datetime | None:
        """After `attempts` failures (1 or more). `dice` in [0, 1) spreads a wait between half and the whole of it, so
        that a thousand daemons do not come back in the same second."""
        if attempts > self.tries:
            return None
        # The exponent is bounded: 2.0 ** 2000 would overflow long before the ceiling mattered.
        wait = min(self.ceiling, self.first * self.factor ** min(attempts - 1, 32))
        return now + wait * (0.5 + dice / 2)


PUBLISH = Schedule(first=timedelta(seconds=1), factor=2, ceiling=timedelta(minutes=5), tries=900)
"""A full inbox is tried for about three days, then an operator decides."""

DELIVER = Schedule(first=timedelta(seconds=2), factor=2, ceiling=timedelta(minutes=10), tries=30)
"""A document that its document system cannot take just now: about four hours."""

ORPHAN = Schedule(first=timedelta(seconds=5), factor=3, ceiling=timedelta(hours=4), tries=14)
"""A status about an unknown document is matched again for about a day."""


UPLOAD = Schedule(first=timedelta(seconds=1), factor=2, ceiling=timedelta(minutes=1), tries=1_000_000_000)
"""A place of blobs that cannot be reached is tried for as long as that lasts."""

ASK = Schedule(first=timedelta(minutes=15), factor=2, ceiling=timedelta(hours=6), tries=30)
"""A sender is asked again for segments that are gone, for about a week: it keeps them no longer."""

LONGEST_WAIT = max(each.ceiling for each in (PUBLISH, DELIVER, ORPHAN, UPLOAD, ASK))


class Patience(StrEnum):
    """What to do about a receipt that has not come."""

    SAY = "say"
    """An event; the message lies confirmed in the recipient's queue."""
    REPUBLISH = "republish"
    """The same bytes again: the recipient deduplicates, and receipts again."""
    PARK = "park"


RECEIPTS: tuple[tuple[timedelta, Patience], ...] = (
    (timedelta(hours=1), Patience.SAY),
    (timedelta(hours=23), Patience.REPUBLISH),
    (timedelta(hours=48), Patience.REPUBLISH),
    (timedelta(hours=96), Patience.PARK),
)
"""Row n: how long to wait after step n-1, and what to do then. A weekend's silence is normal; a week's is not."""
LONGEST_PATIENCE = max(wait for wait, _ in RECEIPTS)

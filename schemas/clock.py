"""Moments as people read them: on the clock of Việt Nam, with its zone. JSON and logs have ISO 8601."""

from datetime import datetime
from typing import Final

from schemas.values import VIETNAM

ZONE: Final = "+07"
"""Said beside each time, wherever its reader sits."""


def local(at: datetime, *, seconds: bool = False) -> str:
    """`2026-11-05 09:30 +07`, or `2026-11-05 09:30:05 +07`."""
    return f"{clock(at, seconds=seconds)} {ZONE}"


_LAST: Final = datetime.max.replace(tzinfo=VIETNAM)
"""A stranger's message may be of any time: one of the last hours of the year 9999 is told as the last of them."""


def clock(at: datetime, *, seconds: bool = True) -> str:
    """Without the zone: where it is said beside it, as in the head of a column."""
    here = at.astimezone(VIETNAM) if at <= _LAST else _LAST
    return here.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")

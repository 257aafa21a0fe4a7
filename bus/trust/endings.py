"""Reminders before certificates, sealing keys and editions of the directory end."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from schemas.codes import Label

STAGES: Final = (0, 1, 7, 14, 30)
"""Days before the end at which a reminder is given; 0 is the end itself."""


@dataclass(frozen=True, slots=True)
class Ending:
    what: Label
    at: datetime


@dataclass(frozen=True, slots=True)
class Reminder:
    what: Label
    at: datetime
    stage: int
    """The last stage reached: at most so many days are left; 0: it has ended."""


def warnings(endings: Iterable[Ending], *, now: datetime) -> tuple[Reminder, ...]:
    """Reminders of what ends within thirty days, soonest first."""
    found = []
    for ending in endings:
        stage = next((days for days in STAGES if ending.at - now <= timedelta(days=days)), None)
        if stage is not None:
            found.append(Reminder(ending.what, ending.at, stage))
    return tuple(sorted(found, key=lambda warning: warning.at))

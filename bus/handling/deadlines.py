"""When to say that a recipient has not taken up a document that is due. Pure: a day and the time in, a stage out."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from schemas.values import VIETNAM

LEAD: Final = timedelta(hours=24)
"""Before the end of the due day, where a daemon's TOML names no other."""


class Stage(StrEnum):
    """What is said of one document at one recipient, each once. The names are those of the events."""

    NEAR = "deadline.near"
    PASSED = "deadline.passed"


def past(now: datetime) -> date:
    """The latest due day that is over. Due days are days of Việt Nam, and end at midnight there."""
    return now.astimezone(VIETNAM).date() - timedelta(days=1)


def near(now: datetime, lead: timedelta) -> date:
    """The latest due day that is over, or will be within `lead`."""
    return past(now + lead)


def stage(due_on: date, *, now: datetime, lead: timedelta) -> Stage | None:
    """The last stage reached; None where there is time left."""
    if due_on <= past(now):
        return Stage.PASSED
    return Stage.NEAR if due_on <= near(now, lead) else None

"""Whether an agency is silent: what it sent on a working day, against its habit on that day of the week. Pure."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Final, NamedTuple

from schemas.values import VIETNAM

WEEKS: Final = 8
"""How far back the habit is looked for."""
ENOUGH: Final = 4
"""Working days of that weekday below which there is no habit."""
BUSY: Final = 10
"""Documents a day below which a quiet day says nothing."""
FAR_BELOW: Final = 0.1
JUDGED_FROM: Final = time(15)
"""On the clock of Việt Nam: from then on today is judged, before that the last working day."""


class Quiet(NamedTuple):
    day: date
    amount: int
    habit: int


def day_to_judge(now: datetime, is_working: Callable[[date], bool]) -> date:
    """Today, if it is a working day and late enough; else the working day before."""
    here = now.astimezone(VIETNAM)
    day = here.date()
    if here.time() < JUDGED_FROM:
        day -= timedelta(days=1)
    while not is_working(day):
        day -= timedelta(days=1)
    return day


def days_of_habit(day: date, is_working: Callable[[date], bool]) -> tuple[date, ...]:
    """The same day of the week, of the weeks before; days off say nothing of a habit."""
    before = (day - timedelta(weeks=weeks) for weeks in range(1, WEEKS + 1))
    return tuple(filter(is_working, before))


def quiet(day: date, sent: Mapping[date, int], habit: tuple[date, ...]) -> Quiet | None:
    """`sent`: documents by day; a day that is missing had none."""
    if len(habit) < ENOUGH:
        return None
    usual = median(sent.get(each, 0) for each in habit)
    count = sent.get(day, 0)
    return Quiet(day, count, round(usual)) if usual >= BUSY and count < usual * FAR_BELOW else None

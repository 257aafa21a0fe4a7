"""A day is quiet when it is far below its weekday's habit."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from bus.ledger.alerts.habit import day_to_judge, days_of_habit, quiet

MONDAY = date(2026, 11, 30)


def weekdays(*off: date) -> Callable[[date], bool]:
    return lambda day: day.weekday() < 5 and day not in off


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 11, 30, 8, 0, tzinfo=UTC), MONDAY),  # 15:00 in Việt Nam
        (datetime(2026, 11, 30, 7, 59, tzinfo=UTC), date(2026, 11, 27)),  # before: the Friday
        (datetime(2026, 11, 28, 12, tzinfo=UTC), date(2026, 11, 27)),  # a Saturday
        (datetime(2026, 11, 30, 17, 30, tzinfo=UTC), MONDAY),  # half past midnight of the Tuesday
    ],
)
def test_the_day_that_is_judged_is_a_working_day(now: datetime, day: date) -> None:
    """Today from three in the afternoon on, on the clock of Việt Nam."""
    assert day_to_judge(now, weekdays()) == day


def test_a_day_off_is_not_judged() -> None:
    """Nobody writes on a holiday."""
    assert day_to_judge(datetime(2026, 11, 30, 12, tzinfo=UTC), weekdays(MONDAY)) == date(2026, 11, 27)


def test_a_habit_is_of_the_same_day_of_the_week() -> None:
    """Of eight weeks, without days off: an empty holiday is no habit."""
    off = MONDAY - timedelta(weeks=2)
    assert days_of_habit(MONDAY, weekdays(off)) == tuple(
        MONDAY - timedelta(weeks=weeks) for weeks in (1, 3, 4, 5, 6, 7, 8)
    )


@pytest.mark.parametrize(
    ("before", "today", "found"),
    [
        ([40] * 8, 3, (3, 40)),
        ([40] * 8, 4, None),  # a tenth is enough
        ([40] * 8, 0, (0, 40)),
        ([9] * 8, 0, None),  # a small office may write nothing
        ([40] * 3, 0, None),  # no habit yet
        ([40, 40, 40, 40, 0, 0, 0], 0, (0, 40)),
        ([40, 40, 0, 0, 0, 0, 0], 0, None),  # it mostly writes nothing
        ([], 0, None),
    ],
)
def test_a_quiet_day_is_far_below_the_habit(before: list[int], today: int, found: tuple[int, int] | None) -> None:
    """A tenth of the median, of an agency that sends ten a day."""
    habit = tuple(MONDAY - timedelta(weeks=weeks + 1) for weeks in range(len(before)))
    sent = {MONDAY: today, **dict(zip(habit, before, strict=True))}
    said = quiet(MONDAY, {day: count for day, count in sent.items() if count}, habit)
    assert (said and (said.amount, said.habit)) == found

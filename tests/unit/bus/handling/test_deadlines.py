"""bus/handling/deadlines.py"""

from datetime import UTC, date, datetime, timedelta

import pytest

from bus.handling.deadlines import LEAD, Stage, near, past, stage

DAY = date(2026, 11, 26)
OVER = datetime(2026, 11, 26, 17, 0, tzinfo=UTC)
"""Midnight in Việt Nam."""
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("before", "lead", "reached"),
    [
        (timedelta(days=3), LEAD, None),
        (LEAD + MOMENT, LEAD, None),
        (LEAD, LEAD, Stage.NEAR),
        (MOMENT, LEAD, Stage.NEAR),
        (timedelta(0), LEAD, Stage.PASSED),
        (-timedelta(days=400), LEAD, Stage.PASSED),
        (timedelta(days=3), timedelta(days=3), Stage.NEAR),
        (timedelta(minutes=31), timedelta(minutes=30), None),
    ],
)
def test_stages(before: timedelta, lead: timedelta, reached: Stage | None) -> None:
    """So long before the end of the day in Việt Nam, whatever the clock's own zone."""
    assert stage(DAY, now=OVER - before, lead=lead) is reached


def test_days() -> None:
    """The latest day that is over, and the latest that will be within the lead."""
    assert (past(OVER - MOMENT), past(OVER)) == (DAY - timedelta(days=1), DAY)
    assert (near(OVER - MOMENT, LEAD), near(OVER, LEAD)) == (DAY, DAY + timedelta(days=1))

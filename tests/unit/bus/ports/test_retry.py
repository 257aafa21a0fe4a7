from datetime import UTC, datetime, timedelta

import pytest

from bus.ports.retry import RECEIPTS, Patience, Schedule

NOW = datetime(2026, 1, 5, tzinfo=UTC)
SCHEDULE = Schedule(first=timedelta(seconds=1), factor=2, ceiling=timedelta(seconds=60), tries=5000)


@pytest.mark.parametrize(
    ("attempts", "dice", "seconds"),
    [(1, 0.0, 0.5), (1, 0.999999, 1.0), (2, 0.0, 1.0), (4, 0.0, 4.0), (10, 0.0, 30.0), (4000, 0.0, 30.0)],
)
def test_waits_grow_to_the_ceiling(attempts: int, dice: float, seconds: float) -> None:
    """Each failure doubles the wait, the dice spread it over its upper half, and no number of failures overflows."""
    due = SCHEDULE.next_try(attempts, now=NOW, dice=dice)
    assert due is not None
    assert (due - NOW).total_seconds() == pytest.approx(seconds, abs=0.001)


def test_after_the_last_try_it_gives_up() -> None:
    """One more failure than tries means no next try."""
    assert SCHEDULE.next_try(5000, now=NOW, dice=0.5) is not None
    assert SCHEDULE.next_try(5001, now=NOW, dice=0.5) is None


def test_waiting_for_a_receipt_ends() -> None:
    """The table begins with saying so and ends with parking: no message waits for ever, none is parked unsaid."""
    assert RECEIPTS[0][1] is Patience.SAY
    assert [patience for _, patience in RECEIPTS].index(Patience.PARK) == len(RECEIPTS) - 1

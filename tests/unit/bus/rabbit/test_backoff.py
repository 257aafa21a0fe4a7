"""bus/rabbit/backoff.py"""

import pytest

from bus.rabbit.backoff import Backoff


@pytest.mark.parametrize(
    ("attempt", "dice", "delay"),
    [(0, 0.0, 0.0), (0, 0.5, 0.25), (0, 1.0, 0.5), (3, 1.0, 4.0), (6, 1.0, 30.0), (10_000, 1.0, 30.0), (6, 0.1, 3.0)],
)
def test_backoff(attempt: int, dice: float, delay: float) -> None:
    """Anywhere between nothing and a bound that doubles, and never beyond the most."""
    assert Backoff(0.5, 30.0).delay(attempt, lambda: dice) == pytest.approx(delay)

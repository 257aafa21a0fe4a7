"""When it is said that something ends."""

from datetime import UTC, datetime, timedelta

import pytest

from bus.trust.endings import Ending, warnings
from schemas.codes import Label

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "stage"), [(31, None), (30, 30), (15, 30), (14, 14), (7, 7), (2, 7), (1, 1), (0.5, 1), (0, 0), (-3, 0)]
)
def test_stages(days: float, stage: int | None) -> None:
    """At 30, 14, 7 and 1 days, and when it has ended."""
    found = warnings([Ending(Label("a", "b"), NOW + timedelta(days=days))], now=NOW)
    assert [each.stage for each in found] == ([] if stage is None else [stage])


def test_soonest_first() -> None:
    """Whatever the order they are asked in."""
    endings = [Ending(Label(str(days), str(days)), NOW + timedelta(days=days)) for days in (9, 2, 5)]
    assert [each.what.en for each in warnings(endings, now=NOW)] == ["2", "5", "9"]

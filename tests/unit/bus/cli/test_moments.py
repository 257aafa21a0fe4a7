"""A moment as people type it."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from bus.cli.moments import MOMENT, Moment

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("30m", NOW - timedelta(minutes=30)),
        (" 2h ", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("2026-11-30", datetime(2026, 11, 29, 17, 0, tzinfo=UTC)),
        ("2026-11-30T08:00", datetime(2026, 11, 30, 1, 0, tzinfo=UTC)),
        ("2026-11-30 08:00:30", datetime(2026, 11, 30, 1, 0, 30, tzinfo=UTC)),
        ("2026-11-30T08:00:00+00:00", NOW),
        ("2026-11-30T08:00:00Z", NOW),
        (NOW, NOW),
    ],
)
def test_what_is_meant(typed: object, meant: datetime) -> None:
    """Without a zone it is Việt Nam's clock; a number with a unit is so long ago."""
    assert Moment(lambda: NOW).convert(typed, None, None) == meant


@pytest.mark.parametrize("typed", ["", "yesterday", "30/11/2026", "3w", "999999d", "2026-02-30", "-5m"])
def test_what_is_none(typed: str) -> None:
    """It says which forms there are."""
    with pytest.raises(click.BadParameter, match="2026-11-30, 2026-11-30T08:00, 30m, 2h, 3d"):
        MOMENT.convert(typed, None, None)

"""Moments as people read them."""

from datetime import UTC, datetime

from schemas.clock import clock, local


def test_a_moment_is_told_in_viet_nam_with_its_zone() -> None:
    """Half past five in the afternoon in Greenwich is the next day there."""
    at = datetime(2026, 11, 22, 17, 30, 5, tzinfo=UTC)
    assert local(at) == "2026-11-23 00:30 +07"
    assert local(at, seconds=True) == "2026-11-23 00:30:05 +07"
    assert clock(at) == "2026-11-23 00:30:05"


def test_no_moment_is_too_late_or_too_early() -> None:
    """A message of a stranger says when it was made."""
    assert local(datetime.max.replace(tzinfo=UTC)) == "9999-12-31 23:59 +07"
    assert local(datetime.min.replace(tzinfo=UTC)).endswith("01-01 07:00 +07")

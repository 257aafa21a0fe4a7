"""bus/store/sql/times.py: times as integers."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.store.sql.times import from_micros, maybe_micros, maybe_moment, to_micros


@given(st.datetimes(timezones=st.timezones()), st.datetimes(timezones=st.timezones()))
def test_times_survive_and_sort(one: datetime, other: datetime) -> None:
    """Every time comes back to the microsecond, in UTC, and sorts as it did."""
    one, other = one.astimezone(UTC), other.astimezone(UTC)
    assert from_micros(to_micros(one)) == one
    assert (to_micros(one) < to_micros(other)) is (one < other)


def test_an_offset_is_minded() -> None:
    """The same moment, said elsewhere, is the same number."""
    there = datetime(1970, 1, 1, 7, 0, 0, 1, tzinfo=timezone(timedelta(hours=7)))
    assert to_micros(there) == 1


def test_a_time_without_an_offset_is_a_defect() -> None:
    """It could be anybody's clock."""
    with pytest.raises(TypeError):
        to_micros(datetime(2026, 1, 1))  # noqa: DTZ001 — that is the point


def test_no_time() -> None:
    """None stays None."""
    assert maybe_micros(None) is None
    assert maybe_moment(None) is None
    assert maybe_moment(maybe_micros(datetime(2026, 1, 1, tzinfo=UTC))) == datetime(2026, 1, 1, tzinfo=UTC)

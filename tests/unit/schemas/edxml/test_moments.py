"""Days and times as .NET, Java and databases write them: one form a row, and the moment that is meant."""

from datetime import UTC, date, datetime

import pytest

from schemas.edxml.moments import EMPTY, Moment, read_moment

DAY = date(2026, 11, 29)


def vn(hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A time of that day on the clock of Việt Nam, in UTC."""
    return datetime.fromisoformat(f"2026-11-29T{hour:02}:{minute:02}:{second:02}+07:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026/11/29", vn(0)),
        ("2026/11/29 10:00:00", vn(10)),
        ("20261129", vn(0)),
        # Hour 24: Java's kk counts from 1 to 24.
        ("2026/11/29 24:00:00", vn(0)),
        ("2026/11/29 24:05:00", vn(0, 5)),
        # 12 hours, in the words of vi-VN and of English.
        ("29/11/2026 3:04:05 CH", vn(15, 4, 5)),
        ("29/11/2026 3:04:05 SA", vn(3, 4, 5)),
        ("29/11/2026 12:00:00 SA", vn(0)),
        ("29/11/2026 12:00:00 CH", vn(12)),
        ("2026/11/29 03:04:05 PM", vn(15, 4, 5)),
        ("2026/11/29 3:04 ch", vn(15, 4)),
        ("2026/11/29 15:04:05 CH", vn(15, 4, 5)),
        ("29/11/2026 03:04:05 PM", vn(15, 4, 5)),
        ("11/29/2026 3:04:05 PM", vn(15, 4, 5)),
        # The time before the day: Java's DateFormat under vi.
        ("15:04:05 29/11/2026", vn(15, 4, 5)),
        ("15:04, 29/11/2026", vn(15, 4)),
        ("15:04:05 29-11-2026", vn(15, 4, 5)),
        ("15:04:05, 29 thg 11, 2026", vn(15, 4, 5)),
        # In words.
        ("Chủ Nhật, 29 tháng 11, 2026", vn(0)),
        ("Thứ Hai, 29 tháng 11, 2026 15:04:05", vn(15, 4, 5)),
        ("CN, 29 thg 11 2026", vn(0)),
        ("ngày 29 tháng 11 năm 2026", vn(0)),
        # Zones.
        ("2026/11/29 10:00:00 GMT+7", vn(10)),
        ("2026/11/29 10:00:00 GMT+07:00", vn(10)),
        ("2026/11/29 10:00:00 UTC+7", vn(10)),
        ("2026/11/29 10:00:00 ICT", vn(10)),
        ("2026/11/29 03:00:00 UTC", vn(10)),
        ("2026/11/29 03:00:00 GMT", vn(10)),
        ("2026-11-29T10:00:00+07", vn(10)),
        ("2026-11-29T10:00+07:00[Asia/Ho_Chi_Minh]", vn(10)),
        ("2026-11-29T00:00:00.0000000+07:00", vn(0)),
        ("2026-11-29T03:00:00.123456789Z", vn(10)),
        ("2026-11-28T22:00:00-0500", vn(10)),
        # A day of XML Schema may have a zone; it stays the day.
        ("2026-11-29+07:00", vn(0)),
        ("2026-11-29Z", vn(7)),
        ("2026-11-29+14:00", datetime(2026, 11, 28, 10, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read(written: str, at: datetime) -> None:
    """Each of these is written by software in use, and means one moment."""
    assert read_moment(written) == Moment(DAY, at)


@pytest.mark.parametrize(
    "written",
    [
        "05/11/2026 3:04:05 PM",  # May or November: en-US and en-GB are both in use
        "2026/11/29 15:04:05 SA",
        "2026/11/29 25:00:00",
        "2026/11/29 23:60:00",
        "2026/11/29 10:00:00 GMT+15",
        "2026/11/31",
        "2026/11-29",
        "11/29/2026",
        "30 tháng 2, 2026",
        "2026/11/29 lúc 10:00",
        "1764385445",
        "hôm nay",
    ],
)
def test_what_is_not_plain_is_not_read(written: str) -> None:
    """A day that does not exist, and one that may be another: nothing is guessed."""
    assert read_moment(written) is None


def test_the_same_day_and_month_in_any_order() -> None:
    """Where both orders give one day, nothing is guessed."""
    found = read_moment("11/11/2026 3:04:05 PM")
    assert isinstance(found, Moment)
    assert found.day == date(2026, 11, 11)


@pytest.mark.parametrize(
    "written",
    ["0001-01-01T00:00:00", "1/1/0001 12:00:00 SA", "1970-01-01T00:00:00Z", "1969-12-31T17:00:00Z", "0000-00-00",
     "1900-01-01", "9999-12-31T23:59:59.9999999+07:00", "01/01/0001 00:00:00"],
)  # fmt: skip
def test_an_empty_date_is_known(written: str) -> None:
    """DateTime.MinValue, the zeros of SQL Server, MySQL, Delphi and Unix, DateTime.MaxValue."""
    assert read_moment(written) is EMPTY

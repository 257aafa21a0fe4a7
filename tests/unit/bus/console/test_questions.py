from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from bus.console.questions import Moment, of_cursor, to_cursor
from bus.errors import BadQuery
from bus.ledger.queries.paging import Cursor
from bus.ledger.records import DocumentNumber

MOMENT = TypeAdapter[datetime](Moment)

READ = [
    ("2026-11-30", datetime(2026, 11, 29, 17, tzinfo=UTC)),
    ("2024-02-29", datetime(2024, 2, 28, 17, tzinfo=UTC)),
    ("2026-11-30T08:00:00+07:00", datetime(2026, 11, 30, 1, tzinfo=UTC)),
    ("2026-11-30t08:00:00.5z", datetime(2026, 11, 30, 8, 0, 0, 500_000, tzinfo=UTC)),
]


@pytest.mark.parametrize(("text", "moment"), READ)
def test_a_day_begins_in_viet_nam(text: str, moment: datetime) -> None:
    """A moment has its offset."""
    assert MOMENT.validate_python(text) == moment


@pytest.mark.parametrize(
    "text",
    ["", "today", "2026-02-29", "2026-1-1", "20261130", "2026-11-30T08:00:00", "2026-11-30 08:00:00Z", "1",
     "9999-12-31", "2026-11-30T25:00:00Z", "٢٠٢٦-11-30"],
)  # fmt: skip
def test_what_is_no_moment_is_refused(text: str) -> None:
    """Rather than guessed at."""
    with pytest.raises(ValidationError):
        MOMENT.validate_python(text)


def test_a_place_in_a_list_comes_back() -> None:
    """To the microsecond; one among those without a time, too."""
    at = datetime(2026, 11, 30, 8, 0, 0, 123_456, tzinfo=UTC)
    for cursor in (Cursor(at, DocumentNumber(7), "H49"), Cursor(None, DocumentNumber(7), "H49", "change"), None):
        assert to_cursor(of_cursor(cursor)) == cursor


@pytest.mark.parametrize("after", ["x", "WzEsMiwzLDRd"])
def test_what_is_no_place_is_refused(after: str) -> None:
    """A cursor of another list among them."""
    with pytest.raises(BadQuery):
        to_cursor(after)

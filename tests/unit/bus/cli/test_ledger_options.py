"""Words that the commands over a ledger share."""

from datetime import UTC, datetime, timedelta

import pytest

from bus.cli.ledger_options import LABELS, due_clock, number_of, span, standing_words
from bus.ledger.queries.wanted import Standing
from schemas.codes import Label
from schemas.docket import DocumentKey
from tests.contract.ledger_rows import document


@pytest.mark.parametrize(
    ("length", "told"),
    [
        (timedelta(), Label("0 phút", "0 minutes")),
        (timedelta(seconds=90), Label("1 phút", "1 minute")),
        (timedelta(hours=3, minutes=5), Label("3 giờ 5 phút", "3 hours 5 minutes")),
        (timedelta(days=1, minutes=59), Label("1 ngày 59 phút", "1 day 59 minutes")),
        (timedelta(days=9, hours=15, minutes=3), Label("9 ngày 15 giờ", "9 days 15 hours")),
    ],
)
def test_a_span(length: timedelta, told: Label) -> None:
    """The two largest units, in both languages."""
    assert span(length) == told


def test_each_standing_has_words() -> None:
    """A status with its code."""
    assert set(LABELS) == set(Standing)
    assert standing_words(Standing.ACCEPTED) == "03 Đã tiếp nhận / Accepted"
    assert standing_words(Standing.RECEIPTED) == "hộp thư đã nhận / receipted"


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (datetime(2026, 11, 30, 17, 0, tzinfo=UTC), "2026-11-30 24:00"),
        (datetime(2026, 11, 30, 16, 59, tzinfo=UTC), "2026-11-30 23:59"),
        (datetime(2026, 11, 30, 5, 0, tzinfo=UTC), "2026-11-30 12:00"),
    ],
)
def test_the_end_of_a_day(at: datetime, told: str) -> None:
    """Is that day's, however it is counted."""
    assert due_clock(at) == told


@pytest.mark.parametrize(
    ("number", "notation", "id_", "told"),
    [
        ("12", "QĐ-UBND", "x", "12/QĐ-UBND"),
        (None, None, "H49.06,2026/01/05,12/SA-VP", "12/SA-VP"),
        (None, None, "0f-1b", ""),
    ],
)
def test_a_number(number: str | None, notation: str | None, id_: str, told: str) -> None:
    """As its docket tells it, or as its id ends."""
    key = DocumentKey(issuer="H49", id=id_)
    assert number_of(document(1, "H49", "1/X", key=key, code_number=number, code_notation=notation)) == told

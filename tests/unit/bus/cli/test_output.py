"""How commands speak to people and to programs."""

import json
from datetime import UTC, date, datetime

import pytest

from bus.cli import output
from schemas.codes import StatusCode

MOMENT = datetime(2026, 11, 22, 17, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        (None, ""),
        (MOMENT, "2026-11-23 00:30:05"),
        (date(2026, 11, 22), "2026-11-22"),
        (StatusCode.DONE, "06"),
        (0, "0"),
        ("[mật]", "[mật]"),
    ],
)
def test_a_cell_is_text(cell: object, read: str) -> None:
    """Times on the clock of Việt Nam; nothing for None, but 0 for 0."""
    assert output.text(cell) == read


def test_json_keeps_letters_and_offsets(capsys: pytest.CaptureFixture[str]) -> None:
    """Vietnamese as it is written, times in ISO 8601 with their offset, what JSON does not know as text."""
    output.emit_json({"tên": "Sở Nội vụ", "at": MOMENT, "on": date(2026, 11, 22), "code": StatusCode.DONE})
    said = capsys.readouterr().out
    assert "Sở Nội vụ" in said
    assert json.loads(said) == {
        "tên": "Sở Nội vụ",
        "at": "2026-11-22T17:30:05+00:00",
        "on": "2026-11-22",
        "code": "06",
    }


def test_fields_stand_under_one_another(capsys: pytest.CaptureFixture[str]) -> None:
    """Names as wide as the longest; of nothing, nothing."""
    output.emit_fields({"a": 1, "longer": MOMENT})
    output.emit_fields({})
    assert capsys.readouterr().out == "a       1\nlonger  2026-11-23 00:30:05\n"

"""A terminal that is no UTF-8 shows letters without marks and ends no command."""

import io
import sys

import pytest

from bus.cli.terminal import write_anywhere


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "✓ Đã gửi: Nguyễn Thị Hồng → “H49” … 𝐀 漢"),
        ("iso8859-1", 'OK Dã gui: Nguyen Thi Hong -> "H49" ... A ?'),
        ("ascii", 'OK Da gui: Nguyen Thi Hong -> "H49" ... A ?'),
        ("cp1258", None),
    ],
)
def test_every_text_can_be_written(monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str | None) -> None:
    """In any encoding; what the encoding has stays as it is."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding, errors="strict"))
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    write_anywhere()
    sys.stdout.write("✓ Đã gửi: Nguyễn Thị Hồng → “H49” … 𝐀 漢")
    sys.stdout.flush()
    said = written.getvalue().decode(encoding)
    assert shown in (None, said)


def test_a_mark_without_a_letter_goes() -> None:
    """Nothing stands for a combining mark that the encoding lacks."""
    assert "Hô\u0300".encode("iso8859-1", "lienthong.nearest") == b"H\xf4"


def test_bytes_that_are_no_text_are_still_an_error() -> None:
    """It is for writing only."""
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", "lienthong.nearest")

"""The bytes of a file as XML in UTF-8, piece by piece; test_xml.py has the bytes around the XML."""

import io

import pytest

from schemas.edxml import PackageRefused
from schemas.edxml.encoding import PIECE, document
from schemas.edxml.report import Report

LONG = "<a>" + "ừ" * PIECE + "</a>"
"""A text with letters of three bytes at the ends of pieces."""


def text(data: bytes, size: int | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
    report, passed = Report(), bytearray()
    pieces = document(io.BytesIO(data), len(data) if size is None else size, report, on_piece=passed.extend)
    read = b"".join(pieces).decode()
    return read, [(entry.rule, entry.found) for entry in report.entries()], bytes(passed)


@pytest.mark.parametrize(
    ("data", "rules"),
    [
        (LONG.encode(), []),
        (LONG.encode("utf-8-sig"), [("byte-order-mark", "")]),
        (LONG.encode("utf-16"), [("encoding", "utf-16-le")]),
        (LONG.encode("utf-16-be"), [("encoding", "utf-16-be")]),
        (LONG.encode("utf-32"), [("encoding", "utf-32-le")]),
        (b" " * PIECE * 2 + LONG.encode(), []),
        (b"?" * PIECE * 2 + LONG.encode(), [("stray-before", f"{2 * PIECE}")]),
    ],
)
def test_a_letter_is_whole_wherever_a_piece_ends(data: bytes, rules: list[tuple[str, str]]) -> None:
    """No letter is cut at the end of a piece, and every byte of the file is passed on once, unchanged."""
    assert text(data) == (LONG, rules, data)


def test_a_legacy_declaration_is_believed_of_long_files_too() -> None:
    """A legacy encoding is used only if the bytes are not UTF-8; one byte far behind decides it."""
    start = '<?xml version="1.0" encoding="windows-1252"?>'
    data = (start + "<a>" + "x" * PIECE * 2).encode()
    assert text(data + b"\xe9</a>")[0].endswith("x\u00e9</a>")
    assert text(data + "\u00e9</a>".encode())[1] == [("encoding", "windows-1252, UTF-8")]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (("<a>" + "x" * PIECE).encode("utf-16") + b"\x00\xd8x\0", f"utf-16-le, byte {2 * PIECE + 8}"),
        (("<a>" + "x" * PIECE).encode("utf-16") + b"x", f"utf-16-le, byte {2 * PIECE + 8}"),
    ],
)
def test_which_byte_is_wrong_is_said(data: bytes, found: str) -> None:
    """The refusal gives the offset of the wrong byte in the file, before anything is parsed."""
    with pytest.raises(PackageRefused, match=found):
        text(data)


@pytest.mark.parametrize(("data", "rule"), [(b" " * PIECE * 2, "empty"), (b"?" * PIECE * 2, "not-xml")])
def test_no_xml_at_all(data: bytes, rule: str) -> None:
    """A file without XML is refused, however long it is."""
    with pytest.raises(PackageRefused) as refused:
        text(data)
    assert refused.value.rule == rule


def test_a_file_that_grows_is_read_to_where_it_ended() -> None:
    """A writer that never stops does not keep the reader busy for ever."""
    assert text(b"<a></a>" + b"x" * 9, 7)[0] == "<a></a>"

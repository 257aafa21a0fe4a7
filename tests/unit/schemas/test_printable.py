"""Texts of strangers on a line, in a cell, in JSON: what steers a terminal is shown, everything else stays."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.printable import cell, json_text, printable

texts = st.text(st.characters(exclude_categories=()))
"""Any characters, halves of surrogate pairs among them."""
SHOWN_AS_SIGNS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Sở Nội vụ, 12/QĐ-UBND", "Sở Nội vụ, 12/QĐ-UBND"),
        ("kiê\u0309m tra", "kiê\u0309m tra"),  # decomposed
        ("7816\u00a0/VPCP\u3000", "7816\u00a0/VPCP\u3000"),
        ("😀 漢字", "😀 漢字"),
        ("a\nb", "a⏎b"),
        ("a\r\nb\tc", "a<U+000D>⏎b<U+0009>c"),
        ("\x1b[2J\x9b31m\x7f", "<U+001B>[2J<U+009B>31m<U+007F>"),
        ("\x1b]8;;http://x\x1b\\link", "<U+001B>]8;;http://x<U+001B>\\link"),
        ("fdp.\u202eexe\u2066\u200f", "fdp.<U+202E>exe<U+2066><U+200F>"),
        ("\u2028\u2029\u0085", "<U+2028><U+2029><U+0085>"),
        ("\u200b\ufeff\u00ad", "<U+200B><U+FEFF><U+00AD>"),
        ("\ud800\udcff\ue000\uffff", "<U+D800><U+DCFF><U+E000><U+FFFF>"),
        ("\U000e0041", "<U+E0041>"),
    ],
)
def test_what_is_not_printable_is_a_sign(text: str, shown: str) -> None:
    """Line breaks, controls, marks of direction, invisible characters, no characters at all; marks on letters stay."""
    assert printable(text) == shown


@given(texts)
def test_a_text_is_one_line_of_characters_that_do_nothing(text: str) -> None:
    """Whatever the text; and it can be written to any file."""
    shown = printable(text)
    assert not {unicodedata.category(letter) for letter in shown} & SHOWN_AS_SIGNS
    assert len(shown.splitlines()) <= 1
    assert printable(shown) == shown
    shown.encode("utf-8")


@given(texts, st.sampled_from([None, 2]))
def test_json_reads_back_equal(text: str, indent: int | None) -> None:
    """What people would not see is escaped as JSON does it: a program finds the very same text."""
    value = {text: [text, None, 1.5]}
    written = json_text(value, indent=indent)
    assert json.loads(written) == value
    shown = {unicodedata.category(letter) for letter in written.replace("\n", "")}
    assert not shown & SHOWN_AS_SIGNS
    assert indent or "\n" not in written


def test_json_keeps_letters() -> None:
    """Vietnamese as it is written; what JSON does not know as text."""
    assert json_text({"tên": "Sở\u202e\U000e0041", "at": 1j}) == '{"tên": "Sở\\u202e\\udb40\\udc41", "at": "1j"}'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("+84 24", "'+84 24"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1", "'＝1"),
        ('"=1"', '\'"=1"'),
        ("lý do,=1;=2", "lý do,'=1;'=2"),
        ("\t=1", "<U+0009>=1"),
        ("\r=1", "<U+000D>=1"),
        ("ban hành nhầm - thu hồi", "ban hành nhầm - thu hồi"),
        ("12/QĐ=UBND", "12/QĐ=UBND"),
        ("", ""),
    ],
)
def test_a_cell_is_no_formula(text: str, shown: str) -> None:
    """An apostrophe makes it a text; also behind what a spreadsheet may take for a separator."""
    assert cell(text) == shown

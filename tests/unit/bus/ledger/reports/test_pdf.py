"""bus/ledger/reports/pdf.py"""

import re
import zlib
from dataclasses import replace
from datetime import timedelta

import pytest

from bus.ledger.reports.pdf import DRAWN, drawable, pdf
from bus.ledger.reports.sections import Language
from tests.unit.bus.ledger.reports.sample import AT, NAMES, report


def plain(made: bytes) -> bytes:
    """With its streams unpacked."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", made, re.DOTALL)
    return made + b"".join(_unpacked(each) for each in streams)


def _unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def test_it_is_tagged() -> None:
    """PDF/UA-1, with a title, a language, and the tags of tables and headings, for who has it read out."""
    made = plain(pdf(report()))
    assert made.startswith(b"%PDF-1.7")
    for part in (b"pdfuaid:part>1<", b"/StructTreeRoot", b"/Lang(vi-VN)", b"/TH", b"/TR", b"/H1"):
        assert part in made, part
    assert "Báo cáo quý về gửi, nhận văn bản điện tử".encode() in made


def test_the_same_report_is_the_same_bytes() -> None:
    """But for its stated time, which is inside, too."""
    assert pdf(report()) == pdf(report())
    assert pdf(report()) != pdf(replace(report(), made_at=AT + timedelta(minutes=1)))


@pytest.mark.parametrize("name", ['#panic("x")', "$x$ *b* _i_ @a <b> \\ ]", "Ủy ban\u200b nhân dân"])
def test_a_name_is_text(name: str) -> None:
    """Whatever is in it: nothing in it is taken for a command of the layout."""
    assert pdf(report(names={**NAMES, "H49": name})).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("U\u0309y ban nh\u00e2n d\u00e2n", "\u1ee6y ban nh\u00e2n d\u00e2n"),
        ("Sở\u200b Nội\u00a0vụ\ufeff", "Sở Nội vụ"),
        ("漢字 🙂 \x00\n\u202e العربية", "?? ? ??? ???????"),
    ],
)
def test_letters_that_the_font_lacks(name: str, drawn: str) -> None:
    """Become question marks: a report is made whatever an agency is called."""
    assert drawable(name) == drawn
    assert pdf(report(names={**NAMES, "H49": name})).startswith(b"%PDF")


def test_every_letter_that_is_kept_is_drawn() -> None:
    """All that the ranges name, in one name."""
    letters = "".join(f"a{letter} " for letter in map(chr, range(0x20, 0x2300)) if re.match(f"[{DRAWN}]", letter))
    assert pdf(report(names={**NAMES, "H49": letters})).startswith(b"%PDF")


def test_many_agencies() -> None:
    """Every page of a long table begins with its head."""
    made = report()
    units = {f"H{number:04}": made.units["H49"] for number in range(600)}
    assert pdf(replace(made, units=units), language=Language.EN).startswith(b"%PDF")

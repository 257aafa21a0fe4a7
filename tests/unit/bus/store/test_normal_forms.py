"""bus/store/normal_forms.py: under which form things are found again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.ports.records import SubmissionKey
from bus.store.normal_forms import (
    bare,
    code_form,
    document_form,
    has_number,
    has_part,
    like,
    submission_key,
    submission_text,
)
from schemas.codes import Kind

FORM = "000.00.00.g22,2015/09/30,7816/vpcp-ttđt"


@pytest.mark.parametrize(
    ("document", "form"),
    [
        ("000.00.00.G22,2015/09/30,7816/VPCP-TTĐT", FORM),
        ("000.00.00.G22,2015-09-30,7816/VPCP-TTĐT", FORM),
        (" 000.00.00.g22,2015-09-30,7816/vpcp-tt\u00d0t\u200b", FORM),
        ("H49-2026-1-2", "h49-2026/1/2"),
        ("12026-01-05", "12026-01-05"),
        ("0190b6f4-7c3e-7abc-8def-2026-01-051", "0190b6f4-7c3e-7abc-8def-2026-01-051"),
        ("Q. 1  -  2", "q. 1 - 2"),
    ],
)
def test_document_form(document: str, form: str) -> None:
    """Case, Unicode form, spaces and the strokes of a date make no difference; everything else does."""
    assert document_form(document) == form
    assert document_form(form) == form


def test_code_form() -> None:
    """People put spaces about the stroke of a number, or leave them out."""
    assert code_form("7816 / VPCP-TTĐT") == code_form("7816/vpcp-ttđt") == "7816/vpcp-ttđt"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(str.strip).filter(bool))
def test_a_key_survives_its_text(document: str) -> None:
    """Whatever the document id holds, the key read back is the key."""
    key = SubmissionKey(Kind.STATUS, "H49.06", document, "13", "0" * 64)
    assert submission_key(submission_text(key)) == key


@pytest.mark.parametrize(
    ("form", "letters"), [("7816/vpcp-ttđt", "7816/vpcp-ttdt"), ("số lưỡng ký", "so luong ky"), ("", "")]
)
def test_bare(form: str, letters: str) -> None:
    """Without the marks of Vietnamese letters."""
    assert bare(form) == letters


@pytest.mark.parametrize(("form", "pattern"), [("12/vp-đt", "12/vp-_t"), ("100%_a\\", "100\\%\\__\\\\"), ("ủy", "__")])
def test_like(form: str, pattern: str) -> None:
    """A letter that may have marks is any letter; signs of SQL are themselves."""
    assert like(form) == pattern


@pytest.mark.parametrize(
    ("part", "found"), [("12/VPCP", True), ("vpcp-ttdt", True), ("99", False), ("78 / ub", True), ("ubnd/78", False)]
)
def test_a_part_of_a_name(part: str, found: bool) -> None:
    """Of the id, or of number and notation."""
    assert has_part(part, document="g22,2026/11/22,12/vpcp-ttđt", code="78/ubnd") is found
    assert has_part("ubnd", document="g22,2026/11/22,12/vpcp-ttđt", code=None) is False


@pytest.mark.parametrize(
    ("number", "code", "found"),
    [
        ("78", "78/ubnd", True),
        ("78/UBND", "78/ubnd", True),
        ("7", "78/ubnd", False),
        ("12", "78/ubnd", False),
        ("12", None, True),
        ("12 / VPCP-TTĐT", None, True),
        ("2", None, False),
    ],
)
def test_a_number(number: str, code: str | None, found: bool) -> None:
    """Whole; where nobody has said it, as the id ends."""
    assert has_number(number, document="g22,2026/11/22,12/vpcp - ttđt", code=code) is found

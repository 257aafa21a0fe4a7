"""bus/store/forms.py: under which form things are found again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.records import SubmissionKey
from bus.store.forms import code_form, document_form, submission_key, submission_text
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

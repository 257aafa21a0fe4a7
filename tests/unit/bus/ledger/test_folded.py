"""Search texts: what people type without marks finds what others wrote with them."""

import pytest

from bus.ledger.folded import fold, fold_code


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("12/QĐ-UBND", "12/qd-ubnd"),
        ("12 / qđ-ubnd", "12/qd-ubnd"),
        ("12/QÐ-UBND", "12/qd-ubnd"),  # an Icelandic Ð typed for Đ
        ("Đường  Nẵng\u200b", "duong nang"),
        ("Nẵng", "nang"),  # decomposed
        ("H49.06,2026-1-05,12/SA-VP", "h49.06,2026/1/05,12/sa-vp"),
        ("", ""),
    ],
)
def test_spellings_of_one_text_are_one(text: str, folded: str) -> None:
    """Marks, case, spaces, and dashes or slashes within a date."""
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("number", "notation", "document", "folded"),
    [
        ("12", "QĐ-UBND", "x", "12/qd-ubnd"),
        ("12", None, "x", "12"),
        (None, None, "H49.06,2026/01/05,12/SA-VP", "12/sa-vp"),
        (None, None, "0f-1b", None),
        (None, None, "2026/01/05", "2026/01/05"),
        (None, None, "vp/12", None),
    ],
)
def test_a_docket_of_version_1_tells_the_number_by_its_id(
    number: str | None, notation: str | None, document: str, folded: str | None
) -> None:
    """Where the id ends as those of QCVN 102:2016 do; of an opaque id nothing is made up."""
    assert fold_code(number, notation, document=document) == folded

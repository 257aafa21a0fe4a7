"""The code lists are those of the standard, each with its name in two languages."""

from enum import EnumMeta
from typing import Any

import pytest

from schemas.codes import (
    DOCUMENT_TYPES,
    BusinessType,
    DocumentGroup,
    Label,
    Priority,
    ReceiverChange,
    StatusCode,
    SteeringType,
    document_type_by_name,
)


@pytest.mark.parametrize(
    ("listed", "codes"),
    [
        (StatusCode, ["01", "02", "03", "04", "05", "06", "13", "15", "16"]),
        (BusinessType, [0, 1, 2, 3]),
        (Priority, [0, 1, 2, 3, 4]),
        (SteeringType, [0, 1, 2]),
        (ReceiverChange, [0, 1]),
        (DocumentGroup, [1, 2]),
    ],
)
def test_the_codes_of_a_list(listed: EnumMeta, codes: list[object]) -> None:
    """A list has exactly these codes, in this order, each with its label."""
    members = list[Any](listed)
    assert [member.value for member in members] == codes
    assert all(isinstance(member.label, Label) and member.label.vi and member.label.en for member in members)
    assert len({member.label.vi for member in members}) == len(members)


def test_the_types_of_documents() -> None:
    """13 legal and 32 administrative, numbered from 1 without a gap."""
    assert [number for group, number in DOCUMENT_TYPES if group is DocumentGroup.LEGAL] == list(range(1, 14))
    assert [number for group, number in DOCUMENT_TYPES if group is DocumentGroup.ADMINISTRATIVE] == list(range(1, 33))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Công văn", (DocumentGroup.ADMINISTRATIVE, 18)),
        ("CÔNG  VĂN", (DocumentGroup.ADMINISTRATIVE, 18)),
        ("Thư công", (DocumentGroup.ADMINISTRATIVE, 32)),
        ("Nghị quyết", (DocumentGroup.LEGAL, 5)),
        ("Nghị quyết (cá biệt)", (DocumentGroup.ADMINISTRATIVE, 1)),
        ("Phiếu báo", None),
    ],
)
def test_a_type_by_name(name: str, key: tuple[DocumentGroup, int] | None) -> None:
    """A type is found by its name as people write it; an unlisted name has no number."""
    assert document_type_by_name(name) == key

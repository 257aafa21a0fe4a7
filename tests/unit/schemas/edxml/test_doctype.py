"""Type, TypeDetail and TypeName: three conventions of writing them, one list."""

import pytest

from schemas.codes import DOCUMENT_TYPES, DocumentGroup
from schemas.document import Document, DocumentType
from schemas.edxml import PackageRefused, read
from schemas.edxml.doctype import listed
from tests.packages import DOCUMENT, spoiled

WRITTEN = DOCUMENT[DOCUMENT.index("<edXML:Type>") : DOCUMENT.index("</edXML:DocumentType>")]


def judged(kind: str, detail: str, name: str) -> tuple[DocumentType, list[tuple[str, str]]]:
    parts = (("Type", kind), ("TypeDetail", detail), ("TypeName", name))
    written = "".join(f"<edXML:{element}>{text}</edXML:{element}>" for element, text in parts if text)
    package = read(spoiled(DOCUMENT, (WRITTEN, written)))
    assert isinstance(package.item, Document)
    return package.item.type, [
        (entry.rule, entry.found) for entry in package.report if entry.rule != "signature-absent"
    ]


@pytest.mark.parametrize(
    ("kind", "detail", "name", "entry", "departures"),
    [
        ("2", "18", "Công văn", (2, 18), []),
        ("2", "", "công  VĂN", (2, 18), []),
        ("2", "-1", "Công văn", (2, 18), []),
        ("", "", "Công văn", (2, 18), []),
        ("1", "0", "Công văn", (2, 18), [("type-code", "1/0")]),
        ("18", "0", "Công văn", (2, 18), [("type-code", "18/0")]),
        ("18", "", "Công văn", (2, 18), [("type-code", "18/—")]),
        ("1", "", "Thông tư", (1, 9), []),
        ("2", "2", "Quyết định", (2, 2), []),
        ("2", "", "Quyết định", (2, 2), []),
        ("1", "8", "Quyết định", (1, 8), []),
        ("", "", "Quyết định", (1, 8), []),
        ("2", "2", "Quyết định (cá biệt)", (2, 2), []),
        ("2", "14", "Báo cáo tuần", (2, 14), []),
        ("18", "0", "Công văn hỏa tốc", (2, 18), [("type-code", "18/0")]),
        ("2", "77", "Phiếu báo", None, [("type-unlisted", "Phiếu báo")]),
        ("3", "4", "Phiếu báo", None, [("type-unlisted", "Phiếu báo")]),
        ("2", "", "Phiếu báo", None, [("type-unlisted", "Phiếu báo")]),
        ("2", "18", "", (2, 18), [("type-named", "Công văn")]),
        ("18", "", "", (2, 18), [("type-named", "Công văn")]),
    ],
)
def test_a_type(
    kind: str, detail: str, name: str, entry: tuple[int, int] | None, departures: list[tuple[str, str]]
) -> None:
    """The name decides, the numbers help where a name stands in both groups or on no list."""
    found, report = judged(kind, detail, name)
    assert (found.group and (int(found.group), found.number)) == entry
    assert found.name == name or not name
    assert report == departures


@pytest.mark.parametrize(("kind", "detail"), [("", ""), ("2", ""), ("2", "77"), ("1", "-1")])
def test_a_type_that_nobody_can_name_is_refused(kind: str, detail: str) -> None:
    """Receivers go by the name: a package must have one, or a number on the list."""
    with pytest.raises(PackageRefused, match="TypeName"):
        judged(kind, detail, "")


@pytest.mark.parametrize("key", sorted(DOCUMENT_TYPES))
def test_every_entry_of_the_list_is_its_own(key: tuple[DocumentGroup, int]) -> None:
    """Written with its numbers and name, an entry is read as itself."""
    assert listed(DOCUMENT_TYPES[key].vi, int(key[0]), key[1]) == key

"""References and attachments find each other: by ContentId, by name, by position."""

import base64

import pytest

from schemas.document import Document
from schemas.edxml import PackageRefused, read
from tests.packages import ATTACHMENT, DOCUMENT, REFERENCE, spoiled


def reference(cid: str, name: str, description: str) -> str:
    return REFERENCE.replace("cid:one", cid).replace("12-SA.pdf", name).replace("Bản chính", description)


def attachment(cid: str, name: str, content: bytes = b"%PDF- %%EOF") -> str:
    start, end = ATTACHMENT.index('2016">') + len('2016">'), ATTACHMENT.index("</edXML:ContentT")
    spoilt = ATTACHMENT.replace(ATTACHMENT[start:end], base64.b64encode(content).decode())
    return spoilt.replace("cid:one", cid).replace("12-SA.pdf", name)


def package(references: list[str], attachments: list[str], *changes: tuple[str, str]) -> bytes:
    return spoiled(DOCUMENT, (REFERENCE, "".join(references)), (ATTACHMENT, "".join(attachments)), *changes)


def judged(data: bytes) -> tuple[list[tuple[str | None, str, str | None]], list[tuple[str, str]]]:
    result = read(data)
    assert isinstance(result.item, Document)
    return (
        [(each.content_id, each.name, each.description) for each in result.item.attachments],
        [(entry.rule, entry.found) for entry in result.report if entry.rule != "signature-absent"],
    )


A, B = reference("cid:1", "a.pdf", "A"), reference("cid:2", "b.pdf", "B")


@pytest.mark.parametrize(
    ("references", "attachments", "files", "departures"),
    [
        ([A, B], [attachment("cid:1", "a.pdf"), attachment("cid:2", "b.pdf")],
         [("1", "a.pdf", "A"), ("2", "b.pdf", "B")], []),
        ([B, A], [attachment("1", "a.pdf"), attachment("CID: 2", "b.pdf")],
         [("1", "a.pdf", "A"), ("2", "b.pdf", "B")], []),
        ([A, B], [attachment("cid:2", "khác.pdf"), attachment("cid:9", "a.pdf")],
         [("2", "khác.pdf", "B"), ("9", "a.pdf", "A")], [("joined-by-name", "a.pdf")]),
        ([A, B], [attachment("", "b.pdf"), attachment("", "a.pdf")],
         [("2", "b.pdf", "B"), ("1", "a.pdf", "A")], [("joined-by-name", "b.pdf"), ("joined-by-name", "a.pdf")]),
        ([A, B], [attachment("8", "x.pdf"), attachment("9", "")],
         [("8", "x.pdf", "A"), ("9", "b.pdf", "B")], [("joined-by-position", "x.pdf"), ("joined-by-position", "9")]),
        ([A, A], [attachment("cid:1", "a.pdf"), attachment("cid:1", "a.pdf")],
         [("1", "a.pdf", "A"), ("1", "a.pdf", "A")], []),
        ([A], [attachment("cid:1", "a.pdf"), attachment("", "")],
         [("1", "a.pdf", "A"), (None, "tep-dinh-kem-2", None)],
         [("not-in-manifest", "?"), ("name-missing", "tep-dinh-kem-2")]),
        ([reference("", "", "A"), B], [attachment("2", "b.pdf"), attachment("", "")],
         [("2", "b.pdf", "B"), (None, "tep-dinh-kem-2", "A")],
         [("joined-by-position", "?"), ("name-missing", "tep-dinh-kem-2")]),
        ([], [attachment("cid:1", "a.pdf")], [("1", "a.pdf", None)], [("manifest-missing", "")]),
    ],
)  # fmt: skip
def test_files_are_joined(
    references: list[str],
    attachments: list[str],
    files: list[tuple[str | None, str, str | None]],
    departures: list[tuple[str, str]],
) -> None:
    """Files keep the order in which their content stands; what the manifest alone knows is added."""
    assert judged(package(references, attachments)) == (files, departures)


def test_an_id_of_nothing_but_the_scheme_is_none() -> None:
    """`cid:` alone names no file."""
    assert judged(package([A], [attachment("cid:", "a.pdf")]))[0] == [("1", "a.pdf", "A")]


def test_a_file_that_is_only_promised_is_refused() -> None:
    """A document that arrives without one of its files would be incomplete, and nobody would know."""
    with pytest.raises(PackageRefused) as refused:
        read(package([A, B], [attachment("cid:1", "a.pdf")]))
    assert (refused.value.rule, refused.value.found) == ("attachment-missing", "b.pdf")


def test_a_revocation_need_not_carry_its_files() -> None:
    """What is taken away need not be sent again."""
    revocation = ("<edXML:BussinessDocType>0<", "<edXML:BussinessDocType>1<")
    assert judged(package([A, B], [], revocation)) == ([], [("not-carried", "a.pdf"), ("not-carried", "b.pdf")])

"""The canonical package: what is read back is what was written, and strict readers find what they insist on."""

import base64
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from schemas.agency import Party
from schemas.codes import BusinessType, DocumentGroup, StatusCode
from schemas.document import Attachment, Business, Document, DocumentNumber, DocumentType
from schemas.edxml import read, with_content_ids, write, write_pieces
from schemas.status import Concerned, Status
from tests.packages import read_both
from tests.strategies import documents, statuses

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"


def document(**fields: object) -> Document:
    return Document.model_validate(
        {
            "id": "H49.06,2026/01/05,12/SA-VP",
            "sender": Party(code="H49.06", name="Sở A"),
            "recipients": (Party(code="G22"),),
            "number": DocumentNumber(number="12", notation="SA-VP"),
            "issued_on": date(2026, 1, 5),
            "type": DocumentType(name="Công văn", group=DocumentGroup.ADMINISTRATIVE, number=18),
            "subject": "V/v kiểm tra",
            **fields,
        }
    )


def status(**fields: object) -> Status:
    return Status.model_validate(
        {
            "code": StatusCode.ACCEPTED,
            "sender": Party(code="G22"),
            "concerns": Concerned(agency="H49.06", document_id="1", code="12/SA-VP", issued_on=date(2026, 1, 5)),
            "at": datetime(2026, 1, 5, 2, 30, tzinfo=UTC),
            **fields,
        }
    )


@settings(max_examples=150, deadline=None)
@given(documents())
def test_a_document_survives_the_journey(item: Document) -> None:
    """What was written is read back whole, and written again it is the same to the byte."""
    package = write(item)
    assert read_both(package).item == item
    assert write(read(package).item) == package


class _Elsewhere:
    """Bytes that are not in the document."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def pieces(self, size: int) -> Iterator[bytes]:
        return (self._content[at : at + size] for at in range(0, len(self._content), size))


@settings(max_examples=50, deadline=None)
@given(documents())
def test_it_does_not_matter_where_the_files_lie(item: Document) -> None:
    """From sources, piece by piece, the package is the same to the byte."""
    away = tuple(
        each.model_copy(update={"content": b"", "source": _Elsewhere(each.content)}) for each in item.attachments
    )
    pieces = list(write_pieces(item.model_copy(update={"attachments": away})))
    assert b"".join(pieces) == write(item)


@settings(max_examples=150, deadline=None)
@given(statuses())
def test_a_status_survives_the_journey(item: Status) -> None:
    """What was written is read back whole, and written again it is the same to the byte."""
    package = write(item)
    assert read_both(package).item == item
    assert write(read(package).item) == package


@settings(max_examples=25, deadline=None)
@given(documents())
def test_missing_content_ids_are_made_up_once(item: Document) -> None:
    """What lacked an id comes back with the one that `with_content_ids` says, always the same."""
    bare = item.model_copy(
        update={"attachments": tuple(each.model_copy(update={"content_id": None}) for each in item.attachments)}
    )
    assert read(write(bare)).item == with_content_ids(bare)
    assert len({each.content_id for each in with_content_ids(bare).attachments}) == len(bare.attachments)


def test_elements_stand_in_the_order_of_the_java_sdk() -> None:
    """Readers without a schema of their own count on the order that everybody writes."""
    package = write(document(due_on=date(2026, 1, 20), summary="x", attachments=(Attachment.of("a.pdf", b"%PDF"),)))
    message = package[package.index(b"<edXML:MessageHeader>") : package.index(b"</edXML:MessageHeader>")]
    first_level = re.findall(rb"\n {8}<edXML:(\w+)>", message)
    assert [name.decode() for name in first_level] == [
        *("From", "To", "DocumentId", "Code", "PromulgationInfo", "DocumentType", "Subject", "Content", "DueDate"),
        "OtherInfo",
    ]


def test_prefixes_stand_exactly_where_strict_readers_want_them() -> None:
    """The envelope's children carry the prefix, the root and the attachments do not, the content does again."""
    package = write(document(attachments=(Attachment.of("a.pdf", b"%PDF", content_id="7"),))).decode()
    assert package.startswith(
        f'<?xml version="1.0" encoding="UTF-8"?>\r\n<edXML xmlns="{NAMESPACE}">\r\n'
        f'  <edXML:edXMLEnvelope xmlns:edXML="{NAMESPACE}">\r\n    <edXML:edXMLHeader>\r\n'
    )
    assert "<edXML:ContentId>cid:7</edXML:ContentId>" in package
    assert "    <Attachment>\r\n      <ContentId>cid:7</ContentId>" in package
    assert f'<edXML:ContentTransferEncoded xmlns:edXML="{NAMESPACE}">JVBERg==</edXML:Content' in package
    assert package.endswith("  </AttachmentEncoded>\r\n</edXML>\r\n")


@pytest.mark.parametrize("item", [document(), status(), document(attachments=(Attachment.of("a.xlsx", b"PK"),))])
def test_any_xml_library_reads_it(item: Document | Status) -> None:
    """What is written is well-formed XML with namespaces, in the namespace of QCVN 102 throughout."""
    root = ElementTree.fromstring(write(item))
    assert {element.tag.rpartition("}")[0] for element in root.iter()} == {"{" + NAMESPACE}


def test_no_integer_element_is_ever_empty() -> None:
    """The Java SDK fails on an empty integer: absent numbers are left out, an absent group is its own default 2."""
    package = write(document(type=DocumentType(name="Phiếu báo")))
    assert b"<edXML:Type>2</edXML:Type>" in package
    assert not re.search(rb"<[^>]*(Amount|TypeDetail|SteeringType|Paper)>", package)
    assert b"/>" not in package


def test_a_new_document_says_so() -> None:
    """Bussiness is written even where the standard lets it be absent."""
    assert b"<edXML:BussinessDocType>0</edXML:BussinessDocType>" in write(document())


def test_a_carriage_return_survives() -> None:
    """XML readers turn a bare carriage return into a line feed; written as a character reference it stays."""
    item = document(subject="dòng 1\r\ndòng 2 & <3> ]]>")
    assert b"&#13;\nd" in write(item)
    assert read(write(item)).item == item


@pytest.mark.parametrize(
    ("name", "content", "said", "raw"),
    [
        ("a.pdf", b"%PDF", "application/pdf", True),
        ("a.PDF", b"%PDF", "application/pdf", True),
        ("a.doc", b"\xd0\xcf", "application/doc", True),
        ("a.docx", b"PK\x03\x04", "application/docx", True),
        ("a.zip", b"PK\x03\x04", "application/zip", True),
        ("a.xlsx", b"PK\x03\x04", "application/zip", False),
        ("a.jpg", b"\xff\xd8", "application/zip", False),
        ("không đuôi", b"1", "application/zip", False),
    ],
)
def test_files_are_packed_as_the_java_sdk_packs_them(name: str, content: bytes, said: str, raw: bool) -> None:
    """pdf, doc, docx and zip travel as they are, all others in a ZIP; manifest and attachment say the same type."""
    root = ElementTree.fromstring(write(document(attachments=(Attachment.of(name, content),))))
    kinds = [element.text for element in root.iter(f"{{{NAMESPACE}}}ContentType")]
    assert kinds == [said, said]
    encoded = next(root.iter(f"{{{NAMESPACE}}}ContentTransferEncoded")).text
    carried = base64.b64decode(encoded or "")
    if raw:
        assert carried == content
        return
    with zipfile.ZipFile(io.BytesIO(carried)) as archive:
        (entry,) = archive.infolist()
        assert archive.read(entry) == content
        assert re.fullmatch(r"[0-9a-f-]{36}(\.(xlsx|jpg))?", entry.filename)


def test_a_zip_of_one_file_named_pdf_is_not_mistaken_for_a_wrapper() -> None:
    """Bytes that a reader would unwrap are wrapped once more: what arrives is what was sent."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("x.pdf", b"%PDF")
    item = with_content_ids(document(attachments=(Attachment.of("a.pdf", target.getvalue()),)))
    assert read(write(item)).item == item


def test_a_name_that_is_a_path_is_cut() -> None:
    """No receiver is sent a file name that leads elsewhere."""
    package = write(document(attachments=(Attachment.of("..\\..\\a.pdf", b"%PDF"), Attachment.of("../", b""))))
    assert re.findall(rb"<AttachmentName>(.*?)<", package) == [b"a.pdf", b"tep-dinh-kem-2"]


def test_writing_is_a_function() -> None:
    """The same document gives the same bytes, in any process on any day."""
    item = document(attachments=(Attachment.of("a.txt", b"x" * 500),), business=Business(type=BusinessType.REVOKE))
    assert write(item) == write(item)


def test_times_are_on_the_clock_of_viet_nam() -> None:
    """Inside UTC, in packages UTC+7 without a zone."""
    assert b"<edXML:Timestamp>2026/01/05 09:30:00</edXML:Timestamp>" in write(status())


@pytest.mark.parametrize("due_on", [date(1, 1, 1), date(1970, 1, 1), date(2026, 1, 4)])
def test_a_due_day_that_is_none_is_not_handed_on(due_on: date) -> None:
    """An older release may have sent it; the reader would leave it out."""
    written = write(document(due_on=due_on))
    assert b"DueDate" not in written
    assert b"2026/01/05</edXML:DueDate>" in write(document(due_on=date(2026, 1, 5)))

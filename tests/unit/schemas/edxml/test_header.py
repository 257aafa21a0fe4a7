"""Documents and statuses from their headers: what every element means, what is forgiven in it, what is not."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from schemas.agency import Party
from schemas.codes import BusinessType, DocumentGroup, Priority, StatusCode, SteeringType
from schemas.document import (
    Attachment,
    Business,
    Document,
    DocumentNumber,
    DocumentType,
    Reference,
    Signer,
    Staff,
    Trace,
)
from schemas.edxml import PackageRefused, read
from schemas.edxml.report import shown
from schemas.status import Concerned, Status
from tests.packages import ATTACHMENT, DOCUMENT, MANIFEST, PDF, STATUS, spoiled

SUBJECT = "<edXML:Subject>V/v kiểm tra</edXML:Subject>"
TO = "<edXML:To><edXML:OrganId>G22</edXML:OrganId><edXML:OrganName>Văn phòng B</edXML:OrganName></edXML:To>"
ID = "<edXML:DocumentId>H49.06,2026/01/05,12/SA-VP</edXML:DocumentId>"
NUMBER = "<edXML:CodeNumber>12</edXML:CodeNumber>"
NOTATION = "<edXML:CodeNotation>SA-VP</edXML:CodeNotation>"
DATE = "<edXML:PromulgationDate>2026/01/05</edXML:PromulgationDate>"


def element(name: str, text: str) -> str:
    return f"<edXML:{name}>{text}</edXML:{name}>"


def departures(data: bytes) -> list[tuple[str, str, str]]:
    return [
        (entry.rule, entry.path.rpartition("/")[2], entry.found)
        for entry in read(data).report
        if entry.rule != "signature-absent"
    ]


def test_every_field_of_a_plain_document_is_read() -> None:
    """The elements of the standard and the fields of the model, one to one."""
    assert read(DOCUMENT.encode()).item == Document(
        id="H49.06,2026/01/05,12/SA-VP",
        sender=Party(code="H49.06", name="Sở A"),
        recipients=(Party(code="G22", name="Văn phòng B"),),
        number=DocumentNumber(number="12", notation="SA-VP"),
        place="Hạ Long",
        issued_on=date(2026, 1, 5),
        type=DocumentType(name="Công văn", group=DocumentGroup.ADMINISTRATIVE, number=18),
        subject="V/v kiểm tra",
        summary="Nội dung",
        signer=Signer(competence="KT. GIÁM ĐỐC", full_name="Nguyễn Văn A"),
        due_on=date(2026, 1, 20),
        priority=Priority.URGENT,
        copies=3,
        pages=2,
        appendices=("Phụ lục 1",),
        responses=(Reference(agency="G22", code="7/VPCP-KSTT"),),
        steering=SteeringType.NONE,
        to_places=("Như trên", "Lưu: VT"),
        traces=(Trace(agency="H49.06", at=datetime(2026, 1, 5, 2, 30, tzinfo=UTC)),),
        business=Business(type=BusinessType.NEW, paper=False),
        attachments=(Attachment.of("12-SA.pdf", PDF, content_id="one", description="Bản chính"),),
    )


def test_every_field_of_a_plain_status_is_read() -> None:
    """The elements of a status package and the fields of the model, one to one."""
    assert read(STATUS.encode()).item == Status(
        code=StatusCode.ACCEPTED,
        sender=Party(code="G22", name="Văn phòng B"),
        concerns=Concerned(
            agency="H49.06", document_id="H49.06,2026/01/05,12/SA-VP", code="12/SA-VP", issued_on=date(2026, 1, 5)
        ),
        at=datetime(2026, 1, 5, 3, 0, tzinfo=UTC),
        description="Đã vào sổ",
        staff=Staff(department="Văn thư", name="Trần B"),
    )


def field(name: str) -> Callable[[Document | Status], object]:
    def of(item: Document | Status) -> object:
        value: object = item
        for part in name.split("."):
            value = value[int(part)] if isinstance(value, tuple) else getattr(value, part)
        return value

    return of


@pytest.mark.parametrize(
    ("old", "new", "departure", "name", "value"),
    [
        (SUBJECT, element("Subject", "  V/v a "), ("trimmed", "Subject", ""), "subject", "V/v a"),
        (SUBJECT, element("Subject", "V/v kiê\u0309m tra"), ("composed", "Subject", ""), "subject", "V/v kiểm tra"),
        (SUBJECT, element("Subject", "a\u200bb"), ("zero-width", "Subject", ""), "subject", "a\u200bb"),
        (SUBJECT, element("Subject", "Ðà Nẵng"), ("eth", "Subject", ""), "subject", "Ðà Nẵng"),
        (SUBJECT, element("Subject", "a" * 501),
         ("longer-than-standard", "Subject", "501 > 500"), "subject", "a" * 501),
        (SUBJECT, SUBJECT + element("Subject", "khác"),
         ("repeated-element", "Subject", "2"), "subject", "V/v kiểm tra"),
        (SUBJECT, element("Subject", "V/v <b>rất</b> gấp"),
         ("embedded-element", "Subject", "b"), "subject", "V/v  gấp"),
        (SUBJECT, SUBJECT + element("Subjet", "x"), ("unknown-element", "Subjet", "Subjet"), "subject", "V/v kiểm tra"),
        (SUBJECT, SUBJECT + element("content", "x"),
         ("wrong-case-element", "content", "content"), "subject", "V/v kiểm tra"),
        (SUBJECT, SUBJECT + '<a xmlns="urn:x"/>', ("foreign-element", "a", "{urn:x}a"), "subject", "V/v kiểm tra"),
        (SUBJECT, SUBJECT + "null", ("stray-text", "MessageHeader", "null"), "subject", "V/v kiểm tra"),
        ("Nội dung", "null", ("null-literal", "Content", ""), "summary", None),
        ("Sở A", "null", ("null-literal", "OrganName", ""), "sender.name", None),
        (ID, "", ("document-id-derived", "DocumentId", "H49.06,2026/01/05,12/SA-VP"),
         "id", "H49.06,2026/01/05,12/SA-VP"),
        (ID, element("DocumentId", "kiê\u0309m"), ("decomposed-id", "DocumentId", ""), "id", "kiê\u0309m"),
        ("<edXML:From><edXML:OrganId>H49.06<", "<edXML:From><edXML:OrganId>\u200bH49.06<",
         ("code-cleaned", "OrganId", "H49.06"), "sender.code", "H49.06"),
        (TO, TO + "<edXML:To><edXML:OrganId/></edXML:To>",
         ("recipient-empty", "To[2]", ""), "recipients.0.code", "G22"),
        (TO, TO + TO, ("recipient-repeated", "To[2]", "G22"), "recipients.0.name", "Văn phòng B"),
        (NUMBER + NOTATION, element("CodeNumber", "12/QĐ-UBND"),
         ("code-split", "Code", "12/QĐ-UBND"), "number", DocumentNumber(number="12", notation="QĐ-UBND")),
        (NUMBER + NOTATION, element("CodeNotation", "12 / QĐ/X"),
         ("code-split", "Code", "12 / QĐ/X"), "number", DocumentNumber(number="12", notation="QĐ/X")),
        (NUMBER, element("CodeNumber", "12 \n 3"), ("number-broken", "CodeNumber", "12 3"),
         "number", DocumentNumber(number="12 3", notation="SA-VP")),

        (NUMBER + NOTATION, "12/QĐ", ("code-split", "Code", "12/QĐ"),
         "number", DocumentNumber(number="12", notation="QĐ")),
        ("7/VPCP-KSTT</edXML:Code>", "7</edXML:Code><edXML:PromulgationDate>2014/02/30</edXML:PromulgationDate>",
         ("date-dropped", "PromulgationDate", "2014/02/30"), "responses.0.issued_on", None),
        ("7/VPCP-KSTT</edXML:Code>", "7</edXML:Code><edXML:PromulgationDate>1900/01/01</edXML:PromulgationDate>",
         ("date-empty", "PromulgationDate", "1900/01/01"), "responses.0.issued_on", None),
        (">2026/01/20<", ">2026/01/05<", None, "due_on", date(2026, 1, 5)),
        (">2026/01/20<", ">2026/01/04<", ("due-before-issue", "DueDate", "2026-01-04 < 2026-01-05"), "due_on", None),
        (">2026/01/20<", ">0001/01/01<", ("date-empty", "DueDate", "0001/01/01"), "due_on", None),
        (">2026/01/05 09:30:00<", ">0001/01/01 00:00:00<", ("date-empty", "Timestamp", "0001/01/01 00:00:00"),
         "traces.0.at", None),
        ("<edXML:ResponseFor><edXML:OrganId>G22", "<edXML:ResponseFor><edXML:OrganId>Văn phòng",
         ("reference-code-dropped", "OrganId", "Văn phòng"), "responses.0.agency", None),
        ("KT. GIÁM ĐỐC", "null", ("null-literal", "Competence", ""), "signer.competence", None),
        ("</edXML:SignerInfo>", "</edXML:SignerInfo><edXML:SignerInfo/>",
         ("repeated-element", "SignerInfo", "2"), "signer.full_name", "Nguyễn Văn A"),
    ],
)  # fmt: skip
def test_a_document_is_forgiven(
    old: str, new: str, departure: tuple[str, str, str] | None, name: str, value: object
) -> None:
    """One deviation gives at most one departure, and the field holds the value that could be saved."""
    package = spoiled(DOCUMENT, (old, new))
    assert departures(package) == ([departure] if departure else [])
    assert field(name)(read(package).item) == value


@pytest.mark.parametrize(
    ("old", "new", "departure", "name", "value"),
    [
        (">03<", ">3<", ("status-zero", "StatusCode", "3"), "code", StatusCode.ACCEPTED),
        (">03<", "> 06 <", ("trimmed", "StatusCode", ""), "code", StatusCode.DONE),
        (element("Description", "Đã vào sổ"), "", None, "description", None),
        ("<edXML:Staff>Trần B</edXML:Staff>", "<edXML:Staff/>", None, "staff", Staff(department="Văn thư")),
        (ID, "", ("document-id-derived", "DocumentId", "H49.06,2026/01/05,12/SA-VP"),
         "concerns.document_id", "H49.06,2026/01/05,12/SA-VP"),
        (ID, element("DocumentId", "H49.06,2026-01-05,12/SA-VP"), None,
         "concerns.document_id", "H49.06,2026-01-05,12/SA-VP"),
        ("</edXML:edXMLHeader>", "<edXML:TraceHeaderList/></edXML:edXMLHeader>",
         ("status-with-more", "TraceHeaderList", "TraceHeaderList"), "code", StatusCode.ACCEPTED),
        ("</edXML:edXMLEnvelope>", "</edXML:edXMLEnvelope><AttachmentEncoded/>",
         ("status-with-more", "AttachmentEncoded", "AttachmentEncoded"), "code", StatusCode.ACCEPTED),
        ("2026/01/05 10:00:00", "2026-01-05T10:00:00+07:00",
         ("date-form", "Timestamp", "2026-01-05T10:00:00+07:00"), "at", datetime(2026, 1, 5, 3, tzinfo=UTC)),
        ("2026/01/05 10:00:00", "2026/01/04 10:00:00", ("status-before-issue", "Timestamp", "2026-01-05"),
         "at", datetime(2026, 1, 4, 3, tzinfo=UTC)),
        (">2026/01/05<", ">0001/01/01<", ("date-empty", "PromulgationDate", "0001/01/01"), "concerns.issued_on", None),
    ],
)  # fmt: skip
def test_a_status_is_forgiven(
    old: str, new: str, departure: tuple[str, str, str] | None, name: str, value: object
) -> None:
    """One deviation gives at most one departure, and the field holds the value that could be saved."""
    package = spoiled(STATUS, (old, new))
    assert departures(package) == ([departure] if departure else [])
    assert field(name)(read(package).item) == value


@pytest.mark.parametrize("code", ["02", "13"])
def test_a_refusal_without_reason_is_noticed(code: str) -> None:
    """The law wants a reason with 02 and 13; a package without one is relayed all the same."""
    package = spoiled(STATUS, (">03<", f">{code}<"), (element("Description", "Đã vào sổ"), ""))
    assert departures(package) == [("reason-missing", "Description", code)]


def test_the_id_of_a_document_taken_back_is_its_senders() -> None:
    """With 13 the document is the reporter's own: an id that is missing is made with the reporter's code."""
    package = spoiled(STATUS, (">03<", ">13<"), (ID, ""))
    item = read(package).item
    assert isinstance(item, Status)
    assert item.concerns.document_id == "G22,2026/01/05,12/SA-VP"


@pytest.mark.parametrize(
    ("old", "new", "rule", "path"),
    [
        (SUBJECT, "", "missing-element", "MessageHeader/Subject"),
        (SUBJECT, element("Subject", "null"), "missing-element", "MessageHeader/Subject"),
        (SUBJECT, element("subject", "a"), "wrong-case", "MessageHeader/subject"),
        ("<edXML:Subject>", '<edXML:Subject xmlns:edXML="urn:x">', "wrong-namespace", "MessageHeader/Subject"),
        (TO, "", "missing-element", "MessageHeader/To"),
        (TO, "<edXML:To/>", "missing-element", "MessageHeader/To"),
        (TO, TO + "<edXML:To><edXML:OrganName>C</edXML:OrganName></edXML:To>", "missing-element", "To[2]/OrganId"),
        ("<edXML:OrganId>H49.06</edXML:OrganId><edXML:OrganName>", "<edXML:OrganName>",
         "missing-element", "From/OrganId"),
        ("<edXML:OrganId>H49.06</edXML:OrganId><edXML:OrganName>",
         "<edXML:OrganId>Sở A</edXML:OrganId><edXML:OrganName>",
         "bad-organ-id", "From/OrganId"),
        ("<edXML:OrganId>H49.06</edXML:OrganId><edXML:OrganName>",
         f"<edXML:OrganId>{'A' * 65}</edXML:OrganId><edXML:OrganName>", "bad-organ-id", "From/OrganId"),
        (ID, element("DocumentId", "a" * 256), "bad-document-id", "MessageHeader/DocumentId"),
        (ID, element("DocumentId", "1\n✓ b.edxml: 2/QĐ"), "document-id-character", "MessageHeader/DocumentId"),
        (ID, element("DocumentId", "1\u00852"), "document-id-character", "MessageHeader/DocumentId"),
        (ID, element("DocumentId", "1\u202e2"), "document-id-character", "MessageHeader/DocumentId"),
        (ID, element("DocumentId", "1\u20282"), "document-id-character", "MessageHeader/DocumentId"),
        (NUMBER, "", "missing-element", "Code/CodeNumber"),
        (NOTATION, "", "missing-element", "Code/CodeNotation"),
        (NUMBER + NOTATION, "", "missing-element", "Code/CodeNumber"),
        (DATE, "", "missing-element", "PromulgationInfo/PromulgationDate"),
        (DATE, element("PromulgationDate", "2014/02/30"), "bad-date", "PromulgationInfo/PromulgationDate"),
        (DATE, element("PromulgationDate", "hôm qua"), "bad-date", "PromulgationInfo/PromulgationDate"),
        (DATE, element("PromulgationDate", "0001/01/01"), "empty-date", "PromulgationInfo/PromulgationDate"),
        ("From>", "Sender>", "missing-element", "MessageHeader/From"),
    ],
)  # fmt: skip
def test_a_document_is_refused(old: str, new: str, rule: str, path: str) -> None:
    """Without these nobody can route, name or date the document: the refusal leads to the element."""
    with pytest.raises(PackageRefused) as refused:
        read(spoiled(DOCUMENT, (old, new)))
    assert refused.value.rule == rule
    assert refused.value.path.endswith(path)


@pytest.mark.parametrize(
    ("old", "new", "rule", "path"),
    [
        (">03<", ">07<", "bad-status-code", "MessageHeader/StatusCode"),
        (">03<", ">999<", "bad-status-code", "MessageHeader/StatusCode"),
        (">03<", "><", "missing-element", "MessageHeader/StatusCode"),
        ("ResponseFor>", "Responsefor>", "wrong-case", "MessageHeader/Responsefor"),
        ("<edXML:OrganId>H49.06</edXML:OrganId>", "", "missing-element", "ResponseFor/OrganId"),
        (ID + DATE, "", "missing-element", "ResponseFor/DocumentId"),
        ("2026/01/05 10:00:00", "", "missing-element", "MessageHeader/Timestamp"),
        ("2026/01/05 10:00:00", "2014/02/30 10:00:00", "bad-date", "MessageHeader/Timestamp"),
        ("2026/01/05 10:00:00", "1/1/0001 12:00:00 SA", "empty-date", "MessageHeader/Timestamp"),
    ],
)
def test_a_status_is_refused(old: str, new: str, rule: str, path: str) -> None:
    """Without these nobody knows what happened to which document, or whom to tell."""
    with pytest.raises(PackageRefused) as refused:
        read(spoiled(STATUS, (old, new)))
    assert refused.value.rule == rule
    assert refused.value.path.endswith(path)


@pytest.mark.parametrize("where", ["<edXML:OtherInfo>", SUBJECT, "</edXML:OtherInfo>"])
@pytest.mark.parametrize("level", ["Mật", "TỐI MẬT", "Tuyệt mật", "1", "3"])
def test_a_state_secret_is_refused(where: str, level: str) -> None:
    """The predecessor's mark of secrecy is no part of the standard, and never passed over."""
    with pytest.raises(PackageRefused) as refused:
        read(spoiled(DOCUMENT, (where, where + element("Secret", f" {level} "))))
    assert (refused.value.rule, refused.value.found) == ("state-secret", level)


@pytest.mark.parametrize(
    "secret", ["<edXML:{}>Mật</edXML:{}>".format(*["secret"] * 2), '<Secret xmlns="u">Mật</Secret>']
)
def test_a_state_secret_in_any_spelling_is_refused(secret: str) -> None:
    """Neither a namespace nor the case of letters hides a mark of secrecy."""
    with pytest.raises(PackageRefused, match="state-secret"):
        read(spoiled(DOCUMENT, ("<edXML:OtherInfo>", "<edXML:OtherInfo>" + secret)))


@pytest.mark.parametrize("level", ["", "0", "Thường", "thường", "null"])
def test_no_secret_is_no_secret(level: str) -> None:
    """Old software writes the element in every package."""
    package = spoiled(DOCUMENT, ("<edXML:OtherInfo>", "<edXML:OtherInfo>" + element("Secret", level)))
    assert departures(package) == []


@pytest.mark.parametrize(
    ("subject", "marking"),
    [
        ("[MẬT] V/v a", "[MẬT]"),
        ("V/v a (tối mật)", "(tối mật)"),
        ("TUYỆT MẬT V/v a", "TUYỆT MẬT"),
        ("MẬT: V/v a", "MẬT:"),
        ("MẬT", "MẬT"),
        ("V/v phát triển nghề nuôi ong lấy mật", None),
        ("MẬT ONG Mèo Vạc", None),
        ("V/v bảo vệ bí mật nhà nước", None),
        ("V/v MẬT danh", None),
    ],
)
def test_a_subject_that_looks_marked_is_noticed(subject: str, marking: str | None) -> None:
    """A word in a subject proves nothing: it is a warning to people, never a refusal."""
    found = [entry for entry in departures(spoiled(DOCUMENT, ("V/v kiểm tra", subject))) if entry[0] == "looks-secret"]
    assert found == ([("looks-secret", "Subject", marking)] if marking else [])


def test_a_file_name_that_looks_marked_is_noticed() -> None:
    """The same holds for the name of an attachment."""
    assert departures(spoiled(DOCUMENT, ("12-SA.pdf", "[Mật] 12.pdf"))) == [
        ("looks-secret", "AttachmentEncoded", "[Mật]")
    ]


@pytest.mark.parametrize("info", ["", "<edXML:OtherInfo/>"])
def test_other_information_may_be_absent(info: str) -> None:
    """Priority is normal, nothing else is known."""
    start, end = DOCUMENT.index("        <edXML:OtherInfo>"), DOCUMENT.index("        <edXML:ResponseFor>")
    item = read((DOCUMENT[:start] + info + DOCUMENT[end:]).encode()).item
    assert isinstance(item, Document)
    assert (item.priority, item.copies, item.is_steering) == (Priority.NORMAL, None, False)


@pytest.mark.parametrize(
    "blank", ["<edXML:ResponseFor/>", "<edXML:ResponseFor><edXML:Code></edXML:Code></edXML:ResponseFor>"]
)
def test_blocks_that_say_nothing_are_absent(blank: str) -> None:
    """Empty blocks are everywhere in the field; they are no blocks, and no departure."""
    package = spoiled(
        DOCUMENT,
        ("<edXML:ResponseFor><edXML:OrganId>G22</edXML:OrganId><edXML:Code>7/VPCP-KSTT</edXML:Code></edXML:ResponseFor>",
         blank),
        ("KT. GIÁM ĐỐC", ""),
        ("Nguyễn Văn A", ""),
        ("<edXML:Place>Như trên</edXML:Place>", "<edXML:Place/>"),
    )  # fmt: skip
    item = read(package).item
    assert isinstance(item, Document)
    assert (item.responses, item.signer, item.to_places) == ((), None, ("Lưu: VT",))
    assert departures(package) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("<AttachmentEncoded>\n" + ATTACHMENT + "  </AttachmentEncoded>\n", ""),
          ("    </edXML:edXMLBody>\n",
           "    </edXML:edXMLBody>\n<AttachmentEncoded>" + ATTACHMENT + "</AttachmentEncoded>")],
         [("misplaced-element", "AttachmentEncoded", "")]),
        ([("<AttachmentEncoded>\n" + ATTACHMENT + "  </AttachmentEncoded>\n", ""),
          ("    </edXML:edXMLBody>\n",
           "<AttachmentEncoded>" + ATTACHMENT + "</AttachmentEncoded></edXML:edXMLBody>\n")],
         [("misplaced-element", "AttachmentEncoded", "")]),
        ([(MANIFEST, "")], [("manifest-missing", "edXMLManifest", "")]),
        ([("    <edXML:edXMLBody>\n" + MANIFEST + "    </edXML:edXMLBody>\n", "")],
         [("manifest-missing", "edXMLManifest", "")]),
    ],
)  # fmt: skip
def test_attachments_are_found_where_they_are(
    changes: list[tuple[str, str]], expected: list[tuple[str, str, str]]
) -> None:
    """Beside the envelope by the standard, inside it in the field; with a manifest or without."""
    package = spoiled(DOCUMENT, *changes)
    assert departures(package) == expected
    item = read(package).item
    assert isinstance(item, Document)
    assert [each.content for each in item.attachments] == [PDF]


def test_a_document_without_files_is_one() -> None:
    """Neither body nor attachments are needed."""
    start, end = DOCUMENT.index("    <edXML:edXMLBody>"), DOCUMENT.index("  </edXML:edXMLEnvelope>")
    package = (DOCUMENT[:start] + DOCUMENT[end:]).replace(ATTACHMENT, "").encode()
    assert departures(package) == []


def test_what_is_shown_of_a_text_is_short() -> None:
    """A report names what was met, and carries no content into logs."""
    assert shown("a\n b") == "a b"
    assert len(shown("a" * 500)) == 80

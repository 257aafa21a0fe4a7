"""MessageHeader and the elements around it -> a Document or a Status. Every field of the two models is filled here."""

import re
from datetime import date

from schemas.agency import Party
from schemas.codes import BusinessType, StatusCode
from schemas.document import Attachment, Business, Document, DocumentNumber, is_due_day
from schemas.edxml.attachments import read_attachments
from schemas.edxml.blocks import is_blank, other_information, party, reference, signer, staff, texts
from schemas.edxml.doctype import read_type
from schemas.edxml.fields import (
    day,
    document_id,
    one_line,
    required_code,
    required_day,
    required_moment,
    required_text,
    status_code,
    steering,
)
from schemas.edxml.limits import Limits
from schemas.edxml.place import Place
from schemas.edxml.report import shown
from schemas.edxml.signature import note_signature
from schemas.edxml.spool import MemoryBudget
from schemas.edxml.trace import business, traces
from schemas.status import Concerned, Status
from schemas.values import VIETNAM, matching, steering_character

_DOCUMENT = frozenset(
    {
        *("From", "To", "DocumentId", "Code", "PromulgationInfo", "DocumentType", "Subject", "Content", "SignerInfo"),
        *("DueDate", "OtherInfo", "ResponseFor", "SteeringType", "ResponseForTask", "ApplicationType", "ToPlaces"),
        "Secret",
    }
)
_STATUS = frozenset({"From", "ResponseFor", "StaffInfo", "StatusCode", "Description", "Timestamp", "Secret"})
_NOT_SECRET = frozenset({"", "0", "null", "thường"})
_LEVEL = r"(?:TUYỆT\s+MẬT|TỐI\s+MẬT|MẬT)"
_MARKED = re.compile(
    rf"[\[(<«{{]\s*(?i:{_LEVEL})\s*[\])>»}}]"  # in brackets anywhere, in any case
    rf"|^\W*(?:TUYỆT\s+MẬT|TỐI\s+MẬT)\b"  # at the beginning, in capitals
    rf"|^\W*MẬT\s*(?:[-–—:.,/|*]|$)"  # the short word needs a mark after it: MẬT ONG is honey
)
_REASONED = frozenset({StatusCode.REFUSED, StatusCode.TAKE_BACK})


def refuse_secrets(message: Place) -> None:
    """Refuses a level of secrecy (độ mật): an element of the predecessor format that some software still writes. edxml
    §3.6"""
    for place in (message, *message.all("OtherInfo")):
        for name, found in place.element.children.items():
            if name.rpartition("}")[2].casefold() != "secret":
                continue
            for element in found:
                if matching(element.text) not in _NOT_SECRET:
                    place.refuse("state-secret", element.text.strip(), at=name.rpartition("}")[2])


def read_document(
    root: Place, envelope: Place, header: Place, message: Place, *, limits: Limits, budget: MemoryBudget | None
) -> Document:
    message.expect(_DOCUMENT)
    header.expect({"MessageHeader", "TraceHeaderList", "Signature", "{http://www.w3.org/2000/09/xmldsig#}Signature"})
    note_signature(header)
    sender = party(_block(message, "From"))
    number = _number(_block(message, "Code"))
    issued = _block(message, "PromulgationInfo")
    issued.expect({"Place", "PromulgationDate"})
    issued_on = required_day(issued, "PromulgationDate")
    own_id = document_id(message, "DocumentId")
    if own_id is None:
        own_id = _derived_id(sender.code, issued_on, str(number))
        message.note("document-id-derived", own_id, at="DocumentId")
    trace_list = header.one("TraceHeaderList")
    doing = business(trace_list)
    return Document(
        id=own_id,
        sender=sender,
        recipients=_recipients(message),
        number=number,
        place=issued.text("Place", most=50),
        issued_on=issued_on,
        type=read_type(_block(message, "DocumentType")),
        subject=_subject(message),
        summary=message.text("Content", most=500),
        signer=signer(message.one("SignerInfo")),
        due_on=_due_on(message, issued_on),
        responses=tuple(found for each in message.all("ResponseFor") if (found := reference(each))),
        steering=steering(message, "SteeringType"),
        task_codes=texts(message.one("ResponseForTask"), "TaskCode"),
        application_type=message.text("ApplicationType"),
        to_places=texts(message.one("ToPlaces"), "Place", most=150),
        traces=traces(trace_list),
        business=doing,
        attachments=_attachments(root, envelope, doing, limits, budget),
        **other_information(message.one("OtherInfo")),
    )


def read_status(root: Place, envelope: Place, header: Place, message: Place) -> Status:
    """Returns the status of a package that has a StatusCode. edxml §7.10"""
    message.expect(_STATUS)
    for place, own in ((root, "edXMLEnvelope"), (envelope, "edXMLHeader"), (header, "MessageHeader")):
        for name in place.element.children.keys() - {own}:
            place.note("status-with-more", name, at=name.rpartition("}")[2])
    code = status_code(message, "StatusCode")
    sender = party(_block(message, "From"))
    about = _block(message, "ResponseFor")
    about.expect({"OrganId", "Code", "DocumentId", "PromulgationDate"})
    description = message.text("Description")
    if description is None and code in _REASONED:
        message.note("reason-missing", code.value, at="Description")
    concerns = _concerned(about, required_code(about, "OrganId"), issuer=sender.code, code=code)
    at = required_moment(message, "Timestamp")
    if concerns.issued_on and at.astimezone(VIETNAM).date() < concerns.issued_on:
        message.note("status-before-issue", concerns.issued_on, at="Timestamp")
    return Status(
        code=code,
        sender=sender,
        concerns=concerns,
        at=at,
        description=description,
        staff=staff(message.one("StaffInfo")),
    )


def _due_on(message: Place, issued_on: date) -> date | None:
    """Returns the day by which an answer is due; nobody can owe one before there was a document. edxml §5.5"""
    due_on = day(message, "DueDate")
    if due_on is None or is_due_day(due_on, issued_on=issued_on):
        return due_on
    message.note("due-before-issue", f"{due_on} < {issued_on}", at="DueDate")
    return None


def _derived_id(issuer: str, issued_on: date, number: str) -> str:
    """Returns an id in the form that most software makes: code, date, number/notation. edxml §4.4"""
    plain = "".join(letter for letter in number if steering_character(letter) is None)
    return f"{issuer},{issued_on.year:04}/{issued_on.month:02}/{issued_on.day:02},{plain}"


def _block(message: Place, name: str) -> Place:
    return message.one(name) or message.missing(name)


def _recipients(message: Place) -> tuple[Party, ...]:
    found: dict[str, Party] = {}
    for place in message.all("To"):
        if is_blank(place):
            place.note("recipient-empty")
            continue
        recipient = party(place)
        if recipient.code in found:
            place.note("recipient-repeated", recipient.code)
        found.setdefault(recipient.code, recipient)
    return tuple(found.values()) or message.refuse("missing-element", "To/OrganId", at="To")


def _number(place: Place) -> DocumentNumber:
    """Returns number and notation, whether they are written apart or as one. edxml §7.3"""
    number, notation = one_line(place, "CodeNumber", most=11), one_line(place, "CodeNotation", most=30)
    if number and notation:
        return DocumentNumber(number=number, notation=notation)
    whole = number or notation or (None if place.element.children else one_line(place))
    first, slash, rest = (part.strip() for part in (whole or "").partition("/"))
    if not (first and slash and rest):
        missing = "CodeNotation" if number else "CodeNumber"
        place.refuse("missing-element", missing, at=missing)
    place.note("code-split", whole)
    return DocumentNumber(number=first, notation=rest)


def _subject(message: Place) -> str:
    subject = required_text(message, "Subject", most=500)
    if found := _MARKED.search(subject):
        message.note("looks-secret", found.group(), at="Subject")
    return subject


def _concerned(about: Place, agency: str, *, issuer: str, code: StatusCode) -> Concerned:
    """Returns the document concerned. `issuer` is the document's issuer if the status is 13; for all others ResponseFor
    names it."""
    number, issued_on = one_line(about, "Code"), day(about, "PromulgationDate")
    concerned = document_id(about, "DocumentId")
    if concerned is None:
        if not (number and issued_on):
            about.refuse("missing-element", "DocumentId", at="DocumentId")
        concerned = _derived_id(issuer if code is StatusCode.TAKE_BACK else agency, issued_on, number)
        about.note("document-id-derived", concerned, at="DocumentId")
    return Concerned(agency=agency, document_id=concerned, code=number, issued_on=issued_on)


def _attachments(
    root: Place, envelope: Place, doing: Business, limits: Limits, budget: MemoryBudget | None
) -> tuple[Attachment, ...]:
    body = envelope.one("edXMLBody")
    manifest = None
    if body:
        body.expect({"edXMLManifest", "AttachmentEncoded"})
        manifest = body.one("edXMLManifest")
    if manifest:
        manifest.expect({"Reference"})
    encoded = []
    for place in (root, envelope, body):
        for block in place.all("AttachmentEncoded") if place else ():
            block.expect({"Attachment"})
            if place is not root:
                block.note("misplaced-element")
            encoded += block.all("Attachment")
    if encoded and (manifest is None or not manifest.element.children):
        envelope.note("manifest-missing", at="edXMLBody/edXMLManifest")
    # A revocation need not carry again what it takes away. edxml §8.1
    carries = doing.type is not BusinessType.REVOKE
    attachments = read_attachments(manifest, encoded, limits=limits, must_carry=carries, budget=budget)
    for attachment in attachments:
        if found := _MARKED.search(attachment.name):
            root.note("looks-secret", shown(found.group()), at="AttachmentEncoded")
    return attachments

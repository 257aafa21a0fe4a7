"""A Document or a Status -> its canonical package, in the form of VNPT's Java SDK. edxml §9

Pure: no clock, no random name. Forms that strict readers in use reject are never written: an empty integer, a missing
prefix, two content types for one file.
"""

import binascii
import uuid
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple, TypeAlias

from schemas.agency import Party
from schemas.document import Attachment, Business, BusinessUpdate, Document, Reference, Replaced, Staff, is_due_day
from schemas.edxml import packing
from schemas.edxml.attachments import extension, plain_name
from schemas.edxml.xml import CONTENT, NAMESPACE
from schemas.status import Status
from schemas.values import VIETNAM

_IDS = uuid.UUID("6d0a4f0e-0b6b-4b58-9f0c-2f4b0d3c9a77")
"""Our namespace: ids are derived from content, so that writing is pure."""
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})

Node: TypeAlias = "tuple[str, str | int | Sequence[Node] | None]"
"""An element: its local name, and its text or its children. None, and children that are all None, are not written."""


def write(item: Document | Status) -> bytes:
    """Returns the canonical package. Attachments without a content id get that of `with_content_ids`. edxml §9"""
    return b"".join(write_pieces(item))


def write_pieces(item: Document | Status) -> Iterator[bytes]:
    """Returns the bytes of `write` in pieces of at most some MiB, however large the attachments are. The attachments
    are read while the pieces are taken, some of them more than once. Raises as their sources do, and ValueError if no
    package can hold the document."""
    if isinstance(item, Document):
        return _document(with_content_ids(item))
    return iter([_lines(_HEAD, *_rendered(("MessageHeader", _status(item)), 3), _HEADER_END, _ENVELOPE_END, _END)])


def with_content_ids(document: Document) -> Document:
    """Returns the document with a content id for each attachment, derived from its position and digest. edxml §9.6"""
    if all(attachment.content_id for attachment in document.attachments):
        return document
    filled = tuple(
        attachment
        if attachment.content_id
        else attachment.model_copy(update={"content_id": str(uuid.uuid5(_IDS, f"{position} {attachment.sha256}"))})
        for position, attachment in enumerate(document.attachments)
    )
    return document.model_copy(update={"attachments": filled})


_HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>\r
<edXML xmlns="{NAMESPACE}">\r
  <edXML:edXMLEnvelope xmlns:edXML="{NAMESPACE}">\r
    <edXML:edXMLHeader>"""
_HEADER_END = "    </edXML:edXMLHeader>"
_ENVELOPE_END = "  </edXML:edXMLEnvelope>"
_END = "</edXML>\r\n"
_MANIFEST = '      <edXML:edXMLManifest version="1.0">'
_CONTENT_START = f'      <edXML:{CONTENT} xmlns:edXML="{NAMESPACE}">'
_CONTENT_END = f"</edXML:{CONTENT}>"


def _document(document: Document) -> Iterator[bytes]:
    packed = [_packed(attachment, position) for position, attachment in enumerate(document.attachments, start=1)]
    yield _lines(
        _HEAD,
        *_rendered(("MessageHeader", _message(document)), 3),
        *_rendered(("TraceHeaderList", _trace_list(document)), 3),
        _HEADER_END,
        "    <edXML:edXMLBody>",
        _MANIFEST,
        *(line for described in packed for line in _rendered(("Reference", described.reference), 4)),
        "      </edXML:edXMLManifest>",
        "    </edXML:edXMLBody>",
        _ENVELOPE_END,
        "  <AttachmentEncoded>",
        "",
    )
    for each in packed:
        yield _lines("    <Attachment>", *_rendered_all(each.attachment, 3, prefix=""), _CONTENT_START)
        yield from _base64(each.content)
        yield _lines(_CONTENT_END, "    </Attachment>", "")
    yield _lines("  </AttachmentEncoded>", _END)


def _base64(pieces: Iterator[bytes]) -> Iterator[bytes]:
    carried = b""
    for piece in pieces:
        content = carried + piece
        whole = len(content) // 3 * 3
        carried = content[whole:]
        yield binascii.b2a_base64(content[:whole], newline=False)
    yield binascii.b2a_base64(carried, newline=False)


def _lines(*lines: str) -> bytes:
    return "\r\n".join(lines).encode()


def _rendered(node: Node, depth: int, *, prefix: str = "edXML:") -> list[str]:
    name, content = node
    indent = "  " * depth
    match content:
        case None:
            return []
        case str() | int():
            return [f"{indent}<{prefix}{name}>{str(content).translate(_ESCAPES)}</{prefix}{name}>"]
        case _:
            inside = _rendered_all(content, depth + 1, prefix=prefix)
            return [f"{indent}<{prefix}{name}>", *inside, f"{indent}</{prefix}{name}>"] if inside else []


def _rendered_all(nodes: Sequence[Node], depth: int, *, prefix: str = "edXML:") -> list[str]:
    return [line for node in nodes for line in _rendered(node, depth, prefix=prefix)]


def _message(document: Document) -> list[Node]:
    """Returns the elements of MessageHeader in the order of SDK-J. edxml §9.2"""
    return [
        ("From", _party(document.sender)),
        *(("To", _party(recipient)) for recipient in document.recipients),
        ("DocumentId", document.id),
        ("Code", [("CodeNumber", document.number.number), ("CodeNotation", document.number.notation)]),
        ("PromulgationInfo", [("Place", document.place), ("PromulgationDate", _date(document.issued_on))]),
        (
            "DocumentType",
            [
                # SDK-J reads an absent Type as 2, and writes -1 for an absent TypeDetail: that is left out.
                ("Type", 2 if document.type.group is None else int(document.type.group)),
                ("TypeDetail", document.type.number),
                ("TypeName", document.type.name),
            ],
        ),
        ("Subject", document.subject),
        ("Content", document.summary),
        ("SignerInfo", _signer(document)),
        ("DueDate", _date(_due_on(document))),
        ("OtherInfo", _other(document)),
        *(("ResponseFor", _reference(reference)) for reference in document.responses),
        ("SteeringType", None if document.steering is None else int(document.steering)),
        ("ResponseForTask", [("TaskCode", code) for code in document.task_codes]),
        ("ApplicationType", document.application_type),
        ("ToPlaces", [("Place", place) for place in document.to_places]),
    ]


def _status(status: Status) -> list[Node]:
    about = status.concerns
    return [
        ("From", _party(status.sender)),
        (
            "ResponseFor",
            [
                ("OrganId", about.agency),
                ("Code", about.code),
                ("DocumentId", about.document_id),
                ("PromulgationDate", _date(about.issued_on)),
            ],
        ),
        ("StaffInfo", _staff(status.staff)),
        ("StatusCode", status.code.value),
        ("Description", status.description),
        ("Timestamp", _time(status.at)),
    ]


def _party(party: Party) -> list[Node]:
    return [
        ("OrganId", party.code),
        ("OrganizationInCharge", party.in_charge),
        ("OrganName", party.name),
        ("OrganAdd", party.address),
        ("Email", party.email),
        ("Telephone", party.telephone),
        ("Fax", party.fax),
        ("Website", party.website),
    ]


def _signer(document: Document) -> list[Node] | None:
    if not (signer := document.signer):
        return None
    return [
        ("Competence", signer.competence),
        ("Position", signer.position),
        ("FullName", signer.full_name),
    ]


def _other(document: Document) -> list[Node]:
    return [
        ("Priority", int(document.priority)),
        ("SphereOfPromulgation", document.sphere),
        ("TyperNotation", document.typist),
        ("PromulgationAmount", document.copies),
        ("PageAmount", document.pages),
        ("ReplyFors", document.reply_for),
        ("Direction", "true" if document.is_steering else "false"),
        ("ReferenceCodes", document.reference_codes),
        ("Appendixes", [("Appendix", name) for name in document.appendices]),
    ]


def _reference(reference: Reference) -> list[Node]:
    return [
        ("OrganId", reference.agency),
        ("Code", reference.code),
        ("DocumentId", reference.document_id),
        ("PromulgationDate", _date(reference.issued_on)),
    ]


def _staff(staff: Staff | None) -> list[Node] | None:
    if not staff:
        return None
    return [
        ("Department", staff.department),
        ("DepartmentId", staff.department_id),
        ("Staff", staff.name),
        ("StaffId", staff.staff_id),
        ("Email", staff.email),
        ("Mobile", staff.mobile),
    ]


def _trace_list(document: Document) -> list[Node]:
    """Returns the elements of TraceHeaderList. Bussiness is always written: absent means new by the standard, but some
    readers fail without it."""
    traces: list[Node] = [
        ("TraceHeader", [("OrganId", trace.agency), ("Timestamp", _time(trace.at))]) for trace in document.traces
    ]
    return [*traces, ("Bussiness", _business(document.business))]


def _business(business: Business) -> list[Node]:
    return [
        ("DocumentId", business.document_id),
        ("BussinessDocType", int(business.type)),
        ("BussinessDocReason", business.reason),
        ("Paper", None if business.paper is None else int(business.paper)),
        *(("BussinessDocumentInfo", _update(update)) for update in business.updates),
        ("ReplacementInfoList", [("ReplacementInfo", _replaced(replaced)) for replaced in business.replaced]),
        ("StaffInfo", _staff(business.staff)),
    ]


def _update(update: BusinessUpdate) -> list[Node]:
    receivers: list[Node] = [
        ("Receiver", [("OrganId", each.agency), ("ReceiverType", int(each.change))]) for each in update.receivers
    ]
    return [
        ("DocumentInfo", int(update.document_changed)),
        ("DocumentReceiver", int(update.receivers_changed)),
        ("ReceiverList", receivers),
    ]


def _replaced(replaced: Replaced) -> list[Node]:
    return [
        ("DocumentId", replaced.document_id),
        ("OrganIdList", [("OrganId", agency) for agency in replaced.agencies]),
    ]


class _Packed(NamedTuple):
    reference: list[Node]
    attachment: list[Node]
    content: Iterator[bytes]


def _packed(attachment: Attachment, position: int) -> _Packed:
    """Returns the attachment packed, with its two descriptions. edxml §9.5"""
    name = plain_name(attachment.name) or f"tep-dinh-kem-{position}"
    ending = extension(name)
    if packing.is_raw(attachment, ending):
        kind, content = packing.RAW[ending], packing.pieces(attachment)
    else:
        kind, content = packing.WRAPPED, packing.wrapped(attachment, ending)
    own = ("ContentId", f"cid:{attachment.content_id}")
    described = ("Description", attachment.description)
    return _Packed(
        reference=[own, ("ContentType", kind), described, ("AttachmentName", name)],
        attachment=[own, ("AttachmentName", name), described, ("ContentType", kind)],
        content=content,
    )


def _due_on(document: Document) -> date | None:
    """None for a day that readers leave out, as an older release may have passed it on. edxml §5.5"""
    due_on = document.due_on
    return due_on if due_on and is_due_day(due_on, issued_on=document.issued_on) else None


def _date(day: date | None) -> str | None:
    return f"{day.year:04}/{day.month:02}/{day.day:02}" if day else None


def _time(at: datetime | None) -> str | None:
    """Returns the time in whole seconds, on the clock of Việt Nam."""
    if at is None:
        return None
    local = at.astimezone(VIETNAM)
    return f"{_date(local)} {local.hour:02}:{local.minute:02}:{local.second:02}"

"""A document as people read it: metadata, recipients, attachments. Nothing encrypted, nothing about transport."""

import hashlib
import mimetypes
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Protocol, Self, runtime_checkable

from pydantic import Field, InstanceOf, model_validator
from pydantic.json_schema import SkipJsonSchema

from schemas.agency import Party
from schemas.codes import BusinessType, DocumentGroup, Priority, ReceiverChange, SteeringType
from schemas.values import AgencyCode, Digest, DocumentId, Text, Time, Value, is_calendar_day


class DocumentNumber(Value):
    """Số và ký hiệu: 7816 and VPCP-TTĐT, printed 7816/VPCP-TTĐT."""

    number: Text
    notation: Text

    def __str__(self) -> str:
        return f"{self.number}/{self.notation}"


class DocumentType(Value):
    """The document type by its name; group and number if the name is on the list of QCVN 102 SĐ1:2022."""

    name: Text
    group: DocumentGroup | None = None
    number: Annotated[int, Field(ge=1)] | None = None


class Signer(Value):
    competence: Text | None = None
    """The signing authority: TM., Q., KT., TL. or TUQ., with the office."""
    position: Text | None = None
    full_name: Text | None = None


class Reference(Value):
    """A reference to an earlier document (ResponseFor). Its writer may know only some of the fields."""

    agency: AgencyCode | None = None
    code: Text | None = None
    """Full number and notation, such as 267/VPCP-TTĐT."""
    document_id: DocumentId | None = None
    issued_on: date | None = None


class Staff(Value):
    department: Text | None = None
    department_id: Text | None = None
    name: Text | None = None
    staff_id: Text | None = None
    email: Text | None = None
    mobile: Text | None = None


class Trace(Value):
    """One station of the package's path, as that station wrote it. Never trusted for deadlines."""

    agency: Text | None = None
    at: Time | None = None


class ReceiverUpdate(Value):
    agency: AgencyCode
    change: ReceiverChange


class BusinessUpdate(Value):
    """One BussinessDocumentInfo of an update: what changed in the document."""

    document_changed: bool = False
    receivers_changed: bool = False
    receivers: tuple[ReceiverUpdate, ...] = ()


class Replaced(Value):
    """A document that is replaced, and the agencies for which it is replaced; none means all."""

    document_id: DocumentId
    agencies: tuple[AgencyCode, ...] = ()


class Business(Value):
    """The business operation of the package (Bussiness, in the standard's spelling)."""

    type: BusinessType = BusinessType.NEW
    reason: Text | None = None
    document_id: DocumentId | None = None
    """The document that is revoked or updated, if the sender names it."""
    paper: bool | None = None
    """Whether a paper original is sent, too."""
    updates: tuple[BusinessUpdate, ...] = ()
    replaced: tuple[Replaced, ...] = ()
    staff: Staff | None = None


CHUNK = 1024 * 1024
"""Size in bytes of one piece when a file is read piece by piece."""


@runtime_checkable
class Source(Protocol):
    """The source of a large file's bytes. It is read piece by piece, from the beginning at each call, never whole."""

    def pieces(self, size: int) -> Iterator[bytes]:
        """Returns the file's bytes in pieces of `size` bytes; the last may be shorter. Raises OSError if they cannot be
        read, and ValueError if they do not match what was described."""


class Attachment(Value):
    """One attached file. Size and digest are those of its bytes, which travel beside the JSON form, never in it."""

    name: Text
    """The file name as people gave it, in any letters. Never used as a path to write to."""
    size: Annotated[int, Field(ge=0)]
    sha256: Digest
    content_id: Text | None = None
    description: Text | None = None
    content: Annotated[bytes, Field(exclude=True, repr=False)] = b""
    source: Annotated[SkipJsonSchema[InstanceOf[Source] | None], Field(exclude=True, repr=False)] = None
    """Replaces `content` if the file is too large to be held in memory."""

    @classmethod
    def of(cls, name: str, content: bytes, *, content_id: str | None = None, description: str | None = None) -> Self:
        return cls(
            name=name,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content_id=content_id,
            description=description,
            content=content,
        )

    def pieces(self, size: int = CHUNK) -> Iterator[bytes]:
        """Returns the bytes in pieces, from `content` or from `source`. Raises as `Source.pieces` does."""
        if self.source is not None:
            return self.source.pieces(size)
        return (self.content[at : at + size] for at in range(0, len(self.content), size))

    @property
    def media_type(self) -> str:
        """The MIME type by the name's extension; the type that a package states is not trusted."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"


def is_due_day(due_on: date, *, issued_on: date | None) -> bool:
    """Whether an answer can be due on that day: one that people mean, not before the document's day of issue. Document
    systems and peers of an older release write others where nothing is due. edxml §5.5"""
    return is_calendar_day(due_on) and (issued_on is None or issued_on <= due_on)


class Document(Value):
    """An official document with its recipients. Field names follow the field's English terms; the national element
    names are in schemas/edxml/README.md."""

    id: DocumentId
    sender: Party
    recipients: Annotated[tuple[Party, ...], Field(min_length=1)]
    number: DocumentNumber
    place: Text | None = None
    issued_on: date
    type: DocumentType
    subject: Text
    summary: Text | None = None
    signer: Signer | None = None
    due_on: date | None = None
    priority: Priority = Priority.NORMAL
    sphere: Text | None = None
    typist: Text | None = None
    copies: Annotated[int, Field(ge=0)] | None = None
    pages: Annotated[int, Field(ge=0)] | None = None
    reply_for: Text | None = None
    is_steering: bool = False
    """The SDK's OtherInfo/Direction."""
    reference_codes: Text | None = None
    appendices: tuple[Text, ...] = ()
    responses: tuple[Reference, ...] = ()
    steering: SteeringType | None = None
    task_codes: tuple[Text, ...] = ()
    application_type: Text | None = None
    to_places: tuple[Text, ...] = ()
    """The printed list "Nơi nhận"; not the routing list."""
    traces: tuple[Trace, ...] = ()
    business: Business = Business()
    attachments: tuple[Attachment, ...] = ()

    @model_validator(mode="after")
    def _recipients_differ(self) -> Self:
        codes = [party.code for party in self.recipients]
        if len(set(codes)) != len(codes):
            raise ValueError("two recipients have the same agency code")
        return self

    def with_contents(self, contents: Sequence[bytes | None]) -> Self:
        """Returns the document with its attachments' bytes filled in, in order; None leaves an attachment as it is.
        Raises ValueError if their number differs, or if one does not match its size and digest."""
        if len(contents) != len(self.attachments):
            raise ValueError(f"{len(self.attachments)} attachments described, {len(contents)} carried")
        filled = []
        for number, (attachment, content) in enumerate(zip(self.attachments, contents, strict=True), start=1):
            if content is None:
                filled.append(attachment)
                continue
            if len(content) != attachment.size or hashlib.sha256(content).hexdigest() != attachment.sha256:
                raise ValueError(f"attachment {number} does not match its size and digest")
            filled.append(attachment.model_copy(update={"content": content}))
        return self.model_copy(update={"attachments": tuple(filled)})

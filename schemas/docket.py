"""The docket: the clear, signed part of a message. Ids, addresses, times and digests; of a document in version 2 its
number, notation and date of issue, too; never subject or content."""

from datetime import date
from itertools import pairwise
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.codes import BusinessType, Kind, Outcome, Priority, StatusCode
from schemas.document import DocumentNumber
from schemas.values import (
    SHORT,
    AgencyCode,
    BlobId,
    Digest,
    DocumentId,
    MailboxCode,
    MessageId,
    ShortLine,
    Time,
    Value,
    steering_character,
)

Version = Literal[1, 2]
"""Of the wire format. Version 2 is of documents only, and its docket tells more of them. schemas §2.4"""

_MessageId = Annotated[MessageId, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z\-]{0,63}$")]
"""Wide enough for a UUID in any usual spelling. The id becomes an AMQP property, a key in stores and a field in
logs."""


class Address(Value):
    """An agency, and the mailbox that served it when the message was made."""

    agency: AgencyCode
    mailbox: MailboxCode


class DocumentKey(Value):
    """The key of one document, unique in the country: its issuer's code and its id."""

    issuer: AgencyCode
    id: DocumentId


class NumberInClear(Value):
    """Số and ký hiệu of a document, as a docket of version 2 tells them to whoever reads it."""

    number: ShortLine
    notation: ShortLine

    @classmethod
    def of(cls, number: DocumentNumber) -> Self | None:
        """Returns None for what cannot stand in a docket: longer than people's numbers are, or not on one line."""
        texts = (number.number, number.notation)
        if any(len(text) > SHORT or steering_character(text) for text in texts):
            return None
        return cls(number=number.number, notation=number.notation)

    def __str__(self) -> str:
        return f"{self.number}/{self.notation}"


class SealedContent(Value):
    """Size in bytes and digest of the sealed content as it travels, not of the plaintext."""

    size: Annotated[int, Field(ge=0)]
    sha256: Digest


MAX_ADDRESSES: Final = 4096
"""Agencies that one message may address: a circular to every ministry, province and commune has some 3,400. schemas
§8.1"""

MAX_ACKNOWLEDGED: Final = 1024
"""Lines of one receipt: an adapter takes in some 500 messages before it answers. schemas §8.1"""

MAX_NAMED: Final = 256
"""Documents that one revocation, update or replacement may name: each is looked for. schemas §8.1"""

SEGMENT: Final = 1024 * 1024
"""Size in bytes of one segment before it is sealed; the last segment may be shorter. schemas §10"""


_EXACT: Final = 2**53 - 1
"""The largest integer that every JSON reader holds exactly."""


def segments_of(size: int) -> int:
    """Returns the number of segments for a file of `size` bytes."""
    return -(-size // SEGMENT)


class Blob(Value):
    """An attachment that travels apart from its message, in sealed segments. schemas §10"""

    attachment: Annotated[int, Field(ge=1)]
    """The attachment's number, from 1."""
    id: BlobId
    size: Annotated[int, Field(ge=1, le=_EXACT)]
    """Size of the file in bytes."""
    segments: Annotated[int, Field(ge=1)]
    sha256: Digest
    """SHA-256 over the concatenated SHA-256 digests of the sealed segments."""

    @model_validator(mode="after")
    def _segments_hold_it(self) -> Self:
        if self.segments != segments_of(self.size):
            raise ValueError(f"{self.size} bytes are not in {self.segments} segments")
        return self


class Acknowledged(Value):
    """One line of a receipt: the outcome for one message."""

    message: _MessageId
    docket_sha256: Digest
    """SHA-256 of the docket's bytes: the receipt is for exactly this message."""
    outcome: Outcome
    code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{0,63}$")] | None = None
    """The error code if refused (bus/errors); the reader looks up the text."""


class Docket(Value):
    """The docket, schemas/README.md §3. Its signed form is `to_json()`; readers verify the bytes first, then parse."""

    __slots__ = ("_json",)  # a cache, no field: not copied, not compared

    version: Version = 1
    id: _MessageId
    kind: Kind
    sender: Address
    recipients: Annotated[tuple[Address, ...], Field(min_length=1, json_schema_extra={"maxItems": MAX_ADDRESSES})]
    """How many there may be is judged where strangers' bytes are read (bus/wire/envelope.py), and not here: a store
    may hold more of them, from before there was a limit."""
    created_at: Time
    expires_at: Time | None = None
    document: DocumentKey | None = None
    """The document that the message carries, or the document that a status is about."""
    business_type: BusinessType | None = None
    status: StatusCode | None = None
    priority: Priority = Priority.NORMAL
    due_on: date | None = None
    attachments: Annotated[int, Field(ge=0)] = 0
    blobs: Annotated[tuple[Blob, ...], Field(min_length=1)] | None = None
    """The attachments that travel apart, in their order; None if there are none."""
    content: SealedContent | None = None
    acknowledges: Annotated[tuple[Acknowledged, ...], Field(json_schema_extra={"maxItems": MAX_ACKNOWLEDGED})] = ()
    number: NumberInClear | None = None
    """Version 2 only, as what follows. None, too, where the document's cannot stand in a docket."""
    issued_on: date | None = None
    changes: Annotated[tuple[DocumentId, ...], Field(min_length=1, max_length=MAX_NAMED)] | None = None
    """Of a revocation, update or replacement: ids of the sender's documents that it names, the likeliest first; None
    if it names none. Nobody can name another's."""

    @model_validator(mode="after")
    def _kind_has_its_fields(self) -> Self:
        has = (
            self.document is not None,
            self.business_type is not None,
            self.status is not None,
            self.content is not None,
            bool(self.acknowledges),
        )
        wanted = _FIELDS_OF_KIND[self.kind]
        if has != wanted:
            exactly = sorted(name for name, is_wanted in zip(_FIELDS, wanted, strict=True) if is_wanted)
            wrong = sorted(name for name, one, other in zip(_FIELDS, has, wanted, strict=True) if one != other)
            raise ValueError(f"a {self.kind} docket has exactly {exactly}; wrong: {wrong}")
        return self

    @model_validator(mode="after")
    def _blobs_are_attachments(self) -> Self:
        numbers = [blob.attachment for blob in self.blobs or ()]
        if numbers and (self.kind is not Kind.DOCUMENT or numbers[-1] > self.attachments):
            raise ValueError("blobs that are no attachments of a document")
        if any(later <= earlier for earlier, later in pairwise(numbers)):
            raise ValueError("blobs out of the order of the attachments")
        if len({blob.id for blob in self.blobs or ()}) != len(numbers):
            raise ValueError("two blobs of one id")
        return self

    @model_validator(mode="after")
    def _tells_what_its_version_does(self) -> Self:
        if self.version == 1:
            if (self.number, self.issued_on, self.changes) != (None, None, None):
                raise ValueError("a docket of version 1 tells no number, date of issue or changes")
            return self
        if self.kind is not Kind.DOCUMENT:
            raise ValueError("only a document is of version 2")
        if self.issued_on is None:
            raise ValueError("a docket of version 2 without its document's date of issue")
        if self.changes and self.business_type is BusinessType.NEW:
            raise ValueError("a new document changes none")
        if len(set(self.changes or ())) != len(self.changes or ()):
            raise ValueError("it changes one document twice")
        return self

    def to_json(self) -> bytes:
        """Returns the JSON form, as for every value. Cached: seal, store and receipts all ask for it."""
        written: bytes | None = getattr(self, "_json", None)
        if written is None:
            written = super().to_json()
            object.__setattr__(self, "_json", written)
        return written

    @property
    def mailboxes(self) -> tuple[MailboxCode, ...]:
        """The recipient mailboxes, each once, in order."""
        return tuple(dict.fromkeys(address.mailbox for address in self.recipients))

    @property
    def changed(self) -> tuple[DocumentKey, ...]:
        """The keys of the documents in `changes`."""
        return tuple(DocumentKey(issuer=self.sender.agency, id=each) for each in self.changes or ())


_FIELDS = ("document", "business_type", "status", "content", "acknowledges")
_FIELDS_OF_KIND: dict[Kind, tuple[bool, ...]] = {
    Kind.DOCUMENT: (True, True, False, True, False),
    Kind.STATUS: (True, False, True, True, False),
    Kind.RECEIPT: (False, False, False, False, True),
}

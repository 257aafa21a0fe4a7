"""The records of the ledger: what came, what follows from it, what is owed. Plain frozen data; tables.py keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, NewType

from bus.handling.statuses import Change
from bus.wire.envelope import Signature
from schemas.codes import BusinessType, Outcome, Priority, StatusCode
from schemas.docket import Docket, DocumentKey
from schemas.values import AgencyCode, MailboxCode, MessageId

EventNumber = NewType("EventNumber", int)
DocumentNumber = NewType("DocumentNumber", int)
"""Of a document in this ledger: 64 times the number of the first event about it, and which of the documents that this
one names it is (fold.py)."""


class Position(NamedTuple):
    """Where a message lay: which stream, which one of that name (each time it is made anew: one more), which offset."""

    stream: str
    epoch: int
    offset: int


class Checkpoint(NamedTuple):
    """Where a stream was read to."""

    stream: str
    next: int
    """The offset to read from. Offsets have gaps."""
    last_offset: int | None
    last_sha256: str | None
    """Of the body of the message there: it is read again at each start, so that a stream made anew is noticed."""
    epoch: int
    at: datetime


class Seen(NamedTuple):
    """A message that came."""

    docket_sha256: str
    event: EventNumber
    document: DocumentNumber | None
    """Which document it is about; None of a receipt, and of what is not genuine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One message, as the stream `audit` told of it. The same message published again is no second event."""

    number: EventNumber
    position: Position
    received_at: datetime
    """When the ledger read it."""
    publisher: MailboxCode
    """Whose exchange it came by: the broker's word."""
    standing: str
    """`tables.GENUINE`, or the code of the error: why its signature does not stand. Only what is genuine is folded."""
    docket: Docket
    docket_bytes: bytes = field(repr=False)
    docket_sha256: str
    signature: Signature = field(repr=False)
    size: int
    """Bytes of the whole body, which is not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerReceiptLine:
    """What one mailbox's receipt says of one message."""

    message: MessageId
    mailbox: MailboxCode
    """Who answers."""
    sender: MailboxCode
    """Whose message it was."""
    docket_sha256: str
    outcome: Outcome
    code: str | None
    at: datetime
    event: EventNumber


class ChangedBy(NamedTuple):
    """A revocation, update or replacement of another id that names this document."""

    key: DocumentKey
    business: BusinessType
    at: datetime
    message: MessageId
    recipients: tuple[AgencyCode, ...]
    """Whom it was sent to: of other recipients it changes nothing."""
    due_on: date | None


class Carried(NamedTuple):
    """One message that carried a document, or a change of it under its own id, to one recipient; and its receipt."""

    message: MessageId
    mailbox: MailboxCode
    """The recipient's, when it was sent."""
    business: BusinessType
    at: datetime
    due_on: date | None
    outcome: Outcome | None = None
    refusal: str | None = None
    receipted_at: datetime | None = None


class StatusHeard(NamedTuple):
    code: StatusCode
    at: datetime
    event: EventNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRow:
    number: DocumentNumber
    key: DocumentKey
    known: bool
    """False: only statuses of it came so far. What only its docket can tell is then empty."""
    sender: AgencyCode
    mailbox: MailboxCode
    message: MessageId | None = None
    business: BusinessType | None = None
    code_number: str | None = None
    code_notation: str | None = None
    issued_on: date | None = None
    sent_at: datetime
    """Of an unknown one: the earliest time heard of it."""
    priority: Priority = Priority.NORMAL
    due_on: date | None = None
    expires_at: datetime | None = None
    attachments: int = 0
    size: int = 0
    changes: tuple[DocumentKey, ...] = ()
    changed_by: tuple[ChangedBy, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """One document at one recipient. All but the first five is a function of `carried`, `statuses` and the document's
    `changed_by`."""

    document: DocumentNumber
    agency: AgencyCode
    mailbox: MailboxCode
    """Of the message that counts; of none, its sender's."""
    sender: AgencyCode
    message: MessageId | None = None
    """The one that counts: the first that was no change. None: only statuses came from that agency, no recipient."""
    carried: tuple[Carried, ...] = ()
    """Every such message, the one that counts first."""
    business: BusinessType | None = None
    sent_at: datetime
    outcome: Outcome | None = None
    refusal: str | None = None
    receipted_at: datetime | None = None
    state: StatusCode | None = None
    change: Change = Change.NONE
    withdrawn: bool = False
    statuses: tuple[StatusHeard, ...] = ()
    """The first sixteen of each code, repetitions among them, in order of (their own time, code, event number): what
    is sealed in one batch has one time."""
    last_at: datetime

    def first(self, code: StatusCode) -> datetime | None:
        return next((heard.at for heard in self.statuses if heard.code is code), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObligationRow:
    """What one agency owes another about one document. bus/handling/obligations.py judges it."""

    document: DocumentNumber
    recipient: AgencyCode
    clock: str
    debtor: AgencyCode
    creditor: AgencyCode
    started_at: datetime
    warn_at: datetime | None
    due_at: datetime | None
    """None: no limit in law; only waited for."""
    met_at: datetime | None = None
    met_by: str | None = None
    void_at: datetime | None = None
    void_why: str | None = None
    calendar: str
    provisional: bool = False
    passed_to: AgencyCode | None = None

    @property
    def is_open(self) -> bool:
        return self.met_at is None and self.void_at is None

    def is_late(self, now: datetime) -> bool:
        return self.due_at is not None and self.void_at is None and (self.met_at or now) > self.due_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifeline:
    """All that is derived of one document: a function of its events, whatever order they came in."""

    document: DocumentRow
    deliveries: Mapping[AgencyCode, DeliveryRow]
    obligations: tuple[ObligationRow, ...] = ()


class DailyKey(NamedTuple):
    """One counter. `day` is Việt Nam's, of the sending of the document that is counted."""

    day: date
    agency: AgencyCode
    measure: str
    detail: str = ""

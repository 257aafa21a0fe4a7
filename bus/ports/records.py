"""The records that pass between the road and the world: what lies in an outbox and an inbox, what travels, what is
remembered of a document. Plain frozen data; who keeps and carries them is bus/ports/store.py."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from bus.handling.deadlines import Stage
from bus.handling.statuses import Handling, Verdict, is_awaited
from bus.handling.transport import InboxState, OutboxState, State
from schemas.codes import Kind, Outcome, Priority, StatusCode
from schemas.docket import Docket, DocumentKey
from schemas.values import AgencyCode, BlobId, DocumentId, MailboxCode, MessageId

S_co = TypeVar("S_co", bound=State, covariant=True)


class SubmissionKey(NamedTuple):
    """What makes two submissions the same one: `type` is the business type or the status code, as text."""

    kind: Kind
    issuer: AgencyCode
    document: DocumentId
    type: str
    sha256: str
    """Of the content before sealing, hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One sealed message on its way out. `body` is what travels; retries publish identical bytes."""

    docket: Docket
    body: bytes = field(repr=False)
    key: SubmissionKey | None
    """None for receipts and for what is set aside: they are not submissions."""
    outstanding: tuple[str, ...]
    """Routing keys not confirmed yet (waiting) or not receipted yet (sent)."""
    expects_receipts: bool = True
    state: OutboxState = OutboxState.WAITING
    attempts: int = 0
    next_at: datetime | None = None
    """None: at once."""
    source: str | None = None
    """What the adapter calls it."""
    headers: Mapping[str, str] = field(default_factory=dict)
    kept_key: bytes | None = field(default=None, repr=False)
    """The content key under this mailbox's own key, to wrap it for a recipient's newer key; dropped with the body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxChange:
    """How one outbox entry stands after a publish was tried, or an operator spoke."""

    message: MessageId
    state: OutboxState
    attempts: int
    next_at: datetime | None = None
    confirmed: tuple[str, ...] = ()
    """Routing keys the broker has confirmed by now."""
    error: str | None = None
    tried: bool = False
    """It was handed to the broker without a clear answer, or with a refusal by some: a recipient may have it."""
    headers: Mapping[str, str] | None = None
    """In place of those it had; None: as they were."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLine:
    """One line of a receipt, with who sent it."""

    message: MessageId
    mailbox: MailboxCode
    outcome: Outcome
    code: str | None
    at: datetime
    docket_sha256: str | None = None
    """Which docket it speaks of, hexadecimal: another one under the same id is no business of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxEntry:
    """One message held by this mailbox. `body` is still sealed."""

    docket: Docket
    body: bytes = field(repr=False)
    taken_at: datetime
    state: InboxState = InboxState.WAITING
    attempts: int = 0
    next_at: datetime | None = None
    error: str | None = None
    answered: int = 0
    """How many of its docket's recipients have their status 01 on its way, where these take several commits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxChange:
    """How one inbox entry stands after a delivery was tried, or an operator spoke."""

    message: MessageId
    state: InboxState
    attempts: int
    next_at: datetime | None = None
    sender: MailboxCode | None = None
    """Whose message: an id is unique per sender only, and a stranger may copy one. None: every entry of that id."""
    key: SubmissionKey | None = None
    """Set once opened: the second line of defence against filing twice."""
    filed_as: str | None = None
    error: str | None = None
    answered: int | None = None
    """As in `InboxEntry`; None: as it was."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One sealed piece of a blob. What was fetched is a stranger's until its digest was compared."""

    blob: BlobId
    number: int
    """From 1."""
    data: bytes = field(repr=False)
    mark: str | None = None
    """Of a fetched one: from where the segments behind it are to be looked for."""


class BlobKey(NamedTuple):
    """One blob of one message. An id is its sender's to choose: a stranger may copy one, and take nobody's place."""

    sender: MailboxCode
    message: MessageId
    blob: BlobId


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """How far the segments of one message have come. It stays with its entry, for `trace`, until that is forgotten."""

    message: MessageId
    sender: MailboxCode
    began_at: datetime
    done: int = 0
    """Segments of all its blobs, counted one behind the other. Outbox: durable where recipients fetch them. Inbox:
    proven, and durable here."""
    kind: str | None = None
    """Of the place where they wait (`Blobs.kind`); None where nobody said."""
    mark: str | None = None
    """From where they, or those that are not here yet, are found there."""
    looked: bool = False
    """Inbox: since the last segment came, they are looked for from the oldest on, and `mark` is how far that is."""
    behind: MessageId | None = None
    """Outbox: this message has no segments; it waits for those of another, which it is about."""
    finished_at: datetime | None = None
    """Outbox: all are where recipients fetch them. Inbox: whole, and proven to be what the message says."""


class HandlingKey(NamedTuple):
    """One document at one recipient agency."""

    issuer: AgencyCode
    document: DocumentId
    handler: AgencyCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What a mailbox remembers of one document at one recipient, on either side."""

    key: HandlingKey
    handling: Handling
    code: str | None
    """Full number and notation, for matching statuses that name no known id."""
    issued_on: str | None
    """ISO date."""
    updated_at: datetime
    ref: str | None = None
    """What the document system here calls the document."""
    priority: Priority = Priority.NORMAL
    """The document's; statuses about it travel with it."""
    due_on: date | None = None
    """The day by which its sender wants an answer; only where it was sent from here."""
    told: Stage | None = None
    """What has been said about that day."""

    @property
    def watched(self) -> date | None:
        """The day that something is still to be said about; None where nothing is."""
        return self.due_on if is_awaited(self.handling) and self.told is not Stage.PASSED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRecord:
    """One status in a document's history, whatever it did."""

    key: HandlingKey
    code: StatusCode
    verdict: Verdict
    at: datetime
    """When the reporter says it happened."""
    recorded_at: datetime
    message: MessageId
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something out of the ordinary, for `trace`. The ordinary steps are read from the rows' own times."""

    at: datetime
    name: str
    message: MessageId | None = None
    document: DocumentKey | None = None
    detail: str = ""
    number: int = field(default=0, compare=False)
    """Given by the store: a later event has a higher one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Generic[S_co]):
    """One outbox or inbox entry as operators see it: docket and facts, never content."""

    docket: Docket
    state: S_co
    attempts: int
    size: int
    """Bytes of the body still kept; 0 once dropped."""
    entered_at: datetime
    """Accepted into the outbox, or taken into the inbox."""
    next_at: datetime | None = None
    sent_at: datetime | None = None
    """Outbox: last confirmed by the broker."""
    finished_at: datetime | None = None
    ref: str | None = None
    """What the document system calls it."""
    error: str | None = None
    recipients: tuple[ReceiptLine, ...] = ()
    """Outbox: the receipts so far, without their digests."""
    tried: bool = False
    """Outbox: some recipient may have it, though the broker never confirmed it."""
    key: SubmissionKey | None = None
    """Outbox: the submission it carries."""
    number: int = field(default=0, compare=False)
    """Its place in the box: the newest has the highest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which entries that carry documents are asked for. None: any."""

    documents: Collection[DocumentId] | None = None
    """With these ids, however they are spelt."""
    since: datetime | None = None
    until: datetime | None = None
    """Entered before then."""
    states: Collection[State] | None = None
    agency: AgencyCode | None = None
    """Named in the docket, as sender or as recipient."""
    refused: bool = False
    """Outbox: those that some recipient refused, or that were not in time."""
    unheard: bool = False
    """Those of which no status has come from some recipient, and those that change others: these have none."""
    below: int | None = None
    """With a lower `Row.number`: the next page."""
    limit: int = 500


class UnderWay(NamedTuple):
    """What one mailbox has sent another that is not done with: how many messages, their bytes, and the bytes of what
    travels apart from them."""

    messages: int = 0
    bytes: int = 0
    blobs: int = 0


class Box(StrEnum):
    OUT = "outbox"
    IN = "inbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One AMQP publish: the first routing key, the others in `CC`, and after them the lanes."""

    message: MessageId
    kind: Kind
    routing: tuple[str, ...]
    body: bytes = field(repr=False)
    priority: Priority
    created_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    lanes: tuple[str, ...] = ()
    """Routing keys of copies that overtake, where the broker has such lanes. No answer is about them."""
    version: int = 1
    """Of the wire format."""


class Confirmation(StrEnum):
    CONFIRMED = "confirmed"
    NACKED = "nacked"
    LOST = "lost"
    """The connection went before an answer came: it may or may not be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecodable:
    """What is left of AMQP properties that could not be decoded."""

    why: str
    size: int
    """Bytes of properties and headers."""
    sha256: str

    def __str__(self) -> str:
        return f"{self.why}; {self.size} bytes, SHA-256 {self.sha256}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message from the inbox queue, not acknowledged yet. `tag` is the broker's own."""

    tag: tuple[int, int]
    """(connection number, delivery tag)."""
    body: bytes = field(repr=False)
    user: str | None
    """The AMQP user who published it, as the broker vouches. Of `undecodable` properties: whose exchange it came by."""
    headers: Mapping[str, object] = field(default_factory=dict)
    redelivered: bool = False
    is_copy: bool = False
    """By the lane: the message itself comes by the inbox."""
    undecodable: Undecodable | None = None
    """AMQP's properties and headers could not be decoded: it comes without them."""

"""What the road asks of the world: a store, a broker, a document system.

`Store`, `Transaction` and `Broker` are protocols with two implementations each (real, fake; held equal by
tests/contract). `Adapter` is an ABC, with the records it works with beside it: strangers write the next one.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeAlias

from bus.errors import BusError
from bus.handling import Verdict
from bus.records import (
    Arrival,
    BlobKey,
    Box,
    Confirmation,
    Dossier,
    Event,
    HandlingKey,
    InboxChange,
    InboxEntry,
    OutboxChange,
    OutboxEntry,
    Publication,
    ReceiptLine,
    Row,
    Segment,
    State,
    StatusRecord,
    SubmissionKey,
    Transfer,
)
from schemas.docket import DocumentKey
from schemas.document import Document
from schemas.status import Status
from schemas.values import AgencyCode, BlobId, DocumentId, MailboxCode, MessageId

ARRIVAL_BYTES = 32 * 1024 * 1024
"""Of bodies, in one `Broker.receive`: what one commit has to hold."""


SEGMENTS_AT_ONCE = 8
"""Of 1 MiB: what one commit, one round of uploading or fetching holds in memory."""


class Transaction(Protocol):
    """One unit of work. Everything in it is durable together, or not at all."""

    # -- outbox
    def accepted(self, keys: Collection[SubmissionKey]) -> Mapping[SubmissionKey, MessageId]:
        """Which of these were accepted before, and as which message. Cancelled entries do not count, nor those that
        every recipient refused: they may be sent again."""

    def put_outbox(self, entries: Sequence[OutboxEntry], *, at: datetime) -> None:
        """The blobs that an entry's docket names are its own from here on. Raises ValueError where one is not here."""

    def due_outbox(self, *, now: datetime, limit: int, max_bytes: int) -> Sequence[OutboxEntry]:
        """Waiting entries, and sent ones whose receipts are missed: the most urgent first, then the oldest; at most
        `limit`, and no more than `max_bytes` of bodies unless the first alone is larger. Never those of `due_apart`."""

    def change_outbox(self, changes: Sequence[OutboxChange]) -> None:
        """A DONE or CANCELLED entry drops its body. Entries already DONE stay as they are: a receipt may have come
        before its publish was settled. So do CANCELLED ones: there is no body left to send. Confirmed routing keys add
        up while an entry waits; one that is put back to WAITING goes again to all who have not receipted. What was
        once `tried` stays so."""

    def put_receipts(self, lines: Sequence[ReceiptLine]) -> Collection[MessageId]:
        """Records the lines (a repeated one changes nothing; `refused` wins over `held`; either wins over NotInTime,
        and a `held` that does is kept as HeldAfterAll) and finishes the entries that every recipient has now held or
        refused. Returns the messages that a line was taken for. Passed over are lines
        about what was never ours, from a mailbox it was not sent to, or about another docket than was sent."""

    def not_in_time(self, messages: Collection[MessageId]) -> Collection[tuple[MessageId, MailboxCode]]:
        """Of these messages, the recipients that were given up on as NotInTime, and have not answered since."""

    def expired_outbox(self, *, now: datetime, limit: int) -> Sequence[Row]:
        """Entries that are not finished and whose docket's `expires_at` has come, the earliest first."""

    def unfinished(self, messages: Collection[MessageId]) -> Sequence[OutboxEntry]:
        """Of these, the entries whose body is still there, with `outstanding` as in `due_outbox`."""

    def reseal(self, bodies: Mapping[MessageId, bytes]) -> None:
        """Other bodies for unfinished entries: the same docket and content, wrapped to other keys."""

    # -- inbox
    def put_inbox(self, entries: Sequence[InboxEntry]) -> Sequence[InboxEntry]:
        """Returns those that are new; a message already held, from the same sender mailbox, is left as it is."""

    def held(self, keys: Collection[tuple[MailboxCode, MessageId]]) -> Mapping[tuple[MailboxCode, MessageId], str]:
        """Of these messages (sender mailbox, id) the ones in the inbox, filed or not, each with the SHA-256 of its
        docket as `Docket.to_json` writes it, hexadecimal."""

    def due_inbox(self, *, now: datetime, limit: int, max_bytes: int) -> Sequence[InboxEntry]:
        """As `due_outbox`."""

    def filed(self, keys: Collection[SubmissionKey]) -> Collection[SubmissionKey]:
        """Which contents were filed before."""

    def change_inbox(self, changes: Sequence[InboxChange]) -> None:
        """A DONE or CANCELLED entry drops its body and stays what it is; a REFUSED one keeps it until released or
        discarded. Only a change to DONE with its `key` counts as filed."""

    # -- what travels apart, in either box
    def put_segments(self, box: Box, blob: BlobKey, segments: Sequence[Segment], *, at: datetime) -> None:
        """Keeps segments; one of the same number is replaced. Of an outbox, they are nobody's until `put_outbox` names
        the blob: until then, and again once its entry is DONE or CANCELLED, nobody needs them."""

    def segments(self, box: Box, blob: BlobKey, *, first: int, limit: int) -> Sequence[Segment]:
        """In the order of their numbers, from `first` on."""

    def due_apart(self, box: Box, state: State, *, now: datetime) -> OutboxEntry | InboxEntry | None:
        """The most urgent entry that is due in one of the states that the other verbs leave out, then the oldest."""

    def put_transfer(self, box: Box, transfer: Transfer) -> None:
        """Inserts, or replaces, that of an entry; where there is no such entry, nothing."""

    def transfers(self, box: Box, messages: Collection[MessageId]) -> Sequence[Transfer]:
        """Of these messages, as far as they have one."""

    def unneeded(self, box: Box, *, before: datetime) -> Sequence[BlobKey]:
        """Some of the blobs that are no entry's any more, or that are none's yet and began before then."""

    def drop_segments(self, box: Box, blob: BlobKey, *, limit: int) -> bool:
        """Drops at most `limit` segments of what nobody needs, and nothing of an entry's. True when there is more."""

    # -- handling
    def dossiers(self, keys: Collection[HandlingKey]) -> Mapping[HandlingKey, Dossier]: ...

    def find_dossiers(
        self,
        *,
        issuer: AgencyCode,
        document: DocumentId | None = None,
        code: str | None = None,
        issued_on: str | None = None,
    ) -> Sequence[Dossier]:
        """All recipients' dossiers of a document by its id, or by its number and date."""

    def put_dossiers(self, dossiers: Sequence[Dossier]) -> None:
        """Inserts, or replaces by key."""

    def awaited(self, *, near: date, past: date, limit: int) -> Sequence[Dossier]:
        """Those that are watched until a day up to `near`, and of which nothing was said; and those until a day up to
        `past`, of which the last is still to be said. The earliest day first."""

    def put_statuses(self, records: Sequence[StatusRecord]) -> None: ...

    def statuses(self, *, issuer: AgencyCode, document: DocumentId) -> Sequence[StatusRecord]: ...

    def hasten(self, box: Box, state: State, *, beyond: datetime, to: datetime) -> None:
        """Entries of that state that wait for a time after `beyond` wait for `to` instead."""

    # -- operators
    def put_events(self, events: Sequence[Event]) -> None: ...

    def events(self, *, document: DocumentId) -> Sequence[Event]: ...

    def recent_events(self, *, limit: int, name: str | None = None) -> Sequence[Event]:
        """Newest first, of all documents and of none."""

    def rows(
        self,
        box: Box,
        *,
        state: State | None = None,
        document: DocumentId | None = None,
        message: MessageId | None = None,
        limit: int = 100,
    ) -> Sequence[Row]:
        """Newest first."""

    def counts(self, box: Box) -> Mapping[State, int]: ...

    def oldest(self, box: Box, state: State) -> datetime | None: ...


class Store(Protocol):
    """A mailbox's own durable memory. Safe to use from several threads; one writer at a time."""

    def write(self) -> AbstractContextManager[Transaction]:
        """Commits when the block ends well, rolls back when it raises. Raises StoreFull when the disk is."""

    def read(self) -> AbstractContextManager[Transaction]:
        """One moment's state, whatever is written meanwhile. It cannot write: raises RuntimeError."""

    def forget(self, before: datetime) -> int:
        """Drops what was finished (DONE, CANCELLED) before then, and history recorded before then; dossiers stay.
        Returns how many messages. In small commits: others get their turn between them."""

    def give_back(self) -> bool:
        """Returns some of what was freed to the disk, where there is much of it; True when there is more."""

    def close(self) -> None: ...


class Broker(Protocol):
    """One mailbox's link: it publishes to its own exchange and consumes its own inbox. Never declares anything."""

    def publish(self, batch: Sequence[Publication]) -> Sequence[Confirmation]:
        """One answer each, in order; waits for all of them. Raises BrokerAway at once where there is no connection,
        or where the broker blocks publishers."""

    def receive(self, *, limit: int, wait: float, max_bytes: int = ARRIVAL_BYTES) -> Sequence[Arrival]:
        """What has arrived, at most `limit`, and no more than `max_bytes` of bodies unless the first alone is larger;
        waits up to `wait` seconds for the first."""

    def ack(self, arrivals: Sequence[Arrival]) -> None:
        """Those of a connection that is gone are passed over: the broker delivers them again."""

    @property
    def is_up(self) -> bool:
        """Publishing and consuming, not blocked."""

    @property
    def others(self) -> int:
        """How many more consume the inbox, as last counted; a dead connection that lingers at the broker is none."""

    def state(self) -> Mapping[str, object]:
        """For /healthz: what is connected, since when, what went wrong last. Never a credential."""

    def close(self) -> None: ...


class Blobs(Protocol):
    """Where the sealed segments of large attachments wait for their recipients: put once, however many those are.

    Two implementations beside the fake: the sender's stream on the broker, and an S3-compatible store. Never declares
    anything. Not to be used by two threads at once. All but `close` raise BlobsAway where it cannot be reached, is
    full, or does not let us.
    """

    kind: str
    """`stream`, `s3`: a word of lower-case letters and digits. Recipients need the same kind."""

    def begin(self) -> str:
        """A mark, without spaces: what is put from now on is found from there on."""

    def put(self, segments: Sequence[Segment]) -> None:
        """Durable, all of them, when it returns. Any of them may be put again."""

    def get(
        self, sender: MailboxCode, blob: BlobId, *, first: int, mark: str | None, limit: int = SEGMENTS_AT_ONCE
    ) -> Sequence[Segment]:
        """Segments of one blob of another mailbox, as they lie there from a mark on (None: from the oldest kept), at
        most `limit` of them, those before number `first` left out. Which numbers come, in which order and how often is
        what their sender made of it: the caller judges. Each has the mark from which its successors are found. Empty:
        nothing (any more) to be found from there."""

    def remove(self, blobs: Sequence[BlobId]) -> None:
        """Own ones that nobody needs any more; where the store forgets by itself, nothing."""

    def close(self) -> None: ...


# -- document systems --------------------------------------------------------------------------------------------------

Submission: TypeAlias = Document | Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Something the document system wants sent. `ref` is its own name for it, given back in `acknowledge`."""

    ref: str
    item: Submission | BusError
    """A BusError where it could not be read: it is answered like any other refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one submission. No error: it is durably accepted."""

    ref: str
    message: MessageId | None = None
    duplicate: bool = False
    error: BusError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """A document to file, once, for the agencies named; `target` where it changes documents filed before."""

    document: Document
    recipients: tuple[AgencyCode, ...]
    """The addressees that this mailbox serves."""
    message: MessageId
    target: tuple[str, ...] = ()
    """`Filed.ref` of the documents it revokes, updates or replaces here, as far as they are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A status that came for a document: one this mailbox sent, or (13) one that it received."""

    status: Status
    message: MessageId
    verdict: Verdict
    target: str | None = None
    """What this document system calls the document, where it told us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """How the document system took one filing or report."""

    ref: str | None = None
    """Its own name for the document."""
    error: BusError | None = None
    """Refused: never file it, tell the sender. TryLater: again in a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A recipient will not take a message that this document system submitted, or did not in its time (NotInTime); or
    has it after all (HeldAfterAll), whatever was said before. The last word counts."""

    ref: str | None
    """`Collected.ref` of the submission."""
    message: MessageId
    document: DocumentKey | None
    mailbox: MailboxCode
    """Which recipient."""
    error: BusError
    at: datetime


class Adapter(ABC):
    """Speaks with one kind of document system. See adapters/README.md; every method may be called again after a crash,
    with the same arguments, and must then come to the same end.

    Two threads call it: one `collect` and `acknowledge`, the other `deliver`, `report`, `holds` and `bounced`. Any of
    them may raise TryLater when the document system as a whole does not answer; the call is then repeated later.

    With `takes_large` there is a third, for documents with attachments that are too large to be held in memory:
    `collect_large`, `acknowledge` of what that gave, `deliver` and `holds` of what has come, one document at a time.
    """

    takes_large: bool = False
    """True where `deliver` can read attachments from their `source`, and `collect_large` offers such. Without, such
    documents are handed over in memory up to a limit, and refused above it."""

    reports_arrival: bool = False
    """True where the document system itself sends status 01; else the bus does when a document is filed."""

    @abstractmethod
    def collect(self, limit: int) -> Sequence[Collected]:
        """What waits to be sent: the most urgent first, as far as that is known before it is read, then the oldest.
        Offers the same item again until it is acknowledged."""

    def collect_large(self, limit: int) -> Sequence[Collected]:
        """As `collect`, for documents with an attachment too large to be held, whose bytes it leaves where they are
        (`Attachment.source`) until it is acknowledged. `collect` leaves these documents out."""
        return ()

    @abstractmethod
    def acknowledge(self, answers: Sequence[Answer]) -> None:
        """Accepted and refused items must not be offered again; an item answered with TryLater must."""

    @abstractmethod
    def deliver(self, filings: Sequence[Filing]) -> Sequence[Filed]:
        """Files documents: one answer each, in order. The same message twice is filed once."""

    @abstractmethod
    def report(self, reports: Sequence[Report]) -> Sequence[Filed]:
        """Tells the document system of statuses: one answer each, in order. The same message twice is told once."""

    def holds(self, taken: Mapping[MessageId, str | None]) -> Collection[MessageId]:
        """Of what `deliver` or `report` has just taken (message, `Filed.ref`), what this system can show: looked for
        anew, where it keeps things, before the bus lets go of its own copy. What a clerk has dealt with since counts as
        held. What is not returned is handed over again later. All, where it cannot tell."""
        return taken.keys()

    def bounced(self, bounces: Sequence[Bounce]) -> None:  # noqa: B027 — a system may have no place to show it
        """Tells the document system what was refused after it had been accepted. Raises TryLater to be asked again."""

    def check(self) -> Sequence[str]:
        """What stands in the way of working, a sentence each; empty when ready."""
        return ()

    def close(self) -> None:  # noqa: B027 — most adapters hold nothing open
        """Lets go of connections and files."""

"""The port to a mailbox's own durable memory: a `Store` gives transactions over an outbox, an inbox and dossiers.

Protocols with two implementations each (bus/store, and one in memory for tests); tests/contract holds them equal.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from bus.errors import BusError
from bus.handling.transport import InboxState, OutboxState, State
from bus.ports.records import (
    BlobKey,
    Box,
    Dossier,
    Event,
    HandlingKey,
    InboxChange,
    InboxEntry,
    OutboxChange,
    OutboxEntry,
    ReceiptLine,
    Row,
    Segment,
    StatusRecord,
    SubmissionKey,
    Transfer,
    UnderWay,
    Which,
)
from bus.ports.submitted import Submitted
from schemas.codes import Outcome, StatusCode
from schemas.values import AgencyCode, DocumentId, MailboxCode, MessageId

S = TypeVar("S", bound=State)


class Entries(Protocol, Generic[S]):
    """What outbox and inbox have in common: the blobs of their entries, and what operators ask. A state of the other
    box is asked for in vain."""

    def put_segments(self, blob: BlobKey, segments: Sequence[Segment], *, at: datetime) -> None:
        """Keeps segments; one of the same number is replaced. Of an outbox, they are orphans until `put` names the
        blob, and again once its entry is DONE or CANCELLED."""

    def segments(self, blob: BlobKey, *, first: int, limit: int) -> Sequence[Segment]:
        """In the order of their numbers, from `first` on."""

    def due_with_blobs(self, state: State, *, now: datetime) -> OutboxEntry | InboxEntry | None:
        """The most urgent entry that is due in a state that `due` leaves out, then the oldest."""

    def put_transfer(self, transfer: Transfer) -> None:
        """Inserts, or replaces, that of an entry; where there is no such entry, nothing."""

    def transfers(self, messages: Collection[MessageId]) -> Sequence[Transfer]:
        """Of these messages, as far as they have one."""

    def orphans(self, *, before: datetime) -> Sequence[BlobKey]:
        """Some of the orphans: blobs that are no entry's any more, or that are none's yet and began before then."""

    def drop_segments(self, blob: BlobKey, *, limit: int) -> bool:
        """Drops at most `limit` segments of an orphan, and nothing of an entry's. True when there is more."""

    def reschedule(self, state: State, *, beyond: datetime, to: datetime) -> None:
        """Entries of that state that wait for a time after `beyond` wait for `to` instead."""

    def rows(
        self,
        *,
        state: State | None = None,
        document: DocumentId | None = None,
        message: MessageId | None = None,
        receipts: bool = True,
        limit: int = 100,
    ) -> Sequence[Row[S]]:
        """Newest first. Without `receipts`: only what is about a document."""

    def documents(self, which: Which) -> Sequence[Row[S]]:
        """Entries that carry documents, and no statuses or receipts; newest first, at most `which.limit`."""

    def ids(self, beginning: str, *, limit: int) -> Sequence[MessageId]:
        """The ids that begin so, each once, in their order."""

    def counts(self) -> Mapping[S, int]: ...

    def oldest(self, state: State) -> datetime | None: ...


class Outbox(Entries[OutboxState], Protocol):
    """What this mailbox sends."""

    def submitted(self, keys: Collection[SubmissionKey]) -> Mapping[SubmissionKey, Submitted]:
        """Which of these were submitted before, and how far each has come at each mailbox that it was sent to."""

    def put(self, entries: Sequence[OutboxEntry], *, at: datetime) -> None:
        """The blobs that an entry's docket names are its own from here on. Raises ValueError where one is not here."""

    def due(self, *, now: datetime, limit: int, max_bytes: int) -> Sequence[OutboxEntry]:
        """Waiting entries, and sent ones whose receipts are missed: the most urgent first, then the oldest; at most
        `limit`, and no more than `max_bytes` of bodies unless the first alone is larger. None that waits for
        blobs."""

    def due_with_blobs(self, state: State, *, now: datetime) -> OutboxEntry | None:
        """As in `Entries`."""

    def change(self, changes: Sequence[OutboxChange]) -> None:
        """A DONE or CANCELLED entry drops its body. Entries already DONE stay as they are: a receipt may have come
        before its publish was settled. So do CANCELLED ones: there is no body left to send. Confirmed routing keys add
        up while an entry waits; one that is put back to WAITING goes again to all who have not receipted. What was
        once `tried` stays so."""

    def put_receipts(self, lines: Sequence[ReceiptLine]) -> Collection[MessageId]:
        """Records the lines (a repeated one changes nothing; `refused` wins over `held`; either wins over NotInTime,
        and a `held` that does, or that comes for a CANCELLED entry, is kept as HeldAfterAll) and finishes the entries
        that every recipient has now held or refused. Returns the messages that a line was taken for. Passed over are
        lines about what was never ours, from a mailbox it was not sent to, or about another docket than was sent."""

    def answered(self, lines: Collection[ReceiptLine]) -> Mapping[ReceiptLine, Outcome | None]:
        """Of these lines, the ones from a recipient of the message and about the very docket it was sent, each with
        what that recipient has answered before."""

    def hold_back(
        self, lines: Collection[ReceiptLine], *, since: datetime, until: datetime, error: str
    ) -> Collection[ReceiptLine]:
        """SENT entries that were put after `since` are published again `until` then, to all who have not receipted.
        Returns the lines that were taken for; passed over are those that `put_receipts` passes over, and those of a
        recipient that holds the message."""

    def under_way(self, mailboxes: Collection[MailboxCode] | None = None) -> Mapping[MailboxCode, UnderWay]:
        """What was submitted for each of these mailboxes (None: for any) and is not receipted by it, nor withdrawn;
        those without any are left out. Read from an index alone."""

    def given_up(self, messages: Collection[MessageId]) -> Collection[tuple[MessageId, MailboxCode]]:
        """Of these messages, the recipients that were given up on as NotInTime, or by a CANCELLED entry, and have not
        answered since."""

    def expired(self, *, now: datetime, limit: int) -> Sequence[Row[OutboxState]]:
        """Entries that are not finished and whose docket's `expires_at` has come, the earliest first."""

    def unfinished(self, messages: Collection[MessageId]) -> Sequence[OutboxEntry]:
        """Of these, the entries whose body is still there, with `outstanding` as in `due`."""

    def reseal(self, bodies: Mapping[MessageId, bytes]) -> None:
        """Other bodies for unfinished entries: the same docket and content, wrapped to other keys."""


class Inbox(Entries[InboxState], Protocol):
    """What this mailbox received."""

    def put(self, entries: Sequence[InboxEntry]) -> Sequence[InboxEntry]:
        """Returns those that are new; a message already held, from the same sender mailbox, is left as it is."""

    def docket_digests(
        self, keys: Collection[tuple[MailboxCode, MessageId]]
    ) -> Mapping[tuple[MailboxCode, MessageId], str]:
        """Of these messages (sender mailbox, id) the ones in the inbox, filed or not, each with the SHA-256 of its
        docket as `Docket.to_json` writes it, hexadecimal."""

    def held_from(self, senders: Collection[MailboxCode] | None = None) -> Mapping[MailboxCode, UnderWay]:
        """What is kept of each of these senders' messages (None: of any) and neither filed nor discarded; those without
        any are left out. Read from an index alone."""

    def due(self, *, now: datetime, limit: int, max_bytes: int) -> Sequence[InboxEntry]:
        """As `Outbox.due`."""

    def due_with_blobs(self, state: State, *, now: datetime) -> InboxEntry | None:
        """As in `Entries`."""

    def senders_to_fetch(self, *, now: datetime) -> Collection[MailboxCode]:
        """Those of whose messages one is due in the state FETCHING."""

    def next_to_fetch(self, sender: MailboxCode, *, now: datetime) -> InboxEntry | None:
        """Of this sender's: one that nothing went wrong with, then the most urgent, then the oldest."""

    def filed(self, keys: Collection[SubmissionKey]) -> Collection[SubmissionKey]:
        """Which contents were filed before."""

    def change(self, changes: Sequence[InboxChange]) -> None:
        """A DONE or CANCELLED entry drops its body and stays what it is; a REFUSED one keeps it until released or
        discarded. Only a change to DONE with its `key` counts as filed."""


class Dossiers(Protocol):
    """What is remembered of documents: dossiers, the history of their statuses, and events."""

    def by_keys(self, keys: Collection[HandlingKey]) -> Mapping[HandlingKey, Dossier]: ...

    def find(
        self,
        *,
        issuer: AgencyCode,
        document: DocumentId | None = None,
        code: str | None = None,
        issued_on: str | None = None,
    ) -> Sequence[Dossier]:
        """All recipients' dossiers of a document by its id, or by its number and date."""

    def named(self, part: str, *, limit: int) -> Sequence[str]:
        """The ids, in normal form, of documents here whose id or number and notation has this part; case, spaces, and
        the marks of Vietnamese letters aside."""

    def numbered(self, number: str, *, limit: int) -> Sequence[str]:
        """As `named`: of documents with this number and notation, or with this number alone."""

    def among(
        self,
        box: Box,
        *,
        issuer: AgencyCode | None = None,
        handler: AgencyCode | None = None,
        state: StatusCode | None = None,
        due_before: date | None = None,
        limit: int,
    ) -> Sequence[Dossier]:
        """Dossiers of what a box has sent or received, the last changed first. `due_before`: with an earlier due day,
        and still awaited."""

    def put(self, dossiers: Sequence[Dossier]) -> None:
        """Inserts, or replaces by key."""

    def awaited(self, *, near: date, past: date, limit: int) -> Sequence[Dossier]:
        """Those that are watched until a day up to `near`, and of which nothing was said; and those until a day up to
        `past`, of which the last is still to be said. The earliest day first."""

    def put_statuses(self, records: Sequence[StatusRecord]) -> None: ...

    def statuses(self, *, issuer: AgencyCode, document: DocumentId) -> Sequence[StatusRecord]:
        """In the order they were recorded."""

    def put_events(self, events: Sequence[Event]) -> None: ...

    def events(self, *, document: DocumentId) -> Sequence[Event]:
        """What names the document, and what names only a message that carries it; by time."""

    def recent_events(
        self, *, limit: int, name: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[Event]:
        """Newest first, of all documents and of none. `name`: only of this name, or of this kind: `broker` is
        `broker.away`, too. `until` is not included."""

    def events_after(self, number: int, *, limit: int, name: str | None = None) -> Sequence[Event]:
        """Those with a higher number, oldest first."""


class Transaction(Protocol):
    """One unit of work. Everything in it is durable together, or not at all."""

    @property
    def outbox(self) -> Outbox: ...

    @property
    def inbox(self) -> Inbox: ...

    @property
    def dossiers(self) -> Dossiers: ...

    def of(self, box: Box) -> Entries[OutboxState] | Entries[InboxState]:
        """The outbox or the inbox."""


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

    def incomplete(self) -> BusError | None:
        """What a recovery of a damaged store could not bring back, until an operator has dealt with it."""

    def close(self) -> None: ...

"""What the store in memory holds of each entry, and how it shows it to operators."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from bus.handling.transport import InboxState, OutboxState
from bus.ports.records import (
    BlobKey,
    Box,
    Dossier,
    Event,
    HandlingKey,
    InboxEntry,
    OutboxEntry,
    ReceiptLine,
    Row,
    StatusRecord,
    SubmissionKey,
    Transfer,
)
from bus.ports.submitted import Carrier
from schemas.codes import Outcome
from schemas.docket import Docket
from schemas.values import MailboxCode, MessageId


def mailbox_of(routing: str) -> MailboxCode:
    return routing.partition(".")[2] or routing


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """`entry.outstanding` is every routing key it was put with."""

    entry: OutboxEntry
    entered_at: datetime
    confirmed: frozenset[str] = frozenset()
    receipts: Mapping[MailboxCode, ReceiptLine] = field(default_factory=dict)
    sent_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    tried: bool = False
    put_size: int = 0
    """Bytes of the body it was put with."""

    @property
    def unreceipted(self) -> tuple[str, ...]:
        return tuple(sorted(key for key in self.entry.outstanding if mailbox_of(key) not in self.receipts))

    @property
    def outstanding(self) -> tuple[str, ...]:
        if self.entry.state is not OutboxState.WAITING:
            return self.unreceipted
        return tuple(key for key in self.unreceipted if key not in self.confirmed) or self.unreceipted

    def carrier(self) -> Carrier:
        answers: dict[MailboxCode, Outcome | None] = {mailbox_of(key): None for key in self.entry.outstanding}
        answers |= {line.mailbox: line.outcome for line in self.receipts.values()}
        return Carrier(self.entry.docket.id, self.entry.state, answers)

    def is_meant(self, line: ReceiptLine) -> bool:
        """By a receipt's line: it comes from a recipient, and about this docket."""
        digest = sha256(self.entry.docket.to_json()).hexdigest()
        return line.mailbox in map(mailbox_of, self.entry.outstanding) and line.docket_sha256 in {None, digest}

    def row(self) -> Row[OutboxState]:
        return Row(
            docket=self.entry.docket,
            state=self.entry.state,
            attempts=self.entry.attempts,
            size=len(self.entry.body),
            entered_at=self.entered_at,
            next_at=self.entry.next_at,
            sent_at=self.sent_at,
            finished_at=self.finished_at,
            ref=self.entry.source,
            error=self.error,
            recipients=tuple(sorted(self.receipts.values(), key=lambda line: (line.at, line.mailbox))),
            tried=self.tried,
            key=self.entry.key,
        )


@dataclass(frozen=True, kw_only=True)
class Incoming:
    entry: InboxEntry
    finished_at: datetime | None = None
    key: SubmissionKey | None = None
    filed_as: str | None = None

    def row(self) -> Row[InboxState]:
        return Row(
            docket=self.entry.docket,
            state=self.entry.state,
            attempts=self.entry.attempts,
            size=len(self.entry.body),
            entered_at=self.entry.taken_at,
            next_at=self.entry.next_at,
            finished_at=self.finished_at,
            ref=self.filed_as,
            error=self.entry.error,
        )


@dataclass(frozen=True, kw_only=True)
class HeldBlob:
    segments: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    entry: tuple[MessageId, MailboxCode] | None = None
    begun_at: datetime | None = None
    """None: nobody needs it any more."""


@dataclass(kw_only=True)
class Memory:
    """Entries in the order they were put; dicts keep it."""

    outbox: dict[MessageId, Outgoing] = field(default_factory=dict)
    inbox: dict[tuple[MessageId, MailboxCode], Incoming] = field(default_factory=dict)
    dossiers: dict[HandlingKey, Dossier] = field(default_factory=dict)
    statuses: list[StatusRecord] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    blobs: dict[tuple[Box, BlobKey], HeldBlob] = field(default_factory=dict)
    transfers: dict[tuple[Box, MessageId, MailboxCode], Transfer] = field(default_factory=dict)

    def dockets(self) -> list[Docket]:
        """Of all entries."""
        out = [each.entry.docket for each in self.outbox.values()]
        return out + [each.entry.docket for each in self.inbox.values()]

    def copy(self) -> "Memory":
        return Memory(
            outbox=dict(self.outbox),
            inbox=dict(self.inbox),
            dossiers=dict(self.dossiers),
            statuses=list(self.statuses),
            events=list(self.events),
            blobs=dict(self.blobs),
            transfers=dict(self.transfers),
        )

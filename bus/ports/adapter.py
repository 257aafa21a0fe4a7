"""The port to a document system: `Adapter`, an ABC that strangers implement, and the records it works with."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bus.errors import BusError
from bus.handling.statuses import Verdict
from schemas.docket import DocumentKey
from schemas.document import Document
from schemas.status import Status
from schemas.values import AgencyCode, MailboxCode, MessageId


class Notice(str):
    """A sentence of `check` about what waits in the document system and stands in nobody's way."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Something the document system wants sent. `ref` is its own name for it, given back in `acknowledge`."""

    ref: str
    item: Document | Status | BusError
    """A BusError where it could not be read: it is answered like any other refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one submission. No error: it is durably accepted."""

    ref: str
    message: MessageId | None = None
    duplicate: bool = False
    """It was submitted before, and nothing is sent: everyone it is for has it, or it is on its way to them."""
    error: BusError | None = None
    again_to: tuple[MailboxCode, ...] = ()
    """It was submitted before, and goes once more: to these, who do not have it. Otherwise empty."""
    held_by: tuple[MailboxCode, ...] = ()
    """Where it was submitted before: who has it."""
    under_way_to: tuple[MailboxCode, ...] = ()
    """Where it was submitted before: to whom it was on its way already."""


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
    will never get it, since an operator took it back (Withdrawn); or has it after all (HeldAfterAll),
    whatever was said before. The last word counts."""

    ref: str | None
    """`Collected.ref` of the submission."""
    message: MessageId
    document: DocumentKey | None
    mailbox: MailboxCode
    """Which recipient."""
    error: BusError
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that waits in the document system and does not go on by itself."""

    ref: str
    """What its people call it: `outgoing/cv12.docx`. One trouble for each."""
    since: datetime
    """Since when it has waited, as far as that is known."""
    error: BusError
    """Why, who must act, and what to do. Its sentences say which one it is."""


class Adapter(ABC):
    """Speaks with one kind of document system. See adapters/README.md; every method may be called again after a crash,
    with the same arguments, and must then come to the same end.

    Two threads call it: one `collect` and `acknowledge`, the other `deliver`, `report`, `holds` and `bounced`. Any of
    them may raise TryLater when the document system as a whole does not answer; the call is then repeated later.

    With `takes_large` there is a third, for documents with attachments that are too large to be held in memory:
    `collect_large`, `acknowledge` of what that gave, `deliver` and `holds` of what has come, one document at a time.

    `troubles` is asked for by a thread of its own, and `check` by any.
    """

    takes_large: bool = False
    """True where `deliver` can read attachments from their `source`, and `collect_large` offers such. Without, such
    documents are handed over in memory up to a limit, and refused above it."""

    reports_arrival: bool = False
    """True where the document system itself sends status 01; else the bus does when a document is filed."""

    @classmethod
    def made_to_check(cls, options: Mapping[str, object]) -> "Adapter":
        """The adapter for `check` alone. Override it where a new adapter makes something that stays (folders, tables):
        an operator may check as another user, before the daemon's first start."""
        made: Adapter = cls(options)  # type: ignore[call-arg] # every adapter is made with its options
        return made

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

    def troubles(self, now: datetime) -> Sequence[Trouble]:
        """What has waited for longer than a minute and does not go on by itself: it cannot be read, is never taken, or
        cannot be put away; the oldest first. Looked for anew at each call, so that a new process finds the same. What
        only waits for its turn is no trouble. The daemon asks twice a minute, from a thread of its own."""
        return ()

    def check(self) -> Sequence[str]:
        """What stands in the way of working, a sentence each; empty when ready. Troubles are among it; a Notice among
        them stands in nobody's way. It makes nothing that stays: an operator may ask under another name than the
        daemon's."""
        return ()

    def check_again(self) -> Sequence[str]:
        """As `check`, asked of a mailbox that has been at work before: what it would make at its first start should be
        there by now."""
        return self.check()

    def close(self) -> None:  # noqa: B027 — most adapters hold nothing open
        """Lets go of connections and files."""

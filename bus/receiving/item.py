"""One arrival of a batch that is being taken in (take_in.py), and what has come of it so far."""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from bus.errors import KeyWithdrawn, Refused, TooMuchHeld
from bus.receiving.judge import Judgement
from bus.wire.envelope import Envelope
from schemas.codes import Kind
from schemas.docket import Acknowledged, Docket
from schemas.values import MailboxCode, MessageId


class Name(NamedTuple):
    """Which message: an id is its sender's to choose."""

    sender: MailboxCode
    message: MessageId


@dataclass(slots=True)
class Item:
    """One arrival of a batch, and what has come of it so far."""

    judged: Judgement
    error: Refused | None = None
    """The judge's, until something in the store says otherwise."""
    is_new: bool = False
    """Put into the inbox by this batch."""
    awaits_blobs: bool = False
    """Receipted later, when its blobs are here."""
    over: TooMuchHeld | None = None
    """Beyond what is held of one sender."""
    is_dropped: bool = False
    """Bad, and one too many of its publisher for the queue `dead`."""

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """As it came; a message with blobs is likely new, and awaits them."""
        self.error = self.judged.error or self.over
        self.is_new = False
        self.awaits_blobs = self.error is None and bool(self.docket.blobs)

    @property
    def outcome(self) -> tuple[str | None, bool]:
        """What its receipt depends on."""
        return self.error.code if self.error else None, self.awaits_blobs

    @property
    def is_good(self) -> bool:
        return self.error is None

    @property
    def is_bad(self) -> bool:
        """To be set aside, or told of. A copy that cannot be taken is passed over: the message itself says so once.
        That it must be sealed again is said at once, for it is urgent."""
        if self.error is None:
            return False
        return not self.judged.arrival.is_copy or isinstance(self.error, KeyWithdrawn)

    @property
    def message(self) -> Envelope:
        assert self.judged.envelope is not None, "asked only of what was taken apart"
        return self.judged.envelope

    @property
    def docket(self) -> Docket:
        return self.message.docket

    @property
    def name(self) -> Name:
        return Name(self.docket.sender.mailbox, self.docket.id)

    @property
    def digest(self) -> str:
        """As `Inbox.docket_digests` gives it."""
        return hashlib.sha256(self.docket.to_json()).hexdigest()

    @property
    def is_receipt(self) -> bool:
        return self.docket.kind is Kind.RECEIPT

    @property
    def lines(self) -> tuple[Acknowledged, ...]:
        """Of a receipt."""
        return self.docket.acknowledges if self.is_good else ()

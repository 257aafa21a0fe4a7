"""What comes of a turn with the inbox, and how it is made durable: filed, put off, refused, and what is to be told.

bus/receiving/deliver.py, file.py and fetch.py all write down what came of their entries through here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from bus.crashpoints import reached
from bus.directory.member import Member
from bus.errors import BadMessage, BusError, TryLater
from bus.handling.transport import InboxEvent
from bus.ports.adapter import Filed
from bus.ports.changes import inbox_change
from bus.ports.records import Event, InboxChange, InboxEntry, OutboxEntry
from bus.ports.retry import DELIVER
from bus.ports.store import Store, Transaction
from bus.receiving.open import Opened
from bus.receiving.verified import Verified
from bus.sending.receipts import acknowledged, receipt
from bus.wire import envelope


@dataclass(slots=True)
class Writes:
    """What is to be written in one commit."""

    changes: list[InboxChange] = field(default_factory=list)
    outgoing: list[OutboxEntry] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def add(self, others: "Writes") -> None:
        self.changes += others.changes
        self.outgoing += others.outgoing
        self.events += others.events


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One call's surroundings: who we are, when it is, and how failures are spread over time."""

    member: Member
    now: datetime
    dice: Callable[[], float]
    verified: Verified = field(default_factory=Verified)
    """What `take_in` has verified, and need not be verified again."""


def took(writes: Writes, work: Opened, answer: Filed, delivery: Delivery) -> bool:
    """Records the document system's answer; True where it took the item."""
    match answer.error:
        case None:
            writes.changes.append(
                inbox_change(work.entry, InboxEvent.FILED, key=work.key, filed_as=answer.ref, at=delivery.now)
            )
            return True
        case TryLater() as error:
            postpone(writes, work.entry, error, delivery)
        case error:
            refuse(writes, work, error, delivery)
    return False


def postpone(writes: Writes, entry: InboxEntry, error: BusError, delivery: Delivery) -> None:
    """Tried again in a while, or parked after the last try."""
    attempts = entry.attempts + 1
    next_at = DELIVER.next_try(attempts, now=delivery.now, dice=delivery.dice())
    what = InboxEvent.POSTPONED if next_at else InboxEvent.GAVE_UP
    writes.changes.append(inbox_change(entry, what, attempts=attempts, next_at=next_at, error=error, at=delivery.now))
    name = "inbox.postponed" if next_at else "inbox.parked"
    writes.events.append(event(name, entry, delivery, detail=str(error)))


def refuse(writes: Writes, of: Opened | InboxEntry, error: BusError, delivery: Delivery) -> None:
    """Set aside with its reason, kept until an operator releases or discards it; the sender is told."""
    entry = of.entry if isinstance(of, Opened) else of
    writes.changes.append(inbox_change(entry, InboxEvent.REFUSED, error=error, at=delivery.now))
    answer(writes, of, error, delivery)
    writes.events.append(event("inbox.refused", entry, delivery, detail=str(error)))


def answer(writes: Writes, of: Opened | InboxEntry, error: BusError | None, delivery: Delivery) -> None:
    """A receipt for one message: held, or refused."""
    entry, digest = (of.entry, of.docket_sha256) if isinstance(of, Opened) else (of, _digest(of))
    docket = entry.docket
    line = acknowledged(docket.id, digest, error)
    writes.outgoing.append(receipt(delivery.member, docket.sender, [line], now=delivery.now, priority=docket.priority))


def _digest(entry: InboxEntry) -> str:
    """Of the docket as it was signed. Where the store's bytes were damaged since: of the docket it keeps beside them,
    so that its sender is told all the same."""
    try:
        return envelope.parse(entry.body, known=entry.docket).docket_sha256
    except BadMessage:
        return sha256(entry.docket.to_json()).hexdigest()


def event(name: str, entry: InboxEntry, delivery: Delivery, detail: str = "") -> Event:
    return Event(at=delivery.now, name=name, message=entry.docket.id, document=entry.docket.document, detail=detail)


def commit(store: Store, writes: Writes, done: list[InboxChange]) -> None:
    if writes.changes:
        with store.write() as tx:
            persist(tx, writes)
        reached("settle.committed")
        done += writes.changes


def persist(tx: Transaction, writes: Writes) -> None:
    tx.inbox.change(writes.changes)
    if writes.outgoing:
        tx.outbox.put(writes.outgoing, at=writes.changes[0].at)
    if writes.events:
        tx.dossiers.put_events(writes.events)

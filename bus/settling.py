"""What comes of a turn with the inbox, and how it is made durable: filed, put off, refused, and what is to be told.

The groups of bus/delivering.py, and bus/fetching.py, settle their entries with the same words.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bus import envelope
from bus.crashpoints import reached
from bus.errors import BusError, TryLater
from bus.mailroom import Member, receipt
from bus.ports import Filed, Store, Transaction
from bus.receiving import acknowledged
from bus.records import Event, InboxChange, InboxEntry, OutboxEntry, State, SubmissionKey
from bus.retry import DELIVER, ORPHAN, Schedule


@dataclass(slots=True)
class Results:
    """What one group leaves to be committed."""

    changes: list[InboxChange] = field(default_factory=list)
    outgoing: list[OutboxEntry] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One call's surroundings: who we are, when it is, and how failures are spread over time."""

    member: Member
    now: datetime
    dice: Callable[[], float]
    schedule: Schedule = DELIVER
    orphans: Schedule = ORPHAN


def took(results: Results, entry: InboxEntry, answer: Filed, delivery: Delivery, *, key: SubmissionKey) -> bool:
    """Records the document system's answer; True where it took the item."""
    match answer.error:
        case None:
            results.changes.append(change(entry, State.DONE, delivery, key=key, filed_as=answer.ref))
            return True
        case TryLater() as error:
            postpone(results, entry, error, delivery)
        case error:
            refuse(results, entry, error, delivery)
    return False


def postpone(results: Results, entry: InboxEntry, error: BusError, delivery: Delivery) -> None:
    attempts = entry.attempts + 1
    next_at = delivery.schedule.next_try(attempts, now=delivery.now, dice=delivery.dice())
    state = entry.state if next_at else State.PARKED
    results.changes.append(change(entry, state, delivery, attempts=attempts, next_at=next_at, error=str(error)))
    name = "inbox.postponed" if next_at else "inbox.parked"
    results.events.append(event(name, entry, delivery, detail=str(error)))


def refuse(results: Results, entry: InboxEntry, error: BusError, delivery: Delivery) -> None:
    """Set aside with its reason, kept until an operator releases or discards it; the sender is told."""
    results.changes.append(change(entry, State.REFUSED, delivery, error=str(error)))
    answer(results, entry, error, delivery)
    results.events.append(event("inbox.refused", entry, delivery, detail=str(error)))


def answer(results: Results, entry: InboxEntry, error: BusError | None, delivery: Delivery) -> None:
    """A receipt for one message: held, or refused."""
    docket = entry.docket
    line = acknowledged(envelope.parse(entry.body, known=docket), error)
    results.outgoing.append(receipt(delivery.member, docket.sender, [line], now=delivery.now, priority=docket.priority))


def change(
    entry: InboxEntry,
    state: State,
    delivery: Delivery,
    *,
    attempts: int | None = None,
    next_at: datetime | None = None,
    key: SubmissionKey | None = None,
    filed_as: str | None = None,
    error: str | None = None,
) -> InboxChange:
    return InboxChange(
        message=entry.docket.id,
        sender=entry.docket.sender.mailbox,
        state=state,
        attempts=entry.attempts if attempts is None else attempts,
        next_at=next_at,
        key=key,
        filed_as=filed_as,
        error=error,
        at=delivery.now,
    )


def event(name: str, entry: InboxEntry, delivery: Delivery, detail: str = "") -> Event:
    return Event(at=delivery.now, name=name, message=entry.docket.id, document=entry.docket.document, detail=detail)


def commit(store: Store, results: Results, done: list[InboxChange]) -> None:
    if results.changes:
        with store.write() as tx:
            persist(tx, results)
        reached("settle.committed")
        done += results.changes


def persist(tx: Transaction, results: Results) -> None:
    tx.change_inbox(results.changes)
    if results.outgoing:
        tx.put_outbox(results.outgoing, at=results.changes[0].at)
    if results.events:
        tx.put_events(results.events)

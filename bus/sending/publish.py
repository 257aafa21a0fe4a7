"""Publishing what is due in the outbox, a batch at a time, and recording what the broker answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bus.crashpoints import reached
from bus.errors import BrokerRefused, ReceiptMissing
from bus.handling.transport import OutboxEvent, OutboxState
from bus.ports.broker import Broker
from bus.ports.changes import outbox_change
from bus.ports.records import Confirmation, Event, OutboxChange, OutboxEntry, Publication
from bus.ports.retry import PUBLISH, RECEIPTS, Patience
from bus.ports.store import Store
from bus.sending.accept import BATCH, BATCH_BYTES
from bus.wire.message import publication
from schemas.values import MessageId

# -- publish -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What one call of `publish` did; `more` when there may be more to do at once."""

    confirmed: int = 0
    nacked: int = 0
    lost: int = 0
    said: int = 0
    more: bool = False


def publish(
    store: Store,
    broker: Broker,
    *,
    now: datetime,
    dice: Callable[[], float],
) -> Published:
    """Publishes what is due and records what the broker said. Raises BrokerAway with nothing changed."""
    with store.read() as tx:
        due = tx.outbox.due(now=now, limit=BATCH, max_bytes=BATCH_BYTES)
    if not due:
        return Published()
    changes: list[OutboxChange] = []
    events: list[Event] = []
    to_publish: list[OutboxEntry] = []
    for entry in due:
        if entry.state is OutboxState.SENT and (change := _missing_receipt(entry, now=now)):
            changes.append(change)
            events.append(_event("receipt.missing", entry, now=now, detail=change.error or ""))
        else:
            to_publish.append(entry)
    answers = _send(broker, to_publish)
    reached("publish.confirmed")
    for entry in to_publish:
        change = _settle(entry, answers, now=now, dice=dice)
        changes.append(change)
        if change.state is OutboxState.PARKED:
            events.append(_event("outbox.parked", entry, now=now, detail=change.error or ""))
    with store.write() as tx:
        tx.outbox.change(changes)
        tx.dossiers.put_events(events)
    reached("publish.marked")
    counts = list(answers.values())
    return Published(
        confirmed=counts.count(Confirmation.CONFIRMED),
        nacked=counts.count(Confirmation.NACKED),
        lost=counts.count(Confirmation.LOST),
        said=len(events),
        more=Confirmation.CONFIRMED in counts,
    )


Answers = dict[tuple[MessageId, str], Confirmation]
"""What the broker said of each message, by routing key."""


def _send(broker: Broker, entries: Sequence[OutboxEntry]) -> Answers:
    """One publish an entry, all recipients at once; those that were nacked are repeated recipient by recipient, so
    that one full inbox holds up nobody else. The others' inboxes deduplicate."""
    together = [publication(entry) for entry in entries if entry.attempts == 0 or len(entry.outstanding) == 1]
    singly = [one for entry in entries if entry.attempts and len(entry.outstanding) > 1 for one in _singly(entry)]
    answers = _confirmed(broker, together)
    refused = {message for (message, _), answer in answers.items() if answer is Confirmation.NACKED}
    singly += [
        one for entry in entries if entry.docket.id in refused and len(entry.outstanding) > 1 for one in _singly(entry)
    ]
    return answers | _confirmed(broker, singly)


def _singly(entry: OutboxEntry) -> list[Publication]:
    return [publication(replace(entry, outstanding=(key,))) for key in entry.outstanding]


def _confirmed(broker: Broker, publications: Sequence[Publication]) -> Answers:
    if not publications:
        return {}
    answers = broker.publish(publications)
    return {
        (sent.message, key): answer for sent, answer in zip(publications, answers, strict=True) for key in sent.routing
    }


def _settle(entry: OutboxEntry, answers: Answers, *, now: datetime, dice: Callable[[], float]) -> OutboxChange:
    message = entry.docket.id
    confirmed = tuple(key for key in entry.outstanding if answers[message, key] is Confirmation.CONFIRMED)
    nacked = [key for key in entry.outstanding if answers[message, key] is Confirmation.NACKED]
    if entry.state is OutboxState.SENT:  # published again for want of a receipt
        return _sent_again(entry, nacked, confirmed, now=now, dice=dice)
    everywhere = len(confirmed) == len(entry.outstanding)
    if everywhere and not entry.expects_receipts:
        return outbox_change(entry, OutboxEvent.CONFIRMED_FOR_GOOD, attempts=0, confirmed=confirmed, at=now)
    if everywhere:
        next_at: datetime | None = now + RECEIPTS[0][0]
        return outbox_change(entry, OutboxEvent.CONFIRMED, attempts=0, confirmed=confirmed, next_at=next_at, at=now)
    if not nacked:  # lost with the connection: as soon as it is back, and no fault of the message
        return outbox_change(entry, OutboxEvent.LOST, confirmed=confirmed, tried=True, at=now)
    attempts = entry.attempts + 1
    next_at = PUBLISH.next_try(attempts, now=now, dice=dice())
    return outbox_change(
        entry,
        OutboxEvent.NACKED if next_at else OutboxEvent.GAVE_UP,
        attempts=attempts,
        confirmed=confirmed,
        next_at=next_at,
        error=BrokerRefused(message=message, mailbox=_mailboxes(nacked)),
        tried=True,
        at=now,
    )


def _sent_again(
    entry: OutboxEntry,
    nacked: Sequence[str],
    confirmed: Sequence[str],
    *,
    now: datetime,
    dice: Callable[[], float],
) -> OutboxChange:
    """Only the wait for receipts goes on where everyone has it again; what the broker refused or lost goes soon."""
    if len(confirmed) == len(entry.outstanding):
        attempts = entry.attempts + 1
        next_at = now + RECEIPTS[min(attempts, len(RECEIPTS) - 1)][0]
        return outbox_change(entry, OutboxEvent.CONFIRMED, attempts=attempts, next_at=next_at, at=now)
    if nacked:
        soon = PUBLISH.next_try(PUBLISH.tries, now=now, dice=dice())
        error = BrokerRefused(message=entry.docket.id, mailbox=_mailboxes(nacked))
        return outbox_change(entry, OutboxEvent.NACKED, next_at=soon, error=error, at=now)
    return outbox_change(entry, OutboxEvent.LOST, next_at=now, at=now)


def _mailboxes(routing: Sequence[str]) -> str:
    return ", ".join(key.partition(".")[2] or key for key in routing)  # what is set aside goes to no mailbox: `dead`


def _missing_receipt(entry: OutboxEntry, *, now: datetime) -> OutboxChange | None:
    """The change where a missing receipt is only said, or the entry parked; None where it is published again."""
    _, patience = RECEIPTS[min(entry.attempts, len(RECEIPTS) - 1)]
    if patience is Patience.REPUBLISH:
        return None
    error = ReceiptMissing(message=entry.docket.id, mailbox=_mailboxes(entry.outstanding))
    attempts = entry.attempts + 1
    if patience is Patience.PARK:
        return outbox_change(entry, OutboxEvent.GAVE_UP, attempts=attempts, error=error, at=now)
    next_at = now + RECEIPTS[attempts][0]
    return outbox_change(entry, OutboxEvent.MISSED, attempts=attempts, next_at=next_at, error=error, at=now)


def _event(name: str, entry: OutboxEntry, *, now: datetime, detail: str) -> Event:
    return Event(at=now, name=name, message=entry.docket.id, document=entry.docket.document, detail=detail)

"""The sending half of the road, in steps that each take a batch: accept what a document system submits, publish what
is due. A step fetches, judges, and persists in one commit; the loops that call it are in bus/daemon/."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bus import dossiers, uploading
from bus.crashpoints import reached
from bus.errors import BadPackage, BrokerRefused, BusError, DmsAway, ReceiptMissing, WrongDirection
from bus.mailroom import Addressed, Member, Ready, address, seal_all
from bus.message import publication
from bus.ports import Answer, Broker, Collected, Store, Transaction
from bus.records import (
    BlobKey,
    Confirmation,
    Event,
    HandlingKey,
    OutboxChange,
    OutboxEntry,
    Publication,
    State,
    SubmissionKey,
)
from bus.retry import PUBLISH, RECEIPTS, Patience, Schedule
from schemas.document import Document
from schemas.status import Status
from schemas.values import MessageId

BATCH = 250
BATCH_BYTES = 16 * 1024 * 1024


# -- accept ------------------------------------------------------------------------------------------------------------


def accept(store: Store, collected: Sequence[Collected], *, member: Member, now: datetime) -> list[Answer]:
    """One answer each, in order. When it returns, what it accepted is durable and will be sent."""
    judged = [_judge(member, item) for item in collected]
    with store.read() as tx:
        known = dict(tx.accepted({entry.key for entry in judged if isinstance(entry, Addressed)}))
        judged = _check_directions(tx, judged)
    fresh = _fresh(judged, known)
    ready: list[Ready | BusError] = []
    try:
        for entry, at in fresh.values():
            ready.append(_ready(store, entry, member=member, source=collected[at].ref, now=now))
        results = dict(zip(fresh, seal_all(member, ready, now=now), strict=True))
        accepted = [(fresh[key][0], entry) for key, entry in results.items() if isinstance(entry, OutboxEntry)]
        if accepted:
            _keep(store, accepted, now=now)
    except BaseException:  # nothing of what was sealed apart has an entry
        uploading.drop(store, [key for each in ready for key in _apart_of(each, member)])
        raise
    for each, result in zip(ready, results.values(), strict=True):
        if isinstance(result, BusError):
            uploading.drop(store, _apart_of(each, member))
    return [
        _answer(item, entry, known=known, first=fresh, results=results)
        for item, entry in zip(collected, judged, strict=True)
    ]


def _keep(store: Store, accepted: Sequence[tuple[Addressed, OutboxEntry]], *, now: datetime) -> None:
    large = [each for each in accepted if each[1].docket.blobs]
    small = [each for each in accepted if not each[1].docket.blobs]
    with store.write() as tx:
        for some in filter(None, (large, small)):  # what changes one of its own batch waits for it, too
            entries = uploading.queued(tx, some, now=now)
            tx.put_outbox(entries, at=now)
            _remember(tx, some, now=now)
            uploading.begin(tx, [(each, entry) for (each, _), entry in zip(some, entries, strict=True)], now=now)
    reached("accept.committed")


def _ready(
    store: Store, addressed: Addressed, *, member: Member, source: str | None, now: datetime
) -> Ready | BusError:
    """With what travels apart sealed into the store already."""
    if not addressed.apart:
        return Ready(addressed=addressed, source=source)
    message = member.new_id()
    try:
        apart = uploading.seal_apart(store, addressed, message=message, now=now)
    except (ValueError, OSError) as error:
        return _unreadable(error)
    return Ready(addressed=addressed, source=source, message=message, apart=apart)


def _apart_of(ready: Ready | BusError, member: Member) -> list[BlobKey]:
    if isinstance(ready, BusError) or ready.message is None:
        return []
    return [BlobKey(member.mailbox, ready.message, each.blob.id) for each in ready.apart]


def _judge(member: Member, collected: Collected) -> Addressed | BusError:
    match collected.item:
        case Document() | Status() as item:
            try:
                return address(member, item)
            except BusError as error:
                return error
            except (ValueError, OSError) as error:
                return _unreadable(error)
        case BusError() as error:
            return error


def _unreadable(error: ValueError | OSError) -> BusError:
    """An adapter's document without the bytes of an attachment, with others than described, or with too many; or one
    whose bytes cannot be read just now."""
    if isinstance(error, OSError):
        return DmsAway(why=error)
    return BadPackage(
        path="AttachmentEncoded",
        why=error,
        why_vi=error,
        remedy="give every attachment its bytes",
        remedy_vi="kèm đủ nội dung tệp",
    )


def _check_directions(tx: Transaction, judged: Sequence[Addressed | BusError]) -> list[Addressed | BusError]:
    """A status about a document known here must come from the right side, and is as urgent as that; an unknown one
    travels (domain §2.1)."""
    statuses = [entry for entry in judged if isinstance(entry, Addressed) and isinstance(entry.item, Status)]
    keys = {id(entry): handling_key(entry) for entry in statuses}
    reverse = {
        id(entry): HandlingKey(keys[id(entry)].handler, entry.document.id, entry.document.issuer) for entry in statuses
    }
    known = tx.dossiers({*keys.values(), *reverse.values()})
    checked: list[Addressed | BusError] = []
    for entry in judged:
        if isinstance(entry, Addressed) and id(entry) in keys:
            key = keys[id(entry)]
            wrong = key.issuer == key.handler or (key not in known and reverse[id(entry)] in known)
            urgency = known[key].priority if key in known else entry.priority
            checked.append(_wrong_direction(entry) if wrong else replace(entry, priority=urgency))
        else:
            checked.append(entry)
    return checked


def handling_key(status: Addressed) -> HandlingKey:
    """Issuer, document and handler of a status about to be sent, in the directory's codes."""
    issuer, sender, other = status.document.issuer, status.sender.agency, status.recipients[0].agency
    return HandlingKey(issuer, status.document.id, other if issuer == sender else sender)


def _wrong_direction(entry: Addressed) -> WrongDirection:
    return WrongDirection(
        status=entry.key.type,
        document=entry.document.id,
        agency=entry.sender.agency,
        expected=entry.recipients[0].agency,
    )


def _fresh(
    judged: Sequence[Addressed | BusError], known: Mapping[SubmissionKey, MessageId]
) -> dict[SubmissionKey, tuple[Addressed, int]]:
    """What is to be sealed, each once, and where in the batch it stands first."""
    fresh: dict[SubmissionKey, tuple[Addressed, int]] = {}
    for at, entry in enumerate(judged):
        if isinstance(entry, Addressed) and entry.key not in known:
            fresh.setdefault(entry.key, (entry, at))
    return fresh


def _answer(
    collected: Collected,
    judged: Addressed | BusError,
    *,
    known: Mapping[SubmissionKey, MessageId],
    first: Mapping[SubmissionKey, tuple[Addressed, int]],
    results: Mapping[SubmissionKey, OutboxEntry | BusError],
) -> Answer:
    if isinstance(judged, BusError):
        return Answer(ref=collected.ref, error=judged)
    if before := known.get(judged.key):
        return Answer(ref=collected.ref, message=before, duplicate=True)
    result = results[judged.key]
    if isinstance(result, BusError):
        return Answer(ref=collected.ref, error=result)
    return Answer(ref=collected.ref, message=result.docket.id, duplicate=first[judged.key][0] is not judged)


def _remember(tx: Transaction, accepted: Sequence[tuple[Addressed, OutboxEntry]], *, now: datetime) -> None:
    """The sender's own dossiers follow what it sends: new ones for documents, changes for requests and statuses."""
    handed = [
        dossiers.Handed(
            addressed.item,
            addressed.document,
            [recipient.agency for recipient in addressed.recipients],
            entry.source,
            due_on=addressed.item.due_on,
        )
        for addressed, entry in accepted
        if isinstance(addressed.item, Document)
    ]
    dossiers.remember(tx, handed, at=now)
    statuses = [
        (addressed.item, handling_key(addressed), entry.docket.id)
        for addressed, entry in accepted
        if isinstance(addressed.item, Status)
    ]
    dossiers.keep(tx, dossiers.judged(tx, statuses, at=now))


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
    schedule: Schedule = PUBLISH,
    limit: int = BATCH,
    max_bytes: int = BATCH_BYTES,
) -> Published:
    """Publishes what is due and records what the broker said. Raises BrokerAway with nothing changed."""
    with store.read() as tx:
        due = tx.due_outbox(now=now, limit=limit, max_bytes=max_bytes)
    if not due:
        return Published()
    changes: list[OutboxChange] = []
    events: list[Event] = []
    to_publish: list[OutboxEntry] = []
    for entry in due:
        if entry.state is State.SENT and (change := _missing_receipt(entry, now=now)):
            changes.append(change)
            events.append(_event("receipt.missing", entry, now=now, detail=change.error or ""))
        else:
            to_publish.append(entry)
    results = _send(broker, to_publish)
    reached("publish.confirmed")
    for entry in to_publish:
        change = _settle(entry, results, now=now, dice=dice, schedule=schedule)
        changes.append(change)
        if change.state is State.PARKED:
            events.append(_event("outbox.parked", entry, now=now, detail=change.error or ""))
    with store.write() as tx:
        tx.change_outbox(changes)
        tx.put_events(events)
    reached("publish.marked")
    counts = list(results.values())
    return Published(
        confirmed=counts.count(Confirmation.CONFIRMED),
        nacked=counts.count(Confirmation.NACKED),
        lost=counts.count(Confirmation.LOST),
        said=len(events),
        more=Confirmation.CONFIRMED in counts,
    )


Results = dict[tuple[MessageId, str], Confirmation]


def _send(broker: Broker, entries: Sequence[OutboxEntry]) -> Results:
    """One publish an entry, all recipients at once; those that were nacked are repeated recipient by recipient, so
    that one full inbox holds up nobody else. The others' inboxes dedupe."""
    together = [publication(entry) for entry in entries if entry.attempts == 0 or len(entry.outstanding) == 1]
    apart = [single for entry in entries if entry.attempts and len(entry.outstanding) > 1 for single in _apart(entry)]
    results = _confirmed(broker, together)
    refused = {message for (message, _), answer in results.items() if answer is Confirmation.NACKED}
    apart += [
        single
        for entry in entries
        if entry.docket.id in refused and len(entry.outstanding) > 1
        for single in _apart(entry)
    ]
    return results | _confirmed(broker, apart)


def _apart(entry: OutboxEntry) -> list[Publication]:
    return [publication(replace(entry, outstanding=(key,))) for key in entry.outstanding]


def _confirmed(broker: Broker, publications: Sequence[Publication]) -> Results:
    if not publications:
        return {}
    answers = broker.publish(publications)
    return {
        (sent.message, key): answer for sent, answer in zip(publications, answers, strict=True) for key in sent.routing
    }


def _settle(
    entry: OutboxEntry, results: Results, *, now: datetime, dice: Callable[[], float], schedule: Schedule
) -> OutboxChange:
    message = entry.docket.id
    answers = {key: results[message, key] for key in entry.outstanding}
    confirmed = tuple(key for key, answer in answers.items() if answer is Confirmation.CONFIRMED)
    nacked = [key for key, answer in answers.items() if answer is Confirmation.NACKED]
    if entry.state is State.SENT:  # published again for want of a receipt
        return _sent_again(entry, nacked, confirmed, now=now, dice=dice, schedule=schedule)
    if len(confirmed) == len(answers):
        if not entry.expects_receipts:
            return OutboxChange(message=message, state=State.DONE, attempts=0, confirmed=confirmed, at=now)
        wait = RECEIPTS[0][0]
        return OutboxChange(
            message=message, state=State.SENT, attempts=0, confirmed=confirmed, next_at=now + wait, at=now
        )
    if not nacked:  # lost with the connection: as soon as it is back, and no fault of the message
        return OutboxChange(
            message=message, state=State.WAITING, attempts=entry.attempts, confirmed=confirmed, tried=True, at=now
        )
    attempts = entry.attempts + 1
    next_at = schedule.next_try(attempts, now=now, dice=dice())
    error = BrokerRefused(message=message, mailbox=_mailboxes(nacked))
    return OutboxChange(
        message=message,
        state=State.WAITING if next_at else State.PARKED,
        attempts=attempts,
        confirmed=confirmed,
        next_at=next_at,
        error=str(error),
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
    schedule: Schedule,
) -> OutboxChange:
    """Only the wait for receipts goes on where everyone has it again; what the broker refused or lost goes soon."""
    message, attempts, error = entry.docket.id, entry.attempts, None
    if len(confirmed) == len(entry.outstanding):
        attempts += 1
        next_at: datetime | None = now + RECEIPTS[min(attempts, len(RECEIPTS) - 1)][0]
    elif nacked:
        next_at = schedule.next_try(schedule.tries, now=now, dice=dice())
        error = str(BrokerRefused(message=message, mailbox=_mailboxes(nacked)))
    else:
        next_at = now
    return OutboxChange(message=message, state=State.SENT, attempts=attempts, next_at=next_at, error=error, at=now)


def _mailboxes(routing: Sequence[str]) -> str:
    return ", ".join(key.partition(".")[2] for key in routing)


def _missing_receipt(entry: OutboxEntry, *, now: datetime) -> OutboxChange | None:
    """The change where a missing receipt is only said, or the entry parked; None where it is published again."""
    _, patience = RECEIPTS[min(entry.attempts, len(RECEIPTS) - 1)]
    if patience is Patience.REPUBLISH:
        return None
    error = ReceiptMissing(message=entry.docket.id, mailbox=_mailboxes(entry.outstanding))
    attempts = entry.attempts + 1
    parked = patience is Patience.PARK
    return OutboxChange(
        message=entry.docket.id,
        state=State.PARKED if parked else State.SENT,
        attempts=attempts,
        next_at=None if parked else now + RECEIPTS[attempts][0],
        error=str(error),
        at=now,
    )


def _event(name: str, entry: OutboxEntry, *, now: datetime, detail: str) -> Event:
    return Event(at=now, name=name, message=entry.docket.id, document=entry.docket.document, detail=detail)

"""The receiving half of the road: take in what the broker brings (verify, dedupe, commit, and only then acknowledge).
What may be taken is bus/judging.py's to say, what happens with it afterwards bus/delivering.py's."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bus import resealing, uploading
from bus.crashpoints import reached
from bus.envelope import Envelope
from bus.errors import BadMessage, BlobMissing, BusError, Expired, KeyWithdrawn, Refused, RefusedByDms
from bus.judging import Judged, judge
from bus.mailroom import Member, receipt, set_aside
from bus.message import place_of_blobs
from bus.ports import Store, Transaction
from bus.records import (
    Arrival,
    Box,
    Event,
    InboxChange,
    InboxEntry,
    OutboxEntry,
    ReceiptLine,
    Row,
    State,
    Transfer,
)
from bus.resealing import Again
from schemas.codes import Kind, Outcome, Priority
from schemas.docket import Acknowledged, Address
from schemas.values import MailboxCode, MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What one batch held. When it is returned, everything in it is durable and may be acknowledged."""

    held: int = 0
    duplicates: int = 0
    receipts: int = 0
    set_aside: int = 0
    early: tuple[Arrival, ...] = ()
    """Not taken, and not to be acknowledged: to be tried again in a moment, when the directory may know their key."""


def take_in(
    store: Store, arrivals: Sequence[Arrival], *, member: Member, now: datetime, patient: bool = False
) -> TakenIn:
    """Judges and keeps a batch in one commit; receipts for it are in the same commit. `patient`: gives back what is
    signed with a key that the directory held here does not know yet."""
    judged = judge(member, arrivals, now)
    early = tuple(entry.arrival for entry in judged if patient and entry.may_be_early)
    if early:
        judged = [entry for entry in judged if not entry.may_be_early]
        if not judged:
            return TakenIn(early=early)
    with store.write() as tx:
        new, judged = _keep(tx, _in_time(tx, judged), now=now)
        judged, unfinished = _apart(tx, judged, member=member, now=now)
        good = [entry.envelope for entry in judged if entry.envelope and not entry.error]
        bad = [entry for entry in judged if entry.error and not _comes_again(entry)]
        receipts = [each for each in good if each.docket.kind is Kind.RECEIPT]
        events = _hear(tx, receipts, member=member, now=now)
        outgoing = _receipts(member, [each for each in good if _name(each) not in unfinished], bad, now=now)
        outgoing += [
            set_aside(member, entry.arrival.body, entry.error, about=_id(entry), now=now, user=entry.arrival.user)
            for entry in bad
            if entry.error and not isinstance(entry.error, _TOLD)  # to come again; to be told
        ]
        tx.put_outbox(outgoing, at=now)
        tx.put_events([*events, *(_event(entry, now=now) for entry in bad), *_skews(judged, now=now)])
    reached("take-in.committed")
    held = len(good) - len(receipts)
    return TakenIn(held=new, duplicates=held - new, receipts=len(receipts), set_aside=len(bad), early=early)


def _in_time(tx: Transaction, judged: list[Judged]) -> list[Judged]:
    """What is held already came in time, and to a key that was in use: a copy that comes late is one like any other."""
    late = {key for entry in judged if isinstance(entry.error, Expired | KeyWithdrawn) and (key := _key(entry))}
    held = tx.held(late) if late else {}
    return [
        replace(entry, error=None) if (key := _key(entry)) in late and held.get(key) == _digest(entry) else entry
        for entry in judged
    ]


def _keep(tx: Transaction, judged: Sequence[Judged], *, now: datetime) -> tuple[int, list[Judged]]:
    """Puts what is good into the inbox; returns how many were new, and refuses another message under a known id."""
    mail = {
        id(entry): InboxEntry(
            docket=entry.envelope.docket,
            body=entry.envelope.body,
            taken_at=now,
            state=State.FETCHING if entry.envelope.docket.blobs else State.WAITING,
        )
        for entry in judged
        if entry.envelope and not entry.error and entry.envelope.docket.kind is not Kind.RECEIPT
    }
    new = {id(entry) for entry in tx.put_inbox(list(mail.values()))}
    repeated = [entry.docket for entry in mail.values() if id(entry) not in new]
    held = tx.held({(docket.sender.mailbox, docket.id) for docket in repeated}) if repeated else {}
    another = {
        (docket.sender.mailbox, docket.id)
        for docket in repeated
        if held[docket.sender.mailbox, docket.id] != hashlib.sha256(docket.to_json()).hexdigest()
    }
    return len(new), [
        replace(entry, error=BadMessage(why="another message of its sender has its id"))
        if another and id(entry) in mail and id(mail[id(entry)]) not in new and _key(entry) in another
        else entry
        for entry in judged
    ]


_TOLD = (KeyWithdrawn, Expired, RefusedByDms)


def _apart(
    tx: Transaction, judged: Sequence[Judged], *, member: Member, now: datetime
) -> tuple[list[Judged], set[tuple[MailboxCode, MessageId]]]:
    """What has attachments that travel apart is held, and receipted, once they are here. Gives the messages that are
    not whole yet; a repeated one may say where they are by now, and one that was given up on is refused."""
    large = {
        _name(entry.envelope): entry.arrival
        for entry in judged
        if entry.envelope and not entry.error and entry.envelope.docket.blobs
    }
    if not large:
        return list(judged), set()
    known = {(each.sender, each.message): each for each in tx.transfers(Box.IN, {message for _, message in large})}
    errors: dict[tuple[MailboxCode, MessageId], Refused] = {}
    unfinished = set[tuple[MailboxCode, MessageId]]()
    for (sender, message), arrival in large.items():
        kind, mark = place_of_blobs(arrival.headers)
        transfer = known.get((sender, message))
        if transfer is None:
            fresh = Transfer(message=message, sender=sender, began_at=now, kind=kind, mark=mark, looked=mark is None)
            tx.put_transfer(Box.IN, fresh)
        elif transfer.finished_at is not None:
            continue
        else:
            row = next(row for row in tx.rows(Box.IN, message=message) if row.docket.sender.mailbox == sender)
            if row.state is State.CANCELLED:
                errors[sender, message] = _given_up(row, member=member, now=now)
            elif row.state is State.PARKED or row.attempts or transfer.looked or transfer.kind != kind:
                tx.put_transfer(Box.IN, replace(transfer, kind=kind, mark=mark, looked=mark is None))
                tx.change_inbox([_fetch_again(row, now=now)])
        unfinished.add((sender, message))
    return [
        replace(entry, error=errors[name])
        if entry.envelope and not entry.error and (name := _name(entry.envelope)) in errors
        else entry
        for entry in judged
    ], unfinished


def _given_up(row: Row, *, member: Member, now: datetime) -> Refused:
    docket = row.docket
    if docket.expires_at is not None and docket.expires_at <= now:
        return Expired(message=docket.id, mailbox=member.mailbox, expires_at=f"{docket.expires_at:%Y-%m-%d %H:%M}Z")
    return RefusedByDms(document=docket.document.id if docket.document else docket.id, why=row.error or row.state)


def _fetch_again(row: Row, *, now: datetime) -> InboxChange:
    """Refused ones stay so; a person has to look at them."""
    refused = row.state is State.REFUSED
    return InboxChange(
        message=row.docket.id,
        sender=row.docket.sender.mailbox,
        state=row.state if refused else State.FETCHING,
        attempts=row.attempts,
        error=row.error if refused else None,
        at=now,
    )


def _name(each: Envelope) -> tuple[MailboxCode, MessageId]:
    return each.docket.sender.mailbox, each.docket.id


def _comes_again(entry: Judged) -> bool:
    """A copy that cannot be taken is let go: what is to be said of it is said once, of the message itself. That it must
    be sealed again is said at once, for it is urgent."""
    return entry.arrival.is_copy and not isinstance(entry.error, KeyWithdrawn)


def _digest(entry: Judged) -> str | None:
    """As `Transaction.held` gives it."""
    return hashlib.sha256(entry.envelope.docket.to_json()).hexdigest() if entry.envelope else None


def _key(entry: Judged) -> tuple[MailboxCode, MessageId] | None:
    return _name(entry.envelope) if entry.envelope else None


def _hear(tx: Transaction, receipts: Sequence[Envelope], *, member: Member, now: datetime) -> list[Event]:
    """Records receipts. A refusal, or a word that comes late and corrects one, must reach the document system: it waits
    in the inbox like any other mail."""
    refusals = []
    events: list[Event] = []
    for each in receipts:
        lines = []
        for line in _lines(each):
            again = _again(tx, line, member=member, now=now)
            events += again.events
            if again.done:
                continue
            lines.append(line)
        given_up = tx.not_in_time({line.message for line in lines})
        # One by one: what is known of one mailbox's answer says nothing about another's.
        known = tx.put_receipts(lines)
        late = [line for line in lines if line.outcome is Outcome.HELD and (line.message, line.mailbox) in given_up]
        events += [_after_all(line, now=now) for line in late if line.message in known]
        if any(line.message in known for line in lines if line.outcome is Outcome.REFUSED or line in late):
            refusals.append(InboxEntry(docket=each.docket, body=b"", taken_at=now))
    tx.put_inbox(refusals)
    return events


def _again(tx: Transaction, line: ReceiptLine, *, member: Member, now: datetime) -> Again:
    """What this mailbox mends by itself is nobody's to be told of."""
    match line.outcome, line.code:
        case Outcome.REFUSED, KeyWithdrawn.code:
            return resealing.answer(tx, line, member=member, now=now)
        case Outcome.REFUSED, BlobMissing.code:
            return uploading.asked_again(tx, line, now=now)
        case _:
            return Again(done=False)


def _after_all(line: ReceiptLine, *, now: datetime) -> Event:
    detail = f"{line.mailbox}: held, though it was told as not in time"
    return Event(at=now, name="outbox.held-after-all", message=line.message, detail=detail)


def _lines(each: Envelope) -> list[ReceiptLine]:
    docket = each.docket
    return [
        ReceiptLine(
            message=line.message,
            mailbox=docket.sender.mailbox,
            outcome=line.outcome,
            code=line.code,
            at=docket.created_at,
            docket_sha256=line.docket_sha256,
        )
        for line in docket.acknowledges
    ]


def _receipts(member: Member, good: Sequence[Envelope], bad: Sequence[Judged], *, now: datetime) -> list[OutboxEntry]:
    """One receipt for each sender mailbox of the batch. Duplicates are receipted again: the first may be lost."""
    to: dict[MailboxCode, Address] = {}
    urgency: dict[MailboxCode, Priority] = {}
    lines: defaultdict[MailboxCode, list[Acknowledged]] = defaultdict(list)
    judged: list[tuple[Envelope, Address, Refused | None]] = [(each, each.docket.sender, None) for each in good]
    judged += [(entry.envelope, entry.answer, entry.error) for entry in bad if entry.envelope and entry.answer]
    for each, sender, error in judged:
        if each.docket.kind is not Kind.RECEIPT:
            to[sender.mailbox] = sender
            urgency[sender.mailbox] = max(each.docket.priority, urgency.get(sender.mailbox, Priority.NORMAL))
            lines[sender.mailbox].append(acknowledged(each, error))
    return [receipt(member, to[mailbox], each, now=now, priority=urgency[mailbox]) for mailbox, each in lines.items()]


def acknowledged(each: Envelope, error: BusError | None) -> Acknowledged:
    """The line of a receipt for one message: held, or refused with the error's code."""
    return Acknowledged(
        message=each.docket.id,
        docket_sha256=each.docket_sha256,
        outcome=Outcome.REFUSED if error else Outcome.HELD,
        code=error.code if error else None,
    )


def _id(entry: Judged) -> MessageId | None:
    return entry.envelope.docket.id if entry.envelope else None


_EVENTS: dict[type[Refused | None], str] = {KeyWithdrawn: "inbox.not-opened", Expired: "inbox.expired"}


def _event(entry: Judged, *, now: datetime) -> Event:
    docket = entry.envelope.docket if entry.envelope else None
    return Event(
        at=now,
        name=_EVENTS.get(type(entry.error), "inbox.set-aside"),
        message=docket.id if docket else None,
        document=docket.document if docket else None,
        detail=str(entry.error),
    )


def _skews(judged: Sequence[Judged], *, now: datetime) -> list[Event]:
    """One for each sender whose clock is ahead, however many its messages."""
    ahead = {
        entry.envelope.docket.sender.mailbox: (entry.envelope.docket, entry.ahead)
        for entry in judged
        if entry.envelope and entry.ahead
    }
    return [
        Event(
            at=now,
            name="clock.skew",
            message=docket.id,
            document=docket.document,
            detail=f"{mailbox}: its clock is {seconds.total_seconds():.0f} s ahead of ours",
        )
        for mailbox, (docket, seconds) in ahead.items()
    ]

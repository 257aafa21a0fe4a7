"""The receiving half of the road: take in what the broker brings (verify, dedupe, commit, and only then acknowledge).
What happens with it afterwards is bus/delivering.py."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bus import envelope
from bus.envelope import Envelope
from bus.errors import BadMessage, BadSignature, BusError, NotForUs, Refused
from bus.mailroom import Member, receipt, set_aside
from bus.ports import Store, Transaction
from bus.records import Arrival, Event, InboxEntry, OutboxEntry, ReceiptLine
from schemas.codes import Kind, Outcome
from schemas.docket import Acknowledged, Address
from schemas.values import MailboxCode, MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What one batch held. When it is returned, everything in it is durable and may be acknowledged."""

    held: int = 0
    duplicates: int = 0
    receipts: int = 0
    set_aside: int = 0


@dataclass(frozen=True, slots=True)
class _Judged:
    arrival: Arrival
    envelope: Envelope | None
    error: Refused | None


def take_in(store: Store, arrivals: Sequence[Arrival], *, member: Member, now: datetime) -> TakenIn:
    """Judges and keeps a batch in one commit; receipts for it are in the same commit."""
    judged = [_judge(member, arrival, now) for arrival in arrivals]
    with store.write() as tx:
        new, judged = _keep(tx, judged, now=now)
        good = [entry.envelope for entry in judged if entry.envelope and not entry.error]
        bad = [entry for entry in judged if entry.error]
        receipts = [each for each in good if each.docket.kind is Kind.RECEIPT]
        _hear(tx, receipts, now=now)
        outgoing = _receipts(member, good, bad, now=now)
        outgoing += [
            set_aside(member, entry.arrival.body, entry.error, about=_id(entry), now=now)
            for entry in bad
            if entry.error
        ]
        tx.put_outbox(outgoing, at=now)
        tx.put_events([_event(entry, now=now) for entry in bad])
    held = len(good) - len(receipts)
    return TakenIn(held=new, duplicates=held - new, receipts=len(receipts), set_aside=len(bad))


def _keep(tx: Transaction, judged: Sequence[_Judged], *, now: datetime) -> tuple[int, list[_Judged]]:
    """Puts what is good into the inbox; returns how many were new, and refuses another message under a known id."""
    mail = {
        id(entry): InboxEntry(docket=entry.envelope.docket, body=entry.envelope.body, taken_at=now)
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


def _key(entry: _Judged) -> tuple[MailboxCode, MessageId] | None:
    return (entry.envelope.docket.sender.mailbox, entry.envelope.docket.id) if entry.envelope else None


def _hear(tx: Transaction, receipts: Sequence[Envelope], *, now: datetime) -> None:
    """Records receipts. A refusal must reach the document system: it waits in the inbox like any other mail."""
    refusals = []
    for each in receipts:
        # One by one: what is known of one mailbox's answer says nothing about another's.
        known = tx.put_receipts(_lines(each))
        if any(line.outcome is Outcome.REFUSED and line.message in known for line in each.docket.acknowledges):
            refusals.append(InboxEntry(docket=each.docket, body=b"", taken_at=now))
    tx.put_inbox(refusals)


def _judge(member: Member, arrival: Arrival, now: datetime) -> _Judged:
    try:
        return _read(member, arrival, now)
    except Refused as error:
        return _Judged(arrival, None, error)  # nobody to tell: the name on it proves nothing
    except Exception as exc:  # noqa: BLE001 — whatever one message does to us, the others of its batch go on
        return _Judged(arrival, None, BadMessage(why=f"reading it failed: {type(exc).__name__}"))


def _read(member: Member, arrival: Arrival, now: datetime) -> _Judged:
    """Raises Refused for what is not proven to be its sender's."""
    parsed = envelope.parse(arrival.body)
    docket = parsed.docket
    envelope.verify(parsed, member.verify_keys(docket.sender.mailbox))
    if not member.served(docket.sender, at=docket.created_at, now=now):
        why = f"it does not serve {docket.sender.agency}"
        return _Judged(arrival, parsed, BadSignature(message=docket.id, mailbox=docket.sender.mailbox, why=why))
    ours = member.mailbox in docket.mailboxes if docket.kind is Kind.RECEIPT else bool(member.ours(docket, now=now))
    return _Judged(arrival, parsed, None if ours else NotForUs(message=docket.id, mailbox=member.mailbox))


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


def _receipts(member: Member, good: Sequence[Envelope], bad: Sequence[_Judged], *, now: datetime) -> list[OutboxEntry]:
    """One receipt for each sender mailbox of the batch. Duplicates are receipted again: the first may be lost."""
    to: dict[MailboxCode, Address] = {}
    lines: defaultdict[MailboxCode, list[Acknowledged]] = defaultdict(list)
    judged: list[tuple[Envelope, Refused | None]] = [(each, None) for each in good]
    judged += [(entry.envelope, entry.error) for entry in bad if entry.envelope]
    for each, error in judged:
        docket = each.docket
        if docket.kind is Kind.RECEIPT:
            continue
        to[docket.sender.mailbox] = docket.sender
        lines[docket.sender.mailbox].append(acknowledged(each, error))
    return [receipt(member, to[mailbox], each, now=now) for mailbox, each in lines.items()]


def acknowledged(each: Envelope, error: BusError | None) -> Acknowledged:
    """The line of a receipt for one message: held, or refused with the error's code."""
    return Acknowledged(
        message=each.docket.id,
        docket_sha256=each.docket_sha256,
        outcome=Outcome.REFUSED if error else Outcome.HELD,
        code=error.code if error else None,
    )


def _id(entry: _Judged) -> MessageId | None:
    return entry.envelope.docket.id if entry.envelope else None


def _event(entry: _Judged, *, now: datetime) -> Event:
    docket = entry.envelope.docket if entry.envelope else None
    return Event(
        at=now,
        name="inbox.set-aside",
        message=docket.id if docket else None,
        document=docket.document if docket else None,
        detail=str(entry.error),
    )

"""The receiving half of the road: take in what the broker brings (verify, dedupe, commit, and only then acknowledge).
What happens with it afterwards is bus/delivering.py."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bus import envelope
from bus.envelope import Envelope
from bus.errors import BadMessage, BadSignature, BusError, NotForUs, Refused
from bus.mailroom import Member, receipt, set_aside
from bus.ports import Store
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
    judged = [_judge(member, arrival) for arrival in arrivals]
    good = [entry.envelope for entry in judged if entry.envelope and not entry.error]
    bad = [entry for entry in judged if entry.error]
    mail = [
        InboxEntry(docket=each.docket, body=each.body, taken_at=now)
        for each in good
        if each.docket.kind is not Kind.RECEIPT
    ]
    receipts = [each for each in good if each.docket.kind is Kind.RECEIPT]
    lines = [line for each in receipts for line in _lines(each)]
    with store.write() as tx:
        new = tx.put_inbox(mail)
        known = tx.put_receipts(lines) if lines else ()
        # A refusal must reach the sender's document system: it waits in the inbox like any other mail.
        refusals = [
            InboxEntry(docket=each.docket, body=b"", taken_at=now)
            for each in receipts
            if any(line.outcome is Outcome.REFUSED and line.message in known for line in each.docket.acknowledges)
        ]
        tx.put_inbox(refusals)
        outgoing = _receipts(member, good, bad, now=now)
        outgoing += [
            set_aside(member, entry.arrival.body, entry.error, about=_id(entry), now=now)
            for entry in bad
            if entry.error
        ]
        tx.put_outbox(outgoing, at=now)
        tx.put_events([_event(entry, now=now) for entry in bad])
    return TakenIn(held=len(new), duplicates=len(mail) - len(new), receipts=len(receipts), set_aside=len(bad))


def _judge(member: Member, arrival: Arrival) -> _Judged:
    try:
        parsed = envelope.parse(arrival.body)
    except BadMessage as error:
        return _Judged(arrival, None, error)
    docket = parsed.docket
    try:
        envelope.verify(parsed, member.verify_keys(docket.sender.mailbox))
    except Refused as error:
        return _Judged(arrival, None, error)  # nobody to tell: the name on it proves nothing
    if not member.may_send(docket.sender, docket.created_at):
        why = f"it does not serve {docket.sender.agency}"
        return _Judged(arrival, None, BadSignature(message=docket.id, mailbox=docket.sender.mailbox, why=why))
    if member.mailbox not in docket.mailboxes:
        return _Judged(arrival, parsed, NotForUs(message=docket.id, mailbox=member.mailbox))
    return _Judged(arrival, parsed, None)


def _lines(each: Envelope) -> list[ReceiptLine]:
    docket = each.docket
    return [
        ReceiptLine(
            message=line.message,
            mailbox=docket.sender.mailbox,
            outcome=line.outcome,
            code=line.code,
            at=docket.created_at,
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

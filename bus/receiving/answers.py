"""What is said of a batch that is taken in (take_in.py): receipts to its senders, messages for the queue `dead`, and
events. Nothing here is kept yet."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from bus.directory.member import Member
from bus.errors import Expired, KeyWithdrawn, Refused, RefusedByDms, TooMuchHeld
from bus.ports.records import Arrival, Event, OutboxEntry
from bus.receiving.item import Item
from bus.receiving.set_asides import SetAsides
from bus.sending.receipts import acknowledged, receipt, set_aside
from schemas.codes import Priority
from schemas.docket import Acknowledged, Address
from schemas.values import MailboxCode


def receipts_for(member: Member, items: Sequence[Item], *, now: datetime) -> list[OutboxEntry]:
    """One receipt for each sender mailbox of the batch. Duplicates are receipted again: the first may be lost."""
    answers = [(each, each.docket.sender) for each in items if each.is_good and not each.awaits_blobs]
    answers += [(each, each.judged.answer) for each in items if each.is_bad and each.judged.answer is not None]
    to: dict[MailboxCode, Address] = {}
    urgency: dict[MailboxCode, Priority] = {}
    lines: defaultdict[MailboxCode, list[Acknowledged]] = defaultdict(list)
    for each, sender in answers:
        if each.is_receipt:
            continue
        mailbox, docket = sender.mailbox, each.docket
        to[mailbox] = sender
        urgency[mailbox] = max(docket.priority, urgency.get(mailbox, Priority.NORMAL))
        lines[mailbox].append(acknowledged(docket.id, each.message.docket_sha256, each.error))
    return [receipt(member, to[mailbox], some, now=now, priority=urgency[mailbox]) for mailbox, some in lines.items()]


_TOLD = (KeyWithdrawn, Expired, RefusedByDms, TooMuchHeld)
"""Its sender is told, and sends it again or gives it up: nobody has to look at it."""


def _goes_to_dead(item: Item) -> bool:
    return item.is_bad and not isinstance(item.error, _TOLD)


def drop(items: Sequence[Item], counter: SetAsides, *, now: datetime) -> SetAsides:
    """Marks what is beyond the bound of its publisher; what was counted so far, with this batch."""
    bad = [each for each in items if _goes_to_dead(each)]
    counted = counter.draft() if bad else counter
    for each in bad:
        arrival = each.judged.arrival
        each.is_dropped = not counted.takes(arrival.user, len(arrival.body), at=now)
    return counted


def set_asides_for(member: Member, items: Sequence[Item], *, now: datetime) -> list[OutboxEntry]:
    entries = []
    for each in items:
        if _goes_to_dead(each) and each.error is not None and not each.is_dropped:
            arrival, parsed = each.judged.arrival, each.judged.envelope
            about = parsed.docket.id if parsed else None
            raw = arrival.undecodable
            entries.append(
                set_aside(member, arrival.body, each.error, about=about, now=now, user=arrival.user, undecodable=raw)
            )
    return entries


_EVENTS: dict[type[Refused | None], str] = {
    KeyWithdrawn: "inbox.not-opened",
    Expired: "inbox.expired",
    TooMuchHeld: "quota.over",
}


def told(items: Sequence[Item], *, now: datetime) -> list[Event]:
    """One for each that was not taken; one a publisher for all that were dropped, and one a sender for what is over
    its quota."""
    events = _dropped(items, now=now)
    full = set[MailboxCode]()
    for each in items:
        if each.over and each.name.sender in full:
            continue
        if each.is_bad and not each.is_dropped:
            if each.over:
                full.add(each.name.sender)
            docket = each.judged.envelope.docket if each.judged.envelope else None
            events.append(
                Event(
                    at=now,
                    name=_event(each),
                    message=docket.id if docket else None,
                    document=docket.document if docket else None,
                    detail=str(each.error),
                )
            )
    return events


def _dropped(items: Sequence[Item], *, now: datetime) -> list[Event]:
    """With the digest of the last one, by which the audit stream's copy is known again."""
    found: defaultdict[str | None, list[Arrival]] = defaultdict(list)
    for each in items:
        if each.is_dropped:
            found[each.judged.arrival.user].append(each.judged.arrival)
    return [
        Event(
            at=now,
            name="set-aside.dropped",
            message=None,
            document=None,
            detail=f"{user or '?'}: {len(arrivals)} messages, {sum(len(each.body) for each in arrivals)} bytes not "
            f"put into the queue dead, too many of one publisher in an hour; the last one is sha256:"
            f"{hashlib.sha256(arrivals[-1].body).hexdigest()}",
        )
        for user, arrivals in found.items()
    ]


def _event(item: Item) -> str:
    if item.judged.arrival.undecodable is not None:
        return "inbox.undecodable"
    return _EVENTS.get(type(item.error), "inbox.set-aside")


def skews(items: Sequence[Item], *, now: datetime) -> list[Event]:
    """One for each sender whose clock is ahead, however many its messages."""
    ahead = {
        each.name.sender: (each.docket, each.judged.ahead)
        for each in items
        if each.judged.envelope and each.judged.ahead
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

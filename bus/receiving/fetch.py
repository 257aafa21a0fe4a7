"""Fetching blobs: segments are fetched, compared with the manifest and kept; those that are gone are asked for; once
all are here, the whole is proven and the message receipted. A step holds a few segments at most, and what it has kept
is not fetched again. Until the receipt, nothing of the document is filed. Senders take turns: what one of them never
put there keeps nobody else's waiting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from bus.crashpoints import reached
from bus.directory.edition import MAX_SKEW
from bus.errors import BadBlob, BlobMissing, BlobsAway, Expired, Refused, Words
from bus.handling.transport import InboxEvent
from bus.ports.blobs import SEGMENTS_AT_ONCE, Blobs
from bus.ports.changes import inbox_change
from bus.ports.records import Event, InboxEntry, Segment, Transfer
from bus.ports.retry import ASK
from bus.ports.store import Store
from bus.receiving.open import Opened, open_entry
from bus.receiving.outcome import Delivery, Writes, answer, event, persist, refuse
from bus.receiving.turns import UNKNOWN, Turns
from bus.wire.segments import after, check_whole, total
from schemas.clock import local
from schemas.docket import Blob
from schemas.document import Document
from schemas.values import MailboxCode, MessageId

AWAY: Final = timedelta(seconds=15)
"""How long a message is put off whose place of blobs cannot be reached. The segments of others may lie elsewhere."""
LOOK_AGAIN: Final = timedelta(seconds=5)
"""Between a look that found nothing from the mark on, and one from the oldest on: others are looked for meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What one call of `fetch` did, and where its message stands; `more` when there may be more to do at once."""

    message: MessageId | None = None
    done: int = 0
    of: int = 0
    """Segments, of all that the message names."""
    bytes: int = 0
    """Fetched by this call, whatever they were worth."""
    whole: bool = False
    said: bool = False
    """Something is on its way to the sender: a receipt, a refusal, a question."""
    more: bool = False
    looked_in_vain: int = 0
    """Looks of its `sender` within an hour, where there were too many: what it sent waits."""
    sender: MailboxCode | None = None


@dataclass(frozen=True, slots=True)
class _Turn:
    """One message's turn."""

    store: Store
    entry: InboxEntry
    transfer: Transfer
    delivery: Delivery
    blobs: Sequence[Blob]
    turns: Turns

    @property
    def sender(self) -> MailboxCode:
        return self.entry.docket.sender.mailbox

    @property
    def waits(self) -> bool:
        """Whether what it took was the last that this sender's looks in vain may take within an hour."""
        return self.turns.waits(self.sender, at=self.delivery.now)

    def told(self) -> list[Event]:
        if not self.waits:
            return []
        return [event("blobs.looked-in-vain", self.entry, self.delivery, detail=self.turns.told(self.sender))]

    def settle(self, writes: Writes, transfer: Transfer | None = None) -> None:
        with self.store.write() as tx:
            persist(tx, writes)
            if transfer is not None:
                tx.inbox.put_transfer(transfer)
        reached("fetch.settled")

    def fetched(self, *, done: int | None = None, size: int = 0, whole: bool = False, said: bool = False) -> Fetched:
        return Fetched(
            message=self.entry.docket.id,
            done=self.transfer.done if done is None else done,
            of=total(self.blobs),
            bytes=size,
            whole=whole,
            said=said,
            more=True,
            looked_in_vain=self.turns.looks(self.sender) if self.waits else 0,
            sender=self.sender,
        )


def fetch(store: Store, places: Mapping[str, Blobs], delivery: Delivery, turns: Turns) -> Fetched:
    """Fetches some segments of the most urgent message of the sender whose turn it is, after the last that is kept
    here. `places` by their kinds, our own first. Raises BlobsAway where one cannot be reached; the message says so, and
    is due again in a while."""
    with store.read() as tx:
        sender = turns.next(tx.inbox.senders_to_fetch(now=delivery.now), at=delivery.now)
        entry = None if sender is None else tx.inbox.next_to_fetch(sender, now=delivery.now)
        if entry is None:
            return Fetched()
        docket = entry.docket
        fresh = Transfer(message=docket.id, sender=docket.sender.mailbox, began_at=delivery.now, looked=True)
        known = {each.sender: each for each in tx.inbox.transfers([docket.id])}
    turn = _Turn(store, entry, known.get(docket.sender.mailbox, fresh), delivery, docket.blobs or (), turns)
    if docket.expires_at is not None and delivery.now > docket.expires_at + MAX_SKEW:
        return _expired(turn)
    try:
        work = open_entry(entry, delivery.member, store, delivery.verified)
    except Refused as error:
        return _refused(turn, entry, error)
    with store.read() as tx:
        if tx.inbox.filed([work.key]):
            return _filed_before(turn, work)
    place = after(turn.blobs, turn.transfer.done)
    if place is None:
        return _prove(turn, work)
    try:
        return _fetch_some(turn, work, _of_kind(turn.transfer.kind, places), *place)
    except BlobsAway as error:
        if turn.transfer.kind not in {None, *places}:
            turns.in_vain(turn.sender, seconds=UNKNOWN, at=delivery.now)
        _put_off(turn, error)
        raise


def _of_kind(kind: str | None, places: Mapping[str, Blobs]) -> Blobs:
    """Where a message's segments wait; our own kind where nobody said."""
    found = places.get(kind) if kind is not None else next(iter(places.values()), None)
    if found is None:
        raise BlobsAway(kind=kind or "?", why=Words("chưa cấu hình ở đây", "it is not configured here"))
    return found


def _fetch_some(turn: _Turn, work: Opened, blobs: Blobs, blob: Blob, first: int) -> Fetched:
    transfer, stored = turn.transfer, work.blobs[blob.attachment]
    began = turn.turns.steady()
    found = blobs.get(transfer.sender, blob.id, first=first, mark=transfer.mark, limit=SEGMENTS_AT_ONCE)
    good = {each.number: each for each in found if stored.manifest.fits(each.number, each.data)}
    kept: list[Segment] = []
    while (segment := good.get(first + len(kept))) is not None:
        kept.append(segment)
    size = sum(len(each.data) for each in found)
    turn.turns.looked(
        turn.sender,
        seconds=turn.turns.steady() - began,
        found=size,
        useless=size - sum(len(each.data) for each in kept),
        at=turn.delivery.now,
    )
    if not kept and (not found or found[-1].mark == transfer.mark):  # by name: the next look would find the same
        return _look_on(turn, work, blob)
    transfer = replace(
        transfer,
        done=transfer.done + len(kept),
        mark=found[-1].mark or transfer.mark,
        looked=transfer.looked and not kept,
    )
    with turn.store.write() as tx:
        if kept:
            tx.inbox.put_segments(stored.key, kept, at=turn.delivery.now)
            if turn.entry.attempts or turn.entry.error:
                tx.inbox.change([inbox_change(turn.entry, InboxEvent.SOME_FETCHED, attempts=0, at=turn.delivery.now)])
        tx.inbox.put_transfer(transfer)
        tx.dossiers.put_events(turn.told())
    reached("fetch.kept")
    return turn.fetched(done=transfer.done, size=size)


def _look_on(turn: _Turn, work: Opened, blob: Blob) -> Fetched:
    """Nothing more is found from the mark on: after a while it is looked for from the oldest on, then asked for, then
    given up."""
    anew = replace(turn.transfer, mark=None, looked=True)
    entry, delivery, now = turn.entry, turn.delivery, turn.delivery.now
    error = BlobMissing(attachment=blob.attachment, message=entry.docket.id, sender=turn.sender)
    if not turn.transfer.looked:
        again = inbox_change(entry, InboxEvent.LOOKED_IN_VAIN, next_at=now + LOOK_AGAIN, error=error, at=now)
        turn.settle(Writes(changes=[again], events=turn.told()), anew)
        return turn.fetched()
    attempts = entry.attempts + 1
    next_at = ASK.next_try(attempts, now=now, dice=delivery.dice())
    what = InboxEvent.BLOB_ASKED_FOR if next_at else InboxEvent.GAVE_UP
    writes = Writes(events=turn.told())
    writes.changes.append(inbox_change(entry, what, attempts=attempts, next_at=next_at, error=error, at=now))
    name = "blob.asked-for" if next_at else "inbox.parked"
    writes.events.append(event(name, entry, delivery, detail=str(error)))
    if next_at:
        answer(writes, work, error, turn.delivery)
    turn.settle(writes, anew)
    return turn.fetched(said=True)


def _prove(turn: _Turn, work: Opened) -> Fetched:
    """All segments are here: the whole is read once from end to end before the message is receipted."""
    document, message = work.item, turn.entry.docket.id
    assert isinstance(document, Document)
    try:
        for number, stored in work.blobs.items():
            attachment = document.attachments[number - 1]
            check_whole(attachment, stored.blob, stored.manifest, stored.sealed(), message=message)
    except BadBlob as error:
        return _refused(turn, work, error)
    writes = Writes(changes=[inbox_change(turn.entry, InboxEvent.FETCHED, attempts=0, at=turn.delivery.now)])
    answer(writes, work, None, turn.delivery)
    turn.settle(writes, replace(turn.transfer, finished_at=turn.delivery.now))
    return turn.fetched(whole=True, said=True)


def _filed_before(turn: _Turn, work: Opened) -> Fetched:
    """A new message with a content that was filed before: nothing is fetched for it."""
    writes = Writes(
        changes=[inbox_change(turn.entry, InboxEvent.DUPLICATE, key=work.key, error="duplicate", at=turn.delivery.now)]
    )
    writes.events.append(event("inbox.duplicate", turn.entry, turn.delivery))
    answer(writes, work, None, turn.delivery)
    turn.settle(writes, replace(turn.transfer, finished_at=turn.delivery.now))
    return turn.fetched(said=True)


def _expired(turn: _Turn) -> Fetched:
    """Its sender has given up on it by now; the segments that are here are of no use."""
    docket = turn.entry.docket
    assert docket.expires_at is not None, "what has no time does not end"
    error = Expired(message=docket.id, mailbox=turn.delivery.member.mailbox, expires_at=local(docket.expires_at))
    writes = Writes(changes=[inbox_change(turn.entry, InboxEvent.EXPIRED, error=error, at=turn.delivery.now)])
    writes.events.append(event("inbox.expired", turn.entry, turn.delivery, detail=str(error)))
    answer(writes, turn.entry, error, turn.delivery)
    turn.settle(writes)
    return turn.fetched(said=True)


def _refused(turn: _Turn, of: Opened | InboxEntry, error: Refused) -> Fetched:
    writes = Writes()
    refuse(writes, of, error, turn.delivery)
    turn.settle(writes)
    return turn.fetched(said=True)


def _put_off(turn: _Turn, error: BlobsAway) -> None:
    """Not counted as a failure of the message."""
    now = turn.delivery.now
    turn.turns.end()
    put_off = inbox_change(turn.entry, InboxEvent.PLACE_AWAY, next_at=now + AWAY, error=error, at=now)
    turn.settle(Writes(changes=[put_off], events=turn.told()))

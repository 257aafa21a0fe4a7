"""The receiving half of the road for what travels apart: fetch segments, prove each against the manifest, keep them,
ask for those that are gone; and once all is here, prove the whole and receipt the message. A step holds a few segments
at most, and what it has kept is not fetched again. Until the receipt, nothing of the document is filed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from bus.crashpoints import reached
from bus.edition import MAX_SKEW
from bus.errors import BadBlob, BlobMissing, BlobsAway, Expired, Refused
from bus.opening import Opened, open_entry
from bus.ports import SEGMENTS_AT_ONCE, Blobs, Store
from bus.records import Box, InboxEntry, Segment, State, Transfer
from bus.retry import ASK, Schedule
from bus.segments import after, check_whole, total
from bus.settling import Delivery, Results, answer, change, event, persist, refuse
from schemas.docket import Blob
from schemas.document import Document
from schemas.values import MessageId

AWAY: Final = timedelta(seconds=15)
"""Until a message is due again whose segments' place cannot be reached; others may lie elsewhere."""


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


@dataclass(frozen=True, slots=True)
class _Turn:
    """One message's turn."""

    store: Store
    entry: InboxEntry
    transfer: Transfer
    delivery: Delivery
    blobs: Sequence[Blob]

    def settle(self, results: Results, transfer: Transfer | None = None) -> None:
        with self.store.write() as tx:
            persist(tx, results)
            if transfer is not None:
                tx.put_transfer(Box.IN, transfer)
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
        )


def fetch(store: Store, places: Mapping[str, Blobs], delivery: Delivery, *, ask: Schedule = ASK) -> Fetched:
    """Fetches some segments of the most urgent message, after the last that is kept here. `places` by their kinds, our
    own first. Raises BlobsAway where one cannot be reached; the message says so, and is due again in a while."""
    with store.read() as tx:
        entry = tx.due_apart(Box.IN, State.FETCHING, now=delivery.now)
        if not isinstance(entry, InboxEntry):
            return Fetched()
        docket = entry.docket
        fresh = Transfer(message=docket.id, sender=docket.sender.mailbox, began_at=delivery.now, looked=True)
        known = {each.sender: each for each in tx.transfers(Box.IN, [docket.id])}
    turn = _Turn(store, entry, known.get(docket.sender.mailbox, fresh), delivery, docket.blobs or ())
    if docket.expires_at is not None and delivery.now > docket.expires_at + MAX_SKEW:
        return _expired(turn)
    try:
        work = open_entry(entry, delivery.member, store)
    except Refused as error:
        return _refused(turn, error)
    with store.read() as tx:
        if tx.filed([work.key]):
            return _filed_before(turn, work)
    place = after(turn.blobs, turn.transfer.done)
    if place is None:
        return _prove(turn, work)
    try:
        return _fetch_some(turn, work, _of_kind(turn.transfer.kind, places), *place, ask=ask)
    except BlobsAway as error:
        _put_off(turn, error)
        raise


def _of_kind(kind: str | None, places: Mapping[str, Blobs]) -> Blobs:
    """Where a message's segments wait; our own kind where nobody said."""
    found = places.get(kind) if kind is not None else next(iter(places.values()), None)
    if found is None:
        raise BlobsAway(kind=kind or "?", why="it is not configured here / chưa cấu hình ở đây")
    return found


def _fetch_some(turn: _Turn, work: Opened, blobs: Blobs, blob: Blob, first: int, *, ask: Schedule) -> Fetched:
    transfer, stored = turn.transfer, work.apart[blob.attachment]
    found = blobs.get(transfer.sender, blob.id, first=first, mark=transfer.mark, limit=SEGMENTS_AT_ONCE)
    if not found:
        return _look_on(turn, blob, ask)
    good = {each.number: each for each in found if stored.manifest.fits(each.number, each.data)}
    kept: list[Segment] = []
    while (segment := good.get(first + len(kept))) is not None:
        kept.append(segment)
    if not kept and found[-1].mark == transfer.mark:  # found by name: the next look would find the same
        return _look_on(turn, blob, ask)
    transfer = replace(
        transfer,
        done=transfer.done + len(kept),
        mark=found[-1].mark or transfer.mark,
        looked=transfer.looked and not kept,
    )
    with turn.store.write() as tx:
        if kept:
            tx.put_segments(Box.IN, stored.key, kept, at=turn.delivery.now)
            if turn.entry.attempts or turn.entry.error:
                tx.change_inbox([change(turn.entry, State.FETCHING, turn.delivery, attempts=0)])
        tx.put_transfer(Box.IN, transfer)
    reached("fetch.kept")
    return turn.fetched(done=transfer.done, size=sum(len(each.data) for each in found))


def _look_on(turn: _Turn, blob: Blob, ask: Schedule) -> Fetched:
    """Nothing more behind the mark: it is looked for from the oldest on, then asked for, then given up."""
    anew = replace(turn.transfer, mark=None, looked=True)
    if not turn.transfer.looked:
        turn.settle(Results(), anew)
        return turn.fetched()
    entry, delivery = turn.entry, turn.delivery
    attempts = entry.attempts + 1
    next_at = ask.next_try(attempts, now=delivery.now, dice=delivery.dice())
    error = BlobMissing(attachment=blob.attachment, message=entry.docket.id, sender=entry.docket.sender.mailbox)
    state = State.FETCHING if next_at else State.PARKED
    results = Results()
    results.changes.append(change(entry, state, delivery, attempts=attempts, next_at=next_at, error=str(error)))
    name = "blob.asked-for" if next_at else "inbox.parked"
    results.events.append(event(name, entry, delivery, detail=str(error)))
    if next_at:
        answer(results, turn.entry, error, turn.delivery)
    turn.settle(results, anew)
    return turn.fetched(said=True)


def _prove(turn: _Turn, work: Opened) -> Fetched:
    """All is here: it is read once from end to end before anybody is told."""
    document, message = work.item, turn.entry.docket.id
    assert isinstance(document, Document)
    try:
        for number, stored in work.apart.items():
            attachment = document.attachments[number - 1]
            check_whole(attachment, stored.blob, stored.manifest, stored.sealed(), message=message)
    except BadBlob as error:
        return _refused(turn, error)
    results = Results(changes=[change(turn.entry, State.FETCHED, turn.delivery, attempts=0)])
    answer(results, turn.entry, None, turn.delivery)
    turn.settle(results, replace(turn.transfer, finished_at=turn.delivery.now))
    return turn.fetched(whole=True, said=True)


def _filed_before(turn: _Turn, work: Opened) -> Fetched:
    """The same document, of which only the message is new: nothing is fetched for it."""
    results = Results(changes=[change(turn.entry, State.DONE, turn.delivery, key=work.key, error="duplicate")])
    results.events.append(event("inbox.duplicate", turn.entry, turn.delivery))
    answer(results, turn.entry, None, turn.delivery)
    turn.settle(results, replace(turn.transfer, finished_at=turn.delivery.now))
    return turn.fetched(said=True)


def _expired(turn: _Turn) -> Fetched:
    """Its sender has given up on it by now; what is here of it is of no use."""
    docket = turn.entry.docket
    error = Expired(
        message=docket.id, mailbox=turn.delivery.member.mailbox, expires_at=f"{docket.expires_at:%Y-%m-%d %H:%M}Z"
    )
    results = Results(changes=[change(turn.entry, State.CANCELLED, turn.delivery, error=str(error))])
    results.events.append(event("inbox.expired", turn.entry, turn.delivery, detail=str(error)))
    answer(results, turn.entry, error, turn.delivery)
    turn.settle(results)
    return turn.fetched(said=True)


def _refused(turn: _Turn, error: Refused) -> Fetched:
    results = Results()
    refuse(results, turn.entry, error, turn.delivery)
    turn.settle(results)
    return turn.fetched(said=True)


def _put_off(turn: _Turn, error: BlobsAway) -> None:
    """No failure of the message's: it is not counted as one."""
    entry, next_at = turn.entry, turn.delivery.now + AWAY
    turn.settle(Results(changes=[change(entry, State.FETCHING, turn.delivery, next_at=next_at, error=str(error))]))

"""The sending half of the road for what travels apart: seal it into the store, put it where recipients fetch it, put it
there again when one asks, and let go of it. Each step holds a few segments at most, and what it has done is durable.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from bus import dossiers
from bus.crashpoints import reached
from bus.errors import BlobMissing, BlobsAway, BusError
from bus.mailroom import Addressed
from bus.message import BLOBS
from bus.ports import SEGMENTS_AT_ONCE, Blobs, Store, Transaction
from bus.records import (
    BlobKey,
    Box,
    Event,
    OutboxChange,
    OutboxEntry,
    ReceiptLine,
    Segment,
    State,
    Transfer,
)
from bus.resealing import Again, is_about, is_held
from bus.retry import APART, ASK, Schedule
from bus.segments import Sealed, Sealing, after, total
from schemas.codes import BusinessType
from schemas.document import Document
from schemas.values import DocumentId, MessageId

DROPPED_AT_ONCE: Final = 16
"""Segments dropped in one commit: some tens of milliseconds that others may have to wait."""

ASKED_AGAIN: Final = "blob.asked-again"

BEHIND: Final = timedelta(seconds=30)
"""Between two looks at a message that another waits for; it is told of its end at once."""


# -- seal --------------------------------------------------------------------------------------------------------------


def seal_apart(store: Store, addressed: Addressed, *, message: MessageId, now: datetime) -> list[Sealed]:
    """Seals what travels apart into the store, some segments a commit. Nobody's until the message's entry names it.

    Raises ValueError where an attachment is not what it is described to be, OSError where it cannot be read, StoreFull;
    then nothing of it stays.
    """
    assert isinstance(addressed.item, Document)
    keys: list[BlobKey] = []
    sealed = []
    try:
        for number in addressed.apart:
            sealing = Sealing(addressed.item.attachments[number - 1], number)
            keys.append(BlobKey(addressed.sender.mailbox, message, sealing.id))
            _keep(store, keys[-1], sealing, now=now)
            sealed.append(sealing.sealed())
    except BaseException:
        drop(store, keys)
        raise
    return sealed


def _keep(store: Store, key: BlobKey, sealing: Sealing, *, now: datetime) -> None:
    numbered = (Segment(blob=key.blob, number=number, data=data) for number, data in enumerate(sealing.segments(), 1))
    while some := list(islice(numbered, SEGMENTS_AT_ONCE)):
        with store.write() as tx:
            tx.put_segments(Box.OUT, key, some, at=now)
        reached("seal.kept")


def drop(store: Store, keys: Sequence[BlobKey]) -> None:
    """Of an acceptance that came to nothing. What a full disk keeps from being dropped goes with the next `sweep`."""
    with suppress(BusError):
        for key in keys:
            more = True
            while more:
                with store.write() as tx:
                    more = tx.drop_segments(Box.OUT, key, limit=DROPPED_AT_ONCE)


# -- what must not overtake --------------------------------------------------------------------------------------------


def queued(tx: Transaction, entries: Sequence[tuple[Addressed, OutboxEntry]], *, now: datetime) -> list[OutboxEntry]:
    """The entries as they are to be put: one that changes a document whose segments are still under way waits behind
    it. Their transfers are put by `begin`."""
    if not tx.rows(Box.OUT, state=State.UPLOADING, limit=1):
        return [entry for _, entry in entries]
    return [
        replace(entry, state=State.UPLOADING, next_at=now)
        if entry.state is State.WAITING and _ahead(tx, addressed) is not None
        else entry
        for addressed, entry in entries
    ]


def begin(tx: Transaction, entries: Sequence[tuple[Addressed, OutboxEntry]], *, now: datetime) -> None:
    """What of these was put as UPLOADING begins its transfer."""
    for addressed, entry in entries:
        if entry.state is State.UPLOADING:
            behind = None if entry.docket.blobs else _ahead(tx, addressed)
            tx.put_transfer(
                Box.OUT,
                Transfer(message=entry.docket.id, sender=entry.docket.sender.mailbox, began_at=now, behind=behind),
            )


def _ahead(tx: Transaction, addressed: Addressed) -> MessageId | None:
    """The message that carries the document which this one changes, while its segments are under way."""
    for document in _changed(tx, addressed):
        for row in tx.rows(Box.OUT, document=document, state=State.UPLOADING):
            if row.docket.blobs and row.docket.document and row.docket.document.issuer == addressed.document.issuer:
                return row.docket.id
    return None


def _changed(tx: Transaction, addressed: Addressed) -> Iterator[DocumentId]:
    if not isinstance(addressed.item, Document):
        yield addressed.document.id
        return
    if addressed.item.business.type is BusinessType.NEW:
        return
    yield from dossiers.named(addressed.item)
    handlers = [recipient.agency for recipient in addressed.recipients]
    yield from {each.key.document for each in dossiers.targets(tx, addressed.item, addressed.document, handlers)}


# -- upload ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """What one call of `upload` did, and where its message stands; `more` when there may be more to do at once."""

    message: MessageId | None = None
    done: int = 0
    of: int = 0
    """Segments, of all that the message names."""
    bytes: int = 0
    """Sent by this call."""
    more: bool = False


def upload(store: Store, blobs: Blobs, *, now: datetime, schedule: Schedule = APART) -> Uploaded:
    """Puts some segments of the most urgent message, after the last that were confirmed. All there: the message is to
    be published. Raises BlobsAway; the message says so, and is due again in a while."""
    with store.read() as tx:
        entry = tx.due_apart(Box.OUT, State.UPLOADING, now=now)
        if not isinstance(entry, OutboxEntry):
            return Uploaded()
        transfer = _transfer(tx, entry, now=now)
    if not entry.docket.blobs:
        return _wait_behind(store, entry, transfer, now=now)
    try:
        if transfer.mark is None or transfer.kind != blobs.kind:
            transfer = replace(transfer, kind=blobs.kind, mark=blobs.begin(), done=0, finished_at=None)
            with store.write() as tx:
                tx.put_transfer(Box.OUT, transfer)
            reached("upload.begun")
        return _put_some(store, blobs, entry, transfer, now=now)
    except BlobsAway as error:
        _put_off(store, entry, error, schedule, now=now)
        raise


def _put_off(store: Store, entry: OutboxEntry, error: BlobsAway, schedule: Schedule, *, now: datetime) -> None:
    attempts = entry.attempts + 1
    next_at = schedule.next_try(attempts, now=now, dice=0.0)
    with store.write() as tx:
        tx.change_outbox([_change(entry, State.UPLOADING, now, attempts=attempts, next_at=next_at, error=error)])


def _transfer(tx: Transaction, entry: OutboxEntry, *, now: datetime) -> Transfer:
    fresh = Transfer(message=entry.docket.id, sender=entry.docket.sender.mailbox, began_at=now)
    return next(iter(tx.transfers(Box.OUT, [entry.docket.id])), fresh)


def _put_some(store: Store, blobs: Blobs, entry: OutboxEntry, transfer: Transfer, *, now: datetime) -> Uploaded:
    docket = entry.docket
    assert docket.blobs
    every = total(docket.blobs)
    place = after(docket.blobs, transfer.done)
    assert place is not None, "with its last segment it is not UPLOADING any more"
    blob, first = place
    with store.read() as tx:
        key = BlobKey(docket.sender.mailbox, docket.id, blob.id)
        segments = _in_order(tx.segments(Box.OUT, key, first=first, limit=SEGMENTS_AT_ONCE), first)
    if not segments:
        return _lost(store, entry, blob.attachment, now=now)
    blobs.put(segments)
    reached("upload.put")
    transfer = replace(transfer, done=transfer.done + len(segments))
    size = sum(len(segment.data) for segment in segments)
    is_there = transfer.done >= every
    with store.write() as tx:
        if not tx.unfinished([docket.id]):  # withdrawn or expired in between: nobody needs it
            return Uploaded(more=True)
        tx.put_transfer(Box.OUT, replace(transfer, finished_at=now) if is_there else transfer)
        if is_there:
            headers = {BLOBS: f"{transfer.kind} {transfer.mark}"}
            tx.change_outbox([replace(_change(entry, State.WAITING, now), headers=headers)])
            tx.hasten(Box.OUT, State.UPLOADING, beyond=now, to=now)  # what waits behind it
        elif entry.attempts:
            tx.change_outbox([_change(entry, State.UPLOADING, now)])
    reached("upload.marked")
    return Uploaded(message=docket.id, done=transfer.done, of=every, bytes=size, more=True)


def _in_order(segments: Sequence[Segment], first: int) -> list[Segment]:
    """As far as none is missing."""
    return [segment for number, segment in enumerate(segments, first) if segment.number == number]


def _wait_behind(store: Store, entry: OutboxEntry, transfer: Transfer, *, now: datetime) -> Uploaded:
    """On its way as soon as what it waits for is, or is not to come any more."""
    with store.write() as tx:
        rows = tx.rows(Box.OUT, message=transfer.behind) if transfer.behind else ()
        waits = any(row.state is State.UPLOADING for row in rows)
        tx.change_outbox(
            [
                _change(entry, State.UPLOADING, now, next_at=now + BEHIND)
                if waits
                else _change(entry, State.WAITING, now)
            ]
        )
        if not waits:
            tx.put_transfer(Box.OUT, replace(transfer, finished_at=now))
    return Uploaded(more=True)


def _lost(store: Store, entry: OutboxEntry, attachment: int, *, now: datetime) -> Uploaded:
    """Segments of a damaged store that was saved: only its document system can send the document again."""
    docket = entry.docket
    error = BlobMissing(attachment=attachment, message=docket.id, sender=docket.sender.mailbox)
    with store.write() as tx:
        tx.change_outbox([_change(entry, State.PARKED, now, attempts=entry.attempts, error=error)])
        tx.put_events(
            [Event(at=now, name="outbox.parked", message=docket.id, document=docket.document, detail=str(error))]
        )
    return Uploaded(more=True)


def _change(
    entry: OutboxEntry,
    state: State,
    now: datetime,
    *,
    attempts: int = 0,
    next_at: datetime | None = None,
    error: BusError | None = None,
) -> OutboxChange:
    return OutboxChange(
        message=entry.docket.id,
        state=state,
        attempts=attempts,
        next_at=next_at,
        error=None if error is None else str(error),
        at=now,
    )


# -- asked again -------------------------------------------------------------------------------------------------------


def asked_again(tx: Transaction, line: ReceiptLine, *, now: datetime) -> Again:
    """Answers one line of a receipt: somebody did not find the segments any more. They are put there again, from the
    first on, for whoever asked; and the message once more after them."""
    if is_held(tx, line):
        return Again(done=True)
    entry = next(iter(tx.unfinished([line.message])), None)
    if entry is None or not entry.docket.blobs or not is_about(entry, line):
        return Again(done=False)
    sent_at = next(row.sent_at for row in tx.rows(Box.OUT, message=line.message))
    is_under_way = entry.state in {State.UPLOADING, State.WAITING}
    if is_under_way or (sent_at is not None and line.at < sent_at and entry.state is State.SENT):
        return Again(done=True)  # it was asked before the message, which says where they are, went out again
    if _too_soon(tx, entry, line, now=now):
        return Again(done=True)
    tx.put_transfer(Box.OUT, Transfer(message=line.message, sender=entry.docket.sender.mailbox, began_at=now))
    tx.change_outbox([replace(_change(entry, State.UPLOADING, now), tried=True)])
    event = Event(at=now, name=ASKED_AGAIN, message=line.message, document=entry.docket.document, detail=line.mailbox)
    return Again(done=True, events=(event,))


def _too_soon(tx: Transaction, entry: OutboxEntry, line: ReceiptLine, *, now: datetime) -> bool:
    """Whether it asks far sooner than one that keeps to `ASK`: a question costs a line, its answer the whole file."""
    assert entry.docket.document
    answered = [
        event.at
        for event in tx.events(document=entry.docket.document.id)
        if (event.name, event.message, event.detail) == (ASKED_AGAIN, line.message, line.mailbox)
    ]
    if not answered:
        return False
    last = max(answered)
    soonest = ASK.next_try(min(len(answered), ASK.tries), now=last, dice=0.0)
    return soonest is not None and now < last + (soonest - last) / 2


# -- let go ------------------------------------------------------------------------------------------------------------


def sweep(store: Store, blobs: Blobs, removed: set[BlobKey], *, before: datetime) -> bool:
    """Drops some of what nobody needs any more, here and where recipients fetched it. `removed` is the caller's to keep
    between calls. `before`: what was begun earlier and never came to be a message's is dropped, too. True when there
    may be more to do."""
    for box in (Box.IN, Box.OUT):  # what cannot be removed elsewhere is in nobody's way
        with store.read() as tx:
            keys = tx.unneeded(box, before=before)
        if not keys:
            continue
        if box is Box.OUT and (fresh := [key for key in keys if key not in removed]):
            blobs.remove([key.blob for key in fresh])
            reached("sweep.removed")
            removed.update(fresh)
        with store.write() as tx:
            more = tx.drop_segments(box, keys[0], limit=DROPPED_AT_ONCE)
        reached("sweep.dropped")
        if not more:
            removed.discard(keys[0])
        return True
    return store.give_back()

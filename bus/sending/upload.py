"""Blobs on their way out: sealed into the store, uploaded to where recipients fetch them, uploaded again when one asks,
and dropped when no entry needs them. Each step holds a few segments at most, and what it has done is durable.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from bus.crashpoints import reached
from bus.dossiers.find import find_targets, named_documents
from bus.errors import BlobMissing, BlobsAway, BusError
from bus.handling.transport import OutboxEvent, OutboxState, outbox_state
from bus.ports.blobs import SEGMENTS_AT_ONCE, Blobs
from bus.ports.changes import outbox_change
from bus.ports.records import BlobKey, Box, Event, OutboxEntry, ReceiptLine, Segment, Transfer
from bus.ports.retry import ASK, UPLOAD
from bus.ports.store import Store, Transaction
from bus.sending.address import Addressed
from bus.sending.reseal import is_about, is_held
from bus.wire.message import BLOBS
from bus.wire.segments import Sealed, Sealing, after, total
from schemas.codes import BusinessType
from schemas.document import Document
from schemas.values import DocumentId, MessageId

DROPPED_AT_ONCE: Final = 16
"""Segments dropped in one commit: some tens of milliseconds that others may have to wait."""

ASKED_AGAIN: Final = "blob.asked-again"

BEHIND: Final = timedelta(seconds=30)
"""Between two looks at the message that one waits behind; when that has gone, the next look comes at once."""


# -- seal --------------------------------------------------------------------------------------------------------------


def seal_blobs(
    store: Store, addressed: Addressed, begun: list[BlobKey], *, message: MessageId, now: datetime
) -> Iterator[Sealed]:
    """Seals the blobs of a message into the store, some segments a commit. They are orphans until the message's entry
    names them; each is added to `begun` before its first segment, for the caller to drop where no entry comes of it.

    Raises ValueError where an attachment is not what it is described to be, OSError where it cannot be read, StoreFull.
    """
    assert isinstance(addressed.item, Document)
    for number in addressed.as_blobs:
        sealing = Sealing(addressed.item.attachments[number - 1], number)
        key = BlobKey(addressed.sender.mailbox, message, sealing.id)
        begun.append(key)
        _keep(store, key, sealing, now=now)
        yield sealing.sealed()


def _keep(store: Store, key: BlobKey, sealing: Sealing, *, now: datetime) -> None:
    numbered = (Segment(blob=key.blob, number=number, data=data) for number, data in enumerate(sealing.segments(), 1))
    while some := list(islice(numbered, SEGMENTS_AT_ONCE)):
        with store.write() as tx:
            tx.outbox.put_segments(key, some, at=now)
        reached("seal.kept")


def drop(store: Store, keys: Sequence[BlobKey]) -> None:
    """Drops the blobs of messages that were not accepted. What a full disk prevents now, the next `sweep` does."""
    with suppress(BusError):
        for key in keys:
            more = True
            while more:
                with store.write() as tx:
                    more = tx.outbox.drop_segments(key, limit=DROPPED_AT_ONCE)


# -- the order of a document and its changes ---------------------------------------------------------------------------


def queued(tx: Transaction, entries: Sequence[tuple[Addressed, OutboxEntry]], *, now: datetime) -> list[OutboxEntry]:
    """The entries as they are to be put: one that changes a document whose segments are still under way waits behind
    it. Their transfers are put by `begin`."""
    if not tx.outbox.rows(state=OutboxState.UPLOADING, limit=1):
        return [entry for _, entry in entries]
    return [
        replace(entry, state=outbox_state(None, OutboxEvent.ACCEPTED_BEHIND), next_at=now)
        if entry.state is OutboxState.WAITING and _ahead(tx, addressed) is not None
        else entry
        for addressed, entry in entries
    ]


def begin(tx: Transaction, entries: Sequence[tuple[Addressed, OutboxEntry]], *, now: datetime) -> None:
    """Puts a transfer for each of these entries that is UPLOADING."""
    for addressed, entry in entries:
        if entry.state is OutboxState.UPLOADING:
            behind = None if entry.docket.blobs else _ahead(tx, addressed)
            tx.outbox.put_transfer(
                Transfer(message=entry.docket.id, sender=entry.docket.sender.mailbox, began_at=now, behind=behind),
            )


def _ahead(tx: Transaction, addressed: Addressed) -> MessageId | None:
    """The message that carries the document which this one changes, while its segments are under way."""
    for document in _changed(tx, addressed):
        for row in tx.outbox.rows(document=document, state=OutboxState.UPLOADING):
            if row.docket.blobs and row.docket.document and row.docket.document.issuer == addressed.document.issuer:
                return row.docket.id
    return None


def _changed(tx: Transaction, addressed: Addressed) -> Iterator[DocumentId]:
    if not isinstance(addressed.item, Document):
        yield addressed.document.id
        return
    if addressed.item.business.type is BusinessType.NEW:
        return
    yield from named_documents(addressed.item)
    handlers = [recipient.agency for recipient in addressed.recipients]
    yield from {each.key.document for each in find_targets(tx, addressed.item, addressed.document, handlers)}


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


def upload(store: Store, blobs: Blobs, *, now: datetime) -> Uploaded:
    """Puts some segments of the most urgent message, after the last that were confirmed. All there: the message is to
    be published. Raises BlobsAway; the message says so, and is due again in a while."""
    with store.read() as tx:
        entry = tx.outbox.due_with_blobs(OutboxState.UPLOADING, now=now)
        if not isinstance(entry, OutboxEntry):
            return Uploaded()
        transfer = _transfer(tx, entry, now=now)
    if not entry.docket.blobs:
        return _wait_behind(store, entry, transfer, now=now)
    try:
        if transfer.mark is None or transfer.kind != blobs.kind:
            transfer = replace(transfer, kind=blobs.kind, mark=blobs.begin(), done=0, finished_at=None)
            with store.write() as tx:
                tx.outbox.put_transfer(transfer)
            reached("upload.begun")
        return _put_some(store, blobs, entry, transfer, now=now)
    except BlobsAway as error:
        _put_off(store, entry, error, now=now)
        raise


def _put_off(store: Store, entry: OutboxEntry, error: BlobsAway, *, now: datetime) -> None:
    attempts = entry.attempts + 1
    next_at = UPLOAD.next_try(attempts, now=now, dice=0.0)
    with store.write() as tx:
        tx.outbox.change(
            [outbox_change(entry, OutboxEvent.PLACE_AWAY, attempts=attempts, next_at=next_at, error=error, at=now)]
        )


def _transfer(tx: Transaction, entry: OutboxEntry, *, now: datetime) -> Transfer:
    fresh = Transfer(message=entry.docket.id, sender=entry.docket.sender.mailbox, began_at=now)
    return next(iter(tx.outbox.transfers([entry.docket.id])), fresh)


def _put_some(store: Store, blobs: Blobs, entry: OutboxEntry, transfer: Transfer, *, now: datetime) -> Uploaded:
    docket = entry.docket
    assert docket.blobs
    every = total(docket.blobs)
    place = after(docket.blobs, transfer.done)
    assert place is not None, "with its last segment it is not UPLOADING any more"
    blob, first = place
    with store.read() as tx:
        key = BlobKey(docket.sender.mailbox, docket.id, blob.id)
        segments = _in_order(tx.outbox.segments(key, first=first, limit=SEGMENTS_AT_ONCE), first)
    if not segments:
        return _lost(store, entry, blob.attachment, now=now)
    blobs.put(segments)
    reached("upload.put")
    transfer = replace(transfer, done=transfer.done + len(segments))
    size = sum(len(segment.data) for segment in segments)
    is_there = transfer.done >= every
    with store.write() as tx:
        if not tx.outbox.unfinished([docket.id]):  # withdrawn or expired in between: nobody needs it
            return Uploaded(more=True)
        tx.outbox.put_transfer(replace(transfer, finished_at=now) if is_there else transfer)
        if is_there:
            headers = {BLOBS: f"{transfer.kind} {transfer.mark}"}
            tx.outbox.change([outbox_change(entry, OutboxEvent.UPLOADED, attempts=0, headers=headers, at=now)])
            tx.outbox.reschedule(OutboxState.UPLOADING, beyond=now, to=now)  # what waits behind it
        elif entry.attempts:
            tx.outbox.change([outbox_change(entry, OutboxEvent.SOME_UPLOADED, attempts=0, at=now)])
    reached("upload.marked")
    return Uploaded(message=docket.id, done=transfer.done, of=every, bytes=size, more=True)


def _in_order(segments: Sequence[Segment], first: int) -> list[Segment]:
    """The segments up to the first gap."""
    return [segment for number, segment in enumerate(segments, first) if segment.number == number]


def _wait_behind(store: Store, entry: OutboxEntry, transfer: Transfer, *, now: datetime) -> Uploaded:
    """Goes on once the message before it has gone, or will not come."""
    with store.write() as tx:
        rows = tx.outbox.rows(message=transfer.behind) if transfer.behind else ()
        waits = any(row.state is OutboxState.UPLOADING for row in rows)
        if waits:
            change = outbox_change(entry, OutboxEvent.STILL_BEHIND, attempts=0, next_at=now + BEHIND, at=now)
        else:
            change = outbox_change(entry, OutboxEvent.NOT_BEHIND, attempts=0, at=now)
            tx.outbox.put_transfer(replace(transfer, finished_at=now))
        tx.outbox.change([change])
    return Uploaded(more=True)


def _lost(store: Store, entry: OutboxEntry, attachment: int, *, now: datetime) -> Uploaded:
    """Its segments were lost with a damaged store: only its document system can send the document again."""
    docket = entry.docket
    error = BlobMissing(attachment=attachment, message=docket.id, sender=docket.sender.mailbox)
    with store.write() as tx:
        tx.outbox.change([outbox_change(entry, OutboxEvent.SEGMENTS_LOST, error=error, at=now)])
        tx.dossiers.put_events(
            [Event(at=now, name="outbox.parked", message=docket.id, document=docket.document, detail=str(error))]
        )
    return Uploaded(more=True)


# -- asked again -------------------------------------------------------------------------------------------------------


def answer_missing_blob(tx: Transaction, line: ReceiptLine, *, now: datetime) -> bool:
    """Answers the receipt line of a recipient that did not find the segments: they are uploaded again, from the first
    on, and the message goes out again after them. True and False as in bus/sending/reseal.py."""
    if is_held(tx, line):
        return True
    entry = next(iter(tx.outbox.unfinished([line.message])), None)
    if entry is None or not entry.docket.blobs or not is_about(entry, line):
        return False
    sent_at = next(row.sent_at for row in tx.outbox.rows(message=line.message))
    is_under_way = entry.state in {OutboxState.UPLOADING, OutboxState.WAITING}
    if is_under_way or (sent_at is not None and line.at < sent_at and entry.state is OutboxState.SENT):
        return True  # it was asked before the message, which says where they are, went out again
    if _too_soon(tx, entry, line, now=now):
        return True
    tx.outbox.put_transfer(Transfer(message=line.message, sender=entry.docket.sender.mailbox, began_at=now))
    tx.outbox.change([outbox_change(entry, OutboxEvent.BLOB_ASKED_FOR, attempts=0, tried=True, at=now)])
    event = Event(at=now, name=ASKED_AGAIN, message=line.message, document=entry.docket.document, detail=line.mailbox)
    tx.dossiers.put_events([event])
    return True


def _too_soon(tx: Transaction, entry: OutboxEntry, line: ReceiptLine, *, now: datetime) -> bool:
    """Whether it asks far sooner than `ASK` allows: a question costs one line, its answer a whole file."""
    assert entry.docket.document
    answered = [
        event.at
        for event in tx.dossiers.events(document=entry.docket.document.id)
        if (event.name, event.message, event.detail) == (ASKED_AGAIN, line.message, line.mailbox)
    ]
    if not answered:
        return False
    last = max(answered)
    soonest = ASK.next_try(min(len(answered), ASK.tries), now=last, dice=0.0)
    return soonest is not None and now < last + (soonest - last) / 2


# -- drop orphans ------------------------------------------------------------------------------------------------------


def sweep(store: Store, blobs: Blobs, removed: set[BlobKey], *, before: datetime) -> bool:
    """Drops some segments of orphans, here and where recipients fetched them. `removed`: the blobs that were removed
    there already; the caller keeps it between calls. `before`: blobs that were begun before then, and that no entry
    names, are orphans. True when there may be more to do."""
    for box in (Box.IN, Box.OUT):  # the inbox first: it goes on where the place of blobs is away
        with store.read() as tx:
            keys = tx.of(box).orphans(before=before)
        if not keys:
            continue
        if box is Box.OUT and (fresh := [key for key in keys if key not in removed]):
            blobs.remove([key.blob for key in fresh])
            reached("sweep.removed")
            removed.update(fresh)
        with store.write() as tx:
            more = tx.of(box).drop_segments(keys[0], limit=DROPPED_AT_ONCE)
        reached("sweep.dropped")
        if not more:
            removed.discard(keys[0])
        return True
    return store.give_back()

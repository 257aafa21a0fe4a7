"""What travels apart, in memory: segments and transfers of `tests/fakes/store.py`."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bus.records import BlobKey, Box, InboxEntry, OutboxEntry, Segment, State, Transfer
from schemas.docket import Docket
from schemas.values import MailboxCode, MessageId
from tests.fakes.held import HeldBlob, Memory


class ApartTransaction:
    """A part of `MemoryTransaction`."""

    _data: Memory

    def _writes(self) -> Memory:
        raise NotImplementedError

    def put_segments(self, box: Box, blob: BlobKey, segments: Sequence[Segment], *, at: datetime) -> None:
        blobs = self._writes().blobs
        held = blobs.get((box, blob), HeldBlob(begun_at=at))
        blobs[box, blob] = replace(held, segments={**held.segments, **{each.number: each.data for each in segments}})

    def segments(self, box: Box, blob: BlobKey, *, first: int, limit: int) -> Sequence[Segment]:
        held = self._data.blobs.get((box, blob), HeldBlob()).segments
        numbers = sorted(number for number in held if number >= first)[:limit]
        return [Segment(blob=blob.blob, number=number, data=held[number]) for number in numbers]

    def due_apart(self, box: Box, state: State, *, now: datetime) -> OutboxEntry | InboxEntry | None:
        entries: list[OutboxEntry | InboxEntry] = []
        if box is Box.OUT:
            entries += [replace(out.entry, outstanding=out.outstanding) for out in self._data.outbox.values()]
        else:
            entries += [held.entry for held in self._data.inbox.values()]
        due = [each for each in entries if each.state is state and (each.next_at is None or each.next_at <= now)]
        return min(due, key=lambda each: -each.docket.priority, default=None)

    def put_transfer(self, box: Box, transfer: Transfer) -> None:
        data = self._writes()
        is_here = (
            transfer.message in data.outbox
            and data.outbox[transfer.message].entry.docket.sender.mailbox == transfer.sender
            if box is Box.OUT
            else (transfer.message, transfer.sender) in data.inbox
        )
        if is_here:
            data.transfers[box, transfer.message, transfer.sender] = transfer

    def transfers(self, box: Box, messages: Collection[MessageId]) -> Sequence[Transfer]:
        return [
            each for (where, message, _), each in self._data.transfers.items() if where is box and message in messages
        ]

    def unneeded(self, box: Box, *, before: datetime) -> Sequence[BlobKey]:
        return [
            key
            for (where, key), held in self._data.blobs.items()
            if where is box and held.entry is None and (held.begun_at is None or held.begun_at < before)
        ]

    def drop_segments(self, box: Box, blob: BlobKey, *, limit: int) -> bool:
        blobs = self._writes().blobs
        held = blobs.get((box, blob))
        if held is None or held.entry is not None:
            return False
        first = sorted(held.segments)[:limit]
        if len(first) == limit:
            left = {number: data for number, data in held.segments.items() if number not in first}
            blobs[box, blob] = replace(held, segments=left)
            return True
        del blobs[box, blob]
        return False


def claim(data: Memory, box: Box, docket: Docket) -> None:
    """The blobs of an entry are its own."""
    for blob in docket.blobs or ():
        key = (box, BlobKey(docket.sender.mailbox, docket.id, blob.id))
        if box is Box.OUT and key not in data.blobs:
            raise ValueError(f"a blob of message {docket.id} is not here")
        held = data.blobs.get(key, HeldBlob())
        data.blobs[key] = replace(held, entry=(docket.id, docket.sender.mailbox))


def let_go(data: Memory, box: Box, entries: Iterable[tuple[MessageId, MailboxCode]]) -> None:
    """Nobody needs their blobs any more."""
    gone = set(entries)
    for key, held in list(data.blobs.items()):
        if key[0] is box and held.entry in gone:
            data.blobs[key] = replace(held, entry=None, begun_at=None)


def forget(data: Memory, box: Box, entries: Iterable[tuple[MessageId, MailboxCode]]) -> None:
    for message, sender in entries:
        data.transfers.pop((box, message, sender), None)
